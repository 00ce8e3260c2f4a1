#include "vault/folder/mirror.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "vault/folder/folder_node.h"
#include "vault/folder/plan.h"

namespace atl::vault {
namespace {

using platform::NodeInfo;
using platform::NodeKind;

constexpr std::size_t kKeysPerCommand = 2'500;
constexpr std::size_t kKeyBytesPerCommand = kCommandBytesMax / 4;  // their rows hold each key again, and more
constexpr std::size_t kListedAtOnce = 1'000;
// Roots of file systems have small inode numbers (ext 2, XFS 64 or 128, btrfs 256, FUSE and FAT 1).
constexpr std::uint64_t kRootInodeMax = 256;

class Mirror {
 public:
  Mirror(Vault& vault, platform::HostTree& host, const PutSource& source, catalog::BucketRow bucket,
         const FolderPutOptions& options, const MirrorOptions& mirror, const MirrorCallbacks& callbacks)
      : vault_(&vault),
        host_(&host),
        source_(&source),
        bucket_(std::move(bucket)),
        options_(&options),
        mirror_(&mirror),
        callbacks_(&callbacks),
        operation_(platform::new_id<OperationId>(vault.machine())) {}

  Result<MirrorSummary> run() {
    ATOLL_TRY(begin());
    if (!mirror_->allows_empty) {  // as check() did, minutes ago maybe: its disk may have gone meanwhile
      ATOLL_ASSIGN(const auto names, root_->names());
      if (names.empty()) return pass_if_it_held_files();
    }
    ATOLL_TRY(visit_all());
    ATOLL_TRY(flush());
    summary_.was_interrupted = is_stopped();
    return summary_;
  }

  Result<void> check() {
    only_counts_ = true;
    if (const auto begun = begin(); !begun) {
      return fail(ErrorKind::conflict, "mirror.source_missing",
                  "the folder to mirror cannot be read: " + begun.error().message,
                  "Nothing was stored or removed. If it lies on another disk, mount that first.");
    }
    if (mirror_->allows_empty) return {};
    ATOLL_ASSIGN(const auto names, root_->names());
    ATOLL_TRY(visit_tree(whole(), true));
    if (found_ > 0) return {};
    const std::uint64_t missing = summary_.files_removed;
    if (missing == 0 || (!names.empty() && missing < kMirrorFilesMuch)) return {};
    return fail(ErrorKind::conflict, names.empty() ? "mirror.source_empty" : "mirror.source_unlike",
                source_->path + (names.empty() ? " is empty" : " holds none of the files") + ", while " + bucket_.name +
                    "/" + source_->key_prefix + " holds " + std::to_string(missing) +
                    (missing == 1 ? " file" : " files") + (names.empty() ? " of it" : ""),
                "Nothing was stored or removed. Is its disk mounted? If it is meant so, add --allow-empty.");
  }

 private:
  struct Folder {
    FolderRef node;
    std::string below;  // "" or ends with '/'
    NodeInfo info;
    std::uint64_t parent_device = 0;
    std::optional<std::uint64_t> parent_stored_device;
  };

  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  [[nodiscard]] bool has_enough() const { return only_counts_ && found_ > 0; }
  [[nodiscard]] std::string shown(std::string_view below) const {
    return below.empty() ? source_->path : platform::join(source_->path, below);
  }
  void keep(std::string_view below, const Error& why) {
    ++summary_.problem_count;
    if (!callbacks_->on_problem) return;
    callbacks_->on_problem({shown(below),
                            {ErrorKind::failed, "mirror.kept",
                             why.message + "; nothing that the bucket holds of it was removed", why.hint}});
  }

  Result<void> begin() {
    ATOLL_ASSIGN(rules_, PathRules::compile(options_->include, options_->exclude));
    ATOLL_ASSIGN(root_, host_->open_source(source_->path));
    ATOLL_ASSIGN(root_info_, root_->own_info());
    cursor_.emplace(*root_);
    reader_ = vault_->reader();
    return {};
  }

  // Of an empty source.
  Result<MirrorSummary> pass_if_it_held_files() {
    ATOLL_TRY(check());
    return MirrorSummary{};
  }

  [[nodiscard]] Folder whole() const {
    return {std::make_shared<FolderNode>(), "", root_info_, root_info_.device, std::nullopt};
  }

  Result<void> visit_all() {
    const auto root = std::make_shared<FolderNode>();
    if (options_->scope == nullptr) return visit_tree(whole(), true);
    for (const auto& [below, is_deep] : *options_->scope) {
      if (is_stopped()) break;
      auto folder = folder_at(root, below);
      if (folder) ATOLL_TRY(visit_tree(std::move(*folder), is_deep));
    }
    return {};
  }

  // None where it is no folder any more: then its parent's listing tells.
  std::optional<Folder> folder_at(const FolderRef& root, const std::string& below) {
    Folder folder{root, "", root_info_, root_info_.device, std::nullopt};
    while (folder.below.size() < below.size()) {
      const std::size_t end = below.find('/', folder.below.size());
      const std::string name = below.substr(folder.below.size(), end - folder.below.size());
      const auto handle = cursor_->at(folder.node);
      if (!handle) return std::nullopt;
      const auto info = (*handle)->info(name);
      if (!info || info->kind != NodeKind::directory) return std::nullopt;
      folder.node = folder_below(folder.node, name);
      folder.parent_device = folder.info.device;
      folder.info = *info;
      folder.below += name + "/";
    }
    return folder;
  }

  Result<void> visit_tree(Folder top, bool is_deep) {
    std::vector<Folder> waiting;
    waiting.push_back(std::move(top));
    while (!waiting.empty() && !is_stopped() && !has_enough()) {
      Folder folder = std::move(waiting.back());
      waiting.pop_back();
      std::vector<Folder> below;
      ATOLL_TRY(visit(folder, below));
      if (!is_deep) return {};
      std::ranges::move(below.rbegin(), below.rend(), std::back_inserter(waiting));
    }
    return {};
  }

  Result<void> visit(const Folder& folder, std::vector<Folder>& below) {
    const auto handle = cursor_->at(folder.node);
    if (!handle) {
      keep(folder.below, handle.error());
      return {};
    }
    auto names = (*handle)->names();
    if (!names) {
      keep(folder.below, names.error());
      return {};
    }
    std::ranges::sort(*names);
    catalog::ListQuery query;
    query.bucket = bucket_.id;
    query.prefix = source_->key_prefix + folder.below;
    query.delimiter = "/";
    query.limit = kListedAtOnce;
    std::optional<std::uint64_t> stored_device;
    if (query.prefix.empty()) {  // the bucket's own root has a key that this listing takes for a folder
      ATOLL_ASSIGN(const auto own, reader_->current(bucket_.id, "./"));
      if (own && own->version.has_source) stored_device = own->version.device;
    }
    for (;;) {
      ATOLL_ASSIGN(const auto page, reader_->list(query));
      for (const catalog::Listed& item : page.items) {
        const std::string name = item.entry.key.substr(query.prefix.size());
        if (name.empty()) {
          if (!item.version.has_source) continue;
          stored_device = item.version.device;
          if (names->empty() && is_unmounted(folder, item.version)) {
            keep(folder.below, {ErrorKind::failed, "source.unmounted", "another disk was mounted here", "", 0});
            return {};
          }
          continue;
        }
        ATOLL_TRY(take_item(**handle, *names, folder.below + name, name, item));
      }
      for (const std::string& prefix : page.common_prefixes) {
        const std::string name = prefix.substr(query.prefix.size(), prefix.size() - query.prefix.size() - 1);
        if (query.prefix.empty() && name == ".") continue;
        ATOLL_TRY(take_folder(**handle, *names, folder, name, stored_device, below));
      }
      if (!page.has_more || is_stopped() || has_enough()) return {};
      query.after = page.next_after;
    }
  }

  static bool is_unmounted(const Folder& folder, const catalog::VersionRow& stored) {
    return folder.parent_stored_device && stored.device != *folder.parent_stored_device &&
           stored.inode != folder.info.inode && folder.info.device == folder.parent_device;
  }

  Result<void> take_item(platform::SourceDirectory& handle, const std::vector<std::string>& names,
                         const std::string& below, const std::string& name, const catalog::Listed& item) {
    if (!item.version.has_source) return {};
    const bool is_file = item.version.kind == catalog::EntryKind::file;
    const bool is_excluded = !is_in_rules(below);
    bool is_there = std::ranges::binary_search(names, name);
    if (is_there) {
      const auto info = handle.info(name);
      // Gone since it was listed: the next put sees it.
      if (!info && info.error().kind != ErrorKind::not_found) keep(below, info.error());
      is_there = !info || info->kind != NodeKind::directory;
    }
    if (is_excluded ? !mirror_->removes_excluded : is_there) {
      if (is_file && is_there) ++found_;
      return {};
    }
    return remove({item.entry.key, is_file, item.version.size});
  }

  Result<void> take_folder(platform::SourceDirectory& handle, const std::vector<std::string>& names,
                           const Folder& folder, const std::string& name,
                           const std::optional<std::uint64_t>& stored_device, std::vector<Folder>& below) {
    const std::string path = folder.below + name + "/";
    if (!std::ranges::binary_search(names, name)) return remove_below(path, stored_device);
    const auto info = handle.info(name);
    if (!info) {
      keep(path, info.error());
      return {};
    }
    if (info->kind != NodeKind::directory) return remove_below(path, std::nullopt);
    if (options_->one_file_system && info->device != root_info_.device) return {};
    if (!is_in_rules(path)) return mirror_->removes_excluded ? remove_below(path, std::nullopt) : Result<void>{};
    below.push_back({folder_below(folder.node, name), path, *info, folder.info.device, stored_device});
    return {};
  }

  // Everything of a folder that is gone. Where it was the root of another file system, that is not mounted: it stays.
  Result<void> remove_below(const std::string& below, const std::optional<std::uint64_t>& parent_stored_device) {
    const std::string prefix = source_->key_prefix + below;
    bool was_mounted = false;
    Result<void> removed;
    ATOLL_TRY(
        reader_->scan_source_facts(bucket_.id, prefix, "", [&](const catalog::SourceFacts& facts) -> Result<bool> {
          if (facts.key == prefix && parent_stored_device && facts.has_source &&
              facts.device != *parent_stored_device && facts.inode <= kRootInodeMax) {
            was_mounted = true;
            return false;
          }
          if (!facts.has_source) return true;
          const std::string key(facts.key);
          if (!mirror_->removes_excluded && !is_in_rules(key.substr(source_->key_prefix.size()))) return true;
          ATOLL_TRY(remove({key, facts.kind == catalog::EntryKind::file, facts.size}));
          return !is_stopped();
        }));
    if (was_mounted) {
      keep(below, {ErrorKind::failed, "source.unmounted", "another disk was mounted here when it was stored",
                   "Mount it again, or remove what is stored: atoll rm -r " + bucket_.name + "/" + prefix, 0});
    }
    return {};
  }

  // Whether the patterns let a path be stored: its folders are entered, and it is taken.
  [[nodiscard]] bool is_in_rules(std::string_view below) const {
    for (std::size_t at = below.find('/'); at != std::string_view::npos; at = below.find('/', at + 1)) {
      if (at > 0 && !rules_.takes(below.substr(0, at), true)) return false;
    }
    return below.empty() || below.ends_with('/') || rules_.takes(below, false);
  }

  struct Vanished {
    std::string key;
    bool is_file = false;
    std::uint64_t size = 0;
  };
  Result<void> remove(Vanished one) {
    if (one.is_file) {
      ++summary_.files_removed;
      summary_.bytes_removed += one.size;
    } else {
      ++summary_.others_removed;
    }
    if (only_counts_) return {};
    if (callbacks_->on_remove) callbacks_->on_remove(one.key);
    if (options_->is_dry_run) return {};
    batch_bytes_ += one.key.size() + 512;
    batch_.push_back(std::move(one.key));
    if (batch_.size() < kKeysPerCommand && batch_bytes_ < kKeyBytesPerCommand) return {};
    return flush();
  }

  Result<void> flush() {
    if (batch_.empty()) return {};
    const auto removed = vault_->commit(
        journal::CommandKind::remove_objects,
        [this](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          for (const std::string& key : batch_) {
            const auto staged = stage_remove(context, changes, bucket_, key);
            if (!staged && staged.error().kind != ErrorKind::not_found) return pass(staged.error());
          }
          return {};
        },
        operation_);
    batch_.clear();
    batch_bytes_ = 0;
    if (!removed) return pass(removed.error());
    return {};
  }

  Vault* vault_;
  platform::HostTree* host_;
  const PutSource* source_;
  catalog::BucketRow bucket_;
  const FolderPutOptions* options_;
  const MirrorOptions* mirror_;
  const MirrorCallbacks* callbacks_;
  OperationId operation_;
  PathRules rules_;
  std::unique_ptr<platform::SourceDirectory> root_;
  NodeInfo root_info_;
  std::optional<FolderCursor<platform::SourceDirectory>> cursor_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  bool only_counts_ = false;  // and stops at the first file that is there
  std::uint64_t found_ = 0;   // files that both sides have
  std::vector<std::string> batch_;
  std::size_t batch_bytes_ = 0;
  MirrorSummary summary_;
};

}  // namespace

Result<void> check_mirror_source(Vault& vault, platform::HostTree& host, const PutSource& source,
                                 const std::string& bucket, const FolderPutOptions& options,
                                 const MirrorOptions& mirror) {
  auto row = Objects(vault).bucket(bucket);
  if (!row && row.error().kind != ErrorKind::not_found) return pass(row.error());
  if (!row) row = catalog::BucketRow{};  // nothing is in it; the source is looked at all the same
  return Mirror(vault, host, source, std::move(*row), options, mirror, {}).check();
}

Result<MirrorSummary> remove_vanished(Vault& vault, platform::HostTree& host, const PutSource& source,
                                      const std::string& bucket, const FolderPutOptions& options,
                                      const MirrorOptions& mirror, const MirrorCallbacks& callbacks) {
  auto row = Objects(vault).bucket(bucket);
  if (!row && row.error().kind == ErrorKind::not_found) return MirrorSummary{};  // a dry run into a new bucket
  if (!row) return pass(row.error());
  return Mirror(vault, host, source, std::move(*row), options, mirror, callbacks).run();
}

}  // namespace atl::vault
