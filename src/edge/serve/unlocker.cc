#include "edge/serve/unlocker.h"

#include <algorithm>

namespace atl::serve {
namespace {

constexpr std::chrono::milliseconds kLookAtStop{200};

}  // namespace

tl::unexpected<Error> opens_nothing(bool is_secret) {
  return fail(ErrorKind::wrong_key, "unlock.wrong",
              is_secret ? "this passphrase opens nothing here" : "no key file of this machine opens this home",
              is_secret ? "" : "Give the passphrase.");
}

Result<Unlocker::Seen> Unlocker::look() {
  ATOLL_ASSIGN(const auto listings, home_->vaults(secrets_));
  if (listings.empty()) {
    return fail(ErrorKind::missing_home, "home.no_vault", "this home holds no vault yet",
                "Make one with `atoll init`.");
  }
  Seen seen;
  bool has_control = false;
  bool could_unlock = false;
  std::size_t locked = 0;
  for (const auto& listing : listings) {
    if (listing.is_unlocked) {
      ++seen.unlocked;
      has_control = has_control || listing.name == vault::kControlVaultName;
      continue;
    }
    ++locked;
    could_unlock = could_unlock || !listing.problem;
    if (listing.problem) seen.problem = listing.problem;
  }
  const std::size_t users = seen.unlocked - (has_control ? 1 : 0);
  seen.suffices = users > 0 && (has_control || locked == 0);
  seen.is_hopeless = !seen.suffices && !could_unlock;
  return seen;
}

Result<bool> Unlocker::begin() {
  const std::lock_guard trying(trying_mutex_);
  ATOLL_ASSIGN(auto seen, look());
  if (seen.is_hopeless && seen.problem) return pass(std::move(*seen.problem));
  if (seen.is_hopeless) {
    return fail(ErrorKind::missing_home, "home.no_vault", "this home holds no vault but that of the accounts",
                "Make one with `atoll vault create`.");
  }
  unlocked_ = seen.unlocked;
  const std::lock_guard lock(mutex_);
  if (seen.suffices) state_ = State::opening;
  return seen.suffices;
}

Result<bool> Unlocker::try_now(std::optional<keyring::Unlocking> one) {
  const std::unique_lock trying(trying_mutex_, std::try_to_lock);
  if (!trying.owns_lock()) {
    return fail(ErrorKind::limit, "unlock.busy", "another passphrase is being tried", "Try again in 2 s.");
  }
  if (state() == State::open && open_more_) {
    vault::UnlockSecrets secrets;
    secrets.key_folder = secrets_.key_folder;
    if (one) secrets.given.push_back(std::move(*one));
    return open_more_(secrets);
  }
  if (state() != State::locked) return fail(ErrorKind::conflict, "unlock.open", "nothing is locked");
  const bool is_secret = one.has_value();
  if (is_secret) secrets_.given.push_back(std::move(*one));
  const auto seen = look();
  const bool opens_more = seen && seen->unlocked > unlocked_;
  if (is_secret && !opens_more) secrets_.given.pop_back();
  if (!seen) return pass(seen.error());
  if (!opens_more && !seen->suffices) {
    return opens_nothing(is_secret);
  }
  unlocked_ = seen->unlocked;
  const std::lock_guard lock(mutex_);
  if (seen->suffices) state_ = State::opening;
  failure_.reset();
  changed_.notify_all();
  return seen->suffices;
}

Result<bool> Unlocker::give(std::string_view passphrase) {
  keyring::Unlocking one;
  one.kind = keyring::SlotKind::passphrase;
  one.passphrase = passphrase;
  return try_now(std::move(one));
}

Result<bool> Unlocker::retry() { return try_now(std::nullopt); }

Unlocker::State Unlocker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool Unlocker::wait_until_sufficient(const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  while (state_ == State::locked && !stop.load()) changed_.wait_for(lock, kLookAtStop);
  return state_ != State::locked;
}

void Unlocker::forget() {
  const std::lock_guard trying(trying_mutex_);
  open_more_ = nullptr;
}

void Unlocker::note_opened(OpenMore open_more) {
  const std::lock_guard trying(trying_mutex_);
  open_more_ = std::move(open_more);
  const std::lock_guard lock(mutex_);
  state_ = State::open;
  changed_.notify_all();
}

void Unlocker::note_failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  failure_ = error;
  changed_.notify_all();
}

void Unlocker::lock() {
  const std::lock_guard trying(trying_mutex_);
  secrets_.given.clear();
  unlocked_ = 0;
  open_more_ = nullptr;
  const std::lock_guard lock(mutex_);
  state_ = State::locked;
}

Result<void> Unlocker::wait_until_open(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  const bool is_over = changed_.wait_for(lock, wait, [this] { return state_ == State::open || failure_; });
  if (failure_) return pass(Error(*failure_));
  if (is_over) return {};
  return fail(ErrorKind::locked, "unlock.still_opening", "it is unlocked, and the vaults are still being opened",
              "Try again in 10 s.");
}

}  // namespace atl::serve
