#include "services/observe/alarms.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <tuple>

namespace atl::observe {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"unknown", "good", "ok", "warning", "critical"};
constexpr std::array<std::string_view, 7> kUnitNames = {"",        "percent", "celsius", "milliseconds",
                                                        "seconds", "days",    "months"};
constexpr std::size_t kTextMax = 1'000;

// 71, 85.1: at most one digit behind the point.
std::string number(double value) {
  const double rounded = std::round(value * 10) / 10;
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), rounded, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

bool is_beyond(const AlarmKind& kind, double value, double limit) {
  return kind.test == AlarmTest::above ? value > limit : value < limit;
}

Result<std::optional<double>> parse_limit(std::string_view text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    return fail(ErrorKind::usage, "alarm.bad_limit", "\"" + std::string(text.substr(0, 40)) + "\" is no limit",
                "A limit is a number such as 85 or 0.5.");
  }
  return std::optional(value);
}

std::string first_part(std::string text) {
  if (text.size() > kTextMax) text.resize(kTextMax);
  return text;
}

std::optional<double> number_of(const json::Value& value, std::string_view name) {
  const json::Value* const found = value.find(name);
  if (found == nullptr) return std::nullopt;
  const std::string text = found->text();  // integers and fractions are numbers of different types there
  double out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

Result<Level> level_in(const json::Value& value, std::string_view name) {
  ATOLL_ASSIGN(const std::string text, value.text_of(name));
  const auto level = level_named(text);
  if (!level)
    return fail(ErrorKind::usage, "alarm.bad_level", "\"" + text.substr(0, 40) + "\" is no level of an alarm");
  return *level;
}

Timestamp time_in(const json::Value& value, std::string_view name) {
  const auto text = value.text_of(name);
  const auto time = text && !text->empty() ? parse_rfc3339(*text) : Result<FileTime>(FileTime{});
  return time ? Timestamp{time->seconds * 1'000'000 + time->nanoseconds / 1'000} : Timestamp{};
}

}  // namespace

std::string_view name_of(Level level) { return kLevelNames.at(static_cast<std::size_t>(level)); }
std::string_view name_of(AlarmUnit unit) { return kUnitNames.at(static_cast<std::size_t>(unit)); }

std::optional<Level> level_named(std::string_view name) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i)
    if (kLevelNames.at(i) == name) return static_cast<Level>(i);
  return std::nullopt;
}

const AlarmKind* find_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kAlarmKinds, name, &AlarmKind::name);
  return found == kAlarmKinds.end() ? nullptr : found;
}

Limits default_limits(const AlarmKind& kind) {
  if (kind.test == AlarmTest::state) return {0, 0};  // on
  return {kind.warning, kind.critical};
}

Result<Limits> parse_limits(const AlarmKind& kind, std::string_view text) {
  if (text == "off") return Limits{};
  if (text == "on") return default_limits(kind);
  if (kind.test == AlarmTest::state) {
    return fail(ErrorKind::usage, "alarm.no_figure",
                "the alarm " + std::string(kind.name) + " has no limit: it is on or off");
  }
  const std::size_t colon = text.find(':');
  Limits limits;
  ATOLL_ASSIGN(limits.warning, parse_limit(text.substr(0, colon)));
  if (colon != std::string_view::npos) {
    ATOLL_ASSIGN(limits.critical, parse_limit(text.substr(colon + 1)));
  }
  if (!limits.warning && !limits.critical) {
    return fail(ErrorKind::usage, "alarm.no_limit", "no limit is given",
                "WARNING, WARNING:CRITICAL, :CRITICAL or off: 85:95.");
  }
  if (limits.warning && limits.critical && is_beyond(kind, *limits.warning, *limits.critical)) {
    return fail(ErrorKind::usage, "alarm.limits_crossed",
                "the critical limit of " + std::string(kind.name) + " has to lie beyond the one for warnings");
  }
  return limits;
}

std::string words_of(AlarmUnit unit, double value) {
  switch (unit) {
    case AlarmUnit::none: return number(value);
    case AlarmUnit::percent: return number(value) + " %";
    case AlarmUnit::celsius: return number(value) + " °C";
    case AlarmUnit::milliseconds: return number(value) + " ms";
    case AlarmUnit::seconds: return number(value) + " s";
    case AlarmUnit::days: return number(value) + " days";
    case AlarmUnit::months: return number(value) + " months";
  }
  return number(value);
}

std::string words_of(const AlarmKind& kind, const Limits& limits) {
  if (!limits.warning && !limits.critical) return "off";
  if (kind.test == AlarmTest::state) return "on";
  const std::string_view beyond = kind.test == AlarmTest::above ? "above " : "below ";
  std::string text;
  if (limits.warning) text += "warning " + std::string(beyond) + words_of(kind.unit, *limits.warning);
  if (limits.critical) {
    text += text.empty() ? "" : ", ";
    text += "critical " + std::string(beyond) + words_of(kind.unit, *limits.critical);
  }
  return text;
}

Level level_of(const AlarmKind& kind, const Limits& limits, double value, Level before) {
  // From the bad side of a limit it takes the margin to come back.
  const double outward = kind.test == AlarmTest::above ? kind.margin : -kind.margin;
  const auto passes = [&](const std::optional<double>& limit, bool was_beyond) {
    return limit && is_beyond(kind, value, was_beyond ? *limit - outward : *limit);
  };
  if (passes(limits.critical, before == Level::critical)) return Level::critical;
  if (passes(limits.warning, before == Level::warning || before == Level::critical)) return Level::warning;
  const auto& nearest = limits.warning ? limits.warning : limits.critical;
  return nearest && is_beyond(kind, value, *nearest - outward) ? Level::ok : Level::good;
}

void AlarmBoard::change(Held& held, Level to, Timestamp now) {
  const Level from = held.alarm.level;
  held.alarm.level = to;
  held.alarm.since = now;
  ++changes_;
  // Only what somebody would want to read up on later.
  if (from < Level::warning && to < Level::warning) return;
  history_.push_front({now, held.alarm.kind, held.alarm.subject, from, to, held.alarm.words});
  if (history_.size() > kHistoryMax) history_.pop_back();
}

void AlarmBoard::judge(const std::vector<Reading>& readings, const LimitsByName& limits, Timestamp now,
                       const std::vector<std::string_view>& kept) {
  std::set<Name> seen;
  for (const Reading& reading : readings) {
    const AlarmKind* const kind = find_kind(reading.kind);
    ATOLL_INVARIANT(kind != nullptr, "a reading is of a kind that there is");
    const auto set = limits.find(reading.kind);
    const Limits own = set == limits.end() ? default_limits(*kind) : set->second;
    if (!own.warning && !own.critical) continue;
    Name name{reading.kind, first_part(reading.subject)};
    if (!held_.contains(name) && held_.size() >= kAlarmsMax) continue;
    seen.insert(name);
    const auto [at, is_new] = held_.try_emplace(name);
    Held& held = at->second;
    if (is_new) {
      held.alarm.kind = name.first;
      held.alarm.subject = name.second;
      held.alarm.since = now;
    }
    Level level = reading.level;
    if (kind->test != AlarmTest::state)
      level = reading.value ? level_of(*kind, own, *reading.value, held.alarm.level) : Level::unknown;
    // A drive that tells nothing for a moment has not got well by that.
    const bool stays = level == Level::unknown && held.alarm.level >= Level::warning;
    if (stays) continue;
    held.alarm.value = reading.value;
    held.alarm.words = first_part(reading.words);
    if (held.alarm.words.empty() && reading.value) {
      held.alarm.words = (held.alarm.subject.empty() ? "" : held.alarm.subject + ": ") +
                         words_of(kind->unit, *reading.value) + " (" + words_of(*kind, own) + ")";
    }
    held.alarm.advice = reading.advice.empty() ? std::string(kind->advice) : first_part(reading.advice);
    if (level != held.alarm.level) change(held, level, now);
  }
  for (auto& [name, held] : held_) {
    if (seen.contains(name) || std::ranges::find(kept, name.first) != kept.end()) continue;
    if (held.alarm.level >= Level::warning) change(held, Level::good, now);
  }
  std::erase_if(held_, [&](const auto& one) {
    const bool is_looked_at = seen.contains(one.first) || std::ranges::find(kept, one.first.first) != kept.end();
    return !is_looked_at && one.second.told < Level::warning;
  });
}

std::vector<Alarm> AlarmBoard::alarms() const {
  std::vector<Alarm> out;
  for (const auto& [name, held] : held_) out.push_back(held.alarm);
  std::ranges::stable_sort(out, [](const Alarm& a, const Alarm& b) { return a.level > b.level; });
  return out;
}

Level AlarmBoard::worst() const {
  Level worst = Level::good;
  for (const auto& [name, held] : held_) worst = std::max(worst, held.alarm.level);
  return worst;
}

std::vector<AlarmChange> AlarmBoard::take_news(Timestamp now, std::int64_t again_after_s) {
  std::vector<AlarmChange> news;
  for (auto& [name, held] : held_) {
    const Level level = std::max(held.alarm.level, Level::good);
    const bool is_news = level != held.told && (level >= Level::warning || held.told >= Level::warning);
    if (!is_news) continue;
    const bool is_worse = level == Level::critical;
    const bool is_quiet = held.told_at.unix_us == 0 ||
                          now.unix_us - held.told_at.unix_us >= again_after_s * 1'000'000 || now < held.told_at;
    if (!is_worse && !is_quiet) continue;
    news.push_back({now, held.alarm.kind, held.alarm.subject, held.told, level, held.alarm.words});
    held.told = level;
    held.told_at = now;
  }
  std::ranges::stable_sort(news, [](const AlarmChange& a, const AlarmChange& b) { return a.to > b.to; });
  return news;
}

json::Value json_of(const Alarm& alarm) {
  const AlarmKind* const kind = find_kind(alarm.kind);
  json::Value out = json::Value::object();
  out.set("name", alarm.kind).set("subject", alarm.subject).set("level", name_of(alarm.level));
  if (alarm.value) out.set("value", *alarm.value);
  if (kind != nullptr && kind->unit != AlarmUnit::none) out.set("unit", name_of(kind->unit));
  out.set("words", alarm.words.empty() && kind != nullptr ? std::string(kind->words) : alarm.words);
  out.set("advice", alarm.advice).set("since", format_rfc3339(alarm.since));
  return out;
}

json::Value json_of(const AlarmChange& change) {
  return json::Value::object()
      .set("time", format_rfc3339(change.time))
      .set("name", change.kind)
      .set("subject", change.subject)
      .set("from", name_of(change.from))
      .set("to", name_of(change.to))
      .set("words", change.words);
}

json::Value AlarmBoard::to_json() const {
  json::Value held = json::Value::array();
  for (const auto& [name, one] : held_) {
    if (one.alarm.level < Level::warning && one.told < Level::warning) continue;
    held.push(json_of(one.alarm)
                  .set("told", name_of(one.told))
                  .set("told_at", one.told_at.unix_us == 0 ? std::string() : format_rfc3339(one.told_at)));
  }
  json::Value past = json::Value::array();
  for (const auto& one : history_) past.push(json_of(one));
  return json::Value::object().set("alarms", std::move(held)).set("history", std::move(past));
}

Result<void> AlarmBoard::restore(const json::Value& value) {
  std::map<Name, Held> held;
  std::deque<AlarmChange> past;
  const json::Value* const alarms = value.find("alarms");
  const json::Value* const history = value.find("history");
  if (alarms == nullptr || alarms->as_array() == nullptr || history == nullptr || history->as_array() == nullptr)
    return fail(ErrorKind::usage, "alarm.not_kept", "this is no record of alarms");
  for (const json::Value& one : *alarms->as_array()) {
    Held alarm;
    ATOLL_ASSIGN(alarm.alarm.kind, one.text_of("name"));
    ATOLL_ASSIGN(alarm.alarm.subject, one.text_of("subject"));
    ATOLL_ASSIGN(alarm.alarm.level, level_in(one, "level"));
    ATOLL_ASSIGN(alarm.alarm.words, one.text_of("words"));
    ATOLL_ASSIGN(alarm.alarm.advice, one.text_of("advice"));
    ATOLL_ASSIGN(alarm.told, level_in(one, "told"));
    alarm.alarm.value = number_of(one, "value");
    alarm.alarm.since = time_in(one, "since");
    alarm.told_at = time_in(one, "told_at");
    // Of a newer or older program: not judged by anybody here.
    if (find_kind(alarm.alarm.kind) == nullptr || held.size() >= kAlarmsMax) continue;
    Name name{alarm.alarm.kind, alarm.alarm.subject};
    held[std::move(name)] = std::move(alarm);
  }
  for (const json::Value& one : *history->as_array()) {
    AlarmChange change;
    change.time = time_in(one, "time");
    ATOLL_ASSIGN(change.kind, one.text_of("name"));
    ATOLL_ASSIGN(change.subject, one.text_of("subject"));
    ATOLL_ASSIGN(change.from, level_in(one, "from"));
    ATOLL_ASSIGN(change.to, level_in(one, "to"));
    ATOLL_ASSIGN(change.words, one.text_of("words"));
    if (past.size() < kHistoryMax) past.push_back(std::move(change));
  }
  held_ = std::move(held);
  history_ = std::move(past);
  return {};
}

}  // namespace atl::observe
