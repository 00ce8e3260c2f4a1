// The rows of the truth tables as structs, and their keys. What is journaled, checkpointed and applied is exactly
// encode(row); the catalog's SQL columns are taken from these structs.
//
// Always true:
//  - decode(encode(row)) == row, and fields a newer program wrote are kept in `unknown` and written back.
//  - Keys are built so that memcmp order is the order people expect: entries by bucket, then by key bytes.
// Declared with numbers in spec/formats/rows.proto.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"

namespace atl::catalog {

// Same numbers as the kinds of a host's file tree; `marker` is a folder marker made through S3.
enum class EntryKind : std::uint8_t {
  file = 1,
  directory = 2,
  symlink = 3,
  fifo = 4,
  socket = 5,
  char_device = 6,
  block_device = 7,
  marker = 8
};

struct BucketRow {  // key: bucket id
  BucketId id;
  std::string name;
  DomainNumber domain = kDefaultDomain;
  Timestamp created;
  bool keeps_history = true;  // false: made through S3 without versioning
  Bytes unknown;
};

// Names one object in a bucket. A removed object keeps its entry (is_deleted) until its history is gone.
struct EntryRow {  // key: bucket id (16) + key bytes (1..16384)
  BucketId bucket;
  std::string key;
  ObjectId object;    // stays the same over overwrites, removal and return
  VersionId version;  // the current one; where is_deleted the last one
  bool is_deleted = false;
  Timestamp deleted_at;
  Lsn deleted_lsn;
  Bytes unknown;
};

// Where content lies: at most 32 chunks in place, else a tree of list chunks. See spec/formats/content.md.
struct ContentReference {
  DomainNumber domain = kDefaultDomain;
  std::uint64_t length = 0;  // of the stored bytes (holes are not stored)
  std::uint8_t cutter = 0;
  struct Part {
    ChunkId chunk;
    std::uint64_t length = 0;  // of the content below it
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts;  // depth 0: data chunks; else exactly one part: the root list chunk
  std::uint8_t depth = 0;   // levels of list chunks above the data
  friend bool operator==(const ContentReference&, const ContentReference&) = default;
};
[[nodiscard]] Bytes encode(const ContentReference& content);
[[nodiscard]] Result<ContentReference> decode_content(ByteView encoded);

struct Hole {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Hole&, const Hole&) = default;
};

// Something a version was made from: a version in this vault, or anything that words (a URL, a paper) can name.
struct Source {
  ObjectId object;  // all zero: outside this vault
  VersionId version;
  std::string words;  // as the user named it
  friend bool operator==(const Source&, const Source&) = default;
};

// One immutable state of an object. Mutable: tags, ended_*.
struct VersionRow {  // key: object id (16) + version id (16)
  ObjectId object;
  VersionId version;
  BucketId bucket;
  EntryKind kind = EntryKind::file;
  std::uint64_t size = 0;  // as a reader sees it, holes included
  ContentReference content;
  std::vector<Hole> holes;  // sorted; content holds the bytes between them
  // The source file's own facts; has_source is false for what came from a pipe.
  bool has_source = false;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  FileTime modified;
  FileTime changed;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t device_number = 0;
  std::string link_target;
  Bytes link_group;                                       // empty, or 16 bytes shared by the names of one file
  std::vector<std::pair<std::string, Bytes>> attributes;  // extended attributes, sorted by name
  // The user's own words.
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> tags;
  std::string content_type;
  std::map<std::string, std::string> checksums;  // algorithm -> lower-case hex
  std::string etag;
  // When it began and, once replaced or removed, ended.
  Lsn begin;
  Timestamp begin_time;
  Lsn end;  // 0: current
  Timestamp end_time;
  std::string actor;
  Bytes operation;  // operation id (16) that made it, or empty
  // Where it comes from, in the terms of W3C PROV: the version is an entity, made from `sources` by an activity.
  std::string label;        // "1.2.0", "2026-11-21T10:00:00Z", a digest, or the user's own; unique per object
  std::string author;       // who is answerable for the content; `actor` is who stored it
  std::string description;  // what changed and why
  std::vector<Source> sources;
  std::string transformation;  // what was done to the sources
  Bytes unknown;
};

enum class Temperature : std::uint8_t { hot = 1, warm = 2, cold = 3 };
struct PackRow {  // key: pack id
  PackId id;
  DomainNumber domain = kDefaultDomain;
  Temperature temperature = Temperature::warm;
  Timestamp created;
  Lsn retired;  // 0: in use. Since then nothing refers into it, and its file goes when no reader is older
  Bytes unknown;
};

// A finished or running piece of work worth remembering: the last verify, a put that can be resumed.
struct JobRow {      // key: kind as text + 0 byte + job name
  std::string kind;  // "verify", "put", ...
  std::string name;  // "data", "structure", a put's target
  Timestamp started;
  Timestamp finished;
  bool is_ok = false;
  std::map<std::string, std::string> facts;  // counts and words for status pages
  Bytes unknown;
};

// A mark that the rows up to `lsn` are held by a checkpoint whose root stands in `root`.
struct CheckpointRow {  // key: lsn, big-endian
  Lsn lsn;
  Bytes root;  // encoded ContentReference
  Bytes unknown;
};

[[nodiscard]] Bytes key_of(const BucketRow& row);
[[nodiscard]] Bytes key_of(const EntryRow& row);
[[nodiscard]] Bytes entry_key(const BucketId& bucket, std::string_view key);
[[nodiscard]] Bytes key_of(const VersionRow& row);
[[nodiscard]] Bytes key_of(const PackRow& row);
[[nodiscard]] Bytes key_of(const JobRow& row);
[[nodiscard]] Bytes key_of(const CheckpointRow& row);
[[nodiscard]] Bytes encode(const BucketRow& row);
[[nodiscard]] Bytes encode(const EntryRow& row);    // bucket and key stand in the row's key only
[[nodiscard]] Bytes encode(const VersionRow& row);  // object and version stand in the row's key only
[[nodiscard]] Bytes encode(const PackRow& row);
[[nodiscard]] Bytes encode(const JobRow& row);
[[nodiscard]] Bytes encode(const CheckpointRow& row);
[[nodiscard]] Result<BucketRow> decode_bucket(ByteView key, ByteView row);
[[nodiscard]] Result<EntryRow> decode_entry(ByteView key, ByteView row);
[[nodiscard]] Result<VersionRow> decode_version(ByteView key, ByteView row);
[[nodiscard]] Result<PackRow> decode_pack(ByteView key, ByteView row);
[[nodiscard]] Result<JobRow> decode_job(ByteView key, ByteView row);
[[nodiscard]] Result<CheckpointRow> decode_checkpoint(ByteView key, ByteView row);

}  // namespace atl::catalog
