// Words, dates and values of header fields.
#include "foundation/mail/header.h"

#include <gtest/gtest.h>

namespace atl::mail {
namespace {

TEST(MailHeader, WordsOfRfc2047) {
  CharacterSets sets;
  sets.open_all();
  EXPECT_EQ("Jürgen <j@x>", decode_words("=?utf-8?q?J=C3=BCrgen?= <j@x>", sets));
  EXPECT_EQ("Grüße", decode_words("=?ISO-8859-1?Q?Gr=FC=DFe?=", sets));
  EXPECT_EQ("Привет", decode_words("=?koi8-r?B?8NLJ18XU?=", sets));
  EXPECT_EQ("ab", decode_words("=?utf-8?q?a?=\t =?utf-8?b?Yg==?=", sets));
  EXPECT_EQ("a b", decode_words("=?utf-8?q?a_b?=", sets));
  for (const char* kept :
       {"=?utf-8?q?a", "=?nothing?q?a?=", "=?utf-8?x?a?=", "=?", "=?utf-8?q?=GG?=", "=?utf-8?q?=ff?="})
    EXPECT_EQ(kept, decode_words(kept, sets));
}

TEST(MailHeader, Dates) {
  const auto seconds = [](const char* text) { return parse_mail_date(text).value_or(FileTime{-1, 0}).seconds; };
  EXPECT_EQ(1'704'099'600, seconds("Mon, 1 Jan 2024 10:00:00 +0100"));
  EXPECT_EQ(1'704'099'600, seconds("1 Jan 2024 09:00 GMT"));
  EXPECT_EQ(1'704'099'600, seconds("Mon, 1 Jan 24 04:00:00 EST (winter)"));
  EXPECT_EQ(-1, seconds("yesterday"));
  EXPECT_EQ(-1, seconds("Mon, 99 Jan 2024 10:00:00 +0100"));
  EXPECT_EQ(-1, seconds("Mon, 1 Foo 2024 10:00:00 +0100"));
  EXPECT_FALSE(is_from_line("From here on"));
  EXPECT_TRUE(is_from_line("From 123@xxx Mon Jan 01 00:00:00 +0000 2020"));
}

TEST(MailHeader, ValuesAreUnfoldedAndFoundWhateverTheCase) {
  const std::string headers = "SUBJECT: one\r\n\ttwo\r\nX-Other: three\r\n";
  EXPECT_EQ("one two", header_value(headers, "subject"));
  EXPECT_EQ("three", header_value(headers, "x-other"));
  EXPECT_EQ("", header_value(headers, "to"));
}

}  // namespace
}  // namespace atl::mail
