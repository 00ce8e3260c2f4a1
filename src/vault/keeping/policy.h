// How long the ended versions of a bucket's objects stay: which rules hold, what they mean in words, what goes when.
//
// Always true:
//  - Everything here only reads and decides; expire.h acts on it.
//  - The current version never goes. Of an object's versions, an older one never outlasts a newer one that was made in
//    the same hour, day, week, month or year: the decision does not depend on how often it was asked.
//  - Where a bucket has no row of its own the vault's row holds (zero bucket), and without that the built-in rules.
//    Horizon and audit are the vault's alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace atl::vault {

enum class PolicySource : std::uint8_t { bucket, vault, built_in };
[[nodiscard]] std::string_view name_of(PolicySource source);

struct EffectivePolicy {
  catalog::PolicyRow rules;  // its horizon and audit are the vault's
  PolicySource source = PolicySource::built_in;
  PolicySource horizon_source = PolicySource::built_in;
  bool keeps_history = true;  // false: the bucket keeps no ended versions, whatever the rules say
};

// Every version 30 days, then the last of each day for 90 days and of each week for a year; horizon 30 days, audit a
// year.
[[nodiscard]] catalog::PolicyRow built_in_policy();
[[nodiscard]] Result<EffectivePolicy> policy_of(catalog::CatalogReader& reader, const catalog::BucketRow& bucket);
[[nodiscard]] Result<EffectivePolicy> policy_of_vault(catalog::CatalogReader& reader);
// `usage` where the rules contradict themselves or name a tier that there is not.
[[nodiscard]] Result<void> check_policy(const catalog::PolicyRow& rules);
// Plain sentences, most important first.
[[nodiscard]] std::vector<std::string> words(const EffectivePolicy& policy);
// "30 days", "1 year", "90 minutes"
[[nodiscard]] std::string span_words(std::uint64_t seconds);

// What decides over one version.
struct VersionSpan {
  VersionId version;
  Timestamp begin_time;
  Timestamp end_time;
  bool is_current = false;
};
[[nodiscard]] VersionSpan span_of(const catalog::VersionRow& row);

struct VersionFate {
  bool goes = false;                 // now
  std::optional<Timestamp> goes_at;  // none: not under these rules (it is current, or kept whatever its age)
};
// One fate for each version of one object, in the order given: newest first, the current one (if any) in front.
[[nodiscard]] std::vector<VersionFate> versions_to_end(const EffectivePolicy& policy,
                                                       std::span<const VersionSpan> newest_first, Timestamp now);
// Whole days until then, rounded up; 0: it goes with the next gc.
[[nodiscard]] std::uint64_t days_left(Timestamp goes_at, Timestamp now);
// Until when rules forbid removing this version for good; none where nothing does.
[[nodiscard]] std::optional<Timestamp> retained_until(const EffectivePolicy& policy, const VersionSpan& version,
                                                      Timestamp now);

}  // namespace atl::vault
