#include "vault/rewind/small_rows.h"

#include "vault/object/versions.h"

namespace atl::vault {
namespace {

using catalog::BucketSettingsRow;
using catalog::PolicyRow;
using catalog::ScheduleRow;
using catalog::SnapshotRow;
using journal::TableNumber;

template <class Row>
Result<std::optional<Bytes>> keeping_row(catalog::CatalogReader& reader, ByteView key) {
  ATOLL_ASSIGN(const auto row, reader.one<Row>(key));
  if (!row) return std::nullopt;
  return catalog::encode(*row);
}

template <class Row>
Result<void> put_keeping_row(ChangeSet& changes, ByteView key, const Bytes& row) {
  Row decoded;
  ATOLL_TRY(catalog::decode(key, row, decoded));
  changes.put(decoded);
  return {};
}

Result<std::string> bucket_name(catalog::CatalogReader& reader, const BucketId& id) {
  ATOLL_ASSIGN(const auto bucket, reader.bucket(id));
  return bucket ? bucket->name : id.text();
}

// The gate of the row that is to be, in the settings that are there.
Result<void> put_gate(catalog::CatalogReader& state, ChangeSet& changes, ByteView key,
                      const std::optional<Bytes>& row) {
  BucketSettingsRow wanted;
  if (row) ATOLL_TRY(catalog::decode(key, *row, wanted));
  ATOLL_ASSIGN(const BucketId id, BucketId::from_view(key));
  ATOLL_ASSIGN(auto bucket, state.bucket(id));
  if (!bucket) return {};
  ATOLL_ASSIGN(auto settings, state.one<BucketSettingsRow>(key));
  BucketSettingsRow changed = settings_to_change({std::move(*bucket), std::move(settings)});
  changed.gate = wanted.gate;
  changes.put(changed);
  return {};
}

}  // namespace

Result<std::optional<Bytes>> part_put_back(TableNumber table, ByteView key, const std::optional<Bytes>& row) {
  if (table != TableNumber::bucket_settings || !row) return row;
  BucketSettingsRow settings;
  ATOLL_TRY(catalog::decode(key, *row, settings));
  if (settings.gate.empty()) return std::nullopt;
  BucketSettingsRow gate;
  gate.bucket = settings.bucket;
  gate.gate = std::move(settings.gate);
  return catalog::encode(gate);
}

Result<std::optional<Bytes>> small_row(catalog::CatalogReader& reader, TableNumber table, ByteView key) {
  switch (table) {
    case TableNumber::buckets: {
      ATOLL_ASSIGN(const BucketId id, BucketId::from_view(key));
      ATOLL_ASSIGN(const auto row, reader.bucket(id));
      if (!row) return std::nullopt;
      return catalog::encode(*row);
    }
    case TableNumber::policies: return keeping_row<PolicyRow>(reader, key);
    case TableNumber::snapshots: return keeping_row<SnapshotRow>(reader, key);
    case TableNumber::schedules: return keeping_row<ScheduleRow>(reader, key);
    case TableNumber::bucket_settings: {
      ATOLL_ASSIGN(const auto row, keeping_row<BucketSettingsRow>(reader, key));
      return part_put_back(table, key, row);
    }
    default: return fail(ErrorKind::unsupported, "undo.table", "rows of this table are not put back");
  }
}

Result<SmallRowWords> describe_row(catalog::CatalogReader& reader, TableNumber table, ByteView key,
                                   const std::optional<Bytes>& row) {
  SmallRowWords told;
  switch (table) {
    case TableNumber::buckets: {
      if (row) {
        ATOLL_ASSIGN(const auto bucket, catalog::decode_bucket(key, *row));
        told.bucket = bucket.name;
      }
      told.words = "bucket " + told.bucket;
      break;
    }
    case TableNumber::policies: {
      ATOLL_ASSIGN(const BucketId id, BucketId::from_view(key));
      if (id.is_none()) {
        told.words = "policy of the vault";
        break;
      }
      ATOLL_ASSIGN(told.bucket, bucket_name(reader, id));
      told.words = "policy of " + told.bucket;
      break;
    }
    case TableNumber::bucket_settings: {
      ATOLL_ASSIGN(const BucketId id, BucketId::from_view(key));
      ATOLL_ASSIGN(told.bucket, bucket_name(reader, id));
      told.words = "gate of " + told.bucket;
      break;
    }
    case TableNumber::snapshots: {
      told.words = "snapshot " + to_string(key);
      if (!row) break;
      SnapshotRow snapshot;
      ATOLL_TRY(catalog::decode(key, *row, snapshot));
      ATOLL_ASSIGN(told.bucket, bucket_name(reader, snapshot.bucket));
      ATOLL_ASSIGN(const auto now, reader.one<SnapshotRow>(key));
      told.is_held = now && now->is_held;
      break;
    }
    default: told.words = "schedule " + to_string(key); break;
  }
  return told;
}

Result<void> put_small_row(catalog::CatalogReader& state, ChangeSet& changes, TableNumber table, ByteView key,
                           const std::optional<Bytes>& row) {
  if (table == TableNumber::bucket_settings) return put_gate(state, changes, key, row);
  if (!row) {
    changes.remove(kDefaultDomain, table, to_bytes(key));
    return {};
  }
  switch (table) {
    case TableNumber::buckets: {
      ATOLL_ASSIGN(const auto bucket, catalog::decode_bucket(key, *row));
      changes.put(bucket);
      return {};
    }
    case TableNumber::policies: return put_keeping_row<PolicyRow>(changes, key, *row);
    case TableNumber::snapshots: return put_keeping_row<SnapshotRow>(changes, key, *row);
    case TableNumber::schedules: return put_keeping_row<ScheduleRow>(changes, key, *row);
    default: return fail(ErrorKind::unsupported, "undo.table", "rows of this table are not put back");
  }
}

}  // namespace atl::vault
