#include "vault/access/usage.h"

#include <vector>

#include "foundation/base/actor.h"

namespace atl::access {
namespace {

using Key = std::tuple<VaultId, std::string, std::string>;

void add(std::map<Key, Used>& sums, const Key& key, const Used& change) {
  Used& sum = sums[key];
  sum.bytes += change.bytes;
  sum.objects += change.objects;
}

}  // namespace

Result<void> Usage::count(vault::Vault& vault, bool by_principal) {
  const auto reader = vault.reader();
  const VaultId id = vault.keys().vault();
  std::map<std::pair<std::string, std::string>, Used> fresh;
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  for (const auto& bucket : buckets) {
    if (!by_principal) {
      ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
      fresh[{bucket.name, ""}] = {static_cast<std::int64_t>(totals.logical_bytes),
                                  static_cast<std::int64_t>(totals.objects())};
      continue;
    }
    ATOLL_TRY(reader->scan(bucket.id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      Used& sum = fresh[{bucket.name, std::string(account_of(listed.version.actor))}];
      sum.bytes += static_cast<std::int64_t>(listed.version.size);
      ++sum.objects;
      return true;
    }));
  }
  {
    const std::lock_guard lock(mutex_);
    // Only single values are taken out; the sums over all follow from them.
    std::vector<std::pair<Key, Used>> old;
    for (const auto& [key, used] : sums_) {
      if (std::get<0>(key) == id && !std::get<1>(key).empty()) old.emplace_back(key, used);
    }
    // What belongs to all actors of a bucket, and what to one: each is a row of its own, so both are taken back as
    // they were noted.
    for (const auto& [key, used] : old) {
      const auto& [vault_id, bucket, actor] = key;
      if (!actor.empty()) {
        const Used back{-used.bytes, -used.objects};
        add(sums_, {VaultId{}, "", actor}, back);
        add(sums_, {VaultId{}, bucket, actor}, back);
        add(sums_, {vault_id, "", actor}, back);
      } else {
        const Used back{-used.bytes, -used.objects};
        add(sums_, {VaultId{}, "", ""}, back);
        add(sums_, {VaultId{}, bucket, ""}, back);
        add(sums_, {vault_id, "", ""}, back);
      }
      sums_.erase(key);
    }
  }
  for (const auto& [place, used] : fresh) note(id, place.first, place.second, used);
  return {};
}

void Usage::note(const VaultId& vault, const std::string& bucket, const std::string& actor, const Used& change) {
  const std::string account(account_of(actor));
  const std::lock_guard lock(mutex_);
  for (const VaultId& one_vault : {VaultId{}, vault}) {
    for (const std::string& one_bucket : {std::string(), bucket}) {
      add(sums_, {one_vault, one_bucket, ""}, change);
      if (!account.empty()) add(sums_, {one_vault, one_bucket, account}, change);
    }
  }
}

Used Usage::of(const VaultId& vault, const std::string& bucket, const std::string& actor) const {
  const std::lock_guard lock(mutex_);
  const auto found = sums_.find({vault, bucket, actor});
  return found == sums_.end() ? Used{} : found->second;
}

}  // namespace atl::access
