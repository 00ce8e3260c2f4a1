#include "edge/server/job_store.h"

#include <algorithm>
#include <charconv>

namespace atl::server {
namespace {

using catalog::JobRow;

constexpr std::string_view kKind = "server";

std::string fact(const JobRow& row, const std::string& name) {
  const auto found = row.facts.find(name);
  return found == row.facts.end() ? std::string() : found->second;
}

json::Value value_of(const JobRow& row, const std::string& name) {
  auto value = json::Value::parse(fact(row, name), {.bytes_max = 2 * kResultBytesMax, .depth_max = 32});
  return value ? std::move(*value) : json::Value();
}

std::int64_t number_of(const JobRow& row, const std::string& name) {
  const std::string text = fact(row, name);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

JobRow row_of(const JobFacts& facts) {
  JobRow row;
  row.kind = kKind;
  row.name = facts.id.text();
  row.started = facts.created;
  row.finished = facts.ended;
  row.is_ok = facts.state == JobState::done;
  row.facts["kind"] = facts.kind;
  row.facts["actor"] = facts.actor;
  row.facts["state"] = name_of(facts.state);
  row.facts["attempt"] = std::to_string(facts.attempt);
  row.facts["order"] = facts.order.text();
  if (facts.started.unix_us != 0) row.facts["begun_us"] = std::to_string(facts.started.unix_us);
  if (facts.result.is_object()) {
    std::string result = facts.result.text();
    if (result.size() <= kResultBytesMax) row.facts["result"] = std::move(result);
  }
  if (!facts.error_id.empty()) row.facts["error_id"] = facts.error_id;
  if (!facts.message.empty()) row.facts["message"] = facts.message;
  return row;
}

std::optional<JobFacts> facts_of(const JobRow& row) {
  const auto id = JobId::parse(row.name);
  const auto state = state_named(fact(row, "state"));
  if (row.kind != kKind || !id || !state) return std::nullopt;
  JobFacts facts;
  facts.id = *id;
  facts.state = *state;
  facts.kind = fact(row, "kind");
  facts.actor = fact(row, "actor");
  facts.attempt = static_cast<unsigned>(std::clamp<std::int64_t>(number_of(row, "attempt"), 1, 1'000));
  facts.order = value_of(row, "order");
  facts.created = row.started;
  facts.started.unix_us = number_of(row, "begun_us");
  facts.ended = row.finished;
  facts.result = value_of(row, "result");
  facts.error_id = fact(row, "error_id");
  facts.message = fact(row, "message");
  facts.change = 1;
  return facts;
}

}  // namespace

Result<void> save_job(vault::Vault& vault, const JobFacts& facts) {
  std::vector<JobRow> gone;
  if (facts.ended.unix_us != 0) {
    ATOLL_ASSIGN(auto rows, vault.reader()->jobs());
    std::erase_if(rows, [&](const JobRow& row) {
      return row.kind != kKind || row.finished.unix_us == 0 || row.name == facts.id.text();
    });
    // Ids rise with time, and so do the rows.
    if (rows.size() >= kJobsKept) gone.assign(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(kJobsKept - 1));
  }
  const JobRow row = row_of(facts);
  ATOLL_TRY(vault.commit(journal::CommandKind::job_change,
                         [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                           for (const JobRow& old : gone)
                             changes.remove(kDefaultDomain, journal::TableNumber::jobs, key_of(old));
                           changes.put(row);
                           return {};
                         }));
  return {};
}

Result<std::vector<JobFacts>> load_jobs(vault::Vault& vault) {
  ATOLL_ASSIGN(const auto rows, vault.reader()->jobs());
  std::vector<JobFacts> out;
  for (const JobRow& row : rows)
    if (auto facts = facts_of(row); facts) out.push_back(std::move(*facts));
  return out;
}

}  // namespace atl::server
