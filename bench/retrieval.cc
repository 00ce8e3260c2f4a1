// How well words, meaning and both together find what people judged to be right: nDCG@10, mean average precision and
// recall on a collection in TREC form.
//   bench_retrieval --folder FOLDER COLLECTION... [--top 100]
// A collection is a folder with documents.trec (<DOC><DOCNO>..</DOCNO><TEXT>..</TEXT></DOC>), topics.trec
// (<top><num> ..<title> ..</top>) and qrels.txt (topic 0 document grade). Each document is one text for the word index
// and one vector; the built-in embedder learns from the collection's documents. Both: as `find --near` fuses them;
// unasked: as a plain `find` does, which takes meaning in only where words are weak.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "derived/search/fusion.h"
#include "derived/text/text_index.h"
#include "derived/vector/learned_embedder.h"
#include "derived/vector/passages.h"
#include "derived/vector/vector_index.h"
#include "foundation/platform/posix_machine.h"

namespace {

using namespace atl;  // NOLINT

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
  std::exit(1);
}
void must(const Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
  std::exit(1);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const auto begin = text.find(from);
  if (begin == std::string::npos) return {};
  const auto end = text.find(to, begin + from.size());
  std::string found = text.substr(begin + from.size(), end == std::string::npos ? end : end - begin - from.size());
  found.erase(0, found.find_first_not_of(" \n\r\t"));
  found.erase(found.find_last_not_of(" \n\r\t") + 1);
  return found;
}

struct Collection {
  std::vector<std::pair<std::string, std::string>> documents;
  std::map<std::string, std::string> topics;
  std::map<std::string, std::map<std::string, int>> grades;
};

Collection read_collection(const std::string& folder) {
  Collection collection;
  const auto each = [](const std::string& text, const std::string& begin, const std::string& end,
                       const std::function<void(const std::string&)>& take) {
    for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
      take(text.substr(at, text.find(end, at) - at));
    }
  };
  each(read_file(folder + "/documents.trec"), "<DOC>", "</DOC>", [&](const std::string& one) {
    collection.documents.emplace_back(between(one, "<DOCNO>", "</DOCNO>"), between(one, "<TEXT>", "</TEXT>"));
  });
  each(read_file(folder + "/topics.trec"), "<top>", "</top>",
       [&](const std::string& one) { collection.topics[between(one, "<num>", "\n")] = between(one, "<title>", "\n"); });
  std::istringstream lines(read_file(folder + "/qrels.txt"));
  std::string topic;
  std::string zero;
  std::string document;
  for (int grade = 0; lines >> topic >> zero >> document >> grade;) {
    if (grade > 0) collection.grades[topic][document] = grade;
  }
  return collection;
}

using Ranking = std::vector<std::uint64_t>;  // places in documents

struct Scores {
  double ndcg = 0;
  double precision = 0;
  double recall_10 = 0;
  double recall_100 = 0;
};

Scores score(const Collection& collection, const std::string& topic, const Ranking& ranking) {
  const auto& grades = collection.grades.at(topic);
  Scores scores;
  double found = 0;
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto grade = grades.find(collection.documents[ranking[i]].first);
    if (grade == grades.end()) continue;
    const auto rank = static_cast<double>(i + 1);
    found += 1;
    scores.precision += found / rank;
    if (i < 10) scores.ndcg += (std::pow(2, grade->second) - 1) / std::log2(rank + 1);
    if (i < 10) scores.recall_10 += 1;
    if (i < 100) scores.recall_100 += 1;
  }
  std::vector<int> best;
  for (const auto& [document, grade] : grades) best.push_back(grade);
  std::ranges::sort(best, std::greater<>());
  double ideal = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, best.size()); ++i) {
    ideal += (std::pow(2, best[i]) - 1) / std::log2(static_cast<double>(i) + 2);
  }
  const auto relevant = static_cast<double>(grades.size());
  return {scores.ndcg / ideal, scores.precision / relevant, scores.recall_10 / relevant, scores.recall_100 / relevant};
}

codec::SecretKey some_key() {
  codec::SecretKey key;
  for (auto& byte : key.fill()) byte = 1;
  return key;
}

void run(const platform::Machine& machine, const std::string& work, const std::string& folder, std::size_t top) {
  const Collection collection = read_collection(folder);
  const text::Schema schema{{"body", text::FieldKind::text, 1.0F, false}};
  must(text::TextIndex::remove_all(machine, work + "/text"));
  const auto words =
      must(text::TextIndex::open(machine, work + "/text", some_key(), VaultId{}, schema, text::Options{}, true));
  vector::LearnedTrainer trainer(vector::LearnedOptions{});
  for (std::size_t i = 0; i < collection.documents.size(); ++i) {
    const std::string& body = collection.documents[i].second;
    text::Document document;
    document.id = i;
    document.texts.push_back({0, body, text::Language::english});
    must(words->add(document));
    for (const auto& passage : vector::split_passages(body)) {
      trainer.add(std::string_view(body).substr(passage.offset, passage.length));
    }
  }
  must(words->flush({}));
  const auto embedder = must(trainer.finish());
  vector::Config config;
  config.dimension = embedder->info().dimension;
  config.embedder = embedder->info().id();
  must(vector::VectorIndex::remove_all(machine, work + "/vectors"));
  const auto meaning = must(
      vector::VectorIndex::open(machine, work + "/vectors", some_key(), VaultId{}, config, vector::Options{}, true));
  for (std::size_t i = 0; i < collection.documents.size(); ++i) {
    const std::string& body = collection.documents[i].second;
    std::vector<std::string_view> texts;
    for (const auto& passage : vector::split_passages(body)) {
      texts.push_back(std::string_view(body).substr(passage.offset, passage.length));
    }
    const auto rows = must(embedder->embed(texts, vector::TextRole::document));
    std::vector<float> parts;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      if (vector::has_direction(rows.row(row))) parts.insert(parts.end(), rows.row(row).begin(), rows.row(row).end());
    }
    must(meaning->put(i, parts));
  }
  while (must(meaning->maybe_build(2))) {
  }

  std::map<std::string, Scores> sums;
  std::size_t topics = 0;
  for (const auto& [topic, title] : collection.topics) {
    if (!collection.grades.contains(topic)) continue;
    ++topics;
    text::SearchRequest by_words;
    by_words.query = must(text::parse_query_line(title, schema, text::Match::any, Timestamp{}));
    by_words.limit = top;
    std::vector<search::Scored> word_hits;
    for (const auto& hit : must(words->search(by_words)).hits) word_hits.push_back({hit.id, hit.score});
    const std::array<std::string_view, 1> question{title};
    const auto row = must(embedder->embed(question, vector::TextRole::query));
    std::vector<search::Scored> meaning_hits;
    if (vector::has_direction(row.row(0))) {
      vector::SearchRequest by_meaning;
      by_meaning.vector = row.row(0);
      by_meaning.limit = top;
      by_meaning.similarity_min = 0.02F;
      for (const auto& hit : must(meaning->search(by_meaning)).hits)
        meaning_hits.push_back({hit.document, hit.similarity});
    }
    const auto add = [&](const std::string& name, const Ranking& ranking) {
      const Scores one = score(collection, topic, ranking);
      Scores& sum = sums[name];
      sum.ndcg += one.ndcg;
      sum.precision += one.precision;
      sum.recall_10 += one.recall_10;
      sum.recall_100 += one.recall_100;
    };
    const auto ranking_of = [&](const std::vector<search::Scored>& hits) {
      Ranking ranking;
      for (const auto& one : hits) ranking.push_back(one.document);
      ranking.resize(std::min(ranking.size(), top));
      return ranking;
    };
    add("1 words", ranking_of(word_hits));
    add("2 meaning", ranking_of(meaning_hits));
    const auto asked = search::plain_words(title);
    const double known = word_hits.empty() ? 0 : must(search::covered(*words, asked, word_hits.front().document));
    const auto both = search::fuse(word_hits, meaning_hits, search::weight_of_words(known));
    add("3 both", ranking_of(both));
    add("4 unasked", ranking_of(search::are_words_weak(asked.size(), known) ? both : word_hits));
    add("5 unweighed", ranking_of(search::fuse(word_hits, meaning_hits, 0.5)));
  }
  std::printf("%s: %zu documents, %zu topics, embedder %s\n", folder.c_str(), collection.documents.size(), topics,
              embedder->info().id().c_str());
  std::printf("  %-10s %8s %8s %8s %8s\n", "", "nDCG@10", "MAP", "R@10", "R@100");
  const auto count = static_cast<double>(topics);
  for (const auto& [name, sum] : sums) {
    std::printf("  %-10s %8.3f %8.3f %8.3f %8.3f\n", name.c_str() + 2, sum.ndcg / count, sum.precision / count,
                sum.recall_10 / count, sum.recall_100 / count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string work;
  std::size_t top = 100;
  std::vector<std::string> collections;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--folder" && i + 1 < argc) {
      work = argv[++i];
    } else if (argument == "--top" && i + 1 < argc) {
      top = std::stoul(argv[++i]);
    } else {
      collections.push_back(argument);
    }
  }
  if (work.empty() || collections.empty()) {
    std::fprintf(stderr, "bench_retrieval --folder FOLDER COLLECTION... [--top 100]\n");
    return 2;
  }
  platform::PosixMachine machine;
  for (const std::string& collection : collections) run(machine.machine(), work, collection, top);
}
