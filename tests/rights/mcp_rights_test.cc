// Every tool of the assistant's door as every role, against a table written by hand.
// Always true: a tool without a line in the table is a failing test. Nobody may more here than an agent, owners
// neither.
#include <gtest/gtest.h>

#include <set>

#include "edge/mcp/testing/mcp_client.h"
#include "edge/mcp/tool.h"
#include "rights_world.h"

namespace atl::rights {
namespace {

using mcp::testing::McpClient;

struct Case {
  std::string tool, arguments;
  std::string_view may;
  // Of what only leaves out what may not be seen: the list that is empty then.
  std::string_view list = {};
};

constexpr std::string_view kLooks = "oerau pbvqtyd";
constexpr std::string_view kReadsObject = "oera pbt";
constexpr std::string_view kReadsHistory = "oerau";
constexpr std::string_view kReadsVersions = "oera";
constexpr std::string_view kStores = "oea";
constexpr std::string_view kChangesObject = "oea p";

std::vector<Case> cases(const std::string& version) {
  return {
      {"find", R"({"query": "boiler"})", kReadsVersions, "results"},
      {"get", R"({"bucket": "docs", "key": "f/x.txt"})", kReadsObject},
      {"get", R"({"bucket": "docs", "key": "f/x.txt", "as": "bytes"})", kReadsObject},
      {"get", R"({"bucket": "docs", "key": "f/x.txt", "version": ")" + version + "\"}", kReadsVersions},
      {"list", "{}", kLooks, "buckets"},
      {"list", R"({"bucket": "docs"})", kLooks},
      {"history", R"({"bucket": "docs", "key": "f/x.txt"})", kReadsHistory},
      {"history", "{}", kReadsHistory},
      {"put", R"({"bucket": "docs", "key": "f/new.txt", "text": "new"})", kStores},
      {"put", R"({"bucket": "docs", "key": "f/x.txt", "text": "over what is there"})", kChangesObject},
      {"note", R"({"bucket": "docs", "text": "a note"})", kStores},
      {"tag", R"({"bucket": "docs", "key": "f/x.txt", "set": {"a": "b"}})", kChangesObject},
      {"undo", R"({"dry_run": true})", kStores},
      {"undo", "{}", kStores},
  };
}

class McpRightsTest : public ::testing::TestWithParam<Role> {};

TEST_P(McpRightsTest, MayWhatItsTableSaysAndNothingElse) {
  const Role& role = GetParam();
  RightsWorld world(role);
  ASSERT_EQ(world.ask_as_owner("PUT", "/api/v1/buckets/docs", "{}", {{"Content-Type", "application/json"}}).status,
            201U);
  const auto put = world.ask_as_owner("PUT", "/api/v1/buckets/docs/objects/f/x.txt", "the boiler");
  ASSERT_EQ(put.status, 201U);
  McpClient client([&](const std::string& method, const std::string& target, const std::string& body,
                       const net::Headers& headers) { return world.ask(method, target, body, headers); });
  if (role.letter == 'n' || role.letter == 'l') {
    EXPECT_EQ(client.begin(), 401U);
    return;
  }
  ASSERT_EQ(client.begin(), 200U);
  std::set<std::string> named;
  for (const Case& one : cases(put.text("version"))) {
    SCOPED_TRACE(one.tool + " " + one.arguments);
    named.insert(one.tool);
    const std::uint64_t before = world.last_change();
    const json::Value result = client.tool(one.tool, one.arguments);
    const bool is_allowed = may(role, one.may);
    if (!one.list.empty()) {
      ASSERT_EQ(McpClient::told(result), "ok");
      EXPECT_NE(McpClient::structured(result).find(one.list)->as_array()->empty(), is_allowed);
    } else {
      EXPECT_EQ(McpClient::told(result), is_allowed ? "ok" : "access.denied");
    }
    EXPECT_TRUE(is_allowed || world.last_change() == before);
  }
  for (const mcp::Tool& tool : mcp::tools()) EXPECT_TRUE(named.contains(std::string(tool.name))) << tool.name;
  const auto read = client.ask("resources/read", json::Value::object().set("uri", "atoll://docs/f/x.txt"));
  EXPECT_EQ(McpClient::told(read), may(role, kReadsObject) ? "ok" : "protocol -32603");
  const auto listed = client.ask("resources/list");
  EXPECT_NE(listed.find("result")->find("resources")->as_array()->empty(), may(role, kLooks));
}

INSTANTIATE_TEST_SUITE_P(Roles, McpRightsTest, ::testing::ValuesIn(roles()),
                         [](const auto& one) { return std::string(1, one.param.letter); });

}  // namespace
}  // namespace atl::rights
