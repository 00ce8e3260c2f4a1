#include "vault/object/read_ahead.h"

#include <algorithm>

#include "vault/object/content.h"

namespace atl::vault {

ReadAhead::ReadAhead(platform::Threads& threads) : readers_max_(std::max(1U, threads.hardware_count() / 2)) {
  thread_ = threads.start("read-ahead", [this] { run(); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_->join();
}

void ReadAhead::Reader::want(const std::shared_ptr<Vault>& vault,
                             const std::shared_ptr<const catalog::VersionRow>& version, std::uint64_t offset) {
  if (ahead_->readers_.load(std::memory_order_relaxed) > ahead_->readers_max_) return;
  {
    const std::lock_guard lock(ahead_->mutex_);
    if (ahead_->wanted_ || ahead_->is_reading_ || ahead_->is_ending_) return;
    ahead_->wanted_ = Wanted{vault, version, offset};
  }
  ahead_->changed_.notify_one();
}

void ReadAhead::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_ending_ || wanted_; });
    if (is_ending_) return;
    is_reading_ = true;
    {
      const Wanted now = std::move(*wanted_);
      wanted_.reset();
      lock.unlock();
      const auto read = read_content(now.vault->chunks(), now.version->content, now.offset, 1,
                                     [](ByteView) -> Result<bool> { return false; });
      if (read) opened_.fetch_add(1, std::memory_order_relaxed);
    }
    lock.lock();
    is_reading_ = false;
  }
}

}  // namespace atl::vault
