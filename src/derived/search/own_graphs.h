// Graphs over vectors that people put into a bucket themselves (own_vectors.h), so that a question need not be compared
// with each of them: one index (derived/vector) a bucket and dimension, in indexes/vectors.
//
// Always true:
//  - There is a graph only where somebody asked and many vectors had to be compared: arrays that nobody asks for near
//    ones of cost nothing.
//  - Derived, and found to be so: a graph that is damaged or missing is one that nobody has asked for yet.
//  - An object's rows stand under its number in the book (document_book.h). What is found is looked up in the catalog,
//    and compared anew, before anything is told of it.
//  - Vectors are held by their direction alone. A row without one has a place, so that rows can be counted.
// Memory: kGraphBytesMax of all graphs together, and kGraphsMax times what an index has for itself; what would be more
// is not taken in, and its owner compares it one by one.
// Thread rules: want() and nearest() from any thread; everything else by the one that follows, build() beside it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "derived/vector/npy.h"
#include "derived/vector/vector_index.h"
#include "vault/vault.h"

namespace atl::search {

inline constexpr std::uint64_t kGraphFrom = 5'000;  // vectors: below, comparing each takes no longer
inline constexpr std::size_t kGraphBytesMax = 512 * kMiB;
inline constexpr std::size_t kGraphsMax = 32;

class OwnGraphs {
 public:
  // What there is. Errors: `io`.
  [[nodiscard]] static Result<std::unique_ptr<OwnGraphs>> open(vault::Vault& vault);
  [[nodiscard]] static Result<void> remove_all(vault::Vault& vault);

  using Place = std::pair<BucketId, std::uint32_t>;  // a bucket and a dimension
  // Says that a question compared so many vectors there that a graph would be worth it.
  void want(const Place& place);
  // What is wanted and not there yet; asked once.
  [[nodiscard]] std::set<Place> take_wanted();
  // Begins an empty graph. False: there are too many.
  [[nodiscard]] Result<bool> begin(vault::Vault& vault, const Place& place);
  [[nodiscard]] bool covers(const BucketId& bucket) const;

  // An object's rows in place of those it had. False: they are left out, as there is no room for them.
  [[nodiscard]] Result<bool> put(const BucketId& bucket, std::uint64_t document, const vector::NpyRows& rows);
  [[nodiscard]] Result<void> remove(const BucketId& bucket, std::uint64_t document);
  [[nodiscard]] bool wants_flush() const;
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<bool> build();  // one step towards quicker answers; true: call again

  struct Row {
    std::uint64_t document = 0;
    std::uint64_t row = 0;
    float similarity = 0;  // up to rounding
  };
  struct Nearest {
    std::vector<Row> rows;  // the nearest first
    bool is_exact = false;  // every vector of the graph was compared
  };
  // None: there is no graph, or it holds fewer than kGraphFrom. `limit` at most 10,000.
  [[nodiscard]] Result<std::optional<Nearest>> nearest(const BucketId& bucket, std::span<const float> vector,
                                                       std::size_t limit) const;

 private:
  OwnGraphs() = default;
  using Graph = std::shared_ptr<vector::VectorIndex>;
  [[nodiscard]] std::vector<std::pair<Place, Graph>> graphs() const;
  [[nodiscard]] Graph graph_at(const Place& place) const;
  [[nodiscard]] static Result<Graph> open_graph(vault::Vault& vault, const Place& place);

  mutable std::mutex mutex_;
  std::map<Place, Graph> graphs_;  // guarded by mutex_
  std::set<Place> wanted_;         // guarded by mutex_
};

}  // namespace atl::search
