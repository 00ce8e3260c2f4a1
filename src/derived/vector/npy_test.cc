#include "derived/vector/npy.h"

#include <gtest/gtest.h>

#include "derived/vector/testing/npy_file.h"

namespace atl::vector {
namespace {

using testing::npy_file;

Bytes with_header(const std::string& header, std::size_t data_bytes) {
  Bytes file;
  ByteWriter out(file);
  out.put_bytes(as_bytes(std::string("\x93NUMPY\x01\x00", 8)));
  out.put(static_cast<std::uint16_t>(header.size()));
  out.put_bytes(as_bytes(header));
  file.resize(file.size() + data_bytes);
  return file;
}

TEST(NpyTest, ReadsOneVectorAndRows) {
  const auto one = parse_npy(npy_file({1, 2.5, -3}, 0));
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->dimension, 3U);
  EXPECT_EQ(one->numbers, (std::vector<float>{1, 2.5, -3}));
  const auto rows = parse_npy(npy_file({1, 2, 3, 4, 5, 6}, 3));
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->rows(), 2U);
  EXPECT_EQ(rows->row(1)[0], 4);
}

TEST(NpyTest, ReadsHalvesAndDoubles) {
  Bytes halves = with_header("{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }\n", 0);
  ByteWriter out(halves);
  for (const int bits : {0x3C00, 0xC000, 0x3555, 0x0001}) out.put(static_cast<std::uint16_t>(bits));
  const auto read = parse_npy(halves).value();
  EXPECT_EQ(read.numbers[0], 1);
  EXPECT_EQ(read.numbers[1], -2);
  EXPECT_NEAR(read.numbers[2], 1.0 / 3, 1e-3);
  EXPECT_NEAR(read.numbers[3], 5.96e-8, 1e-9);
  Bytes doubles = with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }\n", 0);
  ByteWriter(doubles).put(std::uint64_t{0x3FF8'0000'0000'0000});
  EXPECT_EQ(parse_npy(doubles)->numbers, (std::vector<float>{1.5}));
}

TEST(NpyTest, RefusesWhatItCannotRead) {
  const auto id_of = [](const std::string& header, std::size_t bytes) {
    const auto read = parse_npy(with_header(header, bytes));
    return read ? std::string() : read.error().id;
  };
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24), "");
  EXPECT_EQ(id_of("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 8), "npy.unsupported");
  EXPECT_EQ(id_of("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8), "npy.unsupported");
  EXPECT_EQ(id_of("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", 8), "npy.unsupported");
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24), "npy.unsupported");
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4), "npy.unsupported");
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 0), "npy.unsupported");
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3), }", 24), "npy.malformed");
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23), "npy.malformed");
  EXPECT_EQ(id_of("{'descr': '<f4', 'fortran_order': False, 'shape': (a), }", 4), "npy.malformed");
  EXPECT_EQ(id_of("{'descr': '<f4'}", 4), "npy.malformed");
  EXPECT_EQ(parse_npy({}).error().id, "npy.malformed");
  EXPECT_EQ(parse_npy(as_bytes("{\"a\": 1}")).error().id, "npy.malformed");
  Bytes cut = npy_file({1, 2, 3}, 0);
  for (std::size_t size = 0; size < cut.size(); ++size) EXPECT_FALSE(parse_npy(ByteView(cut).first(size))) << size;
}

}  // namespace
}  // namespace atl::vector
