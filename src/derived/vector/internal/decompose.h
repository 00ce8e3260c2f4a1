// The strongest directions of a large sparse matrix: a randomized singular value decomposition with power iterations.
// Source: Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, algorithms 4.4 and 5.1;
// bases are made orthonormal through the eigenvectors of their Gram matrix (Jacobi's method).
// Always true: the same matrix and seed give the same result on one kind of machine.
// Complexity: entries * rank * 6, plus rows * rank^2 * 4. Memory: (rows + columns) * (rank + 16) * 4 bytes besides the
// matrix, of which an entry takes four.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "foundation/base/error.h"

namespace atl::vector::internal {

inline constexpr std::size_t kColumnsMax = std::size_t{1} << 18U;

// Rows one after the other. There are millions of entries, so each is one number of 32 bits: 18 for its column, 14 for
// its value, which is right to 0.00003.
struct SparseMatrix {
  class Entry {
   public:
    // `column` below kColumnsMax, `value` 0 to 1.
    Entry(std::uint32_t column, float value)
        : bits_(column << kValueBits | static_cast<std::uint32_t>(value * kValueMost + 0.5F)) {}
    [[nodiscard]] std::uint32_t column() const { return bits_ >> kValueBits; }
    [[nodiscard]] float value() const { return static_cast<float>(bits_ & ((1U << kValueBits) - 1)) / kValueMost; }

   private:
    static constexpr unsigned kValueBits = 14;
    static constexpr float kValueMost = 16'383;
    std::uint32_t bits_;
  };
  std::size_t columns = 0;  // at most kColumnsMax
  std::vector<std::size_t> row_begins{0};
  std::vector<Entry> entries;
  [[nodiscard]] std::size_t rows() const { return row_begins.size() - 1; }
  void end_row() { row_begins.push_back(entries.size()); }
};

struct Decomposition {
  std::size_t rank = 0;
  std::vector<float> strengths;   // singular values, the greatest first
  std::vector<float> directions;  // columns * rank: how much of each direction a column of the matrix is
};

// At most `rank` directions: fewer where the matrix has fewer. Error: `interrupted`.
[[nodiscard]] Result<Decomposition> decompose(const SparseMatrix& matrix, std::size_t rank, std::uint64_t seed,
                                              const std::atomic<bool>* stop);

// Of a symmetric matrix (size * size): eigenvalues, the greatest first, and eigenvectors as columns in the same order.
void eigenvectors(std::vector<double>& matrix, std::size_t size, std::vector<double>& values,
                  std::vector<double>& vectors);

}  // namespace atl::vector::internal
