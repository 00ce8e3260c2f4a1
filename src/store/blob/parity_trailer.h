// Parity behind a file's bytes, so that damage on a single disk heals: Reed–Solomon over interleaved blocks, each with
// its own CRC-32C (Plank, "A Tutorial on Reed-Solomon Coding for Fault-Tolerance in RAID-like Systems", 1997; the code
// itself is codec::ReedSolomon).
//
//     protected bytes, zeros to 4 KiB | table + record, zeros to 4 KiB | parity blocks | table + record
//
// Always true:
//  - Protected block i belongs to stripe i mod S, and parity block j to stripe (n + j) mod S: the parity goes on where
//    the data stopped, so any S neighbouring blocks lie in S different stripes. One run of damaged bytes heals,
//    wherever it lies (table and record included), when it is no longer than 64 KiB in a file of more than 64 KiB, or
//    than 4 KiB in any file; with parity_count m, m such runs.
//  - Cost: 1/32 for large files, 68 KiB between 64 KiB and 2 MiB, a copy and 8 KiB below.
//  - The record binds the file's id and its own place, so that a stored copy of another file is never taken for it.
// Format: spec/formats/parity.md. Thread rules: const members from any thread, as far as the reader given to them is.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::blob {

struct ParityOptions {
  unsigned data_count = 32;   // at most so many data blocks per stripe; 1..128
  unsigned parity_count = 1;  // 0..4
};

using FileTag = std::array<std::uint8_t, 16>;  // the file's own id (a pack id); any fixed bytes where it has none

// Fills `out` from `offset`; less only where the file ends; an error where the medium fails (then the block counts as
// damaged). A lambda over File::read_at or BlobStore::fetch.
using ReadRange = std::function<Result<std::size_t>(std::uint64_t offset, ByteSpan out)>;
using AppendBytes = std::function<Result<void>(ByteView)>;

// Reads the `protected_length` first bytes of the file once and appends the whole parity section behind them.
// Memory: data_count + parity_count blocks (about 2 MiB) for files over 2 MiB, less below.
[[nodiscard]] Result<void> append_parity(const ReadRange& read, std::uint64_t protected_length, const FileTag& tag,
                                         const ParityOptions& options, const AppendBytes& append);

class ParityMap {
 public:
  // Cheap: reads the record at the end of the file and nothing else. None where it is damaged or absent.
  [[nodiscard]] static std::optional<std::uint64_t> protected_length(const ReadRange& read, std::uint64_t file_size,
                                                                     const FileTag& tag);
  // Finds a good table and record: at the end, else by searching the whole file from its end. `damaged`
  // ("parity.not_found") where there is none. Checks everything it reads.
  [[nodiscard]] static Result<ParityMap> open(const ReadRange& read, std::uint64_t file_size, const FileTag& tag);

  [[nodiscard]] std::uint64_t protected_length() const { return protected_length_; }
  [[nodiscard]] std::uint64_t file_length() const { return file_length_; }  // what the whole file should have
  [[nodiscard]] std::uint32_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] std::uint64_t data_blocks() const { return data_blocks_; }
  [[nodiscard]] std::uint64_t parity_blocks() const { return std::uint64_t{stripes_} * parity_count_; }

  // [offset, offset + out.size()) of the protected bytes, every touched block checked against its CRC and
  // reconstructed where it does not match. True where something had to be. `damaged` ("parity.beyond_repair") where
  // too much of a stripe is gone.
  [[nodiscard]] Result<bool> read_healed(const ReadRange& read, std::uint64_t offset, ByteSpan out) const;

  struct Damage {
    std::vector<std::uint64_t> blocks;  // indexes of damaged data blocks, ascending
    std::vector<std::uint64_t> parity;  // of damaged parity blocks
    bool metadata = false;              // a copy of table and record, or padding
    bool can_heal = true;
    [[nodiscard]] bool is_none() const { return blocks.empty() && parity.empty() && !metadata; }
  };
  // Reads everything. `go_on(bytes read since the last call)` returns false to stop (then error `interrupted`).
  [[nodiscard]] Result<Damage> check(const ReadRange& read, const std::function<bool(std::uint64_t)>& go_on) const;
  // Appends the whole file, byte for byte as it was first written. Fails before the end where it cannot heal.
  [[nodiscard]] Result<void> rewrite(const ReadRange& read, const AppendBytes& append) const;

 private:
  ParityMap() = default;
  friend struct ParityAccess;
  FileTag tag_{};
  std::uint64_t protected_length_ = 0;
  std::uint64_t file_length_ = 0;
  std::uint64_t data_blocks_ = 0;
  std::uint32_t block_bytes_ = 0;
  std::uint32_t stripes_ = 0;
  unsigned parity_count_ = 0;
  std::vector<std::uint32_t> checksums_;  // of data blocks, then of parity blocks
};

}  // namespace atl::blob
