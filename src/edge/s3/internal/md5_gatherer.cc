#include "edge/s3/internal/md5_gatherer.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "foundation/platform/thread_priority.h"

namespace atl::s3 {

Md5Gatherer::~Md5Gatherer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  handed_in_.notify_all();
  if (thread_) thread_->join();
}

void Md5Gatherer::run() {
  platform::run_in_background();
  std::vector<Gathered*> taken;
  std::vector<codec::Md5Piece> pieces;
  std::unique_lock lock(mutex_);
  for (;;) {
    handed_in_.wait(lock, [&] { return !waiting_.empty() || is_ending_; });
    if (waiting_.empty()) return;
    taken.clear();
    pieces.clear();
    while (!waiting_.empty() && taken.size() < codec::kMd5SideBySideMax) {
      Gathered* const one = waiting_.front();
      waiting_.pop_front();
      one->state_ = Gathered::State::running;
      taken.push_back(one);
      pieces.push_back({&one->stream_, one->bytes_});
    }
    lock.unlock();
    codec::md5_update_many(pieces);
    lock.lock();
    for (Gathered* const one : taken) {
      one->state_ = Gathered::State::idle;
      one->changed_.notify_one();
    }
  }
}

void Md5Gatherer::Gathered::hand_in(ByteView bytes) {
  if (bytes.empty()) return;
  settle();
  if (bytes.size() < kPieceBytesMin) {
    const codec::Md5Piece piece{&stream_, bytes};
    codec::md5_update_many({&piece, 1});
    return;
  }
  Md5Gatherer& all = *gatherer_;
  {
    const std::lock_guard lock(all.mutex_);
    bytes_ = bytes;
    state_ = State::waiting;
    all.waiting_.push_back(this);
    if (!all.thread_) all.thread_ = all.machine_->threads.start("s3-md5", [&all] { all.run(); });
  }
  all.handed_in_.notify_one();
}

void Md5Gatherer::Gathered::settle() {
  Md5Gatherer& all = *gatherer_;
  std::unique_lock lock(all.mutex_);
  const auto patience = std::chrono::milliseconds(all.patience_ms_);
  if (state_ == State::waiting && !changed_.wait_for(lock, patience, [&] { return state_ != State::waiting; })) {
    std::erase(all.waiting_, this);
    state_ = State::idle;
    lock.unlock();
    const codec::Md5Piece piece{&stream_, bytes_};
    codec::md5_update_many({&piece, 1});
    return;
  }
  changed_.wait(lock, [&] { return state_ == State::idle; });
}

std::array<std::uint8_t, 16> Md5Gatherer::Gathered::finish() {
  settle();
  return stream_.finish();
}

}  // namespace atl::s3
