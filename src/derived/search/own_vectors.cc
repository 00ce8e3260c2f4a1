#include "derived/search/own_vectors.h"

#include <algorithm>
#include <cmath>

#include "catalog/filter/filter.h"
#include "derived/search/internal/closeness.h"
#include "derived/vector/npy.h"
#include "foundation/json/json.h"
#include "vault/object/content.h"
#include "vault/object/objects.h"
#include "vault/tier/rules.h"

namespace atl::search {
namespace {

constexpr std::string_view kVectorsEnd = ".npy";
constexpr std::string_view kPayloadEnd = ".jsonl";
constexpr std::size_t kLineBytesMax = 64 * 1024;

using Payload = std::map<std::string, std::string>;

Result<Bytes> content_of(vault::Vault& vault, const catalog::VersionRow& version) {
  Bytes bytes;
  bytes.reserve(version.size);
  ATOLL_TRY(vault::read_version(vault.chunks(), version, 0, version.size, [&](ByteView piece) -> Result<bool> {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return true;
  }));
  return bytes;
}

// A line each: an object whose members are texts, numbers, true or false. What is something else is told as JSON.
std::vector<Payload> payloads_of(std::string_view lines) {
  std::vector<Payload> out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    Payload& payload = out.emplace_back();
    const auto parsed = json::Value::parse(lines.substr(0, end), {kLineBytesMax, 16});
    if (parsed && parsed->is_object()) {
      for (const auto& [name, value] : *parsed->as_members()) {
        const std::string* const text = value.as_text();
        payload[name] = text == nullptr ? value.text() : *text;
      }
    }
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

bool is_better(Metric metric, double a, double b) { return metric == Metric::l2 ? a < b : a > b; }

}  // namespace

struct OwnVectors::Matrix {
  vector::NpyRows rows;
  std::vector<float> lengths;  // of each row
  VersionId payload_version;   // zeros: there is none
  std::vector<Payload> payloads;
  std::size_t bytes = 0;
};

Result<Metric> metric_named(std::string_view name) {
  if (name.empty() || name == "cosine") return Metric::cosine;
  if (name == "dot") return Metric::dot;
  if (name == "l2") return Metric::l2;
  return fail(ErrorKind::usage, "vectors.unknown_metric",
              "there is no metric \"" + std::string(name.substr(0, 40)) + "\"", "There are cosine, dot and l2.");
}

std::shared_ptr<const OwnVectors::Matrix> OwnVectors::kept(const VersionId& version, const VersionId& payload) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(version);
  if (found == places_.end() || found->second->matrix->payload_version != payload) return nullptr;
  kept_.splice(kept_.begin(), kept_, found->second);
  return found->second->matrix;
}

void OwnVectors::keep(const VersionId& version, std::shared_ptr<const Matrix> matrix) {
  const std::lock_guard lock(mutex_);
  const auto drop = [&](const VersionId& id) {
    const auto place = places_.find(id);
    if (place == places_.end()) return;
    kept_bytes_ -= place->second->matrix->bytes;
    kept_.erase(place->second);
    places_.erase(place);
  };
  drop(version);
  kept_bytes_ += matrix->bytes;
  kept_.push_front({version, std::move(matrix)});
  places_[version] = kept_.begin();
  while (kept_bytes_ > kKeptBytesMax && kept_.size() > 1) drop(kept_.back().version);
}

Result<std::shared_ptr<const OwnVectors::Matrix>> OwnVectors::matrix_of(vault::Vault& vault,
                                                                        catalog::CatalogReader& reader,
                                                                        const VectorQuestion& question,
                                                                        const catalog::Listed& listed) {
  const std::string beside =
      listed.entry.key.substr(0, listed.entry.key.size() - kVectorsEnd.size()) + std::string(kPayloadEnd);
  ATOLL_ASSIGN(const auto payload, reader.current(listed.entry.bucket, beside));
  const bool has_payload = payload && payload->version.kind == catalog::EntryKind::file &&
                           payload->version.size <= kVectorFileBytesMax && (!question.sees || question.sees(*payload));
  const VersionId payload_version = has_payload ? payload->version.version : VersionId{};
  if (auto known = kept(listed.version.version, payload_version)) return known;
  ATOLL_ASSIGN(auto rows, read_vectors(vault, listed.version));
  if (!rows) return nullptr;
  auto matrix = std::make_shared<Matrix>();
  matrix->rows = std::move(*rows);
  matrix->payload_version = payload_version;
  matrix->bytes = sizeof(Matrix) + matrix->rows.numbers.size() * sizeof(float);
  for (std::size_t i = 0; i < matrix->rows.rows(); ++i)
    matrix->lengths.push_back(std::sqrt(internal::dot(matrix->rows.row(i), matrix->rows.row(i))));
  if (has_payload) {
    ATOLL_ASSIGN(const Bytes lines, content_of(vault, payload->version));
    matrix->payloads = payloads_of(as_text(lines));
    matrix->bytes += 3 * lines.size();
  }
  keep(listed.version.version, matrix);
  return std::shared_ptr<const Matrix>(std::move(matrix));
}

// One question, row by row.
class OwnVectors::Comparing {
 public:
  Comparing(OwnVectors& vectors, vault::Vault& vault, const VectorQuestion& question, float length,
            filter::Filter filter, Timestamp now)
      : vectors_(&vectors),
        vault_(&vault),
        question_(&question),
        length_(length),
        filter_(std::move(filter)),
        now_(now),
        reader_(vault.reader()),
        beside_(vault.reader()) {}

  // Every vector of the collection.
  Result<void> compare_all(const BucketId& bucket) {
    begin(true);
    return reader_->scan(bucket, question_->prefix, "", [&](const catalog::Listed& listed) -> Result<bool> {
      ATOLL_TRY(check_going_on());
      ATOLL_TRY(compare_object(listed));
      return true;
    });
  }

  // Those that somebody leads to. False: they are too few to answer with.
  Result<bool> compare_led(const BucketId& bucket, const FindLead& find_lead) {
    for (std::size_t most = std::min(kLeadMax, kLedAtFirst + question_->limit * kLedForEach);; most *= kLedForEach) {
      most = std::min(most, kLeadMax);
      ATOLL_ASSIGN(const auto lead, find_lead(bucket, question_->vector, most));
      if (!lead) return false;
      begin(lead->is_exact);
      std::map<std::string, std::vector<std::uint64_t>> rows;
      for (const auto& row : lead->rows) rows[row.key].push_back(row.row);
      for (const std::string& key : lead->beside) {
        rows.erase(key);
        ATOLL_TRY(compare_named(bucket, key, nullptr));
      }
      for (const auto& [key, numbers] : rows) ATOLL_TRY(compare_named(bucket, key, &numbers));
      const bool was_all = lead->rows.size() < most;
      const bool is_rest_too_far =
          !lead->rows.empty() && question_->threshold && lead->rows.back().similarity < *question_->threshold;
      if (was_all || is_rest_too_far || answer_.hits.size() >= question_->limit) return true;
      // The filter, the prefix or what may not be seen leaves few of them.
      if (most == kLeadMax) return false;
    }
  }

  Result<VectorAnswer> finish() {
    if (answer_.vectors == 0 && other_dimension_ != 0 && filter_.matches_everything()) {
      return fail(ErrorKind::usage, "vectors.dimension",
                  "the vectors there have " + std::to_string(other_dimension_) + " numbers, the question has " +
                      std::to_string(question_->vector.size()),
                  "Ask with a vector of the same model.");
    }
    std::ranges::sort_heap(answer_.hits, ComesBefore{question_->metric});
    return std::move(answer_);
  }

 private:
  // Of a lead: so many rows, and so many for each that is wanted, since some of them may be left out.
  static constexpr std::size_t kLedAtFirst = 64;
  static constexpr std::size_t kLedForEach = 4;

  struct ComesBefore {
    Metric metric;
    bool operator()(const OwnHit& a, const OwnHit& b) const { return is_better(metric, a.score, b.score); }
  };

  void begin(bool is_exact) {
    answer_ = {};
    answer_.is_exact = is_exact;
    other_dimension_ = 0;
  }

  Result<void> check_going_on() const {
    if (question_->stop == nullptr || !question_->stop->load()) return {};
    return fail(ErrorKind::interrupted, "vectors.stopped", "the search was stopped");
  }

  Result<void> compare_named(const BucketId& bucket, const std::string& key, const std::vector<std::uint64_t>* rows) {
    ATOLL_TRY(check_going_on());
    if (!key.starts_with(question_->prefix)) return {};
    ATOLL_ASSIGN(const auto listed, reader_->current(bucket, key));
    return listed ? compare_object(*listed, rows) : Result<void>{};
  }

  // `rows`: only these of it; null: all.
  Result<void> compare_object(const catalog::Listed& listed, const std::vector<std::uint64_t>* rows = nullptr) {
    if (!is_vector_file(listed)) return {};
    if (question_->sees && !question_->sees(listed)) return {};
    ATOLL_ASSIGN(const auto matrix, vectors_->matrix_of(*vault_, *beside_, *question_, listed));
    if (!matrix || matrix->rows.dimension != question_->vector.size()) {
      ++answer_.skipped;
      if (matrix) other_dimension_ = matrix->rows.dimension;
      return {};
    }
    filter::Subject subject = vault::subject_of(listed.entry.key, listed.version, now_);
    const std::size_t count = rows == nullptr ? matrix->rows.rows() : rows->size();
    for (std::size_t i = 0; i < count; ++i) compare_row(listed, *matrix, rows == nullptr ? i : (*rows)[i], subject);
    return {};
  }

  void compare_row(const catalog::Listed& listed, const Matrix& matrix, std::uint64_t number,
                   filter::Subject& subject) {
    if (number >= matrix.rows.rows()) return;  // it was another version that had it
    const bool has_rows = matrix.rows.rows() > 1 || !matrix.payloads.empty();
    if (has_rows)
      subject.metadata = number < matrix.payloads.size() ? &matrix.payloads[number] : &listed.version.metadata;
    if (!filter_.matches(subject)) return;
    ++answer_.vectors;
    const auto row = matrix.rows.row(number);
    double score = 0;
    switch (question_->metric) {
      case Metric::dot: score = internal::dot(question_->vector, row); break;
      case Metric::l2: score = std::sqrt(internal::squared_distance(question_->vector, row)); break;
      case Metric::cosine:
        if (matrix.lengths[number] == 0) return;
        score = internal::dot(question_->vector, row) / (length_ * matrix.lengths[number]);
        break;
    }
    if (question_->threshold && is_better(question_->metric, *question_->threshold, score)) return;
    auto& hits = answer_.hits;
    if (hits.size() == question_->limit &&
        (question_->limit == 0 || !is_better(question_->metric, score, hits.front().score)))
      return;
    // A heap with the worst in front.
    hits.push_back({listed, has_rows ? std::optional<std::uint64_t>(number) : std::nullopt, score, *subject.metadata});
    std::ranges::push_heap(hits, ComesBefore{question_->metric});
    if (hits.size() > question_->limit) {
      std::ranges::pop_heap(hits, ComesBefore{question_->metric});
      hits.pop_back();
    }
  }

  OwnVectors* vectors_;
  vault::Vault* vault_;
  const VectorQuestion* question_;
  float length_;  // of the question's vector
  filter::Filter filter_;
  Timestamp now_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  std::unique_ptr<catalog::CatalogReader> beside_;  // one is in the middle of its pages
  VectorAnswer answer_;
  std::uint32_t other_dimension_ = 0;
};

bool is_vector_file(const catalog::Listed& listed) {
  return listed.version.kind == catalog::EntryKind::file && listed.entry.key.ends_with(kVectorsEnd);
}

Result<std::optional<vector::NpyRows>> read_vectors(vault::Vault& vault, const catalog::VersionRow& version) {
  if (version.size > kVectorFileBytesMax) return std::optional<vector::NpyRows>();
  ATOLL_ASSIGN(const Bytes bytes, content_of(vault, version));
  auto rows = vector::parse_npy(bytes);
  return rows ? std::optional(std::move(*rows)) : std::nullopt;
}

Result<VectorAnswer> OwnVectors::search(vault::Vault& vault, const VectorQuestion& question,
                                        const FindLead& find_lead) {
  const Timestamp now = vault.machine().clock.now();
  ATOLL_ASSIGN(auto filter, filter::parse(question.filter, now));
  const float length = std::sqrt(internal::dot(question.vector, question.vector));
  if (question.vector.empty() || !std::isfinite(length) || (question.metric == Metric::cosine && length == 0))
    return fail(ErrorKind::usage, "vectors.no_direction", "a vector of zeros, or without numbers, is near to nothing");
  ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(question.bucket));
  Comparing comparing(*this, vault, question, length, std::move(filter), now);
  bool was_led = false;
  const bool may_be_led =
      question.metric == Metric::cosine && !question.compares_all && (!question.sees || question.sees_everything);
  if (find_lead && may_be_led) {
    ATOLL_ASSIGN(was_led, comparing.compare_led(bucket.id, find_lead));
  }
  if (!was_led) ATOLL_TRY(comparing.compare_all(bucket.id));
  return comparing.finish();
}

}  // namespace atl::search
