// Vectors that somebody made and put into a vault, found by what they are near to. A collection is a bucket, or what
// lies below a prefix of one: its vectors are the objects there whose names end with .npy (derived/vector/npy.h), one
// vector or a row each. What is said of a vector is its object's metadata, or, for rows, a line of JSON each in the
// object beside it that ends with .jsonl instead. Page: docs/own-vectors.md.
//
// Always true:
//  - The objects are all there is: versions, undo, rights, copies and encryption are theirs. What was opened is kept in
//    memory by version, within kKeptBytesMax; what was used longest ago goes first.
//  - What is answered was compared by the numbers of the object itself, as it is now. Without a graph (VectorLead) that
//    is every vector of the question's dimension that is there when it is asked; the answer says which it was.
// Complexity: without a graph a look at each name of the collection, and each number of its vectors; opening what is
// not in memory. With one, a walk through it and a look at what it led to.
// Thread rules: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "derived/vector/npy.h"
#include "foundation/base/units.h"
#include "vault/vault.h"

namespace atl::search {

inline constexpr std::size_t kKeptBytesMax = 256 * kMiB;
inline constexpr std::uint64_t kVectorFileBytesMax = 128 * kMiB;
inline constexpr std::uint64_t kOwnLimitMax = 1000;

enum class Metric : std::uint8_t { cosine, dot, l2 };
// Errors: `usage` ("vectors.unknown_metric").
[[nodiscard]] Result<Metric> metric_named(std::string_view name);

// Its name says that it holds vectors.
[[nodiscard]] bool is_vector_file(const catalog::Listed& listed);
// None: it is too large, or no array of vectors. Errors: those of reading.
[[nodiscard]] Result<std::optional<vector::NpyRows>> read_vectors(vault::Vault& vault,
                                                                  const catalog::VersionRow& version);

struct VectorQuestion {
  std::string bucket;
  std::string prefix;
  std::vector<float> vector;
  Metric metric = Metric::cosine;
  std::size_t limit = 10;          // 0..kOwnLimitMax
  std::optional<float> threshold;  // nothing further: a least similarity, or for l2 a greatest distance
  // spec/filter.md; `meta.` are the members of a row's payload, or the object's metadata.
  std::string filter;
  bool shows_quarantined = false;  // asked of a SearchIndex: also what does not meet the gate of its bucket
  bool compares_all = false;       // no graph, also where there is one: exact, and what was put a moment ago is in it
  std::function<bool(const catalog::Listed& listed)> sees;  // null: everything
  bool sees_everything = false;                             // `sees` lets everything in the bucket through
  const std::atomic<bool>* stop = nullptr;
};

struct OwnHit {
  catalog::Listed listed;
  std::optional<std::uint64_t> row;  // of an object with several
  double score = 0;                  // cosine or dot product, the greatest first; for l2 the distance, the least first
  std::map<std::string, std::string> payload;
};
struct VectorAnswer {
  std::vector<OwnHit> hits;
  std::uint64_t vectors = 0;               // that were compared, number by number
  bool is_exact = true;                    // all were; false: a graph led to the nearest, which may have missed one
  std::uint64_t quarantined_left_out = 0;  // objects with vectors that were not compared, for they are in quarantine
  std::uint64_t skipped = 0;  // objects with vectors of another dimension, or that could not be read as such
};

// Rows that may be near to what is asked, by somebody who need not look at all of them.
struct VectorLead {
  struct Row {
    std::string key;
    std::uint64_t row = 0;
    double similarity = 0;  // nearly
  };
  std::vector<Row> rows;            // the nearest first
  std::vector<std::string> beside;  // of objects whose rows nobody knows yet: all of them are compared
  bool is_exact = false;            // every other row was compared
};
// The `limit` rows of the bucket with the greatest cosine. None: there is nobody to ask.
using FindLead = std::function<Result<std::optional<VectorLead>>(const BucketId& bucket, std::span<const float> vector,
                                                                 std::size_t limit)>;
inline constexpr std::size_t kLeadMax = 10'000;

class OwnVectors {
 public:
  // Errors: `not_found` (the bucket); `usage` (the filter; "vectors.no_direction": the cosine of a vector of zeros;
  // "vectors.dimension": there are vectors, and none of this dimension); `interrupted`; those of reading.
  [[nodiscard]] Result<VectorAnswer> search(vault::Vault& vault, const VectorQuestion& question,
                                            const FindLead& find_lead = nullptr);

 private:
  struct Matrix;
  class Comparing;
  struct Kept {
    VersionId version;
    std::shared_ptr<const Matrix> matrix;
  };
  // Null: it is no array of vectors.
  [[nodiscard]] Result<std::shared_ptr<const Matrix>> matrix_of(vault::Vault& vault, catalog::CatalogReader& reader,
                                                                const VectorQuestion& question,
                                                                const catalog::Listed& listed);
  [[nodiscard]] std::shared_ptr<const Matrix> kept(const VersionId& version, const VersionId& payload);
  void keep(const VersionId& version, std::shared_ptr<const Matrix> matrix);

  std::mutex mutex_;
  // Guarded by mutex_.
  std::list<Kept> kept_;  // the last used first
  std::map<VersionId, std::list<Kept>::iterator> places_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace atl::search
