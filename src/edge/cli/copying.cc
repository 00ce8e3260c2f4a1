#include "edge/cli/copying.h"

#include "edge/cli/s3_keys.h"
#include "foundation/base/units.h"
#include "vault/domain/shred.h"

namespace atl::cli {
namespace {

constexpr std::uint64_t kKitBytesMax = 2 * kMiB;

void say_outcome(Session& session, const vault::Vault& vault, const backup::CopyOutcome& outcome) {
  Output& output = session.output;
  if (!outcome.error) {
    if (session.tells_copies || outcome.report.bytes > 0) {
      output.message("Copy \"" + outcome.name + "\" holds all of it" +
                     (outcome.report.bytes > 0 ? " (" + format_size(outcome.report.bytes) + " copied and read back)."
                                               : std::string(".")));
    }
    return;
  }
  const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), outcome.name);
  const std::uint64_t last = vault.journal().last().value;
  const bool is_known = state && state->history == vault.head().history;
  const std::uint64_t behind = last - (is_known ? std::min(last, state->shipped.value) : 0);
  output.warning(outcome.error->id, "copy \"" + outcome.name + "\" is " + format_count(behind) +
                                        " changes behind: " + outcome.error->message);
}

// A copy that was brought up to date after a bucket was shredded has the keyring without its keys.
Result<void> confirm_shredded(vault::Vault& vault) {
  ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::DomainRow>());
  for (const auto& row : rows) {
    if (row.destroyed.unix_us == 0) continue;
    for (const std::string& elsewhere : row.unconfirmed) {
      if (!elsewhere.starts_with("copy ")) continue;
      const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), elsewhere.substr(5));
      if (state && state->synced > row.destroyed) ATOLL_TRY(vault::confirm_shred(vault, row.number, elsewhere));
    }
  }
  return {};
}

}  // namespace

Result<catalog::CopyRow> find_copy(vault::Vault& vault, const std::string& name) {
  catalog::CopyRow row;
  row.name = name;
  ATOLL_ASSIGN(const auto found, vault.reader()->one<catalog::CopyRow>(catalog::key_of(row)));
  if (found) return *found;
  return fail(ErrorKind::not_found, "copy.not_found", "there is no copy \"" + name + "\"",
              "`atoll copy list` shows them.");
}

Result<Bytes> read_kit(Session& session, const std::string& given, const VaultId& vault) {
  platform::FileSystem& files = session.environment.machine.files;
  const std::string path = session.absolute(given);
  ATOLL_ASSIGN(const auto info, files.stat(path));
  if (!info) return fail(ErrorKind::not_found, "kit.not_found", "there is no recovery kit in " + path);
  if (info->kind != platform::FileKind::directory) return platform::read_whole(files, path, kKitBytesMax);
  ATOLL_ASSIGN(const auto entries, files.list(path));
  for (const std::string_view suffix : {".kit", ".txt"}) {
    for (const auto& entry : entries) {
      if (entry.kind != platform::FileKind::file || !entry.name.ends_with(suffix)) continue;
      auto kit = platform::read_whole(files, platform::join(path, entry.name), kKitBytesMax);
      if (!kit) continue;
      const auto owner = keyring::Keyring::vault_of_kit(*kit);
      if (owner && (!*owner || **owner == vault)) return kit;
    }
  }
  return fail(ErrorKind::not_found, "kit.not_found",
              path + " holds no recovery kit of vault " + vault.text() + ", whose copy this is");
}

Result<int> with_copies(Session& session, vault::Vault& vault, const std::function<Result<int>(vault::Vault&)>& work) {
  // Rows that cannot be read are the work's to stumble over, not ours.
  auto keeper = backup::CopyKeeper::open(vault, copy_surroundings(session.environment));
  if (!keeper) return work(vault);
  if (const auto noted = confirm_shredded(vault); !noted) return pass(noted.error());
  auto answer = [&] {
    backup::ShipperThread shipping(session.environment.machine, **keeper);
    auto done = work(vault);
    shipping.stop();
    if (session.output.verbosity > 0 && shipping.rounds() > 0) {
      session.output.message("Copies: " + std::to_string(shipping.rounds()) + " rounds, at most " +
                             format_duration(static_cast<double>(shipping.longest_lag_us()) * 1e-6) + " behind.");
    }
    return done;
  }();
  if ((*keeper)->is_empty()) {
    if (session.tells_copies && answer) {
      const auto finding = vault::copy_finding(vault);
      if (finding && *finding)
        session.output.message(session.output.red("! " + (*finding)->message) + "  " + (*finding)->command);
    }
    return answer;
  }
  // Also where no change was made: keys change without one. Sealed and archived first: then each file is shipped once,
  // in its final form.
  if (const auto settled = vault.settle(); !settled) return answer ? pass(settled.error()) : std::move(answer);
  backup::ShipOptions options;
  options.stop = &session.environment.stop;
  options.on_notice = [&](const std::string& words) { session.output.warning("copy.source", words); };
  const std::int64_t started_ns = session.environment.machine.clock.monotonic_ns();
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    if (session.output.is_json) return;  // status lines after the summary would surprise
    session.output.byte_progress(
        "copied", done, total,
        static_cast<double>(session.environment.machine.clock.monotonic_ns() - started_ns) * 1e-9);
  };
  const auto outcomes = (*keeper)->round(options);
  session.output.end_progress();
  if (outcomes) {
    for (const auto& outcome : *outcomes) say_outcome(session, vault, outcome);
  }
  return answer;
}

}  // namespace atl::cli
