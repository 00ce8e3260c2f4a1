// What the command line needs from the world around the program; app/ gives the real thing, tests a made-up one.
// Always true: stdout carries data only; messages, progress and questions go to stderr.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/file_watcher.h"
#include "foundation/platform/host_tree.h"
#include "foundation/platform/machine.h"
#include "foundation/platform/programs.h"
#include "vault/home.h"

namespace atl::access {
class Access;
struct Who;
}  // namespace atl::access

namespace atl::observe {
class Observer;
}

namespace atl::search {
class SearchIndex;
}

namespace atl::cli {

class Terminal {
 public:
  virtual ~Terminal() = default;
  [[nodiscard]] virtual Result<void> write_out(ByteView bytes) = 0;  // `io` "output.closed" where nobody reads any more
  virtual void write_error(std::string_view text) = 0;
  [[nodiscard]] virtual Result<std::size_t> read_in(ByteSpan out) = 0;  // 0 at the end
  [[nodiscard]] virtual bool is_out_terminal() const = 0;
  [[nodiscard]] virtual bool is_error_terminal() const = 0;
  [[nodiscard]] virtual bool is_in_terminal() const = 0;
  // Asks on the terminal, without echo. Fails where there is no terminal.
  [[nodiscard]] virtual Result<std::string> read_secret(const std::string& prompt) = 0;
};

// What `serve` was told. Secrets are in `secrets`, never in words.
struct ServeRequest {
  std::string home_folder;
  std::string config_folder;  // where certificates made on first use lie; never inside the home
  vault::UnlockSecrets secrets;
  std::vector<std::string> listen;  // "127.0.0.1:7070"
  std::string tls_certificate, tls_key;
  bool no_tls = false;  // beyond this machine without TLS: a proxy does it
  std::string base_url;
  std::vector<std::string> trusted_proxies;
  bool takes_forwarded = false;  // proxies write Forwarded (RFC 7239), not X-Forwarded-*
  std::string s3_domain;
  std::string s3_region = "us-east-1";
  bool s3_fast_etags = false;  // no MD5 but where a client sends one along
  bool repairs = true;         // what turns out to be damaged is mended from a copy by itself
  std::string default_vault;
  std::string metrics_token;
  std::string trace_sink;                          // "http://collector:4318/v1/traces"; empty: none
  std::string previews = "all";                    // all, asked, off
  std::string recognition = "documents";           // of text in pictures: off, documents, all
  std::vector<std::string> recognition_languages;  // empty: those that are installed
  // At the socket of the home and nowhere else, and without a first account: nobody else can sign in.
  bool is_for_owner_alone = false;
  bool logs_json = false;
  bool is_quiet = false;
  std::uint64_t threads = 0;
  std::uint64_t drain_seconds = 30;
};

// Id of the error with which a command inside a server ends where it wants to ask something: the message is the
// question.
inline constexpr std::string_view kQuestionId = "confirm.needed";

// The vaults that a running server has open, for commands that run inside it.
// Long work of the server's, as `atoll job list` shows it.
struct ServedJob {
  std::string id, kind, vault_name, actor, state, step, message;
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: nobody knows
  Timestamp created;
  Timestamp ended;  // 0: not yet
};

class ServedVaults {
 public:
  virtual ~ServedVaults() = default;
  // A handle of the command's own; close() of it leaves the vault open. `alone`: waits until nobody else is in it.
  [[nodiscard]] virtual Result<std::unique_ptr<vault::Vault>> open(const std::string& name_or_id, bool alone) = 0;
  [[nodiscard]] virtual std::string home_folder() const = 0;
  // The accounts, and who runs the command.
  [[nodiscard]] virtual access::Access& accounts() = 0;
  [[nodiscard]] virtual const access::Who& who() const = 0;
  // By which the objects of the vault are found, which was open()ed; null: by nothing.
  [[nodiscard]] virtual search::SearchIndex* search() const = 0;
  // Who watches the home; null: nobody.
  [[nodiscard]] virtual observe::Observer* observer() const = 0;
  [[nodiscard]] virtual Result<VaultId> find_vault(const std::string& name_or_id) const = 0;
  // Those that are open, without `control`, and the ids of those that are locked.
  [[nodiscard]] virtual std::vector<std::pair<VaultId, std::string>> vaults() const = 0;
  [[nodiscard]] virtual std::vector<std::string> locked_vaults() const = 0;
  [[nodiscard]] virtual std::vector<ServedJob> jobs() const = 0;  // newest first
  // `not_found` "job.not_found". One that has ended stays as it is.
  [[nodiscard]] virtual Result<void> cancel_job(const std::string& id) = 0;
};

struct Environment {
  platform::Machine machine;
  platform::HostTree& host;
  platform::FileWatchers& watchers;
  Terminal& terminal;
  std::function<std::optional<std::string>(const std::string&)> variable;  // of the process's environment
  platform::Programs& programs;
  const std::atomic<bool>& stop;  // set by the first SIGINT or SIGTERM
  std::string process_words;      // "pid 4711 on host"
  std::string working_folder;
  // Runs the server until it is told to stop. Null: this program is none that could.
  std::function<Result<int>(ServeRequest, Environment&)> serve = nullptr;
  // Told the error that a command ends with, before it is printed; true: it is not to be printed.
  std::function<bool(const Error&)> on_error = nullptr;
  // Set where the command runs inside a server; file and environment have had their say then.
  ServedVaults* served = nullptr;
  // The files that the command names are another machine's: no program of this one may be started with them.
  bool is_elsewhere = false;
  // Inside a server: what travelled of the environment of whoever typed the command (kCallersVariables). `variable` is
  // the server's.
  std::function<std::optional<std::string>(const std::string&)> callers_variable = nullptr;
  // Told into which bucket sources are stored, before they are read.
  std::function<void(vault::Vault&, const catalog::BucketRow&)> on_bucket = nullptr;
  unsigned workers = 0;               // at once, where nobody says; 0: one per core
  std::string previews_program = {};  // path of atoll-previews; empty: not installed
};

// The whole program: parses, works, prints, and returns the exit code (docs/cli.md lists them).
[[nodiscard]] int run(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace atl::cli
