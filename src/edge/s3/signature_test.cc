// The examples of the Amazon S3 API Reference (bucket examplebucket, key AKIAIOSFODNN7EXAMPLE, 24 May 2013), and what
// must not pass.
#include "edge/s3/signature.h"

#include <gtest/gtest.h>

#include "edge/s3/errors.h"
#include "foundation/codec/hmac.h"

namespace atl::s3 {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kKey = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kHost = "examplebucket.s3.amazonaws.com";
const Timestamp kNow{1'369'353'600'000'000};  // 2013-05-24T00:00:00Z
const ClaimRules kRules{kNow, ""};

std::string authorization(std::string_view names, std::string_view signature) {
  return "AWS4-HMAC-SHA256 Credential=" + std::string(kKey) +
         "/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + std::string(names) +
         ",Signature=" + std::string(signature);
}

// A request whose parts live as long as it does.
struct Sent {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<HeaderView> views;
  RequestView view() {
    views.clear();
    for (const auto& [name, value] : headers) views.push_back({name, value});
    return {method, target, views};
  }
  Result<SigningKey> check(const ClaimRules& rules = kRules, std::string_view secret = kSecret) {
    ATOLL_ASSIGN(const Claim claim, read_claim(view(), rules));
    const SigningKey key = signing_key(secret, claim.date, claim.region);
    ATOLL_TRY(verify(view(), claim, key));
    return key;
  }
};

Sent get_object() {
  return {"GET",
          "/test.txt",
          {{"Host", std::string(kHost)},
           {"Range", "bytes=0-9"},
           {"x-amz-content-sha256", std::string(kEmpty)},
           {"x-amz-date", "20130524T000000Z"},
           {"Authorization", authorization("host;range;x-amz-content-sha256;x-amz-date",
                                           "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")}},
          {}};
}

Code code(const Result<SigningKey>& result) { return result ? Code::InternalError : code_of(result.error()); }

TEST(Signature, ExampleOfGetObject) {
  Sent sent = get_object();
  const auto checked = sent.check();
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST(Signature, ExampleOfPutObject) {
  Sent sent{"PUT",
            "/test%24file.text",
            {{"Host", std::string(kHost)},
             {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
             {"Authorization", authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                                             "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")},
             {"x-amz-date", "20130524T000000Z"},
             {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
             {"x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"}},
            {}};
  EXPECT_TRUE(sent.check());
  sent.target = "/test$file.text";  // the same key, less encoded
  EXPECT_TRUE(sent.check());
}

TEST(Signature, ExamplesOfQueriesWithoutAndWithValues) {
  Sent lifecycle{"GET",
                 "/?lifecycle",
                 {{"Host", std::string(kHost)},
                  {"x-amz-date", "20130524T000000Z"},
                  {"x-amz-content-sha256", std::string(kEmpty)},
                  {"Authorization", authorization("host;x-amz-content-sha256;x-amz-date",
                                                  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")}},
                 {}};
  EXPECT_TRUE(lifecycle.check());
  Sent list = lifecycle;
  list.target = "/?max-keys=2&prefix=J";
  EXPECT_EQ(code(list.check()), Code::SignatureDoesNotMatch);
  list.headers.back().second = authorization("host;x-amz-content-sha256;x-amz-date",
                                             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  EXPECT_TRUE(list.check());
  list.target = "/?prefix=J&max-keys=2";
  EXPECT_TRUE(list.check()) << "the order of parameters does not matter";
}

std::string link() {
  return "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3"
         "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
}

TEST(Signature, ExampleOfALinkHoldsUntilItExpires) {
  Sent sent{"GET", link(), {{"Host", std::string(kHost)}}, {}};
  EXPECT_TRUE(sent.check());
  EXPECT_TRUE(sent.check({{kNow.unix_us + 86'400'000'000}, ""}));
  const auto late = sent.check({{kNow.unix_us + 86'401'000'000}, ""});
  EXPECT_EQ(code(late), Code::AccessDenied);
  EXPECT_EQ(late.error().message, "The link has expired");
  EXPECT_EQ(code(sent.check({{kNow.unix_us - 901'000'000}, ""})), Code::AccessDenied);
  sent.headers.emplace_back("x-amz-acl", "public-read");
  EXPECT_EQ(code(sent.check()), Code::AccessDenied) << "nothing can be added to a link";
}

TEST(Signature, LinksThatAreNoLinksAreRefused) {
  const std::pair<std::string, std::string> changes[] = {
      {"X-Amz-Expires=86400", "X-Amz-Expires=604801"},
      {"X-Amz-Expires=86400", "X-Amz-Expires=0"},
      {"X-Amz-Expires=86400", "X-Amz-Expires=-5"},
      {"X-Amz-Expires=86400", "X-Amz-Expires=1x"},
      {"X-Amz-Expires=86400", "a=b"},
      {"SHA256&", "SHA255&"},
      {"%2Fs3", "%2Fiam"},
      {"X-Amz-Date=2013", "X-Amz-Date=2014"},
      {"X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=Host"},
      {"d404", "d40"},
      {"X-Amz-Expires=86400", "X-Amz-Expires=86400&X-Amz-Expires=86400"}};
  for (const auto& [from, to] : changes) {
    std::string target = link();
    target.replace(target.find(from), from.size(), to);
    Sent sent{"GET", target, {{"Host", std::string(kHost)}}, {}};
    EXPECT_EQ(code(sent.check()), Code::AuthorizationQueryParametersError) << target;
  }
}

TEST(Signature, EveryChangeOfWhatIsSignedIsFound) {
  const auto refused = [](auto change) {
    Sent sent = get_object();
    change(sent);
    return code(sent.check());
  };
  EXPECT_EQ(refused([](Sent& s) { s.method = "PUT"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.target = "/test.tx"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.target = "//test.txt"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.target = "/a/../test.txt"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.target += "?versionId=x"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.headers[0].second = "other.example.org"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.headers[1].second = "bytes=0-10"; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.headers.emplace_back("range", "bytes=1-2"); }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.headers[2].second[0] = '0'; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.headers.back().second.back() = '0'; }), Code::SignatureDoesNotMatch);
  EXPECT_EQ(refused([](Sent& s) { s.headers.emplace_back("X-Amz-Copy-Source", "/secret/key"); }), Code::AccessDenied);
  Sent sent = get_object();
  EXPECT_EQ(code(sent.check(kRules, "another secret")), Code::SignatureDoesNotMatch);
}

TEST(Signature, OddBlanksInHeadersAndUnsignedOrdinaryHeadersAreFine) {
  Sent sent = get_object();
  sent.headers[1].second = "  bytes=0-9 ";
  sent.headers.emplace_back("User-Agent", "anything");
  EXPECT_TRUE(sent.check());
  sent.headers[4].second.insert(sent.headers[4].second.find(",Signed") + 1, "  ");
  EXPECT_TRUE(sent.check());
}

TEST(Signature, AClockThatIsWrongIsToldSo) {
  Sent sent = get_object();
  EXPECT_TRUE(sent.check({{kNow.unix_us + 900'000'000}, ""}));
  EXPECT_EQ(code(sent.check({{kNow.unix_us + 901'000'000}, ""})), Code::RequestTimeTooSkewed);
  EXPECT_EQ(code(sent.check({{kNow.unix_us - 901'000'000}, ""})), Code::RequestTimeTooSkewed);
}

TEST(Signature, ARegionMayBeAskedFor) {
  Sent sent = get_object();
  EXPECT_TRUE(sent.check({kNow, "us-east-1"}));
  EXPECT_EQ(code(sent.check({kNow, "eu-west-1"})), Code::AuthorizationHeaderMalformed);
}

TEST(Signature, OtherWaysToSignAreRefusedInWords) {
  Sent sent = get_object();
  sent.headers.back().second = "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=";
  EXPECT_NE(sent.check().error().message.find("version 4"), std::string::npos);
  sent = get_object();
  sent.headers.pop_back();
  sent.target += "?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=abc&Expires=1";
  EXPECT_NE(sent.check().error().message.find("version 4"), std::string::npos);
  sent = get_object();
  sent.headers[2].second = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";
  EXPECT_EQ(code(sent.check()), Code::InvalidRequest);
  sent = get_object();
  sent.headers.emplace_back("x-amz-security-token", "abc");
  EXPECT_EQ(code(sent.check()), Code::InvalidToken);
  sent = get_object();
  sent.target = link();
  EXPECT_EQ(code(sent.check()), Code::InvalidArgument) << "two signatures";
}

TEST(Signature, MalformedHeadersAreRefused) {
  for (const char* value :
       {"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 nonsense",
        "AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b",
        "AWS4-HMAC-SHA256 Credential=/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=b",
        "AWS4-HMAC-SHA256 Credential=K/20130524/us-east-1/s3/aws4_request,SignedHeaders=,Signature=b",
        "AWS4-HMAC-SHA256 Credential=K/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;host,Signature=b",
        "AWS4-HMAC-SHA256 Credential=K/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=ZZ"}) {
    Sent sent = get_object();
    sent.headers.back().second = value;
    EXPECT_EQ(code(sent.check()), Code::AuthorizationHeaderMalformed) << value;
  }
}

TEST(Signature, AnonymousRequestsAreCalledSo) {
  Sent sent = get_object();
  sent.headers.pop_back();
  const auto claim = read_claim(sent.view(), kRules);
  ASSERT_TRUE(claim);
  EXPECT_TRUE(claim->is_anonymous);
  EXPECT_EQ(code_of(verify(sent.view(), *claim, SigningKey{}).error()), Code::AccessDenied);
}

TEST(Signature, KeysThatAreKeptAreThoseThatWouldBeMade) {
  SigningKeys keys;
  for (int round = 0; round < 3; ++round) {
    for (int at = 0; at < 300; ++at) {  // more than are kept
      const std::string region = "region-" + std::to_string(at);
      ASSERT_EQ(keys.of("KEY", "secret", "20130524", region), signing_key("secret", "20130524", region));
    }
    EXPECT_EQ(keys.of("KEY", "another", "20130524", "region-299"), signing_key("another", "20130524", "region-299"))
        << "a secret that was changed";
    EXPECT_EQ(keys.of("KEY", "secret", "20130525", "region-299"), signing_key("secret", "20130525", "region-299"));
    EXPECT_EQ(keys.of("OTHER", "third", "20130524", "region-299"), signing_key("third", "20130524", "region-299"));
  }
}

TEST(Signature, WhatWeSignVerifiesWhateverTheKeyIs) {
  const Credentials credentials{"KEY/WITH/SLASH", "secret", "eu-central-1"};
  for (const std::string key :
       {"plain", "ä b+c", "%20", "a//b", "a/", "x/../y", "~!*'();:@&=$,?#[]", "\x01\x7f", "日本語"}) {
    const std::string target = "/bucket/" + uri_encode(key, Slash::kept) + "?uploads&a=%2B";
    Sent sent{"POST", target, {{"host", "localhost:7070"}, {"x-amz-meta-a", "  b  c "}}, {}};
    const auto added = sign(sent.view(), credentials, kNow, "UNSIGNED-PAYLOAD");
    ASSERT_TRUE(added);
    for (const auto& [name, value] : *added) sent.headers.emplace_back(name, value);
    const auto checked = sent.check(kRules, "secret");
    EXPECT_TRUE(checked) << key << checked.error().message;
    const auto presigned = presign("GET", target, "localhost:7070", credentials, kNow, 60);
    ASSERT_TRUE(presigned);
    Sent opened{"GET", *presigned, {{"host", "localhost:7070"}}, {}};
    EXPECT_TRUE(opened.check(kRules, "secret")) << key;
  }
}

TEST(Signature, AClientThatSignsWhatItSendsIsTaken) {
  // "!" and "(" are left as they are by many encoders, S3 encodes them.
  Sent sent{"GET",
            "/a!(b)",
            {{"host", "h"}, {"x-amz-date", "20130524T000000Z"}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}},
            {}};
  const std::string text =
      "GET\n/a!(b)\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20130524T000000Z\n\n"
      "host;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD";
  const std::string to_sign = "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n" +
                              to_hex(codec::sha256(as_bytes(text)));
  const auto key = signing_key(kSecret, "20130524", "us-east-1");
  sent.headers.emplace_back("Authorization", authorization("host;x-amz-content-sha256;x-amz-date",
                                                           to_hex(codec::hmac_sha256(key, as_bytes(to_sign)))));
  EXPECT_TRUE(sent.check());
}

TEST(BasicTime, IsReadAndWritten) {
  EXPECT_EQ(format_basic_time(1'369'353'600), "20130524T000000Z");
  EXPECT_EQ(parse_basic_time("20130524T000000Z"), 1'369'353'600);
  for (const char* text : {"", "20130524T000000", "20131324T000000Z", "20130524 000000Z", "2013052-T000000Z"}) {
    EXPECT_FALSE(parse_basic_time(text)) << text;
  }
}

}  // namespace
}  // namespace atl::s3
