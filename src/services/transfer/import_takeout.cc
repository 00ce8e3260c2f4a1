// Google Takeout: one or several zips, or the folder they were unpacked into. Photos get what the JSON beside them
// says.
#include <algorithm>

#include "services/transfer/internal/import_run.h"
#include "services/transfer/takeout.h"

namespace atl::transfer {
namespace {

using platform::NodeKind;

constexpr std::size_t kFoldersDeepMax = 64;
constexpr std::uint64_t kDocumentBytesMax = kMiB;
constexpr std::size_t kReadBytes = kMiB;

std::string below_takeout(const std::string& path) { return path.starts_with("Takeout/") ? path.substr(8) : path; }

class TakeoutImport {
 public:
  explicit TakeoutImport(ImportRun& run) : run_(&run), buffer_(kReadBytes) {
    run.on_entry = [this](ForeignEntry& entry) -> Result<bool> {
      if (entry.version.kind == catalog::EntryKind::directory) return false;  // Takeout's folders say nothing
      if (const auto words = sidecars_.find(entry.path)) apply_sidecar(*words, entry.version);
      entry.path = below_takeout(entry.path);
      return !entry.path.empty();
    };
  }

  Result<void> archives(const std::vector<std::string>& paths) {
    const bool is_dry_run = run_->is_listing;
    // What is said about a photo may stand in another part.
    run_->on_record = [this](ForeignEntry& entry) -> Result<void> {
      const std::string path = entry.path;
      return sidecars_.add(path, std::move(entry));
    };
    auto on_entry = std::exchange(run_->on_entry, [](ForeignEntry&) -> Result<bool> { return false; });
    run_->is_listing = true;
    for (const std::string& path : paths) ATOLL_TRY(one_archive(path, false));
    run_->on_entry = std::move(on_entry);
    run_->on_record = [this](ForeignEntry& entry) { return keep(entry); };
    run_->on_problem = [](const std::string& /*path*/, const std::string& /*words*/) -> Result<void> { return {}; };
    run_->is_listing = is_dry_run;
    for (const std::string& path : paths) ATOLL_TRY(one_archive(path, !is_dry_run));
    note_sidecars();
    return {};
  }

  Result<void> folder(const std::string& path, const std::string& below, std::size_t depth) {
    ATOLL_TRY(run_->check_stop());
    auto opened = run_->host().open_source(path);
    if (!opened) {
      run_->problem(path, opened.error());
      return {};
    }
    const auto directory = std::move(*opened);
    ATOLL_ASSIGN(auto names, directory->names());
    std::ranges::sort(names);
    std::vector<std::string> files;
    std::vector<std::string> folders;
    std::vector<std::string> documents;
    for (std::string& name : names) {
      const auto info = directory->info(name);
      if (!info) {
        run_->problem(path + "/" + name, info.error());
      } else if (info->kind == NodeKind::directory) {
        folders.push_back(std::move(name));
      } else if (info->kind == NodeKind::file) {
        (name.ends_with(".json") && info->size <= kDocumentBytesMax ? documents : files).push_back(std::move(name));
      }
    }
    if (!documents.empty()) ATOLL_TRY(read_documents(*directory, path, below, documents));
    for (const std::string& name : files) ATOLL_TRY(store(*directory, path, below, name));
    if (run_->options().keeps_sidecars)
      for (const std::string& name : documents) ATOLL_TRY(store(*directory, path, below, name));
    note_sidecars();
    sidecars_.clear();
    if (depth >= kFoldersDeepMax) {
      if (!folders.empty())
        run_->problem(path, {ErrorKind::limit, "import.too_deep", "its folders are too deep", "", 0});
      return {};
    }
    for (const std::string& name : folders)
      ATOLL_TRY(folder(path + "/" + name, below.empty() ? name : below + "/" + name, depth + 1));
    return {};
  }

 private:
  Result<void> one_archive(const std::string& path, bool wants_content) {
    ATOLL_ASSIGN(auto open, open_source_file(run_->host(), path));
    ArchiveParameters parameters;
    parameters.is_seekable = true;
    parameters.size = open.info.size;
    parameters.wants_content = wants_content;
    // The words are read in the first round; in the second they are objects only if they are kept.
    parameters.parses_takeout = run_->is_listing || !run_->options().keeps_sidecars;
    return run_->read_all_of(path, "archive", encode(parameters),
                             [&](std::uint64_t offset, ByteSpan out) { return open.file->read_at(offset, out); });
  }

  static Result<void> keep(ForeignEntry& /*entry*/) { return {}; }

  void note_sidecars() {
    run_->counts.sidecars += sidecars_.count();
    run_->counts.sidecars_unused += sidecars_.unused();
  }

  Result<void> read_documents(platform::SourceDirectory& directory, const std::string& path, const std::string& below,
                              const std::vector<std::string>& names) {
    // Answers come in the order of the documents.
    std::size_t answered = 0;
    std::size_t next = 0;
    Bytes ready;
    const auto answered_name = [&]() -> std::string {
      return answered < names.size() ? names[answered++] : std::string("(too many)");
    };
    run_->on_record = [&](ForeignEntry& entry) -> Result<void> {
      const std::string name = answered_name();
      return sidecars_.add(below.empty() ? name : below + "/" + name, std::move(entry));
    };
    run_->on_problem = [&](const std::string& /*path*/, const std::string& words) -> Result<void> {
      run_->problem(path + "/" + answered_name(), {ErrorKind::failed, "import.unreadable", words, "", 0});
      return {};
    };
    const auto done = run_->read_all_of(path, "takeout", {}, [&](std::uint64_t, ByteSpan out) -> Result<std::size_t> {
      if (ready.empty() && next < names.size()) {
        ByteWriter writer(ready);
        const auto file = directory.open_file(names[next++]);
        const auto count = file ? (*file)->read_at(0, buffer_.span()) : Result<std::size_t>(pass(file.error()));
        if (count && *count > 0) {
          writer.put(static_cast<std::uint32_t>(*count));
          writer.put_bytes(buffer_.view().first(*count));
        }
        writer.put(count ? std::uint32_t{0} : kPieceAborted);
      }
      const std::size_t count = std::min(out.size(), ready.size());
      std::copy_n(ready.begin(), count, out.begin());
      ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(count));
      return count;
    });
    run_->on_problem = nullptr;
    run_->on_record = nullptr;
    return done;
  }

  Result<void> store(platform::SourceDirectory& directory, const std::string& path, const std::string& below,
                     const std::string& name) {
    auto stored = [&]() -> Result<void> {
      ATOLL_ASSIGN(const auto file, directory.open_file(name));
      ATOLL_ASSIGN(const auto info, file->info());
      ForeignEntry entry;
      entry.path = below.empty() ? name : below + "/" + name;
      entry.has_content = true;
      entry.version.has_source = true;
      entry.version.size = info.size;
      entry.version.mode = info.mode;
      entry.version.uid = info.uid;
      entry.version.gid = info.gid;
      entry.version.modified = info.modified;
      ATOLL_ASSIGN(entry.version.attributes, file->attributes());
      ATOLL_ASSIGN(const bool is_taken, run_->begin(std::move(entry)));
      if (!is_taken || run_->is_listing) return {};
      std::uint64_t at = 0;
      for (;;) {
        ATOLL_ASSIGN(const std::size_t count, file->read_at(at, buffer_.span()));
        if (count == 0) break;
        ATOLL_TRY(run_->give(buffer_.view().first(count)));
        at += count;
      }
      ATOLL_ASSIGN(const auto after, file->info());
      if (after.size != at || after.modified != info.modified)
        return fail(ErrorKind::conflict, "source.changed", "it changed while it was read");
      return run_->end({});
    }();
    if (stored) return {};
    run_->abandon();
    if (!stored.error().id.starts_with("source.")) return stored;
    run_->problem(path + "/" + name, std::move(stored).error());
    return {};
  }

  ImportRun* run_;
  Sidecars sidecars_;
  Buffer buffer_;
};

}  // namespace

Result<void> import_takeout(ImportRun& run, const std::string& source) {
  TakeoutImport takeout(run);
  ATOLL_ASSIGN(const auto info, run.host().info(source));
  if (info.kind != NodeKind::directory) return takeout.archives({source});
  ATOLL_ASSIGN(const auto directory, run.host().open_source(source));
  ATOLL_ASSIGN(auto names, directory->names());
  std::ranges::sort(names);
  std::vector<std::string> zips;
  for (const std::string& name : names)
    if (name.starts_with("takeout-") && name.ends_with(".zip")) zips.push_back(source + "/" + name);
  if (!zips.empty()) return takeout.archives(zips);
  const bool has_top = std::ranges::find(names, "Takeout") != names.end();
  return takeout.folder(has_top ? source + "/Takeout" : source, "", 0);
}

}  // namespace atl::transfer
