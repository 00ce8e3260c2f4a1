// Many digests at once are those that the library gives one by one.
#include "foundation/codec/hash_many.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "foundation/codec/internal/lanes.h"

namespace atl::codec {
namespace {

using internal::Lanes;

SecretKey some_key() {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 3);
  return SecretKey(bytes);
}

class HashMany : public ::testing::TestWithParam<Lanes> {
 protected:
  void SetUp() override {
    std::mt19937_64 random(11);
    bytes_.resize(1'000'000);
    for (auto& byte : bytes_) byte = static_cast<std::uint8_t>(random());
  }
  // All of them at once, each from another place.
  void expect_equal(const std::vector<std::size_t>& lengths) {
    const SecretKey key = some_key();
    std::vector<ByteView> inputs;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      inputs.push_back(ByteView(bytes_).subspan(i * 37 % 900'000, lengths[i]));
    }
    std::vector<Digest> digests(inputs.size());
    internal::blake3_keyed_many(GetParam(), key, inputs, digests);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(digests[i], blake3_keyed(key, inputs[i])) << "input " << i << " of " << lengths[i] << " bytes";
    }
  }
  Bytes bytes_;
};

TEST_P(HashMany, EveryLengthUpToThreeChunks) {
  std::vector<std::size_t> lengths;
  for (std::size_t length = 0; length <= 3 * 1024 + 1; ++length) lengths.push_back(length);
  expect_equal(lengths);
}

TEST_P(HashMany, LengthsAroundEveryChunkAndTheLongestShortOne) {
  std::vector<std::size_t> lengths;
  for (std::size_t chunk = 1; chunk <= 40; ++chunk) {
    for (const std::size_t length : {chunk * 1024 - 1, chunk * 1024, chunk * 1024 + 1, chunk * 1024 + 64}) {
      lengths.push_back(length);
    }
  }
  expect_equal(lengths);
}

TEST_P(HashMany, AnyMixOfLengthsInAnyNumber) {
  std::mt19937_64 random(5);
  for (std::size_t count = 0; count < 70; ++count) {
    std::vector<std::size_t> lengths(count);
    for (auto& length : lengths) {
      const std::size_t longest = std::size_t{64} << (random() % 10);
      length = random() % (longest + 1);
    }
    expect_equal(lengths);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(ByLanes, HashMany, ::testing::ValuesIn([] {
                           std::vector<Lanes> all;  // that this processor has
                           for (const Lanes lanes : {Lanes::one, Lanes::eight, Lanes::sixteen}) {
                             if (internal::has_lanes(lanes)) all.push_back(lanes);
                           }
                           return all;
                         }()),
                         [](const auto& each) {
                           return std::string(each.param == Lanes::one     ? "One"
                                              : each.param == Lanes::eight ? "Eight"
                                                                           : "Sixteen");
                         });

// The one that everybody calls, whatever the processor.
TEST(HashManyForAll, GivesTheDigestsOfTheLibrary) {
  const SecretKey key = some_key();
  const Bytes bytes(40'000, 0x5A);
  const std::vector<ByteView> inputs{ByteView(bytes).first(0), ByteView(bytes).first(5000), bytes,
                                     ByteView(bytes).first(1024)};
  std::vector<Digest> digests(inputs.size());
  blake3_keyed_many(key, inputs, digests);
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(digests[i], blake3_keyed(key, inputs[i]));
}

}  // namespace
}  // namespace atl::codec
