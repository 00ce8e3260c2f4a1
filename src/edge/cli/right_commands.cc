// grant, token, s3key, share, public, quota: what accounts may do, and what they sign in with.
#include <CLI/CLI.hpp>

#include "edge/cli/accounts.h"
#include "edge/cli/commands.h"
#include "vault/access/published.h"
#include "vault/access/share_place.h"

namespace atl::cli {
namespace {

using access::Access;

struct RightArguments {
  std::string subject, role, place, expires, age_max, id, label, password_file, version, user, bucket, bytes;
  std::string access_key_id, secret_file;
  std::vector<std::string> tiers, scopes;
  bool denies = false, takes_uploads = false;
  std::uint64_t downloads_max = 0, objects = 0;
};
using Shared = std::shared_ptr<RightArguments>;

template <class Id>
Result<Id> parse_id(const std::string& text, std::string_view what) {
  auto id = Id::parse(text);
  if (id) return id;
  return fail(ErrorKind::usage, "access.bad_id", "\"" + text.substr(0, 80) + "\" is no id of " + std::string(what),
              "The list shows ids.");
}

Result<int> add_grant(Session& session, const RightArguments& arguments) {
  catalog::GrantRow row;
  row.role = arguments.role;
  row.denies = arguments.denies;
  row.tiers = arguments.tiers;
  ATOLL_ASSIGN(row.place, parse_place(session, arguments.place));
  ATOLL_ASSIGN(row.expires, parse_end(session, arguments.expires));
  if (!arguments.age_max.empty()) {
    ATOLL_ASSIGN(const std::int64_t seconds, parse_duration_s(arguments.age_max));
    row.age_seconds_max = static_cast<std::uint64_t>(seconds);
  }
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    ATOLL_ASSIGN(const auto added, accounts.add_grant(asker(session), arguments.subject, row));
    if (session.output.is_json) session.output.json(JsonObject("summary").add("id", added.id.text()));
    return kExitOk;
  });
}

Result<int> list_grants(Session& session, const RightArguments& arguments) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    for (const auto& row : view->rows().grants) {
      const std::string subject = name_of_subject(*view, row.subject);
      if (!arguments.subject.empty() && subject != arguments.subject) continue;
      if (session.output.is_json) {
        std::vector<std::string> tiers;
        for (const auto& tier : row.tiers) tiers.push_back(json_quote(tier));
        JsonObject object("grant");
        object.add("id", row.id.text()).add("subject", subject).add("role", row.role).add("denies", row.denies);
        object.add("vault", row.place.vault.is_none() ? "" : row.place.vault.text()).add("bucket", row.place.bucket);
        object.add_path("prefix", row.place.prefix).add_raw("tiers", json_array(tiers));
        object.add("age_seconds_max", row.age_seconds_max).add("expires", time_or(row.expires, ""));
        object.add("created", format_rfc3339(row.created)).add("actor", row.actor);
        session.output.json(object);
        continue;
      }
      std::string line =
          row.id.text() + "   " + subject + "   " + (row.denies ? "NOT " : "") + row.role + "   " + words_of(row.place);
      for (std::size_t i = 0; i < row.tiers.size(); ++i) line += (i == 0 ? "   tier " : ", ") + row.tiers[i];
      if (row.age_seconds_max > 0)
        line += "   stored at most " + format_duration(static_cast<double>(row.age_seconds_max)) + " ago";
      if (row.expires.unix_us != 0) line += "   until " + format_rfc3339(row.expires);
      session.output.line(line);
    }
    return kExitOk;
  });
}

// "reader", "reader:photos/2024/"
Result<std::vector<catalog::TokenScope>> parse_scopes(Session& session, const std::vector<std::string>& texts) {
  std::vector<catalog::TokenScope> scopes;
  for (const std::string& text : texts) {
    catalog::TokenScope scope;
    const std::size_t colon = text.find(':');
    scope.role = text.substr(0, colon);
    ATOLL_ASSIGN(scope.place, parse_place(session, colon == std::string::npos ? "" : text.substr(colon + 1)));
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

Result<int> create_token(Session& session, const RightArguments& arguments) {
  ATOLL_ASSIGN(auto scopes, parse_scopes(session, arguments.scopes));
  ATOLL_ASSIGN(const Timestamp expires, parse_end(session, arguments.expires));
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    ATOLL_ASSIGN(auto fresh,
                 accounts.create_token(asker(session), arguments.subject, arguments.label, std::move(scopes), expires));
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("id", fresh.row.id.text())
                              .add("token", fresh.text)
                              .add("expires", time_or(expires, "")));
    } else {
      session.output.line(fresh.text);
      session.output.message("This is shown once. Whoever has it is " + arguments.subject +
                             ". Its id, to revoke it: " + fresh.row.id.text());
    }
    codec::wipe(fresh.text);
    return kExitOk;
  });
}

std::string day_words(std::uint32_t day) {
  if (day == 0) return "never used";
  return "last used " + format_rfc3339(Timestamp{static_cast<std::int64_t>(day) * 86'400 * 1'000'000}).substr(0, 10);
}

Result<int> list_tokens(Session& session, const RightArguments& arguments) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    for (const auto& row : view->rows().tokens) {
      const std::string subject = name_of_subject(*view, row.principal);
      if (!arguments.subject.empty() && subject != arguments.subject) continue;
      std::vector<std::string> scopes;
      std::string words;
      for (const auto& scope : row.scopes) {
        scopes.push_back(JsonObject().add("role", scope.role).add("place", words_of(scope.place)).text());
        words += (words.empty() ? "   only " : ", ") + scope.role + " " + words_of(scope.place);
      }
      if (session.output.is_json) {
        session.output.json(JsonObject("token")
                                .add("id", row.id.text())
                                .add("user", subject)
                                .add("label", row.label)
                                .add_raw("scopes", json_array(scopes))
                                .add("created", format_rfc3339(row.created))
                                .add("expires", time_or(row.expires, ""))
                                .add("last_used_day", static_cast<std::uint64_t>(row.last_used_day)));
      } else {
        session.output.line(row.id.text() + "   " + subject + "   " + shown(row.label) + words + "   until " +
                            time_or(row.expires, "revoked") + "   " + day_words(row.last_used_day));
      }
    }
    return kExitOk;
  });
}

Result<int> create_s3_key(Session& session, const RightArguments& arguments) {
  ATOLL_ASSIGN(const VaultId vault, session.find_vault());
  std::string secret;
  if (!arguments.secret_file.empty()) {
    ATOLL_ASSIGN(secret, session.read_passphrase_file(arguments.secret_file));
  }
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    ATOLL_ASSIGN(auto row, accounts.create_s3_key(asker(session), arguments.subject, vault, arguments.label,
                                                  arguments.access_key_id, secret));
    codec::wipe(secret);
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("access_key_id", row.access_key_id)
                              .add("secret_access_key", row.secret)
                              .add("vault", vault.text()));
    } else {
      session.output.line("AWS_ACCESS_KEY_ID=" + row.access_key_id);
      session.output.line("AWS_SECRET_ACCESS_KEY=" + row.secret);
      session.output.message("The secret is shown once.");
    }
    codec::wipe(row.secret);
    return kExitOk;
  });
}

Result<int> list_s3_keys(Session& session, const RightArguments& arguments) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    for (const auto& row : view->rows().s3_keys) {
      const std::string subject = name_of_subject(*view, row.principal);
      if (!arguments.subject.empty() && subject != arguments.subject) continue;
      if (session.output.is_json) {
        session.output.json(JsonObject("s3_key")
                                .add("access_key_id", row.access_key_id)
                                .add("user", subject)
                                .add("vault", row.vault.text())
                                .add("label", row.label)
                                .add("disabled", row.is_disabled)
                                .add("created", format_rfc3339(row.created))
                                .add("last_used_day", static_cast<std::uint64_t>(row.last_used_day)));
      } else {
        session.output.line(row.access_key_id + "   " + subject + "   " + shown(row.label) + "   vault " +
                            row.vault.text() + "   " + day_words(row.last_used_day));
      }
    }
    return kExitOk;
  });
}

Result<int> create_share(Session& session, const RightArguments& arguments) {
  catalog::ShareRow wanted;
  ATOLL_ASSIGN(wanted.place, parse_place(session, arguments.place));
  wanted.is_prefix = wanted.place.prefix.empty() || wanted.place.prefix.ends_with('/');
  wanted.takes_uploads = arguments.takes_uploads;
  wanted.downloads_max = arguments.downloads_max;
  wanted.label = arguments.label;
  ATOLL_ASSIGN(wanted.expires, parse_end(session, arguments.expires));
  if (!arguments.version.empty()) {
    ATOLL_ASSIGN(wanted.version, parse_id<VersionId>(arguments.version, "a version"));
  }
  auto leads = access::Leads::somewhere;
  ATOLL_TRY(session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(leads, access::where_leads(vault, wanted));
    return kExitOk;
  }));
  std::string password;
  if (!arguments.password_file.empty()) {
    ATOLL_ASSIGN(password, session.read_passphrase_file(arguments.password_file));
  }
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    const auto* const maker = accounts.view()->principal_named(arguments.user);
    if (maker == nullptr) {
      return fail(ErrorKind::not_found, "access.no_such_name", "there is no account \"" + arguments.user + "\"",
                  "A link hands on what an account may: name it with --as.");
    }
    access::Who who;
    who.principal = maker->id;
    who.name = maker->name;
    who.kind = maker->kind;
    access::Resource resource{wanted.place.vault, wanted.place.bucket,   wanted.place.prefix,
                              wanted.is_prefix,   access::Tier::unknown, {}};
    ATOLL_TRY(accounts.require(who, access::Action::share_create, resource));
    ATOLL_TRY(accounts.require(who, wanted.takes_uploads ? access::Action::write : access::Action::read, resource));
    ATOLL_ASSIGN(auto fresh, accounts.create_share(who, wanted, password));
    codec::wipe(password);
    if (session.output.is_json) {
      session.output.json(JsonObject("summary").add("id", fresh.row.id.text()).add("link", "/s/" + fresh.text));
    } else {
      session.output.line("/s/" + fresh.text);
      session.output.message("This is shown once: it goes behind the address of the server. Its id, to revoke it: " +
                             fresh.row.id.text());
      if (leads == access::Leads::to_an_empty_folder && !wanted.takes_uploads)
        session.output.message("Nothing is in that folder yet.");
    }
    codec::wipe(fresh.text);
    return kExitOk;
  });
}

Result<int> list_shares(Session& session) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    for (const auto& row : view->rows().shares) {
      const std::string maker = name_of_subject(*view, row.made_by);
      if (session.output.is_json) {
        session.output.json(JsonObject("share")
                                .add("id", row.id.text())
                                .add("user", maker)
                                .add("bucket", row.place.bucket)
                                .add_path("prefix", row.place.prefix)
                                .add("takes_uploads", row.takes_uploads)
                                .add("has_password", !row.password_hash.empty())
                                .add("downloads", row.downloads)
                                .add("downloads_max", row.downloads_max)
                                .add("label", row.label)
                                .add("created", format_rfc3339(row.created))
                                .add("expires", time_or(row.expires, "")));
      } else {
        session.output.line(row.id.text() + "   " + maker + "   " + words_of(row.place) +
                            (row.takes_uploads ? "   takes uploads" : "") +
                            (row.password_hash.empty() ? "" : "   password") + "   " + std::to_string(row.downloads) +
                            " downloads   until " + time_or(row.expires, "revoked") + "   " + shown(row.label));
      }
    }
    return kExitOk;
  });
}

std::string_view way_of(access::OpenedBy by) {
  switch (by) {
    case access::OpenedBy::grant: return "grant";
    case access::OpenedBy::access_list: return "access list";
    case access::OpenedBy::object_list: return "lists of single objects";
    case access::OpenedBy::policy: return "policy";
    case access::OpenedBy::link: return "link";
  }
  return "grant";
}

void show_public_place(Session& session, const access::AccessView& view, const access::PublicPlace& row) {
  const std::string maker = row.made_by.is_none() ? "" : name_of_subject(view, row.made_by);
  if (session.output.is_json) {
    session.output.json(JsonObject("public_place")
                            .add("opened_by", access::name_of(row.by))
                            .add("id", row.id)
                            .add("vault", row.place.vault.is_none() ? "" : row.place.vault.text())
                            .add("bucket", row.place.bucket)
                            .add_path("prefix", row.place.prefix)
                            .add("reads", row.reads)
                            .add("writes", row.writes)
                            .add("has_password", row.has_password)
                            .add("role", row.role)
                            .add("user", maker)
                            .add("label", row.label)
                            .add("objects", row.objects)
                            .add("expires", time_or(row.expires, "")));
    return;
  }
  const std::string_view gives = row.reads && row.writes ? "read, write" : row.writes ? "write" : "read";
  std::string line = words_of(row.place) + "   " + std::string(gives) + "   by " + std::string(way_of(row.by));
  if (!row.id.empty()) line += " " + row.id;
  if (!row.role.empty()) line += " (" + row.role + ")";
  if (row.objects != 0) line += " (" + format_count(row.objects) + (row.objects == 1 ? " object)" : " objects)");
  if (!maker.empty()) line += " of " + maker;
  if (row.has_password) line += "   password";
  if (row.expires.unix_us != 0) line += "   until " + format_rfc3339(row.expires);
  if (!row.label.empty()) line += "   " + shown(row.label);
  session.output.line(line);
}

Result<int> list_public(Session& session) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    auto places = access::public_places(*view, session.environment.machine.clock.now());
    ATOLL_ASSIGN(const auto all, open_all_vaults(session));
    for (const auto& one : all.named)
      ATOLL_TRY(access::add_public_objects(*one.vault, one.vault->keys().vault(), places));
    for (const auto& row : places) show_public_place(session, *view, row);
    if (places.empty()) session.output.message("Nothing is open without an account.");
    return kExitOk;
  });
}

Result<int> set_quota(Session& session, const RightArguments& arguments) {
  catalog::QuotaRow row;
  if (!arguments.bucket.empty()) {
    ATOLL_ASSIGN(const auto place, parse_place(session, arguments.bucket));
    if (!place.prefix.empty()) return fail(ErrorKind::usage, "quota.no_prefix", "a quota holds for a whole bucket");
    row.vault = place.vault;
    row.bucket = place.bucket;
  } else {
    ATOLL_ASSIGN(const auto place, parse_place(session, ""));
    row.vault = place.vault;
  }
  if (!arguments.bytes.empty()) {
    ATOLL_ASSIGN(row.bytes_max, parse_size(arguments.bytes));
  }
  row.objects_max = arguments.objects;
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    if (!arguments.user.empty()) {
      const auto* const who = accounts.view()->principal_named(arguments.user);
      if (who == nullptr)
        return fail(ErrorKind::not_found, "access.no_such_name", "there is no account \"" + arguments.user + "\"");
      row.principal = who->id;
    }
    ATOLL_TRY(accounts.set_quota(asker(session), row));
    if (row.bytes_max == 0 && row.objects_max == 0) session.output.message("No limit any more.");
    return kExitOk;
  });
}

Result<int> show_quotas(Session& session) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    const auto view = accounts.view();
    for (const auto& row : view->rows().quotas) {
      const std::string user = row.principal.is_none() ? "" : name_of_subject(*view, row.principal);
      if (session.output.is_json) {
        session.output.json(JsonObject("quota")
                                .add("user", user)
                                .add("vault", row.vault.is_none() ? "" : row.vault.text())
                                .add("bucket", row.bucket)
                                .add("bytes_max", row.bytes_max)
                                .add("objects_max", row.objects_max));
      } else {
        session.output.line((user.empty() ? "whoever it is" : user) + "   " +
                            (row.bucket.empty() ? "all buckets" : row.bucket) +
                            (row.bytes_max == 0 ? "" : "   " + format_size(row.bytes_max)) +
                            (row.objects_max == 0 ? "" : "   " + format_count(row.objects_max) + " objects"));
      }
    }
    return kExitOk;
  });
}

template <class Work>
void does(CLI::App* command, Session& session, Chosen& chosen, const Shared& arguments, Work work) {
  command->callback([&session, &chosen, arguments, work] {
    chosen.body = [&session, arguments, work]() -> Result<int> { return work(session, *arguments); };
  });
}

// The removal by id that every noun has.
template <class Remove>
void add_removal(CLI::App& noun, const char* verb, const char* words, Session& session, Chosen& chosen, Remove remove) {
  auto arguments = std::make_shared<RightArguments>();
  auto* command = noun.add_subcommand(verb, words);
  command->add_option("id", arguments->id, "as the list shows it")->required();
  does(command, session, chosen, arguments, [remove](Session& in, const RightArguments& given) -> Result<int> {
    return with_accounts(in, Opens::to_write, [&](Access& accounts) -> Result<int> {
      ATOLL_TRY(remove(accounts, given.id));
      return kExitOk;
    });
  });
}

void add_grant_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* grant = app.add_subcommand("grant", "Who has which role where");
  grant->require_subcommand(1);
  auto arguments = std::make_shared<RightArguments>();
  auto* add = grant->add_subcommand("add", "Give an account or group a role");
  add->add_option("name", arguments->subject, "an account, a group, everyone or signed-in")->required();
  add->add_option("role", arguments->role, "the role")->required();
  add->add_option("place", arguments->place, "BUCKET or BUCKET/PREFIX; everywhere otherwise");
  add->add_flag("--deny", arguments->denies, "deny there what the role allows, whatever else allows it");
  add->add_option("--tier", arguments->tiers, "only objects in these tiers")->delimiter(',');
  add->add_option("--age-max", arguments->age_max, "only what was stored at most so long ago");
  add->add_option("--expires", arguments->expires, "30d, or a time");
  does(add, session, chosen, arguments, add_grant);
  auto* list = grant->add_subcommand("list", "All grants, or those of one account or group");
  list->add_option("name", arguments->subject, "of this one");
  does(list, session, chosen, arguments, list_grants);
  add_removal(*grant, "remove", "Take a grant back", session, chosen,
              [&session](Access& accounts, const std::string& text) -> Result<void> {
                ATOLL_ASSIGN(const auto id, parse_id<GrantId>(text, "a grant"));
                return accounts.remove_grant(asker(session), id);
              });
}

void add_secret_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<RightArguments>();
  auto* token = app.add_subcommand("token", "What programs sign in with");
  token->require_subcommand(1);
  auto* create = token->add_subcommand("create", "Make a token; it is shown once");
  create->add_option("name", arguments->subject, "the account that it is of")->required();
  create->add_option("--label", arguments->label, "what it is for");
  create->add_option("--scope", arguments->scopes, "at most this: ROLE or ROLE:BUCKET/PREFIX (repeatable)")
      ->expected(1, 64)
      ->allow_extra_args(false);
  create->add_option("--expires", arguments->expires, "30d, or a time");
  does(create, session, chosen, arguments, create_token);
  auto* list = token->add_subcommand("list", "All tokens, or those of one account");
  list->add_option("name", arguments->subject, "of this one");
  does(list, session, chosen, arguments, list_tokens);
  add_removal(*token, "revoke", "End a token at once", session, chosen,
              [&session](Access& accounts, const std::string& text) -> Result<void> {
                ATOLL_ASSIGN(const auto id, parse_id<TokenId>(text, "a token"));
                return accounts.revoke_token(asker(session), id);
              });

  auto* s3_key = app.add_subcommand("s3key", "Keys for S3 clients, each for one vault");
  s3_key->require_subcommand(1);
  auto* create_key = s3_key->add_subcommand("create", "Make a key; its secret is shown once");
  create_key->add_option("name", arguments->subject, "the account that it is of")->required();
  create_key->add_option("--label", arguments->label, "what it is for");
  create_key->add_option("--access-key-id", arguments->access_key_id, "keep this key id, from another server");
  create_key->add_option("--secret-file", arguments->secret_file, "and the secret in this file's first line");
  does(create_key, session, chosen, arguments, create_s3_key);
  auto* list_keys = s3_key->add_subcommand("list", "All keys, or those of one account");
  list_keys->add_option("name", arguments->subject, "of this one");
  does(list_keys, session, chosen, arguments, list_s3_keys);
  add_removal(
      *s3_key, "revoke", "End a key at once", session, chosen,
      [&session](Access& accounts, const std::string& text) { return accounts.revoke_s3_key(asker(session), text); });
}

void add_share_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<RightArguments>();
  auto* share = app.add_subcommand("share", "Links for people without an account");
  share->require_subcommand(1);
  auto* create = share->add_subcommand("create", "Make a link; it is shown once");
  create->add_option("place", arguments->place, "BUCKET/NAME, or BUCKET/FOLDER/ with all in it")->required();
  create->add_option("--as", arguments->user, "the account whose right is handed on")->required();
  create->add_option("--expires", arguments->expires, "30d, or a time");
  create->add_option("--link-password-file", arguments->password_file,
                     "ask for the password in this file's first line");
  create->add_option("--downloads", arguments->downloads_max, "end after so many");
  create->add_option("--version", arguments->version, "this version, whatever comes later");
  create->add_flag("--uploads", arguments->takes_uploads, "files can be left there; nothing can be read");
  create->add_option("--label", arguments->label, "what it is for");
  does(create, session, chosen, arguments, create_share);
  auto* list = share->add_subcommand("list", "All links");
  does(list, session, chosen, arguments, [](Session& in, const RightArguments& /*given*/) { return list_shares(in); });
  add_removal(*share, "revoke", "End a link at once", session, chosen,
              [&session](Access& accounts, const std::string& text) -> Result<void> {
                ATOLL_ASSIGN(const auto id, parse_id<ShareId>(text, "a link"));
                return accounts.revoke_share(asker(session), id);
              });
}

void add_public_command(CLI::App& app, Session& session, Chosen& chosen) {
  app.add_subcommand("public", "What is open without an account, or to whoever has a link")
      ->callback([&session, &chosen] { chosen.body = [&session] { return list_public(session); }; });
}

void add_quota_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<RightArguments>();
  auto* quota = app.add_subcommand("quota", "How much may be stored");
  quota->require_subcommand(1);
  auto* set = quota->add_subcommand("set", "Set a limit, or take it away: neither --bytes nor --objects");
  set->add_option("--user", arguments->user, "of what this account stores");
  set->add_option("--bucket", arguments->bucket, "in this bucket");
  set->add_option("--bytes", arguments->bytes, "100GB");
  set->add_option("--objects", arguments->objects, "so many");
  does(set, session, chosen, arguments, set_quota);
  auto* show = quota->add_subcommand("show", "All limits");
  does(show, session, chosen, arguments, [](Session& in, const RightArguments& /*given*/) { return show_quotas(in); });
}

}  // namespace

void add_right_commands(CLI::App& app, Session& session, Chosen& chosen) {
  add_grant_commands(app, session, chosen);
  add_secret_commands(app, session, chosen);
  add_share_commands(app, session, chosen);
  add_public_command(app, session, chosen);
  add_quota_commands(app, session, chosen);
}

}  // namespace atl::cli
