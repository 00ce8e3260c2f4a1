// The WebDAV door with requests made by hand, over vaults in memory: methods, what stays in the history, rights, locks.
#include "edge/webdav/webdav_door.h"

#include <latch>
#include <optional>
#include <thread>

#include "edge/webdav/properties.h"
#include "edge/webdav/testing/door_fixture.h"
#include "edge/webdav/tree.h"
#include "vault/domain/shred.h"
#include "vault/object/versions.h"

namespace atl::webdav {
namespace {

using namespace testing;  // NOLINT
class WebDavDoorTest : public DoorFixture {};

TEST_F(WebDavDoorTest, AnswersOptionsForEveryoneAndAsksOthersForTheirName) {
  user_.clear();
  for (const char* target : {"/", "/dav", "/dav/docs/x", "*"}) {
    const Answer answer = ask("OPTIONS", target);
    EXPECT_EQ(answer.status, 200U) << target;
    EXPECT_EQ(answer.field("DAV"), "1, 2");
    EXPECT_EQ(answer.field("MS-Author-Via"), "DAV");
  }
  EXPECT_EQ(ask("PROPFIND", "/", {{"Depth", "1"}}).count("<D:href>"), 2U);
  for (const char* method :
       {"PROPFIND", "GET", "HEAD", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"}) {
    for (const char* target : {"/dav/", "/dav/docs", "/dav/docs/x", "/dav/none/x"}) {
      const Answer answer = ask(method, target, {{"Lock-Token", "<urn:x>"}});
      EXPECT_EQ(answer.status, 401U) << method << " " << target;
      EXPECT_EQ(answer.field("WWW-Authenticate"), "Basic realm=\"Atoll\", charset=\"UTF-8\"");
    }
  }
  EXPECT_EQ(ask("OPTIONS", "/", {{"Access-Control-Request-Method", "PUT"}}).status, 404U) << "another door's";
}

TEST_F(WebDavDoorTest, StoresReadsReplacesAndRemovesAFileAndTheHistoryKeepsIt) {
  const Answer made = ask("PUT", "/dav/docs/a%20b.txt", {{"Content-Type", "text/plain"}}, "one");
  EXPECT_EQ(made.status, 201U);
  const Answer got = ask("GET", "/dav/docs/a%20b.txt");
  EXPECT_EQ(got.body, "one");
  EXPECT_EQ(got.field("ETag"), made.field("ETag"));
  EXPECT_EQ(got.field("Content-Type"), "text/plain");
  EXPECT_NE(got.field("Content-Security-Policy"), "");
  EXPECT_EQ(ask("GET", "/dav/docs/a%20b.txt", {{"If-None-Match", made.field("ETag")}}).status, 304U);
  EXPECT_EQ(ask("GET", "/dav/docs/a%20b.txt", {{"Range", "bytes=1-"}}).body, "ne");
  EXPECT_EQ(ask("GET", "/dav/docs/a%20b.txt", {{"Range", "bytes=3-"}}).status, 416U);
  EXPECT_EQ(ask("HEAD", "/dav/docs/a%20b.txt").status, 200U);
  EXPECT_EQ(ask("PUT", "/dav/docs/a%20b.txt", {}, "two").status, 204U);
  EXPECT_EQ(ask("GET", "/dav/docs/a%20b.txt").body, "two");
  EXPECT_EQ(ask("DELETE", "/dav/docs/a%20b.txt").status, 204U);
  EXPECT_EQ(ask("GET", "/dav/docs/a%20b.txt").status, 404U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/a%20b.txt").status, 404U);
  EXPECT_EQ(version_count("a b.txt"), 2U);
}

TEST_F(WebDavDoorTest, ALargeFileStreamsInAndOutAndItsRangesAreThere) {
  const std::string content = to_string(vault::testing::noise(7, 3'000'000));
  net::MemoryBody body(content);
  ASSERT_EQ(ask_with(body, "PUT", "/dav/docs/big.bin", {}, std::nullopt).status, 201U);  // of unknown length
  EXPECT_TRUE(ask("GET", "/dav/docs/big.bin").body == content);
  EXPECT_TRUE(ask("GET", "/dav/docs/big.bin", {{"Range", "bytes=1000000-1200000"}}).body ==
              content.substr(1'000'000, 200'001));
}

TEST_F(WebDavDoorTest, APutIsRefusedWhereItWouldNotBeAFile) {
  EXPECT_EQ(ask("PUT", "/dav/docs/none/x", {}, "x").status, 409U);
  EXPECT_EQ(ask("PUT", "/dav/none/x", {}, "x").status, 409U);
  EXPECT_EQ(ask("PUT", "/dav/docs", {}, "x").status, 405U);
  EXPECT_EQ(ask("PUT", "/dav/docs/x/", {}, "x").status, 405U);
  EXPECT_EQ(ask("MKCOL", "/dav/docs/f").status, 201U);
  EXPECT_EQ(ask("PUT", "/dav/docs/f", {}, "x").status, 405U);
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {{"Content-Range", "bytes 0-0/2"}}, "x").status, 400U);
  EXPECT_EQ(keys(), Keys{"f/"});
}

TEST_F(WebDavDoorTest, ConditionsDecideAlsoOverWhatHappensWhileTheBodyComes) {
  const std::string tag = ask("PUT", "/dav/docs/x", {}, "one").field("ETag");
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {{"If-None-Match", "*"}}, "two").status, 412U);
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {{"If-Match", "\"other\""}}, "two").status, 412U);
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {{"If-Match", tag}}, "two").status, 204U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/x", {{"If-Match", tag}}).status, 412U);
  const std::string now = ask("GET", "/dav/docs/x").field("ETag");
  InterruptedBody body("mine", [&] { EXPECT_EQ(ask("PUT", "/dav/docs/x", {}, "theirs").status, 204U); });
  EXPECT_EQ(ask_with(body, "PUT", "/dav/docs/x", {{"If-Match", now}}, 4).status, 412U);
  EXPECT_EQ(ask("GET", "/dav/docs/x").body, "theirs");
  InterruptedBody fresh("mine", [&] { EXPECT_EQ(ask("PUT", "/dav/docs/y", {}, "theirs").status, 201U); });
  EXPECT_EQ(ask_with(fresh, "PUT", "/dav/docs/y", {{"If-None-Match", "*"}}, 4).status, 412U);
  EXPECT_EQ(ask("GET", "/dav/docs/y").body, "theirs");
  const std::string theirs = ask("GET", "/dav/docs/y").field("ETag");
  InterruptedBody third("mine", [&] { EXPECT_EQ(ask("PUT", "/dav/docs/y", {}, "theirs again").status, 204U); });
  EXPECT_EQ(ask_with(third, "PUT", "/dav/docs/y", {{"If", "([" + theirs + "])"}}, 4).status, 412U);
  EXPECT_EQ(ask("GET", "/dav/docs/y").body, "theirs again");
}

// Who removes and who replaces what both have seen: one of them comes first, and the other is told.
TEST_F(WebDavDoorTest, ConditionsOfARemovalHoldWhenItIsMade) {
  for (int round = 0; round < 300; ++round) {
    ASSERT_LT(ask("PUT", "/dav/docs/x", {}, "one " + std::to_string(round)).status, 300U);
    const std::string tag = ask("GET", "/dav/docs/x").field("ETag");
    std::latch start(2);
    unsigned replaced = 0;
    std::thread other([&] {
      start.arrive_and_wait();
      replaced = ask("PUT", "/dav/docs/x", {{"If-Match", tag}}, "two").status;
    });
    start.arrive_and_wait();
    const unsigned removed = ask("DELETE", "/dav/docs/x", {{"If-Match", tag}}).status;
    other.join();
    ASSERT_NE(removed < 300, replaced < 300) << removed << " and " << replaced << " in round " << round;
    EXPECT_EQ(ask("GET", "/dav/docs/x").status, removed < 300 ? 404U : 200U);
  }
}

// The same for what a COPY replaces: by a file, and by a folder, which removes the file that was there first.
TEST_F(WebDavDoorTest, ConditionsOfACopyHoldWhenWhatWasThereGoes) {
  ASSERT_EQ(ask("PUT", "/dav/docs/file", {}, "copied").status, 201U);
  ASSERT_EQ(ask("MKCOL", "/dav/docs/folder").status, 201U);
  for (int round = 0; round < 300; ++round) {
    const std::string from = round % 2 == 0 ? "/dav/docs/file" : "/dav/docs/folder";
    ask("DELETE", "/dav/docs/x");
    ASSERT_EQ(ask("PUT", "/dav/docs/x", {}, "one " + std::to_string(round)).status, 201U);
    const std::string tag = ask("GET", "/dav/docs/x").field("ETag");
    std::latch start(2);
    unsigned stored = 0;
    std::thread other([&] {
      start.arrive_and_wait();
      stored = ask("PUT", "/dav/docs/x", {{"If-Match", tag}}, "two").status;
    });
    start.arrive_and_wait();
    const unsigned copied =
        ask("COPY", from, {{"Destination", "/dav/docs/x"}, {"If", "</dav/docs/x> ([" + tag + "])"}}).status;
    other.join();
    ASSERT_NE(copied < 300, stored < 300) << copied << " and " << stored << " in round " << round;
  }
}

// What `If` says of a file within the folder that goes is looked at by the command that it goes with.
TEST_F(WebDavDoorTest, ConditionsOnFilesWithinAFolderHoldWhenTheFolderGoes) {
  ASSERT_EQ(ask("MKCOL", "/dav/docs/from").status, 201U);
  for (int round = 0; round < 300; ++round) {
    const bool is_copy = round % 2 == 0;
    if (ask("MKCOL", "/dav/docs/to").status == 405U) ask("DELETE", "/dav/docs/to/x");
    ASSERT_EQ(ask("PUT", "/dav/docs/to/x", {}, "one " + std::to_string(round)).status, 201U);
    const std::string tag = ask("GET", "/dav/docs/to/x").field("ETag");
    std::latch start(2);
    unsigned stored = 0;
    std::thread other([&] {
      start.arrive_and_wait();
      stored = ask("PUT", "/dav/docs/to/x", {{"If-Match", tag}}, "two").status;
    });
    start.arrive_and_wait();
    const net::Headers headers = {{"Destination", "/dav/docs/to"}, {"If", "</dav/docs/to/x> ([" + tag + "])"}};
    const unsigned done = is_copy ? ask("COPY", "/dav/docs/from", headers).status
                                  : ask("DELETE", "/dav/docs/to", {{"If", "</dav/docs/to/x> ([" + tag + "])"}}).status;
    other.join();
    ASSERT_NE(done < 300, stored < 300) << done << " and " << stored << " in round " << round;
    ASSERT_EQ(ask("GET", "/dav/docs/to/x").status, stored < 300 ? 200U : 404U) << "in round " << round;
  }
}

// A folder that is replaced is not locked by another while it is half gone: either of the two comes first.
TEST_F(WebDavDoorTest, NobodyLocksWhatIsBeingReplaced) {
  add_person("bob", "owner");
  ASSERT_EQ(ask("MKCOL", "/dav/docs/from").status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/from/new", {}, "new").status, 201U);
  for (int round = 0; round < 300; ++round) {
    ask("DELETE", "/dav/docs/to");
    ASSERT_EQ(ask("MKCOL", "/dav/docs/to").status, 201U);
    ASSERT_EQ(ask("PUT", "/dav/docs/to/old", {}, "old").status, 201U);
    std::latch start(2);
    Answer locked;
    std::thread other([&] {
      start.arrive_and_wait();
      locked = ask_as("bob", "LOCK", "/dav/docs/to", {{"Depth", round % 2 == 0 ? "0" : "infinity"}}, lock_body());
    });
    start.arrive_and_wait();
    const unsigned copied = ask("COPY", "/dav/docs/from", {{"Destination", "/dav/docs/to"}}).status;
    other.join();
    ASSERT_TRUE(locked.status == 200 || locked.status == 423) << locked.status << " in round " << round;
    ASSERT_EQ(ask("GET", "/dav/docs/to/old").status, copied < 300 ? 404U : 200U)
        << copied << " and " << locked.status << " in round " << round;
    ASSERT_EQ(ask("GET", "/dav/docs/to/new").status, copied < 300 ? 200U : 404U) << "in round " << round;
    if (locked.status < 300) {
      ASSERT_EQ(ask_as("bob", "UNLOCK", "/dav/docs/to", {{"Lock-Token", locked.field("Lock-Token")}}).status, 204U);
    }
  }
}

TEST_F(WebDavDoorTest, FilesThatAConditionNamesGoByTheCommandThatLooksAtThem) {
  ASSERT_EQ(ask("MKCOL", "/dav/docs/to").status, 201U);
  ASSERT_EQ(ask("MKCOL", "/dav/docs/from").status, 201U);
  const auto name = [](int i) { return "/dav/docs/to/" + std::to_string(1'000 + i); };
  for (int i = 0; i < 1'100; ++i) ASSERT_EQ(ask("PUT", name(i), {}, "x").status, 201U);
  const Place last = parse_place(name(1'099)).value();
  for (const bool is_copy : {true, false}) {
    std::vector<std::size_t> left;  // after each command; whether the last one is among them
    std::vector<bool> has_last;
    Tree tree(*vault_, [&](const std::string&, const std::string&, const access::Used&) {
      left.push_back(keys().size());
      Tree other(*vault_, {});
      has_last.push_back(other.look(last).value().exists());
    });
    const auto any = [](catalog::CatalogReader& state, const catalog::Listed* /*now*/) -> Result<void> {
      return Tree::look_in(state, parse_place("/dav/docs/to/2099").value()).value().exists()
                 ? Result<void>{}
                 : fail(ErrorKind::conflict, "test.gone", "asked too late");
    };
    const Node to = tree.look(parse_place("/dav/docs/to/").value()).value();
    if (is_copy) {
      const Node copy = tree.look(parse_place("/dav/docs/copy/").value()).value();
      ASSERT_EQ(told(tree.transfer(to, copy, {}, {any, {last, last}})), "ok");
      EXPECT_EQ(keys().size(), 1'100U * 2 + 3) << "each once";
    } else {
      ASSERT_EQ(told(tree.remove(to, {any, {last, last}})), "ok");
      ASSERT_GT(left.size(), 1U) << "too few files for this test";
      EXPECT_FALSE(has_last.front());
      EXPECT_EQ(ask("GET", "/dav/docs/to").status, 404U);
    }
  }
}

TEST_F(WebDavDoorTest, WhatIsReplacedIsLookedAtByTheCommandThatRemovesIt) {
  ASSERT_EQ(ask("MKCOL", "/dav/docs/from").status, 201U);
  ASSERT_EQ(ask("MKCOL", "/dav/docs/to").status, 201U);
  Tree tree(*vault_, {});
  const Node from = tree.look(parse_place("/dav/docs/from/").value()).value();
  const Node to = tree.look(parse_place("/dav/docs/to/").value()).value();
  ASSERT_EQ(ask("PROPPATCH", "/dav/docs/to", {}, patch("<D:set><D:prop><z:p>v</z:p></D:prop></D:set>")).status, 207U);
  const Node changed = tree.look(parse_place("/dav/docs/to/").value()).value();
  ASSERT_NE(changed.version()->version, to.version()->version);
  std::optional<VersionId> seen;
  const auto refuse = [&](catalog::CatalogReader& /*state*/, const catalog::Listed* now) -> Result<void> {
    if (now != nullptr) seen = now->version.version;
    return fail(ErrorKind::conflict, "test.refused", "refused");
  };
  EXPECT_EQ(tree.transfer(from, to, {}, {refuse, {}}).error().id, "test.refused");
  EXPECT_EQ(seen, changed.version()->version);
  EXPECT_EQ(tree.look(parse_place("/dav/docs/to/").value()).value().version()->version, changed.version()->version)
      << "refused before anything was removed";
}

TEST_F(WebDavDoorTest, FoldersAreEntriesOrWhatKeysImplyAndStayWhenEmptied) {
  EXPECT_EQ(ask("MKCOL", "/dav/docs/made").status, 201U);
  EXPECT_EQ(ask("MKCOL", "/dav/docs/made").status, 405U);
  EXPECT_EQ(ask("MKCOL", "/dav/docs/a/b").status, 409U);
  EXPECT_EQ(ask("MKCOL", "/dav/docs/x", {}, "<x/>").status, 415U);
  ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", "deep/er/file", as_bytes("x"))), "ok");
  const Answer list = find("/dav/docs", "1");
  EXPECT_EQ(list.status, 207U);
  EXPECT_TRUE(list.has("<D:href>/dav/docs/</D:href>"));
  EXPECT_TRUE(list.has("<D:href>/dav/docs/made/</D:href>"));
  EXPECT_TRUE(list.has("<D:href>/dav/docs/deep/</D:href>"));
  EXPECT_EQ(list.count("<D:href>"), 3U) << "not what lies deeper";
  EXPECT_EQ(ask("DELETE", "/dav/docs/deep/er/file").status, 204U);
  EXPECT_EQ(keys(), (Keys{"deep/er/", "made/"}));
  EXPECT_EQ(find("/dav/docs/deep/er").status, 207U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/deep", {{"Depth", "0"}}).status, 400U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/deep").status, 204U);
  EXPECT_EQ(keys(), Keys{"made/"});
}

TEST_F(WebDavDoorTest, AFileAndAFolderOfOneNameAreBothThere) {
  ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", "x", as_bytes("file"))), "ok");
  ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", "x/y", as_bytes("below"))), "ok");
  const Answer list = find("/dav/docs/", "1");
  EXPECT_TRUE(list.has("<D:href>/dav/docs/x</D:href>"));
  EXPECT_TRUE(list.has("<D:href>/dav/docs/x/</D:href>"));
  EXPECT_EQ(ask("GET", "/dav/docs/x").body, "file");
  EXPECT_EQ(ask("GET", "/dav/docs/x/y").body, "below");
  EXPECT_EQ(ask("DELETE", "/dav/docs/x").status, 204U);
  EXPECT_EQ(keys(), Keys{"x/y"});
}

TEST_F(WebDavDoorTest, OddKeysAreLeftOutOrEncodedAndLinksAreNotShown) {
  for (const std::string key : {"a//b", "./c", "../d", "/e", "n\xFF", "t\tab"})
    ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", key, as_bytes("x"))), "ok");
  catalog::VersionRow link;
  link.kind = catalog::EntryKind::symlink;
  link.link_target = "t";
  vault::NewVersion fresh;
  fresh.key = "link";
  fresh.version = link;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::put_objects,
                                [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                  ATOLL_ASSIGN(const auto bucket, context.state.bucket_named("docs"));
                                  ATOLL_TRY(vault::stage_put(context, changes, *bucket, fresh,
                                                             platform::new_id<VersionId>(machine_.machine()), "t", {}));
                                  return {};
                                })),
            "ok");
  const Answer list = find("/dav/docs/", "1");
  EXPECT_EQ(list.count("<D:href>"), 4U) << list.body;  // itself, a/, n%FF, t%09ab
  EXPECT_TRUE(list.has("/dav/docs/n%FF<"));
  EXPECT_TRUE(xml::read(list.body));
  EXPECT_EQ(ask("GET", "/dav/docs/n%FF").body, "x");
  EXPECT_EQ(ask("GET", "/dav/docs/link").status, 404U);
  EXPECT_EQ(ask("PUT", "/dav/docs/link", {}, "x").status, 403U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/link").status, 403U);
}

TEST_F(WebDavDoorTest, AListOfManyIsMadePageByPage) {
  for (int i = 0; i < 1'200; ++i) {
    const std::string key = (i % 3 == 0 ? "f" + std::to_string(i) + "/x" : "f" + std::to_string(i));
    ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", key, as_bytes("x"))), "ok");
  }
  const Answer list = find("/dav/docs/", "1", "<D:resourcetype/>");
  EXPECT_EQ(list.count("<D:response>"), 1'201U);
  EXPECT_EQ(list.count("<D:collection/>"), 401U);
  EXPECT_TRUE(xml::read(list.body, {.elements_max = 100'000}));
  EXPECT_EQ(ask("GET", "/dav/docs/").count("<tr>"), 1'201U);  // and the way up
  EXPECT_EQ(find("/dav/docs/", "infinity").status, 403U);
  EXPECT_TRUE(find("/dav/docs/", "infinity").has("propfind-finite-depth"));
  // All of it copied, moved and removed, in more than one command.
  EXPECT_EQ(ask("COPY", "/dav/docs/", {{"Destination", "/dav/docs/copy"}}).status, 403U) << "into itself";
  ASSERT_EQ(ask("MKCOL", "/dav/other").status, 201U);
  EXPECT_EQ(ask("COPY", "/dav/docs/", {{"Destination", "/dav/other/copy"}}).status, 201U);
  EXPECT_EQ(keys("other").size(), 1'201U);
  EXPECT_EQ(ask("MOVE", "/dav/other/copy", {{"Destination", "/dav/other/moved"}}).status, 201U);
  EXPECT_EQ(keys("other").size(), 1'201U);
  EXPECT_EQ(ask("DELETE", "/dav/other/moved").status, 204U);
  EXPECT_EQ(keys("other"), Keys{});
  EXPECT_EQ(keys().size(), 1'200U);
}

TEST_F(WebDavDoorTest, CopyAndMoveTakePropertiesAlongAndReplaceWholly) {
  ASSERT_EQ(ask("MKCOL", "/dav/docs/from").status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/from/a", {}, "aaa").status, 201U);
  ASSERT_EQ(ask("PROPPATCH", "/dav/docs/from/a", {}, patch("<D:set><D:prop><z:p>v</z:p></D:prop></D:set>")).status,
            207U);
  ASSERT_EQ(ask("MKCOL", "/dav/docs/to").status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/to/old", {}, "o").status, 201U);
  EXPECT_EQ(ask("COPY", "/dav/docs/from", {{"Destination", "/dav/docs/to"}, {"Overwrite", "F"}}).status, 412U);
  EXPECT_EQ(ask("COPY", "/dav/docs/from", {{"Destination", "http://files.example/dav/docs/to"}}).status, 204U);
  EXPECT_EQ(keys(), (Keys{"from/", "from/a", "to/", "to/a"}));
  EXPECT_TRUE(find("/dav/docs/to/a", "0", "<z:p/>").has(">v<"));
  // A file over another one: one more version of that, without that one's properties.
  ASSERT_EQ(ask("PUT", "/dav/docs/b", {}, "b").status, 201U);
  ASSERT_EQ(ask("PROPPATCH", "/dav/docs/b", {}, patch("<D:set><D:prop><z:q>w</z:q></D:prop></D:set>")).status, 207U);
  ASSERT_EQ(ask("PUT", "/dav/docs/plain", {}, "p").status, 201U);
  EXPECT_EQ(ask("MOVE", "/dav/docs/plain", {{"Destination", "/dav/docs/b"}}).status, 204U);
  EXPECT_FALSE(find("/dav/docs/b", "0", "<z:q/>").has(">w<"));
  EXPECT_EQ(ask("GET", "/dav/docs/b").body, "p");
  EXPECT_EQ(version_count("b"), 3U);
  EXPECT_EQ(ask("COPY", "/dav/docs/from", {{"Destination", "/dav/docs/shallow"}, {"Depth", "0"}}).status, 201U);
  EXPECT_EQ(find("/dav/docs/shallow/", "1").count("<D:response>"), 1U);
  // Refused, and nothing changed.
  const Keys before = keys();
  for (const auto& [destination, status] :
       std::vector<std::pair<std::string, unsigned>>{{"/dav/docs/from", 403},
                                                     {"/dav/docs/from/deep", 403},
                                                     {"/dav/docs", 403},
                                                     {"/dav/new", 403},
                                                     {"/dav/none/x", 409},
                                                     {"/dav/docs/none/x", 409},
                                                     {"http://elsewhere/dav/docs/x", 502},
                                                     {"/other", 400},
                                                     {"/dav/@lab/docs/x", 403}}) {
    EXPECT_EQ(ask("MOVE", "/dav/docs/from", {{"Destination", destination}}).status, status) << destination;
    EXPECT_EQ(ask("COPY", "/dav/docs/from", {{"Destination", destination}}).status, status) << destination;
  }
  EXPECT_EQ(ask("MOVE", "/dav/docs/from/a", {{"Destination", "/dav/docs/from"}}).status, 403U);
  EXPECT_EQ(ask("MOVE", "/dav/docs", {{"Destination", "/dav/docs2/x"}}).status, 403U);
  EXPECT_EQ(ask("MOVE", "/dav/docs/from").status, 400U);
  EXPECT_EQ(keys(), before);
}

TEST_F(WebDavDoorTest, AMoveDoesNotTakeAlongWhatItDidNotSee) {
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {}, "old").status, 201U);
  Tree tree(*vault_, {});
  const Node from = tree.look(parse_place("/dav/docs/x").value()).value();
  const Node to = tree.look(parse_place("/dav/docs/y").value()).value();
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {}, "new").status, 204U);
  const auto any = [](catalog::CatalogReader& /*state*/, const catalog::Listed*) -> Result<void> { return {}; };
  EXPECT_EQ(tree.transfer(from, to, {.removes_source = true}, {any, {}}).error().id, "object.changed");
  EXPECT_EQ(keys(), Keys{"x"});
  EXPECT_EQ(told(tree.transfer(from, to, {}, {any, {}})), "ok") << "a copy is of what was there";
  EXPECT_EQ(ask("GET", "/dav/docs/x").body, "new");
  EXPECT_EQ(ask("GET", "/dav/docs/y").body, "old");
}

TEST_F(WebDavDoorTest, PropertiesAreSetAllOrNoneAndTimesAreTheFilesOwn) {
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {{"X-OC-Mtime", "981173106"}}, "one").field("X-OC-Mtime"), "accepted");
  EXPECT_TRUE(find("/dav/docs/x", "0", "<D:getlastmodified/>").has("Sat, 03 Feb 2001 04:05:06 GMT"));
  const Answer mixed = ask("PROPPATCH", "/dav/docs/x", {},
                           patch("<D:set><D:prop><z:p>v</z:p><D:getetag>no</D:getetag></D:prop></D:set>"));
  EXPECT_EQ(mixed.status, 207U);
  EXPECT_TRUE(mixed.has("HTTP/1.1 424") && mixed.has("HTTP/1.1 403") && mixed.has("cannot-modify-protected-property"));
  EXPECT_TRUE(find("/dav/docs/x", "0", "<z:p/>").has("HTTP/1.1 404"));
  const std::string tag = ask("GET", "/dav/docs/x").field("ETag");
  EXPECT_TRUE(ask("PROPPATCH", "/dav/docs/x", {},
                  patch("<D:set><D:prop><z:p>v</z:p><m:Win32LastModifiedTime>Sun, 04 Feb 2001 04:05:06 GMT"
                        "</m:Win32LastModifiedTime><m:Win32FileAttributes>00000020</m:Win32FileAttributes></D:prop>"
                        "</D:set><D:remove><D:prop><z:none/></D:prop></D:remove>"))
                  .has("HTTP/1.1 200"));
  const Answer found =
      find("/dav/docs/x", "0", "<z:p/><D:getlastmodified/><m:Win32LastModifiedTime/><m:Win32FileAttributes/>");
  EXPECT_EQ(found.count("Sun, 04 Feb 2001 04:05:06 GMT"), 2U) << found.body;
  EXPECT_TRUE(found.has(">v<") && found.has(">00000020<"));
  EXPECT_EQ(ask("GET", "/dav/docs/x").field("ETag"), tag) << "the content is what it was";
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {}, "two").status, 204U);
  EXPECT_TRUE(find("/dav/docs/x", "0", "<z:p/>").has(">v<")) << "properties stay over a put";
  EXPECT_TRUE(find("/dav/docs/x").has(">v<")) << "and are among all";
  EXPECT_EQ(ask("PROPPATCH", "/dav/docs/", {}, patch("<D:set><D:prop><z:b>w</z:b></D:prop></D:set>")).status, 207U);
  EXPECT_TRUE(find("/dav/docs/", "0", "<z:b/>").has(">w<"));
  EXPECT_EQ(find("/dav/docs/", "1").count("<D:response>"), 2U) << "where a bucket's are kept is not shown";
  EXPECT_EQ(ask("PROPPATCH", "/dav/docs/none", {}, patch("<D:set><D:prop><z:p/></D:prop></D:set>")).status, 404U);
  EXPECT_EQ(ask("PROPPATCH", "/dav/docs/x", {}, "<x/>").status, 400U);
  EXPECT_TRUE(ask("PROPPATCH", "/dav/docs/x", {},
                  patch("<D:set><D:prop><z:p>" + std::string(20'000, 'x') + "</z:p></D:prop></D:set>"))
                  .has("HTTP/1.1 507"));
}

TEST_F(WebDavDoorTest, WhatIsLockedIsChangedByWhoHasTheTokenOnly) {
  add_person("bob", "owner");
  ASSERT_EQ(ask("MKCOL", "/dav/docs/f").status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/f/x", {}, "one").status, 201U);
  const std::string token = lock("/dav/docs/f/x", "0");
  const std::string with = "(" + token + ")";
  EXPECT_TRUE(find("/dav/docs/f/x", "0", "<D:lockdiscovery/>").has("/dav/docs/f/x</D:href></D:lockroot>"));
  const auto refused = [&](const std::string& method, const std::string& target, net::Headers headers = {},
                           const std::string& body = {}) {
    const Answer answer = ask(method, target, std::move(headers), body);
    EXPECT_EQ(answer.status, 423U) << method << " " << target;
    return answer;
  };
  user_ = "bob";
  EXPECT_TRUE(refused("PUT", "/dav/docs/f/x", {}, "two").has("lock-token-submitted"));
  refused("PUT", "/dav/docs/f/x", {{"If", with}}, "two");
  refused("DELETE", "/dav/docs/f/x");
  refused("DELETE", "/dav/docs/f");
  refused("MOVE", "/dav/docs/f", {{"Destination", "/dav/docs/g"}});
  refused("PROPPATCH", "/dav/docs/f/x", {}, patch("<D:set><D:prop><z:p/></D:prop></D:set>"));
  refused("LOCK", "/dav/docs/f/x", {}, lock_body());
  refused("LOCK", "/dav/docs/f", {}, lock_body());
  EXPECT_EQ(ask("UNLOCK", "/dav/docs/f/x", {{"Lock-Token", token}}).status, 403U);
  EXPECT_EQ(ask("COPY", "/dav/docs/f", {{"Destination", "/dav/docs/g"}}).status, 201U) << "reading is free";
  refused("COPY", "/dav/docs/g/x", {{"Destination", "/dav/docs/f/x"}});
  EXPECT_EQ(ask("PUT", "/dav/docs/f/y", {}, "new").status, 201U) << "its folder is not locked";
  user_ = "ann";
  refused("PUT", "/dav/docs/f/x", {}, "two");
  EXPECT_EQ(ask("PUT", "/dav/docs/f/x", {{"If", "(<opaquelocktoken:0>)"}}, "two").status, 412U);
  EXPECT_EQ(ask("PUT", "/dav/docs/f/x", {{"If", with}}, "two").status, 204U);
  EXPECT_EQ(ask("LOCK", "/dav/docs/f/x", {{"If", with}, {"Timeout", "Second-60"}}).status, 200U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/f/x", {{"If", with}}).status, 204U);
  EXPECT_EQ(door_->locks().count(), 0U) << "what is gone is not locked";
  // A deep lock of a folder keeps new names out, too; an upload under way when it was taken comes too late.
  const std::string deep = lock("/dav/docs/f");
  user_ = "bob";
  refused("PUT", "/dav/docs/f/new", {}, "x");
  refused("MKCOL", "/dav/docs/f/sub");
  refused("DELETE", "/dav/docs/f/y");
  user_ = "ann";
  EXPECT_EQ(ask("UNLOCK", "/dav/docs/f", {{"Lock-Token", deep}}).status, 204U);
  EXPECT_EQ(ask("UNLOCK", "/dav/docs/f", {{"Lock-Token", deep}}).status, 409U);
  user_ = "bob";
  InterruptedBody slow("slow", [&] {
    user_ = "ann";
    lock("/dav/docs/f");
    user_ = "bob";
  });
  EXPECT_EQ(ask_with(slow, "PUT", "/dav/docs/f/y", {}, 4).status, 423U);
  EXPECT_EQ(ask("GET", "/dav/docs/f/y").body, "new");
}

TEST_F(WebDavDoorTest, ALockOnNothingMakesAnEmptyFile) {
  EXPECT_EQ(ask("LOCK", "/dav/docs/none/x", {}, lock_body()).status, 409U);
  const Answer made = ask("LOCK", "/dav/docs/new", {{"Timeout", "Second-77"}}, lock_body());
  EXPECT_EQ(made.status, 201U);
  EXPECT_TRUE(made.has("<D:timeout>Second-77</D:timeout>")) << made.body;
  EXPECT_TRUE(made.has("<owner xmlns=\"DAV:\">me</owner>"));
  EXPECT_EQ(ask("GET", "/dav/docs/new").status, 200U);
  EXPECT_EQ(ask("PUT", "/dav/docs/new", {}, "x").status, 423U);
  machine_.clock.advance_s(80);
  EXPECT_EQ(ask("PUT", "/dav/docs/new", {}, "x").status, 204U);
  EXPECT_EQ(ask("LOCK", "/dav/docs/new").status, 400U) << "neither a body nor a token";
  EXPECT_EQ(ask("LOCK", "/dav/", {}, lock_body()).status, 403U);
}

TEST_F(WebDavDoorTest, BucketsAreMadeAndRemovedWhereNothingIsLost) {
  EXPECT_EQ(ask("MKCOL", "/dav/fresh").status, 201U);
  EXPECT_EQ(ask("MKCOL", "/dav/New%20folder").status, 403U) << "no name for a bucket";
  EXPECT_EQ(ask("DELETE", "/dav/fresh").status, 204U);
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {}, "x").status, 201U);
  ASSERT_EQ(ask("DELETE", "/dav/docs/x").status, 204U);
  EXPECT_EQ(ask("DELETE", "/dav/docs").status, 409U) << "its history is in it";
  EXPECT_EQ(ask("DELETE", "/dav/").status, 403U);
  EXPECT_EQ(find("/dav/", "1").count("<D:response>"), 2U);
}

TEST_F(WebDavDoorTest, EveryMethodAsksForItsRight) {
  catalog::RoleRow role;
  role.name = "one-action";
  role.rules = {{false, {"status"}, {}, 0, 0}};
  add_person("eve", "");
  ASSERT_EQ(ask("MKCOL", "/dav/docs/f").status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/f/x", {}, "x").status, 201U);
  struct Case {
    std::string method, target;
    net::Headers headers;
    std::string body;
    std::vector<std::string> needs;
    unsigned status;
  };
  const std::string set = patch("<D:set><D:prop><z:p>v</z:p></D:prop></D:set>");
  const std::vector<Case> cases = {
      {"PROPFIND", "/dav/docs", {{"Depth", "0"}}, "", {"list_buckets"}, 207},
      {"PROPFIND", "/dav/docs/f", {{"Depth", "1"}}, "", {"list", "read_metadata"}, 207},
      {"PROPFIND", "/dav/docs/f/x", {{"Depth", "0"}}, "", {"read_metadata"}, 207},
      {"GET", "/dav/docs/f/x", {}, "", {"read"}, 200},
      {"GET", "/dav/docs/f", {}, "", {"list"}, 200},
      {"PUT", "/dav/docs/f/new", {}, "n", {"write"}, 201},
      {"PUT", "/dav/docs/f/x", {}, "n", {"overwrite"}, 204},
      {"MKCOL", "/dav/docs/f/g", {}, "", {"write"}, 201},
      {"MKCOL", "/dav/more", {}, "", {"create_bucket"}, 201},
      {"PROPPATCH", "/dav/docs/f/x", {}, set, {"tag"}, 207},
      {"COPY", "/dav/docs/f/x", {{"Destination", "/dav/docs/f/y"}}, "", {"read", "write"}, 201},
      {"COPY", "/dav/docs/f/x", {{"Destination", "/dav/docs/f/y"}}, "", {"read", "overwrite"}, 204},
      {"MOVE", "/dav/docs/f/y", {{"Destination", "/dav/docs/f/z"}}, "", {"read", "remove", "write"}, 201},
      {"COPY", "/dav/docs/f/x", {{"Destination", "/dav/docs/f/g"}}, "", {"read", "remove", "write"}, 204},
      {"LOCK", "/dav/docs/f/x", {}, lock_body("shared"), {"lock"}, 200},
      {"LOCK", "/dav/docs/f/made", {}, lock_body("shared"), {"lock", "write"}, 201},
      {"UNLOCK", "/dav/docs/f/new", {{"Lock-Token", "<urn:none>"}}, "", {"lock"}, 409},
      {"DELETE", "/dav/docs/f/new", {}, "", {"remove"}, 204},
      {"DELETE", "/dav/more", {}, "", {"delete_bucket"}, 204},
  };
  ASSERT_EQ(told(access_->put_role(owner_, role)), "ok");
  add_grant("eve", "one-action");
  user_ = "eve";
  for (const Case& one : cases) {
    // With every right but one it is refused and nothing happens; with them all it is done.
    for (const std::string& without : one.needs) {
      role.rules = {{false, {"*"}, {}, 0, 0}, {true, {without}, {}, 0, 0}};
      ASSERT_EQ(told(access_->put_role(owner_, role)), "ok");
      const Keys before = keys();
      EXPECT_EQ(ask(one.method, one.target, one.headers, one.body).status, 403U)
          << one.method << " " << one.target << " without " << without;
      EXPECT_EQ(keys(), before);
    }
    role.rules = {{false, one.needs, {}, 0, 0}};
    ASSERT_EQ(told(access_->put_role(owner_, role)), "ok");
    EXPECT_EQ(ask(one.method, one.target, one.headers, one.body).status, one.status) << one.method << " " << one.target;
  }
}

TEST_F(WebDavDoorTest, WhoMaySeePartOfABucketSeesThatPart) {
  ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", "open/x", as_bytes("x"))), "ok");
  ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "docs", "closed/y", as_bytes("y"))), "ok");
  ASSERT_EQ(told(vault::testing::put_bytes(*vault_, "secret", "z", as_bytes("z"))), "ok");
  catalog::AccessPlace place;
  place.bucket = "docs";
  place.prefix = "open/";
  add_person("guest", "reader", place);
  user_ = "guest";
  const Answer root = find("/dav/", "1");
  EXPECT_TRUE(root.has("/dav/docs/")) << root.body;
  EXPECT_FALSE(root.has("secret"));
  EXPECT_EQ(find("/dav/docs/open/", "1").count("<D:response>"), 2U);
  EXPECT_EQ(ask("GET", "/dav/docs/open/x").body, "x");
  EXPECT_EQ(ask("GET", "/dav/docs/closed/y").status, 403U);
  EXPECT_EQ(find("/dav/docs/closed/none").status, 403U) << "whether something is there is not told";
  EXPECT_EQ(ask("PUT", "/dav/docs/open/x", {}, "x").status, 403U);
  EXPECT_EQ(ask("COPY", "/dav/docs/", {{"Destination", "/dav/docs/open/all"}}).status, 403U);
}

TEST_F(WebDavDoorTest, QuotasHoldAndUseIsCounted) {
  ASSERT_EQ(told(access_->usage().count(*vault_, true)), "ok");
  catalog::QuotaRow quota;
  quota.bucket = "docs";
  quota.bytes_max = 10;
  quota.objects_max = 3;
  ASSERT_EQ(told(access_->set_quota(owner_, quota)), "ok");
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {}, "12345678").status, 201U);
  EXPECT_EQ(ask("PUT", "/dav/docs/y", {}, "123").status, 507U);
  net::MemoryBody unknown("123");
  EXPECT_EQ(ask_with(unknown, "PUT", "/dav/docs/y", {}, std::nullopt).status, 507U);
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {}, "1234567890").status, 204U) << "only what is more counts";
  EXPECT_EQ(ask("COPY", "/dav/docs/x", {{"Destination", "/dav/docs/y"}}).status, 507U);
  EXPECT_EQ(ask("MOVE", "/dav/docs/x", {{"Destination", "/dav/docs/y"}}).status, 201U);
  EXPECT_TRUE(find("/dav/docs/", "0", "<D:quota-available-bytes/><D:quota-used-bytes/>").has(">0<"));
  EXPECT_EQ(ask("DELETE", "/dav/docs/y").status, 204U);
  EXPECT_EQ(access_->usage().of(vault_->head().vault, "docs", ""), access::Used{});
  EXPECT_EQ(access_->usage().of({}, "", "ann"), access::Used{});
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(ask("MKCOL", "/dav/docs/" + std::string(name)).status, 201U);
  EXPECT_EQ(ask("MKCOL", "/dav/docs/d").status, 507U);
  EXPECT_EQ(ask("PUT", "/dav/docs/d", {}, "").status, 507U);
}

TEST_F(WebDavDoorTest, WhereNoHistoryIsKeptTheRightsAreThoseForGood) {
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {}, "one").status, 201U);
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                  ATOLL_ASSIGN(const auto state, vault::bucket_state(context.state, "docs"));
                                  auto settings = vault::settings_to_change(state);
                                  settings.versioning = {{Lsn{1}, catalog::Versioning::off}};
                                  changes.put(settings);
                                  return {};
                                })),
            "ok");
  ASSERT_EQ(ask("PUT", "/dav/docs/y", {}, "one").status, 201U);
  catalog::RoleRow role;
  role.name = "careful";
  role.rules = {{false, {"*"}, {}, 0, 0}, {true, {"overwrite_for_good", "remove_for_good"}, {}, 0, 0}};
  ASSERT_EQ(told(access_->put_role(owner_, role)), "ok");
  add_person("eve", "careful");
  user_ = "eve";
  EXPECT_EQ(ask("PUT", "/dav/docs/y", {}, "two").status, 403U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/y").status, 403U);
  EXPECT_EQ(ask("MOVE", "/dav/docs/y", {{"Destination", "/dav/docs/z"}}).status, 403U);
  user_ = "ann";
  EXPECT_EQ(ask("PUT", "/dav/docs/y", {}, "two").status, 204U);
  EXPECT_EQ(ask("GET", "/dav/docs/y").body, "two");
  EXPECT_EQ(version_count("y"), 1U);
  EXPECT_EQ(ask("DELETE", "/dav/docs/y").status, 204U);
  EXPECT_EQ(version_count("y"), 0U);
}

TEST_F(WebDavDoorTest, NewContentHasNeitherTimeNorFieldsOfTheOldOne) {
  ASSERT_EQ(
      told(vault::testing::put_bytes(
          *vault_, "docs", "x", as_bytes("old"),
          {{{"mtime", "1"}, {"header:content-encoding", "gzip"}, {"place", "reef"}}, {}, "application/x-old", {}})),
      "ok");
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {{"Content-Language", "de"}}, "new").status, 204U);
  EXPECT_EQ(vault::Objects(*vault_).find("docs", "x").value().version.metadata,
            (Metadata{{"header:content-language", "de"}, {"place", "reef"}}));
  EXPECT_TRUE(find("/dav/docs/x", "0", "<D:getcontentlanguage/>").has(">de<"));
  ASSERT_EQ(ask("PUT", "/dav/docs/x", {{"X-OC-Mtime", "981173106"}}, "newer").status, 204U);
  EXPECT_EQ(vault::Objects(*vault_).find("docs", "x").value().version.metadata,
            (Metadata{{"mtime", "981173106"}, {"place", "reef"}}));
}

TEST_F(WebDavDoorTest, AFileOfADiskKeepsItsModeUnderNewContent) {
  catalog::VersionRow file;
  file.has_source = true;
  file.mode = 0600;
  file.uid = 7;
  file.attributes = {{"user.x", to_bytes("y")}};
  file.inode = 5;
  vault::NewVersion fresh;
  fresh.key = "private";
  fresh.version = file;
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::put_objects,
                                [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                  ATOLL_ASSIGN(const auto bucket, context.state.bucket_named("docs"));
                                  ATOLL_TRY(vault::stage_put(context, changes, *bucket, fresh,
                                                             platform::new_id<VersionId>(machine_.machine()), "t", {}));
                                  return {};
                                })),
            "ok");
  ASSERT_EQ(ask("PUT", "/dav/docs/private", {}, "new").status, 204U);
  const auto found = vault::Objects(*vault_).find("docs", "private").value().version;
  EXPECT_EQ(found.mode, 0600U);
  EXPECT_EQ(found.uid, 7U);
  EXPECT_EQ(found.attributes, file.attributes);
  EXPECT_EQ(found.inode, 0U) << "so that a put looks at the file on the disk again";
}

TEST_F(WebDavDoorTest, CopiesSayOfWhatAndCrossIntoBucketsWithKeysOfTheirOwn) {
  ASSERT_EQ(told(vault::create_bucket(*vault_, "own", true)), "ok");
  const std::string content = to_string(vault::testing::noise(3, 200'000));
  ASSERT_EQ(ask("MKCOL", "/dav/docs/f").status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/f/x", {}, content).status, 201U);
  ASSERT_EQ(ask("PUT", "/dav/docs/f/empty", {}, "").status, 201U);
  EXPECT_EQ(ask("COPY", "/dav/docs/f", {{"Destination", "/dav/own/f"}}).status, 201U);
  EXPECT_TRUE(ask("GET", "/dav/own/f/x").body == content);
  EXPECT_EQ(ask("GET", "/dav/own/f/empty").body, "");
  const auto copy = vault::Objects(*vault_).find("own", "f/x").value();
  EXPECT_EQ(copy.version.content.domain, copy.bucket.domain);
  ASSERT_EQ(copy.version.sources.size(), 1U);
  EXPECT_EQ(copy.version.sources[0].words, "docs/f/x");
  EXPECT_EQ(copy.version.transformation, "copy");
  EXPECT_EQ(ask("MOVE", "/dav/own/f", {{"Destination", "/dav/docs/g"}}).status, 201U);
  EXPECT_TRUE(ask("GET", "/dav/docs/g/x").body == content);
  EXPECT_EQ(keys("own"), Keys{});
}

TEST_F(WebDavDoorTest, OtherVaultsAreBelowTheirName) {
  const std::string folder = "/home/vaults/lab";
  ASSERT_EQ(told(vault::testing::create_small(machine_.machine(), folder)), "ok");
  second_ = vault::testing::open_small(machine_.machine(), folder).value();
  host_->add_vault(second_->head().vault, "lab", *second_);
  EXPECT_TRUE(find("/dav/", "1").has("<D:href>/dav/@lab/</D:href>"));
  EXPECT_EQ(ask("MKCOL", "/dav/@lab/docs").status, 201U);
  EXPECT_EQ(ask("PUT", "/dav/%40lab/docs/x", {}, "lab's").status, 201U);
  EXPECT_EQ(ask("GET", "/dav/@lab/docs/x").body, "lab's");
  EXPECT_EQ(ask("GET", "/dav/docs/x").status, 404U);
  EXPECT_TRUE(find("/dav/@lab/docs", "1").has("/dav/@lab/docs/x<"));
  EXPECT_EQ(ask("COPY", "/dav/@lab/docs/x", {{"Destination", "/dav/docs/x"}}).status, 403U);
  EXPECT_EQ(ask("GET", "/dav/@none/docs/x").status, 404U);
}

TEST_F(WebDavDoorTest, ErrorsSayWhatToDoAndNothingOfTheInside) {
  const Answer none = ask("GET", "/dav/docs/none");
  EXPECT_EQ(none.status, 404U);
  EXPECT_TRUE(none.has("object.not_found") && none.has("Request "));
  EXPECT_EQ(ask("PATCH", "/dav/docs/x").status, 405U);
  EXPECT_NE(ask("PATCH", "/dav/docs/x").field("Allow").find("PROPFIND"), std::string::npos);
  EXPECT_EQ(ask("GET", "/dav/docs/../x").status, 400U);
  EXPECT_EQ(ask("PROPFIND", "/dav/docs", {{"Depth", "2"}}).status, 400U);
  EXPECT_EQ(ask("PROPFIND", "/dav/docs", {{"Depth", "0"}}, std::string(300'000, ' ')).status, 413U);
  EXPECT_EQ(ask("PROPFIND", "/dav/docs", {{"Depth", "0"}}, "<!DOCTYPE x><x/>").status, 400U);
  EXPECT_EQ(ask("PUT", "/dav/docs/x", {{"If", "(<a>"}}, "x").status, 400U);
}

}  // namespace
}  // namespace atl::webdav
