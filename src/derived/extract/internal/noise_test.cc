// Encrypted contents are told from formats that nobody here knows.
#include "derived/extract/internal/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace atl::extract {
namespace {

using namespace std::string_view_literals;

Bytes random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

Bytes beginning_with(std::string_view mark, std::size_t count, unsigned seed) {
  Bytes bytes = random_bytes(count, seed);
  std::ranges::copy(as_bytes(mark), bytes.begin());
  return bytes;
}

TEST(Noise, MostOfRandomContentsAreKnownForIt) {
  int known = 0;
  for (unsigned seed = 0; seed < 500; ++seed)
    known += is_noise(random_bytes(seed % 2 == 0 ? 4096 : 65536, seed)) ? 1 : 0;
  EXPECT_GT(known, 300);
}

TEST(Noise, AMarkInFrontOfNoiseCounts) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    EXPECT_FALSE(is_noise(beginning_with("Salted__", 4096, seed)));
    EXPECT_FALSE(is_noise(beginning_with("LUKS\xBA\xBE", 65536, seed)));
    EXPECT_FALSE(is_noise(beginning_with("\x85\x02\x0C\x03", 4096, seed))) << "OpenPGP";
    EXPECT_FALSE(is_noise(beginning_with("\x1F\x9D\x90", 4096, seed))) << "compress(1)";
    EXPECT_FALSE(is_noise(beginning_with("\x89\xF1\0\0\0\x01\xEE\xEF"sv, 4096, seed))) << "small numbers";
  }
}

TEST(Noise, WhatHasAShapeIsNone) {
  EXPECT_FALSE(is_noise({}));
  EXPECT_FALSE(is_noise(random_bytes(1000, 1))) << "too little to tell";
  EXPECT_FALSE(is_noise(Bytes(4096, 0)));
  Bytes table = random_bytes(65536, 3);
  std::fill(table.begin() + 32000, table.begin() + 34000, std::uint8_t{0x80});
  EXPECT_FALSE(is_noise(table)) << "it has an order further on";
  for (unsigned seed = 0; seed < 50; ++seed) {
    Bytes samples = random_bytes(8192, seed);
    for (std::size_t i = 1; i < samples.size(); i += 2) samples[i] &= 0x0FU;  // 12-bit numbers
    EXPECT_FALSE(is_noise(samples));
  }
}

}  // namespace
}  // namespace atl::extract
