#include "derived/search/fusion.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace atl::search {
namespace {

constexpr std::size_t kWordsMax = 32;
// Few, so that the first ranks count for much: each list is short, and its head is what was weighed.
constexpr double kRankConstant = 5;
// Where both lists count the same, and how quickly that turns.
constexpr double kMiddle = 0.4;
constexpr double kSlope = 12;

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

}  // namespace

std::vector<std::string> plain_words(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size() && words.size() < kWordsMax) {
    const std::size_t begin = at;
    while (at < text.size() && is_letter(text[at])) ++at;
    if (at > begin) {
      words.emplace_back(text.substr(begin, at - begin));
    } else {
      ++at;
    }
  }
  return words;
}

text::Query any_of(std::span<const std::string> words) {
  text::Query query;
  query.kind = text::Query::Kind::boolean;
  for (const std::string& word : words) {
    text::Query one;
    one.kind = text::Query::Kind::word;
    one.text = word;
    query.should.push_back(std::move(one));
  }
  if (words.empty()) query.kind = text::Query::Kind::nothing;
  return query;
}

text::Query any_of(std::span<const WeightedWord> words) {
  std::vector<std::string> plain;
  for (const auto& one : words) plain.push_back(one.word);
  text::Query query = any_of(plain);
  for (std::size_t i = 0; i < query.should.size(); ++i) query.should[i].boost = static_cast<float>(words[i].weight);
  return query;
}

Result<double> covered(const text::TextIndex& index, std::span<const std::string> words, text::DocumentId document) {
  const auto documents = static_cast<double>(index.stats().documents);
  const std::vector<text::DocumentId> only{document};
  double all = 0;
  double there = 0;
  for (const std::string& word : words) {
    text::SearchRequest request;
    request.query.kind = text::Query::Kind::word;
    request.query.text = word;
    request.limit = 0;
    request.count = true;
    ATOLL_ASSIGN(const auto counted, index.search(request));
    const auto count = static_cast<double>(counted.total.value_or(0));
    const double weight = std::log(1 + (std::max(documents - count, 0.0) + 0.5) / (count + 0.5));
    all += weight;
    if (count == 0) continue;
    request.only = &only;
    request.limit = 1;
    request.count = false;
    ATOLL_ASSIGN(const auto found, index.search(request));
    if (!found.hits.empty()) there += weight;
  }
  return all > 0 ? there / all : 0;
}

double weight_of_words(double covered_by_best) { return 1 / (1 + std::exp(-kSlope * (covered_by_best - kMiddle))); }

std::vector<Fused> fuse(std::span<const text::DocumentId> by_words, std::span<const text::DocumentId> by_meaning,
                        double weight_of_words) {
  std::map<text::DocumentId, double> scores;
  const auto add = [&](std::span<const text::DocumentId> list, double weight) {
    for (std::size_t i = 0; i < list.size(); ++i)
      scores[list[i]] += weight / (kRankConstant + static_cast<double>(i + 1));
  };
  add(by_words, weight_of_words);
  add(by_meaning, 1 - weight_of_words);
  std::vector<Fused> out;
  out.reserve(scores.size());
  for (const auto& [document, score] : scores) out.push_back({document, score});
  std::ranges::stable_sort(out, [](const Fused& a, const Fused& b) { return a.score > b.score; });
  return out;
}

}  // namespace atl::search
