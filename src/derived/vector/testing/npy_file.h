// Arrays as numpy.save() writes them, for tests.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::vector::testing {

// `columns` 0: one vector; else rows of so many.
inline Bytes npy_file(const std::vector<float>& numbers, std::size_t columns) {
  const std::string shape = columns == 0 ? std::to_string(numbers.size()) + ","
                                         : std::to_string(numbers.size() / columns) + ", " + std::to_string(columns);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  Bytes file;
  ByteWriter out(file);
  out.put_bytes(as_bytes(std::string("\x93NUMPY\x01\x00", 8)));
  out.put(static_cast<std::uint16_t>(header.size()));
  out.put_bytes(as_bytes(header));
  for (const float number : numbers) out.put(std::bit_cast<std::uint32_t>(number));
  return file;
}

}  // namespace atl::vector::testing
