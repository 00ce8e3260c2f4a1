#include "store/journal/internal/segment.h"

#include <gtest/gtest.h>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

using platform::TestMachine;

SegmentHeader sample_header(std::uint64_t number = 7, std::uint8_t salt = 3) {
  SegmentHeader header;
  header.vault = sample_vault();
  header.history.bytes.fill(8);
  header.epoch = 5;
  header.number = number;
  header.salt.fill(salt);
  header.suite = codec::SealSuite::aes256gcm;
  header.first_lsn = {10};
  header.chain_before.fill(1);
  header.time_before = {77};
  return header;
}

struct Sealed {
  std::vector<Command> commands;
  Bytes bytes;
  codec::Digest chain_after{};
};

Sealed seal(const SegmentHeader& header, const JournalKeys& keys, Lsn first, std::size_t count,
            std::uint64_t seed = 3) {
  Sealed out;
  out.commands = sample_group(first, count, seed);
  PayloadDigester digester(keys);
  std::vector<Bytes> envelopes;
  std::vector<GroupItem> items;
  for (Command& command : out.commands) {
    for (const Payload& payload : command.payloads) {
      command.envelope.payload_digests.push_back(
          {payload.domain, payload.plain->size(), *digester.digest(payload.domain, *payload.plain)});
    }
    envelopes.push_back(encode_envelope(command.envelope));
  }
  for (std::size_t i = 0; i < count; ++i)
    items.push_back({out.commands[i].envelope.lsn, envelopes[i], out.commands[i].payloads});
  FileSealers sealers(keys, FileFamily::segment, header.salt);
  Buffer bytes;
  out.chain_after.fill(1);
  EXPECT_TRUE(seal_group(header, sealers, items, {first.value - 1}, out.chain_after, bytes));
  EXPECT_EQ(bytes.size(), sealed_group_bytes(items));
  out.bytes = to_bytes(bytes.view());
  return out;
}

void fix_checksums(Bytes& group) {
  store_le<std::uint32_t>(group.data() + 120, codec::crc32c(ByteView(group).subspan(kGroupHeaderBytes)));
  store_le<std::uint32_t>(group.data() + 124, codec::crc32c(ByteView(group).first(124)));
}

TEST(SegmentHeader, ComesBackAndEveryFlippedByteIsNoticed) {
  SegmentHeader header = sample_header();
  header.sealed_notes = Bytes(2064, 9);
  const Bytes block = encode_segment_header(header);
  ASSERT_EQ(block.size(), kBlockBytes);
  const auto back = decode_segment_header(block);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->vault, header.vault);
  EXPECT_EQ(back->history, header.history);
  EXPECT_EQ(back->epoch, header.epoch);
  EXPECT_EQ(back->number, header.number);
  EXPECT_EQ(back->salt, header.salt);
  EXPECT_EQ(back->suite, header.suite);
  EXPECT_EQ(back->first_lsn, header.first_lsn);
  EXPECT_EQ(back->chain_before, header.chain_before);
  EXPECT_EQ(back->time_before, header.time_before);
  EXPECT_EQ(back->sealed_notes, header.sealed_notes);
  for (std::size_t i = 0; i < block.size(); ++i) {
    Bytes flipped = block;
    flipped[i] ^= 0x10;
    ASSERT_FALSE(decode_segment_header(flipped)) << i;
  }
  EXPECT_FALSE(decode_segment_header(ByteView(block).first(100)));
}

TEST(SegmentHeader, ANewerFormatOrAnUnknownFeatureIsUnsupported) {
  for (const std::size_t at : {std::size_t{8}, std::size_t{20}}) {
    Bytes block = encode_segment_header(sample_header());
    block[at] = 1;
    store_le<std::uint32_t>(block.data() + kBlockBytes - 4, codec::crc32c(ByteView(block).first(kBlockBytes - 4)));
    EXPECT_EQ(decode_segment_header(block).error().kind, ErrorKind::unsupported) << at;
  }
  for (const std::size_t at : {std::size_t{10}, std::size_t{12}, std::size_t{16}}) {  // minor, compatible, read-only
    Bytes block = encode_segment_header(sample_header());
    block[at] = 1;
    store_le<std::uint32_t>(block.data() + kBlockBytes - 4, codec::crc32c(ByteView(block).first(kBlockBytes - 4)));
    EXPECT_TRUE(decode_segment_header(block)) << at;
  }
}

TEST(SegmentGroup, ComesBackWithItsChain) {
  for (const auto suite : {codec::SealSuite::aes256gcm, codec::SealSuite::none}) {
    const SampleKeys sample(sample_vault(), suite);
    const JournalKeys keys = sample.keys();
    const Sealed sealed = seal(sample_header(), keys, {10}, 5);
    EXPECT_EQ(sealed.bytes.size() % kBlockBytes, 0U);
    FileSealers sealers(keys, FileFamily::segment, sample_header().salt);
    const auto opened = open_group(sealed.bytes, sealers, true);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_EQ(opened->commands.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(opened->commands[i].command.envelope, sealed.commands[i].envelope);
      EXPECT_EQ(opened->commands[i].command.payloads, sealed.commands[i].payloads);
    }
    EXPECT_EQ(opened->chain_after, sealed.chain_after);
    EXPECT_EQ(opened->header.synced_lsn, Lsn{9});
    const auto bare = open_group(sealed.bytes, sealers, false);
    ASSERT_TRUE(bare);
    for (const auto& stored : bare->commands) {
      for (const auto& payload : stored.command.payloads) EXPECT_FALSE(payload.plain);
    }
  }
}

TEST(SegmentGroup, EveryFlippedByteIsNoticed) {
  const JournalKeys keys = SampleKeys().keys();
  const Sealed sealed = seal(sample_header(), keys, {10}, 3);
  FileSealers sealers(keys, FileFamily::segment, sample_header().salt);
  for (std::size_t i = 0; i < sealed.bytes.size(); ++i) {
    Bytes flipped = sealed.bytes;
    flipped[i] ^= 0x01;
    ASSERT_FALSE(open_group(flipped, sealers, true)) << i;
  }
}

TEST(SegmentGroup, AChangeWithRightChecksumsIsRefusedByTheSeal) {
  const JournalKeys keys = SampleKeys().keys();
  const Sealed sealed = seal(sample_header(), keys, {10}, 3);
  FileSealers sealers(keys, FileFamily::segment, sample_header().salt);
  const auto used = load_le<std::uint32_t>(sealed.bytes.data() + 84);
  for (std::size_t i = 8; i < used; i += i < 120 ? 1 : 5) {
    if (i >= 120 && i < 128) continue;  // the checksums themselves
    Bytes changed = sealed.bytes;
    changed[i] ^= 0x04;
    fix_checksums(changed);
    ASSERT_FALSE(open_group(changed, sealers, true)) << i;
  }
}

TEST(SegmentGroup, KeysOfAnotherSegmentDoNotOpenIt) {
  const JournalKeys keys = SampleKeys().keys();
  const Sealed sealed = seal(sample_header(), keys, {10}, 3);
  FileSealers others(keys, FileFamily::segment, sample_header(7, 4).salt);
  EXPECT_FALSE(open_group(sealed.bytes, others, true));
  FileSealers archives(keys, FileFamily::archive, sample_header().salt);
  EXPECT_FALSE(open_group(sealed.bytes, archives, true));
}

class SegmentScanTest : public testing::Test {
 protected:
  SegmentScanTest() : keys_(SampleKeys().keys()) {
    const Bytes block = encode_segment_header(sample_header());
    content_ = block;
    content_.insert(content_.end(), block.begin(), block.end());
  }
  void add(const SegmentHeader& header, Lsn first, std::size_t count) {
    const Sealed sealed = seal(header, keys_, first, count);
    offsets_.push_back(content_.size());
    content_.insert(content_.end(), sealed.bytes.begin(), sealed.bytes.end());
  }
  SegmentScan scan() {
    machine_.files.set_content("/s.wal", content_);
    const auto file = machine_.files.open("/s.wal", platform::OpenMode::read);
    const auto header = read_segment_header(**file, 7, keys_);
    EXPECT_TRUE(header);
    auto result = scan_segment(**file, *header);
    EXPECT_TRUE(result);
    return *result;
  }

  TestMachine machine_;
  JournalKeys keys_;
  Bytes content_;
  std::vector<std::size_t> offsets_;
};

TEST_F(SegmentScanTest, FindsAllGroupsAndACleanEnd) {
  for (std::uint64_t i = 0; i < 6; ++i) add(sample_header(), {10 + i * 3}, 3);
  content_.resize(content_.size() + 5 * kBlockBytes);
  const SegmentScan found = scan();
  ASSERT_EQ(found.groups.size(), 6U);
  EXPECT_EQ(found.groups.back().last(), Lsn{27});
  EXPECT_EQ(found.damaged_bytes, 0U);
  EXPECT_EQ(found.torn_bytes, 0U);
}

TEST_F(SegmentScanTest, GroupsOfAnEarlierLifeAreNotSeen) {
  add(sample_header(), {10}, 3);
  add(sample_header(6, 9), {13}, 3);
  add(sample_header(6, 9), {16}, 3);
  const SegmentScan found = scan();
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_EQ(found.damaged_bytes, 0U);
  EXPECT_EQ(found.torn_bytes, 0U);
}

TEST_F(SegmentScanTest, DamageInTheMiddleIsToldApartFromATornEnd) {
  for (std::uint64_t i = 0; i < 4; ++i) add(sample_header(), {10 + i * 3}, 3);
  const Bytes whole = content_;
  for (std::size_t victim = 0; victim < 4; ++victim) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{60}, std::size_t{300}}) {
      content_ = whole;
      content_[offsets_[victim] + at] ^= 0xFF;
      const SegmentScan found = scan();
      EXPECT_EQ(found.groups.size(), 3U);
      if (victim < 3) {
        EXPECT_GT(found.damaged_bytes, 0U);
        EXPECT_EQ(found.torn_bytes, 0U);
      } else {
        EXPECT_EQ(found.damaged_bytes, 0U);
        EXPECT_GT(found.torn_bytes, 0U);
      }
    }
  }
}

TEST_F(SegmentScanTest, WithBothHeadersGoneTheGroupsTellWhatTheSegmentIs) {
  add(sample_header(), {10}, 3);
  std::fill(content_.begin(), content_.begin() + kSegmentHeaderBytes, std::uint8_t{0xAA});
  const SegmentScan found = scan();
  EXPECT_EQ(found.groups.size(), 1U);
  std::fill(content_.begin(), content_.end(), std::uint8_t{0xAA});
  machine_.files.set_content("/s.wal", content_);
  const auto file = machine_.files.open("/s.wal", platform::OpenMode::read);
  EXPECT_EQ(read_segment_header(**file, 7, keys_).error().kind, ErrorKind::damaged);
}

TEST_F(SegmentScanTest, AGroupThatTheMediumGivesBackAtTheThirdTryIsNoDamage) {
  add(sample_header(), {10}, 3);
  machine_.files.set_content("/s.wal", content_);
  const auto file = machine_.files.open("/s.wal", platform::OpenMode::read);
  const auto found = scan_segment(**file, sample_header());
  ASSERT_TRUE(found);
  FileSealers sealers(keys_, FileFamily::segment, sample_header().salt);
  machine_.files.fail_next(platform::Operation::read, "/s.wal", ErrorKind::io, 2);
  EXPECT_TRUE(read_group(**file, found->groups[0], sealers, true));
  machine_.files.fail_next(platform::Operation::read, "/s.wal", ErrorKind::io, 3);
  const auto gone = read_group(**file, found->groups[0], sealers, true);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::damaged);
}

TEST_F(SegmentScanTest, ABlockTheMediumDoesNotGiveBackIsDamageNotTheEnd) {
  for (std::uint64_t i = 0; i < 4; ++i) add(sample_header(), {10 + i * 3}, 3);
  machine_.files.set_content("/s.wal", content_);
  const auto file = machine_.files.open("/s.wal", platform::OpenMode::read);
  const auto header = read_segment_header(**file, 7, keys_);
  machine_.files.fail_next(platform::Operation::read, "/s.wal", ErrorKind::io, 2);
  const auto found = scan_segment(**file, *header);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->groups.empty());
  EXPECT_EQ(found->groups.back().last(), Lsn{21});
}

}  // namespace
}  // namespace atl::journal
