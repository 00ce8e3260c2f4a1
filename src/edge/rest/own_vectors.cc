// Vectors that people put into a bucket themselves, found by what they are near to (docs/own-vectors.md).
// Always true: nothing is compared, and no payload told, of an object that the caller may not read. A vector that is
// put here is the same object as if numpy had written it.
#include "derived/search/search_index.h"
#include "derived/vector/npy.h"
#include "derived/vector/vector_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/bulk_put.h"
#include "edge/rest/filter_body.h"
#include "edge/rest/groups.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/real_number.h"
#include "edge/rest/word_search.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::uint64_t kLimitOtherwise = 10;
constexpr double kNumberMost = 1e18;
constexpr std::size_t kVectorsBodyMax = 8 * kMiB;
constexpr std::string_view kVectorsEnd = ".npy";

Result<std::vector<float>> vector_of(const Value& body) {
  std::vector<float> vector;
  for (const Value& one : *body.find("vector")->as_array()) {
    const auto number = number_between(one, -kNumberMost, kNumberMost);
    if (!number) return fail(ErrorKind::usage, "vectors.bad_number", "\"vector\" is a list of numbers");
    vector.push_back(static_cast<float>(*number));
  }
  if (!vector.empty() && vector.size() <= vector::kDimensionMax) return vector;
  return fail(ErrorKind::usage, "vectors.bad_dimension",
              "a vector has 1 to " + std::to_string(vector::kDimensionMax) + " numbers");
}

Result<search::VectorQuestion> question_of(const Value& body) {
  search::VectorQuestion question;
  ATOLL_ASSIGN(question.vector, vector_of(body));
  ATOLL_ASSIGN(question.bucket, body.text_of("bucket"));
  ATOLL_ASSIGN(question.prefix, name_from(body, "prefix"));
  ATOLL_ASSIGN(const std::string metric, body.text_of("metric"));
  ATOLL_ASSIGN(question.metric, search::metric_named(metric));
  ATOLL_ASSIGN(question.limit, body.number_of("limit", kLimitOtherwise));
  if (const Value* const threshold = body.find("threshold"); threshold != nullptr) {
    const auto number = number_between(*threshold, -kNumberMost, kNumberMost);
    if (!number) return fail(ErrorKind::usage, "vectors.bad_number", "\"threshold\" is a number");
    question.threshold = static_cast<float>(*number);
  }
  if (const Value* const filter = body.find("filter"); filter != nullptr) {
    ATOLL_ASSIGN(question.filter, filter_text(*filter));
  }
  ATOLL_ASSIGN(question.compares_all, body.flag_of("exact"));
  ATOLL_ASSIGN(question.shows_quarantined, body.flag_of("quarantined"));
  return question;
}

Result<net::Response> search_vectors(Call& call) {
  ATOLL_ASSIGN(auto question, question_of(call.body()));
  ATOLL_ASSIGN(auto seen, FoundFilter::begin(call));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  const std::string& bucket = question.bucket;
  question.sees = [&](const catalog::Listed& listed) { return seen.sees(bucket, listed); };
  question.sees_everything = seen.sees_all_of(bucket);
  ATOLL_ASSIGN(const auto answer, index->nearest_vectors(*vault, question));
  if (answer.hits.empty()) ATOLL_TRY(seen.end());
  Value results = Value::array();
  for (const auto& hit : answer.hits) {
    Value item = Value::object();
    item.set("object", object_json(bucket, hit.listed)).set("score", hit.score);
    if (hit.row) item.set("row", *hit.row);
    results.push(item.set("payload", Value(hit.payload)));
  }
  Value out = Value::object();
  out.set("results", std::move(results)).set("vectors", answer.vectors).set("skipped", answer.skipped);
  out.set("exact", answer.is_exact).set("quarantined_left_out", answer.quarantined_left_out);
  call.exchange().note_read(Action::search, call.vault_id(), bucket, question.prefix, 0);
  return ok(out);
}

Result<void> put_one(BulkPut& put, const std::string& prefix, const Value& row, Timestamp now) {
  ATOLL_ASSIGN(const std::string name, name_from(row, "key"));
  std::string key = prefix + name;
  if (!key.ends_with(kVectorsEnd)) key += kVectorsEnd;
  ATOLL_ASSIGN(catalog::VersionRow version, facts_of(net::Headers(), now));
  if (const Value* const payload = row.find("payload"); payload != nullptr) {
    for (const auto& [member, value] : *payload->as_members()) {
      if (const auto* const text = value.as_text(); text != nullptr) version.metadata[member] = *text;
    }
  }
  auto vector = vector_of(row);
  Result<void> good = vector ? Result<void>{} : pass(vector.error());
  if (good) good = vault::check_key(name);
  if (good) good = vault::check_key(key);
  if (good) good = check_words(version);
  const Bytes content = good ? vector::format_npy(*vector) : Bytes();
  if (good) good = put.check_quota(key, content.size());
  if (!good) {
    put.refuse(name, good.error());
    return {};
  }
  version.kind = catalog::EntryKind::file;
  version.size = content.size();
  put.writer().begin(content.size(), key, content);
  ATOLL_TRY(put.writer().append(content));
  put.note_pending(content.size());
  return put.writer().finish(key, std::move(version));
}

Result<net::Response> put_vectors(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const std::string prefix = call.text("prefix");
  const Timestamp now = call.exchange().now();
  ATOLL_ASSIGN(const auto put, BulkPut::begin(call, *vault, {}, prefix));
  for (const Value& row : *call.body().find("vectors")->as_array()) ATOLL_TRY(put_one(*put, prefix, row, now));
  ATOLL_TRY(put->writer().flush());
  return ok(put->report());
}

}  // namespace

std::vector<Operation> own_vector_operations() {
  return {
      {.id = "vectors_put",
       .method = "POST",
       .path = "/api/v1/buckets/{bucket}/vectors",
       .tag = "objects",
       .words =
           "Stores vectors that are given as lists of numbers.\nEach becomes an object whose name ends with .npy, as "
           "numpy.save() writes it, with the payload as its metadata. What cannot be stored is in `failures`; "
           "everything else is stored.",
       .guards = {{Action::write, Place::prefix}},
       .query = {prefix_parameter()},
       .body = "VectorsToPut",
       .body_bytes_max = kVectorsBodyMax,
       .answers = {{200, "VectorsPut", "What became of them."}},
       .handler = put_vectors},
      {.id = "vector_search",
       .method = "POST",
       .path = "/api/v1/search/vectors",
       .tag = "search",
       .words = "The nearest of the vectors that were put into a bucket.\nVectors are objects whose names end with "
                ".npy, as numpy.save() writes them, one vector or a row each; the payload of rows is a .jsonl of the "
                "same name. Of many, compared by their direction, a graph leads to the nearest; of few, or with "
                "`exact`, every "
                "one is compared.",
       .guards = {{Action::search, Place::inside},
                  {Action::read_metadata, Place::inside},
                  {Action::read, Place::inside}},
       .body = "VectorQuestion",
       .answers = {{200, "VectorAnswer", "The nearest first."}},
       .handler = search_vectors},
  };
}

std::vector<NamedSchema> own_vector_schemas() {
  using namespace schema;
  return {
      {"VectorToPut",
       object("A vector.",
              {optional("key", text("Its name below the prefix; .npy is put behind it where it is not there.")),
               optional("key_b64", text("In base64.")),
               required("vector", list(ratio("A number."), "1 to 4,096 numbers.")),
               optional("payload", map_of_texts("What is said of it."))})},
      {"VectorsToPut",
       object("Vectors.", {required("vectors", list(reference("VectorToPut"), "8 MiB of JSON at most."))})},
      {"VectorsPut", object("What became of vectors.", bulk_report_members())},
      {"VectorQuestion",
       object("What is to be near.",
              {required("bucket", text("Where the vectors are.", 255)), optional("prefix", text("Only below it.")),
               optional("prefix_b64", text("In base64.")),
               required("vector", list(ratio("A number."), "1 to 4,096 numbers, as many as the vectors there have.")),
               optional("metric", choice("Otherwise cosine.", {"cosine", "dot", "l2"})),
               optional("limit", number("At most so many, otherwise 10.", 0, search::kOwnLimitMax)),
               optional("threshold", ratio("Nothing further: a least similarity; for l2 a greatest distance.")),
               optional("exact", flag("Compares every vector, however many there are.")),
               optional("quarantined", flag("Also what does not meet the gate of the bucket.")),
               optional("filter", filter_schema())})},
      {"VectorHit",
       object("A vector.", {required("object", reference("Object")), optional("row", number("Of an object with rows.")),
                            required("score", ratio("Cosine, dot product, or for l2 the distance.")),
                            required("payload", map_of_texts("What is said of it."))})},
      {"VectorAnswer",
       object("What is near.",
              {required("results", list(reference("VectorHit"))), required("vectors", number("That were compared.")),
               required("exact", flag("All that could be meant were compared.")),
               required("quarantined_left_out",
                        number("Objects with vectors that were not compared, for they are in quarantine.")),
               required("skipped", number("Objects with vectors of another dimension, or that are none."))})},
  };
}

}  // namespace atl::rest
