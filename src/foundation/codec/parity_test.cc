#include "foundation/codec/parity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace atl::codec {
namespace {

class Stripe {
 public:
  Stripe(unsigned k, unsigned m, std::size_t bytes, std::uint64_t seed) : code_(k, m), blocks_(k + m, Bytes(bytes)) {
    std::mt19937_64 random(seed);
    for (unsigned i = 0; i < k; ++i) {
      for (auto& byte : blocks_[i]) byte = static_cast<std::uint8_t>(random());
    }
    std::vector<ByteView> data(blocks_.begin(), blocks_.begin() + k);
    std::vector<ByteSpan> parity(blocks_.begin() + k, blocks_.end());
    code_.encode(data, parity);
    whole_ = blocks_;
  }
  // Spoils the blocks at `lost`, rebuilds, and says whether everything is as it was.
  [[nodiscard]] bool recovers(const std::vector<std::size_t>& lost) {
    std::vector<bool> is_missing(blocks_.size());
    for (const std::size_t at : lost) {
      is_missing[at] = true;
      std::ranges::fill(blocks_[at], std::uint8_t{0xEE});
    }
    std::vector<ByteSpan> spans(blocks_.begin(), blocks_.end());
    const bool rebuilt = code_.reconstruct(spans, is_missing);
    const bool same = blocks_ == whole_;
    blocks_ = whole_;
    return rebuilt && same;
  }
  // True where nothing was claimed and nothing was touched.
  [[nodiscard]] bool refuses(const std::vector<std::size_t>& lost) {
    std::vector<bool> is_missing(blocks_.size());
    for (const std::size_t at : lost) is_missing[at] = true;
    std::vector<ByteSpan> spans(blocks_.begin(), blocks_.end());
    return !code_.reconstruct(spans, is_missing) && blocks_ == whole_;
  }
  [[nodiscard]] const std::vector<Bytes>& blocks() const { return blocks_; }

 private:
  ReedSolomon code_;
  std::vector<Bytes> blocks_;
  std::vector<Bytes> whole_;
};

// Every choice of `count` out of `total`, in order.
template <class Visit>
void for_each_choice(std::size_t total, std::size_t count, Visit visit) {
  std::vector<std::size_t> choice(count);
  std::iota(choice.begin(), choice.end(), 0);
  while (true) {
    visit(choice);
    std::size_t at = count;
    while (at > 0 && choice[at - 1] == total - count + at - 1) --at;
    if (at == 0) return;
    ++choice[at - 1];
    for (std::size_t i = at; i < count; ++i) choice[i] = choice[i - 1] + 1;
  }
}

TEST(ReedSolomon, RecoversFromEveryLossWithinItsParity) {
  for (const auto& [k, m] : {std::pair{1U, 1U}, {1U, 3U}, {6U, 3U}, {10U, 4U}, {32U, 1U}}) {
    SCOPED_TRACE(std::to_string(k) + "+" + std::to_string(m));
    Stripe stripe(k, m, 100, k * 100 + m);
    std::size_t failures = 0;
    for (std::size_t lost = 0; lost <= m; ++lost) {
      for_each_choice(k + m, lost, [&](const auto& choice) { failures += stripe.recovers(choice) ? 0 : 1; });
    }
    EXPECT_EQ(failures, 0U);
    for_each_choice(k + m, m + 1, [&](const auto& choice) { failures += stripe.refuses(choice) ? 0 : 1; });
    EXPECT_EQ(failures, 0U) << "one loss more is refused";
  }
}

TEST(ReedSolomon, RecoversFromRandomLossesInWideStripes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const auto& [k, m] : {std::pair{32U, 4U}, {100U, 20U}, {251U, 4U}, {1U, 254U}, {254U, 1U}}) {
    SCOPED_TRACE(std::to_string(k) + "+" + std::to_string(m));
    Stripe stripe(k, m, 64, seed);
    std::vector<std::size_t> places(k + m);
    std::iota(places.begin(), places.end(), 0);
    for (int i = 0; i < (k == 32 ? 400 : 4); ++i) {
      std::ranges::shuffle(places, random);
      ASSERT_TRUE(stripe.recovers({places.begin(), places.begin() + m}));
    }
    ASSERT_TRUE(stripe.refuses({places.begin(), places.begin() + m + 1}));
  }
}

TEST(ReedSolomon, TakesBlocksOfAnyLength) {
  for (const std::size_t bytes : {0U, 1U, 15U, 31U, 32U, 33U, 63U, 64U, 4095U, 32'768U, 32'769U, 65'536U, 100'003U}) {
    SCOPED_TRACE(bytes);
    Stripe stripe(6, 3, bytes, bytes);
    EXPECT_TRUE(stripe.recovers({0, 5, 7}));
    EXPECT_TRUE(stripe.recovers({6, 7, 8}));
    EXPECT_TRUE(stripe.recovers({1, 2, 3}));
  }
}

TEST(ReedSolomon, FollowsTheDefinitionOfItsMatrix) {
  // Parity row i (k <= i < k + m) of column j is 1 / (i xor j) in GF(2^8) with the polynomial 0x11D.
  const auto multiply = [](unsigned a, unsigned b) {
    unsigned product = 0;
    for (; b != 0; b >>= 1) {
      if ((b & 1) != 0) product ^= a;
      a <<= 1;
      if ((a & 0x100) != 0) a ^= 0x11D;
    }
    return product;
  };
  const auto inverse = [&](unsigned a) {
    for (unsigned b = 1; b < 256; ++b) {
      if (multiply(a, b) == 1) return b;
    }
    return 0U;
  };
  for (const auto& [k, m] : {std::pair{32U, 1U}, {32U, 4U}, {6U, 3U}}) {
    Stripe stripe(k, m, 50, 9);
    for (unsigned row = k; row < k + m; ++row) {
      for (std::size_t at = 0; at < 50; ++at) {
        unsigned expected = 0;
        for (unsigned column = 0; column < k; ++column) {
          expected ^= multiply(inverse(row ^ column), stripe.blocks()[column][at]);
        }
        ASSERT_EQ(stripe.blocks()[row][at], expected);
      }
    }
  }
}

TEST(ReedSolomonDeathTest, StopsAtCountsThatNoFieldOfThisSizeHas) {
  EXPECT_DEATH(ReedSolomon(0, 1), "checked by the format");
  EXPECT_DEATH(ReedSolomon(1, 0), "checked by the format");
  EXPECT_DEATH(ReedSolomon(200, 56), "checked by the format");
  EXPECT_DEATH(ReedSolomon(UINT32_MAX, 2), "checked by the format");
}

}  // namespace
}  // namespace atl::codec
