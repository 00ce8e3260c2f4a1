#include "vault/folder/plan.h"

#include <algorithm>

namespace atl::vault {
namespace {

using platform::NodeInfo;
using platform::NodeKind;

constexpr std::size_t kFactsPerPage = 4096;

struct Child {
  std::string name;
  NodeInfo info;
  [[nodiscard]] bool is_folder() const { return info.kind == NodeKind::directory; }
};

// The order of the keys these children get: a folder's key ends with '/'.
bool key_order(const Child& a, const Child& b) {
  const std::size_t common = std::min(a.name.size(), b.name.size());
  const int order = std::char_traits<char>::compare(a.name.data(), b.name.data(), common);
  if (order != 0) return order < 0;
  const auto at = [](const Child& child, std::size_t i) -> int {
    if (i < child.name.size()) return static_cast<unsigned char>(child.name[i]);
    return i == child.name.size() && child.is_folder() ? '/' : -1;
  };
  for (std::size_t i = common;; ++i) {
    const int left = at(a, i);
    const int right = at(b, i);
    if (left != right) return left < right;
    if (left < 0) return false;
  }
}

bool is_same(const FactStream::Facts& known, const NodeInfo& now) {
  if (!known.has_source || static_cast<int>(known.kind) != static_cast<int>(now.kind)) return false;
  // A folder's size is the file system's affair; its times tell when its names changed.
  const bool same_size = now.kind != NodeKind::file || known.size == now.size;
  return same_size && known.modified == now.modified && known.changed == now.changed && known.inode == now.inode &&
         known.mode == now.mode && known.uid == now.uid && known.gid == now.gid;
}

class Walk {
 public:
  Walk(platform::SourceDirectory& root, std::size_t source_index, std::string source_path, std::string key_prefix,
       FactStream& known, const PathRules& rules, const PlanContext& context)
      : root_(&root),
        source_(source_index),
        known_(&known),
        rules_(&rules),
        context_(&context),
        source_path_(std::move(source_path)),
        key_prefix_(std::move(key_prefix)) {}

  Result<PlanTotals> run() {
    auto node = std::make_shared<FolderNode>();
    const auto info = root_->own_info();
    if (!info) {
      report(source_path_, info.error());
      return totals_;
    }
    device_ = info->device;
    ATOLL_TRY(enter(root_, nullptr, node, key_prefix_, "", *info));
    while (!frames_.empty()) {
      if (context_->options->stop != nullptr && context_->options->stop->load()) break;
      Frame& frame = frames_.back();
      if (frame.next == frame.children.size()) {
        ATOLL_TRY(hand_out(frame));
        frames_.pop_back();
        continue;
      }
      ATOLL_TRY(take(frame, frame.children[frame.next++]));
    }
    return totals_;
  }

 private:
  struct Frame {
    platform::SourceDirectory* handle = nullptr;
    std::unique_ptr<platform::SourceDirectory> owned;
    FolderRef folder;
    std::string key_prefix;
    std::string below;  // path below the source: "" or ends with '/'
    std::vector<Child> children;
    std::size_t next = 0;
    PutTask task;
  };

  void report(std::string path, Error error) const { context_->on_problem({std::move(path), std::move(error)}); }
  [[nodiscard]] std::string shown(std::string_view below) const {
    return below.empty() ? source_path_ : platform::join(source_path_, below);
  }

  Result<void> enter(platform::SourceDirectory* handle, std::unique_ptr<platform::SourceDirectory> owned,
                     FolderRef folder, std::string key_prefix, std::string below, const NodeInfo& info) {
    ++totals_.folders;
    Frame frame;
    frame.handle = handle;
    frame.owned = std::move(owned);
    frame.folder = std::move(folder);
    frame.key_prefix = std::move(key_prefix);
    frame.below = std::move(below);
    start_task(frame);
    // The folder's own entry; the bucket's root has the key "./", which no file can have.
    const std::string key = frame.key_prefix.empty() ? "./" : frame.key_prefix;
    ATOLL_ASSIGN(const FactStream::Facts* facts, known_->find(key));
    if (facts == nullptr || forced() || !is_same(*facts, info))
      frame.task.items.push_back({"", info, facts != nullptr});

    const auto names = frame.handle->names();
    if (!names) {
      report(shown(frame.below), names.error());
    } else {
      frame.children.reserve(names->size());
      for (const std::string& name : *names) {
        const auto child = frame.handle->info(name);
        if (!child) {
          report(shown(frame.below + name), child.error());
          continue;
        }
        frame.children.push_back({name, *child});
      }
      std::ranges::sort(frame.children, key_order);
    }
    frames_.push_back(std::move(frame));
    return {};
  }

  void start_task(Frame& frame) const {
    frame.task = {};
    frame.task.source = source_;
    frame.task.folder = frame.folder;
    frame.task.key_prefix = frame.key_prefix;
    frame.task.path = shown(frame.below);
    frame.task.below = frame.below;
  }
  Result<void> hand_out(Frame& frame) const {
    if (frame.task.items.empty()) return {};
    ATOLL_TRY(context_->on_task(std::move(frame.task)));
    start_task(frame);
    return {};
  }

  [[nodiscard]] bool forced() const {
    const FolderPutOptions& options = *context_->options;
    return options.reads_unchanged || !options.tags.empty() || !options.metadata.empty() ||
           !options.metadata_by_path.empty();
  }

  Result<void> take(Frame& frame, Child& child) {
    const std::string below = frame.below + child.name;
    if (!rules_->takes(below, child.is_folder())) {
      ++totals_.excluded;
      return {};
    }
    if (child.is_folder()) {
      if (child.info.inode == context_->home_inode && child.info.device == context_->home_device) return {};
      if (context_->options->one_file_system && child.info.device != device_) return {};
      ATOLL_TRY(hand_out(frame));
      auto opened = frame.handle->open_directory(child.name);
      if (!opened) {
        report(shown(below), opened.error());
        return {};
      }
      platform::SourceDirectory* handle = opened->get();
      // `frame` may move when the stack grows: nothing of it is used after this.
      return enter(handle, std::move(*opened), folder_below(frame.folder, child.name),
                   frame.key_prefix + child.name + "/", below + "/", child.info);
    }
    switch (child.info.kind) {
      case NodeKind::file: break;
      case NodeKind::symlink: ++totals_.links; break;
      default: ++totals_.specials; break;
    }
    ATOLL_ASSIGN(const FactStream::Facts* facts, known_->find(frame.key_prefix + child.name));
    const bool is_file = child.info.kind == NodeKind::file;
    if (facts != nullptr && !forced() && is_same(*facts, child.info)) {
      if (is_file) {
        ++totals_.unchanged_files;
        totals_.unchanged_bytes += child.info.size;
      }
      return {};
    }
    if (is_file) {
      ++totals_.files;
      totals_.bytes += child.info.size;
      frame.task.bytes += child.info.size;
    }
    frame.task.items.push_back({std::move(child.name), child.info, facts != nullptr});
    if (frame.task.items.size() >= kTaskItemsMax || frame.task.bytes >= kTaskBytesMax) return hand_out(frame);
    return {};
  }

  platform::SourceDirectory* root_;
  std::size_t source_;
  FactStream* known_;
  const PathRules* rules_;
  const PlanContext* context_;
  std::string source_path_;
  std::string key_prefix_;
  std::uint64_t device_ = 0;
  PlanTotals totals_;
  std::vector<Frame> frames_;
};

}  // namespace

FactStream::FactStream(catalog::CatalogReader* reader, const BucketId& bucket, std::string prefix)
    : reader_(reader), bucket_(bucket), prefix_(std::move(prefix)), is_last_page_(reader == nullptr) {}

Result<void> FactStream::read_page() {
  page_.clear();
  at_ = 0;
  ATOLL_TRY(
      reader_->scan_source_facts(bucket_, prefix_, after_, [&](const catalog::SourceFacts& facts) -> Result<bool> {
        page_.push_back({std::string(facts.key), facts.kind, facts.has_source, facts.mode, facts.uid, facts.gid,
                         facts.size, facts.modified, facts.changed, facts.device, facts.inode});
        return page_.size() < kFactsPerPage;
      }));
  is_last_page_ = page_.size() < kFactsPerPage;
  if (!page_.empty()) after_ = page_.back().key;
  return {};
}

Result<const FactStream::Facts*> FactStream::find(std::string_view key) {
  for (;;) {
    while (at_ < page_.size() && compare(as_bytes(page_[at_].key), as_bytes(key)) < 0) ++at_;
    if (at_ < page_.size()) return page_[at_].key == key ? &page_[at_] : nullptr;
    if (is_last_page_) return nullptr;
    ATOLL_TRY(read_page());
  }
}

Result<PathRules> PathRules::compile(const std::vector<std::string>& include, const std::vector<std::string>& exclude) {
  PathRules rules;
  for (const auto& [texts, globs] : {std::pair{&include, &rules.include_}, std::pair{&exclude, &rules.exclude_}}) {
    for (const std::string& text : *texts) {
      ATOLL_ASSIGN(auto glob, filter::Glob::compile(text));
      globs->push_back(std::move(glob));
    }
  }
  return rules;
}

bool PathRules::takes(std::string_view path, bool is_folder) const {
  // As in .gitignore: a pattern without '/' means the name at any depth, one with '/' the path below the source.
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto any = [&](const std::vector<filter::Glob>& globs) {
    return std::ranges::any_of(globs, [&](const auto& glob) {
      return glob.matches(glob.pattern().find('/') != std::string::npos ? path : name);
    });
  };
  if (any(exclude_)) return false;
  return is_folder || include_.empty() || any(include_);
}

Result<PlanTotals> plan_folder(platform::SourceDirectory& root, std::size_t source_index,
                               const std::string& source_path, const std::string& key_prefix, FactStream& known,
                               const PathRules& rules, const PlanContext& context) {
  return Walk(root, source_index, source_path, key_prefix, known, rules, context).run();
}

}  // namespace atl::vault
