// What may be seen, said by places and times, against what is seen of each thing: the same answers and counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "derived/search/testing/search_fixture.h"

namespace atl::search {
namespace {

using platform::SeededRandom;

class PlacesTest : public testing::SearchFixture {
 protected:
  // Fifty things, a minute after each other.
  void fill(SeededRandom& random) {
    machine_.clock.set(Timestamp{kBegunUs});
    while (stored_.size() < 50) {
      std::string key;
      for (std::uint64_t i = 1 + random.below(6); i > 0; --i) key += "ab/"[random.below(3)];
      if (key.starts_with('/') || key.ends_with('/') || key.find("//") != std::string::npos) continue;
      key += ".txt";
      machine_.clock.advance_s(60);
      if (!stored_.insert(key).second) continue;
      put(key, "apple");
    }
    catch_up();
  }
  std::set<std::string> stored_;
  static constexpr std::int64_t kBegunUs = 1'893'456'000'000'000;  // 2030
};

std::string random_place(SeededRandom& random) {
  std::string place;
  for (std::uint64_t i = 1 + random.below(4); i > 0; --i) place += "ab/"[random.below(3)];
  return place;
}

PlacesSeen random_places(SeededRandom& random, std::int64_t begun_us) {
  PlacesSeen seen;
  std::set<std::int64_t> since;
  for (std::uint64_t i = random.below(4); i > 0; --i)
    since.insert(begun_us + static_cast<std::int64_t>(random.below(3600)) * 1'000'000);
  seen.since_us.insert(seen.since_us.end(), since.begin(), since.end());
  std::set<std::string> places{""};
  for (std::uint64_t i = random.below(6); i > 0; --i) places.insert(random_place(random));
  for (const std::string& place : places) {
    seen.places.push_back({place, {}});
    const bool is_steady = random.one_in(2);
    for (std::size_t i = 0; i < seen.since_us.size(); ++i) {
      const Seen fresh = random.one_in(4) ? Seen::ask : random.one_in(2) ? Seen::yes : Seen::no;
      auto& says = seen.places.back().seen;
      says.push_back(is_steady && !says.empty() ? says.front() : fresh);
    }
  }
  return seen;
}

struct Truth {
  PlacesSeen seen;
  [[nodiscard]] std::size_t span(std::int64_t stored_us) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(seen.since_us, stored_us) - seen.since_us.begin()) - 1;
  }
  [[nodiscard]] Seen says(const std::string& key, std::int64_t stored_us) const {
    const PlacesSeen::Place* deepest = nullptr;
    for (const auto& place : seen.places) {
      if (key.starts_with(place.prefix)) deepest = &place;  // they ascend, so longer ones come later
    }
    return deepest->seen.at(span(stored_us));
  }
  [[nodiscard]] bool tells(const std::string& key, std::int64_t stored_us) const {
    const Seen said = says(key, stored_us);
    return said == Seen::yes || (said == Seen::ask && (key.size() + span(stored_us)) % 2 == 0);
  }
};

TEST_F(PlacesTest, AreTheSameAsAskingAboutEach) {
  SeededRandom random(11);
  fill(random);
  std::size_t told = 0;
  std::size_t unlike = 0;
  for (int round = 0; round < 150; ++round) {
    const Truth truth{random_places(random, kBegunUs)};
    Question question;
    question.words = "apple";
    question.limit = 100;
    question.facets = {"type"};
    question.sees = [&](const std::string&, const catalog::Listed& listed) {
      return truth.tells(listed.entry.key, listed.version.begin_time.unix_us);
    };
    const auto keys = [&] {
      std::set<std::string> out;
      const auto answer = ask(question);
      for (const auto& one : answer.found) out.insert(one.listed.entry.key);
      EXPECT_EQ(answer.total, out.size()) << round;
      EXPECT_TRUE(answer.is_total_exact);
      return out;
    };
    const auto expected = keys();
    question.places_seen = [&](const std::string&) { return std::optional(truth.seen); };
    if (!random.one_in(3)) {
      question.sees_key = [&](const std::string& bucket, const std::string& key, std::int64_t stored_us) {
        EXPECT_EQ(bucket, "box");
        return truth.tells(key, stored_us);
      };
    }
    EXPECT_EQ(keys(), expected) << round;
    // Counted hit by hit.
    question.order = Order::name;
    EXPECT_EQ(keys(), expected) << round;
    question.order = Order::rank;
    // Nobody is asked twice about what need not be asked about.
    question.limit = 0;
    std::set<std::string> asked;
    question.sees = [&](const std::string&, const catalog::Listed& listed) {
      asked.insert(listed.entry.key);
      return truth.tells(listed.entry.key, listed.version.begin_time.unix_us);
    };
    EXPECT_EQ(ask(question).total, expected.size()) << round;
    if (question.sees_key && truth.seen.since_us.size() == 1) {
      EXPECT_LE(asked.size(), 1U) << round;
    }
    told += expected.size();
    if (expected.size() != 50 && !expected.empty()) ++unlike;
  }
  EXPECT_GT(told, 1000U);
  EXPECT_GT(unlike, 50U);
}

TEST_F(PlacesTest, ManyPlacesAreStillAQuestion) {
  for (int i = 0; i < 20; ++i) put("folder" + std::to_string(i) + "/a.txt", "apple");
  catch_up();
  for (const int count : {100, 300, 1000}) {
    PlacesSeen seen;
    seen.places.push_back({"", {Seen::no}});
    for (int i = 0; i < count; ++i) seen.places.push_back({"folder" + std::to_string(10 + i) + "/", {Seen::yes}});
    std::ranges::sort(seen.places, {}, &PlacesSeen::Place::prefix);
    Question question;
    question.words = "apple";
    question.facets = {"type"};
    question.places_seen = [&](const std::string&) { return std::optional(seen); };
    question.sees = [](const std::string&, const catalog::Listed& listed) {
      return listed.entry.key.starts_with("folder1") && !listed.entry.key.starts_with("folder1/");
    };
    const auto answer = index_->ask(*vault_, question);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->total, 10U) << count;
    EXPECT_EQ(answer->found.size(), 10U);
  }
}

}  // namespace
}  // namespace atl::search
