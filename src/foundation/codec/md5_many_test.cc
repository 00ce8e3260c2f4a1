// Digests of many streams at once are those that RFC 1321 gives and OpenSSL computes one by one.
#include "foundation/codec/md5_many.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "foundation/codec/hash.h"
#include "foundation/codec/internal/md5_lanes.h"

namespace atl::codec {
namespace {

using internal::Lanes;

class Md5Many : public ::testing::TestWithParam<Lanes> {
 protected:
  void SetUp() override {
    std::mt19937_64 random(12);
    bytes_.resize(1'300'000);
    for (auto& byte : bytes_) byte = static_cast<std::uint8_t>(random());
  }
  // All of them side by side, each from another place and cut into pieces of its own.
  void expect_equal(const std::vector<std::size_t>& lengths, std::size_t piece_bytes_max) {
    std::vector<ByteView> left;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      left.push_back(ByteView(bytes_).subspan(i * 41 % 200'000, lengths[i]));
    }
    const std::vector<ByteView> whole = left;
    std::vector<Md5Stream> streams(lengths.size());
    for (;;) {
      std::vector<Md5Piece> pieces;
      for (std::size_t i = 0; i < left.size(); ++i) {
        const std::size_t count = std::min<std::size_t>(left[i].size(), random_() % (piece_bytes_max + 1));
        if (!left[i].empty()) pieces.push_back({&streams[i], left[i].first(count)});
        left[i] = left[i].subspan(count);
      }
      if (pieces.empty()) break;
      internal::md5_update_many(GetParam(), pieces);
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      ASSERT_EQ(to_hex(streams[i].finish()), to_hex(md5(whole[i]))) << "stream " << i << " of " << whole[i].size();
    }
  }
  Bytes bytes_;
  std::mt19937_64 random_{3};  // NOLINT(cert-msc51-cpp): the same in every run
};

TEST_P(Md5Many, MatchesRfc1321) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "d41d8cd98f00b204e9800998ecf8427e"},
      {"a", "0cc175b9c0f1b6a831c399e269772661"},
      {"abc", "900150983cd24fb0d6963f7d28e17f72"},
      {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
      {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
      {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "57edf4a22be3c955ac49da2e2107b67a"}};
  std::vector<Md5Stream> streams(cases.size());
  std::vector<Md5Piece> pieces;
  for (std::size_t i = 0; i < cases.size(); ++i) pieces.push_back({&streams[i], as_bytes(cases[i].first)});
  internal::md5_update_many(GetParam(), pieces);
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(to_hex(streams[i].finish()), cases[i].second);
}

TEST_P(Md5Many, EveryLengthUpToTenBlocks) {
  std::vector<std::size_t> lengths;
  for (std::size_t length = 0; length <= 640; ++length) lengths.push_back(length);
  expect_equal(lengths, 10'000);
  if (!HasFatalFailure()) expect_equal(lengths, 90);
}

TEST_P(Md5Many, AnyMixOfLengthsInAnyNumberOfStreams) {
  for (std::size_t count = 1; count < 40; ++count) {
    std::vector<std::size_t> lengths(count);
    for (auto& length : lengths) length = random_() % ((std::size_t{16} << (random_() % 17)) + 1);
    expect_equal(lengths, count % 2 == 0 ? 2'000'000 : 100'000);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(ByLanes, Md5Many, ::testing::ValuesIn([] {
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
TEST(Md5ManyForAll, GivesTheDigestsOfOpenSsl) {
  const Bytes bytes(100'000, 0x3C);
  std::array<Md5Stream, 3> streams;
  const std::array<Md5Piece, 3> pieces{Md5Piece{streams.data(), bytes},
                                       Md5Piece{&streams[1], ByteView(bytes).first(63)}, Md5Piece{&streams[2], {}}};
  md5_update_many(pieces);
  for (std::size_t i = 0; i < streams.size(); ++i) EXPECT_EQ(to_hex(streams[i].finish()), to_hex(md5(pieces[i].bytes)));
}

}  // namespace
}  // namespace atl::codec
