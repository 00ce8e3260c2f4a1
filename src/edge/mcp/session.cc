#include "edge/mcp/session.h"

#include <algorithm>
#include <array>

#include "foundation/base/bytes.h"
#include "foundation/base/time.h"

namespace atl::mcp {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kRunMarkBytes = 3;

std::string random_digits(platform::Random& random, std::size_t bytes) {
  Bytes bits(bytes);
  random.fill(bits);
  return to_hex(bits);
}

}  // namespace

std::unique_ptr<Session::Call> Session::begin_call(const std::string& mark) {
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= kCallsMax || calls_.contains(mark)) return nullptr;
  auto stop = std::make_shared<std::atomic<bool>>(false);
  calls_.emplace(mark, stop);
  return std::make_unique<Call>(*this, mark, std::move(stop));
}

void Session::cancel(const std::string& mark) {
  const std::lock_guard lock(mutex_);
  if (const auto found = calls_.find(mark); found != calls_.end()) *found->second = true;
}

void Session::end_call(const std::string& mark) {
  const std::lock_guard lock(mutex_);
  calls_.erase(mark);
}

void Session::note_written(Lsn lsn) {
  std::uint64_t known = last_written_.load();
  while (known < lsn.value && !last_written_.compare_exchange_weak(known, lsn.value)) {
  }
}

std::shared_ptr<Session> SessionTable::begin(SessionFacts facts) {
  const std::int64_t now = machine_.clock.monotonic_ns();
  auto session = std::make_shared<Session>(random_digits(machine_.random, kIdBytes), std::move(facts));
  const std::lock_guard lock(mutex_);
  make_room(session->facts().account, now);
  by_id_[session->id()] = {session, now};
  return session;
}

// Needs mutex_.
void SessionTable::make_room(const PrincipalId& account, std::int64_t now_ns) {
  std::erase_if(by_id_, [&](const auto& one) { return now_ns - one.second.used_ns > kIdleSeconds * 1'000'000'000; });
  const auto drop_oldest = [&](const auto& is_meant) {
    auto oldest = by_id_.end();
    for (auto one = by_id_.begin(); one != by_id_.end(); ++one) {
      if (is_meant(one->second) && (oldest == by_id_.end() || one->second.used_ns < oldest->second.used_ns))
        oldest = one;
    }
    if (oldest != by_id_.end()) by_id_.erase(oldest);
  };
  const auto is_theirs = [&](const Entry& entry) { return entry.session->facts().account == account; };
  const auto theirs =
      static_cast<std::size_t>(std::ranges::count_if(by_id_, [&](const auto& one) { return is_theirs(one.second); }));
  if (theirs >= kSessionsPerAccountMax) drop_oldest(is_theirs);
  if (by_id_.size() >= kSessionsMax) drop_oldest([](const Entry&) { return true; });
}

std::shared_ptr<Session> SessionTable::find(std::string_view id, const PrincipalId& account) {
  const std::int64_t now = machine_.clock.monotonic_ns();
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second.session->facts().account != account) return nullptr;
  if (now - found->second.used_ns > kIdleSeconds * 1'000'000'000) {
    by_id_.erase(found);
    return nullptr;
  }
  found->second.used_ns = now;
  return found->second.session;
}

bool SessionTable::end(std::string_view id, const PrincipalId& account) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second.session->facts().account != account) return false;
  by_id_.erase(found);
  return true;
}

std::size_t SessionTable::count() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}

std::string cleaned_name(std::string_view given, std::string_view otherwise) {
  std::string out;
  for (const char c : given) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    const bool stays = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '.' || lower == '_';
    if (stays) out += lower;
    if (!stays && !out.empty() && out.back() != '-') out += '-';
    if (out.size() == kNameBytesMax) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? std::string(otherwise) : out;
}

std::string new_run_name(const platform::Machine& machine) {
  std::string name;
  for (const char c : format_rfc3339(FileTime{machine.clock.now().unix_us / 1'000'000, 0})) {  // 2026-11-22T01:30:45Z
    if (c >= '0' && c <= '9') name += c;
    if (c == 'T') name += '-';
  }
  return name + "-" + random_digits(machine.random, kRunMarkBytes);
}

}  // namespace atl::mcp
