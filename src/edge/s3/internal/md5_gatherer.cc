#include "edge/s3/internal/md5_gatherer.h"

#include <algorithm>
#include <chrono>
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
  std::unique_lock lock(mutex_);
  for (;;) {
    handed_in_.wait(lock, [&] { return !waiting_.empty() || is_ending_; });
    if (waiting_.empty()) return;
    hash_waiting(lock);
  }
}

void Md5Gatherer::hash_waiting(std::unique_lock<std::mutex>& lock) {
  const std::size_t count = std::min(waiting_.size(), codec::kMd5SideBySideMax);
  const std::vector<Gathered*> taken(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<codec::Md5Piece> pieces;
  pieces.reserve(count);
  for (Gathered* const one : taken) {
    one->state_ = Gathered::State::running;
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
  while (state_ == State::waiting && !changed_.wait_for(lock, patience, [&] { return state_ != State::waiting; })) {
    all.hash_waiting(lock);  // the oldest, and this one is soon among them
  }
  changed_.wait(lock, [&] { return state_ == State::idle; });
}

std::array<std::uint8_t, 16> Md5Gatherer::Gathered::finish() {
  settle();
  return stream_.finish();
}

}  // namespace atl::s3
