#include "store/journal/internal/archive.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "store/journal/internal/archive_layout.h"
#include "store/journal/testing/journal_samples.h"

namespace atl::journal {
namespace {

using platform::TestMachine;

class ArchiveTest : public testing::Test {
 protected:
  explicit ArchiveTest(codec::SealSuite suite = codec::SealSuite::aes256gcm)
      : sample_(sample_vault(), suite), keys_(sample_.keys()) {}

  void write(Lsn first, std::size_t count, std::uint64_t block_bytes = 4096, const SampleShape& shape = {},
             ByteView notes = {}) {
    ArchiveHeader header;
    header.history.bytes.fill(4);
    header.epoch = 3;
    header.segment_number = 8;
    header.first = first;
    header.chain_before.fill(6);
    header.time_before = {5};
    name_ = {first, {first.value + count - 1}};
    path_ = "/" + archive_name(name_.first, name_.last);
    auto writer = ArchiveWriter::begin(machine_.machine(), keys_, path_, header, notes, block_bytes);
    ASSERT_TRUE(writer) << writer.error().message;
    PayloadDigester digester(keys_);
    written_ = sample_group(first, count, 3, shape);
    for (Command& command : written_) {
      for (const Payload& payload : command.payloads) {
        command.envelope.payload_digests.push_back(
            {payload.domain, payload.plain->size(), *digester.digest(payload.domain, *payload.plain)});
      }
      ASSERT_TRUE((*writer)->add({command, encode_envelope(command.envelope)}));
    }
    const auto footer = (*writer)->finish();
    ASSERT_TRUE(footer) << footer.error().message;
    footer_ = *footer;
  }
  Result<std::unique_ptr<ArchiveReader>> open() { return ArchiveReader::open(machine_.files, path_, name_, keys_); }
  // Commands that come back right; a wrong one fails the test.
  std::size_t count_right(const ArchiveReader& reader) {
    std::size_t right = 0;
    for (const ArchiveBlockPlace& block : reader.blocks()) {
      const auto commands = reader.read_block(block, true);
      if (!commands) continue;
      for (const StoredCommand& stored : *commands) {
        const Command& expected = written_[stored.command.envelope.lsn.value - name_.first.value];
        EXPECT_EQ(stored.command.envelope, expected.envelope);
        EXPECT_EQ(stored.command.payloads, expected.payloads);
        ++right;
      }
    }
    return right;
  }

  TestMachine machine_;
  SampleKeys sample_;
  JournalKeys keys_;
  ArchiveName name_{};
  std::string path_;
  std::vector<Command> written_;
  ArchiveFooter footer_;
};

class ClearArchiveTest : public ArchiveTest {
 protected:
  ClearArchiveTest() : ArchiveTest(codec::SealSuite::none) {}
};

TEST(ArchiveName, ComesBackAndStrangersAreRefused) {
  EXPECT_EQ(archive_name({1}, {42}), "00000000000000000001-00000000000000000042.jseg");
  const auto name = parse_archive_name(archive_name({7}, {900}));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->first, Lsn{7});
  EXPECT_EQ(name->last, Lsn{900});
  for (const char* bad :
       {"", "1-2.jseg", "00000000000000000002-00000000000000000001.jseg",
        "00000000000000000000-00000000000000000001.jseg", "00000000000000000001-00000000000000000042.jseg.tmp",
        "0000000000000000000x-00000000000000000042.jseg", "99999999999999999999-99999999999999999999.jseg"}) {
    EXPECT_FALSE(parse_archive_name(bad)) << bad;
  }
}

TEST_F(ArchiveTest, EverythingComesBack) {
  write({100}, 200, 4096, {}, to_bytes("notes"));
  const auto reader = open();
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_GT((*reader)->blocks().size(), 5U);
  EXPECT_EQ(count_right(**reader), 200U);
  EXPECT_EQ((*reader)->header().segment_number, 8U);
  EXPECT_EQ((*reader)->header().time_before, Timestamp{5});
  EXPECT_EQ((*reader)->footer().chain_after, footer_.chain_after);
  EXPECT_EQ((*reader)->footer().last_time, written_.back().envelope.commit_time);
  EXPECT_EQ((*reader)->notes(), to_bytes("notes"));
  EXPECT_TRUE((*reader)->check()->is_none());
}

TEST_F(ClearArchiveTest, WithoutEncryptionToo) {
  write({1}, 50);
  EXPECT_EQ(count_right(**open()), 50U);
}

TEST_F(ArchiveTest, ItCompresses) {
  write({1}, 50, 1 << 20, {20'000, 1});
  std::size_t plain = 0;
  for (const Command& command : written_) {
    for (const Payload& payload : command.payloads) plain += payload.plain->size();
  }
  EXPECT_LT(machine_.files.content(path_).size(), plain);
}

TEST_F(ArchiveTest, AnotherNameOrVaultIsRefused) {
  write({100}, 10);
  const Bytes content = machine_.files.content(path_);
  EXPECT_EQ(ArchiveReader::open(machine_.files, path_, {{101}, {109}}, keys_).error().kind, ErrorKind::damaged);
  EXPECT_EQ(ArchiveReader::open(machine_.files, path_, name_, SampleKeys(sample_vault(9)).keys()).error().kind,
            ErrorKind::wrong_key);
}

TEST_F(ArchiveTest, EveryFlippedByteIsHealedOrWithoutMeaning) {
  write({100}, 8);
  const Bytes whole = machine_.files.content(path_);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    machine_.files.flip_bits(path_, at, 0x20);
    const auto reader = open();
    ASSERT_TRUE(reader) << at << ": " << reader.error().message;
    ASSERT_EQ(count_right(**reader), 8U) << at;
    const auto damage = (*reader)->check();
    ASSERT_TRUE(damage);
    ASSERT_FALSE(damage->is_none()) << at;
    machine_.files.set_content(path_, whole);
  }
}

TEST_F(ArchiveTest, AnyDamaged64KiBCostsNothingAndRewritingRestoresEveryByte) {
  write({1}, 500, 64 * 1024, {4000, 2});
  const Bytes whole = machine_.files.content(path_);
  ASSERT_GT(whole.size(), 8U * 65536);
  for (std::size_t at = 0; at < whole.size(); at += 65536) {
    machine_.files.zero(path_, at, std::min<std::size_t>(65536, whole.size() - at));
    const auto reader = open();
    ASSERT_TRUE(reader) << at << ": " << reader.error().message;
    ASSERT_EQ(count_right(**reader), 500U) << at;
    ASSERT_TRUE((*reader)->rewrite(machine_.files, "/mended"));
    ASSERT_EQ(machine_.files.content("/mended"), whole) << at;
    machine_.files.set_content(path_, whole);
  }
}

TEST_F(ArchiveTest, BeyondParityWhatIsReadIsRightAndTheRestIsNamed) {
  write({1}, 300, 8 * 1024, {2000, 2});
  const Bytes whole = machine_.files.content(path_);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    platform::SeededRandom random(seed);
    for (std::uint64_t wounds = 2 + random.below(8); wounds-- > 0;) {
      const std::size_t length = 1 + random.below(40'000);
      const std::size_t at = random.below(whole.size());
      machine_.files.overwrite(path_, at, random.bytes(std::min(length, whole.size() - at)));
    }
    const auto reader = open();
    if (reader) {
      EXPECT_LE(count_right(**reader), 300U);
      for (const ArchiveBlockPlace& block : (*reader)->blocks()) {
        const auto commands = (*reader)->read_block(block, true);
        if (!commands) {
          EXPECT_EQ(commands.error().kind, ErrorKind::damaged);
          EXPECT_NE(commands.error().message.find("LSN " + std::to_string(block.first.value)), std::string::npos);
        }
      }
    } else {
      EXPECT_EQ(reader.error().kind, ErrorKind::damaged);
    }
    machine_.files.set_content(path_, whole);
  }
}

TEST_F(ArchiveTest, WithIndexAndParityGoneTheBlocksAreWalked) {
  write({1}, 300, 8 * 1024, {2000, 2});
  const Bytes whole = machine_.files.content(path_);
  const std::size_t index_at = footer_.index_offset;
  machine_.files.overwrite(path_, index_at, Bytes(whole.size() - index_at, 0x77));
  const auto reader = open();
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_FALSE((*reader)->has_index());
  EXPECT_EQ(count_right(**reader), 300U);
}

TEST_F(ArchiveTest, CutAnywhereItOpensWithDamageOrIsRefused) {
  write({1}, 60, 4096);
  const Bytes whole = machine_.files.content(path_);
  for (std::size_t size = 0; size < whole.size(); size += 997) {
    machine_.files.set_content(path_, ByteView(whole).first(size));
    const auto reader = open();
    if (reader) {
      EXPECT_LE(count_right(**reader), 60U);
    } else {
      EXPECT_EQ(reader.error().kind, ErrorKind::damaged);
    }
  }
}

TEST_F(ArchiveTest, SectionsSwappedBetweenArchivesOfOneVaultAreRefused) {
  write({1}, 20, 1 << 20);
  const Bytes first = machine_.files.content(path_);
  const ArchiveBlockPlace block = (*open())->blocks()[0];
  write({1}, 20, 1 << 20);  // the same commands under another salt: same lengths, same header but the salt
  Bytes mixed = machine_.files.content(path_);
  ASSERT_EQ(mixed.size(), first.size());
  std::copy_n(first.begin() + static_cast<std::ptrdiff_t>(block.offset), block.bytes,
              mixed.begin() + static_cast<std::ptrdiff_t>(block.offset));
  std::fill(mixed.begin() + static_cast<std::ptrdiff_t>(footer_.index_offset) + 1024, mixed.end(),
            std::uint8_t{0});  // no parity to heal it
  machine_.files.set_content(path_, mixed);
  const auto reader = open();
  if (reader) {
    EXPECT_EQ(count_right(**reader), 0U);
  }
}

TEST_F(ArchiveTest, ANewerFormatIsUnsupported) {
  ArchiveHeader header;
  header.first = {1};
  Bytes bytes = layout::encode_header(header);
  ASSERT_TRUE(layout::decode_header(bytes));
  for (const std::size_t at : {std::size_t{8}, std::size_t{20}}) {
    Bytes newer = bytes;
    newer[at] = 1;
    store_le<std::uint32_t>(newer.data() + newer.size() - 4, codec::crc32c(ByteView(newer).first(newer.size() - 4)));
    EXPECT_EQ(layout::decode_header(newer).error().kind, ErrorKind::unsupported);
  }
}

}  // namespace
}  // namespace atl::journal
