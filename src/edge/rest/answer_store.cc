#include "edge/rest/answer_store.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace atl::rest {
namespace {

using catalog::JobRow;

constexpr std::string_view kKind = "answer";
constexpr std::string_view kFieldPrefix = "field ";
// What an answer says besides its body; the rest is made for each anew.
constexpr std::array<std::string_view, 3> kFields = {"Content-Type", "Location", "ETag"};
// Looking for old ones reads all rows: done for one in so many.
constexpr std::uint8_t kCleanedOneIn = 32;

// The key is the client's word, as long as it likes: its digest is the row's name.
std::string row_name(const IdempotencyKeys::Name& name) {
  return to_hex(codec::blake3(as_bytes(name.principal.text() + "\n" + name.actor + "\n" + name.key)));
}

std::string fact(const JobRow& row, const std::string& name) {
  const auto found = row.facts.find(name);
  return found == row.facts.end() ? std::string() : found->second;
}

bool is_old(const JobRow& row, Timestamp now) { return now.unix_us - row.finished.unix_us > kAnswerKeptUs; }

Result<std::vector<JobRow>> old_rows(vault::Vault& vault) {
  ATOLL_ASSIGN(auto rows, vault.reader()->jobs());
  std::erase_if(rows, [](const JobRow& row) { return row.kind != kKind; });
  std::ranges::sort(rows, {}, [](const JobRow& row) { return row.finished.unix_us; });
  const Timestamp now = vault.machine().clock.now();
  const std::size_t too_many = rows.size() > kStoredMax ? rows.size() - kStoredMax : 0;
  std::size_t gone = 0;
  while (gone < rows.size() && (gone < too_many || is_old(rows[gone], now))) ++gone;
  rows.resize(gone);
  return rows;
}

}  // namespace

Result<void> store_answer(vault::Vault& vault, const IdempotencyKeys::Name& name, const codec::Digest& digest,
                          const IdempotencyKeys::Kept& answer) {
  if (answer.body.size() > kStoredBodyBytesMax) return {};
  JobRow row;
  row.kind = kKind;
  row.name = row_name(name);
  row.is_ok = answer.status < 400;
  row.facts["request"] = to_hex(digest);
  row.facts["status"] = std::to_string(answer.status);
  row.facts["body"] = answer.body;
  for (const std::string_view field : kFields) {
    if (const auto value = answer.headers.get(field); value)
      row.facts[std::string(kFieldPrefix) + std::string(field)] = *value;
  }
  std::vector<JobRow> old;
  if (digest.front() % kCleanedOneIn == 0) {
    ATOLL_ASSIGN(old, old_rows(vault));
  }
  ATOLL_TRY(vault.commit(journal::CommandKind::job_change,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           for (const JobRow& one : old)
                             changes.remove(kDefaultDomain, journal::TableNumber::jobs, key_of(one));
                           row.started = row.finished = context.commit_time;
                           changes.put(row);
                           return {};
                         }));
  return {};
}

Result<std::optional<IdempotencyKeys::Kept>> stored_answer(vault::Vault& vault, const IdempotencyKeys::Name& name,
                                                           const codec::Digest& digest) {
  ATOLL_ASSIGN(const auto row, vault.reader()->job(kKind, row_name(name)));
  if (!row || is_old(*row, vault.machine().clock.now())) return std::nullopt;
  if (fact(*row, "request") != to_hex(digest)) return key_reused();
  IdempotencyKeys::Kept kept;
  const std::string status = fact(*row, "status");
  std::from_chars(status.data(), status.data() + status.size(), kept.status);
  if (kept.status < 200 || kept.status > 599) return std::nullopt;
  kept.body = fact(*row, "body");
  for (const std::string_view field : kFields) {
    const std::string value = fact(*row, std::string(kFieldPrefix) + std::string(field));
    if (!value.empty()) kept.headers.set(field, value);
  }
  return kept;
}

}  // namespace atl::rest
