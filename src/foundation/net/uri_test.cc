#include "foundation/net/uri.h"

#include <gtest/gtest.h>

namespace atl::net {
namespace {

using Pieces = std::vector<std::string>;

TEST(UriTest, DecodesStrictlyAndOnce) {
  EXPECT_EQ(percent_decode("a%20b%2fc+d"), "a b/c+d");
  EXPECT_EQ(percent_decode("a+b%2B", Plus::space), "a b+");
  EXPECT_EQ(percent_decode("%2525"), "%25");
  EXPECT_EQ(percent_decode("%00%ff"), std::string("\0\xff", 2));
  for (const auto* bad : {"%", "%2", "a%", "%g0", "%0g", "%%20", "%-1"}) {
    const auto decoded = percent_decode(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().id, "uri.bad_percent");
  }
}

TEST(UriTest, EveryByteComesBackFromEncoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode(encode_path(all)), all);
  EXPECT_EQ(percent_encode("a/b c~é"), "a%2Fb%20c~%C3%A9");
  EXPECT_EQ(encode_path("a/b c"), "a/b%20c");
}

TEST(UriTest, SplitsTargets) {
  EXPECT_EQ(split_target("/a").path, "/a");
  EXPECT_FALSE(split_target("/a").query);
  EXPECT_EQ(split_target("/a?").query, "");
  EXPECT_EQ(split_target("/a?b?c=d").path, "/a");
  EXPECT_EQ(split_target("/a?b?c=d").query, "b?c=d");
}

TEST(UriTest, SplitsPathsWithoutMeaningAnythingByDots) {
  EXPECT_EQ(split_path("/"), Pieces());
  EXPECT_EQ(split_path("/a"), Pieces({"a"}));
  EXPECT_EQ(split_path("/a//b/"), Pieces({"a", "", "b", ""}));
  EXPECT_EQ(split_path("/a%2Fb/.././%2e%2e"), Pieces({"a/b", "..", ".", ".."}));
  EXPECT_FALSE(split_path("/a/%zz"));
  const auto first = split_first("/bucket/a%20b//c%2Fd/");
  EXPECT_EQ(first->first, "bucket");
  EXPECT_EQ(first->rest, "a b//c/d/");
  EXPECT_FALSE(split_first("/bucket")->rest);
  EXPECT_EQ(split_first("/bucket/")->rest, "");
  EXPECT_EQ(split_first("/")->first, "");
}

TEST(UriTest, QueriesKeepOrderDuplicatesAndMissingValues) {
  const auto query = Query::parse("acl&b=1&b=&c=%26%3D+x&&=e&b");
  ASSERT_TRUE(query);
  ASSERT_EQ(query->pairs().size(), 6U);
  EXPECT_TRUE(query->has("acl"));
  EXPECT_FALSE(query->pairs()[0].value);
  EXPECT_EQ(query->get("acl"), "");
  EXPECT_EQ(query->get("b"), "1");
  EXPECT_EQ(query->all("b"), (std::vector<std::string_view>{"1", "", ""}));
  EXPECT_EQ(query->pairs()[2].value, "");
  EXPECT_EQ(query->get("c"), "&=+x");
  EXPECT_EQ(query->get(""), "e");
  EXPECT_FALSE(query->get("absent"));
  EXPECT_EQ(Query::parse("a=b+c", Plus::space)->get("a"), "b c");
  EXPECT_TRUE(Query::parse("")->pairs().empty());
  EXPECT_FALSE(Query::parse("a=%"));
  EXPECT_TRUE(Query::parse("a&b&c", Plus::literal, 3));
  EXPECT_EQ(Query::parse("a&b&c&d", Plus::literal, 3).error().id, "uri.too_many_pairs");
}

TEST(UriTest, ReadsAuthorities) {
  EXPECT_EQ(parse_authority("Example.COM")->host, "example.com");
  EXPECT_FALSE(parse_authority("example.com")->port);
  EXPECT_EQ(parse_authority("a_b.c:8080")->port, 8080);
  EXPECT_FALSE(parse_authority("a:")->port);
  const auto v6 = parse_authority("[2001:DB8::1]:443");
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 443);
  EXPECT_TRUE(v6->is_address_v6);
  for (const auto* bad : {"", ":80", "a:b", "a:65536", "a:-1", "a:123456", "[::1", "[]", "[::1]80", "::1", "a b", "a/b",
                          "user@a", "[x]"}) {
    EXPECT_FALSE(parse_authority(bad)) << bad;
  }
}

}  // namespace
}  // namespace atl::net
