#include "vault/folder/watch.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace atl::vault {
namespace {

using platform::NodeInfo;
using platform::WatchEvent;

constexpr std::int64_t kFolderAwayMs = 2'000;
constexpr int kIdleRoundsMax = 4;
// What was stored within about two seconds of a change is read once more after them; see FileStore.
constexpr std::int64_t kProvenAfterMs = 4'000;

std::string folder_of(const std::string& below) {
  const std::size_t end = below.ends_with('/') ? below.size() - 1 : below.size();
  const std::size_t slash = end == 0 ? std::string::npos : below.rfind('/', end - 1);
  return slash == std::string::npos ? "" : below.substr(0, slash + 1);
}

class Watch {
 public:
  Watch(const platform::Machine& machine, platform::HostTree& host, platform::FileWatchers& watchers, std::string path,
        const WatchOptions& options, const WatchCallbacks& callbacks)
      : machine_(machine),
        host_(&host),
        watchers_(&watchers),
        path_(std::move(path)),
        options_(&options),
        callbacks_(&callbacks),
        news_(options.settle_ms) {}

  Result<void> run() {
    while (!is_stopped()) {
      if (!is_there()) {
        say("watch.folder_gone",
            path_ + " is not there, or not mounted: waiting for it. Nothing is removed meanwhile.");
        watcher_.reset();
        is_watched_ = false;
        watchers_->pause(kFolderAwayMs);
        continue;
      }
      if (!is_watched_) {
        ATOLL_TRY(begin());
        if (!is_watched_) continue;  // it went meanwhile
      }
      if (news_.is_empty()) {
        ATOLL_TRY(listen());
        continue;
      }
      ATOLL_TRY(do_round());
    }
    return {};
  }

 private:
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }

  // Each state is said once, until another one was.
  void say(const std::string& id, const std::string& words) {
    if (said_ == id) return;
    said_ = id;
    if (callbacks_->on_word) callbacks_->on_word(id, words);
  }

  // The same folder as before; or one with something in it. Where a disk was mounted, an empty mount point is neither.
  bool is_there() {
    const auto info = host_->info(path_);
    if (!info || info->kind != platform::NodeKind::directory) return false;
    if (!known_ || info->device != known_->device || info->inode != known_->inode) {
      if (known_) {
        const auto folder = host_->open_source(path_);
        if (!folder) return false;
        const auto names = (*folder)->names();
        if (!names || names->empty()) return false;
        watcher_.reset();  // of what was there before
        is_watched_ = false;
      }
      known_ = *info;
    }
    return true;
  }

  Result<void> begin() {
    news_.take_everything();
    if (!only_polls_) {
      auto watcher = watchers_->watch(path_, options_->enters);
      if (watcher) {
        watcher_ = std::move(*watcher);
      } else if (watcher.error().kind == ErrorKind::not_found) {
        return {};
      } else {
        poll_from_now_on(watcher.error());
      }
    }
    is_watched_ = true;
    if (!only_polls_) say("watch.watching", "Watching " + path_ + ". Ctrl-C ends it.");
    return {};
  }

  void poll_from_now_on(const Error& why) {
    only_polls_ = true;
    watcher_.reset();
    say("watch.polling", why.message + ": looking at all of " + path_ + " every " +
                             std::to_string(std::max<std::int64_t>(1, options_->poll_ms / 1000)) + " s instead. " +
                             why.hint);
  }

  // Until there is news, or for a while.
  Result<void> listen() {
    if (only_polls_) {
      watchers_->pause(news_.has_later() ? std::min(options_->poll_ms, later_wait_ns() / 1'000'000)
                                         : options_->poll_ms);
      if (machine_.clock.monotonic_ns() - polled_at_ns_ >= options_->poll_ms * 1'000'000) {
        news_.take_everything();
        polled_at_ns_ = machine_.clock.monotonic_ns();
      }
      news_.take_later();
      return {};
    }
    const std::int64_t until_later_ms = (later_due_ns_ - machine_.clock.monotonic_ns()) / 1'000'000 + 1;
    const bool has_later = news_.has_later();
    if (!has_later || until_later_ms > 0)
      ATOLL_TRY(hear(has_later ? std::min(options_->poll_ms, until_later_ms) : options_->poll_ms));
    if (!is_watched_) return {};
    if (!has_later) later_due_ns_ = machine_.clock.monotonic_ns() + later_wait_ns();
    if (news_.has_later() && machine_.clock.monotonic_ns() >= later_due_ns_) news_.take_later();
    if (news_.is_empty()) return {};
    return gather(options_->gather_ms);
  }

  // A file that is written to all the time does not hold the vault busy: the waits grow while nothing comes of them.
  [[nodiscard]] std::int64_t later_wait_ns() const {
    return std::max<std::int64_t>(options_->settle_ms, 500) * 1'000'000 << std::max(0, idle_rounds_ - 1);
  }

  // For so long, that one round may store what comes together.
  Result<void> gather(std::int64_t time_ms) {
    const std::int64_t end_ns = machine_.clock.monotonic_ns() + time_ms * 1'000'000;
    while (!is_stopped() && is_watched_) {
      const std::int64_t left_ms = (end_ns - machine_.clock.monotonic_ns()) / 1'000'000;
      if (left_ms <= 0) break;
      if (only_polls_) {
        watchers_->pause(left_ms);
      } else {
        ATOLL_TRY(hear(left_ms));
      }
    }
    return {};
  }

  Result<void> hear(std::int64_t timeout_ms) {
    const auto events = watcher_->wait(timeout_ms);
    if (!events) {
      if (events.error().id != "watch.limit") return pass(events.error());
      poll_from_now_on(events.error());
      news_.take_everything();
      return {};
    }
    for (const WatchEvent& event : *events) {
      if (event.kind == WatchEvent::Kind::root_gone) {
        watcher_.reset();
        is_watched_ = false;
        return {};
      }
      news_.take(event);
    }
    return {};
  }

  Result<void> do_round() {
    news_.begin_round();
    WatchRound round;
    round.scope = news_.scope();
    round.is_held_back = [this](const WaitingFile& file) { return news_.is_held_back(file, machine_.clock.now()); };
    const auto done = callbacks_->store(round);
    if (done) {
      for (const std::string& below : done->changed_while_read) news_.look_again(below);
      if (said_ != "watch.polling") said_.clear();
      idle_rounds_ = done->did_something ? 0 : std::min(idle_rounds_ + 1, kIdleRoundsMax);
      later_due_ns_ = machine_.clock.monotonic_ns() + later_wait_ns();
      return {};
    }
    const Error& error = done.error();
    if (error.kind == ErrorKind::interrupted) return {};
    if (error.id.starts_with("mirror.")) {
      say(error.id, error.message + ". " + error.hint);
      return {};
    }
    if (error.kind != ErrorKind::locked && error.kind != ErrorKind::no_space) return pass(error);
    say(error.id, error.message + ": trying again until it goes. " + error.hint);
    news_.take_back();
    return gather(options_->again_ms);
  }

  platform::Machine machine_;
  platform::HostTree* host_;
  platform::FileWatchers* watchers_;
  std::string path_;
  const WatchOptions* options_;
  const WatchCallbacks* callbacks_;
  News news_;
  std::unique_ptr<platform::FileWatcher> watcher_;  // null while it is polled or away
  bool is_watched_ = false;                         // or polled
  bool only_polls_ = false;
  std::optional<NodeInfo> known_;
  std::string said_;
  int idle_rounds_ = 0;  // one after the other
  std::int64_t later_due_ns_ = 0;
  std::int64_t polled_at_ns_ = 0;
};

}  // namespace

void News::add(const std::string& folder, bool is_deep) {
  if (is_everything_) return;
  folders_[folder] |= is_deep;
  if (folders_.size() <= kNewsFoldersMax) return;
  folders_.clear();
  is_everything_ = true;
}

void News::add_later(const std::string& folder) {
  if (is_everything_) return;
  later_[folder] |= false;
  if (later_.size() <= kNewsFoldersMax) return;
  later_.clear();
  take_everything();
}

void News::take_later() {
  for (const auto& [folder, is_deep] : std::exchange(later_, {})) add(folder, is_deep);
}

void News::take(const WatchEvent& event) {
  using Kind = WatchEvent::Kind;
  switch (event.kind) {
    case Kind::overflow: take_everything(); break;
    case Kind::root_gone: break;
    case Kind::folder_came:
      add(folder_of(event.path), false);
      add(event.path, true);
      break;
    case Kind::written:
      add_later(folder_of(event.path));
      closed_.erase(event.path);
      break;
    case Kind::closed:
      add(folder_of(event.path), false);
      if (closed_.size() < kClosedFilesMax) closed_.insert(event.path);
      break;
    case Kind::changed:
      add(folder_of(event.path), false);
      if (event.path.ends_with('/')) add(event.path, false);
      break;
  }
}

void News::begin_round() {
  round_is_everything_ = std::exchange(is_everything_, false);
  round_ = std::exchange(folders_, {});
}

bool News::is_held_back(const WaitingFile& file, Timestamp now) {
  const std::int64_t age_ms =
      now.unix_us / 1000 - (file.info.changed.seconds * 1000 + file.info.changed.nanoseconds / 1'000'000);
  // A time that is still to come is another machine's clock: waiting for it could take for ever.
  const std::int64_t needed_ms = file.is_stored ? std::max(settle_ms_, kProvenAfterMs) : settle_ms_;
  if (age_ms < 0 || age_ms >= needed_ms) return false;
  if (!file.is_stored && closed_.erase(file.below) > 0) return false;
  add_later(folder_of(file.below));
  return true;
}

void News::look_again(const std::string& below) { add_later(folder_of(below)); }

void News::take_back() {
  if (round_is_everything_) take_everything();
  for (const auto& [folder, is_deep] : round_) add(folder, is_deep);
}

Result<void> watch_folder(const platform::Machine& machine, platform::HostTree& host, platform::FileWatchers& watchers,
                          const std::string& path, const WatchOptions& options, const WatchCallbacks& callbacks) {
  return Watch(machine, host, watchers, path, options, callbacks).run();
}

}  // namespace atl::vault
