#include "edge/remote/remote_tree.h"

#include <algorithm>

#include "edge/remote/internal/tree_state.h"

namespace atl::remote {
namespace {

constexpr std::int64_t kAheadKeptNs = 20'000'000'000;
constexpr std::size_t kFoldersRemembered = 100'000;
constexpr std::size_t kTouchedMax = 10'000;

std::string key_of(const Place& place) {
  std::string key = place.root + '\0';
  for (const std::string& part : place.parts) key += part + '/';
  return key;
}

}  // namespace

Call call_of(CallKind kind, const Place& place, std::string name) {
  Call call;
  call.kind = kind;
  call.place = place;
  if (!name.empty()) call.names.push_back(std::move(name));
  return call;
}

// -- shared state -----------------------------------------------------------------------------------------------------

void ByteBudget::Lease::release() {
  if (budget_ == nullptr) return;
  const std::lock_guard lock(budget_->mutex_);
  budget_->left_ += bytes_;
  budget_->changed_.notify_all();
  budget_ = nullptr;
}

ByteBudget::Lease ByteBudget::take(std::uint64_t bytes) {
  bytes = std::min(bytes, all_);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return left_ >= bytes; });
  left_ -= bytes;
  return {*this, bytes};
}

TargetFolder::TargetFolder(std::optional<Listing> listing) : has_listing_(listing.has_value()) {
  if (!listing) return;
  for (ListedNode& node : listing->nodes) {
    if (node.error) {
      touched_.insert(std::move(node.name));
    } else {
      nodes_.emplace(std::move(node.name), node.info);
    }
  }
}

std::optional<std::optional<platform::NodeInfo>> TargetFolder::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (!has_listing_ || touched_.contains(name)) return std::nullopt;
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return std::optional<platform::NodeInfo>();
  return std::optional<platform::NodeInfo>(found->second);
}

void TargetFolder::touch(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!has_listing_) return;
  nodes_.erase(name);
  touched_.insert(name);
  if (touched_.size() <= kTouchedMax) return;
  has_listing_ = false;
  touched_.clear();
  nodes_.clear();
}

void TreeState::set_chunks(std::shared_ptr<const KnownChunks> chunks) {
  const std::lock_guard lock(mutex_);
  chunks_ = std::move(chunks);
}
std::shared_ptr<const KnownChunks> TreeState::chunks() const {
  const std::lock_guard lock(mutex_);
  return chunks_;
}
std::uint64_t TreeState::next_file() {
  const std::lock_guard lock(mutex_);
  return next_file_++;
}

Result<Listing> TreeState::list(const Place& place) {
  Call call = call_of(CallKind::list, place);
  call.steps = 1;
  ATOLL_ASSIGN(Answer answer, channel.call(call));
  const auto malformed = [] { return fail(ErrorKind::damaged, "remote.malformed", "the list of a folder is none"); };
  if (answer.listings.empty() || !answer.listings.front().parts.empty()) return malformed();
  Listing own = std::move(answer.listings.front());
  while (answer.number != 0) {
    if (own.nodes.empty()) return malformed();
    const std::string last = std::ranges::max_element(own.nodes, {}, &ListedNode::name)->name;
    call.text = last;
    call.steps = 0;
    ATOLL_ASSIGN(answer, channel.call(call));
    if (answer.listings.empty() ||
        std::ranges::any_of(answer.listings.front().nodes, [&](const auto& node) { return node.name <= last; })) {
      return malformed();
    }
    std::ranges::move(answer.listings.front().nodes, std::back_inserter(own.nodes));
  }
  const std::int64_t until_ns = channel.clock().monotonic_ns() + kAheadKeptNs;
  const std::lock_guard lock(mutex_);
  if (ahead_.size() > kFoldersRemembered) ahead_.clear();
  if (listed_.size() > kFoldersRemembered) listed_.clear();
  listed_.insert(key_of(place));
  for (std::size_t i = 1; i < answer.listings.size(); ++i) {
    Listing& one = answer.listings[i];
    Place below = place;
    below.parts.insert(below.parts.end(), one.parts.begin(), one.parts.end());
    ahead_.insert_or_assign(key_of(below), Ahead{std::move(one), until_ns});
  }
  return own;
}

std::optional<Listing> TreeState::take_ahead(const Place& place) {
  const std::lock_guard lock(mutex_);
  auto taken = ahead_.extract(key_of(place));
  if (taken.empty() || taken.mapped().until_ns < channel.clock().monotonic_ns()) return std::nullopt;
  listed_.insert(taken.key());
  return std::move(taken.mapped().listing);
}

bool TreeState::was_listed(const Place& place) const {
  const std::lock_guard lock(mutex_);
  return listed_.contains(key_of(place));
}

Result<std::shared_ptr<TargetFolder>> TreeState::target_folder(const Place& place) {
  const std::string key = key_of(place);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = targets_.find(key); found != targets_.end()) return found->second;
  }
  ATOLL_ASSIGN(Answer answer, channel.call(call_of(CallKind::make_folder, place)));
  std::optional<Listing> listing;
  if (answer.number == 1) listing.emplace();  // new, so there is nothing in it
  if (!answer.listings.empty()) listing = std::move(answer.listings.front());
  const std::lock_guard lock(mutex_);
  if (targets_.size() > kFoldersRemembered) targets_.clear();
  // Another worker may have been faster: what it touched since must not be forgotten.
  return targets_.try_emplace(key, std::make_shared<TargetFolder>(std::move(listing))).first->second;
}

// -- the tree ---------------------------------------------------------------------------------------------------------

RemoteTree::RemoteTree(CallChannel& channel) : state_(std::make_shared<TreeState>(channel)) {}
RemoteTree::~RemoteTree() = default;

Result<void> RemoteTree::share_chunks(std::unique_ptr<vault::Vault> vault, DomainNumber domain) {
  const keyring::DomainKeys* keys = vault->keys().domain(domain);
  if (keys == nullptr) return {};  // whoever stores into it says so
  Call call;
  call.kind = CallKind::keys;
  call.bytes = to_bytes(keys->id_key.view());
  const auto gear = keys->gear_key.view();
  call.bytes.insert(call.bytes.end(), gear.begin(), gear.end());
  auto known = std::make_shared<KnownChunks>();
  known->domain = domain;
  known->id_key = keys->id_key.clone();
  known->vault = std::move(vault);
  const auto told = state_->channel.tell(call);
  codec::wipe(call.bytes);
  if (told) state_->set_chunks(std::move(known));
  return told;
}

void RemoteTree::forget_chunks() { state_->set_chunks(nullptr); }

Result<platform::NodeInfo> RemoteTree::info(const std::string& path) {
  ATOLL_ASSIGN(const Answer answer, state_->channel.call(call_of(CallKind::look, {path, {}})));
  if (!answer.info) return fail(ErrorKind::damaged, "remote.malformed", "a file comes without facts");
  return *answer.info;
}

Result<std::unique_ptr<platform::SourceDirectory>> RemoteTree::open_source(const std::string& path) {
  return make_remote_source(state_, {path, {}}, std::nullopt);
}

Result<std::unique_ptr<platform::TargetDirectory>> RemoteTree::open_target(const std::string& path) {
  const Place place{path, {}};
  ATOLL_ASSIGN(auto folder, state_->target_folder(place));
  return make_remote_target(state_, place, std::move(folder));
}

Result<std::uint64_t> RemoteTree::available_bytes(const std::string& path) {
  ATOLL_ASSIGN(const Answer answer, state_->channel.call(call_of(CallKind::room, {path, {}})));
  return answer.number;
}

}  // namespace atl::remote
