// user, group, role: who there is.
#include <CLI/CLI.hpp>

#include <algorithm>

#include "edge/cli/accounts.h"
#include "edge/cli/commands.h"
#include "vault/access/person_export.h"

namespace atl::cli {
namespace {

using access::Access;
using catalog::PrincipalKind;

struct UserArguments {
  std::string name, kind = "person", display_name, email, role, place;
  PasswordSource password;
  bool no_password = false;
  bool password_holds = false;
  std::uint32_t requests_per_second_max = 0;
  std::string to, secret_file, code;
  bool removes = false;
};

Result<PrincipalKind> parse_kind(const std::string& text) {
  for (const auto kind : {PrincipalKind::person, PrincipalKind::agent, PrincipalKind::service}) {
    if (text == word_of(kind)) return kind;
  }
  return fail(ErrorKind::usage, "access.bad_kind", "there is no kind of account \"" + text.substr(0, 40) + "\"",
              "person, agent or service.");
}

access::PasswordHolds holding_of(const UserArguments& arguments) {
  return arguments.password_holds ? access::PasswordHolds::for_good : access::PasswordHolds::until_sign_in;
}

Result<int> add_user(Session& session, const UserArguments& arguments) {
  access::NewPrincipal fresh;
  fresh.name = arguments.name;
  ATOLL_ASSIGN(fresh.kind, parse_kind(arguments.kind));
  fresh.display_name = arguments.display_name;
  fresh.email = arguments.email;
  fresh.requests_per_second_max = arguments.requests_per_second_max;
  fresh.password_holds = holding_of(arguments);
  const bool is_given = !arguments.password.file.empty() || !arguments.password.command.empty();
  // Agents and services sign in with tokens and keys.
  if (is_given || (fresh.kind == PrincipalKind::person && !arguments.no_password)) {
    ATOLL_ASSIGN(fresh.password, read_new_password(session, arguments.password, "Password of " + fresh.name));
  }
  catalog::GrantRow grant;
  grant.role = arguments.role;
  ATOLL_ASSIGN(grant.place, parse_place(session, arguments.place));
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    if (!arguments.role.empty() && accounts.view()->role(arguments.role) == nullptr) {
      return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + arguments.role + "\"",
                  "`atoll role list` shows them.");
    }
    ATOLL_ASSIGN(const auto row, accounts.add_principal(asker(session), fresh));
    codec::wipe(fresh.password);
    if (!arguments.role.empty()) ATOLL_TRY(accounts.add_grant(asker(session), row.name, grant));
    if (session.output.is_json) {
      session.output.json(JsonObject("summary").add("name", row.name).add("id", row.id.text()));
      return kExitOk;
    }
    if (row.is_password_issued) {
      session.output.message("With this password " + row.name +
                             " can sign in to the server's page and set another; --password-holds would let it stay.");
    }
    if (arguments.role.empty()) {
      session.output.message(row.name + " may do nothing yet: atoll grant add " + row.name + " ROLE [BUCKET/PREFIX]");
    }
    return kExitOk;
  });
}

JsonObject json_of(const catalog::PrincipalRow& row, std::string_view type) {
  JsonObject object(type);
  object.add("name", row.name).add("id", row.id.text()).add("kind", word_of(row.kind));
  object.add("display_name", row.display_name).add("email", row.email).add("created", format_rfc3339(row.created));
  object.add("disabled", row.is_disabled).add("has_password", !row.password_hash.empty());
  object.add("has_one_time_codes", !row.totp_secret.empty());
  object.add("must_change_password", row.is_password_issued);
  return object;
}

Result<int> list_users(Session& session, bool groups) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    auto rows = view->rows().principals;
    std::ranges::sort(rows, {}, &catalog::PrincipalRow::name);
    bool any = false;
    for (const auto& row : rows) {
      if ((row.kind == PrincipalKind::group) != groups) continue;
      any = true;
      std::vector<std::string> members;
      for (const auto& one : view->rows().memberships) {
        if (one.group == row.id) members.push_back(name_of_subject(*view, one.member));
      }
      if (session.output.is_json) {
        JsonObject object = json_of(row, groups ? "group" : "user");
        if (groups) {
          std::vector<std::string> quoted;
          for (const auto& member : members) quoted.push_back(json_quote(member));
          object.add_raw("members", json_array(quoted));
        }
        session.output.json(object);
        continue;
      }
      std::string line = row.name;
      if (groups) {
        line += ":";
        for (const auto& member : members) line += " " + member;
      } else {
        line += "   " + std::string(word_of(row.kind));
        if (!row.display_name.empty()) line += "   " + shown(row.display_name);
        if (!row.email.empty()) line += "   <" + shown(row.email) + ">";
        if (!row.totp_secret.empty()) line += "   one-time codes";
      }
      if (row.is_disabled) line += "   " + session.output.red("disabled");
      session.output.line(line);
    }
    if (!any && !session.output.is_json) {
      session.output.message(groups ? "No groups. atoll group add NAME"
                                    : "No accounts: only this machine's own user works here. atoll user add NAME");
    }
    return kExitOk;
  });
}

Result<int> show_user(Session& session, const std::string& name) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    if (session.output.is_json) {
      const auto view = accounts.view();
      const auto* const row = view->principal_named(name);
      if (row == nullptr)
        return fail(ErrorKind::not_found, "access.no_such_name", "there is no account \"" + name + "\"");
      session.output.json(json_of(*row, "user"));
      return kExitOk;
    }
    ATOLL_ASSIGN(const auto document, accounts.begin_export(name));
    for (;;) {
      ATOLL_ASSIGN(const std::string piece, document->next());
      if (piece.empty()) return kExitOk;
      session.output.data(piece);
    }
  });
}

Result<int> change_password(Session& session, const UserArguments& arguments) {
  ATOLL_ASSIGN(std::string password,
               read_new_password(session, arguments.password, "New password of " + arguments.name));
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    const auto changed = accounts.set_password(asker(session), arguments.name, password, holding_of(arguments));
    codec::wipe(password);
    ATOLL_TRY(changed);
    session.output.message("Changed. " + arguments.name + " is signed out everywhere; tokens and keys stay.");
    return kExitOk;
  });
}

Result<int> one_time_codes(Session& session, const UserArguments& arguments) {
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    if (arguments.removes) {
      ATOLL_TRY(accounts.remove_totp(asker(session), arguments.name));
      session.output.message("No code is asked for any more.");
      return kExitOk;
    }
    if (arguments.secret_file.empty()) {
      return fail(ErrorKind::usage, "access.no_secret_file", "the app's secret needs a file",
                  "atoll user code NAME --secret-file FILE makes it; with --code 123456 it is confirmed.");
    }
    const std::string path = session.absolute(arguments.secret_file);
    auto& files = session.environment.machine.files;
    if (arguments.code.empty()) {
      if (accounts.view()->principal_named(arguments.name) == nullptr)
        return fail(ErrorKind::not_found, "access.no_such_name", "there is no account \"" + arguments.name + "\"");
      ATOLL_ASSIGN(const auto there, files.stat(path));
      if (there) return fail(ErrorKind::conflict, "file.exists", path + " is there already", "Name a new file.");
      std::string text = accounts.new_totp_secret();
      const std::string address = access::totp_address("Atoll", arguments.name, text);
      text += "\n" + address + "\n";
      ATOLL_TRY(platform::replace_whole(files, path, as_bytes(text)));
      codec::wipe(text);
      session.output.message("Give the second line of " + path + " to the authenticator app, then: atoll user code " +
                             arguments.name + " --secret-file " + arguments.secret_file + " --code 123456");
      return kExitOk;
    }
    ATOLL_ASSIGN(std::string secret, session.read_passphrase_file(path));
    const auto confirmed = accounts.confirm_totp(asker(session), arguments.name, secret, arguments.code);
    codec::wipe(secret);
    ATOLL_TRY(confirmed);
    session.output.message("From now on " + arguments.name + " signs in with password and code. Remove " + path + ".");
    return kExitOk;
  });
}

Result<void> write_person(Session& session, access::PersonExport& document, const std::string& path) {
  auto& files = session.environment.machine.files;
  const std::string beside = path + ".new";
  ATOLL_TRY(files.remove_file(beside));  // left by one that was broken off
  ATOLL_ASSIGN(const auto file, files.open(beside, platform::OpenMode::create_new));
  const auto write = [&]() -> Result<void> {
    for (std::uint64_t at = 0;;) {
      ATOLL_ASSIGN(const std::string piece, document.next());
      if (piece.empty()) return file->sync();
      ATOLL_TRY(file->write_at(at, as_bytes(piece)));
      at += piece.size();
    }
  };
  if (const auto written = write(); !written) {
    ignore_error_on_purpose(files.remove_file(beside));
    return written;
  }
  ATOLL_TRY(files.rename(beside, path));
  return files.sync_directory(platform::parent_of(path));
}

Result<int> export_user(Session& session, const UserArguments& arguments) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    // A wrong name is told before vaults are opened for it.
    ATOLL_TRY(accounts.begin_export(arguments.name));
    ATOLL_ASSIGN(const auto all, open_all_vaults(session));
    ATOLL_ASSIGN(const auto document, accounts.begin_export(arguments.name, all.named, all.left_out));
    if (!arguments.to.empty()) {
      ATOLL_TRY(write_person(session, *document, session.absolute(arguments.to)));
      return kExitOk;
    }
    while (!session.output.is_closed() && !session.environment.stop.load()) {
      ATOLL_ASSIGN(const std::string piece, document->next());
      if (piece.empty()) break;
      session.output.data(piece);
    }
    return kExitOk;
  });
}

Result<int> erase_user(Session& session, const UserArguments& arguments) {
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    if (accounts.view()->principal_named(arguments.name) == nullptr)
      return fail(ErrorKind::not_found, "access.no_such_name", "there is no account \"" + arguments.name + "\"");
    session.output.message("The account " + arguments.name +
                           ", its rights, keys and links go, and its name and addresses in the records of reads.\n"
                           "What it stored stays (`atoll find by:" +
                           arguments.name +
                           "`): remove that first, with `atoll rm --forever`. "
                           "The name stays on changes "
                           "that it made, until the journal's time is over (atoll policy show).");
    if (session.options.is_dry_run) return kExitOk;
    ATOLL_ASSIGN(const bool sure, session.confirm("Erase " + arguments.name + "?"));
    if (!sure) return fail(ErrorKind::interrupted, "access.not_confirmed", "nothing was erased");
    ATOLL_ASSIGN(const auto erased, accounts.erase_person(asker(session), arguments.name));
    if (session.output.is_json) {
      session.output.json(JsonObject("summary").add("rows", erased.rows).add("audit_records", erased.audit_records));
    } else {
      session.output.message("Erased: " + std::to_string(erased.rows) + " rows; the name in " +
                             std::to_string(erased.audit_records) + " records.");
    }
    return kExitOk;
  });
}

// A change that says nothing but that it was done.
std::function<Result<int>()> quietly(Session& session, std::function<Result<void>(Access&)> work) {
  return [&session, work = std::move(work)] {
    return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
      ATOLL_TRY(work(accounts));
      return kExitOk;
    });
  };
}

void add_password_options(CLI::App& command, PasswordSource& source) {
  command.add_option("--new-password-file", source.file, "file whose first line is the password");
  command.add_option("--new-password-command", source.command, "program that prints the password");
}

void add_user_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* user = app.add_subcommand("user", "Accounts of people, agents and services");
  user->require_subcommand(1);
  auto arguments = std::make_shared<UserArguments>();
  const auto named = [&](const char* verb, const char* words) {
    auto* command = user->add_subcommand(verb, words);
    command->add_option("name", arguments->name, "the account")->required();
    return command;
  };
  const auto does = [&](CLI::App* command, Result<int> (*work)(Session&, const UserArguments&)) {
    command->callback([&session, &chosen, arguments, work] {
      chosen.body = [&session, arguments, work] { return work(session, *arguments); };
    });
  };
  auto* add = named("add", "Make an account");
  add->add_option("--kind", arguments->kind, "person, agent or service");
  add->add_option("--display-name", arguments->display_name, "its name for people");
  add->add_option("--email", arguments->email, "where it is reached");
  add->add_option("--role", arguments->role, "and grant it this role: owner, editor, reader, agent, auditor");
  add->add_option("--on", arguments->place, "the role holds there: BUCKET or BUCKET/PREFIX (everywhere)");
  add->add_option("--requests-per-second", arguments->requests_per_second_max, "at most so many (agents 50)");
  add->add_flag("--no-password", arguments->no_password, "it signs in with tokens and keys only");
  add_password_options(*add, arguments->password);
  const auto add_holding = [&](CLI::App& command) {
    command.add_flag("--password-holds", arguments->password_holds,
                     "a person need not change it when signing in first");
  };
  add_holding(*add);
  does(add, add_user);
  user->add_subcommand("list", "All accounts")->callback([&session, &chosen] {
    chosen.body = [&session] { return list_users(session, false); };
  });
  auto* show = named("show", "One account and its rights");
  show->callback([&session, &chosen, arguments] {
    chosen.body = [&session, arguments] { return show_user(session, arguments->name); };
  });
  auto* passwd = named("passwd", "Set a password; ends all sessions");
  add_password_options(*passwd, arguments->password);
  add_holding(*passwd);
  does(passwd, change_password);
  auto* code = named("code", "Ask for codes of an authenticator app, too");
  code->add_option("--secret-file", arguments->secret_file, "where the app's secret is written, and read again");
  code->add_option("--code", arguments->code, "the six digits that the app shows now");
  code->add_flag("--remove", arguments->removes, "ask for no code any more");
  does(code, one_time_codes);
  for (const bool is_disabled : {true, false}) {
    auto* command = named(is_disabled ? "disable" : "enable",
                          is_disabled ? "Keep an account, and let nobody sign in with it" : "Take that back");
    command->callback([&session, &chosen, arguments, is_disabled] {
      chosen.body = quietly(session, [&session, arguments, is_disabled](Access& accounts) {
        return accounts.set_disabled(asker(session), arguments->name, is_disabled);
      });
    });
  }
  auto* remove = named("remove", "Remove an account with its rights, tokens, keys and links");
  remove->callback([&session, &chosen, arguments] {
    chosen.body = quietly(session, [&session, arguments](Access& accounts) {
      return accounts.remove_principal(asker(session), arguments->name);
    });
  });
  auto* exporting = named("export", "All that is known about a person, as JSON");
  exporting->add_option("--to", arguments->to, "into this file");
  does(exporting, export_user);
  auto* erase = named("erase", "Remove an account, and its name from the records of reads");
  erase->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would go");
  does(erase, erase_user);
}

void add_group_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* group = app.add_subcommand("group", "Groups of accounts");
  group->require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto member = std::make_shared<std::string>();
  auto* add = group->add_subcommand("add", "Make a group");
  add->add_option("name", *name, "its name")->required();
  add->callback([&session, &chosen, name] {
    chosen.body = quietly(session, [&session, name](Access& accounts) -> Result<void> {
      access::NewPrincipal fresh;
      fresh.name = *name;
      fresh.kind = PrincipalKind::group;
      ATOLL_TRY(accounts.add_principal(asker(session), fresh));
      return {};
    });
  });
  group->add_subcommand("list", "All groups and who is in them")->callback([&session, &chosen] {
    chosen.body = [&session] { return list_users(session, true); };
  });
  for (const bool joins : {true, false}) {
    auto* command =
        group->add_subcommand(joins ? "join" : "leave", joins ? "Put an account into a group" : "Take it out");
    command->add_option("name", *name, "the group")->required();
    command->add_option("member", *member, "the account")->required();
    command->callback([&session, &chosen, name, member, joins] {
      chosen.body = quietly(session, [&session, name, member, joins](Access& accounts) {
        return joins ? accounts.add_member(asker(session), *name, *member)
                     : accounts.remove_member(asker(session), *name, *member);
      });
    });
  }
  auto* remove = group->add_subcommand("remove", "Remove a group and its rights; its members stay");
  remove->add_option("name", *name, "the group")->required();
  remove->callback([&session, &chosen, name] {
    chosen.body = quietly(session, [&session, name](Access& accounts) -> Result<void> {
      const auto* const row = accounts.view()->principal_named(*name);
      if (row != nullptr && row->kind != PrincipalKind::group) {
        return fail(ErrorKind::usage, "access.no_group", "\"" + *name + "\" is no group",
                    "Accounts are removed with `atoll user remove`.");
      }
      return accounts.remove_principal(asker(session), *name);
    });
  });
}

struct RoleArguments {
  std::string name, description, pattern, age_min, age_max;
  std::vector<std::string> allows, denies, tiers;
};

Result<catalog::RoleRow> parse_role(const RoleArguments& arguments) {
  catalog::RoleRow row;
  row.name = arguments.name;
  row.description = arguments.description;
  if (!arguments.pattern.empty()) {
    const auto& all = access::role_templates();
    const auto found = std::ranges::find(all, arguments.pattern, &access::PresetRole::name);
    if (found == all.end()) {
      std::string names;
      for (const auto& one : all) names += (names.empty() ? "" : ", ") + std::string(one.name);
      return fail(ErrorKind::not_found, "access.no_pattern", "there is no pattern \"" + arguments.pattern + "\"",
                  names + ".");
    }
    row.rules = found->rules;
    if (row.description.empty()) row.description = found->words;
  }
  const auto seconds = [](const std::string& text) -> Result<std::uint64_t> {
    if (text.empty()) return 0;
    ATOLL_ASSIGN(const std::int64_t parsed, parse_duration_s(text));
    return static_cast<std::uint64_t>(parsed);
  };
  for (const bool denies : {false, true}) {
    const auto& actions = denies ? arguments.denies : arguments.allows;
    if (actions.empty()) continue;
    catalog::RoleRule rule;
    rule.denies = denies;
    rule.actions = actions;
    rule.tiers = arguments.tiers;
    ATOLL_ASSIGN(rule.age_seconds_min, seconds(arguments.age_min));
    ATOLL_ASSIGN(rule.age_seconds_max, seconds(arguments.age_max));
    row.rules.push_back(std::move(rule));
  }
  if (row.rules.empty()) {
    return fail(ErrorKind::usage, "access.bad_role", "a role needs actions",
                "--allow read,list --deny erase, or --pattern NAME; `atoll role actions` lists the actions.");
  }
  return row;
}

std::string words_of(const catalog::RoleRule& rule) {
  std::string text = rule.denies ? "deny " : "allow";
  for (const auto& action : rule.actions) text += " " + action;
  for (std::size_t i = 0; i < rule.tiers.size(); ++i) text += (i == 0 ? "; tier " : ", ") + rule.tiers[i];
  if (rule.age_seconds_min > 0)
    text += "; stored at least " + format_duration(static_cast<double>(rule.age_seconds_min)) + " ago";
  if (rule.age_seconds_max > 0)
    text += "; stored at most " + format_duration(static_cast<double>(rule.age_seconds_max)) + " ago";
  return text;
}

void say_role(Session& session, std::string_view name, std::string_view words,
              const std::vector<catalog::RoleRule>& rules, bool is_preset, bool in_detail) {
  if (session.output.is_json) {
    std::vector<std::string> parts;
    for (const auto& rule : rules) {
      std::vector<std::string> actions, tiers;
      for (const auto& action : rule.actions) actions.push_back(json_quote(action));
      for (const auto& tier : rule.tiers) tiers.push_back(json_quote(tier));
      JsonObject part;
      part.add("denies", rule.denies).add_raw("actions", json_array(actions)).add_raw("tiers", json_array(tiers));
      part.add("age_seconds_min", rule.age_seconds_min).add("age_seconds_max", rule.age_seconds_max);
      parts.push_back(part.text());
    }
    session.output.json(JsonObject("role")
                            .add("name", name)
                            .add("description", words)
                            .add("preset", is_preset)
                            .add_raw("rules", json_array(parts)));
    return;
  }
  session.output.line(std::string(name) + "   " + shown(words));
  if (!in_detail) return;
  for (const auto& rule : rules) session.output.line("  " + words_of(rule));
}

Result<int> list_roles(Session& session, const std::string& only) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    bool any = false;
    for (const auto& one : access::preset_roles()) {
      if (!only.empty() && one.name != only) continue;
      any = true;
      say_role(session, one.name, one.words, one.rules, true, !only.empty());
    }
    for (const auto& one : view->rows().roles) {
      if (!only.empty() && one.name != only) continue;
      any = true;
      say_role(session, one.name, one.description, one.rules, false, !only.empty());
    }
    if (!any) return fail(ErrorKind::not_found, "access.no_role", "there is no role \"" + only + "\"");
    return kExitOk;
  });
}

void add_role_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* role = app.add_subcommand("role", "What somebody may do: roles that come with Atoll, and one's own");
  role->require_subcommand(1);
  auto arguments = std::make_shared<RoleArguments>();
  role->add_subcommand("list", "All roles")->callback([&session, &chosen] {
    chosen.body = [&session] { return list_roles(session, ""); };
  });
  auto* show = role->add_subcommand("show", "One role, rule by rule");
  show->add_option("name", arguments->name, "the role")->required();
  show->callback([&session, &chosen, arguments] {
    chosen.body = [&session, arguments] { return list_roles(session, arguments->name); };
  });
  role->add_subcommand("actions", "Every action a rule can name")->callback([&session, &chosen] {
    chosen.body = [&session]() -> Result<int> {
      for (const auto& info : access::kActions) {
        if (session.output.is_json) {
          session.output.json(
              JsonObject("action").add("name", info.name).add("changes", info.changes).add("words", info.words));
        } else {
          session.output.line(std::string(info.name) + "   " + std::string(info.words));
        }
      }
      return kExitOk;
    };
  });
  auto* create = role->add_subcommand("create", "Make a role, or replace its rules");
  create->add_option("name", arguments->name, "its name")->required();
  create->add_option("--allow", arguments->allows, "actions, with commas")->delimiter(',');
  create->add_option("--deny", arguments->denies, "actions that it denies, whatever else allows them")->delimiter(',');
  create->add_option("--tier", arguments->tiers, "only of objects in these tiers: hot,warm,cold")->delimiter(',');
  create->add_option("--age-min", arguments->age_min, "only of what was stored at least so long ago: 30d");
  create->add_option("--age-max", arguments->age_max, "only of what was stored at most so long ago");
  create->add_option("--pattern", arguments->pattern, "begin with the rules of this pattern: observer, archivist, ...");
  create->add_option("--description", arguments->description, "what it is for");
  create->callback([&session, &chosen, arguments] {
    chosen.body = quietly(session, [&session, arguments](Access& accounts) -> Result<void> {
      ATOLL_ASSIGN(auto row, parse_role(*arguments));
      return accounts.put_role(asker(session), std::move(row));
    });
  });
  auto* remove = role->add_subcommand("remove", "Remove a role that nobody has");
  remove->add_option("name", arguments->name, "the role")->required();
  remove->callback([&session, &chosen, arguments] {
    chosen.body = quietly(session, [&session, arguments](Access& accounts) {
      return accounts.remove_role(asker(session), arguments->name);
    });
  });
}

}  // namespace

void add_account_commands(CLI::App& app, Session& session, Chosen& chosen) {
  add_user_commands(app, session, chosen);
  add_group_commands(app, session, chosen);
  add_role_commands(app, session, chosen);
}

}  // namespace atl::cli
