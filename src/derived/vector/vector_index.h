// An index of meaning: vectors of documents' passages in, the nearest ones by cosine out. A graph that can be walked to
// the near ones (HNSW: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
// Hierarchical Navigable Small World graphs", TPAMI 2018) over vectors rounded to one byte a number; the best found are
// ranked again by the vectors in half precision.
//
// Always true:
//  - The index is derived: whoever owns it can fill it again, so any damage is answered with `damaged` and nothing is
//    repaired here. Every byte read back is authenticated and bound to its place.
//  - A document has any number of parts (passages), numbered from 0, put and removed together.
//  - What was put is found from then on, what was removed is found no more. In the moment of a put() a search beside it
//    may miss a document that is being replaced.
//  - What flush(state) covered is there after a crash, together with exactly that state or a later one. Later changes
//    may be there already (rebuild steps write everything under the last state), so replaying everything after the
//    state, in order, always leads to the right content.
//  - Vectors are compared by direction alone: each is brought to length 1. One of length 0 has no meaning and is
//    refused (has_direction()).
//  - Dimension and embedder are properties of an index and never change: others mean another index beside it.
//  - Nothing but sizes, counts and random bytes can be read from the files without the key (suite aes256gcm).
//  - The folder belongs to one VectorIndex: at a writable open, files its manifest does not name are removed.
//
// What a search looks at: the newest vectors, which are not in the graph yet, one by one (maybe_build() takes them into
// the graph once there are 5,000, so a small index is always searched exactly); then the graph. With a filter that
// leaves few, all that it leaves, one by one, and no graph. "One by one" is exact up to rounding: all are compared by
// their bytes, and the best 40 (or twice the limit, or half the width) again by their half precision.
//
// Memory: a vector takes dimension + 8 * links + about 30 bytes; what is not flushed yet 2 * dimension more;
// full vectors that were read lately <= cache_bytes_max; 2 bytes a vector for each search under way.
//
// Thread rules: every method may be called from any thread. Searches wait for nobody. put(), remove() and flush() are
// serialised among themselves. maybe_build() may run on a thread of the owner beside them; only its rare rewriting
// holds up changes, never searches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/base/units.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"

namespace atl::vector {

// The caller's own number of a document, as in the word index.
using DocumentId = std::uint64_t;

inline constexpr std::uint32_t kDimensionMax = 4096;
inline constexpr std::uint32_t kPartsMax = 65'536;              // of one document
inline constexpr std::uint32_t kVectorsMax = 64 * 1024 * 1024;  // of one index, removed ones included

// Fixed when the index is made, kept in it. links and construction follow the paper's M and efConstruction.
struct Config {
  std::uint32_t dimension = 0;       // 1 to kDimensionMax
  std::string embedder;              // what made the vectors, with its version; at most 200 bytes
  std::uint32_t links = 32;          // of a vector in the upper layers; twice as many in the lowest. 4 to 128
  std::uint32_t construction = 200;  // how many candidates a new vector's links are chosen from. 8 to 2000
  friend bool operator==(const Config&, const Config&) = default;
};

struct Options {
  std::size_t cache_bytes_max = 64 * kMiB;   // full vectors that were read lately; 0 = none
  std::size_t buffer_bytes_max = 64 * kMiB;  // full vectors not flushed yet; put() flushes when it is full
  std::uint32_t search_width = 64;           // the paper's ef, where a request names none
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
};

struct SearchRequest {
  std::span<const float> vector;  // of the index's dimension
  std::size_t limit = 10;         // at most 10,000
  std::uint32_t width = 0;        // more finds more and takes longer; 0: as the options say
  // Only these documents: in ascending order, each once.
  std::optional<std::span<const DocumentId>> only;
  bool one_per_document = true;  // its best part
  float similarity_min = -1.0F;  // nothing below
};
struct Hit {
  DocumentId document = 0;
  std::uint32_t part = 0;
  float similarity = 0;  // cosine, -1 to 1
  friend bool operator==(const Hit&, const Hit&) = default;
};
struct SearchResult {
  std::vector<Hit> hits;       // the most similar first; equal ones by document and part
  bool exact = false;          // every vector that could be meant was looked at
  std::uint64_t compared = 0;  // vectors looked at
};

struct Stats {
  std::uint64_t vectors = 0;    // found by searches
  std::uint64_t documents = 0;  // that have any
  std::uint64_t removed = 0;    // still in the graph and in files
  std::uint64_t in_graph = 0;   // removed ones included
  std::uint64_t unflushed = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t memory_bytes = 0;  // without the cache
  std::uint64_t cache_bytes = 0;
};

// False where all numbers are 0 or one is not finite: such a vector cannot be put or searched.
[[nodiscard]] bool has_direction(std::span<const float> vector);

class VectorIndex {
 public:
  // Opens the index in `folder`, or begins an empty one there (a folder without manifest is an empty index with empty
  // state; a read-only open makes nothing). `key` is this index's own derived key; it is cloned. Errors: `damaged` (or
  // the key or vault are not the ones it was written with), `unsupported`, `conflict` ("vector.config_changed"): it was
  // made with another dimension, embedder or shape; `usage` (the config); `io`.
  [[nodiscard]] static Result<std::unique_ptr<VectorIndex>> open(const platform::Machine& machine,
                                                                 const std::string& folder, const codec::SecretKey& key,
                                                                 const VaultId& vault, const Config& config,
                                                                 const Options& options, bool writable);
  // Deletes the index in `folder`, which must not be open. A missing one is fine.
  [[nodiscard]] static Result<void> remove_all(const platform::Machine& machine, const std::string& folder);

  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;
  VectorIndex(VectorIndex&&) = delete;
  VectorIndex& operator=(VectorIndex&&) = delete;
  ~VectorIndex();  // flushes nothing

  // All parts of a document, one after the other, in place of what it had before; none removes it. Errors: `usage`
  // (another dimension, a vector without direction, opened read-only), `limit`, `no_space` (may be tried again), and
  // after any other failed write `failed` ("vector.stopped") until it is reopened.
  [[nodiscard]] Result<void> put(DocumentId document, std::span<const float> parts);
  [[nodiscard]] Result<void> remove(DocumentId document);  // what is not there may be removed

  // Writes what is new to files, then switches to a new synced manifest that stores `state` (at most 64 KiB: the LSN
  // reached and whose history it belongs to). Cost: the new vectors; now and then (when an eighth is new) the graph.
  [[nodiscard]] Result<void> flush(ByteView state);
  // The state given to the last successful flush, or found at open. Empty at first.
  [[nodiscard]] Bytes state() const;
  // True once half the buffer is used: a good moment to flush.
  [[nodiscard]] bool wants_flush() const;

  // One step of what makes searches faster, if any is worth doing: true where one was done (call again). Takes some of
  // the newest vectors into the graph, on `threads` threads; leaves out removed vectors when they are a fifth, mending
  // the graph where they were; rounds anew when the vectors' numbers have come to be of another size; joins files.
  [[nodiscard]] Result<bool> maybe_build(unsigned threads = 1);
  // Takes everything into the graph, whatever its size, and leaves out what was removed: for tests and benchmarks.
  [[nodiscard]] Result<void> build_all(unsigned threads = 1);

  // Errors: `usage` (another dimension, a vector without direction, an unordered filter), `damaged`, `io`.
  [[nodiscard]] Result<SearchResult> search(const SearchRequest& request) const;
  // The vectors of a document's parts, each of length 1, one after the other; empty where it has none. ("More like
  // this": search with one of them.)
  [[nodiscard]] Result<std::vector<float>> vectors_of(DocumentId document) const;

  [[nodiscard]] bool contains(DocumentId document) const;

  // Writes config.json, vectors.npy, id_mapping.json and index.bin into `folder`, in clear, for numpy and other
  // programs: for vaults without encryption. Each file is replaced whole.
  [[nodiscard]] Result<void> export_readable(const std::string& folder) const;

  // Reads and authenticates every byte, and checks what the files say against itself.
  [[nodiscard]] Result<void> verify() const;
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] const Config& config() const;

 private:
  class State;
  explicit VectorIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::vector
