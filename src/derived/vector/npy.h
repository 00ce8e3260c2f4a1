// Reads and writes vectors as numpy.save() does: NumPy's format 1.0 to 3.0 (numpy.lib.format), with one vector (shape
// (n,)) or a row each (shape (rows, n)) of little-endian floats of two, four or eight bytes.
//
// Always true: foreign bytes, checked whole before anything is used: the shape must account for every byte that is
// there, so no memory is taken for sizes that are only claimed. Objects (pickles), other types, Fortran's order of a
// matrix and other shapes are refused, not guessed.
// Complexity: linear. Thread rules: pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::vector {

struct NpyRows {
  std::uint32_t dimension = 0;
  std::vector<float> numbers;  // row after row
  [[nodiscard]] std::size_t rows() const { return dimension == 0 ? 0 : numbers.size() / dimension; }
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(numbers).subspan(i * dimension, dimension);
  }
};

// Errors: `usage` ("npy.malformed"); `unsupported` ("npy.unsupported"): it is one, of another kind.
[[nodiscard]] Result<NpyRows> parse_npy(ByteView file);
// One vector, in format 1.0 with floats of four bytes: what numpy.save() makes of it, byte for byte.
[[nodiscard]] Bytes format_npy(std::span<const float> vector);

}  // namespace atl::vector
