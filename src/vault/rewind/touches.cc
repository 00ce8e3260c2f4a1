#include "vault/rewind/touches.h"

#include <algorithm>

#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"
#include "vault/rewind/small_rows.h"

namespace atl::vault {
namespace {

using catalog::EntryRow;
using catalog::VersionRow;
using journal::RowChange;
using journal::TableNumber;

constexpr std::uint8_t kObjectMark = 'o';
constexpr std::uint8_t kRowMark = 'r';
constexpr std::uint8_t kVersionMark = 'v';

namespace field {
constexpr std::uint32_t bucket = 1;
constexpr std::uint32_t key = 2;
constexpr std::uint32_t domain = 3;
constexpr std::uint32_t moment = 4;
constexpr std::uint32_t before = 5;
constexpr std::uint32_t before_version = 6;
constexpr std::uint32_t before_row = 7;
constexpr std::uint32_t is_there_after = 8;
constexpr std::uint32_t after_version = 9;
constexpr std::uint32_t after = 10;
constexpr std::uint32_t is_foreign = 11;
}  // namespace field

Bytes key_of(const ObjectId& object) {
  Bytes key{kObjectMark};
  key.insert(key.end(), object.bytes.begin(), object.bytes.end());
  return key;
}

Bytes key_of(const ObjectId& object, const VersionId& version) {
  Bytes key{kVersionMark};
  key.insert(key.end(), object.bytes.begin(), object.bytes.end());
  key.insert(key.end(), version.bytes.begin(), version.bytes.end());
  return key;
}

Bytes key_of(TableNumber table, ByteView row_key) {
  Bytes key{kRowMark, static_cast<std::uint8_t>(table)};
  key.insert(key.end(), row_key.begin(), row_key.end());
  return key;
}

Bytes encode(const TouchedObject& one) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  out.put_bytes(field::bucket, one.bucket.view());
  out.put_text(field::key, one.key);
  out.put_unsigned(field::domain, one.domain.value);
  out.put_unsigned(field::moment, one.moment.value);
  out.put_unsigned(field::before, static_cast<std::uint64_t>(one.before));
  out.put_bytes(field::before_version, one.before_version.view());
  out.put_bytes(field::before_row, one.before_row);
  out.put_unsigned(field::is_there_after, one.is_there_after ? 1 : 0);
  out.put_bytes(field::after_version, one.after_version.view());
  out.put_bytes(field::after, one.after_words);
  out.put_unsigned(field::is_foreign, one.is_foreign ? 1 : 0);
  return bytes;
}

Result<TouchedObject> decode_object(ByteView key, ByteView value) {
  TouchedObject one;
  ATOLL_ASSIGN(one.object, ObjectId::from_view(key.subspan(1)));
  codec::FieldReader in(value, "a record of an undo");
  while (in.next()) {
    switch (in.field()) {
      case field::bucket: {
        ATOLL_ASSIGN(one.bucket, BucketId::from_view(in.as_view()));
        break;
      }
      case field::key: one.key = in.as_string(); break;
      case field::domain: one.domain.value = static_cast<std::uint32_t>(in.as_unsigned()); break;
      case field::moment: one.moment.value = in.as_unsigned(); break;
      case field::before: one.before = static_cast<Before>(in.as_unsigned()); break;
      case field::before_version: {
        ATOLL_ASSIGN(one.before_version, VersionId::from_view(in.as_view()));
        break;
      }
      case field::before_row: one.before_row = to_bytes(in.as_view()); break;
      case field::is_there_after: one.is_there_after = in.as_unsigned() != 0; break;
      case field::after_version: {
        ATOLL_ASSIGN(one.after_version, VersionId::from_view(in.as_view()));
        break;
      }
      case field::after: one.after_words = to_bytes(in.as_view()); break;
      case field::is_foreign: one.is_foreign = in.as_unsigned() != 0; break;
      default: break;
    }
  }
  ATOLL_TRY(in.status());
  return one;
}

Bytes encode(const TouchedVersion& one) {
  TouchedObject fields;  // the same fields, but for the version's id, which is in the key
  fields.bucket = one.bucket;
  fields.key = one.key;
  fields.domain = one.domain;
  fields.moment = one.moment;
  fields.after_words = one.after_words;
  fields.is_foreign = one.is_foreign;
  return encode(fields);
}

Result<TouchedVersion> decode_touched_version(ByteView key, ByteView value) {
  constexpr std::size_t kIdBytes = ObjectId{}.bytes.size();
  ATOLL_ASSIGN(TouchedObject fields, decode_object(key.first(1 + kIdBytes), value));
  TouchedVersion one;
  one.object = fields.object;
  ATOLL_ASSIGN(one.version, VersionId::from_view(key.subspan(1 + kIdBytes)));
  one.bucket = fields.bucket;
  one.key = std::move(fields.key);
  one.domain = fields.domain;
  one.moment = fields.moment;
  one.after_words = std::move(fields.after_words);
  one.is_foreign = fields.is_foreign;
  return one;
}

Bytes encode(const TouchedRow& one) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  out.put_unsigned(field::moment, one.moment.value);
  if (one.after) out.put_bytes_always(field::after, *one.after);
  out.put_unsigned(field::is_foreign, one.is_foreign ? 1 : 0);
  return bytes;
}

Result<TouchedRow> decode_row(ByteView key, ByteView value) {
  TouchedRow one;
  one.table = static_cast<TableNumber>(key[1]);
  one.key = to_bytes(key.subspan(2));
  codec::FieldReader in(value, "a record of an undo");
  while (in.next()) {
    switch (in.field()) {
      case field::moment: one.moment.value = in.as_unsigned(); break;
      case field::after: one.after = to_bytes(in.as_view()); break;
      case field::is_foreign: one.is_foreign = in.as_unsigned() != 0; break;
      default: break;
    }
  }
  ATOLL_TRY(in.status());
  return one;
}

}  // namespace

// What one command says of one object, gathered over its rows.
struct Touches::ObjectChange {
  std::optional<EntryRow> entry;    // the last put
  std::optional<VersionRow> ended;  // by this command, and older than it
  std::map<VersionId, VersionRow> living;
  std::map<VersionId, VersionRow> described;  // ended before this command, and only said something else of
  bool removes_version = false;
  bool has_erasure = false;
  bool erases_current = false;  // what was there until this command
};

Bytes words_of(const VersionRow& version) {
  VersionRow words;
  words.tags = version.tags;
  words.label = version.label;
  words.author = version.author;
  words.description = version.description;
  words.sources = version.sources;
  words.transformation = version.transformation;
  const codec::Digest digest = codec::blake3(catalog::encode(words));
  return {digest.begin(), digest.end()};
}

bool can_be_put_back(TableNumber table) {
  return table == TableNumber::buckets || table == TableNumber::policies || table == TableNumber::snapshots ||
         table == TableNumber::schedules || table == TableNumber::bucket_settings;
}

Result<void> Touches::take(const journal::Command& command, bool is_chosen, bool from_first) {
  for (const auto& payload : command.payloads) {
    if (!payload.plain) continue;
    ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
    ATOLL_TRY(take_objects(command, payload, changes, is_chosen, from_first));
    for (const RowChange& change : changes) {
      if (can_be_put_back(change.table)) ATOLL_TRY(note_row(change, command.envelope.lsn, is_chosen, from_first));
      // To a rewind only those matter that were current at its moment: they come up as objects.
      if (is_chosen && !from_first && change.table == TableNumber::erasures && change.row) ++erased_;
    }
  }
  return {};
}

Result<void> Touches::take_objects(const journal::Command& command, const journal::Payload& payload,
                                   const std::vector<RowChange>& changes, bool is_chosen, bool from_first) {
  const Lsn lsn = command.envelope.lsn;
  std::map<ObjectId, ObjectChange> objects;  // as many as a command has rows
  std::optional<ObjectId> removed;           // whose version went last
  for (const RowChange& change : changes) {
    if (change.table == TableNumber::entries && change.row) {
      ATOLL_ASSIGN(EntryRow entry, catalog::decode_entry(change.key, *change.row));
      objects[entry.object].entry = std::move(entry);
    } else if (change.table == TableNumber::versions && change.row) {
      ATOLL_ASSIGN(VersionRow version, catalog::decode_version(change.key, *change.row));
      ObjectChange& object = objects[version.object];
      if (version.end.value == 0) {
        object.living[version.version] = std::move(version);
      } else if (version.end == lsn) {
        object.living.erase(version.version);
        if (version.begin < lsn && !object.ended) object.ended = std::move(version);
      } else {
        object.described[version.version] = std::move(version);
      }
    } else if (change.table == TableNumber::versions && change.key.size() > ObjectId{}.bytes.size()) {
      ATOLL_ASSIGN(const ObjectId object, ObjectId::from_view(ByteView(change.key).first(ObjectId{}.bytes.size())));
      objects[object].removes_version = true;
      removed = object;
    } else if (change.table == TableNumber::entries && removed && change.key.size() > BucketId{}.bytes.size()) {
      // An entry goes with the last versions of its object, right behind them: its row no longer says whose it was.
      const ByteView key = change.key;
      EntryRow entry;
      ATOLL_ASSIGN(entry.bucket, BucketId::from_view(key.first(BucketId{}.bytes.size())));
      entry.key = to_string(key.subspan(BucketId{}.bytes.size()));
      entry.object = *removed;
      entry.is_deleted = true;
      objects[*removed].entry = std::move(entry);
    }
  }
  for (const auto& other : command.payloads) {
    if (!other.plain || command.envelope.kind != journal::CommandKind::erase_objects) continue;
    ATOLL_ASSIGN(const auto rows, journal::decode_row_changes(*other.plain));
    for (const RowChange& row : rows) {
      if (row.table != TableNumber::erasures || !row.row) continue;
      catalog::ErasureRow erasure;
      ATOLL_TRY(catalog::decode(row.key, *row.row, erasure));
      const auto found = objects.find(erasure.object);
      if (found == objects.end()) continue;
      found->second.has_erasure = true;
      if (erasure.end.value == 0) found->second.erases_current = true;
    }
  }
  for (auto& [id, object] : objects) {
    if (!object.entry) continue;  // nothing that a reader sees: see vault/object/objects.h
    for (const auto& [version, row] : object.described) {
      ATOLL_TRY(note_version({id, version, object.entry->bucket, object.entry->key, payload.domain, lsn, words_of(row)},
                             is_chosen, from_first));
    }
    // Only words of the past: what is there is as it was.
    if (!object.described.empty() && !object.ended && object.living.empty() && !object.removes_version) continue;
    TouchedObject fresh;
    fresh.object = id;
    fresh.bucket = object.entry->bucket;
    fresh.key = object.entry->key;
    fresh.domain = payload.domain;
    fresh.moment = lsn;
    fresh.is_there_after = !object.entry->is_deleted;
    fresh.after_version = object.entry->version;
    const auto living = object.living.find(object.entry->version);
    const bool is_living = fresh.is_there_after && living != object.living.end();
    if (is_living) fresh.after_words = words_of(living->second);
    if (object.ended) {
      fresh.before = Before::image;
      fresh.before_version = object.ended->version;
      object.ended->end = {};
      object.ended->end_time = {};
      fresh.before_row = catalog::encode(*object.ended);
    } else if (is_living && living->second.begin < lsn) {
      fresh.before = Before::look_up;
      fresh.before_version = living->first;
    } else if (object.erases_current || (object.removes_version && !object.has_erasure)) {
      fresh.before = Before::lost;
    }
    ATOLL_TRY(note_object(std::move(fresh), is_chosen, from_first));
  }
  return {};
}

Result<void> Touches::note_object(TouchedObject fresh, bool is_chosen, bool from_first) {
  const Bytes key = key_of(fresh.object);
  ATOLL_ASSIGN(const auto known, set_->set().get(key));
  if (!known) {
    if (!is_chosen) return {};
    return set_->set().put(key, encode(fresh));
  }
  ATOLL_ASSIGN(TouchedObject one, decode_object(key, *known));
  if (is_chosen && one.is_foreign && !from_first) return set_->set().put(key, encode(fresh));
  one.is_there_after = fresh.is_there_after;
  one.after_version = fresh.after_version;
  one.after_words = std::move(fresh.after_words);
  one.is_foreign = !is_chosen;
  return set_->set().put(key, encode(one));
}

Result<void> Touches::note_version(TouchedVersion fresh, bool is_chosen, bool from_first) {
  const Bytes key = key_of(fresh.object, fresh.version);
  ATOLL_ASSIGN(const auto known, set_->set().get(key));
  if (!known) {
    if (!is_chosen) return {};
    return set_->set().put(key, encode(fresh));
  }
  ATOLL_ASSIGN(TouchedVersion one, decode_touched_version(key, *known));
  if (is_chosen && one.is_foreign && !from_first) return set_->set().put(key, encode(fresh));
  one.after_words = std::move(fresh.after_words);
  one.is_foreign = !is_chosen;
  return set_->set().put(key, encode(one));
}

Result<void> Touches::note_row(const RowChange& change, Lsn lsn, bool is_chosen, bool from_first) {
  const Bytes key = key_of(change.table, change.key);
  ATOLL_ASSIGN(auto after, part_put_back(change.table, change.key, change.row));
  TouchedRow fresh{change.table, change.key, lsn, std::move(after), false};
  ATOLL_ASSIGN(const auto known, set_->set().get(key));
  if (!known) {
    if (!is_chosen) return {};
    return set_->set().put(key, encode(fresh));
  }
  ATOLL_ASSIGN(TouchedRow one, decode_row(key, *known));
  if (is_chosen && one.is_foreign && !from_first) return set_->set().put(key, encode(fresh));
  one.after = std::move(fresh.after);
  one.is_foreign = !is_chosen;
  return set_->set().put(key, encode(one));
}

Result<void> Touches::for_each_object(const std::function<Result<void>(const TouchedObject&)>& visit) {
  return set_->for_each_with(Bytes{kObjectMark}, [&](ByteView key, ByteView value) -> Result<bool> {
    ATOLL_ASSIGN(const TouchedObject one, decode_object(key, value));
    ATOLL_TRY(visit(one));
    return true;
  });
}

Result<void> Touches::for_each_version(const std::function<Result<void>(const TouchedVersion&)>& visit) {
  return set_->for_each_with(Bytes{kVersionMark}, [&](ByteView key, ByteView value) -> Result<bool> {
    ATOLL_ASSIGN(const TouchedVersion one, decode_touched_version(key, value));
    ATOLL_TRY(visit(one));
    return true;
  });
}

Result<void> Touches::for_each_row(const std::function<Result<void>(const TouchedRow&)>& visit) {
  return set_->for_each_with(Bytes{kRowMark}, [&](ByteView key, ByteView value) -> Result<bool> {
    ATOLL_ASSIGN(const TouchedRow one, decode_row(key, value));
    ATOLL_TRY(visit(one));
    return true;
  });
}

}  // namespace atl::vault
