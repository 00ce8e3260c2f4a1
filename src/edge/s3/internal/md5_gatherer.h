// MD5 of bodies that come at the same time, side by side (foundation/codec/md5_many.h).
//
// One thread hashes what was handed in, all of it together. It runs behind all others: while there is something else to
// do for requests that is done, and meanwhile more is handed in; where there is nothing else it begins at once. So no
// one waits in vain for others to come, and a processor that has much to do hashes sixteen bodies at the price of two.
//
// Always true: what is handed in is hashed once, by the thread or, where it did not begin in time, by one of those that
// wait.
// Thread rules: any thread; a Gathered belongs to one.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "foundation/base/bytes.h"
#include "foundation/codec/md5_many.h"
#include "foundation/platform/machine.h"

namespace atl::s3 {

class Md5Gatherer {
 public:
  // A piece shorter than this is hashed sooner than it is handed in.
  static constexpr std::size_t kPieceBytesMin = 64 * 1024;

  // `patience_ms`: how long one waits for the thread to begin.
  explicit Md5Gatherer(const platform::Machine& machine, std::uint32_t patience_ms = 20)
      : machine_(&machine), patience_ms_(patience_ms) {}
  Md5Gatherer(const Md5Gatherer&) = delete;
  Md5Gatherer& operator=(const Md5Gatherer&) = delete;
  Md5Gatherer(Md5Gatherer&&) = delete;
  Md5Gatherer& operator=(Md5Gatherer&&) = delete;
  ~Md5Gatherer();  // nothing is handed in any more

  // The digest of one body.
  class Gathered {
   public:
    explicit Gathered(Md5Gatherer& gatherer) : gatherer_(&gatherer) {}
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
    Gathered(Gathered&&) = delete;
    Gathered& operator=(Gathered&&) = delete;
    ~Gathered() { settle(); }
    // The bytes stay where and what they are until settle() has returned.
    void hand_in(ByteView bytes);
    void settle();
    [[nodiscard]] std::array<std::uint8_t, 16> finish();  // once

   private:
    friend class Md5Gatherer;
    enum class State : std::uint8_t { idle, waiting, running };
    Md5Gatherer* gatherer_;
    codec::Md5Stream stream_;
    ByteView bytes_;
    State state_ = State::idle;  // this and what follows: by the gatherer's mutex
    std::condition_variable changed_;
  };

 private:
  void run();
  // Of those that wait the oldest, as many as go side by side; not locked meanwhile.
  void hash_waiting(std::unique_lock<std::mutex>& lock);

  const platform::Machine* machine_;
  std::uint32_t patience_ms_;
  std::mutex mutex_;
  std::condition_variable handed_in_;
  std::deque<Gathered*> waiting_;
  bool is_ending_ = false;
  std::unique_ptr<platform::Thread> thread_;  // begun when the first piece is handed in
};

}  // namespace atl::s3
