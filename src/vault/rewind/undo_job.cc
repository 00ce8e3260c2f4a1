#include "vault/rewind/undo_job.h"

#include <set>

namespace atl::vault {
namespace {

using catalog::JobRow;

constexpr const char* kKind = "undo";
constexpr std::size_t kJobsKept = 500;

std::string fact(const JobRow& row, const std::string& name) {
  const auto found = row.facts.find(name);
  return found == row.facts.end() ? std::string() : found->second;
}

Lsn lsn_fact(const JobRow& row, const std::string& name) {
  const std::string text = fact(row, name);
  Lsn lsn;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    lsn.value = lsn.value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return lsn;
}

}  // namespace

JobRow job_row(const UndoJob& job) {
  JobRow row;
  row.kind = kKind;
  row.name = job.operation.text();
  row.started = job.started;
  const auto add = [&row](const std::string& name, const std::string& value) {
    if (!value.empty()) row.facts[name] = value;
  };
  const auto add_lsn = [&](const std::string& name, Lsn lsn) {
    if (lsn.value > 0) row.facts[name] = std::to_string(lsn.value);
  };
  add("of", job.of);
  add("words", job.words);
  add("name", job.request.name);
  add("by", job.request.actor);
  add_lsn("after", job.request.after);
  add_lsn("up_to", job.request.up_to);
  add("bucket", job.request.scope.bucket);
  add("key", job.request.scope.key);
  add("is_object", job.request.scope.is_object ? "yes" : "");
  add("force", job.force ? "yes" : "");
  if (job.is_rewind) row.facts["rewind_to"] = std::to_string(job.to.value);
  return row;
}

Result<std::optional<UndoJob>> broken_off_undo(catalog::CatalogReader& reader, const std::string& operation) {
  ATOLL_ASSIGN(const auto row, reader.job(kKind, operation));
  if (!row || row->is_ok) return std::nullopt;
  UndoJob job;
  ATOLL_ASSIGN(job.operation, OperationId::parse(row->name));
  job.started = row->started;
  job.of = fact(*row, "of");
  job.words = fact(*row, "words");
  job.request.name = fact(*row, "name");
  job.request.actor = fact(*row, "by");
  job.request.after = lsn_fact(*row, "after");
  job.request.up_to = lsn_fact(*row, "up_to");
  job.request.scope.bucket = fact(*row, "bucket");
  job.request.scope.key = fact(*row, "key");
  job.request.scope.is_object = !fact(*row, "is_object").empty();
  job.force = !fact(*row, "force").empty();
  job.is_rewind = row->facts.contains("rewind_to");
  job.to = lsn_fact(*row, "rewind_to");
  return job;
}

Result<std::vector<Bytes>> outdated_undo_jobs(catalog::CatalogReader& reader) {
  ATOLL_ASSIGN(const auto jobs, reader.jobs());
  std::vector<Bytes> finished;
  for (const JobRow& job : jobs) {
    if (job.kind == kKind && job.is_ok) finished.push_back(catalog::key_of(job));
  }
  // Named by ids that hold their time: the first ones are the oldest.
  finished.resize(finished.size() > kJobsKept ? finished.size() - kJobsKept : 0);
  return finished;
}

Result<std::map<std::string, std::string>> finished_undos(catalog::CatalogReader& reader) {
  ATOLL_ASSIGN(const auto jobs, reader.jobs());
  std::map<std::string, std::string> undone;
  for (std::size_t i = jobs.size(); i-- > 0;) {
    const JobRow& job = jobs[i];
    const std::string of = fact(job, "of");
    // Of a bucket or prefix only: the rest of the operation stands. An undo that was undone itself does not count.
    if (job.kind != kKind || !job.is_ok || of.empty() || job.facts.contains("bucket") || undone.contains(job.name))
      continue;
    undone.emplace(of, job.name);
  }
  return undone;
}

}  // namespace atl::vault
