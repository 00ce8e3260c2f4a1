// The reading side of a remote tree: folders, announced files.
#include <algorithm>
#include <unordered_map>

#include "edge/remote/internal/tree_state.h"

namespace atl::remote {
namespace {

using platform::ExtendedAttributes;
using platform::NodeInfo;
using platform::SourceDirectory;
using platform::SourceFile;

constexpr std::size_t kAnnouncedAtOnce = 256;
constexpr std::uint64_t kCutAheadBytes = 16ULL * 1024 * 1024;
// Files up to here are fetched together with their neighbours.
constexpr std::uint64_t kSmallFileBytes = 1024 * 1024;
constexpr std::uint64_t kFetchedTogetherBytes = 8ULL * 1024 * 1024;

class RemoteSourceDirectory final : public SourceDirectory {
 public:
  RemoteSourceDirectory(std::shared_ptr<TreeState> state, Place place, std::optional<Listing> listing)
      : state_(std::move(state)), place_(std::move(place)), fresh_(std::move(listing)) {}

  Result<std::vector<std::string>> names() override {
    if (!fresh_) {
      ATOLL_ASSIGN(fresh_, state_->list(place_));
    }
    std::vector<std::string> names;
    nodes_.clear();
    names.reserve(fresh_->nodes.size());
    for (ListedNode& node : fresh_->nodes) {
      names.push_back(node.name);
      nodes_.emplace(std::move(node.name), node.error ? Result<NodeInfo>(pass(*node.error)) : node.info);
    }
    fresh_.reset();
    return names;
  }

  Result<NodeInfo> info(const std::string& name) override {
    if (const auto found = nodes_.find(name); found != nodes_.end()) return found->second;
    ATOLL_ASSIGN(const Answer answer, ask(CallKind::look_at, name));
    return info_of(answer);
  }
  Result<NodeInfo> own_info() override {
    ATOLL_ASSIGN(const Answer answer, ask(CallKind::own));
    return info_of(answer);
  }
  Result<ExtendedAttributes> own_attributes() override {
    ATOLL_ASSIGN(Answer answer, ask(CallKind::own));
    return std::move(answer.attributes);
  }
  Result<ExtendedAttributes> attributes(const std::string& name) override {
    // Whoever asked where a link leads got these, too.
    if (last_node_ && last_node_->first == name) {
      auto attributes = std::move(last_node_->second);
      last_node_.reset();
      return attributes;
    }
    ATOLL_ASSIGN(Answer answer, ask(CallKind::node, name));
    return std::move(answer.attributes);
  }
  Result<std::string> read_link(const std::string& name) override {
    ATOLL_ASSIGN(Answer answer, ask(CallKind::node, name));
    last_node_.emplace(name, std::move(answer.attributes));
    return std::move(answer.text);
  }

  Result<std::unique_ptr<SourceFile>> open_file(const std::string& name) override {
    if (auto announced = announced_.extract(name); !announced.empty()) {
      auto fetched = announced_.empty() ? std::exchange(fetched_, nullptr) : fetched_;
      return make_remote_file(state_, place_, name, std::move(announced.mapped()), std::move(fetched));
    }
    Call call = call_of(CallKind::open, place_, name);
    call.size = kCutAheadBytes;
    ATOLL_ASSIGN(Answer answer, state_->channel.call(call));
    if (answer.files.size() != 1) return fail(ErrorKind::damaged, "remote.malformed", "a file comes without facts");
    return make_remote_file(state_, place_, name, std::move(answer.files.front()), nullptr);
  }

  Result<std::unique_ptr<SourceDirectory>> open_directory(const std::string& name) override {
    Place below = place_;
    below.parts.push_back(name);
    auto listing = state_->take_ahead(below);
    // Who opens a folder for the first time wants to know whether it can be read.
    if (!listing && !state_->was_listed(below)) {
      ATOLL_ASSIGN(listing, state_->list(below));
    }
    return make_remote_source(state_, std::move(below), std::move(listing));
  }

  void announce(const std::vector<std::string>& names) override {
    announced_.clear();
    fetched_.reset();
    if (names.size() < 2) return;
    for (std::size_t at = 0; at < names.size() && at < kAnnouncedAtOnce;) {
      Call call = call_of(CallKind::open, place_);
      call.size = kCutAheadBytes;
      call.names.assign(names.begin() + static_cast<std::ptrdiff_t>(at),
                        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), at + kAnnouncedAtOnce)));
      auto answer = state_->channel.call(call);
      if (!answer || answer->files.empty() || answer->files.size() > call.names.size()) return;
      for (FileFacts& facts : answer->files) announced_.emplace(names[at++], std::move(facts));
    }
    if (const auto chunks = state_->chunks(); chunks) fetch_small(*chunks);
  }

  Result<void> remove(const std::string& name, const NodeInfo& expected) override {
    Call call = call_of(CallKind::remove, place_, name);
    call.info = expected;
    ATOLL_TRY(state_->channel.call(call));
    return {};
  }
  Result<bool> remove_empty_folder(const std::string& name) override {
    ATOLL_ASSIGN(const Answer answer, ask(CallKind::remove_folder, name));
    return answer.number == 1;
  }

 private:
  Result<Answer> ask(CallKind kind, const std::string& name = {}) const {
    return state_->channel.call(call_of(kind, place_, name));
  }
  static Result<NodeInfo> info_of(const Answer& answer) {
    if (!answer.info) return fail(ErrorKind::damaged, "remote.malformed", "a file comes without facts");
    return *answer.info;
  }

  // What the store lacks of announced small files, together. A file of which this fails is asked for by itself.
  void fetch_small(const KnownChunks& known) {
    std::vector<WantedChunk> wanted;
    std::set<ChunkId> seen;
    std::uint64_t bytes = 0;
    for (const auto& [name, facts] : announced_) {
      if (facts.error || facts.info.size > kSmallFileBytes) continue;
      std::uint64_t begin = 0;
      for (const Piece& piece : facts.pieces) {
        const auto is_there = known.vault->chunks().contains(piece.id);
        if (is_there && !*is_there && bytes + piece.length <= kFetchedTogetherBytes && seen.insert(piece.id).second) {
          wanted.push_back({name, parts_of_stream(facts.extents, begin, piece.length), piece});
          bytes += piece.length;
        }
        begin += piece.length;
      }
    }
    if (wanted.empty()) return;
    auto fetched = std::make_shared<FetchedChunks>();
    fetched->lease = state_->announced.take(bytes);
    std::map<std::string, NodeInfo> after;
    ignore_error_on_purpose(fetch_chunks(*state_, place_, known, wanted, *fetched, after));
    for (const auto& [name, info] : after) announced_.at(name).after = info;
    fetched_ = std::move(fetched);
  }

  std::shared_ptr<TreeState> state_;
  Place place_;
  std::optional<Listing> fresh_;  // not given out yet
  std::unordered_map<std::string, Result<NodeInfo>> nodes_;
  std::optional<std::pair<std::string, ExtendedAttributes>> last_node_;
  std::map<std::string, FileFacts> announced_;
  std::shared_ptr<FetchedChunks> fetched_;
};

}  // namespace

std::unique_ptr<SourceDirectory> make_remote_source(std::shared_ptr<TreeState> state, Place place,
                                                    std::optional<Listing> listing) {
  return std::make_unique<RemoteSourceDirectory>(std::move(state), std::move(place), std::move(listing));
}

}  // namespace atl::remote
