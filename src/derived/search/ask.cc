// The asking side of the search.
#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_set>

#include "derived/extract/formats.h"
#include "derived/search/asked_words.h"
#include "derived/search/content_reader.h"
#include "derived/search/fields.h"
#include "derived/search/fusion.h"
#include "derived/search/line.h"
#include "derived/search/names.h"
#include "derived/search/places.h"
#include "derived/search/position.h"
#include "derived/search/search_index.h"
#include "derived/search/telling_words.h"
#include "derived/text/snippet.h"
#include "vault/object/objects.h"
#include "vault/tier/rules.h"

namespace atl::search {
namespace {

constexpr std::size_t kFirstPage = 64;
constexpr std::size_t kPageMax = 4096;
constexpr std::size_t kSnippetBytes = 240;
// Of one hit's text looked at for the piece to show.
constexpr std::size_t kSnippetTextBytesMax = 4 * kMiB;
constexpr std::size_t kSuggestBelow = 3;  // hits

Result<void> check_facets(const std::vector<std::string>& facets) {
  for (const std::string& name : facets) {
    if (is_column_facet(name) || name == "tag") continue;
    return fail(ErrorKind::usage, "search.unknown_facet", "there is no facet \"" + name + "\"",
                "Facets are type, year, month, day, language, bucket and tag.");
  }
  return {};
}

// A document that may be an answer, before it is looked up.
struct Candidate {
  text::DocumentId document = 0;
  double score = 0;
  std::optional<Meaning::Near> near;
  double looks = 0;  // how much its picture looks like the one that is asked by, 0 to 1; 0: it does not
};

constexpr std::size_t kFusedMax = 400;  // of each list
// What looks like a picture comes before everything that only says the same: scores of fused lists are 1 at most.
constexpr double kLooksScore = 1;
// Of the built-in embedder, what is less near has as a rule nothing to do with the question. Asked unasked it must be
// nearer, and not far behind the nearest: vectors of some models are all near to each other.
constexpr float kNearAsked = 0.05F;
constexpr float kNearUnasked = 0.3F;
constexpr float kShareOfNearest = 0.6F;

struct Hit {
  DocumentOwner owner;
  ObjectDocuments row;
  catalog::Listed listed;  // of hits that are counted only: not looked up
  std::string bucket;
  double score = 0;
  std::optional<Meaning::Near> near;
  double looks = 0;
};

}  // namespace

class Asking {
 public:
  Asking(const SearchIndex& index, vault::Vault& vault, const Question& question)
      : index_(&index), vault_(&vault), question_(&question), reader_(vault.reader()) {}

  Result<Answer> run() {
    const Timestamp now = vault_->machine().clock.now();
    now_ = now;
    ATOLL_ASSIGN(filter_, filter::parse(question_->filter, now));
    types_left_out_ = filter_.only_types_left_out();
    if (filter_.asks_for_accesses()) {
      return fail(ErrorKind::usage, "search.accesses", "idle: and accesses: do not go together with words",
                  "Ask for them alone.");
    }
    ATOLL_TRY(check_facets(question_->facets));
    ATOLL_TRY(read_words(now));
    ATOLL_ASSIGN(places_, Places::of(*question_, *reader_));
    ATOLL_TRY(read_gates());
    if (question_->like) ATOLL_TRY(read_like());
    Answer answer;
    answer.words = question_->words;
    answer.filter = filter_.text();
    if (!question_->bucket.empty() && places_.buckets().empty()) {
      return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket " + question_->bucket,
                  "`atoll ls` lists them.");
    }
    ATOLL_ASSIGN(const bool counts_all, match_all());
    const bool counts_hits = question_->order != Order::rank || (!question_->facets.empty() && !counts_all);
    needs_facts_ = question_->order != Order::rank || !types_left_out_ ||
                   std::ranges::find(question_->facets, "tag") != question_->facets.end();
    wanted_ = counts_hits ? kCountedMax : question_->offset + question_->limit + 1;
    if (question_->like) {
      ATOLL_TRY(collect_like());
    } else if (!question_->near.empty()) {
      ATOLL_TRY(collect_near());
    } else {
      if (may_ask_meaning()) ATOLL_TRY(collect_where_words_are_weak());
      ATOLL_TRY(collect(constrained(words_)));
      asked_parts_ = counts_all || (hits_.size() < wanted_ && has_words(words_));
      if (hits_.size() < wanted_ && has_words(words_)) ATOLL_TRY(collect(constrained(with_parts_of_names(words_))));
    }
    answer.asked_meaning = asked_meaning_;
    ATOLL_TRY(count_left_out());
    answer.quarantined_left_out = left_out_.size() + left_out_unseen_;
    answer.is_left_out_exact = is_left_out_exact_;
    if (counts_all) {
      count_all(answer);
    } else {
      if (counts_hits || hits_.size() < wanted_) {
        answer.total = hits_.size();
        answer.is_total_exact = hits_.size() < wanted_;
      }
      for (const std::string& facet : question_->facets) answer.facets.push_back(count(facet));
    }
    sort();
    std::vector<text::DocumentId> documents;
    for (std::size_t at = question_->offset; at < hits_.size() && answer.found.size() < question_->limit; ++at) {
      const Hit& hit = hits_[at];
      ATOLL_ASSIGN(auto found, show(hit));
      answer.found.push_back(std::move(found));
      documents.push_back(hit.row.first + hit.owner.member);
    }
    if (question_->explains) ATOLL_TRY(explain(answer, documents));
    answer.has_more = hits_.size() > question_->offset + answer.found.size();
    if (hits_.size() < kSuggestBelow) ATOLL_TRY(suggest(answer));
    return answer;
  }

 private:
  Result<void> read_words(Timestamp now) {
    for (const auto& [from, to] : {std::pair("date>=", &question_->since), std::pair("date<=", &question_->until)}) {
      if (to->empty()) continue;
      ATOLL_ASSIGN(auto range, text::parse_query_line(from + *to, schema(), text::Match::any, now));
      times_.push_back(std::move(range));
    }
    if (question_->words.empty()) {
      words_ = everything();
      return {};
    }
    ATOLL_ASSIGN(words_, parse_words(question_->words, question_->match, now));
    return {};
  }

  Result<void> read_gates() {
    ATOLL_ASSIGN(gates_, Gates::read(*reader_));
    for (const auto& [bucket, gate] : gates_.all()) {
      if (places_.name_of(bucket) == nullptr) continue;
      (index_->is_finished(bucket, gate.text) ? has_gates_ : has_unfinished_gates_) = true;
    }
    for (const auto& [bucket, progress] : index_->book_->verdicts().progress())
      has_old_verdicts_ = has_old_verdicts_ || gates_.of(bucket) == nullptr;
    const auto position = decode_position(index_->book_->state());
    ATOLL_ASSIGN(const Lsn applied, reader_->applied());
    verdicts_hold_ = has_gates_ && !has_unfinished_gates_ && !has_old_verdicts_ && position && !position->is_scanning &&
                     position->lsn >= applied;
    return {};
  }

  // By the verdicts of the follower; where these are not of the gate that is set now, by the object itself.
  [[nodiscard]] bool needs_judging(const BucketId& bucket) const {
    if (!has_unfinished_gates_) return false;
    const Gate* const gate = gates_.of(bucket);
    return gate != nullptr && !index_->is_finished(bucket, gate->text);
  }
  [[nodiscard]] Result<bool> is_held(const catalog::Listed& listed, const ObjectDocuments& row) const {
    const Gate* const gate = gates_.of(row.bucket);
    if (gate == nullptr) return false;
    return index_->is_held(*gate, listed, row);
  }

  // Of what is asked by words and conditions: everything in quarantine that would have been found. What is found by
  // meaning was noted as it was looked up.
  Result<void> count_left_out() {
    if (question_->shows_quarantined || (!has_gates_ && !has_unfinished_gates_)) return {};
    if (has_unfinished_gates_) is_left_out_exact_ = false;
    if (is_fused()) return {};
    const bool sees_all = places_.is_sure() && types_left_out_ && !places_.needs_keys();
    if (verdicts_hold_ && sees_all) {
      ATOLL_ASSIGN(const auto firsts,
                   index_->quarantined_matches(constrained(asked_parts_ ? with_parts_of_names(words_) : words_)));
      left_out_unseen_ = firsts.size();
      // By meaning and by words, too: counted once.
      for (const ObjectId& object : left_out_) {
        ATOLL_ASSIGN(const auto row, index_->book_->find(object));
        if (row && std::ranges::binary_search(firsts, row->first)) --left_out_unseen_;
      }
      return {};
    }
    const auto documents = index_->book_->verdicts().documents();
    if (documents.empty()) return {};
    text::SearchRequest request;
    request.query = constrained(asked_parts_ ? with_parts_of_names(words_) : words_);
    request.limit = kCountedMax;
    request.only = &documents;
    ATOLL_ASSIGN(const auto result, index_->words_->search(request));
    if (result.hits.size() == request.limit) is_left_out_exact_ = false;
    for (const auto& hit : result.hits) {
      ATOLL_ASSIGN(const auto owner, index_->book_->owner_of(hit.id));
      if (!owner || left_out_.contains(owner->object)) continue;
      ATOLL_ASSIGN(const auto row, index_->book_->find(owner->object));
      if (!row || gates_.of(row->bucket) == nullptr) continue;
      const std::string* const bucket = places_.name_of(row->bucket);
      if (bucket == nullptr || !row->key.starts_with(question_->prefix)) continue;
      ATOLL_ASSIGN(const auto listed, reader_->current(row->bucket, row->key));
      if (!listed || listed->entry.object != owner->object) continue;
      if (!filter_.matches(vault::subject_of(listed->entry.key, listed->version, now_))) continue;
      if (question_->sees && !question_->sees(*bucket, *listed)) continue;
      ATOLL_ASSIGN(const bool held, is_held(*listed, *row));
      if (held) left_out_.insert(owner->object);
    }
    return {};
  }

  // The object that others shall be like, and what it says; it has to be there, and to be seen.
  Result<void> read_like() {
    const auto& [bucket, key] = *question_->like;
    if (!question_->near.empty())
      return fail(ErrorKind::usage, "search.near_and_like",
                  "what is like a thing and what is near to words are two questions");
    const auto missing = [&] {
      return fail(ErrorKind::not_found, "object.not_found", "there is no object " + bucket + "/" + key);
    };
    ATOLL_ASSIGN(const auto row, reader_->bucket_named(bucket));
    if (!row) return missing();
    ATOLL_ASSIGN(const auto listed, reader_->current(row->id, key));
    if (!listed || (question_->sees && !question_->sees(bucket, *listed))) return missing();
    ATOLL_ASSIGN(const auto known, index_->kept_->find(extraction_id(listed->version, key)));
    ATOLL_ASSIGN(like_, telling_words(*index_->words_, *listed, known ? &*known : nullptr));
    like_object_ = listed->entry.object;
    return read_like_picture(*listed, known ? extract::format_by_id(known->format) : extract::recognise({}, key));
  }

  // What the picture looks like that others shall be like; looked at now where nobody did before.
  Result<void> read_like_picture(const catalog::Listed& listed, const extract::Format& format) {
    const codec::Digest id = extraction_id(listed.version, listed.entry.key);
    Pictures& pictures = *index_->pictures_;
    if (format.group == "image" && listed.version.size > 0) {
      ATOLL_ASSIGN(const bool is_looked_at, pictures.has_small(id));
      // That there is nothing to see is no error of the question's.
      if (!is_looked_at) ignore_error_on_purpose(pictures.get(id, source_of(*vault_, listed), preview::Size::small));
    }
    ATOLL_ASSIGN(like_picture_, pictures.hash_of(id));
    return {};
  }

  [[nodiscard]] bool is_fused() const { return !question_->near.empty() || question_->like; }

  // Of documents in ascending order, each of which has to be asked about, those that may be told. Complexity: two rows
  // of the book for each object, and where keys are not enough the catalog's.
  Result<std::vector<text::DocumentId>> those_seen(const std::vector<text::DocumentId>& documents,
                                                   const std::optional<std::int64_t>& stored_us) const {
    std::vector<text::DocumentId> seen;
    ObjectDocuments row;
    bool is_seen = false;
    for (const text::DocumentId document : documents) {
      // Members come behind their object, and what is true of it is true of them.
      if (document < row.first || document >= row.first + row.count) {
        ATOLL_ASSIGN(const auto owner, index_->book_->owner_of(document));
        if (!owner) continue;
        ATOLL_ASSIGN(auto found, index_->book_->find(owner->object));
        if (!found) continue;
        row = std::move(*found);
        ATOLL_ASSIGN(is_seen, may_be_told(row, stored_us));
      }
      if (is_seen) seen.push_back(document);
    }
    return seen;
  }
  Result<bool> may_be_told(const ObjectDocuments& row, const std::optional<std::int64_t>& stored_us) const {
    const std::string* const bucket = places_.name_of(row.bucket);
    if (bucket == nullptr) return false;
    if (stored_us) return question_->sees_key(*bucket, row.key, *stored_us);
    if (places_.look(row.bucket, row.key) == Places::Look::none) return true;
    ATOLL_ASSIGN(const auto listed, reader_->current(row.bucket, row.key));
    return listed && listed->entry.object == row.object && question_->sees(*bucket, *listed);
  }

  // Finds everything that matches and may be told, where the columns tell all else that is asked. False: only the best
  // can be counted.
  Result<bool> match_all() {
    const bool can = !question_->facets.empty() && std::ranges::all_of(question_->facets, is_column_facet) &&
                     !is_fused() && types_left_out_ && !places_.needs_keys();
    const bool is_judged = !has_unfinished_gates_ && !has_old_verdicts_;
    if (!can || (!is_judged && !question_->shows_quarantined)) return false;
    ATOLL_TRY(index_->columns_.fill(*index_->book_));
    if (!index_->columns_.is_filled()) return false;
    const text::Query words = with_parts_of_names(words_);
    text::Query sure = with_conditions(words);
    places_.constrain_to_sure(sure);
    ATOLL_ASSIGN(matched_, everything_that(std::move(sure)));
    std::size_t asked_about = 0;
    for (const Places::Asked& asked : places_.asked()) {
      text::Query query = with_conditions(words);
      places_.constrain_to(asked, query);
      ATOLL_ASSIGN(auto documents, everything_that(std::move(query)));
      asked_about += documents.size();
      if (asked_about > kCountedMax) return false;
      std::ranges::sort(documents);
      ATOLL_ASSIGN(const auto seen, those_seen(documents, asked.stored_us));
      matched_.insert(matched_.end(), seen.begin(), seen.end());
    }
    if (has_gates_ && !question_->shows_quarantined) {
      std::erase_if(matched_, [&](text::DocumentId one) { return index_->book_->verdicts().is_quarantined(one); });
    }
    return true;
  }

  // What match_all() found, and what was found by meaning besides.
  void count_all(Answer& answer) {
    std::unordered_set<text::DocumentId> by_meaning;
    for (const Hit& hit : hits_) {
      if (hit.near) by_meaning.insert(hit.row.first + hit.owner.member);
    }
    if (!by_meaning.empty()) {
      for (const text::DocumentId document : matched_) by_meaning.erase(document);
    }
    matched_.insert(matched_.end(), by_meaning.begin(), by_meaning.end());
    auto counted = index_->columns_.count(matched_, places_.buckets(), question_->facets);
    answer.total = counted.total;
    answer.is_total_exact = true;
    answer.facets = std::move(counted.facets);
  }

  // The words that rank and are marked: those that were given, else those of the text or thing that is asked by.
  [[nodiscard]] text::Query ranking_words() const {
    if (has_words(words_)) return words_;
    return question_->like ? any_of(like_.words) : any_of(plain_words(question_->near));
  }

  // What each field of text adds to the scores of those documents, and how near in meaning they are.
  Result<void> explain(Answer& answer, const std::vector<text::DocumentId>& documents) const {
    std::vector<text::DocumentId> only = documents;
    std::ranges::sort(only);
    text::SearchRequest request;
    request.limit = only.size();
    request.only = &only;
    const text::Schema fields = schema();
    for (std::size_t field = 0; field < fields.size() && !only.empty(); ++field) {
      if (fields[field].kind != text::FieldKind::text) continue;
      request.query = {};
      request.query.kind = text::Query::Kind::boolean;
      collect_of_field(ranking_words(), static_cast<int>(field), request.query.should);
      if (request.query.should.empty()) continue;
      ATOLL_ASSIGN(const auto result, index_->words_->search(request));
      for (const auto& hit : result.hits) {
        const auto at = std::ranges::find(documents, hit.id);
        if (hit.score > 0)
          answer.found[static_cast<std::size_t>(at - documents.begin())].signals.push_back(
              {fields[field].name, hit.score});
      }
    }
    for (std::size_t i = 0; i < answer.found.size(); ++i) {
      auto& found = answer.found[i];
      std::ranges::stable_sort(found.signals, [](const Signal& a, const Signal& b) { return a.score > b.score; });
      if (found.similarity != 0) found.signals.push_back({"meaning", found.similarity});
      const double looks = hits_[question_->offset + i].looks;
      if (looks > 0) found.signals.insert(found.signals.begin(), {"picture", looks});
    }
    return {};
  }

  // With what else must hold, as far as the index knows it.
  [[nodiscard]] text::Query constrained(const text::Query& words) const {
    text::Query out = with_conditions(words);
    places_.constrain(out);
    return out;
  }
  // The same without places.
  [[nodiscard]] text::Query with_conditions(const text::Query& words) const {
    text::Query out;
    out.kind = text::Query::Kind::boolean;
    out.must.push_back(words);
    if (!question_->types.empty()) {
      text::Query either;
      either.kind = text::Query::Kind::boolean;
      for (const std::string& type : question_->types) either.should.push_back(value_query(FieldNumber::type, type));
      out.must.push_back(std::move(either));
    }
    out.must.insert(out.must.end(), times_.begin(), times_.end());
    for (const std::string& type : types_left_out_.value_or(std::vector<std::string>{}))
      out.must_not.push_back(value_query(FieldNumber::type, type));
    return out;
  }

  // Those of the documents, kFusedMax at most, for which everything else holds.
  [[nodiscard]] Result<std::unordered_set<text::DocumentId>> allowed(std::vector<text::DocumentId> documents,
                                                                     const text::Query& must) const {
    std::ranges::sort(documents);
    text::SearchRequest request;
    request.query = constrained(must);
    request.limit = kFusedMax;
    request.only = &documents;
    ATOLL_ASSIGN(const auto result, index_->words_->search(request));
    std::unordered_set<text::DocumentId> out;
    for (const auto& hit : result.hits) out.insert(hit.id);
    return out;
  }

  // Each once, in no order.
  [[nodiscard]] Result<std::vector<text::DocumentId>> everything_that(text::Query query) const {
    std::vector<text::DocumentId> documents;
    text::SearchRequest request;
    request.query = std::move(query);
    request.limit = 0;
    request.on_match = [&](text::DocumentId document) { documents.push_back(document); };
    ATOLL_TRY(index_->words_->search(request));
    return documents;
  }

  // Of the documents near to the text, nearest first, those for which everything else holds.
  [[nodiscard]] Result<std::vector<Meaning::Near>> near_to(const std::string& text, float similarity_min,
                                                           const text::Query& must) const {
    ATOLL_ASSIGN(auto near, index_->meaning_->near_to(text, kFusedMax, similarity_min));
    std::vector<text::DocumentId> documents;
    documents.reserve(near.size());
    for (const auto& one : near) documents.push_back(one.document);
    ATOLL_ASSIGN(const auto those, allowed(std::move(documents), must));
    std::vector<Meaning::Near> out;
    std::ranges::copy_if(near, std::back_inserter(out), [&](const auto& one) { return those.contains(one.document); });
    if (near.size() < kFusedMax || out.size() >= std::min(wanted_, kFusedMax)) return out;
    // What else must hold leaves too few of the nearest of all: then only what it leaves is looked at.
    ATOLL_ASSIGN(auto only, everything_that(constrained(must)));
    std::ranges::sort(only);
    ATOLL_ASSIGN(out, index_->meaning_->near_to(text, kFusedMax, similarity_min, &only));
    return out;
  }

  // Objects whose pictures look like the one that is asked by, the most alike first. Complexity: linear in the
  // pictures.
  [[nodiscard]] Result<std::vector<Candidate>> by_looks() const {
    std::vector<std::pair<double, ObjectId>> alike;
    ATOLL_TRY(index_->likeness_->for_each_picture([&](const ObjectId& object, std::uint64_t picture) -> Result<bool> {
      const double similarity = picture_similarity(picture, *like_picture_);
      if (similarity >= kPictureLikenessMin && object != like_object_) alike.emplace_back(similarity, object);
      return true;
    }));
    std::ranges::stable_sort(alike, [](const auto& a, const auto& b) { return a.first > b.first; });
    if (alike.size() > kFusedMax) alike.resize(kFusedMax);
    std::vector<Candidate> candidates;
    std::vector<text::DocumentId> documents;
    for (const auto& [similarity, object] : alike) {
      ATOLL_ASSIGN(const auto row, index_->book_->find(object));
      if (!row) continue;
      candidates.push_back({row->first, kLooksScore + similarity, std::nullopt, similarity});
      documents.push_back(row->first);
    }
    ATOLL_ASSIGN(const auto those, allowed(std::move(documents), words_));
    std::erase_if(candidates, [&](const Candidate& one) { return !those.contains(one.document); });
    return candidates;
  }

  Result<std::vector<Scored>> by_words(const text::Query& words) const {
    text::SearchRequest request;
    request.query = constrained(words);
    request.limit = kFusedMax;
    ATOLL_ASSIGN(const auto result, index_->words_->search(request));
    std::vector<Scored> out;
    for (const auto& hit : result.hits)
      if (hit.score > 0) out.push_back({hit.id, hit.score});
    return out;
  }

  // How much of the words stands in the best of those hits: 0 to 1.
  Result<double> known_of(const std::vector<std::string>& words, const std::vector<Scored>& hits) const {
    return hits.empty() ? Result<double>(0) : covered(*index_->words_, words, hits.front().document);
  }

  // First what looks like it, then by the words that tell the thing from others, and by what it is about; what the line
  // says must hold besides.
  Result<void> collect_like() {
    if (like_picture_) {
      ATOLL_ASSIGN(const auto alike, by_looks());
      for (const Candidate& one : alike) {
        seen_.insert(one.document);
        if (hits_.size() < wanted_) ATOLL_TRY(look_up(one));
      }
    }
    asked_meaning_ = true;
    text::Query both;
    both.kind = text::Query::Kind::boolean;
    both.must = {words_, any_of(like_.words)};
    ATOLL_ASSIGN(const auto hits, by_words(both));
    ATOLL_ASSIGN(const auto near, near_to(like_.beginning, kNearUnasked, words_));
    return collect_fused(hits, near, 0.5);
  }

  // By meaning and by words: those that were given, which then count the same, else those of the text itself, which
  // count as far as they are those of the texts.
  Result<void> collect_near() {
    asked_meaning_ = true;
    ATOLL_ASSIGN(const auto near,
                 near_to(question_->near, question_->near_threshold.value_or(kNearAsked), everything()));
    if (question_->near_threshold && !has_words(words_)) return collect_fused({}, near, 0);
    const bool has_own_words = has_words(words_);
    const auto words_of_text = plain_words(question_->near);
    ATOLL_ASSIGN(const auto hits, by_words(has_own_words ? words_ : any_of(words_of_text)));
    double weight = 0.5;
    if (!has_own_words) {
      ATOLL_ASSIGN(const double known, known_of(words_of_text, hits));
      weight = weight_of_words(known);
    }
    return collect_fused(hits, near, weight);
  }

  // A question that nobody meant to the letter, in the order that the words themselves give.
  [[nodiscard]] bool may_ask_meaning() const {
    return !question_->words_only && question_->order == Order::rank && is_plain(words_) &&
           index_->meaning_->is_ready();
  }

  // Where the best hit by words says little of what was asked, what is near in meaning is taken in; else nothing is
  // done here, and words alone decide as they always did.
  Result<void> collect_where_words_are_weak() {
    const auto words = plain_words(question_->words);
    if (!are_words_weak(words.size(), 0)) return {};
    ATOLL_ASSIGN(const auto hits, by_words(words_));
    ATOLL_ASSIGN(const double known, known_of(words, hits));
    if (!are_words_weak(words.size(), known)) return {};
    asked_meaning_ = true;
    ATOLL_ASSIGN(auto near, near_to(question_->words, question_->near_threshold.value_or(kNearUnasked), everything()));
    if (!question_->near_threshold && !near.empty()) {
      const float least = near.front().similarity * kShareOfNearest;
      std::erase_if(near, [&](const auto& one) { return one.similarity < least; });
    }
    return near.empty() ? Result<void>{} : collect_fused(hits, near, weight_of_words(known));
  }

  Result<void> collect_fused(const std::vector<Scored>& by_words, const std::vector<Meaning::Near>& near,
                             double weight) {
    std::vector<Scored> by_meaning;
    std::map<text::DocumentId, Meaning::Near> nearness;
    for (const auto& one : near) {
      // A threshold below 0 lets through what points the other way; it counts for nothing.
      if (one.similarity > 0) by_meaning.push_back({one.document, one.similarity});
      nearness[one.document] = one;
    }
    for (const auto& one : fuse(by_words, by_meaning, weight)) {
      if (hits_.size() == wanted_) break;
      const auto by = nearness.find(one.document);
      if (!seen_.insert(one.document).second) continue;
      ATOLL_TRY(look_up({one.document, one.score, by == nearness.end() ? std::nullopt : std::optional(by->second)}));
    }
    return {};
  }

  // Adds hits, best first, until there are as many as wanted.
  Result<void> collect(const text::Query& query) {
    text::SearchRequest request;
    request.query = query;
    request.limit = std::clamp(wanted_, kFirstPage, kPageMax);
    while (hits_.size() < wanted_) {
      ATOLL_ASSIGN(const auto result, index_->words_->search(request));
      for (const auto& one : result.hits) {
        if (hits_.size() == wanted_) break;
        if (seen_.insert(one.id).second) ATOLL_TRY(look_up({one.id, one.score, std::nullopt}));
      }
      if (result.hits.size() < request.limit) break;
      request.after = result.hits.back().cursor;
      request.limit = std::min(request.limit * 2, kPageMax);
    }
    return {};
  }

  Result<void> look_up(const Candidate& one) {
    // Passed over unseen, however many there are: count_left_out() counts them.
    const bool is_of_words = !one.near && one.looks == 0 && !is_fused();
    if (verdicts_hold_ && is_of_words && !question_->shows_quarantined &&
        index_->book_->verdicts().is_quarantined(one.document))
      return {};
    ATOLL_ASSIGN(const auto owner, index_->book_->owner_of(one.document));
    if (!owner || (question_->like && owner->object == like_object_)) return {};
    ATOLL_ASSIGN(auto row, index_->book_->find(owner->object));
    if (!row) return {};
    const std::string* const bucket = places_.name_of(row->bucket);
    if (bucket == nullptr || !row->key.starts_with(question_->prefix)) return {};
    const auto look = question_->sees ? places_.look(row->bucket, row->key) : Places::Look::none;
    if (look == Places::Look::by_key && !question_->sees_key(*bucket, row->key, 0)) return {};
    const bool hides = !question_->shows_quarantined && (has_gates_ || has_unfinished_gates_);
    const bool needs_look = needs_facts_ || look == Places::Look::by_catalog ||
                            (hides && gates_.of(row->bucket) != nullptr &&
                             (needs_judging(row->bucket) || index_->book_->verdicts().is_quarantined(row->first)));
    if (!needs_look && hits_.size() > question_->offset + question_->limit) {
      hits_.push_back({*owner, std::move(*row), {}, *bucket, one.score, one.near, one.looks});
      return {};
    }
    ATOLL_ASSIGN(auto listed, reader_->current(row->bucket, row->key));
    if (!listed || listed->entry.object != owner->object) return {};
    if (!filter_.matches(vault::subject_of(listed->entry.key, listed->version, now_))) return {};
    if (question_->sees && !question_->sees(*bucket, *listed)) return {};
    if (hides) {
      ATOLL_ASSIGN(const bool held, is_held(*listed, *row));
      if (held) {
        left_out_.insert(owner->object);
        return {};
      }
    }
    hits_.push_back({*owner, std::move(*row), std::move(*listed), *bucket, one.score, one.near, one.looks});
    return {};
  }

  void sort() {
    const auto by = [this](auto value) {
      std::ranges::stable_sort(hits_, [&](const Hit& a, const Hit& b) {
        return question_->is_descending ? value(b) < value(a) : value(a) < value(b);
      });
    };
    switch (question_->order) {
      case Order::rank: break;
      case Order::name: by([](const Hit& hit) { return std::pair(hit.bucket, hit.listed.entry.key); }); break;
      case Order::size: by([](const Hit& hit) { return hit.listed.version.size; }); break;
      case Order::date: by([](const Hit& hit) { return hit.owner.facts.date_us; }); break;
      case Order::modified: by([](const Hit& hit) { return hit.listed.version.modified; }); break;
      case Order::stored: by([](const Hit& hit) { return hit.listed.version.begin_time; }); break;
    }
  }

  [[nodiscard]] Facet count(const std::string& name) const {
    std::map<std::string, std::uint64_t> counts;
    for (const Hit& hit : hits_) {
      if (name == "type") {
        ++counts[type_counted(hit.owner.facts, hit.row.key)];
      } else if (name == "year" || name == "month" || name == "day") {
        const auto interval = name == "year" ? Interval::year : name == "month" ? Interval::month : Interval::day;
        ++counts[interval_text(hit.owner.facts.date_us, interval)];
      } else if (name == "language") {
        if (!hit.owner.facts.language.empty()) ++counts[hit.owner.facts.language];
      } else if (name == "bucket") {
        ++counts[hit.bucket];
      } else if (name == "tag") {
        for (const auto& [tag, value] : hit.listed.version.tags) ++counts[value.empty() ? tag : tag + "=" + value];
      }
    }
    return make_facet(name, counts);
  }

  Result<Found> show(const Hit& hit) const {
    Found found;
    found.bucket = hit.bucket;
    found.listed = hit.listed;
    found.score = hit.score;
    if (hit.near) found.similarity = hit.near->similarity;
    found.title = hit.row.title;
    found.format = hit.owner.facts.format;
    found.language = hit.owner.facts.language;
    found.trouble = hit.row.trouble;
    if (question_->shows_quarantined) {
      ATOLL_ASSIGN(found.is_quarantined, is_held(hit.listed, hit.row));
    }
    const bool wants_text = question_->wants_snippets && (has_words(words_) || is_fused());
    if (hit.owner.member == 0 && (!wants_text || hit.owner.facts.format.empty())) return found;
    ATOLL_ASSIGN(const auto extraction, index_->kept_->find(hit.row.extraction));
    if (!extraction) return found;
    const extract::Extraction* shown = &*extraction;
    if (hit.owner.member > 0) {
      if (hit.owner.member > extraction->members.size()) return found;
      const auto& member = extraction->members[hit.owner.member - 1];
      found.inside = member.path;
      found.title.clear();
      if (member.understood.empty()) return found;
      shown = &member.understood.front();
      found.title = extract::value_of(*shown, "title");
    }
    if (wants_text) found.snippet = snippet_of(*shown);
    if (wants_text && !found.snippet && hit.near) ATOLL_TRY(show_passage(*shown, hit.near->passage, found));
    return found;
  }

  Result<void> show_passage(const extract::Extraction& extraction, std::uint32_t number, Found& found) const {
    ATOLL_ASSIGN(std::string passage, index_->meaning_->passage(extraction, number));
    if (passage.empty()) return {};
    passage.resize(beginning_of(passage, kSnippetBytes).size());
    found.snippet.emplace();
    found.snippet->text = std::move(passage);
    return {};
  }

  [[nodiscard]] std::optional<FoundSnippet> snippet_of(const extract::Extraction& extraction) const {
    std::vector<std::string> words;
    const text::Query query = ranking_words();
    collect_words(query, words);
    const bool wants_phrase = has_phrase(query);
    text::SnippetOptions options;
    options.language = text::language_of(extraction.language);
    options.field = number(FieldNumber::text);
    options.bytes = kSnippetBytes;
    std::optional<FoundSnippet> best;
    std::tuple<bool, std::size_t, std::size_t> best_value;
    std::size_t looked_at = 0;
    for (const auto& piece : extraction.pieces) {
      if (looked_at > kSnippetTextBytesMax) break;
      looked_at += piece.text.size();
      const auto snippet = text::make_snippet(piece.text, query, options);
      const std::tuple value{snippet.has_phrase, snippet.words, snippet.marks.size()};
      if (snippet.marks.empty() || (best && value <= best_value)) continue;
      best_value = value;
      best.emplace();
      best->text = piece.text.substr(snippet.begin, snippet.end - snippet.begin);
      for (const auto& mark : snippet.marks)
        best->marks.emplace_back(mark.begin - snippet.begin, mark.end - snippet.begin);
      best->place = piece.place;
      best->line = snippet.line;
      const bool shows_phrase = snippet.has_phrase || !wants_phrase;
      if (shows_phrase && snippet.words >= std::max<std::size_t>(1, words.size())) break;
    }
    return best;
  }

  Result<void> suggest(Answer& answer) const {
    std::vector<std::string> words;
    collect_words(words_, words);
    for (const std::string& word : words) {
      ATOLL_ASSIGN(const auto near, index_->words_->suggest(word, 1));
      if (!near.empty() && near.front().distance > 0) answer.suggestions.emplace_back(word, near.front().word);
    }
    return {};
  }

  const SearchIndex* index_;
  vault::Vault* vault_;
  const Question* question_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  Timestamp now_;
  filter::Filter filter_;
  std::optional<std::vector<std::string>> types_left_out_;  // the index knows them; none: the filter says more
  text::Query words_;
  std::vector<text::Query> times_;
  Places places_;
  std::vector<text::DocumentId> matched_;  // where everything is counted
  TellingWords like_;                      // of the thing that is asked by
  ObjectId like_object_;
  std::optional<std::uint64_t> like_picture_;  // what it looks like, where it is a picture
  std::size_t wanted_ = 0;
  bool needs_facts_ = true;  // of every hit, not only of those that are shown
  bool asked_meaning_ = false;
  Gates gates_;
  bool has_gates_ = false;             // in the buckets that are asked, and all is judged by them
  bool has_unfinished_gates_ = false;  // and some by which not everything is judged yet
  bool has_old_verdicts_ = false;      // of gates that are gone
  bool asked_parts_ = false;           // also words within names
  bool verdicts_hold_ = false;         // everything that is so now was judged, by the gates that are set now
  std::set<ObjectId> left_out_;
  std::uint64_t left_out_unseen_ = 0;  // and these besides
  bool is_left_out_exact_ = true;
  std::vector<Hit> hits_;
  std::unordered_set<text::DocumentId> seen_;
};

Result<Answer> SearchIndex::ask(vault::Vault& vault, const Question& question) const {
  if (question.limit > kLimitMax || question.offset > kOffsetMax) {
    return fail(
        ErrorKind::limit, "search.too_far",
        "at most " + std::to_string(kLimitMax) + " results at once, and the first " + std::to_string(kOffsetMax),
        "Ask for something narrower.");
  }
  ATOLL_ASSIGN(auto covered, coverage(vault));
  const std::shared_lock shared(parts_mutex_);
  ATOLL_TRY(check_open());
  auto& clock = vault.machine().clock;
  const std::int64_t begun_ns = clock.monotonic_ns();
  ATOLL_ASSIGN(auto answer, Asking(*this, vault, question).run());
  answer_times_.note(static_cast<double>(clock.monotonic_ns() - begun_ns) * 1e-9);
  // Of after it was asked: whether its embedder was there.
  if (answer.asked_meaning) covered.meaning_trouble = meaning_->state(*book_).trouble;
  answer.coverage = std::move(covered);
  return answer;
}

}  // namespace atl::search
