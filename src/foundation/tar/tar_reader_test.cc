#include "foundation/tar/tar_reader.h"

#include <gtest/gtest.h>

#include "foundation/tar/testing/tar_bytes.h"

namespace atl::tar {
namespace {

using testing::checked;
using testing::end_mark;
using testing::extended;
using testing::file;
using testing::header;
using testing::padded;
using testing::record;

struct Read {
  std::vector<Entry> entries;
  std::vector<std::string> contents;
  std::string error;  // id, or empty
};

// In pieces of `step` bytes, as they may come over a line.
Read read_all(const std::string& archive, std::size_t step = SIZE_MAX) {
  std::size_t at = 0;
  Reader reader([&](ByteSpan out) -> Result<std::size_t> {
    const std::size_t count = std::min({out.size(), step, archive.size() - at});
    std::copy_n(archive.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
    at += count;
    return count;
  });
  Read read;
  for (;;) {
    auto entry = reader.next();
    if (!entry) {
      read.error = entry.error().id;
      return read;
    }
    if (!*entry) return read;
    std::string content;
    for (;;) {
      const auto piece = reader.content();
      if (!piece) {
        read.error = piece.error().id;
        return read;
      }
      if (piece->empty()) break;
      content += as_text(*piece);
    }
    read.entries.push_back(std::move(**entry));
    read.contents.push_back(std::move(content));
  }
}

TEST(TarReader, FilesComeWithContentAndFactsHoweverTheBytesArrive) {
  const std::string archive = header({.name = "photos/", .type = '5', .mode = 0755}) + file("photos/a.txt", "sand") +
                              file("photos/empty", "") + file("photos/b.bin", std::string(300'000, 'b')) +
                              header({.name = "photos/link", .type = '2', .link_target = "a.txt"}) +
                              header({.name = "photos/twin", .type = '1', .link_target = "photos/a.txt"}) + end_mark();
  for (const std::size_t step : {std::size_t{1}, std::size_t{511}, std::size_t{4096}, SIZE_MAX}) {
    const Read read = read_all(archive, step);
    ASSERT_EQ(read.error, "");
    ASSERT_EQ(read.entries.size(), 6U);
    EXPECT_EQ(read.entries[0].kind, Kind::folder);
    EXPECT_EQ(read.entries[0].mode, 0755U);
    EXPECT_EQ(read.entries[1].name, "photos/a.txt");
    EXPECT_EQ(read.entries[1].size, 4U);
    EXPECT_EQ(read.entries[1].modified, (FileTime{1'700'000'000, 0}));
    EXPECT_EQ(read.entries[1].uid, 1000U);
    EXPECT_EQ(read.entries[1].gid, 100U);
    EXPECT_EQ(read.contents[1], "sand");
    EXPECT_EQ(read.contents[2], "");
    EXPECT_EQ(read.contents[3], std::string(300'000, 'b'));
    EXPECT_EQ(read.entries[4].kind, Kind::symlink);
    EXPECT_EQ(read.entries[4].link_target, "a.txt");
    EXPECT_EQ(read.entries[5].kind, Kind::hard_link);
  }
}

TEST(TarReader, ContentThatNobodyReadsIsPassedOver) {
  const std::string archive = file("a", std::string(100'000, 'a')) + file("b", "bb") + end_mark();
  std::size_t at = 0;
  Reader reader([&](ByteSpan out) -> Result<std::size_t> {
    const std::size_t count = std::min(out.size(), archive.size() - at);
    std::copy_n(archive.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
    at += count;
    return count;
  });
  ASSERT_TRUE(reader.next());
  const auto second = reader.next();
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->name, "b");
  EXPECT_EQ(as_text(*reader.content()), "bb");
}

TEST(TarReader, ExtendedHeadersOfPaxAreTaken) {
  const std::string value("a\nb=\0c", 6);
  const std::string records = record("path", "long/ä/" + std::string(300, 'n')) + record("mtime", "1700000000.25") +
                              record("SCHILY.xattr.user.note", value) + record("SCHILY.xattr.user.author", "Ada") +
                              record("ATOLL.meta.place", "Sylt") + record("uid", "3000000") + record("size", "5");
  const Read read = read_all(extended(records) + header({.name = "short", .size = 0}) + padded("hello") +
                             file("next", "x") + end_mark());
  ASSERT_EQ(read.error, "");
  ASSERT_EQ(read.entries.size(), 2U);
  const Entry& entry = read.entries[0];
  EXPECT_EQ(entry.name, "long/ä/" + std::string(300, 'n'));
  EXPECT_EQ(entry.modified, (FileTime{1'700'000'000, 250'000'000}));
  EXPECT_EQ(entry.uid, 3'000'000U);
  EXPECT_EQ(entry.size, 5U);
  EXPECT_EQ(read.contents[0], "hello");
  ASSERT_EQ(entry.attributes.size(), 2U);
  EXPECT_EQ(entry.attributes[0].first, "user.author");
  EXPECT_EQ(entry.attributes[1].second, to_bytes(as_bytes(value)));
  ASSERT_EQ(entry.records.size(), 1U);
  EXPECT_EQ(entry.records[0], (std::pair<std::string, std::string>{"ATOLL.meta.place", "Sylt"}));
  // They count for one entry.
  EXPECT_EQ(read.entries[1].name, "next");
  EXPECT_TRUE(read.entries[1].attributes.empty());
}

TEST(TarReader, GlobalHeadersSayWhenAndWhoAndNothingElse) {
  const Read read = read_all(extended(record("mtime", "-1.5") + record("path", "all") + record("comment", "c"), 'g') +
                             file("a", "1") + extended(record("mtime", "7")) + file("b", "2") + end_mark());
  ASSERT_EQ(read.error, "");
  ASSERT_EQ(read.entries.size(), 2U);
  EXPECT_EQ(read.entries[0].name, "a");
  EXPECT_EQ(read.entries[0].modified, (FileTime{-2, 500'000'000}));
  EXPECT_EQ(read.entries[1].modified, (FileTime{7, 0}));
}

TEST(TarReader, LongNamesAndLargeNumbersOfGnuAreTaken) {
  const std::string name(4000, 'n');
  const std::string target(200, 't');
  std::string large = header({.name = "cut", .type = '2', .is_ustar = false});
  // The owner in base 256, the time before 1970.
  large.replace(108, 8, std::string("\x80\0\0\0\0\x2D\xC6\xC0", 8));
  large.replace(136, 12, std::string(12, '\xFF'));
  const Read read =
      read_all(header({.name = "././@LongLink", .type = 'L', .size = name.size() + 1}) + padded(name + '\0') +
               header({.name = "././@LongLink", .type = 'K', .size = target.size() + 1}) + padded(target + '\0') +
               checked(large) + end_mark());
  ASSERT_EQ(read.error, "");
  ASSERT_EQ(read.entries.size(), 1U);
  EXPECT_EQ(read.entries[0].name, name);
  EXPECT_EQ(read.entries[0].link_target, target);
  EXPECT_EQ(read.entries[0].uid, 3'000'000U);
  EXPECT_EQ(read.entries[0].modified, (FileTime{-1, 0}));
}

TEST(TarReader, ThePrefixOfUstarStandsBeforeTheName) {
  std::string block = header({.name = "name"});
  block.replace(345, 6, "folder");
  const Read read = read_all(checked(block) + end_mark());
  ASSERT_EQ(read.entries.size(), 1U);
  EXPECT_EQ(read.entries[0].name, "folder/name");
}

TEST(TarReader, WhatCannotBeTakenIsRefusedByItself) {
  std::string sparse = header({.name = "sparse", .type = 'S', .size = 600, .is_ustar = false});
  sparse[482] = 1;  // one block more of its map
  const std::string archive = checked(sparse) + std::string(512, '\0') + padded(std::string(600, 's')) +
                              extended(record("GNU.sparse.major", "1") + record("GNU.sparse.name", "holes")) +
                              file("GNUSparse", "map") + header({.name = "tty", .type = '3'}) +
                              header({.name = "pipe", .type = '6'}) + header({.name = "part", .type = 'M', .size = 3}) +
                              padded("mmm") + header({.name = "odd", .type = 'Z', .size = 3}) + padded("zzz") +
                              header({.name = ""}) + file("good", "g") + end_mark();
  const Read read = read_all(archive);
  ASSERT_EQ(read.error, "");
  ASSERT_EQ(read.entries.size(), 8U);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_NE(read.entries[i].refusal, "") << read.entries[i].name;
    EXPECT_EQ(read.contents[i], "");
  }
  EXPECT_EQ(read.entries[1].name, "holes");
  EXPECT_EQ(read.entries[7].refusal, "");
  EXPECT_EQ(read.contents[7], "g");
}

TEST(TarReader, WhatIsNoTarIsRefused) {
  EXPECT_EQ(read_all("").error, "tar.broken_off");
  EXPECT_EQ(read_all(std::string(512, 'x')).error, "tar.malformed");
  std::string wrong = file("a", "1");
  wrong[0] = 'b';
  EXPECT_EQ(read_all(wrong + end_mark()).error, "tar.malformed");
  EXPECT_EQ(read_all(extended("6 a=\n") + file("a", "") + end_mark()).error, "tar.malformed") << "a wrong length";
  EXPECT_EQ(read_all(extended(record("size", "x")) + file("a", "") + end_mark()).error, "tar.malformed");
  EXPECT_EQ(read_all(extended(record("size", "9999999999999999999")) + file("a", "") + end_mark()).error,
            "tar.malformed");
  EXPECT_EQ(read_all(extended(record("path", "a")) + end_mark()).error, "tar.malformed") << "of nothing";
  std::string negative = header({.name = "a"});
  negative.replace(124, 12, std::string(12, '\xFF'));
  EXPECT_EQ(read_all(checked(negative) + end_mark()).error, "tar.malformed");
  EXPECT_EQ(read_all(header({.name = "x", .type = 'x', .size = 1U << 30U})).error, "tar.header_too_large");
  // Many small ones are one large one.
  std::string many;
  for (int i = 0; i < 3; ++i) many += extended(record("comment", std::string(400'000, 'c')));
  EXPECT_EQ(read_all(many).error, "tar.header_too_large");
}

TEST(TarReader, AnArchiveThatBreaksOffSaysSoAtEveryByte) {
  const std::string archive = extended(record("mtime", "1.5")) + file("a", "content") + file("b", "more");
  for (std::size_t length = 0; length <= archive.size(); ++length) {
    const Read read = read_all(archive.substr(0, length));
    ASSERT_EQ(read.error, "tar.broken_off") << length;
    EXPECT_LE(read.entries.size(), 2U);
  }
  // One block of zeros is an end, too, and what follows it is not looked at.
  EXPECT_EQ(read_all(archive + std::string(512, '\0')).error, "");
  EXPECT_EQ(read_all(archive + end_mark() + "anything").error, "");
}

}  // namespace
}  // namespace atl::tar
