// Finding objects by what is known of them (spec/filter.md), and by what they say (spec/query-line.md).
#include <algorithm>
#include <iterator>

#include "catalog/filter/filter.h"
#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/filter_body.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "edge/rest/word_search.h"
#include "vault/tier/rules.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::uint64_t kLimitMax = 1000;
// So many are looked at for one page; a page may then hold fewer than `limit` and still go on.
constexpr std::uint64_t kLookedAtMax = 200'000;

// Where a page ended: bucket's name, NUL, key.
struct Position {
  std::string bucket, key;
};

Result<net::Response> search(Call& call) {
  const Value& body = call.body();
  if (asks_for_words(body)) return search_words(call);
  std::string text;
  if (const Value* const filter = body.find("filter"); filter != nullptr) {
    ATOLL_ASSIGN(text, filter_text(*filter));
  }
  ATOLL_ASSIGN(const filter::Filter filter, filter::parse(text, call.exchange().now()));
  ATOLL_ASSIGN(const std::string only_bucket, body.text_of("bucket"));
  ATOLL_ASSIGN(std::string prefix, name_from(body, "prefix"));
  ATOLL_ASSIGN(const std::string as_of, body.text_of("as_of"));
  ATOLL_ASSIGN(const std::uint64_t limit, body.number_of("limit", 100));
  ATOLL_ASSIGN(const std::string cursor, body.text_of("cursor"));
  if (!prefix.empty() && only_bucket.empty())
    return fail(ErrorKind::usage, "search.no_bucket", "\"prefix\" needs \"bucket\"");
  Position after;
  if (!cursor.empty()) {
    const auto bytes = from_base32(cursor);
    const std::string position = bytes ? to_string(*bytes) : std::string();
    const std::size_t at = position.find('\0');
    if (at == std::string::npos)
      return fail(ErrorKind::usage, "http.bad_cursor", "this cursor is not of a search", "Give back `next_cursor`.");
    after = {position.substr(0, at), position.substr(at + 1)};
  }
  ATOLL_ASSIGN(auto seen, Filter::begin(call, Action::search));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  std::optional<vault::Moment> moment;
  if (!as_of.empty()) {
    ATOLL_ASSIGN(moment, vault::parse_moment(*vault, as_of));
  }
  vault::View view(*reader, moment);
  if (prefix.empty()) prefix = filter.key_prefix();
  // What was there at an earlier moment is judged by nobody.
  ATOLL_ASSIGN(const bool shows_quarantined, body.flag_of("quarantined"));
  ATOLL_ASSIGN(const auto gates, search::Gates::read(*reader));
  const search::SearchIndex* index = nullptr;
  bool is_unjudged = false;
  if (!moment && !gates.all().empty()) {
    const auto opened = call.search();
    // Without it nothing is known of what gates hold back: everything is given, and the answer says so.
    if (opened) index = *opened;
    is_unjudged = !opened;
  }
  std::uint64_t left_out = 0;
  Value results = Value::array();
  Position last;
  std::uint64_t looked_at = 0;
  bool has_more = false;
  ATOLL_ASSIGN(const auto buckets, view.buckets());
  for (const auto& bucket : buckets) {
    if (has_more || bucket.name < after.bucket || (!only_bucket.empty() && bucket.name != only_bucket)) continue;
    const std::string behind = bucket.name == after.bucket ? after.key : std::string();
    ATOLL_TRY(view.scan(bucket.id, prefix, behind, [&](const catalog::Listed& listed) -> Result<bool> {
      if (results.as_array()->size() == limit || looked_at == kLookedAtMax) {
        has_more = true;
        return false;
      }
      ++looked_at;
      last = {bucket.name, listed.entry.key};
      if (listed.entry.key == "./" ||
          !filter.matches(vault::subject_of(listed.entry.key, listed.version, call.exchange().now())))
        return true;
      const auto age = call.age_seconds(listed.version);
      // What is told of it is its metadata, so both rights count; of what was, that to earlier versions too.
      if (!seen.sees(bucket.name, listed.entry.key, false, age) ||
          !call.may(Action::read_metadata, bucket.name, listed.entry.key, false, age) ||
          (moment && !call.may(Action::read_version, bucket.name, listed.entry.key, false, age))) {
        return true;
      }
      bool is_held = false;
      if (index != nullptr) {
        ATOLL_ASSIGN(is_held, index->is_quarantined(gates, listed));
      }
      if (is_held && !shows_quarantined) {
        ++left_out;
        return true;
      }
      Value found = object_json(bucket.name, listed);
      if (is_held) found.set("is_quarantined", true);
      results.push(std::move(found));
      return true;
    }));
  }
  if (results.as_array()->empty()) ATOLL_TRY(seen.end());
  Value out = Value::object();
  out.set("filter", filter.text()).set("results", std::move(results));
  out.set("quarantined_left_out", left_out).set("is_left_out_exact", !has_more && !is_unjudged);
  if (is_unjudged) out.set("is_unjudged", true);
  if (has_more) out.set("next_cursor", to_base32(as_bytes(last.bucket + std::string(1, '\0') + last.key)));
  call.exchange().note_read(Action::search, call.vault_id(), only_bucket, prefix, 0);
  return ok(out);
}

}  // namespace

std::vector<Operation> search_operations() {
  return {
      {.id = "search",
       .method = "POST",
       .path = "/api/v1/search",
       .tag = "search",
       .words =
           "Finds objects by words in them, or by name, size, time, type, tags and metadata.\nThe filter is text or an "
           "object, see spec/filter.md. With it alone results come in the order of bucket and key, and a page may hold "
           "fewer than `limit` and still have a next one. With `query` (spec/query-line.md), or another of the members "
           "that need the index, the best come first, each with why it was found; only what the caller may read is "
           "found, and `coverage` says what is not known yet.",
       .guards = {{Action::search, Place::inside},
                  {Action::read_metadata, Place::inside},
                  {Action::read, Place::inside},
                  {Action::read_version, Place::inside}},
       .body = "SearchRequest",
       .answers = {{200, "SearchResults", "A page."}},
       .handler = search},
  };
}

std::vector<NamedSchema> search_schemas() {
  using namespace schema;
  auto request =
      std::vector<Member>{optional("filter", filter_schema()),
                          optional("bucket", text("Only in this bucket.")),
                          optional("prefix", text("Only below it.")),
                          optional("prefix_b64", text("In base64.")),
                          optional("as_of", text("Among what was there at that moment; not with words.")),
                          optional("limit", number("How many at most; otherwise 100, with words 20.", 1, kLimitMax)),
                          optional("cursor", text("`next_cursor` of the page before."))};
  auto words = word_search_members();
  std::ranges::move(words, std::back_inserter(request));
  auto results = std::vector<Member>{required("filter", text("As it was understood.")),
                                     required("results", list(reference("FoundObject"))),
                                     optional("next_cursor", text("There is more."))};
  auto word_results = word_result_members();
  std::ranges::move(word_results, std::back_inserter(results));
  return {{"SearchRequest", object("What to look for.", request)}, {"SearchResults", object("A page.", results)}};
}

}  // namespace atl::rest
