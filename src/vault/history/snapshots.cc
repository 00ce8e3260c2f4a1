#include "vault/history/snapshots.h"

#include <chrono>
#include <set>

#include "vault/history/past.h"
#include "vault/object/objects.h"

namespace atl::vault {
namespace {

using catalog::SnapshotRow;

constexpr std::size_t kNameBytesMax = 200;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

Result<void> check_name(std::string_view name) {
  bool is_good = !name.empty() && name.size() <= kNameBytesMax && !(name.front() >= '0' && name.front() <= '9') &&
                 name.front() != '-';
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '/' || c == ':') is_good = false;
  }
  if (is_good) return {};
  return fail(ErrorKind::usage, "snapshot.bad_name",
              "\"" + std::string(name.substr(0, 60)) + "\" cannot name a snapshot",
              "A name has 1 to 200 bytes, no spaces, '/' or ':', and does not begin with a digit or '-'.");
}

tl::unexpected<Error> no_such(const std::string& name) {
  return fail(ErrorKind::not_found, "snapshot.not_found", "there is no snapshot \"" + name + "\"",
              "`atoll snapshot list` lists them.");
}

Result<void> change(Vault& vault, const std::string& name,
                    const std::function<Result<void>(SnapshotRow&, ChangeSet&)>& work) {
  ATOLL_TRY(vault.commit(journal::CommandKind::snapshot_change,
                         [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                           SnapshotRow named;
                           named.name = name;
                           ATOLL_ASSIGN(auto row, context.state.one<SnapshotRow>(key_of(named)));
                           if (!row) return no_such(name);
                           return work(*row, changes);
                         }));
  return {};
}

// The hour, day, … that a time lies in, as a number that rises; UTC, weeks as in ISO 8601.
enum class Span : std::uint8_t { hour, day, week, month, year };
std::int64_t period_of(Timestamp time, Span span) {
  using namespace std::chrono;
  const auto seconds_since = seconds{time.unix_us / kMicrosecondsPerSecond};
  const auto day = floor<days>(sys_seconds{seconds_since});
  const year_month_day date{day};
  switch (span) {
    case Span::hour: return floor<hours>(seconds_since).count();
    case Span::day: return day.time_since_epoch().count();
    case Span::week: return (day.time_since_epoch().count() + 3) / 7;  // 1970-01-01 was a Thursday
    case Span::month: return static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
    case Span::year: return static_cast<int>(date.year());
  }
  return 0;
}

}  // namespace

Result<SnapshotRow> create_snapshot(Vault& vault, const NewSnapshot& wanted) {
  ATOLL_TRY(check_name(wanted.name));
  SnapshotRow row;
  row.name = wanted.name;
  row.prefix = wanted.prefix;
  row.actor = vault.actor();
  row.description = wanted.description;
  row.is_held = wanted.is_held;
  row.hold_reason = wanted.hold_reason;
  const auto reader = vault.reader();
  Moment moment;
  if (wanted.as_of) {
    moment = *wanted.as_of;
    if (moment.is_by_time) {
      ATOLL_ASSIGN(moment.lsn, vault.journal().last_lsn_at(moment.time));
    }
  } else {
    ATOLL_ASSIGN(moment.lsn, reader->applied());
  }
  row.lsn = moment.lsn;
  moment.is_by_time = false;
  View view(*reader, moment);
  ATOLL_ASSIGN(const auto bucket, view.bucket(wanted.bucket));
  row.bucket = bucket.id;
  Timestamp newest;
  ATOLL_TRY(view.scan(bucket.id, wanted.prefix, "", [&](const catalog::Listed& listed) -> Result<bool> {
    ++row.objects;
    row.bytes += listed.version.size;
    newest = std::max(newest, listed.version.begin_time);
    return true;
  }));
  if (row.objects == 0 && !wanted.prefix.empty()) {
    return fail(ErrorKind::not_found, "snapshot.empty", "nothing lies under " + wanted.bucket + "/" + wanted.prefix,
                "`atoll ls " + wanted.bucket + "` lists what is there.");
  }
  ATOLL_TRY(vault.commit(
      journal::CommandKind::snapshot_change, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(const auto taken, context.state.one<SnapshotRow>(key_of(row)));
        if (taken) {
          return fail(ErrorKind::conflict, "snapshot.exists", "there is a snapshot \"" + row.name + "\" already");
        }
        row.created = context.commit_time;
        row.time = !wanted.as_of ? context.commit_time : wanted.as_of->is_by_time ? wanted.as_of->time : newest;
        changes.put(row);
        return {};
      }));
  return row;
}

Result<SnapshotRow> find_snapshot(Vault& vault, const std::string& name) {
  SnapshotRow named;
  named.name = name;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto row, reader->one<SnapshotRow>(key_of(named)));
  if (!row) return no_such(name);
  return std::move(*row);
}

Result<void> hold_snapshot(Vault& vault, const std::string& name, bool is_held, const std::string& reason) {
  return change(vault, name, [&](SnapshotRow& row, ChangeSet& changes) -> Result<void> {
    row.is_held = is_held;
    row.hold_reason = is_held ? reason : std::string();
    changes.put(row);
    return {};
  });
}

Result<void> delete_snapshot(Vault& vault, const std::string& name) {
  return change(vault, name, [&](const SnapshotRow& row, ChangeSet& changes) -> Result<void> {
    if (row.is_held) {
      return fail(ErrorKind::conflict, "snapshot.held",
                  "snapshot \"" + name + "\" is held" + (row.hold_reason.empty() ? "" : " (" + row.hold_reason + ")"),
                  "`atoll snapshot release " + name + "` ends the hold.");
    }
    changes.remove(row);
    return {};
  });
}

std::vector<SnapshotRow> snapshots_to_prune(std::vector<SnapshotRow> rows, const KeepSnapshots& keep) {
  std::ranges::sort(rows,
                    [](const auto& a, const auto& b) { return a.time != b.time ? a.time > b.time : a.name > b.name; });
  std::set<std::string> kept;
  for (std::size_t i = 0; i < rows.size() && i < keep.last; ++i) kept.insert(rows[i].name);
  const auto keep_each = [&](Span span, std::uint32_t count) {
    std::set<std::int64_t> seen;
    for (const SnapshotRow& row : rows) {
      if (seen.size() == count) return;
      if (seen.insert(period_of(row.time, span)).second) kept.insert(row.name);
    }
  };
  keep_each(Span::hour, keep.hourly);
  keep_each(Span::day, keep.daily);
  keep_each(Span::week, keep.weekly);
  keep_each(Span::month, keep.monthly);
  keep_each(Span::year, keep.yearly);
  for (const SnapshotRow& row : rows) {
    const std::int64_t age_us = rows.front().time.unix_us - row.time.unix_us;
    const bool is_young = static_cast<std::uint64_t>(age_us) <= keep.within_seconds * kMicrosecondsPerSecond;
    if (row.is_held || (keep.within_seconds > 0 && is_young)) kept.insert(row.name);
  }
  std::erase_if(rows, [&](const SnapshotRow& row) { return kept.contains(row.name); });
  return rows;
}

}  // namespace atl::vault
