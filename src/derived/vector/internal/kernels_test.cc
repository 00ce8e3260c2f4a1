// Every form of the inner loops beside the plainest, and halves beside what IEEE 754 says of them.
#include "derived/vector/internal/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "foundation/platform/testing/test_machine.h"

namespace atl::vector::internal {
namespace {

using platform::SeededRandom;

TEST(Kernels, EveryFormGivesTheSameWholeNumbers) {
  SeededRandom random(1);
  EXPECT_EQ(all_kernels().back().name, "portable");
  for (std::size_t bytes = kCodeAlign; bytes <= 4096; bytes += kCodeAlign) {
    struct alignas(kCodeAlign) Codes {
      std::int8_t code[4096];  // NOLINT(cppcoreguidelines-avoid-c-arrays)
    };
    Codes a;
    Codes b;
    for (std::size_t i = 0; i < bytes; ++i) {
      const bool extreme = random.one_in(3);
      a.code[i] = static_cast<std::int8_t>(extreme ? -127 : static_cast<int>(random.below(255)) - 127);
      b.code[i] = static_cast<std::int8_t>(extreme ? 127 : static_cast<int>(random.below(255)) - 127);
    }
    std::int32_t expected = 0;
    for (std::size_t i = 0; i < bytes; ++i) expected += a.code[i] * b.code[i];
    for (const Kernels& form : all_kernels()) {
      EXPECT_EQ(form.dot_codes(a.code, b.code, bytes), expected) << form.name << " " << bytes;
    }
  }
}

TEST(Kernels, EveryFormSumsHalvesOfAnyCount) {
  SeededRandom random(2);
  for (const std::size_t count : {0U, 1U, 7U, 15U, 16U, 31U, 33U, 100U, 384U, 1000U}) {
    std::vector<float> a(count);
    std::vector<std::uint16_t> b(count);
    double expected = 0;
    for (std::size_t i = 0; i < count; ++i) {
      a[i] = static_cast<float>(random.below(2001)) / 1000 - 1;
      b[i] = to_half(static_cast<float>(random.below(2001)) / 1000 - 1);
      expected += static_cast<double>(a[i]) * static_cast<double>(from_half(b[i]));
    }
    for (const Kernels& form : all_kernels()) {
      EXPECT_NEAR(form.dot_half(a.data(), b.data(), count), expected, 1e-3) << form.name << " " << count;
    }
  }
}

TEST(Kernels, EveryHalfComesBackAndFractionsGoToTheNearest) {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    if ((half & 0x7FFFU) >= 0x7C00U) continue;
    EXPECT_EQ(to_half(from_half(static_cast<std::uint16_t>(half))), half);
  }
  EXPECT_EQ(to_half(1.0F), 0x3C00);
  EXPECT_EQ(to_half(-2.0F), 0xC000);
  EXPECT_EQ(to_half(1.0F + 1.0F / 2048), 0x3C00);  // a tie goes to the even one
  EXPECT_EQ(to_half(1.0F + 3.0F / 2048), 0x3C02);
  EXPECT_EQ(to_half(1.0F + 1.01F / 2048), 0x3C01);
  EXPECT_EQ(to_half(1e9F), 0x7BFF);
  EXPECT_EQ(to_half(65519.0F), 0x7BFF);
  EXPECT_EQ(to_half(5.96046448e-8F), 0x0001);
}

TEST(Kernels, CodesAreRoundedAndKeptWithinTheirRange) {
  const std::vector<float> numbers{0.1F, -0.1F, 0.05F, 1.0F, -1.0F, 0.0004F};
  std::vector<std::int8_t> codes(64, 99);
  round_to_codes(numbers, 0.1F, codes);
  EXPECT_EQ(std::vector<std::int8_t>(codes.begin(), codes.begin() + 7),
            (std::vector<std::int8_t>{127, -127, 64, 127, -127, 1, 0}));
  EXPECT_EQ(codes.back(), 0);
}

}  // namespace
}  // namespace atl::vector::internal
