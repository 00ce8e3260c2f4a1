#include "catalog/keeping_rows.h"

#include <algorithm>
#include <limits>

#include "catalog/internal/row_fields.h"

namespace atl::catalog {
namespace {

constexpr std::size_t kIdBytes = 16;

tl::unexpected<Error> bad_key(std::string_view what) {
  return fail(ErrorKind::damaged, "row.bad_key", "the key of " + std::string(what) + " is damaged",
              "Run `atoll verify` to see what is affected.");
}

// Field numbers as in spec/formats/rows.proto: stored, never renumbered. What stands in the key is not repeated.
template <class Fields, class Row>
void describe_policy(Fields& fields, Row& row) {
  fields.number(1, row.keep_last);
  fields.number(2, row.keep_within_seconds);
  fields.number(3, row.keep_hourly_seconds);
  fields.number(4, row.keep_daily_seconds);
  fields.number(5, row.keep_weekly_seconds);
  fields.number(6, row.keep_monthly_seconds);
  fields.number(7, row.keep_yearly_seconds);
  fields.number(8, row.keeps_all);
  fields.number(9, row.retention_seconds);
  fields.number(10, row.horizon_seconds);
  fields.number(11, row.audit_seconds);
  fields.texts(12, row.tier_rules);
  fields.text(13, row.labels);
  fields.number(14, row.half_life_seconds);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe_snapshot(Fields& fields, Row& row) {
  fields.bucket(1, row.bucket);
  fields.text(2, row.prefix);
  fields.lsn(3, row.lsn);
  fields.time(4, row.time);
  fields.time(5, row.created);
  fields.text(6, row.actor);
  fields.text(7, row.description);
  fields.number(8, row.is_held);
  fields.text(9, row.hold_reason);
  fields.number(10, row.objects);
  fields.number(11, row.bytes);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe_erasure(Fields& fields, Row& row) {
  fields.bucket(1, row.bucket);
  fields.lsn(2, row.lsn);
  fields.time(3, row.time);
  fields.text(4, row.actor);
  fields.text(5, row.reason);
  fields.number(6, row.bytes);
  fields.lsn(7, row.begin);
  fields.time(8, row.begin_time);
  fields.lsn(9, row.end);
  fields.time(10, row.end_time);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe_copy(Fields& fields, Row& row) {
  fields.text(1, row.kind);
  fields.text(2, row.place);
  fields.time(3, row.created);
  fields.number(4, row.bytes_per_second_max);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe_schedule(Fields& fields, Row& row) {
  fields.texts(1, row.words);
  fields.text(2, row.rule);
  fields.texts(3, row.news);
  fields.number(4, row.tells_success);
  fields.time(5, row.created);
  fields.text(6, row.actor);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe_domain(Fields& fields, Row& row) {
  fields.text(1, row.bucket_name);
  fields.time(2, row.created);
  fields.time(3, row.destroying);
  fields.time(4, row.destroyed);
  fields.text(5, row.actor);
  fields.text(6, row.reason);
  fields.number(7, row.objects);
  fields.number(8, row.bytes);
  fields.texts(9, row.unconfirmed);
  fields.rest(row.unknown);
}

Result<std::string> name_from(ByteView key, std::string_view what) {
  if (key.empty()) return bad_key(what);
  return to_string(key);
}

}  // namespace

Bytes key_of(const PolicyRow& row) { return to_bytes(row.bucket.view()); }
Bytes key_of(const SnapshotRow& row) { return to_bytes(as_bytes(row.name)); }
Bytes key_of(const ErasureRow& row) {
  Bytes key = to_bytes(row.object.view());
  const ByteView version = row.version.view();
  key.insert(key.end(), version.begin(), version.end());
  return key;
}
Bytes key_of(const CopyRow& row) { return to_bytes(as_bytes(row.name)); }
Bytes key_of(const ScheduleRow& row) { return to_bytes(as_bytes(row.name)); }
Bytes key_of(const DomainRow& row) {
  Bytes key;
  append_be64(key, row.number.value);
  return key;
}

Bytes encode(const PolicyRow& row) {
  Bytes out;
  Writing fields(out);
  describe_policy(fields, row);
  return out;
}
Bytes encode(const SnapshotRow& row) {
  Bytes out;
  Writing fields(out);
  describe_snapshot(fields, row);
  return out;
}
Bytes encode(const ErasureRow& row) {
  Bytes out;
  Writing fields(out);
  describe_erasure(fields, row);
  return out;
}
Bytes encode(const CopyRow& row) {
  Bytes out;
  Writing fields(out);
  describe_copy(fields, row);
  return out;
}
Bytes encode(const ScheduleRow& row) {
  Bytes out;
  Writing fields(out);
  describe_schedule(fields, row);
  return out;
}
Bytes encode(const DomainRow& row) {
  Bytes out;
  Writing fields(out);
  describe_domain(fields, row);
  return out;
}

Result<void> decode(ByteView key, ByteView row, PolicyRow& out) {
  out = {};
  ATOLL_ASSIGN(out.bucket, BucketId::from_view(key));
  return read_fields(row, "a policy", [&](Reading& fields) { describe_policy(fields, out); });
}
Result<void> decode(ByteView key, ByteView row, SnapshotRow& out) {
  out = {};
  ATOLL_ASSIGN(out.name, name_from(key, "a snapshot"));
  return read_fields(row, "a snapshot", [&](Reading& fields) { describe_snapshot(fields, out); });
}
Result<void> decode(ByteView key, ByteView row, ErasureRow& out) {
  out = {};
  if (key.size() != 2 * kIdBytes) return bad_key("an erasure");
  ATOLL_ASSIGN(out.object, ObjectId::from_view(key.first(kIdBytes)));
  ATOLL_ASSIGN(out.version, VersionId::from_view(key.subspan(kIdBytes)));
  return read_fields(row, "an erasure", [&](Reading& fields) { describe_erasure(fields, out); });
}
Result<void> decode(ByteView key, ByteView row, CopyRow& out) {
  out = {};
  ATOLL_ASSIGN(out.name, name_from(key, "a copy"));
  return read_fields(row, "a copy", [&](Reading& fields) { describe_copy(fields, out); });
}
Result<void> decode(ByteView key, ByteView row, ScheduleRow& out) {
  out = {};
  ATOLL_ASSIGN(out.name, name_from(key, "a schedule"));
  return read_fields(row, "a schedule", [&](Reading& fields) { describe_schedule(fields, out); });
}
Result<void> decode(ByteView key, ByteView row, DomainRow& out) {
  out = {};
  if (key.size() != sizeof(std::uint64_t)) return bad_key("a domain");
  const std::uint64_t number = load_be64(key.data());
  if (number > std::numeric_limits<std::uint32_t>::max()) return bad_key("a domain");
  out.number.value = static_cast<std::uint32_t>(number);
  return read_fields(row, "a domain", [&](Reading& fields) { describe_domain(fields, out); });
}

}  // namespace atl::catalog
