#include "edge/cli/accounts.h"

#include "services/jobs/schedules.h"
#include "vault/access/control.h"

namespace atl::cli {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

std::string first_line(std::string text) {
  const std::size_t end = text.find_first_of("\r\n");
  if (end != std::string::npos) text.resize(end);
  return text;
}

}  // namespace

access::Who asker(const Session& session) {
  return session.environment.served != nullptr ? session.environment.served->who() : access::Who::local_owner();
}

namespace {

// By id, with the name where it can be told. A server says which it has: whoever sends it a command from elsewhere does
// not look into its folders.
Result<std::vector<std::pair<VaultId, std::string>>> vaults_of_home(Session& session, OpenedVaults& all) {
  if (session.environment.served != nullptr) {
    for (auto& id : session.environment.served->locked_vaults())
      all.left_out.push_back({std::move(id), "it is locked"});
    return session.environment.served->vaults();
  }
  std::vector<std::pair<VaultId, std::string>> out;
  ATOLL_ASSIGN(const auto home, session.home());
  ATOLL_ASSIGN(const auto secrets, session.secrets());
  ATOLL_ASSIGN(const auto listings, home->vaults(secrets));
  for (const auto& listing : listings)
    if (listing.name != vault::kControlVaultName) out.emplace_back(listing.id, listing.name);
  return out;
}

}  // namespace

Result<OpenedVaults> open_all_vaults(Session& session) {
  OpenedVaults all;
  ATOLL_ASSIGN(const auto vaults, vaults_of_home(session, all));
  const std::string asked = session.options.vault;
  for (const auto& [id, known_as] : vaults) {
    const std::string name = known_as.empty() ? id.text() : known_as;
    session.options.vault = id.text();
    auto opened = session.open_to_read();
    if (opened) {
      all.named.push_back({name, opened->get()});
      all.handles.push_back(std::move(*opened));
    } else {
      all.left_out.push_back({name, opened.error().message});
    }
  }
  session.options.vault = asked;
  for (const auto& one : all.left_out)
    session.output.warning("access.vault_left_out", "vault " + one.name + " is left out: " + one.reason);
  return all;
}

Result<int> with_accounts(Session& session, Opens opens, const std::function<Result<int>(access::Access&)>& work) {
  if (session.environment.served != nullptr) return work(session.environment.served->accounts());
  ATOLL_ASSIGN(const auto home, session.home());
  ATOLL_ASSIGN(auto secrets, session.secrets());
  vault::VaultOptions options;
  options.writable = opens == Opens::to_write;
  options.owner_words = session.environment.process_words;
  options.on_notice = [&session](const std::string& words) {
    if (session.output.verbosity > 0) session.output.warning("vault.notice", words);
  };
  auto control = access::open_control(*home, secrets, options);
  if (!control && secrets.given.empty() && session.environment.terminal.is_in_terminal() &&
      (control.error().kind == ErrorKind::wrong_key || control.error().id == "keyring.locked")) {
    ATOLL_ASSIGN(auto typed, session.environment.terminal.read_secret("Passphrase of the vault: "));
    keyring::Unlocking one;
    one.kind = keyring::SlotKind::passphrase;
    one.passphrase = std::move(typed);
    secrets.given.push_back(std::move(one));
    control = access::open_control(*home, secrets, options);
  }
  if (!control && control.error().id == "keyring.locked") {
    Error error = std::move(control).error();
    error.kind = ErrorKind::wrong_key;
    return pass(std::move(error));
  }
  // Somebody was broken off: what that left to do is done first, unless its process is still at it.
  const bool needs_work = control
                              ? *control != nullptr && (*control)->catalog().applied() < (*control)->journal().last()
                              : control.error().id == "catalog.needs_rebuild";
  if (opens == Opens::to_read && needs_work) {
    const bool is_readable = control.has_value();
    if (control) control->reset();
    options.writable = true;
    auto mended = access::open_control(*home, secrets, options);
    if (mended) {
      ATOLL_TRY((*mended)->close());
      mended->reset();
    } else if (!is_readable || mended.error().kind != ErrorKind::locked) {
      return pass(std::move(mended).error());
    }
    options.writable = false;
    control = access::open_control(*home, secrets, options);
  }
  if (!control) return pass(std::move(control).error());
  Result<int> answer = kExitOk;
  {
    ATOLL_ASSIGN(const auto accounts, access::Access::open(control->get(), session.environment.machine, {}));
    answer = work(*accounts);
    if (opens == Opens::to_write) {
      const auto flushed = accounts->tidy();
      if (answer && !flushed) answer = pass(flushed.error());
    }
  }
  if (*control) {
    const auto closed = (*control)->close();
    if (answer && !closed) return pass(closed.error());
  }
  return answer;
}

Result<std::string> read_new_password(Session& session, const PasswordSource& source, const std::string& prompt) {
  if (!source.file.empty()) return session.read_passphrase_file(source.file);
  if (!source.command.empty()) {
    platform::ProgramCall call;
    ATOLL_ASSIGN(call.words, jobs::split_words(source.command));
    if (call.words.empty()) return fail(ErrorKind::usage, "password_command.empty", "--new-password-command is empty");
    ATOLL_ASSIGN(auto result, session.environment.programs.run(call));
    if (result.exit_code != 0) {
      return fail(ErrorKind::failed, "program.failed",
                  call.words.front() + " ended with " + std::to_string(result.exit_code),
                  "Run it by hand to see what it says.");
    }
    return first_line(std::move(result.output));
  }
  if (!session.environment.terminal.is_in_terminal()) {
    return fail(ErrorKind::usage, "access.no_password", "a password is needed, and nobody can be asked here",
                "Give it with --new-password-file or --new-password-command.");
  }
  ATOLL_ASSIGN(std::string first, session.environment.terminal.read_secret(prompt + ": "));
  ATOLL_ASSIGN(std::string second, session.environment.terminal.read_secret(prompt + ", once more: "));
  const bool is_same = first == second;
  codec::wipe(second);
  if (!is_same) {
    codec::wipe(first);
    return fail(ErrorKind::usage, "access.passwords_differ", "the two passwords are not the same");
  }
  return first;
}

Result<catalog::AccessPlace> parse_place(Session& session, const std::string& text) {
  catalog::AccessPlace place;
  if (text.empty() && session.options.vault.empty()) return place;
  ATOLL_ASSIGN(place.vault, session.find_vault());
  if (text.empty()) return place;
  const std::size_t slash = text.find('/');
  place.bucket = text.substr(0, slash);
  if (slash != std::string::npos) place.prefix = text.substr(slash + 1);
  ATOLL_TRY(vault::check_bucket_name(place.bucket));
  if (place.prefix.size() > vault::kKeyBytesMax || place.prefix.find('\0') != std::string::npos)
    return fail(ErrorKind::usage, "key.invalid", "this prefix cannot begin a name");
  return place;
}

std::string words_of(const catalog::AccessPlace& place) {
  if (!place.bucket.empty()) return place.bucket + (place.prefix.empty() ? "" : "/" + shown(place.prefix));
  return place.vault.is_none() ? "everywhere" : "vault " + place.vault.text();
}

Result<Timestamp> parse_end(Session& session, const std::string& text) {
  if (text.empty()) return Timestamp{};
  if (const auto seconds = parse_duration_s(text))
    return Timestamp{session.environment.machine.clock.now().unix_us + *seconds * kUsPerSecond};
  const auto time = parse_rfc3339(text);
  if (!time) {
    return fail(ErrorKind::usage, "time.invalid", "\"" + text.substr(0, 80) + "\" is no time",
                "30d from now, or 2027-01-31.");
  }
  return Timestamp{time->seconds * kUsPerSecond};
}

std::string time_or(Timestamp time, std::string_view otherwise) {
  return time.unix_us == 0 ? std::string(otherwise) : format_rfc3339(time);
}

std::string_view word_of(catalog::PrincipalKind kind) {
  switch (kind) {
    case catalog::PrincipalKind::person: return "person";
    case catalog::PrincipalKind::agent: return "agent";
    case catalog::PrincipalKind::service: return "service";
    case catalog::PrincipalKind::group: return "group";
  }
  return "unknown";
}

std::string name_of_subject(const access::AccessView& view, const PrincipalId& id) {
  if (id == catalog::kEveryone) return "everyone";
  if (id == catalog::kSignedIn) return "signed-in";
  const auto* const row = view.principal(id);
  return row != nullptr ? row->name : id.text();
}

}  // namespace atl::cli
