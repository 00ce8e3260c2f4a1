#include "derived/text/internal/packing.h"

#include <gtest/gtest.h>

#include "derived/text/internal/format.h"
#include "derived/text/internal/string_table.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::text::internal {
namespace {

TEST(Packing, EveryWidthAndMixtureComesBack) {
  platform::SeededRandom random(1);
  for (int round = 0; round < 3000; ++round) {
    BlockValues values;
    const auto width = static_cast<unsigned>(random.below(33));
    const std::uint64_t outliers = random.below(4);
    for (std::uint32_t& value : values) {
      const unsigned bits =
          outliers > 0 && random.one_in(8 * outliers) ? static_cast<unsigned>(random.below(33)) : width;
      value = bits == 0 ? 0 : static_cast<std::uint32_t>(random.next() >> (64 - bits));
    }
    Bytes packed;
    pack_block(values, packed);
    ASSERT_LE(packed.size(), 2 + 16 * 32U + 64);
    BlockValues back;
    ASSERT_EQ(unpack_block(packed.data(), packed.data() + packed.size(), back), packed.data() + packed.size());
    ASSERT_EQ(back, values);
    for (std::size_t cut = 0; cut < packed.size(); cut += 1 + packed.size() / 7) {
      ASSERT_EQ(unpack_block(packed.data(), packed.data() + cut, back), nullptr);
    }
  }
}

TEST(Packing, RunsOfAnyLengthComeBack) {
  platform::SeededRandom random(2);
  for (std::size_t count : {0U, 1U, 127U, 128U, 129U, 1000U}) {
    std::vector<std::uint32_t> values(count);
    for (auto& value : values) value = static_cast<std::uint32_t>(random.next() >> (32 + random.below(32)));
    Bytes packed;
    pack_run(values, packed);
    std::vector<std::uint32_t> back(count);
    ASSERT_EQ(unpack_run(packed.data(), packed.data() + packed.size(), back), packed.data() + packed.size());
    ASSERT_EQ(back, values);
  }
}

TEST(Packing, RefusesWhatIsNoBlock) {
  BlockValues values;
  Bytes bytes(600);
  bytes[0] = 33;
  EXPECT_EQ(unpack_block(bytes.data(), bytes.data() + bytes.size(), values), nullptr);
  bytes[0] = 0;
  bytes[1] = 1;
  bytes[2] = 128;
  EXPECT_EQ(unpack_block(bytes.data(), bytes.data() + bytes.size(), values), nullptr);
}

TEST(LengthCodes, AreExactBelowFortyAndNeverTooLong) {
  for (std::uint32_t words = 0; words < 20'000; ++words) {
    const std::uint32_t told = kLengths[length_code(words)];
    ASSERT_LE(told, words);
    if (words <= 40) ASSERT_EQ(told, words);
    ASSERT_GE(told * 100 + 600, words * 93);
  }
  EXPECT_EQ(length_code(UINT64_MAX), 255);
}

TEST(StringTable, GivesEachStringOneNumber) {
  StringTable table(42);
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 5000; ++i) {
      bool fresh = false;
      ASSERT_EQ(table.intern(static_cast<std::uint16_t>(i % 3), "string number " + std::to_string(i / 3), fresh), i);
      ASSERT_EQ(fresh, round == 0);
    }
  }
  EXPECT_EQ(table.text(7), "string number 2");
  EXPECT_EQ(table.context(7), 1U);
}

}  // namespace
}  // namespace atl::text::internal
