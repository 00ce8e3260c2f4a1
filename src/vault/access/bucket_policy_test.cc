// Policies and access lists of buckets, as the one decision takes them.
#include "vault/access/bucket_policy.h"

#include <gtest/gtest.h>

#include <array>

#include "foundation/platform/testing/test_machine.h"
#include "vault/access/decision.h"

namespace atl::access {
namespace {

constexpr Timestamp kNow{1'800'000'000LL * 1'000'000};

template <class Id>
Id id_of(std::uint8_t number) {
  Id id;
  id.bytes.fill(number);
  return id;
}
const VaultId kVault = id_of<VaultId>(1);
const BucketId kBucket = id_of<BucketId>(2);
const PrincipalId kAnna = id_of<PrincipalId>(3);
const PrincipalId kBen = id_of<PrincipalId>(4);

std::optional<PrincipalId> find(const std::string& named) {
  if (named == "user/anna" || named == "id/" + canonical_id("anna")) return kAnna;
  if (named == "user/ben") return kBen;
  return std::nullopt;
}

std::string policy_of(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
std::string statement(const std::string& effect, const std::string& principal, const std::string& action,
                      const std::string& resource, const std::string& condition = "") {
  return R"({"Effect":")" + effect + R"(","Principal":)" + principal + R"(,"Action":)" + action + R"(,"Resource":)" +
         resource + (condition.empty() ? "" : R"(,"Condition":)" + condition) + "}";
}
const std::string kAll = R"("*")";
const std::string kObjects = R"("arn:aws:s3:::photos/*")";
const std::string kItself = R"("arn:aws:s3:::photos")";

std::string refusal(const std::string& document) {
  const auto policy = BucketPolicy::parse(document, "photos", find);
  return policy ? "taken" : policy.error().message;
}

Who person(const PrincipalId& id, const std::string& address = "192.0.2.7") {
  Who who;
  who.principal = id;
  who.address = address;
  return who;
}
Who nobody(const std::string& address = "192.0.2.7") { return person({}, address); }

Resource object(const std::string_view& key, Permission permission = Permission::GetObject) {
  Resource asked;
  asked.vault = kVault;
  asked.bucket = "photos";
  asked.key = key;
  asked.permission = permission;
  asked.bucket_id = kBucket;
  asked.is_secure = true;
  return asked;
}

// A view with two people, one of whom may everything by a grant, and what is said of the bucket.
std::unique_ptr<AccessView> view_with(const std::string& document, AccessList list = AccessList::owner_only) {
  AccessRows rows;
  for (const auto& [id, name] : {std::pair(kAnna, "anna"), std::pair(kBen, "ben")}) {
    catalog::PrincipalRow row;
    row.id = id;
    row.name = name;
    rows.principals.push_back(row);
  }
  catalog::GrantRow grant;
  grant.id = id_of<GrantId>(5);
  grant.subject = kBen;
  grant.role = "owner";
  rows.grants.push_back(grant);
  BucketAccess said;
  said.bucket = kBucket;
  said.list = list;
  said.policy = document;
  const auto policy = BucketPolicy::parse(document, "photos", find);
  if (policy) said.named = policy->named();
  rows.settings.push_back({setting_name(kVault, "photos"), encode(said), {}});
  return std::make_unique<AccessView>(std::move(rows));
}

bool may(const AccessView& view, const Who& who, Action action, const Resource& asked) {
  return view.decide(who, action, asked, kNow).allowed;
}

TEST(BucketPolicy, WhatCannotBeSaidIsRefusedWithTheReason) {
  EXPECT_EQ(refusal(policy_of(statement("Allow", kAll, R"("s3:GetObject")", kObjects))), "taken");
  EXPECT_EQ(refusal(policy_of(statement("Allow", R"({"AWS":["arn:aws:iam::123456789012:user/anna"]})", R"("s3:*")",
                                        "[" + kObjects + "," + kItself + "]"))),
            "taken");
  EXPECT_EQ(refusal(policy_of(statement("Allow", kAll, R"("s3:GetObject")", "[" + kObjects + "," + kItself + "]"))),
            "taken")
      << "a resource more than is needed changes nothing";
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "not valid JSON"},
      {"[]", "JSON object"},
      {R"({"Version":"2012-10-17"})", "Statement"},
      {R"({"Version":"2020-01-01","Statement":[]})", "Version"},
      {R"({"Extra":1,"Statement":[]})", "Extra"},
      {policy_of(""), "1 to 100"},
      {policy_of(statement("Maybe", kAll, R"("s3:GetObject")", kObjects)), "Effect"},
      {policy_of(R"({"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"})"), "Principal"},
      {policy_of(R"({"Effect":"Allow","NotPrincipal":"*","Action":"s3:GetObject","Resource":"a"})"), "NotPrincipal"},
      {policy_of(statement("Allow", R"({"Service":"x"})", R"("s3:GetObject")", kObjects)), "Service"},
      {policy_of(statement("Allow", R"({"AWS":"123456789012"})", R"("s3:GetObject")", kObjects)), "123456789012"},
      {policy_of(statement("Allow", R"({"AWS":"arn:aws:iam::1:user/eve"})", R"("s3:GetObject")", kObjects)), "eve"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObjectTorrent")", kObjects)), "GetObjectTorrent"},
      {policy_of(statement("Allow", kAll, R"("ec2:Start")", kObjects)), "ec2:Start"},
      {policy_of(statement("Deny", kAll, R"("s3:PutBucketPolicy")", kItself)), "grants"},
      {policy_of(statement("Allow", kAll, R"("s3:PutObject")", kObjects)), "read and list only"},
      {policy_of(statement("Allow", kAll, R"("s3:*")", "[" + kObjects + "," + kItself + "]")), "read and list only"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", R"("arn:aws:s3:::other/*")")), "not in this bucket"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", R"("*")")), "invalid resource"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", kItself)), "does not apply"},
      {policy_of(statement("Allow", kAll, R"(["s3:GetObject","s3:ListBucket"])", kObjects)), "s3:ListBucket"},
      {policy_of(statement("Allow", kAll, R"("s3:ListB*")", kObjects)), "does not apply"},
      {policy_of(
           statement("Allow", kAll, R"("s3:GetObject")", kObjects, R"({"DateLessThan":{"aws:CurrentTime":"x"}})")),
       "DateLessThan"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", kObjects, R"({"StringEquals":{"aws:Referer":"x"}})")),
       "aws:Referer"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", kObjects, R"({"StringLike":{"s3:prefix":"x"}})")),
       "s3:prefix"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", kObjects, R"({"IpAddress":{"aws:SourceIp":"10/8"}})")),
       "10/8"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", R"("arn:aws:s3:::photos/${aws:username}/*")")),
       "Variables"},
      {policy_of(statement("Allow", kAll, R"("s3:GetObject")", kObjects)) + std::string(30'000, ' '), "20 KiB"},
  };
  for (const auto& [document, words] : bad) {
    EXPECT_NE(refusal(document).find(words), std::string::npos) << document.substr(0, 200) << ": " << refusal(document);
  }
}

TEST(BucketPolicy, NobodyMayReadWhatItOpensAndNothingElse) {
  const auto view =
      view_with(policy_of(statement("Allow", kAll, R"("s3:GetObject")", R"("arn:aws:s3:::photos/open/*")")));
  EXPECT_TRUE(may(*view, nobody(), Action::read, object("open/a")));
  EXPECT_TRUE(may(*view, nobody(), Action::read_metadata, object("open/a"))) << "HEAD";
  EXPECT_TRUE(may(*view, person(kAnna), Action::read, object("open/a")));
  EXPECT_FALSE(may(*view, nobody(), Action::read, object("closed/a")));
  EXPECT_FALSE(may(*view, nobody(), Action::read, object("open")));
  EXPECT_FALSE(may(*view, nobody(), Action::read_metadata, object("open/a", Permission::GetObjectTagging)));
  EXPECT_FALSE(may(*view, nobody(), Action::write, object("open/a", Permission::PutObject)));
  EXPECT_FALSE(may(*view, nobody(), Action::list, object("open/", Permission::ListBucket)));
  Resource elsewhere = object("open/a");
  elsewhere.bucket = "other";
  EXPECT_FALSE(may(*view, nobody(), Action::read, elsewhere));
  elsewhere = object("open/a");
  elsewhere.vault = id_of<VaultId>(9);
  EXPECT_FALSE(may(*view, nobody(), Action::read, elsewhere));
  Resource later = object("open/a");
  later.bucket_id = id_of<BucketId>(8);
  EXPECT_FALSE(may(*view, nobody(), Action::read, later)) << "a later bucket of that name";
  Resource other_door = object("open/a", Permission::none);
  EXPECT_FALSE(may(*view, nobody(), Action::read, other_door));
}

TEST(BucketPolicy, WhatItDeniesIsDeniedAtEveryDoorWhateverGrantsSay) {
  const auto view = view_with(policy_of(statement("Deny", R"({"AWS":"arn:aws:iam:::user/ben"})",
                                                  R"("s3:DeleteObject*")", R"("arn:aws:s3:::photos/kept/*")")));
  EXPECT_FALSE(may(*view, person(kBen), Action::remove, object("kept/a", Permission::DeleteObject)));
  EXPECT_FALSE(may(*view, person(kBen), Action::erase, object("kept/a", Permission::DeleteObjectVersion)));
  EXPECT_TRUE(may(*view, person(kBen), Action::remove, object("other/a", Permission::DeleteObject)));
  Resource by_webdav = object("kept/a", Permission::none);
  by_webdav.bucket_id = {};
  by_webdav.is_secure = std::nullopt;
  EXPECT_FALSE(may(*view, person(kBen), Action::remove, by_webdav));
  EXPECT_TRUE(may(*view, person(kBen), Action::read, by_webdav));
  by_webdav.key = "";
  by_webdav.is_prefix = true;
  EXPECT_FALSE(may(*view, person(kBen), Action::remove, by_webdav)) << "what covers it";
  by_webdav.key = "other/";
  EXPECT_TRUE(may(*view, person(kBen), Action::remove, by_webdav));
  EXPECT_TRUE(may(*view, Who::local_owner(), Action::remove, object("kept/a")));
}

TEST(BucketPolicy, NobodyLocksEverybodyOut) {
  const auto view = view_with(policy_of(statement("Deny", kAll, R"("s3:*")", "[" + kObjects + "," + kItself + "]")));
  for (const ActionInfo& info : kActions) {
    Resource asked = object("a", Permission::none);
    if (info.level == ActionLevel::home) continue;
    const bool is_free = info.action == Action::bucket_access_read || info.action == Action::bucket_access_write;
    if (is_free) {
      EXPECT_TRUE(may(*view, person(kBen), info.action, asked)) << info.name;
    }
  }
  EXPECT_FALSE(may(*view, person(kBen), Action::read, object("a")));
}

TEST(BucketPolicy, ConditionsHoldAndWhatCannotBeToldOnlyDenies) {
  const std::string insecure = R"({"Bool":{"aws:SecureTransport":"false"}})";
  const auto tls =
      view_with(policy_of(statement("Deny", kAll, R"("s3:*")", "[" + kObjects + "," + kItself + "]", insecure)));
  EXPECT_TRUE(may(*tls, person(kBen), Action::read, object("a")));
  Resource plain = object("a");
  plain.is_secure = false;
  EXPECT_FALSE(may(*tls, person(kBen), Action::read, plain));
  plain.is_secure = std::nullopt;
  EXPECT_FALSE(may(*tls, person(kBen), Action::read, plain));

  const std::string inside = R"({"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}})";
  const auto lan = view_with(policy_of(statement("Allow", kAll, R"("s3:GetObject")", kObjects, inside)));
  EXPECT_TRUE(may(*lan, nobody("10.2.3.4"), Action::read, object("a")));
  EXPECT_TRUE(may(*lan, nobody("2001:db8::9"), Action::read, object("a")));
  EXPECT_FALSE(may(*lan, nobody("192.0.2.1"), Action::read, object("a")));
  EXPECT_FALSE(may(*lan, nobody("local"), Action::read, object("a")));

  const std::string outside = R"({"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}})";
  const auto only_lan = view_with(policy_of(statement("Deny", kAll, R"("s3:GetObject")", kObjects, outside)));
  EXPECT_TRUE(may(*only_lan, person(kBen, "10.2.3.4"), Action::read, object("a")));
  EXPECT_FALSE(may(*only_lan, person(kBen, "192.0.2.1"), Action::read, object("a")));
  EXPECT_FALSE(may(*only_lan, person(kBen, "local"), Action::read, object("a")));

  const std::string home = R"({"StringLike":{"s3:prefix":["home/anna/*",""]}})";
  const auto list = view_with(policy_of(statement("Allow", R"({"CanonicalUser":")" + canonical_id("anna") + R"("})",
                                                  R"("s3:ListBucket")", kItself, home)));
  Resource listing = object("home/anna/x", Permission::ListBucket);
  listing.is_prefix = true;
  EXPECT_TRUE(may(*list, person(kAnna), Action::list, listing));
  EXPECT_FALSE(may(*list, nobody(), Action::list, listing));
  listing.key = "home/";
  EXPECT_FALSE(may(*list, person(kAnna), Action::list, listing));
  listing.key = "";
  EXPECT_TRUE(may(*list, person(kAnna), Action::list, listing));
}

TEST(BucketPolicy, AListOpensWhatItSays) {
  const auto view = view_with("", AccessList::public_read);
  EXPECT_TRUE(may(*view, nobody(), Action::list, object("", Permission::ListBucket)));
  EXPECT_FALSE(may(*view, nobody(), Action::read, object("a"))) << "of the bucket, not of what lies in it";
  Resource open = object("a");
  open.list = AccessList::public_read;
  EXPECT_TRUE(may(*view, nobody(), Action::read, open));
  EXPECT_FALSE(may(*view, nobody(), Action::write, open));
  open.permission = Permission::PutObject;
  EXPECT_FALSE(may(*view, nobody(), Action::write, open));
  open.permission = Permission::GetObject;
  open.list = AccessList::authenticated_read;
  EXPECT_FALSE(may(*view, nobody(), Action::read, open));
  EXPECT_TRUE(may(*view, person(kAnna), Action::read, open));
  open.list = AccessList::bucket_owner_full_control;
  EXPECT_FALSE(may(*view, person(kAnna), Action::read, open));
}

TEST(BucketPolicy, WhatCannotBeReadAnyMoreDenies) {
  AccessRows rows;
  rows.settings.push_back({setting_name(kVault, "photos"),
                           R"({"policy":"from the future","bucket":")" + kBucket.text() + R"(","list":"private"})",
                           {}});
  catalog::GrantRow grant;
  grant.subject = kBen;
  grant.role = "owner";
  rows.grants.push_back(grant);
  catalog::PrincipalRow ben;
  ben.id = kBen;
  ben.name = "ben";
  rows.principals.push_back(ben);
  AccessRows broken = rows;
  broken.settings.front().value = "{";
  for (AccessRows* one : {&rows, &broken}) {
    const AccessView view(*one);
    EXPECT_FALSE(may(view, person(kBen), Action::read, object("a")));
    EXPECT_TRUE(may(view, person(kBen), Action::bucket_access_write, object("", Permission::none)));
  }
}

TEST(BucketPolicy, ANamesakeOfWhoWasMeantIsSomebodyElse) {
  const std::string document =
      policy_of(statement("Allow", R"({"AWS":"arn:aws:iam:::user/anna"})", R"("s3:GetObject")", kObjects));
  const auto view = view_with(document);
  EXPECT_TRUE(may(*view, person(kAnna), Action::read, object("a")));
  AccessRows rows = view->rows();
  rows.principals.front().id = id_of<PrincipalId>(77);
  const AccessView later(std::move(rows));
  EXPECT_FALSE(may(later, person(id_of<PrincipalId>(77)), Action::read, object("a")));
}

TEST(BucketPolicy, IsPublicWhereNobodyNeedsAnAccount) {
  const auto is_public = [](const std::string& statements) {
    return BucketPolicy::parse(policy_of(statements), "photos", find).value().is_public();
  };
  EXPECT_TRUE(is_public(statement("Allow", kAll, R"("s3:GetObject")", kObjects)));
  EXPECT_FALSE(is_public(statement("Deny", kAll, R"("s3:GetObject")", kObjects)));
  EXPECT_FALSE(is_public(statement("Allow", R"({"AWS":"arn:aws:iam:::user/anna"})", R"("s3:GetObject")", kObjects)));
  EXPECT_FALSE(is_public(
      statement("Allow", kAll, R"("s3:GetObject")", kObjects, R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})")));
}

TEST(BucketPolicy, SettingsComeBack) {
  BucketAccess said;
  said.bucket = kBucket;
  said.list = AccessList::authenticated_read;
  said.policy = "{\"a\": \"ä\"}";
  said.named = {{"user/anna", kAnna}};
  const auto again = decode_bucket_access(encode(said));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->bucket, kBucket);
  EXPECT_EQ(again->list, said.list);
  EXPECT_EQ(again->policy, said.policy);
  EXPECT_EQ(again->named, said.named);
  const auto name = bucket_of_setting(setting_name(kVault, "a.b"));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->vault, kVault);
  EXPECT_EQ(name->bucket, "a.b");
  EXPECT_FALSE(bucket_of_setting("alarm.reads"));
}

// Against the plain meaning: one letter after the other, every way a star can be read.
bool matches_slowly(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return matches_slowly(text, pattern.substr(1)) || (!text.empty() && matches_slowly(text.substr(1), pattern));
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         matches_slowly(text.substr(1), pattern.substr(1));
}

TEST(BucketPolicy, PatternsMeanWhatTheySay) {
  platform::SeededRandom random(11);
  const auto word = [&](std::string_view letters, std::size_t longest) {
    std::string out(random.below(longest + 1), ' ');
    for (char& c : out) c = letters[random.below(letters.size())];
    return out;
  };
  std::size_t matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = word("ab", 8);
    const std::string pattern = word("ab*?", 6);
    const bool expected = matches_slowly(text, pattern);
    matched += expected ? 1 : 0;
    ASSERT_EQ(matches_pattern(text, pattern), expected) << text << " " << pattern;
  }
  EXPECT_GT(matched, 1'000U);
}

}  // namespace
}  // namespace atl::access
