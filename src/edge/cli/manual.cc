#include "edge/cli/manual.h"

#include <CLI/CLI.hpp>

namespace atl::cli {
namespace {

#ifndef ATOLL_VERSION
#define ATOLL_VERSION "0"
#endif

// Roff reads a line that begins with '.' or '\'' as a request, and '-' as a hyphen.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool at_line_start = out.empty() || out.back() == '\n';
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

void append_options(const CLI::App& app, bool positionals, std::string& page) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() == positionals || option->get_group().empty()) continue;
    std::string names = positionals ? option->get_name(true) : option->get_name(false, true);
    if (!positionals && option->get_items_expected_max() > 0) names += " " + upper(option->get_lnames().back());
    page += ".TP\n\\fB" + escaped(names) + "\\fR\n" + escaped(option->get_description()) + "\n";
  }
}

std::string page_of(const CLI::App& app, const std::string& name, const CLI::App& root) {
  std::string file_name = name;
  for (char& c : file_name) {
    if (c == ' ') c = '-';
  }
  std::string page = ".TH " + upper(file_name) + " 1 \"\" \"atoll " ATOLL_VERSION "\" \"Atoll\"\n.SH NAME\n" +
                     escaped(file_name) + " \\- " + escaped(app.get_description()) + "\n.SH SYNOPSIS\n.B " +
                     escaped(name) + "\n";
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  if (!verbs.empty()) page += "\\fIVERB\\fR ";
  page += "[\\fIoptions\\fR]";
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional()) page += " \\fI" + escaped(upper(option->get_name(true))) + "\\fR";
  }
  page += "\n";
  std::string arguments;
  append_options(app, true, arguments);
  if (!arguments.empty()) page += ".SH ARGUMENTS\n" + arguments;
  if (!verbs.empty()) {
    page += ".SH VERBS\n";
    for (const CLI::App* verb : verbs) {
      if (verb->get_group().empty()) continue;
      page += ".TP\n\\fB" + escaped(verb->get_name()) + "\\fR\n" + escaped(verb->get_description()) + "\n";
    }
  }
  page += ".SH OPTIONS\n";
  append_options(app, false, page);
  if (&app != &root) {
    page += ".SH GLOBAL OPTIONS\n";
    append_options(root, false, page);
  }
  page +=
      ".SH EXIT STATUS\n0 done; 1 failed; 2 wrong use; 3 done in part; 10 no home; 11 locked; 12 wrong key; 20 not "
      "found; 21 conflict; 22 damage found; 23 over a limit; 24 unreachable; 130 interrupted.\n.SH FILES\n"
      "$XDG_DATA_HOME/atoll, $XDG_CONFIG_HOME/atoll/atoll.toml, $XDG_CONFIG_HOME/atoll/keys\n";
  return page;
}

}  // namespace

void add_manual_command(CLI::App& app, Session& session, Chosen& chosen) {
  auto verb = std::make_shared<std::vector<std::string>>();
  auto* manual = app.add_subcommand("man", "The manual page of a verb: atoll man put | man -l -");
  manual->add_option("verb", *verb, "such as: put, or: vault create");
  manual->callback([&app, &session, &chosen, verb] {
    chosen.body = [&app, &session, verb]() -> Result<int> {
      const CLI::App* at = &app;
      std::string name = "atoll";
      for (const std::string& word : *verb) {
        const auto subs = at->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == word; });
        if (subs.empty()) {
          return fail(ErrorKind::usage, "manual.no_verb", "there is no verb \"" + word + "\" in " + name,
                      "`atoll --help` lists the verbs.");
        }
        at = subs.front();
        name += " " + word;
      }
      session.output.data(page_of(*at, name, app));
      return kExitOk;
    };
  });
}

}  // namespace atl::cli
