// Opens what a long read will want next while what it has is being sent: reading, opening and sending then take as long
// as the longest of them, and not as their sum.
//
// Always true:
//  - It changes only when a group is opened, never what a reader gets: what cannot be read ahead is read, and its
//    trouble told, where it is wanted.
//  - One thread, one place at a time: what is asked for while it works is forgotten, and readers do without.
//  - Nothing is read ahead for more long reads at once than half of the processors: then these are busy anyway, and
//    handing work to another thread only costs.
// Thread rules: everything from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "catalog/rows.h"
#include "foundation/platform/machine.h"
#include "vault/vault.h"

namespace atl::vault {

class ReadAhead {
 public:
  explicit ReadAhead(platform::Threads& threads);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ReadAhead(ReadAhead&&) = delete;
  ReadAhead& operator=(ReadAhead&&) = delete;
  ~ReadAhead();  // waits for what it reads just now

  // One long read, counted while it lives.
  class Reader {
   public:
    explicit Reader(std::shared_ptr<ReadAhead> ahead) : ahead_(std::move(ahead)) {
      ahead_->readers_.fetch_add(1, std::memory_order_relaxed);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Reader(Reader&&) = delete;
    Reader& operator=(Reader&&) = delete;
    ~Reader() { ahead_->readers_.fetch_sub(1, std::memory_order_relaxed); }
    // What lies at `offset` of that content will be read soon. Holds the vault until it was read.
    void want(const std::shared_ptr<Vault>& vault, const std::shared_ptr<const catalog::VersionRow>& version,
              std::uint64_t offset);

   private:
    std::shared_ptr<ReadAhead> ahead_;
  };

  // Places that were opened; for tests and figures.
  [[nodiscard]] std::uint64_t opened() const { return opened_.load(std::memory_order_relaxed); }

 private:
  struct Wanted {
    std::shared_ptr<Vault> vault;
    std::shared_ptr<const catalog::VersionRow> version;
    std::uint64_t offset = 0;
  };
  void run();

  const unsigned readers_max_;
  std::atomic<unsigned> readers_ = 0;
  std::atomic<std::uint64_t> opened_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Wanted> wanted_;  // guarded by mutex_, as both below
  bool is_reading_ = false;
  bool is_ending_ = false;
  std::unique_ptr<platform::Thread> thread_;
};

}  // namespace atl::vault
