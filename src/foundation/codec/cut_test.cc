#include "foundation/codec/cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "foundation/codec/hash.h"

namespace atl::codec {
namespace {

SecretKey key_number(std::uint8_t number) {
  SecretKey key;
  key.fill()[0] = number;
  return key;
}

// mt19937_64 is fixed by the C++ standard: the same bytes everywhere.
Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return bytes;
}

std::vector<std::size_t> lengths_of(const Cutter& cutter, ByteView content) {
  std::vector<std::size_t> lengths;
  while (!content.empty()) {
    const std::size_t length = cutter.first_cut(content, true);
    EXPECT_GT(length, 0U);
    lengths.push_back(length);
    content = content.subspan(length);
  }
  return lengths;
}

// The definition, byte by byte, as the format page gives it.
std::size_t cut_by_definition(ByteView content, const CutterLimits& limits, const GearTable& gear) {
  if (content.size() <= limits.min_bytes) return content.size();
  const auto mask = [](int bits) {
    std::uint64_t value = 0;
    for (int i = 0; i < bits; ++i) value |= std::uint64_t{1} << (63 - 2 * i);
    return value;
  };
  const int bits = static_cast<int>(std::bit_width(limits.average_bytes)) - 1;
  std::uint64_t hash = 0;
  for (std::size_t at = limits.min_bytes - 64; at < content.size() && at < limits.max_bytes; ++at) {
    hash = hash * 2 + gear[content[at]];
    if (at < limits.min_bytes) continue;
    const std::uint64_t wanted = mask(at < limits.average_bytes / 16 * 13 ? bits + 2 : bits - 2);
    if ((hash & wanted) == 0) return at + 1;
  }
  return std::min<std::size_t>(content.size(), limits.max_bytes);
}

class EachCutter : public testing::TestWithParam<CutterNumber> {
 protected:
  GearTable gear_ = make_gear_table(key_number(1));
  Cutter cutter_{GetParam(), gear_};
  CutterLimits limits_ = cutter_.limits();
};
INSTANTIATE_TEST_SUITE_P(Cutters, EachCutter, testing::Values(CutterNumber::small, CutterNumber::large),
                         [](const auto& cutter) { return cutter.param == CutterNumber::small ? "small" : "large"; });

TEST_P(EachCutter, CutsWhereTheDefinitionSays) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Bytes random = random_bytes(std::size_t{limits_.average_bytes} * 40, seed);
  ByteView rest = random;
  while (!rest.empty()) {
    const std::size_t length = cutter_.first_cut(rest, true);
    ASSERT_EQ(length, cut_by_definition(rest, limits_, gear_));
    rest = rest.subspan(length);
  }
  // Content of every length around the limits, so that odd and even ends of both stretches are met.
  for (const std::size_t around :
       {std::size_t{limits_.min_bytes}, std::size_t{limits_.average_bytes} / 16 * 13, std::size_t{limits_.max_bytes}}) {
    for (std::size_t size = around - 3; size <= around + 3; ++size) {
      const Bytes zeros(size, 0);
      EXPECT_EQ(cutter_.first_cut(zeros, true), cut_by_definition(zeros, limits_, gear_)) << size;
      const ByteView noise = ByteView(random).subspan(size % 1000, size);
      EXPECT_EQ(cutter_.first_cut(noise, true), cut_by_definition(noise, limits_, gear_)) << size;
    }
  }
}

TEST_P(EachCutter, CutsAlikeWhateverTheWindows) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Bytes content = random_bytes(std::size_t{limits_.average_bytes} * 50 + 123, seed);
  const auto expected = lengths_of(cutter_, content);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::size_t> lengths;
    ByteView rest = content;
    while (!rest.empty()) {
      const std::size_t wanted = limits_.max_bytes + random() % (2 * limits_.max_bytes);
      const bool is_end = wanted >= rest.size();
      lengths.push_back(cutter_.first_cut(rest.first(std::min(wanted, rest.size())), is_end));
      rest = rest.subspan(lengths.back());
    }
    ASSERT_EQ(lengths, expected);
  }
}

TEST_P(EachCutter, KeepsItsLimitsAndItsAverage) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Bytes content = random_bytes(std::size_t{limits_.average_bytes} * 250, seed);
  const auto lengths = lengths_of(cutter_, content);
  for (std::size_t i = 0; i + 1 < lengths.size(); ++i) {
    EXPECT_GT(lengths[i], limits_.min_bytes);
    EXPECT_LE(lengths[i], limits_.max_bytes);
  }
  const double mean = static_cast<double>(content.size()) / static_cast<double>(lengths.size());
  EXPECT_NEAR(mean / limits_.average_bytes, 1.0, 0.2);
}

TEST_P(EachCutter, CutsConstantDataAtTheLongestChunk) {
  const Bytes zeros(std::size_t{limits_.max_bytes} * 2 + 100, 0);
  const std::vector<std::size_t> expected{limits_.max_bytes, limits_.max_bytes, 100};
  EXPECT_EQ(lengths_of(cutter_, zeros), expected);
}

TEST_P(EachCutter, FallsIntoStepSoonAfterAnInsertion) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Bytes content = random_bytes(std::size_t{limits_.average_bytes} * 100, seed);
  const auto ids_of = [&](ByteView bytes) {
    std::set<Digest> ids;
    for (const std::size_t length : lengths_of(cutter_, bytes)) {
      ids.insert(blake3(bytes.first(length)));
      bytes = bytes.subspan(length);
    }
    return ids;
  };
  const auto before = ids_of(content);
  const auto count_new = [&](ByteView changed) {
    std::size_t fresh = 0;
    for (const Digest& id : ids_of(changed)) fresh += before.contains(id) ? 0 : 1;
    return fresh;
  };
  Bytes longer = content;
  longer.insert(longer.begin(), 'x');
  EXPECT_LE(count_new(longer), 8U) << "of " << before.size();
  EXPECT_GE(count_new(longer), 1U);
  longer = content;
  longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(content.size() / 2), 1000, 'x');
  EXPECT_LE(count_new(longer), 8U) << "of " << before.size();
}

TEST_P(EachCutter, GivesOtherCutsUnderAnotherKey) {
  const Bytes content = random_bytes(std::size_t{limits_.average_bytes} * 20, 5);
  const GearTable other_gear = make_gear_table(key_number(2));
  const auto first = lengths_of(cutter_, content);
  const auto second = lengths_of(Cutter(GetParam(), other_gear), content);
  EXPECT_NE(first, second);
  std::set<std::size_t> places;
  std::size_t at = 0;
  for (const std::size_t length : first) places.insert(at += length);
  std::size_t shared = 0;
  at = 0;
  for (const std::size_t length : second) shared += places.contains(at += length) ? 1 : 0;
  EXPECT_LE(shared, 2U) << "the end is one of them";
}

TEST_P(EachCutter, TakesShortContentWhole) {
  EXPECT_EQ(cutter_.first_cut({}, true), 0U);
  const Bytes content = random_bytes(limits_.min_bytes, 1);
  for (const std::size_t size : {std::size_t{1}, std::size_t{63}, content.size() - 1, content.size()}) {
    EXPECT_EQ(cutter_.first_cut(ByteView(content).first(size), true), size);
  }
}

TEST(Cutters, NeverChangeTheirCuts) {
  // Another result here would make every stored file new to deduplication: a change needs a new cutter number.
  const GearTable gear = make_gear_table(key_number(1));
  Bytes table;
  ByteWriter writer(table);
  for (const std::uint64_t word : gear) writer.put(word);
  EXPECT_EQ(to_hex(sha256(table)), "87b312c367cdccc592e87896252bb3dbb15f233ba267ec584d7dc09025d46cb3");
  const auto digest_of = [&](CutterNumber number, std::size_t size) {
    Bytes out;
    ByteWriter lengths(out);
    for (const std::size_t length : lengths_of(Cutter(number, gear), random_bytes(size, 1))) {
      lengths.put(static_cast<std::uint32_t>(length));
    }
    return to_hex(sha256(out));
  };
  EXPECT_EQ(digest_of(CutterNumber::small, 4 << 20),
            "7456e3112e17738495846ea3d7f3758b438288fd625dd922d027b545736d0dd8");
  EXPECT_EQ(digest_of(CutterNumber::large, 32 << 20),
            "f05c3c433a0be7a04f58f02def10a3066a1370dcd9c5391db21da606c50d5444");
}

TEST(Cutters, KnowTheirNumbers) {
  EXPECT_TRUE(is_known_cutter(0));
  EXPECT_TRUE(is_known_cutter(2));
  EXPECT_FALSE(is_known_cutter(3));
  EXPECT_EQ(limits_of(CutterNumber::small).average_bytes, 32U * 1024);
  EXPECT_EQ(limits_of(CutterNumber::large).max_bytes, 4096U * 1024);
}

TEST(CuttersDeathTest, StopOnAWindowThatMayNotHoldTheChunk) {
  const GearTable gear = make_gear_table(key_number(1));
  const Bytes content(limits_of(CutterNumber::small).max_bytes - 1);
  EXPECT_DEATH([[maybe_unused]] const auto cut = Cutter(CutterNumber::small, gear).first_cut(content, false),
               "holds the longest chunk");
}

}  // namespace
}  // namespace atl::codec
