// What the tests of this module share: a set over files in memory, and the plain map it is compared with.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "foundation/platform/testing/test_machine.h"
#include "store/run/run_set.h"

namespace atl::run::testing {

using Model = std::map<Bytes, Bytes>;

inline constexpr const char* kFolder = "/vault/indexes/chunks";

inline codec::SecretKey test_key(std::uint8_t fill = 7) {
  codec::SecretKey key;
  for (auto& byte : key.fill()) byte = fill;
  return key;
}

inline VaultId test_vault(std::uint8_t fill = 3) {
  VaultId vault;
  vault.bytes.fill(fill);
  return vault;
}

// Everything as small as it goes, so that small tests reach every branch.
inline Options small_options() {
  Options options;
  options.memtable_bytes_max = 256 * kKiB;
  options.filter_bytes_max = 64 * kKiB;
  options.cache_bytes_max = 32 * kKiB;
  return options;
}

inline Result<std::unique_ptr<RunSet>> open_set(platform::TestMachine& machine,
                                                const Options& options = small_options(), bool writable = true) {
  return RunSet::open(machine.machine(), kFolder, test_key(), test_vault(), options, writable);
}

inline std::unique_ptr<RunSet> must_open(platform::TestMachine& machine, const Options& options = small_options(),
                                         bool writable = true) {
  auto set = open_set(machine, options, writable);
  EXPECT_TRUE(set.has_value()) << set.error().id << ": " << set.error().message;
  return set ? std::move(*set) : nullptr;
}

template <class T>
void expect_ok(const Result<T>& result) {
  EXPECT_TRUE(result.has_value()) << result.error().id << ": " << result.error().message;
}

// A key of `width` bytes that depends on nothing but `number`, spread evenly.
inline Bytes spread_key(std::uint64_t number, std::size_t width = 32) {
  platform::SeededRandom random(number * 0x9E37'79B9'7F4A'7C15 + 1);
  return random.bytes(width);
}

inline Bytes value_for(std::uint64_t number, std::size_t width = 28) {
  Bytes value(width);
  for (std::size_t i = 0; i < width; ++i) value[i] = static_cast<std::uint8_t>(number >> (i % 8 * 8));
  return value;
}

// Everything the set holds, in the order it gives.
inline Result<std::vector<std::pair<Bytes, Bytes>>> all_entries(const RunSet& set) {
  std::vector<std::pair<Bytes, Bytes>> entries;
  ATOLL_TRY(set.for_each([&](ByteView key, ByteView value) -> Result<bool> {
    entries.emplace_back(to_bytes(key), to_bytes(value));
    return true;
  }));
  return entries;
}

inline void expect_holds(const RunSet& set, const Model& model) {
  const auto entries = all_entries(set);
  ASSERT_TRUE(entries.has_value()) << entries.error().id << ": " << entries.error().message;
  const std::vector<std::pair<Bytes, Bytes>> expected(model.begin(), model.end());
  ASSERT_EQ(entries->size(), expected.size());
  ASSERT_TRUE(*entries == expected);
  for (const auto& [key, value] : model) {
    const auto found = set.get(key);
    ASSERT_TRUE(found.has_value()) << found.error().id;
    ASSERT_TRUE(found->has_value());
    ASSERT_TRUE(**found == value);
  }
}

}  // namespace atl::run::testing
