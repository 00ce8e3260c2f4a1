#include "foundation/platform/testing/faulty_host_tree.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

namespace atl::platform::testing {

class FaultyHostTree::Faults {
 public:
  void set(const std::string& path, HostFault fault, unsigned times) {
    const std::scoped_lock lock(mutex_);
    waiting_[{path, fault}] = times;
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    waiting_.clear();
  }
  bool strikes(const std::string& path, HostFault fault) {
    const std::scoped_lock lock(mutex_);
    const auto found = waiting_.find({path, fault});
    if (found == waiting_.end() || found->second == 0) return false;
    if (found->second != kAlways) --found->second;
    ++struck_[path];
    return true;
  }
  [[nodiscard]] unsigned count(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    const auto found = struck_.find(path);
    return found == struck_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, HostFault>, unsigned> waiting_;
  std::map<std::string, unsigned> struck_;
};

namespace {

using Faults = std::shared_ptr<FaultyHostTree::Faults>;

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

tl::unexpected<Error> failing_disk(const std::string& path) {
  return fail(ErrorKind::io, "source.read_failed", "cannot read \"" + path + "\": Input/output error", "", EIO);
}

class FaultyFile final : public SourceFile {
 public:
  FaultyFile(std::unique_ptr<SourceFile> inner, Faults faults, std::string path)
      : inner_(std::move(inner)),
        faults_(std::move(faults)),
        path_(std::move(path)),
        grows_(faults_->strikes(path_, HostFault::grows_while_read)),
        shrinks_(faults_->strikes(path_, HostFault::shrinks_while_read)),
        changes_(faults_->strikes(path_, HostFault::changes_while_read)),
        fails_late_(faults_->strikes(path_, HostFault::fails_in_second_half)) {}

  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) override {
    if (faults_->strikes(path_, HostFault::fails_while_read)) return failing_disk(path_);
    ATOLL_ASSIGN(const NodeInfo at_first, before());
    if (fails_late_ && offset + out.size() > at_first.size / 2) return failing_disk(path_);
    const bool is_first = !std::exchange(was_read_, true);
    if (shrinks_ && !is_first) {
      const std::uint64_t size = at_first.size / 2;
      if (offset >= size) return std::size_t{0};
      out = out.first(std::min<std::size_t>(out.size(), size - offset));
    }
    ATOLL_ASSIGN(std::size_t got, inner_->read_at(offset, out));
    if (changes_ && !is_first) {
      for (std::uint8_t& byte : out.first(got)) byte = static_cast<std::uint8_t>(byte ^ 0xff);
    }
    if (grows_ && !is_first) {
      ++grown_bytes_;
      while (got < out.size() && offset + got < at_first.size + grown_bytes_) out[got++] = 'g';
    }
    return got;
  }

  Result<NodeInfo> info() override {
    ATOLL_ASSIGN(NodeInfo result, before());
    if (!was_read_) return result;
    if (!grows_ && !shrinks_ && !changes_) return inner_->info();
    if (grows_) result.size += ++grown_bytes_;
    if (shrinks_) result.size /= 2;
    ++moves_;
    result.modified.seconds += moves_;
    result.changed.seconds += moves_;
    return result;
  }

  Result<ExtendedAttributes> attributes() override {
    if (faults_->strikes(path_, HostFault::attributes_unreadable)) return failing_disk(path_);
    return inner_->attributes();
  }

  Result<std::vector<Extent>> data_extents(std::uint64_t size) override { return inner_->data_extents(size); }

 private:
  Result<NodeInfo> before() {
    if (!before_) {
      ATOLL_ASSIGN(before_, inner_->info());
    }
    return *before_;
  }

  std::unique_ptr<SourceFile> inner_;
  Faults faults_;
  std::string path_;
  bool grows_;
  bool shrinks_;
  bool changes_;
  bool fails_late_;
  bool was_read_ = false;
  std::uint64_t grown_bytes_ = 0;
  std::int64_t moves_ = 0;
  std::optional<NodeInfo> before_;
};

class FaultySourceDirectory final : public SourceDirectory {
 public:
  FaultySourceDirectory(std::unique_ptr<SourceDirectory> inner, Faults faults, std::string path)
      : inner_(std::move(inner)), faults_(std::move(faults)), path_(std::move(path)) {}

  Result<std::vector<std::string>> names() override {
    if (faults_->strikes(path_, HostFault::cannot_list)) return failing_disk(path_);
    return inner_->names();
  }
  Result<NodeInfo> info(const std::string& name) override {
    if (faults_->strikes(below(path_, name), HostFault::cannot_look)) return failing_disk(below(path_, name));
    return inner_->info(name);
  }
  Result<NodeInfo> own_info() override { return inner_->own_info(); }
  Result<ExtendedAttributes> own_attributes() override {
    if (faults_->strikes(path_, HostFault::attributes_unreadable)) return failing_disk(path_);
    return inner_->own_attributes();
  }
  Result<ExtendedAttributes> attributes(const std::string& name) override {
    if (faults_->strikes(below(path_, name), HostFault::attributes_unreadable)) return failing_disk(below(path_, name));
    return inner_->attributes(name);
  }
  Result<std::string> read_link(const std::string& name) override { return inner_->read_link(name); }
  Result<std::unique_ptr<SourceFile>> open_file(const std::string& name) override {
    ATOLL_TRY(refuse_open(name));
    if (faults_->strikes(below(path_, name), HostFault::becomes_a_fifo)) {
      return fail(ErrorKind::conflict, "source.not_a_file", "\"" + name + "\" is no regular file");
    }
    ATOLL_ASSIGN(auto file, inner_->open_file(name));
    return std::make_unique<FaultyFile>(std::move(file), faults_, below(path_, name));
  }
  Result<std::unique_ptr<SourceDirectory>> open_directory(const std::string& name) override {
    ATOLL_TRY(refuse_open(name));
    ATOLL_ASSIGN(auto folder, inner_->open_directory(name));
    return std::make_unique<FaultySourceDirectory>(std::move(folder), faults_, below(path_, name));
  }
  Result<void> remove(const std::string& name, const NodeInfo& expected) override {
    if (faults_->strikes(below(path_, name), HostFault::cannot_remove)) {
      return fail(ErrorKind::io, "source.not_removable", "cannot remove \"" + name + "\": Permission denied", "",
                  EACCES);
    }
    return inner_->remove(name, expected);
  }
  Result<bool> remove_empty_folder(const std::string& name) override { return inner_->remove_empty_folder(name); }

 private:
  Result<void> refuse_open(const std::string& name) {
    if (faults_->strikes(below(path_, name), HostFault::cannot_open)) {
      return fail(ErrorKind::io, "source.unreadable", "cannot open \"" + name + "\": Permission denied", "", EACCES);
    }
    if (faults_->strikes(below(path_, name), HostFault::vanishes_before_open)) {
      return fail(ErrorKind::not_found, "source.vanished", "cannot open \"" + name + "\": No such file or directory",
                  "", ENOENT);
    }
    return {};
  }

  std::unique_ptr<SourceDirectory> inner_;
  Faults faults_;
  std::string path_;
};

class FaultyTargetFile final : public TargetFile {
 public:
  FaultyTargetFile(std::unique_ptr<TargetFile> inner, Faults faults, std::string path)
      : inner_(std::move(inner)), faults_(std::move(faults)), path_(std::move(path)) {}

  Result<void> write_at(std::uint64_t offset, ByteView data) override {
    if (faults_->strikes(path_, HostFault::no_space_while_written)) {
      return fail(ErrorKind::no_space, "target.no_space", "cannot write \"" + path_ + "\": No space left on device", "",
                  ENOSPC);
    }
    if (faults_->strikes(path_, HostFault::fails_while_written)) {
      return fail(ErrorKind::io, "target.write_failed", "cannot write \"" + path_ + "\": Input/output error", "", EIO);
    }
    return inner_->write_at(offset, data);
  }
  Result<void> set_size(std::uint64_t size) override { return inner_->set_size(size); }
  Result<void> sync() override {
    if (faults_->strikes(path_, HostFault::fails_to_sync)) {
      return fail(ErrorKind::io, "target.write_failed", "cannot sync \"" + path_ + "\": Input/output error", "", EIO);
    }
    return inner_->sync();
  }
  Result<std::vector<std::string>> apply(const NodeInfo& info, const ExtendedAttributes& attributes) override {
    return inner_->apply(info, attributes);
  }

 private:
  std::unique_ptr<TargetFile> inner_;
  Faults faults_;
  std::string path_;
};

class FaultyTargetDirectory final : public TargetDirectory {
 public:
  FaultyTargetDirectory(std::unique_ptr<TargetDirectory> inner, Faults faults, std::string path)
      : inner_(std::move(inner)), faults_(std::move(faults)), path_(std::move(path)) {}

  Result<std::optional<NodeInfo>> info(const std::string& name) override { return inner_->info(name); }
  Result<std::unique_ptr<TargetFile>> create_file(const std::string& name) override {
    ATOLL_TRY(refuse_creation(name));
    ATOLL_ASSIGN(auto file, inner_->create_file(name));
    return std::make_unique<FaultyTargetFile>(std::move(file), faults_, below(path_, name));
  }
  Result<std::unique_ptr<TargetFile>> reopen_file(const std::string& name) override {
    ATOLL_ASSIGN(auto file, inner_->reopen_file(name));
    return std::make_unique<FaultyTargetFile>(std::move(file), faults_, below(path_, name));
  }
  Result<void> create_symlink(const std::string& name, const std::string& target) override {
    ATOLL_TRY(refuse_creation(name));
    return inner_->create_symlink(name, target);
  }
  Result<void> create_special(const std::string& name, const NodeInfo& info) override {
    ATOLL_TRY(refuse_creation(name));
    return inner_->create_special(name, info);
  }
  Result<void> create_hard_link(const std::string& name, TargetDirectory& from, const std::string& from_name) override {
    ATOLL_TRY(refuse_creation(name));
    auto* faulty = dynamic_cast<FaultyTargetDirectory*>(&from);
    return inner_->create_hard_link(name, faulty != nullptr ? *faulty->inner_ : from, from_name);
  }
  Result<std::unique_ptr<TargetDirectory>> open_directory(const std::string& name) override {
    ATOLL_TRY(refuse_creation(name));
    ATOLL_ASSIGN(auto folder, inner_->open_directory(name));
    return std::make_unique<FaultyTargetDirectory>(std::move(folder), faults_, below(path_, name));
  }
  Result<void> rename(const std::string& from, const std::string& to) override { return inner_->rename(from, to); }
  Result<void> remove(const std::string& name) override { return inner_->remove(name); }
  Result<std::vector<std::string>> apply(const std::string& name, const NodeInfo& info,
                                         const ExtendedAttributes& attributes) override {
    return inner_->apply(name, info, attributes);
  }
  Result<std::vector<std::string>> apply_own(const NodeInfo& info, const ExtendedAttributes& attributes) override {
    return inner_->apply_own(info, attributes);
  }

 private:
  Result<void> refuse_creation(const std::string& name) {
    if (!faults_->strikes(below(path_, name), HostFault::cannot_create)) return {};
    return fail(ErrorKind::io, "target.not_writable", "cannot create \"" + name + "\": Permission denied", "", EACCES);
  }

  std::unique_ptr<TargetDirectory> inner_;
  Faults faults_;
  std::string path_;
};

}  // namespace

FaultyHostTree::FaultyHostTree(HostTree& inner) : inner_(&inner), faults_(std::make_shared<Faults>()) {}
FaultyHostTree::~FaultyHostTree() = default;

void FaultyHostTree::set_fault(const std::string& path, HostFault fault, unsigned times) {
  faults_->set(path, fault, times);
}
void FaultyHostTree::clear_faults() { faults_->clear(); }
unsigned FaultyHostTree::strikes(const std::string& path) const { return faults_->count(path); }

Result<NodeInfo> FaultyHostTree::info(const std::string& path) { return inner_->info(path); }
Result<std::unique_ptr<SourceDirectory>> FaultyHostTree::open_source(const std::string& path) {
  ATOLL_ASSIGN(auto folder, inner_->open_source(path));
  return std::make_unique<FaultySourceDirectory>(std::move(folder), faults_, "");
}
Result<std::unique_ptr<TargetDirectory>> FaultyHostTree::open_target(const std::string& path) {
  ATOLL_ASSIGN(auto folder, inner_->open_target(path));
  return std::make_unique<FaultyTargetDirectory>(std::move(folder), faults_, "");
}
Result<std::uint64_t> FaultyHostTree::available_bytes(const std::string& path) { return inner_->available_bytes(path); }

}  // namespace atl::platform::testing
