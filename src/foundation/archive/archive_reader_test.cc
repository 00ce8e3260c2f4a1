// Archives made here byte by byte: entries and contents come out, damage is an error.
#include "foundation/archive/archive_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace atl::archive {
namespace {

// POSIX ustar: a header block, then the content in blocks.
std::string tar_of(const std::string& name, const std::string& content) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  const auto octal = [](std::size_t value, std::size_t digits) {
    std::string out;
    for (std::size_t i = 0; i < digits; ++i, value /= 8) out.insert(out.begin(), static_cast<char>('0' + value % 8));
    return out;
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, octal(content.size(), 11));
  put(136, octal(1'700'000'000, 11));
  put(148, "        ");
  put(156, name.ends_with('/') ? "5" : "0");
  put(257, "ustar");
  put(263, "00");
  std::size_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + '\0' + ' ');
  std::string body = content;
  body.resize((content.size() + 511) / 512 * 512);
  return block + body;
}

Result<Reader> open(const std::string& bytes, bool is_bare = false) {
  return Reader::open(
      [bytes](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
        const auto left = std::string_view(bytes).substr(std::min<std::size_t>(offset, bytes.size()));
        const std::size_t count = std::min(out.size(), left.size());
        std::copy_n(left.begin(), count, out.begin());
        return count;
      },
      bytes.size(), is_bare);
}

TEST(Archive, EntriesAndTheirContents) {
  auto reader = open(tar_of("d/", "") + tar_of("d/a.txt", "words") + std::string(1024, '\0'));
  ASSERT_TRUE(reader) << reader.error().message;
  const auto folder = reader->next();
  ASSERT_TRUE(folder && *folder);
  EXPECT_TRUE((*folder)->is_folder);
  const auto file = reader->next();
  ASSERT_TRUE(file && *file);
  EXPECT_EQ((*file)->path, "d/a.txt");
  EXPECT_TRUE((*file)->is_file);
  EXPECT_EQ((*file)->size, 5U);
  EXPECT_EQ((*file)->modified, (FileTime{1'700'000'000, 0}));
  Bytes out(100);
  const auto got = reader->read(out);
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(ByteView(out).first(*got)), "words");
  EXPECT_EQ(*reader->read(out), 0U);
  const auto end = reader->next();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST(Archive, WhatIsNoneIsAnError) {
  EXPECT_EQ(open("no archive at all, only words").error().id, "archive.malformed");
  EXPECT_TRUE(open("no archive at all, only words", true));
}

TEST(Archive, AFailingSourceIsToldAsItIs) {
  const auto reader = Reader::open(
      [](std::uint64_t, ByteSpan) -> Result<std::size_t> { return fail(ErrorKind::damaged, "pack.damaged", ""); }, 100);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().id, "pack.damaged");
}

TEST(Archive, OneThatIsCutOffEndsInAnError) {
  const std::string whole = tar_of("a", std::string(2000, 'x'));
  auto reader = open(whole.substr(0, 1000));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->next());
  Bytes out(4096);
  Result<std::size_t> got = std::size_t{1};
  while (got && *got > 0) got = reader->read(out);
  EXPECT_FALSE(got);
}

}  // namespace
}  // namespace atl::archive
