// Every method of WebDAV as every role, against a table written by hand.
// Always true: a method that the server names in Allow and that has no line in the table is a failing test.
#include <gtest/gtest.h>

#include <set>

#include "rights_world.h"

namespace atl::rights {
namespace {

struct Case {
  std::string method, target;
  std::string_view may;
  unsigned status;  // of whoever may
  net::Headers headers = {};
  std::string body = {};
};

constexpr std::string_view kLooks = "oerau pbvqtyd";
constexpr std::string_view kStores = "oea";
constexpr std::string_view kChangesObject = "oea p";
constexpr std::string_view kEdits = "oe";

std::vector<Case> cases() {
  const std::string lock =
      "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype>"
      "</D:lockinfo>";
  const std::string set =
      "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><z xmlns='urn:z'>v</z></D:prop></D:set></D:propertyupdate>";
  return {
      {"OPTIONS", "/dav/docs", "*", 200},
      {"PROPFIND", "/dav/docs", kLooks, 207, {{"Depth", "0"}}},
      {"PROPFIND", "/dav/docs/f", kLooks, 207, {{"Depth", "1"}}},
      {"PROPFIND", "/dav/docs/f/x", kLooks, 207, {{"Depth", "0"}}},
      {"GET", "/dav/docs/f/x", "oera pbt", 200},
      {"HEAD", "/dav/docs/f/x", "oera pbt", 200},
      {"GET", "/dav/docs/f", kLooks, 200},
      {"PUT", "/dav/docs/f/new", kStores, 201, {}, "new"},
      {"PUT", "/dav/docs/f/x", kChangesObject, 204, {}, "over what is there"},
      {"MKCOL", "/dav/docs/f/g", kStores, 201},
      {"MKCOL", "/dav/more", kEdits, 201},
      {"PROPPATCH", "/dav/docs/f/x", kChangesObject, 207, {}, set},
      {"COPY", "/dav/docs/f/x", kStores, 201, {{"Destination", "/dav/docs/f/y"}}},
      {"MOVE", "/dav/docs/f/y", kEdits, 201, {{"Destination", "/dav/docs/f/z"}}},
      {"LOCK", "/dav/docs/f/x", kEdits, 200, {}, lock},
      {"LOCK", "/dav/docs/f/made", kEdits, 201, {}, lock},
      {"UNLOCK", "/dav/docs/f/new", kEdits, 409, {{"Lock-Token", "<urn:none>"}}},
      {"DELETE", "/dav/docs/f/new", kEdits, 204},
      {"DELETE", "/dav/more", kEdits, 204},
  };
}

class WebDavRightsTest : public ::testing::TestWithParam<Role> {};

TEST_P(WebDavRightsTest, MayWhatItsTableSaysAndNothingElse) {
  const Role& role = GetParam();
  RightsWorld world(role);
  ASSERT_EQ(world.ask_as_owner("MKCOL", "/dav/docs").status, 201U);
  ASSERT_EQ(world.ask_as_owner("MKCOL", "/dav/docs/f").status, 201U);
  ASSERT_EQ(world.ask_as_owner("PUT", "/dav/docs/f/x", "x").status, 201U);
  std::set<std::string> methods;
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.method + " " + one.target);
    methods.insert(one.method);
    if (one.may == "*") continue;
    if (may(role, one.may)) {
      const auto reply = world.ask(one.method, one.target, one.body, one.headers);
      EXPECT_EQ(reply.status, one.status) << reply.body;
      continue;
    }
    const std::uint64_t before = world.last_change();
    const auto reply = world.ask(one.method, one.target, one.body, one.headers);
    EXPECT_EQ(world.last_change(), before);
    EXPECT_EQ(reply.status, role.letter == 'n' || role.letter == 'l' ? 401U : 403U) << reply.body;
    // Owners may, by other ways than this role's; a lock of theirs would stand in its way.
    if (one.method == "LOCK") continue;
    const auto done = world.ask_as_owner(one.method, one.target, one.body, one.headers);
    EXPECT_EQ(done.status, one.status) << done.body;
  }
  const std::string allowed = world.ask_as_owner("OPTIONS", "/dav/docs/f/x").header("Allow");
  std::size_t count = 0;
  for (std::size_t at = 0; at < allowed.size();) {
    const std::size_t comma = std::min(allowed.find(',', at), allowed.size());
    const std::string method(net::trim_blanks(std::string_view(allowed).substr(at, comma - at)));
    EXPECT_TRUE(methods.contains(method)) << method << " has no line";
    ++count;
    at = comma + 1;
  }
  EXPECT_EQ(count, methods.size()) << allowed;
}

INSTANTIATE_TEST_SUITE_P(Roles, WebDavRightsTest, ::testing::ValuesIn(roles()),
                         [](const auto& one) { return std::string(1, one.param.letter); });

}  // namespace
}  // namespace atl::rights
