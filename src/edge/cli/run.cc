// The parser's root: global options, dispatch, exit codes.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/completion.h"
#include "edge/cli/config_file.h"
#include "edge/cli/manual.h"
#include "edge/cli/served_command.h"

namespace atl::cli {
namespace {

#ifndef ATOLL_VERSION
#define ATOLL_VERSION "0"
#endif

void add_global_options(CLI::App& app, Session& session, Output& output, bool& no_color) {
  GlobalOptions& options = session.options;
  app.add_option("--config",
                 "configuration file (ATOLL_CONFIG, else ~/.config/atoll/atoll.toml, /etc/atoll/atoll.toml)");
  app.add_option("--home", options.home, "the home (ATOLL_HOME, else $XDG_DATA_HOME/atoll)");
  app.add_option("--vault", options.vault, "vault by name or id (ATOLL_VAULT, else the only one, or \"main\")");
  app.add_option("--password-file", options.password_file,
                 "file whose first line is the passphrase (ATOLL_PASSWORD_FILE)")
      ->type_name(kReadableFile);
  app.add_option("--password-command", options.password_command,
                 "program that prints the passphrase (ATOLL_PASSWORD_COMMAND)");
  app.add_option("--key-file", options.key_file, "key file (ATOLL_KEY_FILE)")->type_name(kReadableFile);
  app.add_option("--kit", options.kit, "recovery kit, its page or its file")->type_name(kReadableFile);
  app.add_option("--url", options.url, "a server in place of the home of this machine (ATOLL_URL)");
  app.add_option("--token-file", options.token_file, "file with the token for --url (ATOLL_TOKEN_FILE, ATOLL_TOKEN)")
      ->type_name(kReadableFile);
  app.add_option("--server-authorities", options.authorities_file, "PEM file of who signs the server's certificate")
      ->type_name(kReadableFile);
  app.add_option("--server-fingerprint", options.fingerprint,
                 "SHA-256 of the server's certificate: the only one that is trusted then");
  app.add_option("--ocr", options.recognition,
                 "text in pictures: off, documents (scanned pages, pictures no camera took), or all (documents)")
      ->check(CLI::IsMember({"off", "documents", "all"}));
  app.add_option("--ocr-languages", options.recognition_languages,
                 "languages of that text, such as eng (those whose data are installed)")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("-j,--jobs", options.jobs, "workers; one per core otherwise");
  app.add_flag("--json", output.is_json, "one JSON object a line");
  app.add_flag("-q,--quiet", output.is_quiet, "errors only");
  app.add_flag("-v,--verbose", output.verbosity, "say more (repeatable)");
  app.add_flag("--no-copy", options.no_copy, "leave the copies alone this time");
  app.add_flag("-y,--yes", options.assume_yes, "do not ask");
  app.add_flag("--no-color", no_color, "no colours (NO_COLOR)");
}

// What is typed stands behind what file and environment say, and counts.
void take_last_of_each(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && option->get_items_expected_max() == 1)
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) take_last_of_each(*sub);
}

// The parser's own reading of an unsigned number takes "-4" for a very large one.
void refuse_negative_counts(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_type_name().starts_with("UINT")) continue;
    option->check([](const std::string& text) {
      return text.starts_with('-') ? "a whole number from 0 on is wanted, not " + text : std::string();
    });
  }
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) refuse_negative_counts(*sub);
}

// "vault create" of what was parsed.
std::string verb_of(const CLI::App& app) {
  std::string verb;
  for (const CLI::App* level = &app; !level->get_subcommands().empty();) {
    level = level->get_subcommands().front();
    verb += (verb.empty() ? "" : " ") + level->get_name();
  }
  return verb;
}

}  // namespace

int run(const std::vector<std::string>& arguments, Environment& environment) {
  Output output(environment);
  Session session(environment, output);
  Chosen chosen;
  bool no_color = false;
  CLI::App app("Atoll keeps your data: deduplicated, compressed, encrypted, verified.", "atoll");
  app.set_version_flag("--version", "atoll " ATOLL_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand behind the verb
  app.option_defaults()->always_capture_default(false);
  add_global_options(app, session, output, no_color);
  add_home_commands(app, session, chosen);
  add_folder_commands(app, session, chosen);
  add_object_commands(app, session, chosen);
  add_find_commands(app, session, chosen);
  add_duplicate_commands(app, session, chosen);
  add_index_commands(app, session, chosen);
  add_nearest_command(app, session, chosen);
  add_key_commands(app, session, chosen);
  add_history_commands(app, session, chosen);
  add_journal_commands(app, session, chosen);
  add_schedule_commands(app, session, chosen);
  add_drill_command(app, session, chosen);
  add_undo_commands(app, session, chosen);
  add_provenance_commands(app, session, chosen);
  add_shred_commands(app, session, chosen);
  add_copy_commands(app, session, chosen);
  add_transfer_commands(app, session, chosen);
  add_config_commands(app, session, chosen);
  add_manual_command(app, session, chosen);
  add_keeping_commands(app, session, chosen);
  add_gate_commands(app, session, chosen);
  add_serve_command(app, session, chosen);
  add_mcp_command(app, session, chosen);
  add_lock_commands(app, session, chosen);
  add_account_commands(app, session, chosen);
  add_right_commands(app, session, chosen);
  add_audit_commands(app, session, chosen);
  add_alarm_commands(app, session, chosen);
  add_job_commands(app, session, chosen);
  add_top_command(app, session, chosen);
  add_inspect_commands(app, session, chosen);
  add_tier_commands(app, session, chosen);
  auto shell = std::make_shared<std::string>();
  auto* completion =
      app.add_subcommand("completion", "Completion for bash, zsh or fish: source <(atoll completion bash)");
  completion->add_option("shell", *shell, "bash, zsh or fish")->required();
  completion->callback([&] {
    chosen.body = [&, shell]() -> Result<int> {
      ATOLL_ASSIGN(const std::string script, completion_script(app, *shell));
      output.data(script);
      return kExitOk;
    };
  });
  auto folder = std::make_shared<std::string>();
  auto* bucket_name = app.add_subcommand("bucket-name", "The bucket name that the rule gives a folder");
  bucket_name->add_option("folder", *folder, "path")->required();
  bucket_name->callback([&output, &chosen, folder] {
    chosen.body = [&output, folder]() -> Result<int> {
      output.line(vault::bucket_name_for(*folder));
      return kExitOk;
    };
  });

  take_last_of_each(app);
  refuse_negative_counts(app);
  const auto all = environment.served != nullptr ? Result<std::vector<std::string>>(arguments)
                                                 : with_settings(app, environment, arguments);
  if (!all) {
    output.error(all.error());
    return exit_code_of(all.error());
  }
  std::vector<std::string> reversed(all->rbegin(), all->rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    output.data(app.help());
    return kExitOk;
  } catch (const CLI::CallForAllHelp&) {
    output.data(app.help("", CLI::AppFormatMode::All));
    return kExitOk;
  } catch (const CLI::CallForVersion&) {
    output.data("atoll " ATOLL_VERSION "\n");
    return kExitOk;
  } catch (const CLI::ParseError& wrong) {
    output.error(
        {ErrorKind::usage, "usage", wrong.what(), "`atoll --help` and `atoll VERB --help` say what is possible."});
    return kExitUsage;
  }
  const bool wants_color =
      !no_color && !environment.variable("NO_COLOR").has_value() && environment.variable("TERM").value_or("") != "dumb";
  output.has_color = wants_color && environment.terminal.is_out_terminal();
  if (environment.served == nullptr) {
    const auto elsewhere = run_on_server(session, verb_of(app), *all, chosen.files);
    if (!elsewhere) {
      output.error(elsewhere.error());
      return exit_code_of(elsewhere.error());
    }
    if (*elsewhere) return **elsewhere;
  }
  const auto answer = chosen.body();
  if (!answer) {
    if (!environment.on_error || !environment.on_error(answer.error())) output.error(answer.error());
    return exit_code_of(answer.error());
  }
  output.end_progress();
  return *answer;
}

}  // namespace atl::cli
