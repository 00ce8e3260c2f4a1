#include "store/journal/command.h"

#include <gtest/gtest.h>

#include "foundation/codec/fields.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/journal/row_change.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

Envelope full_envelope() {
  Envelope envelope;
  envelope.lsn = {42};
  envelope.commit_time = {1'700'000'000'000'001};
  envelope.wall_time = {-5};
  envelope.kind = CommandKind::checkpoint;
  envelope.actor = "ada";
  envelope.origin = "127.0.0.1";
  envelope.request_id = "r-1";
  envelope.idempotency_key = "once";
  envelope.ack = AckLevel::memory;
  envelope.operation.bytes.fill(9);
  envelope.payload_digests.push_back({{1}, 0, {}});
  envelope.payload_digests.push_back({{7}, 1000, {}});
  envelope.payload_digests[1].digest.fill(3);
  return envelope;
}

TEST(Envelope, EveryFieldComesBack) {
  const Envelope envelope = full_envelope();
  const auto back = decode_envelope(encode_envelope(envelope));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, envelope);
}

TEST(Envelope, UnknownFieldsAndKindsAreKept) {
  Envelope envelope = full_envelope();
  envelope.kind = static_cast<CommandKind>(4711);
  codec::FieldWriter writer(envelope.unknown);
  writer.put_text(99, "from the future");
  const auto back = decode_envelope(encode_envelope(envelope));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, envelope);
  EXPECT_EQ(name_of(back->kind), "kind 4711");
  EXPECT_EQ(name_of(CommandKind::put_objects), "put_objects");
  EXPECT_EQ(name_of(CommandKind::rewind), "rewind");
}

TEST(Envelope, EveryCutIsRefusedOrShorterButNeverRunsOver) {
  const Bytes encoded = encode_envelope(full_envelope());
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    const auto back = decode_envelope(ByteView(encoded).first(length));
    if (back) {
      EXPECT_NE(*back, full_envelope()) << length;
    }
  }
  EXPECT_FALSE(decode_envelope({}));  // no LSN
}

TEST(Envelope, ImpossiblePayloadEntriesAreDamage) {
  for (const std::uint64_t length : {std::uint64_t{kPayloadBytesPerCommandMax} + 1, UINT64_MAX}) {
    Envelope envelope = full_envelope();
    envelope.payload_digests[0].length = length;
    EXPECT_FALSE(decode_envelope(encode_envelope(envelope)));
  }
  Envelope none = full_envelope();
  none.payload_digests[0].domain = {};
  EXPECT_FALSE(decode_envelope(encode_envelope(none)));
  Envelope many = full_envelope();
  many.payload_digests.resize(kPayloadsPerCommandMax + 1, many.payload_digests[0]);
  EXPECT_FALSE(decode_envelope(encode_envelope(many)));
}

TEST(RowChanges, PutsDeletesAndEmptyRowsComeBackInOrder) {
  std::vector<RowChange> changes;
  changes.push_back({TableNumber::entries, to_bytes("b"), to_bytes("row")});
  changes.push_back({TableNumber::versions, to_bytes("a"), std::nullopt});
  changes.push_back({TableNumber::versions, to_bytes("a"), Bytes{}});
  changes.push_back({static_cast<TableNumber>(900), Bytes(5000, 7), Bytes(70000, 8)});
  const auto back = decode_row_changes(encode_row_changes(changes));
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ((*back)[i].table, changes[i].table);
    EXPECT_EQ((*back)[i].key, changes[i].key);
    EXPECT_EQ((*back)[i].row, changes[i].row);
  }
  EXPECT_TRUE(decode_row_changes({})->empty());
}

TEST(RowChanges, NoTableAndTooManyAreDamage) {
  EXPECT_EQ(decode_row_changes(encode_row_changes({{TableNumber{}, to_bytes("k"), Bytes{}}})).error().kind,
            ErrorKind::damaged);
  const std::vector<RowChange> many(65'537, RowChange{TableNumber::records, {}, std::nullopt});
  EXPECT_EQ(decode_row_changes(encode_row_changes(many)).error().id, "journal.row_change_damaged");
}

TEST(RowChanges, RandomBytesNeverRunOver) {
  platform::SeededRandom random(11);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = encode_row_changes(
        {{TableNumber::entries, random.bytes(5), random.bytes(9)}, {TableNumber::jobs, random.bytes(3), std::nullopt}});
    for (std::uint64_t flips = 1 + random.below(3); flips-- > 0;)
      bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
    if (decode_row_changes(bytes)) ++accepted;
  }
  EXPECT_GT(accepted, 0U);  // flips inside keys and rows are not this decoder's to find
}

}  // namespace
}  // namespace atl::journal
