#include "edge/cli/completion.h"

#include <CLI/CLI.hpp>

namespace atl::cli {
namespace {

std::string words_of(const CLI::App& app) {
  std::string words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) words += sub->get_name() + " ";
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

// One line per verb: "verb subverb" and what may follow it.
std::string cases(const CLI::App& app, const std::string& path, const std::string& line_begin,
                  const std::string& line_middle, const std::string& line_end) {
  std::string text;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string name = path.empty() ? sub->get_name() : path + " " + sub->get_name();
    text += line_begin + name + line_middle + words_of(*sub) + line_end;
    text += cases(*sub, name, line_begin, line_middle, line_end);
  }
  return text;
}

}  // namespace

Result<std::string> completion_script(const CLI::App& app, const std::string& shell) {
  if (shell == "bash" || shell == "zsh") {
    const std::string body =
        "_atoll() {\n"
        "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"${COMP_WORDS[1]}\" words\n"
        "  case \"$verb\" in vault|key|journal) [ \"$COMP_CWORD\" -gt 2 ] && verb=\"$verb ${COMP_WORDS[2]}\" ;; esac\n"
        "  [ \"$COMP_CWORD\" -eq 1 ] && verb=\n"
        "  case \"$verb\" in\n"
        "    '') words='" +
        words_of(app) + "' ;;\n" + cases(app, "", "    '", "') words='", "' ;;\n") +
        "  esac\n"
        "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
        "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
        "}\n"
        "complete -o filenames -F _atoll atoll\n";
    return shell == "bash" ? body : "autoload -U +X bashcompinit && bashcompinit\n" + body;
  }
  if (shell == "fish") {
    std::string text = "complete -c atoll -n __fish_use_subcommand -a '" + words_of(app) + "'\n";
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      text +=
          "complete -c atoll -n '__fish_seen_subcommand_from " + sub->get_name() + "' -a '" + words_of(*sub) + "'\n";
    }
    return text;
  }
  return fail(ErrorKind::usage, "completion.unknown_shell",
              "there is no completion for \"" + shell.substr(0, 40) + "\"", "bash, zsh and fish are known.");
}

}  // namespace atl::cli
