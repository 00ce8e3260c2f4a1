#include "edge/server/version_facts.h"

#include <algorithm>

#include "vault/tier/tiers.h"

namespace atl::server {

Result<void> add_version_facts(const access::Access& access, const access::Who& who, access::Action action,
                               vault::Vault& vault, const catalog::VersionRow& version, Timestamp now,
                               access::Resource& asked) {
  const std::int64_t age_us = now.unix_us - version.begin_time.unix_us;
  asked.age_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(age_us, 0) / 1'000'000);
  if (access.decide(who, action, asked).allowed || version.kind != catalog::EntryKind::file) return {};
  ATOLL_ASSIGN(const auto lies, vault::TierMap(vault).of(version));
  switch (lies.tier()) {
    case chunk::Temperature::hot: asked.tier = access::Tier::hot; break;
    case chunk::Temperature::warm: asked.tier = access::Tier::warm; break;
    case chunk::Temperature::cold: asked.tier = access::Tier::cold; break;
  }
  return {};
}

}  // namespace atl::server
