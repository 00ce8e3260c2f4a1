// Runs written and read without a set around them.
#include "store/run/internal/run_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foundation/platform/testing/test_machine.h"
#include "store/run/internal/filter.h"

namespace atl::run::internal {
namespace {

class RunWriterTest : public ::testing::Test {
 protected:
  RunWriterTest() { EXPECT_TRUE(machine_.files.create_directory("/r").has_value()); }
  [[nodiscard]] RunContext context(std::uint64_t seed = 1) {
    return {machine_.files, key_, vault_, codec::SealSuite::aes256gcm, seed, cache_};
  }
  [[nodiscard]] static Summary fixed_summary() {
    Summary summary;
    summary.entries = 10'000;
    summary.widths.add_key(8);
    summary.widths.add_value(4);
    summary.min_key = Bytes(8, 0);
    summary.max_key = Bytes(8, 255);
    return summary;
  }
  [[nodiscard]] static Bytes key_of(std::uint64_t number) {
    Bytes key;
    append_be64(key, number);
    return key;
  }
  platform::TestMachine machine_;
  codec::SecretKey key_;
  VaultId vault_;
  BlockCache cache_{0};
};

TEST_F(RunWriterTest, RefusesEntriesOutOfOrderAndOfAnotherKind) {
  auto writer = RunWriter::create(context(), "/r", 1, {}, fixed_summary(), 100).value();
  ASSERT_TRUE(writer->add(key_of(5), Bytes(4), false).has_value());
  EXPECT_EQ(writer->add(key_of(5), Bytes(4), false).error().id, "run.order");
  EXPECT_EQ(writer->add(key_of(4), Bytes(4), false).error().id, "run.order");
  EXPECT_EQ(writer->add(key_of(6), Bytes(5), false).error().id, "run.widths");
  EXPECT_EQ(writer->add(Bytes(9, 200), Bytes(4), false).error().id, "run.widths");
  EXPECT_EQ(writer->add(key_of(6), {}, true).error().id, "run.widths");  // no removals were announced
}

TEST_F(RunWriterTest, VerifyFindsAFilterThatMissesItsKeys) {
  auto writer = RunWriter::create(context(1), "/r", 1, {}, fixed_summary(), 100).value();
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(writer->add(key_of(i), Bytes(4), false).has_value());
  const RunInfo info = writer->finish().value();
  const auto right = Run::open(context(1), "/r", info, 100'000).value();
  EXPECT_TRUE(right->verify().has_value());
  const auto wrong = Run::open(context(2), "/r", info, 100'000).value();  // hashes otherwise: the filter is of no use
  EXPECT_EQ(wrong->verify().error().id, "run.content");
}

TEST_F(RunWriterTest, FindsEveryKeyHoweverUnevenlyTheyLie) {
  // Interpolation is misled by clusters and by a few keys far away; the answer must not be.
  platform::SeededRandom random(4);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    std::vector<std::uint64_t> numbers{0, 1, ~std::uint64_t{0}, ~std::uint64_t{0} - 1};
    for (int cluster = 0; cluster < 4; ++cluster) {
      const std::uint64_t begin = random.next() >> random.below(64);
      for (int i = 0; i < 1500; ++i) numbers.push_back(begin + (random.next() >> (44 + random.below(20))));
    }
    std::ranges::sort(numbers);
    const auto repeated = std::ranges::unique(numbers);
    numbers.erase(repeated.begin(), repeated.end());
    auto writer = RunWriter::create(context(), "/r", 1, {}, fixed_summary(), 1000).value();
    for (const std::uint64_t number : numbers) {
      Bytes value(4);
      store_le(value.data(), static_cast<std::uint32_t>(number));
      ASSERT_TRUE(writer->add(key_of(number), value, false).has_value());
    }
    const RunInfo info = writer->finish().value();
    const auto run = Run::open(context(), "/r", info, 1'000'000).value();
    const auto find = [&](std::uint64_t number) {
      ValueTarget target;
      return run->find(key_of(number), hash_key(key_of(number), 1), target).value();
    };
    for (const std::uint64_t number : numbers) {
      ASSERT_EQ(find(number), Found::present);
      ASSERT_EQ(find(number + 1), std::ranges::binary_search(numbers, number + 1) ? Found::present : Found::absent);
    }
  }
}

}  // namespace
}  // namespace atl::run::internal
