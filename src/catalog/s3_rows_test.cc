#include "catalog/s3_rows.h"

#include <gtest/gtest.h>

#include "foundation/codec/fields.h"

namespace atl::catalog {
namespace {

Bytes newer_fields() {
  Bytes unknown;
  codec::FieldWriter(unknown).put_unsigned(1000, 7);
  return unknown;
}

template <class Id>
Id id_of(std::uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

template <class Row>
void expect_comes_back(const Row& row) {
  Row again;
  const auto decoded = decode(key_of(row), encode(row), again);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(again, row);
}

TEST(S3Rows, ComeBackWithEveryFieldAndWithThoseOfNewerPrograms) {
  expect_comes_back(BucketSettingsRow{id_of<BucketId>(1),
                                      {{{5}, Versioning::enabled}, {{9}, Versioning::suspended}},
                                      true,
                                      LockMode::compliance,
                                      86'400,
                                      "<CORS/>",
                                      "<Life/>",
                                      {{"a", "b"}, {"", ""}},
                                      "anna",
                                      "readable",
                                      newer_fields()});
  expect_comes_back(UploadRow{id_of<UploadId>(2),
                              id_of<BucketId>(1),
                              "a/b",
                              {3},
                              "anna",
                              {1, 2},
                              "crc32c",
                              true,
                              LockMode::governance,
                              {4},
                              true,
                              "public-read",
                              newer_fields()});
  expect_comes_back(
      UploadPartRow{id_of<UploadId>(2), 10'000, {-3}, UINT64_MAX, {1}, "etag", {{"sha1", "00"}}, newer_fields()});
  expect_comes_back(
      DeleteMarkerRow{id_of<ObjectId>(3), id_of<VersionId>(4), id_of<BucketId>(1), {8}, {9}, "anna", newer_fields()});
  expect_comes_back(VersionTermsRow{id_of<ObjectId>(3),
                                    id_of<VersionId>(4),
                                    LockMode::governance,
                                    {10},
                                    true,
                                    "public-read",
                                    "5242880x2,17",
                                    newer_fields()});
  EXPECT_EQ(encode(BucketSettingsRow{}).size(), 0U);
}

TEST(S3Rows, SettingsOfBeforeThereWereGatesHaveNone) {
  BucketSettingsRow settings;
  settings.owner = "ada";
  const Bytes before = encode(settings);  // what is empty is not written
  settings.gate = "readable";
  EXPECT_GT(encode(settings).size(), before.size());
  ASSERT_TRUE(decode(Bytes(16), before, settings));
  EXPECT_EQ(settings.gate, "");
  EXPECT_EQ(settings.owner, "ada");
}

TEST(S3Rows, PartsStandInTheOrderOfTheirNumbers) {
  UploadPartRow low;
  UploadPartRow high;
  low.number = 255;
  high.number = 256;
  EXPECT_TRUE(compare(key_of(low), key_of(high)) < 0);
}

TEST(S3Rows, KeysAndValuesThatCannotBeAreDamage) {
  BucketSettingsRow settings;
  UploadPartRow part;
  DeleteMarkerRow marker;
  VersionTermsRow lock;
  EXPECT_FALSE(decode(Bytes(15), {}, settings));
  EXPECT_FALSE(decode(Bytes(16), {}, part));
  EXPECT_FALSE(decode(Bytes(31), {}, marker));
  EXPECT_FALSE(decode(Bytes(33), {}, lock));
  lock.mode = static_cast<LockMode>(3);
  EXPECT_EQ(decode(key_of(lock), encode(lock), lock).error().kind, ErrorKind::unsupported);
}

TEST(BucketSettings, KnowWhetherAVersionHasAnId) {
  BucketSettingsRow settings;
  EXPECT_EQ(settings.versioning_now(), Versioning::off);
  settings.versioning = {{{5}, Versioning::enabled}, {{9}, Versioning::suspended}};
  EXPECT_EQ(settings.versioning_now(), Versioning::suspended);
  EXPECT_EQ(settings.versioning_at({4}), Versioning::off);
  EXPECT_EQ(settings.versioning_at({5}), Versioning::enabled);
  EXPECT_EQ(settings.versioning_at({8}), Versioning::enabled);
  EXPECT_EQ(settings.versioning_at({9}), Versioning::suspended);
}

TEST(VersionLock, ForbidsUntilItEndsOrWhileItIsHeld) {
  VersionTermsRow lock;
  EXPECT_FALSE(lock.forbids_at({5}));
  lock.mode = LockMode::governance;
  lock.until = {6};
  EXPECT_TRUE(lock.forbids_at({5}));
  EXPECT_FALSE(lock.forbids_at({6}));
  lock.is_held = true;
  EXPECT_TRUE(lock.forbids_at({6}));
}

}  // namespace
}  // namespace atl::catalog
