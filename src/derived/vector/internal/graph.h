// The graph over the vectors: walking it, and taking more vectors into it.
// Source: Malkov and Yashunin (TPAMI 2018), algorithms 1, 2, 4 and 5; mending after removals as by Singh et al.,
// "FreshDiskANN" (2021), algorithm 4.
//
// Always true: likeness is the whole-number product of two codes (greater is nearer). A walk reads lists without locks
// while insertions beside it change them: it may see a list half old, half new, each entry of which was a link.
// Complexity: a walk compares about width * links_lowest / 2 vectors; an insertion does one such walk of width
// `construction` and changes up to 2 * links lists.
// Thread rules: walk() from any thread; insert() from several at once, each node once; mend() alone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "derived/vector/internal/nodes.h"

namespace atl::vector::internal {

struct Candidate {
  std::int32_t likeness = 0;
  Node node = kNoNode;
};
// Nearer first; of equally near ones the lower number.
[[nodiscard]] constexpr bool nearer(const Candidate& a, const Candidate& b) {
  return a.likeness != b.likeness ? a.likeness > b.likeness : a.node < b.node;
}

// Which nodes a walk has seen. Marks are numbers of walks, so that beginning anew costs nothing but every 65,535th
// time.
class Seen {
 public:
  void begin(std::size_t nodes);
  // True the first time.
  [[nodiscard]] bool mark(Node node) {
    if (marks_[node] == walk_) return false;
    marks_[node] = walk_;
    return true;
  }
  [[nodiscard]] const std::uint16_t* address(Node node) const { return marks_.data() + node; }

 private:
  std::vector<std::uint16_t> marks_;
  std::uint16_t walk_ = 0;
};
class SeenPool {
 public:
  [[nodiscard]] std::unique_ptr<Seen> take();
  void give_back(std::unique_ptr<Seen> seen);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Seen>> idle_;  // guarded by mutex_
};

// What walks need beside the nodes. Entry and levels in one word, so that both are read at once.
struct Entry {
  Node node = kNoNode;
  int level = 0;
};

struct Walk {
  std::vector<Candidate> nearest;  // the nearest first, at most the width
  std::uint64_t compared = 0;
};

class Graph {
 public:
  Graph(std::uint32_t links, std::uint32_t construction);

  [[nodiscard]] Entry entry() const;
  void set_entry(Entry entry);

  // The `width` nodes in the graph nearest to `code`, as far as the walk finds them. Removed ones are among them.
  [[nodiscard]] Walk walk(const Nodes& nodes, const std::int8_t* code, std::size_t width) const;
  // Takes a node whose level is set into the graph.
  void insert(const Nodes& nodes, Node node);
  // Gives `node` at `level` links to the best of `candidates`, in place of what it has. For mending and loading.
  void link_best(const Nodes& nodes, Node node, int level, std::vector<Candidate>& candidates) const;
  // The level that a node gets, the same every time for the same key.
  [[nodiscard]] int level_for(std::uint64_t key) const;

 private:
  static constexpr std::size_t kStripes = 1024;
  class StripeLock;

  void search_level(const Nodes& nodes, const std::int8_t* code, int level, std::size_t width, Seen& seen,
                    Walk& walk) const;
  [[nodiscard]] Candidate descend(const Nodes& nodes, const std::int8_t* code, Candidate from, int from_level,
                                  int to_level, std::uint64_t& compared) const;
  void select(const Nodes& nodes, std::vector<Candidate>& candidates, std::size_t most) const;
  void link_back(const Nodes& nodes, Node from, const Candidate& to, int level);

  const std::uint32_t links_;
  const std::uint32_t construction_;
  const double level_factor_;
  const Kernels& kernels_;
  std::atomic<std::uint64_t> entry_;
  std::mutex top_mutex_;  // held by an insertion that raises the top
  mutable SeenPool seen_;
  std::unique_ptr<std::array<std::atomic_flag, kStripes>> stripes_;
};

}  // namespace atl::vector::internal
