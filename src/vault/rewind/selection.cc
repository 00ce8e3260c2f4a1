#include "vault/rewind/selection.h"

#include <algorithm>
#include <set>

#include "foundation/base/actor.h"
#include "vault/rewind/undo.h"

namespace atl::vault {
namespace {

using journal::CommandKind;
using journal::Envelope;

constexpr std::uint64_t kFirstWindow = 64;
constexpr std::uint64_t kWindowMax = 8'192;
constexpr std::size_t kRangesMax = std::size_t{1} << 20;
constexpr std::size_t kIdTextBytes = 36;
constexpr std::size_t kIdPrefixBytesMin = 8;
// An operation's id holds the time at which it began. Commits may carry an earlier time where the clock was set back
// meanwhile: so much is allowed for.
constexpr std::int64_t kClockSetBackUs = 3'600LL * 1'000'000;

Result<Lsn> first_kept(const Vault& vault) {
  ATOLL_ASSIGN(const auto stats, vault.journal().stats());
  return std::max(stats.first_kept, Lsn{1});
}

// Envelopes newest first, in windows that grow; `visit` returns false to stop.
Result<void> read_backwards(const Vault& vault, Lsn from, const std::function<Result<bool>(const Envelope&)>& visit) {
  ATOLL_ASSIGN(const Lsn oldest, first_kept(vault));
  std::uint64_t window = kFirstWindow;
  for (Lsn last = from; last >= oldest && last.value > 0;) {
    const Lsn first{last.value - oldest.value >= window ? last.value - window + 1 : oldest.value};
    std::vector<Envelope> envelopes;
    ATOLL_TRY(vault.journal().read_envelopes(first, last, [&](const Envelope& envelope) -> Result<bool> {
      envelopes.push_back(envelope);
      return true;
    }));
    for (std::size_t i = envelopes.size(); i-- > 0;) {
      ATOLL_ASSIGN(const bool goes_on, visit(envelopes[i]));
      if (!goes_on) return {};
    }
    last.value = first.value - 1;
    window = std::min(window * 2, kWindowMax);
  }
  return {};
}

Result<void> add(CommandSelection& selection, Lsn lsn) {
  ++selection.commands;
  if (!selection.ranges.empty() && selection.ranges.back().last.next() == lsn) {
    selection.ranges.back().last = lsn;
    return {};
  }
  if (selection.ranges.size() == kRangesMax) {
    return fail(ErrorKind::limit, "undo.too_much", "these are too many changes, among too many others, to undo at once",
                "Choose a shorter time, or use `atoll rewind`.");
  }
  selection.ranges.push_back({lsn, lsn});
  return {};
}

std::int64_t began_us(const OperationId& id) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = (ms << 8) | id.bytes[i];
  return ms * 1000;
}

// All commands of one operation. They may lie among others; nothing but their envelopes tells.
Result<CommandSelection> select_operation(const Vault& vault, const OperationId& id) {
  CommandSelection selection;
  selection.name = id.text();
  selection.words = "operation " + id.text();
  ATOLL_ASSIGN(Lsn from, first_kept(vault));
  if (const auto before = vault.journal().last_lsn_at({began_us(id) - kClockSetBackUs}); before)
    from = std::max(from, *before);
  ATOLL_TRY(vault.journal().read_envelopes(from, vault.journal().last(), [&](const Envelope& envelope) -> Result<bool> {
    if (envelope.operation == id && is_user_command(envelope.kind)) ATOLL_TRY(add(selection, envelope.lsn));
    return true;
  }));
  return selection;
}

Result<CommandSelection> select_command(const Vault& vault, Lsn lsn) {
  std::optional<Envelope> found;
  if (lsn.value > 0 && lsn <= vault.journal().last()) {
    ATOLL_TRY(vault.journal().read_envelopes(lsn, lsn, [&](const Envelope& envelope) -> Result<bool> {
      found = envelope;
      return false;
    }));
  }
  if (!found) {
    return fail(ErrorKind::not_found, "undo.no_such_change", "there is no change " + std::to_string(lsn.value),
                "`atoll operations` lists what was done.");
  }
  if (!is_user_command(found->kind)) {
    return fail(ErrorKind::usage, "undo.not_a_users",
                "change " + std::to_string(lsn.value) + " (" + journal::name_of(found->kind) +
                    ") is housekeeping: there is nothing in it to undo",
                "`atoll operations` lists what was done.");
  }
  if (!found->operation.is_none()) return select_operation(vault, found->operation);
  CommandSelection selection;
  selection.name = std::to_string(lsn.value);
  selection.words = "change " + selection.name;
  ATOLL_TRY(add(selection, lsn));
  return selection;
}

Result<CommandSelection> select_last(const Vault& vault) {
  std::optional<Envelope> last;
  ATOLL_TRY(read_backwards(vault, vault.journal().last(), [&](const Envelope& envelope) -> Result<bool> {
    if (is_user_command(envelope.kind)) last = envelope;
    return !last.has_value();
  }));
  if (!last) return fail(ErrorKind::not_found, "undo.nothing", "nothing was done yet that could be undone");
  return select_command(vault, last->lsn);
}

Result<CommandSelection> select_by_prefix(const Vault& vault, const std::string& prefix) {
  if (prefix.size() < kIdPrefixBytesMin) {
    return fail(ErrorKind::usage, "undo.name_too_short", "\"" + prefix + "\" is too short for an operation's name",
                "Give at least 8 characters of it; `atoll operations` lists them.");
  }
  std::set<OperationId> found;
  ATOLL_TRY(read_backwards(vault, vault.journal().last(), [&](const Envelope& envelope) -> Result<bool> {
    if (!envelope.operation.is_none() && is_user_command(envelope.kind) &&
        envelope.operation.text().starts_with(prefix))
      found.insert(envelope.operation);
    return found.size() < 2;
  }));
  if (found.empty()) {
    return fail(ErrorKind::not_found, "undo.no_such_operation", "there is no operation \"" + prefix + "\"",
                "`atoll operations` lists what was done.");
  }
  if (found.size() > 1) {
    return fail(ErrorKind::conflict, "undo.ambiguous", "\"" + prefix + "\" is the beginning of several operations",
                "Give more of it; `atoll operations` lists them.");
  }
  return select_operation(vault, *found.begin());
}

// Names that commands changed, for counting.
Result<std::uint64_t> count_names(const Vault& vault, const OperationSummary& operation) {
  std::uint64_t count = 0;
  ATOLL_TRY(vault.journal().read(operation.first, operation.last, [&](const journal::Command& command) -> Result<bool> {
    const bool is_its =
        operation.id.is_none() ? command.envelope.lsn == operation.first : command.envelope.operation == operation.id;
    if (!is_its) return true;
    for (const auto& payload : command.payloads) {
      if (!payload.plain) continue;
      ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
      for (const auto& change : changes) {
        if (change.table == journal::TableNumber::entries) ++count;
      }
    }
    return true;
  }));
  return count;
}

}  // namespace

bool CommandSelection::contains(Lsn lsn) const {
  const auto above = std::ranges::upper_bound(ranges, lsn, {}, &journal::LsnRange::first);
  return above != ranges.begin() && std::prev(above)->last >= lsn;
}

bool is_user_command(CommandKind kind) {
  switch (kind) {
    case CommandKind::note:
    case CommandKind::checkpoint:
    case CommandKind::key_change:
    case CommandKind::pack_change:
    case CommandKind::job_change:
    case CommandKind::upload_change:
    case CommandKind::access_change:  // who may do what is changed by saying so, never by taking something back
    case CommandKind::audit:
    case CommandKind::expire_versions: return false;
    default: return true;
  }
}

Result<CommandSelection> select_commands(const Vault& vault, const UndoRequest& request) {
  if (request.is_last) return select_last(vault);
  if (!request.name.empty()) {
    const bool is_number = std::ranges::all_of(request.name, [](char c) { return c >= '0' && c <= '9'; });
    // Ids begin with their time, and until the year 2527 with a 0; numbers of changes never do.
    if (is_number && request.name.size() < 19 && request.name[0] != '0') {
      return select_command(vault, Lsn{static_cast<std::uint64_t>(std::stoull(request.name))});
    }
    if (request.name.size() == kIdTextBytes) {
      ATOLL_ASSIGN(const auto id, OperationId::parse(request.name));
      ATOLL_ASSIGN(auto selection, select_operation(vault, id));
      if (!selection.ranges.empty()) return selection;
      return fail(ErrorKind::not_found, "undo.no_such_operation", "there is no operation " + request.name,
                  "`atoll operations` lists what was done.");
    }
    return select_by_prefix(vault, request.name);
  }
  CommandSelection selection;
  selection.words = "everything" + (request.actor.empty() ? "" : " by " + request.actor) +
                    (request.after.value == 0 ? "" : " after change " + std::to_string(request.after.value));
  ATOLL_ASSIGN(const Lsn oldest, first_kept(vault));
  const Lsn last = request.up_to.value == 0 ? vault.journal().last() : request.up_to;
  ATOLL_TRY(vault.journal().read_envelopes(std::max(oldest, request.after.next()), last,
                                           [&](const Envelope& envelope) -> Result<bool> {
                                             if (!is_user_command(envelope.kind)) return true;
                                             if (!request.actor.empty() && !is_by(envelope.actor, request.actor))
                                               return true;
                                             ATOLL_TRY(add(selection, envelope.lsn));
                                             return true;
                                           }));
  return selection;
}

Result<Lsn> lsn_at(const Vault& vault, std::string_view moment) {
  const Lsn last = vault.journal().last();
  if (!moment.empty() && moment.size() < 19 &&
      std::ranges::all_of(moment, [](char c) { return c >= '0' && c <= '9'; })) {
    const Lsn lsn{static_cast<std::uint64_t>(std::stoull(std::string(moment)))};
    if (lsn <= last) return lsn;
    return fail(ErrorKind::not_found, "moment.in_the_future",
                "there is no change " + std::to_string(lsn.value) + " yet",
                "The newest is " + std::to_string(last.value) + ".");
  }
  if (const auto seconds = parse_duration_s(moment); seconds)
    return vault.journal().last_lsn_at({vault.machine().clock.now().unix_us - *seconds * 1'000'000});
  const auto time = parse_rfc3339(moment);
  if (!time) {
    return fail(ErrorKind::usage, "moment.malformed", "\"" + std::string(moment) + "\" names no moment",
                "Write 2026-11-20, 2026-11-20T09:30 (UTC), 2h (before now), or the number of a change.");
  }
  return vault.journal().last_lsn_at({time->seconds * 1'000'000 + time->nanoseconds / 1000});
}

Result<std::vector<OperationSummary>> recent_operations(const Vault& vault, std::size_t limit) {
  std::vector<OperationSummary> found;
  std::map<OperationId, std::size_t> by_id;
  ATOLL_ASSIGN(const auto stats, vault.journal().stats());
  // An operation's commands may lie among those of others: reading goes on while one may still have earlier ones.
  Timestamp oldest_begin{INT64_MAX};
  ATOLL_TRY(read_backwards(vault, vault.journal().last(), [&](const Envelope& envelope) -> Result<bool> {
    if (!is_user_command(envelope.kind)) return true;
    const auto known = envelope.operation.is_none() ? by_id.end() : by_id.find(envelope.operation);
    if (known == by_id.end() && found.size() >= limit) return envelope.commit_time >= oldest_begin;
    OperationSummary& one = known == by_id.end() ? found.emplace_back() : found[known->second];
    if (known == by_id.end()) {
      one.id = envelope.operation;
      one.last = envelope.lsn;
      one.ended = envelope.commit_time;
      one.actor = envelope.actor;
      if (!one.id.is_none()) {
        by_id.emplace(one.id, found.size() - 1);
        oldest_begin = std::min(oldest_begin, Timestamp{began_us(one.id) - kClockSetBackUs});
      }
    }
    one.first = envelope.lsn;
    one.begun = envelope.commit_time;
    one.kind = envelope.kind;
    ++one.commands;
    return true;
  }));
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto undone, finished_undos(*reader));
  for (OperationSummary& one : found) {
    one.is_kept = one.first >= stats.first_with_payloads;
    if (const auto by = undone.find(one.name()); by != undone.end()) one.undone_by = by->second;
    if (!one.is_kept) continue;
    ATOLL_ASSIGN(one.objects, count_names(vault, one));
  }
  return found;
}

}  // namespace atl::vault
