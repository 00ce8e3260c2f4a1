#include "vault/keeping/policy.h"

#include <algorithm>
#include <chrono>

#include "vault/tier/rules.h"

namespace atl::vault {
namespace {

using catalog::PolicyRow;

constexpr std::uint64_t kMinute = 60;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kYear = 365 * kDay;
// Longer spans mean "for ever" as well, and adding them to a time must not overflow.
constexpr std::uint64_t kSpanMax = 1000 * kYear;
constexpr std::int64_t kMicroseconds = 1'000'000;

Timestamp later(Timestamp time, std::uint64_t seconds) {
  return {time.unix_us + static_cast<std::int64_t>(std::min(seconds, kSpanMax)) * kMicroseconds};
}

std::int64_t floor_divided(std::int64_t value, std::int64_t by) {
  const std::int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

std::int64_t day_of(Timestamp time) {
  return floor_divided(time.unix_us, static_cast<std::int64_t>(kDay) * kMicroseconds);
}
std::int64_t hour_of(Timestamp time) {
  return floor_divided(time.unix_us, static_cast<std::int64_t>(kHour) * kMicroseconds);
}
// 1970-01-01 was a Thursday, three days into its ISO week.
std::int64_t week_of(Timestamp time) { return floor_divided(day_of(time) + 3, 7); }
std::chrono::year_month_day date_of(Timestamp time) { return std::chrono::sys_days(std::chrono::days(day_of(time))); }
std::int64_t month_of(Timestamp time) {
  const auto date = date_of(time);
  return std::int64_t{int(date.year())} * 12 + unsigned(date.month());
}
std::int64_t year_of(Timestamp time) { return int(date_of(time).year()); }

struct Period {
  std::int64_t (*number)(Timestamp);
  std::uint64_t PolicyRow::*seconds;
  std::string_view word;
};
constexpr Period kPeriods[] = {{hour_of, &PolicyRow::keep_hourly_seconds, "hour"},
                               {day_of, &PolicyRow::keep_daily_seconds, "day"},
                               {week_of, &PolicyRow::keep_weekly_seconds, "week"},
                               {month_of, &PolicyRow::keep_monthly_seconds, "month"},
                               {year_of, &PolicyRow::keep_yearly_seconds, "year"}};

std::string counted(std::uint64_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

Result<std::optional<PolicyRow>> row_of(catalog::CatalogReader& reader, const BucketId& bucket) {
  PolicyRow row;
  row.bucket = bucket;
  return reader.one<PolicyRow>(catalog::key_of(row));
}

// Words about versions, without the current one.
std::string version_words(const PolicyRow& rules) {
  std::string text;
  if (rules.keep_within_seconds > 0) text = "Every version is kept for " + span_words(rules.keep_within_seconds);
  std::string thinned;
  for (const Period& period : kPeriods) {
    const std::uint64_t seconds = rules.*period.seconds;
    if (seconds <= rules.keep_within_seconds) continue;
    thinned += std::string(thinned.empty() ? "of each " : ", of each ") + std::string(period.word) +
               (thinned.empty() ? " the last one for " : " for ") + span_words(seconds);
  }
  if (!thinned.empty()) text += (text.empty() ? "O" : ", then o") + thinned.substr(1);
  if (!text.empty()) text += "; counted from the moment it was replaced or removed.";
  if (rules.keep_last > 0) {
    text += (text.empty() ? "" : " ") + std::string("Of each object the last ") +
            counted(rules.keep_last, "replaced version") + (rules.keep_last == 1 ? " stays" : " stay") +
            ", whatever the age.";
  }
  return text;
}

}  // namespace

std::string_view name_of(PolicySource source) {
  switch (source) {
    case PolicySource::bucket: return "bucket";
    case PolicySource::vault: return "vault";
    case PolicySource::built_in: return "built-in";
  }
  return "built-in";
}

PolicyRow built_in_policy() {
  PolicyRow rules;
  rules.keep_within_seconds = 30 * kDay;
  rules.keep_daily_seconds = 90 * kDay;
  rules.keep_weekly_seconds = kYear;
  rules.horizon_seconds = 30 * kDay;
  rules.audit_seconds = kYear;
  return rules;
}

Result<EffectivePolicy> policy_of_vault(catalog::CatalogReader& reader) {
  EffectivePolicy policy;
  policy.rules = built_in_policy();
  ATOLL_ASSIGN(auto row, row_of(reader, BucketId{}));
  if (!row) return policy;
  const PolicyRow built_in = policy.rules;
  policy.rules = std::move(*row);
  policy.source = policy.horizon_source = PolicySource::vault;
  if (policy.rules.horizon_seconds == 0) policy.rules.horizon_seconds = built_in.horizon_seconds;
  if (policy.rules.audit_seconds == 0) policy.rules.audit_seconds = built_in.audit_seconds;
  return policy;
}

Result<EffectivePolicy> policy_of(catalog::CatalogReader& reader, const catalog::BucketRow& bucket) {
  ATOLL_ASSIGN(EffectivePolicy policy, policy_of_vault(reader));
  policy.keeps_history = bucket.keeps_history;
  ATOLL_ASSIGN(auto row, row_of(reader, bucket.id));
  if (!row) return policy;
  row->horizon_seconds = policy.rules.horizon_seconds;
  row->audit_seconds = policy.rules.audit_seconds;
  row->half_life_seconds = policy.rules.half_life_seconds;
  policy.rules = std::move(*row);
  policy.source = PolicySource::bucket;
  return policy;
}

Result<void> check_policy(const PolicyRow& rules) {
  if (rules.horizon_seconds > 0 && rules.audit_seconds > 0 && rules.audit_seconds < rules.horizon_seconds) {
    return fail(ErrorKind::usage, "policy.audit_too_short",
                "who changed what cannot be forgotten before the changes themselves: audit is shorter than horizon");
  }
  // Relative times in rules count from when they are asked; whether they can be understood does not.
  ATOLL_TRY(TierRules::parse(rules.tier_rules, Timestamp{}));
  static constexpr std::string_view kLabels[] = {"", "semantic", "timestamp", "hash"};
  if (std::ranges::find(kLabels, rules.labels) == std::end(kLabels)) {
    return fail(ErrorKind::usage, "policy.bad_labels", "\"" + rules.labels + "\" is no way to name versions",
                "There are none, semantic, timestamp and hash.");
  }
  return {};
}

std::string span_words(std::uint64_t seconds) {
  if (seconds >= kSpanMax) return "ever";
  if (seconds >= kYear && seconds % kYear == 0) return counted(seconds / kYear, "year");
  if (seconds >= kDay && seconds % kDay == 0) return counted(seconds / kDay, "day");
  if (seconds >= kHour && seconds % kHour == 0) return counted(seconds / kHour, "hour");
  if (seconds >= kMinute && seconds % kMinute == 0) return counted(seconds / kMinute, "minute");
  return counted(seconds, "second");
}

std::vector<std::string> words(const EffectivePolicy& policy) {
  const PolicyRow& rules = policy.rules;
  std::vector<std::string> sentences;
  sentences.emplace_back("The current version of every object stays for ever.");
  if (!policy.keeps_history) {
    sentences.emplace_back("No older versions are kept: this bucket was made without history.");
  } else if (rules.keeps_all) {
    sentences.emplace_back("Every older version stays for ever, and so does what was removed.");
  } else if (const std::string text = version_words(rules); !text.empty()) {
    sentences.push_back(text);
    std::uint64_t longest = rules.keep_within_seconds;
    for (const Period& period : kPeriods) longest = std::max(longest, rules.*period.seconds);
    sentences.push_back(rules.keep_last > 0
                            ? "A removed object keeps its last versions by the same rules."
                            : "A removed object goes for good " + span_words(longest) + " after it was removed.");
  } else {
    sentences.emplace_back("No older versions are kept, and what is removed goes for good with the next gc.");
  }
  if (rules.retention_seconds > 0) {
    sentences.push_back("Nothing younger than " + span_words(rules.retention_seconds) +
                        " can be removed for good, by anybody.");
  }
  sentences.push_back("The vault as a whole can go back to any moment of the last " +
                      span_words(rules.horizon_seconds) + ".");
  sentences.push_back("Who changed what, and when, is kept for " + span_words(rules.audit_seconds) + ".");
  if (!rules.tier_rules.empty()) {
    std::string sentence = "Tiers, the first rule that matches an object decides: ";
    for (const std::string& rule : rules.tier_rules) sentence += rule + "; ";
    sentences.push_back(sentence + "warm otherwise. `atoll tier run` moves what lies elsewhere.");
  }
  if (!rules.tier_rules.empty() || rules.half_life_seconds > 0) {
    sentences.push_back("Accesses count half after " +
                        span_words(rules.half_life_seconds > 0 ? rules.half_life_seconds : kHalfLifeSeconds) + ".");
  }
  if (!rules.labels.empty()) sentences.push_back("New versions are named: " + rules.labels + ".");
  return sentences;
}

VersionSpan span_of(const catalog::VersionRow& row) {
  return {row.version, row.begin_time, row.end_time, row.end.value == 0};
}

std::vector<VersionFate> versions_to_end(const EffectivePolicy& policy, std::span<const VersionSpan> newest_first,
                                         Timestamp now) {
  const PolicyRow& rules = policy.rules;
  std::vector<VersionFate> fates(newest_first.size());
  std::uint64_t ended = 0;
  for (std::size_t i = 0; i < newest_first.size(); ++i) {
    const VersionSpan& version = newest_first[i];
    if (version.is_current) continue;
    ++ended;
    Timestamp goes_at = version.end_time;
    if (policy.keeps_history) {
      if (rules.keeps_all || ended <= rules.keep_last) continue;
      goes_at = later(version.end_time, rules.keep_within_seconds);
      for (const Period& period : kPeriods) {
        const std::uint64_t seconds = rules.*period.seconds;
        if (seconds == 0) continue;
        const bool is_last_of_period =
            i == 0 || period.number(newest_first[i - 1].begin_time) != period.number(version.begin_time);
        if (is_last_of_period) goes_at = std::max(goes_at, later(version.end_time, seconds));
      }
    }
    if (rules.retention_seconds > 0) goes_at = std::max(goes_at, later(version.begin_time, rules.retention_seconds));
    fates[i] = {goes_at <= now, goes_at};
  }
  return fates;
}

std::uint64_t days_left(Timestamp goes_at, Timestamp now) {
  if (goes_at <= now) return 0;
  constexpr std::int64_t kDayUs = static_cast<std::int64_t>(kDay) * kMicroseconds;
  return static_cast<std::uint64_t>((goes_at.unix_us - now.unix_us + kDayUs - 1) / kDayUs);
}

std::optional<Timestamp> retained_until(const EffectivePolicy& policy, const VersionSpan& version, Timestamp now) {
  if (policy.rules.retention_seconds == 0) return std::nullopt;
  const Timestamp until = later(version.begin_time, policy.rules.retention_seconds);
  if (until <= now) return std::nullopt;
  return until;
}

}  // namespace atl::vault
