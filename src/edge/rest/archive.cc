// A folder as one download: zip or tar, made while it is sent.
#include "edge/rest/archive.h"

#include <algorithm>

#include "edge/rest/answers.h"
#include "edge/rest/archive_format.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

using access::Action;

constexpr std::size_t kPageObjects = 200;
constexpr std::uint64_t kKeptBytesMax = 64ULL * 1024 * 1024;
constexpr std::size_t kZipNameBytesMax = 65'535;  // the field's width; keys are shorter

// Everything under the prefix as it was at one moment, file after file. Memory: a page of names, a chunk, and of a zip
// its directory (kKeptBytesMax).
class ArchiveSource final : public net::BodySource {
 public:
  ArchiveSource(server::VaultUse use, std::unique_ptr<ArchiveFormat> format, BucketId bucket, std::string prefix,
                vault::Moment moment)
      : use_(std::move(use)), format_(std::move(format)), moment_(std::move(moment)) {
    query_.bucket = bucket;
    query_.prefix = std::move(prefix);
    query_.limit = kPageObjects;
    // Names in the archive begin with the prefix's last folder.
    const std::size_t last = query_.prefix.find_last_of('/', query_.prefix.empty() ? 0 : query_.prefix.size() - 2);
    cut_ = last == std::string::npos || query_.prefix.size() < 2 ? 0 : last + 1;
  }

  [[nodiscard]] Result<net::Pulled> pull(ByteSpan /*out*/) override {
    text_.clear();
    if (is_finished_) return net::Pulled{0, net::Pulled::State::end, 0, {}};
    if (in_file_ && at_ < entry_.size) return pull_content();
    if (in_file_) {
      format_->end(entry_, text_);
      in_file_ = false;
    }
    // Small files go together, whole: many of them would else be as many pieces to send.
    while (text_.size() < kGatherBytes && !in_file_ && !is_finished_) {
      ATOLL_TRY(next());
      if (in_file_ && entry_.size <= kSmallBytes) ATOLL_TRY(gather());
    }
    return net::Pulled{0, is_finished_ ? net::Pulled::State::end : net::Pulled::State::more, 0, as_bytes(text_)};
  }

 private:
  static constexpr std::size_t kGatherBytes = 256 * 1024;
  static constexpr std::size_t kSmallBytes = 64 * 1024;

  // All of the file that was begun.
  [[nodiscard]] Result<void> gather() {
    while (at_ < entry_.size) {
      ATOLL_TRY(read_piece());
      format_->content(piece_.view());
      text_ += as_text(piece_.view());
    }
    format_->end(entry_, text_);
    in_file_ = false;
    return {};
  }

  // The next piece of its content: what is left of one chunk, or of a hole.
  [[nodiscard]] Result<void> read_piece() {
    piece_.clear();
    ATOLL_TRY(vault::read_version(use_.vault().chunks(), version_, at_, entry_.size - at_,
                                  [&](ByteView bytes) -> Result<bool> {
                                    piece_.append(bytes);
                                    return false;
                                  }));
    if (piece_.empty()) {
      return fail(ErrorKind::damaged, "object.too_short",
                  "the content of version " + version_.version.text() + " ends before its size says");
    }
    at_ += piece_.size();
    return {};
  }

  [[nodiscard]] Result<net::Pulled> pull_content() {
    ATOLL_TRY(read_piece());
    format_->content(piece_.view());
    return net::Pulled{0, net::Pulled::State::more, 0, piece_.view()};
  }

  // The next entry's header, or the end.
  [[nodiscard]] Result<void> next() {
    if (page_at_ == page_.items.size()) {
      if (has_begun_ && !page_.has_more) {
        format_->finish(text_);
        is_finished_ = true;
        return {};
      }
      query_.after = page_.next_after;
      const auto reader = use_.vault().reader();
      vault::View view(*reader, moment_);
      ATOLL_ASSIGN(page_, view.list(query_));
      page_at_ = 0;
      has_begun_ = true;
      return {};
    }
    catalog::Listed& listed = page_.items[page_at_++];
    using Kind = ArchiveEntry::Kind;
    entry_ = {};
    switch (listed.version.kind) {
      case catalog::EntryKind::file: entry_.kind = Kind::file; break;
      case catalog::EntryKind::directory:
      case catalog::EntryKind::marker: entry_.kind = Kind::folder; break;
      case catalog::EntryKind::symlink: entry_.kind = Kind::symlink; break;
      default: return {};  // pipes, sockets and devices are nothing that can be sent
    }
    if (listed.entry.key == "./" || listed.entry.key.size() <= cut_) return {};
    entry_.name = safe_name(std::string_view(listed.entry.key).substr(cut_));
    if (entry_.kind == Kind::folder && !entry_.name.ends_with('/')) entry_.name += '/';
    // A file whose key ends with '/' would unpack as a folder.
    if (entry_.kind != Kind::folder && entry_.name.ends_with('/')) entry_.name.back() = '_';
    entry_.size = entry_.kind == Kind::file ? listed.version.size : 0;
    entry_.mode = listed.version.mode == 0 ? (entry_.kind == Kind::folder ? 0755U : 0644U) : listed.version.mode;
    entry_.modified = listed.version.modified;
    entry_.link_target = listed.version.link_target;
    if (entry_.name.size() > kZipNameBytesMax)
      return fail(ErrorKind::limit, "archive.name_too_long", "a name is too long for an archive");
    kept_bytes_ += format_->kept_bytes(entry_.name);
    if (kept_bytes_ > 2 * kKeptBytesMax)
      return fail(ErrorKind::limit, "archive.too_many_names", "there are too many names for a zip");
    version_ = std::move(listed.version);
    at_ = 0;
    format_->begin(entry_, text_);
    in_file_ = true;
    if (entry_.size == 0) {
      format_->end(entry_, text_);
      in_file_ = false;
    }
    return {};
  }

  server::VaultUse use_;
  std::unique_ptr<ArchiveFormat> format_;
  vault::Moment moment_;
  catalog::ListQuery query_;
  catalog::ListPage page_;
  std::size_t page_at_ = 0;
  std::size_t cut_ = 0;
  std::uint64_t kept_bytes_ = 0;
  bool has_begun_ = false;
  bool in_file_ = false;
  bool is_finished_ = false;
  ArchiveEntry entry_;
  catalog::VersionRow version_;
  std::uint64_t at_ = 0;
  std::string text_;
  Buffer piece_;
};

Result<net::Response> archive(Call& call) {
  ATOLL_ASSIGN(auto moment, moment_of(call));
  return make_archive(call, call.bucket(), call.text("prefix"), call.text("format", "zip"), std::move(moment));
}

}  // namespace

Result<net::Response> make_archive(Call& call, const std::string& bucket_name, const std::string& prefix,
                                   const std::string& format_name, std::optional<vault::Moment> moment) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  if (!moment) {
    // Now, but one now for the whole of it.
    ATOLL_ASSIGN(const Lsn applied, reader->applied());
    moment.emplace();
    moment->lsn = applied;
    moment->words = "change " + std::to_string(applied.value);
  }
  vault::View view(*reader, moment);
  ATOLL_ASSIGN(const auto bucket, view.bucket(bucket_name));
  auto format = format_name == "tar" ? tar_format() : zip_format();
  // Looked through once before a byte is sent: an archive that breaks off helps nobody.
  std::uint64_t kept = 0;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  ATOLL_TRY(view.scan(bucket.id, prefix, "", [&](const catalog::Listed& listed) -> Result<bool> {
    kept += format->kept_bytes(listed.entry.key);
    ++count;
    bytes += listed.version.size;
    return kept <= kKeptBytesMax;
  }));
  if (kept > kKeptBytesMax) {
    return fail(ErrorKind::limit, "archive.too_many_names",
                "there are more names below \"" + prefix + "\" than a zip that is made while it is sent can have",
                "Take format=tar, or several prefixes.");
  }
  if (count == 0)
    return fail(ErrorKind::not_found, "object.not_found", "nothing lies under " + bucket.name + "/" + prefix);
  std::string name = bucket.name;
  if (prefix.size() > 1) {
    std::string_view folder = prefix;
    if (folder.ends_with('/')) folder.remove_suffix(1);
    name = folder.substr(folder.rfind('/') + 1);
  }
  call.exchange().note_read(Action::read, call.vault_id(), bucket.name, prefix, bytes);
  net::Response response;
  response.headers.set("Content-Type", format_name == "tar" ? "application/x-tar" : "application/zip");
  response.headers.set("Content-Disposition", attachment(name + "." + format_name));
  ATOLL_ASSIGN(auto use, call.take_vault());
  if (call.request().method == "HEAD") return response;
  response.body = std::make_unique<ArchiveSource>(std::move(use), std::move(format), bucket.id, prefix, *moment);
  return response;
}

std::vector<Operation> archive_operations() {
  return {
      {.id = "bucket_archive",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/archive",
       .tag = "objects",
       .words = "Everything below a prefix as one zip or tar, made while it is sent.\nOne state, whatever is changed "
                "meanwhile. Files are not compressed; names that would lead out of the folder are changed.",
       .guards = {{Action::read, Place::prefix}, {Action::read_version, Place::prefix, "as_of"}},
       .query = {prefix_parameter(),
                 {"format", ParameterType::text, "Which.", {"zip", "tar"}, 0, UINT64_MAX, "zip"},
                 as_of_parameter()},
       .answers = {{200, kAnyBytes, "The archive.", "application/octet-stream"}},
       .handler = archive},
  };
}

}  // namespace atl::rest
