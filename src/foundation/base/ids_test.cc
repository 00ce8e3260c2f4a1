#include "foundation/base/ids.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace atl {
namespace {

constexpr std::array<std::uint8_t, 10> kOnes{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr std::array<std::uint8_t, 10> kZeros{};

TEST(UuidV7, MatchesTheExampleOfRfc9562) {
  // Appendix A.6: 2022-02-22 19:22:22 UTC, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
  const std::array<std::uint8_t, 10> random{0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F};
  EXPECT_EQ(VaultId::v7(0x017F22E279B0, random).text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(UuidV7, SetsVersionAndVariantWhateverTheRandomBits) {
  for (const auto& random : {kOnes, kZeros}) {
    const auto id = VaultId::v7(0xFFFF'FFFF'FFFF, random);
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
  }
}

TEST(UuidV7, SortsByTimeFirst) {
  EXPECT_LT(VaultId::v7(1000, kOnes), VaultId::v7(1001, kZeros));
  EXPECT_LT(VaultId::v7(0xFF, kOnes), VaultId::v7(0x100, kZeros));
  EXPECT_LT(VaultId::v7(1000, kOnes).text(), VaultId::v7(1001, kZeros).text()) << "as text too";
}

TEST(Uuid, RoundTripsThroughTextAndBytes) {
  const auto id = PackId::v7(1'700'000'000'000, kOnes);
  EXPECT_EQ(PackId::parse(id.text()).value(), id);
  EXPECT_EQ(PackId::from_view(id.view()).value(), id);
  EXPECT_EQ(PackId::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F").value().text(),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_TRUE(PackId{}.is_none());
  EXPECT_FALSE(id.is_none());
  EXPECT_EQ(PackId{}.text(), "00000000-0000-0000-0000-000000000000");
}

TEST(Uuid, RefusesMalformedText) {
  for (const std::string_view text : {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", "017f22e279b07cc398c4dc0c0c07398f",
                                      "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", "017f22e2_79b0_7cc3_98c4_dc0c0c07398f",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
                                      "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4--c0c0c07398f"}) {
    const auto id = VaultId::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().kind, ErrorKind::usage);
  }
  EXPECT_EQ(VaultId::from_view(Bytes(15)).error().kind, ErrorKind::damaged);
  EXPECT_EQ(VaultId::from_view(Bytes(17)).error().kind, ErrorKind::damaged);
}

TEST(Ids, HashAndCompareByAllTheirBytes) {
  std::unordered_set<VaultId> ids;
  for (std::uint64_t ms = 0; ms < 1000; ++ms) ids.insert(VaultId::v7(ms, kZeros));
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_TRUE(ids.contains(VaultId::v7(999, kZeros)));
  EXPECT_FALSE(ids.contains(VaultId::v7(1000, kZeros)));
  ChunkId a;
  ChunkId b;
  b.bytes[31] = 1;
  EXPECT_NE(a, b);
  EXPECT_LT(a, b);
  EXPECT_EQ(Lsn{6}.next(), Lsn{7});
  EXPECT_LT(Lsn{255}, Lsn{256});
}

static_assert(!std::is_convertible_v<VaultId, BucketId>, "ids of different things do not convert into each other");
static_assert(!std::is_convertible_v<std::uint64_t, Lsn>);

}  // namespace
}  // namespace atl
