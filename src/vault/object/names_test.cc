#include <gtest/gtest.h>

#include "vault/object/objects.h"

namespace atl::vault {
namespace {

TEST(Names, BucketNamesFollowTheRulesOfS3) {
  for (const char* good : {"abc", "a-b", "a.b.c", "photos-2026", "0-9", "1.2.3.x", "a--b"})
    EXPECT_TRUE(check_bucket_name(good)) << good;
  EXPECT_TRUE(check_bucket_name(std::string(63, 'a')));
  for (const char* bad : {"", "ab", "Photos", "a_b", "-abc", "abc-", ".abc", "abc.", "a..b", "192.168.1.4", "1.2.3.4",
                          "a b", "caf\xC3\xA9", "a/b"}) {
    const auto checked = check_bucket_name(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().kind, ErrorKind::usage);
    EXPECT_EQ(checked.error().id, "bucket.bad_name");
  }
  EXPECT_FALSE(check_bucket_name(std::string(64, 'a')));
}

TEST(Names, AFolderGetsItsBucketByTheShownRule) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/home/ana/My Photos", "my-photos"},
      {"/home/ana/My Photos///", "my-photos"},
      {"docs", "docs"},
      {"./docs", "docs"},
      {"A__B  C", "a-b-c"},
      {"..hidden..", "hidden"},
      {"x", "x-files"},
      {"ab", "ab-files"},
      {"/", "my-files"},
      {"", "my-files"},
      {"\xE5\x86\x99\xE7\x9C\x9F", "my-files"},
      {"10.0.0.1", "files-10.0.0.1"},
      {"a.-b", "a.b"},
  };
  for (const auto& [folder, name] : cases) EXPECT_EQ(bucket_name_for(folder), name) << folder;
}

TEST(Names, WhateverAFolderIsCalledItsBucketNameIsAllowed) {
  std::uint32_t state = 12345;
  for (int i = 0; i < 20'000; ++i) {
    std::string folder;
    state = state * 1664525 + 1013904223;
    const std::size_t length = (state >> 8) % 90;
    static constexpr std::string_view kLikely = "ab09.-_ A/";
    for (std::size_t j = 0; j < length; ++j) {
      state = state * 1664525 + 1013904223;
      folder.push_back((state & 0x800) != 0 ? kLikely[(state >> 16) % kLikely.size()]
                                            : static_cast<char>((state >> 16) & 0xFF));
    }
    const std::string name = bucket_name_for(folder);
    ASSERT_TRUE(check_bucket_name(name)) << "case " << i << ": \"" << folder << "\" gives \"" << name << "\"";
    ASSERT_EQ(bucket_name_for(name), name) << "case " << i;
  }
}

TEST(Names, KeysAreOneTo16384BytesWithoutNul) {
  EXPECT_TRUE(check_key("a"));
  EXPECT_TRUE(check_key("../../etc/passwd"));  // a name like any other
  EXPECT_TRUE(check_key("\xFF\xFE not utf-8"));
  EXPECT_TRUE(check_key(std::string(kKeyBytesMax, 'k')));
  EXPECT_EQ(check_key("").error().id, "key.empty");
  EXPECT_EQ(check_key(std::string(kKeyBytesMax + 1, 'k')).error().id, "key.too_long");
  EXPECT_EQ(check_key(std::string_view("a\0b", 3)).error().id, "key.nul");
}

TEST(Names, AnAddressIsABucketAndWhatFollowsTheFirstSlash) {
  const auto whole = parse_address("photos");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->bucket, "photos");
  EXPECT_EQ(whole->key, "");
  EXPECT_FALSE(whole->has_slash);
  const auto folder = parse_address("photos/");
  ASSERT_TRUE(folder);
  EXPECT_TRUE(folder->has_slash);
  EXPECT_EQ(folder->key, "");
  const auto key = parse_address("photos/a//b/");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->key, "a//b/");
  EXPECT_FALSE(parse_address(""));
  EXPECT_FALSE(parse_address("/key"));
  EXPECT_FALSE(parse_address("Photos/key"));
  EXPECT_EQ(parse_address("photos/" + std::string(kKeyBytesMax + 1, 'k')).error().id, "key.too_long");
}

}  // namespace
}  // namespace atl::vault
