#include "services/transfer/export.h"

#include <algorithm>
#include <optional>

#include "foundation/base/units.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/md5.h"
#include "services/transfer/archive_progress.h"
#include "services/transfer/internal/export_target.h"
#include "services/transfer/metadata_lines.h"
#include "vault/history/past.h"

namespace atl::transfer {
namespace {

using catalog::EntryKind;
using catalog::Listed;
using catalog::VersionRow;

constexpr std::string_view kOddFolder = "atoll-files";
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kPathBytesMax = 4000;
constexpr const char* kTarFile = "universe.tar.gz";
constexpr const char* kManifestFile = "manifest.json";
constexpr std::uint64_t kProgressBytesMax = 64 * kKiB;
// An archive that is broken off goes on from the last of these.
constexpr std::uint64_t kSectionBytes = 256 * kMiB;
constexpr std::uint64_t kSectionEntries = 20'000;

bool is_folder(const VersionRow& version) {
  return version.kind == EntryKind::directory || version.kind == EntryKind::marker;
}

// RFC 8493 2.1.3: what would break a line of a manifest.
std::string manifest_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\n') {
      out += "%0A";
    } else if (c == '\r') {
      out += "%0D";
    } else {
      out += c;
    }
  }
  return out;
}

class ExportRun {
 public:
  ExportRun(vault::Vault& vault, platform::HostTree& host, std::string bucket, std::string prefix, std::string target,
            const ExportOptions& options, const ExportCallbacks& callbacks)
      : vault_(&vault),
        host_(&host),
        bucket_name_(std::move(bucket)),
        prefix_(std::move(prefix)),
        target_path_(std::move(target)),
        options_(&options),
        callbacks_(&callbacks),
        started_ns_(vault.machine().clock.monotonic_ns()) {}

  Result<ExportSummary> run() {
    reader_ = vault_->reader();
    view_.emplace(*reader_, options_->as_of);
    ATOLL_ASSIGN(bucket_, view_->bucket(bucket_name_));
    ATOLL_TRY(stand_at());
    summary_.folder = target_path_;
    if (options_->is_dry_run) {
      ATOLL_TRY(each([this](const ExportItem& item) -> Result<void> {
        count(*item.version);
        return {};
      }));
      ATOLL_TRY(say_room());
      return done();
    }
    ATOLL_TRY(say_room());
    auto answer = options_->format == ExportFormat::archive ? archive() : files();
    if (!answer && answer.error().kind != ErrorKind::interrupted) return pass(std::move(answer).error());
    return done();
  }

 private:
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }

  Result<void> stand_at() {
    ATOLL_ASSIGN(summary_.lsn, reader_->applied());
    if (!options_->as_of) return {};
    ATOLL_ASSIGN(summary_.erased, view_->erased(bucket_.id));
    if (!options_->as_of->is_by_time) {
      summary_.lsn = std::min(summary_.lsn, options_->as_of->lsn);
      return {};
    }
    // Versions outlive the journal that made them: of a time before the horizon the change's number is not known.
    const auto last = vault_->journal().last_lsn_at(options_->as_of->time);
    summary_.lsn = last ? *last : Lsn{};
    return {};
  }

  Result<ExportSummary> done() {
    if (seen_ == 0 && !goes_on_) {
      return fail(ErrorKind::not_found, "export.nothing", "nothing lies under " + bucket_name_ + "/" + prefix_,
                  "`atoll ls " + bucket_name_ + "` lists what is there.");
    }
    summary_.was_interrupted = is_stopped();
    summary_.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
    if (summary_.changed_meanwhile > 0 && callbacks_->on_notice) {
      callbacks_->on_notice(
          "export.changed_meanwhile",
          std::to_string(summary_.changed_meanwhile) + " objects changed meanwhile and are left for the next time");
    }
    if (summary_.erased > 0 && callbacks_->on_notice) {
      callbacks_->on_notice("export.erased", std::to_string(summary_.erased) +
                                                 " versions of then were removed for good since and are not in it");
    }
    return std::move(summary_);
  }

  // What stood under that key; nothing where its version of then was removed for good.
  Result<std::optional<Listed>> current(const std::string& key) {
    auto found = view_->current(bucket_.id, key);
    if (!found && found.error().id == "object.erased") return std::nullopt;
    return found;
  }

  Result<void> say_room() {
    ATOLL_ASSIGN(const auto available, host_->available_bytes(target_path_));
    std::uint64_t wanted = summary_.bytes;
    if (!options_->is_dry_run && prefix_.empty() && !options_->as_of) {
      ATOLL_ASSIGN(const auto totals, reader_->totals(bucket_.id));
      wanted = totals.logical_bytes;
    }
    if (wanted > available && callbacks_->on_notice)
      callbacks_->on_notice("export.room", "there may not be room for all of it");
    return {};
  }

  void problem(const std::string& path, Error error) {
    ++summary_.problem_count;
    if (callbacks_->on_problem) callbacks_->on_problem({path, std::move(error)});
  }

  void count(const VersionRow& version) {
    switch (version.kind) {
      case EntryKind::file:
        ++summary_.files;
        summary_.bytes += version.size;
        break;
      case EntryKind::directory:
      case EntryKind::marker: ++summary_.folders; break;
      case EntryKind::symlink: ++summary_.links; break;
      default: ++summary_.specials; break;
    }
    if (!callbacks_->on_progress) return;
    vault::FolderPutProgress progress;
    progress.files_done = summary_.files;
    progress.bytes_done = summary_.bytes;
    progress.error_count = summary_.problem_count;
    progress.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
    callbacks_->on_progress(progress);
  }

  // Every object of the state at the beginning, or of the one asked for, in key order, with the path it gets.
  Result<void> each(const std::function<Result<void>(const ExportItem&)>& visit) { return each("", visit); }
  Result<void> each(const std::string& after, const std::function<Result<void>(const ExportItem&)>& visit) {
    return view_->scan(bucket_.id, prefix_, after, [&](const Listed& listed) -> Result<bool> {
      if (is_stopped()) return fail(ErrorKind::interrupted, "export.interrupted", "interrupted");
      ++seen_;
      if (!options_->as_of && !goes_on_ && listed.version.begin > summary_.lsn) {
        ++summary_.changed_meanwhile;
        return true;
      }
      ExportItem item;
      item.key = listed.entry.key.substr(prefix_.size());
      if (item.key.empty()) item.key = "./";
      item.version = &listed.version;
      if (item.key == "./") {
        item.path.clear();
      } else {
        ATOLL_ASSIGN(const bool is_good, can_be_path(item.key, listed.version));
        item.path = is_good ? item.key : odd_path(item.key, listed.version);
        if (!is_good) ++summary_.renamed;
      }
      ATOLL_TRY(visit(item));
      return true;
    });
  }

  // A name of its own for what no file can be called, the same every time.
  static std::string odd_path(const std::string& key, const VersionRow& version) {
    return std::string(kOddFolder) + "/" + to_hex(codec::sha256(as_bytes(key))).substr(0, 32) +
           (is_folder(version) ? "/" : "");
  }

  Result<bool> can_be_path(const std::string& key, const VersionRow& version) {
    std::string_view left = key;
    if (is_folder(version) && left.ends_with('/')) left.remove_suffix(1);
    if (left.empty() || left.size() > kPathBytesMax || (!is_folder(version) && left.ends_with('/'))) return false;
    const std::string_view top = left.substr(0, left.find('/'));
    if (top == kMetadataFile || top == kOddFolder) return false;  // ours
    std::string_view rest = left;
    while (true) {
      const std::size_t slash = rest.find('/');
      const std::string_view part = rest.substr(0, slash);
      if (part.empty() || part == "." || part == ".." || part.size() > kNameBytesMax || part.ends_with(kPartEnding))
        return false;
      if (slash == std::string_view::npos) break;
      rest.remove_prefix(slash + 1);
    }
    // A file where this one needs a folder, or the other way round: one of them gets another name.
    for (std::size_t slash = left.find('/'); slash != std::string_view::npos; slash = left.find('/', slash + 1)) {
      const std::string parent(left.substr(0, slash));
      if (parent.size() < checked_.size() && checked_.starts_with(parent + "/")) continue;
      ATOLL_ASSIGN(const auto above, current(prefix_ + parent));
      if (above && !is_folder(above->version)) return false;
    }
    const std::size_t last = left.rfind('/');
    checked_ = last == std::string_view::npos ? "" : left.substr(0, last + 1);
    if (is_folder(version)) {
      ATOLL_ASSIGN(const auto same, current(prefix_ + std::string(left)));
      if (same && !is_folder(same->version)) return false;
    }
    return true;
  }

  // Hands the content to the target and tells its SHA-256; also where the target has it already.
  Result<std::string> store(ExportTarget& target, const ExportItem& item) {
    const VersionRow& version = *item.version;
    codec::Sha256 digest;
    bool was_read = false;
    const auto read = [&](const std::function<Result<bool>(ByteView)>& visit) -> Result<void> {
      was_read = true;
      digest = codec::Sha256();  // it may be read twice
      return vault::read_version(vault_->chunks(), version, 0, version.size, [&](ByteView piece) -> Result<bool> {
        if (is_stopped()) return fail(ErrorKind::interrupted, "export.interrupted", "interrupted");
        digest.update(piece);
        return visit(piece);
      });
    };
    ATOLL_ASSIGN(const bool was_written, target.take(item, read));
    if (!was_written) ++summary_.files_already_there;
    if (version.kind != EntryKind::file) return std::string();
    if (!was_read) ATOLL_TRY(read([](ByteView) -> Result<bool> { return true; }));
    return to_hex(digest.finish());
  }

  // One object; what is wrong with it alone is listed.
  Result<std::optional<std::string>> store_or_list(ExportTarget& target, const ExportItem& item) {
    auto digest = store(target, item);
    if (digest) {
      count(*item.version);
      return std::optional(std::move(*digest));
    }
    const ErrorKind kind = digest.error().kind;
    if (kind == ErrorKind::interrupted || kind == ErrorKind::no_space || digest.error().id == "export.tar")
      return pass(std::move(digest).error());
    problem(item.key, std::move(digest).error());
    return std::nullopt;
  }

  // -- plain, bagit -------------------------------------------------------------------------------------------------

  Result<void> files() {
    const bool is_bag = options_->format == ExportFormat::bagit;
    ATOLL_ASSIGN(const auto top, host_->open_target(target_path_));
    ATOLL_ASSIGN(const auto target,
                 make_folder_target(*host_, is_bag ? target_path_ + "/data" : target_path_, !is_bag));
    ATOLL_ASSIGN(const auto lines, TextFile::create(*top, std::string(kMetadataFile)));
    std::unique_ptr<TextFile> manifest;
    if (is_bag) {
      ATOLL_ASSIGN(manifest, TextFile::create(*top, "manifest-sha256.txt"));
    }
    codec::Sha256 lines_digest;
    codec::Sha256 manifest_digest;
    std::uint64_t payload_files = 0;
    std::uint64_t payload_bytes = 0;
    ATOLL_TRY(each([&](const ExportItem& item) -> Result<void> {
      ATOLL_ASSIGN(const auto digest, store_or_list(*target, item));
      if (!digest) return {};
      const bool is_file = item.version->kind == EntryKind::file;
      const std::string file = is_file ? (is_bag ? "data/" : "") + item.path : std::string();
      const std::string line = write_line(item.key, *item.version, file, *digest) + "\n";
      lines_digest.update(as_bytes(line));
      ATOLL_TRY(lines->write(line));
      if (!is_bag || !is_file) return {};
      const std::string entry = *digest + "  " + manifest_path(file) + "\n";
      manifest_digest.update(as_bytes(entry));
      ++payload_files;
      payload_bytes += item.version->size;
      return manifest->write(entry);
    }));
    if (seen_ == 0) return {};
    ATOLL_TRY(target->finish());
    summary_.not_applied = target->not_applied;
    ATOLL_TRY(lines->finish());
    if (!is_bag) return {};
    ATOLL_TRY(manifest->finish());
    return finish_bag(*top, to_hex(lines_digest.finish()), to_hex(manifest_digest.finish()), payload_files,
                      payload_bytes);
  }

  Result<void> finish_bag(platform::TargetDirectory& top, const std::string& lines_digest,
                          const std::string& manifest_digest, std::uint64_t files, std::uint64_t bytes) {
    const std::string declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    const std::string day = format_rfc3339(vault_->machine().clock.now()).substr(0, 10);
    const std::string info = "Bag-Software-Agent: Atoll\nBagging-Date: " + day +
                             "\nPayload-Oxum: " + std::to_string(bytes) + "." + std::to_string(files) +
                             "\nExternal-Identifier: " + bucket_name_ +
                             "\nAtoll-LSN: " + std::to_string(summary_.lsn.value) + "\n" +
                             (options_->as_of ? "Atoll-As-Of: " + options_->as_of->words + "\n" : std::string());
    ATOLL_TRY(write_text(top, "bagit.txt", declaration));
    ATOLL_TRY(write_text(top, "bag-info.txt", info));
    const auto line = [](const std::string& digest, std::string_view name) {
      return digest + "  " + std::string(name) + "\n";
    };
    return write_text(top, "tagmanifest-sha256.txt",
                      line(lines_digest, kMetadataFile) + line(to_hex(codec::sha256(as_bytes(info))), "bag-info.txt") +
                          line(to_hex(codec::sha256(as_bytes(declaration))), "bagit.txt") +
                          line(manifest_digest, "manifest-sha256.txt"));
  }

  static Result<void> write_text(platform::TargetDirectory& folder, const std::string& name, std::string_view text) {
    ATOLL_ASSIGN(const auto file, TextFile::create(folder, name));
    ATOLL_TRY(file->write(text));
    return file->finish();
  }

  // -- archive ------------------------------------------------------------------------------------------------------

  // Whose sums stand in verification.md5 and manifest.json: what was written before counts as well.
  struct Sums {
    codec::Md5 tar_md5, manifest_md5;
    codec::Sha256 tar_sha256;
    std::uint64_t tar_bytes = 0;
    void add_tar(ByteView bytes) {
      tar_md5.update(bytes);
      tar_sha256.update(bytes);
      tar_bytes += bytes.size();
    }
  };

  Result<void> archive() {
    ATOLL_ASSIGN(const auto top, host_->open_target(target_path_));
    const std::string day = format_rfc3339(vault_->machine().clock.now()).substr(0, 10);
    std::string name = broken_off(*top);
    for (int number = 1; name.empty() && number < 1000; ++number) {
      name = day + (number == 1 ? "" : "." + std::to_string(number)) + "-snapshot";
      ATOLL_ASSIGN(const auto there, top->info(name));
      if (!there) break;
      ATOLL_ASSIGN(const auto folder, top->open_directory(name));
      // Without its last file it was broken off, and is begun anew.
      ATOLL_ASSIGN(const auto last, folder->info("verification.md5"));
      if (!last) break;
      name.clear();
    }
    if (name.empty())
      return fail(ErrorKind::conflict, "export.exists", "there are a thousand snapshots of this day already");
    summary_.folder = target_path_ + "/" + name;
    ATOLL_ASSIGN(const auto folder, top->open_directory(name));
    ArchiveProgress progress = progress_at_the_beginning();
    Sums sums;
    std::unique_ptr<TarTarget> tar;
    std::unique_ptr<TextFile> manifest;
    if (auto before = progress_of_before(*folder)) {
      Sums sums_before;
      // Where what is there cannot be read, or not be written on, it is begun anew.
      if (take_up(*folder, *before, sums_before, manifest)) {
        sums = std::move(sums_before);
        progress = std::move(*before);
        ATOLL_TRY(stand_where(progress));
      }
    }
    const auto on_tar_bytes = [&sums](ByteView bytes) { sums.add_tar(bytes); };
    const auto write = [&](const std::string& text) -> Result<void> {
      sums.manifest_md5.update(as_bytes(text));
      return manifest->write(text);
    };
    if (manifest) {
      ATOLL_ASSIGN(auto file, folder->reopen_file(kTarFile));
      ATOLL_TRY(file->set_size(progress.tar_bytes));
      ATOLL_ASSIGN(tar, make_tar_target(std::move(file), progress.tar_bytes, on_tar_bytes));
    } else {
      for (const char* old : {kTarFile, kManifestFile, kProgressFile}) {
        ATOLL_ASSIGN(const auto there, folder->info(old));
        if (there) ATOLL_TRY(folder->remove(old));
      }
      ATOLL_ASSIGN(auto file, folder->create_file(kTarFile));
      ATOLL_ASSIGN(tar, make_tar_target(std::move(file), 0, on_tar_bytes));
      ATOLL_ASSIGN(manifest, TextFile::create(*folder, kManifestFile));
      ATOLL_TRY(write("{\"format\":\"atoll-archive\",\"format_version\":1,\"created\":" + quote(progress.created) +
                      ",\"vault\":" + quote(progress.vault) + ",\"bucket\":" + quote(bucket_name_) +
                      ",\"prefix\":" + quote(prefix_) + ",\"lsn\":" + std::to_string(summary_.lsn.value) +
                      (options_->as_of ? ",\"as_of\":" + quote(options_->as_of->words) : std::string()) +
                      ",\"files\":["));
    }
    bool is_first =
        progress.manifest_bytes == 0 || summary_.files + summary_.folders + summary_.links + summary_.specials == 0;
    std::uint64_t section_bytes = 0;
    std::uint64_t section_entries = 0;
    const auto done = each(progress.last_key, [&](const ExportItem& item) -> Result<void> {
      ATOLL_ASSIGN(const auto digest, store_or_list(*tar, item));
      if (!digest) return {};
      const std::string line = (is_first ? "\n" : ",\n") + write_line(item.key, *item.version, item.path, *digest);
      is_first = false;
      ATOLL_TRY(write(line));
      progress.last_key = prefix_ + (item.key == "./" ? "" : item.key);
      section_bytes += item.version->size;
      if (section_bytes < kSectionBytes && ++section_entries < kSectionEntries) return {};
      section_bytes = 0;
      section_entries = 0;
      return keep_progress(*folder, progress, *tar, *manifest);
    });
    if (!done) {
      // What was taken whole stays, but for the last section where that broke off in the middle of an entry.
      if (done.error().kind == ErrorKind::interrupted)
        ignore_error_on_purpose(keep_progress(*folder, progress, *tar, *manifest));
      return pass(done.error());
    }
    if (seen_ == 0 && progress.manifest_bytes == 0) return {};
    ATOLL_TRY(tar->finish());
    ATOLL_TRY(write("\n],\"file_count\":" + std::to_string(summary_.files) +
                    ",\"total_bytes\":" + std::to_string(summary_.bytes) +
                    ",\"universe\":{\"name\":\"universe.tar.gz\",\"size\":" + std::to_string(sums.tar_bytes) +
                    ",\"sha256\":" + quote(to_hex(sums.tar_sha256.finish())) + "}}\n"));
    ATOLL_TRY(manifest->finish());
    ATOLL_TRY(write_text(*folder, "verification.md5",
                         to_hex(sums.tar_md5.finish()) + "  universe.tar.gz\n" + to_hex(sums.manifest_md5.finish()) +
                             "  manifest.json\n"));
    ATOLL_ASSIGN(const auto there, folder->info(kProgressFile));
    return there ? folder->remove(kProgressFile) : Result<void>();
  }

  // The folder of this very export, begun on whatever day, that has no last file; empty where there is none.
  std::string broken_off(platform::TargetDirectory& top) {
    const auto folder = host_->open_source(target_path_);
    if (!folder) return {};
    auto names = (*folder)->names();
    if (!names) return {};
    std::ranges::sort(*names);
    for (const std::string& name : *names) {
      if (!name.ends_with("-snapshot")) continue;
      const auto below = top.open_directory(name);
      if (!below) continue;
      const auto last = (*below)->info("verification.md5");
      summary_.folder = target_path_ + "/" + name;
      if (last && !*last && progress_of_before(**below)) return name;
    }
    return {};
  }

  [[nodiscard]] ArchiveProgress progress_at_the_beginning() const {
    ArchiveProgress progress;
    progress.vault = vault_->head().vault.text();
    progress.bucket = bucket_name_;
    progress.prefix = prefix_;
    if (options_->as_of) progress.as_of = options_->as_of->words;
    progress.lsn = summary_.lsn;
    progress.created = format_rfc3339(vault_->machine().clock.now());
    return progress;
  }

  Result<void> keep_progress(platform::TargetDirectory& folder, ArchiveProgress& progress, TarTarget& tar,
                             TextFile& manifest) {
    ATOLL_ASSIGN(progress.tar_bytes, tar.end_section());
    ATOLL_ASSIGN(progress.manifest_bytes, manifest.sync());
    progress.files = summary_.files;
    progress.folders = summary_.folders;
    progress.links = summary_.links;
    progress.specials = summary_.specials;
    progress.bytes = summary_.bytes;
    progress.renamed = summary_.renamed;
    return write_text(folder, kProgressFile, write_progress(progress));
  }

  // Of the same export: begun from the same vault and place, and of the state that is asked for, or of what was then.
  std::optional<ArchiveProgress> progress_of_before(platform::TargetDirectory& folder) {
    const auto info = folder.info(kProgressFile);
    if (!info || !*info || (*info)->kind != platform::NodeKind::file) return std::nullopt;
    std::string text;
    const auto read = read_first(kProgressFile, std::min((*info)->size, kProgressBytesMax),
                                 [&](ByteView bytes) { text += as_text(bytes); });
    if (!read) return std::nullopt;
    auto before = parse_progress(text);
    const ArchiveProgress now = progress_at_the_beginning();
    if (!before || before->vault != now.vault || before->bucket != now.bucket || before->prefix != now.prefix ||
        before->as_of != now.as_of || before->lsn > now.lsn || before->tar_bytes == 0 || before->manifest_bytes == 0) {
      return std::nullopt;
    }
    return before;
  }

  // The first `bytes` of a file of the archive.
  Result<void> read_first(const std::string& name, std::uint64_t bytes, const std::function<void(ByteView)>& visit) {
    ATOLL_ASSIGN(const auto folder, host_->open_source(summary_.folder));
    ATOLL_ASSIGN(const auto file, folder->open_file(name));
    Buffer piece(kMiB);
    for (std::uint64_t at = 0; at < bytes;) {
      if (is_stopped()) return fail(ErrorKind::interrupted, "export.interrupted", "interrupted");
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece.view().size(), bytes - at));
      ATOLL_ASSIGN(const std::size_t got, file->read_at(at, piece.span().first(wanted)));
      if (got == 0) return fail(ErrorKind::damaged, "export.short", "'" + name + "' is shorter than it was");
      visit(piece.view().first(got));
      at += got;
    }
    return {};
  }

  // False where it cannot be gone on with.
  bool take_up(platform::TargetDirectory& folder, const ArchiveProgress& before, Sums& sums,
               std::unique_ptr<TextFile>& manifest) {
    const std::string part = std::string(kManifestFile) + std::string(kPartEnding);
    if (!read_first(kTarFile, before.tar_bytes, [&](ByteView bytes) { sums.add_tar(bytes); })) return false;
    if (!read_first(part, before.manifest_bytes, [&](ByteView bytes) { sums.manifest_md5.update(bytes); }))
      return false;
    if (!folder.reopen_file(kTarFile)) return false;
    auto reopened = TextFile::reopen(folder, kManifestFile, before.manifest_bytes);
    if (!reopened) return false;
    manifest = std::move(*reopened);
    return true;
  }

  // The state that it was begun from, whatever was stored since.
  Result<void> stand_where(const ArchiveProgress& progress) {
    summary_.lsn = progress.lsn;
    summary_.files = progress.files;
    summary_.folders = progress.folders;
    summary_.links = progress.links;
    summary_.specials = progress.specials;
    summary_.bytes = progress.bytes;
    summary_.renamed = progress.renamed;
    goes_on_ = true;
    if (callbacks_->on_notice) {
      callbacks_->on_notice("export.goes_on", "going on with the archive that was broken off, of the state at change " +
                                                  std::to_string(progress.lsn.value));
    }
    if (options_->as_of) return {};
    vault::Moment then;
    then.lsn = progress.lsn;
    then.words = "change " + std::to_string(progress.lsn.value);
    view_.emplace(*reader_, then);
    ATOLL_ASSIGN(summary_.erased, view_->erased(bucket_.id));
    return {};
  }

  vault::Vault* vault_;
  platform::HostTree* host_;
  std::string bucket_name_;
  std::string prefix_;
  std::string target_path_;
  const ExportOptions* options_;
  const ExportCallbacks* callbacks_;
  std::int64_t started_ns_;
  catalog::BucketRow bucket_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  std::optional<vault::View> view_;
  std::uint64_t seen_ = 0;
  bool goes_on_ = false;  // an archive that was broken off, of the state that it was begun from
  std::string checked_;   // a folder, with '/', above which no file is in the way
  ExportSummary summary_;
};

}  // namespace

Result<ExportFormat> parse_export_format(std::string_view word) {
  if (word == "plain") return ExportFormat::plain;
  if (word == "bagit") return ExportFormat::bagit;
  if (word == "archive") return ExportFormat::archive;
  return fail(ErrorKind::usage, "export.bad_format", "there is no format \"" + std::string(word) + "\"",
              "plain, bagit or archive.");
}

Result<ExportSummary> export_from(vault::Vault& vault, platform::HostTree& host, const std::string& bucket,
                                  const std::string& prefix, const std::string& target, const ExportOptions& options,
                                  const ExportCallbacks& callbacks) {
  return ExportRun(vault, host, bucket, prefix, target, options, callbacks).run();
}

}  // namespace atl::transfer
