#include "derived/search/picture_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "foundation/platform/testing/test_machine.h"

namespace atl::search {
namespace {

std::uint8_t grey(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)); }

// Some soft shapes, different for each seed.
GreyPicture scene(std::uint64_t seed) {
  platform::SeededRandom random(seed);
  GreyPicture picture{};
  std::array<std::array<double, 4>, 6> blobs{};
  for (auto& blob : blobs) {
    blob = {static_cast<double>(random.below(32)), static_cast<double>(random.below(32)),
            3.0 + static_cast<double>(random.below(8)), static_cast<double>(random.below(400)) - 200};
  }
  for (std::size_t y = 0; y < kGreySide; ++y) {
    for (std::size_t x = 0; x < kGreySide; ++x) {
      double value = 128;
      for (const auto& [at_x, at_y, size, height] : blobs) {
        const double dx = static_cast<double>(x) - at_x, dy = static_cast<double>(y) - at_y;
        value += height * std::exp(-(dx * dx + dy * dy) / (2 * size * size));
      }
      picture[y * kGreySide + x] = grey(value);
    }
  }
  return picture;
}

TEST(PictureHash, QualityAndBrightnessHardlyChangeIt) {
  int alike = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const GreyPicture picture = scene(seed);
    GreyPicture changed = picture;
    platform::SeededRandom random(seed + 1000);
    for (auto& pixel : changed) pixel = grey(pixel * 0.85 + 20 + static_cast<double>(random.below(7)) - 3);
    const auto one = picture_hash(picture);
    const auto other = picture_hash(changed);
    ASSERT_TRUE(one && other) << seed;
    EXPECT_GE(picture_similarity(*one, *other), 0.8) << seed;
    alike += picture_similarity(*one, *other) >= 0.9 ? 1 : 0;
  }
  EXPECT_GE(alike, 95);
}

TEST(PictureHash, OtherPicturesHaveOtherOnes) {
  int alike = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto one = picture_hash(scene(seed));
    const auto other = picture_hash(scene(seed + 500));
    ASSERT_TRUE(one && other);
    alike += picture_similarity(*one, *other) >= 0.85 ? 1 : 0;
  }
  EXPECT_EQ(alike, 0);
}

TEST(PictureHash, NothingToSeeHasNone) {
  GreyPicture picture{};
  EXPECT_FALSE(picture_hash(picture));
  picture.fill(200);
  EXPECT_FALSE(picture_hash(picture));
  platform::SeededRandom random(1);
  for (auto& pixel : picture) pixel = static_cast<std::uint8_t>(200 + random.below(3));
  EXPECT_FALSE(picture_hash(picture));
  // Black to white from left to right.
  for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<std::uint8_t>(i % kGreySide * 8);
  EXPECT_FALSE(picture_hash(picture));
}

TEST(PictureHash, CountsWhatDiffers) {
  EXPECT_EQ(picture_similarity(0, 0), 1);
  EXPECT_EQ(picture_similarity(0, ~std::uint64_t{0}), 0);
  EXPECT_EQ(picture_similarity(0, 0xFFFF), 0.75);
}

}  // namespace
}  // namespace atl::search
