// A folder that is stored again and again as it changes: `put --watch`.
//
//     words of changes ─► news: which folders to look at ─► a round: put_folders() with that scope ─► …
//
// Always true:
//  - The first round looks at everything; so does the round after words were lost, after the folder was away, and,
//  where
//    the system tells nothing of changes, every round.
//  - A file is stored once it was closed by whoever wrote it, or was left alone for a while; until then its folder
//  stays
//    on the list.
//  - A folder that vanishes is waited for. Nothing is stored or removed meanwhile.
//  - Memory is bounded: past kNewsFoldersMax folders the next round looks at everything.
// Thread rules: one thread, but for News::is_held_back (the round's planning thread, while the round lasts).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "foundation/platform/file_watcher.h"
#include "vault/folder/put.h"

namespace atl::vault {

inline constexpr std::size_t kNewsFoldersMax = 10'000;
inline constexpr std::size_t kClosedFilesMax = 100'000;

// What was told and not yet stored.
class News {
 public:
  explicit News(std::int64_t settle_ms) : settle_ms_(settle_ms) {}

  void take(const platform::WatchEvent& event);
  void take_everything() { is_everything_ = true; }
  [[nodiscard]] bool is_empty() const { return !is_everything_ && folders_.empty(); }
  // What is not ready yet, or is still being written: nothing to begin a round for at once.
  [[nodiscard]] bool has_later() const { return !later_.empty(); }
  void take_later();

  // Moves what there is to look at into the round, which reads scope() and asks is_held_back().
  void begin_round();
  [[nodiscard]] const PutScope* scope() const { return round_is_everything_ ? nullptr : &round_; }
  [[nodiscard]] bool is_held_back(const WaitingFile& file, Timestamp now);
  // A file that changed while it was read.
  void look_again(const std::string& below);
  // The round came to nothing: all of it is to be done again.
  void take_back();

 private:
  void add(const std::string& folder, bool is_deep);
  void add_later(const std::string& folder);
  std::int64_t settle_ms_;
  PutScope folders_;
  PutScope later_;
  bool is_everything_ = false;
  std::set<std::string> closed_;  // files whose writer has closed them
  PutScope round_;
  bool round_is_everything_ = false;
};

struct WatchOptions {
  std::int64_t settle_ms = 2'000;
  std::int64_t gather_ms = 1'000;  // from the first word of a change to the round
  std::int64_t poll_ms = 30'000;   // where the system tells nothing
  std::int64_t again_ms = 1'000;   // until a locked vault is tried again
  const std::atomic<bool>* stop = nullptr;
  // Folders whose changes matter, given their paths below the source.
  std::function<bool(const std::string& below)> enters;
};

struct WatchRound {
  const PutScope* scope = nullptr;  // null: everything
  std::function<bool(const WaitingFile&)> is_held_back;
};

struct RoundResult {
  bool did_something = false;
  std::vector<std::string> changed_while_read;  // paths below the source
};

struct WatchCallbacks {
  // Stores one round. `locked` and `no_space`
  // are said and tried again; a mirror's refusal (ids "mirror.…") is said; any other error ends the watch.
  std::function<Result<RoundResult>(const WatchRound&)> store;
  std::function<void(const std::string& id, const std::string& words)> on_word;
};

// Returns when `stop` is set.
[[nodiscard]] Result<void> watch_folder(const platform::Machine& machine, platform::HostTree& host,
                                        platform::FileWatchers& watchers, const std::string& path,
                                        const WatchOptions& options, const WatchCallbacks& callbacks);

}  // namespace atl::vault
