#include "vault/rewind/rows_at.h"

#include <algorithm>

#include "vault/checkpoint.h"

namespace atl::vault {
namespace {

using journal::CommandKind;
using journal::RowChange;
using journal::TableNumber;

constexpr std::size_t kRowsPerPage = 512;
constexpr std::size_t kPageBytesMax = 4 * kMiB;
constexpr std::uint64_t kFirstWindow = 64;
constexpr std::uint64_t kWindowMax = 8'192;
constexpr const char* kStagingPrefix = "rewind-";

enum class State : std::uint8_t { open = 0, row = 1, absent = 2, unknown = 3 };

// A wanted row: its moment, what is known of it, and the command that said so.
struct Wanted {
  Lsn before;
  Lsn found;
  State state = State::open;
  ByteView row;
};
constexpr std::size_t kWantedHeaderBytes = 17;

Bytes encode(const Wanted& wanted) {
  Bytes bytes;
  bytes.reserve(kWantedHeaderBytes + wanted.row.size());
  append_be64(bytes, wanted.before.value);
  append_be64(bytes, wanted.found.value);
  bytes.push_back(static_cast<std::uint8_t>(wanted.state));
  bytes.insert(bytes.end(), wanted.row.begin(), wanted.row.end());
  return bytes;
}

Wanted decode(ByteView value) {
  ATOLL_INVARIANT(value.size() >= kWantedHeaderBytes, "only encode() writes these");
  return {{load_be64(value.data())},
          {load_be64(value.data() + 8)},
          static_cast<State>(value[16]),
          value.subspan(kWantedHeaderBytes)};
}

Bytes wanted_key(DomainNumber domain, TableNumber table, ByteView key) {
  Bytes bytes;
  bytes.reserve(8 + key.size());
  append_be64(bytes, (static_cast<std::uint64_t>(domain.value) << 32) | static_cast<std::uint32_t>(table));
  bytes.insert(bytes.end(), key.begin(), key.end());
  return bytes;
}

}  // namespace

bool may_touch(CommandKind kind, TableNumber table) {
  const bool is_object_row = table == TableNumber::entries || table == TableNumber::versions;
  switch (kind) {
    case CommandKind::put_objects:
    case CommandKind::remove_objects:
    case CommandKind::tag_objects:
    case CommandKind::describe_versions:
    case CommandKind::erase_objects:
    case CommandKind::expire_versions: return is_object_row || table == TableNumber::erasures;
    case CommandKind::note:
    case CommandKind::checkpoint:
    case CommandKind::key_change:
    case CommandKind::pack_change:
    case CommandKind::job_change:
      return table == TableNumber::checkpoints || table == TableNumber::packs || table == TableNumber::jobs ||
             table == TableNumber::domains;
    case CommandKind::create_bucket:
    case CommandKind::remove_bucket:
    case CommandKind::policy_change:
    case CommandKind::snapshot_change:
    case CommandKind::copy_change:
    case CommandKind::schedule_change: return !is_object_row;
    default: return true;
  }
}

Result<std::unique_ptr<StagedSet>> StagedSet::open(const Vault& vault, const std::string& purpose) {
  const platform::Machine& machine = vault.machine();
  const std::string staging = platform::join(vault.folder(), "staging");
  if (vault.is_writable() && purpose == "plan") {
    // Left by a kill. Only the one writer's folders: a reader beside it may be at work in its own.
    ATOLL_ASSIGN(const auto entries, machine.files.list(staging));
    for (const auto& entry : entries) {
      if (entry.name.starts_with(std::string(kStagingPrefix) + "w-"))
        ATOLL_TRY(run::RunSet::remove_all(machine, platform::join(staging, entry.name)));
    }
  }
  const std::string name = std::string(kStagingPrefix) + (vault.is_writable() ? "w-" : "r-") + purpose + "-" +
                           platform::new_id<OperationId>(machine).text();
  auto staged = std::unique_ptr<StagedSet>(new StagedSet(machine, platform::join(staging, name)));
  codec::SecretKey key;
  machine.random.fill(key.fill());
  run::Options options;
  options.memtable_bytes_max = 16 * kMiB;
  options.filter_bytes_max = 8 * kMiB;
  options.suite = vault.head().suite;
  ATOLL_TRY(platform::create_directories(machine.files, staged->folder_));
  ATOLL_ASSIGN(staged->set_, run::RunSet::open(machine, staged->folder_, key, vault.head().vault, options, true));
  return staged;
}

StagedSet::~StagedSet() {
  set_.reset();
  ignore_error_on_purpose(run::RunSet::remove_all(machine_, folder_));  // may stay: nobody can open it
}

Result<void> StagedSet::for_each_with(ByteView prefix,
                                      const std::function<Result<bool>(ByteView key, ByteView value)>& visit) {
  Bytes from = to_bytes(prefix);
  for (;;) {
    std::vector<std::pair<Bytes, Bytes>> page;
    std::size_t bytes = 0;
    bool is_end = true;
    ATOLL_TRY(set_->for_each_from(from, [&](ByteView key, ByteView value) -> Result<bool> {
      if (key.size() < prefix.size() || !equal(key.first(prefix.size()), prefix)) return false;
      if (page.size() == kRowsPerPage || bytes >= kPageBytesMax) {
        is_end = false;
        return false;
      }
      bytes += key.size() + value.size();
      page.emplace_back(to_bytes(key), to_bytes(value));
      return true;
    }));
    for (const auto& [key, value] : page) {
      ATOLL_ASSIGN(const bool goes_on, visit(key, value));
      if (!goes_on) return {};
    }
    if (is_end) return {};
    from = std::move(page.back().first);
    from.push_back(0);
  }
}

Result<std::unique_ptr<RowsAt>> RowsAt::begin(const Vault& vault) {
  auto rows = std::unique_ptr<RowsAt>(new RowsAt(vault));
  ATOLL_ASSIGN(rows->rows_, StagedSet::open(vault, "rows"));
  return rows;
}

Result<void> RowsAt::want(DomainNumber domain, TableNumber table, ByteView key, Lsn before) {
  const Bytes wanted = wanted_key(domain, table, key);
  ATOLL_ASSIGN(const bool is_known, rows_->set().contains(wanted));
  if (!is_known) ++open_;
  ATOLL_INVARIANT(static_cast<std::size_t>(table) < wants_table_.size(), "tables are few");
  wants_table_[static_cast<std::size_t>(table)] = true;
  return rows_->set().put(wanted, encode(Wanted{before, {}, State::open, {}}));
}

Result<RowsAt::Answer> RowsAt::row(DomainNumber domain, TableNumber table, ByteView key) const {
  ATOLL_ASSIGN(const auto value, rows_->set().get(wanted_key(domain, table, key)));
  ATOLL_INVARIANT(value.has_value(), "only what was asked for is answered");
  const Wanted wanted = decode(*value);
  ATOLL_INVARIANT(wanted.state != State::open, "resolve() comes first");
  Answer answer;
  answer.is_known = wanted.state != State::unknown;
  if (wanted.state == State::row) answer.row = to_bytes(wanted.row);
  return answer;
}

Result<std::vector<RowsAt::Base>> RowsAt::bases() const {
  std::vector<Base> found;
  for (const auto& root : vault_->head().checkpoints) {
    if (root.history == vault_->head().history) found.push_back({root.lsn, root.root});
  }
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(const auto rows, reader->checkpoints());
  for (const auto& row : rows) found.push_back({row.lsn, row.root});
  std::ranges::sort(found, [](const Base& a, const Base& b) { return a.lsn > b.lsn; });
  const auto same = std::ranges::unique(found, {}, &Base::lsn);
  found.erase(same.begin(), same.end());
  return found;
}

Result<Lsn> RowsAt::highest_open_moment() const {
  Lsn highest;
  ATOLL_TRY(rows_->for_each_with({}, [&](ByteView, ByteView value) -> Result<bool> {
    const Wanted wanted = decode(value);
    if (wanted.state == State::open) highest = std::max(highest, wanted.before);
    return true;
  }));
  return highest;
}

Result<void> RowsAt::resolve() {
  ATOLL_ASSIGN(auto checkpoints, bases());
  ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
  std::size_t next_base = 0;
  while (open_ > 0) {
    ATOLL_ASSIGN(const Lsn moment, highest_open_moment());
    ATOLL_INVARIANT(moment.value > 0, "something is open");
    const Lsn newest{moment.value - 1};
    while (next_base < checkpoints.size() && checkpoints[next_base].lsn > newest) ++next_base;
    // Windows grow while nothing is found, so that what changed lately is found with little reading.
    std::uint64_t window = kFirstWindow;
    const Lsn base = next_base < checkpoints.size() ? checkpoints[next_base].lsn : Lsn{};
    const Lsn floor{std::max(base.value, std::max<std::uint64_t>(stats.first_with_payloads.value, 1) - 1)};
    for (Lsn last = newest; last > floor && open_ > 0;) {
      const Lsn first{last.value - floor.value > window ? last.value - window + 1 : floor.value + 1};
      ATOLL_TRY(read_window(first, last));
      last.value = first.value - 1;
      window = std::min(window * 2, kWindowMax);
    }
    if (open_ == 0) break;
    if (floor > base) return below_horizon(floor);
    if (next_base < checkpoints.size()) {
      ATOLL_ASSIGN(const bool was_read, take_from_checkpoint(checkpoints[next_base]));
      // An unreadable checkpoint costs reading more journal, where that is still there.
      if (!was_read) checkpoints.erase(checkpoints.begin() + static_cast<std::ptrdiff_t>(next_base));
      continue;
    }
    // Before the first command there was nothing.
    ATOLL_TRY(rows_->for_each_with({}, [&](ByteView key, ByteView value) -> Result<bool> {
      Wanted wanted = decode(value);
      if (wanted.state != State::open) return true;
      wanted.state = State::absent;
      ATOLL_TRY(rows_->set().put(key, encode(wanted)));
      return true;
    }));
    open_ = 0;
  }
  return {};
}

Result<void> RowsAt::below_horizon(Lsn at) const {
  ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
  return fail(ErrorKind::not_found, "rewind.below_horizon",
              "what change " + std::to_string(at.value) + " did is no longer kept: earlier states cannot be given back",
              "It works from change " + std::to_string(stats.first_with_payloads.value - 1) +
                  " on; objects have older versions of their own.");
}

Result<void> RowsAt::read_window(Lsn first, Lsn last) {
  // Which commands may say something, by their envelopes; then those, in runs.
  std::vector<journal::LsnRange> runs;
  ATOLL_TRY(vault_->journal().read_envelopes(first, last, [&](const journal::Envelope& envelope) -> Result<bool> {
    bool matters = false;
    for (std::size_t table = 0; table < wants_table_.size() && !matters; ++table)
      matters = wants_table_[table] && may_touch(envelope.kind, static_cast<TableNumber>(table));
    if (!matters) return true;
    if (!runs.empty() && runs.back().last.next() == envelope.lsn) {
      runs.back().last = envelope.lsn;
    } else {
      runs.push_back({envelope.lsn, envelope.lsn});
    }
    return true;
  }));
  std::map<DomainNumber, Lsn> erased;  // the last command of each domain that is there no more
  for (const auto& run : runs) {
    ATOLL_TRY(vault_->journal().read(run.first, run.last, [&](const journal::Command& command) -> Result<bool> {
      for (const auto& payload : command.payloads) {
        if (!payload.plain) {
          // A destroyed domain has no rows any more; an erased command may have said anything.
          if (vault_->keys().domain(payload.domain) != nullptr) erased[payload.domain] = command.envelope.lsn;
          continue;
        }
        ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
        for (const RowChange& change : changes) ATOLL_TRY(take(payload.domain, change, command.envelope.lsn, last));
      }
      return true;
    }));
  }
  for (const auto& [domain, lsn] : erased) ATOLL_TRY(mark_unknown(domain, lsn, first));
  return {};
}

Result<void> RowsAt::take(DomainNumber domain, const RowChange& change, Lsn lsn, Lsn window_last) {
  const auto table = static_cast<std::size_t>(change.table);
  if (table >= wants_table_.size() || !wants_table_[table]) return {};
  const Bytes key = wanted_key(domain, change.table, change.key);
  if (key.size() > run::kKeyBytesMax) return {};
  ATOLL_ASSIGN(const auto value, rows_->set().get(key));
  if (!value) return {};
  Wanted wanted = decode(*value);
  // Settled by a newer window, or changed only at or after its moment.
  if ((wanted.state != State::open && wanted.found > window_last) || wanted.state == State::unknown ||
      lsn >= wanted.before)
    return {};
  if (wanted.state == State::open) --open_;
  wanted.found = lsn;
  wanted.state = change.row ? State::row : State::absent;
  wanted.row = change.row ? ByteView(*change.row) : ByteView{};
  return rows_->set().put(key, encode(wanted));
}

// Rows of the domain for which the erased command may have been the last word.
Result<void> RowsAt::mark_unknown(DomainNumber domain, Lsn erased, Lsn window_first) {
  Bytes prefix;
  append_be64(prefix, static_cast<std::uint64_t>(domain.value) << 32);
  prefix.resize(4);
  return rows_->for_each_with(prefix, [&](ByteView key, ByteView value) -> Result<bool> {
    Wanted wanted = decode(value);
    if (wanted.before <= erased) return true;
    const bool is_open = wanted.state == State::open;
    const bool may_be_older =
        is_open || (wanted.state != State::unknown && wanted.found >= window_first && wanted.found < erased);
    if (!may_be_older) return true;
    if (is_open) --open_;
    wanted.state = State::unknown;
    wanted.row = {};
    ATOLL_TRY(rows_->set().put(key, encode(wanted)));
    return true;
  });
}

Result<bool> RowsAt::take_from_checkpoint(const Base& base) {
  struct Batch {
    DomainNumber domain;
    TableNumber table{};
    std::vector<Bytes> keys;
  };
  Batch batch;
  bool is_readable = true;
  const auto look_up = [&]() -> Result<void> {
    if (batch.keys.empty() || !is_readable) return {};
    std::size_t next = 0;
    const auto settle = [&](const Bytes& key, State state, ByteView row) -> Result<void> {
      const Bytes wanted = wanted_key(batch.domain, batch.table, key);
      ATOLL_ASSIGN(const auto value, rows_->set().get(wanted));
      ATOLL_INVARIANT(value.has_value(), "what is looked for is in the set");
      Wanted known = decode(*value);
      known.found = base.lsn;
      known.state = state;
      known.row = row;
      --open_;
      return rows_->set().put(wanted, encode(known));
    };
    std::vector<std::pair<Bytes, Bytes>> found;
    const auto read = find_in_checkpoint(*vault_, base.root, batch.domain, batch.table, batch.keys,
                                         [&](ByteView key, Bytes row) -> Result<void> {
                                           found.emplace_back(to_bytes(key), std::move(row));
                                           return {};
                                         });
    if (!read) {
      is_readable = false;
      return {};
    }
    for (const auto& [key, row] : found) {
      for (; batch.keys[next] != key; ++next) ATOLL_TRY(settle(batch.keys[next], State::absent, {}));
      ATOLL_TRY(settle(key, State::row, row));
      ++next;
    }
    for (; next < batch.keys.size(); ++next) ATOLL_TRY(settle(batch.keys[next], State::absent, {}));
    batch.keys.clear();
    return {};
  };
  ATOLL_TRY(rows_->for_each_with({}, [&](ByteView key, ByteView value) -> Result<bool> {
    const Wanted wanted = decode(value);
    if (wanted.state != State::open || wanted.before <= base.lsn) return true;
    const std::uint64_t place = load_be64(key.data());
    const DomainNumber domain{static_cast<std::uint32_t>(place >> 32)};
    const auto table = static_cast<TableNumber>(static_cast<std::uint32_t>(place));
    if (batch.keys.size() == kRowsPerPage || domain != batch.domain || table != batch.table) {
      ATOLL_TRY(look_up());
      batch = {domain, table, {}};
    }
    batch.keys.push_back(to_bytes(key.subspan(8)));
    return is_readable;
  }));
  ATOLL_TRY(look_up());
  return is_readable;
}

}  // namespace atl::vault
