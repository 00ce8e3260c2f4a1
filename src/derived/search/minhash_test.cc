#include "derived/search/minhash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "foundation/platform/testing/test_machine.h"

namespace atl::search {
namespace {

std::string word(std::uint64_t number) { return "w" + std::to_string(number); }

TextSketch sketch(const std::string& text) {
  const std::string_view piece = text;
  return sketch_of({&piece, 1}).value();
}

// The share of four words in a row that both have.
double true_similarity(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto shingles = [](const std::vector<std::string>& words) {
    std::set<std::string> all;
    for (std::size_t i = 0; i + kShingleWords <= words.size(); ++i) {
      std::string one;
      for (std::size_t j = 0; j < kShingleWords; ++j) one += words[i + j] + " ";
      all.insert(one);
    }
    return all;
  };
  const auto one = shingles(a);
  const auto other = shingles(b);
  std::size_t both = 0;
  for (const auto& shingle : one) both += other.count(shingle);
  return static_cast<double>(both) / static_cast<double>(one.size() + other.size() - both);
}

std::string text_of(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& one : words) out += one + " ";
  return out;
}

TEST(MinHash, EstimatesTheShareOfWhatIsTheSame) {
  platform::SeededRandom random(7);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> words;
    for (int i = 0; i < 500; ++i) words.push_back(word(random.below(5'000)));
    std::vector<std::string> changed = words;
    for (int i = 0; i < round * 2; ++i) changed[random.below(changed.size())] = word(random.below(5'000));
    // Five standard deviations of 128 draws.
    EXPECT_NEAR(similarity(sketch(text_of(words)), sketch(text_of(changed))), true_similarity(words, changed), 0.22);
  }
}

TEST(MinHash, CandidatesShareABandWhereTheyAreAlike) {
  platform::SeededRandom random(8);
  int alike = 0, alike_found = 0, unlike_found = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::string> words;
    for (int i = 0; i < 400; ++i) words.push_back(word(random.below(100'000)));
    std::vector<std::string> near = words;
    for (int i = 0; i < 5; ++i) near[random.below(near.size())] = "changed";
    std::vector<std::string> other;
    for (int i = 0; i < 400; ++i) other.push_back(word(random.below(100'000)));
    const auto shares = [](const TextSketch& a, const TextSketch& b) {
      const auto one = band_hashes(a), two = band_hashes(b);
      for (std::size_t i = 0; i < kSketchBands; ++i) {
        if (one[i] == two[i]) return true;
      }
      return false;
    };
    const auto of_words = sketch(text_of(words));
    if (true_similarity(words, near) >= 0.9) {
      ++alike;
      alike_found += shares(of_words, sketch(text_of(near))) ? 1 : 0;
    }
    unlike_found += shares(of_words, sketch(text_of(other))) ? 1 : 0;
  }
  EXPECT_GT(alike, 300);
  EXPECT_EQ(alike_found, alike);
  EXPECT_EQ(unlike_found, 0);
}

TEST(MinHash, CaseBlanksAndSignsDoNotMatterAndTheOrderOfWordsDoes) {
  const std::string text =
      "The ferry leaves at noon from the old harbour, and whoever comes late waits for the next one until the evening.";
  const std::string same =
      "the FERRY leaves\nat noon - from \"the old harbour\" and whoever comes late \u2013 waits (for the next one) "
      "until "
      "the evening";
  EXPECT_EQ(sketch(text), sketch(same));
  const std::string turned =
      "evening the until one next the for waits late comes whoever and harbour old the from noon at leaves ferry The";
  EXPECT_LT(similarity(sketch(text), sketch(turned)), 0.2);
  // As pieces, too.
  const std::vector<std::string_view> pieces{std::string_view(text).substr(0, 20), std::string_view(text).substr(20)};
  EXPECT_EQ(sketch_of(pieces), sketch(text));
}

TEST(MinHash, WritingWithoutBlanksIsTakenCharacterByCharacter) {
  const std::string text = "東京都は日本の首都であり、世界最大の都市圏の一つです。";
  const std::string changed = "東京都は日本の首都であり、世界最大の都市圏の一つでした。";
  EXPECT_GT(similarity(sketch(text), sketch(changed)), 0.6);
}

TEST(MinHash, TooLittleTextHasNone) {
  const std::string_view few = "only a few words stand here";
  EXPECT_FALSE(sketch_of({&few, 1}));
  EXPECT_FALSE(sketch_of({}));
  // Cut in the middle of a character.
  const std::string_view torn = "\xE3\x81";
  EXPECT_FALSE(sketch_of({&torn, 1}));
}

}  // namespace
}  // namespace atl::search
