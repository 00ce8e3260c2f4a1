// Where versions come from and what was made of them: the graph that their sources span, in the terms of W3C PROV
// (PROV-DM, https://www.w3.org/TR/prov-dm/): a version, or what words name outside the vault, is an entity; making a
// version is an activity; author and actor are agents.
//
//     raw.csv@1.0.0 ◄─used─ (normalise) ◄─wasGeneratedBy─ clean.csv@1.1.0
//
// Always true:
//  - Only reads. Versions that name each other in a circle are visited once.
//  - Bounded: at most `depth` steps and `nodes_max` entities; what was cut off there is marked.
//  - A version that is gone stays in the graph: as erased, with who and when, or as no longer kept, with the name under
//    which it was given as a source.
// Cost: upstream a few descents a version; downstream one look at the catalog's list of sources a version, and for
// names of what is found there one pass over the entries of its buckets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vault/object/objects.h"

namespace atl::vault {

struct LineageNode {
  enum class State : std::uint8_t {
    kept,
    erased,   // removed for good
    missing,  // no longer kept, or of another vault
    outside,  // nothing but words
  };
  State state = State::outside;
  ObjectId object;
  VersionId version;
  std::string bucket, key;                    // where known
  std::string words;                          // as it was given as a source; of `outside` all there is
  std::optional<catalog::VersionRow> row;     // of `kept`
  std::optional<catalog::ErasureRow> erased;  // of `erased`
  std::size_t depth = 0;                      // steps from where it began
  bool is_cut = false;                        // it has sources, or was used, beyond what is shown
  // "bucket/key@label", "bucket/key@id", or words.
  [[nodiscard]] std::string name() const;
};

struct LineageEdge {
  std::size_t derived = 0;  // index of nodes
  std::size_t source = 0;
};

struct Lineage {
  std::vector<LineageNode> nodes;  // the first: where it began; nearest first
  std::vector<LineageEdge> edges;
  std::uint64_t broken = 0;  // nodes that are erased or missing
  bool is_cut = false;
};

struct LineageOptions {
  std::size_t depth = 100;
  std::size_t nodes_max = 10'000;
  bool is_downstream = false;
};
[[nodiscard]] Result<Lineage> trace_lineage(Vault& vault, const Objects::Found& from, const LineageOptions& options);

// PROV-JSON (W3C member submission, https://www.w3.org/Submission/prov-json/): one document, UTF-8, pretty or on one
// line.
[[nodiscard]] std::string prov_json(const Lineage& lineage);
// For `dot -Tsvg`.
[[nodiscard]] std::string prov_dot(const Lineage& lineage);

}  // namespace atl::vault
