#include "edge/webdav/locks.h"

#include <algorithm>

namespace atl::webdav {
namespace {

// Random throughout (RFC 9562 version 8: its layout is ours): a token must not be guessed from another one.
struct LockTokenTag;

std::string new_token(platform::Random& random) {
  Uuid<LockTokenTag> id;
  random.fill(id.bytes);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return "opaquelocktoken:" + id.text();
}

bool is_live(const Lock& lock, std::int64_t now) { return lock.until_ns > now; }

bool has_token_of(const LockHolder& holder, const Lock& lock) {
  return lock.principal == holder.principal && std::ranges::find(holder.tokens, lock.token) != holder.tokens.end();
}

tl::unexpected<Error> no_such_lock() {
  return fail(ErrorKind::conflict, "dav.no_such_lock", "no lock with this token holds here",
              "It may have run out, or the server was started anew.");
}

}  // namespace

std::int64_t LockTable::granted_s(std::int64_t wanted_s) const {
  return wanted_s <= 0 ? limits_.seconds_default : std::min(wanted_s, limits_.seconds_max);
}

void LockTable::sweep(std::int64_t now) {
  for (auto at = by_place_.begin(); at != by_place_.end();) {
    count_ -= std::erase_if(at->second, [&](const Lock& lock) { return !is_live(lock, now); });
    at = at->second.empty() ? by_place_.erase(at) : std::next(at);
  }
}

void LockTable::append_covering(const std::string& place, std::int64_t now, std::vector<Lock>& out) const {
  // "a/b/c": deep locks of "a" and "a/b", all of "a/b/c".
  for (std::size_t end = place.find('/');; end = place.find('/', end + 1)) {
    const bool is_itself = end == std::string::npos;
    const auto found = by_place_.find(std::string_view(place).substr(0, end));
    if (found != by_place_.end()) {
      for (const Lock& lock : found->second) {
        if (is_live(lock, now) && (is_itself || lock.is_deep)) out.push_back(lock);
      }
    }
    if (is_itself) return;
  }
}

LockPause::~LockPause() {
  if (table_ != nullptr) table_->end_pause(place_);
}

LockPause LockTable::pause(const std::string& place) {
  const std::lock_guard guard(mutex_);
  paused_.insert(place);
  return {*this, place};
}

void LockTable::end_pause(const std::string& place) {
  const std::lock_guard guard(mutex_);
  paused_.erase(paused_.find(place));
}

bool LockTable::is_paused(const Wanted& wanted) const {
  if (paused_.empty()) return false;
  for (std::size_t end = wanted.place.find('/');; end = wanted.place.find('/', end + 1)) {
    if (paused_.contains(std::string_view(wanted.place).substr(0, end))) return true;
    if (end == std::string::npos) break;
  }
  // A lock of the folder alone still holds its list of members.
  const std::string below = wanted.place + "/";
  for (auto at = paused_.lower_bound(below); at != paused_.end() && at->starts_with(below); ++at) {
    if (wanted.is_deep || at->find('/', below.size()) == std::string::npos) return true;
  }
  return false;
}

Result<Lock> LockTable::take(const Wanted& wanted) {
  const std::int64_t now = now_ns();
  const std::lock_guard guard(mutex_);
  if (count_ >= limits_.locks_max) sweep(now);
  const auto in_the_way = [&](const Lock& lock) {
    return is_live(lock, now) && (lock.scope == LockScope::exclusive || wanted.scope == LockScope::exclusive);
  };
  if (is_paused(wanted)) {
    return fail(ErrorKind::locked, "dav.locked", "it is being replaced or removed at this moment",
                "Try again when that is done.");
  }
  std::vector<Lock> there;
  append_covering(wanted.place, now, there);
  if (wanted.is_deep) {
    const std::string below = wanted.place + "/";
    for (auto at = by_place_.lower_bound(below); at != by_place_.end() && at->first.starts_with(below); ++at)
      there.insert(there.end(), at->second.begin(), at->second.end());
  }
  if (std::ranges::any_of(there, in_the_way))
    return fail(ErrorKind::locked, "dav.locked", "another lock is in the way", "Try again when it was given up.");
  std::size_t own = 0;
  for (const auto& [place, locks] : by_place_) {
    own += static_cast<std::size_t>(std::ranges::count_if(
        locks, [&](const Lock& lock) { return lock.principal == wanted.principal && is_live(lock, now); }));
  }
  if (count_ >= limits_.locks_max || own >= limits_.locks_per_principal_max) {
    return fail(ErrorKind::limit, "dav.too_many_locks", "there are too many locks already",
                "Give some up, or wait until they run out.");
  }
  Lock lock;
  lock.token = new_token(machine_.random);
  lock.place = wanted.place;
  lock.scope = wanted.scope;
  lock.is_deep = wanted.is_deep;
  lock.principal = wanted.principal;
  lock.owner = wanted.owner;
  lock.timeout_s = granted_s(wanted.timeout_s);
  lock.until_ns = now + lock.timeout_s * 1'000'000'000;
  by_place_[lock.place].push_back(lock);
  ++count_;
  return lock;
}

Lock* LockTable::find(const std::string& token, const std::string& place, std::int64_t now) {
  for (std::size_t end = place.find('/');; end = place.find('/', end + 1)) {
    const bool is_itself = end == std::string::npos;
    const auto found = by_place_.find(std::string_view(place).substr(0, end));
    if (found != by_place_.end()) {
      for (Lock& lock : found->second) {
        if (lock.token == token && is_live(lock, now) && (is_itself || lock.is_deep)) return &lock;
      }
    }
    if (is_itself) return nullptr;
  }
}

Result<Lock> LockTable::refresh(const std::string& token, const std::string& place, const std::string& principal,
                                std::int64_t timeout_s) {
  const std::int64_t now = now_ns();
  const std::lock_guard guard(mutex_);
  Lock* const lock = find(token, place, now);
  if (lock == nullptr || lock->principal != principal) return no_such_lock();
  lock->timeout_s = granted_s(timeout_s);
  lock->until_ns = now + lock->timeout_s * 1'000'000'000;
  return *lock;
}

Result<void> LockTable::release(const std::string& token, const std::string& place, const std::string& principal) {
  const std::int64_t now = now_ns();
  const std::lock_guard guard(mutex_);
  const Lock* const lock = find(token, place, now);
  if (lock == nullptr) return no_such_lock();
  if (lock->principal != principal) return fail(ErrorKind::denied, "dav.not_your_lock", "this lock is somebody else's");
  const auto at = by_place_.find(lock->place);
  std::erase_if(at->second, [&](const Lock& one) { return one.token == token; });
  --count_;
  if (at->second.empty()) by_place_.erase(at);
  return {};
}

std::vector<Lock> LockTable::covering(const std::string& place) const {
  const std::int64_t now = now_ns();
  std::vector<Lock> out;
  const std::lock_guard guard(mutex_);
  append_covering(place, now, out);
  return out;
}

std::string LockTable::first_barred(const std::string& place, bool with_members, const LockHolder& holder) const {
  const std::int64_t now = now_ns();
  const std::lock_guard guard(mutex_);
  std::vector<Lock> there;
  append_covering(place, now, there);
  const auto is_theirs = [&](const Lock& lock) { return has_token_of(holder, lock); };
  if (!there.empty() && std::ranges::none_of(there, is_theirs)) return there.front().place;
  if (!with_members) return {};
  const std::string below = place + "/";
  for (auto at = by_place_.lower_bound(below); at != by_place_.end() && at->first.starts_with(below); ++at) {
    const bool is_locked = std::ranges::any_of(at->second, [&](const Lock& lock) { return is_live(lock, now); });
    if (is_locked && std::ranges::none_of(at->second, is_theirs)) return at->first;
  }
  return {};
}

void LockTable::drop(const std::string& place) {
  const std::lock_guard guard(mutex_);
  if (const auto found = by_place_.find(place); found != by_place_.end()) {
    count_ -= found->second.size();
    by_place_.erase(found);
  }
  const std::string below = place + "/";
  auto at = by_place_.lower_bound(below);
  while (at != by_place_.end() && at->first.starts_with(below)) {
    count_ -= at->second.size();
    at = by_place_.erase(at);
  }
}

std::size_t LockTable::count() const {
  const std::int64_t now = now_ns();
  const std::lock_guard guard(mutex_);
  std::size_t live = 0;
  for (const auto& [place, locks] : by_place_)
    live +=
        static_cast<std::size_t>(std::ranges::count_if(locks, [&](const Lock& lock) { return is_live(lock, now); }));
  return live;
}

}  // namespace atl::webdav
