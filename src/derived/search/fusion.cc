#include "derived/search/fusion.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace atl::search {
namespace {

constexpr std::size_t kWordsMax = 32;
// Where both lists count nearly the same, and how quickly that turns; the most that words can get: what both found is
// to stand before what words alone found, however well they know the question.
constexpr double kMiddle = 0.4;
constexpr double kSlope = 16;
constexpr double kMost = 0.9;
constexpr double kWeakBelow = 0.6;

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

double weight_of_words(double covered_by_best) { return kMost / (1 + std::exp(-kSlope * (covered_by_best - kMiddle))); }

bool are_words_weak(double covered_by_best) { return covered_by_best < kWeakBelow; }

bool is_plain(const text::Query& query) {
  // "well-known" is looked for as it stands; "what's" is a word of a question.
  const auto is_of_word = [](char c) { return is_letter(c) || c == '\''; };
  if (query.kind == text::Query::Kind::word)
    return query.field == text::kAnyTextField && std::ranges::all_of(query.text, is_of_word);
  return query.kind == text::Query::Kind::boolean && query.must.empty() && query.must_not.empty() &&
         !query.should.empty() && std::ranges::all_of(query.should, is_plain);
}

std::vector<Scored> fuse(std::span<const Scored> by_words, std::span<const Scored> by_meaning, double weight_of_words) {
  std::map<text::DocumentId, double> scores;
  const auto add = [&](std::span<const Scored> list, double weight) {
    for (const Scored& one : list) scores[one.document] += weight * one.score / list.front().score;
  };
  add(by_words, weight_of_words);
  add(by_meaning, 1 - weight_of_words);
  std::vector<Scored> out;
  out.reserve(scores.size());
  for (const auto& [document, score] : scores) out.push_back({document, score});
  std::ranges::stable_sort(out, [](const Scored& a, const Scored& b) { return a.score > b.score; });
  return out;
}

}  // namespace atl::search
