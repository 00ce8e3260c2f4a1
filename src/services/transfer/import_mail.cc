// Mailboxes: one object a message.
#include <algorithm>
#include <deque>

#include "services/transfer/internal/import_run.h"
#include "services/transfer/mail.h"

namespace atl::transfer {
namespace {

using platform::NodeKind;

constexpr std::size_t kFoldersDeepMax = 32;
constexpr std::size_t kPieceBytesMax = 256 * kKiB;

// What a Maildir says about a message in its file's name and place.
struct Letter {
  std::string path;
  std::string folder;  // "" for the inbox
  std::string flags;
  FileTime modified;
};

std::map<std::string, std::string> tags_of(const std::string& flags) {
  static constexpr std::pair<char, const char*> kTags[] = {{'S', "seen"},    {'R', "replied"}, {'F', "flagged"},
                                                           {'T', "trashed"}, {'D', "draft"},   {'P', "passed"}};
  std::map<std::string, std::string> tags;
  for (const auto& [flag, tag] : kTags)
    if (flags.find(flag) != std::string::npos) tags[tag] = "yes";
  return tags;
}

// One Maildir's messages as the stream that the reader takes, and beside it what the names say, in the same order.
class MailFeed {
 public:
  explicit MailFeed(ImportRun& run) : run_(&run), piece_(kPieceBytesMax) {}

  Result<void> add_folder(const std::string& path, const std::string& folder) {
    for (const char* part : {"cur", "new"}) {
      auto opened = run_->host().open_source(path + "/" + part);
      if (!opened) {
        if (opened.error().kind != ErrorKind::not_found) run_->problem(path + "/" + part, opened.error());
        continue;
      }
      directory_ = std::move(*opened);
      ATOLL_ASSIGN(names_, directory_->names());
      std::ranges::sort(names_);
      next_ = 0;
      path_ = path + "/" + part;
      folder_ = folder;
      ATOLL_TRY(run_->read_all_of(path_, "messages", {},
                                  [this](std::uint64_t /*offset*/, ByteSpan out) { return read(out); }));
    }
    return {};
  }

  // The message that the next entry, or the next word that there is none, is about.
  std::optional<Letter> take_letter() {
    if (under_way_.empty()) return std::nullopt;
    Letter letter = std::move(under_way_.front());
    under_way_.pop_front();
    return letter;
  }

 private:
  Result<std::size_t> read(ByteSpan out) {
    while (ready_.empty()) {
      if (!file_ && !open_next()) return 0;
      auto count = file_->read_at(at_, piece_.span());
      const std::uint32_t length = count ? static_cast<std::uint32_t>(*count) : kPieceAborted;
      Bytes frame;
      ByteWriter writer(frame);
      writer.put(length);
      if (count) writer.put_bytes(piece_.view().first(*count));
      ready_ = std::move(frame);
      if (!count) run_->problem(under_way_.back().path, count.error());
      if (!count || *count == 0) file_.reset();
      if (count) at_ += *count;
    }
    const std::size_t count = std::min(out.size(), ready_.size());
    std::copy_n(ready_.begin(), count, out.begin());
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

  bool open_next() {
    while (next_ < names_.size()) {
      const std::string& name = names_[next_++];
      if (name.starts_with('.')) continue;
      auto opened = directory_->open_file(name);
      auto info = opened ? (*opened)->info() : Result<platform::NodeInfo>(pass(opened.error()));
      if (!info) {
        run_->problem(path_ + "/" + name, info.error());
        continue;
      }
      file_ = std::move(*opened);
      at_ = 0;
      const std::size_t flags = name.rfind(":2,");
      under_way_.push_back(
          {path_ + "/" + name, folder_, flags == std::string::npos ? "" : name.substr(flags + 3), info->modified});
      return true;
    }
    return false;
  }

  ImportRun* run_;
  std::unique_ptr<platform::SourceDirectory> directory_;
  std::vector<std::string> names_;
  std::size_t next_ = 0;
  std::string path_;
  std::string folder_;
  std::unique_ptr<platform::SourceFile> file_;
  std::uint64_t at_ = 0;
  Buffer piece_;
  Bytes ready_;
  std::deque<Letter> under_way_;  // at most what the stream is ahead of the answers
};

bool has_mail(platform::SourceDirectory& folder) {
  for (const char* part : {"cur", "new"}) {
    const auto info = folder.info(part);
    if (info && info->kind == NodeKind::directory) return true;
  }
  return false;
}

// ".Sent.2019" and "Sent/2019" are the same folder in two ways of keeping them.
Result<void> each_maildir(ImportRun& run, MailFeed& feed, const std::string& path, const std::string& folder,
                          std::size_t depth) {
  ATOLL_ASSIGN(const auto opened, run.host().open_source(path));
  if (has_mail(*opened)) ATOLL_TRY(feed.add_folder(path, folder));
  if (depth >= kFoldersDeepMax) return {};
  ATOLL_ASSIGN(auto names, opened->names());
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (name == "cur" || name == "new" || name == "tmp") continue;
    const auto info = opened->info(name);
    if (!info || info->kind != NodeKind::directory) continue;
    const std::string below = name.starts_with('.') ? name.substr(1) : name;
    ATOLL_TRY(each_maildir(run, feed, path + "/" + name, folder.empty() ? below : folder + "/" + below, depth + 1));
  }
  return {};
}

}  // namespace

Result<void> import_mbox(ImportRun& run, const std::string& source) {
  ATOLL_ASSIGN(auto open, open_source_file(run.host(), source));
  ATOLL_TRY(run.read_all_of(source, "mbox", {},
                            [&](std::uint64_t offset, ByteSpan out) { return open.file->read_at(offset, out); }));
  ATOLL_ASSIGN(const auto now, open.file->info());
  if (now.size != open.info.size || now.modified != open.info.modified) {
    run.problem(source, {ErrorKind::conflict, "source.changed", "it changed while it was read",
                         "Import it again when nothing writes to it.", 0});
  }
  if (run.counts.files == 0)
    return fail(ErrorKind::usage, "import.no_mail", "there is no message in " + source, "Is it an mbox?");
  return {};
}

Result<void> import_maildir(ImportRun& run, const std::string& source) {
  MailFeed feed(run);
  run.on_entry = [&](ForeignEntry& entry) -> Result<bool> {
    const auto letter = feed.take_letter();
    if (!letter) return fail(ErrorKind::failed, "sandbox.bad_frame", "the reader's process sent nonsense");
    entry.version.tags = tags_of(letter->flags);
    if (!letter->folder.empty()) entry.version.metadata["folder"] = letter->folder;
    if (entry.version.modified == FileTime{}) entry.version.modified = letter->modified;
    return true;
  };
  run.on_nothing = [&]() -> Result<void> {
    if (const auto letter = feed.take_letter())
      run.problem(letter->path, {ErrorKind::failed, "import.unreadable", "it is empty or could not be read", "", 0});
    return {};
  };
  return each_maildir(run, feed, source, "", 0);
}

}  // namespace atl::transfer
