// The state behind MemoryFileSystem: what is where, what is durable, and what a crash leaves.
#include "foundation/platform/testing/memory_state.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

using State = MemoryFileSystem::State;

constexpr std::uint64_t kSectorBytes = 512;

// Odds of one crash, in tenths: what is not kept or dropped is torn.
struct Odds {
  std::uint64_t kept = 0;
  std::uint64_t dropped = 0;
};

enum class Lot : std::uint8_t { kept, dropped, torn };

// Every crash leans another way: a test that only ever sees fair coins hardly meets "all but one write survived".
Odds odds_of(std::uint64_t seed) {
  constexpr std::array<Odds, 5> kOdds{{{5, 3}, {9, 1}, {1, 9}, {2, 2}, {5, 5}}};
  SeededRandom random(seed);
  return kOdds[static_cast<std::size_t>(random.below(kOdds.size()))];
}

Lot draw(SeededRandom& random, const Odds& odds) {
  const auto ticket = random.below(10);
  if (ticket < odds.kept) return Lot::kept;
  return ticket < odds.kept + odds.dropped ? Lot::dropped : Lot::torn;
}

void apply_range(const Change& change, std::uint64_t begin, std::uint64_t end, Content& content) {
  if (change.data) {
    content.write(
        change.offset + begin,
        ByteView(*change.data).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  } else {
    content.write_zeros(change.offset + begin, end - begin);
  }
}

// Some runs of sectors of the write, in one of many sizes, so that large writes lose whole stretches too.
void apply_torn(const Change& change, SeededRandom& random, bool with_garbage, Content& content) {
  const std::uint64_t sectors = change.length / kSectorBytes + 2;
  const std::uint64_t run_max = std::max<std::uint64_t>(1, sectors >> random.below(8));
  for (std::uint64_t begin = 0; begin < change.length;) {
    const std::uint64_t first_sector = (change.offset + begin) / kSectorBytes;
    const std::uint64_t run_end = (first_sector + 1 + random.below(run_max)) * kSectorBytes - change.offset;
    const std::uint64_t end = std::min(run_end, change.length);
    if (random.one_in(2)) {
      apply_range(change, begin, end, content);
    } else if (with_garbage && random.one_in(3)) {
      const auto count = std::min<std::uint64_t>(end - begin, 4 * kSectorBytes);
      content.write(change.offset + begin, random.bytes(static_cast<std::size_t>(count)));
    }
    begin = end;
  }
}

// The size reached the disk, the bytes did not: what ext4 and XFS leave after delayed allocation.
void grow_to_end_of(const Change& change, Content& content) {
  const std::uint64_t end = change.offset + change.length;
  if (content.size() < end) content.set_size(end);
}

Content content_after_crash(const Node& file, std::uint64_t seed, CrashPolicy policy, const Odds& odds) {
  if (policy == CrashPolicy::keep_all || file.changes.empty()) return file.content;
  Content content = file.durable;
  SeededRandom random(seed ^ (file.serial * 0x9e3779b97f4a7c15));
  for (const Change& change : file.changes) {
    if (change.fate == Fate::certain) {
      change.apply_to(content);
      continue;
    }
    if (policy == CrashPolicy::drop_all) continue;
    const Lot lot = draw(random, odds);
    if (lot == Lot::kept || (lot == Lot::torn && change.kind == Change::Kind::set_size && random.one_in(2))) {
      change.apply_to(content);
    } else if (change.kind == Change::Kind::write) {
      if (lot == Lot::torn) apply_torn(change, random, policy == CrashPolicy::random_with_garbage, content);
      if (random.one_in(4)) grow_to_end_of(change, content);
    }
  }
  return content;
}

// Which name changes reached the disk, by their serial.
std::unordered_set<std::uint64_t> surviving_name_changes(const std::vector<NodePointer>& nodes, std::uint64_t seed,
                                                         CrashPolicy policy, const Odds& odds) {
  std::vector<const NameChange*> changes;
  std::unordered_set<std::uint64_t> pending;
  for (const auto& node : nodes) {
    for (const auto& change : node->name_changes) {
      changes.push_back(&change);
      pending.insert(change.serial);
    }
  }
  std::sort(changes.begin(), changes.end(), [](const auto* a, const auto* b) { return a->serial < b->serial; });
  std::unordered_set<std::uint64_t> survivors;
  SeededRandom random(seed ^ 0x6e616d6573);
  for (const NameChange* change : changes) {
    bool survives = policy != CrashPolicy::drop_all;
    if (policy == CrashPolicy::random || policy == CrashPolicy::random_with_garbage) {
      const Lot lot = draw(random, odds);
      survives = lot == Lot::kept || (lot == Lot::torn && random.one_in(2));
    }
    if (change->fate == Fate::certain) survives = true;
    // A folder has one name at any time on every file system there is.
    if (change->is_rename && change->kind == NameChange::Kind::remove && change->node->kind == FileKind::directory) {
      survives = true;
    }
    for (const auto needed : change->needs) {  // they come before this one in the order, so their lot is known
      if (pending.contains(needed) && !survivors.contains(needed)) survives = false;
    }
    if (survives) survivors.insert(change->serial);
  }
  return survivors;
}

using NamesByNode = std::unordered_map<const Node*, Names>;

NamesByNode names_after(const std::vector<NodePointer>& nodes, const std::unordered_set<std::uint64_t>& survivors) {
  NamesByNode names;
  for (const auto& node : nodes) {
    Names& mine = names[node.get()];
    mine = node->durable_names;
    for (const auto& change : node->name_changes) {
      if (!survivors.contains(change.serial)) continue;
      if (change.kind == NameChange::Kind::add) {
        mine[change.name] = change.node;
      } else if (const auto at = mine.find(change.name); at != mine.end() && at->second == change.node) {
        mine.erase(at);
      }
    }
  }
  return names;
}

std::unordered_set<const Node*> reachable_files(const Node* root, const NamesByNode& names) {
  std::unordered_set<const Node*> files;
  std::unordered_set<const Node*> folders{root};
  std::vector<const Node*> open{root};
  while (!open.empty()) {
    const Node* folder = open.back();
    open.pop_back();
    for (const auto& [name, node] : names.at(folder)) {
      if (node->kind == FileKind::file) {
        files.insert(node.get());
      } else if (folders.insert(node.get()).second) {
        open.push_back(node.get());
      }
    }
  }
  return files;
}

// The names of a disk after a crash. A file that is durable under some name, and that programs still see under some
// name, is on it whatever the lots say: the needs of name changes make that so but for rare tangles of moved folders
// (some per thousand of the wildest random runs), and those are cut here by letting everything survive.
NamesByNode crashed_names(const State& state, const std::vector<NodePointer>& nodes, std::uint64_t seed,
                          CrashPolicy policy, const Odds& odds) {
  auto names = names_after(nodes, surviving_name_changes(nodes, seed, policy, odds));
  if (policy == CrashPolicy::keep_all || policy == CrashPolicy::drop_all) return names;
  const bool any_rename = std::any_of(nodes.begin(), nodes.end(), [](const NodePointer& node) {
    return std::any_of(node->name_changes.begin(), node->name_changes.end(),
                       [](const NameChange& change) { return change.is_rename; });
  });
  if (!any_rename) return names;
  const auto all = names_after(nodes, surviving_name_changes(nodes, seed, CrashPolicy::keep_all, odds));
  const auto present = reachable_files(state.root.get(), names);
  for (const Node* file : state.certain_files()) {
    if (!present.contains(file)) return all;
  }
  return names;
}

bool keeps_a_file_elsewhere(const NameChange& change) {
  // Also the removal of a folder: what was moved out of it may be in it again after a crash.
  return change.kind == NameChange::Kind::remove && (change.is_rename || change.node->kind == FileKind::directory);
}

// Renames out of this folder, or out of one name in it, and removals of folders there, that are not durable yet.
std::vector<std::uint64_t> pending_moves_out(const Node& folder, const std::string* name = nullptr) {
  std::vector<std::uint64_t> serials;
  for (const auto& change : folder.name_changes) {
    if (keeps_a_file_elsewhere(change) && (name == nullptr || change.name == *name)) serials.push_back(change.serial);
  }
  return serials;
}

// The change that gave the node its present name in the folder, where that is not durable yet.
void append_pending_addition(const Node& folder, const NodePointer& node, std::vector<std::uint64_t>& serials) {
  for (auto change = folder.name_changes.rbegin(); change != folder.name_changes.rend(); ++change) {
    if (change->kind != NameChange::Kind::add || change->node != node) continue;
    serials.push_back(change->serial);
    return;
  }
}

void append(std::vector<std::uint64_t>& to, const std::vector<std::uint64_t>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

tl::unexpected<Error> stopped_error() {
  return fail(ErrorKind::io, "test.stopped", "the process died here, says the test");
}

void Change::apply_to(Content& target) const {
  if (kind == Kind::set_size) {
    target.set_size(length);
  } else {
    apply_range(*this, 0, length, target);
  }
}

MemoryFileSystem::State::State() { root = new_node(FileKind::directory); }

MemoryFileSystem::State::~State() {
  // A folder moved into one that was below it before leaves a ring of pointers in the pending changes.
  for (const auto& node : all_nodes()) {
    node->name_changes.clear();
    node->names.clear();
    node->durable_names.clear();
  }
}

NodePointer MemoryFileSystem::State::new_node(FileKind kind) {
  auto node = std::make_shared<Node>();
  node->serial = next_serial++;
  node->kind = kind;
  node->modified_unix_us = now_unix_us();
  return node;
}

std::int64_t MemoryFileSystem::State::now_unix_us() const {
  return time_source ? time_source() : kStartUnixUs + static_cast<std::int64_t>(points);
}

std::uint64_t MemoryFileSystem::State::used_bytes() const {
  std::uint64_t used = 0;
  std::vector<const Node*> open{root.get()};
  while (!open.empty()) {
    const Node* folder = open.back();
    open.pop_back();
    for (const auto& [name, node] : folder->names) {
      used += kNameBytes + name.size() + node->content.allocated_bytes();
      if (node->kind == FileKind::directory) open.push_back(node.get());
    }
  }
  return used;
}

std::uint64_t MemoryFileSystem::State::free_bytes() const {
  if (!capacity_bytes) return ~std::uint64_t{0};
  const auto used = used_bytes();
  return *capacity_bytes > used ? *capacity_bytes - used : 0;
}

std::vector<NodePointer> MemoryFileSystem::State::all_nodes() const {
  std::vector<NodePointer> nodes{root};
  std::unordered_set<const Node*> seen{root.get()};
  const auto visit = [&](const NodePointer& node) {
    if (seen.insert(node.get()).second) nodes.push_back(node);
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodePointer node = nodes[i];
    for (const auto& [name, inner] : node->names) visit(inner);
    for (const auto& [name, inner] : node->durable_names) visit(inner);
    for (const auto& change : node->name_changes) visit(change.node);
  }
  return nodes;
}

NameChange& MemoryFileSystem::State::add_change(const NodePointer& folder, NameChange::Kind kind,
                                                const std::string& name, const NodePointer& node) {
  NameChange change;
  change.serial = next_serial++;
  change.kind = kind;
  change.name = name;
  change.node = node;
  folder->modified_unix_us = now_unix_us();
  return folder->name_changes.emplace_back(std::move(change));
}

void MemoryFileSystem::State::create_name(const NodePointer& folder, const std::string& name, const NodePointer& node) {
  auto needs = pending_moves_out(*folder, &name);
  folder->names[name] = node;
  if (node->kind == FileKind::directory) node->parent = folder;
  add_change(folder, NameChange::Kind::add, name, node).needs = std::move(needs);
}

void MemoryFileSystem::State::remove_name(const NodePointer& folder, const std::string& name) {
  const auto at = folder->names.find(name);
  const NodePointer node = at->second;
  auto needs = pending_moves_out(*node);
  if (node->kind == FileKind::directory) append_pending_addition(*folder, node, needs);
  folder->names.erase(at);
  add_change(folder, NameChange::Kind::remove, name, node).needs = std::move(needs);
}

void MemoryFileSystem::State::rename(const NodePointer& from_folder, const std::string& from,
                                     const NodePointer& to_folder, const std::string& to) {
  const NodePointer node = from_folder->names.at(from);
  auto needs = pending_moves_out(*to_folder, &to);
  if (const auto replaced = to_folder->names.find(to); replaced != to_folder->names.end()) {
    append(needs, pending_moves_out(*replaced->second));  // an empty folder
  }
  if (node->kind == FileKind::directory) {
    append_pending_addition(*from_folder, node, needs);
    node->parent = to_folder;
  }
  // The old name goes only where the way to the new one holds, as far as the two ways differ: a rename must not stand
  // in for a forgotten sync of the folders above both.
  std::unordered_set<const Node*> above_old;
  for (NodePointer folder = from_folder; folder; folder = folder->parent.lock()) above_old.insert(folder.get());
  std::vector<std::uint64_t> way;
  NodePointer folder = to_folder;
  for (auto above = folder->parent.lock(); above && !above_old.contains(folder.get()); above = folder->parent.lock()) {
    append_pending_addition(*above, folder, way);
    folder = above;
  }
  from_folder->names.erase(from);
  to_folder->names[to] = node;
  NameChange& added = add_change(to_folder, NameChange::Kind::add, to, node);
  added.needs = std::move(needs);
  added.is_rename = true;
  const auto added_serial = added.serial;
  NameChange& removed = add_change(from_folder, NameChange::Kind::remove, from, node);
  removed.needs = std::move(way);
  removed.needs.push_back(added_serial);
  removed.is_rename = true;
}

void MemoryFileSystem::State::sync_file(Node& file) {
  const bool any_abandoned = std::any_of(file.changes.begin(), file.changes.end(),
                                         [](const Change& change) { return change.fate == Fate::abandoned; });
  if (any_abandoned) {
    for (auto& change : file.changes) {
      if (change.fate == Fate::open) change.fate = Fate::certain;
    }
    return;
  }
  const bool only_writes = std::all_of(file.changes.begin(), file.changes.end(),
                                       [](const Change& change) { return change.kind == Change::Kind::write; });
  if (only_writes) {  // the usual case, at the cost of what was written instead of the whole file
    for (const auto& change : file.changes) file.durable.adopt(file.content, change.offset, change.length);
  } else {
    file.durable = file.content;
  }
  file.changes.clear();
}

void MemoryFileSystem::State::sync_names(Node& folder) {
  // What becomes durable here drags along what it needs elsewhere: as on a journaling file system, where a rename is
  // one transaction, whichever of its two folders is synced.
  std::unordered_set<std::uint64_t> own;
  for (const auto& change : folder.name_changes) own.insert(change.serial);
  std::vector<std::uint64_t> elsewhere;
  for (const auto& change : folder.name_changes) {
    for (const auto needed : change.needs) {
      if (!own.contains(needed)) elsewhere.push_back(needed);
    }
  }
  if (elsewhere.empty()) {
    folder.durable_names = folder.names;
    folder.name_changes.clear();
    return;
  }
  const auto kept_before = certain_files();
  make_certain(std::move(elsewhere));  // first: what was removed is found only through the list
  folder.durable_names = folder.names;
  folder.name_changes.clear();
  const auto kept_now = certain_files();
  for (const Node* file : kept_before) {
    if (kept_now.contains(file)) continue;
    // A tangle of moved folders as in crashed_names(): let the journal be committed whole.
    for (const auto& node : all_nodes()) {
      node->durable_names = node->names;
      node->name_changes.clear();
    }
    return;
  }
}

std::unordered_set<const Node*> MemoryFileSystem::State::certain_files() const {
  const auto nodes = all_nodes();
  const auto seen =
      reachable_files(root.get(), names_after(nodes, surviving_name_changes(nodes, 0, CrashPolicy::keep_all, {})));
  auto files =
      reachable_files(root.get(), names_after(nodes, surviving_name_changes(nodes, 0, CrashPolicy::drop_all, {})));
  std::erase_if(files, [&](const Node* file) { return !seen.contains(file); });
  return files;
}

void MemoryFileSystem::State::make_certain(std::vector<std::uint64_t> serials) {
  const auto nodes = all_nodes();
  std::unordered_map<std::uint64_t, NameChange*> pending;
  for (const auto& node : nodes) {
    for (auto& change : node->name_changes) pending.emplace(change.serial, &change);
  }
  while (!serials.empty()) {
    const auto found = pending.find(serials.back());
    serials.pop_back();
    if (found == pending.end() || found->second->fate == Fate::certain) continue;
    found->second->fate = Fate::certain;
    append(serials, found->second->needs);
  }
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::after_crash(std::uint64_t seed, CrashPolicy policy) const {
  const std::lock_guard guard(state_->mutex);
  const Odds odds = odds_of(seed);
  const auto nodes = state_->all_nodes();
  const auto names = crashed_names(*state_, nodes, seed, policy, odds);
  auto state = std::make_shared<State>();
  state->capacity_bytes = state_->capacity_bytes;
  std::unordered_map<const Node*, NodePointer> made{{state_->root.get(), state->root}};
  std::vector<const Node*> open{state_->root.get()};
  while (!open.empty()) {
    const Node* folder = open.back();
    open.pop_back();
    const NodePointer to = made.at(folder);
    for (const auto& [name, node] : names.at(folder)) {
      auto& twin = made[node.get()];
      if (twin && node->kind == FileKind::directory) continue;  // its other name was met first
      if (!twin) {
        twin = state->new_node(node->kind);
        twin->modified_unix_us = node->modified_unix_us;
        if (node->kind == FileKind::directory) {
          twin->parent = to;
          open.push_back(node.get());
        } else {
          twin->content = content_after_crash(*node, seed, policy, odds);
          twin->durable = twin->content;
        }
      }
      to->names[name] = twin;
    }
    to->durable_names = to->names;
  }
  return std::unique_ptr<MemoryFileSystem>(new MemoryFileSystem(std::move(state)));  // NOLINT: private constructor
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::clone() const {
  const std::lock_guard guard(state_->mutex);
  auto state = std::make_shared<State>();
  state->next_serial = state_->next_serial;
  state->capacity_bytes = state_->capacity_bytes;
  state->read_only = state_->read_only;
  const auto nodes = state_->all_nodes();
  std::unordered_map<const Node*, NodePointer> made;
  for (const auto& node : nodes) {
    auto twin = std::make_shared<Node>(*node);
    twin->shared_locks = 0;
    twin->exclusively_locked = false;
    made.emplace(node.get(), std::move(twin));
  }
  const auto twin_of = [&](const auto& node) { return node ? made.at(node.get()) : nullptr; };
  for (const auto& [node, twin] : made) {
    for (auto& [name, inner] : twin->names) inner = twin_of(inner);
    for (auto& [name, inner] : twin->durable_names) inner = twin_of(inner);
    for (auto& change : twin->name_changes) {
      change.node = twin_of(change.node);
    }
    const auto parent = twin->parent.lock();
    twin->parent = parent && made.contains(parent.get()) ? made.at(parent.get()) : nullptr;
  }
  state->root = made.at(state_->root.get());
  return std::unique_ptr<MemoryFileSystem>(new MemoryFileSystem(std::move(state)));  // NOLINT: private constructor
}

}  // namespace atl::platform
