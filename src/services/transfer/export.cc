#include "services/transfer/export.h"

#include <algorithm>
#include <optional>

#include "foundation/codec/hash.h"
#include "foundation/codec/md5.h"
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
    if (seen_ == 0) {
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
  Result<void> each(const std::function<Result<void>(const ExportItem&)>& visit) {
    return view_->scan(bucket_.id, prefix_, "", [&](const Listed& listed) -> Result<bool> {
      if (is_stopped()) return fail(ErrorKind::interrupted, "export.interrupted", "interrupted");
      ++seen_;
      if (!options_->as_of && listed.version.begin > summary_.lsn) {
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

  Result<void> archive() {
    ATOLL_ASSIGN(const auto top, host_->open_target(target_path_));
    const Timestamp now = vault_->machine().clock.now();
    const std::string day = format_rfc3339(now).substr(0, 10);
    std::string name;
    for (int number = 1; number < 1000; ++number) {
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
    for (const char* old : {"universe.tar.gz", "manifest.json"}) {
      ATOLL_ASSIGN(const auto there, folder->info(old));
      if (there) ATOLL_TRY(folder->remove(old));
    }
    codec::Md5 tar_md5;
    codec::Sha256 tar_sha256;
    std::uint64_t tar_bytes = 0;
    ATOLL_ASSIGN(auto file, folder->create_file("universe.tar.gz"));
    ATOLL_ASSIGN(const auto tar, make_tar_target(std::move(file), [&](ByteView bytes) {
                   tar_md5.update(bytes);
                   tar_sha256.update(bytes);
                   tar_bytes += bytes.size();
                 }));
    ATOLL_ASSIGN(const auto manifest, TextFile::create(*folder, "manifest.json"));
    codec::Md5 manifest_md5;
    const auto write = [&](const std::string& text) -> Result<void> {
      manifest_md5.update(as_bytes(text));
      return manifest->write(text);
    };
    ATOLL_TRY(write("{\"format\":\"atoll-archive\",\"format_version\":1,\"created\":" + quote(format_rfc3339(now)) +
                    ",\"vault\":" + quote(vault_->head().vault.text()) + ",\"bucket\":" + quote(bucket_name_) +
                    ",\"prefix\":" + quote(prefix_) + ",\"lsn\":" + std::to_string(summary_.lsn.value) +
                    (options_->as_of ? ",\"as_of\":" + quote(options_->as_of->words) : std::string()) +
                    ",\"files\":["));
    bool is_first = true;
    ATOLL_TRY(each([&](const ExportItem& item) -> Result<void> {
      ATOLL_ASSIGN(const auto digest, store_or_list(*tar, item));
      if (!digest) return {};
      const std::string line = (is_first ? "\n" : ",\n") + write_line(item.key, *item.version, item.path, *digest);
      is_first = false;
      return write(line);
    }));
    if (seen_ == 0) return {};
    ATOLL_TRY(tar->finish());
    ATOLL_TRY(write("\n],\"file_count\":" + std::to_string(summary_.files) +
                    ",\"total_bytes\":" + std::to_string(summary_.bytes) +
                    ",\"universe\":{\"name\":\"universe.tar.gz\",\"size\":" + std::to_string(tar_bytes) +
                    ",\"sha256\":" + quote(to_hex(tar_sha256.finish())) + "}}\n"));
    ATOLL_TRY(manifest->finish());
    return write_text(
        *folder, "verification.md5",
        to_hex(tar_md5.finish()) + "  universe.tar.gz\n" + to_hex(manifest_md5.finish()) + "  manifest.json\n");
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
  std::string checked_;  // a folder, with '/', above which no file is in the way
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
