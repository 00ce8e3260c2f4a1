// What unlocks a home, gathered until it suffices: given at the start, or later by whoever has a passphrase.
//
//     locked ─(a secret that suffices)─► opening ─► open ─(lock)─► locked
//                                                    │ ▲ a secret that opens a vault which is locked still
//                                                    └─┘
//
// Always true:
//  - It suffices where the vault with the accounts opens, or can be made because no vault is locked, and one other
//  does.
//    A passphrase that opens something but does not suffice is kept for the next one.
//  - One secret is tried at a time: stretching it takes a quarter of a second and 64 MiB for each slot.
//  - Secrets are wiped when the home is locked again.
// Thread rules: give(), retry(), state() and wait_until_open() from any thread; the rest by the one that opens.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "vault/home.h"

namespace atl::serve {

// A passphrase, or the key files of the machine, that open nothing which was locked.
[[nodiscard]] tl::unexpected<Error> opens_nothing(bool is_secret);

class Unlocker {
 public:
  enum class State : std::uint8_t { locked, opening, open };

  // Borrows the home.
  Unlocker(vault::Home& home, vault::UnlockSecrets secrets) : home_(&home), secrets_(std::move(secrets)) {}
  // Whether what was given at the start suffices. Errors, where no passphrase could help: `missing_home`
  // "home.no_vault", `damaged` and others of a keyring that cannot be read.
  [[nodiscard]] Result<bool> begin();
  // Whether this suffices now; of a home that is open, whether nothing of it is locked any more. `wrong_key`
  // "unlock.wrong" where it opens nothing that was locked, `limit` "unlock.busy" while another one is being tried,
  // `conflict` "unlock.open" where nothing is locked.
  [[nodiscard]] Result<bool> give(std::string_view passphrase);
  // Looks again at the key files of this machine: the same errors.
  [[nodiscard]] Result<bool> retry();
  [[nodiscard]] State state() const;

  // Until it suffices; false: `stop` was set.
  [[nodiscard]] bool wait_until_sufficient(const std::atomic<bool>& stop);
  [[nodiscard]] const vault::UnlockSecrets& secrets() const { return secrets_; }  // while opening or open
  // `open_more`: opens what is locked still and answers and fails as give() does; not called after lock() or forget().
  using OpenMore = std::function<Result<bool>(const vault::UnlockSecrets& secrets)>;
  void note_opened(OpenMore open_more);
  void forget();  // waits for a try that is under way
  // Why it could not be opened: told to those who wait.
  void note_failed(const Error& error);
  void lock();
  // For whoever gave the secret; `locked` "unlock.still_opening" where it takes longer than that.
  [[nodiscard]] Result<void> wait_until_open(std::chrono::milliseconds wait);

 private:
  struct Seen {
    bool suffices = false;
    bool is_hopeless = false;  // what is locked is damaged
    std::size_t unlocked = 0;
    std::optional<Error> problem;
  };
  [[nodiscard]] Result<Seen> look();
  [[nodiscard]] Result<bool> try_now(std::optional<keyring::Unlocking> one);

  vault::Home* home_;
  vault::UnlockSecrets secrets_;  // changed by whoever holds trying_mutex_ while the state is `locked`
  std::mutex trying_mutex_;
  std::size_t unlocked_ = 0;  // guarded by trying_mutex_
  OpenMore open_more_;        // guarded by trying_mutex_
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::locked;   // guarded by mutex_
  std::optional<Error> failure_;  // guarded by mutex_
};

}  // namespace atl::serve
