#include "vault/access/network.h"

#include <gtest/gtest.h>

namespace atl::access {
namespace {

TEST(Networks, AddressesLieInThem) {
  EXPECT_TRUE(is_in_network("10.1.2.3", "10.0.0.0/8"));
  EXPECT_FALSE(is_in_network("11.1.2.3", "10.0.0.0/8"));
  EXPECT_TRUE(is_in_network("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(is_in_network("192.0.2.8", "192.0.2.7"));
  EXPECT_TRUE(is_in_network("fd00::1", "fd00::/8"));
  EXPECT_FALSE(is_in_network("fe00::1", "fd00::/8"));
  EXPECT_TRUE(is_in_network("1.2.3.4", "0.0.0.0/0"));
  EXPECT_FALSE(is_in_network("::1", "0.0.0.0/0"));
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "nonsense"})
    EXPECT_FALSE(is_in_network("10.0.0.1", bad)) << bad;
}

}  // namespace
}  // namespace atl::access
