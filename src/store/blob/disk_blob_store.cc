#include "store/blob/disk_blob_store.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <set>
#include <unordered_map>

namespace atl::blob {
namespace {

using platform::File;
using platform::FileKind;
using platform::FileSystem;
using platform::join;
using platform::OpenMode;

constexpr std::string_view kUnfinished = ".open";

tl::unexpected<Error> bad_name(std::string_view name) {
  return fail(ErrorKind::usage, "blob.name", "'" + std::string(name) + "' is no name for a blob here");
}
tl::unexpected<Error> taken(std::string_view name) {
  return fail(ErrorKind::conflict, "blob.exists", "there is a blob '" + std::string(name) + "' already");
}

// Files open for reading, by name, the longest unused one closed first. A file stays usable for whoever holds it.
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t count_max) : count_max_(count_max) {}

  std::shared_ptr<const File> find(const std::string& name, std::uint64_t& generation) {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }
  // Not kept where something was forgotten since find(): it may have been this name.
  void keep(const std::string& name, const std::shared_ptr<const File>& file, std::uint64_t generation) {
    const std::lock_guard lock(mutex_);
    if (generation != generation_ || by_name_.contains(name)) return;
    order_.emplace_front(name, file);
    by_name_[name] = order_.begin();
    while (order_.size() > count_max_) {
      by_name_.erase(order_.back().first);
      order_.pop_back();
    }
  }
  void forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    ++generation_;
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    order_.erase(found->second);
    by_name_.erase(found);
  }

 private:
  using Order = std::list<std::pair<std::string, std::shared_ptr<const File>>>;
  std::mutex mutex_;
  std::size_t count_max_;
  std::uint64_t generation_ = 0;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_name_;
};

struct Place {
  std::string folder;
  std::string finished;
  std::string unfinished;
};

class DiskBlobWriter final : public BlobWriter {
 public:
  DiskBlobWriter(FileSystem& files, std::unique_ptr<File> file, Place place, std::string name, std::uint64_t position,
                 bool may_be_longer, std::shared_ptr<OpenFiles> open_files)
      : files_(files),
        file_(std::move(file)),
        place_(std::move(place)),
        name_(std::move(name)),
        position_(position),
        may_be_longer_(may_be_longer),
        open_files_(std::move(open_files)) {}

  Result<void> append(ByteView data) override {
    ATOLL_TRY(refuse_failed());
    auto written = file_->write_at(position_, data);
    if (!written) {
      may_be_longer_ = true;  // by what fitted
      if (!platform::is_full(written.error())) is_failed_ = true;
      return written;
    }
    position_ += data.size();
    return {};
  }

  Result<void> sync() override {
    ATOLL_TRY(refuse_failed());
    ATOLL_TRY(or_failed(file_->sync()));
    if (!is_name_synced_) ATOLL_TRY(or_failed(files_.sync_directory(place_.folder)));
    is_name_synced_ = true;
    return {};
  }

  [[nodiscard]] std::uint64_t position() const override { return position_; }

  Result<void> rewind(std::uint64_t position) override {
    ATOLL_TRY(refuse_failed());
    ATOLL_INVARIANT(position <= position_, "a blob is rewound, never moved forward");
    may_be_longer_ = may_be_longer_ || position < position_;
    position_ = position;
    return {};
  }

  Result<void> commit() override {
    ATOLL_TRY(refuse_failed());
    if (may_be_longer_) ATOLL_TRY(or_failed(file_->set_size(position_)));
    ATOLL_TRY(or_failed(file_->sync()));
    ATOLL_TRY(or_failed(files_.rename(place_.unfinished, place_.finished)));
    open_files_->forget(name_);
    is_failed_ = true;  // nothing may follow, whatever comes next
    return files_.sync_directory(place_.folder);
  }

 private:
  [[nodiscard]] Result<void> refuse_failed() const {
    if (!is_failed_) return {};
    return fail(ErrorKind::io, "blob.writer_ended",
                "'" + name_ + "' cannot be written on: it is finished, or a write of it failed before");
  }
  Result<void> or_failed(Result<void> result) {
    if (!result) is_failed_ = true;
    return result;
  }

  FileSystem& files_;
  std::unique_ptr<File> file_;
  Place place_;
  std::string name_;
  std::uint64_t position_ = 0;
  bool may_be_longer_ = false;
  bool is_name_synced_ = false;
  std::atomic<bool> is_failed_ = false;  // sync() may run beside append()
  std::shared_ptr<OpenFiles> open_files_;
};

class DiskBlobStore final : public BlobStore {
 public:
  DiskBlobStore(FileSystem& files, std::string root, DiskBlobStoreOptions options)
      : files_(files),
        root_(std::move(root)),
        options_(std::move(options)),
        open_files_(std::make_shared<OpenFiles>(options_.open_files_max)) {}

  Result<std::size_t> fetch(std::string_view name, std::uint64_t offset, ByteSpan out) const override {
    ATOLL_ASSIGN(const auto file, open_to_read(name));
    return file->read_at(offset, out);
  }

  Result<std::size_t> fetch_unfinished(std::string_view name, std::uint64_t offset, ByteSpan out) const override {
    if (!is_name(name)) return bad_name(name);
    const auto file = files_.open(place_of(name).unfinished, OpenMode::read);
    if (!file) {
      if (file.error().kind == ErrorKind::not_found) return not_found(name);
      return pass(file.error());
    }
    return (*file)->read_at(offset, out);
  }

  Result<std::optional<BlobInfo>> stat(std::string_view name) const override {
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    // An unfinished blob may become finished between the two looks: then the third one finds it.
    for (const bool is_finished : {true, false, true}) {
      ATOLL_ASSIGN(const auto info, files_.stat(is_finished ? place.finished : place.unfinished));
      if (info && info->kind == FileKind::file) return BlobInfo{std::string(name), info->size, is_finished};
    }
    return std::nullopt;
  }

  Result<std::vector<BlobInfo>> enumerate() const override {
    std::vector<BlobInfo> blobs;
    ATOLL_ASSIGN(const auto root, files_.stat(root_));
    if (!root) return blobs;
    if (options_.layout == Layout::flat) {
      ATOLL_TRY(enumerate_folder(root_, blobs));
    } else {
      ATOLL_ASSIGN(const auto folders, files_.list(root_));
      for (const auto& folder : folders) {
        if (folder.kind == FileKind::directory && folder.name.size() == 2) {
          ATOLL_TRY(enumerate_folder(join(root_, folder.name), blobs));
        }
      }
    }
    std::ranges::sort(blobs, [](const BlobInfo& a, const BlobInfo& b) {
      return a.name != b.name ? a.name < b.name : a.is_finished > b.is_finished;
    });
    return blobs;
  }

  Result<std::unique_ptr<BlobWriter>> receive(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    ATOLL_ASSIGN(const auto finished, files_.stat(place.finished));
    if (finished) return taken(name);
    ATOLL_TRY(make_folder(place.folder));
    auto file = files_.open(place.unfinished, OpenMode::create_new);
    if (!file && file.error().kind == ErrorKind::not_found) {
      // The folder was there in this session, and somebody removed it.
      forget_folders();
      ATOLL_TRY(make_folder(place.folder));
      file = files_.open(place.unfinished, OpenMode::create_new);
    }
    if (!file) {
      if (file.error().kind == ErrorKind::conflict) return taken(name);
      return pass(std::move(file).error());
    }
    return writer(std::move(*file), place, name, 0, false);
  }

  Result<std::unique_ptr<BlobWriter>> replace(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    ATOLL_ASSIGN(const auto finished, files_.stat(place.finished));
    if (!finished) return not_found(name);
    ATOLL_TRY(files_.remove_file(place.unfinished));
    ATOLL_ASSIGN(auto file, files_.open(place.unfinished, OpenMode::create_new));
    return writer(std::move(file), place, name, 0, false);
  }

  Result<std::unique_ptr<BlobWriter>> adopt(std::string_view name, std::uint64_t keep_bytes) override {
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    auto file = files_.open(place.unfinished, OpenMode::read_write);
    if (!file) {
      if (file.error().kind == ErrorKind::not_found) return not_found(name);
      return pass(std::move(file).error());
    }
    ATOLL_ASSIGN(const auto size, (*file)->size());
    if (keep_bytes > size) {
      return fail(ErrorKind::usage, "blob.adopt",
                  "'" + std::string(name) + "' has " + std::to_string(size) + " bytes, " + std::to_string(keep_bytes) +
                      " were to be kept");
    }
    return writer(std::move(*file), place, name, keep_bytes, size > keep_bytes);
  }

  void forget(std::string_view name) const override { open_files_->forget(std::string(name)); }

  Result<bool> remove(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    return remove_file(place, place.finished, name);
  }
  Result<bool> remove_unfinished(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    return remove_file(place, place.unfinished, name);
  }

 private:
  [[nodiscard]] bool is_name(std::string_view name) const {
    return is_valid_blob_name(name) && name.ends_with(options_.suffix) && name.size() > options_.suffix.size() &&
           (options_.layout == Layout::flat || name.substr(0, name.find('.')).size() >= 2);
  }
  static tl::unexpected<Error> not_found(std::string_view name) {
    return fail(ErrorKind::not_found, "blob.not_found", "there is no blob '" + std::string(name) + "'");
  }

  [[nodiscard]] Place place_of(std::string_view name) const {
    Place place;
    place.folder = root_;
    if (options_.layout == Layout::fan_out) {
      const std::string_view stem = name.substr(0, name.find('.'));
      place.folder = join(root_, stem.substr(stem.size() - 2));
    }
    place.finished = join(place.folder, name);
    place.unfinished = place.finished + std::string(kUnfinished);
    return place;
  }

  // Once per folder and session its name is synced into the parent, also where it was there already: the session that
  // made it may have died before doing so.
  Result<void> make_folder(const std::string& folder) {
    const std::lock_guard lock(folders_mutex_);
    if (synced_folders_.contains(folder)) return {};
    ATOLL_TRY(platform::create_directories(files_, folder));
    if (folder != root_) ATOLL_TRY(files_.sync_directory(root_));
    ATOLL_TRY(files_.sync_directory(platform::parent_of(root_)));
    synced_folders_.insert(folder);
    return {};
  }

  void forget_folders() {
    const std::lock_guard lock(folders_mutex_);
    synced_folders_.clear();
  }

  std::unique_ptr<BlobWriter> writer(std::unique_ptr<File> file, const Place& place, std::string_view name,
                                     std::uint64_t position, bool may_be_longer) {
    return std::make_unique<DiskBlobWriter>(files_, std::move(file), place, std::string(name), position, may_be_longer,
                                            open_files_);
  }

  Result<std::shared_ptr<const File>> open_to_read(std::string_view name) const {
    const std::string key(name);
    std::uint64_t generation = 0;
    if (auto known = open_files_->find(key, generation)) return known;
    if (!is_name(name)) return bad_name(name);
    const Place place = place_of(name);
    for (const std::string* path : {&place.finished, &place.unfinished, &place.finished}) {
      auto opened = files_.open(*path, OpenMode::read);
      if (opened) {
        std::shared_ptr<const File> file = std::move(*opened);
        open_files_->keep(key, file, generation);
        return file;
      }
      if (opened.error().kind != ErrorKind::not_found) return pass(std::move(opened).error());
    }
    return not_found(name);
  }

  Result<void> enumerate_folder(const std::string& folder, std::vector<BlobInfo>& blobs) const {
    ATOLL_ASSIGN(const auto entries, files_.list(folder));
    for (const auto& entry : entries) {
      std::string_view name = entry.name;
      if (entry.kind != FileKind::file) continue;
      const bool is_finished = !name.ends_with(kUnfinished);
      if (!is_finished) name.remove_suffix(kUnfinished.size());
      if (!is_name(name) || place_of(name).folder != folder) continue;
      ATOLL_ASSIGN(auto info, files_.stat(join(folder, entry.name)));
      const bool may_be_renamed = !info && !is_finished;  // finished since list()
      if (may_be_renamed) {
        ATOLL_ASSIGN(info, files_.stat(join(folder, name)));
      }
      if (info) blobs.push_back({std::string(name), info->size, is_finished || may_be_renamed});
    }
    return {};
  }

  Result<bool> remove_file(const Place& place, const std::string& path, std::string_view name) {
    ATOLL_ASSIGN(const bool was_there, files_.remove_file(path));
    open_files_->forget(std::string(name));
    if (was_there) ATOLL_TRY(files_.sync_directory(place.folder));
    return was_there;
  }

  FileSystem& files_;
  std::string root_;
  DiskBlobStoreOptions options_;
  std::shared_ptr<OpenFiles> open_files_;
  std::mutex folders_mutex_;
  std::set<std::string> synced_folders_;  // guarded by folders_mutex_
};

}  // namespace

std::unique_ptr<BlobStore> make_disk_blob_store(const platform::Machine& machine, std::string root,
                                                DiskBlobStoreOptions options) {
  return std::make_unique<DiskBlobStore>(machine.files, std::move(root), std::move(options));
}

}  // namespace atl::blob
