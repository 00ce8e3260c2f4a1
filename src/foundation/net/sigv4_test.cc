// The examples of the Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header".
#include "foundation/net/sigv4.h"

#include <gtest/gtest.h>

namespace atl::net {
namespace {

const AwsCredentials kCredentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const AwsScope kScope{"us-east-1", "s3"};
constexpr Timestamp kTime{1369353600LL * 1'000'000};  // 2013-05-24

AwsRequest request(std::string method, std::string path, std::string_view body = {}) {
  AwsRequest made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.headers = {{"Host", "examplebucket.s3.amazonaws.com"}};
  made.body_sha256 = codec::sha256(as_bytes(body));
  return made;
}

std::string signature_of(const AwsRequest& made, const AwsCredentials& credentials = kCredentials) {
  const Headers headers = sign(made, credentials, kScope, kTime);
  const std::string authorization(headers.get("Authorization").value_or(""));
  const auto at = authorization.find("Signature=");
  return at == std::string::npos ? authorization : authorization.substr(at + 10);
}

TEST(Sigv4, ObjectIsReadInARange) {
  AwsRequest get = request("GET", "/test.txt");
  get.headers.add("Range", "bytes=0-9");
  EXPECT_EQ(signature_of(get), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(
      sign(get, kCredentials, kScope, kTime).get("Authorization").value().substr(0, 118),
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;"
      "x-amz-con");
}

TEST(Sigv4, ObjectWithACharacterThatIsEncodedIsWritten) {
  AwsRequest put = request("PUT", "/test$file.text", "Welcome to Amazon S3.");
  put.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  put.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_EQ(target_of(put), "/test%24file.text");
  EXPECT_EQ(signature_of(put), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Sigv4, QueriesAreSortedAndKeepTheirEmptyValues) {
  AwsRequest lifecycle = request("GET", "/");
  lifecycle.query = {{"lifecycle", ""}};
  EXPECT_EQ(target_of(lifecycle), "/?lifecycle=");
  EXPECT_EQ(signature_of(lifecycle), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  AwsRequest list = request("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(target_of(list), "/?max-keys=2&prefix=J");
  EXPECT_EQ(signature_of(list), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Sigv4, SpecialCharactersOfQueriesAreEncodedAsTheyAreSigned) {
  AwsRequest list = request("GET", "/");
  list.query = {{"continuation-token", "a+b/c=="}, {"prefix", "x y/"}};
  EXPECT_EQ(target_of(list), "/?continuation-token=a%2Bb%2Fc%3D%3D&prefix=x%20y%2F");
}

TEST(Sigv4, TokenOfTheSessionIsSignedAndTheSecretIsNowhere) {
  AwsCredentials session = kCredentials;
  session.session_token = "token";
  const AwsRequest get = request("GET", "/test.txt");
  const Headers headers = sign(get, session, kScope, kTime);
  EXPECT_EQ(headers.get("x-amz-security-token"), "token");
  EXPECT_NE(headers.get("Authorization").value().find("x-amz-security-token"), std::string_view::npos);
  EXPECT_NE(signature_of(get, session), signature_of(get));
  for (const Header& header : headers) EXPECT_EQ(header.value.find(session.secret), std::string::npos);
}

}  // namespace
}  // namespace atl::net
