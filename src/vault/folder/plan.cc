#include "vault/folder/plan.h"

#include <algorithm>
#include <optional>

namespace atl::vault {
namespace {

using platform::NodeInfo;
using platform::NodeKind;

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

bool is_same_but_for_changed(const FactStream::Facts& known, const NodeInfo& now) {
  if (!known.has_source || static_cast<int>(known.kind) != static_cast<int>(now.kind)) return false;
  // A folder's size is the file system's affair; its times tell when its names changed.
  const bool same_size = now.kind != NodeKind::file || known.size == now.size;
  return same_size && known.modified == now.modified && known.inode == now.inode && known.mode == now.mode &&
         known.uid == now.uid && known.gid == now.gid;
}

bool is_same(const FactStream::Facts& known, const NodeInfo& now) {
  return known.changed == now.changed && is_same_but_for_changed(known, now);
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
    const bool is_whole = context_->options->scope == nullptr;
    ATOLL_TRY(enter(root_, nullptr, node, key_prefix_, "", *info, is_whole ? Look::whole : look_of("")));
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
  // What is looked at in a folder: everything below it; its own names, and below it what the scope says; only the way
  // to what the scope names.
  enum class Look : std::uint8_t { whole, names, way };
  struct Frame {
    Look look = Look::whole;
    std::uint64_t device = 0;
    std::optional<std::uint64_t> stored_device;
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

  [[nodiscard]] Look look_of(const std::string& below) const {
    const PutScope& scope = *context_->options->scope;
    const auto found = scope.find(below);
    if (found == scope.end()) return Look::way;
    return found->second ? Look::whole : Look::names;
  }
  [[nodiscard]] bool is_on_the_way(const std::string& below) const {
    const PutScope& scope = *context_->options->scope;
    const auto found = scope.lower_bound(below);
    return found != scope.end() && found->first.starts_with(below);
  }

  Result<void> enter(platform::SourceDirectory* handle, std::unique_ptr<platform::SourceDirectory> owned,
                     FolderRef folder, std::string key_prefix, std::string below, const NodeInfo& info, Look look) {
    Frame frame;
    frame.look = look;
    frame.device = info.device;
    frame.handle = handle;
    frame.owned = std::move(owned);
    frame.folder = std::move(folder);
    frame.key_prefix = std::move(key_prefix);
    frame.below = std::move(below);
    start_task(frame);
    // The folder's own entry; the bucket's root has the key "./", which no file can have.
    const std::string key = frame.key_prefix.empty() ? "./" : frame.key_prefix;
    ATOLL_ASSIGN(const FactStream::Facts* facts, known_->find(key));
    if (facts != nullptr && facts->has_source) frame.stored_device = facts->device;
    if (look == Look::way) {
      add_children_on_the_way(frame);
      frames_.push_back(std::move(frame));
      return {};
    }
    const auto names = frame.handle->names();
    if (context_->options->keeps_unmounted && names && names->empty() && is_unmounted(facts, info)) {
      report(shown(frame.below), {ErrorKind::failed, "source.unmounted",
                                  "another disk was mounted here when it was stored, and now it is empty",
                                  "Mount it again. What the bucket holds of it stays."});
      return {};
    }
    ++totals_.folders;
    if (facts == nullptr || forced() || !is_same(*facts, info))
      frame.task.items.push_back({"", info, facts != nullptr});
    if (!names) {
      report(shown(frame.below), names.error());
    } else {
      frame.children.reserve(names->size());
      for (const std::string& name : *names) add_child(frame, name);
      std::ranges::sort(frame.children, key_order);
    }
    frames_.push_back(std::move(frame));
    return {};
  }

  // Stored as the root of another file system than its parent's, and now an ordinary folder of its parent's.
  [[nodiscard]] bool is_unmounted(const FactStream::Facts* facts, const NodeInfo& info) const {
    if (facts == nullptr || !facts->has_source || frames_.empty()) return false;
    const Frame& parent = frames_.back();
    return parent.stored_device && facts->device != *parent.stored_device && facts->inode != info.inode &&
           info.device == parent.device;
  }

  void add_child(Frame& frame, const std::string& name) const {
    const auto child = frame.handle->info(name);
    if (!child) {
      report(shown(frame.below + name), child.error());
    } else {
      frame.children.push_back({name, *child});
    }
  }

  void add_children_on_the_way(Frame& frame) const {
    const PutScope& scope = *context_->options->scope;
    for (auto at = scope.lower_bound(frame.below); at != scope.end() && at->first.starts_with(frame.below);) {
      const std::string name =
          at->first.substr(frame.below.size(), at->first.find('/', frame.below.size()) - frame.below.size());
      // What is gone by now is its parent folder's news.
      if (const auto child = frame.handle->info(name); child && child->kind == NodeKind::directory)
        frame.children.push_back({name, *child});
      const std::string done = frame.below + name + "/";
      while (at != scope.end() && at->first.starts_with(done)) ++at;
    }
    std::ranges::sort(frame.children, key_order);
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
      Look look = frame.look;
      if (look != Look::whole) {
        ATOLL_ASSIGN(const FactStream::Facts* facts, known_->find(frame.key_prefix + child.name + "/"));
        if (is_on_the_way(below + "/")) {
          look = look_of(below + "/");
        } else if (facts == nullptr) {
          look = Look::whole;
        } else {
          return {};
        }
      }
      ATOLL_TRY(hand_out(frame));
      auto opened = frame.handle->open_directory(child.name);
      if (!opened) {
        report(shown(below), opened.error());
        return {};
      }
      platform::SourceDirectory* handle = opened->get();
      // `frame` may move when the stack grows: nothing of it is used after this.
      return enter(handle, std::move(*opened), folder_below(frame.folder, child.name),
                   frame.key_prefix + child.name + "/", below + "/", child.info, look);
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
    if (is_file && context_->options->is_held_back &&
        context_->options->is_held_back(
            {below, child.info,
             facts != nullptr && facts->changed == FileTime{} && is_same_but_for_changed(*facts, child.info)})) {
      ++totals_.held_back;
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
