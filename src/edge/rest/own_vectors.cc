// Vectors that people put into a bucket themselves, found by what they are near to (docs/own-vectors.md).
// Always true: nothing is compared, and no payload told, of an object that the caller may not read.
#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/filter_body.h"
#include "edge/rest/groups.h"
#include "edge/rest/real_number.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::uint64_t kLimitOtherwise = 10;
constexpr double kNumberMost = 1e18;

Result<search::VectorQuestion> question_of(const Value& body) {
  search::VectorQuestion question;
  const Value* const vector = body.find("vector");
  for (const Value& one : *vector->as_array()) {
    const auto number = number_between(one, -kNumberMost, kNumberMost);
    if (!number) return fail(ErrorKind::usage, "vectors.bad_number", "\"vector\" is a list of numbers");
    question.vector.push_back(static_cast<float>(*number));
  }
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
  return question;
}

Result<net::Response> search_vectors(Call& call) {
  ATOLL_ASSIGN(auto question, question_of(call.body()));
  ATOLL_ASSIGN(auto seen, Filter::begin(call, Action::search));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  const std::string& bucket = question.bucket;
  question.sees = [&](const catalog::Listed& listed) {
    const auto age = call.age_seconds(listed.version);
    const std::string& key = listed.entry.key;
    return seen.sees(bucket, key, false, age) && call.may(Action::read_metadata, bucket, key, false, age) &&
           call.may(Action::read, bucket, key, false, age);
  };
  ATOLL_ASSIGN(const auto answer, index->own_vectors().search(*vault, question));
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
  call.exchange().note_read(Action::search, call.vault_id(), bucket, question.prefix, 0);
  return ok(out);
}

}  // namespace

std::vector<Operation> own_vector_operations() {
  return {
      {.id = "vector_search",
       .method = "POST",
       .path = "/api/v1/search/vectors",
       .tag = "search",
       .words = "The nearest of the vectors that were put into a bucket.\nVectors are objects whose names end with "
                ".npy, as numpy.save() writes them, one vector or a row each; the payload of rows is a .jsonl of the "
                "same name. Every one is compared.",
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
      {"VectorQuestion",
       object("What is to be near.",
              {required("bucket", text("Where the vectors are.", 255)), optional("prefix", text("Only below it.")),
               optional("prefix_b64", text("In base64.")),
               required("vector", list(ratio("A number."), "1 to 4,096 numbers, as many as the vectors there have.")),
               optional("metric", choice("Otherwise cosine.", {"cosine", "dot", "l2"})),
               optional("limit", number("At most so many, otherwise 10.", 0, search::kOwnLimitMax)),
               optional("threshold", ratio("Nothing further: a least similarity; for l2 a greatest distance.")),
               optional("filter", filter_schema())})},
      {"VectorHit",
       object("A vector.", {required("object", reference("Object")), optional("row", number("Of an object with rows.")),
                            required("score", ratio("Cosine, dot product, or for l2 the distance.")),
                            required("payload", map_of_texts("What is said of it."))})},
      {"VectorAnswer",
       object("What is near.",
              {required("results", list(reference("VectorHit"))), required("vectors", number("That were compared.")),
               required("skipped", number("Objects with vectors of another dimension, or that are none."))})},
  };
}

}  // namespace atl::rest
