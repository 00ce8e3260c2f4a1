// What is answered: counts, likeness, why, and which piece is shown.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "derived/search/testing/search_fixture.h"

namespace atl::search {
namespace {

class AskTest : public testing::SearchFixture {};

// At whatever time something was stored.
PlacesSeen always(const std::vector<std::pair<std::string, Seen>>& places) {
  PlacesSeen out;
  for (const auto& [prefix, seen] : places) out.places.push_back({prefix, {seen}});
  return out;
}

TEST_F(AskTest, CountsEverythingThatMatchesByMonthAndDay) {
  machine_.clock.set(Timestamp{1'893'456'000'000'000});  // 2030-01-01
  for (int i = 0; i < 40; ++i) {
    put("n" + std::to_string(i) + (i % 4 == 0 ? ".md" : ".txt"), "word");
    machine_.clock.advance_s(5 * 86'400);
  }
  catch_up();
  Question question;
  question.words = "word";
  question.limit = 1;
  question.facets = {"month", "type", "day", "bucket"};
  const auto fast = ask(question);
  EXPECT_EQ(fast.total, 40U);
  EXPECT_TRUE(fast.is_total_exact);
  ASSERT_EQ(fast.facets.size(), 4U);
  ASSERT_EQ(fast.facets[0].counts.size(), 7U);
  EXPECT_EQ(fast.facets[0].counts[0].value, "2030-01");
  EXPECT_EQ(fast.facets[0].counts[0].count, 7U);
  EXPECT_EQ(fast.facets[0].counts[1].value, "2030-02");
  EXPECT_EQ(fast.facets[2].counts.size(), 40U);
  EXPECT_EQ(fast.facets[3].counts.front().value, "box");
  // Looked up one by one, which is what a caller gets who may not see everything, they are the same.
  question.sees = [](const std::string&, const catalog::Listed&) { return true; };
  const auto slow = ask(question);
  EXPECT_EQ(slow.total, fast.total);
  for (std::size_t i = 0; i < fast.facets.size(); ++i) {
    ASSERT_EQ(slow.facets[i].counts.size(), fast.facets[i].counts.size()) << slow.facets[i].name;
    for (std::size_t j = 0; j < fast.facets[i].counts.size(); ++j) {
      EXPECT_EQ(slow.facets[i].counts[j].value, fast.facets[i].counts[j].value);
      EXPECT_EQ(slow.facets[i].counts[j].count, fast.facets[i].counts[j].count);
    }
  }
  question.facets = {"colour"};
  EXPECT_EQ(index_->ask(*vault_, question).error().id, "search.unknown_facet");
}

TEST_F(AskTest, CountsFollowWhatChanges) {
  put("a.txt", "word");
  put("b.zip", "in/c.txt: word\nin/d.txt: word\n");
  catch_up();
  Question question;
  question.words = "word";
  question.facets = {"type"};
  EXPECT_EQ(ask(question).total, 3U);
  put("e.txt", "word");
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "a.txt"}));
  put("b.zip", "in/c.txt: word\n");
  catch_up();
  EXPECT_EQ(ask(question).total, 2U);
  EXPECT_EQ(ask(question).facets.at(0).counts.at(0).value, "text");
  question.bucket = "box";
  EXPECT_EQ(ask(question).total, 2U);
}

// What of a bucket may be told is asked for each object, unless the bucket is seen as a whole: counts are of the same
// things either way, and of nothing else.
TEST_F(AskTest, CountsOnlyWhatMayBeSeen) {
  ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("open"));
  ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("shut"));
  for (int i = 0; i < 6; ++i) {
    const std::string name = std::to_string(i) + ".txt";
    put("mine/" + name, "apple");
    put("yours/" + name, "apple");
    ASSERT_TRUE(vault::testing::put_bytes(*vault_, "open", name, as_bytes("apple")));
    ASSERT_TRUE(vault::testing::put_bytes(*vault_, "shut", name, as_bytes("apple")));
  }
  put("mine/all.zip", "docs/a.txt: apple pie\n");
  put("yours/all.zip", "docs/a.txt: apple pie\n");
  catch_up();
  Question question;
  question.words = "apple";
  question.facets = {"bucket", "type"};
  question.limit = 1;
  question.sees = [](const std::string& bucket, const catalog::Listed& listed) {
    return bucket == "open" || (bucket == "box" && listed.entry.key.starts_with("mine/"));
  };
  question.sees_all_of = [](const std::string& bucket) { return bucket == "open"; };
  const auto answer = ask(question);
  EXPECT_EQ(answer.total, 13U);
  EXPECT_TRUE(answer.is_total_exact);
  std::map<std::string, std::uint64_t> buckets;
  for (const auto& one : answer.facets.at(0).counts) buckets[one.value] = one.count;
  EXPECT_EQ(buckets, (std::map<std::string, std::uint64_t>{{"box", 7}, {"open", 6}}));
  // The same where it is told by places, of which the index knows the folders; nothing is asked about but what is
  // shown.
  int asked = 0;
  question.sees = [&, sees = question.sees](const std::string& bucket, const catalog::Listed& listed) {
    ++asked;
    return sees(bucket, listed);
  };
  question.places_seen = [](const std::string& bucket) -> std::optional<PlacesSeen> {
    if (bucket == "box") return always({{"", Seen::no}, {"mine/", Seen::yes}});
    return always({{"", Seen::no}});
  };
  const auto placed = ask(question);
  EXPECT_EQ(placed.total, answer.total);
  EXPECT_TRUE(placed.is_total_exact);
  EXPECT_LE(asked, 4);
  std::map<std::string, std::uint64_t> placed_buckets;
  for (const auto& one : placed.facets.at(0).counts) placed_buckets[one.value] = one.count;
  EXPECT_EQ(placed_buckets, buckets);
  // As counted hit by hit, which an order of its own asks for.
  question.order = Order::name;
  const auto slow = ask(question);
  EXPECT_EQ(slow.total, answer.total);
  for (std::size_t i = 0; i < answer.facets.size(); ++i) {
    ASSERT_EQ(slow.facets[i].counts.size(), answer.facets[i].counts.size());
    for (std::size_t j = 0; j < answer.facets[i].counts.size(); ++j)
      EXPECT_EQ(slow.facets[i].counts[j].count, answer.facets[i].counts[j].count);
  }
}

TEST_F(AskTest, PlacesWithinPlacesAndBeginningsOfNames) {
  for (const char* const key :
       {"a/one.txt", "a/b/two.txt", "a/b/c/three.txt", "A/four.txt", "ab.txt", "a/b/C/five.txt"})
    put(key, "apple");
  catch_up();
  Question question;
  question.words = "apple";
  question.bucket = "box";
  question.facets = {"type"};
  const auto found = [&] {
    const auto answer = ask(question);
    std::set<std::string> keys;
    for (const auto& one : answer.found) keys.insert(one.listed.entry.key);
    EXPECT_EQ(answer.total, keys.size());
    return keys;
  };
  using Keys = std::set<std::string>;
  question.prefix = "a/b/";
  EXPECT_EQ(found(), (Keys{"a/b/two.txt", "a/b/c/three.txt", "a/b/C/five.txt"}));
  question.prefix = "a/b/c/";
  EXPECT_EQ(found(), Keys{"a/b/c/three.txt"}) << "not C";
  question.prefix = "a";
  EXPECT_EQ(found(), (Keys{"a/one.txt", "a/b/two.txt", "a/b/c/three.txt", "ab.txt", "a/b/C/five.txt"}));
  question.prefix = "a/b/t";
  EXPECT_EQ(found(), Keys{"a/b/two.txt"});
  question.prefix = "";
  // a/ is seen, but not a/b/, of which c/ is.
  const auto seen = always({{"", Seen::no}, {"a/", Seen::yes}, {"a/b/", Seen::no}, {"a/b/c/", Seen::yes}});
  question.sees = [&](const std::string&, const catalog::Listed& listed) {
    bool sees = false;
    for (const auto& place : seen.places) {
      if (listed.entry.key.starts_with(place.prefix)) sees = place.seen.front() == Seen::yes;
    }
    return sees;
  };
  question.places_seen = [&](const std::string&) { return std::optional(seen); };
  EXPECT_EQ(found(), (Keys{"a/one.txt", "a/b/c/three.txt"}));
  question.prefix = "a/b/";
  EXPECT_EQ(found(), Keys{"a/b/c/three.txt"});
  question.prefix = "";
  question.places_seen = [](const std::string&) { return std::optional(always({{"", Seen::no}})); };
  question.sees = [](const std::string&, const catalog::Listed&) { return false; };
  EXPECT_EQ(found(), Keys{});
  // Places that end within names are asked about one by one.
  question.sees = [](const std::string&, const catalog::Listed& listed) { return listed.entry.key.starts_with("a"); };
  question.places_seen = [](const std::string&) { return std::optional(always({{"", Seen::no}, {"a", Seen::yes}})); };
  EXPECT_EQ(found().size(), 5U);
  // Deeper than the index knows.
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "d/";
  put(deep + "six.txt", "apple");
  put("d/" + deep + "seven.txt", "apple");
  catch_up();
  question.sees = nullptr;
  question.places_seen = nullptr;
  question.prefix = deep;
  EXPECT_EQ(found(), (Keys{deep + "six.txt", "d/" + deep + "seven.txt"}));
  question.prefix = "d/" + deep;
  EXPECT_EQ(found(), Keys{"d/" + deep + "seven.txt"});
}

TEST_F(AskTest, CountsAllWhereAFilterOnlyLeavesKindsOut) {
  put("a.txt", "word");
  put("b.txt", "word");
  catch_up();
  Question question;
  question.words = "word";
  question.facets = {"type"};
  question.limit = 1;
  question.filter = "not type:directory";
  const auto answer = ask(question);
  EXPECT_EQ(answer.found.size(), 1U);
  EXPECT_EQ(answer.total, 2U);
  question.filter = "not type:file";
  EXPECT_TRUE(ask(question).found.empty());
  EXPECT_EQ(ask(question).total, 0U);
}

TEST_F(AskTest, WhatIsLikeAThing) {
  put("boilers.txt", "The boiler in the cellar has a new pump, and the pump of the boiler is loud.");
  put("pumps.txt", "A loud pump was built into the boiler.");
  put("garden.txt", "Tulips in the garden want water in the evening.");
  put("tulips.txt", "Tulips and roses: water them in the evening, and the garden is a garden of tulips.");
  put("empty.bin", "");
  catch_up();
  Question question;
  question.like = ObjectName{"box", "boilers.txt"};
  auto answer = ask(question);
  ASSERT_FALSE(answer.found.empty());
  EXPECT_EQ(answer.found[0].listed.entry.key, "pumps.txt");
  ASSERT_TRUE(answer.found[0].snippet);
  EXPECT_FALSE(answer.found[0].snippet->marks.empty());
  for (const auto& found : answer.found) EXPECT_NE(found.listed.entry.key, "boilers.txt");
  question.like = ObjectName{"box", "garden.txt"};
  EXPECT_EQ(ask(question).found.at(0).listed.entry.key, "tulips.txt");
  // Words of the line still have to be there.
  question.words = "+roses";
  EXPECT_EQ(ask(question).found.size(), 1U);
  question.words = "+pump";
  question.filter = "name:garden*";
  EXPECT_TRUE(ask(question).found.empty());
  question = {};
  question.like = ObjectName{"box", "nothing.txt"};
  EXPECT_EQ(index_->ask(*vault_, question).error().id, "object.not_found");
  // What may not be seen is not there.
  question.like = ObjectName{"box", "garden.txt"};
  question.sees = [](const std::string&, const catalog::Listed& listed) { return listed.entry.key != "garden.txt"; };
  EXPECT_EQ(index_->ask(*vault_, question).error().id, "object.not_found");
  question.sees = nullptr;
  question.near = "flowers";
  EXPECT_EQ(index_->ask(*vault_, question).error().id, "search.near_and_like");
}

TEST_F(AskTest, ExplainsByFieldWhatAScoreIsMadeOf) {
  put("boiler/a.txt", "# The boiler\nAnother word about the boiler.");
  put("b.txt", "boiler here, too");
  catch_up();
  Question question;
  question.words = "boiler word*";
  question.explains = true;
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 2U);
  for (const auto& found : answer.found) {
    double sum = 0;
    for (const auto& signal : found.signals) sum += signal.score;
    EXPECT_GT(sum, 0) << found.listed.entry.key;
  }
  std::set<std::string> names;
  for (const auto& signal : answer.found[0].signals) names.insert(signal.name);
  EXPECT_TRUE(names.contains("title") && names.contains("text") && names.contains("words"));
  EXPECT_EQ(answer.found[1].signals.size(), 1U);
  EXPECT_EQ(answer.found[1].signals[0].name, "text");
  EXPECT_NEAR(answer.found[1].signals[0].score, answer.found[1].score, 0.01);
  question.words = "title:boiler";
  EXPECT_EQ(ask(question).found.at(0).signals.size(), 1U);
  question.explains = false;
  EXPECT_TRUE(ask(question).found.at(0).signals.empty());
}

TEST_F(AskTest, ShowsThePieceWithThePhrase) {
  put("a.txt", "pump, pump, pump: new is the pump and new the price of new things\n" + std::string(600, '.') +
                   "\nthen they built a new pump in");
  catch_up();
  Question question;
  question.words = "\"new pump\"";
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 1U);
  ASSERT_TRUE(answer.found[0].snippet);
  EXPECT_NE(answer.found[0].snippet->text.find("a new pump in"), std::string::npos);
}

}  // namespace
}  // namespace atl::search
