#include "vault/checks.h"

#include <algorithm>
#include <charconv>

#include "catalog/keeping_rows.h"
#include "vault/past_lines.h"

namespace atl::vault {
namespace {

using catalog::JobRow;

constexpr const char* kPastFact = "past";  // lines: time, 1 or 0, milliseconds, bytes, problems

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t number_in(const JobRow& row, const char* name) {
  const auto fact = row.facts.find(name);
  return fact == row.facts.end() ? 0 : number_of(fact->second);
}

std::string line_of(const JobRow& row, std::uint64_t bytes, std::uint64_t problems) {
  const std::int64_t took_us = std::max<std::int64_t>(row.finished.unix_us - row.started.unix_us, 0);
  return format_rfc3339(row.started) + (row.is_ok ? " 1 " : " 0 ") + std::to_string(took_us / 1'000) + " " +
         std::to_string(bytes) + " " + std::to_string(problems);
}

std::string past_of(const std::optional<JobRow>& row) {
  if (!row) return {};
  const auto past = row->facts.find(kPastFact);
  if (past != row->facts.end()) return past->second;
  return line_of(*row, number_in(*row, "bytes"), number_in(*row, row->kind == "drill" ? "failures" : "damage"));
}

void append_past(const JobRow& row, std::vector<PastCheck>& out) {
  const std::string past = past_of(row);
  for (const auto& words : past_lines(past)) {
    if (words.size() < 5) continue;
    const auto started = parse_rfc3339(words[0]);
    if (!started) continue;
    PastCheck check;
    check.kind = row.kind;
    check.name = row.name;
    check.started.unix_us = started->seconds * 1'000'000 + started->nanoseconds / 1'000;
    check.is_ok = words[1] == "1";
    check.seconds = static_cast<double>(number_of(words[2])) / 1'000;
    check.bytes = number_of(words[3]);
    check.problems = number_of(words[4]);
    out.push_back(std::move(check));
  }
}

}  // namespace

Result<void> put_check(const CommitContext& context, ChangeSet& changes, JobRow job, std::uint64_t bytes,
                       std::uint64_t problems) {
  ATOLL_ASSIGN(const auto before, context.state.job(job.kind, job.name));
  job.finished = context.commit_time;
  job.facts["bytes"] = std::to_string(bytes);
  job.facts["problems"] = std::to_string(problems);
  job.facts[kPastFact] = with_line(line_of(job, bytes, problems), past_of(before), kChecksKept);
  changes.put(job);
  return {};
}

Result<void> put_contained_check(const CommitContext& context, ChangeSet& changes, JobRow job) {
  ATOLL_ASSIGN(const auto before, context.state.job(job.kind, job.name));
  job.finished = context.commit_time;
  job.facts[kPastFact] = past_of(before);
  changes.put(job);
  return {};
}

Result<std::vector<PastCheck>> past_checks(Vault& vault) {
  const auto reader = vault.reader();
  std::vector<PastCheck> out;
  const auto add = [&](std::string_view kind, const std::string& name) -> Result<void> {
    ATOLL_ASSIGN(const auto row, reader->job(kind, name));
    if (row) append_past(*row, out);
    return {};
  };
  for (const char* name : {"data", "sample", "structure"}) ATOLL_TRY(add("verify", name));
  ATOLL_TRY(add("drill", "restore"));
  ATOLL_ASSIGN(const auto copies, reader->all<catalog::CopyRow>());
  for (const catalog::CopyRow& copy : copies) ATOLL_TRY(add("drill", "copy " + copy.name));
  std::ranges::stable_sort(out, [](const PastCheck& a, const PastCheck& b) { return b.started < a.started; });
  return out;
}

}  // namespace atl::vault
