#include "foundation/base/actor.h"

#include <gtest/gtest.h>

namespace atl {
namespace {

TEST(ActorTest, AnAccountMeansAllOfItsProgramsAndRuns) {
  constexpr std::string_view kRun = "local-agent/chat/r1";
  EXPECT_TRUE(is_by(kRun, "local-agent"));
  EXPECT_TRUE(is_by(kRun, "local-agent/chat"));
  EXPECT_TRUE(is_by(kRun, kRun));
  EXPECT_TRUE(is_by("anna", "anna"));
}

TEST(ActorTest, NamesThatOnlyBeginAlikeAreOthers) {
  EXPECT_FALSE(is_by("local-agent-2/chat/r1", "local-agent"));
  EXPECT_FALSE(is_by("local-agent/chat/r12", "local-agent/chat/r1"));
  EXPECT_FALSE(is_by("local-agent/chat-2/r1", "local-agent/chat"));
  EXPECT_FALSE(is_by("anna", "anna/chat"));
  EXPECT_FALSE(is_by("", "anna"));
}

TEST(ActorTest, TheAccountStandsBeforeTheFirstSeparator) {
  EXPECT_EQ(account_of("local-agent/chat/r1"), "local-agent");
  EXPECT_EQ(account_of("anna"), "anna");
  EXPECT_EQ(account_of(""), "");
}

}  // namespace
}  // namespace atl
