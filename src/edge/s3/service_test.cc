// The service as a client sees it, on a machine in memory: bodies in every encoding, what must not pass, and that no
// operation goes without a right.
#include "edge/s3/service.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "edge/s3/internal/md5_gatherer.h"
#include "edge/s3/lifecycle.h"
#include "edge/s3/testing/service_fixture.h"
#include "vault/tier/tiers.h"

namespace atl::s3 {
namespace {

TEST_F(ServiceTest, WhatIsPutIsReadInEveryEncodingOfBodies) {
  const std::string data = to_string(noise(1, 300'000));
  ASSERT_EQ(call("PUT", "/bucket/plain", data).status, 200U);
  EXPECT_EQ(get("plain").body, data);
  for (const auto kind :
       {PayloadKind::signed_chunks, PayloadKind::signed_chunks_and_trailer, PayloadKind::unsigned_and_trailer}) {
    const Reply put = upload_chunks(data, kind);
    ASSERT_EQ(put.status, 200U) << put.body;
    EXPECT_EQ(put.headers.has("x-amz-checksum-crc64nvme"), kind != PayloadKind::signed_chunks);
    const Reply got = get("chunks");
    EXPECT_EQ(got.body, data);
    EXPECT_EQ(got.headers.get("Content-Encoding"), "gzip") << "how the body came is not what it is";
    ASSERT_EQ(call("DELETE", "/bucket/chunks").status, 204U);
  }
}

TEST_F(ServiceTest, ABodyThatIsNotWhatWasSignedStoresNothing) {
  const std::string data = to_string(noise(2, 200'000));
  for (const auto kind :
       {PayloadKind::signed_chunks, PayloadKind::signed_chunks_and_trailer, PayloadKind::unsigned_and_trailer}) {
    const Reply flipped = upload_chunks(data, kind, [](std::string& sent) { sent[100'000] ^= 1; });
    EXPECT_EQ(flipped.status, kind == PayloadKind::unsigned_and_trailer ? 400U : 403U) << flipped.body;
    EXPECT_EQ(upload_chunks(data, kind, [](std::string& sent) { sent.resize(sent.size() / 2); }).code(),
              "IncompleteBody");
    EXPECT_EQ(get("chunks").code(), "NoSuchKey");
  }
  EXPECT_EQ(
      send("PUT", "/bucket/a", signed_fields("PUT", "/bucket/a", {}, to_hex(codec::sha256(as_bytes("other")))), "data")
          .code(),
      "XAmzContentSHA256Mismatch");
  EXPECT_EQ(call("PUT", "/bucket/a", "data", {{"Content-MD5", "nonsense"}}).code(), "InvalidDigest");
  EXPECT_EQ(call("PUT", "/bucket/a", "data", {{"x-amz-checksum-crc32", "AAAAAA=="}}).code(), "BadDigest");
  EXPECT_EQ(call("PUT", "/bucket/a", "data", {{"x-amz-checksum-crc32", "AA=="}}).code(), "InvalidRequest");
  EXPECT_EQ(get("a").code(), "NoSuchKey");
}

TEST_F(ServiceTest, NoOperationGoesWithoutARight) {
  ASSERT_EQ(call("PUT", "/bucket/key", "data").status, 200U);
  for (const OperationRow& row : operations()) {
    if (row.state == State::refused || row.operation == Operation::Preflight) continue;
    std::string target = row.resource == ResourceKind::service  ? "/"
                         : row.resource == ResourceKind::bucket ? "/bucket"
                                                                : "/bucket/key";
    if (row.operation == Operation::CreateBucket) target = "/fresh-bucket";
    std::string keys(row.keys);
    Fields fields;
    if (const std::size_t at = keys.find("@copy"); at != std::string::npos) {
      keys.erase(at);
      fields.emplace_back("x-amz-copy-source", "/bucket/key");
    }
    for (std::size_t at; (at = keys.find(' ')) != std::string::npos;) keys[at] = '&';
    while (keys.ends_with('&')) keys.pop_back();
    if (row.operation == Operation::ListObjectsV2) keys = "list-type=2";
    if (row.operation == Operation::UploadPart || row.operation == Operation::UploadPartCopy)
      keys = "partNumber=1&uploadId=a";
    if (!keys.empty()) target += "?" + keys;
    const std::string body =
        row.operation == Operation::DeleteObjects ? "<Delete><Object><Key>key</Key></Object></Delete>" : "";
    const Reply reply = row.operation == Operation::PostObject
                            ? post_form({{"key", "new"}}, R"({"key":"new"})", "data", "nobody")
                            : call(std::string(row.method), target, body, fields, "nobody");
    if (row.operation == Operation::ListBuckets) {
      EXPECT_EQ(reply.body.find("<Name>"), std::string::npos) << "what may not be seen is left out";
      continue;
    }
    EXPECT_EQ(reply.status, 403U) << row.name << reply.body;
  }
  EXPECT_EQ(get("key").body, "data");
}

TEST_F(ServiceTest, RolesReachAsFarAsTheyShould) {
  ASSERT_EQ(call("PUT", "/bucket/key", "data").status, 200U);
  EXPECT_EQ(call("GET", "/bucket/key", "", {}, "reader").body, "data");
  EXPECT_EQ(call("PUT", "/bucket/key", "other", {}, "reader").code(), "AccessDenied");
  EXPECT_EQ(call("DELETE", "/bucket/key", "", {}, "reader").code(), "AccessDenied");
  EXPECT_EQ(call("PUT", "/bucket?versioning",
                 "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", {}, "reader")
                .code(),
            "AccessDenied");
  EXPECT_EQ(get("key").body, "data");
}

TEST_F(ServiceTest, WhatIsNotSignedIsRefusedBeforeAnythingElse) {
  EXPECT_EQ(send("GET", "/bucket/key", {{"Host", "h"}}).code(), "AccessDenied");
  EXPECT_EQ(send("PUT", "/bucket/key", {{"Host", "h"}}, "data").code(), "AccessDenied");
  EXPECT_EQ(send("GET", "/no-such-bucket/key", {{"Host", "h"}}).code(), "AccessDenied") << "nor what is there";
  auto fields = signed_fields("PUT", "/bucket/key", {}, "UNSIGNED-PAYLOAD");
  fields.emplace_back("x-amz-copy-source", "/bucket/secret");
  EXPECT_EQ(send("PUT", "/bucket/key", fields).code(), "AccessDenied");
  credentials_["stranger"] = {"AKIAUNKNOWN000000000", "x", "us-east-1"};
  EXPECT_EQ(call("GET", "/bucket/key", "", {}, "stranger").code(), "InvalidAccessKeyId");
  fields = signed_fields("GET", "/bucket/key", {}, "UNSIGNED-PAYLOAD");
  machine_.clock.advance_s(16 * 60);
  EXPECT_EQ(send("GET", "/bucket/key", fields).code(), "RequestTimeTooSkewed") << "a replay";
}

TEST_F(ServiceTest, BucketsAreNamedInTheHostToo) {
  ASSERT_EQ(call("PUT", "/bucket/a/b", "data").status, 200U);
  Fields fields{{"Host", "bucket.s3.example:7070"}};
  std::vector<HeaderView> views{{"Host", "bucket.s3.example:7070"}};
  const auto added = sign({"GET", "/a/b", views}, credentials_.at("owner"), machine_.clock.peek(), "UNSIGNED-PAYLOAD");
  for (const auto& [name, value] : *added) fields.emplace_back(name, value);
  EXPECT_EQ(send("GET", "/a/b", fields).body, "data");
}

TEST_F(ServiceTest, FoldersWithNothingToShowInThemAreNoPrefixes) {
  ASSERT_EQ(call("PUT", "/bucket/a/file", "data").status, 200U);
  // As `put` of a folder stores it: the folder's own entry, empty folders, links.
  const auto bucket = vault::Objects(*vault_).bucket("bucket").value();
  ASSERT_EQ(
      told(vault_->commit(journal::CommandKind::put_objects,
                          [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                            for (const char* key : {"./", "a/", "empty/", "empty/inner/", "z/link"}) {
                              vault::NewVersion fresh;
                              fresh.key = key;
                              const bool is_folder = fresh.key.ends_with('/');
                              fresh.version.kind =
                                  is_folder ? catalog::EntryKind::directory : catalog::EntryKind::symlink;
                              ATOLL_TRY(vault::stage_put(context, changes, bucket, fresh,
                                                         platform::new_id<VersionId>(vault_->machine()), "owner", {}));
                            }
                            return {};
                          })),
      "ok");
  for (const char* target : {"/bucket?delimiter=%2F", "/bucket?delimiter=%2F&list-type=2",
                             "/bucket?delimiter=%2F&versions", "/bucket?delimiter=%2F&list-type=2&max-keys=1"}) {
    const std::string body = call("GET", target).body;
    EXPECT_NE(body.find("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"), std::string::npos) << target << body;
    EXPECT_EQ(body.find("<Prefix>./<"), std::string::npos) << target << body;
    EXPECT_EQ(body.find("<Prefix>empty/<"), std::string::npos) << target << body;
    EXPECT_EQ(body.find("<Prefix>z/<"), std::string::npos) << target << body;
  }
}

TEST_F(ServiceTest, TheTimeOfAFileIsOneValue) {
  ASSERT_EQ(call("PUT", "/bucket/t", "data", {{"x-amz-meta-mtime", "1600000000.5"}}).status, 200U);
  const auto found = vault::Objects(*vault_).find("bucket", "t").value();
  EXPECT_EQ(found.version.modified.seconds, 1'600'000'000);
  EXPECT_EQ(found.version.modified.nanoseconds, 500'000'000U);
  EXPECT_EQ(call("HEAD", "/bucket/t").headers.get("x-amz-meta-mtime"), "1600000000.5");
}

TEST_F(ServiceTest, ADamagedAddressOrDocumentIsAClearError) {
  EXPECT_EQ(call("GET", "/bucket/a%zz").code(), "InvalidURI");
  EXPECT_EQ(call("POST", "/bucket?delete", "<!DOCTYPE x [<!ENTITY a \"b\">]><Delete>&a;</Delete>").code(),
            "MalformedXML");
  EXPECT_EQ(call("POST", "/bucket?delete", std::string(5 << 20, ' ')).code(), "EntityTooLarge");
  EXPECT_EQ(call("PUT", "/bucket/key?website", "x").code(), "NotImplemented")
      << "a parameter of another operation never means the object itself";
  EXPECT_EQ(call("GET", "/bucket?list-type=3").code(), "InvalidArgument");
  EXPECT_EQ(call("GET", "/bucket?max-keys=x").code(), "InvalidArgument");
  EXPECT_EQ(call("GET", "/bucket/k?versionId=x").code(), "InvalidArgument");
  EXPECT_EQ(call("PUT", "/bucket/k?partNumber=1&uploadId=zz", "x").code(), "NoSuchUpload");
  EXPECT_EQ(call("PUT", "/bucket/k", "x", {{"x-amz-server-side-encryption-customer-algorithm", "AES256"}}).code(),
            "NotImplemented");
}

TEST_F(ServiceTest, AnAnswerSaysWhichRequestItIsOf) {
  ASSERT_EQ(call("PUT", "/bucket/key", "data").status, 200U);
  const Reply reply = get("key");
  EXPECT_EQ(reply.headers.get("x-amz-request-id"), "R" + std::to_string(requests_));
  EXPECT_EQ(reply.headers.get("Content-Type"), "binary/octet-stream");
}

TEST_F(ServiceTest, LifecycleRulesAreDoneWhenTheirTimeHasCome) {
  ASSERT_EQ(
      call("PUT", "/bucket?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
          .status,
      200U);
  const Reply put =
      call("PUT", "/bucket?lifecycle",
           "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>tmp/</Prefix>"
           "</Filter><Expiration><Days>3</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>5"
           "</NoncurrentDays></NoncurrentVersionExpiration><AbortIncompleteMultipartUpload>"
           "<DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule><Rule>"
           "<ID>b</ID><Status>Disabled</Status><Prefix/><Expiration><Days>1</Days></Expiration></Rule>"
           "</LifecycleConfiguration>");
  ASSERT_EQ(put.status, 200U) << put.body;
  ASSERT_EQ(call("PUT", "/bucket/tmp/a", "data").status, 200U);
  ASSERT_EQ(call("PUT", "/bucket/kept", "data").status, 200U);
  ASSERT_EQ(call("POST", "/bucket/tmp/upload?uploads").status, 200U);
  const auto run = [&](int days) {
    machine_.clock.advance_s(86'400LL * days);
    const auto done = apply_lifecycle(*vault_, machine_.clock.peek());
    EXPECT_EQ(told(done), "ok");
    return done.value_or(LifecycleReport{});
  };
  EXPECT_EQ(run(1).objects_removed, 0U);
  EXPECT_EQ(run(1).uploads_aborted, 1U);
  EXPECT_EQ(run(1).objects_removed, 1U);
  EXPECT_EQ(get("tmp/a").code(), "NoSuchKey");
  EXPECT_NE(call("GET", "/bucket?versions").body.find("<Key>tmp/a</Key>"), std::string::npos) << "a version still";
  EXPECT_EQ(run(4).versions_removed, 0U);
  EXPECT_EQ(run(1).versions_removed, 1U);
  EXPECT_EQ(call("GET", "/bucket?versions").body.find("<Key>tmp/a</Key>"), std::string::npos);
  EXPECT_EQ(run(400).objects_removed, 0U);
  EXPECT_EQ(get("kept").body, "data");
}

TEST_F(ServiceTest, WhatWasAnsweredIsThereAfterARestart) {
  ASSERT_EQ(call("PUT", "/bucket/key", "data").status, 200U);
  const auto root = xml::read(call("POST", "/bucket/big?uploads").body);
  const std::string id(root->text_of("UploadId"));
  const std::string part = to_string(noise(4, 6 << 20));
  const Reply sent = call("PUT", "/bucket/big?partNumber=1&uploadId=" + id, part);
  ASSERT_EQ(sent.status, 200U);
  reopen();
  EXPECT_EQ(get("key").body, "data");
  const Reply listed = call("GET", "/bucket/big?uploadId=" + id);
  EXPECT_EQ(listed.status, 200U);
  const Reply done = call("POST", "/bucket/big?uploadId=" + id,
                          "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                              std::string(*sent.headers.get("ETag")) + "</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(done.status, 200U) << done.body;
  EXPECT_EQ(get("big").body, part);
}

TEST_F(ServiceTest, APolicyOpensWhatItSaysToNobodyInParticular) {
  ASSERT_EQ(call("PUT", "/bucket/open/a", "data").status, 200U);
  ASSERT_EQ(call("PUT", "/bucket/closed", "data").status, 200U);
  EXPECT_EQ(call("GET", "/bucket?policy").code(), "NoSuchBucketPolicy");
  EXPECT_EQ(unsigned_call("GET", "/bucket/open/a").code(), "AccessDenied");
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
      R"("Resource":"arn:aws:s3:::bucket/open/*"},{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam:::user/owner-person"},)"
      R"("Action":"s3:DeleteObject","Resource":"arn:aws:s3:::bucket/open/*"}]})";
  EXPECT_EQ(call("PUT", "/bucket?policy", policy, {}, "editor").code(), "AccessDenied");
  ASSERT_EQ(call("PUT", "/bucket?policy", policy).status, 204U);
  EXPECT_EQ(call("GET", "/bucket?policy").body, policy);
  EXPECT_NE(call("GET", "/bucket?policyStatus").body.find("<IsPublic>true<"), std::string::npos);
  const auto check = [&] {
    EXPECT_EQ(unsigned_call("GET", "/bucket/open/a").body, "data");
    EXPECT_EQ(unsigned_call("HEAD", "/bucket/open/a").status, 200U);
    EXPECT_EQ(unsigned_call("GET", "/bucket/open/missing").code(), "NoSuchKey");
    EXPECT_EQ(unsigned_call("GET", "/bucket/open/a?tagging").code(), "AccessDenied");
    EXPECT_EQ(unsigned_call("GET", "/bucket/open/a?versionId=null").code(), "AccessDenied");
    EXPECT_EQ(unsigned_call("GET", "/bucket/closed").code(), "AccessDenied");
    EXPECT_EQ(unsigned_call("GET", "/bucket").code(), "AccessDenied");
    EXPECT_EQ(unsigned_call("GET", "/bucket?policy").code(), "AccessDenied");
    EXPECT_EQ(unsigned_call("PUT", "/bucket/open/b").code(), "AccessDenied");
    EXPECT_EQ(unsigned_call("DELETE", "/bucket/open/a").code(), "AccessDenied");
    EXPECT_EQ(call("GET", "/bucket/open/a", "", {}, "nobody").body, "data");
    EXPECT_EQ(call("DELETE", "/bucket/open/a").code(), "AccessDenied") << "the owner too";
    EXPECT_EQ(
        call("POST", "/bucket?delete", "<Delete><Object><Key>open/a</Key></Object></Delete>").body.find("<Deleted>"),
        std::string::npos);
  };
  check();
  reopen();
  check();
  EXPECT_EQ(call("PUT", "/bucket?policy", "{}").code(), "MalformedPolicy");
  EXPECT_EQ(call("GET", "/bucket?policy").body, policy) << "what was refused changed nothing";
  ASSERT_EQ(call("DELETE", "/bucket?policy").status, 204U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/open/a").code(), "AccessDenied");
  EXPECT_EQ(call("DELETE", "/bucket/open/a").status, 204U);
}

TEST_F(ServiceTest, APolicyEndsWithItsBucket) {
  ASSERT_EQ(call("PUT", "/bucket?policy",
                 R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*Object","Resource":[)"
                 R"("arn:aws:s3:::bucket/*"]}})")
                .code(),
            "MalformedPolicy")
      << "to store, too";
  ASSERT_EQ(
      call("PUT", "/bucket?policy",
           R"({"Statement":{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":[)"
           R"("arn:aws:s3:::bucket/*","arn:aws:s3:::bucket"]}})")
          .status,
      204U);
  EXPECT_EQ(unsigned_call("GET", "/bucket?list-type=2").status, 200U);
  ASSERT_EQ(call("DELETE", "/bucket").status, 204U);
  ASSERT_EQ(call("PUT", "/bucket").status, 200U);
  ASSERT_EQ(call("PUT", "/bucket/a", "data").status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket?list-type=2").code(), "AccessDenied");
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").code(), "AccessDenied");
  EXPECT_EQ(call("GET", "/bucket?policy").code(), "NoSuchBucketPolicy");
}

TEST_F(ServiceTest, APolicyGivesAnAccountWhatItNames) {
  ASSERT_EQ(
      call("PUT", "/bucket?policy",
           R"({"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::000000000000:user/nobody-person"]},)"
           R"("Action":["s3:PutObject","s3:GetObject"],"Resource":"arn:aws:s3:::bucket/in/*"}]})")
          .status,
      204U);
  EXPECT_EQ(call("PUT", "/bucket/in/a", "data", {}, "nobody").status, 200U);
  EXPECT_EQ(call("PUT", "/bucket/in/a", "again", {}, "nobody").status, 200U) << "what is there, too";
  EXPECT_EQ(call("GET", "/bucket/in/a", "", {}, "nobody").body, "again");
  EXPECT_EQ(call("PUT", "/bucket/out", "data", {}, "nobody").code(), "AccessDenied");
  EXPECT_EQ(call("DELETE", "/bucket/in/a", "", {}, "nobody").code(), "AccessDenied");
  EXPECT_EQ(call("PUT", "/bucket/in/b", "", {{"x-amz-copy-source", "/bucket/in/a"}}, "nobody").status, 200U);
  const auto root = xml::read(call("POST", "/bucket/in/c?uploads", "", {}, "nobody").body);
  ASSERT_TRUE(root);
  const std::string id(root->text_of("UploadId"));
  EXPECT_EQ(call("PUT", "/bucket/in/c?partNumber=1&uploadId=" + id, "data", {}, "nobody").status, 200U);
  EXPECT_EQ(call("DELETE", "/bucket/in/c?uploadId=" + id, "", {}, "nobody").code(), "AccessDenied")
      << "s3:AbortMultipartUpload was not named";
}

TEST_F(ServiceTest, CannedListsOfObjectsHoldAndAreShownWithIdsAndNames) {
  const auto shows = [&](const std::string& target, std::string_view what) {
    return call("GET", target).body.find(what) != std::string::npos;
  };
  const std::string owner_id = access::canonical_id("owner-person");
  for (const char* quiet : {"private", "bucket-owner-full-control", "bucket-owner-read"}) {
    ASSERT_EQ(call("PUT", "/bucket/quiet", "data", {{"x-amz-acl", quiet}}, "editor").status, 200U) << quiet;
    EXPECT_EQ(unsigned_call("GET", "/bucket/quiet").code(), "AccessDenied");
    EXPECT_TRUE(shows("/bucket/quiet?acl", "<ID>" + access::canonical_id("editor-person") +
                                               "</ID><DisplayName>editor-person</DisplayName>"));
  }
  EXPECT_TRUE(shows("/bucket/quiet?acl", "<ID>" + owner_id +
                                             "</ID><DisplayName>owner-person</DisplayName></Grantee>"
                                             "<Permission>READ<"))
      << "the bucket's owner";
  EXPECT_EQ(call("PUT", "/bucket/a", "data", {{"x-amz-acl", "public-read"}}, "editor").code(), "AccessDenied")
      << "who may not say who may read does not";
  EXPECT_EQ(call("PUT", "/bucket/a", "data", {{"x-amz-acl", "public-read-write"}}).code(), "NotImplemented");
  EXPECT_EQ(call("PUT", "/bucket/a", "data", {{"x-amz-acl", "nonsense"}}).code(), "InvalidArgument");
  EXPECT_EQ(get("a").code(), "NoSuchKey");

  ASSERT_EQ(call("PUT", "/bucket/a", "data", {{"x-amz-acl", "public-read"}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").body, "data");
  EXPECT_FALSE(unsigned_call("HEAD", "/bucket/a").headers.has("x-amz-acl"));
  EXPECT_TRUE(shows("/bucket/a?acl", "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>"));
  const std::string document = call("GET", "/bucket/a?acl").body;
  ASSERT_EQ(call("PUT", "/bucket/a", "other").status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").code(), "AccessDenied") << "a new version is private again";
  ASSERT_EQ(call("PUT", "/bucket/a?acl", document).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").body, "other");
  ASSERT_EQ(call("PUT", "/bucket/a?acl", "", {{"x-amz-acl", "authenticated-read"}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").code(), "AccessDenied");
  EXPECT_EQ(call("GET", "/bucket/a", "", {}, "nobody").body, "other");
  EXPECT_EQ(call("GET", "/bucket/a?tagging", "", {}, "nobody").code(), "AccessDenied");
  ASSERT_EQ(call("PUT", "/bucket/a?acl", "", {{"x-amz-acl", "private"}}).status, 200U);
  EXPECT_EQ(call("GET", "/bucket/a", "", {}, "nobody").code(), "AccessDenied");
  EXPECT_EQ(call("PUT", "/bucket/a?acl").code(), "MalformedACLError");
  EXPECT_EQ(call("PUT", "/bucket/a?acl",
                 "<AccessControlPolicy><Owner><ID>" + owner_id +
                     "</ID></Owner><AccessControlList><Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/"
                     "AllUsers</URI></Grantee><Permission>WRITE</Permission></Grant></AccessControlList>"
                     "</AccessControlPolicy>")
                .code(),
            "NotImplemented");
}

TEST_F(ServiceTest, AListOfABucketShowsItsNamesOnly) {
  ASSERT_EQ(call("PUT", "/bucket/a", "data").status, 200U);
  ASSERT_EQ(call("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read"}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket?list-type=2").status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").code(), "AccessDenied");
  EXPECT_EQ(unsigned_call("GET", "/bucket?versioning").code(), "AccessDenied");
  EXPECT_NE(call("GET", "/bucket?acl").body.find("AllUsers"), std::string::npos);
  ASSERT_EQ(call("PUT", "/bucket?acl", "", {{"x-amz-acl", "private"}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket?list-type=2").code(), "AccessDenied");
  ASSERT_EQ(call("PUT", "/open", "", {{"x-amz-acl", "public-read"}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/open?list-type=2").status, 200U);
}

TEST_F(ServiceTest, PartsAreReadByTheirNumbers) {
  const auto root = xml::read(
      call("POST", "/bucket/big?uploads", "", {{"x-amz-acl", "public-read"}, {"x-amz-storage-class", "GLACIER"}}).body);
  const std::string id(root->text_of("UploadId"));
  std::string whole;
  std::string document = "<CompleteMultipartUpload>";
  const std::vector<std::size_t> sizes{5 << 20, 5 << 20, 1000};
  for (std::size_t at = 0; at < sizes.size(); ++at) {
    const std::string number = std::to_string(at + 1);
    const std::string part = to_string(noise(30 + at, sizes[at]));
    whole += part;
    const Reply sent = call("PUT", "/bucket/big?partNumber=" + number + "&uploadId=" + id, part);
    ASSERT_EQ(sent.status, 200U);
    document += "<Part><PartNumber>" + number + "</PartNumber><ETag>" + std::string(*sent.headers.get("ETag")) +
                "</ETag></Part>";
  }
  ASSERT_EQ(call("POST", "/bucket/big?uploadId=" + id, document + "</CompleteMultipartUpload>").status, 200U);
  const Reply second = unsigned_call("GET", "/bucket/big?partNumber=2");
  EXPECT_EQ(second.status, 206U);
  EXPECT_EQ(second.body, whole.substr(5 << 20, 5 << 20));
  EXPECT_EQ(second.headers.get("x-amz-mp-parts-count"), "3");
  EXPECT_EQ(second.headers.get("Content-Range"), "bytes 5242880-10485759/10486760");
  EXPECT_EQ(second.headers.get("x-amz-storage-class"), "GLACIER");
  const Reply head = call("HEAD", "/bucket/big?partNumber=3");
  EXPECT_EQ(head.status, 206U);
  EXPECT_EQ(head.headers.get("Content-Range"), "bytes 10485760-10486759/10486760");
  EXPECT_EQ(call("GET", "/bucket/big?partNumber=4").code(), "InvalidPart");
  EXPECT_EQ(call("GET", "/bucket/big?partNumber=0").code(), "InvalidArgument");
  EXPECT_EQ(call("GET", "/bucket/big?partNumber=1", "", {{"Range", "bytes=0-1"}}).code(), "InvalidRequest");
  const std::string parts = call("GET", "/bucket/big?attributes", "",
                                 {{"x-amz-object-attributes", "ObjectParts,ObjectSize"}, {"x-amz-max-parts", "2"}})
                                .body;
  EXPECT_NE(parts.find("<PartsCount>3</PartsCount>"), std::string::npos) << parts;
  EXPECT_NE(parts.find("<NextPartNumberMarker>2</NextPartNumberMarker><Part><PartNumber>1</PartNumber><Size>5242880<"),
            std::string::npos)
      << parts;

  ASSERT_EQ(call("PUT", "/bucket/one", "data").status, 200U);
  EXPECT_EQ(call("GET", "/bucket/one?partNumber=1").body, "data");
  EXPECT_FALSE(call("HEAD", "/bucket/one?partNumber=1").headers.has("x-amz-mp-parts-count"));
  EXPECT_EQ(call("GET", "/bucket/one?partNumber=2").code(), "InvalidPart");
}

TEST_F(ServiceTest, AStorageClassIsATier) {
  const auto lies = [&](const std::string& key) {
    const auto found = vault::Objects(*vault_).find("bucket", key).value();
    return std::string(vault::name_of(vault::TierMap(*vault_).of(found.version).value().tier()));
  };
  const auto shown = [&](const std::string& key) {
    return std::string(call("HEAD", "/bucket/" + key).headers.get("x-amz-storage-class").value_or("none"));
  };
  const std::vector<std::pair<std::string, std::string>> classes = {{"STANDARD", "warm"},
                                                                    {"STANDARD_IA", "warm"},
                                                                    {"GLACIER_IR", "cold"},
                                                                    {"GLACIER", "cold"},
                                                                    {"DEEP_ARCHIVE", "cold"}};
  std::uint64_t seed = 50;
  for (const auto& [name, tier] : classes) {
    ASSERT_EQ(call("PUT", "/bucket/" + name, to_string(noise(++seed, 100'000)), {{"x-amz-storage-class", name}}).status,
              200U);
    EXPECT_EQ(lies(name), tier) << name;
    EXPECT_EQ(shown(name), name == "STANDARD" ? "none" : name);
    EXPECT_NE(call("GET", "/bucket?list-type=2&prefix=" + name).body.find("<StorageClass>" + name + "<"),
              std::string::npos);
  }
  EXPECT_EQ(call("PUT", "/bucket/a", "x", {{"x-amz-storage-class", "FROZEN"}}).code(), "InvalidStorageClass");

  // By a rule: the class first, the content when tiers are moved, and it stays there.
  ASSERT_EQ(call("PUT", "/bucket/old/a", to_string(noise(60, 100'000))).status, 200U);
  ASSERT_EQ(
      call("PUT", "/bucket?lifecycle",
           "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>old/</Prefix></Filter>"
           "<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
           "<Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>"
           "<Rule><ID>b</ID><Status>Enabled</Status><Filter><Prefix>GLACIER</Prefix></Filter>"
           "<Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition></Rule>"
           "</LifecycleConfiguration>")
          .status,
      200U);
  const auto run = [&](int days) {
    machine_.clock.advance_s(86'400LL * days);
    const auto done = apply_lifecycle(*vault_, machine_.clock.peek());
    EXPECT_EQ(told(done), "ok");
    return done.value_or(LifecycleReport{}).versions_moved;
  };
  EXPECT_EQ(run(29), 0U);
  EXPECT_EQ(run(1), 1U);
  EXPECT_EQ(shown("old/a"), "STANDARD_IA");
  EXPECT_EQ(run(60), 1U);
  EXPECT_EQ(run(1), 0U) << "done once, and never to a warmer one";
  EXPECT_EQ(shown("old/a"), "GLACIER");
  EXPECT_TRUE(call("HEAD", "/bucket/old/a").headers.has("x-amz-restore"));
  EXPECT_EQ(lies("old/a"), "warm");
  ASSERT_EQ(told(vault_->close()), "ok");
  reopen();
  vault::TierOptions options;
  options.misplaced_share_min = 0;
  ASSERT_EQ(told(vault::move_tiers(*vault_, options)), "ok");
  EXPECT_EQ(lies("old/a"), "cold");
  EXPECT_EQ(lies("GLACIER"), "cold");
  EXPECT_EQ(lies("STANDARD"), "warm");
  EXPECT_EQ(get("old/a").body, to_string(noise(60, 100'000)));
}

TEST_F(ServiceTest, FastEtagsAreNoMd5ButWhereOneWasSent) {
  const std::string md5 = to_hex(codec::md5(as_bytes("content")));
  context_.has_fast_etags = true;
  service_ = std::make_unique<Service>(context_);
  Checksummer checksum(ChecksumAlgorithm::crc32);
  checksum.update(as_bytes("content"));
  const Reply fast = call("PUT", "/bucket/fast", "content", {{"x-amz-checksum-crc32", to_base64(checksum.finish())}});
  ASSERT_EQ(fast.status, 200U) << fast.body;
  const std::string etag(fast.headers.get("ETag").value_or(""));
  EXPECT_TRUE(etag.ends_with("-1\"")) << etag;
  EXPECT_EQ(get("fast").headers.get("ETag"), etag);
  EXPECT_EQ(call("PUT", "/bucket/fast", "content", {{"x-amz-checksum-crc32", "AAAAAA=="}}).code(), "BadDigest");
  const Reply sent =
      call("PUT", "/bucket/md5", "content", {{"Content-MD5", to_base64(codec::md5(as_bytes("content")))}});
  EXPECT_EQ(sent.headers.get("ETag"), "\"" + md5 + "\"");
}

// The lengths are those at which what is read moves in memory: places of 1 MiB, and first looks at what it is.
TEST_F(ServiceTest, TheEtagIsTheMd5OfBodiesOfAnyLengthThatAreHashedTogether) {
  const platform::Machine threads = machine_.machine();
  context_.md5 = std::make_shared<Md5Gatherer>(threads, 10'000);
  service_ = std::make_unique<Service>(context_);
  unsigned seed = 100;
  for (const std::size_t length :
       {std::size_t{100}, Md5Gatherer::kPieceBytesMin - 1, Md5Gatherer::kPieceBytesMin, std::size_t{1'048'575},
        std::size_t{1'048'576}, std::size_t{1'048'577}, std::size_t{3'000'001}, std::size_t{16} << 20}) {
    for (const char* key : {"key", "key.mp4"}) {
      const std::string content = to_string(noise(++seed, length));
      const auto md5 = codec::md5(as_bytes(content));
      const Reply plain = call("PUT", std::string("/bucket/") + key, content);
      ASSERT_EQ(plain.status, 200U) << plain.body;
      EXPECT_EQ(plain.headers.get("ETag"), "\"" + to_hex(md5) + "\"") << length;
      EXPECT_EQ(get(key).body == content, true) << length;
      const Reply checked = call("PUT", std::string("/bucket/") + key, content, {{"Content-MD5", to_base64(md5)}});
      EXPECT_EQ(checked.status, 200U) << checked.body;
      const std::string other = to_base64(codec::md5(as_bytes("other")));
      EXPECT_EQ(call("PUT", std::string("/bucket/") + key, content, {{"Content-MD5", other}}).code(), "BadDigest");
    }
  }
  service_.reset();  // before the machine it borrows
  context_.md5.reset();
}

TEST_F(ServiceTest, LongAnswersAreTheSameWhereTheyAreReadAhead) {
  const std::string content = to_string(noise(7, std::size_t{24} << 20));
  ASSERT_EQ(call("PUT", "/bucket/long.mp4", content).status, 200U);
  context_.read_ahead = std::make_shared<vault::ReadAhead>(machine_.threads);
  service_ = std::make_unique<Service>(context_);
  EXPECT_EQ(get("long.mp4").body == content, true);
  EXPECT_GT(context_.read_ahead->opened(), 0U);
  constexpr std::size_t from = 5'000'001;
  constexpr std::size_t last = 20'999'999;
  const Reply range = call("GET", "/bucket/long.mp4", "", {{"Range", "bytes=5000001-20999999"}});
  EXPECT_EQ(range.status, 206U);
  EXPECT_EQ(range.body == content.substr(from, last - from + 1), true);
  service_.reset();
  context_.read_ahead.reset();
}

// A request to remove a thousand objects is longer than what is hashed together, and read piece by piece.
TEST_F(ServiceTest, LongDocumentsAreCheckedAgainstTheirMd5) {
  const platform::Machine threads = machine_.machine();
  context_.md5 = std::make_shared<Md5Gatherer>(threads, 10'000);
  service_ = std::make_unique<Service>(context_);
  std::string document = "<Delete>";
  for (int i = 0; i < 1000; ++i) {
    document += "<Object><Key>" + std::string(200, 'k') + std::to_string(i) + "</Key></Object>";
  }
  document += "</Delete>";
  const auto md5 = codec::md5(as_bytes(document));
  EXPECT_EQ(call("POST", "/bucket?delete", document, {{"Content-MD5", to_base64(md5)}}).status, 200U);
  const std::string other = to_base64(codec::md5(as_bytes("other")));
  EXPECT_EQ(call("POST", "/bucket?delete", document, {{"Content-MD5", other}}).code(), "BadDigest");
  service_.reset();
  context_.md5.reset();
}

TEST_F(ServiceTest, GrantsInHeadersAreTheListThatGrantsTheSame) {
  const std::string everyone = "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"";
  const std::string own = "id=\"" + access::canonical_id("owner-person") + "\"";
  ASSERT_EQ(
      call("PUT", "/bucket/a", "data", {{"x-amz-grant-read", everyone}, {"x-amz-grant-full-control", own}}).status,
      200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/a").body, "data");
  ASSERT_EQ(call("PUT", "/bucket/b", "data", {{"x-amz-grant-full-control", own}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/b").code(), "AccessDenied");
  ASSERT_EQ(call("PUT", "/bucket/b?acl", "", {{"x-amz-grant-read", everyone + ", " + own}}).status, 200U);
  EXPECT_EQ(unsigned_call("GET", "/bucket/b").body, "data");
  const auto code = [&](Fields fields) { return call("PUT", "/bucket/c", "data", std::move(fields)).code(); };
  EXPECT_EQ(code({{"x-amz-grant-write", everyone}}), "NotImplemented");
  EXPECT_EQ(code({{"x-amz-grant-read", "emailAddress=\"a@b.example\""}}), "NotImplemented");
  EXPECT_EQ(code({{"x-amz-grant-read", "id=\"" + std::string(64, 'a') + "\""}}), "NotImplemented");
  EXPECT_EQ(code({{"x-amz-grant-read", everyone}, {"x-amz-acl", "private"}}), "InvalidRequest");
  for (const char* bad : {"id", "id=", "id=\"a", "who=\"a\"", "id=\"a\" id=\"b\""})
    EXPECT_EQ(code({{"x-amz-grant-read", bad}}), "InvalidArgument") << bad;
  EXPECT_EQ(call("PUT", "/bucket/c", "data", {{"x-amz-grant-read", everyone}}, "editor").code(), "AccessDenied")
      << "who opens it needs the right to";
  EXPECT_EQ(get("c").code(), "NoSuchKey");
}

}  // namespace
}  // namespace atl::s3
