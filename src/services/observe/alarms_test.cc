#include "services/observe/alarms.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

namespace atl::observe {
namespace {

constexpr Timestamp kStart{1'800'000'000'000'000};
Timestamp after(std::int64_t seconds) { return {kStart.unix_us + seconds * 1'000'000}; }

Reading reading(std::string_view kind, std::optional<double> value, std::string subject = "home") {
  return {kind, std::move(subject), value, Level::unknown, "", ""};
}
Reading state(std::string_view kind, Level level, std::string subject = "main") {
  return {kind, std::move(subject), {}, level, "words", ""};
}

Level level_after(AlarmBoard& board, const std::vector<Reading>& readings, std::int64_t at = 0) {
  board.judge(readings, {}, after(at));
  const auto all = board.alarms();
  return all.empty() ? Level::unknown : all.front().level;
}

TEST(Alarms, KindsAreWhole) {
  std::set<std::string_view> names;
  for (const auto& kind : kAlarmKinds) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.words.empty()) << kind.name;
    EXPECT_EQ(find_kind(kind.name), &kind);
    if (kind.test == AlarmTest::state) continue;
    ASSERT_TRUE(kind.warning) << kind.name;
    EXPECT_NE(kind.unit, AlarmUnit::none) << kind.name;
    if (kind.critical) {
      EXPECT_EQ(kind.test == AlarmTest::above, *kind.critical > *kind.warning) << kind.name;
    }
  }
  EXPECT_EQ(find_kind("nothing"), nullptr);
}

TEST(Alarms, ALimitIsPassedByWhatIsBeyondIt) {
  const struct {
    std::string_view kind;
    double at, beyond, far;
  } rows[] = {{"capacity", 85.0, 85.1, 95.1},
              {"drive_temperature", 70, 70.5, 81},
              {"drive_health", 90, 89.9, 9},
              {"room", 1, 0.9, 0.05},
              {"certificate", 14, 13, 2}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.kind);
    AlarmBoard board;
    EXPECT_LT(level_after(board, {reading(row.kind, row.at)}), Level::warning);
    EXPECT_EQ(level_after(board, {reading(row.kind, row.beyond)}), Level::warning);
    EXPECT_EQ(level_after(board, {reading(row.kind, row.far)}), Level::critical);
  }
  AlarmBoard board;
  EXPECT_EQ(level_after(board, {reading("capacity", 95.0)}), Level::warning);
  EXPECT_EQ(level_after(board, {reading("query_p99", 100.0, "")}), Level::ok);
  EXPECT_EQ(board.alarms().size(), 1U) << "capacity is looked at no more, and nobody was told of it";
}

TEST(Alarms, OneThatSwingsAroundItsLimitStaysUntilItIsBeyondTheMargin) {
  AlarmBoard board;
  EXPECT_EQ(level_after(board, {reading("capacity", 50)}), Level::good);
  EXPECT_EQ(level_after(board, {reading("capacity", 84)}), Level::ok);
  EXPECT_EQ(level_after(board, {reading("capacity", 85.1)}), Level::warning);
  for (const double value : {84.9, 85.2, 83.1, 84.0}) {
    EXPECT_EQ(level_after(board, {reading("capacity", value)}), Level::warning) << value;
  }
  EXPECT_EQ(board.history().size(), 1U);
  EXPECT_EQ(level_after(board, {reading("capacity", 83.0)}), Level::good);
  EXPECT_EQ(board.history().size(), 2U);
  EXPECT_EQ(board.history().front().to, Level::good);
}

TEST(Alarms, WhatIsUnknownRaisesNothingAndClearsNothing) {
  AlarmBoard board;
  EXPECT_EQ(level_after(board, {reading("drive_health", std::nullopt, "sda")}), Level::unknown);
  EXPECT_EQ(board.worst(), Level::good);
  EXPECT_EQ(level_after(board, {reading("drive_health", 50, "sda")}), Level::warning);
  EXPECT_EQ(level_after(board, {reading("drive_health", std::nullopt, "sda")}), Level::warning);
  EXPECT_EQ(level_after(board, {reading("drive_health", 95, "sda")}), Level::good);
  EXPECT_EQ(level_after(board, {reading("drive_health", std::nullopt, "sda")}), Level::unknown);
}

TEST(Alarms, WhatIsLookedAtNoMoreEndsAndWhatCouldNotBeLookedAtStays) {
  AlarmBoard board;
  board.judge({state("one_copy", Level::warning), reading("copy_lag", 5'000, "main: usb")}, {}, kStart);
  EXPECT_EQ(board.worst(), Level::warning);
  board.judge({}, {}, after(10), {"one_copy", "copy_lag"});
  EXPECT_EQ(board.worst(), Level::warning);
  EXPECT_EQ(board.take_news(after(10)).size(), 2U);
  board.judge({}, {}, after(1'000));
  EXPECT_EQ(board.worst(), Level::good);
  const auto news = board.take_news(after(1'000));
  ASSERT_EQ(news.size(), 2U);
  EXPECT_EQ(news.front().from, Level::warning);
  EXPECT_EQ(news.front().to, Level::good);
  board.judge({}, {}, after(1'010));
  EXPECT_TRUE(board.alarms().empty());
}

TEST(Alarms, EachChangeIsToldOnce) {
  AlarmBoard board;
  EXPECT_EQ(level_after(board, {reading("capacity", 86)}), Level::warning);
  EXPECT_EQ(board.take_news(after(0)).size(), 1U);
  for (int i = 1; i < 100; ++i) {
    level_after(board, {reading("capacity", 86)}, i * 10);
    EXPECT_TRUE(board.take_news(after(i * 10)).empty());
  }
  EXPECT_EQ(level_after(board, {reading("capacity", 96)}), Level::critical);
  EXPECT_EQ(board.take_news(after(1'001)).size(), 1U) << "worse is told at once";
  // Up and down every ten seconds: told every ten minutes at most, and in the end as it is.
  std::size_t told = 0;
  Level last = Level::critical;
  for (int i = 0; i < 360; ++i) {
    level_after(board, {reading("capacity", i % 2 == 0 ? 50 : 86)}, 1'010 + i * 10);
    for (const auto& one : board.take_news(after(1'010 + i * 10))) {
      ++told;
      last = one.to;
    }
  }
  EXPECT_LE(told, 6U);
  level_after(board, {reading("capacity", 50)}, 6'000);
  for (const auto& one : board.take_news(after(6'000))) last = one.to;
  EXPECT_EQ(last, Level::good);
}

TEST(Alarms, LimitsAreReadAndRefused) {
  const AlarmKind& capacity = *find_kind("capacity");
  EXPECT_EQ(parse_limits(capacity, "80:90").value(), (Limits{80, 90}));
  EXPECT_EQ(parse_limits(capacity, "80").value(), (Limits{80, {}}));
  EXPECT_EQ(parse_limits(capacity, ":99.5").value(), (Limits{{}, 99.5}));
  EXPECT_EQ(parse_limits(capacity, "off").value(), Limits{});
  EXPECT_EQ(parse_limits(capacity, "on").value(), (Limits{85, 95}));
  for (const char* bad : {"", ":", "x", "90:80", "1:2:3", "-5", "nan", "85 "}) {
    EXPECT_FALSE(parse_limits(capacity, bad)) << bad;
  }
  EXPECT_FALSE(parse_limits(*find_kind("drive_health"), "80:90")) << "critical lies below";
  EXPECT_TRUE(parse_limits(*find_kind("drive_health"), "80:10"));
  EXPECT_FALSE(parse_limits(*find_kind("one_copy"), "5"));
  AlarmBoard board;
  board.judge({reading("capacity", 82)}, {{"capacity", {80, 90}}}, kStart);
  EXPECT_EQ(board.worst(), Level::warning);
  board.judge({reading("capacity", 99), state("one_copy", Level::warning)}, {{"capacity", {}}, {"one_copy", {}}},
              after(10));
  EXPECT_EQ(board.worst(), Level::good) << "both are off";
}

TEST(Alarms, WhatIsKeptIsTheSameAfterARestart) {
  AlarmBoard board;
  board.judge({reading("capacity", 97), state("kit_not_saved", Level::warning), reading("drive_health", 99, "sda")}, {},
              kStart);
  EXPECT_EQ(board.take_news(kStart).size(), 2U);
  AlarmBoard again;
  ASSERT_TRUE(again.restore(board.to_json()));
  EXPECT_EQ(again.worst(), Level::critical);
  EXPECT_EQ(again.history().size(), 2U);
  again.judge({reading("capacity", 94), state("kit_not_saved", Level::warning)}, {}, after(10));
  EXPECT_EQ(again.worst(), Level::critical) << "the margin counts across a restart";
  EXPECT_TRUE(again.take_news(after(10)).empty());
  for (const char* bad :
       {"null", "[]", "{}", R"({"alarms": 1, "history": []})", R"({"alarms": [{"level": "fine"}], "history": []})",
        R"({"alarms": [], "history": [{"from": "good", "to": 7}]})"}) {
    EXPECT_FALSE(again.restore(json::Value::parse(bad).value())) << bad;
  }
  EXPECT_EQ(again.worst(), Level::critical) << "what cannot be read changes nothing";
}

// Any figures in any order: the level is one that the figure and the margin allow, memory is bounded, and what was told
// last is what is there once things have been quiet.
TEST(Alarms, RandomHistoriesKeepTheRules) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    AlarmBoard board;
    std::map<std::string, double> figures;
    std::map<std::string, Level> told;
    std::int64_t now = 0;
    const auto round = [&] {
      std::vector<Reading> readings;
      for (const auto& [name, value] : figures) readings.push_back(reading("capacity", value, name));
      board.judge(readings, {}, after(now));
      for (const auto& change : board.take_news(after(now))) told[change.subject] = change.to;
      now += 10;
    };
    for (int step = 0; step < 300; ++step) {
      const std::string name = "place " + std::to_string(random() % 5);
      if (random() % 8 == 0) {
        figures.erase(name);
      } else {
        figures[name] = static_cast<double>(random() % 1'000) / 10;
      }
      round();
      std::map<std::string, Level> levels;
      for (const auto& alarm : board.alarms()) levels[alarm.subject] = alarm.level;
      for (const auto& [subject, value] : figures) {
        ASSERT_EQ(levels.count(subject), 1U);
        if (value > 85) {
          EXPECT_GE(levels[subject], Level::warning);
        }
        if (value > 95) {
          EXPECT_EQ(levels[subject], Level::critical);
        }
        if (value <= 83) {
          EXPECT_LT(levels[subject], Level::warning);
        }
      }
    }
    for (int quiet = 0; quiet < 70; ++quiet) round();
    for (const auto& [subject, level] : told) {
      const auto value = figures.find(subject);
      const bool is_raised = value != figures.end() && value->second > 85;
      if (is_raised) {
        EXPECT_GE(level, Level::warning) << subject;
      }
      if (value == figures.end() || value->second <= 83) {
        EXPECT_LT(level, Level::warning) << subject;
      }
    }
    EXPECT_LE(board.history().size(), AlarmBoard::kHistoryMax);
  }
}

std::string table() {
  std::string out = "| alarm | from when on | margin | what it watches | what to do |\n|---|---|---|---|---|\n";
  for (const auto& kind : kAlarmKinds) {
    out += "| `" + std::string(kind.name) + "` | " + words_of(kind, default_limits(kind)) + " | " +
           (kind.margin > 0 ? words_of(kind.unit, kind.margin) : "") + " | " + std::string(kind.words) + " | " +
           std::string(kind.advice) + " |\n";
  }
  return out;
}

// docs/health.md lists every alarm. ATOLL_WRITE_SPEC=1 writes the table anew.
TEST(Alarms, ThePageForUsersListsThem) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../../docs/health.md";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string page = text.str();
  const std::size_t begin = page.find("| alarm | from when on |");
  const std::size_t end = page.find("<!-- the end of the table -->");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end);
  if (std::getenv("ATOLL_WRITE_SPEC") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    page.replace(begin, end - begin, table());
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(page.substr(begin, end - begin), table())
      << "ATOLL_WRITE_SPEC=1 build/dev/bin/services_observe_test writes it";
}

}  // namespace
}  // namespace atl::observe
