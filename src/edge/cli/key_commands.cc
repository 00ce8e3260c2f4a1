// key: what opens a vault.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"

namespace atl::cli {
namespace {

std::string_view slot_word(keyring::SlotKind kind) {
  switch (kind) {
    case keyring::SlotKind::passphrase: return "passphrase";
    case keyring::SlotKind::key_file: return "key file";
    case keyring::SlotKind::recovery: return "recovery kit";
  }
  return "unknown";
}

Result<void> write_checked(Session& session, const std::string& path, ByteView content) {
  platform::FileSystem& files = session.environment.machine.files;
  ATOLL_TRY(platform::replace_whole(files, path, content));
  ATOLL_ASSIGN(const Bytes back, platform::read_whole(files, path, content.size() + 1));
  if (!equal(back, content))
    return fail(ErrorKind::damaged, "kit.not_read_back", path + " did not read back as it was written",
                "Use another disk.");
  return {};
}

Result<int> save_kit(Session& session, const std::string& to) {
  const std::string folder = session.absolute(to);
  const std::string home = session.home_folder();
  if (folder == home || folder.starts_with(home + "/")) {
    return fail(ErrorKind::usage, "kit.inside_home", "a recovery kit inside the home is lost with it",
                "Choose a stick, another machine's folder, or print the page.");
  }
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    if (vault.head().suite == codec::SealSuite::none)
      return fail(ErrorKind::usage, "kit.not_needed", "this vault is not encrypted: nothing unlocks it");
    ATOLL_TRY(platform::create_directories(session.environment.machine.files, folder));
    ATOLL_ASSIGN(auto kit, vault.keys().make_kit());
    const std::string base = "atoll-kit-" + vault.keys().vault_name();
    const std::string page = platform::join(folder, base + ".txt");
    const std::string file = platform::join(folder, base + ".kit");
    const auto saved = [&]() -> Result<void> {
      ATOLL_TRY(write_checked(session, page, as_bytes(kit.page_text)));
      return write_checked(session, file, kit.file);
    }();
    codec::wipe(kit.page_text);
    codec::wipe(kit.file);
    ATOLL_TRY(saved);
    ATOLL_TRY(vault.keys().confirm_kit());
    session.output.message(
        "Recovery kit saved and read back:\n  " + page + "  (print it)\n  " + file +
        "\nWhoever has it opens this vault: keep it away from this machine. Earlier kits no longer open it.");
    if (session.output.is_json)
      session.output.json(JsonObject("summary").add_path("page", page).add_path("file", file));
    return kExitOk;
  });
}

struct AddArguments {
  std::string new_password_file, new_key_file, label;
};

Result<keyring::Unlocking> new_unlocking(Session& session, const AddArguments& arguments) {
  if (arguments.new_password_file.empty() == arguments.new_key_file.empty()) {
    return fail(ErrorKind::usage, "key.which", "say what shall open the vault",
                "Either --new-password-file FILE or --new-key-file FILE.");
  }
  keyring::Unlocking unlocking;
  if (!arguments.new_password_file.empty()) {
    unlocking.kind = keyring::SlotKind::passphrase;
    ATOLL_ASSIGN(unlocking.passphrase, session.read_passphrase_file(arguments.new_password_file));
    return unlocking;
  }
  const std::string path = session.absolute(arguments.new_key_file);
  ATOLL_ASSIGN(const auto there, session.environment.machine.files.stat(path));
  if (there) return vault::read_key_file(session.environment.machine.files, path);
  const std::string parent = platform::parent_of(path);
  ATOLL_ASSIGN(const auto folder, session.environment.machine.files.stat(parent));
  if (!folder)
    return fail(ErrorKind::not_found, "key.no_folder", "the folder " + parent + " does not exist", "Make it first.");
  unlocking.kind = keyring::SlotKind::key_file;
  session.environment.machine.random.fill(unlocking.key.fill());
  std::string text = to_hex(unlocking.key.view()) + "\n";
  const auto written = write_checked(session, path, as_bytes(text));
  codec::wipe(text);
  if (!written) return pass(written.error());
  session.output.message("New key file written to " + path);
  return unlocking;
}

Result<int> add(Session& session, const AddArguments& arguments) {
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto unlocking, new_unlocking(session, arguments));
    ATOLL_ASSIGN(const std::uint32_t number, vault.keys().add_slot(unlocking, arguments.label));
    session.output.message("Key " + std::to_string(number) + " added (" + std::string(slot_word(unlocking.kind)) +
                           ").");
    return kExitOk;
  });
}

Result<int> remove(Session& session, std::uint32_t number) {
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const bool sure, session.confirm("Remove key " + std::to_string(number) +
                                                  "? Who has only that one can no longer open the vault."));
    if (!sure) return fail(ErrorKind::interrupted, "key.not_confirmed", "nothing was removed");
    ATOLL_TRY(vault.keys().remove_slot(number));
    session.output.message("Key " + std::to_string(number) +
                           " removed. A copy of the old keyring would still open with it: `atoll key rotate` ends that "
                           "for new data copies.");
    return kExitOk;
  });
}

Result<int> rotate(Session& session) {
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto home, session.home());
    ATOLL_ASSIGN(const auto secrets, session.secrets());
    const auto keep = home->candidates(vault.head().vault, secrets);
    ATOLL_ASSIGN(const bool sure,
                 session.confirm("Make a new root key? Only the keys given now stay (the key file of this machine, "
                                 "--password-file); the recovery kit has to be saved again."));
    if (!sure) return fail(ErrorKind::interrupted, "key.not_confirmed", "nothing was changed");
    ATOLL_TRY(vault.keys().rotate_root(keep));
    session.output.message("New root key made. Save a new recovery kit: atoll key kit --to DIR");
    return kExitOk;
  });
}

Result<int> list(Session& session) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    for (const auto& slot : vault.keys().slots()) {
      if (session.output.is_json) {
        session.output.json(JsonObject("key")
                                .add("number", static_cast<std::uint64_t>(slot.number))
                                .add("kind", slot_word(slot.kind))
                                .add("label", slot.label)
                                .add("created", format_rfc3339(slot.created)));
      } else {
        session.output.line(std::to_string(slot.number) + "  " + std::string(slot_word(slot.kind)) + "  " +
                            format_rfc3339(slot.created) + "  " + shown(slot.label));
      }
    }
    const char* state = vault.keys().kit_state() == keyring::Keyring::KitState::saved ? "Recovery kit: saved."
                        : vault.keys().kit_state() == keyring::Keyring::KitState::stale
                            ? "Recovery kit: stale, save it again."
                            : "Recovery kit: never saved.";
    session.output.message(state);
    return kExitOk;
  });
}

}  // namespace

void add_key_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* key = app.add_subcommand("key", "What opens the vault: recovery kit, passphrases, key files");
  key->require_subcommand(1);
  auto to = std::make_shared<std::string>();
  auto* kit = key->add_subcommand("kit", "Save the recovery kit: a page to print and a small file");
  kit->add_option("--to", *to, "folder outside the home")->required();
  kit->callback([&session, &chosen, to] { chosen.body = [&session, to] { return save_kit(session, *to); }; });
  auto arguments = std::make_shared<AddArguments>();
  auto* add_command = key->add_subcommand("add", "Add a passphrase or a key file");
  add_command->add_option("--new-password-file", arguments->new_password_file,
                          "file with the new passphrase in its first line");
  add_command->add_option("--new-key-file", arguments->new_key_file, "key file; made where it is missing");
  add_command->add_option("--label", arguments->label, "a word to know it by");
  add_command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return add(session, *arguments); }; });
  auto number = std::make_shared<std::uint32_t>(0);
  auto* remove_command = key->add_subcommand("remove", "Remove one by its number");
  remove_command->add_option("number", *number, "as `key list` shows it")->required();
  remove_command->callback(
      [&session, &chosen, number] { chosen.body = [&session, number] { return remove(session, *number); }; });
  key->add_subcommand("rotate", "Make a new root key")->callback([&session, &chosen] {
    chosen.body = [&session] { return rotate(session); };
  });
  key->add_subcommand("list", "What opens the vault now")->callback([&session, &chosen] {
    chosen.body = [&session] { return list(session); };
  });
}

}  // namespace atl::cli
