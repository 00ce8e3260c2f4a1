// Bytes of any character set become plain text; markup becomes tags and text.
#include "derived/extract/internal/plain_text.h"

#include <gtest/gtest.h>

#include <random>

#include "derived/extract/internal/markup.h"

namespace atl::extract {
namespace {

using namespace std::string_view_literals;

TEST(PlainText, ControlCharactersGoAndLineEndsAreOne) {
  EXPECT_EQ(to_plain("a\r\nb\rc\fd\x01\x7F\t"), "a\nb\nc\nd\t");
  EXPECT_EQ(to_plain("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(to_line("  a \n\t b  "), "a b");
  EXPECT_EQ(to_line("ääää", 5), "ää");
}

TEST(PlainText, CharacterSetsAreGuessed) {
  EXPECT_EQ(guess_utf8("\xFF\xFE\x61\0\xE4\0"sv), "aä");
  EXPECT_EQ(guess_utf8("\xFE\xFF\0\x61"sv), "a");
  EXPECT_EQ(guess_utf8("caf\xE9 \x80"), "café €");
  EXPECT_EQ(guess_utf8("\xEF\xBB\xBFx"), "x");
  EXPECT_EQ(from_utf16(as_bytes("\x3D\xD8\x00\xDE"sv), false), "😀");
  EXPECT_EQ(from_utf16(as_bytes("\x3D\xD8\x61\x00"sv), false),
            "\xEF\xBF\xBD"
            "a");
}

TEST(PlainText, TextIsToldFromWhatIsNone) {
  EXPECT_EQ(guess_text(as_bytes("caf\xC3\xA9\r\n\t\x1B[0m"sv), true), TextGuess::utf8);
  EXPECT_EQ(guess_text(as_bytes("caf\xC3\xA9 and many more letters, \xC3"sv), false), TextGuess::utf8) << "cut off";
  EXPECT_EQ(guess_text(as_bytes("caf\xC3\xA9 and many more letters, \xC3"sv), true), TextGuess::legacy);
  EXPECT_EQ(guess_text(as_bytes("caf\xE9 au lait"sv), true), TextGuess::legacy);
  EXPECT_EQ(guess_text(as_bytes("\xFF\xFE\x61\0"sv), true), TextGuess::utf16);
  EXPECT_EQ(guess_text(as_bytes("a\0b\0c\0d\0e\0"sv), true), TextGuess::utf16);
  EXPECT_EQ(guess_text(as_bytes("\0a\0b\0c\0d\0e"sv), true), TextGuess::utf16);
  EXPECT_EQ(guess_text(as_bytes("a\0b\0\x01\0d\0e\0"sv), true), TextGuess::binary) << "a control character in UTF-16";
  EXPECT_EQ(guess_text(as_bytes("a word, and one zero\0"sv), true), TextGuess::binary);
  std::string wide;
  for (int i = 0; i < 3000; ++i) wide += "w\0"sv;
  EXPECT_EQ(guess_text(as_bytes(wide), false), TextGuess::utf16);
  EXPECT_EQ(guess_text(as_bytes(wide + std::string(1, '\0') + "w"), false), TextGuess::binary)
      << "zeros on both sides, late";
  EXPECT_EQ(guess_text(as_bytes(std::string(2, '\0') + wide), false), TextGuess::binary) << "and early";
  EXPECT_EQ(guess_text(as_bytes("\xE9\xE8\xE7\xE6 a"sv), true), TextGuess::binary) << "no letters but broken ones";
  std::string rare(400, 'a');
  rare[100] = rare[200] = '\x02';
  EXPECT_EQ(guess_text(as_bytes(rare), true), TextGuess::utf8) << "one in two hundred may be strange";
  rare[300] = '\x02';
  EXPECT_EQ(guess_text(as_bytes(rare), true), TextGuess::binary);
}

TEST(PlainText, WhateverComesInIsPlain) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_TRUE(is_plain_text(to_plain(bytes)));
    EXPECT_TRUE(is_plain_text(to_plain(guess_utf8(bytes))));
    EXPECT_TRUE(is_plain_text(to_line(bytes, 7)));
  }
}

TEST(Markup, TagsTextAndEntities) {
  MarkupReader in("<a:b x='1' y:z=\"&quot;&#228;\"/>t&amp;&unknown;<![CDATA[<c>]]><!-- n --><d>", false);
  EXPECT_EQ(in.next(), MarkupReader::Kind::open);
  EXPECT_EQ(in.name(), "b");
  EXPECT_EQ(in.attribute("x"), "1");
  EXPECT_EQ(in.attribute("z"), "\"ä");
  EXPECT_EQ(in.next(), MarkupReader::Kind::close);
  EXPECT_EQ(in.next(), MarkupReader::Kind::text);
  EXPECT_EQ(in.text(), "t&&unknown;");
  EXPECT_EQ(in.next(), MarkupReader::Kind::text);
  EXPECT_EQ(in.text(), "<c>");
  EXPECT_EQ(in.next(), MarkupReader::Kind::open);
  EXPECT_EQ(in.next(), MarkupReader::Kind::end);
}

TEST(Markup, ScriptsHaveNoText) {
  MarkupReader in("<P>a<script>if (x < y) { '</b>' }</SCRIPT>b", true);
  std::string text;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next())
    if (kind == MarkupReader::Kind::text) text += in.text();
  EXPECT_EQ(text, "ab");
}

}  // namespace
}  // namespace atl::extract
