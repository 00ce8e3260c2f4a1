// The index beside the simplest thing that could answer: all documents, gone through one by one.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "derived/text/internal/format.h"
#include "derived/text/testing/test_index.h"

namespace atl::text {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

using Model = std::map<DocumentId, OwnedDocument>;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word.push_back(c);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

const std::string& text_of(const OwnedDocument& document, int field) {
  return field == kTitle ? document.title : document.body;
}

std::vector<int> fields_of(const Query& query) {
  if (query.field == kAnyTextField) return {kTitle, kBody};
  return {query.field};
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::size_t count_phrase(const std::vector<std::string>& words, const std::vector<std::string>& phrase) {
  std::size_t count = 0;
  for (std::size_t i = 0; i + phrase.size() <= words.size(); ++i) {
    if (std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<std::ptrdiff_t>(i))) ++count;
  }
  return count;
}

bool matches(const OwnedDocument& document, const Query& query) {
  using Kind = Query::Kind;
  switch (query.kind) {
    case Kind::nothing: return false;
    case Kind::everything: return true;
    case Kind::word:
    case Kind::phrase:
      for (const int field : fields_of(query)) {
        if (count_phrase(words_of(text_of(document, field)), words_of(query.text)) > 0) return true;
      }
      return false;
    case Kind::prefix:
      if (query.field == kType) return !document.type.empty() && document.type.starts_with(query.text);
      for (const int field : fields_of(query)) {
        for (const std::string& word : words_of(text_of(document, field))) {
          if (word.starts_with(query.text)) return true;
        }
      }
      return false;
    case Kind::fuzzy: return false;  // not asked for here
    case Kind::value:
      if (query.field == kType) return document.type == query.text;
      return lower(document.name).find(lower(query.text)) != std::string::npos;
    case Kind::range: return document.year != 0 && document.year >= query.from && document.year <= query.to;
    case Kind::boolean: break;
  }
  const auto holds = [&](const Query& part) { return matches(document, part); };
  if (!std::ranges::all_of(query.must, holds) || std::ranges::any_of(query.must_not, holds)) return false;
  return !query.must.empty() || (query.should.empty() && !query.must_not.empty()) ||
         std::ranges::any_of(query.should, holds);
}

// BM25 as query.h and spec/formats/text-index.md tell it, in doubles.
class Scorer {
 public:
  explicit Scorer(const Model& model) : model_(model) {
    for (const auto& [id, document] : model) {
      for (const int field : {kTitle, kBody}) {
        const std::uint32_t length = length_of(document, field);
        words_[field] += length;
        docs_[field] += length > 0 ? 1 : 0;
      }
    }
  }
  [[nodiscard]] double score(const OwnedDocument& document, const Query& query) const {
    double sum = 0;
    if (query.kind == Query::Kind::boolean) {
      for (const auto* parts : {&query.must, &query.should}) {
        for (const Query& part : *parts) sum += matches(document, part) ? score(document, part) : 0;
      }
      return sum;
    }
    if (query.kind == Query::Kind::prefix && query.field != kType) return prefix_score(query);
    if (query.kind != Query::Kind::word && query.kind != Query::Kind::phrase) return 0;
    const std::vector<std::string> phrase = words_of(query.text);
    for (const int field : fields_of(query)) {
      const auto frequency = static_cast<double>(count_phrase(words_of(text_of(document, field)), phrase));
      if (frequency == 0) continue;
      double weight = 0;
      for (const std::string& word : phrase) {
        double having = 0;
        for (const auto& [id, other] : model_)
          having += count_phrase(words_of(text_of(other, field)), {word}) > 0 ? 1 : 0;
        weight += idf(having);
      }
      const double average = static_cast<double>(words_.at(field)) / static_cast<double>(docs_.at(field));
      const double norm = 1.2 * (0.25 + 0.75 * length_of(document, field) / std::max(average, 1.0));
      sum += query.boost * (field == kTitle ? 2.0 : 1.0) * weight * 2.2 * frequency / (frequency + norm);
    }
    return sum;
  }

 private:
  [[nodiscard]] double idf(double having) const {
    return std::log(1 + (static_cast<double>(model_.size()) - having + 0.5) / (having + 0.5));
  }
  // Half of what one word is worth that stands in as many documents as all words that begin so together.
  [[nodiscard]] double prefix_score(const Query& query) const {
    double having = 0;
    for (const auto& [id, document] : model_) {
      for (const int field : fields_of(query)) {
        std::set<std::string> begun;
        for (const std::string& word : words_of(text_of(document, field))) {
          if (word.starts_with(query.text)) begun.insert(word);
        }
        having += static_cast<double>(begun.size());
      }
    }
    return 0.5 * query.boost * idf(std::min(having, static_cast<double>(model_.size())));
  }
  static std::uint32_t length_of(const OwnedDocument& document, int field) {
    return internal::kLengths[internal::length_code(words_of(text_of(document, field)).size())];
  }
  const Model& model_;
  std::map<int, std::uint64_t> words_;
  std::map<int, std::uint64_t> docs_;
};

Query random_query(SeededRandom& random, int depth = 0) {
  Query query;
  const std::uint64_t kind = random.below(depth > 2 ? 7 : 11);
  if (random.one_in(4)) query.field = random.one_in(2) ? kTitle : kBody;
  switch (kind) {
    case 0:
    case 1:
    case 2:
      query.kind = Query::Kind::word;
      query.text = random_word(random, 60);
      if (random.one_in(5)) query.boost = 2.5F;
      break;
    case 3:
      query.kind = Query::Kind::phrase;
      query.text = random_word(random, 12) + " " + random_word(random, 12);
      if (random.one_in(3)) query.text += " " + random_word(random, 12);
      break;
    case 4:
      query.kind = Query::Kind::prefix;
      query.text = random_word(random, 30).substr(0, 2);
      if (random.one_in(3)) {
        query.field = kType;
        query.text = "p";
      }
      break;
    case 5:
      query.kind = Query::Kind::value;
      query.field = random.one_in(2) ? kType : kName;
      query.text = query.field == kType
                       ? (random.one_in(2) ? "pdf" : "odt")
                       : (random.one_in(3) ? std::to_string(random.below(10)) : "e" + std::to_string(random.below(50)));
      break;
    case 6:
      query.kind = Query::Kind::range;
      query.field = kYear;
      query.from = 2000 + static_cast<std::int64_t>(random.below(25));
      query.to = query.from + static_cast<std::int64_t>(random.below(8));
      break;
    default:
      query = Query{};
      query.kind = Query::Kind::boolean;
      for (std::uint64_t i = random.below(3); i > 0; --i) query.must.push_back(random_query(random, depth + 1));
      for (std::uint64_t i = random.below(4); i > 0; --i) query.should.push_back(random_query(random, depth + 1));
      if (random.one_in(3)) query.must_not.push_back(random_query(random, depth + 1));
      break;
  }
  return query;
}

// A boolean of nothing at all matches nothing, whatever it stands in.
bool has_empty_boolean(const Query& query) {
  if (query.kind != Query::Kind::boolean) return false;
  if (query.must.empty() && query.should.empty() && query.must_not.empty()) return true;
  const auto any = [](const std::vector<Query>& parts) { return std::ranges::any_of(parts, has_empty_boolean); };
  return any(query.must) || any(query.should) || any(query.must_not);
}

void expect_answers(const TextIndex& index, const Model& model, SeededRandom& random, bool exact_scores) {
  const Scorer scorer(model);
  for (int i = 0; i < 25; ++i) {
    SearchRequest request;
    request.query = random_query(random);
    if (has_empty_boolean(request.query)) continue;
    request.limit = 100'000;
    request.count = random.one_in(2);
    const auto all = index.search(request);
    ASSERT_TRUE(all.has_value()) << all.error().id << ": " << all.error().message;
    std::vector<DocumentId> expected;
    for (const auto& [id, document] : model) {
      if (matches(document, request.query)) expected.push_back(id);
    }
    std::vector<DocumentId> got;
    for (const Hit& hit : all->hits) got.push_back(hit.id);
    std::ranges::sort(got);
    ASSERT_EQ(got, expected);
    if (request.count) ASSERT_EQ(all->total, expected.size());
    for (std::size_t n = 0; n < all->hits.size(); ++n) {
      const Hit& hit = all->hits[n];
      if (n > 0) {
        const Hit& before = all->hits[n - 1];
        ASSERT_TRUE(before.cursor.score > hit.cursor.score ||
                    (before.cursor.score == hit.cursor.score && before.id < hit.id));
      }
      if (exact_scores) {
        const double wanted = scorer.score(model.at(hit.id), request.query);
        ASSERT_NEAR(hit.score, wanted, 0.001 + wanted * 0.0005) << hit.id;
      }
    }
    // What is skipped for the sake of speed is never what was asked for.
    request.count = false;
    request.limit = 1 + random.below(15);
    const auto few = index.search(request);
    ASSERT_TRUE(few.has_value());
    ASSERT_EQ(few->hits.size(), std::min(request.limit, all->hits.size()));
    for (std::size_t n = 0; n < few->hits.size(); ++n) {
      ASSERT_EQ(few->hits[n].id, all->hits[n].id) << n;
      ASSERT_EQ(few->hits[n].cursor.score, all->hits[n].cursor.score) << n;
    }
  }
}

void run_history(std::uint64_t seed, int steps) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  TestMachine machine;
  auto index = must_open(machine);
  Model model;    // everything
  Model flushed;  // what searches see, but for removals
  const std::uint64_t ids = 200 + random.below(600);
  for (int step = 0; step < steps; ++step) {
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        for (std::uint64_t n = random.below(150); n > 0; --n) {
          const DocumentId id = random.below(ids) * 7;
          model[id] = random_document(random);
          expect_ok(index->add(model[id].view(id)));
        }
        break;
      case 4:
        for (std::uint64_t n = random.below(60); n > 0; --n) {
          const DocumentId id = random.below(ids) * 7;
          model.erase(id);
          flushed.erase(id);
          expect_ok(index->remove(id));
        }
        break;
      case 5:
      case 6:
        expect_ok(index->flush(as_bytes(std::to_string(step))));
        flushed = model;
        break;
      case 7:
        while (index->maybe_merge().value()) {
        }
        break;
      case 8:
        expect_ok(index->merge_all());
        ASSERT_NO_FATAL_FAILURE(expect_answers(*index, flushed, random, index->stats().removed == 0));
        break;
      case 9:
        if (random.one_in(2)) {
          expect_ok(index->flush(as_bytes("reopened")));
          flushed = model;
        } else {
          // What was in memory only is gone; whoever feeds it does so again from the state on.
          index.reset();
          index = must_open(machine);
          expect_ok(index->verify());
          for (const auto& [id, document] : model) expect_ok(index->add(document.view(id)));
          for (std::uint64_t id = 0; id < ids * 7; id += 7) {
            if (!model.contains(id)) expect_ok(index->remove(id));
          }
          expect_ok(index->flush(as_bytes("again")));
          flushed = model;
        }
        break;
      default: ASSERT_NO_FATAL_FAILURE(expect_answers(*index, flushed, random, false)); break;
    }
  }
  expect_ok(index->flush(as_bytes("end")));
  expect_ok(index->merge_all());
  expect_ok(index->verify());
  ASSERT_NO_FATAL_FAILURE(expect_answers(*index, model, random, true));
}

TEST(TextModel, AnswersAsGoingThroughAllDocumentsWould) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) ASSERT_NO_FATAL_FAILURE(run_history(seed, 25));
}

// Lists of many blocks, where skipping and pruning have something to skip.
TEST(TextModel, LongListsArePrunedWithoutLoss) {
  SeededRandom random(77);
  TestMachine machine;
  Options options;
  options.cache_bytes_max = 256 * kKiB;
  auto index = must_open(machine, options);
  Model model;
  for (DocumentId id = 0; id < 6000; ++id) {
    model[id] = random_document(random, 40);
    expect_ok(index->add(model[id].view(id)));
    if (id == 2500) expect_ok(index->flush(as_bytes("1")));
  }
  expect_ok(index->flush(as_bytes("2")));
  for (int i = 0; i < 60; ++i) {
    SearchRequest request;
    request.query.kind = Query::Kind::boolean;
    for (std::uint64_t n = 1 + random.below(5); n > 0; --n) {
      Query word;
      word.kind = Query::Kind::word;
      word.text = random_word(random, 40);
      auto& part = random.one_in(4) ? request.query.must : request.query.should;
      part.push_back(std::move(word));
    }
    request.limit = 100'000;
    const auto all = index->search(request).value().hits;
    request.limit = 10;
    const auto few = index->search(request).value().hits;
    ASSERT_EQ(few.size(), std::min<std::size_t>(10, all.size()));
    for (std::size_t n = 0; n < few.size(); ++n) ASSERT_EQ(few[n].id, all[n].id) << i << " " << n;
  }
}

}  // namespace
}  // namespace atl::text
