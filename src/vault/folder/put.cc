#include "vault/folder/put.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "vault/folder/file_store.h"
#include "vault/folder/plan.h"

namespace atl::vault {
namespace {

constexpr std::size_t kProblemsKept = 10'000;
constexpr std::size_t kFilesPerCommand = 2'500;  // three rows each stay under the limit of a command
constexpr std::size_t kFilesPerCommit = 5'000;
constexpr std::uint64_t kBytesPerCommit = 512 * kMiB;
constexpr std::int64_t kCommitEveryNs = 10'000'000'000;  // so that a broken-off put loses ten seconds of work at most
constexpr std::size_t kPreparedMax = 4 * kFilesPerCommit;
// What a worker sorts before it reads. A restore goes by key and meets the groups of a window mixed, so a window must
// not be much more than the cache of opened groups holds. Of 1.4 GB of /usr 16 MiB save 1.1 % of what is stored, 32 MiB
// 1.7 %, 64 MiB as much, but there a restore opens many groups twice.
constexpr std::uint64_t kWindowBytes = 32 * kMiB;
constexpr std::size_t kWindowItems = 8192;
constexpr std::uint64_t kWindowsLeft = 4;  // for each worker, at the least, when one is taken
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

struct Prepared {
  NewVersion version;
  std::uint64_t bytes = 0;
};

class PutRun {
 public:
  PutRun(Vault& vault, platform::HostTree& host, const std::vector<PutSource>& sources, const FolderPutOptions& options,
         const FolderPutCallbacks& callbacks)
      : vault_(&vault),
        host_(&host),
        sources_(&sources),
        options_(&options),
        callbacks_(&callbacks),
        operation_(platform::new_id<OperationId>(vault.machine())),
        started_ns_(vault.machine().clock.monotonic_ns()) {}

  Result<FolderPutSummary> run(const std::string& bucket_name) {
    ATOLL_TRY(check_bucket_name(bucket_name));
    ATOLL_TRY(check_origin(options_->origin));
    ATOLL_ASSIGN(rules_, PathRules::compile(options_->include, options_->exclude));
    for (const auto& [path, fields] : options_->metadata_by_path) unmatched_metadata_.insert({path, true});
    Objects objects(*vault_);
    auto existing = objects.bucket(bucket_name);
    if (existing) {
      bucket_ = std::move(*existing);
      has_bucket_ = true;
    } else if (existing.error().kind != ErrorKind::not_found) {
      return pass(std::move(existing).error());
    }
    // A source that is not there is said before anything is read; what counts is what it is at the commit.
    ATOLL_TRY(resolve_sources(*vault_->reader(), options_->origin.sources));
    if (!options_->is_dry_run) {
      ATOLL_TRY(vault_->check_room(0));
      ATOLL_ASSIGN(bucket_, objects.ensure_bucket(bucket_name));
      gear_ = vault_->gear(bucket_.domain);
      if (gear_ == nullptr)
        return fail(ErrorKind::wrong_key, "bucket.no_keys", "the keys of bucket \"" + bucket_name + "\" are gone");
    }
    if (options_->on_bucket && !options_->is_dry_run) options_->on_bucket(*vault_, bucket_);
    bytes_written_before_ = vault_->chunks().stats().bytes_written;
    const auto use = vault_->chunks().begin_use();  // until the last commit: workers are always ahead of it

    const auto planner = vault_->machine().threads.start("put-plan", [this] { plan(); });
    wait_for_plan();
    auto answer = announce_plan();
    std::vector<std::unique_ptr<platform::Thread>> workers;
    if (answer && !options_->is_dry_run) {
      const unsigned count =
          options_->workers > 0 ? options_->workers : std::max(1U, vault_->machine().threads.hardware_count());
      {
        const std::lock_guard lock(mutex_);
        workers_left_ = count;
      }
      for (unsigned i = 0; i < count; ++i) {
        workers.push_back(vault_->machine().threads.start("put-" + std::to_string(i), [this] {
          work();
          const std::lock_guard lock(mutex_);
          --workers_left_;
          changed_.notify_all();
        }));
      }
      answer = commit_as_it_comes();
    }
    if (!options_->is_dry_run || !answer) end_everything();
    planner->join();
    for (const auto& worker : workers) worker->join();
    deliver_problems();
    if (!answer) return pass(std::move(answer).error());
    {
      const std::lock_guard lock(mutex_);
      if (failure_) return pass(*failure_);
    }
    return summary();
  }

 private:
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  [[nodiscard]] double seconds() const {
    return static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
  }

  void fail_run(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = error;
    ending_ = true;
    changed_.notify_all();
  }
  void end_everything() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  void add_problem(FileProblem problem) {
    const std::lock_guard lock(mutex_);
    ++problem_count_;
    if (problem.error.id == "source.changed") ++changed_while_read_;
    fresh_problems_.push_back(std::move(problem));
  }

  // -- planning, in its own thread --------------------------------------------------------------------------------

  void plan() {
    const auto done = plan_all();
    const std::lock_guard lock(mutex_);
    if (!done && !failure_ && done.error().kind != ErrorKind::interrupted) {
      failure_ = done.error();
      ending_ = true;
    }
    plan_is_complete_ = true;
    changed_.notify_all();
  }

  Result<void> plan_all() {
    PlanContext context;
    context.options = options_;
    if (const auto home = host_->info(vault_->folder()); home) {
      context.home_device = home->device;
      context.home_inode = home->inode;
    }
    context.on_problem = [this](FileProblem problem) { add_problem(std::move(problem)); };
    context.on_task = [this](PutTask task) { return take_task(std::move(task)); };
    for (std::size_t i = 0; i < sources_->size(); ++i) {
      if (is_stopped()) break;
      const PutSource& source = (*sources_)[i];
      auto info = look_at_source(*host_, source.path);
      if (!info) {
        add_problem({source.path, info.error()});
        continue;
      }
      const auto reader = vault_->reader();
      if (info->kind == platform::NodeKind::directory) {
        auto root = host_->open_source(source.path);
        if (!root) {
          add_problem({source.path, root.error()});
          continue;
        }
        FactStream known(vault_->machine().threads, has_bucket_ ? reader.get() : nullptr, bucket_.id, source.key_prefix,
                         options_->scope != nullptr ? FactStream::Asked::some : FactStream::Asked::most);
        ATOLL_ASSIGN(const PlanTotals totals,
                     plan_folder(**root, i, source.path, source.key_prefix, known, rules_, context));
        add_totals(totals);
      } else {
        ATOLL_TRY(plan_file(i, source, *info, reader.get(), context));
      }
    }
    return {};
  }

  // A file named by itself: its folder is opened and nothing else of it looked at.
  Result<void> plan_file(std::size_t index, const PutSource& source, const platform::NodeInfo& info,
                         catalog::CatalogReader* reader, const PlanContext& context) {
    PlanTotals totals;
    PutTask task;
    task.source = index;
    task.folder = std::make_shared<FolderNode>();
    task.path = platform::parent_of(source.path);
    if (task.path.empty()) task.path = ".";
    const std::string name = source.path.substr(source.path.rfind('/') + 1);
    bool is_unchanged = false;
    bool is_known = false;
    if (has_bucket_) {
      ATOLL_ASSIGN(const auto listed, reader->current(bucket_.id, source.key_prefix));
      if (listed) {
        is_known = true;
        const catalog::VersionRow& version = listed->version;
        is_unchanged = version.has_source && version.size == info.size && version.modified == info.modified &&
                       version.changed == info.changed && version.inode == info.inode && version.mode == info.mode &&
                       version.uid == info.uid && version.gid == info.gid && !options_->reads_unchanged &&
                       options_->tags.empty() && options_->metadata.empty() && options_->metadata_by_path.empty() &&
                       !options_->origin.says_something();
      }
    }
    const bool is_file = info.kind == platform::NodeKind::file;
    if (info.kind == platform::NodeKind::symlink) {
      totals.links = 1;
    } else if (!is_file) {
      totals.specials = 1;
    }
    if (is_unchanged) {
      totals.unchanged_files = is_file ? 1 : 0;
      totals.unchanged_bytes = is_file ? info.size : 0;
    } else {
      task.bytes = is_file ? info.size : 0;
      task.items.push_back({name, info, is_known});
      task.single_key = source.key_prefix;
      ATOLL_TRY(context.on_task(std::move(task)));
    }
    add_totals(totals);
    return {};
  }

  void add_totals(const PlanTotals& totals) {
    const std::lock_guard lock(mutex_);
    totals_.unchanged_files += totals.unchanged_files;
    totals_.unchanged_bytes += totals.unchanged_bytes;
    totals_.folders += totals.folders;
    totals_.links += totals.links;
    totals_.specials += totals.specials;
    totals_.excluded += totals.excluded;
    totals_.held_back += totals.held_back;
  }

  Result<void> take_task(PutTask task) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ending_ || queued_items_ < kPlanItemsMax || !plan_was_announced_; });
    if (ending_) return fail(ErrorKind::interrupted, "put.ended", "the put has ended");
    for (const PlanItem& item : task.items) {
      if (item.info.kind == platform::NodeKind::file) {
        ++totals_.files;
        totals_.bytes += item.info.size;
      }
    }
    if (options_->is_dry_run) {  // nothing is handed to workers: only counted
      for (const PlanItem& item : task.items) {
        if (item.info.kind == platform::NodeKind::file) ++(item.is_known ? files_changed_ : files_new_);
        match_metadata(task.below + item.name);
      }
      return {};
    }
    queued_items_ += task.items.size();
    queued_bytes_ += task.bytes;
    queue_.push_back(std::move(task));
    if (queued_items_ >= kPlanItemsMax || plan_was_announced_) changed_.notify_all();
    // The plan is too long to be held: work begins before it is known whole.
    while (!ending_ && !plan_was_announced_ && queued_items_ >= kPlanItemsMax) changed_.wait(lock);
    return {};
  }

  void wait_for_plan() {
    std::unique_lock lock(mutex_);
    while (!plan_is_complete_ && queued_items_ < kPlanItemsMax && !ending_) {
      changed_.wait_for(lock, kProgressEvery);
      if (is_stopped()) break;
      lock.unlock();
      report_progress();
      lock.lock();
    }
  }

  Result<void> announce_plan() {
    FolderPutPlan plan;
    {
      const std::lock_guard lock(mutex_);
      plan.files = totals_.files;
      plan.bytes = totals_.bytes;
      plan.files_unchanged = totals_.unchanged_files;
      plan.is_complete = plan_is_complete_;
    }
    ATOLL_ASSIGN(const auto space, vault_->machine().files.space(vault_->folder()));
    plan.available_bytes = space.available_bytes;
    if (callbacks_->on_plan) ATOLL_TRY(callbacks_->on_plan(plan));
    const std::lock_guard lock(mutex_);
    plan_was_announced_ = true;
    changed_.notify_all();
    return {};
  }

  // -- storing, in the workers ------------------------------------------------------------------------------------

  [[nodiscard]] static std::string key_of(const PutTask& task, const PlanItem& item) {
    if (!task.single_key.empty()) return task.single_key;
    if (item.name.empty()) return task.key_prefix.empty() ? "./" : task.key_prefix;
    return task.key_prefix + item.name;
  }

  void work() {
    FileStore store(*vault_, bucket_, *gear_, bytes_done_, options_->stop);
    std::size_t open_source = SIZE_MAX;
    std::unique_ptr<platform::SourceDirectory> root;
    std::unique_ptr<FolderCursor<platform::SourceDirectory>> cursor;
    for (;;) {
      const std::vector<PutTask> window = take_window();
      if (window.empty()) return;
      const PutTask& first = window.front();
      if (open_source != first.source) {
        cursor.reset();
        auto opened = host_->open_source(first.single_key.empty() ? (*sources_)[first.source].path : first.path);
        if (!opened) {
          add_problem({first.path, opened.error()});
          continue;
        }
        root = std::move(*opened);
        cursor = std::make_unique<FolderCursor<platform::SourceDirectory>>(*root);
        open_source = first.source;
      }
      if (!store_window(window, store, *cursor)) return;
    }
  }

  // Neighbouring tasks of one source: as much as can be sorted well, but never so much that other workers end up with
  // nothing to do. Empty where the put is over.
  std::vector<PutTask> take_window() {
    std::vector<PutTask> window;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
      return ending_ || is_stopped() || (!queue_.empty() && prepared_.size() < kPreparedMax) ||
             (queue_.empty() && plan_is_complete_);
    });
    if (ending_ || is_stopped() || queue_.empty()) return window;
    const bool is_sorted = !host_->prefers_whole_folders();
    const std::uint64_t share = queued_bytes_ / (kWindowsLeft * std::max(1U, workers_left_));
    const std::uint64_t bytes_wanted = is_sorted ? std::min(kWindowBytes, share) : 0;
    std::uint64_t bytes = 0;
    std::size_t items = 0;
    do {
      PutTask& task = queue_.front();
      bytes += task.bytes;
      items += task.items.size();
      queued_items_ -= task.items.size();
      queued_bytes_ -= task.bytes;
      window.push_back(std::move(task));
      queue_.pop_front();
    } while (!queue_.empty() && bytes < bytes_wanted && items < kWindowItems &&
             queue_.front().source == window.front().source);
    if (queued_items_ < kPlanItemsMax) changed_.notify_all();
    return window;
  }

  struct Step {
    const PutTask* task = nullptr;
    const PlanItem* item = nullptr;
    bool is_file = false;
    std::string_view kind, name;  // what a file is sorted by: what its name ends with, its name
  };

  // Files of one kind and name beside each other, wherever they lie: what is alike is compressed together.
  static std::vector<Step> steps_of(const std::vector<PutTask>& window) {
    std::vector<Step> steps;
    for (const PutTask& task : window) {
      for (const PlanItem& item : task.items) {
        Step step{&task, &item, item.info.kind == platform::NodeKind::file, {}, {}};
        if (step.is_file) {
          step.name = item.name;
          step.kind = step.name.substr(std::min(step.name.rfind('.'), step.name.size()));
        }
        steps.push_back(step);
      }
    }
    std::ranges::stable_sort(steps, [](const Step& a, const Step& b) {
      return std::tie(a.is_file, a.kind, a.name) < std::tie(b.is_file, b.kind, b.name);
    });
    return steps;
  }

  // False where the whole put has to end.
  bool store_window(const std::vector<PutTask>& window, FileStore& store,
                    FolderCursor<platform::SourceDirectory>& cursor) {
    std::vector<Prepared> done;
    std::set<const PutTask*> unreadable;
    const PutTask* last = nullptr;
    bool is_announced = window.size() > 1;  // of several folders each gives few names at a time
    for (const Step& step : steps_of(window)) {
      if (is_stopped()) break;
      if (last == nullptr || done.size() >= kTaskItemsMax) {
        if (last != nullptr) hand_over(done, *last);
        // The reserve is for deleting and cleaning up, also while a long put goes on.
        if (const auto room = vault_->check_room(0); !room) {
          fail_run(room.error());
          return false;
        }
      }
      last = step.task;
      if (unreadable.contains(step.task)) continue;
      const auto folder = cursor.at(step.task->folder);
      if (!folder) {
        add_problem({step.task->path, folder.error()});
        unreadable.insert(step.task);
        continue;
      }
      if (!std::exchange(is_announced, true)) announce_files(**folder, *step.task);
      if (const auto good = check_key(key_of(*step.task, *step.item)); !good) {
        add_problem({platform::join(step.task->path, step.item->name), good.error()});
        continue;
      }
      auto prepared = store_item(step, **folder, store);
      if (!prepared) {
        const Error& error = prepared.error();
        if (error.kind == ErrorKind::interrupted) break;
        if (is_ours(error)) {
          hand_over(done, *last);
          fail_run(error);
          return false;
        }
        add_problem({platform::join(step.task->path, step.item->name), error});
        continue;
      }
      done.push_back(std::move(*prepared));
    }
    if (last != nullptr) hand_over(done, *last);
    return true;
  }

  static void announce_files(platform::SourceDirectory& folder, const PutTask& task) {
    std::vector<std::string> files;
    for (const PlanItem& item : task.items) {
      if (item.info.kind == platform::NodeKind::file) files.push_back(item.name);
    }
    folder.announce(files);
  }

  Result<Prepared> store_item(const Step& step, platform::SourceDirectory& folder, FileStore& store) {
    const PutTask& task = *step.task;
    ATOLL_ASSIGN(auto stored, store.store(folder, step.item->name, step.item->info));
    Prepared prepared;
    prepared.version.key = key_of(task, *step.item);
    prepared.version.version = std::move(stored.version);
    prepared.version.version.tags = options_->tags;
    prepared.version.version.metadata = options_->metadata;
    add_metadata(task.below + step.item->name, prepared.version.version.metadata);
    describe(prepared.version.version, options_->origin, {});
    prepared.version.words = task.single_key.empty() ? NewVersion::Words::given_to_new : NewVersion::Words::given;
    prepared.version.change = options_->origin.change;
    prepared.bytes = prepared.version.version.size;
    bytes_new_.fetch_add(stored.new_bytes);
    return prepared;
  }

  // To the committing thread; `at` is where the worker is.
  void hand_over(std::vector<Prepared>& done, const PutTask& at) {
    const std::lock_guard lock(mutex_);
    for (Prepared& one : done) {
      if (one.version.version.kind == catalog::EntryKind::file) ++files_done_;
      prepared_bytes_ += one.bytes;
      prepared_.push_back(std::move(one));
    }
    done.clear();
    current_path_ = at.path;
    if (is_batch_due()) changed_.notify_all();
  }

  // Errors of the store itself, which the next file would meet too.
  static bool is_ours(const Error& error) {
    return error.kind == ErrorKind::no_space ||
           !(error.id.starts_with("source.") || error.kind == ErrorKind::not_found || error.kind == ErrorKind::limit);
  }

  void add_metadata(const std::string& path, std::map<std::string, std::string>& metadata) {
    const auto fields = options_->metadata_by_path.find(path);
    if (fields == options_->metadata_by_path.end()) return;
    for (const auto& [name, value] : fields->second) metadata[name] = value;
    const std::lock_guard lock(mutex_);
    match_metadata(path);
  }
  void match_metadata(const std::string& path) { unmatched_metadata_.erase(path); }

  // -- committing, in the calling thread --------------------------------------------------------------------------

  [[nodiscard]] bool is_batch_due() const {
    return prepared_.size() >= kFilesPerCommit || prepared_bytes_ >= kBytesPerCommit;
  }

  Result<void> commit_as_it_comes() {
    std::int64_t last_commit_ns = vault_->machine().clock.monotonic_ns();
    for (;;) {
      std::vector<Prepared> batch;
      bool is_last = false;
      {
        std::unique_lock lock(mutex_);
        const auto is_over = [this] { return ending_ || workers_left_ == 0; };
        if (!is_batch_due() && !is_over()) changed_.wait_for(lock, kProgressEvery);
        is_last = workers_left_ == 0 || failure_.has_value();
        const std::int64_t now_ns = vault_->machine().clock.monotonic_ns();
        if (is_batch_due() || is_last || now_ns - last_commit_ns > kCommitEveryNs) {
          batch.swap(prepared_);
          prepared_bytes_ = 0;
          last_commit_ns = now_ns;
          changed_.notify_all();
        }
        if (is_stopped()) changed_.notify_all();
      }
      report_progress();
      deliver_problems();
      if (!batch.empty()) {
        if (auto committed = commit(std::move(batch)); !committed) return committed;
      }
      if (is_last) {
        const std::lock_guard lock(mutex_);
        if (workers_left_ == 0 && prepared_.empty()) break;
        if (failure_) break;
      }
    }
    report_progress();
    return {};
  }

  Result<void> commit(std::vector<Prepared> batch) {
    std::ranges::sort(batch, [](const Prepared& a, const Prepared& b) {
      return compare(as_bytes(a.version.key), as_bytes(b.version.key)) < 0;
    });
    ATOLL_TRY(vault_->sync_chunks());
    std::vector<CommandBuilder> builders;
    for (std::size_t at = 0, end = 0; at < batch.size(); at = end) {
      // Long names, attributes and words make long rows: what ends the old version and begins the new stays below the
      // limit of a command.
      std::size_t bytes = 0;
      while (end < batch.size() && end - at < kFilesPerCommand && (end == at || bytes < kCommandBytesMax / 2)) {
        bytes += 2 * (catalog::encode(batch[end].version.version).size() + batch[end].version.key.size()) + 256;
        ++end;
      }
      const auto part = std::span(batch).subspan(at, end - at);
      builders.push_back([this, part](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(const LabelScheme scheme, label_scheme(context.state, bucket_));
        ATOLL_ASSIGN(const auto sources, resolve_sources(context.state, options_->origin.sources));
        for (Prepared& one : part) {
          one.version.version.sources = sources;
          const auto stage = [&] {
            return stage_put(context, changes, bucket_, one.version, platform::new_id<VersionId>(vault_->machine()),
                             vault_->actor(), operation_, scheme);
          };
          auto staged = stage();
          if (!staged && staged.error().id == "label.taken" && one.version.words == NewVersion::Words::given_to_new) {
            add_problem({bucket_.name + "/" + one.version.key, staged.error()});
            one.version.version.label.clear();
            staged = stage();
          }
          ATOLL_ASSIGN(const PutEffect effect, std::move(staged));
          if (one.version.version.kind != catalog::EntryKind::file) continue;
          if (effect == PutEffect::created) ++files_new_;
          if (effect == PutEffect::updated) ++files_changed_;
          if (effect == PutEffect::unchanged) ++files_same_;
        }
        return {};
      });
    }
    for (auto& answer : vault_->commit_group(journal::CommandKind::put_objects, std::move(builders), operation_)) {
      if (!answer) return pass(std::move(answer).error());
    }
    return {};
  }

  // -- telling ----------------------------------------------------------------------------------------------------

  void report_progress() {
    if (!callbacks_->on_progress) return;
    FolderPutProgress progress;
    {
      const std::lock_guard lock(mutex_);
      progress.is_plan_complete = plan_is_complete_;
      progress.total_files = totals_.files;
      progress.files_done = files_done_;
      progress.total_bytes = totals_.bytes;
      progress.error_count = problem_count_;
      progress.current_file = current_path_;
    }
    progress.bytes_done = bytes_done_.load();
    progress.seconds = seconds();
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
      if (problems_.size() < kProblemsKept) problems_.push_back(std::move(problem));
    }
  }

  FolderPutSummary summary() {
    FolderPutSummary summary;
    const std::lock_guard lock(mutex_);
    summary.files_new = files_new_;
    summary.files_changed = files_changed_;
    summary.files_unchanged = totals_.unchanged_files + files_same_;
    summary.folders = totals_.folders;
    summary.links = totals_.links;
    summary.specials = totals_.specials;
    summary.bytes_total = totals_.unchanged_bytes + bytes_done_.load();
    summary.bytes_read = bytes_done_.load();
    summary.bytes_new = bytes_new_.load();
    summary.bytes_stored = vault_->chunks().stats().bytes_written - bytes_written_before_;
    summary.excluded = totals_.excluded;
    summary.changed_while_read = changed_while_read_;
    summary.held_back = totals_.held_back;
    summary.was_interrupted = is_stopped();
    summary.seconds = seconds();
    summary.problems = std::move(problems_);
    summary.problem_count = problem_count_;
    for (const auto& [path, unused] : unmatched_metadata_) summary.metadata_without_file.push_back(path);
    return summary;
  }

  // Fixed after construction, or before the threads start.
  Vault* vault_;
  platform::HostTree* host_;
  const std::vector<PutSource>* sources_;
  const FolderPutOptions* options_;
  const FolderPutCallbacks* callbacks_;
  OperationId operation_;
  std::int64_t started_ns_;
  PathRules rules_;
  catalog::BucketRow bucket_;
  bool has_bucket_ = false;
  const codec::GearTable* gear_ = nullptr;
  std::uint64_t bytes_written_before_ = 0;

  // Protect themselves.
  std::atomic<std::uint64_t> bytes_done_ = 0;
  std::atomic<std::uint64_t> bytes_new_ = 0;

  // The calling thread's (in a dry run the planner's, until it is joined).
  std::uint64_t files_new_ = 0, files_changed_ = 0, files_same_ = 0;
  std::vector<FileProblem> problems_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PutTask> queue_;
  std::size_t queued_items_ = 0;
  std::uint64_t queued_bytes_ = 0;
  bool plan_is_complete_ = false;
  bool plan_was_announced_ = false;
  bool ending_ = false;
  unsigned workers_left_ = 0;
  PlanTotals totals_;
  std::vector<Prepared> prepared_;
  std::uint64_t prepared_bytes_ = 0;
  std::uint64_t files_done_ = 0;
  std::string current_path_;
  std::optional<Error> failure_;
  std::vector<FileProblem> fresh_problems_;
  std::uint64_t problem_count_ = 0;
  std::uint64_t changed_while_read_ = 0;
  std::map<std::string, bool> unmatched_metadata_;
};

}  // namespace

Result<platform::NodeInfo> look_at_source(platform::HostTree& host, const std::string& path) {
  auto followed = host.info(path);
  if (followed && followed->kind == platform::NodeKind::directory) return followed;
  const std::string parent = platform::parent_of(path);
  ATOLL_ASSIGN(const auto folder, host.open_source(parent.empty() ? "." : parent));
  auto info = folder->info(path.substr(path.rfind('/') + 1));
  // The folder knows the last name only; whoever typed a path wants to read that.
  if (!info && info.error().id == "source.vanished") {
    Error error = std::move(info).error();
    error.message = path + " does not exist";
    return pass(std::move(error));
  }
  return info;
}

Result<FolderPutSummary> put_folders(Vault& vault, platform::HostTree& host, const std::vector<PutSource>& sources,
                                     const std::string& bucket, const FolderPutOptions& options,
                                     const FolderPutCallbacks& callbacks) {
  return PutRun(vault, host, sources, options, callbacks).run(bucket);
}

}  // namespace atl::vault
