// A restic repository, read by restic itself: each snapshot as a tar, the oldest first, so that its history becomes
// versions. What a snapshot no longer holds below its own paths is removed before the next one comes.
#include <algorithm>
#include <set>

#include "services/transfer/internal/import_run.h"

namespace atl::transfer {
namespace {

constexpr std::size_t kKeysRememberedMax = 16'000'000;  // 128 MB of eight bytes each
constexpr std::size_t kSaidBytesMax = 32 * kMiB;

std::uint64_t short_digest(std::string_view key) {
  const codec::Digest digest = codec::blake3(as_bytes(key));
  return load_le<std::uint64_t>(digest.data());
}

class ResticImport {
 public:
  ResticImport(ImportRun& run, std::string repository) : run_(&run), repository_(std::move(repository)) {}

  Result<void> all() {
    if (run_->options().programs == nullptr)
      return fail(ErrorKind::unsupported, "import.no_programs", "no other program can be run here");
    ATOLL_TRY(list());
    std::set<std::string> hosts;
    for (const ForeignEntry& one : snapshots_) hosts.insert(one.version.metadata.at("restic_host"));
    has_hosts_ = hosts.size() > 1;
    for (const ForeignEntry& one : snapshots_) {
      ATOLL_TRY(run_->check_stop());
      ATOLL_ASSIGN(const bool is_known, was_done(one));
      if (is_known) {
        ++run_->counts.snapshots_known;
        continue;
      }
      ++run_->counts.snapshots;
      ATOLL_TRY(snapshot(one));
    }
    return {};
  }

 private:
  // --no-lock: the repository may be on a medium that can only be read, and is not changed in any case.
  Result<std::unique_ptr<platform::ProgramStream>> restic(std::vector<std::string> words) {
    std::vector<std::string> all = {"restic", "--repo", repository_, "--no-lock", "--quiet"};
    all.insert(all.end(), words.begin(), words.end());
    return run_->options().programs->start(all, run_->options().stop);
  }

  Result<void> list() {
    ATOLL_ASSIGN(const auto program, restic({"snapshots", "--json"}));
    Bytes said;
    Buffer piece(64 * kKiB);
    for (;;) {
      ATOLL_ASSIGN(const std::size_t count, program->read(piece.span()));
      if (count == 0) break;
      if (said.size() + count > kSaidBytesMax)
        return fail(ErrorKind::limit, "import.too_many_snapshots", "restic lists more snapshots than can be held");
      const ByteView bytes = piece.view().first(count);
      said.insert(said.end(), bytes.begin(), bytes.end());
    }
    if (auto finished = program->finish(); !finished) {
      Error error = std::move(finished).error();
      error.hint = "restic takes its passphrase from RESTIC_PASSWORD_FILE or RESTIC_PASSWORD_COMMAND.";
      return pass(std::move(error));
    }
    Bytes input;
    ByteWriter out(input);
    out.put(static_cast<std::uint32_t>(said.size()));
    out.put_bytes(said);
    if (!said.empty()) out.put(std::uint32_t{0});
    run_->on_record = [this](ForeignEntry& entry) -> Result<void> {
      snapshots_.push_back(std::move(entry));
      return {};
    };
    const auto read = [&](std::uint64_t offset, ByteSpan out_bytes) -> Result<std::size_t> {
      const std::size_t at = std::min<std::size_t>(offset, input.size());
      const std::size_t count = std::min(out_bytes.size(), input.size() - at);
      std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(at), count, out_bytes.begin());
      return count;
    };
    ATOLL_TRY(run_->read_with("restic-snapshots", {}, read));
    run_->on_record = nullptr;
    return {};
  }

  [[nodiscard]] catalog::JobRow job_of(const ForeignEntry& snapshot) const {
    catalog::JobRow job;
    job.kind = "import";
    job.name = "restic " + run_->bucket_name() + "/" + run_->prefix() + " " + snapshot.path;
    return job;
  }
  Result<bool> was_done(const ForeignEntry& snapshot) {
    const catalog::JobRow wanted = job_of(snapshot);
    ATOLL_ASSIGN(const auto job, run_->vault().reader()->job(wanted.kind, wanted.name));
    return job && job->is_ok;
  }

  [[nodiscard]] std::string prefix_of(const ForeignEntry& snapshot) const {
    if (!has_hosts_) return {};
    std::string host = snapshot.version.metadata.at("restic_host");
    std::ranges::replace(host, '/', '-');
    return host.empty() || host == "." || host == ".." ? "unknown-host/" : host + "/";
  }

  Result<void> snapshot(const ForeignEntry& about) {
    const std::uint64_t problems_before = run_->counts.problem_count;
    seen_.clear();
    bool has_all = true;
    run_->words = vault::BulkWriter::Words::keep_of_same;
    run_->on_entry = [&](ForeignEntry& entry) -> Result<bool> {
      entry.is_exact = false;
      while (entry.path.starts_with('/')) entry.path.erase(0, 1);
      entry.path = prefix_of(about) + entry.path;
      if (!entry.hard_link_to.empty()) {
        while (entry.hard_link_to.starts_with('/')) entry.hard_link_to.erase(0, 1);
        entry.hard_link_to = prefix_of(about) + entry.hard_link_to;
      }
      for (const auto& [name, value] : about.version.metadata) entry.version.metadata[name] = value;
      return true;
    };
    run_->on_stored = [&](const std::string& key) {
      if (seen_.size() < kKeysRememberedMax) {
        seen_.push_back(short_digest(key));
      } else {
        has_all = false;
      }
    };
    const std::string shown = repository_ + " " + about.path.substr(0, 8);
    ATOLL_ASSIGN(const auto program, restic({"dump", "--archive", "tar", about.path, "/"}));
    ArchiveParameters parameters;
    parameters.wants_content = !run_->is_listing;
    parameters.size = UINT64_MAX;
    ATOLL_TRY(run_->read_all_of(shown, "archive", encode(parameters),
                                [&](std::uint64_t, ByteSpan out) { return program->read(out); }));
    // The tar's end may come before the program's: what it still says is taken, so that it can finish.
    Buffer rest(64 * kKiB);
    for (;;) {
      ATOLL_ASSIGN(const std::size_t count, program->read(rest.span()));
      if (count == 0) break;
    }
    ATOLL_TRY(program->finish());
    run_->on_entry = nullptr;
    run_->on_stored = nullptr;
    if (run_->is_listing) return {};
    ATOLL_TRY(run_->writer()->flush());
    // A snapshot that was not read whole proves nothing about what is gone.
    if (run_->counts.problem_count > problems_before) return {};
    if (has_all) {
      ATOLL_TRY(remove_missing(about));
    } else {
      run_->notice("import.too_many_files",
                   "a snapshot holds more files than can be compared: nothing was removed for it");
    }
    return note_done(about);
  }

  // Below the snapshot's own paths, what it did not hold.
  Result<void> remove_missing(const ForeignEntry& about) {
    std::ranges::sort(seen_);
    ATOLL_ASSIGN(const auto bucket, vault::Objects(run_->vault()).bucket(run_->bucket_name()));
    std::string_view left = about.file;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      std::string_view path = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      while (path.starts_with('/')) path.remove_prefix(1);
      const std::string below = run_->prefix() + prefix_of(about) + std::string(path) + (path.empty() ? "" : "/");
      std::vector<std::string> gone;
      const auto remove = [&]() -> Result<void> {
        if (gone.empty()) return {};
        ATOLL_TRY(
            run_->vault().commit(journal::CommandKind::remove_objects,
                                 [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                   for (const std::string& key : gone) {
                                     const auto removed = vault::stage_remove(context, changes, bucket, key);
                                     if (!removed && removed.error().kind != ErrorKind::not_found)
                                       return pass(removed.error());
                                   }
                                   return {};
                                 }));
        run_->counts.objects_removed += gone.size();
        gone.clear();
        return {};
      };
      const auto reader = run_->vault().reader();
      ATOLL_TRY(reader->scan(bucket.id, below, "", [&](const catalog::Listed& listed) -> Result<bool> {
        // Only what came from restic: the bucket may hold other things.
        if (listed.version.metadata.contains("restic_snapshot") &&
            !std::ranges::binary_search(seen_, short_digest(listed.entry.key))) {
          gone.push_back(listed.entry.key);
          if (gone.size() >= 1000) ATOLL_TRY(remove());
        }
        return true;
      }));
      ATOLL_TRY(remove());
    }
    return {};
  }

  Result<void> note_done(const ForeignEntry& about) {
    ATOLL_TRY(run_->vault().commit(journal::CommandKind::job_change,
                                   [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                     catalog::JobRow job = job_of(about);
                                     job.started = job.finished = context.commit_time;
                                     job.is_ok = true;
                                     changes.put(job);
                                     return {};
                                   }));
    return {};
  }

  ImportRun* run_;
  std::string repository_;
  std::vector<ForeignEntry> snapshots_;
  bool has_hosts_ = false;
  std::vector<std::uint64_t> seen_;  // of the keys of the snapshot under way
};

}  // namespace

Result<void> import_restic(ImportRun& run, const std::string& source) { return ResticImport(run, source).all(); }

}  // namespace atl::transfer
