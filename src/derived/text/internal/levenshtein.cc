#include "derived/text/internal/levenshtein.h"

#include <algorithm>

#include "derived/text/internal/segment.h"
#include "derived/text/internal/words.h"

namespace atl::text::internal {
namespace {

// One line of distances for each letter of the word at hand, and the least of it.
class Lines {
 public:
  Lines(std::u32string wanted, unsigned distance_max) : wanted_(std::move(wanted)), distance_max_(distance_max) {
    lines_.emplace_back(wanted_.size() + 1);
    for (std::size_t i = 0; i <= wanted_.size(); ++i) lines_[0][i] = static_cast<unsigned>(i);
  }
  // Lines for `word`, whose letters but the first `shared` are new. How many letters it could take in: less than all of
  // them where no word that begins so is near enough.
  std::size_t enter(const std::u32string& word, std::size_t shared) {
    lines_.resize(std::min(lines_.size(), shared + 1));
    for (std::size_t row = lines_.size() - 1; row < word.size(); ++row) {
      std::vector<unsigned> line(wanted_.size() + 1);
      const std::vector<unsigned>& above = lines_.back();
      line[0] = static_cast<unsigned>(row + 1);
      unsigned least = line[0];
      for (std::size_t i = 1; i <= wanted_.size(); ++i) {
        const unsigned cost = wanted_[i - 1] == word[row] ? 0 : 1;
        line[i] = std::min({above[i] + 1, line[i - 1] + 1, above[i - 1] + cost});
        if (row > 0 && i > 1 && wanted_[i - 1] == word[row - 1] && wanted_[i - 2] == word[row]) {
          line[i] = std::min(line[i], lines_[row - 1][i - 2] + 1);
        }
        least = std::min(least, line[i]);
      }
      // Changed neighbours may still mend a line that is one too far.
      const bool hopeless = least > distance_max_ && *std::ranges::min_element(above) > distance_max_ - 1;
      lines_.push_back(std::move(line));
      if (hopeless) return row;
    }
    return word.size();
  }
  [[nodiscard]] unsigned distance() const { return lines_.back().back(); }

 private:
  std::u32string wanted_;
  unsigned distance_max_;
  std::vector<std::vector<unsigned>> lines_;
};

std::size_t letter_bytes(char32_t c) { return c < 0x80 ? 1 : (c < 0x800 ? 2 : (c < 0x10000 ? 3 : 4)); }

}  // namespace

Result<void> near_words(const Segment& segment, std::string_view word, unsigned distance_max,
                        const NearVisitor& visit) {
  Lines lines(code_points(word), distance_max);
  TermCursor cursor(segment);
  std::u32string before;
  ATOLL_ASSIGN(bool more, cursor.seek(Bytes{kWordSpace}));
  while (more) {
    const std::string_view key = as_text(cursor.key()).substr(1);
    const std::size_t end = std::min(key.find('\0'), key.size());
    const std::string_view candidate = key.substr(0, end);
    const std::u32string letters = code_points(candidate);
    std::size_t shared = 0;
    while (shared < std::min(before.size(), letters.size()) && before[shared] == letters[shared]) ++shared;
    const std::size_t taken = lines.enter(letters, shared);
    if (taken == letters.size()) {
      if (lines.distance() <= distance_max) {
        const std::string_view term = end < key.size() ? key.substr(end + 1) : std::string_view();
        visit({std::string(candidate), std::string(term.empty() ? candidate : term), lines.distance(),
               cursor.entry().count});
      }
      before = letters;
      ATOLL_ASSIGN(more, cursor.next());
      continue;
    }
    // Nothing that begins with these letters is near: behind all of it.
    std::size_t prefix_bytes = 0;
    for (std::size_t i = 0; i <= taken; ++i) prefix_bytes += letter_bytes(letters[i]);
    Bytes behind{kWordSpace};
    const ByteView prefix = as_bytes(candidate).first(std::min(prefix_bytes, candidate.size()));
    behind.insert(behind.end(), prefix.begin(), prefix.end());
    before = letters.substr(0, taken + 1);
    while (behind.size() > 1 && behind.back() == 0xFF) behind.pop_back();
    if (behind.size() == 1) return {};
    ++behind.back();
    ATOLL_ASSIGN(more, cursor.seek_from_here(behind));
  }
  return {};
}

}  // namespace atl::text::internal
