// The state behind MemoryFileSystem: what is where, what is durable, and what a crash leaves.
#include "foundation/platform/testing/memory_state.h"

#include <algorithm>
#include <set>
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
    if (change->needs) {  // additions come first, so their lot is known
      const bool added = !pending.contains(*change->needs) || survivors.contains(*change->needs);
      // A folder has one name at any time on every file system there is.
      survives = added && (survives || change->node->kind == FileKind::directory);
    }
    if (survives) survivors.insert(change->serial);
  }
  return survivors;
}

using NamesByNode = std::unordered_map<const Node*, Names>;

std::unordered_set<const Node*> reachable_folders(const Node* root, const NamesByNode& names) {
  std::unordered_set<const Node*> seen{root};
  std::vector<const Node*> open{root};
  while (!open.empty()) {
    const Node* folder = open.back();
    open.pop_back();
    for (const auto& [name, node] : names.at(folder)) {
      if (node->kind == FileKind::directory && seen.insert(node.get()).second) open.push_back(node.get());
    }
  }
  return seen;
}

// A rename into a folder that is itself lost: the old name stays, for a rename alone never loses a file.
void keep_old_names_of_lost(const Node* root, const std::vector<NodePointer>& nodes,
                            const std::unordered_set<std::uint64_t>& survivors, NamesByNode& names) {
  for (bool changed = true; changed;) {
    changed = false;
    const auto reachable = reachable_folders(root, names);
    for (const auto& folder : nodes) {
      if (!reachable.contains(folder.get())) continue;
      for (const auto& change : folder->name_changes) {
        if (!change.needs || !survivors.contains(change.serial)) continue;
        const auto to = change.needs_folder.lock();
        if (to && reachable.contains(to.get())) continue;
        changed |= names.at(folder.get()).try_emplace(change.name, change.node).second;
      }
    }
  }
}

// Makes the folder's own name certain, and those above it.
void make_reachable(const NodePointer& folder) {
  const auto parent = folder->parent.lock();
  if (!parent) return;
  for (auto change = parent->name_changes.rbegin(); change != parent->name_changes.rend(); ++change) {
    if (change->kind != NameChange::Kind::add || change->node != folder) continue;
    change->fate = Fate::certain;
    break;
  }
  make_reachable(parent);
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

void MemoryFileSystem::State::add_name(const NodePointer& folder, const std::string& name, const NodePointer& node) {
  folder->names[name] = node;
  if (node->kind == FileKind::directory) node->parent = folder;
  NameChange change;
  change.serial = next_serial++;
  change.name = name;
  change.node = node;
  folder->name_changes.push_back(std::move(change));
  folder->modified_unix_us = now_unix_us();
}

void MemoryFileSystem::State::remove_name(Node& folder, const std::string& name, const NameChange* needed,
                                          const NodePointer& needed_folder) {
  const auto at = folder.names.find(name);
  NameChange change;
  change.serial = next_serial++;
  change.kind = NameChange::Kind::remove;
  change.name = name;
  change.node = at->second;
  if (needed != nullptr) {
    change.needs = needed->serial;
    change.needs_folder = needed_folder;
  }
  folder.names.erase(at);
  folder.name_changes.push_back(std::move(change));
  folder.modified_unix_us = now_unix_us();
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
  // Durable without the old name must mean durable with the new one, also where that is in another folder.
  for (const auto& change : folder.name_changes) {
    if (!change.needs) continue;
    const auto to = change.needs_folder.lock();
    if (!to || to.get() == &folder) continue;
    for (auto& added : to->name_changes) {
      if (added.serial == *change.needs) {
        added.fate = Fate::certain;
        make_reachable(to);
      }
    }
  }
  folder.durable_names = folder.names;
  folder.name_changes.clear();
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::after_crash(std::uint64_t seed, CrashPolicy policy) const {
  const std::lock_guard guard(state_->mutex);
  const Odds odds = odds_of(seed);
  auto nodes = state_->all_nodes();
  const auto survivors = surviving_name_changes(nodes, seed, policy, odds);
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
  keep_old_names_of_lost(state_->root.get(), nodes, survivors, names);

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
      const auto to = change.needs_folder.lock();
      change.needs_folder = to && made.contains(to.get()) ? made.at(to.get()) : nullptr;
    }
    const auto parent = twin->parent.lock();
    twin->parent = parent && made.contains(parent.get()) ? made.at(parent.get()) : nullptr;
  }
  state->root = made.at(state_->root.get());
  return std::unique_ptr<MemoryFileSystem>(new MemoryFileSystem(std::move(state)));  // NOLINT: private constructor
}

}  // namespace atl::platform
