// Every operation, as the rows and the document say: called once in a made-up world, its answers held against their
// schemas; called by nobody; and the document against spec/openapi.json.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "edge/errors/error_table.h"
#include "edge/rest/openapi.h"
#include "edge/rest/schema.h"
#include "edge/rest/testing/rest_world.h"
#include "edge/rest/testing/samples.h"

namespace atl::rest {
namespace {

using testing::differs;
using testing::filled;
using testing::Reply;
using testing::RestWorld;
using testing::Sample;

const Operation* row_of(std::string_view id) {
  const auto found = std::ranges::find(operations(), id, &Operation::id);
  return found == operations().end() ? nullptr : &*found;
}

TEST(Operations, EveryRowIsWhole) {
  std::set<std::string_view> ids;
  std::set<std::string> calls;
  for (const Operation& row : operations()) {
    SCOPED_TRACE(row.id);
    EXPECT_TRUE(ids.insert(row.id).second);
    EXPECT_TRUE(calls.insert(std::string(row.method) + " " + std::string(row.path)).second);
    EXPECT_TRUE(row.path.starts_with("/api/v1/"));
    EXPECT_NE(row.handler, nullptr);
    EXPECT_FALSE(row.words.empty());
    EXPECT_FALSE(row.answers.empty());
    EXPECT_NE(row.guards.empty(), row.open_words.empty()) << "says who may, or why everybody may, and not both";
    if (!row.body.empty() && row.body != kAnyBytes) {
      EXPECT_NE(schema_named(row.body), nullptr) << row.body;
    }
    for (const Answer& answer : row.answers) {
      if (!answer.schema.empty() && answer.schema != kAnyBytes) {
        EXPECT_NE(schema_named(answer.schema), nullptr) << answer.schema;
      }
    }
    for (const Guard& guard : row.guards) {
      const bool has_bucket = row.path.find("{bucket}") != std::string_view::npos;
      const bool has_key = row.path.find("{key...}") != std::string_view::npos;
      if (guard.place == Place::bucket || guard.place == Place::prefix) {
        EXPECT_TRUE(has_bucket);
      }
      if (guard.place == Place::object) {
        EXPECT_TRUE(has_bucket && has_key);
      }
    }
  }
}

void collect_references(const json::Value& value, std::set<std::string>& out) {
  if (const auto* const members = value.as_members(); members != nullptr) {
    for (const auto& [name, member] : *members) {
      if (name == "$ref" && member.as_text() != nullptr) out.insert(*member.as_text());
      collect_references(member, out);
    }
  }
  if (const auto* const items = value.as_array(); items != nullptr)
    for (const auto& item : *items) collect_references(item, out);
}

TEST(Operations, EverySchemaIsReachedAndIsThere) {
  std::set<std::string> wanted;
  collect_references(openapi(), wanted);
  wanted.erase("#/components/parameters/vault");
  std::set<std::string> there;
  for (const auto& one : schemas()) EXPECT_TRUE(there.insert("#/components/schemas/" + one.name).second) << one.name;
  EXPECT_EQ(wanted, there);
}

// spec/openapi.json is what clients are made from. ATOLL_WRITE_SPEC=1 writes it anew.
TEST(Operations, TheDocumentInSpecIsThisOne) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../../spec/openapi.json";
  if (std::getenv("ATOLL_WRITE_SPEC") != nullptr)
    std::ofstream(path) << openapi_document();  // NOLINT(concurrency-mt-unsafe)
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == openapi_document())
      << "spec/openapi.json differs from the rows: ATOLL_WRITE_SPEC=1 build/dev/bin/edge_rest_test writes it";
}

TEST(Operations, ThePageForUsersListsEveryStatusOfAnError) {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../../../docs/rest.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& row : edge::error_table()) {
    if (row.http_status == 502) continue;  // of doors that ask others
    EXPECT_NE(text.str().find("\n| " + std::to_string(row.http_status) + " | "), std::string::npos) << row.http_status;
  }
}

TEST(Operations, TheServerGivesTheDocument) {
  RestWorld world;
  world.as("");
  const auto reply = world.ask("GET", "/openapi.json");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body, openapi_document());
  EXPECT_EQ(world.ask("GET", "/api/v1/openapi.json").body, openapi_document());
  EXPECT_EQ(world.ask("POST", "/openapi.json").status, 405U);
}

TEST(Operations, EveryOperationAnswersAsItsRowSays) {
  RestWorld world;
  std::map<std::string, std::string> kept;
  std::set<std::string> called;
  for (const Sample& sample : testing::samples()) {
    SCOPED_TRACE(sample.id + " " + sample.target);
    const Operation* const row = row_of(sample.id);
    ASSERT_NE(row, nullptr);
    net::Headers headers;
    for (const auto& field : sample.headers) headers.set(field.name, filled(field.value, kept));
    if (!row->body.empty() && row->body != kAnyBytes) headers.set("Content-Type", "application/json");
    world.come_from_here(sample.is_from_here);
    const Reply reply =
        world.ask(std::string(row->method), filled(sample.target, kept), filled(sample.body, kept), headers);
    EXPECT_EQ(reply.status, sample.status) << reply.body << reply.error;
    EXPECT_EQ(reply.error, "");
    const auto answer = std::ranges::find(row->answers, reply.status, &Answer::status);
    if (answer == row->answers.end()) {
      EXPECT_GE(reply.status, 400U) << "an answer that its row does not know";
      EXPECT_EQ(differs("Problem", reply.json()), "");
      continue;
    }
    called.insert(sample.id);
    keep(sample, reply, kept);
    if (answer->schema.empty() || answer->schema == kAnyBytes) continue;
    EXPECT_EQ(reply.header("Content-Type"), "application/json");
    const auto value = reply.json();
    EXPECT_EQ(differs(answer->schema, value), "") << reply.body;
  }
  for (const Operation& row : operations())
    EXPECT_TRUE(called.contains(std::string(row.id))) << row.id << " has no sample";
}

}  // namespace
}  // namespace atl::rest
