#include "vault/access/rate_limit.h"

#include <gtest/gtest.h>

namespace atl::access {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(RateLimit, GivesTheBurstAtOnceThenTheRate) {
  RateLimit limit;
  std::int64_t now = 5 * kSecond;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.take("anna", 2, 10, now), 0U) << i;
  EXPECT_EQ(limit.take("anna", 2, 10, now), 500U);
  EXPECT_EQ(limit.take("ben", 2, 10, now), 0U) << "each key has its own";
  now += kSecond;
  EXPECT_EQ(limit.take("anna", 2, 10, now), 0U);
  EXPECT_EQ(limit.take("anna", 2, 10, now), 0U);
  EXPECT_GT(limit.take("anna", 2, 10, now), 0U);
  now += 1000 * kSecond;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.take("anna", 2, 10, now), 0U) << "no more than the burst gathers";
  EXPECT_GT(limit.take("anna", 2, 10, now), 0U);
}

TEST(RateLimit, ManyKeysDoNotGrowIt) {
  RateLimit limit;
  for (std::size_t i = 0; i < kKeysMax + 1000; ++i)
    EXPECT_EQ(limit.take(std::to_string(i), 1, 1, static_cast<std::int64_t>(i) + 1), 0U);
  // The newest is still known.
  EXPECT_GT(limit.take(std::to_string(kKeysMax + 999), 1, 1, static_cast<std::int64_t>(kKeysMax) + 1001), 0U);
}

TEST(Lockout, WaitsTwiceAsLongEachTimeAndForgives) {
  Lockout lockout;
  std::int64_t now = kSecond;
  for (unsigned i = 0; i < Lockout::kFreeFailures; ++i) {
    lockout.note_failure("anna", now);
    EXPECT_EQ(lockout.wait_ms("anna", now), 0U) << i;
  }
  std::uint64_t expected = 1000;
  for (int i = 0; i < 14; ++i) {
    lockout.note_failure("anna", now);
    EXPECT_EQ(lockout.wait_ms("anna", now), std::min<std::uint64_t>(expected, 900'000)) << i;
    expected *= 2;
  }
  EXPECT_EQ(lockout.wait_ms("ben", now), 0U);
  now += 900 * kSecond;
  EXPECT_EQ(lockout.wait_ms("anna", now), 0U);
  lockout.note_success("anna");
  lockout.note_failure("anna", now);
  EXPECT_EQ(lockout.wait_ms("anna", now), 0U);
}

}  // namespace
}  // namespace atl::access
