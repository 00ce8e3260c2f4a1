// Where content lies now.
#include "vault/keeping/policy.h"
#include "vault/tier/tiers.h"

namespace atl::vault {

using chunk::Temperature;

Temperature LyingBytes::tier() const {
  Temperature most = Temperature::warm;
  std::uint64_t bytes = 0;
  for (const Temperature tier : kTiersHottestFirst) {
    if (raw[tier] <= bytes) continue;
    most = tier;
    bytes = raw[tier];
  }
  return most;
}

TierMap::TierMap(Vault& vault) : vault_(&vault) {
  for (const auto& pack : vault.chunks().list_packs()) {
    tier_of_pack_.emplace(pack.id, pack.temperature);
    if (pack.is_condemned) continue;
    TierUse& use = packs_[pack.temperature];
    ++use.packs;
    use.raw_bytes += pack.raw_bytes;
    use.stored_bytes += pack.stored_bytes;
  }
}

Result<LyingBytes> TierMap::of(const catalog::VersionRow& version) const {
  LyingBytes lies;
  if (vault_->keys().domain(version.content.domain) == nullptr) return lies;
  ATOLL_TRY(for_each_chunk(vault_->chunks(), version.content, [&](const ChunkId& id, bool is_list) -> Result<bool> {
    ATOLL_ASSIGN(const auto place, vault_->chunks().place_of(id));
    if (!place) return true;  // not in a pack yet, or lost: verify says which
    const auto pack = tier_of_pack_.find(place->pack);
    const Temperature tier = pack == tier_of_pack_.end() ? Temperature::warm : pack->second;
    if (!is_list) lies.raw[tier] += place->length;
    lies.stored[tier] += place->stored_bytes;
    return true;
  }));
  return lies;
}

Result<PerTier<TierUse>> tiers_of(Vault& vault, const Selection& selection) {
  const TierMap map(vault);
  PerTier<TierUse> uses;
  const auto count = [&](const catalog::VersionRow& version) -> Result<void> {
    ATOLL_ASSIGN(const LyingBytes lies, map.of(version));
    ++uses[lies.tier()].objects;
    for (const Temperature tier : kTiersHottestFirst) {
      uses[tier].raw_bytes += lies.raw[tier];
      uses[tier].stored_bytes += lies.stored[tier];
    }
    return {};
  };
  ATOLL_ASSIGN(const auto bucket, Objects(vault).bucket(selection.bucket));
  const auto reader = vault.reader();
  ATOLL_TRY(reader->scan(bucket.id, selection.prefix, "", [&](const catalog::Listed& listed) -> Result<bool> {
    if (listed.version.kind == catalog::EntryKind::file) ATOLL_TRY(count(listed.version));
    return true;
  }));
  return uses;
}

Result<ObjectTemperature> temperature_of(Vault& vault, const Objects::Found& object) {
  ObjectTemperature answer;
  ATOLL_ASSIGN(const AccessBook book, AccessBook::open(vault));
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const EffectivePolicy policy, policy_of(*reader, object.bucket));
  ATOLL_ASSIGN(const TierRules rules, TierRules::parse(policy.rules.tier_rules, book.now()));
  filter::Subject subject = subject_of(object.entry.key, object.version, book.now());
  ATOLL_TRY(add_accesses(subject, object.version, book));
  if (const TierRule* rule = rules.rule_for(subject)) answer.rule = rule->text;
  answer.wanted = rules.tier_of(subject);
  answer.accesses = subject.accesses.value_or(0);
  ATOLL_ASSIGN(const auto count, book.of(object.version.object));
  if (count) answer.last_access = count->last;
  answer.counted_since = book.since();
  ATOLL_ASSIGN(answer.lies, TierMap(vault).of(object.version));
  return answer;
}

}  // namespace atl::vault
