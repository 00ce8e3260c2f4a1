// A vault folder in memory with a keyring and a chunk store, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "foundation/platform/testing/test_machine.h"
#include "store/chunk/chunk_store.h"
#include "store/keyring/testing/test_keyring.h"

namespace atl::chunk::testing {

inline constexpr const char* kVaultFolder = "/vault";

// Small limits, so that little data makes many packs and runs.
[[nodiscard]] inline ChunkStoreOptions small_options(std::uint64_t pack_bytes = 300'000) {
  ChunkStoreOptions options;
  options.pack_bytes_target = pack_bytes;
  options.zstd_level_cold = 5;
  options.read_cache_bytes = 1 << 20;
  options.index.memtable_bytes_max = 256 * kKiB;
  options.index.filter_bytes_max = 1 << 20;
  options.index.cache_bytes_max = 256 * kKiB;
  return options;
}

class TestVault {
 public:
  explicit TestVault(codec::SealSuite suite = codec::SealSuite::aes256gcm, std::uint64_t seed = 1)
      : disk_(std::make_unique<platform::TestMachine>(seed)) {
    EXPECT_TRUE(platform::create_directories(machine().files, kVaultFolder));
    auto made = keyring::create_test_keyring(machine(), kVaultFolder, suite);
    EXPECT_TRUE(made) << made.error().message;
    keys_ = std::move(*made);
    const auto second = keys_->add_domain();
    EXPECT_TRUE(second);
    second_domain_ = *second;
  }
  // The same vault on another disk (a clone, or what a crash left), with the keys of `other`.
  TestVault(const TestVault& other, std::unique_ptr<platform::MemoryFileSystem> disk, std::uint64_t seed)
      : disk_(std::make_unique<platform::TestMachine>(std::move(disk), seed)),
        keys_(other.keys_),
        second_domain_(other.second_domain_) {}

  [[nodiscard]] platform::Machine machine() { return disk_->machine(); }
  [[nodiscard]] platform::MemoryFileSystem& files() { return disk_->files; }
  [[nodiscard]] platform::SeededRandom& random() { return disk_->random; }
  [[nodiscard]] keyring::Keyring& keys() { return *keys_; }
  // Reads the keyring's files again, as another session would.
  void reload_keys() {
    auto opened =
        keyring::Keyring::open(machine(), kVaultFolder, keyring::candidates(keyring::with_passphrase("open sesame")));
    EXPECT_TRUE(opened) << opened.error().message;
    keys_ = std::move(*opened);
  }
  [[nodiscard]] DomainNumber second_domain() const { return second_domain_; }

  [[nodiscard]] std::unique_ptr<ChunkStore> open(const ChunkStoreOptions& options = small_options(),
                                                 bool writable = true) {
    auto store = ChunkStore::open(machine(), kVaultFolder, *keys_, options, writable);
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  [[nodiscard]] std::vector<std::string> pack_paths() { return files().all_paths("/vault/packs/*.pack"); }

 private:
  std::unique_ptr<platform::TestMachine> disk_;
  std::shared_ptr<keyring::Keyring> keys_;
  DomainNumber second_domain_;
};

// Text-like bytes that compress about threefold, different for every number.
[[nodiscard]] inline Bytes text_chunk(std::uint64_t number, std::size_t length) {
  static constexpr const char* kWords[] = {"storage ",  "of ",    "bytes ", "in ",   "packs ", "and ",
                                           "journals ", "which ", "never ", "lose ", "them "};
  platform::SeededRandom random(number * 7919 + 13);
  std::string text = "chunk " + std::to_string(number) + ": ";
  while (text.size() < length) text += kWords[random.below(std::size(kWords))] + std::to_string(random.below(50)) + " ";
  text.resize(length);
  return to_bytes(text);
}
[[nodiscard]] inline Bytes noise_chunk(std::uint64_t number, std::size_t length) {
  return platform::SeededRandom(number * 104729 + 7).bytes(length);
}

[[nodiscard]] inline ChunkId must_add(ChunkWriter& writer, ByteView plain) {
  const auto added = writer.add(plain);
  EXPECT_TRUE(added) << added.error().message;
  return added ? added->id : ChunkId{};
}

inline void expect_reads(ChunkStore& store, const ChunkId& id, ByteView plain, DomainNumber domain = kDefaultDomain) {
  Buffer out;
  const auto read = store.read(id, domain, out);
  ASSERT_TRUE(read) << read.error().id << ": " << read.error().message;
  ASSERT_TRUE(equal(out.view(), plain)) << out.size() << " bytes read, " << plain.size() << " added";
}

}  // namespace atl::chunk::testing
