#include "foundation/codec/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <new>

namespace atl::codec {
namespace {

std::array<std::uint8_t, 32> rising() {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i + 1);
  return bytes;
}

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

TEST(SecretKey, WipesTheSourceOfAMove) {
  SecretKey first(rising());
  SecretKey second(std::move(first));
  EXPECT_TRUE(all_zero(first.view()));  // NOLINT(bugprone-use-after-move): that it is wiped is what is tested
  EXPECT_TRUE(equal(second.view(), rising()));
  SecretKey third;
  third = std::move(second);
  EXPECT_TRUE(all_zero(second.view()));  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(equal(third.view(), rising()));
  SecretKey& same = third;
  third = std::move(same);
  EXPECT_TRUE(equal(third.view(), rising())) << "moving into itself keeps the key";
}

TEST(SecretKey, WipesItsMemoryWhenItEnds) {
  alignas(SecretKey) std::array<std::uint8_t, sizeof(SecretKey)> memory{};
  auto* key = new (memory.data()) SecretKey(rising());
  EXPECT_FALSE(all_zero(memory));
  std::destroy_at(key);
  EXPECT_TRUE(all_zero(memory));
}

TEST(SecretKey, ComparesAllBytes) {
  const SecretKey key(rising());
  EXPECT_TRUE(key.equals(key.clone()));
  for (const std::size_t at : {std::size_t{0}, std::size_t{15}, std::size_t{31}}) {
    SecretKey other = key.clone();
    other.fill()[at] ^= 0x80;
    EXPECT_FALSE(key.equals(other)) << at;
  }
}

TEST(SecretKey, IsMadeOfExactly32Bytes) {
  EXPECT_TRUE(SecretKey::from_view(rising()).value().equals(SecretKey(rising())));
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{33}}) {
    const auto key = SecretKey::from_view(Bytes(size));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, ErrorKind::damaged);
    EXPECT_EQ(key.error().id, "key.length");
  }
}

TEST(Wipe, ClearsBytesAndText) {
  Bytes bytes{1, 2, 3};
  wipe(bytes);
  EXPECT_TRUE(all_zero(bytes));
  wipe(ByteSpan{});
  std::string text = "a passphrase that is longer than the small string buffer";
  const char* const memory = text.data();
  const std::size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  // The string keeps its memory; behind the terminator the old characters would still stand.
  EXPECT_TRUE(all_zero({reinterpret_cast<const std::uint8_t*>(memory), size}));  // NOLINT
}

static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);

}  // namespace
}  // namespace atl::codec
