#include "edge/mcp/session.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"

namespace atl::mcp {
namespace {

class SessionTest : public ::testing::Test {
 protected:
  PrincipalId account() { return platform::new_id<PrincipalId>(machine_.machine()); }
  std::shared_ptr<Session> begin(const PrincipalId& whose) {
    SessionFacts facts;
    facts.account = whose;
    machine_.clock.advance_s(1);
    return table_.begin(std::move(facts));
  }
  platform::TestMachine machine_;
  SessionTable table_{machine_.machine()};
};

TEST_F(SessionTest, IsThereForItsAccountOnlyAndUntilItEnds) {
  const PrincipalId anna = account();
  const PrincipalId ben = account();
  const auto session = begin(anna);
  EXPECT_EQ(session->id().size(), 32U);
  EXPECT_EQ(table_.find(session->id(), anna), session);
  EXPECT_EQ(table_.find(session->id(), ben), nullptr);
  EXPECT_FALSE(table_.end(session->id(), ben));
  EXPECT_TRUE(table_.end(session->id(), anna));
  EXPECT_EQ(table_.find(session->id(), anna), nullptr);
}

TEST_F(SessionTest, EndsWhereNobodyUsesIt) {
  const PrincipalId anna = account();
  const auto session = begin(anna);
  machine_.clock.advance_s(kIdleSeconds - 1);
  EXPECT_NE(table_.find(session->id(), anna), nullptr);
  machine_.clock.advance_s(kIdleSeconds - 1);
  EXPECT_NE(table_.find(session->id(), anna), nullptr) << "it was used";
  machine_.clock.advance_s(kIdleSeconds + 1);
  EXPECT_EQ(table_.find(session->id(), anna), nullptr);
}

TEST_F(SessionTest, OfTooManyTheOneUnusedLongestGoesFirstOfTheSameAccount) {
  const PrincipalId anna = account();
  const PrincipalId ben = account();
  const auto first = begin(ben);
  std::vector<std::shared_ptr<Session>> hers;
  for (std::size_t i = 0; i < kSessionsPerAccountMax; ++i) hers.push_back(begin(anna));
  EXPECT_NE(table_.find(hers[0]->id(), anna), nullptr);  // now the second is the oldest
  const auto fresh = begin(anna);
  EXPECT_NE(table_.find(hers[0]->id(), anna), nullptr);
  EXPECT_EQ(table_.find(hers[1]->id(), anna), nullptr);
  EXPECT_NE(table_.find(fresh->id(), anna), nullptr);
  EXPECT_NE(table_.find(first->id(), ben), nullptr) << "another account's stays";
  for (std::size_t i = 0; i < kSessionsMax; ++i) begin(account());
  EXPECT_EQ(table_.count(), kSessionsMax);
}

TEST_F(SessionTest, CallsAreCancelledByTheirIdAndCounted) {
  const auto session = begin(account());
  auto call = session->begin_call("1");
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(session->begin_call("1"), nullptr) << "an id that is under way";
  session->cancel("2");
  EXPECT_FALSE(call->stop());
  session->cancel("1");
  EXPECT_TRUE(call->stop());
  call.reset();
  EXPECT_NE(session->begin_call("1"), nullptr);
  std::vector<std::unique_ptr<Session::Call>> many;
  for (std::size_t i = 0; i < kCallsMax; ++i) many.push_back(session->begin_call("m" + std::to_string(i)));
  EXPECT_EQ(session->begin_call("one more"), nullptr);
}

TEST_F(SessionTest, RemembersTheLastChangeInWhateverOrderTheyAreTold) {
  const auto session = begin(account());
  session->note_written(Lsn{7});
  session->note_written(Lsn{5});
  EXPECT_EQ(session->last_written(), Lsn{7});
}

TEST(Names, AreCleanedSoThatTheyCannotEndAnActorsPart) {
  EXPECT_EQ(cleaned_name("Claude Code", "x"), "claude-code");
  EXPECT_EQ(cleaned_name("../../anna", "x"), "..-..-anna");
  EXPECT_EQ(cleaned_name("a/b\n\"c\"", "x"), "a-b-c");
  EXPECT_EQ(cleaned_name("Ünïcode ", "x"), "n-code");
  EXPECT_EQ(cleaned_name("", "unknown"), "unknown");
  EXPECT_EQ(cleaned_name("///", "unknown"), "unknown");
  EXPECT_EQ(cleaned_name(std::string(500, 'a'), "x").size(), kNameBytesMax);
}

TEST(Names, RunsOfOneSecondDiffer) {
  platform::TestMachine machine;
  const std::string name = new_run_name(machine.machine());
  EXPECT_EQ(name.size(), 22U) << name;
  EXPECT_NE(name, new_run_name(machine.machine()));
  EXPECT_EQ(cleaned_name(name, ""), name);
}

}  // namespace
}  // namespace atl::mcp
