// Full vectors that were read lately, each by itself: of a block that is opened for one of them the others are seldom
// wanted.
//
// Always true: never takes more than its budget, its own lists counted in; takes nothing for what was never put.
// Complexity: constant; a row is copied out.
// Thread rules: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::vector::internal {

// Rows in sets of eight, the longest unused of a set making room.
class RowCache {
 public:
  RowCache(std::size_t bytes_max, std::size_t row_bytes);
  // False: it is not there. `out` is as long as a row.
  [[nodiscard]] bool get(std::uint64_t file, std::uint64_t row, ByteSpan out);
  void put(std::uint64_t file, std::uint64_t row, ByteView content);
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSlabRows = 64;
  struct Way {
    std::uint64_t file = 0;
    std::uint64_t row = 0;
    std::uint64_t used = 0;
    std::uint8_t* content = nullptr;  // stays its own once it has any
  };
  struct alignas(64) Set {
    mutable std::mutex mutex;
    // Guarded by mutex.
    std::uint64_t uses = 0;
    std::array<Way, kWays> ways;
  };
  [[nodiscard]] Set& set_of(std::uint64_t file, std::uint64_t row);
  [[nodiscard]] std::uint8_t* room();

  const std::size_t row_bytes_;
  std::vector<Set> sets_;
  mutable std::mutex slabs_mutex_;  // taken while a set's is held
  // Guarded by slabs_mutex_.
  std::vector<std::unique_ptr<std::uint8_t[]>> slabs_;  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  std::size_t rows_ = 0;                                // given out
};

}  // namespace atl::vector::internal
