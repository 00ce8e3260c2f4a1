#include "catalog/internal/applier.h"

#include <algorithm>

namespace atl::catalog {
namespace {

using journal::TableNumber;

// Bounds of the caches; beyond them the tables are asked.
constexpr std::size_t kKnownVersionsMax = 65'536;
constexpr std::size_t kWaitingMax = 16'384;

std::array<std::uint8_t, kVersionKeyBytes> version_key(const ObjectId& object, const VersionId& version) {
  std::array<std::uint8_t, kVersionKeyBytes> id;
  std::copy(object.bytes.begin(), object.bytes.end(), id.begin());
  std::copy(version.bytes.begin(), version.bytes.end(), id.begin() + kIdBytes);
  return id;
}

Result<std::array<std::uint8_t, kVersionKeyBytes>> version_key(ByteView key) {
  if (key.size() != kVersionKeyBytes) {
    return fail(ErrorKind::damaged, "row.bad_key", "a version's key is damaged: it has 32 bytes");
  }
  std::array<std::uint8_t, kVersionKeyBytes> id;
  std::copy(key.begin(), key.end(), id.begin());
  return id;
}

}  // namespace

Result<Meta> read_meta(Connection& connection) {
  ATOLL_USE(use, connection, Sql::read_meta);
  ATOLL_ASSIGN(const bool has_row, use.next());
  if (!has_row) return fail(ErrorKind::damaged, "catalog.damaged", "the catalog does not say what it is");
  Meta meta;
  meta.schema = use.number(0);
  meta.vault = to_bytes(use.bytes(1));
  meta.history = to_bytes(use.bytes(2));
  meta.lsn.value = static_cast<std::uint64_t>(use.number(3));
  meta.commit_time.unix_us = use.number(4);
  meta.synced.value = static_cast<std::uint64_t>(use.number(5));
  meta.next_version = use.number(6);
  meta.seals = static_cast<std::uint64_t>(use.number(7));
  meta.unsettled = use.number(8);
  return meta;
}

std::array<std::uint8_t, kTotalsBytes> encode_totals(const Totals& totals) {
  std::array<std::uint8_t, kTotalsBytes> out{};
  for (std::size_t kind = 1; kind <= 8; ++kind) store_le(out.data() + (kind - 1) * 8, totals.objects_by_kind[kind]);
  store_le(out.data() + 64, totals.logical_bytes);
  return out;
}

Result<Totals> decode_totals(ByteView encoded) {
  if (encoded.size() != kTotalsBytes)
    return fail(ErrorKind::damaged, "catalog.damaged", "a bucket's totals are damaged");
  Totals totals;
  for (std::size_t kind = 1; kind <= 8; ++kind) {
    totals.objects_by_kind[kind] = load_le<std::uint64_t>(encoded.data() + (kind - 1) * 8);
  }
  totals.logical_bytes = load_le<std::uint64_t>(encoded.data() + 64);
  return totals;
}

void add_to(Totals& sum, const Totals& more) {
  for (std::size_t kind = 0; kind < sum.objects_by_kind.size(); ++kind)
    sum.objects_by_kind[kind] += more.objects_by_kind[kind];
  sum.logical_bytes += more.logical_bytes;
}

void Applier::begin(std::int64_t next_version, std::int64_t unsettled) {
  next_version_ = next_version;
  unsettled_ = unsettled;
  bucket_numbers_.clear();
  known_.clear();
  waiting_.clear();
  totals_.clear();
  row_counts_.clear();
  is_flushed_ = true;
}

Result<void> Applier::apply(const journal::RowChange& change) {
  const ByteView key = change.key;
  if (change.row) {
    const ByteView row = *change.row;
    switch (change.table) {
      case TableNumber::buckets: return put_bucket(key, row);
      case TableNumber::entries: return put_entry(key, row);
      case TableNumber::versions: return put_version(key, row);
      default: return put_other(change.table, key, row);
    }
  }
  switch (change.table) {
    case TableNumber::buckets: return delete_bucket(key);
    case TableNumber::entries: return delete_entry(key);
    case TableNumber::versions: return delete_version(key);
    default: return delete_other(change.table, key);
  }
}

Result<std::int64_t> Applier::bucket_number(ByteView id, bool makes) {
  ATOLL_ASSIGN(const BucketId bucket, BucketId::from_view(id));
  if (const auto found = bucket_numbers_.find(bucket); found != bucket_numbers_.end()) return found->second;
  std::int64_t number = 0;
  {
    ATOLL_USE(use, *connection_, Sql::bucket_number);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, id).next());
    if (is_there) number = use.number(0);
  }
  if (number == 0) {
    if (!makes) return 0;
    ATOLL_USE(use, *connection_, Sql::bucket_add);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, id).next());
    ATOLL_INVARIANT(is_there, "RETURNING gives the new row");
    number = use.number(0);
    ATOLL_TRY(use.next());
  }
  bucket_numbers_.emplace(bucket, number);
  return number;
}

Result<void> Applier::put_bucket(ByteView key, ByteView row) {
  ATOLL_ASSIGN(const BucketRow bucket, decode_bucket(key, row));
  ATOLL_ASSIGN(const std::int64_t number, bucket_number(key, true));
  bool was_there = false;
  {
    ATOLL_USE(use, *connection_, Sql::bucket_read);
    ATOLL_ASSIGN(const bool has_row, use.bind(1, number).next());
    was_there = has_row && !use.is_null(0);
  }
  ATOLL_USE(use, *connection_, Sql::bucket_put);
  ATOLL_TRY(use.bind(1, number).bind(2, as_bytes(bucket.name)).bind(3, row).run());
  return was_there ? Result<void>{} : count_rows(TableNumber::buckets, 1);
}

Result<void> Applier::delete_bucket(ByteView key) {
  ATOLL_ASSIGN(const std::int64_t number, bucket_number(key, false));
  if (number == 0) return {};
  {
    ATOLL_USE(use, *connection_, Sql::bucket_read);
    ATOLL_ASSIGN(const bool has_row, use.bind(1, number).next());
    if (!has_row || use.is_null(0)) return {};
  }
  // The number stays: entries of the bucket may still be there, and it is never given to another one.
  ATOLL_USE(use, *connection_, Sql::bucket_put);
  ATOLL_TRY(use.bind(1, number).bind_null(2).bind_null(3).run());
  return count_rows(TableNumber::buckets, -1);
}

void Applier::remember(const VersionKey& id, const KnownVersion& known) {
  if (known_.size() >= kKnownVersionsMax) known_.clear();
  known_[id] = known;
}

Result<Applier::KnownVersion> Applier::known_version(const VersionKey& id) {
  if (const auto found = known_.find(id); found != known_.end()) return found->second;
  KnownVersion known;
  known.counted.kind = kKindUnsettled;
  {
    ATOLL_USE(use, *connection_, Sql::version_number_add);
    ATOLL_TRY(use.bind(1, id).bind(2, next_version_).run());
  }
  if (connection_->changed_rows() == 1) {
    known.number = next_version_++;
  } else {
    {
      ATOLL_USE(use, *connection_, Sql::version_number);
      ATOLL_ASSIGN(const bool is_there, use.bind(1, id).next());
      ATOLL_INVARIANT(is_there, "a number that could not be added is there");
      known.number = use.number(0);
    }
    ATOLL_USE(use, *connection_, Sql::version_row);
    ATOLL_ASSIGN(const bool has_row, use.bind(1, known.number).next());
    if (has_row) {
      ATOLL_ASSIGN(const VersionView version, view_version(use.bytes(0)));
      known.counted = {static_cast<std::int64_t>(version.kind), version.size};
      known.is_indexed = version.is_indexed();
    }
  }
  remember(id, known);
  return known;
}

Result<void> Applier::put_entry(ByteView key, ByteView row) {
  ATOLL_TRY(check_entry_key(key));
  ATOLL_ASSIGN(const EntryView entry, view_entry(row));
  ATOLL_ASSIGN(const std::int64_t bucket, bucket_number(key.first(kIdBytes), true));
  const ByteView name = key.subspan(kIdBytes);
  ATOLL_ASSIGN(const KnownVersion version, known_version(version_key(entry.object, entry.version)));
  const Counted now = entry.is_deleted ? Counted{} : version.counted;
  const auto bind = [&](Use& use) -> Use& {
    return use.bind(1, bucket)
        .bind(2, name)
        .bind(3, version.number)
        .bind(4, now.kind)
        .bind(5, static_cast<std::int64_t>(now.size))
        .bind(6, row);
  };
  {
    ATOLL_USE(use, *connection_, Sql::entry_add);
    ATOLL_TRY(bind(use).run());
  }
  if (connection_->changed_rows() == 1) {
    ATOLL_TRY(count_rows(TableNumber::entries, 1));
  } else {
    Counted before;
    {
      ATOLL_USE(use, *connection_, Sql::entry_counted);
      ATOLL_ASSIGN(const bool is_there, use.bind(1, bucket).bind(2, name).next());
      ATOLL_INVARIANT(is_there, "an entry that could not be added is there");
      before = {use.number(0), static_cast<std::uint64_t>(use.number(1))};
    }
    ATOLL_TRY(count(bucket, before, false));
    ATOLL_USE(use, *connection_, Sql::entry_update);
    ATOLL_TRY(bind(use).run());
  }
  if (now.kind == kKindUnsettled && waiting_.size() < kWaitingMax) waiting_[version.number] = {bucket, to_bytes(name)};
  return count(bucket, now, true);
}

Result<void> Applier::delete_entry(ByteView key) {
  ATOLL_TRY(check_entry_key(key));
  ATOLL_ASSIGN(const std::int64_t bucket, bucket_number(key.first(kIdBytes), false));
  if (bucket == 0) return {};
  const ByteView name = key.subspan(kIdBytes);
  Counted before;
  {
    ATOLL_USE(use, *connection_, Sql::entry_counted);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, bucket).bind(2, name).next());
    if (!is_there) return {};
    before = {use.number(0), static_cast<std::uint64_t>(use.number(1))};
  }
  {
    ATOLL_USE(use, *connection_, Sql::entry_delete);
    ATOLL_TRY(use.bind(1, bucket).bind(2, name).run());
  }
  ATOLL_TRY(count(bucket, before, false));
  return count_rows(TableNumber::entries, -1);
}

Result<void> Applier::put_version(ByteView key, ByteView row) {
  ATOLL_ASSIGN(const VersionKey id, version_key(key));
  ATOLL_ASSIGN(const VersionView version, view_version(row));
  const Counted now{static_cast<std::int64_t>(version.kind), version.size};
  ATOLL_ASSIGN(KnownVersion known, known_version(id));
  const Counted before = known.counted;
  if (known.is_indexed) {
    ATOLL_ASSIGN(const Bytes old_row, version_row(known.number));
    ATOLL_ASSIGN(const VersionView old, view_version(old_row));
    ATOLL_TRY(index_version(id, known.number, old, version));
  } else if (version.is_indexed()) {
    ATOLL_TRY(index_version(id, known.number, {}, version));
  }
  known.counted = now;
  known.is_indexed = version.is_indexed();
  remember(id, known);
  if (before.kind == kKindUnsettled) {
    {
      ATOLL_USE(use, *connection_, Sql::version_add);
      ATOLL_TRY(use.bind(1, known.number).bind(2, row).run());
    }
    ATOLL_TRY(count_rows(TableNumber::versions, 1));
    // An entry that waited for this version. One that is not remembered stays unsettled until settle().
    const auto waiting = waiting_.find(known.number);
    if (waiting == waiting_.end()) return {};
    const auto [bucket, name] = std::move(waiting->second);
    waiting_.erase(waiting);
    ATOLL_USE(use, *connection_, Sql::entry_waiting);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, bucket).bind(2, name).next());
    if (!is_there || use.number(0) != known.number || use.number(1) != kKindUnsettled) return {};
    use.reset();
    return count_anew(bucket, name, before, now);
  }
  {
    ATOLL_USE(use, *connection_, Sql::version_put);
    ATOLL_TRY(use.bind(1, known.number).bind(2, row).run());
  }
  if (before.kind == now.kind && before.size == now.size) return {};
  // Kind and size of a version never change, so nothing leads from it to its entries. Were it to happen, the totals
  // would still have to be right.
  std::vector<std::pair<std::int64_t, Bytes>> entries;
  {
    ATOLL_USE(use, *connection_, Sql::entries_of_version);
    use.bind(1, known.number);
    while (true) {
      ATOLL_ASSIGN(const bool has_row, use.next());
      if (!has_row) break;
      if (use.number(2) != kKindRemoved) entries.emplace_back(use.number(0), to_bytes(use.bytes(1)));
    }
  }
  for (const auto& [bucket, name] : entries) ATOLL_TRY(count_anew(bucket, name, before, now));
  return {};
}

Result<Bytes> Applier::version_row(std::int64_t number) {
  ATOLL_USE(use, *connection_, Sql::version_row);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, number).next());
  if (!is_there) return Bytes{};
  return to_bytes(use.bytes(0));
}

Result<void> Applier::index_version(const VersionKey& id, std::int64_t number, const VersionView& before,
                                    const VersionView& now) {
  const ByteView object = ByteView(id).first(kIdBytes);
  const ByteView version = ByteView(id).subspan(kIdBytes);
  const auto set_label = [&](Sql sql, std::string_view label) -> Result<void> {
    ATOLL_USE(use, *connection_, sql);
    return use.bind(1, object).bind(2, as_bytes(label)).bind(3, version).run();
  };
  if (before.label != now.label) {
    if (!before.label.empty()) ATOLL_TRY(set_label(Sql::label_delete, before.label));
    if (!now.label.empty()) ATOLL_TRY(set_label(Sql::label_add, now.label));
  }
  if (before.end != 0 && (now.end == 0 || before.begin != now.begin)) {
    ATOLL_USE(use, *connection_, Sql::ended_delete);
    ATOLL_TRY(use.bind(1, object).bind(2, static_cast<std::int64_t>(before.begin)).bind(3, number).run());
  }
  if (now.end != 0 && (before.end == 0 || before.begin != now.begin)) {
    ATOLL_USE(use, *connection_, Sql::ended_add);
    ATOLL_TRY(use.bind(1, object).bind(2, static_cast<std::int64_t>(now.begin)).bind(3, number).bind(4, id).run());
  }
  if (before.sources == now.sources) return {};
  for (const auto& source : before.sources) {
    ATOLL_USE(use, *connection_, Sql::source_delete);
    ATOLL_TRY(use.bind(1, source).bind(2, id).run());
  }
  for (const auto& source : now.sources) {
    ATOLL_USE(use, *connection_, Sql::source_add);
    ATOLL_TRY(use.bind(1, source).bind(2, id).run());
  }
  return {};
}

Result<void> Applier::delete_version(ByteView key) {
  ATOLL_ASSIGN(const VersionKey id, version_key(key));
  std::int64_t number = 0;
  {
    ATOLL_USE(use, *connection_, Sql::version_number);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, id).next());
    if (!is_there) return {};
    number = use.number(0);
  }
  known_.erase(id);
  {
    ATOLL_ASSIGN(const Bytes old_row, version_row(number));
    if (!old_row.empty()) {
      ATOLL_ASSIGN(const VersionView old, view_version(old_row));
      if (old.is_indexed()) ATOLL_TRY(index_version(id, number, old, {}));
    }
  }
  {
    ATOLL_USE(use, *connection_, Sql::version_number_delete);
    ATOLL_TRY(use.bind(1, id).run());
  }
  ATOLL_USE(use, *connection_, Sql::version_delete);
  ATOLL_TRY(use.bind(1, number).run());
  return connection_->changed_rows() == 1 ? count_rows(TableNumber::versions, -1) : Result<void>{};
}

Result<void> Applier::put_other(TableNumber table, ByteView key, ByteView row) {
  const auto number = static_cast<std::int64_t>(table);
  {
    ATOLL_USE(use, *connection_, Sql::other_add);
    ATOLL_TRY(use.bind(1, number).bind(2, key).bind(3, row).run());
  }
  if (connection_->changed_rows() == 1) return count_rows(table, 1);
  ATOLL_USE(use, *connection_, Sql::other_update);
  return use.bind(1, number).bind(2, key).bind(3, row).run();
}

Result<void> Applier::delete_other(TableNumber table, ByteView key) {
  ATOLL_USE(use, *connection_, Sql::other_delete);
  ATOLL_TRY(use.bind(1, static_cast<std::int64_t>(table)).bind(2, key).run());
  return connection_->changed_rows() == 1 ? count_rows(table, -1) : Result<void>{};
}

Result<void> Applier::count_anew(std::int64_t bucket, ByteView key, const Counted& before, const Counted& now) {
  {
    ATOLL_USE(use, *connection_, Sql::entry_count_anew);
    ATOLL_TRY(use.bind(1, bucket).bind(2, key).bind(3, now.kind).bind(4, static_cast<std::int64_t>(now.size)).run());
  }
  ATOLL_TRY(count(bucket, before, false));
  return count(bucket, now, true);
}

Result<Totals*> Applier::totals(std::int64_t bucket) {
  auto found = totals_.find(bucket);
  if (found == totals_.end()) {
    Totals totals;
    ATOLL_USE(use, *connection_, Sql::totals_read);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, bucket).next());
    if (is_there) {
      ATOLL_ASSIGN(totals, decode_totals(use.bytes(0)));
    }
    found = totals_.emplace(bucket, totals).first;
  }
  return &found->second;
}

Result<void> Applier::count(std::int64_t bucket, const Counted& counted, bool adds) {
  if (counted.kind == kKindRemoved) return {};
  is_flushed_ = false;
  if (counted.kind == kKindUnsettled) {
    unsettled_ += adds ? 1 : -1;
    return {};
  }
  if (counted.kind < 1 || counted.kind > 8)
    return fail(ErrorKind::damaged, "catalog.damaged", "an entry's kind is damaged");
  ATOLL_ASSIGN(Totals* const sum, totals(bucket));
  std::uint64_t& objects = sum->objects_by_kind[static_cast<std::size_t>(counted.kind)];
  objects = adds ? objects + 1 : objects - 1;
  sum->logical_bytes = adds ? sum->logical_bytes + counted.size : sum->logical_bytes - counted.size;
  return {};
}

Result<void> Applier::count_rows(TableNumber table, std::int64_t change) {
  is_flushed_ = false;
  const auto number = static_cast<std::uint32_t>(table);
  auto found = row_counts_.find(number);
  if (found == row_counts_.end()) {
    ATOLL_USE(use, *connection_, Sql::row_count_read);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, std::int64_t{number}).next());
    found = row_counts_.emplace(number, is_there ? use.number(0) : 0).first;
  }
  found->second += change;
  return {};
}

Result<void> Applier::flush() {
  if (is_flushed_) return {};
  for (const auto& [bucket, totals] : totals_) {
    const auto encoded = encode_totals(totals);
    ATOLL_USE(use, *connection_, Sql::totals_put);
    ATOLL_TRY(use.bind(1, bucket).bind(2, encoded).run());
  }
  for (const auto& [table, rows] : row_counts_) {
    ATOLL_USE(use, *connection_, Sql::row_count_put);
    ATOLL_TRY(use.bind(1, std::int64_t{table}).bind(2, rows).run());
  }
  is_flushed_ = true;
  return {};
}

Result<bool> Applier::settle(std::pair<std::int64_t, Bytes>& from, std::int64_t limit) {
  struct Found {
    std::int64_t bucket = 0;
    Bytes key;
    std::optional<Counted> counted;
  };
  std::vector<Found> found;
  {
    ATOLL_USE(use, *connection_, Sql::entries_unsettled);
    use.bind(1, from.first).bind(2, from.second).bind(3, limit);
    while (true) {
      ATOLL_ASSIGN(const bool has_row, use.next());
      if (!has_row) break;
      Found one{use.number(0), to_bytes(use.bytes(1)), std::nullopt};
      if (!use.is_null(2)) {
        ATOLL_ASSIGN(const VersionView version, view_version(use.bytes(2)));
        one.counted = Counted{static_cast<std::int64_t>(version.kind), version.size};
      }
      found.push_back(std::move(one));
    }
  }
  waiting_.clear();
  for (const Found& one : found) {
    if (one.counted) ATOLL_TRY(count_anew(one.bucket, one.key, Counted{kKindUnsettled, 0}, *one.counted));
  }
  if (std::cmp_less(found.size(), limit)) return false;
  from = {found.back().bucket, found.back().key};
  return true;
}

}  // namespace atl::catalog
