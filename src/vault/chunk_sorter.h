// Ids of many chunks, put in in any order and as often as one likes, given back in ascending order and each once: the
// distribution sort of Knuth (The Art of Computer Programming 3, 5.4) over one unnamed file. Ids are keyed digests, so
// that their first byte parts them evenly.
//
// Always true:
//  - Memory is bounded: `memory_bytes` while they are put in, and a 256th of all of them while they are read.
//  - The file has lost its name before anything is written to it and is sealed under a key that nobody keeps: a
//    program that dies leaves nothing.
//  - Nothing is lost where the file cannot be written: then it takes no more than fit into memory and says is_full().
//
// Complexity: n log n for n ids, in all; 32 bytes of the file for each beyond those in memory.
// Thread rules: of one thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/ids.h"
#include "foundation/base/units.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/machine.h"

namespace atl::vault {

inline constexpr std::size_t kChunkSorterBytes = 16 * kMiB;

class ChunkSorter {
 public:
  // Asked before the file grows by so many bytes: the disk may have them, and others need them more.
  using CheckRoom = std::function<Result<void>(std::uint64_t bytes)>;
  // The file comes to lie in `folder`, which must be there, when it is first wanted. An empty name: none. Null
  // `check_room`: the disk alone decides.
  ChunkSorter(const platform::Machine& machine, codec::SealSuite suite, std::string folder, CheckRoom check_room = {},
              std::size_t memory_bytes = kChunkSorterBytes);

  // Not after peek() and before clear().
  void add(const ChunkId& id);
  // Memory is full and nothing can be written out: what is here has to be read and cleared before more is added.
  [[nodiscard]] bool is_full() const { return is_full_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // with repetitions
  [[nodiscard]] std::size_t memory_bytes() const;               // that ids take just now

  // The least id that was not passed by; null at the end. The first call sorts. Errors: `io`, `damaged` (of the file).
  [[nodiscard]] Result<const ChunkId*> peek();
  void advance() { ++at_; }
  void clear();  // gives back the room of the file, too

 private:
  static constexpr std::size_t kParts = 256;
  struct Part {
    std::vector<ChunkId> in_memory;
    std::vector<std::uint32_t> blocks;  // numbers of those in the file
  };
  [[nodiscard]] bool write_out(Part& part);
  [[nodiscard]] Result<bool> open_file();
  [[nodiscard]] Result<void> load(Part& part);
  [[nodiscard]] std::size_t block_bytes() const { return ids_in_block_ * sizeof(ChunkId) + codec::kTagBytes; }

  platform::Machine machine_;
  codec::SealSuite suite_;
  std::string folder_;
  CheckRoom check_room_;
  std::size_t ids_in_block_;
  std::array<Part, kParts> parts_;
  std::unique_ptr<platform::File> file_;
  std::unique_ptr<codec::Sealer> sealer_;
  std::uint32_t blocks_ = 0;  // in the file; each is sealed under its number, once
  Buffer frame_;
  std::uint64_t count_ = 0;
  bool is_full_ = false;
  // While it is read: the part that is sorted, and the place in it.
  std::size_t next_part_ = 0;
  std::vector<ChunkId> sorted_;
  std::size_t at_ = 0;
};

}  // namespace atl::vault
