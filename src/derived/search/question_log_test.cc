#include "derived/search/question_log.h"

#include <gtest/gtest.h>

#include "vault/testing/test_vault.h"

namespace atl::search {
namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;

class QuestionLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(vault::testing::create_small(machine_.machine()));
    vault_ = vault::testing::open_small(machine_.machine()).value();
    ASSERT_TRUE(machine_.machine().files.create_directory(vault_->folder() + "/indexes"));
    open();
  }
  void open() {
    log_.reset();
    log_ = QuestionLog::open(*vault_, true).value();
  }
  std::uint64_t ask(const std::string& who, const std::string& words, std::uint64_t found) {
    now_us_ += kMinuteUs;
    AskedQuestion question;
    question.asked.unix_us = now_us_;
    question.who = who;
    question.words = words;
    question.found = found;
    question.duration_us = 2'000;
    return log_->note(question).value();
  }
  QuestionStatistics statistics(const std::string& who = "") { return log_->statistics(Timestamp{0}, who, 10).value(); }

  platform::TestMachine machine_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<QuestionLog> log_;
  std::int64_t now_us_ = 1'700'000'000'000'000;
};

TEST_F(QuestionLogTest, CountsWhatWasAskedFoundAndOpened) {
  const auto boiler = ask("ada", "Boiler invoice", 3);
  ask("ada", "boiler", 2);
  ask("max", "dragon", 0);
  ask("max", "dragon", 0);
  ask("max", "unicorn", 0);
  ask("max", "unicorn", 1);  // found since: no question without a result any more
  ASSERT_TRUE(log_->opened(boiler, "ada", 2));
  const auto all = statistics();
  EXPECT_EQ(all.questions, 6U);
  EXPECT_EQ(all.without_result, 3U);
  EXPECT_EQ(all.with_opened, 1U);
  EXPECT_NEAR(all.success_rate(), 1.0 / 6, 1e-9);
  EXPECT_EQ(all.terms.front().words, "boiler");
  EXPECT_EQ(all.terms.front().count, 2U);
  ASSERT_EQ(all.found_nothing.size(), 1U);
  EXPECT_EQ(all.found_nothing[0].words, "dragon");
  EXPECT_EQ(all.found_nothing[0].count, 2U);
  EXPECT_NEAR(static_cast<double>(all.median_us), 2'000, 150);
  // Of one alone.
  EXPECT_EQ(statistics("ada").questions, 2U);
  EXPECT_TRUE(statistics("ada").found_nothing.empty());
}

TEST_F(QuestionLogTest, NobodyOpensForAnother) {
  const auto number = ask("ada", "boiler", 1);
  ASSERT_TRUE(log_->opened(number, "max", 1));
  ASSERT_TRUE(log_->opened(number + 5, "ada", 1));
  EXPECT_EQ(statistics().with_opened, 0U);
}

TEST_F(QuestionLogTest, WhatIsTypedOnIsOneQuestion) {
  AskedQuestion question;
  question.who = "ada";
  for (const std::string_view words : {"b", "boi", "boiler"}) {
    question.asked.unix_us = now_us_ += 300'000;
    question.words = words;
    ASSERT_TRUE(log_->note(question));
  }
  EXPECT_EQ(statistics().questions, 1U);
  EXPECT_EQ(statistics().lines.front().words, "boiler");
  // Somebody else's does not go on with it.
  question.who = "max";
  question.words = "boilers";
  ASSERT_TRUE(log_->note(question));
  EXPECT_EQ(statistics().questions, 2U);
}

TEST_F(QuestionLogTest, IsBounded) {
  for (std::size_t i = 0; i < kQuestionsMax + 50; ++i) ask("ada", "word" + std::to_string(i), 1);
  // Twenty thousand minutes are fourteen days.
  EXPECT_EQ(statistics().questions, kQuestionsMax);
  now_us_ += (kQuestionDaysMax + 1) * 24 * 60 * kMinuteUs;
  ask("ada", "much later", 1);
  EXPECT_EQ(statistics().questions, 1U);
}

TEST_F(QuestionLogTest, OffNotesNothingAndStaysOffWithoutTheIndexes) {
  ask("ada", "secret matter", 1);
  ASSERT_TRUE(log_->set_on(false));
  EXPECT_EQ(statistics().questions, 0U);
  EXPECT_EQ(ask("ada", "boiler", 1), 0U);
  log_.reset();
  ASSERT_TRUE(platform::remove_tree(machine_.machine().files, vault_->folder() + "/indexes/questions"));
  open();
  EXPECT_FALSE(log_->is_on());
  EXPECT_EQ(ask("ada", "boiler", 1), 0U);
  ASSERT_TRUE(log_->set_on(true));
  EXPECT_NE(ask("ada", "boiler", 1), 0U);
  open();
  EXPECT_TRUE(log_->is_on());
  EXPECT_EQ(statistics().questions, 1U);
}

TEST_F(QuestionLogTest, ClearingLeavesNothingAndNumbersGoOn) {
  const auto before = ask("ada", "boiler", 1);
  ASSERT_TRUE(log_->clear());
  EXPECT_EQ(statistics().questions, 0U);
  EXPECT_GT(ask("ada", "invoice", 1), before);
  EXPECT_EQ(statistics().questions, 1U);
}

TEST_F(QuestionLogTest, NoQuestionStandsInTheFilesInClear) {
  ask("ada", "verysecretmatter", 1);
  ASSERT_TRUE(log_->flush());
  log_.reset();
  auto& files = machine_.machine().files;
  const std::string folder = vault_->folder() + "/indexes/questions";
  std::size_t looked_at = 0;
  const auto entries = files.list(folder).value();
  for (const auto& entry : entries) {
    const auto bytes = platform::read_whole(files, folder + "/" + entry.name, 1U << 24U);
    if (!bytes) continue;
    ++looked_at;
    EXPECT_EQ(to_string(*bytes).find("verysecret"), std::string::npos) << entry.name;
  }
  EXPECT_GT(looked_at, 0U);
}

}  // namespace
}  // namespace atl::search
