#include "edge/remote/call_channel.h"

#include <chrono>
#include <utility>

namespace atl::remote {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

tl::unexpected<Error> gone() {
  return fail(ErrorKind::interrupted, "remote.gone", "the machine with the files does not answer any more",
              "The same command goes on from here.");
}

}  // namespace

CallChannel::Pending::Pending(Pending&& other) noexcept
    : channel_(std::exchange(other.channel_, nullptr)), number_(other.number_) {}
CallChannel::Pending& CallChannel::Pending::operator=(Pending&& other) noexcept {
  if (this != &other) {
    if (channel_ != nullptr) channel_->forget(number_);
    channel_ = std::exchange(other.channel_, nullptr);
    number_ = other.number_;
  }
  return *this;
}
CallChannel::Pending::~Pending() {
  if (channel_ != nullptr) channel_->forget(number_);
}
Result<Answer> CallChannel::Pending::wait() {
  ATOLL_INVARIANT(channel_ != nullptr, "a call is waited for once");
  return std::exchange(channel_, nullptr)->wait(number_);
}

CallChannel::CallChannel(platform::Clock& clock, Send send)
    : clock_(&clock), send_(std::move(send)), heard_ns_(clock.monotonic_ns()) {}

Result<void> CallChannel::send(std::uint64_t number, const Call& call) {
  const Bytes encoded = encode(call);
  if (encoded.size() > kCallBytesMax) {
    return fail(ErrorKind::limit, "remote.call_too_long",
                "what is known about " + (call.names.empty() ? "a file" : call.names.front()) +
                    " is too long to be sent to another machine");
  }
  Bytes frame;
  ByteWriter out(frame);
  out.put<std::uint64_t>(number);
  out.put_bytes(encoded);
  auto sent = send_(as_text(frame));
  if (!sent) {
    end();
    return gone();
  }
  return {};
}

Result<CallChannel::Pending> CallChannel::begin(const Call& call) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return gone();
    number = next_++;
    open_.emplace(number, std::nullopt);
  }
  Pending pending(*this, number);
  ATOLL_TRY(send(number, call));
  return pending;
}

Result<Answer> CallChannel::call(const Call& call) {
  ATOLL_ASSIGN(auto pending, begin(call));
  return pending.wait();
}

Result<void> CallChannel::tell(const Call& call) {
  if (has_ended()) return gone();
  return send(0, call);
}

Result<Answer> CallChannel::wait(std::uint64_t number) {
  Bytes encoded;
  {
    std::unique_lock lock(mutex_);
    const auto found = open_.find(number);
    ATOLL_INVARIANT(found != open_.end(), "a call is open until it was waited for");
    while (!found->second && !has_ended_) {
      changed_.wait_for(lock, kLookEvery);
      if (clock_->monotonic_ns() - heard_ns_ > kSilenceMaxNs) {
        has_ended_ = true;
        changed_.notify_all();
      }
    }
    if (!found->second) {
      open_.erase(found);
      return gone();
    }
    encoded = std::move(*found->second);
    open_.erase(found);
  }
  ATOLL_ASSIGN(auto answer, decode_answer(encoded));
  if (answer.error) return pass(std::move(*answer.error));
  return answer;
}

void CallChannel::forget(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  open_.erase(number);
}

Result<void> CallChannel::take(ByteView answers) {
  const std::lock_guard lock(mutex_);
  heard_ns_ = clock_->monotonic_ns();
  const auto taken = for_each_answer(answers, [&](std::uint64_t number, ByteView answer) {
    if (number == kStopNumber) is_to_stop_ = true;
    const auto found = open_.find(number);
    if (found != open_.end() && !found->second) found->second = to_bytes(answer);
  });
  changed_.notify_all();
  return taken;
}

void CallChannel::end() {
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  changed_.notify_all();
}

bool CallChannel::has_ended() const {
  const std::lock_guard lock(mutex_);
  return has_ended_;
}

bool CallChannel::is_to_stop() const {
  const std::lock_guard lock(mutex_);
  return is_to_stop_ || has_ended_;
}

void CallChannel::pause(std::int64_t time_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(time_ms), [this] { return has_ended_ || is_to_stop_; });
}

}  // namespace atl::remote
