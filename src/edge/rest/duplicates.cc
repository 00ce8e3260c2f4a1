// What a vault holds more than once, or nearly so.
#include "derived/search/duplicates.h"

#include <charconv>

#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/word_search.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::size_t kRemovedMax = 1000;

Result<std::size_t> offset_of(const Call& call) {
  ATOLL_ASSIGN(const std::string position, position_of(call));
  std::size_t offset = 0;
  if (!position.empty()) std::from_chars(position.data(), position.data() + position.size(), offset);
  return offset;
}

Result<double> threshold_of(const Call& call) {
  if (!call.has("threshold")) return search::kLikenessOtherwise;
  const std::string text = call.text("threshold");
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && at == end) return value;
  return fail(ErrorKind::usage, "http.bad_query", "`threshold` takes a number such as 0.9");
}

Result<search::DuplicateQuestion> question_of(const Call& call) {
  search::DuplicateQuestion question;
  const std::string like = call.text("like", "exact");
  question.like = like == "text"       ? search::Likeness::text
                  : like == "pictures" ? search::Likeness::picture
                                       : search::Likeness::exact;
  ATOLL_ASSIGN(question.threshold, threshold_of(call));
  question.bucket = call.text("bucket");
  question.prefix = call.text("prefix");
  if (!question.prefix.empty() && question.bucket.empty())
    return fail(ErrorKind::usage, "search.no_bucket", "\"prefix\" needs \"bucket\"");
  question.limit = call.number("limit", question.limit);
  ATOLL_ASSIGN(question.offset, offset_of(call));
  question.shows_quarantined = call.flag("quarantined");
  return question;
}

Value group_json(const search::DuplicateGroup& group) {
  Value members = Value::array();
  for (const auto& member : group.members) {
    Value one = object_json(member.bucket, member.listed);
    one.set("similarity", member.similarity).set("frees", member.frees);
    members.push(std::move(one));
  }
  Value out = Value::object();
  out.set("members", std::move(members)).set("bytes", group.bytes).set("frees", group.frees);
  out.set("has_more", group.has_more);
  return out;
}

Result<net::Response> list_duplicates(Call& call) {
  ATOLL_ASSIGN(auto question, question_of(call));
  ATOLL_ASSIGN(auto seen, FoundFilter::begin(call));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  if (!seen.sees_everything())
    question.sees = [&](const std::string& bucket, const catalog::Listed& listed) { return seen.sees(bucket, listed); };
  ATOLL_ASSIGN(const auto answer, index->duplicates(*vault, question));
  if (answer.groups.empty() && question.sees) ATOLL_TRY(seen.end());
  Value groups = Value::array();
  for (const auto& group : answer.groups) groups.push(group_json(group));
  Value out = Value::object();
  out.set("groups", std::move(groups)).set("group_count", answer.group_count);
  out.set("extra_count", answer.extra_count).set("bytes", answer.bytes).set("is_complete", answer.is_complete);
  out.set("quarantined_left_out", answer.quarantined_left_out);
  if (answer.has_more) out.set("next_cursor", make_cursor(call, std::to_string(question.offset + question.limit)));
  out.set("coverage", coverage_json(answer.coverage));
  call.exchange().note_read(Action::search, call.vault_id(), question.bucket, question.prefix, 0);
  return ok(out);
}

// The object that the body names, where it is still the version that was shown.
Result<std::optional<search::Duplicate>> member_of(catalog::CatalogReader& reader, const Value& body) {
  search::Duplicate member;
  ATOLL_ASSIGN(member.bucket, body.text_of("bucket"));
  ATOLL_ASSIGN(const std::string key, name_from(body, "key"));
  ATOLL_ASSIGN(const std::string version, body.text_of("version"));
  ATOLL_ASSIGN(const auto bucket, reader.bucket_named(member.bucket));
  if (!bucket) return std::nullopt;
  ATOLL_ASSIGN(auto listed, reader.current(bucket->id, key));
  if (!listed || listed->version.version.text() != version) return std::nullopt;
  member.listed = std::move(*listed);
  return member;
}

Result<net::Response> remove_duplicates(Call& call) {
  ATOLL_TRY(call.begin_filter());
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  std::vector<search::DuplicateGroup> groups;
  std::size_t named = 0;
  for (const Value& of_group : *call.body().find("groups")->as_array()) {
    search::DuplicateGroup group;
    bool has_first = true;
    for (const Value& one : *of_group.find("members")->as_array()) {
      if (++named > kRemovedMax)
        return fail(ErrorKind::limit, "remove.too_many", "one request names at most 1000 objects");
      ATOLL_ASSIGN(auto member, member_of(*reader, one));
      // The first is the one that stays: the others need not, only because it is there.
      if (&one == &of_group.find("members")->as_array()->front()) {
        has_first = member && call.may(Action::read, member->bucket, member->listed.entry.key);
      } else if (member) {
        ATOLL_TRY(call.require_remove(member->bucket, member->listed.entry.key, false));
      }
      if (member) group.members.push_back(std::move(*member));
    }
    if (has_first && group.members.size() > 1) groups.push_back(std::move(group));
  }
  ATOLL_ASSIGN(const auto removed, search::remove_extras(*vault, groups));
  std::uint64_t bytes = 0;
  for (const search::Duplicate* const one : removed) {
    const auto size = static_cast<std::int64_t>(one->listed.version.size);
    bytes += one->listed.version.size;
    call.exchange().host.access().usage().note(call.vault_id(), one->bucket, one->listed.version.actor, {-size, -1});
  }
  Value out = Value::object();
  out.set("objects", static_cast<std::uint64_t>(removed.size())).set("bytes", bytes);
  return ok(out);
}

}  // namespace

std::vector<Operation> duplicate_operations() {
  return {
      {.id = "duplicate_list",
       .method = "GET",
       .path = "/api/v1/duplicates",
       .tag = "search",
       .words =
           "What is there more than once, or nearly so, in groups.\nEqual contents are stored once already: removing "
           "one frees no room. Of things that are only alike, `frees` says how much at most goes with one; versions "
           "that a bucket keeps hold it until they go.",
       .guards = {{Action::search, Place::inside},
                  {Action::read_metadata, Place::inside},
                  {Action::read, Place::inside}},
       .query = {{.name = "like",
                  .words = "The same content, texts that say nearly the same, or pictures that look alike.",
                  .choices = {"exact", "text", "pictures"},
                  .otherwise = "exact"},
                 {.name = "threshold",
                  .words = "How much alike, up to 1: of texts 0.8 and more, of pictures 0.85 and more.",
                  .otherwise = "0.9"},
                 {.name = "bucket", .words = "Only in this bucket."},
                 {.name = "prefix", .words = "Only below it."},
                 {.name = "quarantined",
                  .type = ParameterType::flag,
                  .words = "Also what does not meet the gate of its bucket."},
                 {.name = "limit",
                  .type = ParameterType::number,
                  .words = "How many groups at most.",
                  .number_min = 1,
                  .number_max = kPageMax,
                  .otherwise = "20"},
                 {.name = "cursor", .words = "`next_cursor` of the page before."}},
       .answers = {{200, "DuplicateList", "Groups, those that take the most room first."}},
       .handler = list_duplicates},
      {.id = "duplicate_remove",
       .method = "POST",
       .path = "/api/v1/duplicates/remove",
       .tag = "search",
       .words =
           "Removes all but the first of each group, as one operation that can be undone.\nWhat is not at the version "
           "that is named stays, and so does all of a group whose first one is not.",
       .guards = {{Action::remove, Place::inside}, {Action::remove_for_good, Place::inside}},
       .body = "DuplicateRemove",
       .answers = {{200, "DuplicatesRemoved", "What went."}},
       .handler = remove_duplicates},
  };
}

std::vector<NamedSchema> duplicate_schemas() {
  using namespace schema;
  auto member = object_members();
  member.push_back(required("similarity", ratio("To the first of its group, up to 1.")));
  member.push_back(required("frees", number("Bytes at most, where it goes: what of it no other of its group holds.")));
  return {
      {"Duplicate", object("One of several that are alike.", member)},
      {"DuplicateGroup",
       object("Things that are alike.",
              {required("members", list(reference("Duplicate"), "First the one to keep, then the most alike.")),
               required("bytes", number("Of all, as they are read.")),
               required("frees", number("Bytes at most, where all but the first go.")),
               required("has_more", flag("There are more than are listed."))})},
      {"DuplicateRemove",
       object("What to keep, and what to remove.",
              {required("groups",
                        list(object("Things that are alike.",
                                    {required("members", list(object("One of them.",
                                                                     {required("bucket", text("Its bucket.")),
                                                                      optional("key", text("Its key.")),
                                                                      optional("key_b64", text("In base64.")),
                                                                      required("version", text("As it was listed."))}),
                                                              "First the one that stays."))})))})},
      {"DuplicatesRemoved", object("What went.", {required("objects", number("How many.")),
                                                  required("bytes", number("Of all, as they are read."))})},
      {"DuplicateList",
       object("A page of groups.",
              {required("groups", list(reference("DuplicateGroup"))), required("group_count", number("In all.")),
               required("extra_count", number("Objects that could go: all but one of each group.")),
               required("bytes", number("Of those, as they are read.")),
               required("is_complete", flag("False: not everything is known yet, or there was too much to compare.")),
               required("quarantined_left_out", number("Objects in quarantine, which were not compared.")),
               optional("next_cursor", text("There is more.")), required("coverage", reference("SearchCoverage"))})},
  };
}

}  // namespace atl::rest
