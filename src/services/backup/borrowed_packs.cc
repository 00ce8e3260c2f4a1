#include "services/backup/borrowed_packs.h"

#include <algorithm>

namespace atl::backup {
namespace {

using platform::DirectoryEntry;
using platform::FileKind;

constexpr std::string_view kPackEnding = ".pack";

}  // namespace

std::optional<std::string> BorrowedPacks::borrowed(const std::string& path) {
  if (!path.starts_with(here_ + "/") || !path.ends_with(kPackEnding)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (removed_.contains(path)) return std::nullopt;
  return there_ + path.substr(here_.size());
}

Result<std::unique_ptr<platform::File>> BorrowedPacks::open(const std::string& path, platform::OpenMode mode) {
  const bool may_make = mode == platform::OpenMode::create_new || mode == platform::OpenMode::create_or_open;
  // Its folder may be one that is seen in the copy alone.
  if (may_make && lies_in_packs(path)) ATOLL_TRY(platform::create_directories(files_, platform::parent_of(path)));
  const auto there = borrowed(path);
  if (!there) return files_.open(path, mode);
  ATOLL_ASSIGN(const auto own, files_.stat(path));
  if (own) return files_.open(path, mode);
  if (mode == platform::OpenMode::read) return lent_.open(*there, mode);
  ATOLL_ASSIGN(const auto lent, lent_.stat(*there));
  if (!lent) return files_.open(path, mode);
  return fail(ErrorKind::conflict, "copy.borrowed", path + " belongs to the copy and is only read");
}

Result<void> BorrowedPacks::rename(const std::string& from, const std::string& to) {
  if (lies_in_packs(from)) ATOLL_TRY(platform::create_directories(files_, platform::parent_of(to)));
  return files_.rename(from, to);
}

Result<bool> BorrowedPacks::remove_file(const std::string& path) {
  ATOLL_ASSIGN(const bool was_own, files_.remove_file(path));
  const auto there = borrowed(path);
  if (!there) return was_own;
  ATOLL_ASSIGN(const auto lent, lent_.stat(*there));
  if (!lent) return was_own;
  const std::lock_guard lock(mutex_);
  return removed_.insert(path).second || was_own;
}

Result<void> BorrowedPacks::sync_directory(const std::string& path) {
  if (lies_in_packs(path)) {
    ATOLL_ASSIGN(const auto own, files_.stat(path));
    if (!own) return {};  // seen in the copy alone
  }
  return files_.sync_directory(path);
}

Result<std::vector<DirectoryEntry>> BorrowedPacks::list(const std::string& path) {
  if (!lies_in_packs(path)) return files_.list(path);
  std::vector<DirectoryEntry> entries;
  ATOLL_ASSIGN(const auto own, files_.stat(path));
  if (own) {
    ATOLL_ASSIGN(entries, files_.list(path));
  }
  const std::string folder_there = there_ + path.substr(here_.size());
  ATOLL_ASSIGN(const auto there, lent_.stat(folder_there));
  if (!there && !own) return files_.list(path);
  if (!there) return entries;
  ATOLL_ASSIGN(auto lent, lent_.list(folder_there));
  std::set<std::string> names;
  for (const auto& entry : entries) names.insert(entry.name);
  for (auto& entry : lent) {
    if (names.contains(entry.name)) continue;
    if (entry.kind == FileKind::file && !borrowed(platform::join(path, entry.name))) continue;
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

Result<std::optional<platform::FileInfo>> BorrowedPacks::stat(const std::string& path) {
  ATOLL_ASSIGN(const auto own, files_.stat(path));
  if (own) return own;
  if (const auto there = borrowed(path)) return lent_.stat(*there);
  if (!lies_in_packs(path)) return own;
  ATOLL_ASSIGN(const auto folder, lent_.stat(there_ + path.substr(here_.size())));
  return folder && folder->kind == FileKind::directory ? folder : own;
}

}  // namespace atl::backup
