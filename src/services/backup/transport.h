// Carrying one file of a vault from one place to another: read through its parity, paced, read back.
//
// Always true:
//  - What was carried and committed was read back from where it lies now and compared, but where the place is trusted
//    to have compared digests itself.
//  - A file with parity is checked on the way, and healed in what is written where its own bytes are damaged.
// Thread rules: a Pacer from any thread; the functions as their stores.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "foundation/platform/machine.h"
#include "store/blob/blob_store.h"
#include "store/blob/checked_writer.h"
#include "store/blob/parity_trailer.h"

namespace atl::backup {

// Holds back what is written faster than a limit, counts it, and hears of a wish to stop.
class Pacer {
 public:
  Pacer(platform::Clock& clock, std::uint64_t bytes_per_second_max, const std::atomic<bool>* stop)
      : clock_(clock), limit_(bytes_per_second_max), stop_(stop), started_ns_(clock.monotonic_ns()) {}
  // After so many bytes more were written; waits where they came too fast. `interrupted` where it should stop.
  [[nodiscard]] Result<void> wrote(std::uint64_t bytes);
  [[nodiscard]] Result<void> check_stop() const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(); }
  // Told after each piece, from the writing thread.
  std::function<void(std::uint64_t bytes)> on_progress;

 private:
  platform::Clock& clock_;
  std::uint64_t limit_;
  const std::atomic<bool>* stop_;
  std::int64_t started_ns_;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable never_;
};

struct Carried {
  bool is_damaged = false;  // the source is damaged beyond its parity: carried as it is
};

// Carries the `size` bytes that `read` gives to `to` as the finished blob `name`, replacing one of that name.
// `keep_bytes` of an unfinished one, known to be the same, are not written again (then a source that is damaged is
// refused in any case: what is there may be better). Errors of the source come as they are; those of the
// target too, `io` "blob.not_read_back" among them.
enum class IfDamaged : std::uint8_t { carry, refuse };  // beyond parity; refused with `damaged` "copy.source_damaged"
[[nodiscard]] Result<Carried> carry_whole(const blob::ReadRange& read, std::uint64_t size, const blob::FileTag& tag,
                                          blob::BlobStore& to, const std::string& name, std::uint64_t keep_bytes,
                                          IfDamaged if_damaged, Pacer& pacer,
                                          blob::ReadBack read_back = blob::ReadBack::yes);
// A small file whose bytes are at hand. False where it was there already, byte for byte.
[[nodiscard]] Result<bool> carry_small(ByteView bytes, blob::BlobStore& to, const std::string& name, Pacer& pacer);

}  // namespace atl::backup
