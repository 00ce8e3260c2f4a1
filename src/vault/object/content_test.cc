// Streams as chunks and back: every length around the borders, any sizes of pieces, lists of chunks, holes.
#include "vault/object/content.h"

#include <gtest/gtest.h>

#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using catalog::ContentReference;
using platform::SeededRandom;
using platform::TestMachine;

class Content : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
    chunks_ = vault_->chunks().new_writer(kDefaultDomain, chunk::Temperature::warm);
    writer_ = std::make_unique<ContentWriter>(*chunks_, kDefaultDomain, *vault_->gear(kDefaultDomain));
  }
  // `piece` 0: as much as there is room for.
  ContentReference write(ByteView bytes, codec::CutterNumber cutter, std::size_t piece,
                         std::optional<std::uint64_t> expected_bytes = std::nullopt) {
    writer_->begin(cutter, expected_bytes);
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), piece == 0 ? bytes.size() : piece);
      EXPECT_EQ(told(writer_->append(bytes.first(count))), "ok");
      bytes = bytes.subspan(count);
    }
    auto content = writer_->finish();
    EXPECT_EQ(told(content), "ok");
    return *content;
  }
  Bytes read(const ContentReference& content, std::uint64_t offset, std::uint64_t length) {
    Bytes bytes;
    const auto done = read_content(vault_->chunks(), content, offset, length, [&](ByteView part) -> Result<bool> {
      bytes.insert(bytes.end(), part.begin(), part.end());
      return true;
    });
    EXPECT_EQ(told(done), "ok");
    return bytes;
  }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<chunk::ChunkWriter> chunks_;
  std::unique_ptr<ContentWriter> writer_;
};

TEST_F(Content, EveryLengthAroundTheBordersComesBack) {
  const Bytes bytes = noise(1, 2 * kMiB + 200'000);
  for (const std::size_t border :
       {std::size_t{0}, kWholeContentBytesMax, std::size_t{128} * 1024, std::size_t{kMiB}, std::size_t{2} * kMiB}) {
    for (int delta = -2; delta <= 2; ++delta) {
      if (border == 0 && delta < 0) continue;
      const std::size_t length = border + static_cast<std::size_t>(static_cast<std::ptrdiff_t>(delta));
      SCOPED_TRACE(length);
      const ByteView part = ByteView(bytes).first(length);
      const ContentReference content = write(part, codec::CutterNumber::small, 0);
      EXPECT_EQ(content.length, length);
      if (length <= kWholeContentBytesMax) {
        EXPECT_EQ(content.cutter, static_cast<std::uint8_t>(codec::CutterNumber::whole));
        EXPECT_EQ(content.parts.size(), length == 0 ? 0U : 1U);
      }
      std::uint64_t sum = 0;
      for (const auto& one : content.parts) sum += one.length;
      EXPECT_EQ(sum, length);
      EXPECT_TRUE(equal(read(content, 0, length), part));
      EXPECT_TRUE(read(content, length, 10).empty());
      EXPECT_EQ(read(content, 0, UINT64_MAX).size(), length);
    }
  }
}

TEST_F(Content, WhatIsExpectedChangesNothingButMemory) {
  const Bytes bytes = noise(5, 2 * kMiB + 11);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{200'000}, bytes.size()}) {
    const ByteView part = ByteView(bytes).first(length);
    const ContentReference content = write(part, codec::CutterNumber::small, 0);
    for (const std::uint64_t expected : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{4096},
                                         std::uint64_t{4097}, std::uint64_t{kMiB}, UINT64_MAX}) {
      // A writer of its own each time: one that has had a large window keeps it.
      writer_ = std::make_unique<ContentWriter>(*chunks_, kDefaultDomain, *vault_->gear(kDefaultDomain));
      EXPECT_EQ(write(part, codec::CutterNumber::small, 0, expected), content) << length << " expected " << expected;
      EXPECT_EQ(write(part, codec::CutterNumber::small, 777, expected), content) << length << " expected " << expected;
    }
  }
}

TEST_F(Content, TheSameBytesGiveTheSameReferenceWhateverThePieces) {
  const Bytes bytes = noise(2, 3 * kMiB + 777);
  for (const codec::CutterNumber cutter : {codec::CutterNumber::small, codec::CutterNumber::large}) {
    const ContentReference whole = write(bytes, cutter, 0);
    for (const std::size_t piece :
         {std::size_t{1021}, std::size_t{4096}, std::size_t{100'000}, std::size_t{kMiB}, std::size_t{kMiB} + 1}) {
      EXPECT_EQ(write(bytes, cutter, piece), whole) << piece;
    }
    EXPECT_TRUE(equal(read(whole, 0, bytes.size()), bytes));
  }
}

TEST_F(Content, ALongContentStandsInListsAndIsReadFromAnywhere) {
  const Bytes bytes = noise(3, 5 * kMiB);
  const ContentReference content = write(bytes, codec::CutterNumber::small, 0);
  ASSERT_EQ(content.depth, 1);
  ASSERT_EQ(content.parts.size(), 1U);
  std::size_t lists = 0;
  std::size_t pieces = 0;
  ASSERT_EQ(told(for_each_chunk(vault_->chunks(), content,
                                [&](const ChunkId&, bool is_list) -> Result<bool> {
                                  (is_list ? lists : pieces)++;
                                  return true;
                                })),
            "ok");
  EXPECT_EQ(lists, 1U);
  EXPECT_GT(pieces, kPartsInReferenceMax);
  SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t offset = random.below(bytes.size());
    const std::uint64_t length = random.below(300'000);
    const std::uint64_t there = std::min<std::uint64_t>(length, bytes.size() - offset);
    ASSERT_TRUE(equal(read(content, offset, length), ByteView(bytes).subspan(offset, there)))
        << offset << " " << length;
  }
}

TEST_F(Content, AVisitorThatHasEnoughEndsTheReading) {
  const ContentReference content = write(noise(4, 2 * kMiB), codec::CutterNumber::small, 0);
  int visits = 0;
  ASSERT_TRUE(read_content(vault_->chunks(), content, 0, content.length,
                           [&](ByteView) -> Result<bool> { return ++visits < 3; }));
  EXPECT_EQ(visits, 3);
}

TEST_F(Content, AMissingChunkIsAnErrorThatSaysSo) {
  ContentReference content = write(noise(5, 200'000), codec::CutterNumber::small, 0);
  content.parts.back().chunk.bytes[5] ^= 1;
  const auto read =
      read_content(vault_->chunks(), content, 0, content.length, [](ByteView) -> Result<bool> { return true; });
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().kind == ErrorKind::not_found || read.error().kind == ErrorKind::damaged);
}

TEST_F(Content, AListWhereThereIsDataIsDamageNotData) {
  ContentReference content = write(noise(6, 200'000), codec::CutterNumber::small, 0);
  const std::uint64_t length = content.length;
  content.parts.resize(1);
  content.parts.front().length = length;
  content.depth = 1;
  const auto read = read_content(vault_->chunks(), content, 0, length, [](ByteView) -> Result<bool> { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().id, "content.list_damaged");
  content.depth = 200;
  EXPECT_EQ(
      read_content(vault_->chunks(), content, 0, length, [](ByteView) -> Result<bool> { return true; }).error().id,
      "content.too_deep");
}

TEST_F(Content, HolesReadAsZerosFromAnyPlace) {
  SeededRandom random(7);
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // Data and holes in turn; sometimes a hole first or last.
    catalog::VersionRow version;
    Bytes seen;
    Bytes stored;
    bool is_hole = random.one_in(2);
    const std::uint64_t parts = 1 + random.below(7);
    for (std::uint64_t i = 0; i < parts; ++i, is_hole = !is_hole) {
      const std::size_t length = 1 + random.below(round % 2 == 0 ? 90'000 : 900);
      if (is_hole) {
        version.holes.push_back({seen.size(), length});
        seen.resize(seen.size() + length);
      } else {
        const Bytes data = random.bytes(length);
        stored.insert(stored.end(), data.begin(), data.end());
        seen.insert(seen.end(), data.begin(), data.end());
      }
    }
    version.size = seen.size();
    version.content = write(stored, codec::CutterNumber::small, 0);
    const auto whole = bytes_of(*vault_, version);
    ASSERT_EQ(told(whole), "ok");
    ASSERT_TRUE(*whole == seen);
    for (int i = 0; i < 50; ++i) {
      const std::uint64_t offset = random.below(seen.size());
      const std::uint64_t length = random.below(seen.size() + 10);
      Bytes part;
      ASSERT_TRUE(read_version(vault_->chunks(), version, offset, length, [&](ByteView piece) -> Result<bool> {
        part.insert(part.end(), piece.begin(), piece.end());
        return true;
      }));
      const std::uint64_t there = std::min<std::uint64_t>(length, seen.size() - offset);
      ASSERT_TRUE(equal(part, ByteView(seen).subspan(offset, there))) << offset << " " << length;
    }
  }
}

TEST(ContentNames, MediaAndLargeFilesGetTheLargeCutter) {
  EXPECT_EQ(choose_cutter(0, "a.txt"), codec::CutterNumber::small);
  EXPECT_EQ(choose_cutter(0, "holiday.MP4"), codec::CutterNumber::large);
  EXPECT_EQ(choose_cutter(0, "model.safetensors"), codec::CutterNumber::large);
  EXPECT_EQ(choose_cutter(kLargeCutterFromBytes - 1, "disk.img"), codec::CutterNumber::small);
  EXPECT_EQ(choose_cutter(kLargeCutterFromBytes, "disk.img"), codec::CutterNumber::large);
  EXPECT_EQ(choose_cutter(0, ""), codec::CutterNumber::small);
  EXPECT_EQ(choose_cutter(0, "ends with ."), codec::CutterNumber::small);
}

TEST(ContentNames, LargePlainArchivesAndTextKeepTheSmallCutter) {
  const auto large = codec::CutterNumber::large;
  const auto small = codec::CutterNumber::small;
  const auto first = [](std::size_t at, const std::string& magic) {
    Bytes bytes(kFirstBytesLookedAt);
    std::copy(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return bytes;
  };
  const std::string stored_zip("PK\3\4\x14\0\0\0\0\0", 10);
  const std::string deflated_zip("PK\3\4\x14\0\0\0\x08\0", 10);
  const std::uint64_t size = kLargeCutterFromBytes;
  EXPECT_EQ(choose_cutter(size, "a.tar", first(257, "ustar")), small);
  EXPECT_EQ(choose_cutter(size, "any name", first(257, "ustar")), small);
  EXPECT_EQ(choose_cutter(size, "a", first(0, "070701")), small);
  EXPECT_EQ(choose_cutter(size, "a", first(0, stored_zip)), small);
  EXPECT_EQ(choose_cutter(size, "a", first(0, deflated_zip)), large);
  EXPECT_EQ(choose_cutter(size, "mail", to_bytes("From me@example.org Sat Jan  3\nSubject: caf\xE9\n")), small);
  EXPECT_EQ(choose_cutter(size, "a.csv", to_bytes("a;b\r\n1;2\r\n")), small);
  EXPECT_EQ(choose_cutter(size, "a.csv", first(0, "a;b\n")), large);  // zeros are no text
  EXPECT_EQ(choose_cutter(size, "a", noise(1, kFirstBytesLookedAt)), large);
  EXPECT_EQ(choose_cutter(kSmallCutterUpToBytes, "a.tar", first(257, "ustar")), small);
  EXPECT_EQ(choose_cutter(kSmallCutterUpToBytes + 1, "a.tar", first(257, "ustar")), large);
  // The name's ending comes first: what is compressed shares no small pieces, whatever it begins with.
  EXPECT_EQ(choose_cutter(size, "a.tgz", first(257, "ustar")), large);
  EXPECT_FALSE(wants_first_bytes(size, "a.tgz"));
  EXPECT_FALSE(wants_first_bytes(size - 1, "a.tar"));
  EXPECT_TRUE(wants_first_bytes(size, "a.tar"));
}

}  // namespace
}  // namespace atl::vault
