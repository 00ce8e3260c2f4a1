#include "catalog/keeping_rows.h"

#include <gtest/gtest.h>

#include "foundation/codec/fields.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::catalog {
namespace {

Bytes newer_fields() {
  Bytes unknown;
  codec::FieldWriter writer(unknown);
  writer.put_unsigned(1000, 7);
  writer.put_bytes_always(1001, {});
  return unknown;
}

BucketId some_bucket() {
  BucketId id;
  id.bytes.fill('b');
  return id;
}

template <class Row>
void expect_comes_back(const Row& row) {
  Row again;
  const auto decoded = decode(key_of(row), encode(row), again);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(again, row);
  const Bytes whole = encode(row);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Row part;
    // Fields are optional, so a cut between two of them reads; nothing else may.
    const auto read = decode(key_of(row), ByteView(whole).first(cut), part);
    EXPECT_TRUE(!read || encode(part).size() <= cut) << cut;
  }
}

TEST(KeepingRows, ComeBackWithEveryFieldAndWithThoseOfNewerPrograms) {
  expect_comes_back(
      PolicyRow{some_bucket(), 3, 1, 2, 3, 4, 5, 6, true, 7, 8, 9, {"cold if age>1y", ""}, "hash", 10, newer_fields()});
  expect_comes_back(PolicyRow{});
  expect_comes_back(SnapshotRow{"paper",
                                some_bucket(),
                                "figures/",
                                {9},
                                {-1},
                                {2},
                                "anna",
                                "Figure 3",
                                true,
                                "audit",
                                5,
                                UINT64_MAX,
                                newer_fields()});
  ErasureRow erasure{{}, {}, some_bucket(), {4}, {5}, "anna", "asked for", 6, {1}, {2}, {3}, {4}, newer_fields()};
  erasure.object.bytes.fill('o');
  erasure.version.bytes.fill('v');
  expect_comes_back(erasure);
  expect_comes_back(CopyRow{"usb", "folder", "/mnt/usb", {3}, 1'000'000, newer_fields()});
  expect_comes_back(ScheduleRow{
      "check", {"verify", "--sample", "5%"}, "daily 03:00", {"mail:a@b.c"}, true, {1}, "anna", newer_fields()});
  expect_comes_back(DomainRow{{7}, "patients", {1}, {2}, {3}, "anna", "asked for", 4, 5, {"usb"}, newer_fields()});
}

TEST(KeepingRows, DefaultValuesTakeNoRoom) {
  EXPECT_EQ(encode(CopyRow{}).size(), 0U);
  EXPECT_EQ(encode(ScheduleRow{}).size(), 0U);
}

TEST(KeepingRows, KeysThatCannotBeAreDamage) {
  PolicyRow policy;
  SnapshotRow snapshot;
  ErasureRow erasure;
  DomainRow domain;
  for (const auto& refused : {decode(Bytes(15), {}, policy), decode({}, {}, snapshot), decode(Bytes(31), {}, erasure),
                              decode(Bytes(4), {}, domain), decode(Bytes(8, 0xFF), {}, domain)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::damaged);
  }
}

TEST(KeepingRows, ValuesThatCannotBeAreDamage) {
  Bytes row;
  codec::FieldWriter writer(row);
  writer.put_unsigned(1, 1ULL << 32);  // keep_last has 32 bits
  PolicyRow policy;
  const auto refused = decode(Bytes(16), row, policy);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "row.bad_field");
}

}  // namespace
}  // namespace atl::catalog
