// The readers of tables and arrays that are ours, in this process: what they find in damaged contents can be stored,
// and what is special in each format is found.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "derived/extract/extraction.h"
#include "derived/extract/internal/access_file.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/testing/tables.h"

namespace atl::extract {
namespace {

Extraction read(const std::string& name, const std::string& content) {
  BytesInput input(to_bytes(content));
  Toolbox tools;
  tools.limits = {16U << 20U, 3, 100};
  Budget budget;
  budget.text_bytes = 1U << 20U;
  return understand(input, name, tools, budget, 0);
}

TEST(TableFormats, damaged_contents_have_trouble_at_worst) {
  const std::vector<std::pair<std::string, std::string>> contents{
      {"a.mdb", testing::access_database(true)}, {"a.mdb", testing::access_database(false)},
      {"a.parquet", testing::parquet_table()},   {"a.arrow", testing::arrow_table()},
      {"a.nc", testing::netcdf_array(1)},        {"a.nc", testing::netcdf_array(5)}};
  std::mt19937 random(20240312);
  for (const auto& [name, content] : contents) {
    // Most bytes of a database are empty room: where there is something, damage says more.
    std::vector<std::size_t> used;
    for (std::size_t i = 8; i < content.size(); ++i)
      if (content[i] != '\0' && content[i] != 'z' && content[i] != 'd') used.push_back(i);
    for (int round = 0; round < 1500; ++round) {
      std::string bad = content;
      for (std::size_t flips = 1 + random() % 4; flips > 0; --flips)
        bad[used[random() % used.size()]] = static_cast<char>(round % 3 == 0 ? 0xFF : random());
      if (round % 10 == 0) bad.resize(random() % bad.size());
      const Extraction one = read(name, bad);
      const auto again = decode(encode(one));
      ASSERT_TRUE(again && *again == one) << name << " round " << round;
    }
  }
}

TEST(TableFormats, what_is_cut_off_says_so) {
  for (const auto& [name, content] :
       {std::pair{"a.parquet", testing::parquet_table()}, std::pair{"a.arrow", testing::arrow_table()},
        std::pair{"a.nc", testing::netcdf_array(2).substr(0, 150)},
        std::pair{"a.mdb", testing::access_database(true).substr(0, 10'000)}}) {
    EXPECT_NE(read(name, content.substr(0, content.size() - 10)).trouble, "") << name;
  }
}

TEST(TableFormats, what_is_encrypted_says_so) {
  std::string parquet = testing::parquet_table();
  parquet.replace(parquet.size() - 4, 4, "PARE");
  EXPECT_NE(read("a.parquet", parquet).trouble.find("encrypted"), std::string::npos);
  std::string access = testing::access_database(true);
  for (std::size_t i = 4096; i < access.size(); ++i) access[i] = static_cast<char>(access[i] ^ 0x5A);
  EXPECT_NE(read("a.mdb", access).trouble.find("encrypted"), std::string::npos);
}

TEST(TableFormats, an_access_row_that_is_a_ring_of_pieces_ends) {
  // The long text of the second row is said to go on in its own row, again and again.
  std::string access = testing::access_database(true);
  const std::string one_piece("\x58\x02\0\x40\0\x07\0\0", 8);
  const std::size_t at = access.find(one_piece);
  ASSERT_NE(at, std::string::npos);
  access.replace(at, 4, std::string("\xFF\xFF\xFF\x3F", 4));
  const std::string pointer("\0\x07\0\0", 4);
  access.replace(access.size() - 600, 4, pointer);
  EXPECT_LT(read("a.mdb", access).pieces.at(0).text.size(), 2U << 20U);
}

}  // namespace
}  // namespace atl::extract
