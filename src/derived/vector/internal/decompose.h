// The strongest directions of a large sparse matrix: a randomized singular value decomposition with power iterations.
// Source: Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, algorithms 4.4 and 5.1;
// bases are made orthonormal through the eigenvectors of their Gram matrix (Jacobi's method).
// Always true: the same matrix and seed give the same result on one kind of machine.
// Complexity: entries * rank * 6, plus rows * rank^2 * 4. Memory: (rows + 2 * columns) * (rank + 16) * 4 bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "foundation/base/error.h"

namespace atl::vector::internal {

// Rows one after the other.
struct SparseMatrix {
  struct Entry {
    std::uint32_t column = 0;
    float value = 0;
  };
  std::size_t columns = 0;
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
