// Addresses and places: there and back for any bytes; what is refused; proxies.
#include "edge/webdav/place.h"

#include <gtest/gtest.h>

#include <array>

namespace atl::webdav {
namespace {

Place place(const std::string& bucket, const std::string& key = {}, bool has_slash = false) {
  return {"", bucket, key, has_slash};
}

TEST(WebDavPlace, IsReadFromItsAddress) {
  EXPECT_EQ(parse_place("/dav").value(), place("", "", true));
  EXPECT_EQ(parse_place("/dav/").value(), place("", "", true));
  EXPECT_EQ(parse_place("/dav/photos").value(), place("photos"));
  EXPECT_EQ(parse_place("/dav/photos/").value(), place("photos", "", true));
  EXPECT_EQ(parse_place("/dav/photos/a%20b/%C3%A4+c").value(), place("photos", "a b/ä+c"));
  EXPECT_EQ(parse_place("/dav//photos//a/").value(), place("photos", "a", true));
  EXPECT_EQ(parse_place("/dav/@lab/photos/a").value(), (Place{"lab", "photos", "a", false}));
  EXPECT_EQ(parse_place("/dav/%40lab/photos").value(), (Place{"lab", "photos", "", false}));
  EXPECT_EQ(parse_place("/dav/photos/@lab").value(), place("photos", "@lab"));
}

TEST(WebDavPlace, IsRefusedWhereItWouldMeanAnotherOne) {
  for (const char* path : {"/dav/a/../b", "/dav/a/%2e%2e/b", "/dav/./a", "/dav/a/b%2Fc", "/dav/a/%00", "/dav/a/%zz",
                           "/davx", "/api", ""}) {
    EXPECT_FALSE(parse_place(path)) << path;
  }
  EXPECT_FALSE(parse_place("/dav/b/" + std::string(16'384, 'x')));
  EXPECT_TRUE(parse_place("/dav/b/" + std::string(16'383, 'x')));
}

TEST(WebDavPlace, ItsAddressLeadsBackToItForEveryByte) {
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    const std::string key = "x" + std::string(1, static_cast<char>(byte)) + "/y";
    const auto back = parse_place(href(place("photos", key), false));
    ASSERT_TRUE(back) << byte;
    EXPECT_EQ(*back, place("photos", key)) << byte;
  }
  EXPECT_EQ(href(place("b", "ä b"), true), "/dav/b/%C3%A4%20b/");
  EXPECT_EQ(href({"lab", "b", "", false}, true), "/dav/@lab/b/");
  EXPECT_EQ(href({}, true), "/dav/");
}

TEST(WebDavPlace, KnowsItsParentItsNameAndWhatItHolds) {
  const Place deep = place("b", "x/y");
  EXPECT_EQ(deep.parent(), place("b", "x", true));
  EXPECT_EQ(deep.parent().parent(), place("b", "", true));
  EXPECT_EQ(deep.parent().parent().parent(), place("", "", true));
  EXPECT_EQ(deep.name(), "y");
  EXPECT_EQ(place("b").name(), "b");
  EXPECT_TRUE(place("b", "x").holds(deep));
  EXPECT_TRUE(place("b").holds(deep));
  EXPECT_TRUE(deep.holds(place("b", "x/y", true)));
  EXPECT_FALSE(place("b", "x").holds(place("b", "xy")));
  EXPECT_FALSE(place("c").holds(deep));
  EXPECT_FALSE((Place{"lab", "b", "", false}).holds(deep));
  EXPECT_EQ(place("b").folder_key(), "./");
  EXPECT_EQ(place("b").member_prefix(), "");
  EXPECT_EQ(deep.folder_key(), "x/y/");
}

TEST(WebDavPlace, OfAUriIsOnThisServerOnly) {
  EXPECT_EQ(place_of_uri("/dav/b/x", "h:1", "").value(), place("b", "x"));
  EXPECT_EQ(place_of_uri("http://h:1/dav/b/x", "h:1", "").value(), place("b", "x"));
  // A proxy on another port, and with TLS.
  EXPECT_EQ(place_of_uri("https://H/dav/b/x", "h:7070", "").value(), place("b", "x"));
  EXPECT_EQ(place_of_uri("https://other/dav/b/x", "h", "").error().id, "dav.other_server");
  // A proxy that serves this server below a path, under a name of its own.
  EXPECT_EQ(
      place_of_uri("https://files.example/atoll/dav/b/x?y", "127.0.0.1:7070", "https://files.example/atoll/").value(),
      place("b", "x"));
  EXPECT_EQ(base_path_of("https://files.example/atoll/"), "/atoll");
  EXPECT_EQ(base_path_of("https://files.example"), "");
  EXPECT_FALSE(place_of_uri("http://h/elsewhere/b", "h", ""));
}

}  // namespace
}  // namespace atl::webdav
