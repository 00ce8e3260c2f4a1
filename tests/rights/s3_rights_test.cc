// Every operation of S3 as every role, against a table written by hand.
// Always true: an operation without a line in the table is a failing test.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "edge/rest/testing/samples.h"
#include "edge/s3/operations.h"
#include "rights_world.h"

namespace atl::rights {
namespace {

using s3::State;

struct Case {
  std::string_view name;  // of the operation
  std::string_view may;
  unsigned status;  // of whoever may
  std::string target;
  std::string body = {};
  Fields fields = {};
};

constexpr std::string_view kLooks = "oerau pbvqtyd";
constexpr std::string_view kReadsRules = "oeru";
constexpr std::string_view kSeesAccess = "oeu";
constexpr std::string_view kStores = "oea";
constexpr std::string_view kChangesObject = "oea p";
constexpr std::string_view kEdits = "oe";
constexpr std::string_view kOwner = "o";

// "bucket" keeps versions and holds "key"; "locked" has object lock and holds "key"; "spare" is empty. {upload} is one
// under way of "bucket/large", with a part.
std::vector<Case> cases() {
  return {
      {"ListBuckets", kLooks, 200, "/"},
      {"HeadBucket", kLooks, 200, "/bucket"},
      {"GetBucketLocation", kLooks, 200, "/bucket?location="},
      {"ListObjects", kLooks, 200, "/bucket"},
      {"ListObjectsV2", kLooks, 200, "/bucket?list-type=2"},
      {"ListMultipartUploads", kLooks, 200, "/bucket?uploads="},
      {"ListObjectVersions", "oerau", 200, "/bucket?versions="},
      {"GetBucketVersioning", kReadsRules, 200, "/bucket?versioning="},
      {"PutBucketVersioning", kOwner, 200,
       "/bucket?versioning=", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"},
      {"PutBucketTagging", kOwner, 200,
       "/bucket?tagging=", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
      {"GetBucketTagging", kReadsRules, 200, "/bucket?tagging="},
      {"DeleteBucketTagging", kOwner, 204, "/bucket?tagging="},
      {"PutBucketCors", kOwner, 200, "/bucket?cors=",
       "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
       "</CORSConfiguration>"},
      {"GetBucketCors", kReadsRules, 200, "/bucket?cors="},
      {"DeleteBucketCors", kOwner, 204, "/bucket?cors="},
      {"PutBucketLifecycleConfiguration", kOwner, 200, "/bucket?lifecycle=",
       "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>tmp/</Prefix></Filter>"
       "<Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"},
      {"GetBucketLifecycleConfiguration", kReadsRules, 200, "/bucket?lifecycle="},
      {"DeleteBucketLifecycle", kOwner, 204, "/bucket?lifecycle="},
      {"PutBucketPolicy", kOwner, 204, "/bucket?policy=",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
       R"("Resource":"arn:aws:s3:::bucket/open/*"}]})"},
      {"GetBucketPolicy", kSeesAccess, 200, "/bucket?policy="},
      {"GetBucketPolicyStatus", kSeesAccess, 200, "/bucket?policyStatus="},
      {"DeleteBucketPolicy", kOwner, 204, "/bucket?policy="},
      {"GetBucketAcl", kSeesAccess, 200, "/bucket?acl="},
      {"PutBucketAcl", kOwner, 200, "/bucket?acl=", "", {{"x-amz-acl", "private"}}},
      {"GetBucketEncryption", kReadsRules, 404, "/bucket?encryption="},
      {"PutObjectLockConfiguration", kOwner, 200, "/locked?object-lock=",
       "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"},
      {"GetObjectLockConfiguration", kReadsRules, 200, "/locked?object-lock="},

      {"GetObject", "oera pbt", 200, "/bucket/key"},
      {"HeadObject", kLooks, 200, "/bucket/key"},
      {"GetObjectAttributes", kLooks, 200, "/bucket/key?attributes=", "", {{"x-amz-object-attributes", "ETag"}}},
      {"GetObjectAcl", kSeesAccess, 200, "/bucket/key?acl="},
      {"PutObjectAcl", kOwner, 200, "/bucket/key?acl=", "", {{"x-amz-acl", "private"}}},
      {"PutObjectTagging", kChangesObject, 200,
       "/bucket/key?tagging=", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
      {"GetObjectTagging", kLooks, 200, "/bucket/key?tagging="},
      {"DeleteObjectTagging", kChangesObject, 204, "/bucket/key?tagging="},
      {"PutObjectRetention", kOwner, 200, "/locked/key?retention=",
       "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>"},
      {"GetObjectRetention", kLooks, 200, "/locked/key?retention="},
      {"PutObjectLegalHold", kOwner, 200, "/locked/key?legal-hold=", "<LegalHold><Status>ON</Status></LegalHold>"},
      {"GetObjectLegalHold", kLooks, 200, "/locked/key?legal-hold="},
      {"PutObject", kStores, 200, "/bucket/new", "new"},
      {"PutObject", kChangesObject, 200, "/bucket/key", "over what is there"},
      {"PostObject", kStores, 204, "/bucket", std::string(kForm)},
      {"CopyObject", kStores, 200, "/bucket/copy", "", {{"x-amz-copy-source", "/bucket/key"}}},
      {"CreateMultipartUpload", kStores, 200, "/bucket/other?uploads="},
      {"UploadPart", kStores, 200, "/bucket/large?partNumber=1&uploadId={upload}", "part"},
      {"UploadPartCopy",
       kStores,
       200,
       "/bucket/large?partNumber=2&uploadId={upload}",
       "",
       {{"x-amz-copy-source", "/bucket/key"}}},
      {"ListParts", kStores, 200, "/bucket/large?uploadId={upload}"},
      {"AbortMultipartUpload", kStores, 204, "/bucket/large?uploadId={upload}"},
      {"CompleteMultipartUpload", kStores, 200, "/bucket/large?uploadId={upload}",
       "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"},
      {"DeleteObject", kEdits, 204, "/bucket/new"},
      {"DeleteObjects", kEdits, 200, "/bucket?delete=", "<Delete><Object><Key>copy</Key></Object></Delete>"},
      {"CreateBucket", kEdits, 200, "/fresh"},
      {"DeleteBucket", kEdits, 204, "/spare"},
  };
}

std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return {};
  return text.substr(from + begin.size(), text.find(end, from) - from - begin.size());
}

const s3::OperationRow* row_of(std::string_view name) {
  const auto found = std::ranges::find(s3::operations(), name, &s3::OperationRow::name);
  return found == s3::operations().end() ? nullptr : &*found;
}

TEST(S3Rights, EveryOperationHasALine) {
  std::set<std::string_view> lines;
  for (const Case& one : cases()) {
    EXPECT_NE(row_of(one.name), nullptr) << one.name;
    lines.insert(row_of(one.name)->name);
  }
  for (const s3::OperationRow& row : s3::operations()) {
    // A browser asks before it knows who it asks for, and is told the bucket's CORS rules alone.
    if (row.state == State::refused || row.operation == s3::Operation::Preflight) continue;
    EXPECT_TRUE(lines.contains(row.name)) << row.name << " has no line";
  }
}

class S3RightsTest : public ::testing::TestWithParam<Role> {
 protected:
  void SetUp() override {
    const auto done = [&](const std::string& method, const std::string& target, const std::string& body = {},
                          Fields fields = {}) {
      const auto reply = world_.ask_s3_as_owner(method, target, body, std::move(fields));
      EXPECT_LT(reply.status, 300U) << method << " " << target << reply.body;
      return reply;
    };
    done("PUT", "/bucket");
    done("PUT", "/bucket?versioning=", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    done("PUT", "/bucket/key", "data");
    done("PUT", "/locked", "", {{"x-amz-bucket-object-lock-enabled", "true"}});
    done("PUT", "/locked/key", "data");
    done("PUT", "/spare");
    begin_upload();
  }
  // An upload belongs to who began it: whoever may begin one goes on with his own.
  void begin_upload(bool is_own = false) {
    const auto ask = [&](const std::string& method, const std::string& target, const std::string& body = {}) {
      return is_own ? world_.ask_s3(method, target, body, {}) : world_.ask_s3_as_owner(method, target, body);
    };
    kept_["upload"] = between(ask("POST", "/bucket/large?uploads=").body, "<UploadId>", "</UploadId>");
    kept_["etag"] = ask("PUT", "/bucket/large?partNumber=1&uploadId=" + kept_["upload"], "part").header("ETag");
  }
  RightsWorld world_{GetParam()};
  std::map<std::string, std::string> kept_;
};

TEST_P(S3RightsTest, UploadsOfOthersAreForWhoeverMayRemove) {
  Role role = GetParam();
  if (role.letter == 'S') role.as = 'o';
  const bool may_remove = may(role, kEdits);
  const bool may_store = may(role, kStores);
  const std::string upload = "/bucket/large?uploadId=" + kept_["upload"];
  const auto part = world_.ask_s3("PUT", "/bucket/large?partNumber=1&uploadId=" + kept_["upload"], "evil", {});
  EXPECT_EQ(part.status, may_store && may_remove ? 200U : may_store ? 404U : 403U) << part.body;
  const auto ended = world_.ask_s3("DELETE", upload, "", {});
  EXPECT_EQ(ended.status, may_store && may_remove ? 204U : may_store ? 404U : 403U) << ended.body;
}

TEST_P(S3RightsTest, MayWhatItsTableSaysAndNothingElse) {
  // A key has no scope: this role is about tokens.
  Role role = GetParam();
  if (role.letter == 'S') role.as = 'o';
  for (const Case& one : cases()) {
    SCOPED_TRACE(std::string(one.name) + " " + one.target);
    const std::string method(row_of(one.name)->method);
    const bool is_of_upload = one.target.find("{upload}") != std::string::npos;
    if (kept_["upload"].empty() || is_of_upload) begin_upload(is_of_upload && may(role, one.may));
    const std::string target = rest::testing::filled(one.target, kept_);
    const std::string body = rest::testing::filled(one.body, kept_);
    if (one.name == "CompleteMultipartUpload" || one.name == "AbortMultipartUpload") kept_["upload"].clear();
    if (may(role, one.may)) {
      const auto reply = world_.ask_s3(method, target, body, one.fields);
      EXPECT_EQ(reply.status, one.status) << reply.body;
      EXPECT_EQ(reply.body.find("AccessDenied"), std::string::npos) << reply.body;
      continue;
    }
    const std::uint64_t before = world_.last_change();
    const auto reply = world_.ask_s3(method, target, body, one.fields);
    EXPECT_EQ(world_.last_change(), before);
    if (reply.status == 200 && (one.name == "ListBuckets" || one.name == "DeleteObjects")) {
      // What may not be seen is left out; of several each is told by itself.
      EXPECT_EQ(reply.body.find("<Name>"), std::string::npos);
      EXPECT_EQ(reply.body.find("<Deleted>"), std::string::npos);
    } else {
      EXPECT_EQ(reply.status, 403U) << reply.body;
    }
    const auto done = world_.ask_s3_as_owner(method, target, body, one.fields);
    EXPECT_EQ(done.status, one.status) << done.body;
  }
}

TEST_P(S3RightsTest, WhatIsNotThereIsThereForNobody) {
  for (const s3::OperationRow& row : s3::operations()) {
    if (row.state != State::refused) continue;
    std::string keys(row.keys);
    std::ranges::replace(keys, ' ', '&');
    const std::string target = (row.resource == s3::ResourceKind::object ? "/bucket/key" : "/bucket");
    const std::uint64_t before = world_.last_change();
    const auto reply = world_.ask_s3(std::string(row.method), keys.empty() ? target : target + "?" + keys);
    EXPECT_TRUE(reply.status == 501 || reply.status == 403) << row.name << reply.status << reply.body;
    EXPECT_EQ(world_.last_change(), before);
  }
}

INSTANTIATE_TEST_SUITE_P(Roles, S3RightsTest, ::testing::ValuesIn(roles()),
                         [](const auto& one) { return std::string(1, one.param.letter); });

}  // namespace
}  // namespace atl::rights
