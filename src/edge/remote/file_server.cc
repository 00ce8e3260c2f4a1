#include "edge/remote/file_server.h"

#include <algorithm>

#include "foundation/base/units.h"
#include "foundation/codec/hash.h"
#include "vault/object/content.h"

namespace atl::remote {
namespace {

using platform::Extent;
using platform::NodeInfo;
using platform::NodeKind;
using platform::SourceDirectory;
using platform::SourceFile;
using platform::TargetDirectory;

constexpr std::size_t kNameBytesMax = 255;
constexpr std::string_view kPartialEnding = ".atoll-part";
constexpr std::size_t kListedNodesMax = 20'000;
constexpr std::size_t kLookAheadNodesMax = 4'000;
constexpr std::size_t kLookAheadFoldersMax = 500;
constexpr std::int64_t kLookAheadNs = 200'000'000;
constexpr std::size_t kTargetNodesMax = 10'000;
constexpr std::size_t kOpenFilesMax = 1'000;
constexpr std::size_t kAnswerBytesWanted = 8 * kMiB;
// So that a folder that was replaced by another of its name is seen.
constexpr std::int64_t kHandlesKeptNs = 1'000'000'000;

std::string without_last_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}
std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string folder_of(const std::string& path) {
  std::string parent = platform::parent_of(path);
  return parent.empty() ? "." : parent;
}

// A chain of open folders of one tree.
template <class Directory>
class Chain {
 public:
  template <class OpenRoot>
  Result<Directory*> at(const Place& place, std::int64_t now_ns, const OpenRoot& open_root) {
    if (!root_ || root_path_ != place.root || now_ns - opened_ns_ > kHandlesKeptNs) {
      open_.clear();
      root_.reset();
      ATOLL_ASSIGN(root_, open_root(place.root));
      root_path_ = place.root;
      opened_ns_ = now_ns;
    }
    std::size_t same = 0;
    while (same < open_.size() && same < place.parts.size() && open_[same].first == place.parts[same]) ++same;
    open_.resize(same);
    for (; same < place.parts.size(); ++same) {
      Directory* parent = open_.empty() ? root_.get() : open_.back().second.get();
      ATOLL_ASSIGN(auto handle, parent->open_directory(place.parts[same]));
      open_.emplace_back(place.parts[same], std::move(handle));
    }
    return open_.empty() ? root_.get() : open_.back().second.get();
  }

 private:
  std::string root_path_;
  std::int64_t opened_ns_ = 0;
  std::unique_ptr<Directory> root_;
  std::vector<std::pair<std::string, std::unique_ptr<Directory>>> open_;
};

tl::unexpected<Error> changed_meanwhile() {
  return fail(ErrorKind::conflict, "source.changed", "it changed while it was read",
              "Put it again when nothing writes to it.");
}

// The order of the keys that these names get.
bool comes_before(const ListedNode& a, const ListedNode& b) {
  const auto key = [](const ListedNode& node) {
    return !node.error && node.info.kind == NodeKind::directory ? node.name + "/" : node.name;
  };
  return compare(as_bytes(key(a)), as_bytes(key(b))) < 0;
}

Listing list_folder(SourceDirectory& folder, std::vector<std::string> parts, const std::string& after,
                    std::size_t nodes_max, bool& has_more) {
  Listing listing;
  listing.parts = std::move(parts);
  auto names = folder.names();
  if (!names) {
    listing.error = names.error();
    return listing;
  }
  if (!after.empty()) std::erase_if(*names, [&](const std::string& name) { return name <= after; });
  has_more = names->size() > nodes_max;
  if (has_more) {
    std::ranges::sort(*names);
    names->resize(nodes_max);
  }
  for (std::string& name : *names) {
    ListedNode node;
    auto info = folder.info(name);
    node.name = std::move(name);
    if (info) {
      node.info = *info;
    } else {
      node.error = info.error();
    }
    listing.nodes.push_back(std::move(node));
  }
  return listing;
}

// The bytes of the extents, one after the other.
class ExtentReader {
 public:
  ExtentReader(SourceFile& file, const std::vector<Extent>& extents) : file_(&file), extents_(&extents) {}
  [[nodiscard]] bool is_at_end() const { return next_ == extents_->size(); }
  [[nodiscard]] Result<std::size_t> read(ByteSpan out) {
    std::size_t done = 0;
    while (done < out.size() && !is_at_end()) {
      const Extent& extent = (*extents_)[next_];
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size() - done, extent.length - within_));
      ATOLL_ASSIGN(const std::size_t got, file_->read_at(extent.offset + within_, out.subspan(done, count)));
      if (got < count) return changed_meanwhile();  // it became shorter
      done += count;
      within_ += count;
      if (within_ == extent.length) {
        ++next_;
        within_ = 0;
      }
    }
    return done;
  }

 private:
  SourceFile* file_;
  const std::vector<Extent>* extents_;
  std::size_t next_ = 0;
  std::uint64_t within_ = 0;
};

}  // namespace

std::string partial_name(std::string_view name) {
  return std::string(name.substr(0, kNameBytesMax - kPartialEnding.size())) + std::string(kPartialEnding);
}

struct FileServer::Handles::State {
  Chain<SourceDirectory> sources;
  Chain<TargetDirectory> targets;
  Buffer window;
};
FileServer::Handles::Handles() : state_(std::make_unique<State>()) {}
FileServer::Handles::~Handles() = default;

FileServer::FileServer(platform::HostTree& host, platform::Machine machine, std::vector<NamedPath> paths)
    : host_(&host), machine_(machine), paths_(std::move(paths)) {
  for (NamedPath& named : paths_) named.path = without_last_slashes(std::move(named.path));
}
FileServer::~FileServer() = default;

Answer FileServer::answer(Call call, Handles& handles) {
  settle(call.place);
  settle(call.other);
  const auto allowed = check(call);
  auto answer = allowed ? dispatch(call, *handles.state_) : Result<Answer>(pass(allowed.error()));
  if (answer) return std::move(*answer);
  Answer refused;
  refused.error = std::move(answer).error();
  return refused;
}

// -- what may be touched ----------------------------------------------------------------------------------------------

void FileServer::settle(Place& place) const {
  place.root = without_last_slashes(std::move(place.root));
  for (const NamedPath& named : paths_) {
    if (place.root == named.path) return;
  }
  for (const NamedPath& named : paths_) {
    const std::string above = named.path == "/" ? named.path : named.path + "/";
    if (!place.root.starts_with(above)) continue;
    std::vector<std::string> parts;
    for (std::size_t at = above.size(); at < place.root.size();) {
      const std::size_t end = std::min(place.root.find('/', at), place.root.size());
      if (end > at) parts.push_back(place.root.substr(at, end - at));
      at = end + 1;
    }
    parts.insert(parts.end(), place.parts.begin(), place.parts.end());
    place = {named.path, std::move(parts)};
    return;
  }
}

bool FileServer::is_named(const Call& call, const NamedPath& named) const {
  using Use = NamedPath::Use;
  const bool is_whole_path = call.place.root == named.path;
  const std::string name = last_name(named.path);
  // The one file that was named, by its name in its folder.
  const bool is_in_its_folder = call.place.root == folder_of(named.path) && call.place.parts.empty();
  const auto all_names_are = [&](const auto& allowed) {
    return std::ranges::all_of(call.names, allowed) &&
           std::ranges::all_of(call.ranges, [&](const Range& range) { return allowed(range.name); }) &&
           !(call.names.empty() && call.ranges.empty());
  };
  const bool is_that_file = is_in_its_folder && all_names_are([&](const std::string& one) { return one == name; });
  const bool is_read = named.use == Use::read || named.use == Use::move;
  const bool is_written = named.use == Use::write;
  switch (call.kind) {
    case CallKind::look: return is_whole_path;
    case CallKind::room: return is_whole_path || (named.use == Use::write_file && is_in_its_folder);
    case CallKind::list:
    case CallKind::own: return is_read && is_whole_path;
    case CallKind::whole: return is_read && is_whole_path && call.place.parts.empty();
    case CallKind::look_at:
    case CallKind::node:
    case CallKind::open:
    case CallKind::cut:
    case CallKind::bytes: return is_read && (is_whole_path || is_that_file);
    case CallKind::remove: return named.use == Use::move && (is_whole_path || is_that_file);
    case CallKind::remove_folder: return named.use == Use::move && is_whole_path;
    case CallKind::keys: return is_read;
    case CallKind::make_folder:
      return (is_written && is_whole_path) || (named.use == Use::write_file && is_in_its_folder);
    case CallKind::hard_link: return is_written && is_whole_path && call.other.root == named.path;
    case CallKind::symlink:
    case CallKind::special:
    case CallKind::apply:
    case CallKind::apply_own: return is_written && is_whole_path;
    case CallKind::look_target:
    case CallKind::put_file:
    case CallKind::rename:
    case CallKind::remove_target:
      if (is_written) return is_whole_path;
      return named.use == Use::write_file && is_in_its_folder &&
             all_names_are([&](const std::string& one) { return one == name || one == partial_name(name); }) &&
             (call.kind != CallKind::rename || call.text == name);
  }
  return false;
}

Result<void> FileServer::check(const Call& call) const {
  // A file that is open already was named when it was created.
  if (call.kind == CallKind::put_file && (call.steps & kPutCreate) == 0) return {};
  if (std::ranges::any_of(paths_, [&](const NamedPath& named) { return is_named(call, named); })) return {};
  return fail(ErrorKind::denied, "remote.not_named",
              "the server asks for " + platform::join(call.place.root, call.names.empty() ? "" : call.names.front()) +
                  ", which the command does not name",
              "Nothing of it was touched.");
}

// -- answers ----------------------------------------------------------------------------------------------------------

Result<Answer> FileServer::dispatch(const Call& call, Handles::State& handles) {
  const std::int64_t now_ns = machine_.clock.monotonic_ns();
  const auto source = [&] {
    return handles.sources.at(call.place, now_ns, [&](const std::string& root) { return host_->open_source(root); });
  };
  const auto target = [&] {
    return handles.targets.at(call.place, now_ns, [&](const std::string& root) { return host_->open_target(root); });
  };
  const std::string name = call.names.empty() ? "" : call.names.front();
  Answer answer;
  switch (call.kind) {
    case CallKind::look: {
      if (call.place.parts.empty()) {
        ATOLL_ASSIGN(answer.info, host_->info(call.place.root));
        return answer;
      }
      Place above = call.place;
      above.parts.pop_back();
      ATOLL_ASSIGN(auto* const folder, handles.sources.at(above, now_ns, [&](const std::string& root) {
        return host_->open_source(root);
      }));
      ATOLL_ASSIGN(answer.info, folder->info(call.place.parts.back()));
      return answer;
    }
    case CallKind::room: {
      ATOLL_ASSIGN(answer.number, host_->available_bytes(call.place.root));
      return answer;
    }
    case CallKind::look_at: {
      ATOLL_ASSIGN(auto* const folder, source());
      ATOLL_ASSIGN(answer.info, folder->info(name));
      return answer;
    }
    case CallKind::own: {
      ATOLL_ASSIGN(auto* const folder, source());
      ATOLL_ASSIGN(answer.info, folder->own_info());
      ATOLL_ASSIGN(answer.attributes, folder->own_attributes());
      return answer;
    }
    case CallKind::node: {
      ATOLL_ASSIGN(auto* const folder, source());
      ATOLL_ASSIGN(const NodeInfo info, folder->info(name));
      if (info.kind == NodeKind::symlink) {
        ATOLL_ASSIGN(answer.text, folder->read_link(name));
      }
      ATOLL_ASSIGN(answer.attributes, folder->attributes(name));
      return answer;
    }
    case CallKind::remove: {
      ATOLL_ASSIGN(auto* const folder, source());
      ATOLL_TRY(folder->remove(name, call.info));
      return answer;
    }
    case CallKind::remove_folder: {
      ATOLL_ASSIGN(auto* const folder, source());
      ATOLL_ASSIGN(const bool is_gone, folder->remove_empty_folder(name));
      answer.number = is_gone ? 1 : 0;
      return answer;
    }
    case CallKind::look_target: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_ASSIGN(answer.info, folder->info(name));
      return answer;
    }
    case CallKind::symlink: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_TRY(folder->create_symlink(name, call.text));
      return answer;
    }
    case CallKind::special: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_TRY(folder->create_special(name, call.info));
      return answer;
    }
    case CallKind::hard_link: {
      if (call.names.size() != 2) break;
      // The chain moves on with the second place: the first folder is opened by itself.
      Chain<TargetDirectory> to_chain;
      ATOLL_ASSIGN(auto* const to,
                   to_chain.at(call.place, now_ns, [&](const std::string& root) { return host_->open_target(root); }));
      ATOLL_ASSIGN(auto* const from, handles.targets.at(call.other, now_ns, [&](const std::string& root) {
        return host_->open_target(root);
      }));
      ATOLL_TRY(to->create_hard_link(name, *from, call.names[1]));
      return answer;
    }
    case CallKind::rename: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_TRY(folder->rename(name, call.text));
      return answer;
    }
    case CallKind::remove_target: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_TRY(folder->remove(name));
      return answer;
    }
    case CallKind::apply: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_ASSIGN(answer.words, folder->apply(name, call.info, call.attributes));
      return answer;
    }
    case CallKind::apply_own: {
      ATOLL_ASSIGN(auto* const folder, target());
      ATOLL_ASSIGN(answer.words, folder->apply_own(call.info, call.attributes));
      return answer;
    }
    case CallKind::list: return list(call, handles);
    case CallKind::open: return open(call, handles);
    case CallKind::cut: return cut(call, handles);
    case CallKind::bytes: return bytes(call, handles);
    case CallKind::make_folder: return make_folder(call, handles);
    case CallKind::put_file: return put_file(call, handles);
    case CallKind::whole: return whole(call);
    case CallKind::keys: ATOLL_TRY(set_keys(call)); return answer;
  }
  return fail(ErrorKind::unsupported, "remote.unknown_call", "the server asks for what this program does not know",
              "Use programs of the same version on both machines.");
}

Result<Answer> FileServer::list(const Call& call, Handles::State& handles) {
  const std::int64_t begun_ns = machine_.clock.monotonic_ns();
  const auto open_root = [&](const std::string& root) { return host_->open_source(root); };
  ATOLL_ASSIGN(auto* const folder, handles.sources.at(call.place, begun_ns, open_root));
  Answer answer;
  bool has_more = false;
  answer.listings.push_back(list_folder(*folder, {}, call.text, kListedNodesMax, has_more));
  if (answer.listings.front().error) return pass(*answer.listings.front().error);
  answer.number = has_more ? 1 : 0;
  if (has_more || call.steps == 0) return answer;
  // What the walk will ask for next. Other file systems are left to it: looking there may mount something.
  ATOLL_ASSIGN(const NodeInfo own, folder->own_info());
  std::vector<std::vector<std::string>> waiting;
  const auto add_folders = [&](const Listing& listing) {
    std::vector<const ListedNode*> folders;
    for (const ListedNode& node : listing.nodes) {
      if (!node.error && node.info.kind == NodeKind::directory && node.info.device == own.device)
        folders.push_back(&node);
    }
    std::ranges::sort(folders, [](const auto* a, const auto* b) { return comes_before(*b, *a); });
    for (const ListedNode* one : folders) {
      auto parts = listing.parts;
      parts.push_back(one->name);
      waiting.push_back(std::move(parts));
    }
  };
  add_folders(answer.listings.front());
  std::size_t nodes = answer.listings.front().nodes.size();
  while (!waiting.empty() && nodes < kLookAheadNodesMax && answer.listings.size() < kLookAheadFoldersMax &&
         machine_.clock.monotonic_ns() - begun_ns < kLookAheadNs) {
    Place below = call.place;
    auto parts = std::move(waiting.back());
    waiting.pop_back();
    below.parts.insert(below.parts.end(), parts.begin(), parts.end());
    const auto next = handles.sources.at(below, begun_ns, open_root);
    if (!next) continue;  // the walk asks, and hears why
    bool is_too_long = false;
    Listing listing = list_folder(**next, std::move(parts), "", kLookAheadNodesMax, is_too_long);
    if (listing.error || is_too_long) continue;
    nodes += listing.nodes.size();
    add_folders(listing);
    answer.listings.push_back(std::move(listing));
  }
  return answer;
}

namespace {

struct CutRequest {
  const std::vector<Extent>* extents;
  codec::CutterNumber cutter;
  bool is_from_beginning;
};

// Chunks of what the extents hold, until that many bytes are in them.
Result<std::vector<Piece>> cut_extents(SourceFile& file, const CutRequest& request, const codec::SecretKey& id_key,
                                       const codec::GearTable& gear, std::uint64_t bytes_wanted, Buffer& window) {
  const codec::Cutter cutter(request.cutter, gear);
  const std::size_t window_bytes = std::max<std::size_t>(kMiB, 2 * std::size_t{cutter.limits().max_bytes});
  if (window.capacity() < window_bytes) window = Buffer(window_bytes);
  window.resize(window_bytes);
  std::vector<Piece> pieces;
  std::uint64_t described = 0;
  ExtentReader reader(file, *request.extents);
  std::size_t filled = 0;
  const auto add = [&](ByteView chunk) -> Result<bool> {
    pieces.push_back({ChunkId{codec::blake3_keyed(id_key, chunk)}, static_cast<std::uint32_t>(chunk.size())});
    described += chunk.size();
    return described < bytes_wanted;
  };
  while (described < bytes_wanted) {
    ATOLL_ASSIGN(const std::size_t count, reader.read(window.span().subspan(filled)));
    filled += count;
    const bool is_end = reader.is_at_end();
    const ByteView held = window.view().first(filled);
    if (is_end && request.is_from_beginning && pieces.empty() && filled <= vault::kWholeContentBytesMax) {
      if (filled > 0) ATOLL_TRY(add(held));
      break;
    }
    ATOLL_ASSIGN(const std::size_t used, vault::cut_window(held, cutter, is_end, add));
    std::copy(window.data() + used, window.data() + filled, window.data());
    filled -= used;
    if (is_end && filled == 0) break;
  }
  return pieces;
}

Result<codec::CutterNumber> cutter_of(SourceFile& file, const std::string& name, std::uint64_t size) {
  Bytes first;
  if (vault::wants_first_bytes(size, name)) {
    first.resize(vault::kFirstBytesLookedAt);
    ATOLL_ASSIGN(const std::size_t count, file.read_at(0, first));
    first.resize(count);
  }
  return vault::choose_cutter(size, name, first);
}

}  // namespace

Result<FileFacts> FileServer::look_into(SourceDirectory& folder, const std::string& name, const Keys* keys,
                                        std::uint64_t& bytes_left, Handles::State& handles) const {
  FileFacts facts;
  ATOLL_ASSIGN(const auto file, folder.open_file(name));
  ATOLL_ASSIGN(facts.info, file->info());
  if (facts.info.allocated_bytes < facts.info.size) {
    ATOLL_ASSIGN(facts.extents, file->data_extents(facts.info.size));
  } else if (facts.info.size > 0) {
    facts.extents = {{0, facts.info.size}};
  }
  if (auto attributes = file->attributes(); attributes) {
    facts.attributes = std::move(*attributes);
  } else {
    facts.attributes_error = attributes.error();
  }
  facts.after = facts.info;
  if (keys == nullptr || bytes_left == 0) return facts;
  ATOLL_ASSIGN(const auto cutter, cutter_of(*file, name, facts.info.size));
  ATOLL_ASSIGN(facts.pieces, cut_extents(*file, {&facts.extents, cutter, true}, keys->id_key, keys->gear, bytes_left,
                                         handles.window));
  for (const Piece& piece : facts.pieces) bytes_left -= std::min<std::uint64_t>(bytes_left, piece.length);
  ATOLL_ASSIGN(facts.after, file->info());
  return facts;
}

Result<Answer> FileServer::open(const Call& call, Handles::State& handles) {
  ATOLL_ASSIGN(auto* const folder,
               handles.sources.at(call.place, machine_.clock.monotonic_ns(),
                                  [&](const std::string& root) { return host_->open_source(root); }));
  const auto keys = this->keys();
  Answer answer;
  std::uint64_t bytes_left = call.size;
  std::size_t held = 0;
  for (const std::string& name : call.names) {
    auto facts = look_into(*folder, name, keys.get(), bytes_left, handles);
    FileFacts one;
    if (facts) {
      one = std::move(*facts);
    } else {
      one.error = facts.error();
    }
    held += 512 + one.pieces.size() * sizeof(Piece) + one.extents.size() * sizeof(Extent);
    for (const auto& [attribute, value] : one.attributes) held += attribute.size() + value.size();
    answer.files.push_back(std::move(one));
    if (held > kAnswerBytesWanted) break;  // the others are asked for again
  }
  return answer;
}

Result<Answer> FileServer::cut(const Call& call, Handles::State& handles) {
  const auto keys = this->keys();
  if (keys == nullptr || call.names.size() != 1)
    return fail(ErrorKind::usage, "remote.malformed", "the server asks for chunks in a way that has no meaning");
  ATOLL_ASSIGN(auto* const folder,
               handles.sources.at(call.place, machine_.clock.monotonic_ns(),
                                  [&](const std::string& root) { return host_->open_source(root); }));
  ATOLL_ASSIGN(const auto file, folder->open_file(call.names.front()));
  FileFacts facts;
  ATOLL_ASSIGN(facts.info, file->info());
  ATOLL_ASSIGN(const auto cutter, cutter_of(*file, call.names.front(), facts.info.size));
  ATOLL_ASSIGN(facts.pieces, cut_extents(*file, {&call.extents, cutter, call.offset == 0}, keys->id_key, keys->gear,
                                         std::min<std::uint64_t>(call.size, 256 * kMiB), handles.window));
  ATOLL_ASSIGN(facts.after, file->info());
  Answer answer;
  answer.files.push_back(std::move(facts));
  return answer;
}

Result<Answer> FileServer::bytes(const Call& call, Handles::State& handles) {
  std::uint64_t wanted = 0;
  for (const Range& range : call.ranges) {
    if (range.length > kContentBytesMax) wanted = kContentBytesMax;
    wanted += range.length;
    if (wanted > kContentBytesMax)
      return fail(ErrorKind::limit, "remote.too_much", "the server asks for more content at once than is given");
  }
  ATOLL_ASSIGN(auto* const folder,
               handles.sources.at(call.place, machine_.clock.monotonic_ns(),
                                  [&](const std::string& root) { return host_->open_source(root); }));
  Answer answer;
  answer.bytes.resize(static_cast<std::size_t>(wanted));
  std::size_t at = 0;
  std::unique_ptr<SourceFile> file;
  for (std::size_t i = 0; i < call.ranges.size(); ++i) {
    const Range& range = call.ranges[i];
    if (i == 0 || range.name != call.ranges[i - 1].name) {
      ATOLL_ASSIGN(file, folder->open_file(range.name));
      ATOLL_ASSIGN(const NodeInfo info, file->info());
      answer.files.emplace_back().info = info;
    }
    const ByteSpan space = std::span(answer.bytes).subspan(at, static_cast<std::size_t>(range.length));
    ATOLL_ASSIGN(const std::size_t count, file->read_at(range.offset, space));
    if (count < space.size()) return changed_meanwhile();
    at += count;
    ATOLL_ASSIGN(answer.files.back().after, file->info());
  }
  return answer;
}

Result<Answer> FileServer::make_folder(const Call& call, Handles::State& handles) {
  const std::int64_t now_ns = machine_.clock.monotonic_ns();
  const auto open_root = [&](const std::string& root) { return host_->open_target(root); };
  Answer answer;
  if (call.place.parts.empty()) {
    answer.number = host_->info(call.place.root) ? 0 : 1;
  } else {
    Place above = call.place;
    above.parts.pop_back();
    ATOLL_ASSIGN(auto* const parent, handles.targets.at(above, now_ns, open_root));
    ATOLL_ASSIGN(const auto there, parent->info(call.place.parts.back()));
    answer.number = there ? 0 : 1;
  }
  ATOLL_TRY(handles.targets.at(call.place, now_ns, open_root));
  // Where one file is written the names beside it are nobody's business.
  const bool is_tree = std::ranges::any_of(paths_, [&](const NamedPath& named) {
    return named.use == NamedPath::Use::write && named.path == call.place.root;
  });
  if (answer.number == 1 || !is_tree) return answer;
  const auto source =
      handles.sources.at(call.place, now_ns, [&](const std::string& root) { return host_->open_source(root); });
  if (!source) return answer;  // it cannot be listed, but perhaps written
  bool is_too_long = false;
  Listing listing = list_folder(**source, {}, "", kTargetNodesMax, is_too_long);
  if (!listing.error && !is_too_long) answer.listings.push_back(std::move(listing));
  return answer;
}

Result<Answer> FileServer::put_file(const Call& call, Handles::State& handles) {
  Answer answer;
  std::shared_ptr<OpenFile> open;
  if ((call.steps & kPutCreate) != 0) {
    if (call.names.size() != 1) return fail(ErrorKind::usage, "remote.malformed", "one file is created at a time");
    ATOLL_ASSIGN(auto* const folder,
                 handles.targets.at(call.place, machine_.clock.monotonic_ns(),
                                    [&](const std::string& root) { return host_->open_target(root); }));
    open = std::make_shared<OpenFile>();
    ATOLL_ASSIGN(open->file, folder->create_file(call.names.front()));
    if ((call.steps & kPutClose) == 0) {
      const std::lock_guard lock(mutex_);
      if (open_.size() >= kOpenFilesMax)
        return fail(ErrorKind::limit, "remote.too_many_open", "the server holds too many files open");
      open_[call.file] = open;
    }
  } else {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(call.file);
    if (found == open_.end())
      return fail(ErrorKind::usage, "remote.malformed", "the server writes to a file that is not open");
    open = found->second;
    if ((call.steps & kPutClose) != 0) open_.erase(found);
  }
  const std::lock_guard lock(open->mutex);
  if ((call.steps & kPutWrite) != 0) ATOLL_TRY(open->file->write_at(call.offset, call.bytes));
  if ((call.steps & kPutSetSize) != 0) ATOLL_TRY(open->file->set_size(call.size));
  if ((call.steps & kPutApply) != 0) {
    ATOLL_ASSIGN(answer.words, open->file->apply(call.info, call.attributes));
  }
  if ((call.steps & kPutSync) != 0) ATOLL_TRY(open->file->sync());
  return answer;
}

Result<Answer> FileServer::whole(const Call& call) const {
  ATOLL_ASSIGN(const auto file, machine_.files.open(call.place.root, platform::OpenMode::read));
  Answer answer;
  ATOLL_ASSIGN(answer.number, file->size());
  answer.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(call.size, kContentBytesMax)));
  ATOLL_ASSIGN(const std::size_t count, file->read_at(call.offset, answer.bytes));
  answer.bytes.resize(count);
  return answer;
}

Result<void> FileServer::set_keys(const Call& call) {
  const std::size_t length = codec::SecretKey().view().size();
  if (call.bytes.size() != 2 * length)
    return fail(ErrorKind::usage, "remote.malformed", "the server's keys have another length");
  auto keys = std::make_shared<Keys>();
  const ByteView both = call.bytes;
  ATOLL_ASSIGN(keys->id_key, codec::SecretKey::from_view(both.first(length)));
  ATOLL_ASSIGN(const auto gear_key, codec::SecretKey::from_view(both.subspan(length)));
  keys->gear = codec::make_gear_table(gear_key);
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  return {};
}

std::shared_ptr<const FileServer::Keys> FileServer::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

}  // namespace atl::remote
