#include "edge/s3/documents.h"

#include <gtest/gtest.h>

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

template <class T>
std::string_view error_of(const Result<T>& result) {
  return result ? "" : facts_of(code_of(result.error())).name;
}

TEST(DeleteDocument, NamesObjectsAndVersions) {
  const auto read = read_delete(
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet><Object><Key>a b+c &amp; d</Key>"
      "</Object><Object><Key>e/</Key><VersionId>v1</VersionId><ETag>\"x\"</ETag></Object></Delete>");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->is_quiet);
  ASSERT_EQ(read->objects.size(), 2U);
  EXPECT_EQ(read->objects[0].key, "a b+c & d");
  EXPECT_EQ(read->objects[1].version, "v1");
  EXPECT_EQ(read->objects[1].etag, "x");
}

TEST(DeleteDocument, RefusesWhatItCannotBe) {
  EXPECT_EQ(error_of(read_delete("")), "MalformedXML");
  EXPECT_EQ(error_of(read_delete("<Delete/>")), "MalformedXML");
  EXPECT_EQ(error_of(read_delete("<Delete><Object/></Delete>")), "MalformedXML");
  EXPECT_EQ(error_of(read_delete("<Remove><Object><Key>a</Key></Object></Remove>")), "MalformedXML");
  EXPECT_EQ(
      error_of(read_delete("<!DOCTYPE Delete [<!ENTITY a \"b\">]><Delete><Object><Key>&a;</Key></Object></Delete>")),
      "MalformedXML");
  std::string many = "<Delete>";
  for (int i = 0; i < 1000; ++i) many += "<Object><Key>k</Key></Object>";
  EXPECT_TRUE(read_delete(many + "</Delete>"));
  EXPECT_EQ(error_of(read_delete(many + "<Object><Key>k</Key></Object></Delete>")), "MalformedXML");
}

TEST(CompleteDocument, NamesPartsWithTheirChecksums) {
  const auto read = read_complete(
      "<CompleteMultipartUpload><Part><ETag>&quot;abc&quot;</ETag><PartNumber>1</PartNumber>"
      "<ChecksumCRC32C>yZRlqg==</ChecksumCRC32C></Part><Part><PartNumber> 2 </PartNumber><ETag>d</ETag></Part>"
      "</CompleteMultipartUpload>");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->parts.size(), 2U);
  EXPECT_EQ(read->parts[0].etag, "abc");
  EXPECT_EQ(read->parts[0].checksums.at(ChecksumAlgorithm::crc32c), "yZRlqg==");
  EXPECT_EQ(read->parts[1].number, 2U);
  for (const char* number : {"0", "10001", "", "x", "-1", "1.5"}) {
    EXPECT_FALSE(read_complete(std::string("<CompleteMultipartUpload><Part><PartNumber>") + number +
                               "</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>"))
        << number;
  }
  EXPECT_FALSE(read_complete("<CompleteMultipartUpload/>"));
}

TEST(Tagging, ComesAsDocumentAndAsHeader) {
  const std::string one = "<Tag><Key>a</Key><Value>b c</Value></Tag>";
  EXPECT_EQ(read_tagging("<Tagging><TagSet>" + one + "</TagSet></Tagging>", 10).value(), (Tags{{"a", "b c"}}));
  EXPECT_EQ(error_of(read_tagging("<Tagging><TagSet>" + one + one + "</TagSet></Tagging>", 10)), "InvalidTag");
  EXPECT_EQ(error_of(read_tagging("<Tagging/>", 10)), "MalformedXML");
  EXPECT_TRUE(read_tagging("<Tagging><TagSet/></Tagging>", 10).value().empty());
  EXPECT_EQ(read_tagging_header("a=b%20c&d=").value(), (Tags{{"a", "b c"}, {"d", ""}}));
  EXPECT_EQ(error_of(read_tagging_header("a=1&a=2")), "InvalidTag");
  EXPECT_EQ(error_of(read_tagging_header("aws:x=1")), "InvalidTag");
  EXPECT_EQ(error_of(read_tagging_header("a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1")), "InvalidTag");
}

TEST(Versioning, IsEnabledOrSuspended) {
  const auto of = [](const char* status) {
    return read_versioning(std::string("<VersioningConfiguration><Status>") + status +
                           "</Status></VersioningConfiguration>");
  };
  EXPECT_EQ(of("Enabled").value(), catalog::Versioning::enabled);
  EXPECT_EQ(of("Suspended").value(), catalog::Versioning::suspended);
  EXPECT_EQ(error_of(of("enabled")), "MalformedXML");
}

TEST(Lifecycle, RulesAreRead) {
  const auto rules = read_lifecycle(
      "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix><Tag><Key>k"
      "</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></And></Filter><Expiration><Days>30"
      "</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays><NewerNoncurrentVersions>2"
      "</NewerNoncurrentVersions></NoncurrentVersionExpiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>3"
      "</DaysAfterInitiation></AbortIncompleteMultipartUpload><Transition><Days>90</Days><StorageClass>GLACIER"
      "</StorageClass></Transition></Rule><Rule><Status>Disabled</Status><Prefix/"
      "><Expiration><Date>2030-01-01T00:00:00Z"
      "</Date></Expiration></Rule></LifecycleConfiguration>");
  ASSERT_TRUE(rules) << rules.error().message;
  const LifecycleRule& rule = rules->front();
  EXPECT_TRUE(rule.is_enabled);
  EXPECT_EQ(rule.prefix, "logs/");
  EXPECT_EQ(rule.tags, (Tags{{"k", "v"}}));
  EXPECT_EQ(rule.size_min, 10U);
  EXPECT_EQ(rule.expire_days, 30U);
  EXPECT_EQ(rule.noncurrent_days, 7U);
  EXPECT_EQ(rule.noncurrent_kept, 2U);
  EXPECT_EQ(rule.abort_days, 3U);
  EXPECT_EQ(rule.transitions.at(0).storage_class, "GLACIER");
  EXPECT_FALSE(rule.is_for_all());
  EXPECT_TRUE(rules->at(1).is_for_all());
  EXPECT_EQ(rules->at(1).expire_at_s, 1'893'456'000);
}

TEST(Lifecycle, RulesThatSayNothingOrNonsenseAreRefused) {
  const auto with = [](const std::string& inner) {
    return error_of(read_lifecycle("<LifecycleConfiguration><Rule>" + inner + "</Rule></LifecycleConfiguration>"));
  };
  EXPECT_EQ(with("<Status>Enabled</Status>"), "InvalidRequest");
  EXPECT_EQ(with("<Status>On</Status>"), "MalformedXML");
  EXPECT_EQ(with("<Status>Enabled</Status><Expiration/>"), "MalformedXML");
  EXPECT_EQ(with("<Status>Enabled</Status><Expiration><Days>0</Days></Expiration>"), "InvalidArgument");
  EXPECT_EQ(with("<Status>Enabled</Status><Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>"),
            "MalformedXML");
  EXPECT_EQ(with("<Status>Enabled</Status><Expiration><Date>2030-01-01T00:00:01Z</Date></Expiration>"),
            "InvalidArgument");
  EXPECT_EQ(with("<Status>Enabled</Status><Delete/>"), "MalformedXML");
  EXPECT_EQ(error_of(read_lifecycle("<LifecycleConfiguration/>")), "MalformedXML");
}

TEST(Cors, TheFirstRuleThatFitsIsFound) {
  const auto rules = read_cors(
      "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example.org</AllowedOrigin><AllowedMethod>PUT"
      "</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule><CORSRule>"
      "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>");
  ASSERT_TRUE(rules);
  EXPECT_EQ(find_cors_rule(*rules, "https://a.example.org", "PUT", {"X-Amz-Date"}), &rules->at(0));
  EXPECT_EQ(find_cors_rule(*rules, "https://a.example.org", "PUT", {"content-type"}), nullptr);
  EXPECT_EQ(find_cors_rule(*rules, "https://example.org", "PUT", {}), nullptr);
  EXPECT_EQ(find_cors_rule(*rules, "null", "GET", {}), &rules->at(1));
  EXPECT_EQ(find_cors_rule(*rules, "null", "DELETE", {}), nullptr);
  EXPECT_FALSE(
      read_cors("<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>"));
  EXPECT_FALSE(
      read_cors("<CORSConfiguration><CORSRule><AllowedOrigin>**</AllowedOrigin><AllowedMethod>GET"
                "</AllowedMethod></CORSRule></CORSConfiguration>"));
  EXPECT_FALSE(
      read_cors("<CORSConfiguration><CORSRule><AllowedOrigin>a&#10;b</AllowedOrigin><AllowedMethod>GET"
                "</AllowedMethod></CORSRule></CORSConfiguration>"));
}

TEST(Documents, OfLocksLocationsAndLists) {
  EXPECT_EQ(read_create_bucket("").value(), "");
  EXPECT_EQ(read_create_bucket("<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint>"
                               "</CreateBucketConfiguration>")
                .value(),
            "eu");
  const auto retention = read_retention(
      "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>");
  EXPECT_EQ(retention->mode, catalog::LockMode::governance);
  EXPECT_EQ(retention->until.unix_us, 1'893'456'000'000'000);
  EXPECT_EQ(read_retention("<Retention/>")->mode, catalog::LockMode::none);
  EXPECT_FALSE(read_retention("<Retention><Mode>GOVERNANCE</Mode></Retention>"));
  EXPECT_TRUE(read_legal_hold("<LegalHold><Status>ON</Status></LegalHold>").value());
  EXPECT_FALSE(read_legal_hold("<LegalHold/>"));
  const auto lock = read_object_lock(
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE"
      "</Mode><Days>5</Days></DefaultRetention></Rule></ObjectLockConfiguration>");
  EXPECT_EQ(lock->mode, catalog::LockMode::compliance);
  EXPECT_EQ(lock->days, 5U);
}

}  // namespace
}  // namespace atl::s3
