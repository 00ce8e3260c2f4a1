#include "edge/rest/member_source.h"

#include <algorithm>
#include <chrono>

#include "vault/object/content.h"

namespace atl::rest {
namespace {

constexpr std::size_t kHeldBytesMax = 4 * kMiB;
constexpr std::chrono::seconds kFindingMax{60};
constexpr std::chrono::milliseconds kPullWait{200};

}  // namespace

std::shared_ptr<void> MembersOpen::take() {
  if (count_->fetch_add(1) >= kMax) {
    count_->fetch_sub(1);
    return nullptr;
  }
  return {count_.get(), [count = count_](void*) { count->fetch_sub(1); }};
}

MemberSource::MemberSource(server::VaultUse use, catalog::VersionRow version, std::string key, std::string path)
    : use_(std::move(use)), version_(std::move(version)), key_(std::move(key)), path_(std::move(path)) {}

MemberSource::~MemberSource() {
  stop_ = true;
  changed_.notify_all();
  if (thread_) thread_->join();
}

Result<std::unique_ptr<MemberSource>> MemberSource::open(const platform::Machine& machine, server::VaultUse use,
                                                         catalog::VersionRow version, std::string key,
                                                         std::string path) {
  std::unique_ptr<MemberSource> source(
      new MemberSource(std::move(use), std::move(version), std::move(key), std::move(path)));
  MemberSource* const self = source.get();
  source->thread_ = machine.threads.start("member", [self, machine] { self->run(machine); });
  std::unique_lock lock(source->mutex_);
  const bool is_told = source->changed_.wait_for(lock, kFindingMax, [&] { return source->facts_ || source->answer_; });
  if (source->facts_) {
    lock.unlock();
    return source;
  }
  if (!is_told || *source->answer_) {
    lock.unlock();
    return fail(ErrorKind::limit, "member.too_slow", "looking for the member takes longer than a minute",
                "Get the archive itself.");
  }
  Error error = source->answer_->error();
  lock.unlock();
  return pass(std::move(error));
}

void MemberSource::run(const platform::Machine& machine) {
  extract::Source source;
  source.name = key_;
  source.size = version_.size;
  source.read = [this](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
    std::size_t filled = 0;
    const std::uint64_t length = std::min<std::uint64_t>(out.size(), version_.size - std::min(offset, version_.size));
    ATOLL_TRY(vault::read_version(use_.vault().chunks(), version_, offset, length, [&](ByteView bytes) -> Result<bool> {
      std::ranges::copy(bytes, out.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += bytes.size();
      return true;
    }));
    return filled;
  };
  extract::MemberOptions options;
  options.stop = &stop_;
  auto answer = extract::take_member(
      machine, source, path_, options,
      [this](const extract::MemberFacts& facts) -> Result<void> {
        const std::lock_guard lock(mutex_);
        facts_ = facts;
        changed_.notify_all();
        return {};
      },
      [this](ByteView bytes) { return take(bytes); });
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
  changed_.notify_all();
}

Result<void> MemberSource::take(ByteView bytes) {
  std::unique_lock lock(mutex_);
  // The worker waits with us: what it makes is bounded by what is sent.
  while (held_.size() >= kHeldBytesMax && !stop_) changed_.wait_for(lock, kPullWait);
  if (stop_) return fail(ErrorKind::interrupted, "member.given_up", "nobody reads it any more");
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  changed_.notify_all();
  return {};
}

Result<net::Pulled> MemberSource::pull(ByteSpan /*out*/) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPullWait, [&] { return !held_.empty() || answer_; });
  sending_.clear();
  std::swap(sending_, held_);
  changed_.notify_all();
  if (!sending_.empty()) return net::Pulled{0, net::Pulled::State::more, 0, sending_};
  if (!answer_) return net::Pulled{0, net::Pulled::State::wait, 1, {}};
  if (!*answer_) return pass(answer_->error());
  return net::Pulled{0, net::Pulled::State::end, 0, {}};
}

}  // namespace atl::rest
