// Which tier an object belongs to: the rules of its bucket's policy, in the language of `find`.
//
//     cold if age>180d and accesses<1
//
// Always true:
//  - The first rule that matches decides; where none does the storage class that S3's clients gave, else it is warm.
//  - A rule is a pure function of the object's row, of what is known of its accesses, and of the moment.
//  - Without counted accesses an object was read last when its version came, or when counting began, whichever is
//  later:
//    what was lost of the counts makes nothing look idle.
//  - An ended version counts as never read since it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/filter/filter.h"
#include "catalog/rows.h"
#include "store/chunk/temperature.h"
#include "vault/tier/accesses.h"

namespace atl::vault {

[[nodiscard]] std::string_view name_of(chunk::Temperature tier);

struct TierRule {
  chunk::Temperature tier = chunk::Temperature::warm;
  filter::Filter filter;
  std::string text;  // canonical: "cold if age>180d"
};
// "TIER if FILTER"; `when` for `if`, and blanks around comparisons, are understood too. Relative times count from
// `now`. Errors: `usage` "policy.bad_tier_rule", and those of filters.
[[nodiscard]] Result<TierRule> parse_tier_rule(std::string_view text, Timestamp now);

// A version's storage class stands in its metadata under this name, as S3 writes it; without it is "STANDARD".
inline constexpr std::string_view kStorageClassKey = "header:x-amz-storage-class";
// GLACIER_IR, GLACIER and DEEP_ARCHIVE are cold, EXPRESS_ONEZONE is hot, all others are warm.
[[nodiscard]] chunk::Temperature tier_of_class(std::string_view storage_class);
[[nodiscard]] chunk::Temperature tier_of_class(const catalog::VersionRow& version);

class TierRules {
 public:
  [[nodiscard]] static Result<TierRules> parse(std::span<const std::string> texts, Timestamp now);
  [[nodiscard]] chunk::Temperature tier_of(const filter::Subject& subject) const;
  // The rule that decides; none: no rule matches.
  [[nodiscard]] const TierRule* rule_for(const filter::Subject& subject) const;
  [[nodiscard]] bool asks_for_accesses() const;
  [[nodiscard]] bool empty() const { return rules_.empty(); }

 private:
  std::vector<TierRule> rules_;
};

// What filters ask about a version; accesses aside. Views into both arguments.
[[nodiscard]] filter::Subject subject_of(std::string_view key, const catalog::VersionRow& version, Timestamp now);
// Adds `idle` and `accesses`.
[[nodiscard]] Result<void> add_accesses(filter::Subject& subject, const catalog::VersionRow& version,
                                        const AccessBook& book);

}  // namespace atl::vault
