#include "derived/text/internal/planner.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "derived/text/internal/levenshtein.h"

namespace atl::text::internal {
namespace {

constexpr std::size_t kFuzzyWordsMax = 50;
// What a word that only begins so is worth, of a word that stands there once.
constexpr double kPrefixShare = 0.5;

Bytes key_of(std::uint8_t space, std::string_view text) {
  Bytes key{space};
  key.insert(key.end(), text.begin(), text.end());
  return key;
}

bool begins_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

}  // namespace

bool Plan::scores() const {
  if (kind == Kind::ranked) return true;
  if (kind == Kind::filter) return weight > 0;
  const auto one_scores = [](const Plan& plan) { return plan.scores(); };
  return kind == Kind::boolean && (std::ranges::any_of(must, one_scores) || std::ranges::any_of(should, one_scores));
}

Planner::Planner(const Segments& segments, const Schema& schema, const Ranking& ranking)
    : segments_(segments), schema_(schema), ranking_(ranking), average_length_(schema.size(), 1.0) {
  std::uint32_t languages = 1;
  std::vector<FieldTotals> totals(schema.size());
  for (const auto& segment : segments) {
    docs_ += segment->docs();
    languages |= segment->footer().languages;
    for (std::size_t field = 0; field < schema.size(); ++field) {
      totals[field].words += segment->footer().totals[field].words;
      totals[field].docs += segment->footer().totals[field].docs;
    }
  }
  for (std::size_t field = 0; field < schema.size(); ++field) {
    if (totals[field].docs == 0) continue;
    average_length_[field] = static_cast<double>(totals[field].words) / totals[field].docs;
  }
  for (std::size_t i = 0; i < kLanguages; ++i) {
    if ((languages >> i & 1U) != 0) languages_.push_back(static_cast<Language>(i));
  }
}

std::vector<std::uint8_t> Planner::fields_of(const Query& query) const {
  if (query.field != kAnyTextField) return {static_cast<std::uint8_t>(query.field)};
  std::vector<std::uint8_t> fields;
  for (std::size_t i = 0; i < schema_.size(); ++i) {
    if (schema_[i].kind == FieldKind::text) fields.push_back(static_cast<std::uint8_t>(i));
  }
  return fields;
}

Result<bool> Planner::resolve(PlannedTerm& term) const {
  const Bytes key = key_of(term.field, term.text);
  term.entries.clear();
  for (const auto& segment : segments_) {
    ATOLL_ASSIGN(const auto entry, segment->find(key));
    term.entries.push_back(entry.value_or(TermEntry{}));
    term.docs += term.entries.back().docs;
  }
  return term.docs > 0;
}

double Planner::idf(std::uint64_t docs) const {
  const auto all = static_cast<double>(docs_);
  const auto having = static_cast<double>(docs);
  return std::log(1 + (all - having + 0.5) / (having + 0.5));
}

TermScorer Planner::scorer(std::uint8_t field, double boost_and_idf) const {
  return {boost_and_idf * schema_[field].boost * (ranking_.k1 + 1), ranking_.k1, ranking_.b, average_length_[field]};
}

Result<Plan> Planner::plan(const Query& query) {
  Plan result;
  switch (query.kind) {
    case Query::Kind::nothing: return result;
    case Query::Kind::everything: result.kind = Plan::Kind::everything; return result;
    case Query::Kind::word: return plan_words(query, false);
    case Query::Kind::phrase: return plan_words(query, true);
    case Query::Kind::prefix: return plan_prefix(query);
    case Query::Kind::fuzzy: return plan_fuzzy(query);
    case Query::Kind::value: return plan_value(query);
    case Query::Kind::range:
      result.kind = Plan::Kind::range;
      result.field = static_cast<std::uint8_t>(query.field);
      result.from = query.from;
      result.to = query.to;
      return result;
    case Query::Kind::boolean: return plan_boolean(query);
  }
  return result;
}

Result<Plan> Planner::plan_words(const Query& query, bool is_phrase) {
  Plan result;
  result.kind = Plan::Kind::ranked;
  std::set<std::vector<std::pair<std::string, std::uint32_t>>> seen;  // languages often agree
  bool has_words = false;
  for (const Language language : languages_) {
    const Analysed analysed = analyse(words_, query.text, language);
    has_words = has_words || !analysed.parts.empty();
    if (analysed.is_one_character) {
      Query prefix = query;
      prefix.kind = Query::Kind::prefix;
      return plan_prefix(prefix);
    }
    std::vector<std::vector<std::pair<std::string, std::uint32_t>>> readings{analysed.parts};
    if (!is_phrase) {
      for (const std::string& whole : analysed.wholes) readings.push_back({{whole, 0}});
    }
    for (const auto& reading : readings) {
      if (reading.empty() || !seen.insert(reading).second) continue;
      for (const std::uint8_t field : fields_of(query)) {
        if (reading.size() == 1) {
          PlannedTerm term;
          term.field = field;
          term.text = reading[0].first;
          term.boost = query.boost;
          ATOLL_ASSIGN(const bool found, resolve(term));
          if (found) result.terms.push_back(std::move(term));
          continue;
        }
        PlannedPhrase phrase;
        phrase.field = field;
        phrase.slop = query.slop;
        phrase.boost = query.boost;
        bool all = true;
        for (const auto& [text, place] : reading) {
          PlannedTerm term;
          term.field = field;
          term.text = text;
          term.offset = place - reading[0].second;
          ATOLL_ASSIGN(const bool found, resolve(term));
          all = all && found;
          phrase.terms.push_back(std::move(term));
        }
        if (all) result.phrases.push_back(std::move(phrase));
      }
    }
  }
  if (!has_words) result.kind = Plan::Kind::ignored;
  return result;
}

// Every term of the field that begins so.
Result<void> Planner::add_prefixed(std::uint8_t field, const std::string& prefix, Plan& plan) const {
  std::map<std::string, PlannedTerm> found;
  const Bytes begin = key_of(field, prefix);
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    TermCursor cursor(*segments_[i]);
    ATOLL_ASSIGN(bool more, cursor.seek(begin));
    while (more && begins_with(cursor.key(), begin)) {
      PlannedTerm& term = found[std::string(as_text(cursor.key().subspan(1)))];
      term.field = field;
      term.entries.resize(segments_.size());
      term.entries[i] = cursor.entry();
      term.docs += cursor.entry().docs;
      ATOLL_ASSIGN(more, cursor.next());
    }
  }
  for (auto& [text, term] : found) {
    term.text = text;
    plan.terms.push_back(std::move(term));
  }
  return {};
}

Result<Plan> Planner::plan_prefix(const Query& query) {
  Plan result;
  result.kind = Plan::Kind::filter;
  const std::string folded = Words::fold(query.text);
  if (query.field != kAnyTextField && schema_[static_cast<std::size_t>(query.field)].kind == FieldKind::keyword) {
    ATOLL_TRY(add_prefixed(static_cast<std::uint8_t>(query.field), folded, result));
    return result;
  }
  // Words that were written so, by the terms they became: "runn" finds "running", whose term is "run".
  std::set<std::string> terms;
  const Bytes begin = key_of(kWordSpace, folded);
  for (const auto& segment : segments_) {
    TermCursor cursor(*segment);
    ATOLL_ASSIGN(bool more, cursor.seek(begin));
    while (more && begins_with(cursor.key(), begin)) {
      const std::string_view entry = as_text(cursor.key()).substr(1);
      const std::size_t end = entry.find('\0');
      if (end != std::string_view::npos)
        terms.emplace(end + 1 < entry.size() ? entry.substr(end + 1) : entry.substr(0, end));
      ATOLL_ASSIGN(more, cursor.next());
    }
  }
  const bool may_be_pairs = std::ranges::any_of(folded, [](char c) { return static_cast<unsigned char>(c) >= 0xE2; });
  for (const std::uint8_t field : fields_of(query)) {
    for (const std::string& text : terms) {
      PlannedTerm term;
      term.field = field;
      term.text = text;
      ATOLL_ASSIGN(const bool found, resolve(term));
      if (found) result.terms.push_back(std::move(term));
    }
    // Pairs of characters do not stand in the lexicon.
    if (may_be_pairs) ATOLL_TRY(add_prefixed(field, folded, result));
  }
  // All words that begin so count as one, which stands in at most so many documents.
  std::uint64_t docs = 0;
  for (const PlannedTerm& term : result.terms) docs += term.docs;
  if (docs > 0) result.weight = kPrefixShare * query.boost * idf(std::min(docs, docs_));
  return result;
}

Result<Plan> Planner::plan_fuzzy(const Query& query) {
  Plan result;
  result.kind = Plan::Kind::ranked;
  const std::string folded = Words::fold(query.text);
  std::map<std::pair<std::string, std::string>, NearWord> near;
  for (const auto& segment : segments_) {
    ATOLL_TRY(near_words(*segment, folded, query.distance, [&](const NearWord& word) {
      const auto [at, fresh] = near.try_emplace({word.word, word.term}, word);
      if (!fresh) at->second.count += word.count;
    }));
  }
  std::vector<NearWord> words;
  for (auto& [key, word] : near) words.push_back(std::move(word));
  std::ranges::sort(words, [](const NearWord& a, const NearWord& b) {
    if (a.distance != b.distance) return a.distance < b.distance;
    return a.count != b.count ? a.count > b.count : a.word < b.word;
  });
  std::set<std::string> taken;
  for (const NearWord& word : words) {
    if (taken.size() == kFuzzyWordsMax) break;
    if (!taken.insert(word.term).second) continue;
    for (const std::uint8_t field : fields_of(query)) {
      PlannedTerm term;
      term.field = field;
      term.text = word.term;
      term.boost = query.boost / (1.0 + word.distance);
      ATOLL_ASSIGN(const bool found, resolve(term));
      if (found) result.terms.push_back(std::move(term));
    }
  }
  return result;
}

Result<Plan> Planner::plan_value(const Query& query) {
  Plan result;
  result.kind = Plan::Kind::filter;
  const auto field = static_cast<std::uint8_t>(query.field);
  const std::string folded = Words::fold(query.text);
  if (schema_[field].kind == FieldKind::keyword) {
    PlannedTerm term;
    term.field = field;
    term.text = std::string(cut_text(folded, kTermBytesMax));
    ATOLL_ASSIGN(const bool found, resolve(term));
    if (found) result.terms.push_back(std::move(term));
    return result;
  }
  const std::size_t characters = code_points(folded).size();
  if (characters == 0) return result;
  if (characters < 3) {
    ATOLL_TRY(add_prefixed(field, folded, result));
    return result;
  }
  PlannedPhrase phrase;
  phrase.field = field;
  const auto grams = grams_of(folded);
  bool all = true;
  for (std::size_t i = 0; i + 3 <= characters && all; ++i) {
    PlannedTerm term;
    term.field = field;
    term.text = std::string(grams[i]);
    term.offset = static_cast<std::uint32_t>(i);
    ATOLL_ASSIGN(all, resolve(term));
    phrase.terms.push_back(std::move(term));
  }
  if (!all) return result;
  if (phrase.terms.size() == 1) {
    result.terms = std::move(phrase.terms);
  } else {
    result.phrases.push_back(std::move(phrase));
  }
  return result;
}

Result<Plan> Planner::plan_boolean(const Query& query) {
  Plan result;
  result.kind = Plan::Kind::boolean;
  bool had_parts = false;
  const auto add = [&](const std::vector<Query>& from, std::vector<Plan>& to) -> Result<void> {
    for (const Query& part : from) {
      ATOLL_ASSIGN(Plan one, plan(part));
      if (one.kind == Plan::Kind::ignored) continue;
      had_parts = true;
      to.push_back(std::move(one));
    }
    return {};
  };
  ATOLL_TRY(add(query.must, result.must));
  ATOLL_TRY(add(query.should, result.should));
  ATOLL_TRY(add(query.must_not, result.must_not));
  if (!had_parts) {
    result.kind = Plan::Kind::ignored;
    return result;
  }
  if (result.must.empty() && result.should.empty()) {
    Plan everything;
    everything.kind = Plan::Kind::everything;
    result.must.push_back(std::move(everything));
  }
  // Any of several words is one list of terms: what the ranked search wants.
  Plan merged;
  merged.kind = Plan::Kind::ranked;
  std::vector<Plan> others;
  for (Plan& part : result.should) {
    if (part.kind == Plan::Kind::ranked) {
      std::ranges::move(part.terms, std::back_inserter(merged.terms));
      std::ranges::move(part.phrases, std::back_inserter(merged.phrases));
    } else {
      others.push_back(std::move(part));
    }
  }
  if (result.should.size() > others.size()) others.push_back(std::move(merged));
  result.should = std::move(others);
  if (result.must.empty() && result.must_not.empty() && result.should.size() == 1) {
    Plan only = std::move(result.should[0]);
    return only;
  }
  return result;
}

// ---- one segment

Result<std::vector<ScoredTerm>> Planner::scored(const std::vector<PlannedTerm>& terms, std::size_t segment) const {
  std::vector<ScoredTerm> result;
  for (const PlannedTerm& term : terms) {
    if (term.entries[segment].docs == 0) continue;
    if (result.size() == kScoredMax) {
      return fail(ErrorKind::limit, "query.terms", "the query means more than 256 different words",
                  "ask for fewer words");
    }
    ScoredTerm one;
    one.field = term.field;
    one.entry = term.entries[segment];
    one.scorer = scorer(term.field, term.boost * idf(term.docs));
    ATOLL_ASSIGN(one.lengths, segments_[segment]->lengths(term.field));
    result.push_back(one);
  }
  return result;
}

Result<MatcherPtr> Planner::phrase(const PlannedPhrase& phrase, bool scores, std::size_t segment,
                                   Trouble& trouble) const {
  std::vector<PhraseTerm> terms;
  double weight = 0;
  for (const PlannedTerm& term : phrase.terms) {
    if (term.entries[segment].docs == 0) return match_nothing();
    terms.push_back({term.entries[segment], term.offset});
    weight += idf(term.docs);
  }
  const TermScorer its = scores ? scorer(phrase.field, phrase.boost * weight) : TermScorer(0, 1, 0, 1);
  ATOLL_ASSIGN(const Bytes* lengths, segments_[segment]->lengths(phrase.field));
  return match_phrase(*segments_[segment], phrase.field, terms, phrase.slop, its, lengths, trouble);
}

Result<MatcherPtr> Planner::filter(const Plan& plan, std::size_t segment, Trouble& trouble) const {
  const Segment& where = *segments_[segment];
  std::vector<std::uint64_t> bits((where.docs() + 63) / 64);
  for (const PlannedTerm& term : plan.terms) {
    if (term.entries[segment].docs == 0) continue;
    PostingCursor cursor(where, term.field, term.entries[segment], trouble);
    for (std::uint32_t doc = cursor.next(); doc != kNoDoc; doc = cursor.next()) {
      bits[doc / 64] |= std::uint64_t{1} << (doc % 64);
    }
  }
  for (const PlannedPhrase& one : plan.phrases) {
    ATOLL_ASSIGN(const MatcherPtr matcher, phrase(one, false, segment, trouble));
    for (std::uint32_t doc = matcher->next(); doc != kNoDoc; doc = matcher->next()) {
      bits[doc / 64] |= std::uint64_t{1} << (doc % 64);
    }
  }
  return match_bits(std::move(bits), where.docs(), constant_score(plan.weight));
}

Result<MatcherPtr> Planner::range(const Plan& plan, std::size_t segment) const {
  const Segment& where = *segments_[segment];
  const Column* column = where.numbers(plan.field);
  if (column == nullptr) return match_nothing();
  std::vector<std::uint64_t> bits((where.docs() + 63) / 64);
  ColumnCursor cursor(*column);
  for (std::size_t block = 0; block < column->blocks().size(); ++block) {
    const Column::Block& about = column->blocks()[block];
    if (about.presence == 0 || about.greatest < plan.from || about.least > plan.to) continue;
    const bool all = about.presence == 2 && about.least >= plan.from && about.greatest <= plan.to;
    const auto first = static_cast<std::uint32_t>(block * kBlockValues);
    const std::uint32_t end = std::min<std::uint32_t>(where.docs(), first + kBlockValues);
    for (std::uint32_t doc = first; doc < end; ++doc) {
      if (!all) {
        ATOLL_ASSIGN(const auto value, cursor.value(doc));
        if (!value || *value < plan.from || *value > plan.to) continue;
      }
      bits[doc / 64] |= std::uint64_t{1} << (doc % 64);
    }
  }
  return match_bits(std::move(bits), where.docs());
}

Result<MatcherPtr> Planner::matcher(const Plan& plan, std::size_t segment, Trouble& trouble) const {
  switch (plan.kind) {
    case Plan::Kind::ignored:
    case Plan::Kind::nothing: return match_nothing();
    case Plan::Kind::everything: return match_everything(segments_[segment]->docs());
    case Plan::Kind::filter: return filter(plan, segment, trouble);
    case Plan::Kind::range: return range(plan, segment);
    case Plan::Kind::ranked: {
      std::vector<MatcherPtr> parts;
      ATOLL_ASSIGN(const std::vector<ScoredTerm> terms, scored(plan.terms, segment));
      for (const ScoredTerm& term : terms) parts.push_back(match_term(*segments_[segment], term, trouble));
      for (const PlannedPhrase& one : plan.phrases) {
        ATOLL_ASSIGN(MatcherPtr part, phrase(one, true, segment, trouble));
        parts.push_back(std::move(part));
      }
      return match_any(std::move(parts));
    }
    case Plan::Kind::boolean: break;
  }
  std::vector<MatcherPtr> must;
  std::vector<MatcherPtr> should;
  std::vector<MatcherPtr> must_not;
  const auto add = [&](const std::vector<Plan>& from, std::vector<MatcherPtr>& to) -> Result<void> {
    for (const Plan& part : from) {
      ATOLL_ASSIGN(MatcherPtr one, matcher(part, segment, trouble));
      to.push_back(std::move(one));
    }
    return {};
  };
  ATOLL_TRY(add(plan.must, must));
  ATOLL_TRY(add(plan.should, should));
  ATOLL_TRY(add(plan.must_not, must_not));
  if (must.empty()) {
    must.push_back(match_any(std::move(should)));
    should.clear();
  }
  return match_all(std::move(must), std::move(should), std::move(must_not));
}

// ---- all segments

namespace {

class SegmentSearch {
 public:
  SegmentSearch(const Segments& segments, const Schema& schema, const SearchRequest& request)
      : segments_(segments),
        request_(request),
        planner_(segments, schema, request.ranking),
        collector_(request.limit,
                   request.after ? std::optional<Scored>({request.after->score, request.after->id}) : std::nullopt) {}

  Result<SearchResult> run() {
    ATOLL_ASSIGN(const Plan plan, planner_.plan(request_.query));
    for (std::size_t i = 0; i < segments_.size(); ++i) ATOLL_TRY(search(plan, i));
    SearchResult result;
    for (const Scored& one : collector_.take()) {
      result.hits.push_back({one.id, one.score / kScoreUnits, {one.score, one.id}});
    }
    if (request_.count) result.total = total_;
    return result;
  }

 private:
  [[nodiscard]] bool looks_at_all() const { return request_.count || request_.on_match != nullptr; }

  // The one part that scores, where it is any of several terms and all else are filters.
  static const Plan* only_ranked(const Plan& plan) {
    const auto is_terms = [](const Plan& part) { return part.kind == Plan::Kind::ranked && part.phrases.empty(); };
    if (is_terms(plan)) return &plan;
    if (plan.kind != Plan::Kind::boolean) return nullptr;
    if (plan.must.empty()) return plan.should.size() == 1 && is_terms(plan.should[0]) ? &plan.should[0] : nullptr;
    if (!plan.should.empty()) return nullptr;
    const Plan* found = nullptr;
    for (const Plan& part : plan.must) {
      if (!part.scores()) continue;
      if (found != nullptr || !is_terms(part)) return nullptr;
      found = &part;
    }
    return found;
  }

  Result<void> search(const Plan& plan, std::size_t number) {
    const Segment& segment = *segments_[number];
    Trouble trouble;
    MatcherPtr only;
    if (request_.only != nullptr) {
      ATOLL_ASSIGN(only, match_only(segment));
    }
    const Plan* ranked = looks_at_all() ? nullptr : only_ranked(plan);
    if (ranked != nullptr) {
      ATOLL_ASSIGN(const std::vector<ScoredTerm> terms, planner_.scored(ranked->terms, number));
      std::vector<MatcherPtr> must;
      std::vector<MatcherPtr> must_not;
      for (const Plan& part : plan.must) {
        if (&part == ranked) continue;
        ATOLL_ASSIGN(MatcherPtr one, planner_.matcher(part, number, trouble));
        must.push_back(std::move(one));
      }
      if (only) must.push_back(std::move(only));
      for (const Plan& part : plan.must_not) {
        ATOLL_ASSIGN(MatcherPtr one, planner_.matcher(part, number, trouble));
        must_not.push_back(std::move(one));
      }
      search_ranked({segment, terms, must, must_not}, collector_, trouble);
    } else {
      ATOLL_ASSIGN(MatcherPtr matcher, planner_.matcher(plan, number, trouble));
      if (only) {
        std::vector<MatcherPtr> must;
        must.push_back(std::move(matcher));
        must.push_back(std::move(only));
        matcher = match_all(std::move(must), {}, {});
      }
      ATOLL_TRY(look_at_each(segment, *matcher));
    }
    return trouble.error ? pass(*trouble.error) : Result<void>{};
  }

  Result<void> look_at_each(const Segment& segment, Matcher& matcher) {
    ColumnCursor ids(segment.ids());
    for (std::uint32_t doc = matcher.next(); doc != kNoDoc; doc = matcher.next()) {
      if (segment.is_removed(doc)) continue;
      ++total_;
      const Score score = request_.limit > 0 ? matcher.score() : 0;
      const bool is_offered = request_.limit > 0 && score >= collector_.least();
      if (!is_offered && !request_.on_match) continue;
      ATOLL_ASSIGN(const auto id, ids.value(doc));
      if (!id) continue;
      if (request_.on_match) request_.on_match(unsigned_id(*id));
      if (is_offered) collector_.offer({score, unsigned_id(*id)});
      if (!looks_at_all()) matcher.set_least(collector_.least());
    }
    return {};
  }

  Result<MatcherPtr> match_only(const Segment& segment) {
    std::vector<std::uint64_t> bits((segment.docs() + 63) / 64);
    ColumnCursor ids(segment.ids());
    for (const DocumentId id : *request_.only) {
      ATOLL_ASSIGN(const std::uint32_t doc, segment.lower_bound(id, ids));
      if (doc == segment.docs()) break;
      ATOLL_ASSIGN(const auto found, ids.value(doc));
      if (found && unsigned_id(*found) == id) bits[doc / 64] |= std::uint64_t{1} << (doc % 64);
    }
    return match_bits(std::move(bits), segment.docs());
  }

  const Segments& segments_;
  const SearchRequest& request_;
  Planner planner_;
  Collector collector_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<SearchResult> search_segments(const Segments& segments, const Schema& schema, const SearchRequest& request) {
  ATOLL_TRY(check_query(request.query, schema, kAskedTermsMax));
  const Ranking& ranking = request.ranking;
  if (!(ranking.k1 >= 0 && ranking.k1 <= 10) || !(ranking.b >= 0 && ranking.b <= 1)) {
    return fail(ErrorKind::usage, "query.ranking", "k1 is between 0 and 10, b between 0 and 1");
  }
  if (request.limit > kHitsMax) {
    return fail(ErrorKind::limit, "query.limit", "at most 1,000,000 hits come at once", "ask for them page by page");
  }
  if (request.only != nullptr && !std::ranges::is_sorted(*request.only)) {
    return fail(ErrorKind::usage, "query.only", "the documents to choose from have to be in ascending order");
  }
  return SegmentSearch(segments, schema, request).run();
}

Result<std::vector<std::uint64_t>> count_documents(const Segments& segments, const Schema& schema,
                                                   std::span<const std::string> words) {
  Planner planner(segments, schema, {});
  std::vector<std::uint64_t> counts;
  counts.reserve(words.size());
  for (const std::string& word : words) {
    Query query;
    query.kind = Query::Kind::word;
    query.text = word;
    ATOLL_ASSIGN(const Plan plan, planner.plan(query));
    std::uint64_t most = 0;
    for (const PlannedTerm& term : plan.terms) most = std::max(most, term.docs);
    // A word in several parts stands at most where the rarest of them does.
    for (const PlannedPhrase& phrase : plan.phrases) {
      std::uint64_t least = UINT64_MAX;
      for (const PlannedTerm& term : phrase.terms) least = std::min(least, term.docs);
      most = std::max(most, phrase.terms.empty() ? 0 : least);
    }
    counts.push_back(most);
  }
  return counts;
}

Result<std::vector<Suggestion>> suggest_words(const Segments& segments, std::string_view word, std::size_t limit) {
  const std::string folded = Words::fold(word);
  // Two letters of a short word are most of it.
  const unsigned distance_max = code_points(folded).size() < 5 ? 1 : 2;
  std::map<std::string, Suggestion> found;
  for (const auto& segment : segments) {
    ATOLL_TRY(near_words(*segment, folded, distance_max, [&](const NearWord& near) {
      Suggestion& one = found[near.word];
      one.word = near.word;
      one.distance = near.distance;
      one.count += near.count;
    }));
  }
  std::vector<Suggestion> result;
  for (auto& [key, one] : found) result.push_back(std::move(one));
  std::ranges::sort(result, [](const Suggestion& a, const Suggestion& b) {
    if (a.distance != b.distance) return a.distance < b.distance;
    return a.count != b.count ? a.count > b.count : a.word < b.word;
  });
  if (result.size() > limit) result.resize(limit);
  return result;
}

}  // namespace atl::text::internal
