#include <gtest/gtest.h>

#include "edge/rest/testing/rest_world.h"
#include "foundation/tar/testing/tar_bytes.h"
#include "vault/object/objects.h"
#include "vault/testing/test_vault.h"

namespace atl::rest {
namespace {

using tar::testing::end_mark;
using tar::testing::extended;
using tar::testing::file;
using tar::testing::header;
using tar::testing::padded;
using tar::testing::record;
using testing::differs;
using testing::Reply;
using testing::RestWorld;

class UnpackTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/photos").status, 201U); }
  Reply send(const std::string& tar, const std::string& prefix = "in/", net::Headers headers = {}) {
    headers.set("Content-Type", "application/x-tar");
    auto reply = world_.ask("POST", "/api/v1/buckets/photos/archive?prefix=" + prefix, tar, std::move(headers));
    if (reply.status == 200) {
      EXPECT_EQ(differs("Unpacked", reply.json()), "");
    }
    return reply;
  }
  std::string content(const std::string& key) {
    const auto reply = world_.ask("GET", "/api/v1/buckets/photos/objects/" + key);
    return reply.status == 200 ? reply.body : "status " + std::to_string(reply.status);
  }
  std::optional<catalog::VersionRow> version(const std::string& key) {
    auto found = vault::Objects(world_.vault()).find("photos", key);
    if (!found) return std::nullopt;
    return std::move(found->version);
  }
  std::string failure(const Reply& reply, std::size_t at, std::string_view member) {
    const json::Value value = reply.json();
    const json::Value* const failures = value.find("failures");
    if (failures == nullptr || at >= failures->as_array()->size()) return "none";
    return failures->as_array()->at(at).text_of(member).value_or("none");
  }
  RestWorld world_;
};

TEST_F(UnpackTest, FilesBecomeObjectsWithTheirFacts) {
  const std::string big = to_string(vault::testing::noise(1, 700'000));
  const auto reply =
      send(header({.name = "./", .type = '5', .mode = 0700}) + header({.name = "./2024/", .type = '5', .mode = 0755}) +
           extended(record("mtime", "1700000000.5") + record("SCHILY.xattr.user.note", "n")) +
           header({.name = "./2024/a.txt", .size = 4, .mode = 0600}) + padded("sand") + file("2024/big.bin", big) +
           header({.name = "2024/link", .type = '2', .link_target = "../a"}) + end_mark());
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.number("stored"), 5U);
  EXPECT_EQ(reply.number("failed"), 0U);
  EXPECT_EQ(reply.number("bytes"), 4 + big.size());
  EXPECT_EQ(content("in/2024/a.txt"), "sand");
  EXPECT_EQ(content("in/2024/big.bin"), big);
  const auto a = version("in/2024/a.txt");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->mode, 0600U);
  EXPECT_EQ(a->uid, 1000U);
  EXPECT_EQ(a->modified, (FileTime{1'700'000'000, 500'000'000}));
  ASSERT_EQ(a->attributes.size(), 1U);
  EXPECT_EQ(a->attributes[0].first, "user.note");
  EXPECT_EQ(version("in/2024/")->kind, catalog::EntryKind::directory);
  EXPECT_EQ(version("in/")->mode, 0700U);
  EXPECT_EQ(version("in/2024/link")->link_target, "../a");
}

TEST_F(UnpackTest, TheSameAgainIsUnchangedAndKeepsWhatWasSaidSince) {
  const std::string tar = file("a", "1") + file("b", "2") + end_mark();
  ASSERT_EQ(send(tar).number("stored"), 2U);
  ASSERT_EQ(world_.ask_json("PATCH", "/api/v1/buckets/photos/objects/in/a", R"({"tags": {"seen": "yes"}})").status,
            200U);
  const auto again = send(tar);
  EXPECT_EQ(again.number("stored"), 0U);
  EXPECT_EQ(again.number("unchanged"), 2U);
  EXPECT_EQ(version("in/a")->tags.at("seen"), "yes");
  EXPECT_EQ(send(file("a", "new") + file("b", "2") + end_mark()).number("stored"), 1U);
  EXPECT_EQ(content("in/a"), "new");
}

TEST_F(UnpackTest, NamesThatLeadOutAreRefusedAndTheRestIsStored) {
  const auto reply =
      send(file("../out", "1") + file("/etc/passwd", "2") + file("a/../../b", "3") +
           header({.name = "tty", .type = '3'}) + file(std::string("n\0l", 3), "4") +
           extended(record("path", std::string("x\0y", 3))) + file("nul", "5") + file("a//./good", "6") + end_mark());
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.number("failed"), 5U);
  EXPECT_EQ(failure(reply, 0, "name"), "../out");
  EXPECT_EQ(failure(reply, 0, "id"), "unpack.leads_out");
  EXPECT_EQ(failure(reply, 1, "id"), "unpack.leads_out");
  EXPECT_EQ(failure(reply, 2, "id"), "unpack.leads_out");
  EXPECT_EQ(failure(reply, 3, "id"), "unpack.not_taken");
  EXPECT_EQ(content("in/a/good"), "6");
  EXPECT_EQ(content("in/n"), "4") << "a name ends at its NUL";
  const auto listed = world_.ask("GET", "/api/v1/buckets/photos/objects?recursive");
  EXPECT_EQ(listed.body.find("passwd"), std::string::npos);
  EXPECT_EQ(listed.body.find("out"), std::string::npos);
}

TEST_F(UnpackTest, HardLinksShareAMarkAndAreRecognisedAgain) {
  const std::string tar = file("a", "same") + header({.name = "b", .type = '1', .link_target = "a"}) +
                          header({.name = "c", .type = '1', .link_target = "missing"}) + end_mark();
  const auto reply = send(tar);
  EXPECT_EQ(reply.number("stored"), 2U);
  EXPECT_EQ(failure(reply, 0, "id"), "unpack.no_link_target");
  EXPECT_EQ(content("in/b"), "same");
  EXPECT_FALSE(version("in/a")->link_group.empty());
  EXPECT_EQ(version("in/a")->link_group, version("in/b")->link_group);
  EXPECT_EQ(send(tar).number("unchanged"), 2U);
}

TEST_F(UnpackTest, WordsOfAllAndOfOne) {
  const std::string tar = extended(record("ATOLL.meta.Place of it", "Sylt\nWest") + record("ATOLL.tag.kind", "photo") +
                                   record("ATOLL.type", "image/png")) +
                          file("a.png", "1") + file("b", "2") + end_mark();
  const auto reply = send(tar, "in/",
                          {{"Atoll-Meta-camera", "X100"},
                           {"Atoll-Tags", "year=2024"},
                           {"Atoll-Author", "Ada"},
                           {"Atoll-Label", "v1"},
                           {"Atoll-Description", "all of it"}});
  ASSERT_EQ(reply.status, 200U) << reply.body;
  const auto a = version("in/a.png");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->metadata, (std::map<std::string, std::string>{{"Place of it", "Sylt\nWest"}, {"camera", "X100"}}));
  EXPECT_EQ(a->tags, (std::map<std::string, std::string>{{"kind", "photo"}, {"year", "2024"}}));
  EXPECT_EQ(a->content_type, "image/png");
  EXPECT_EQ(a->author, "Ada");
  EXPECT_EQ(a->label, "v1");
  EXPECT_EQ(version("in/b")->description, "all of it");
  EXPECT_TRUE(version("in/b")->content_type.empty());
  // The label names one version of an object: the one that changed cannot have it, too.
  const auto taken = send(file("b", "other") + file("new", "3") + end_mark(), "in/", {{"Atoll-Label", "v1"}});
  EXPECT_EQ(taken.number("stored"), 1U);
  EXPECT_EQ(failure(taken, 0, "name"), "b");
  EXPECT_EQ(failure(taken, 0, "id"), "label.taken");
}

TEST_F(UnpackTest, WhatCameBeforeABreakStays) {
  const std::string tar = file("a", "1") + file("b", std::string(2000, '2'));
  const auto reply = send(tar.substr(0, tar.size() - 600));
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(reply.text("id"), "tar.broken_off");
  EXPECT_NE(reply.text("detail").find("1 objects"), std::string::npos) << reply.body;
  EXPECT_EQ(content("in/a"), "1");
  EXPECT_EQ(content("in/b"), "status 404");
  EXPECT_EQ(send("no tar at all").status, 400U);
  EXPECT_EQ(
      world_.ask("POST", "/api/v1/buckets/photos/archive", end_mark(), {{"Content-Type", "application/gzip"}}).status,
      415U);
  EXPECT_EQ(world_.ask("POST", "/api/v1/buckets/nothing/archive", end_mark()).status, 404U);
  EXPECT_EQ(send(end_mark()).number("stored"), 0U);
}

TEST_F(UnpackTest, APrefixGetsItsSlashAndAnEmptyOneIsTheBucket) {
  ASSERT_EQ(send(file("a", "1") + end_mark(), "folder").status, 200U);
  ASSERT_EQ(send(file("b", "2") + end_mark(), "").status, 200U);
  EXPECT_EQ(content("folder/a"), "1");
  EXPECT_EQ(content("b"), "2");
}

TEST_F(UnpackTest, APutTakesALabelAndAnAuthor) {
  const net::Headers words = {{"Atoll-Label", "v1"}, {"Atoll-Author", "Ada"}, {"Atoll-Description", "first"}};
  ASSERT_EQ(world_.ask("PUT", "/api/v1/buckets/photos/objects/a", "1", words).status, 201U);
  EXPECT_EQ(version("a")->label, "v1");
  EXPECT_EQ(version("a")->author, "Ada");
  const auto taken = world_.ask("PUT", "/api/v1/buckets/photos/objects/a", "2", words);
  EXPECT_EQ(taken.text("id"), "label.taken");
  EXPECT_EQ(content("a"), "1");
  EXPECT_EQ(world_.ask("PUT", "/api/v1/buckets/photos/objects/a", "2", {{"Atoll-Label", std::string(300, 'l')}}).status,
            400U);
}

}  // namespace
}  // namespace atl::rest
