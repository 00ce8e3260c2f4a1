#include "store/blob/s3/s3_place.h"

#include <gtest/gtest.h>

namespace atl::blob {
namespace {

TEST(S3Place, ShortestFormIsAmazonsOfTheFirstRegion) {
  const S3Place place = parse_s3_place("s3://my-bucket/atoll/home/").value();
  EXPECT_EQ(place.bucket, "my-bucket");
  EXPECT_EQ(place.prefix, "atoll/home");
  EXPECT_EQ(place.endpoint, "https://s3.us-east-1.amazonaws.com");
  EXPECT_TRUE(place.is_bucket_in_host);
  EXPECT_FALSE(place.is_cold());
  EXPECT_EQ(place.shown(), "s3://my-bucket/atoll/home");
  EXPECT_FALSE(parse_s3_place("s3://my.bucket").value().is_bucket_in_host) << "no certificate holds for two labels";
}

TEST(S3Place, TextAndPlaceAreTheSame) {
  for (const char* text :
       {"s3://bucket", "s3://bucket/a/b?region=eu-central-1", "s3://bucket?address=path",
        "s3://bucket/p?endpoint=http://127.0.0.1:7071&region=garage&address=host&class=DEEP_ARCHIVE&check=sha256&every="
        "30&price=0.0036&fingerprint=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}) {
    const auto place = parse_s3_place(text);
    ASSERT_TRUE(place) << text << ": " << place.error().message;
    EXPECT_EQ(parse_s3_place(format(*place)).value(), *place) << format(*place);
  }
  const S3Place own = parse_s3_place("s3://bucket/p?endpoint=http://127.0.0.1:7071&class=GLACIER").value();
  EXPECT_EQ(own.shown(), "s3://bucket/p at 127.0.0.1:7071");
  EXPECT_TRUE(own.is_cold());
  EXPECT_FALSE(own.is_bucket_in_host);
}

TEST(S3Place, WhatIsNoPlaceIsRefused) {
  for (const char* text :
       {"/mnt/disk", "s3://", "s3://ab", "s3://-bucket", "s3://buc ket", "s3://bucket/a//b", "s3://bucket/ä",
        "s3://bucket/a%20b", "s3://bucket?endpoint=host", "s3://bucket?endpoint=https://user@host",
        "s3://bucket?endpoint=https://host/path", "s3://bucket?secret=x", "s3://bucket?every=0", "s3://bucket?price=-1",
        "s3://bucket?price=nan", "s3://bucket?check=md5", "s3://bucket?fingerprint=00"}) {
    const auto place = parse_s3_place(text);
    ASSERT_FALSE(place) << text;
    EXPECT_EQ(place.error().kind, ErrorKind::usage) << text;
  }
}

TEST(S3Credentials, AreReadAsAmazonsToolsWriteThem) {
  constexpr std::string_view kFile =
      "# mine\n[default]\r\naws_access_key_id = AKIA1\r\naws_secret_access_key=a/b+c=\r\n\n[other]\n"
      "aws_access_key_id = AKIA2\naws_secret_access_key = s2\naws_session_token = t2\nregion = eu-west-1\n";
  const auto first = parse_credentials(kFile, "default").value();
  EXPECT_EQ(first.access_key, "AKIA1");
  EXPECT_EQ(first.secret, "a/b+c=");
  EXPECT_EQ(first.session_token, "");
  const auto second = parse_credentials(kFile, "other").value();
  EXPECT_EQ(second.secret, "s2");
  EXPECT_EQ(second.session_token, "t2");
  EXPECT_EQ(parse_credentials(kFile, "third").error().id, "s3.no_credentials");
  EXPECT_EQ(setting_of(kFile, "other", "region"), "eu-west-1");
  EXPECT_EQ(setting_of("[profile x]\nregion = r\n", "x", "region"), "r");
  const auto again = parse_credentials(format(second), "default").value();
  EXPECT_EQ(again.access_key, second.access_key);
  EXPECT_EQ(again.secret, second.secret);
  EXPECT_EQ(again.session_token, second.session_token);
}

}  // namespace
}  // namespace atl::blob
