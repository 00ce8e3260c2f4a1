#include "vault/status.h"

#include <algorithm>

#include "foundation/base/units.h"
#include "vault/copies.h"

namespace atl::vault {
namespace {

// Sizes of everything below `path`; what vanishes meanwhile counts as nothing.
std::uint64_t bytes_below(platform::FileSystem& files, const std::string& path) {
  const auto entries = files.list(path);
  if (!entries) return 0;
  std::uint64_t bytes = 0;
  for (const auto& entry : *entries) {
    const std::string child = platform::join(path, entry.name);
    if (entry.kind == platform::FileKind::directory) {
      bytes += bytes_below(files, child);
    } else if (const auto info = files.stat(child); info && *info) {
      bytes += (*info)->size;
    }
  }
  return bytes;
}

std::uint64_t bytes_of(platform::FileSystem& files, const std::string& path) {
  const auto info = files.stat(path);
  return info && *info ? (*info)->size : 0;
}

std::uint64_t number_in(const catalog::JobRow& job, const std::string& name) {
  const auto fact = job.facts.find(name);
  if (fact == job.facts.end()) return 0;
  return parse_size(fact->second).value_or(0);
}

}  // namespace

Result<VaultStatus> vault_status(Vault& vault) {
  VaultStatus status;
  status.id = vault.head().vault;
  status.name = vault.keys().vault_name();
  status.suite = vault.head().suite;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  for (const auto& bucket : buckets) {
    ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
    status.buckets.push_back({bucket.name, totals.objects(), totals.logical_bytes});
  }
  ATOLL_ASSIGN(const auto totals, reader->totals());
  status.files = totals.of(catalog::EntryKind::file);
  status.folders = totals.of(catalog::EntryKind::directory) + totals.of(catalog::EntryKind::marker);
  status.others = totals.objects() - status.files - status.folders;
  status.logical_bytes = totals.logical_bytes;
  const auto chunks = vault.chunks().totals();
  status.unique_bytes = chunks.raw_bytes;
  status.pack_bytes = chunks.stored_bytes;
  ATOLL_ASSIGN(const auto journal, vault.journal().stats());
  status.journal_bytes = journal.bytes;
  platform::FileSystem& files = vault.machine().files;
  status.derived_bytes = bytes_of(files, platform::join(vault.folder(), "catalog.sqlite")) +
                         bytes_of(files, platform::join(vault.folder(), "catalog.sqlite-wal")) +
                         bytes_below(files, platform::join(vault.folder(), "indexes"));
  status.last_lsn = vault.journal().last();
  status.last_commit_time = vault.journal().last_commit_time();
  ATOLL_ASSIGN(const auto structure, reader->job("verify", "structure"));
  ATOLL_ASSIGN(const auto data, reader->job("verify", "data"));
  if (structure) {
    status.last_structure_verify = structure->finished;
    status.last_verify_ok = structure->is_ok;
  }
  if (data) {
    status.last_data_verify = data->finished;
    status.last_verify_ok = status.last_verify_ok && data->is_ok;
  }
  ATOLL_ASSIGN(const auto collected, reader->job("gc", "last"));
  if (collected) {
    status.last_collect = collected->finished;
    status.collect_history_bytes = number_in(*collected, "bytes_history");
    status.collect_horizon_bytes = number_in(*collected, "bytes_horizon");
  }
  ATOLL_ASSIGN(const auto space, files.space(vault.folder()));
  status.available_bytes = space.available_bytes;

  if (vault.keys().was_damaged()) {
    status.findings.push_back({"keyring.damaged_copy", "One of the two keyring files is damaged.", "atoll doctor"});
  }
  if (!status.last_verify_ok) {
    status.findings.push_back({"verify.found_damage", "The last verify found damage.", "atoll verify --data"});
  }
  ATOLL_ASSIGN(const auto copies, copy_finding(vault));
  if (copies) status.findings.push_back({copies->id, copies->message, copies->command});
  if (status.suite == codec::SealSuite::none) {
    status.findings.push_back({"encryption.none", "Not encrypted: whoever has the disk can read it.", ""});
  } else if (vault.keys().kit_state() == keyring::Keyring::KitState::never_saved) {
    status.findings.push_back({"kit.never_saved",
                               "Recovery kit not saved: without this machine's keys nothing here can be opened.",
                               "atoll key kit --to /mnt/stick"});
  } else if (vault.keys().kit_state() == keyring::Keyring::KitState::stale) {
    status.findings.push_back(
        {"kit.stale", "The saved recovery kit is from before the keys changed.", "atoll key kit --to /mnt/stick"});
  }
  if (status.files > 0 && !status.last_data_verify) {
    status.findings.push_back({"verify.never", "Never read back whole.", "atoll verify --data"});
  }
  return status;
}

}  // namespace atl::vault
