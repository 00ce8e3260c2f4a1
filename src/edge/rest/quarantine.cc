// Quality gates of buckets, and what does not meet them.
#include "derived/search/quarantine.h"

#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/word_search.h"
#include "vault/object/gate.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Result<Value> gate_json(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const std::string gate, vault::gate_of(*vault->reader(), call.bucket()));
  Value out = Value::object();
  out.set("bucket", call.bucket()).set("require", gate);
  // Where nothing can be searched nothing is judged either; what is required stands all the same.
  const auto index = call.search();
  if (!index || gate.empty()) return out;
  ATOLL_ASSIGN(const auto states, (*index)->gates(*vault));
  for (const auto& state : states) {
    if (state.name != call.bucket()) continue;
    out.set("judged", state.judged).set("quarantined", state.quarantined);
    out.set("passed", state.judged - state.quarantined).set("is_finished", state.is_finished);
  }
  return out;
}

Result<net::Response> show_gate(Call& call) {
  ATOLL_ASSIGN(auto out, gate_json(call));
  return ok(out);
}

Result<net::Response> set_gate(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const std::string requirement, call.body().text_of("require"));
  ATOLL_TRY(vault::set_gate(*vault, call.bucket(), requirement));
  return show_gate(call);
}

Result<net::Response> unset_gate(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(vault::set_gate(*vault, call.bucket(), ""));
  return no_content();
}

Value quarantined_json(const search::Quarantined& one) {
  Value reasons = Value::array();
  for (const auto& reason : one.reasons) {
    Value item = Value::object();
    item.set("condition", reason.condition).set("words", reason.words);
    if (!reason.field.empty()) item.set("field", reason.field);
    if (reason.value) item.set("value", *reason.value);
    reasons.push(std::move(item));
  }
  Value out = object_json(one.bucket, one.listed);
  return out.set("reasons", std::move(reasons));
}

Result<net::Response> list_quarantine(Call& call) {
  search::QuarantineQuestion question;
  question.bucket = call.text("bucket");
  question.prefix = call.text("prefix");
  if (!question.prefix.empty() && question.bucket.empty())
    return fail(ErrorKind::usage, "search.no_bucket", "\"prefix\" needs \"bucket\"");
  question.limit = call.number("limit", question.limit);
  ATOLL_ASSIGN(const std::string position, position_of(call));
  // Bucket's name, NUL, key.
  if (const std::size_t at = position.find('\0'); at != std::string::npos)
    question.after = search::ObjectName{position.substr(0, at), position.substr(at + 1)};
  ATOLL_ASSIGN(auto seen, FoundFilter::begin(call));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  if (!seen.sees_everything())
    question.sees = [&](const std::string& bucket, const catalog::Listed& listed) { return seen.sees(bucket, listed); };
  ATOLL_ASSIGN(const auto answer, index->quarantine(*vault, question));
  if (answer.objects.empty() && question.sees) ATOLL_TRY(seen.end());
  Value objects = Value::array();
  for (const auto& one : answer.objects) objects.push(quarantined_json(one));
  Value out = Value::object();
  out.set("objects", std::move(objects));
  if (answer.has_more) {
    const auto& last = answer.objects.back();
    out.set("next_cursor", make_cursor(call, last.bucket + std::string(1, '\0') + last.listed.entry.key));
  }
  out.set("is_complete", answer.coverage.is_complete() && answer.coverage.gates_unfinished == 0);
  call.exchange().note_read(Action::search, call.vault_id(), question.bucket, question.prefix, 0);
  return ok(out);
}

}  // namespace

std::vector<Operation> quarantine_operations() {
  return {
      {.id = "bucket_gate_show",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/gate",
       .tag = "upkeep",
       .words = "What a bucket's files have to meet, and how many do.",
       .guards = {{Action::policy_read, Place::bucket}},
       .answers = {{200, "Gate", "As it is in force."}},
       .handler = show_gate},
      {.id = "bucket_gate_set",
       .method = "PUT",
       .path = "/api/v1/buckets/{bucket}/gate",
       .tag = "upkeep",
       .words =
           "Sets what a bucket's files have to meet.\nNothing is refused or lost by it: files that do not meet it are "
           "in quarantine, left out of searches until they do. All files of the bucket are judged again.",
       .guards = {{Action::policy_write, Place::bucket}},
       .body = "GateChange",
       .answers = {{200, "Gate", "As it is now."}},
       .handler = set_gate},
      {.id = "bucket_gate_unset",
       .method = "DELETE",
       .path = "/api/v1/buckets/{bucket}/gate",
       .tag = "upkeep",
       .words = "The bucket's files have to meet nothing any more.",
       .guards = {{Action::policy_write, Place::bucket}},
       .answers = {{204, "", "Removed."}},
       .handler = unset_gate},
      {.id = "quarantine_list",
       .method = "GET",
       .path = "/api/v1/quarantine",
       .tag = "search",
       .words = "What does not meet the gate of its bucket, and why, by bucket and key.",
       .guards = {{Action::search, Place::inside},
                  {Action::read_metadata, Place::inside},
                  {Action::read, Place::inside}},
       .query = {{.name = "bucket", .words = "Only in this bucket."},
                 {.name = "prefix", .words = "Only below it."},
                 {.name = "limit",
                  .type = ParameterType::number,
                  .words = "How many at most.",
                  .number_min = 1,
                  .number_max = kPageMax,
                  .otherwise = "20"},
                 {.name = "cursor", .words = "`next_cursor` of the page before."}},
       .answers = {{200, "QuarantineList", "A page."}},
       .handler = list_quarantine},
  };
}

std::vector<NamedSchema> quarantine_schemas() {
  using namespace schema;
  auto quarantined = object_members();
  quarantined.push_back(required("reasons", list(reference("UnmetCondition"), "Each is one that has to be mended.")));
  return {
      {"GateChange",
       object("What files have to meet.",
              {required("require",
                        text("A filter (spec/filter.md, \"Gates\"): \"meta.quality_score>=0.9 and readable\". Empty: "
                             "nothing.",
                             65536))})},
      {"Gate", object("What a bucket's files have to meet.",
                      {required("bucket", text("Its name.")),
                       required("require", text("As it was understood; empty: nothing.")),
                       optional("judged", number("Files that were judged.")),
                       optional("passed", number("Of these, those that meet it.")),
                       optional("quarantined", number("Of these, those that do not.")),
                       optional("is_finished", flag("False: it changed, and not everything was judged by it yet."))})},
      {"UnmetCondition", object("Why something is in quarantine.",
                                {required("condition", text("In the filter language.")),
                                 required("words", text("\"quality_score is 0.4, wanted >=0.9\".")),
                                 optional("field", text("What it is about: \"meta.quality_score\", \"readable\".")),
                                 optional("value", text("That it has there; none: it has none."))})},
      {"Quarantined", object("One that does not meet the gate of its bucket.", quarantined)},
      {"QuarantineList",
       object("A page.", {required("objects", list(reference("Quarantined"))),
                          required("is_complete", flag("False: not everything was judged yet; there may be more.")),
                          optional("next_cursor", text("There is more."))})},
  };
}

}  // namespace atl::rest
