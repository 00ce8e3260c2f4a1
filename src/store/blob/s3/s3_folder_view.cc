#include "store/blob/s3/s3_folder_view.h"

#include <algorithm>

namespace atl::blob {
namespace {

using platform::DirectoryEntry;
using platform::FileInfo;
using platform::FileKind;

tl::unexpected<Error> read_only(const std::string& path) {
  return fail(ErrorKind::unsupported, "s3.read_only", path + " lies in an S3 server and is only read");
}

std::string key_of(const std::string& path) {
  std::string key = path;
  if (key.starts_with('/')) key.erase(0, 1);
  while (key.ends_with('/')) key.pop_back();
  return key;
}
std::string folder_key(const std::string& path) {
  const std::string key = key_of(path);
  return key.empty() ? key : key + "/";
}

tl::unexpected<Error> not_found(const std::string& path) {
  return fail(ErrorKind::not_found, "file.not_found", "there is no " + path);
}

class ObjectFile final : public platform::File {
 public:
  ObjectFile(std::shared_ptr<S3Reader> reader, std::string key, std::uint64_t size)
      : reader_(std::move(reader)), key_(std::move(key)), size_(size) {}
  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const override {
    if (offset >= size_ || out.empty()) return 0U;
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
    ATOLL_ASSIGN(const auto got, reader_->get(key_, offset, out.first(wanted)));
    if (!got) return not_found(key_);
    return *got;
  }
  Result<void> write_at(std::uint64_t /*offset*/, ByteView /*data*/) override { return read_only(key_); }
  Result<void> sync() override { return read_only(key_); }
  [[nodiscard]] Result<std::uint64_t> size() const override { return size_; }
  Result<void> set_size(std::uint64_t /*size*/) override { return read_only(key_); }

 private:
  std::shared_ptr<S3Reader> reader_;
  std::string key_;
  std::uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<platform::File>> S3FolderView::open(const std::string& path, platform::OpenMode mode) {
  if (mode != platform::OpenMode::read) return read_only(path);
  ATOLL_ASSIGN(const auto info, stat(path));
  if (!info || info->kind != FileKind::file) return not_found(path);
  return std::make_unique<ObjectFile>(reader_, key_of(path), info->size);
}

Result<std::vector<DirectoryEntry>> S3FolderView::list(const std::string& path) {
  const std::string folder = folder_key(path);
  ATOLL_ASSIGN(const auto listing, client_->list(folder, true));
  std::vector<DirectoryEntry> entries;
  const std::lock_guard lock(mutex_);
  std::erase_if(sizes_, [&](const auto& known) {
    return known.first.starts_with(folder) && known.first.find('/', folder.size()) == std::string::npos;
  });
  for (const auto& object : listing.objects) {
    if (object.key.size() == folder.size()) continue;  // what some tools write for a folder itself
    sizes_[object.key] = object.size;
    reader_->forget(object.key);
    entries.push_back({object.key.substr(folder.size()), FileKind::file});
  }
  for (const std::string& below : listing.folders) {
    std::string name = below.substr(folder.size(), below.size() - folder.size() - 1);
    if (!name.ends_with(".open")) entries.push_back({std::move(name), FileKind::directory});
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

Result<std::optional<FileInfo>> S3FolderView::stat(const std::string& path) {
  const std::string key = key_of(path);
  FileInfo info;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = sizes_.find(key); known != sizes_.end()) {
      info.size = info.allocated_bytes = known->second;
      return info;
    }
  }
  if (!key.empty()) {
    ATOLL_ASSIGN(const auto head, client_->head(key));
    if (head) {
      info.size = info.allocated_bytes = head->size;
      return info;
    }
  }
  ATOLL_ASSIGN(const auto entries, list(path));
  if (entries.empty()) return std::nullopt;
  info.kind = FileKind::directory;
  return info;
}

Result<bool> S3FolderView::create_directory(const std::string& path) { return read_only(path); }
Result<void> S3FolderView::rename(const std::string& from, const std::string& /*to*/) { return read_only(from); }
Result<bool> S3FolderView::remove_file(const std::string& path) { return read_only(path); }
Result<bool> S3FolderView::remove_directory(const std::string& path) { return read_only(path); }
Result<void> S3FolderView::sync_directory(const std::string& path) { return read_only(path); }
Result<platform::SpaceInfo> S3FolderView::space(const std::string& path) { return read_only(path); }
Result<std::unique_ptr<platform::FileLock>> S3FolderView::lock(const std::string& path, platform::LockMode /*mode*/) {
  return read_only(path);
}

}  // namespace atl::blob
