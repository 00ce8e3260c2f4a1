// Gates and quarantine through the follower: what does not meet its bucket's gate is left out of answers, listed with
// its reasons, and comes back by itself.
#include "derived/search/quarantine.h"

#include <gtest/gtest.h>

#include "derived/search/testing/search_fixture.h"
#include "vault/object/gate.h"

namespace atl::search {
namespace {

using vault::testing::put_bytes;

class QuarantineTest : public testing::SearchFixture {
 protected:
  void put_with(const std::string& key, std::string_view text, const std::map<std::string, std::string>& metadata) {
    vault::PutRequest request;
    request.metadata = metadata;
    put(key, text, request);
  }
  void gate(const std::string& text) {
    const auto set = vault::set_gate(*vault_, "box", text);
    ASSERT_TRUE(set) << set.error().message;
  }
  void tag(const std::string& key, const std::map<std::string, std::string>& tags) {
    ASSERT_TRUE(vault::Objects(*vault_).tag({"box", key}, {tags, {}}, {}));
  }
  // "key: reason; reason"
  Keys quarantine(const QuarantineQuestion& question = {}) {
    const auto answer = index_->quarantine(*vault_, question);
    EXPECT_TRUE(answer) << answer.error().message;
    Keys out;
    if (!answer) return out;
    for (const auto& one : answer->objects) {
      std::string line = one.listed.entry.key;
      for (std::size_t i = 0; i < one.reasons.size(); ++i) line += (i == 0 ? ": " : "; ") + one.reasons[i].words;
      out.push_back(line);
    }
    return out;
  }
  Answer answer_to(const std::string& words, bool shows_quarantined = false) {
    Question question;
    question.words = words;
    question.shows_quarantined = shows_quarantined;
    return ask(question);
  }
  GateState state() {
    const auto states = index_->gates(*vault_);
    EXPECT_TRUE(states && states->size() == 1);
    return states && states->size() == 1 ? states->front() : GateState{};
  }
};

TEST_F(QuarantineTest, TheBadIsSetApartFixedAndPasses) {
  gate("meta.quality_score>=0.9 and tag:checked");
  put_with("good.csv", "apple", {{"quality_score", "0.95"}});
  tag("good.csv", {{"checked", ""}});
  put_with("bad.csv", "apple", {{"quality_score", "0.4"}});
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"good.csv"});
  EXPECT_EQ(answer_to("apple").quarantined_left_out, 1U);
  EXPECT_TRUE(answer_to("apple").is_left_out_exact);
  EXPECT_EQ(answer_to("nothing-of-the-kind").quarantined_left_out, 0U) << "it would not have been found";
  EXPECT_EQ(quarantine(), Keys{"bad.csv: quality_score is 0.4, wanted >=0.9; the tag checked: no value"});
  EXPECT_EQ(state().judged, 2U);
  EXPECT_EQ(state().quarantined, 1U);

  tag("bad.csv", {{"checked", ""}});
  catch_up();
  EXPECT_EQ(quarantine(), Keys{"bad.csv: quality_score is 0.4, wanted >=0.9"});
  put_with("bad.csv", "apple", {{"quality_score", "0.97"}});
  catch_up();
  EXPECT_EQ(keys("apple").size(), 2U);
  EXPECT_EQ(answer_to("apple").quarantined_left_out, 0U);
  EXPECT_EQ(quarantine(), Keys{});

  put_with("good.csv", "apple", {{"quality_score", "0.1"}});
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"bad.csv"}) << "what becomes bad goes in";
  EXPECT_EQ(state().quarantined, 1U);
}

TEST_F(QuarantineTest, WhatIsSetApartIsShownWhereItIsAskedFor) {
  gate("tag:checked");
  put("a.txt", "apple");
  put("b.txt", "apple");
  tag("b.txt", {{"checked", ""}});
  catch_up();
  const auto all = answer_to("apple", true);
  ASSERT_EQ(all.found.size(), 2U);
  for (const auto& found : all.found) EXPECT_EQ(found.is_quarantined, found.listed.entry.key == "a.txt");
  EXPECT_EQ(all.quarantined_left_out, 0U);
  const auto gates = Gates::read(*vault_->reader());
  ASSERT_TRUE(gates);
  EXPECT_TRUE(index_->is_quarantined(*gates, current("a.txt")).value());
  EXPECT_FALSE(index_->is_quarantined(*gates, current("b.txt")).value());
}

TEST_F(QuarantineTest, JudgesByWhatContentsSay) {
  gate("readable and meta.title:*");
  put("whole.txt", "# Soup\napple");
  put("plain.txt", "apple");
  put("apple.txt", "broken from the beginning");
  CatchUpOptions nothing_read;
  nothing_read.contents_max = 0;
  catch_up(nothing_read);
  EXPECT_EQ(keys("apple"), Keys{}) << "nobody knows yet";
  EXPECT_EQ(quarantine().size(), 3U);
  EXPECT_EQ(quarantine().front(), "apple.txt: was not read yet; title: no value; its content was not read yet");
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"whole.txt"});
  EXPECT_EQ(quarantine(),
            (Keys{"apple.txt: could not be read: it broke its reader; title: no value", "plain.txt: title: no value"}));
  EXPECT_EQ(answer_to("apple").quarantined_left_out, 2U);
  put("apple.txt", "# Pie\nmended apple");
  catch_up();
  EXPECT_EQ(keys("apple").size(), 2U);
}

TEST_F(QuarantineTest, AChangedGateHoldsAtOnceAndForEverything) {
  put_with("a.txt", "apple", {{"q", "1"}});
  put_with("b.txt", "apple", {{"q", "2"}});
  put("c.txt", "apple");
  catch_up();
  EXPECT_EQ(keys("apple").size(), 3U);
  gate("meta.q>=2");
  // Not followed yet: by the objects themselves.
  EXPECT_EQ(keys("apple"), Keys{"b.txt"});
  EXPECT_EQ(index_->coverage(*vault_)->gates_unfinished, 1U);
  EXPECT_FALSE(answer_to("apple").is_left_out_exact);
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"b.txt"});
  EXPECT_EQ(index_->coverage(*vault_)->gates_unfinished, 0U);
  EXPECT_TRUE(answer_to("apple").is_left_out_exact);
  EXPECT_EQ(quarantine(), (Keys{"a.txt: q is 1, wanted >=2", "c.txt: q: no value, wanted >=2"}));
  gate("meta.q<2");
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
  EXPECT_EQ(state().quarantined, 2U);
  gate("");
  EXPECT_EQ(keys("apple").size(), 3U) << "at once";
  EXPECT_EQ(answer_to("apple").quarantined_left_out, 0U);
  catch_up();
  EXPECT_EQ(keys("apple").size(), 3U);
  EXPECT_EQ(index_->gates(*vault_)->size(), 0U);
  gate("meta.q<2");
  catch_up();
  EXPECT_EQ(state().judged, 3U);
  EXPECT_EQ(state().quarantined, 2U);
}

TEST_F(QuarantineTest, ATagHoldsAtOnceFollowedOrNot) {
  gate("tag:checked and readable");
  put("a.txt", "apple");
  put("b.txt", "apple");
  tag("b.txt", {{"checked", ""}});
  catch_up();
  tag("a.txt", {{"checked", ""}});
  ASSERT_TRUE(vault::Objects(*vault_).tag({"box", "b.txt"}, {{}, {"checked"}}, {}));
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
  put("a.txt", "another apple");
  EXPECT_EQ(keys("apple"), Keys{}) << "nobody has read that version yet";
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
}

TEST_F(QuarantineTest, StandsAfterARestartAndIsMadeAnewWithTheIndex) {
  gate("meta.q>=2");
  put_with("a.txt", "apple", {{"q", "1"}});
  put("box.zip", "one: apple\ntwo: apple");
  put_with("b.txt", "apple", {{"q", "2"}});
  catch_up();
  const Keys expected{"a.txt: q is 1, wanted >=2", "box.zip: q: no value, wanted >=2"};
  for (const bool is_new : {false, true}) {
    index_.reset();
    vault_.reset();
    open_vault();
    open();
    if (is_new) {
      ASSERT_TRUE(index_->reset(*vault_, false));
      EXPECT_EQ(index_->coverage(*vault_)->gates_unfinished, 1U);
      catch_up();
    }
    EXPECT_EQ(state().judged, 3U) << is_new;
    EXPECT_EQ(state().quarantined, 2U) << is_new;
    EXPECT_TRUE(state().is_finished);
    EXPECT_EQ(keys("apple"), Keys{"b.txt"}) << "members of what is set apart are so, too";
    EXPECT_EQ(answer_to("apple").quarantined_left_out, 2U) << "objects, not their members";
    EXPECT_EQ(quarantine(), expected);
  }
}

TEST_F(QuarantineTest, GoesWithItsObject) {
  gate("tag:checked");
  put("a.txt", "apple");
  put("b.txt", "apple");
  catch_up();
  ASSERT_TRUE(vault::Objects(*vault_).move({"box", "a.txt"}, "box", "z.txt", false));
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "b.txt"}));
  catch_up();
  EXPECT_EQ(quarantine(), Keys{"z.txt: the tag checked: no value"});
  EXPECT_EQ(state().judged, 1U);
  EXPECT_EQ(state().quarantined, 1U);
  ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("open"));
  ASSERT_TRUE(vault::Objects(*vault_).move({"box", "z.txt"}, "open", "z.txt", false));
  catch_up();
  EXPECT_EQ(state().judged, 0U);
  EXPECT_EQ(keys("apple"), Keys{"z.txt"}) << "the gate is that of its bucket";
}

TEST_F(QuarantineTest, CountsLeaveItOut) {
  gate("tag:checked");
  put("a.txt", "apple");
  put("b.txt", "apple");
  put("c.md", "apple");
  tag("b.txt", {{"checked", ""}});
  catch_up();
  Question question;
  question.words = "apple";
  question.facets = {"type"};
  const auto counted = ask(question);
  EXPECT_EQ(counted.total, 1U);
  ASSERT_EQ(counted.facets.size(), 1U);
  ASSERT_EQ(counted.facets[0].counts.size(), 1U);
  EXPECT_EQ(counted.facets[0].counts[0].count, 1U);
  EXPECT_EQ(counted.quarantined_left_out, 2U);
  question.shows_quarantined = true;
  EXPECT_EQ(ask(question).total, 3U);
  question.shows_quarantined = false;
  gate("");
  EXPECT_EQ(ask(question).total, 3U) << "a gate that is gone counts nobody out, followed or not";
}

TEST_F(QuarantineTest, NobodyIsToldOfWhatHeMayNotSee) {
  gate("tag:checked");
  put("secret.txt", "apple");
  put("open.txt", "apple");
  catch_up();
  const auto sees = [](const std::string&, const catalog::Listed& listed) { return listed.entry.key == "open.txt"; };
  QuarantineQuestion question;
  question.sees = sees;
  EXPECT_EQ(quarantine(question), Keys{"open.txt: the tag checked: no value"});
  Question words;
  words.words = "apple";
  words.sees = sees;
  EXPECT_EQ(ask(words).quarantined_left_out, 1U);
}

TEST_F(QuarantineTest, WhatIsLikeAThingLeavesItOut) {
  put("one.txt", "apples pears plums cherries in the orchard behind the house");
  put("two.txt", "apples pears plums cherries in the orchard behind the barn");
  put("three.txt", "apples pears plums cherries in the orchard behind the hill");
  tag("two.txt", {{"checked", ""}});
  gate("tag:checked");
  catch_up();
  Question question;
  question.like = ObjectName{"box", "one.txt"};
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 1U);
  EXPECT_EQ(answer.found[0].listed.entry.key, "two.txt");
  EXPECT_EQ(answer.quarantined_left_out, 1U);
  question.shows_quarantined = true;
  EXPECT_EQ(ask(question).found.size(), 2U);
}

TEST_F(QuarantineTest, OrdersAndPagesLeaveItOut) {
  gate("tag:checked");
  for (int i = 0; i < 30; ++i) {
    const std::string key = std::to_string(100 + i) + ".txt";
    put(key, "apple");
    if (i % 3 == 0) tag(key, {{"checked", ""}});
  }
  catch_up();
  Question question;
  question.words = "apple";
  question.order = Order::name;
  question.limit = 4;
  question.offset = 8;
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 2U);
  EXPECT_EQ(answer.found[1].listed.entry.key, "127.txt");
  EXPECT_EQ(answer.total, 10U);
  EXPECT_EQ(answer.quarantined_left_out, 20U);
  question.order = Order::rank;
  question.limit = 1;
  question.offset = 0;
  EXPECT_EQ(ask(question).quarantined_left_out, 20U) << "of all that would have been found, not of this page";
}

TEST_F(QuarantineTest, IsListedInPagesBelowAPrefix) {
  gate("tag:checked");
  for (const char* key : {"in/1.txt", "in/2.txt", "in/3.txt", "out/1.txt"}) put(key, "apple");
  catch_up();
  QuarantineQuestion question;
  question.bucket = "box";
  question.prefix = "in/";
  question.limit = 2;
  auto page = index_->quarantine(*vault_, question).value();
  ASSERT_EQ(page.objects.size(), 2U);
  EXPECT_TRUE(page.has_more);
  question.after = ObjectName{"box", page.objects.back().listed.entry.key};
  page = index_->quarantine(*vault_, question).value();
  ASSERT_EQ(page.objects.size(), 1U);
  EXPECT_EQ(page.objects[0].listed.entry.key, "in/3.txt");
  EXPECT_FALSE(page.has_more);
  question.bucket = "nowhere";
  EXPECT_EQ(index_->quarantine(*vault_, question).error().id, "bucket.not_found");
}

TEST_F(QuarantineTest, FoldersAreNotJudged) {
  gate("tag:checked");
  ASSERT_TRUE(put_bytes(*vault_, "box", "apple/", {}));
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"apple/"});
  EXPECT_EQ(state().judged, 0U);
}

TEST_F(QuarantineTest, ALongJudgingGoesOnWhereItStopped) {
  for (int i = 0; i < 600; ++i) put("file-" + std::to_string(i) + ".txt", "apple");
  catch_up();
  gate("tag:checked");
  std::atomic<bool> stop = true;
  CatchUpOptions options;
  options.stop = &stop;
  for (int rounds = 0; rounds < 10 && index_->coverage(*vault_)->gates_unfinished > 0; ++rounds) catch_up(options);
  open();
  stop = false;
  catch_up(options);
  EXPECT_EQ(state().quarantined, 600U);
  EXPECT_TRUE(state().is_finished);
}

}  // namespace
}  // namespace atl::search
