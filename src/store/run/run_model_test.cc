// Random operations against a plain map, over several kinds of keys.
#include <algorithm>

#include "store/run/testing/test_set.h"

namespace atl::run {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

enum class Keys { uniform, few_bytes, long_common_prefix, any_length, runs_of_equal_prefixes };

Bytes make_key(Keys keys, SeededRandom& random) {
  switch (keys) {
    case Keys::uniform: return spread_key(random.below(3000));
    case Keys::few_bytes: return random.bytes(1 + random.below(2));
    case Keys::long_common_prefix: {
      Bytes key(200, 'p');
      append_be64(key, random.below(3000));
      return key;
    }
    case Keys::any_length: {
      Bytes key = spread_key(random.below(500), 1 + random.below(20));
      if (random.one_in(200)) key.resize(1 + random.below(kKeyBytesMax));
      return key;
    }
    case Keys::runs_of_equal_prefixes: {  // many blocks with one 8-byte prefix
      Bytes key(1, static_cast<std::uint8_t>(random.below(3)));
      key.resize(30, 'x');
      append_be64(key, random.below(2000));
      return key;
    }
  }
  return {};
}

Bytes make_value(Keys keys, SeededRandom& random) {
  if (keys == Keys::uniform || keys == Keys::runs_of_equal_prefixes) return random.bytes(28);
  if (random.one_in(500)) return random.bytes(random.below(100'000));
  return random.bytes(random.below(60));
}

class ModelTest : public ::testing::TestWithParam<Keys> {};

TEST_P(ModelTest, AgreesWithAPlainMapThroughFlushesMergesAndReopening) {
  const Keys keys = GetParam();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    TestMachine machine(seed);
    Options options = small_options();
    options.memtable_bytes_max = 16 * kMiB;  // no spills: what is flushed is known exactly
    options.filter_bytes_max = random.below(3) * 20'000;
    options.cache_bytes_max = random.below(3) * 40'000;
    options.bloom_bits_per_key = static_cast<unsigned>(4 + random.below(13));
    options.suite = random.one_in(4) ? codec::SealSuite::none : codec::SealSuite::aes256gcm;
    auto set = must_open(machine, options);
    Model model;
    Model flushed;
    Bytes state;
    for (int step = 0; step < 12'000; ++step) {
      const std::uint64_t what = random.below(1000);
      if (what < 550) {
        const Bytes key = make_key(keys, random);
        const Bytes value = make_value(keys, random);
        expect_ok(set->put(key, value));
        model[key] = value;
      } else if (what < 700) {
        const Bytes key = make_key(keys, random);
        expect_ok(set->remove(key));
        model.erase(key);
      } else if (what < 988) {
        const Bytes key = make_key(keys, random);
        const auto found = set->get(key);
        ASSERT_TRUE(found.has_value()) << found.error().id;
        const auto expected = model.find(key);
        ASSERT_EQ(found->has_value(), expected != model.end());
        ASSERT_TRUE(expected == model.end() || **found == expected->second);
      } else if (what < 993) {
        state = random.bytes(random.below(100));
        expect_ok(set->flush(state));
        flushed = model;
      } else if (what < 996) {
        expect_ok(set->maybe_merge());
      } else if (what < 997) {
        if (random.one_in(4)) expect_ok(set->merge_all());
      } else if (what < 999) {
        set.reset();
        set = must_open(machine, options);
        ASSERT_EQ(set->state(), state);
        model = flushed;
      } else {
        ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
    expect_ok(set->verify());
    expect_ok(set->merge_all());
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
    expect_ok(set->verify());
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, ModelTest,
                         ::testing::Values(Keys::uniform, Keys::few_bytes, Keys::long_common_prefix, Keys::any_length,
                                           Keys::runs_of_equal_prefixes));

TEST(RunModel, MixedWidthsInOneSetMergeWithoutLoss) {
  TestMachine machine;
  const auto set = must_open(machine);
  Model model;
  SeededRandom random(11);
  for (int round = 0; round < 30; ++round) {
    const std::size_t key_width = 8 + random.below(3);
    const std::size_t value_width = random.below(3) * 10;
    const bool only_removals = random.one_in(4);
    for (int i = 0; i < 100; ++i) {
      const Bytes key = spread_key(random.below(300), key_width);
      if (only_removals || random.one_in(5)) {
        expect_ok(set->remove(key));
        model.erase(key);
      } else {
        model[key] = random.bytes(value_width);
        expect_ok(set->put(key, model[key]));
      }
    }
    expect_ok(set->flush({}));
    if (random.one_in(2)) expect_ok(set->maybe_merge());
    ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
  }
  expect_ok(set->verify());
  expect_ok(set->merge_all());
  ASSERT_NO_FATAL_FAILURE(expect_holds(*set, model));
}

}  // namespace
}  // namespace atl::run
