#include "edge/rest/word_search.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>

#include "catalog/filter/filter.h"
#include "derived/search/line.h"
#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/filter_body.h"
#include "edge/rest/groups.h"
#include "edge/rest/real_number.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::array kSeenActions{Action::search, Action::read_metadata, Action::read};
constexpr std::uint64_t kLimitOtherwise = 20;
constexpr std::uint64_t kWaitMsMax = 10'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::chrono::milliseconds kPoll{20};
constexpr std::string_view kCursorMark = "words:";
constexpr std::uint64_t kTextBytesMax = 1024 * 1024;
// Of whoever has more, each result is asked about by itself.
constexpr std::size_t kBucketsAskedMax = 1000;

}  // namespace

std::string_view word_of(extract::PlaceKind kind) {
  switch (kind) {
    case extract::PlaceKind::none: return "text";
    case extract::PlaceKind::page: return "page";
    case extract::PlaceKind::slide: return "slide";
    case extract::PlaceKind::sheet: return "sheet";
    case extract::PlaceKind::message: return "message";
    case extract::PlaceKind::time_ms: return "time_ms";
    case extract::PlaceKind::chapter: return "chapter";
  }
  return "text";
}

namespace {

Value place_json(const extract::Place& place) {
  Value out = Value::object();
  out.set("kind", word_of(place.kind));
  if (place.kind != extract::PlaceKind::none) out.set("number", place.number);
  if (!place.name.empty()) out.set("name", place.name);
  return out;
}

Value found_json(const search::Found& found) {
  Value out = object_json(found.bucket, found.listed);
  if (!found.inside.empty()) out.set("inside", found.inside);
  out.set("score", found.score);
  if (found.similarity != 0) out.set("similarity", static_cast<double>(found.similarity));
  if (!found.title.empty()) out.set("title", found.title);
  if (!found.format.empty()) out.set("format", found.format);
  if (!found.language.empty()) out.set("language", found.language);
  if (!found.trouble.empty()) out.set("trouble", found.trouble);
  if (found.is_quarantined) out.set("is_quarantined", true);
  if (!found.signals.empty()) {
    Value signals = Value::array();
    for (const auto& signal : found.signals) {
      Value one = Value::object();
      one.set("name", signal.name).set("score", signal.score);
      signals.push(std::move(one));
    }
    out.set("signals", std::move(signals));
  }
  if (!found.snippet) return out;
  Value marks = Value::array();
  for (const auto& [begin, end] : found.snippet->marks) {
    Value mark = Value::array();
    mark.push(static_cast<std::uint64_t>(begin)).push(static_cast<std::uint64_t>(end));
    marks.push(std::move(mark));
  }
  Value place = place_json(found.snippet->place);
  if (found.snippet->line > 0) place.set("line", static_cast<std::uint64_t>(found.snippet->line));
  Value snippet = Value::object();
  snippet.set("text", found.snippet->text).set("marks", std::move(marks)).set("place", std::move(place));
  out.set("snippet", std::move(snippet));
  return out;
}

Result<search::Order> order_of(const std::string& word) {
  using search::Order;
  // The schema lets no other word through.
  for (const auto& [name, order] :
       {std::pair("name", Order::name), std::pair("size", Order::size), std::pair("date", Order::date),
        std::pair("modified", Order::modified), std::pair("stored", Order::stored)}) {
    if (word == name) return order;
  }
  return Order::rank;
}

Result<std::size_t> offset_of(const std::string& cursor) {
  if (cursor.empty()) return 0;
  const auto bytes = from_base32(cursor);
  const std::string text = bytes ? to_string(*bytes) : std::string();
  std::size_t offset = 0;
  if (text.starts_with(kCursorMark)) {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + kCursorMark.size(), end, offset);
    if (error == std::errc() && at == end) return offset;
  }
  return fail(ErrorKind::usage, "http.bad_cursor", "this cursor is not of a search for words",
              "Give back `next_cursor`.");
}

Result<search::Question> question_of(const Value& body, Timestamp now) {
  search::Question question;
  if (const Value* const filter = body.find("filter"); filter != nullptr) {
    ATOLL_ASSIGN(question.filter, filter_text(*filter));
    // Before it is joined with what the line says, so that columns are those of what was sent.
    ATOLL_TRY(filter::parse(question.filter, now));
  }
  ATOLL_ASSIGN(const std::string line, body.text_of("query"));
  auto split = search::split_line(line);
  ATOLL_TRY(search::check_line(split, now));
  question.words = std::move(split.words);
  if (!split.filter.empty())
    question.filter = question.filter.empty() ? split.filter : "(" + question.filter + ") (" + split.filter + ")";
  ATOLL_ASSIGN(question.near, body.text_of("near"));
  if (const Value* const like = body.find("like"); like != nullptr) {
    search::ObjectName name;
    ATOLL_ASSIGN(name.bucket, like->text_of("bucket"));
    ATOLL_ASSIGN(name.key, name_from(*like, "key"));
    question.like = std::move(name);
  }
  ATOLL_ASSIGN(question.explains, body.flag_of("explain"));
  ATOLL_ASSIGN(question.words_only, body.flag_of("words_only"));
  ATOLL_ASSIGN(question.shows_quarantined, body.flag_of("quarantined"));
  if (const Value* const threshold = body.find("near_threshold"); threshold != nullptr) {
    const auto number = number_between(*threshold, -1, 1);
    if (!number) return fail(ErrorKind::usage, "search.bad_threshold", "\"near_threshold\" is a number from -1 to 1");
    question.near_threshold = static_cast<float>(*number);
  }
  ATOLL_ASSIGN(const std::string match, body.text_of("match"));
  question.match = match == "all" ? text::Match::all : text::Match::any;
  ATOLL_ASSIGN(question.types, body.list_of("types"));
  ATOLL_ASSIGN(question.facets, body.list_of("facets"));
  ATOLL_ASSIGN(question.since, body.text_of("since"));
  ATOLL_ASSIGN(question.until, body.text_of("until"));
  ATOLL_ASSIGN(const std::string sort, body.text_of("sort"));
  ATOLL_ASSIGN(question.order, order_of(sort));
  ATOLL_ASSIGN(question.is_descending, body.flag_of("descending"));
  ATOLL_ASSIGN(question.bucket, body.text_of("bucket"));
  ATOLL_ASSIGN(question.prefix, name_from(body, "prefix"));
  ATOLL_ASSIGN(question.limit, body.number_of("limit", kLimitOtherwise));
  ATOLL_ASSIGN(const std::string cursor, body.text_of("cursor"));
  ATOLL_ASSIGN(question.offset, offset_of(cursor));
  return question;
}

// In times instead of ages.
search::PlacesSeen places_seen(const access::KeyPlaces& places, Timestamp now) {
  search::PlacesSeen out;
  // Of an age and more is what was stored so long ago; longer ago than times reach nothing was.
  std::vector<std::size_t> spans;
  for (std::size_t i = places.ages.size(); i > 0; --i) {
    constexpr std::uint64_t kUsPerSecond = 1'000'000;
    if (i == places.ages.size()) {
      spans.push_back(i - 1);
      continue;
    }
    const std::uint64_t age = places.ages[i];
    if (age > static_cast<std::uint64_t>(std::max<std::int64_t>(now.unix_us, 0)) / kUsPerSecond) {
      spans.back() = i - 1;
      continue;
    }
    out.since_us.push_back(now.unix_us - static_cast<std::int64_t>(age * kUsPerSecond) + 1);
    spans.push_back(i - 1);
  }
  for (const auto& place : places.places) {
    auto& told = out.places.emplace_back();
    told.prefix = place.prefix;
    for (const std::size_t span : spans) {
      const auto says = place.says[span];
      told.seen.push_back(says == access::KeyPlaces::Says::yes  ? search::Seen::yes
                          : says == access::KeyPlaces::Says::no ? search::Seen::no
                                                                : search::Seen::ask);
    }
  }
  return out;
}

}  // namespace

Result<void> wait_until_known(const Call& call, const search::SearchIndex& index, vault::Vault& vault,
                              std::uint64_t wait_ms, const std::atomic<bool>* stop) {
  auto& clock = vault.machine().clock;
  const std::int64_t begun_ns = clock.monotonic_ns();
  while ((clock.monotonic_ns() - begun_ns) / kNsPerMs < static_cast<std::int64_t>(wait_ms) &&
         !call.exchange().host.is_ending() && (stop == nullptr || !stop->load())) {
    ATOLL_ASSIGN(const auto coverage, index.coverage(vault));
    if (coverage.is_complete()) break;
    // Nobody rings: the index has no bell, and a look at it costs next to nothing.
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable().wait_for(lock, kPoll);
  }
  return {};
}

namespace {

// What was typed or said in words, of the first page; by whom, so that they may see it again.
Result<std::uint64_t> note_question(Call& call, const search::SearchIndex& index, const search::Question& question,
                                    const search::Answer& answer, std::int64_t begun_ns) {
  if (index.questions() == nullptr || question.offset > 0 || (answer.words.empty() && question.near.empty())) return 0;
  search::AskedQuestion asked;
  asked.asked = call.exchange().now();
  asked.who = call.who().name;
  asked.words = answer.words;
  asked.near = question.near;
  asked.found = answer.total.value_or(answer.found.size());
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  asked.duration_us = (vault->machine().clock.monotonic_ns() - begun_ns) / 1000;
  return index.questions()->note(asked);
}

}  // namespace

Value coverage_json(const search::Coverage& coverage) {
  Value out = Value::object();
  out.set("reached", coverage.reached.value).set("current", coverage.current.value);
  out.set("objects", coverage.objects).set("contents_waiting", coverage.contents_waiting);
  out.set("is_complete", coverage.is_complete()).set("knows_meaning", coverage.knows_meaning);
  out.set("embedder", coverage.embedder).set("passages", coverage.passages);
  out.set("meaning_waiting", coverage.meaning_waiting).set("gates_unfinished", coverage.gates_unfinished);
  out.set("judged", coverage.judged).set("quarantined", coverage.quarantined);
  if (!coverage.next_embedder.empty()) out.set("next_embedder", coverage.next_embedder);
  if (!coverage.meaning_trouble.empty()) out.set("meaning_trouble", coverage.meaning_trouble);
  out.set("previews_waiting", coverage.previews_waiting).set("pictures_waiting", coverage.pictures_waiting);
  return out;
}

Result<FoundFilter> FoundFilter::begin(Call& call) {
  ATOLL_ASSIGN(auto seen, Filter::begin(call, Action::search));
  FoundFilter filter(call, seen);
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto buckets, vault->reader()->buckets());
  // Bucket by bucket, for each may have a policy of its own. A place is allowed as a whole only where nothing in it is
  // denied.
  for (const auto& bucket : std::span(buckets).first(std::min(buckets.size(), kBucketsAskedMax))) {
    const bool is_whole =
        std::ranges::all_of(kSeenActions, [&](Action action) { return call.may(action, bucket.name, {}, true); });
    if (is_whole) filter.whole_buckets_.insert(bucket.name);
  }
  filter.sees_everything_ = filter.whole_buckets_.size() == buckets.size();
  return filter;
}

void FoundFilter::restrict(search::Question& question) {
  question.sees = [this](const std::string& bucket, const catalog::Listed& listed) { return sees(bucket, listed); };
  question.sees_all_of = [this](const std::string& bucket) { return sees_all_of(bucket); };
  question.places_seen = [this](const std::string& bucket) -> std::optional<search::PlacesSeen> {
    const auto places = call_->key_places(kSeenActions, bucket);
    if (!places) return std::nullopt;
    return places_seen(*places, call_->exchange().now());
  };
  question.sees_key = [this](const std::string& bucket, const std::string& key, std::int64_t stored_us) {
    return sees(bucket, key, call_->age_seconds(Timestamp{stored_us}));
  };
}

bool FoundFilter::sees(const std::string& bucket, const catalog::Listed& listed) {
  return sees(bucket, listed.entry.key, call_->age_seconds(listed.version));
}

bool FoundFilter::sees(const std::string& bucket, const std::string& key, std::optional<std::uint64_t> age_seconds) {
  return seen_.sees(bucket, key, false, age_seconds) &&
         call_->may(Action::read_metadata, bucket, key, false, age_seconds) &&
         call_->may(Action::read, bucket, key, false, age_seconds);
}

bool asks_for_words(const Value& body) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"query", "near", "like", "types", "facets", "since", "until", "sort"},
      [&](std::string_view name) { return body.find(name) != nullptr; });
}

Result<net::Response> search_words(Call& call) {
  const Value& body = call.body();
  if (body.find("as_of") != nullptr) {
    return fail(ErrorKind::usage, "search.not_then", "what files said at an earlier time is not indexed",
                "Leave out as_of, or ask by a filter alone.");
  }
  ATOLL_ASSIGN(auto question, question_of(body, call.exchange().now()));
  if (!question.prefix.empty() && question.bucket.empty())
    return fail(ErrorKind::usage, "search.no_bucket", "\"prefix\" needs \"bucket\"");
  ATOLL_ASSIGN(auto seen, FoundFilter::begin(call));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  ATOLL_ASSIGN(const std::uint64_t wait_ms, body.number_of("wait_ms"));
  if (wait_ms > 0) ATOLL_TRY(wait_until_known(call, *index, *vault, wait_ms));
  seen.restrict(question);
  const std::int64_t begun_ns = vault->machine().clock.monotonic_ns();
  ATOLL_ASSIGN(const auto answer, index->ask(*vault, question));
  if (answer.found.empty()) ATOLL_TRY(seen.end());
  // An answer is not held back for want of room to note the question.
  const auto number = note_question(call, *index, question, answer, begun_ns);
  Value results = Value::array();
  for (const auto& found : answer.found) results.push(found_json(found));
  Value out = Value::object();
  out.set("filter", answer.filter).set("results", std::move(results));
  if (answer.has_more) {
    out.set("next_cursor",
            to_base32(as_bytes(std::string(kCursorMark) + std::to_string(question.offset + answer.found.size()))));
  }
  out.set("query", answer.words);
  if (answer.total) out.set("total", *answer.total).set("is_total_exact", answer.is_total_exact);
  if (!answer.facets.empty()) {
    Value facets = Value::array();
    for (const auto& facet : answer.facets) {
      Value counts = Value::array();
      for (const auto& one : facet.counts) {
        Value count = Value::object();
        count.set("value", one.value).set("count", one.count);
        counts.push(std::move(count));
      }
      Value item = Value::object();
      item.set("name", facet.name).set("counts", std::move(counts));
      if (facet.has_more) item.set("has_more", true);
      facets.push(std::move(item));
    }
    out.set("facets", std::move(facets));
  }
  if (!answer.suggestions.empty()) {
    Value suggestions = Value::array();
    for (const auto& [word, near] : answer.suggestions) {
      Value item = Value::object();
      item.set("word", word).set("instead", near);
      suggestions.push(std::move(item));
    }
    out.set("suggestions", std::move(suggestions));
  }
  if (number && *number > 0) out.set("question", *number);
  out.set("quarantined_left_out", answer.quarantined_left_out).set("is_left_out_exact", answer.is_left_out_exact);
  out.set("asked_meaning", answer.asked_meaning).set("coverage", coverage_json(answer.coverage));
  call.exchange().note_read(Action::search, call.vault_id(), question.bucket, question.prefix, 0);
  return ok(out);
}

std::vector<schema::Member> word_search_members() {
  using namespace schema;
  return {optional("query", text("Words, phrases, fields: \"boiler -draft type:pdf\" (spec/query-line.md).", 8192)),
          optional("near", text("What it is about, in any words; with `query`, both count.", 8192)),
          optional("like", object("What is like this object, and never itself; not together with `near`.",
                                  {required("bucket", text("Its bucket.")), optional("key", text("Its key.")),
                                   optional("key_b64", text("In base64."))})),
          optional("explain", flag("Gives `signals`: what each hit's score is made of.")),
          optional("words_only", flag("Nothing by meaning, also where the words say little.")),
          optional("near_threshold", ratio("Of what is found by meaning, nothing less near: from -1 to 1.")),
          optional("match", choice("Whether one word is enough; otherwise any.", {"any", "all"})),
          optional("types", list(text("", 200), "Only of these kinds: pdf, image, document, md.")),
          optional("since", text("Made or happened then or later: \"2024-03\", \"-30d\".", 64)),
          optional("until", text("Made or happened then or before.", 64)),
          optional("facets", list(choice("", {"type", "year", "month", "day", "language", "bucket", "tag"}),
                                  "What to count by.")),
          optional("sort", choice("Otherwise rank.", {"rank", "name", "size", "date", "modified", "stored"})),
          optional("descending", flag("The greatest first, of an order that is not by rank.")),
          optional("quarantined", flag("Also what does not meet the gate of its bucket, each marked.")),
          optional("wait_ms", number("Wait so long at most until what was stored just now is known.", 0, kWaitMsMax))};
}

std::vector<schema::Member> word_result_members() {
  using namespace schema;
  return {optional("query", text("As it was understood.")),
          optional("total", number("How many there are, where they were counted.")),
          optional("is_total_exact", flag("False: there are more.")),
          optional("facets", list(reference("Facet"))),
          optional("question", number("By which search_opened knows what was asked; not where nothing is noted.")),
          optional("suggestions",
                   list(object("A word that stands nowhere.",
                               {required("word", text("It.")), required("instead", text("What is near."))}))),
          optional("quarantined_left_out",
                   number("Found, too, but in quarantine and not given: `quarantined` gives them, quarantine_list says "
                          "why they are.")),
          optional("is_left_out_exact", flag("False: there may be more of them.")),
          optional("is_unjudged", flag("There are gates, but without the index, which cannot be opened, nobody knows "
                                       "what they hold back: it is given like all else.")),
          optional("asked_meaning", flag("It was looked for by meaning, too.")),
          optional("coverage", reference("SearchCoverage"))};
}

namespace {

Result<net::Response> show_understood(Call& call) {
  const std::string& bucket = call.bucket();
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  vault::View view(*reader, std::nullopt);
  ATOLL_ASSIGN(const auto row, view.bucket(bucket));
  ATOLL_ASSIGN(const auto listed, view.current(row.id, call.key()));
  if (!listed) return fail(ErrorKind::not_found, "object.not_found", "there is no object " + bucket + "/" + call.key());
  ATOLL_TRY(call.require(Action::read, bucket, *listed));
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  ATOLL_ASSIGN(const auto extraction, index->extraction_of(*listed));
  Value out = Value::object();
  out.set("is_known", extraction.has_value());
  if (!extraction) return ok(out);
  out.set("format", extraction->format).set("media_type", extraction->media_type);
  if (!extraction->language.empty()) out.set("language", extraction->language);
  if (!extraction->trouble.empty()) out.set("trouble", extraction->trouble);
  out.set("is_truncated", extraction->is_truncated);
  const auto fields_json = [](const std::vector<extract::Field>& fields) {
    Value list = Value::array();
    for (const auto& field : fields) {
      Value item = Value::object();
      item.set("name", field.name).set("value", field.value);
      list.push(std::move(item));
    }
    return list;
  };
  out.set("fields", fields_json(extraction->fields)).set("raw", fields_json(extraction->raw));
  Value members = Value::array();
  for (const auto& member : extraction->members) {
    if (members.as_array()->size() == kPageMax) break;
    Value item = Value::object();
    item.set("path", member.path).set("size", member.size).set("is_folder", member.is_folder);
    if (!member.understood.empty()) item.set("format", member.understood.front().format);
    members.push(std::move(item));
  }
  out.set("members", std::move(members)).set("member_count", static_cast<std::uint64_t>(extraction->members.size()));
  if (!call.flag("text")) return ok(out);
  Value pieces = Value::array();
  std::uint64_t bytes = 0;
  for (const auto& piece : extraction->pieces) {
    bytes += piece.text.size();
    if (bytes > kTextBytesMax) break;
    Value item = place_json(piece.place);
    item.set("text", piece.text);
    pieces.push(std::move(item));
  }
  out.set("pieces", std::move(pieces));
  return ok(out);
}

Result<net::Response> show_coverage(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  ATOLL_ASSIGN(const auto coverage, index->coverage(*vault));
  return ok(coverage_json(coverage));
}

}  // namespace

std::vector<Operation> understood_operations() {
  return {
      {.id = "object_understood",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/understood/{key...}",
       .tag = "search",
       .words = "What was understood of an object's content: its format, what it says about itself, what is in it.",
       .guards = {{Action::read, Place::object}},
       .query = {{"text", ParameterType::flag, "With its text, a megabyte at most."}},
       .answers = {{200, "Understood",
                    "What is known; `is_known` false: it was not read yet, or there is nothing to read."}},
       .handler = show_understood},
      {.id = "search_coverage",
       .method = "GET",
       .path = "/api/v1/search/coverage",
       .tag = "search",
       .words = "How much of the vault can be found by words already.",
       .guards = {{Action::status, Place::vault}},
       .answers = {{200, "SearchCoverage", "How far it is."}},
       .handler = show_coverage},
  };
}

std::vector<NamedSchema> understood_schemas() {
  using namespace schema;
  const auto field = [] {
    return object("One thing it says.", {required("name", text("Which.")), required("value", text("What."))});
  };
  auto found = object_members();
  for (auto& member : std::vector<Member>{
           optional("inside", text("Path of the member that was found, inside of it: \"inner.zip!/b.pdf\".")),
           optional("score", ratio("The greater the better; only to be compared within one answer.")),
           optional("similarity",
                    ratio("Of its nearest passage to what was asked, -1 to 1; not where it was found by words alone.")),
           optional("title", text("As the content says.")), optional("format", text("Such as pdf.")),
           optional("language", text("ISO 639-1.")), optional("trouble", text("Why it could not be read to its end.")),
           optional("is_quarantined", flag("It does not meet the gate of its bucket.")),
           optional("signals", list(object("What a score is made of.",
                                           {required("name", text("A field of text, such as title; or meaning.")),
                                            required("score", ratio("What the words in it add; of meaning the "
                                                                    "similarity."))}),
                                    "The strongest first.")),
           optional("snippet", reference("Snippet"))}) {
    found.push_back(std::move(member));
  }
  return {
      {"FoundObject", object("An object, and why it was found.", found)},
      {"TextPlace",
       object("Where in a content.",
              {required("kind", choice("", {"text", "page", "slide", "sheet", "message", "time_ms", "chapter"})),
               optional("number", number("Counted from 1; of a time its milliseconds.")),
               optional("name", text("Of a sheet or chapter.")), optional("line", number("Within it."))})},
      {"Snippet", object("The piece that shows why.",
                         {required("text", text("It.")),
                          required("marks", list(list(number("Bytes of the text: begin and end.")), "What matched.")),
                          required("place", reference("TextPlace"))})},
      {"Facet", object("A count of what was found.",
                       {required("name", text("By what.")),
                        required("counts", list(object("One value.", {required("value", text("It.")),
                                                                      required("count", number("How many."))}))),
                        optional("has_more", flag("True: there are more values."))})},
      {"SearchCoverage", object("What an answer does not cover.",
                                {required("reached", number("Changes up to this one are known.")),
                                 required("current", number("The vault's newest change.")),
                                 required("objects", number("That can be found.")),
                                 required("contents_waiting", number("Found by names only so far.")),
                                 required("is_complete", flag("Everything is known.")),
                                 required("previews_waiting", number("Small pictures to be made.")),
                                 required("pictures_waiting", number("To be searched for text (OCR).")),
                                 required("knows_meaning", flag("`near` finds something.")),
                                 required("embedder", text("Whose vectors answer; empty: none do.")),
                                 required("passages", number("That can be found by meaning.")),
                                 required("meaning_waiting", number("Texts without vectors so far.")),
                                 required("judged", number("Files, by the gates of their buckets.")),
                                 required("quarantined", number("Of these, those that do not meet them.")),
                                 required("gates_unfinished", number("Gates of buckets that changed, and by which not "
                                                                     "everything was judged yet.")),
                                 optional("next_embedder", text("That is chosen and being filled.")),
                                 optional("meaning_trouble", text("Why words alone answer."))})},
      {"Understood",
       object(
           "What was understood of a content.",
           {required("is_known", flag("False: not read yet, or nothing to read.")),
            optional("format", text("Such as pdf.")), optional("media_type", text("Such as application/pdf.")),
            optional("language", text("ISO 639-1.")), optional("trouble", text("Why it could not be read to its end.")),
            optional("is_truncated", flag("There is more in it than was kept.")),
            optional("fields", list(field(), "In our words.")), optional("raw", list(field(), "In the format's own.")),
            optional("members", list(object("Something in it.", {required("path", text("Inside of it.")),
                                                                 required("size", number("Bytes.")),
                                                                 required("is_folder", flag("A folder.")),
                                                                 optional("format", text("Such as pdf."))}))),
            optional("member_count", number("Also of those that are not listed.")),
            optional("pieces", list(object("A piece of its text.",
                                           {required("kind", text("Of place.")), optional("number", number("Of it.")),
                                            optional("name", text("Of it.")),
                                            required("text", text("The piece.", 64ULL << 20))})))})},
  };
}

}  // namespace atl::rest
