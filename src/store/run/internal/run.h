// One sealed run file, opened for reading.
// Always true: its block index is in memory; every other byte is read on demand and authenticated before it is used; a
// block is bound to its file (key from the salt, header as associated data) and to its place (nonce), so that swapped,
// repeated or foreign blocks do not open.
// Thread rules: find() and cursors may be used from any thread, one cursor by one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/file_system.h"
#include "store/run/internal/block_cache.h"
#include "store/run/internal/entry.h"
#include "store/run/internal/format.h"

namespace atl::run::internal {

// What all runs of a set share; borrowed, outlives them.
struct RunContext {
  platform::FileSystem& files;
  const codec::SecretKey& index_key;
  const VaultId& vault;
  codec::SealSuite suite;
  std::uint64_t hash_seed;
  BlockCache& cache;
};

// Sealers for one file, since one is not thread safe. Made on first use.
class SealerPool {
 public:
  SealerPool(codec::SealSuite suite, codec::SecretKey key) : suite_(suite), key_(std::move(key)) {}
  [[nodiscard]] bool open(std::size_t hint, const codec::Nonce& nonce, ByteView aad, ByteView sealed,
                          ByteSpan out) const;
  [[nodiscard]] codec::Sealer make() const { return {suite_, key_}; }

 private:
  static constexpr std::size_t kSlots = 8;
  struct alignas(64) Slot {
    std::mutex mutex;
    std::unique_ptr<codec::Sealer> sealer;  // guarded by mutex
  };
  codec::SealSuite suite_;
  codec::SecretKey key_;
  mutable std::array<Slot, kSlots> slots_;
};

// The first pages of a filter, kept in memory once they were read. Others go through the block cache.
class ResidentPages {
 public:
  explicit ResidentPages(std::size_t pages) : states_(pages), plain_(pages * kFilterPageBytes) {}
  [[nodiscard]] std::size_t pages() const { return states_.size(); }
  [[nodiscard]] std::size_t bytes() const { return plain_.size() + states_.size(); }
  // Null until stored.
  [[nodiscard]] const std::uint8_t* page(std::size_t number) const {
    return states_[number].load(std::memory_order_acquire) == kReady ? plain_.data() + number * kFilterPageBytes
                                                                     : nullptr;
  }
  void store(std::size_t number, const std::uint8_t* plain);  // whoever comes second does nothing

 private:
  static constexpr std::uint8_t kEmpty = 0;
  static constexpr std::uint8_t kFilling = 1;
  static constexpr std::uint8_t kReady = 2;
  std::vector<std::atomic<std::uint8_t>> states_;
  Buffer plain_;  // untouched pages of it take no memory
};

class Run : public std::enable_shared_from_this<Run> {
 public:
  // Checks header, trailer, footer and index against `expected`. `resident_bytes` is what its filter may keep in
  // memory.
  [[nodiscard]] static Result<std::shared_ptr<Run>> open(const RunContext& context, const std::string& folder,
                                                         const RunInfo& expected, std::size_t resident_bytes);

  [[nodiscard]] Result<Found> find(ByteView key, std::uint64_t hash, ValueTarget& target) const;
  // All entries with key >= from. Holds the run, and 128 KiB (or one larger block).
  [[nodiscard]] std::unique_ptr<EntrySource> cursor(ByteView from) const;
  // Every block and every filter page, order of keys, counts.
  [[nodiscard]] Result<void> verify() const;

  [[nodiscard]] const RunInfo& info() const { return info_; }
  [[nodiscard]] Summary summary() const;
  [[nodiscard]] std::size_t index_bytes() const;
  [[nodiscard]] std::size_t resident_bytes() const { return resident_.bytes(); }
  [[nodiscard]] std::size_t filter_bytes() const { return footer_.pages * (kFilterPageBytes + 1); }

 private:
  friend class RunCursor;
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t stored_bytes = 0;
  };
  // A block's plaintext: on the stack for the usual size.
  struct OpenedBlock {
    OpenedBlock() {}  // NOLINT: leaves 4 KiB uninitialised on purpose
    alignas(64) std::array<std::uint8_t, kBlockPlain> small;
    Bytes large;
    ByteView plain;
    std::uint64_t number = UINT64_MAX;
  };
  struct BlockEntry {
    ByteView key;
    ByteView value;
    bool removed = false;
  };
  struct Candidates {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    bool none = true;
  };

  Run(const RunContext& context, RunInfo info, RunHeader header, std::array<std::uint8_t, kHeaderBytes> aad,
      RunFooter footer, std::unique_ptr<platform::File> file, codec::SecretKey file_key, std::size_t resident_pages);
  [[nodiscard]] Result<void> load_index();
  [[nodiscard]] Place block_place(std::uint64_t block) const;
  [[nodiscard]] std::uint64_t page_of(std::uint64_t block) const;
  [[nodiscard]] std::uint64_t page_offset(std::uint64_t page) const;
  [[nodiscard]] Candidates candidates(ByteView key) const;
  [[nodiscard]] std::size_t lower_bound(std::uint64_t prefix) const;
  [[nodiscard]] Result<bool> page_may_hold(std::uint64_t page, std::uint64_t hash) const;
  [[nodiscard]] Result<void> read_page(std::uint64_t page, std::size_t hint, std::uint8_t* plain) const;
  [[nodiscard]] Result<void> open_block(std::uint64_t block, std::size_t hint, OpenedBlock& out) const;
  [[nodiscard]] std::size_t entries_in(std::uint64_t block) const;  // fixed mode
  [[nodiscard]] BlockEntry fixed_entry(ByteView plain, std::size_t count, std::size_t i) const;
  [[nodiscard]] Result<BlockEntry> first_entry(ByteView plain, std::uint64_t block) const;
  // The entry at `at`, which is moved behind it; an empty key at the end of the block.
  [[nodiscard]] Result<BlockEntry> variable_entry(ByteView plain, std::size_t& at) const;
  [[nodiscard]] Result<Found> search(ByteView plain, std::uint64_t block, ByteView key, ValueTarget& target) const;
  [[nodiscard]] tl::unexpected<Error> block_damaged(std::uint64_t block) const;

  // Fixed after construction.
  RunInfo info_;
  RunHeader header_;
  std::array<std::uint8_t, kHeaderBytes> aad_;
  RunFooter footer_;
  std::unique_ptr<platform::File> file_;
  BlockCache* cache_;
  std::uint64_t hash_seed_;
  std::vector<std::uint64_t> prefixes_;     // of the first key of each block
  std::vector<std::uint64_t> offsets_;      // variable mode: of each block
  std::vector<std::uint32_t> page_firsts_;  // variable mode: first block of each filter page
  double blocks_per_prefix_ = 0;            // slope for interpolation
  // Protect themselves.
  SealerPool sealers_;
  mutable ResidentPages resident_;
};

}  // namespace atl::run::internal
