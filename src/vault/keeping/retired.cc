#include "vault/keeping/retired.h"

#include <algorithm>
#include <unordered_map>

#include "vault/keeping/pins.h"

namespace atl::vault {
namespace {

using catalog::PackRow;

constexpr std::size_t kPacksPerCommand = 4'000;

PackRow row_of(const PackId& id, DomainNumber domain, chunk::Temperature temperature) {
  PackRow row;
  row.id = id;
  row.domain = domain;
  row.temperature = static_cast<catalog::Temperature>(temperature);
  return row;
}

Result<void> remove_rows(Vault& vault, std::span<const PackId> ids) {
  for (std::size_t first = 0; first < ids.size(); first += kPacksPerCommand) {
    const auto part = ids.subspan(first, std::min(kPacksPerCommand, ids.size() - first));
    ATOLL_TRY(vault.commit(journal::CommandKind::pack_change,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             for (const PackId& id : part) {
                               ATOLL_ASSIGN(const auto row, context.state.pack(id));
                               if (!row || row->retired.value == 0) continue;
                               changes.remove(kDefaultDomain, journal::TableNumber::packs, catalog::key_of(*row));
                             }
                             return {};
                           }));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<platform::FileLock>> lock_packs(Vault& vault, std::string id, const std::string& who) {
  const std::string staging = platform::join(vault.folder(), "staging");
  ATOLL_TRY(platform::create_directories(vault.machine().files, staging));
  auto lock = vault.machine().files.lock(platform::join(staging, "gc.lock"), platform::LockMode::exclusive);
  if (!lock && lock.error().kind == ErrorKind::locked) {
    return fail(ErrorKind::locked, std::move(id), who + " is at work in this vault", "Wait until it is done.");
  }
  return lock;
}

Result<void> retire_packs(Vault& vault, std::span<const chunk::PackInfo> retired,
                          std::span<const chunk::NewPack> fresh) {
  // New packs get their rows first: they hold what the old ones held.
  for (std::size_t first = 0; first < fresh.size() + retired.size(); first += kPacksPerCommand) {
    const std::size_t end = std::min(first + kPacksPerCommand, fresh.size() + retired.size());
    ATOLL_TRY(vault.commit(journal::CommandKind::pack_change,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             for (std::size_t i = first; i < end; ++i) {
                               if (i < fresh.size()) {
                                 PackRow row = row_of(fresh[i].id, fresh[i].domain, fresh[i].temperature);
                                 row.created = context.commit_time;
                                 changes.put(row);
                                 continue;
                               }
                               const chunk::PackInfo& info = retired[i - fresh.size()];
                               ATOLL_ASSIGN(auto known, context.state.pack(info.id));
                               PackRow row = known ? std::move(*known) : row_of(info.id, info.domain, info.temperature);
                               row.retired = context.lsn;
                               changes.put(row);
                             }
                             return {};
                           }));
  }
  return {};
}

Result<RemovedPacks> remove_retired_packs(Vault& vault) {
  RemovedPacks removed;
  ATOLL_ASSIGN(const auto rows, vault.reader()->packs());
  std::vector<PackId> retired;
  for (const PackRow& row : rows) {
    if (row.retired.value > 0) retired.push_back(row.id);
  }
  if (retired.empty()) return removed;
  vault.chunks().condemn_again(retired);
  std::unordered_map<PackId, std::uint64_t> sizes;
  for (const auto& pack : vault.chunks().list_packs()) sizes.emplace(pack.id, pack.stored_bytes);
  // Pins after rows: a reader that comes later sees a state in which these packs are retired already.
  ATOLL_ASSIGN(const auto oldest, oldest_pin(vault.machine().files, vault.folder()));
  std::vector<PackId> gone;
  for (const PackRow& row : rows) {
    if (row.retired.value == 0) continue;
    const auto size = sizes.find(row.id);
    if (oldest && *oldest < row.retired) {
      ++removed.waiting;
      if (size != sizes.end()) removed.waiting_bytes += size->second;
      continue;
    }
    ATOLL_ASSIGN(const bool was_there, vault.chunks().remove_pack(row.id));
    if (was_there) {
      ++removed.packs;
      if (size != sizes.end()) removed.bytes += size->second;
    }
    gone.push_back(row.id);
  }
  ATOLL_TRY(remove_rows(vault, gone));
  return removed;
}

}  // namespace atl::vault
