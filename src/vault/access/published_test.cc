// What is open without an account: each way in, and that none is shown that is over, denied or for accounts only.
#include "vault/access/published.h"

#include <gtest/gtest.h>

#include "catalog/s3_rows.h"
#include "foundation/platform/testing/test_machine.h"
#include "vault/access/bucket_policy.h"
#include "vault/testing/test_vault.h"

namespace atl::access {
namespace {

using vault::testing::told;

constexpr Timestamp kNow{1'000'000'000};
const VaultId kMain{{7}};
const PrincipalId kAnna{{1, 2}};

class PublishedTest : public ::testing::Test {
 protected:
  PublishedTest() {
    catalog::PrincipalRow anna;
    anna.id = kAnna;
    anna.name = "anna";
    rows_.principals.push_back(anna);
  }
  catalog::GrantRow& grant(std::uint8_t number, PrincipalId subject, const std::string& role) {
    catalog::GrantRow row;
    row.id.bytes[0] = number;
    row.subject = subject;
    row.role = role;
    row.place = {kMain, "site", ""};
    return rows_.grants.emplace_back(row);
  }
  catalog::ShareRow& link(std::uint8_t number) {
    catalog::ShareRow row;
    row.id.bytes[0] = number;
    row.digest[0] = number;
    row.made_by = kAnna;
    row.place = {kMain, "photos", "2024/"};
    row.is_prefix = true;
    return rows_.shares.emplace_back(row);
  }
  void say_of(const std::string& bucket, AccessList list, const std::string& policy) {
    BucketAccess said;
    said.bucket.bytes[0] = 9;
    said.list = list;
    said.policy = policy;
    rows_.settings.push_back({setting_name(kMain, bucket), encode(said), {}});
  }
  [[nodiscard]] std::vector<PublicPlace> places() const { return public_places(AccessView(rows_), kNow); }

  AccessRows rows_;
};

TEST_F(PublishedTest, GrantsToEveryoneAreShownWithWhatTheyGive) {
  grant(1, catalog::kEveryone, "reader");
  grant(2, catalog::kEveryone, "editor");
  grant(3, catalog::kSignedIn, "reader");
  grant(4, kAnna, "reader");
  grant(5, catalog::kEveryone, "reader").denies = true;
  grant(6, catalog::kEveryone, "reader").expires = kNow;
  grant(7, catalog::kEveryone, "no-such-role");
  const auto shown = places();
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].id, rows_.grants[0].id.text());
  EXPECT_EQ(shown[0].role, "reader");
  EXPECT_EQ(shown[0].place.bucket, "site");
  EXPECT_TRUE(shown[0].reads);
  EXPECT_FALSE(shown[0].writes);
  EXPECT_TRUE(shown[1].writes);
}

TEST_F(PublishedTest, PoliciesAndListsOfBucketsAreShown) {
  const auto allows = [](const std::string& who, const std::string& bucket, const std::string& more = "") {
    return R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": )" + who +
           R"(, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::)" + bucket + R"(/*")" + more + "}]}";
  };
  say_of("both", AccessList::public_read, allows("\"*\"", "both"));
  say_of("signed-in", AccessList::authenticated_read, "");
  say_of("office", AccessList::owner_only,
         allows("\"*\"", "office", R"(, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})"));
  say_of("newer", AccessList::owner_only, "what this program does not understand");
  const auto shown = places();
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(name_of(shown[0].by), "access_list");
  EXPECT_EQ(name_of(shown[1].by), "policy");
  for (const auto& one : shown) {
    EXPECT_EQ(one.place, (catalog::AccessPlace{kMain, "both", ""}));
    EXPECT_TRUE(one.reads && !one.writes);
  }
}

TEST_F(PublishedTest, LinksAreShownWhileTheyOpenSomething) {
  link(1).label = "neighbours";
  auto& box = link(2);
  box.takes_uploads = true;
  box.password_hash = "hash";
  link(3).expires = kNow;
  auto& used = link(4);
  used.downloads = used.downloads_max = 2;
  link(5).made_by = PrincipalId{{99}};
  auto& later = link(6);
  later.expires = {kNow.unix_us + 1};
  later.downloads_max = 2;
  later.downloads = 1;
  const auto shown = places();
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0].label, "neighbours");
  EXPECT_TRUE(shown[0].reads && !shown[0].writes && !shown[0].has_password);
  EXPECT_TRUE(shown[1].writes && !shown[1].reads && shown[1].has_password);
  EXPECT_EQ(shown[2].expires.unix_us, kNow.unix_us + 1);
  rows_.principals[0].is_disabled = true;
  EXPECT_TRUE(places().empty());
}

TEST_F(PublishedTest, ObjectsOpenedOneByOneAreCountedByBucket) {
  platform::TestMachine machine;
  ASSERT_EQ(told(vault::testing::create_small(machine.inline_machine())), "ok");
  const auto vault = std::move(vault::testing::open_small(machine.inline_machine()).value());
  const auto open = [&](const std::string& bucket, const std::string& key, const std::string& list) {
    const auto put = vault::testing::put_bytes(*vault, bucket, key, vault::testing::noise(key.size(), 100));
    ASSERT_EQ(told(put), "ok");
    const auto listed = vault::Objects(*vault).find(bucket, key).value();
    catalog::VersionTermsRow terms;
    terms.object = listed.version.object;
    terms.version = listed.version.version;
    terms.access_list = list;
    ASSERT_TRUE(vault->commit(journal::CommandKind::note, [&](const auto&, vault::ChangeSet& changes) -> Result<void> {
      changes.put(terms);
      return {};
    }));
  };
  open("site", "logo.png", "public-read");
  open("site", "photo.jpg", "public-read");
  open("site", "private.txt", "private");
  open("site", "of accounts.txt", "authenticated-read");
  open("other", "replaced.txt", "public-read");
  ASSERT_TRUE(vault::testing::put_bytes(*vault, "other", "replaced.txt", vault::testing::noise(99, 100)));
  open("other", "gone.txt", "public-read");
  vault::Selection gone;
  gone.bucket = "other";
  gone.prefix = "gone.txt";
  ASSERT_EQ(told(vault::Objects(*vault).remove(gone)), "ok");
  grant(1, catalog::kEveryone, "reader");
  auto shown = places();
  ASSERT_EQ(told(add_public_objects(*vault, kMain, shown)), "ok");
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].by, OpenedBy::grant);
  EXPECT_EQ(name_of(shown[1].by), "object_list");
  EXPECT_EQ(shown[1].place.bucket, "site");
  EXPECT_EQ(shown[1].objects, 2U);
  EXPECT_TRUE(shown[1].reads);
  EXPECT_FALSE(shown[1].writes);
}

}  // namespace
}  // namespace atl::access
