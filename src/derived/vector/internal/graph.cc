#include "derived/vector/internal/graph.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace atl::vector::internal {
namespace {

constexpr std::uint64_t kNoEntry = kNoNode;

std::uint64_t mixed(std::uint64_t x) {  // SplitMix64's finaliser
  x += 0x9E37'79B9'7F4A'7C15;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
  return x ^ (x >> 31);
}

}  // namespace

void Seen::begin(std::size_t nodes) {
  if (marks_.size() < nodes) marks_.resize(nodes, 0);
  if (++walk_ == 0) {
    std::ranges::fill(marks_, std::uint16_t{0});
    walk_ = 1;
  }
}

std::unique_ptr<Seen> SeenPool::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Seen>();
  auto seen = std::move(idle_.back());
  idle_.pop_back();
  return seen;
}

void SeenPool::give_back(std::unique_ptr<Seen> seen) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(seen));
}

// Guards the lists of all nodes of one stripe against each other's changes; readers do not take it.
class Graph::StripeLock {
 public:
  StripeLock(Graph& graph, Node node) : flag_((*graph.stripes_)[mixed(node) % kStripes]) {
    while (flag_.test_and_set(std::memory_order_acquire)) {
      while (flag_.test(std::memory_order_relaxed)) {
      }
    }
  }
  ~StripeLock() { flag_.clear(std::memory_order_release); }
  StripeLock(const StripeLock&) = delete;
  StripeLock& operator=(const StripeLock&) = delete;
  StripeLock(StripeLock&&) = delete;
  StripeLock& operator=(StripeLock&&) = delete;

 private:
  std::atomic_flag& flag_;
};

Graph::Graph(std::uint32_t links, std::uint32_t construction)
    : links_(links),
      construction_(construction),
      level_factor_(1.0 / std::log(static_cast<double>(links))),
      kernels_(kernels()),
      entry_(kNoEntry),
      stripes_(std::make_unique<std::array<std::atomic_flag, kStripes>>()) {}

Entry Graph::entry() const {
  const std::uint64_t both = entry_.load(std::memory_order_acquire);
  return {static_cast<Node>(both), static_cast<int>(both >> 32)};
}

void Graph::set_entry(Entry entry) {
  entry_.store(static_cast<std::uint64_t>(entry.level) << 32 | entry.node, std::memory_order_release);
}

int Graph::level_for(std::uint64_t key) const {
  const double fraction = (static_cast<double>(mixed(key) >> 11) + 1) / 9'007'199'254'740'993.0;
  return std::min(static_cast<int>(-std::log(fraction) * level_factor_), kLevelsMax);
}

Candidate Graph::descend(const Nodes& nodes, const std::int8_t* code, Candidate from, int from_level, int to_level,
                         std::uint64_t& compared) const {
  const std::size_t capacity = nodes.capacity();
  for (int level = from_level; level > to_level; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      Link* links = nodes.links(from.node, level);
      const std::size_t places = nodes.places(level);
      for (std::size_t i = 0; i < places; ++i) {
        const Node node = AtomicLink(links[i]).load(std::memory_order_acquire);
        if (node == kNoNode) break;
        if (node >= capacity) continue;
        ++compared;
        const Candidate candidate{kernels_.dot_codes(code, nodes.code(node), nodes.shape().code_bytes), node};
        if (!nearer(candidate, from)) continue;
        from = candidate;
        moved = true;
      }
    }
  }
  return from;
}

// The candidates are kept in one array, the nearest first, with a mark on those whose links were followed: the next one
// to follow is the first without. `walk.nearest` holds where to begin.
void Graph::search_level(const Nodes& nodes, const std::int8_t* code, int level, std::size_t width, Seen& seen,
                         Walk& walk) const {
  struct Place {
    std::int32_t likeness;
    Node node;
    bool followed;
  };
  const std::size_t capacity = nodes.capacity();
  const std::size_t code_bytes = nodes.shape().code_bytes;
  const std::size_t places = nodes.places(level);
  seen.begin(capacity);
  std::vector<Place> pool;
  pool.reserve(width + 1);
  for (const Candidate& candidate : walk.nearest) {
    if (seen.mark(candidate.node) && pool.size() < width) pool.push_back({candidate.likeness, candidate.node, false});
  }
  std::vector<Node> fresh(places);
  std::size_t next = 0;
  while (next < pool.size()) {
    if (pool[next].followed) {
      ++next;
      continue;
    }
    pool[next].followed = true;
    Link* links = nodes.links(pool[next].node, level);
    std::size_t count = 0;
    for (std::size_t i = 0; i < places; ++i) {
      const Node node = AtomicLink(links[i]).load(std::memory_order_acquire);
      if (node == kNoNode) break;
      if (node >= capacity || !seen.mark(node)) continue;
      fresh[count++] = node;
      const std::int8_t* ahead = nodes.code(node);
      for (std::size_t at = 0; at < code_bytes; at += kCodeAlign) __builtin_prefetch(ahead + at);
    }
    walk.compared += count;
    std::size_t lowest_changed = next + 1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t likeness = kernels_.dot_codes(code, nodes.code(fresh[i]), code_bytes);
      if (pool.size() == width && likeness <= pool.back().likeness) continue;
      const auto at = std::upper_bound(pool.begin(), pool.end(), likeness,
                                       [](std::int32_t value, const Place& place) { return value > place.likeness; });
      lowest_changed = std::min(lowest_changed, static_cast<std::size_t>(at - pool.begin()));
      if (pool.size() == width) pool.pop_back();
      pool.insert(at, {likeness, fresh[i], false});
    }
    next = std::min(lowest_changed, next + 1);
  }
  walk.nearest.clear();
  for (const Place& place : pool) walk.nearest.push_back({place.likeness, place.node});
}

Walk Graph::walk(const Nodes& nodes, const std::int8_t* code, std::size_t width) const {
  Walk walk;
  const Entry top = entry();
  if (top.node == kNoNode || top.node >= nodes.capacity()) return walk;
  Candidate from{kernels_.dot_codes(code, nodes.code(top.node), nodes.shape().code_bytes), top.node};
  walk.compared = 1;
  from = descend(nodes, code, from, top.level, 0, walk.compared);
  walk.nearest.push_back(from);
  auto seen = seen_.take();
  search_level(nodes, code, 0, width, *seen, walk);
  seen_.give_back(std::move(seen));
  return walk;
}

// Keeps those that are nearer to the base than to any that is kept already, so that links lead in all directions
// (algorithm 4); what is left over fills no places: short lists leave room for links back.
void Graph::select(const Nodes& nodes, std::vector<Candidate>& candidates, std::size_t most) const {
  std::ranges::sort(candidates, nearer);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates.size() && kept < most; ++i) {
    const std::int8_t* code = nodes.code(candidates[i].node);
    const bool is_new_direction = std::none_of(
        candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(kept), [&](const Candidate& other) {
          return kernels_.dot_codes(code, nodes.code(other.node), nodes.shape().code_bytes) > candidates[i].likeness;
        });
    if (is_new_direction) candidates[kept++] = candidates[i];
  }
  candidates.resize(kept);
}

void Graph::link_best(const Nodes& nodes, Node node, int level, std::vector<Candidate>& candidates) const {
  const std::size_t places = nodes.places(level);
  select(nodes, candidates, places);
  Link* links = nodes.links(node, level);
  for (std::size_t i = 0; i < places; ++i) {
    AtomicLink(links[i]).store(i < candidates.size() ? candidates[i].node : kNoNode, std::memory_order_release);
  }
}

void Graph::link_back(const Nodes& nodes, Node from, const Candidate& to, int level) {
  const StripeLock lock(*this, from);
  Link* links = nodes.links(from, level);
  const std::size_t places = nodes.places(level);
  std::vector<Candidate> candidates;
  candidates.reserve(places + 1);
  const std::int8_t* code = nodes.code(from);
  std::size_t used = 0;
  for (; used < places; ++used) {
    const Node node = AtomicLink(links[used]).load(std::memory_order_relaxed);
    if (node == kNoNode) break;
    if (node == to.node) return;
  }
  if (used < places) {
    AtomicLink(links[used]).store(to.node, std::memory_order_release);
    return;
  }
  candidates.push_back(to);
  for (std::size_t i = 0; i < places; ++i) {
    const Node node = AtomicLink(links[i]).load(std::memory_order_relaxed);
    candidates.push_back({kernels_.dot_codes(code, nodes.code(node), nodes.shape().code_bytes), node});
  }
  link_best(nodes, from, level, candidates);
}

void Graph::insert(const Nodes& nodes, Node node) {
  const int level = nodes.level(node);
  std::unique_lock<std::mutex> top_lock(top_mutex_);
  const Entry top = entry();
  if (top.node == kNoNode) {
    set_entry({node, level});
    return;
  }
  if (level <= top.level) top_lock.unlock();
  const std::int8_t* code = nodes.code(node);
  Walk found;
  const Candidate from =
      descend(nodes, code, {kernels_.dot_codes(code, nodes.code(top.node), nodes.shape().code_bytes), top.node},
              top.level, std::min(level, top.level), found.compared);
  found.nearest.push_back(from);
  auto seen = seen_.take();
  for (int at = std::min(level, top.level); at >= 0; --at) {
    search_level(nodes, code, at, construction_, *seen, found);
    std::vector<Candidate> chosen;
    for (const Candidate& candidate : found.nearest) {
      if (candidate.node != node) chosen.push_back(candidate);
    }
    select(nodes, chosen, links_);
    {
      const StripeLock lock(*this, node);
      Link* links = nodes.links(node, at);
      // Others may have linked to this node from the level above already, and it back to them.
      std::size_t used = 0;
      while (used < nodes.places(at) && AtomicLink(links[used]).load(std::memory_order_relaxed) != kNoNode) ++used;
      for (const Candidate& one : chosen) {
        bool there = used == nodes.places(at);
        for (std::size_t i = 0; i < used && !there; ++i)
          there = AtomicLink(links[i]).load(std::memory_order_relaxed) == one.node;
        if (!there) AtomicLink(links[used++]).store(one.node, std::memory_order_release);
      }
    }
    for (const Candidate& one : chosen) link_back(nodes, one.node, {one.likeness, node}, at);
  }
  seen_.give_back(std::move(seen));
  if (level > top.level) set_entry({node, level});
}

}  // namespace atl::vector::internal
