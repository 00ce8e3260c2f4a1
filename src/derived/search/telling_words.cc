#include "derived/search/telling_words.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "derived/search/names.h"

namespace atl::search {
namespace {

constexpr std::size_t kBeginningBytes = 2'000;
// Of these the most telling are chosen: the most frequent in the text.
constexpr std::size_t kCandidatesMax = 400;
constexpr std::size_t kWordBytesMin = 3;
constexpr std::size_t kWordBytesMax = 60;
// A title's word counts like so many in the text.
constexpr double kTitleCount = 4;

class WordCounts {
 public:
  void add(std::string_view text, double weight) {
    text = text.substr(0, kTellingBytesMax - std::min(kTellingBytesMax, read_));
    read_ += text.size();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      while (at < text.size() && is_word_byte(text[at])) ++at;
      if (at - begin >= kWordBytesMin && at - begin <= kWordBytesMax) add_word(text.substr(begin, at - begin), weight);
      if (at == begin) ++at;
    }
  }
  // The most frequent first.
  [[nodiscard]] std::vector<std::pair<std::string, double>> most_frequent() const {
    std::vector<std::pair<std::string, double>> all(counts_.begin(), counts_.end());
    std::ranges::stable_sort(all, [](const auto& a, const auto& b) { return a.second > b.second; });
    if (all.size() > kCandidatesMax) all.resize(kCandidatesMax);
    return all;
  }

 private:
  void add_word(std::string_view word, double weight) { counts_[lower(word)] += weight; }
  std::map<std::string, double> counts_;
  std::size_t read_ = 0;
};

void append_line(std::string& text, std::string_view more) {
  if (text.size() >= kBeginningBytes) return;
  text += beginning_of(more, kBeginningBytes - text.size());
  text += '\n';
}

}  // namespace

Result<TellingWords> telling_words(const text::TextIndex& index, const catalog::Listed& listed,
                                   const extract::Extraction* extraction) {
  TellingWords out;
  WordCounts counts;
  counts.add(last_part(listed.entry.key), 1);
  for (const auto& [tag, value] : listed.version.tags) counts.add(tag + " " + value, kTitleCount);
  for (const auto& [name, value] : listed.version.metadata) {
    if (!name.starts_with("header:")) counts.add(value, 1);
  }
  counts.add(listed.version.description, 1);
  if (extraction != nullptr) {
    for (const auto& field : extraction->fields) {
      const bool is_title = field.name == "title" || field.name == "subject" || field.name == "keywords";
      counts.add(field.value, is_title ? kTitleCount : 1);
      if (is_title || field.name == "description") append_line(out.beginning, field.value);
    }
    for (const auto& piece : extraction->pieces) {
      counts.add(piece.text, 1);
      append_line(out.beginning, piece.text);
    }
  }
  const auto candidates = counts.most_frequent();
  std::vector<std::string> words;
  for (const auto& [word, count] : candidates) words.push_back(word);
  ATOLL_ASSIGN(const auto documents, index.document_counts(words));
  const auto all = static_cast<double>(index.stats().documents);
  for (std::size_t i = 0; i < words.size(); ++i) {
    // What stands in this one alone leads nowhere.
    if (documents[i] < 2) continue;
    const auto having = static_cast<double>(documents[i]);
    const double rarity = std::log(1 + (std::max(all - having, 0.0) + 0.5) / (having + 0.5));
    out.words.push_back({words[i], (1 + std::log(candidates[i].second)) * rarity});
  }
  std::ranges::stable_sort(out.words, [](const auto& a, const auto& b) { return a.weight > b.weight; });
  if (out.words.size() > kTellingWordsMax) out.words.resize(kTellingWordsMax);
  const double greatest = out.words.empty() ? 1 : out.words.front().weight;
  for (auto& one : out.words) one.weight /= greatest;
  return out;
}

}  // namespace atl::search
