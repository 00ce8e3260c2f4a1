#include "vault/tier/rules.h"
#include "catalog/entry_kind.h"
#include "catalog/filter/loose_blanks.h"

#include <algorithm>
#include <array>

namespace atl::vault {
namespace {

using chunk::Temperature;

constexpr std::array kTiers = {Temperature::hot, Temperature::warm, Temperature::cold};

std::uint64_t seconds_between(Timestamp from, Timestamp to) {
  return to <= from ? 0 : static_cast<std::uint64_t>(to.unix_us - from.unix_us) / 1'000'000;
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string_view name_of(Temperature tier) {
  switch (tier) {
    case Temperature::hot: return "hot";
    case Temperature::warm: return "warm";
    case Temperature::cold: return "cold";
  }
  return "warm";
}

Result<TierRule> parse_tier_rule(std::string_view text, Timestamp now) {
  std::string_view rest = text;
  const std::string_view tier = take_word(rest);
  const std::string_view joint = take_word(rest);
  const auto* const found = std::ranges::find_if(kTiers, [&](Temperature one) { return name_of(one) == tier; });
  if (found == kTiers.end() || (joint != "if" && joint != "when") || rest.find_first_not_of(' ') == rest.npos) {
    return fail(ErrorKind::usage, "policy.bad_tier_rule", "\"" + std::string(text) + "\" is no rule for a tier",
                "Write it as \"cold if FILTER\", for example \"cold if age>180d and accesses<1\"; the tiers are hot, "
                "warm and cold.");
  }
  TierRule rule;
  rule.tier = *found;
  auto filter = filter::parse(filter::without_loose_blanks(rest), now);
  if (!filter) return pass(std::move(filter).error().with_context("the rule \"" + std::string(text) + "\""));
  rule.filter = std::move(*filter);
  rule.text = std::string(tier) + " if " + rule.filter.text();
  return rule;
}

Result<TierRules> TierRules::parse(std::span<const std::string> texts, Timestamp now) {
  TierRules rules;
  for (const std::string& text : texts) {
    ATOLL_ASSIGN(rules.rules_.emplace_back(), parse_tier_rule(text, now));
  }
  return rules;
}

Temperature tier_of_class(std::string_view storage_class) {
  if (storage_class == "GLACIER_IR" || storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE") {
    return Temperature::cold;
  }
  return storage_class == "EXPRESS_ONEZONE" ? Temperature::hot : Temperature::warm;
}

Temperature tier_of_class(const catalog::VersionRow& version) {
  const auto found = version.metadata.find(std::string(kStorageClassKey));
  return found == version.metadata.end() ? Temperature::warm : tier_of_class(found->second);
}

const TierRule* TierRules::rule_for(const filter::Subject& subject) const {
  const auto found = std::ranges::find_if(rules_, [&](const TierRule& rule) { return rule.filter.matches(subject); });
  return found == rules_.end() ? nullptr : &*found;
}

Temperature TierRules::tier_of(const filter::Subject& subject) const {
  if (const TierRule* rule = rule_for(subject)) return rule->tier;
  if (subject.metadata == nullptr) return Temperature::warm;
  const auto found = subject.metadata->find(std::string(kStorageClassKey));
  return found == subject.metadata->end() ? Temperature::warm : tier_of_class(found->second);
}

bool TierRules::asks_for_accesses() const {
  return std::ranges::any_of(rules_, [](const TierRule& rule) { return rule.filter.asks_for_accesses(); });
}

filter::Subject subject_of(std::string_view key, const catalog::VersionRow& version, Timestamp now) {
  filter::Subject subject;
  std::string_view path = key;
  if (path.ends_with('/')) path.remove_suffix(1);
  subject.name = path.substr(path.rfind('/') + 1);
  subject.key = key;
  subject.type = word_of(version.kind);
  subject.size = version.size;
  subject.modified = version.modified;
  subject.stored = version.begin_time;
  subject.age_s = seconds_between(version.begin_time, now);
  subject.content_type = version.content_type;
  subject.by = version.actor;
  subject.tags = &version.tags;
  subject.metadata = &version.metadata;
  return subject;
}

Result<void> add_accesses(filter::Subject& subject, const catalog::VersionRow& version, const AccessBook& book) {
  if (version.end.value != 0) {
    subject.idle_s = seconds_between(version.end_time, book.now());
    subject.accesses = 0;
    return {};
  }
  ATOLL_ASSIGN(const auto count, book.of(version.object));
  Timestamp last = std::max(version.begin_time, book.since());
  if (count) last = std::max(last, count->last);
  subject.idle_s = seconds_between(last, book.now());
  subject.accesses = count ? decayed(*count, book.now(), book.half_life_seconds()) : 0;
  return {};
}

}  // namespace atl::vault
