#include "vault/access/person_export.h"

#include <gtest/gtest.h>

#include "foundation/json/json.h"
#include "foundation/platform/testing/test_machine.h"
#include "vault/access/access.h"
#include "vault/testing/test_vault.h"

namespace atl::access {
namespace {

using json::Value;
using platform::TestMachine;
using vault::testing::create_small;
using vault::testing::noise;
using vault::testing::open_small;
using vault::testing::put_bytes;
using vault::testing::told;

// Accounts in one vault, files in another.
class PersonExportTest : public ::testing::Test {
 protected:
  static constexpr const char* kFiles = "/home/vaults/files";
  PersonExportTest() {
    EXPECT_EQ(told(create_small(machine_.inline_machine())), "ok");
    EXPECT_EQ(told(create_small(machine_.inline_machine(), kFiles)), "ok");
    control_ = std::move(open_small(machine_.inline_machine()).value());
    files_ = std::move(open_small(machine_.inline_machine(), kFiles).value());
    AccessOptions options;
    options.password_cost = {8, 1};
    access_ = std::move(Access::open(control_.get(), machine_.inline_machine(), options).value());
    for (const char* name : {"anna", "ben"}) {
      NewPrincipal fresh;
      fresh.name = name;
      EXPECT_EQ(told(access_->add_principal(Who::local_owner(), fresh)), "ok");
    }
  }
  void put(const std::string& actor, const std::string& key, std::uint64_t seed, const vault::PutRequest& facts = {}) {
    EXPECT_EQ(told(put_bytes(*files_->acting_for({actor, "10.0.0.7", ""}), "photos", key, noise(seed, 300), facts)),
              "ok");
  }
  // The document, and how many pieces it came in.
  Value document(std::string_view name, const std::vector<UnreadVault>& left_out = {}) {
    const auto begun = access_->begin_export(name, {{"main", files_.get()}}, left_out);
    EXPECT_EQ(told(begun), "ok");
    std::string text;
    for (pieces_ = 0;; ++pieces_) {
      const auto piece = (*begun)->next();
      EXPECT_EQ(told(piece), "ok");
      if (!piece || piece->empty()) break;
      text += *piece;
      EXPECT_LT(piece->size(), 200'000U);
    }
    const auto parsed = Value::parse(text, {.bytes_max = 64 << 20, .depth_max = 16});
    EXPECT_EQ(told(parsed), "ok") << text.substr(0, 2000);
    return parsed.value_or(Value());
  }
  static json::Array list(const Value& document, std::size_t vault, std::string_view name) {
    const auto& vaults = *document.find("vaults")->as_array();
    return *vaults.at(vault).find(name)->as_array();
  }

  TestMachine machine_;
  std::unique_ptr<vault::Vault> control_, files_;
  std::unique_ptr<Access> access_;
  std::size_t pieces_ = 0;
};

TEST_F(PersonExportTest, WhatWasStoredIsToldWithWhatWasSaidOfIt) {
  vault::PutRequest facts;
  facts.tags = {{"for", "grandmother"}};
  facts.metadata = {{"place", "Lübeck"}};
  put("anna", "a.jpg", 1, facts);
  put("ben", "b.jpg", 2);
  put("anna/chat/r1", "by a run.txt", 3);
  put("annabel", "of another.txt", 4);
  const auto said = document("anna");
  const auto stored = list(said, 0, "stored");
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].text_of("key").value(), "a.jpg");
  EXPECT_EQ(stored[0].text_of("bucket").value(), "photos");
  EXPECT_EQ(stored[0].number_of("size").value(), 300U);
  EXPECT_TRUE(stored[0].flag_of("is_current").value());
  EXPECT_EQ(stored[0].texts_of("tags").value().at("for"), "grandmother");
  EXPECT_EQ(stored[0].texts_of("metadata").value().at("place"), "Lübeck");
  EXPECT_EQ(stored[1].text_of("by").value(), "anna/chat/r1");
  const auto changes = list(said, 0, "changes");
  // Anna came first, so the bucket is her doing, too.
  ASSERT_GE(changes.size(), 2U);
  for (const auto& change : changes) EXPECT_TRUE(change.text_of("by").value().starts_with("anna"));
  EXPECT_EQ(changes.back().text_of("address").value(), "10.0.0.7");
  EXPECT_EQ(said.find("left_out")->as_array()->size(), 0U);
}

TEST_F(PersonExportTest, WhatWasReplacedAndRemovedIsToldAsLongAsItIsKept) {
  put("anna", "kept.txt", 1);
  put("ben", "kept.txt", 2);
  put("anna", "gone.txt", 3);
  vault::Selection gone;
  gone.bucket = "photos";
  gone.prefix = "gone.txt";
  ASSERT_EQ(told(vault::Objects(*files_).remove(gone)), "ok");
  put("ben", std::string("caf\xE9"), 5);
  put("anna", std::string("caf\xE9"), 6);
  const auto said = document("anna");
  const auto stored = list(said, 0, "stored");
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[0].text_of("key_b64").value(), "Y2Fm6Q==");
  EXPECT_TRUE(stored[0].flag_of("is_current").value());
  for (const std::size_t one : {1U, 2U}) {
    EXPECT_FALSE(stored[one].flag_of("is_current").value());
    EXPECT_TRUE(stored[one].text_of("ended").value().starts_with("20"));
  }
  EXPECT_EQ(stored[1].text_of("key").value(), "gone.txt");
  EXPECT_EQ(stored[2].text_of("key").value(), "kept.txt");
}

// Many objects, many versions of one, many records: in pieces, none twice and none left out.
TEST_F(PersonExportTest, ALongDocumentComesInPieces) {
  for (std::uint64_t i = 0; i < 1'200; ++i) put(i % 3 == 0 ? "ben" : "anna", "file " + std::to_string(10'000 + i), i);
  for (std::uint64_t i = 0; i < 700; ++i) put("anna", "often", i);
  for (int i = 0; i < 400; ++i) {
    AuditRecord record;
    record.actor = i % 2 == 0 ? "anna" : "ben";
    record.action = "read";
    record.key = std::to_string(i);
    record.is_allowed = true;
    access_->audit().note(record);
    if (i % 5 == 0) {
      ASSERT_EQ(told(access_->audit().flush()), "ok");
    }
  }
  const auto said = document("anna");
  EXPECT_GT(pieces_, 4U);
  std::set<std::string> versions;
  for (const auto& one : list(said, 0, "stored")) versions.insert(one.text_of("version").value());
  EXPECT_EQ(versions.size(), 800U + 700U);
  EXPECT_EQ(list(said, 0, "stored").size(), versions.size());
  std::set<std::uint64_t> changes;
  for (const auto& one : list(said, 0, "changes")) changes.insert(one.number_of("change").value());
  EXPECT_EQ(list(said, 0, "changes").size(), changes.size());
  EXPECT_GE(changes.size(), versions.size());
  std::uint64_t reads = 0;
  for (const auto& one : *said.find("audit")->as_array()) reads += one.number_of("count").value();
  EXPECT_EQ(reads, 200U);
}

TEST_F(PersonExportTest, WhatTheyDidToAccountsAndWhatCouldNotBeReadIsSaid) {
  Who anna;
  anna.principal = access_->view()->principal_named("anna")->id;
  anna.name = "anna";
  NewPrincipal fresh;
  fresh.name = "carla";
  ASSERT_EQ(told(access_->add_principal(anna, fresh)), "ok");
  const auto said = document("anna", {{"secrets", "it is locked"}});
  const auto& vaults = *said.find("vaults")->as_array();
  ASSERT_EQ(vaults.size(), 2U);
  EXPECT_EQ(vaults[1].text_of("vault").value(), "control");
  ASSERT_EQ(list(said, 1, "changes").size(), 1U);
  const auto& left_out = *said.find("left_out")->as_array();
  ASSERT_EQ(left_out.size(), 1U);
  EXPECT_EQ(left_out[0].text_of("vault").value(), "secrets");
  EXPECT_EQ(left_out[0].text_of("reason").value(), "it is locked");
  EXPECT_EQ(access_->begin_export("nobody", {{"main", files_.get()}}, {}).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace atl::access
