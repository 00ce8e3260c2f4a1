#include "catalog/s3_rows.h"

#include "catalog/internal/row_fields.h"

namespace atl::catalog {
namespace {

constexpr std::size_t kIdBytes = 16;

tl::unexpected<Error> bad_key(std::string_view what) {
  return fail(ErrorKind::damaged, "row.bad_key", "the key of " + std::string(what) + " is damaged",
              "Run `atoll verify` to see what is affected.");
}

Bytes joined(ByteView first, ByteView second) {
  Bytes key = to_bytes(first);
  key.insert(key.end(), second.begin(), second.end());
  return key;
}

// Field numbers as in spec/formats/rows.proto: stored, never renumbered. What stands in the key is not repeated.
template <class Fields, class Change>
void describe_change(Fields& fields, Change& change) {
  fields.lsn(1, change.since);
  fields.enumeration(2, change.state);
}

template <class Fields, class Pair>
void describe_pair(Fields& fields, Pair& pair) {
  fields.text(1, pair.first);
  fields.text(2, pair.second);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const BucketSettingsRow* /*which*/) {
  fields.messages(1, row.versioning, [](auto& inner, auto& value) { describe_change(inner, value); });
  fields.number(2, row.has_object_lock);
  fields.enumeration(3, row.default_lock);
  fields.number(4, row.default_lock_seconds);
  fields.text(5, row.cors);
  fields.text(6, row.lifecycle);
  fields.messages(9, row.tags, [](auto& inner, auto& value) { describe_pair(inner, value); });
  fields.text(10, row.owner);
  fields.text(11, row.gate);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const UploadRow* /*which*/) {
  fields.bucket(1, row.bucket);
  fields.text(2, row.key);
  fields.time(3, row.created);
  fields.text(4, row.actor);
  fields.raw(5, row.version);
  fields.text(6, row.checksum_algorithm);
  fields.number(7, row.is_full_object_checksum);
  fields.enumeration(8, row.lock);
  fields.time(9, row.locked_until);
  fields.number(10, row.is_held);
  fields.text(11, row.access_list);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const UploadPartRow* /*which*/) {
  fields.time(1, row.modified);
  fields.number(2, row.size);
  fields.raw(3, row.content);
  fields.text(4, row.etag);
  fields.messages(5, row.checksums, [](auto& inner, auto& value) { describe_pair(inner, value); });
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const DeleteMarkerRow* /*which*/) {
  fields.bucket(1, row.bucket);
  fields.lsn(2, row.begin);
  fields.time(3, row.begin_time);
  fields.text(4, row.actor);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const VersionTermsRow* /*which*/) {
  fields.enumeration(1, row.mode);
  fields.time(2, row.until);
  fields.number(3, row.is_held);
  fields.text(4, row.access_list);
  fields.text(5, row.part_sizes);
  fields.rest(row.unknown);
}

template <class Row>
Bytes encode_row(const Row& row) {
  Bytes out;
  Writing fields(out);
  describe(fields, row, static_cast<const Row*>(nullptr));
  return out;
}

template <class Row>
Result<void> decode_row(ByteView encoded, std::string_view what, Row& row) {
  return read_fields(encoded, what, [&](Reading& fields) { describe(fields, row, static_cast<const Row*>(nullptr)); });
}

tl::unexpected<Error> newer(std::string_view what) {
  return fail(ErrorKind::unsupported, "row.newer", std::string(what) + " is of a kind that this program does not know",
              "Use the version of Atoll that made it, or a newer one.");
}

}  // namespace

Versioning BucketSettingsRow::versioning_at(Lsn begin) const {
  Versioning state = Versioning::off;
  for (const VersioningChange& change : versioning) {
    if (change.since > begin) break;
    state = change.state;
  }
  return state;
}

Bytes key_of(const BucketSettingsRow& row) { return to_bytes(row.bucket.view()); }
Bytes key_of(const UploadRow& row) { return to_bytes(row.id.view()); }
Bytes key_of(const UploadPartRow& row) {
  Bytes key = to_bytes(row.upload.view());
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<std::uint8_t>(row.number >> shift));
  return key;
}
Bytes key_of(const DeleteMarkerRow& row) { return joined(row.object.bytes, row.version.bytes); }
Bytes key_of(const VersionTermsRow& row) { return joined(row.object.bytes, row.version.bytes); }

Bytes encode(const BucketSettingsRow& row) { return encode_row(row); }
Bytes encode(const UploadRow& row) { return encode_row(row); }
Bytes encode(const UploadPartRow& row) { return encode_row(row); }
Bytes encode(const DeleteMarkerRow& row) { return encode_row(row); }
Bytes encode(const VersionTermsRow& row) { return encode_row(row); }

Result<void> decode(ByteView key, ByteView row, BucketSettingsRow& out) {
  out = {};
  ATOLL_ASSIGN(out.bucket, BucketId::from_view(key));
  ATOLL_TRY(decode_row(row, "a bucket's settings", out));
  for (const VersioningChange& change : out.versioning) {
    if (change.state > Versioning::suspended) return newer("a bucket's versioning");
  }
  if (out.default_lock > LockMode::compliance) return newer("a bucket's lock");
  return {};
}
Result<void> decode(ByteView key, ByteView row, UploadRow& out) {
  out = {};
  ATOLL_ASSIGN(out.id, UploadId::from_view(key));
  ATOLL_TRY(decode_row(row, "an upload", out));
  if (out.lock > LockMode::compliance) return newer("an upload's lock");
  return {};
}
Result<void> decode(ByteView key, ByteView row, UploadPartRow& out) {
  out = {};
  if (key.size() != kIdBytes + 4) return bad_key("an upload's part");
  ATOLL_ASSIGN(out.upload, UploadId::from_view(key.first(kIdBytes)));
  for (const std::uint8_t byte : key.subspan(kIdBytes)) out.number = out.number << 8 | byte;
  return decode_row(row, "an upload's part", out);
}
Result<void> decode(ByteView key, ByteView row, DeleteMarkerRow& out) {
  out = {};
  if (key.size() != 2 * kIdBytes) return bad_key("a delete marker");
  ATOLL_ASSIGN(out.object, ObjectId::from_view(key.first(kIdBytes)));
  ATOLL_ASSIGN(out.version, VersionId::from_view(key.subspan(kIdBytes)));
  return decode_row(row, "a delete marker", out);
}
Result<void> decode(ByteView key, ByteView row, VersionTermsRow& out) {
  out = {};
  if (key.size() != 2 * kIdBytes) return bad_key("a version's terms");
  ATOLL_ASSIGN(out.object, ObjectId::from_view(key.first(kIdBytes)));
  ATOLL_ASSIGN(out.version, VersionId::from_view(key.subspan(kIdBytes)));
  ATOLL_TRY(decode_row(row, "a version's terms", out));
  if (out.mode > LockMode::compliance) return newer("a version's lock");
  return {};
}

}  // namespace atl::catalog
