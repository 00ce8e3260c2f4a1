// Locks of WebDAV (RFC 4918 section 6): who may change a place while others keep off.
//
// Always true:
//  - They are kept in memory: when the server ends they are gone, and a token from before holds nowhere, so that a
//    conditional write with it is refused rather than done.
//  - An exclusive lock shares no place with another lock; a deep one covers all that lies below it.
//  - A token counts for whoever made the lock only.
//  - While a LockPause lives, no lock begins to hold at its place, below it, or of the folder that it is a member of:
//    what was looked at before a change of many commands stays true to its end.
//  - There are at most `locks_max`, at most `locks_per_principal_max` of one principal, and none lives longer than
//    `seconds_max` after its last refresh.
// Places are strings: pieces joined with '/', without one at the end. Times are Clock::monotonic_ns().
// Thread rules: any thread. Complexity: a few lookups for each piece of the place; what lies below it where that is
// asked for.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/platform/machine.h"

namespace atl::webdav {

enum class LockScope : std::uint8_t { exclusive, shared };

struct Lock {
  std::string token;  // "opaquelocktoken:…"
  std::string place;
  LockScope scope = LockScope::exclusive;
  bool is_deep = false;
  std::string principal;  // id of who made it; empty: nobody signed in
  std::string owner;      // what the client said about its user: a piece of XML, may be empty
  std::int64_t timeout_s = 0;
  std::int64_t until_ns = 0;
};

struct LockLimits {
  std::size_t locks_max = 10'000;
  std::size_t locks_per_principal_max = 2'000;
  std::int64_t seconds_default = 3'600;
  std::int64_t seconds_max = 86'400;
};

// Who wants to change something, and which tokens they showed.
struct LockHolder {
  std::string principal;
  std::vector<std::string> tokens;
};

class LockTable;

// Keeps new locks off what is being replaced or removed (LockTable::pause). Locks that are held already go on. The
// table must live longer.
class LockPause {
 public:
  LockPause(LockTable& table, std::string place) : table_(&table), place_(std::move(place)) {}
  LockPause(LockPause&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), place_(std::move(other.place_)) {}
  LockPause(const LockPause&) = delete;
  LockPause& operator=(const LockPause&) = delete;
  LockPause& operator=(LockPause&&) = delete;
  ~LockPause();

 private:
  LockTable* table_;
  std::string place_;
};

class LockTable {
 public:
  explicit LockTable(const platform::Machine& machine, const LockLimits& limits = {})
      : machine_(machine), limits_(limits) {}

  struct Wanted {
    std::string place;
    LockScope scope = LockScope::exclusive;
    bool is_deep = false;
    std::string principal;
    std::string owner;
    std::int64_t timeout_s = 0;  // 0: the default
  };
  // `locked` "dav.locked" where another lock or a pause is in the way; `limit` "dav.too_many_locks".
  [[nodiscard]] Result<Lock> take(const Wanted& wanted);
  // Until the pause is gone. Locks that stand in the way are to be looked for after this, not before.
  [[nodiscard]] LockPause pause(const std::string& place);
  // The lock lives on from now. `conflict` "dav.no_such_lock" where `token` is none that covers `place`, or somebody
  // else's.
  [[nodiscard]] Result<Lock> refresh(const std::string& token, const std::string& place, const std::string& principal,
                                     std::int64_t timeout_s);
  // `conflict` "dav.no_such_lock" where it does not cover `place`; `denied` "dav.not_your_lock" where it is somebody
  // else's.
  [[nodiscard]] Result<void> release(const std::string& token, const std::string& place, const std::string& principal);

  // Those that hold at `place`: its own, and deep ones above it.
  [[nodiscard]] std::vector<Lock> covering(const std::string& place) const;
  // The first place, of `place` and (where `with_members`) all below it, that is locked and none of whose locks the
  // holder has the token of; empty: they may change it.
  [[nodiscard]] std::string first_barred(const std::string& place, bool with_members, const LockHolder& holder) const;
  // What lay at `place` and below is gone.
  void drop(const std::string& place);
  [[nodiscard]] std::size_t count() const;  // expired ones left out

 private:
  friend class LockPause;
  void end_pause(const std::string& place);
  [[nodiscard]] std::int64_t now_ns() const { return machine_.clock.monotonic_ns(); }
  // Need mutex_.
  void sweep(std::int64_t now);
  void append_covering(const std::string& place, std::int64_t now, std::vector<Lock>& out) const;
  [[nodiscard]] bool is_paused(const Wanted& wanted) const;
  [[nodiscard]] Lock* find(const std::string& token, const std::string& place, std::int64_t now);
  [[nodiscard]] std::int64_t granted_s(std::int64_t wanted_s) const;

  platform::Machine machine_;
  LockLimits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Lock>, std::less<>> by_place_;  // guarded by mutex_; no list is empty
  std::multiset<std::string, std::less<>> paused_;                  // guarded by mutex_
  std::size_t count_ = 0;                                           // guarded by mutex_; expired ones too
};

}  // namespace atl::webdav
