// The finished files below a place in an S3 server, seen as a file system: for readers of whole folders (a journal, a
// keyring) that know nothing of other places.
//
// Always true:
//  - Nothing is written, made, renamed, removed or locked: all of these are `unsupported` "s3.read_only".
//  - What a listing told about sizes is believed until the folder is listed again.
//  - Folders of unfinished blobs ("NAME.open/") are not seen.
// Paths are keys, with or without one '/' before. Thread rules: as FileSystem.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "foundation/platform/file_system.h"
#include "store/blob/s3/s3_reader.h"

namespace atl::blob {

class S3FolderView final : public platform::FileSystem {
 public:
  explicit S3FolderView(std::shared_ptr<S3Client> client)
      : client_(std::move(client)), reader_(std::make_shared<S3Reader>(client_)) {}

  [[nodiscard]] Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::OpenMode mode) override;
  [[nodiscard]] Result<std::vector<platform::DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<std::optional<platform::FileInfo>> stat(const std::string& path) override;
  [[nodiscard]] Result<bool> create_directory(const std::string& path) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<bool> remove_file(const std::string& path) override;
  [[nodiscard]] Result<bool> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] Result<platform::SpaceInfo> space(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<platform::FileLock>> lock(const std::string& path,
                                                                 platform::LockMode mode) override;

 private:
  std::shared_ptr<S3Client> client_;
  std::shared_ptr<S3Reader> reader_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> sizes_;  // by key; guarded by mutex_
};

}  // namespace atl::blob
