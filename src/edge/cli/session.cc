#include "edge/cli/session.h"

#include "edge/cli/copying.h"
#include "services/jobs/schedules.h"

namespace atl::cli {
namespace {

using platform::join;

constexpr std::uint64_t kSecretFileBytesMax = 64 * 1024;
constexpr std::uint64_t kKitBytesMax = 2 * 1024 * 1024;

std::string first_line(std::string text) {
  const std::size_t end = text.find_first_of("\r\n");
  if (end != std::string::npos) {
    std::string line = text.substr(0, end);
    codec::wipe(text);
    return line;
  }
  return text;
}

}  // namespace

std::string Session::absolute(const std::string& path) const {
  if (path.starts_with('/')) return path;
  return join(environment.working_folder, path);
}

std::string Session::home_folder() const {
  if (environment.served != nullptr) return environment.served->home_folder();
  if (!options.home.empty()) return absolute(options.home);
  if (const auto data = environment.variable("XDG_DATA_HOME"); data && data->starts_with('/'))
    return join(*data, "atoll");
  if (const auto home = environment.variable("HOME"); home && home->starts_with('/'))
    return join(*home, ".local/share/atoll");
  return "/var/lib/atoll";
}

std::string Session::key_folder() const { return key_folder_of(environment); }

std::string key_folder_of(const Environment& environment) {
  if (const auto config = environment.variable("XDG_CONFIG_HOME"); config && config->starts_with('/'))
    return join(*config, "atoll/keys");
  if (const auto home = environment.variable("HOME"); home && home->starts_with('/'))
    return join(*home, ".config/atoll/keys");
  return "/etc/atoll/keys";
}

Result<std::string> Session::read_passphrase_file(const std::string& path) {
  auto bytes = platform::read_whole(environment.machine.files, absolute(path), kSecretFileBytesMax);
  if (!bytes) {
    Error error = Error(bytes.error()).with_context("the passphrase file");
    if (error.hint.empty())
      error.hint =
          "It is a file whose first line counts; a program can print it instead: --password-command, "
          "--new-password-command.";
    return pass(std::move(error));
  }
  std::string line = first_line(to_string(*bytes));
  codec::wipe(*bytes);
  if (line.empty())
    return fail(ErrorKind::usage, "passphrase.empty",
                "the first line of " + path + " is empty: a passphrase is expected there");
  return line;
}

Result<vault::UnlockSecrets> Session::secrets() {
  vault::UnlockSecrets secrets;
  secrets.key_folder = key_folder();
  if (!options.password_file.empty()) {
    ATOLL_ASSIGN(std::string passphrase, read_passphrase_file(options.password_file));
    keyring::Unlocking one;
    one.kind = keyring::SlotKind::passphrase;
    one.passphrase = std::move(passphrase);
    secrets.given.push_back(std::move(one));
  }
  if (!options.password_command.empty()) {
    platform::ProgramCall call;
    ATOLL_ASSIGN(call.words, jobs::split_words(options.password_command));
    if (call.words.empty()) return fail(ErrorKind::usage, "password_command.empty", "--password-command is empty");
    ATOLL_ASSIGN(auto result, environment.programs.run(call));
    if (result.exit_code != 0) {
      return fail(ErrorKind::failed, "program.failed",
                  call.words.front() + " ended with " + std::to_string(result.exit_code),
                  "Run it by hand to see what it says.");
    }
    std::string said = std::move(result.output);
    keyring::Unlocking one;
    one.kind = keyring::SlotKind::passphrase;
    one.passphrase = first_line(std::move(said));
    secrets.given.push_back(std::move(one));
  }
  if (!options.key_file.empty()) {
    ATOLL_ASSIGN(auto one, vault::read_key_file(environment.machine.files, absolute(options.key_file)));
    secrets.given.push_back(std::move(one));
  }
  if (!options.kit.empty()) {
    ATOLL_ASSIGN(const Bytes kit, platform::read_whole(environment.machine.files, absolute(options.kit), kKitBytesMax));
    ATOLL_ASSIGN(auto one, keyring::Keyring::parse_kit(kit));
    secrets.given.push_back(std::move(one));
  }
  return secrets;
}

Result<std::unique_ptr<vault::Home>> Session::home() {
  return vault::Home::open(environment.machine, home_folder(),
                           environment.served != nullptr ? vault::HomeUse::in_server : vault::HomeUse::shared);
}

Result<VaultId> Session::find_vault() {
  if (environment.served != nullptr) return environment.served->find_vault(options.vault);
  ATOLL_ASSIGN(const auto opened, home());
  ATOLL_ASSIGN(const auto unlock, secrets());
  return opened->find_vault(options.vault, unlock);
}

Result<std::unique_ptr<vault::Vault>> Session::open(bool writable, bool tells_notices) {
  if (environment.served != nullptr) return environment.served->open(options.vault, wants_vault_alone);
  if (!home_) {
    ATOLL_ASSIGN(home_, home());
  }
  ATOLL_ASSIGN(auto unlock, secrets());
  const auto add_passphrase = [&unlock](std::string_view passphrase) {
    keyring::Unlocking one;
    one.kind = keyring::SlotKind::passphrase;
    one.passphrase = passphrase;
    unlock.given.push_back(std::move(one));
  };
  if (!typed_.empty()) add_passphrase(typed_.view());
  auto id = home_->find_vault(options.vault, unlock);
  if (!id) return pass(std::move(id).error());
  vault::VaultOptions vault_options;
  vault_options.writable = writable;
  vault_options.owner_words = environment.process_words;
  vault_options.on_notice = [this, tells_notices](const std::string& words) {
    if (tells_notices || output.verbosity > 0) output.warning("vault.notice", words);
  };
  auto opened = home_->open_vault(*id, unlock, vault_options);
  if (!opened && opened.error().id == "keyring.locked") {
    // No key at hand is not "somebody else writes": it is asked for, and scripts get the exit code of keys.
    Error error = std::move(opened).error();
    error.kind = ErrorKind::wrong_key;
    opened = pass(std::move(error));
  }
  if (!opened && opened.error().kind == ErrorKind::wrong_key && unlock.given.empty() &&
      environment.terminal.is_in_terminal()) {
    auto typed = environment.terminal.read_secret("Passphrase of the vault: ");
    if (!typed) return opened;
    keyring::WipedText passphrase = std::move(*typed);
    add_passphrase(passphrase.view());
    auto unlocked = home_->open_vault(*id, unlock, vault_options);
    if (unlocked) typed_ = std::move(passphrase);
    return unlocked;
  }
  return opened;
}

Result<std::unique_ptr<vault::Vault>> Session::open_to_write() { return open(true, true); }

Result<std::unique_ptr<vault::Vault>> Session::open_to_read() {
  auto reading = open(false, false);
  const bool needs_work = reading ? (*reading)->catalog().applied() < (*reading)->journal().last()
                                  : reading.error().id == "catalog.needs_rebuild";
  if (!needs_work) return reading;
  const bool is_readable = reading.has_value();
  if (reading) reading->reset();
  // Somebody was broken off. Whoever holds the lock is at work on it; else it is done here.
  auto writing = open(true, true);
  if (writing) {
    ATOLL_TRY((*writing)->close());
    writing->reset();
  } else if (writing.error().kind == ErrorKind::locked ? !is_readable : writing.error().kind != ErrorKind::io) {
    return writing;  // locked: the first writer is just making the catalog, and there is none to read yet
  }
  return open(false, true);
}

Result<int> Session::with_reader(const std::function<Result<int>(vault::Vault&)>& work) {
  ATOLL_ASSIGN(const auto opened, open_to_read());
  auto answer = work(*opened);
  const auto closed = opened->close();
  if (answer && !closed) return pass(closed.error());
  return answer;
}

Result<int> Session::with_writer(const std::function<Result<int>(vault::Vault&)>& work, Ships ships) {
  ATOLL_ASSIGN(const auto opened, open_to_write());
  Result<int> answer = 0;
  if (ships == Ships::no || options.no_copy || environment.served != nullptr) {  // a server ships by itself
    answer = work(*opened);
  } else {
    answer = with_copies(*this, *opened, work);
  }
  const auto closed = opened->close();
  if (answer && !closed) return pass(closed.error());
  return answer;
}

Result<bool> Session::confirm(const std::string& question) {
  if (options.assume_yes) return true;
  // Whoever sent the command asks, and sends it again.
  if (environment.served != nullptr)
    return fail(ErrorKind::usage, std::string(kQuestionId), question, "Add --yes to go on without being asked.");
  if (!environment.terminal.is_in_terminal()) {
    return fail(ErrorKind::usage, "confirm.no_terminal", question + " Nobody can be asked here.",
                "Add --yes to go on without being asked.");
  }
  environment.terminal.write_error(question + " [y/N] ");
  std::string answer;
  for (;;) {
    std::uint8_t c = 0;
    ATOLL_ASSIGN(const std::size_t count, environment.terminal.read_in({&c, 1}));
    if (count == 0 || c == '\n') break;
    answer.push_back(static_cast<char>(c));
  }
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace atl::cli
