#include "foundation/platform/network.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace atl::platform {
namespace {

TEST(Network, OwnAddressesAreOnesThatOthersCouldReach) {
  const auto told = own_addresses();
  ASSERT_TRUE(told) << told.error().message;
  const auto& all = *told;
  for (const std::string& one : all) {
    EXPECT_FALSE(one.starts_with("127.") || one == "::1" || one.starts_with("169.254.") || one.starts_with("fe80:"))
        << one;
  }
  const auto is_v6 = [](const std::string& one) { return one.find(':') != std::string::npos; };
  EXPECT_TRUE(std::ranges::is_partitioned(all, [&](const std::string& one) { return !is_v6(one); }));
  EXPECT_FALSE(host_name().empty());
}

}  // namespace
}  // namespace atl::platform
