// A file system in which the finished packs of a copy lie in a vault's folder as if they had been copied there.
//
// Always true:
//  - Nothing below the copy is written, renamed or removed: a borrowed pack that is removed is only not seen any more.
//  - A file that lies in the vault's folder itself goes before a borrowed one of the same name.
//  - Everything outside the vault's packs passes through unchanged.
// For trying out a copy without the room and the time that copying its packs takes.
// Thread rules: as FileSystem.
#pragma once

#include <mutex>
#include <set>

#include "foundation/platform/file_system.h"

namespace atl::backup {

class BorrowedPacks final : public platform::FileSystem {
 public:
  // `here`: the packs' folder of the vault; `there`: that of the copy, as `lent` sees it.
  BorrowedPacks(platform::FileSystem& files, std::string here, platform::FileSystem& lent, std::string there)
      : files_(files), lent_(lent), here_(std::move(here)), there_(std::move(there)) {}

  // A borrowed pack opens for reading only; to write to one is `conflict`.
  [[nodiscard]] Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::OpenMode mode) override;
  [[nodiscard]] Result<bool> create_directory(const std::string& path) override {
    return files_.create_directory(path);
  }
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<bool> remove_file(const std::string& path) override;
  [[nodiscard]] Result<bool> remove_directory(const std::string& path) override {
    return files_.remove_directory(path);
  }
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] Result<std::vector<platform::DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<std::optional<platform::FileInfo>> stat(const std::string& path) override;
  [[nodiscard]] Result<platform::SpaceInfo> space(const std::string& path) override { return files_.space(path); }
  [[nodiscard]] Result<std::unique_ptr<platform::FileLock>> lock(const std::string& path,
                                                                 platform::LockMode mode) override {
    return files_.lock(path, mode);
  }

 private:
  [[nodiscard]] bool lies_in_packs(const std::string& path) const {
    return path == here_ || path.starts_with(here_ + "/");
  }
  // Where a pack that has this path would lie in the copy; none where the path is no pack's or its pack was removed.
  [[nodiscard]] std::optional<std::string> borrowed(const std::string& path);

  platform::FileSystem& files_;
  platform::FileSystem& lent_;
  std::string here_;
  std::string there_;
  std::mutex mutex_;
  std::set<std::string> removed_;  // paths here; guarded by mutex_
};

}  // namespace atl::backup
