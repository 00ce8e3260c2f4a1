// What a bucket's entries say of their source files, one by one in key order, for a walk beside them.
//
//     catalog ─► page, page (read ahead by a thread of its own) ─► find(key), find(next key) …
//
// Always true: at most kPagesAhead pages wait; nothing is read ahead of a walk that asks for few keys, nor of one that
// a single page satisfies. Complexity: one pass over the entries, whatever is asked for. Thread rules: one thread,
// which also makes and destroys it; the reader is the stream's alone while that lives.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "foundation/platform/machine.h"

namespace atl::vault {

class FactStream {
 public:
  // How many of the keys will be asked for: where few are, those between them are not read.
  enum class Asked : std::uint8_t { most, some };
  struct Facts {
    std::string key;
    catalog::EntryKind kind{};
    bool has_source = false;
    std::uint32_t mode = 0, uid = 0, gid = 0;
    std::uint64_t size = 0;
    FileTime modified, changed;
    std::uint64_t device = 0, inode = 0;
  };

  // `reader` is borrowed. Without one there are no entries.
  FactStream(platform::Threads& threads, catalog::CatalogReader* reader, const BucketId& bucket, std::string prefix,
             Asked asked = Asked::most);
  FactStream(const FactStream&) = delete;
  FactStream& operator=(const FactStream&) = delete;
  ~FactStream();
  // The facts of exactly `key`, or null; keys must be asked for in ascending order.
  [[nodiscard]] Result<const Facts*> find(std::string_view key);

 private:
  struct Page {
    std::vector<Facts> facts;
    bool is_last = false;
  };
  static constexpr std::size_t kPagesAhead = 2;

  [[nodiscard]] Result<Page> read_page();  // behind after_, which moves on
  [[nodiscard]] Result<void> next_page();
  void read_ahead();
  void skip_to(std::string_view key);

  platform::Threads* threads_;
  catalog::CatalogReader* reader_;
  BucketId bucket_;
  std::string prefix_;
  Asked asked_;
  std::string after_;  // the reading thread's, once there is one
  Page page_;
  std::size_t at_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Result<Page>> ahead_;
  bool is_stopped_ = false;
  std::unique_ptr<platform::Thread> thread_;  // last: it uses what stands above
};

}  // namespace atl::vault
