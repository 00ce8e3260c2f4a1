// How often each object is read, as a count that halves with time: what decides whether it is hot or cold.
//
//     note() ─► in memory ─► flush(): appended to <vault>/staging/accesses/<n>.log, by readers and writers alike
//                                      ─► fold(), by a writer: summed up in <vault>/indexes/accesses/ (store/run)
//
// Always true:
//  - Derived and not journaled: what is lost costs a wrong temperature for a while, never data. Nothing here is synced
//    but the index; a torn or foreign log is read as far as it can be trusted. Broken off between the index and the
//    emptying of a log, fold() counts that log twice.
//  - No names: object ids, counts and times, sealed where the vault is, under keys of the machine-local key.
//  - An object counts once for each minute in which one process read it, so reading it in a thousand pieces counts one.
//  - Bounded: 32 Ki objects in memory, 4 MiB a log, 8 logs; what is beyond that is not counted.
// Format of a log: spec/formats/accesses.md. Thread rules: note() and flush() from any thread; fold() and AccessBook
// from one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "store/run/run_set.h"

namespace atl::vault {

class Vault;

// `minutes` is decayed: what it was worth at `last`.
struct AccessCount {
  double minutes = 0;
  Timestamp last;
};
// The same as of `now`.
[[nodiscard]] double decayed(const AccessCount& count, Timestamp now, std::uint64_t half_life_seconds);
// Both together, as of the later of the two.
[[nodiscard]] AccessCount sum_of(const AccessCount& a, const AccessCount& b, std::uint64_t half_life_seconds);

inline constexpr std::uint64_t kHalfLifeSeconds = 7 * 86'400;  // where no policy says otherwise

// What was noted and not written yet: one for all handles of an open vault.
struct AccessNotes {
  struct Noted {
    std::uint32_t minutes = 0;
    std::int64_t counted_us = 0;  // when the last of them was counted
    std::int64_t last_us = 0;
  };
  using Map = std::unordered_map<ObjectId, Noted>;
  std::mutex mutex;
  Map noted;                    // guarded by mutex
  std::int64_t flushed_us = 0;  // guarded by mutex
  std::mutex file_mutex;        // one flush or fold at a time
};

// As one handle of a vault sees them: cheap to make and to copy.
class Accesses {
 public:
  Accesses(Vault& vault, AccessNotes& notes) : vault_(&vault), notes_(&notes) {}
  // Flushes where the last time was a minute ago.
  void note(const ObjectId& object);
  // Best effort: a read-only medium, a full disk or eight processes at it lose what was noted. In a writable vault a
  // log that has grown is folded.
  void flush();
  // Sums up what logs hold and empties them; makes the index where there is none. Writable vaults only. One that is
  // damaged is begun anew. Errors: `io`, `no_space`.
  [[nodiscard]] Result<void> fold();
  // Takes objects out of the index that `is_there` knows nothing of.
  [[nodiscard]] Result<void> forget(const std::function<Result<bool>(const ObjectId&)>& is_there);

 private:
  [[nodiscard]] Result<void> append(const AccessNotes::Map& noted);
  [[nodiscard]] Result<std::unique_ptr<run::RunSet>> open_index();
  Vault* vault_;
  AccessNotes* notes_;
};

// What is known of accesses at one moment, logs that nobody folded yet included.
class AccessBook {
 public:
  // Writable vaults fold first.
  [[nodiscard]] static Result<AccessBook> open(Vault& vault);
  [[nodiscard]] Result<std::optional<AccessCount>> of(const ObjectId& object) const;
  // Since when reads have been counted without a loss that anybody knows of: earlier ones tell nothing.
  [[nodiscard]] Timestamp since() const { return since_; }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] std::uint64_t half_life_seconds() const { return half_life_seconds_; }

 private:
  AccessBook() = default;
  std::unique_ptr<run::RunSet> index_;  // null where there is none
  std::unordered_map<ObjectId, AccessCount> logged_;
  Timestamp since_;
  Timestamp now_;
  std::uint64_t half_life_seconds_ = kHalfLifeSeconds;
};

// What the logs in bytes of one log file say, as far as it can be trusted: for the fuzzer, too.
struct LoggedAccess {
  ObjectId object;
  AccessCount count;
};
void read_access_log(ByteView log, const VaultId& vault, codec::SealSuite suite, const codec::SecretKey& key,
                     const std::function<void(const LoggedAccess&)>& visit);

}  // namespace atl::vault
