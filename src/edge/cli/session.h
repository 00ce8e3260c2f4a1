// One run of the program: global options, the home, and the vault it works on.
// Always true: secrets come from files, programs, the environment's file names or the terminal, never from arguments.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/cli/environment.h"
#include "edge/cli/output.h"
#include "vault/home.h"
#include "vault/object/objects.h"

namespace atl::cli {

struct GlobalOptions {
  std::string home;
  std::string vault;
  std::string password_file;
  std::string password_command;
  std::string key_file;
  std::string kit;
  // A server on another machine, for every verb; "" for the home of this one.
  std::string url;
  std::string token_file;
  std::string authorities_file;           // PEM, in place of the system's
  std::string fingerprint;                // of the server's certificate, SHA-256 in hexadecimal digits
  std::string recognition = "documents";  // of text in pictures (OCR)
  std::vector<std::string> recognition_languages;
  unsigned jobs = 0;
  bool is_dry_run = false;
  bool assume_yes = false;
  bool no_copy = false;
};

// Whether a command that wrote brings the copies up to date at its end.
enum class Ships : std::uint8_t { no, yes };

// Where unlocking secrets lie: $XDG_CONFIG_HOME/atoll/keys, never inside the home.
[[nodiscard]] std::string key_folder_of(const Environment& environment);

class Session {
 public:
  Session(Environment& environment_in, Output& output_in) : environment(environment_in), output(output_in) {}
  Environment& environment;
  Output& output;
  GlobalOptions options;

  // --home, ATOLL_HOME, $XDG_DATA_HOME/atoll, /var/lib/atoll where HOME is not set.
  [[nodiscard]] std::string home_folder() const;
  [[nodiscard]] std::string key_folder() const;
  [[nodiscard]] Result<vault::UnlockSecrets> secrets();
  [[nodiscard]] Result<std::unique_ptr<vault::Home>> home();

  // The vault that --vault names, or the default one.
  [[nodiscard]] Result<VaultId> find_vault();
  // For reading: what a crash left to do is done first where nobody else is at it.
  [[nodiscard]] Result<std::unique_ptr<vault::Vault>> open_to_read();
  [[nodiscard]] Result<std::unique_ptr<vault::Vault>> open_to_write();
  // Opens, works, closes; the work's error wins over the close's.
  [[nodiscard]] Result<int> with_reader(const std::function<Result<int>(vault::Vault&)>& work);
  // The copies that can be reached get what was written, meanwhile and at the end; what keeps one from it is a warning.
  [[nodiscard]] Result<int> with_writer(const std::function<Result<int>(vault::Vault&)>& work,
                                        Ships ships = Ships::yes);
  // Set by verbs that make the catalog anew: in a server they wait until nobody else is in the vault.
  bool wants_vault_alone = false;
  // Says at the end of the command how many copies there are, also where there is none.
  bool tells_copies = false;

  [[nodiscard]] Result<std::string> read_passphrase_file(const std::string& path);
  // "y" on the terminal; `usage` where there is none and --yes was not given.
  [[nodiscard]] Result<bool> confirm(const std::string& question);
  [[nodiscard]] std::string absolute(const std::string& path) const;
  [[nodiscard]] unsigned workers() const { return options.jobs > 0 ? options.jobs : environment.workers; }

 private:
  [[nodiscard]] Result<std::unique_ptr<vault::Vault>> open(bool writable, bool tells_notices);
  std::unique_ptr<vault::Home> home_;
  keyring::WipedText typed_;  // a passphrase that opened: asked for once, though a vault is opened several times
};

}  // namespace atl::cli
