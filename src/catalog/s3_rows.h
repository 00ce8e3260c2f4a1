// The rows behind what S3 has beyond buckets, objects and versions: settings of a bucket, uploads in parts, delete
// markers, terms of versions.
//
// Always true: as for every row (catalog/rows.h): decode(encode(row)) == row, fields of newer programs stay in
// `unknown` and are written back. Rows of parts refer to content and are roots for gc. Of them only a bucket's gate is
// put back by undo, and nothing by rewind: a lock would not be one else. Declared with numbers in
// spec/formats/rows.proto.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/keeping_rows.h"
#include "catalog/rows.h"
#include "store/journal/row_change.h"

namespace atl {

using UploadId = Uuid<struct UploadTag>;

}  // namespace atl

namespace atl::catalog {

enum class Versioning : std::uint8_t { off = 0, enabled = 1, suspended = 2 };     // stored
enum class LockMode : std::uint8_t { none = 0, governance = 1, compliance = 2 };  // stored

// From `since` on new versions are kept apart (enabled), or there is one version without an id (off, suspended).
struct VersioningChange {
  Lsn since;
  Versioning state = Versioning::off;
  friend bool operator==(const VersioningChange&, const VersioningChange&) = default;
};

struct BucketSettingsRow {  // key: bucket id. Of buckets made through S3, and of others once one was set
  BucketId bucket;
  std::vector<VersioningChange> versioning;  // oldest first; before the first: off
  bool has_object_lock = false;              // once true, for ever
  LockMode default_lock = LockMode::none;    // of new versions
  std::uint64_t default_lock_seconds = 0;
  std::string cors;  // the documents as they were checked and taken; empty: none
  std::string lifecycle;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string owner;  // who made it, as in `actor`
  std::string gate;   // what its files have to meet, in the filter language (vault/object/gate.h); empty: nothing
  Bytes unknown;
  friend bool operator==(const BucketSettingsRow&, const BucketSettingsRow&) = default;

  [[nodiscard]] Versioning versioning_now() const {
    return versioning.empty() ? Versioning::off : versioning.back().state;
  }
  // Of the version that began at that LSN.
  [[nodiscard]] Versioning versioning_at(Lsn begin) const;
};

// A multipart upload under way.
struct UploadRow {  // key: upload id
  UploadId id;
  BucketId bucket;
  std::string key;
  Timestamp created;
  std::string actor;
  Bytes version;                   // encoded VersionRow: words, times and tags of what it will become; no content
  std::string checksum_algorithm;  // "crc32c"; empty: none was named
  bool is_full_object_checksum = false;
  LockMode lock = LockMode::none;
  Timestamp locked_until;
  bool is_held = false;
  std::string access_list;  // as of VersionTermsRow
  Bytes unknown;
  friend bool operator==(const UploadRow&, const UploadRow&) = default;
};

struct UploadPartRow {  // key: upload id, part number (4 bytes, big-endian)
  UploadId upload;
  std::uint32_t number = 0;  // 1 to 10,000
  Timestamp modified;
  std::uint64_t size = 0;
  Bytes content;  // encoded ContentReference
  std::string etag;
  std::vector<std::pair<std::string, std::string>> checksums;  // algorithm -> lower-case hex
  Bytes unknown;
  friend bool operator==(const UploadPartRow&, const UploadPartRow&) = default;
};

// A removal that stands among the versions of an object, with an id of its own.
struct DeleteMarkerRow {  // key: object id, version id
  ObjectId object;
  VersionId version;
  BucketId bucket;
  Lsn begin;
  Timestamp begin_time;
  std::string actor;
  Bytes unknown;
  friend bool operator==(const DeleteMarkerRow&, const DeleteMarkerRow&) = default;
};

// What holds of one version beside its own row: why it may not be removed for good, who may read it, the parts it came
// in.
struct VersionTermsRow {  // key: object id, version id
  ObjectId object;
  VersionId version;
  LockMode mode = LockMode::none;
  Timestamp until;
  bool is_held = false;     // legal hold: without an end
  std::string access_list;  // a canned one, "public-read"; empty: "private"
  std::string part_sizes;   // of an upload in parts, in their order, runs of equal ones together: "8388608x99,123"
  Bytes unknown;
  friend bool operator==(const VersionTermsRow&, const VersionTermsRow&) = default;

  [[nodiscard]] bool forbids_at(Timestamp now) const { return is_held || (mode != LockMode::none && until > now); }
};

[[nodiscard]] Bytes key_of(const BucketSettingsRow& row);
[[nodiscard]] Bytes key_of(const UploadRow& row);
[[nodiscard]] Bytes key_of(const UploadPartRow& row);
[[nodiscard]] Bytes key_of(const DeleteMarkerRow& row);
[[nodiscard]] Bytes key_of(const VersionTermsRow& row);
[[nodiscard]] Bytes encode(const BucketSettingsRow& row);
[[nodiscard]] Bytes encode(const UploadRow& row);
[[nodiscard]] Bytes encode(const UploadPartRow& row);
[[nodiscard]] Bytes encode(const DeleteMarkerRow& row);
[[nodiscard]] Bytes encode(const VersionTermsRow& row);
// Replaces `out`. `damaged` where a key or field cannot be.
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, BucketSettingsRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, UploadRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, UploadPartRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, DeleteMarkerRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, VersionTermsRow& out);

template <>
inline constexpr journal::TableNumber kTableOf<UploadRow> = journal::TableNumber::uploads;
template <>
inline constexpr journal::TableNumber kTableOf<UploadPartRow> = journal::TableNumber::upload_parts;
template <>
inline constexpr journal::TableNumber kTableOf<BucketSettingsRow> = journal::TableNumber::bucket_settings;
template <>
inline constexpr journal::TableNumber kTableOf<DeleteMarkerRow> = journal::TableNumber::delete_markers;
template <>
inline constexpr journal::TableNumber kTableOf<VersionTermsRow> = journal::TableNumber::version_locks;

}  // namespace atl::catalog
