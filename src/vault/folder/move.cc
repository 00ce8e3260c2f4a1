#include "vault/folder/move.h"

#include <algorithm>
#include <optional>

#include "vault/folder/folder_node.h"
#include "vault/folder/plan.h"

namespace atl::vault {
namespace {

using platform::NodeInfo;
using platform::NodeKind;

class MoveRun {
 public:
  MoveRun(Vault& vault, platform::HostTree& host, catalog::BucketRow bucket, const FolderPutOptions& options,
          const MoveOptions& move, const MoveCallbacks& callbacks)
      : vault_(&vault),
        host_(&host),
        bucket_(std::move(bucket)),
        options_(&options),
        move_(&move),
        callbacks_(&callbacks),
        reader_(vault.reader()) {}

  Result<MoveSummary> run(const std::vector<PutSource>& sources) {
    ATOLL_ASSIGN(rules_, PathRules::compile(options_->include, options_->exclude));
    if (const auto home = host_->info(vault_->folder()); home) {
      home_device_ = home->device;
      home_inode_ = home->inode;
    }
    for (const PutSource& source : sources) {
      if (is_stopped()) break;
      const auto info = look_at_source(*host_, source.path);
      if (!info) continue;  // the put said so already, or it was moved by the call before
      if (info->kind == NodeKind::directory) {
        ATOLL_TRY(move_tree(source));
      } else {
        ATOLL_TRY(move_one(source));
      }
    }
    summary_.was_interrupted = is_stopped();
    return summary_;
  }

 private:
  struct Frame {
    FolderRef node;
    std::string below;  // "" or ends with '/'
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  void report(const std::string& path, const Error& error) {
    ++summary_.problem_count;
    if (callbacks_->on_problem) callbacks_->on_problem({path, error});
  }

  Result<void> move_one(const PutSource& source) {
    std::string parent = platform::parent_of(source.path);
    if (parent.empty()) parent = ".";
    ATOLL_ASSIGN(const auto folder, host_->open_source(parent));
    return move_node(*folder, source.path.substr(source.path.rfind('/') + 1), source.path, source.key_prefix);
  }

  Result<void> move_tree(const PutSource& source) {
    auto opened = host_->open_source(source.path);
    if (!opened) {
      report(source.path, opened.error());
      return {};
    }
    ATOLL_ASSIGN(const NodeInfo root_info, (*opened)->own_info());
    FolderCursor<platform::SourceDirectory> cursor(**opened);
    std::vector<Frame> frames;
    const auto enter = [&](FolderRef node, std::string below) {
      const auto handle = cursor.at(node);
      if (!handle) return;  // the put said so
      auto names = (*handle)->names();
      if (!names) return;
      std::ranges::sort(*names);
      frames.push_back({std::move(node), std::move(below), std::move(*names), 0});
    };
    enter(std::make_shared<FolderNode>(), "");
    while (!frames.empty() && !is_stopped()) {
      Frame& frame = frames.back();
      ATOLL_ASSIGN(platform::SourceDirectory * handle, cursor.at(frame.node));
      if (frame.next == frame.names.size()) {
        const Frame done = std::move(frame);
        frames.pop_back();
        if (!frames.empty()) ATOLL_TRY(leave_folder(source, done, frames.back(), cursor));
        continue;
      }
      const std::string name = frame.names[frame.next++];
      const std::string below = frame.below + name;
      const auto info = handle->info(name);
      if (!info) continue;
      const bool is_folder = info->kind == NodeKind::directory;
      if (!rules_.takes(below, is_folder)) continue;
      if (!is_folder) {
        ATOLL_TRY(move_node(*handle, name, platform::join(source.path, below), source.key_prefix + below));
        continue;
      }
      if (info->inode == home_inode_ && info->device == home_device_) continue;
      if (options_->one_file_system && info->device != root_info.device) continue;
      enter(folder_below(frame.node, name), below + "/");
    }
    return {};
  }

  // Its own entry keeps its times and mode: without one it stays.
  Result<void> leave_folder(const PutSource& source, const Frame& done, const Frame& parent,
                            FolderCursor<platform::SourceDirectory>& cursor) {
    ATOLL_ASSIGN(const auto stored, reader_->current(bucket_.id, source.key_prefix + done.below));
    if (!stored) return {};
    ATOLL_ASSIGN(platform::SourceDirectory * handle, cursor.at(parent.node));
    const auto removed = handle->remove_empty_folder(done.node->name);
    if (!removed) {
      report(platform::join(source.path, done.below), removed.error());
      return is_hopeless(removed.error()) ? Result<void>(pass(removed.error())) : Result<void>{};
    }
    if (*removed) ++summary_.folders_removed;
    return {};
  }

  static bool is_hopeless(const Error& error) { return error.id == "source.read_only"; }

  Result<void> move_node(platform::SourceDirectory& folder, const std::string& name, const std::string& path,
                         const std::string& key) {
    const auto info = folder.info(name);
    if (!info) return {};
    if (info->kind != NodeKind::file && info->kind != NodeKind::symlink) return {};
    const auto moved = try_to_move(folder, name, *info, key);
    if (moved && *moved) {
      if (info->kind == NodeKind::file) {
        ++summary_.files_removed;
        summary_.bytes_removed += info->size;
      } else {
        ++summary_.links_removed;
      }
      return {};
    }
    ++summary_.left;
    if (moved || moved.error().kind == ErrorKind::interrupted) return {};
    if (moved.error().kind == ErrorKind::not_found && moved.error().id.starts_with("source.")) return {};
    report(path, moved.error());
    if (is_hopeless(moved.error())) return pass(moved.error());
    return {};
  }

  // False: it stays, and that is no error.
  Result<bool> try_to_move(platform::SourceDirectory& folder, const std::string& name, const NodeInfo& info,
                           const std::string& key) {
    if (check_key(key).has_value() == false) return false;  // the put said so
    ATOLL_ASSIGN(const auto stored, reader_->current(bucket_.id, key));
    if (!stored) return false;  // it came after the put, or the put said why not
    const catalog::VersionRow& version = stored->version;
    NodeInfo expected = info;
    if (info.kind == NodeKind::symlink) {
      ATOLL_ASSIGN(const std::string target, folder.read_link(name));
      ATOLL_ASSIGN(const auto attributes, folder.attributes(name));
      if (!has_facts_of(version, info) || version.link_target != target || version.attributes != attributes)
        return changed();
    } else {
      ATOLL_ASSIGN(const auto file, folder.open_file(name));
      ATOLL_ASSIGN(expected, file->info());
      ATOLL_ASSIGN(const auto attributes, file->attributes());
      if (!has_facts_of(version, expected) || version.size != expected.size || version.attributes != attributes)
        return changed();
      ATOLL_ASSIGN(const bool is_same, has_content_of(version, *file));
      if (!is_same) return changed();
    }
    ATOLL_ASSIGN(const bool is_safe, is_on_second_copy(version.begin));
    if (!is_safe) {
      ++summary_.not_on_copy;
      return false;
    }
    ATOLL_TRY(folder.remove(name, expected));
    return true;
  }

  static tl::unexpected<Error> changed() {
    return fail(ErrorKind::conflict, "move.changed", "it is not what is stored of it any more; it stays",
                "Run the same command again when nothing writes to it.");
  }

  static bool has_facts_of(const catalog::VersionRow& version, const NodeInfo& info) {
    return version.has_source && static_cast<int>(version.kind) == static_cast<int>(info.kind) &&
           version.modified == info.modified && version.mode == info.mode && version.uid == info.uid &&
           version.gid == info.gid;
  }

  Result<bool> has_content_of(const catalog::VersionRow& version, platform::SourceFile& file) {
    Bytes from_source;
    std::uint64_t offset = 0;
    bool is_same = true;
    const auto read = read_version(vault_->chunks(), version, 0, version.size, [&](ByteView stored) -> Result<bool> {
      if (is_stopped()) return fail(ErrorKind::interrupted, "move.interrupted", "interrupted");
      from_source.resize(stored.size());
      ATOLL_ASSIGN(const std::size_t count, file.read_at(offset, from_source));
      is_same = count == stored.size() && std::ranges::equal(from_source, stored);
      offset += stored.size();
      bytes_compared_ += stored.size();
      if (callbacks_->on_progress) callbacks_->on_progress(bytes_compared_);
      return is_same;
    });
    if (!read) {
      if (read.error().id.starts_with("source.") || read.error().kind == ErrorKind::interrupted)
        return pass(read.error());
      return fail(read.error().kind, "move.not_readable",
                  "it cannot be read back from the vault, so it stays: " + read.error().message, "Run `atoll verify`.");
    }
    return is_same && offset == version.size;
  }

  Result<bool> is_on_second_copy(Lsn lsn) {
    if (!move_->is_on_second_copy) return true;
    if (asked_ != lsn) {  // many files come with one command
      ATOLL_ASSIGN(answer_, move_->is_on_second_copy(lsn));
      asked_ = lsn;
    }
    return answer_;
  }

  Vault* vault_;
  platform::HostTree* host_;
  catalog::BucketRow bucket_;
  const FolderPutOptions* options_;
  const MoveOptions* move_;
  const MoveCallbacks* callbacks_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  PathRules rules_;
  std::uint64_t home_device_ = 0, home_inode_ = 0;
  std::uint64_t bytes_compared_ = 0;
  Lsn asked_;
  bool answer_ = false;
  MoveSummary summary_;
};

}  // namespace

Result<MoveSummary> remove_stored_sources(Vault& vault, platform::HostTree& host, const std::vector<PutSource>& sources,
                                          const std::string& bucket, const FolderPutOptions& options,
                                          const MoveOptions& move, const MoveCallbacks& callbacks) {
  ATOLL_ASSIGN(auto row, Objects(vault).bucket(bucket));
  if (options.on_bucket) options.on_bucket(vault, row);
  return MoveRun(vault, host, std::move(row), options, move, callbacks).run(sources);
}

}  // namespace atl::vault
