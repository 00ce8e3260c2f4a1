// Chains of sources: up, down, in circles, cut, erased, expired; and the documents made of them.
#include "vault/lineage/lineage.h"

#include <gtest/gtest.h>

#include <set>

#include "vault/keeping/erase.h"
#include "vault/object/describe.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using State = LineageNode::State;

class LineageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  void put(const std::string& key, const std::vector<std::string>& sources, const std::string& transformation = "") {
    PutRequest request;
    request.origin.sources = sources;
    request.origin.transformation = transformation;
    request.origin.author = "Anna \"A.\"";
    ASSERT_EQ(told(put_bytes(*vault_, "data", key, as_bytes(key), request)), "ok") << key;
  }
  Objects::Found at(const std::string& key) { return Objects(*vault_).find("data", key).value(); }
  Lineage trace(const std::string& key, bool is_downstream = false, std::size_t depth = 100,
                std::size_t most = 10'000) {
    auto lineage = trace_lineage(*vault_, at(key), {depth, most, is_downstream});
    EXPECT_EQ(told(lineage), "ok");
    return lineage ? std::move(*lineage) : Lineage{};
  }
  static std::multiset<std::string> names(const Lineage& lineage) {
    std::multiset<std::string> all;
    for (const auto& node : lineage.nodes) all.insert(node.key.empty() ? node.words : node.key);
    return all;
  }
  static std::multiset<std::string> edges(const Lineage& lineage) {
    std::multiset<std::string> all;
    const auto name = [&](std::size_t i) {
      return lineage.nodes[i].key.empty() ? lineage.nodes[i].words : lineage.nodes[i].key;
    };
    for (const auto& edge : lineage.edges) all.insert(name(edge.derived) + "<" + name(edge.source));
    return all;
  }
  using Names = std::multiset<std::string>;

  platform::TestMachine machine_{99};
  std::unique_ptr<Vault> vault_;
};

TEST_F(LineageTest, AChainIsFollowedBothWays) {
  put("raw1", {"https://example.org/instrument"});
  put("raw2", {});
  put("clean", {"data/raw1", "data/raw2", "https://example.org/instrument"}, "normalise");
  put("figure", {"data/clean"}, "plot");
  const Lineage up = trace("figure");
  EXPECT_EQ(names(up), (Names{"figure", "clean", "raw1", "raw2", "https://example.org/instrument"}));
  EXPECT_EQ(edges(up), (Names{"figure<clean", "clean<raw1", "clean<raw2", "clean<https://example.org/instrument",
                              "raw1<https://example.org/instrument"}));
  EXPECT_EQ(up.broken, 0U);
  EXPECT_FALSE(up.is_cut);
  const Lineage down = trace("raw2", true);
  EXPECT_EQ(names(down), (Names{"raw2", "clean", "figure"}));
  EXPECT_EQ(edges(down), (Names{"clean<raw2", "figure<clean"}));
  EXPECT_EQ(names(trace("figure", true)), Names{"figure"});
  // Another version of a source is another thing.
  put("raw2", {});
  EXPECT_EQ(names(trace("raw2", true)), Names{"raw2"});
}

TEST_F(LineageTest, CirclesEndAndBoundsAreSaid) {
  put("a", {});
  put("b", {"data/a"});
  Origin origin;
  origin.sources = {"data/b"};
  ASSERT_TRUE(add_origin(*vault_, at("a"), origin, false));
  EXPECT_EQ(edges(trace("a")), (Names{"a<b", "b<a"}));
  EXPECT_EQ(edges(trace("a", true)), (Names{"a<b", "b<a"}));

  put("c0", {});
  for (int i = 1; i < 10; ++i) put("c" + std::to_string(i), {"data/c" + std::to_string(i - 1)});
  EXPECT_EQ(trace("c9").nodes.size(), 10U);
  const Lineage short_one = trace("c9", false, 3);
  EXPECT_EQ(short_one.nodes.size(), 4U);
  EXPECT_TRUE(short_one.is_cut);
  EXPECT_TRUE(short_one.nodes.back().is_cut);
  EXPECT_TRUE(trace("c0", true, 3).is_cut);
  EXPECT_EQ(trace("c0", true, 100, 5).nodes.size(), 5U);
  EXPECT_FALSE(trace("c3", false, 3).is_cut);  // it ends there by itself
}

TEST_F(LineageTest, WhatIsGoneStaysInTheChainByName) {
  put("raw", {"the instrument"});
  put("clean", {"data/raw"}, "normalise");
  put("figure", {"data/clean"}, "plot");
  ASSERT_EQ(told(erase(*vault_, {{"data", "raw", false}, EraseWhich::all, {}, "consent withdrawn"})), "ok");
  const Lineage up = trace("figure");
  ASSERT_EQ(up.nodes.size(), 3U);
  EXPECT_EQ(up.broken, 1U);
  EXPECT_EQ(up.nodes[2].state, State::erased);
  EXPECT_EQ(up.nodes[2].erased->reason, "consent withdrawn");
  EXPECT_TRUE(up.nodes[2].name().starts_with("data/raw@")) << up.nodes[2].name();
  EXPECT_NE(prov_json(up).find("consent withdrawn"), std::string::npos);
  EXPECT_NE(prov_dot(up).find("consent withdrawn"), std::string::npos);

  // A version of elsewhere: an import brought it.
  auto found = at("clean");
  ASSERT_TRUE(vault_->commit(journal::CommandKind::describe_versions,
                             [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                               found.version.sources = {{ObjectId{{9}}, VersionId{{8}}, "there/raw@1.0"}};
                               changes.put(found.bucket.domain, found.entry);
                               changes.put(found.bucket.domain, found.version);
                               return {};
                             }));
  const Lineage other = trace("figure");
  EXPECT_EQ(other.nodes[2].state, State::missing);
  EXPECT_EQ(other.nodes[2].name(), "there/raw@1.0");
}

TEST_F(LineageTest, TheDocumentsHoldEveryRelation) {
  put("raw", {"a \"quoted\"\nword"});
  put("clean", {"data/raw"}, "normalise");
  const Lineage lineage = trace("clean");
  const std::string json = prov_json(lineage);
  for (const char* part : {"\"prefix\"", "\"entity\"", "\"activity\"", "\"agent\"", "\"used\"", "\"wasGeneratedBy\"",
                           "\"wasDerivedFrom\"", "\"wasAttributedTo\"", "\"wasAssociatedWith\"", "prov:generatedEntity",
                           "a \\\"quoted\\\"\\u000aword", "\"prov:label\": \"normalise\"", "Anna \\\"A.\\\""})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
  const std::string dot = prov_dot(lineage);
  for (const char* part : {"digraph", "[label=used]", "[label=wasGeneratedBy]", "Anna \\\"A.\\\"", "normalise"})
    EXPECT_NE(dot.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace atl::vault
