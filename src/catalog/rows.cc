#include "catalog/rows.h"

#include <algorithm>
#include <limits>

#include "catalog/internal/row_views.h"
#include "foundation/codec/fields.h"

namespace atl::catalog {
namespace {

using codec::FieldReader;
using codec::FieldWriter;

// Field numbers: the same as in spec/formats/rows.proto, stored, never renumbered.
namespace bucket_field {
constexpr std::uint32_t name = 1, domain = 2, created = 3, forgets_history = 4;
}
namespace entry_field {
constexpr std::uint32_t version = 1, object = 2, is_deleted = 3, deleted_at = 4, deleted_lsn = 5;
}
namespace content_field {
constexpr std::uint32_t domain = 1, length = 2, cutter = 3, depth = 4, part = 5;
}
namespace part_field {
constexpr std::uint32_t chunk = 1, length = 2;
}
namespace hole_field {
constexpr std::uint32_t offset = 1, length = 2;
}
namespace pair_field {
constexpr std::uint32_t name = 1, value = 2;
}
namespace version_field {
constexpr std::uint32_t kind = 1, size = 2, has_source = 3, mode = 4, uid = 5, gid = 6, modified_seconds = 7,
                        modified_nanoseconds = 8, changed_seconds = 9, changed_nanoseconds = 10, device = 11,
                        inode = 12, device_number = 13, content = 14, begin = 15, begin_time = 16, end = 17,
                        end_time = 18, bucket = 19, hole = 20, link_target = 21, link_group = 22, attribute = 23,
                        metadata = 24, tag = 25, content_type = 26, checksum = 27, etag = 28, actor = 29,
                        operation = 30, label = 31, author = 32, description = 33, source = 34, transformation = 35;
}
namespace source_field {
constexpr std::uint32_t object = 1, version = 2, words = 3;
}
namespace pack_field {
constexpr std::uint32_t domain = 1, temperature = 2, created = 3, retired = 4;
}
namespace job_field {
constexpr std::uint32_t started = 1, finished = 2, is_ok = 3, fact = 4;
}
namespace checkpoint_field {
constexpr std::uint32_t root = 1;
}

constexpr std::size_t kPartsMax = 32;
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

tl::unexpected<Error> damaged(std::string id, std::string message) {
  return fail(ErrorKind::damaged, std::move(id), std::move(message), "Run `atoll verify` to see what is affected.");
}

// Messages inside a row are closed: they have no place to keep a field of a newer program, so meeting one must not
// end in dropping it. New facts get new fields in the row.
tl::unexpected<Error> newer_field(std::string_view what) {
  return fail(ErrorKind::unsupported, "row.newer_field",
              std::string(what) + " holds a field that this version of Atoll does not know", "Use a newer Atoll.");
}

Result<std::uint32_t> small_unsigned(FieldReader& reader, std::string_view what) {
  const std::uint64_t value = reader.as_unsigned();
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    return damaged("row.number_too_large", std::string(what) + " holds a number that is too large");
  }
  return static_cast<std::uint32_t>(value);
}

Result<std::uint32_t> nanoseconds(FieldReader& reader) {
  const std::uint64_t value = reader.as_unsigned();
  if (value >= kNanosecondsPerSecond) return damaged("row.bad_time", "a version's file time is damaged");
  return static_cast<std::uint32_t>(value);
}

Result<EntryKind> entry_kind(FieldReader& reader) {
  const std::uint64_t value = reader.as_unsigned();
  if (value < 1 || value > static_cast<std::uint64_t>(EntryKind::marker)) {
    return fail(ErrorKind::unsupported, "row.kind_unknown",
                "a version is of a kind that this version of Atoll does not know", "Use a newer Atoll.");
  }
  return static_cast<EntryKind>(value);
}

void put_pair(FieldWriter& writer, Bytes& scratch, std::uint32_t field, std::string_view name, ByteView value) {
  scratch.clear();
  FieldWriter inner(scratch);
  inner.put_text(pair_field::name, name);
  inner.put_bytes(pair_field::value, value);
  writer.put_bytes_always(field, scratch);
}

Result<std::pair<ByteView, ByteView>> read_pair(ByteView encoded, std::string_view what) {
  std::pair<ByteView, ByteView> pair;
  FieldReader reader(encoded, what);
  while (reader.next()) {
    switch (reader.field()) {
      case pair_field::name: pair.first = reader.as_view(); break;
      case pair_field::value: pair.second = reader.as_view(); break;
      default: return newer_field(what);
    }
  }
  ATOLL_TRY(reader.status());
  return pair;
}

Result<void> read_into(std::map<std::string, std::string>& map, ByteView encoded, std::string_view what) {
  ATOLL_ASSIGN(const auto pair, read_pair(encoded, what));
  if (!map.emplace(as_text(pair.first), as_text(pair.second)).second) {
    return damaged("row.name_twice", std::string(what) + " names something twice");
  }
  return {};
}

Result<ContentReference::Part> read_part(ByteView encoded) {
  ContentReference::Part part;
  bool has_chunk = false;
  FieldReader reader(encoded, "a content reference");
  while (reader.next()) {
    switch (reader.field()) {
      case part_field::chunk: {
        const ByteView id = reader.as_view();
        if (id.size() != part.chunk.bytes.size())
          return damaged("row.bad_chunk_id", "a content reference is damaged: a chunk id has 32 bytes");
        std::copy(id.begin(), id.end(), part.chunk.bytes.begin());
        has_chunk = true;
        break;
      }
      case part_field::length: part.length = reader.as_unsigned(); break;
      default: return newer_field("a content reference");
    }
  }
  ATOLL_TRY(reader.status());
  if (!has_chunk) return damaged("row.bad_chunk_id", "a content reference is damaged: a part names no chunk");
  return part;
}

Result<Source> read_source(ByteView encoded) {
  Source source;
  FieldReader reader(encoded, "a version's source");
  while (reader.next()) {
    switch (reader.field()) {
      case source_field::object: {
        ATOLL_ASSIGN(source.object, ObjectId::from_view(reader.as_view()));
        break;
      }
      case source_field::version: {
        ATOLL_ASSIGN(source.version, VersionId::from_view(reader.as_view()));
        break;
      }
      case source_field::words: source.words = reader.as_string(); break;
      default: return newer_field("a version's source");
    }
  }
  ATOLL_TRY(reader.status());
  return source;
}

Result<Hole> read_hole(ByteView encoded) {
  Hole hole;
  FieldReader reader(encoded, "a version");
  while (reader.next()) {
    switch (reader.field()) {
      case hole_field::offset: hole.offset = reader.as_unsigned(); break;
      case hole_field::length: hole.length = reader.as_unsigned(); break;
      default: return newer_field("a hole");
    }
  }
  ATOLL_TRY(reader.status());
  return hole;
}

Result<void> check_holes(const std::vector<Hole>& holes, std::uint64_t size) {
  std::uint64_t from = 0;
  for (const Hole& hole : holes) {
    if (hole.length == 0 || hole.offset < from || hole.offset > size || hole.length > size - hole.offset) {
      return damaged("row.bad_holes", "a version is damaged: its holes overlap or pass its end");
    }
    from = hole.offset + hole.length;
  }
  return {};
}

void append_content(Bytes& out, const ContentReference& content) {
  FieldWriter writer(out);
  writer.put_unsigned(content_field::domain, content.domain.value);
  writer.put_unsigned(content_field::length, content.length);
  writer.put_unsigned(content_field::cutter, content.cutter);
  writer.put_unsigned(content_field::depth, content.depth);
  Bytes scratch;
  for (const ContentReference::Part& part : content.parts) {
    scratch.clear();
    FieldWriter inner(scratch);
    inner.put_bytes(part_field::chunk, part.chunk.view());
    inner.put_unsigned(part_field::length, part.length);
    writer.put_bytes_always(content_field::part, scratch);
  }
}

}  // namespace

Bytes encode(const ContentReference& content) {
  Bytes out;
  out.reserve(16 + content.parts.size() * 40);
  append_content(out, content);
  return out;
}

Result<ContentReference> decode_content(ByteView encoded) {
  ContentReference content;
  content.domain = {};
  FieldReader reader(encoded, "a content reference");
  std::uint64_t covered = 0;
  while (reader.next()) {
    switch (reader.field()) {
      case content_field::domain: {
        ATOLL_ASSIGN(content.domain.value, small_unsigned(reader, "a content reference"));
        break;
      }
      case content_field::length: content.length = reader.as_unsigned(); break;
      case content_field::cutter:
      case content_field::depth: {
        const bool is_cutter = reader.field() == content_field::cutter;
        const std::uint64_t value = reader.as_unsigned();
        if (value > 255) return damaged("row.number_too_large", "a content reference holds a number that is too large");
        (is_cutter ? content.cutter : content.depth) = static_cast<std::uint8_t>(value);
        break;
      }
      case content_field::part: {
        if (content.parts.size() == kPartsMax)
          return damaged("row.too_many_parts", "a content reference has more than 32 parts");
        ATOLL_ASSIGN(ContentReference::Part part, read_part(reader.as_view()));
        if (part.length > std::numeric_limits<std::uint64_t>::max() - covered) {
          return damaged("row.bad_length", "a content reference's lengths do not add up");
        }
        covered += part.length;
        content.parts.push_back(part);
        break;
      }
      default: return newer_field("a content reference");
    }
  }
  ATOLL_TRY(reader.status());
  if (covered != content.length) return damaged("row.bad_length", "a content reference's lengths do not add up");
  if (content.depth > 0 && content.parts.size() != 1)
    return damaged("row.bad_tree", "a content reference has no single root");
  return content;
}

// Keys.

Bytes key_of(const BucketRow& row) { return to_bytes(row.id.view()); }
Bytes entry_key(const BucketId& bucket, std::string_view key) {
  Bytes out;
  out.reserve(kIdBytes + key.size());
  out.insert(out.end(), bucket.bytes.begin(), bucket.bytes.end());
  out.insert(out.end(), key.begin(), key.end());
  return out;
}
Bytes key_of(const EntryRow& row) { return entry_key(row.bucket, row.key); }
Bytes key_of(const VersionRow& row) {
  Bytes out;
  out.reserve(kVersionKeyBytes);
  out.insert(out.end(), row.object.bytes.begin(), row.object.bytes.end());
  out.insert(out.end(), row.version.bytes.begin(), row.version.bytes.end());
  return out;
}
Bytes key_of(const PackRow& row) { return to_bytes(row.id.view()); }
Bytes key_of(const JobRow& row) {
  Bytes out = to_bytes(row.kind);
  out.push_back(0);
  out.insert(out.end(), row.name.begin(), row.name.end());
  return out;
}
Bytes key_of(const CheckpointRow& row) {
  Bytes out;
  append_be64(out, row.lsn.value);
  return out;
}

Result<void> check_entry_key(ByteView key) {
  if (key.size() <= kIdBytes || key.size() > kIdBytes + kEntryKeyBytesMax) {
    return damaged("row.bad_key", "an entry's key is damaged: a name has 1 to 16,384 bytes");
  }
  return {};
}

// Buckets.

Bytes encode(const BucketRow& row) {
  Bytes out;
  FieldWriter writer(out);
  writer.put_text(bucket_field::name, row.name);
  writer.put_unsigned(bucket_field::domain, row.domain.value);
  writer.put_signed(bucket_field::created, row.created.unix_us);
  writer.put_unsigned(bucket_field::forgets_history, row.keeps_history ? 0 : 1);
  writer.put_raw(row.unknown);
  return out;
}

Result<BucketRow> decode_bucket(ByteView key, ByteView row) {
  BucketRow bucket;
  bucket.domain = {};
  ATOLL_ASSIGN(bucket.id, BucketId::from_view(key));
  FieldReader reader(row, "a bucket");
  while (reader.next()) {
    switch (reader.field()) {
      case bucket_field::name: bucket.name = reader.as_string(); break;
      case bucket_field::domain: {
        ATOLL_ASSIGN(bucket.domain.value, small_unsigned(reader, "a bucket"));
        break;
      }
      case bucket_field::created: bucket.created.unix_us = reader.as_signed(); break;
      case bucket_field::forgets_history: bucket.keeps_history = reader.as_unsigned() == 0; break;
      default: reader.keep(bucket.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  return bucket;
}

// Entries.

Bytes encode(const EntryRow& row) {
  Bytes out;
  out.reserve(48 + row.unknown.size());
  FieldWriter writer(out);
  writer.put_bytes(entry_field::version, row.version.view());
  // Mostly an object is named after its first version, and mostly there is only that one: half of the row saved.
  if (row.object.bytes != row.version.bytes) writer.put_bytes(entry_field::object, row.object.view());
  writer.put_unsigned(entry_field::is_deleted, row.is_deleted ? 1 : 0);
  writer.put_signed(entry_field::deleted_at, row.deleted_at.unix_us);
  writer.put_unsigned(entry_field::deleted_lsn, row.deleted_lsn.value);
  writer.put_raw(row.unknown);
  return out;
}

Result<EntryRow> decode_entry_of(const BucketId& bucket, std::string_view key, ByteView row) {
  EntryRow entry;
  entry.bucket = bucket;
  entry.key = key;
  bool has_version = false;
  bool has_object = false;
  FieldReader reader(row, "an entry");
  while (reader.next()) {
    switch (reader.field()) {
      case entry_field::version: {
        ATOLL_ASSIGN(entry.version, VersionId::from_view(reader.as_view()));
        has_version = true;
        break;
      }
      case entry_field::object: {
        ATOLL_ASSIGN(entry.object, ObjectId::from_view(reader.as_view()));
        has_object = true;
        break;
      }
      case entry_field::is_deleted: entry.is_deleted = reader.as_unsigned() != 0; break;
      case entry_field::deleted_at: entry.deleted_at.unix_us = reader.as_signed(); break;
      case entry_field::deleted_lsn: entry.deleted_lsn.value = reader.as_unsigned(); break;
      default: reader.keep(entry.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  if (!has_version) return damaged("row.no_version", "an entry is damaged: it names no version");
  if (!has_object) entry.object.bytes = entry.version.bytes;
  return entry;
}

Result<EntryRow> decode_entry(ByteView key, ByteView row) {
  ATOLL_TRY(check_entry_key(key));
  ATOLL_ASSIGN(const BucketId bucket, BucketId::from_view(key.first(kIdBytes)));
  return decode_entry_of(bucket, as_text(key.subspan(kIdBytes)), row);
}

Result<EntryView> view_entry(ByteView row) {
  EntryView entry;
  bool has_version = false;
  bool has_object = false;
  FieldReader reader(row, "an entry");
  while (reader.next()) {
    switch (reader.field()) {
      case entry_field::version: {
        ATOLL_ASSIGN(entry.version, VersionId::from_view(reader.as_view()));
        has_version = true;
        break;
      }
      case entry_field::object: {
        ATOLL_ASSIGN(entry.object, ObjectId::from_view(reader.as_view()));
        has_object = true;
        break;
      }
      case entry_field::is_deleted: entry.is_deleted = reader.as_unsigned() != 0; break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  if (!has_version) return damaged("row.no_version", "an entry is damaged: it names no version");
  if (!has_object) entry.object.bytes = entry.version.bytes;
  return entry;
}

// Versions.

Bytes encode(const VersionRow& row) {
  Bytes out;
  out.reserve(256 + row.content.parts.size() * 40 + row.unknown.size());
  FieldWriter writer(out);
  Bytes scratch;
  writer.put_unsigned(version_field::kind, static_cast<std::uint8_t>(row.kind));
  writer.put_unsigned(version_field::size, row.size);
  writer.put_unsigned(version_field::has_source, row.has_source ? 1 : 0);
  writer.put_unsigned(version_field::mode, row.mode);
  writer.put_unsigned(version_field::uid, row.uid);
  writer.put_unsigned(version_field::gid, row.gid);
  writer.put_signed(version_field::modified_seconds, row.modified.seconds);
  writer.put_unsigned(version_field::modified_nanoseconds, row.modified.nanoseconds);
  writer.put_signed(version_field::changed_seconds, row.changed.seconds);
  writer.put_unsigned(version_field::changed_nanoseconds, row.changed.nanoseconds);
  writer.put_unsigned(version_field::device, row.device);
  writer.put_unsigned(version_field::inode, row.inode);
  writer.put_unsigned(version_field::device_number, row.device_number);
  append_content(scratch, row.content);
  writer.put_bytes(version_field::content, scratch);
  writer.put_unsigned(version_field::begin, row.begin.value);
  writer.put_signed(version_field::begin_time, row.begin_time.unix_us);
  writer.put_unsigned(version_field::end, row.end.value);
  writer.put_signed(version_field::end_time, row.end_time.unix_us);
  if (!row.bucket.is_none()) writer.put_bytes(version_field::bucket, row.bucket.view());
  for (const Hole& hole : row.holes) {
    scratch.clear();
    FieldWriter inner(scratch);
    inner.put_unsigned(hole_field::offset, hole.offset);
    inner.put_unsigned(hole_field::length, hole.length);
    writer.put_bytes_always(version_field::hole, scratch);
  }
  writer.put_text(version_field::link_target, row.link_target);
  writer.put_bytes(version_field::link_group, row.link_group);
  for (const auto& [name, value] : row.attributes) put_pair(writer, scratch, version_field::attribute, name, value);
  for (const auto& [name, value] : row.metadata)
    put_pair(writer, scratch, version_field::metadata, name, as_bytes(value));
  for (const auto& [name, value] : row.tags) put_pair(writer, scratch, version_field::tag, name, as_bytes(value));
  writer.put_text(version_field::content_type, row.content_type);
  for (const auto& [name, value] : row.checksums)
    put_pair(writer, scratch, version_field::checksum, name, as_bytes(value));
  writer.put_text(version_field::etag, row.etag);
  writer.put_text(version_field::actor, row.actor);
  writer.put_bytes(version_field::operation, row.operation);
  writer.put_text(version_field::label, row.label);
  writer.put_text(version_field::author, row.author);
  writer.put_text(version_field::description, row.description);
  for (const Source& source : row.sources) {
    scratch.clear();
    FieldWriter inner(scratch);
    if (!source.object.is_none()) inner.put_bytes(source_field::object, source.object.view());
    if (!source.version.is_none()) inner.put_bytes(source_field::version, source.version.view());
    inner.put_text(source_field::words, source.words);
    writer.put_bytes_always(version_field::source, scratch);
  }
  writer.put_text(version_field::transformation, row.transformation);
  writer.put_raw(row.unknown);
  return out;
}

Result<VersionRow> decode_version_of(const ObjectId& object, const VersionId& version, ByteView row) {
  VersionRow out;
  out.object = object;
  out.version = version;
  out.content.domain = {};
  bool has_kind = false;
  FieldReader reader(row, "a version");
  while (reader.next()) {
    switch (reader.field()) {
      case version_field::kind: {
        ATOLL_ASSIGN(out.kind, entry_kind(reader));
        has_kind = true;
        break;
      }
      case version_field::size: out.size = reader.as_unsigned(); break;
      case version_field::has_source: out.has_source = reader.as_unsigned() != 0; break;
      case version_field::mode: {
        ATOLL_ASSIGN(out.mode, small_unsigned(reader, "a version"));
        break;
      }
      case version_field::uid: {
        ATOLL_ASSIGN(out.uid, small_unsigned(reader, "a version"));
        break;
      }
      case version_field::gid: {
        ATOLL_ASSIGN(out.gid, small_unsigned(reader, "a version"));
        break;
      }
      case version_field::modified_seconds: out.modified.seconds = reader.as_signed(); break;
      case version_field::modified_nanoseconds: {
        ATOLL_ASSIGN(out.modified.nanoseconds, nanoseconds(reader));
        break;
      }
      case version_field::changed_seconds: out.changed.seconds = reader.as_signed(); break;
      case version_field::changed_nanoseconds: {
        ATOLL_ASSIGN(out.changed.nanoseconds, nanoseconds(reader));
        break;
      }
      case version_field::device: out.device = reader.as_unsigned(); break;
      case version_field::inode: out.inode = reader.as_unsigned(); break;
      case version_field::device_number: out.device_number = reader.as_unsigned(); break;
      case version_field::content: {
        ATOLL_ASSIGN(out.content, decode_content(reader.as_view()));
        break;
      }
      case version_field::begin: out.begin.value = reader.as_unsigned(); break;
      case version_field::begin_time: out.begin_time.unix_us = reader.as_signed(); break;
      case version_field::end: out.end.value = reader.as_unsigned(); break;
      case version_field::end_time: out.end_time.unix_us = reader.as_signed(); break;
      case version_field::bucket: {
        ATOLL_ASSIGN(out.bucket, BucketId::from_view(reader.as_view()));
        break;
      }
      case version_field::hole: {
        ATOLL_ASSIGN(const Hole hole, read_hole(reader.as_view()));
        out.holes.push_back(hole);
        break;
      }
      case version_field::link_target: out.link_target = reader.as_string(); break;
      case version_field::link_group: out.link_group = to_bytes(reader.as_view()); break;
      case version_field::attribute: {
        ATOLL_ASSIGN(const auto pair, read_pair(reader.as_view(), "an extended attribute"));
        out.attributes.emplace_back(as_text(pair.first), to_bytes(pair.second));
        break;
      }
      case version_field::metadata: ATOLL_TRY(read_into(out.metadata, reader.as_view(), "a version's metadata")); break;
      case version_field::tag: ATOLL_TRY(read_into(out.tags, reader.as_view(), "a version's tags")); break;
      case version_field::content_type: out.content_type = reader.as_string(); break;
      case version_field::checksum:
        ATOLL_TRY(read_into(out.checksums, reader.as_view(), "a version's checksums"));
        break;
      case version_field::etag: out.etag = reader.as_string(); break;
      case version_field::actor: out.actor = reader.as_string(); break;
      case version_field::operation: out.operation = to_bytes(reader.as_view()); break;
      case version_field::label: out.label = reader.as_string(); break;
      case version_field::author: out.author = reader.as_string(); break;
      case version_field::description: out.description = reader.as_string(); break;
      case version_field::source: {
        ATOLL_ASSIGN(Source source, read_source(reader.as_view()));
        out.sources.push_back(std::move(source));
        break;
      }
      case version_field::transformation: out.transformation = reader.as_string(); break;
      default: reader.keep(out.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  if (!has_kind) return damaged("row.no_kind", "a version is damaged: it does not say what it is");
  ATOLL_TRY(check_holes(out.holes, out.size));
  return out;
}

Result<VersionRow> decode_version(ByteView key, ByteView row) {
  if (key.size() != kVersionKeyBytes) return damaged("row.bad_key", "a version's key is damaged: it has 32 bytes");
  ATOLL_ASSIGN(const ObjectId object, ObjectId::from_view(key.first(kIdBytes)));
  ATOLL_ASSIGN(const VersionId version, VersionId::from_view(key.subspan(kIdBytes)));
  return decode_version_of(object, version, row);
}

Result<VersionView> view_version(ByteView row) {
  VersionView out;
  bool has_kind = false;
  FieldReader reader(row, "a version");
  while (reader.next()) {
    switch (reader.field()) {
      case version_field::kind: {
        ATOLL_ASSIGN(out.kind, entry_kind(reader));
        has_kind = true;
        break;
      }
      case version_field::size: out.size = reader.as_unsigned(); break;
      case version_field::has_source: out.has_source = reader.as_unsigned() != 0; break;
      case version_field::mode: {
        ATOLL_ASSIGN(out.mode, small_unsigned(reader, "a version"));
        break;
      }
      case version_field::uid: {
        ATOLL_ASSIGN(out.uid, small_unsigned(reader, "a version"));
        break;
      }
      case version_field::gid: {
        ATOLL_ASSIGN(out.gid, small_unsigned(reader, "a version"));
        break;
      }
      case version_field::modified_seconds: out.modified.seconds = reader.as_signed(); break;
      case version_field::modified_nanoseconds: {
        ATOLL_ASSIGN(out.modified.nanoseconds, nanoseconds(reader));
        break;
      }
      case version_field::changed_seconds: out.changed.seconds = reader.as_signed(); break;
      case version_field::changed_nanoseconds: {
        ATOLL_ASSIGN(out.changed.nanoseconds, nanoseconds(reader));
        break;
      }
      case version_field::device: out.device = reader.as_unsigned(); break;
      case version_field::inode: out.inode = reader.as_unsigned(); break;
      case version_field::begin: out.begin = reader.as_unsigned(); break;
      case version_field::end: out.end = reader.as_unsigned(); break;
      case version_field::label: out.label = as_text(reader.as_view()); break;
      case version_field::source: {
        ATOLL_ASSIGN(const Source source, read_source(reader.as_view()));
        if (source.object.is_none()) break;
        auto& id = out.sources.emplace_back();
        std::copy(source.object.bytes.begin(), source.object.bytes.end(), id.begin());
        std::copy(source.version.bytes.begin(), source.version.bytes.end(), id.begin() + kIdBytes);
        break;
      }
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  if (!has_kind) return damaged("row.no_kind", "a version is damaged: it does not say what it is");
  return out;
}

// Packs, jobs, checkpoints.

Bytes encode(const PackRow& row) {
  Bytes out;
  FieldWriter writer(out);
  writer.put_unsigned(pack_field::domain, row.domain.value);
  writer.put_unsigned(pack_field::temperature, static_cast<std::uint8_t>(row.temperature));
  writer.put_signed(pack_field::created, row.created.unix_us);
  writer.put_unsigned(pack_field::retired, row.retired.value);
  writer.put_raw(row.unknown);
  return out;
}

Result<PackRow> decode_pack(ByteView key, ByteView row) {
  PackRow pack;
  pack.domain = {};
  ATOLL_ASSIGN(pack.id, PackId::from_view(key));
  bool has_temperature = false;
  FieldReader reader(row, "a pack's row");
  while (reader.next()) {
    switch (reader.field()) {
      case pack_field::domain: {
        ATOLL_ASSIGN(pack.domain.value, small_unsigned(reader, "a pack's row"));
        break;
      }
      case pack_field::temperature: {
        const std::uint64_t value = reader.as_unsigned();
        if (value < 1 || value > static_cast<std::uint64_t>(Temperature::cold)) {
          return fail(ErrorKind::unsupported, "row.temperature_unknown",
                      "a pack's temperature is one that this version of Atoll does not know", "Use a newer Atoll.");
        }
        pack.temperature = static_cast<Temperature>(value);
        has_temperature = true;
        break;
      }
      case pack_field::created: pack.created.unix_us = reader.as_signed(); break;
      case pack_field::retired: pack.retired.value = reader.as_unsigned(); break;
      default: reader.keep(pack.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  if (!has_temperature) return damaged("row.no_temperature", "a pack's row is damaged: it names no temperature");
  return pack;
}

Bytes encode(const JobRow& row) {
  Bytes out;
  Bytes scratch;
  FieldWriter writer(out);
  writer.put_signed(job_field::started, row.started.unix_us);
  writer.put_signed(job_field::finished, row.finished.unix_us);
  writer.put_unsigned(job_field::is_ok, row.is_ok ? 1 : 0);
  for (const auto& [name, value] : row.facts) put_pair(writer, scratch, job_field::fact, name, as_bytes(value));
  writer.put_raw(row.unknown);
  return out;
}

Result<JobRow> decode_job(ByteView key, ByteView row) {
  JobRow job;
  const auto end_of_kind = std::find(key.begin(), key.end(), std::uint8_t{0});
  if (end_of_kind == key.end()) return damaged("row.bad_key", "a job's key is damaged: it names no kind");
  job.kind.assign(key.begin(), end_of_kind);
  job.name.assign(end_of_kind + 1, key.end());
  FieldReader reader(row, "a job");
  while (reader.next()) {
    switch (reader.field()) {
      case job_field::started: job.started.unix_us = reader.as_signed(); break;
      case job_field::finished: job.finished.unix_us = reader.as_signed(); break;
      case job_field::is_ok: job.is_ok = reader.as_unsigned() != 0; break;
      case job_field::fact: ATOLL_TRY(read_into(job.facts, reader.as_view(), "a job's facts")); break;
      default: reader.keep(job.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  return job;
}

Bytes encode(const CheckpointRow& row) {
  Bytes out;
  FieldWriter writer(out);
  writer.put_bytes(checkpoint_field::root, row.root);
  writer.put_raw(row.unknown);
  return out;
}

Result<CheckpointRow> decode_checkpoint(ByteView key, ByteView row) {
  CheckpointRow checkpoint;
  if (key.size() != sizeof(std::uint64_t))
    return damaged("row.bad_key", "a checkpoint's key is damaged: it has 8 bytes");
  checkpoint.lsn.value = load_be64(key.data());
  FieldReader reader(row, "a checkpoint's row");
  while (reader.next()) {
    switch (reader.field()) {
      case checkpoint_field::root: checkpoint.root = to_bytes(reader.as_view()); break;
      default: reader.keep(checkpoint.unknown);
    }
  }
  ATOLL_TRY(reader.status());
  return checkpoint;
}

}  // namespace atl::catalog
