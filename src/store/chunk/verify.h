// What a verification is asked for and what it found.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foundation/base/ids.h"

namespace atl::chunk {

struct VerifyOptions {
  // false: structure only (headers, footers, trailers, group headers, directory against index both ways). true: every
  // sampled group is read, its checksum and tag checked, decompressed, and every chunk's keyed hash computed anew; and
  // every block of the pack file is checked against the parity section's checksums.
  bool data = false;
  double sample_ratio = 1.0;  // of the packs, for `data`; the others get the structure check
  std::uint64_t seed = 0;     // chooses the sample: the same seed, the same packs
  bool heal = false;  // writes a healed copy over each damaged pack that parity can restore (store open for writing)
  unsigned threads = 1;
  std::vector<PackId> expected{};  // packs the caller knows of; those not there are reported as missing
  // Called now and then from any thread, never from two at once; false stops with `interrupted`.
  std::function<bool(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress{};
};

struct PackDamage {
  PackId pack;
  std::string area;  // "header", "group 12", "footer", "trailer", "parity", "index", "file"
  std::string message;
  bool is_healable = false;          // parity holds what is missing
  bool is_healed = false;            // and it was written back
  std::vector<ChunkId> lost_chunks;  // cannot be read from here any more
};

struct VerifyReport {
  std::uint64_t packs = 0;
  std::uint64_t packs_read_whole = 0;
  std::uint64_t groups = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes_read = 0;             // of pack files
  std::uint64_t index_entries_missing = 0;  // chunks in packs that the index did not know (put into it where writable)
  std::uint64_t index_entries_wrong = 0;    // index entries that lead to no chunk; the index is rebuilt where writable
  std::vector<PackDamage> damage;
  std::vector<PackId> missing_packs;
  [[nodiscard]] bool is_clean() const {
    return damage.empty() && missing_packs.empty() && index_entries_missing == 0 && index_entries_wrong == 0;
  }
};

}  // namespace atl::chunk
