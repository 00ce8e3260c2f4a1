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
  if (listed.version.size > kVectorFileBytesMax) return nullptr;
  const std::string beside =
      listed.entry.key.substr(0, listed.entry.key.size() - kVectorsEnd.size()) + std::string(kPayloadEnd);
  ATOLL_ASSIGN(const auto payload, reader.current(listed.entry.bucket, beside));
  const bool has_payload = payload && payload->version.kind == catalog::EntryKind::file &&
                           payload->version.size <= kVectorFileBytesMax && (!question.sees || question.sees(*payload));
  const VersionId payload_version = has_payload ? payload->version.version : VersionId{};
  if (auto known = kept(listed.version.version, payload_version)) return known;
  ATOLL_ASSIGN(const Bytes bytes, content_of(vault, listed.version));
  auto rows = vector::parse_npy(bytes);
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

Result<VectorAnswer> OwnVectors::search(vault::Vault& vault, const VectorQuestion& question) {
  const Timestamp now = vault.machine().clock.now();
  ATOLL_ASSIGN(const auto filter, filter::parse(question.filter, now));
  const float length = std::sqrt(internal::dot(question.vector, question.vector));
  if (question.vector.empty() || !std::isfinite(length) || (question.metric == Metric::cosine && length == 0))
    return fail(ErrorKind::usage, "vectors.no_direction", "a vector of zeros, or without numbers, is near to nothing");
  ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(question.bucket));
  const auto reader = vault.reader();
  const auto beside = vault.reader();  // one is in the middle of its pages
  VectorAnswer answer;
  std::uint32_t other_dimension = 0;
  const auto comes_before = [&](const OwnHit& a, const OwnHit& b) {
    return is_better(question.metric, a.score, b.score);
  };
  const auto look_at = [&](const catalog::Listed& listed, const Matrix& matrix) {
    filter::Subject subject = vault::subject_of(listed.entry.key, listed.version, now);
    const bool has_rows = matrix.rows.rows() > 1 || !matrix.payloads.empty();
    for (std::size_t i = 0; i < matrix.rows.rows(); ++i) {
      if (has_rows) subject.metadata = i < matrix.payloads.size() ? &matrix.payloads[i] : &listed.version.metadata;
      if (!filter.matches(subject)) continue;
      ++answer.vectors;
      const auto row = matrix.rows.row(i);
      double score = 0;
      switch (question.metric) {
        case Metric::dot: score = internal::dot(question.vector, row); break;
        case Metric::l2: score = std::sqrt(internal::squared_distance(question.vector, row)); break;
        case Metric::cosine:
          if (matrix.lengths[i] == 0) continue;
          score = internal::dot(question.vector, row) / (length * matrix.lengths[i]);
          break;
      }
      if (question.threshold && is_better(question.metric, *question.threshold, score)) continue;
      if (answer.hits.size() == question.limit &&
          (question.limit == 0 || !is_better(question.metric, score, answer.hits.front().score)))
        continue;
      // A heap with the worst in front.
      answer.hits.push_back(
          {listed, has_rows ? std::optional<std::uint64_t>(i) : std::nullopt, score, *subject.metadata});
      std::ranges::push_heap(answer.hits, comes_before);
      if (answer.hits.size() > question.limit) {
        std::ranges::pop_heap(answer.hits, comes_before);
        answer.hits.pop_back();
      }
    }
  };
  bool is_stopped = false;
  ATOLL_TRY(reader->scan(bucket.id, question.prefix, "", [&](const catalog::Listed& listed) -> Result<bool> {
    is_stopped = question.stop != nullptr && question.stop->load();
    if (is_stopped) return false;
    if (listed.version.kind != catalog::EntryKind::file || !listed.entry.key.ends_with(kVectorsEnd)) return true;
    if (question.sees && !question.sees(listed)) return true;
    ATOLL_ASSIGN(const auto matrix, matrix_of(vault, *beside, question, listed));
    if (!matrix || matrix->rows.dimension != question.vector.size()) {
      ++answer.skipped;
      if (matrix) other_dimension = matrix->rows.dimension;
      return true;
    }
    look_at(listed, *matrix);
    return true;
  }));
  if (is_stopped) return fail(ErrorKind::interrupted, "vectors.stopped", "the search was stopped");
  if (answer.vectors == 0 && other_dimension != 0 && filter.matches_everything()) {
    return fail(ErrorKind::usage, "vectors.dimension",
                "the vectors there have " + std::to_string(other_dimension) + " numbers, the question has " +
                    std::to_string(question.vector.size()),
                "Ask with a vector of the same model.");
  }
  std::ranges::sort_heap(answer.hits, comes_before);
  return answer;
}

}  // namespace atl::search
