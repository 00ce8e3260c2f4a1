#include "derived/text/internal/words.h"

#include <gtest/gtest.h>
#include <unicode/brkiter.h>
#include <unicode/unistr.h>

#include "foundation/platform/testing/test_machine.h"

namespace atl::text::internal {
namespace {

std::string terms(std::string_view text, Language language = Language::none) {
  Words words;
  std::string out;
  std::vector<Piece> pieces;
  words.splitter().split(text, [&](const Surface& surface) {
    words.pieces(text.substr(surface.begin, surface.end - surface.begin), surface.is_gram, language, pieces);
    for (const Piece& piece : pieces) out += (out.empty() ? "" : " ") + piece.term + (piece.stays ? "=" : "");
  });
  return out;
}

TEST(Words, AreFoldedStemmedAndTakenApart) {
  EXPECT_EQ(terms("The Boilers", Language::english), "the boiler");
  EXPECT_EQ(terms("Höhere Häuser", Language::german), "hoh haus");
  EXPECT_EQ(terms("getUserName XMLParser iPhone MAX"),
            "getusername= get user name xmlparser= xml parser iphone= i phone max");
  EXPECT_EQ(terms("get_user foo.bar 3.14 e.g. 10:30"), "get user foo bar 3 14 e g 10 30");
  EXPECT_EQ(terms("don't don\u2019t John's l'homme l\u2019homme"), "don't don't john l homme l homme");
  EXPECT_EQ(terms("東京タワー 猫"), "東京 京タ タワ ワー ー 猫");
  EXPECT_EQ(terms("한국어 שלום عربى"), "한국어 שלום عربى");
  EXPECT_EQ(terms("\xff\xfe broken\xc3 text \xe6\x9d"), "broken text");
  EXPECT_EQ(terms(std::string(300, 'x') + " y"), "y");
  EXPECT_EQ(terms("naïve CAFÉ Ærø łódź İstanbul й"), "naive cafe aero lodz istanbul и");
}

TEST(Words, KeywordsAndGrams) {
  EXPECT_EQ(Words::fold("Größe"), "grosse");
  const auto grams = grams_of("aéb東");
  ASSERT_EQ(grams.size(), 4U);
  EXPECT_EQ(grams[0], "aéb");
  EXPECT_EQ(grams[1], "éb東");
  EXPECT_EQ(grams[3], "東");
  EXPECT_EQ(cut_text("aé", 2), "a");
  EXPECT_EQ(code_points("aé東\xff").size(), 4U);
}

// The rules of the annex, as ICU has them, for letters, digits and marks (scripts without spaces are ours to divide).
TEST(Words, BeginAndEndWhereIcuSaysSo) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> breaker(
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  ASSERT_TRUE(U_SUCCESS(status));
  constexpr std::array<std::string_view, 20> letters{"a",      "Z", "é", "ß", "7", "0", "_", ".", ",",      ";",
                                                     "\u00b7", "'", "’", " ", "-", "й", "ж", "ع", "\u0301", "("};
  platform::SeededRandom random(11);
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    for (std::uint64_t i = 1 + random.below(14); i > 0; --i) text += letters.at(random.below(letters.size()));
    // A word has a letter or digit; ICU's own status is that of a word's last sign, which may be a joiner.
    const auto counts = [](const std::string& word) {
      return word.find_first_not_of("_.,;'- (\xc2\xb7\xe2\x80\x99\xcc\x81") != std::string::npos;
    };
    std::vector<std::string> expected;
    const auto wide = icu::UnicodeString::fromUTF8(text);
    breaker->setText(wide);
    std::int32_t from = breaker->first();
    for (std::int32_t to = breaker->next(); to != icu::BreakIterator::DONE; from = to, to = breaker->next()) {
      std::string word;
      wide.tempSubStringBetween(from, to).toUTF8String(word);
      if (counts(word)) expected.push_back(word);
    }
    std::vector<std::string> got;
    Splitter().split(text, [&](const Surface& surface) {
      const std::string word = text.substr(surface.begin, surface.end - surface.begin);
      if (counts(word)) got.push_back(word);
    });
    ASSERT_EQ(got, expected) << text;
  }
}

}  // namespace
}  // namespace atl::text::internal
