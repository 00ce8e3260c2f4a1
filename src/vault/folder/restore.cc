#include "vault/folder/restore.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "vault/folder/folder_node.h"
#include "vault/folder/plan.h"
#include "vault/history/past.h"
#include "vault/tier/accesses.h"

namespace atl::vault {
namespace {

using catalog::EntryKind;
using catalog::Listed;
using platform::NodeInfo;
using platform::NodeKind;

constexpr std::uint64_t kPartialFromBytes = 8 * kMiB;
constexpr std::size_t kTasksMax = 64;
constexpr std::size_t kItemsPerTask = 256;
constexpr std::uint64_t kBytesPerTask = 32 * kMiB;
constexpr std::size_t kProblemsKept = 10'000;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kItemsPerThread = 16;  // fewer are done as fast by one
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

NodeInfo info_of(const catalog::VersionRow& version) {
  NodeInfo info;
  info.kind = version.kind == EntryKind::marker ? NodeKind::directory : static_cast<NodeKind>(version.kind);
  info.mode = version.mode;
  info.uid = version.uid;
  info.gid = version.gid;
  info.size = version.size;
  info.modified = version.modified;
  info.device_number = version.device_number;
  return info;
}

// A key's parts, or why it cannot be a path: no part may lead anywhere but one level down.
Result<std::vector<std::string>> parts_of(std::string_view key, bool is_folder) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorKind::usage, "restore.bad_name", "its key cannot be a path: " + why,
                "Fetch it by itself: atoll get BUCKET/key --output FILE.");
  };
  if (is_folder && key.ends_with('/')) key.remove_suffix(1);
  std::vector<std::string> parts;
  if (key.empty()) return parts;
  for (std::size_t at = 0;;) {
    const std::size_t slash = key.find('/', at);
    const std::string_view part = key.substr(at, slash == std::string_view::npos ? slash : slash - at);
    if (part.empty()) return refuse("a part of it is empty");
    if (part == "." || part == "..") return refuse("it holds \"" + std::string(part) + "\" as a part");
    if (part.size() > kNameBytesMax) return refuse("a part of it is longer than 255 bytes");
    parts.emplace_back(part);
    if (slash == std::string_view::npos) return parts;
    at = slash + 1;
  }
}

}  // namespace

Result<void> check_path(std::string_view key) {
  const auto parts = parts_of(key, false);
  if (!parts) return pass(parts.error());
  for (const char c : key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return fail(ErrorKind::usage, "restore.bad_name", "its key cannot be a path: it holds a control character");
  }
  return {};
}

namespace {

struct Item {
  FolderRef folder;
  std::string name;
  std::string shown;  // below the target
  catalog::VersionRow version;
};
struct Task {
  std::vector<Item> items;
  std::uint64_t bytes = 0;
};

class RestoreRun {
 public:
  RestoreRun(Vault& vault, platform::HostTree& host, const Selection& selection, const std::string& target,
             const RestoreOptions& options, const RestoreCallbacks& callbacks)
      : vault_(&vault),
        host_(&host),
        selection_(&selection),
        target_(&target),
        options_(&options),
        callbacks_(&callbacks),
        started_ns_(vault.machine().clock.monotonic_ns()),
        root_node_(std::make_shared<FolderNode>()) {}

  Result<RestoreSummary> run() {
    ATOLL_ASSIGN(rules_, PathRules::compile(options_->include, options_->exclude));
    const auto reader = vault_->reader();
    View view(*reader, options_->as_of);
    ATOLL_ASSIGN(const auto bucket, view.bucket(selection_->bucket));
    if (!options_->is_dry_run) {
      ATOLL_ASSIGN(root_, host_->open_target(*target_));
    }

    std::vector<std::unique_ptr<platform::Thread>> workers;
    if (!options_->is_dry_run) {
      workers_ = options_->workers > 0 ? options_->workers : std::max(1U, vault_->machine().threads.hardware_count());
      workers_left_ = workers_;
      for (unsigned i = 0; i < workers_; ++i) {
        workers.push_back(vault_->machine().threads.start("restore-" + std::to_string(i), [this] { work(); }));
      }
    }
    const auto listed = list(view, bucket.id);
    {
      const std::lock_guard lock(mutex_);
      list_is_complete_ = true;
      if (!listed) ending_ = true;
      changed_.notify_all();
    }
    wait_for_workers();
    for (const auto& worker : workers) worker->join();
    if (!listed && listed.error().kind != ErrorKind::interrupted) return pass(listed.error());
    if (failure_) return pass(std::move(*failure_));
    if (!options_->is_dry_run && !is_stopped()) {
      make_hard_links();
      finish_folders();
    }
    report_progress();
    deliver_problems();
    if (seen_ == 0) {
      return fail(ErrorKind::not_found, "restore.nothing",
                  "nothing lies under " + selection_->bucket + "/" + selection_->prefix,
                  "`atoll ls " + selection_->bucket + "` lists what is there.");
    }
    summary_.files = files_done_.load();
    summary_.bytes = bytes_done_.load();
    summary_.was_interrupted = is_stopped();
    summary_.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
    summary_.problem_count = problem_count_;
    for (const auto& [what, count] : not_applied_)
      summary_.not_applied.push_back(what + " of " + std::to_string(count));
    return std::move(summary_);
  }

 private:
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  void add_problem(std::string path, Error error) {
    const std::lock_guard lock(mutex_);
    ++problem_count_;
    fresh_problems_.push_back({std::move(path), std::move(error)});
  }
  void note_not_applied(const std::vector<std::string>& what) {
    if (what.empty()) return;
    const std::lock_guard lock(mutex_);
    for (const std::string& one : what) ++not_applied_[one];
  }

  // -- listing, in the calling thread -----------------------------------------------------------------------------

  Result<void> list(View& view, const BucketId& bucket) {
    if (!selection_->is_recursive) {
      ATOLL_ASSIGN(auto one, view.current(bucket, selection_->prefix));
      if (!one) return {};
      const std::string name = selection_->prefix.substr(selection_->prefix.rfind('/') + 1);
      ATOLL_TRY(take(*one, name));
      return hand_out();
    }
    ATOLL_TRY(view.scan(bucket, selection_->prefix, "", [&](const Listed& listed) -> Result<bool> {
      std::string below = listed.entry.key.substr(selection_->prefix.size());
      if (selection_->prefix.empty() && below == "./") below.clear();
      ATOLL_TRY(take(listed, below));
      return !is_stopped();
    }));
    return hand_out();
  }

  Result<void> take(const Listed& listed, const std::string& below) {
    ++seen_;
    const catalog::VersionRow& version = listed.version;
    const bool is_folder = version.kind == EntryKind::directory || version.kind == EntryKind::marker;
    if (!below.empty() && !rules_.takes(is_folder ? below.substr(0, below.size() - 1) : below, is_folder)) return {};
    auto parts = parts_of(below, is_folder);
    if (!parts) {
      add_problem(listed.entry.key, parts.error());
      return {};
    }
    if (is_folder) {
      ++summary_.folders;
      folders_.push_back({folder_of(*parts), below, info_of(version), version.attributes, version.has_source});
      return {};
    }
    Item item;
    item.name = std::move(parts->back());
    parts->pop_back();
    item.folder = folder_of(*parts);
    item.shown = below;
    item.version = version;
    if (options_->is_dry_run) {
      if (version.kind == EntryKind::file) {
        files_done_.fetch_add(1);
        bytes_done_.fetch_add(version.size);
      }
      return {};
    }
    if (!version.link_group.empty() && is_second_name(item)) return {};
    if (version.kind == EntryKind::file) {
      total_files_.fetch_add(1);
      total_bytes_.fetch_add(version.size);
    }
    task_.bytes += version.size;
    task_.items.push_back(std::move(item));
    if (task_.items.size() >= kItemsPerTask || task_.bytes >= kBytesPerTask) return hand_out();
    return {};
  }

  // Consecutive keys share their folder nodes, so that cursors recognise them.
  FolderRef folder_of(const std::vector<std::string>& parts) {
    std::size_t same = 0;
    while (same < parts.size() && same < chain_.size() && chain_[same]->name == parts[same]) ++same;
    chain_.resize(same);
    for (std::size_t i = same; i < parts.size(); ++i)
      chain_.push_back(folder_below(i == 0 ? root_node_ : chain_.back(), parts[i]));
    return chain_.empty() ? root_node_ : chain_.back();
  }

  // Names of one file: the first is written, the others are linked to it at the end. The content decides too: an
  // inode's number may have been another file's before.
  bool is_second_name(Item& item) {
    const std::string group = to_string(item.version.link_group);
    const auto [first, is_first] =
        link_firsts_.try_emplace(group, FirstName{item.folder, item.name, item.version.version, item.version.content,
                                                  item.version.modified, item.version.link_target});
    if (is_first || !(first->second.content == item.version.content) ||
        first->second.modified != item.version.modified || first->second.link_target != item.version.link_target) {
      return false;
    }
    link_seconds_.push_back(std::move(item));
    return true;
  }

  Result<void> hand_out() {
    if (task_.items.empty()) return {};
    std::unique_lock lock(mutex_);
    while (!ending_ && !is_stopped() && queue_.size() >= kTasksMax) {
      changed_.wait_for(lock, kProgressEvery);
      lock.unlock();
      report_progress();
      deliver_problems();
      lock.lock();
    }
    if (ending_ || is_stopped()) return fail(ErrorKind::interrupted, "restore.ended", "the restore has ended");
    queue_.push_back(std::move(task_));
    task_ = {};
    changed_.notify_all();
    return {};
  }

  void wait_for_workers() {
    if (options_->is_dry_run) return;
    std::unique_lock lock(mutex_);
    while (workers_left_ > 0) {
      changed_.wait_for(lock, kProgressEvery);
      lock.unlock();
      report_progress();
      deliver_problems();
      lock.lock();
      if (is_stopped()) changed_.notify_all();
    }
  }

  // -- writing, in the workers ------------------------------------------------------------------------------------

  void work() {
    auto root = host_->open_target(*target_);
    if (!root) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = root.error();
      ending_ = true;
    } else {
      FolderCursor<platform::TargetDirectory> cursor(**root);
      for (;;) {
        Task task;
        {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [this] { return ending_ || is_stopped() || !queue_.empty() || list_is_complete_; });
          if (ending_ || is_stopped() || queue_.empty()) break;
          task = std::move(queue_.front());
          queue_.pop_front();
          changed_.notify_all();
        }
        for (Item& item : task.items) {
          if (is_stopped()) break;
          if (auto written = write(cursor, item); !written) {
            if (written.error().kind == ErrorKind::interrupted) break;
            if (written.error().kind == ErrorKind::no_space) {
              const std::lock_guard lock(mutex_);
              if (!failure_) failure_ = written.error();
              ending_ = true;
              break;
            }
            add_problem(item.shown, std::move(written).error());
          }
        }
      }
    }
    const std::lock_guard lock(mutex_);
    --workers_left_;
    changed_.notify_all();
  }

  Result<void> write(FolderCursor<platform::TargetDirectory>& cursor, const Item& item) {
    ATOLL_ASSIGN(platform::TargetDirectory* const folder, cursor.at(item.folder));
    const NodeInfo info = info_of(item.version);
    if (item.version.kind == EntryKind::file) return write_file(*folder, item, info);
    ATOLL_ASSIGN(const bool is_free, make_free(*folder, item, info));
    if (!is_free) return {};
    if (item.version.kind == EntryKind::symlink) {
      ATOLL_TRY(folder->create_symlink(item.name, item.version.link_target));
      links_done_.fetch_add(1);
    } else {
      ATOLL_TRY(folder->create_special(item.name, info));
      specials_done_.fetch_add(1);
    }
    ATOLL_ASSIGN(const auto missed, folder->apply(item.name, info, item.version.attributes));
    note_not_applied(missed);
    return {};
  }

  // False where what is there already is what would be written.
  Result<bool> make_free(platform::TargetDirectory& folder, const Item& item, const NodeInfo& info) {
    ATOLL_ASSIGN(const auto there, folder.info(item.name));
    if (!there) return true;
    if (there->kind == info.kind && there->size == info.size && there->modified == info.modified) {
      already_there_.fetch_add(1);
      return false;
    }
    if (!options_->replace) {
      return fail(ErrorKind::conflict, "restore.exists", "something else is there already",
                  "Choose an empty folder, or add --overwrite.");
    }
    if (there->kind == NodeKind::directory) {
      return fail(ErrorKind::conflict, "restore.folder_in_the_way", "a folder has this name already",
                  "Move it away first.");
    }
    ATOLL_TRY(folder.remove(item.name));
    return true;
  }

  Result<void> write_file(platform::TargetDirectory& folder, const Item& item, const NodeInfo& info) {
    const bool is_large = item.version.size >= kPartialFromBytes;
    const std::string written_name = is_large ? partial_name(item.name) : item.name;
    auto created =
        is_large ? tl::unexpected<Error>(Error{ErrorKind::conflict, "", "", "", 0}) : folder.create_file(item.name);
    if (!created) {
      if (created.error().kind != ErrorKind::conflict) return pass(std::move(created).error());
      ATOLL_ASSIGN(const bool is_free, make_free(folder, item, info));
      if (!is_free) return {};
      if (is_large) ignore_error_on_purpose(folder.remove(written_name));  // of a broken-off restore
      created = folder.create_file(written_name);
      if (!created) return pass(std::move(created).error());
    }
    const auto file = std::move(*created);
    if (auto filled = fill(*file, item, info); !filled) {
      ignore_error_on_purpose(folder.remove(written_name));
      return filled;
    }
    if (is_large) ATOLL_TRY(folder.rename(written_name, item.name));
    files_done_.fetch_add(1);
    return {};
  }

  static std::string partial_name(const std::string& name) {
    constexpr std::string_view kEnding = ".atoll-part";
    return name.substr(0, kNameBytesMax - kEnding.size()) + std::string(kEnding);
  }

  Result<void> fill(platform::TargetFile& file, const Item& item, const NodeInfo& info) {
    const catalog::VersionRow& version = item.version;
    if (options_->counts_accesses) vault_->accesses().note(version.object);
    // What lies between the holes is written where it belongs; the holes stay unwritten.
    std::size_t hole = 0;
    std::uint64_t at = 0;
    const auto skip_holes = [&] {
      while (hole < version.holes.size() && version.holes[hole].offset == at) at += version.holes[hole++].length;
    };
    ATOLL_TRY(
        read_content(vault_->chunks(), version.content, 0, version.content.length, [&](ByteView piece) -> Result<bool> {
          if (is_stopped()) return fail(ErrorKind::interrupted, "restore.interrupted", "interrupted");
          while (!piece.empty()) {
            skip_holes();
            std::size_t count = piece.size();
            if (hole < version.holes.size())
              count = static_cast<std::size_t>(std::min<std::uint64_t>(count, version.holes[hole].offset - at));
            ATOLL_TRY(file.write_at(at, piece.first(count)));
            at += count;
            bytes_done_.fetch_add(count);
            piece = piece.subspan(count);
          }
          return true;
        }));
    skip_holes();
    if (at != version.size)
      return fail(ErrorKind::damaged, "content.length", "its content is shorter than its record says");
    if (!version.holes.empty()) ATOLL_TRY(file.set_size(version.size));
    if (version.has_source || version.modified.seconds != 0) {
      ATOLL_ASSIGN(const auto missed, file.apply(with_own_owner(info, version), version.attributes));
      note_not_applied(missed);
    }
    return file.finish();
  }
  // What came from no file has no owner to give back: whoever restores it keeps it.
  NodeInfo with_own_owner(NodeInfo info, const catalog::VersionRow& version) const {
    if (!version.has_source) {
      info.uid = own_uid_;
      info.gid = own_gid_;
    }
    return info;
  }

  // -- last things, in the calling thread -------------------------------------------------------------------------

  struct Folder {
    FolderRef folder;
    std::string shown;
    NodeInfo info;
    platform::ExtendedAttributes attributes;
    bool has_source = false;
  };
  struct Cursors {
    explicit Cursors(platform::TargetDirectory& root) : to(root), from(root) {}
    FolderCursor<platform::TargetDirectory> to, from;
  };
  // One after the other, or many side by side where there are enough: they wait for a disk, or for another machine.
  // `own` is kept from call to call: the way to a deep folder is opened once.
  void for_each(std::size_t first, std::size_t end, Cursors& own,
                const std::function<void(std::size_t, Cursors&)>& work) {
    std::atomic<std::size_t> next = first;
    const auto work_through = [&](Cursors& cursors) {
      for (std::size_t i = next.fetch_add(1); i < end; i = next.fetch_add(1)) work(i, cursors);
    };
    std::vector<std::unique_ptr<platform::Thread>> threads;
    const std::size_t count = std::min<std::size_t>((end - first) / kItemsPerThread, workers_);
    while (threads.size() < count) {
      threads.push_back(vault_->machine().threads.start("restore-end", [&] {
        const auto root = host_->open_target(*target_);
        if (!root) return;  // the others do it
        Cursors cursors(**root);
        work_through(cursors);
      }));
    }
    work_through(own);
    for (const auto& thread : threads) thread->join();
  }

  void make_hard_links() {
    Cursors own(*root_);
    for_each(0, link_seconds_.size(), own, [this](std::size_t i, Cursors& cursors) {
      const Item& item = link_seconds_[i];
      const FirstName& first = link_firsts_.at(to_string(item.version.link_group));
      const auto made = [&]() -> Result<void> {
        ATOLL_ASSIGN(platform::TargetDirectory* const folder, cursors.to.at(item.folder));
        ATOLL_ASSIGN(platform::TargetDirectory* const first_folder, cursors.from.at(first.folder));
        ATOLL_ASSIGN(const bool is_free, make_free(*folder, item, info_of(item.version)));
        if (!is_free) return {};
        if (auto linked = folder->create_hard_link(item.name, *first_folder, first.name); !linked) {
          // The first name could not be restored, or the file system has no links: a file of its own keeps the content.
          return write(cursors.to, item);
        }
        files_done_.fetch_add(1);
        return {};
      }();
      if (!made) add_problem(item.shown, made.error());
    });
  }

  void finish_folders() {
    // Deepest first: what is done in a folder changes its times, and its mode may lock us out.
    std::ranges::stable_sort(folders_,
                             [](const Folder& a, const Folder& b) { return a.folder->depth > b.folder->depth; });
    Cursors own(*root_);
    for (std::size_t at = 0, end = 0; at < folders_.size(); at = end) {
      while (end < folders_.size() && folders_[end].folder->depth == folders_[at].folder->depth) ++end;
      for_each(at, end, own, [this](std::size_t i, Cursors& cursors) { finish_folder(folders_[i], cursors.to); });
    }
    summary_.links = links_done_.load();
    summary_.specials = specials_done_.load();
    summary_.files_already_there = already_there_.load();
  }

  void finish_folder(const Folder& folder, FolderCursor<platform::TargetDirectory>& cursor) {
    const auto done = [&]() -> Result<void> {
      ATOLL_ASSIGN(platform::TargetDirectory* const handle, cursor.at(folder.folder));
      if (!folder.has_source) return {};
      ATOLL_ASSIGN(const auto missed, handle->apply_own(folder.info, folder.attributes));
      note_not_applied(missed);
      return {};
    }();
    if (!done) add_problem(folder.shown, done.error());
  }

  void report_progress() {
    if (!callbacks_->on_progress) return;
    FolderPutProgress progress;
    progress.total_files = total_files_.load();
    progress.total_bytes = total_bytes_.load();
    progress.files_done = files_done_.load();
    progress.bytes_done = bytes_done_.load();
    progress.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
    {
      const std::lock_guard lock(mutex_);
      progress.is_plan_complete = list_is_complete_;
      progress.error_count = problem_count_;
    }
    callbacks_->on_progress(progress);
  }
  void deliver_problems() {
    std::vector<FileProblem> fresh;
    {
      const std::lock_guard lock(mutex_);
      fresh.swap(fresh_problems_);
    }
    for (FileProblem& problem : fresh) {
      if (callbacks_->on_problem) callbacks_->on_problem(problem);
      if (summary_.problems.size() < kProblemsKept) summary_.problems.push_back(std::move(problem));
    }
  }

  struct FirstName {
    FolderRef folder;
    std::string name;
    VersionId version;
    catalog::ContentReference content;
    FileTime modified;
    std::string link_target;
  };

  // Fixed after construction, or before the threads start.
  Vault* vault_;
  platform::HostTree* host_;
  const Selection* selection_;
  const std::string* target_;
  const RestoreOptions* options_;
  const RestoreCallbacks* callbacks_;
  std::int64_t started_ns_;
  FolderRef root_node_;
  PathRules rules_;
  std::unique_ptr<platform::TargetDirectory> root_;
  std::uint32_t own_uid_ = UINT32_MAX;  // "leave as it is" for chown
  std::uint32_t own_gid_ = UINT32_MAX;
  unsigned workers_ = 1;

  // The calling thread's.
  std::uint64_t seen_ = 0;
  Task task_;
  std::vector<FolderRef> chain_;
  std::vector<Folder> folders_;
  std::map<std::string, FirstName> link_firsts_;
  std::vector<Item> link_seconds_;
  RestoreSummary summary_;

  // Protect themselves.
  std::atomic<std::uint64_t> total_files_ = 0, total_bytes_ = 0, files_done_ = 0, bytes_done_ = 0;
  std::atomic<std::uint64_t> links_done_ = 0, specials_done_ = 0, already_there_ = 0;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool list_is_complete_ = false;
  bool ending_ = false;
  unsigned workers_left_ = 0;
  std::optional<Error> failure_;
  std::vector<FileProblem> fresh_problems_;
  std::uint64_t problem_count_ = 0;
  std::map<std::string, std::uint64_t> not_applied_;
};

}  // namespace

Result<RestoreSummary> restore_folder(Vault& vault, platform::HostTree& host, const Selection& selection,
                                      const std::string& target, const RestoreOptions& options,
                                      const RestoreCallbacks& callbacks) {
  return RestoreRun(vault, host, selection, target, options, callbacks).run();
}

}  // namespace atl::vault
