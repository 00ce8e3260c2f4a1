#include "foundation/net/range.h"

#include <gtest/gtest.h>

namespace atl::net {
namespace {

using Kind = RangeRequest::Kind;
using Ranges = std::vector<ByteRange>;

TEST(RangeTest, ReadsOneRange) {
  EXPECT_EQ(parse_range("bytes=0-499", 1000).ranges, Ranges({{0, 500}}));
  EXPECT_EQ(parse_range("bytes=500-", 1000).ranges, Ranges({{500, 500}}));
  EXPECT_EQ(parse_range("bytes=-1", 1000).ranges, Ranges({{999, 1}}));
  EXPECT_EQ(parse_range("bytes=-5000", 1000).ranges, Ranges({{0, 1000}}));
  EXPECT_EQ(parse_range("bytes=999-5000", 1000).ranges, Ranges({{999, 1}}));
  EXPECT_EQ(parse_range("BYTES = 0-0", 1000).kind, Kind::whole);
  EXPECT_EQ(parse_range("Bytes=0-0", 1000).ranges, Ranges({{0, 1}}));
  EXPECT_EQ(parse_range("bytes=0-99999999999999999999999", 1000).ranges, Ranges({{0, 1000}}));
}

TEST(RangeTest, ReadsSeveral) {
  const auto request = parse_range("bytes=0-0, 5-6 ,-1,,2000-", 1000);
  EXPECT_EQ(request.kind, Kind::ranges);
  EXPECT_EQ(request.ranges, Ranges({{0, 1}, {5, 2}, {999, 1}}));
  std::string many = "bytes=0-0";
  for (int at = 1; at < 101; ++at) many += ",0-0";
  EXPECT_EQ(parse_range(many, 1000).kind, Kind::whole);
}

TEST(RangeTest, TellsUnsatisfiableFromMalformed) {
  for (const auto* field : {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-"}) {
    EXPECT_EQ(parse_range(field, 1000).kind, Kind::unsatisfiable) << field;
  }
  for (const auto* field : {"bytes=0-", "bytes=-5", "bytes=0-0"}) {
    EXPECT_EQ(parse_range(field, 0).kind, Kind::unsatisfiable) << field;
  }
  for (const auto* field : {"", "bytes", "bytes=", "bytes=,", "items=0-1", "bytes=5-4", "bytes=a-b", "bytes=1",
                            "bytes=--1", "bytes=0x1-2", "bytes=1-2-3", "bytes=+1-2", "bytes=0-1,x"}) {
    EXPECT_EQ(parse_range(field, 1000).kind, Kind::whole) << field;
  }
}

TEST(RangeTest, FormatsContentRange) {
  EXPECT_EQ(format_content_range({0, 500}, 1234), "bytes 0-499/1234");
  EXPECT_EQ(format_content_range_unsatisfied(1234), "bytes */1234");
}

}  // namespace
}  // namespace atl::net
