#include "vault/access/audit.h"

#include <algorithm>
#include <charconv>

#include "foundation/base/actor.h"
#include "foundation/codec/hash.h"

namespace atl::access {
namespace {

using catalog::AuditBatchRow;
using catalog::HomeSettingRow;

// Stands in the settings while the chain is being made anew by more than one command.
constexpr std::string_view kErasing = "audit.erasing";
constexpr std::string_view kBegin = "audit.begin";  // "<number> <chain>" of the last batch that was dropped for its age

constexpr std::size_t kBatchRecordsMax = 5'000;
constexpr std::size_t kBatchBytesMax = 4 * 1024 * 1024;
constexpr std::uint64_t kSingleRecordsMax = 64;  // of one kind and second, before they are counted together
constexpr std::size_t kWindowsMax = 10'000;
constexpr std::size_t kDropBatchesAtOnce = 1'000;
constexpr std::size_t kKeyBytesKept = 1024;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

codec::Digest chain_of(const codec::Digest& previous, std::uint64_t number, ByteView records) {
  Bytes place;
  append_be64(place, number);
  codec::Blake3 hash;
  hash.update(previous);
  hash.update(place);
  hash.update(records);
  return hash.digest();
}

Result<bool> erasing(catalog::CatalogReader& reader) {
  ATOLL_ASSIGN(const auto mark,
               reader.one<HomeSettingRow>(catalog::key_of(HomeSettingRow{std::string(kErasing), "", {}})));
  return mark.has_value();
}

// What a batch follows: number and chain of the one before it; zeros in front of the first.
struct Link {
  std::uint64_t number = 0;
  codec::Digest chain{};
};

HomeSettingRow begin_row(const Link& dropped) {
  return {std::string(kBegin), std::to_string(dropped.number) + " " + to_hex(dropped.chain), {}};
}

// What the oldest batch that is kept follows.
Result<Link> begin_of(catalog::CatalogReader& reader) {
  ATOLL_ASSIGN(const auto row,
               reader.one<HomeSettingRow>(catalog::key_of(HomeSettingRow{std::string(kBegin), "", {}})));
  Link begin;
  if (!row) return begin;
  const std::size_t blank = row->value.find(' ');
  const bool is_number =
      blank != std::string::npos &&
      std::from_chars(row->value.data(), row->value.data() + blank, begin.number).ptr == row->value.data() + blank;
  const auto chain = from_hex(blank == std::string::npos ? "" : std::string_view(row->value).substr(blank + 1));
  if (!is_number || !chain || chain->size() != begin.chain.size()) {
    return fail(ErrorKind::damaged, "audit.begin_damaged", "where the audit begins cannot be read",
                "`atoll audit verify` says more.");
  }
  std::ranges::copy(*chain, begin.chain.begin());
  return begin;
}

Result<AuditBatchRow> batch_of(catalog::CatalogReader& reader, std::uint64_t number) {
  AuditBatchRow wanted;
  wanted.number = number;
  ATOLL_ASSIGN(auto row, reader.one<AuditBatchRow>(catalog::key_of(wanted)));
  if (!row) {
    return fail(ErrorKind::damaged, "audit.gap", "audit batch " + std::to_string(number) + " is missing",
                "`atoll audit verify` says where the chain breaks.");
  }
  return std::move(*row);
}

// What the next batch follows.
Result<Link> end_of(catalog::CatalogReader& reader) {
  ATOLL_ASSIGN(Link end, begin_of(reader));
  ATOLL_ASSIGN(const std::uint64_t count, reader.row_count(journal::TableNumber::audit_batches));
  if (count == 0) return end;
  ATOLL_ASSIGN(const auto last, batch_of(reader, end.number + count));  // numbers are dense
  return Link{last.number, last.chain};
}

bool is_removal(const std::string& action) {
  return action == "remove" || action == "remove_for_good" || action == "erase" || action == "overwrite_for_good";
}

bool matches(const AuditQuery& query, const AuditRecord& record) {
  if (!query.actor.empty() && !is_by(record.actor, query.actor)) return false;
  if (!query.action.empty() && record.action != query.action) return false;
  if (!query.bucket.empty() && record.bucket != query.bucket) return false;
  if (!query.address.empty() && record.address != query.address) return false;
  if (query.only_denied && record.is_allowed) return false;
  return record.time >= query.since && record.time <= query.until;
}

}  // namespace

Audit::Audit(vault::Vault* control, const platform::Machine& machine) : control_(control), machine_(machine) {}

Audit::~Audit() { ignore_error_on_purpose(flush()); }

void Audit::note(AuditRecord record) {
  record.time = machine_.clock.now();
  if (record.key.size() > kKeyBytesKept) record.key.resize(kKeyBytesKept);
  const std::int64_t now_ns = machine_.clock.monotonic_ns();
  std::vector<Alarm> alarms;
  std::function<void(const Alarm&)> tell;
  {
    const std::lock_guard lock(mutex_);
    count_for_alarms(record, now_ns, alarms);
    tell = tell_;
    if (control_ != nullptr && control_->is_writable()) {
      if (pending_.empty()) oldest_ns_ = now_ns;
      if (now_ns - second_ns_ >= kNsPerSecond) {
        second_ns_ = now_ns;
        run_counts_.clear();
        run_places_.clear();
      }
      bool is_counted_together = false;
      if (record.is_allowed &&
          (record.action == "read" || record.action == "list" || record.action == "read_metadata")) {
        std::string shared = record.action + '\0' + record.actor + '\0' + record.address + '\0' + record.bucket + '\0';
        shared.append(as_text(record.vault.view()));
        const std::uint64_t seen = ++run_counts_[shared];
        if (seen > kSingleRecordsMax) {
          const auto place = run_places_.find(shared);
          if (place != run_places_.end() && place->second < pending_.size()) {
            AuditRecord& together = pending_[place->second];
            together.count += record.count;
            together.bytes += record.bytes;
            together.key.clear();
            is_counted_together = true;
          } else {
            run_places_[shared] = pending_.size();
          }
        }
      }
      if (!is_counted_together) {
        if (pending_.size() >= kPendingMax) {
          dropped_ += pending_.size() / 2;
          pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(pending_.size() / 2));
          run_places_.clear();
        }
        pending_.push_back(std::move(record));
      }
    }
  }
  if (!tell) return;
  for (const Alarm& alarm : alarms) tell(alarm);
}

bool Audit::is_due() const {
  const std::lock_guard lock(mutex_);
  return !pending_.empty() && machine_.clock.monotonic_ns() - oldest_ns_ >= kFlushAfterNs;
}

Result<void> Audit::flush() {
  if (control_ == nullptr || !control_->is_writable()) return {};
  const std::lock_guard flushing(flush_mutex_);
  std::vector<AuditRecord> records;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    records.swap(pending_);
    std::swap(dropped, dropped_);
    run_counts_.clear();
    run_places_.clear();
  }
  if (dropped > 0) {
    AuditRecord lost;
    lost.time = records.empty() ? machine_.clock.now() : records.front().time;
    lost.action = "records_dropped";
    lost.count = dropped;
    lost.is_allowed = false;
    lost.reason = "audit.too_many";
    records.insert(records.begin(), std::move(lost));
  }
  std::size_t done = 0;
  while (done < records.size()) {
    AuditBatchRow batch;
    std::size_t end = done;
    for (; end < records.size() && end - done < kBatchRecordsMax && batch.records.size() < kBatchBytesMax; ++end)
      append_record(records[end], batch.records);
    batch.record_count = end - done;
    batch.first_time = records[done].time;
    batch.last_time = records[end - 1].time;
    const auto written =
        control_->commit(journal::CommandKind::audit,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           ATOLL_ASSIGN(const Link last, end_of(context.state));
                           batch.number = last.number + 1;
                           batch.previous = last.chain;
                           batch.chain = chain_of(batch.previous, batch.number, batch.records);
                           changes.put(batch);
                           return {};
                         });
    if (!written) {  // kept, in front of what came meanwhile
      const std::lock_guard lock(mutex_);
      pending_.insert(pending_.begin(), std::make_move_iterator(records.begin() + static_cast<std::ptrdiff_t>(done)),
                      std::make_move_iterator(records.end()));
      run_counts_.clear();
      run_places_.clear();
      return pass(written.error());
    }
    done = end;
  }
  return {};
}

void Audit::on_alarm(std::function<void(const Alarm&)> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

void Audit::set_thresholds(const AuditThresholds& thresholds) {
  const std::lock_guard lock(mutex_);
  thresholds_ = thresholds;
}

std::optional<Alarm> Audit::count(const std::string& kind, const std::string& whom, std::uint64_t by,
                                  std::uint64_t threshold, std::int64_t now_ns) {
  if (threshold == 0 || whom.empty()) return std::nullopt;
  if (windows_.size() >= kWindowsMax) windows_.clear();
  Window& window = windows_[kind + '\0' + whom];
  const auto length_ns = static_cast<std::int64_t>(thresholds_.window_seconds) * kNsPerSecond;
  if (window.count == 0 || now_ns - window.begin_ns > length_ns) window = {now_ns, 0, false};
  window.count += by;
  if (window.is_told || window.count < threshold) return std::nullopt;
  window.is_told = true;
  Alarm alarm;
  alarm.id = kind;
  alarm.count = window.count;
  alarm.window_seconds = thresholds_.window_seconds;
  return alarm;
}

void Audit::count_for_alarms(const AuditRecord& record, std::int64_t now_ns, std::vector<Alarm>& alarms) {
  const auto add = [&](std::optional<Alarm> alarm, const std::string& what) {
    if (!alarm) return;
    alarm->actor = record.actor;
    alarm->address = record.address;
    alarm->words = std::to_string(alarm->count) + " " + what + " within " + std::to_string(alarm->window_seconds) +
                   " s by " + (record.actor.empty() ? "somebody" : record.actor) +
                   (record.address.empty() ? "" : " from " + record.address);
    alarms.push_back(std::move(*alarm));
  };
  if (record.action == "sign_in" && !record.is_allowed) {
    auto alarm = count("alarm.failed_logins", "name " + record.actor, record.count, thresholds_.failed_logins, now_ns);
    auto by_address =
        count("alarm.failed_logins", "address " + record.address, record.count, thresholds_.failed_logins, now_ns);
    add(alarm ? std::move(alarm) : std::move(by_address), "failed sign-ins");
  }
  if (!record.is_allowed) return;
  if (record.action == "read" || record.action == "read_version" || record.action == "export")
    add(count("alarm.mass_read", record.actor, record.count, thresholds_.reads, now_ns), "reads");
  if (is_removal(record.action))
    add(count("alarm.mass_delete", record.actor, record.count, thresholds_.removals, now_ns), "removals");
}

Result<void> Audit::for_each(const AuditQuery& query, const std::function<Result<bool>(const AuditRecord&)>& visit) {
  if (control_ == nullptr) return {};
  ATOLL_TRY(flush());
  const auto reader = control_->reader();
  return reader->for_each_row(journal::TableNumber::audit_batches, [&](ByteView key, ByteView row) -> Result<bool> {
    AuditBatchRow batch;
    ATOLL_TRY(decode(key, row, batch));
    if (batch.last_time < query.since || batch.first_time > query.until) return true;
    ATOLL_ASSIGN(const auto records, catalog::decode_records(batch.records));
    for (const AuditRecord& record : records) {
      if (!matches(query, record)) continue;
      ATOLL_ASSIGN(const bool goes_on, visit(record));
      if (!goes_on) return false;
    }
    return true;
  });
}

Result<std::uint64_t> Audit::first_batch() {
  if (control_ == nullptr) return 1;
  ATOLL_TRY(flush());
  ATOLL_ASSIGN(const Link begin, begin_of(*control_->reader()));
  return begin.number + 1;
}

Result<std::optional<std::vector<AuditRecord>>> Audit::batch(std::uint64_t number, const AuditQuery& query) {
  if (control_ == nullptr) return std::nullopt;
  AuditBatchRow named;
  named.number = number;
  ATOLL_ASSIGN(const auto row, control_->reader()->one<AuditBatchRow>(key_of(named)));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(auto records, catalog::decode_records(row->records));
  std::erase_if(records, [&](const AuditRecord& record) { return !matches(query, record); });
  return records;
}

Result<Audit::VerifyReport> Audit::verify() {
  VerifyReport report;
  if (control_ == nullptr) return report;
  ATOLL_TRY(flush());
  const auto broken = [&](std::uint64_t number, const std::string& what) {
    if (report.first_broken && *report.first_broken <= number) return;
    report.first_broken = number;
    report.what = what;
  };
  const auto reader = control_->reader();
  ATOLL_ASSIGN(const Link begin, begin_of(*reader));
  codec::Digest previous = begin.chain;
  std::map<std::uint64_t, codec::Digest> chains;
  ATOLL_TRY(reader->for_each_row(journal::TableNumber::audit_batches, [&](ByteView key, ByteView row) -> Result<bool> {
    AuditBatchRow batch;
    const std::uint64_t expected = begin.number + report.batches + 1;
    if (const auto decoded = decode(key, row, batch); !decoded) {
      broken(expected, decoded.error().message);
      return false;
    }
    if (batch.number != expected) {
      broken(expected, "it is missing");
      return false;
    }
    const auto records = catalog::decode_records(batch.records);
    if (!records || records->size() != batch.record_count) {
      broken(expected, "its records cannot be read");
      return false;
    }
    if (batch.previous != previous) {
      broken(expected, "it does not follow the batch before it");
      return false;
    }
    if (batch.chain != chain_of(batch.previous, batch.number, batch.records)) {
      broken(expected, "its records were changed");
      return false;
    }
    previous = batch.chain;
    chains[batch.number] = batch.chain;
    ++report.batches;
    report.records += records->size();
    return true;
  }));
  // A chain that was made anew from some batch on is whole in itself; the journal still holds what was written first.
  ATOLL_ASSIGN(const auto stats, control_->journal().stats());
  const Lsn from = std::max({stats.first_kept, stats.first_with_payloads, Lsn{1}});
  if (from <= control_->journal().last()) {
    std::map<std::uint64_t, codec::Digest> written;
    ATOLL_TRY(control_->journal().read(
        from, control_->journal().last(), [&](const journal::Command& command) -> Result<bool> {
          const bool is_erasure = command.envelope.kind == journal::CommandKind::access_change;
          for (const auto& payload : command.payloads) {
            if (!payload.plain) continue;
            ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
            for (const auto& change : changes) {
              if (change.table != journal::TableNumber::audit_batches || change.key.size() != sizeof(std::uint64_t))
                continue;
              const std::uint64_t number = load_be64(change.key.data());
              if (number <= begin.number) continue;  // dropped for its age since
              AuditBatchRow batch;
              if (!change.row || !decode(change.key, *change.row, batch)) {
                broken(number, "command " + std::to_string(command.envelope.lsn.value) + " removed it");
              } else if (written.contains(number) && !is_erasure) {
                broken(number, "command " + std::to_string(command.envelope.lsn.value) + " wrote it a second time");
              } else {
                written[number] = batch.chain;
              }
            }
          }
          return true;
        }));
    for (const auto& [number, chain] : written) {
      const auto there = chains.find(number);
      if (there == chains.end()) {
        broken(number, "the journal has it, and it is gone");
      } else if (there->second != chain) {
        broken(number, "it is not what the journal says was written");
      }
    }
  }
  if (report.first_broken) {
    std::function<void(const Alarm&)> tell;
    {
      const std::lock_guard lock(mutex_);
      tell = tell_;
    }
    Alarm alarm;
    alarm.id = "alarm.audit_damaged";
    alarm.count = *report.first_broken;
    alarm.words = "audit batch " + std::to_string(*report.first_broken) + ": " + report.what;
    if (tell) tell(alarm);
  }
  return report;
}

Result<Audit::Report> Audit::report(const AuditQuery& query) {
  Report report;
  ATOLL_TRY(for_each(query, [&](const AuditRecord& record) -> Result<bool> {
    if (report.records == 0) report.first = record.time;
    report.last = record.time;
    report.records += record.count;
    report.by_actor[record.actor] += record.count;
    report.by_action[record.action] += record.count;
    if (record.is_allowed) return true;
    if (record.action == "sign_in") {
      report.failed_sign_ins += record.count;
      report.failed_by_address[record.address] += record.count;
    } else {
      report.denied += record.count;
      report.denied_by_actor[record.actor] += record.count;
    }
    return true;
  }));
  return report;
}

Result<std::uint64_t> Audit::drop_before(Timestamp before, const std::string& by) {
  if (control_ == nullptr) return 0;
  ATOLL_TRY(flush());
  std::uint64_t gone = 0;
  {
    const std::lock_guard flushing(flush_mutex_);
    const auto reader = control_->reader();
    ATOLL_ASSIGN(const bool is_erasing, erasing(*reader));
    if (is_erasing) return 0;  // a chain that is half made anew: when that is done
    ATOLL_ASSIGN(Link begin, begin_of(*reader));
    ATOLL_ASSIGN(std::uint64_t left, reader->row_count(journal::TableNumber::audit_batches));
    while (left > 0) {
      std::vector<AuditBatchRow> going;
      std::uint64_t records = 0;
      for (; left > 0 && going.size() < kDropBatchesAtOnce; --left) {
        ATOLL_ASSIGN(auto batch, batch_of(*reader, begin.number + 1));
        if (batch.last_time >= before) break;
        if (batch.previous != begin.chain || batch.chain != chain_of(batch.previous, batch.number, batch.records)) {
          return fail(ErrorKind::damaged, "audit.broken",
                      "batch " + std::to_string(batch.number) + " of the audit is not what was written, and stays",
                      "Find out why first: atoll audit verify.");
        }
        begin = {batch.number, batch.chain};
        records += batch.record_count;
        batch.records.clear();  // its key is all that is needed
        going.push_back(std::move(batch));
      }
      if (going.empty()) break;
      ATOLL_TRY(control_->commit(journal::CommandKind::access_change,
                                 [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                                   for (const AuditBatchRow& batch : going) changes.remove(batch);
                                   changes.put(begin_row(begin));
                                   return {};
                                 }));
      gone += records;
    }
  }
  if (gone == 0) return gone;
  AuditRecord record;
  record.actor = by;
  record.action = "audit_dropped";
  record.reason = "older than " + format_rfc3339(before);
  record.is_allowed = true;
  record.count = gone;
  note(std::move(record));
  ATOLL_TRY(flush());
  return gone;
}

Result<std::uint64_t> Audit::erase_actor(const std::string& actor, const std::string& instead, const std::string& by) {
  if (control_ == nullptr) return 0;
  // What was tampered with is not made whole here. A rewriting that was broken off is gone on with.
  ATOLL_ASSIGN(const auto begun, erasing(*control_->reader()));
  ATOLL_ASSIGN(const auto state, verify());
  if (state.first_broken && !begun) {
    return fail(ErrorKind::damaged, "audit.broken",
                "the audit is broken at batch " + std::to_string(*state.first_broken) + ": " + state.what,
                "Find out why first: atoll audit verify.");
  }
  AuditRecord record;
  record.actor = by;
  record.action = "audit_erased";
  record.reason = "person.erased";
  note(record);
  ATOLL_TRY(flush());
  const std::lock_guard flushing(flush_mutex_);
  std::uint64_t changed = 0;
  // Where one command is too small for all of them, each leaves a chain that is whole up to where it came, and a mark;
  // what follows is rewritten by the next, also after a crash, by doing this again.
  bool is_rewriting = false;
  const auto reader = control_->reader();
  ATOLL_ASSIGN(const Link begin, begin_of(*reader));
  std::uint64_t number = begin.number;
  codec::Digest previous = begin.chain;
  ATOLL_ASSIGN(const std::uint64_t count, reader->row_count(journal::TableNumber::audit_batches));
  std::vector<AuditBatchRow> waiting;
  std::size_t waiting_bytes = 0;
  const auto write = [&](bool is_last) -> Result<void> {
    ATOLL_TRY(control_->commit(journal::CommandKind::access_change,
                               [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
                                 for (const AuditBatchRow& row : waiting) changes.put(row);
                                 const HomeSettingRow mark{std::string(kErasing), "yes", {}};
                                 if (is_last) {
                                   changes.remove(mark);
                                 } else {
                                   changes.put(mark);
                                 }
                                 return {};
                               }));
    waiting.clear();
    waiting_bytes = 0;
    return {};
  };
  while (number < begin.number + count) {
    ATOLL_ASSIGN(AuditBatchRow batch, batch_of(*reader, ++number));
    ATOLL_ASSIGN(auto records, catalog::decode_records(batch.records));
    std::uint64_t here = 0;
    for (AuditRecord& one : records) {
      if (!is_by(one.actor, actor)) continue;
      one.actor = instead;
      one.address.clear();
      ++here;
    }
    if (here > 0) {
      changed += here;
      batch.records.clear();
      for (const AuditRecord& one : records) append_record(one, batch.records);
    }
    is_rewriting = is_rewriting || here > 0 || batch.previous != previous;
    if (is_rewriting) {
      batch.previous = previous;
      batch.chain = chain_of(previous, batch.number, batch.records);
    }
    previous = batch.chain;
    if (!is_rewriting) continue;
    waiting_bytes += batch.records.size();
    waiting.push_back(std::move(batch));
    if (waiting_bytes > kBatchBytesMax) ATOLL_TRY(write(false));
  }
  if (!waiting.empty() || begun) ATOLL_TRY(write(true));
  return changed;
}

}  // namespace atl::access
