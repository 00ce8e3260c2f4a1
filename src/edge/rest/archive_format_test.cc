// Field by field; that others read them whole is tested with Python's zipfile and tarfile in tests/e2e/rest_test.py.
#include "edge/rest/archive_format.h"

#include <gtest/gtest.h>

#include "foundation/codec/crc.h"

namespace atl::rest {
namespace {

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  return load_le<T>(as_bytes(bytes).subspan(offset, sizeof(T)).data());
}

std::string written(ArchiveFormat& format, const std::vector<std::pair<ArchiveEntry, std::string>>& files) {
  std::string out;
  for (const auto& [entry, content] : files) {
    format.begin(entry, out);
    out += content;
    format.content(as_bytes(content));
    format.end(entry, out);
  }
  format.finish(out);
  return out;
}

ArchiveEntry file(std::string name, std::uint64_t size) {
  ArchiveEntry entry;
  entry.name = std::move(name);
  entry.size = size;
  entry.modified = {1'719'828'001, 0};  // 2024-07-01T10:00:01Z
  return entry;
}

TEST(ArchiveFormat, AZipNamesItsFilesTwiceAndEndsWithItsDirectory) {
  const std::string zip = written(*zip_format(), {{file("a.txt", 3), "abc"}, {file("\xC3\xA4", 0), ""}});
  EXPECT_EQ(at<std::uint32_t>(zip, 0), 0x04034b50U);
  EXPECT_EQ(at<std::uint16_t>(zip, 6), 0x0808U);      // sizes again behind it, UTF-8
  EXPECT_EQ(at<std::uint16_t>(zip, 8), 0U);           // stored
  EXPECT_EQ(at<std::uint16_t>(zip, 10), 10U << 11U);  // 10:00:00
  EXPECT_EQ(at<std::uint16_t>(zip, 12), (44U << 9U) | (7U << 5U) | 1U);
  EXPECT_EQ(at<std::uint32_t>(zip, 18), 3U);
  const std::size_t content_at = 30 + 5 + at<std::uint16_t>(zip, 28);
  EXPECT_EQ(zip.substr(content_at, 3), "abc");
  EXPECT_EQ(at<std::uint32_t>(zip, content_at + 3), 0x08074b50U);
  EXPECT_EQ(at<std::uint32_t>(zip, content_at + 7), codec::crc32(as_bytes(std::string_view("abc"))));
  const std::size_t end = zip.size() - 22;
  EXPECT_EQ(at<std::uint32_t>(zip, end), 0x06054b50U);
  EXPECT_EQ(at<std::uint16_t>(zip, end + 10), 2U);
  const std::size_t directory = at<std::uint32_t>(zip, end + 16);
  EXPECT_EQ(at<std::uint32_t>(zip, directory), 0x02014b50U);
  EXPECT_EQ(at<std::uint32_t>(zip, directory + 42), 0U);  // of the first file
  EXPECT_EQ(directory + at<std::uint32_t>(zip, end + 12), end);
}

TEST(ArchiveFormat, WhatDoesNotFitInto32BitsStandsInZip64Fields) {
  const auto format = zip_format();
  std::string out;
  const std::uint64_t huge = 5ULL << 30U;
  const ArchiveEntry entry = file("huge", huge);
  format->begin(entry, out);
  EXPECT_EQ(at<std::uint32_t>(out, 18), 0xFFFFFFFFU);
  EXPECT_EQ(at<std::uint16_t>(out, 34), 1U);
  EXPECT_EQ(at<std::uint64_t>(out, 38), huge);
  out.clear();
  format->end(entry, out);
  EXPECT_EQ(out.size(), 24U);
  EXPECT_EQ(at<std::uint64_t>(out, 8), huge);
  out.clear();
  format->begin(file("behind", 0), out);
  format->end(file("behind", 0), out);
  out.clear();
  format->finish(out);
  EXPECT_NE(out.find("PK\x06\x06"), std::string::npos);  // zip64 end of central directory
  EXPECT_NE(out.find("PK\x06\x07"), std::string::npos);
  EXPECT_EQ(at<std::uint32_t>(out, out.size() - 6), 0xFFFFFFFFU);
}

TEST(ArchiveFormat, ATarIsMadeOfWholeBlocksWithTheirSums) {
  const std::string tar = written(*tar_format(), {{file("a.txt", 3), "abc"}, {file(std::string(150, 'x'), 0), ""}});
  EXPECT_EQ(tar.size() % 512, 0U);
  EXPECT_EQ(tar.substr(257, 5), "ustar");
  EXPECT_EQ(tar.substr(124, 11), "00000000003");
  std::string header = tar.substr(0, 512);
  const std::string sum = header.substr(148, 6);
  header.replace(148, 8, 8, ' ');
  unsigned wanted = 0;
  for (const char c : header) wanted += static_cast<unsigned char>(c);
  EXPECT_EQ(std::stoul(sum, nullptr, 8), wanted);
  EXPECT_EQ(tar.substr(512, 3), "abc");
  EXPECT_NE(tar.find("160 path=" + std::string(150, 'x') + "\n"), std::string::npos);
  EXPECT_EQ(tar.substr(tar.size() - 1024), std::string(1024, '\0'));
}

TEST(ArchiveFormat, ATarKeepsTimesBefore1970) {
  ArchiveEntry old = file("old", 0);
  old.modified = {-2, 500'000'000};
  EXPECT_NE(written(*tar_format(), {{old, ""}}).find("mtime=-1.500000000\n"), std::string::npos);
  old.modified = {-2, 0};
  EXPECT_NE(written(*tar_format(), {{old, ""}}).find("mtime=-2.000000000\n"), std::string::npos);
}

TEST(ArchiveFormat, NamesDoNotLeadOutOfTheirFolder) {
  EXPECT_EQ(safe_name("a/b.txt"), "a/b.txt");
  EXPECT_EQ(safe_name("/etc/passwd"), "etc/passwd");
  EXPECT_EQ(safe_name("../../x"), "__/__/x");
  EXPECT_EQ(safe_name("a/../b"), "a/__/b");
  EXPECT_EQ(safe_name("a//./b/"), "a/_/_/b/");
  EXPECT_EQ(safe_name("a\\..\\b"), "a_.._b");
  EXPECT_EQ(safe_name("//"), "_/");
  EXPECT_EQ(safe_name(".."), "__");
}

}  // namespace
}  // namespace atl::rest
