// An export as files in a folder.
#include <algorithm>
#include <map>

#include "services/transfer/internal/export_target.h"
#include "vault/folder/folder_node.h"

namespace atl::transfer {
namespace {

using catalog::EntryKind;
using platform::NodeInfo;
using platform::NodeKind;

constexpr std::size_t kTextBufferBytes = kMiB;

NodeInfo info_of(const catalog::VersionRow& version) {
  NodeInfo info;
  info.kind = version.kind == EntryKind::marker ? NodeKind::directory : static_cast<NodeKind>(version.kind);
  info.mode = version.mode;
  info.uid = version.has_source ? version.uid : UINT32_MAX;  // "leave as it is" for chown
  info.gid = version.has_source ? version.gid : UINT32_MAX;
  info.size = version.size;
  info.modified = version.modified;
  info.device_number = version.device_number;
  return info;
}

class FolderTarget final : public ExportTarget {
 public:
  FolderTarget(std::unique_ptr<platform::TargetDirectory> root, bool with_links)
      : root_(std::move(root)),
        with_links_(with_links),
        root_node_(std::make_shared<vault::FolderNode>()),
        cursor_(*root_),
        first_cursor_(*root_) {}

  Result<bool> take(const ExportItem& item, const Content& content) override {
    const catalog::VersionRow& version = *item.version;
    const bool is_folder = version.kind == EntryKind::directory || version.kind == EntryKind::marker;
    std::string name;
    const vault::FolderRef node = folder_of(item.path, is_folder, name);
    if (is_folder) {
      ATOLL_TRY(cursor_.at(node));
      folders_.push_back({node, info_of(version), version.attributes, version.has_source});
      return true;
    }
    if (!with_links_ && version.kind != EntryKind::file) return true;
    ATOLL_ASSIGN(auto* const folder, cursor_.at(node));
    if (with_links_ && !version.link_group.empty()) {
      ATOLL_ASSIGN(const bool was_linked, link(item, *folder, node, name));
      if (was_linked) return true;
    }
    const NodeInfo info = info_of(version);
    ATOLL_ASSIGN(const auto there, folder->info(name));
    if (there) {
      if (there->kind == info.kind && there->size == info.size && there->modified == info.modified) return false;
      return fail(ErrorKind::conflict, "export.exists", "something else is there already",
                  "Choose an empty folder, or move it away.");
    }
    if (version.kind == EntryKind::file) return write_file(*folder, name, version, content);
    if (version.kind == EntryKind::symlink) {
      ATOLL_TRY(folder->create_symlink(name, version.link_target));
    } else {
      ATOLL_TRY(folder->create_special(name, info));
    }
    ATOLL_ASSIGN(const auto missed, folder->apply(name, info, version.attributes));
    note(missed);
    return true;
  }

  Result<void> finish() override {
    // Deepest first: what is done in a folder changes its times.
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
      if (!folder->has_source) continue;
      ATOLL_ASSIGN(auto* const handle, cursor_.at(folder->node));
      ATOLL_ASSIGN(const auto missed, handle->apply_own(folder->info, folder->attributes));
      note(missed);
    }
    for (const auto& [what, count] : missed_) not_applied.push_back(what + " of " + std::to_string(count));
    return {};
  }

 private:
  vault::FolderRef folder_of(std::string_view path, bool is_folder, std::string& name) {
    std::vector<std::string> parts;
    for (std::size_t slash = 0; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1))
      parts.emplace_back(path.substr(0, slash));
    name = path;
    if (!is_folder) ATOLL_INVARIANT(!name.empty(), "a file has a name");
    std::size_t same = 0;
    while (same < parts.size() && same < chain_.size() && chain_[same]->name == parts[same]) ++same;
    chain_.resize(same);
    for (std::size_t i = same; i < parts.size(); ++i)
      chain_.push_back(vault::folder_below(i == 0 ? root_node_ : chain_.back(), parts[i]));
    return chain_.empty() ? root_node_ : chain_.back();
  }

  // True where the name became another one of a file that was written before.
  Result<bool> link(const ExportItem& item, platform::TargetDirectory& folder, const vault::FolderRef& node,
                    const std::string& name) {
    const auto [first, is_first] = firsts_.try_emplace(
        to_string(item.version->link_group), First{node, name, item.version->content, item.version->modified});
    if (is_first || !(first->second.content == item.version->content) ||
        first->second.modified != item.version->modified) {
      return false;
    }
    ATOLL_ASSIGN(auto* const from, first_cursor_.at(first->second.folder));
    ATOLL_ASSIGN(const auto there, folder.info(name));
    ATOLL_ASSIGN(const auto there_first, from->info(first->second.name));
    if (there && there_first && there->inode == there_first->inode) return true;
    // Where the file system has no links a file of its own keeps the content.
    return folder.create_hard_link(name, *from, first->second.name).has_value();
  }

  Result<bool> write_file(platform::TargetDirectory& folder, const std::string& name,
                          const catalog::VersionRow& version, const Content& content) {
    constexpr std::size_t kNameBytesMax = 255;
    const std::string part = name.substr(0, kNameBytesMax - kPartEnding.size()) + std::string(kPartEnding);
    if (auto old = folder.info(part); old && *old) ATOLL_TRY(folder.remove(part));  // of a broken-off export
    ATOLL_ASSIGN(const auto file, folder.create_file(part));
    const auto written = [&]() -> Result<void> {
      std::uint64_t at = 0;
      std::size_t hole = 0;
      ATOLL_TRY(content([&](ByteView piece) -> Result<bool> {
        // Holes stay unwritten.
        while (!piece.empty()) {
          while (hole < version.holes.size() && version.holes[hole].offset + version.holes[hole].length <= at) ++hole;
          const bool is_hole = hole < version.holes.size() && version.holes[hole].offset <= at;
          std::uint64_t end = at + piece.size();
          if (hole < version.holes.size()) {
            const auto& next = version.holes[hole];
            end = std::min(end, is_hole ? next.offset + next.length : next.offset);
          }
          const auto count = static_cast<std::size_t>(end - at);
          if (!is_hole) ATOLL_TRY(file->write_at(at, piece.first(count)));
          at = end;
          piece = piece.subspan(count);
        }
        return true;
      }));
      if (!version.holes.empty()) ATOLL_TRY(file->set_size(version.size));
      if (version.has_source || version.modified.seconds != 0) {
        ATOLL_ASSIGN(const auto missed, file->apply(info_of(version), version.attributes));
        for (const std::string& one : missed)
          if (version.has_source || one != "owner") ++missed_[one];  // what came from no file has no owner to give
      }
      return file->finish();
    }();
    if (!written) {
      ignore_error_on_purpose(folder.remove(part));
      return pass(written.error());
    }
    ATOLL_TRY(folder.rename(part, name));
    return true;
  }

  void note(const std::vector<std::string>& missed) {
    for (const std::string& one : missed) ++missed_[one];
  }

  struct First {
    vault::FolderRef folder;
    std::string name;
    catalog::ContentReference content;
    FileTime modified;
  };
  struct Folder {
    vault::FolderRef node;
    NodeInfo info;
    platform::ExtendedAttributes attributes;
    bool has_source = false;
  };

  std::unique_ptr<platform::TargetDirectory> root_;
  bool with_links_;
  vault::FolderRef root_node_;
  std::vector<vault::FolderRef> chain_;
  vault::FolderCursor<platform::TargetDirectory> cursor_;
  vault::FolderCursor<platform::TargetDirectory> first_cursor_;
  std::map<std::string, First> firsts_;
  std::vector<Folder> folders_;
  std::map<std::string, std::uint64_t> missed_;
};

}  // namespace

Result<std::unique_ptr<ExportTarget>> make_folder_target(platform::HostTree& host, const std::string& folder,
                                                         bool with_links) {
  ATOLL_ASSIGN(auto root, host.open_target(folder));
  return std::make_unique<FolderTarget>(std::move(root), with_links);
}

Result<std::unique_ptr<TextFile>> TextFile::create(platform::TargetDirectory& folder, std::string name) {
  auto text = std::unique_ptr<TextFile>(new TextFile(folder, std::move(name)));
  const std::string part = text->name_ + std::string(kPartEnding);
  ATOLL_ASSIGN(const auto old, folder.info(part));
  if (old) ATOLL_TRY(folder.remove(part));
  ATOLL_ASSIGN(text->file_, folder.create_file(part));
  return text;
}

Result<std::unique_ptr<TextFile>> TextFile::reopen(platform::TargetDirectory& folder, std::string name,
                                                   std::uint64_t bytes) {
  auto text = std::unique_ptr<TextFile>(new TextFile(folder, std::move(name)));
  ATOLL_ASSIGN(text->file_, folder.reopen_file(text->name_ + std::string(kPartEnding)));
  ATOLL_TRY(text->file_->set_size(bytes));
  text->at_ = bytes;
  return text;
}

Result<std::uint64_t> TextFile::sync() {
  ATOLL_TRY(flush());
  ATOLL_TRY(file_->sync());
  return at_;
}

Result<void> TextFile::flush() {
  ATOLL_TRY(file_->write_at(at_, as_bytes(buffer_)));
  at_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<void> TextFile::write(std::string_view text) {
  buffer_.append(text);
  return buffer_.size() >= kTextBufferBytes ? flush() : Result<void>();
}

Result<void> TextFile::finish() {
  ATOLL_TRY(flush());
  ATOLL_TRY(file_->sync());
  file_.reset();
  ATOLL_ASSIGN(const auto old, folder_->info(name_));
  if (old) ATOLL_TRY(folder_->remove(name_));
  return folder_->rename(name_ + std::string(kPartEnding), name_);
}

}  // namespace atl::transfer
