#include "foundation/net/internal/crew.h"

#include <algorithm>
#include <chrono>

#include "foundation/platform/this_thread.h"

namespace atl::net {

namespace {

constexpr auto kTick = std::chrono::milliseconds(1);
// An idle server is not looked at: so many ticks with somebody at the loop, and the watch rests.
constexpr unsigned kQuietTicks = 100;

}  // namespace

class Crew::Member {
 public:
  std::atomic<State> state = State::away;
  std::atomic<std::uint32_t> sections = 0;  // begun; tells one from the next
  std::uint32_t sections_seen = 0;          // the watch's own
  std::condition_variable called;           // with the crew's mutex
  bool is_called = false;
};

Crew::Crew(unsigned members, unsigned places) : places_(std::clamp(places, 1U, std::max(1U, members))) {
  for (unsigned at = 0; at < members; ++at) members_.push_back(std::make_unique<Member>());
  standing_by_.reserve(members);
}

Crew::~Crew() = default;

Crew::Member* Crew::this_member() {
  const auto found = by_thread_.find(platform::this_thread_number());
  return found == by_thread_.end() ? nullptr : found->second;
}

void Crew::work(const std::function<bool()>& run_one) {
  Member* self = nullptr;
  {
    std::unique_lock lock(mutex_);
    self = members_.at(by_thread_.size()).get();
    by_thread_.emplace(platform::this_thread_number(), self);
    if (by_thread_.size() == members_.size()) all_came_.notify_all();
    // Nobody reads the table before it is whole, so that reading it takes no lock.
    all_came_.wait(lock, [this] { return by_thread_.size() == members_.size() || is_ending_; });
  }
  do {
    if (self->state.load(std::memory_order_acquire) == State::away) take_place(*self);
  } while (run_one());
  stop();
}

void Crew::stop() {
  const std::lock_guard lock(mutex_);
  is_ending_ = true;
  all_came_.notify_all();
  watch_.notify_all();
  for (Member* member : standing_by_) member->called.notify_one();
}

void Crew::seat(Member& member) {
  taken_.fetch_add(1, std::memory_order_relaxed);
  member.state.store(State::at_loop, std::memory_order_release);
  at_loop_.fetch_add(1);
}

void Crew::call_one_in() {
  if (standing_by_.empty() || taken_.load(std::memory_order_relaxed) >= places_) return;
  Member& next = *standing_by_.back();
  standing_by_.pop_back();
  seat(next);
  next.is_called = true;
  next.called.notify_one();
}

void Crew::take_place(Member& member) {
  std::unique_lock lock(mutex_);
  if (is_ending_) return;  // to the loop, which says that it is at its end
  if (taken_.load(std::memory_order_relaxed) < places_) {
    seat(member);
    return;
  }
  standing_by_.push_back(&member);
  member.is_called = false;
  member.called.wait(lock, [this, &member] { return member.is_called || is_ending_; });
  if (!member.is_called) std::erase(standing_by_, &member);
}

void Crew::on_nobody_at_loop() {
  if (taken_.load(std::memory_order_relaxed) < places_) {
    const std::lock_guard lock(mutex_);
    call_one_in();
  } else if (!is_watched_.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(mutex_);
    is_watched_.store(true, std::memory_order_relaxed);
    watch_.notify_one();
  }
}

bool Crew::begin(Member& member, Expected expected) {
  if (member.state.load(std::memory_order_relaxed) != State::at_loop) return false;
  member.sections.fetch_add(1, std::memory_order_relaxed);
  if (expected == Expected::quick) {
    member.state.store(State::busy, std::memory_order_release);
    if (at_loop_.fetch_sub(1) == 1) on_nobody_at_loop();
    return true;
  }
  member.state.store(State::away, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  taken_.fetch_sub(1, std::memory_order_relaxed);
  // Whoever is at the loop calls for another one himself when he gets busy.
  if (at_loop_.fetch_sub(1) == 1) call_one_in();
  return true;
}

void Crew::end(Member& member) {
  auto busy = State::busy;
  if (member.state.compare_exchange_strong(busy, State::at_loop)) {
    at_loop_.fetch_add(1);
    return;
  }
  const std::lock_guard lock(mutex_);
  if (taken_.load(std::memory_order_relaxed) < places_) seat(member);
}

void Crew::take_places_of_waiting() {
  unsigned freed = 0;
  const bool is_stuck = at_loop_.load() == 0;
  for (const auto& member : members_) {
    const auto sections = member->sections.load(std::memory_order_relaxed);
    auto busy = State::busy;
    if (is_stuck && sections == member->sections_seen && member->state.compare_exchange_strong(busy, State::away)) {
      taken_.fetch_sub(1, std::memory_order_relaxed);
      ++freed;
    }
    member->sections_seen = sections;
  }
  for (; freed > 0; --freed) call_one_in();
}

void Crew::watch() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    watch_.wait(lock, [this] { return is_ending_ || is_watched_.load(std::memory_order_relaxed); });
    for (unsigned quiet = 0; quiet < kQuietTicks && !is_ending_;) {
      watch_.wait_for(lock, kTick, [this] { return is_ending_; });
      quiet = at_loop_.load() > 0 ? quiet + 1 : 0;
      take_places_of_waiting();
    }
    is_watched_.store(false, std::memory_order_relaxed);
  }
}

Crew::Section::Section(Crew& crew, Expected expected) : crew_(crew), member_(crew.this_member()) {
  if (member_ != nullptr && !crew_.begin(*member_, expected)) member_ = nullptr;
}

Crew::Section::~Section() {
  if (member_ != nullptr) crew_.end(*member_);
}

}  // namespace atl::net
