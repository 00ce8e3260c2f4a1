#include "catalog/access_rows.h"

#include <gtest/gtest.h>

#include "foundation/codec/fields.h"

namespace atl::catalog {
namespace {

Bytes newer_fields() {
  Bytes unknown;
  codec::FieldWriter writer(unknown);
  writer.put_unsigned(1000, 7);
  writer.put_bytes_always(1001, {});
  return unknown;
}

template <class Id>
Id filled(std::uint8_t with) {
  Id id;
  id.bytes.fill(with);
  return id;
}
codec::Digest digest(std::uint8_t with) {
  codec::Digest out{};
  out.fill(with);
  return out;
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

TEST(AccessRows, ComeBackWithEveryFieldAndWithThoseOfNewerPrograms) {
  const auto person = filled<PrincipalId>('p');
  const auto group = filled<PrincipalId>('g');
  const auto vault = filled<VaultId>('v');
  const AccessPlace place{vault, "photos", "2024/"};
  expect_comes_back(PrincipalRow{person,
                                 "anna",
                                 PrincipalKind::agent,
                                 "Anna",
                                 "anna@example.org",
                                 "$argon2id$",
                                 "secret",
                                 true,
                                 {1},
                                 2,
                                 UINT64_MAX,
                                 {-3},
                                 true,
                                 newer_fields()});
  expect_comes_back(PrincipalRow{person, "", PrincipalKind::person, "", "", "", "", false, {}, 0, 0, {}, false, {}});
  expect_comes_back(MembershipRow{group, person, {5}, newer_fields()});
  expect_comes_back(RoleRow{"curator",
                            "looks after pictures",
                            {{false, {"read", "tag"}, {"hot", "cold"}, 1, 2}, {true, {"*"}, {}, 0, 0}},
                            {6},
                            newer_fields()});
  expect_comes_back(
      GrantRow{filled<GrantId>('i'), person, "editor", place, true, {"warm"}, 7, {8}, {9}, "owner", newer_fields()});
  expect_comes_back(TokenRow{filled<TokenId>('t'),
                             digest(1),
                             person,
                             "laptop",
                             {{"reader", place}, {"agent", {}}},
                             {1},
                             {2},
                             20'000,
                             newer_fields()});
  expect_comes_back(S3KeyRow{"ATLKAAAAAAAAAAAAAAAA", "secret", vault, person, "rclone", true, {1}, 3, newer_fields()});
  expect_comes_back(SessionRow{digest(2), person, "mark", "::1", {1}, {2}, newer_fields()});
  expect_comes_back(ShareRow{filled<ShareId>('s'),
                             digest(3),
                             place,
                             true,
                             filled<VersionId>('w'),
                             true,
                             "$argon2id$",
                             5,
                             4,
                             person,
                             "for the family",
                             {1},
                             {2},
                             newer_fields()});
  expect_comes_back(QuotaRow{vault, person, "photos", 1, 2, {3}, newer_fields()});
  expect_comes_back(QuotaRow{{}, {}, "", 1, 0, {}, {}});
  expect_comes_back(AuditBatchRow{3, digest(4), digest(5), {1, 2, 3}, 7, {8}, {9}, newer_fields()});
  expect_comes_back(HomeSettingRow{"alarm.reads", "5", newer_fields()});
}

TEST(AccessRows, KeysThatCannotBeAreDamage) {
  const Bytes short_key(15, 1);
  PrincipalRow principal;
  EXPECT_EQ(decode(short_key, {}, principal).error().kind, ErrorKind::damaged);
  MembershipRow membership;
  EXPECT_EQ(decode(Bytes(31, 1), {}, membership).error().kind, ErrorKind::damaged);
  RoleRow role;
  EXPECT_EQ(decode({}, {}, role).error().kind, ErrorKind::damaged);
  SessionRow session;
  EXPECT_EQ(decode(Bytes(31, 1), {}, session).error().kind, ErrorKind::damaged);
  QuotaRow quota;
  EXPECT_EQ(decode(Bytes(31, 1), {}, quota).error().kind, ErrorKind::damaged);
  AuditBatchRow batch;
  EXPECT_EQ(decode(Bytes(7, 1), {}, batch).error().kind, ErrorKind::damaged);
}

TEST(AccessRows, ARuleOfANewerProgramIsNotReadAsALesserOne) {
  Bytes rule;
  codec::FieldWriter inner(rule);
  inner.put_text(2, "read");
  inner.put_unsigned(99, 1);  // a condition that this program cannot check
  Bytes row;
  codec::FieldWriter(row).put_bytes_always(2, rule);
  RoleRow role;
  EXPECT_FALSE(decode(as_bytes("curator"), row, role));
}

TEST(AccessRows, AnAccountOfAnUnknownKindIsRefused) {
  PrincipalRow row;
  row.id = filled<PrincipalId>('p');
  row.kind = static_cast<PrincipalKind>(9);
  PrincipalRow again;
  EXPECT_EQ(decode(key_of(row), encode(row), again).error().kind, ErrorKind::unsupported);
}

TEST(AccessRows, RecordsComeBackOneAfterTheOther) {
  const AuditRecord first{{5},      "anna",   "10.0.0.7", "request-1", "read",          filled<VaultId>('v'),
                          "photos", "a\xFFz", false,      "no_rule",   18'446'744'073U, 12};
  const AuditRecord plain;
  Bytes records;
  append_record(first, records);
  append_record(plain, records);
  const auto read = decode_records(records);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, (std::vector{first, plain}));
  EXPECT_FALSE(decode_records(ByteView(records).first(records.size() - 1)));
}

}  // namespace
}  // namespace atl::catalog
