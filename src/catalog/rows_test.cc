#include "catalog/rows.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "catalog/internal/row_views.h"
#include "catalog/s3_rows.h"
#include "foundation/codec/fields.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::catalog {
namespace {

using platform::SeededRandom;

template <class Id>
Id id_from(SeededRandom& random) {
  Id id;
  random.fill(id.bytes);
  return id;
}

std::string text_from(SeededRandom& random, std::size_t max) {
  std::string text(random.below(max + 1), ' ');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

Bytes unknown_from(SeededRandom& random) {
  Bytes unknown;
  if (random.one_in(2)) return unknown;
  codec::FieldWriter writer(unknown);
  writer.put_unsigned(100, random.next() | 1);
  writer.put_bytes_always(101, random.bytes(random.below(20)));
  writer.put_fixed64(2000, random.next() | 1);
  return unknown;
}

std::map<std::string, std::string> map_from(SeededRandom& random) {
  std::map<std::string, std::string> map;
  for (std::uint64_t i = random.below(4); i > 0; --i) map[text_from(random, 10)] = text_from(random, 30);
  return map;
}

// Numbers at the edges as often as others.
std::uint64_t number_from(SeededRandom& random) {
  switch (random.below(4)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return random.below(200);
    default: return random.next();
  }
}
std::int64_t signed_from(SeededRandom& random) { return static_cast<std::int64_t>(number_from(random)); }
FileTime time_from(SeededRandom& random) {
  return {signed_from(random), static_cast<std::uint32_t>(random.below(1'000'000'000))};
}

ContentReference content_from(SeededRandom& random) {
  ContentReference content;
  content.domain.value = static_cast<std::uint32_t>(random.next());
  content.cutter = static_cast<std::uint8_t>(random.below(256));
  content.depth = random.one_in(3) ? static_cast<std::uint8_t>(1 + random.below(255)) : std::uint8_t{0};
  const std::uint64_t parts = content.depth > 0 ? 1 : random.below(33);
  for (std::uint64_t i = 0; i < parts; ++i) {
    ContentReference::Part part;
    random.fill(part.chunk.bytes);
    part.length = random.next() >> (6 + random.below(58));
    content.length += part.length;
    content.parts.push_back(part);
  }
  return content;
}

VersionRow version_from(SeededRandom& random) {
  VersionRow row;
  row.object = id_from<ObjectId>(random);
  row.version = id_from<VersionId>(random);
  if (!random.one_in(4)) row.bucket = id_from<BucketId>(random);
  row.kind = static_cast<EntryKind>(1 + random.below(8));
  row.size = number_from(random);
  row.content = content_from(random);
  std::uint64_t from = 0;
  for (std::uint64_t i = random.below(4); i > 0 && from < row.size; --i) {
    const std::uint64_t offset = from + random.below(row.size - from);
    const std::uint64_t length = 1 + random.below(row.size - offset);
    row.holes.push_back({offset, length});
    from = offset + length;
  }
  row.has_source = random.one_in(2);
  row.mode = static_cast<std::uint32_t>(number_from(random));
  row.uid = static_cast<std::uint32_t>(number_from(random));
  row.gid = static_cast<std::uint32_t>(number_from(random));
  row.modified = time_from(random);
  row.changed = time_from(random);
  row.device = number_from(random);
  row.inode = number_from(random);
  row.device_number = number_from(random);
  row.link_target = text_from(random, 40);
  if (random.one_in(2)) row.link_group = random.bytes(16);
  for (const auto& [name, value] : map_from(random)) row.attributes.emplace_back(name, to_bytes(value));
  row.metadata = map_from(random);
  row.tags = map_from(random);
  row.content_type = text_from(random, 20);
  row.checksums = map_from(random);
  row.etag = text_from(random, 20);
  row.begin = {number_from(random)};
  row.begin_time = {signed_from(random)};
  row.end = {number_from(random)};
  row.end_time = {signed_from(random)};
  row.actor = text_from(random, 20);
  if (random.one_in(2)) row.operation = random.bytes(16);
  row.label = text_from(random, 20);
  row.author = text_from(random, 20);
  row.description = text_from(random, 60);
  for (std::uint64_t i = random.below(3); i > 0; --i) {
    Source source;
    if (random.one_in(2)) source = {id_from<ObjectId>(random), id_from<VersionId>(random), {}};
    source.words = text_from(random, 20);
    row.sources.push_back(source);
  }
  row.transformation = text_from(random, 60);
  row.unknown = unknown_from(random);
  return row;
}

void expect_equal(const VersionRow& a, const VersionRow& b) {
  EXPECT_EQ(a.object, b.object);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.bucket, b.bucket);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.size, b.size);
  EXPECT_EQ(a.content, b.content);
  EXPECT_EQ(a.holes, b.holes);
  EXPECT_EQ(a.has_source, b.has_source);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.uid, b.uid);
  EXPECT_EQ(a.gid, b.gid);
  EXPECT_EQ(a.modified, b.modified);
  EXPECT_EQ(a.changed, b.changed);
  EXPECT_EQ(a.device, b.device);
  EXPECT_EQ(a.inode, b.inode);
  EXPECT_EQ(a.device_number, b.device_number);
  EXPECT_EQ(a.link_target, b.link_target);
  EXPECT_EQ(a.link_group, b.link_group);
  EXPECT_EQ(a.attributes, b.attributes);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.tags, b.tags);
  EXPECT_EQ(a.content_type, b.content_type);
  EXPECT_EQ(a.checksums, b.checksums);
  EXPECT_EQ(a.etag, b.etag);
  EXPECT_EQ(a.begin, b.begin);
  EXPECT_EQ(a.begin_time, b.begin_time);
  EXPECT_EQ(a.end, b.end);
  EXPECT_EQ(a.end_time, b.end_time);
  EXPECT_EQ(a.actor, b.actor);
  EXPECT_EQ(a.operation, b.operation);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.author, b.author);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.sources, b.sources);
  EXPECT_EQ(a.transformation, b.transformation);
  EXPECT_EQ(a.unknown, b.unknown);
}

TEST(Rows, a_version_comes_back_with_every_field) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const VersionRow row = version_from(random);
    const Bytes encoded = encode(row);
    const auto decoded = decode_version(key_of(row), encoded);
    ASSERT_TRUE(decoded) << decoded.error().message;
    expect_equal(*decoded, row);
    EXPECT_EQ(encode(*decoded), encoded);
    const auto view = view_version(encoded);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->kind, row.kind);
    EXPECT_EQ(view->has_source, row.has_source);
    EXPECT_EQ(view->mode, row.mode);
    EXPECT_EQ(view->uid, row.uid);
    EXPECT_EQ(view->gid, row.gid);
    EXPECT_EQ(view->size, row.size);
    EXPECT_EQ(view->modified, row.modified);
    EXPECT_EQ(view->changed, row.changed);
    EXPECT_EQ(view->device, row.device);
    EXPECT_EQ(view->inode, row.inode);
  }
}

TEST(Rows, the_other_rows_come_back_with_every_field) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    BucketRow bucket{
        id_from<BucketId>(random), text_from(random, 63), {static_cast<std::uint32_t>(number_from(random))},
        {signed_from(random)},     random.one_in(2),      unknown_from(random)};
    const auto bucket_again = decode_bucket(key_of(bucket), encode(bucket));
    ASSERT_TRUE(bucket_again);
    EXPECT_EQ(bucket_again->id, bucket.id);
    EXPECT_EQ(bucket_again->name, bucket.name);
    EXPECT_EQ(bucket_again->domain, bucket.domain);
    EXPECT_EQ(bucket_again->created, bucket.created);
    EXPECT_EQ(bucket_again->keeps_history, bucket.keeps_history);
    EXPECT_EQ(bucket_again->unknown, bucket.unknown);

    EntryRow entry{
        id_from<BucketId>(random), "k" + text_from(random, 300), id_from<ObjectId>(random), id_from<VersionId>(random),
        random.one_in(2),          {signed_from(random)},        {number_from(random)},     unknown_from(random)};
    if (random.one_in(2)) entry.object.bytes = entry.version.bytes;
    const auto entry_again = decode_entry(key_of(entry), encode(entry));
    ASSERT_TRUE(entry_again);
    EXPECT_EQ(entry_again->bucket, entry.bucket);
    EXPECT_EQ(entry_again->key, entry.key);
    EXPECT_EQ(entry_again->object, entry.object);
    EXPECT_EQ(entry_again->version, entry.version);
    EXPECT_EQ(entry_again->is_deleted, entry.is_deleted);
    EXPECT_EQ(entry_again->deleted_at, entry.deleted_at);
    EXPECT_EQ(entry_again->deleted_lsn, entry.deleted_lsn);
    EXPECT_EQ(entry_again->unknown, entry.unknown);
    const auto entry_view = view_entry(encode(entry));
    ASSERT_TRUE(entry_view);
    EXPECT_EQ(entry_view->object, entry.object);
    EXPECT_EQ(entry_view->version, entry.version);
    EXPECT_EQ(entry_view->is_deleted, entry.is_deleted);

    PackRow pack{id_from<PackId>(random),
                 {static_cast<std::uint32_t>(number_from(random))},
                 static_cast<Temperature>(1 + random.below(3)),
                 {signed_from(random)},
                 {number_from(random)},
                 unknown_from(random)};
    const auto pack_again = decode_pack(key_of(pack), encode(pack));
    ASSERT_TRUE(pack_again);
    EXPECT_EQ(pack_again->id, pack.id);
    EXPECT_EQ(pack_again->domain, pack.domain);
    EXPECT_EQ(pack_again->temperature, pack.temperature);
    EXPECT_EQ(pack_again->created, pack.created);
    EXPECT_EQ(pack_again->retired, pack.retired);
    EXPECT_EQ(pack_again->unknown, pack.unknown);

    JobRow job{"verify",         text_from(random, 30), {signed_from(random)}, {signed_from(random)},
               random.one_in(2), map_from(random),      unknown_from(random)};
    const auto job_again = decode_job(key_of(job), encode(job));
    ASSERT_TRUE(job_again);
    EXPECT_EQ(job_again->kind, job.kind);
    EXPECT_EQ(job_again->name, job.name);
    EXPECT_EQ(job_again->started, job.started);
    EXPECT_EQ(job_again->finished, job.finished);
    EXPECT_EQ(job_again->is_ok, job.is_ok);
    EXPECT_EQ(job_again->facts, job.facts);
    EXPECT_EQ(job_again->unknown, job.unknown);

    CheckpointRow checkpoint{{number_from(random)}, random.bytes(random.below(60)), unknown_from(random)};
    const auto checkpoint_again = decode_checkpoint(key_of(checkpoint), encode(checkpoint));
    ASSERT_TRUE(checkpoint_again);
    EXPECT_EQ(checkpoint_again->lsn, checkpoint.lsn);
    EXPECT_EQ(checkpoint_again->root, checkpoint.root);
    EXPECT_EQ(checkpoint_again->unknown, checkpoint.unknown);
  }
}

TEST(Rows, keys_sort_as_people_expect) {
  BucketId first;
  first.bytes[15] = 1;
  BucketId second;
  second.bytes[0] = 1;
  EXPECT_EQ(compare(entry_key(first, "a"), entry_key(first, "a/b")), std::strong_ordering::less);
  EXPECT_EQ(compare(entry_key(first, "a/b"), entry_key(first, "a0")), std::strong_ordering::less);
  EXPECT_EQ(compare(entry_key(first, "a"), entry_key(first, "a")), std::strong_ordering::equal);
  EXPECT_EQ(compare(entry_key(first, "z\xff"), entry_key(second, "a")), std::strong_ordering::less);
  EXPECT_EQ(compare(entry_key(first, "z"), entry_key(first, "\xc3\xa4")), std::strong_ordering::less);
  CheckpointRow early{{255}, {}, {}};
  CheckpointRow late{{256}, {}, {}};
  EXPECT_EQ(compare(key_of(early), key_of(late)), std::strong_ordering::less);
  JobRow put{"put", "z", {}, {}, false, {}, {}};
  JobRow puts{"puts", "a", {}, {}, false, {}, {}};
  EXPECT_EQ(compare(key_of(put), key_of(puts)), std::strong_ordering::less);
}

template <class T>
void expect_refused(const Result<T>& result, ErrorKind kind, std::string_view id) {
  ASSERT_FALSE(result) << "expected " << id;
  EXPECT_EQ(result.error().id, id) << result.error().message;
  EXPECT_EQ(name_of(result.error().kind), name_of(kind));
}

TEST(Rows, what_cannot_be_is_refused) {
  VersionRow row;
  row.size = 100;
  const Bytes key = key_of(row);
  const auto refused = [&](std::string_view id, ErrorKind kind = ErrorKind::damaged) {
    expect_refused(decode_version(key, encode(row)), kind, id);
    row = {};
    row.size = 100;
  };
  row.holes = {{10, 10}, {15, 10}};
  refused("row.bad_holes");
  row.holes = {{90, 11}};
  refused("row.bad_holes");
  row.holes = {{10, 0}};
  refused("row.bad_holes");
  row.holes = {{UINT64_MAX, 2}};
  refused("row.bad_holes");
  row.content.length = 5;
  refused("row.bad_length");
  row.content.parts = {{{}, UINT64_MAX}, {{}, 1}};
  refused("row.bad_length");
  row.content.parts.resize(33);
  refused("row.too_many_parts");
  row.content.depth = 1;
  refused("row.bad_tree");
  row.modified.nanoseconds = 1'000'000'000;
  refused("row.bad_time");
  row.kind = static_cast<EntryKind>(9);
  refused("row.kind_unknown", ErrorKind::unsupported);
  expect_refused(decode_version(key, Bytes{}), ErrorKind::damaged, "row.no_kind");
  expect_refused(decode_version(Bytes(31), encode(row)), ErrorKind::damaged, "row.bad_key");
  expect_refused(decode_entry(Bytes(16), Bytes{}), ErrorKind::damaged, "row.bad_key");
  expect_refused(decode_entry(Bytes(16 + 16'385), Bytes{}), ErrorKind::damaged, "row.bad_key");
  expect_refused(decode_entry(Bytes(17), Bytes{}), ErrorKind::damaged, "row.no_version");
  expect_refused(decode_bucket(Bytes(3), Bytes{}), ErrorKind::damaged, "id.length");
  expect_refused(decode_job(Bytes{'a'}, Bytes{}), ErrorKind::damaged, "row.bad_key");
  expect_refused(decode_pack(Bytes(16), Bytes{}), ErrorKind::damaged, "row.no_temperature");
  expect_refused(decode_checkpoint(Bytes(7), Bytes{}), ErrorKind::damaged, "row.bad_key");

  // A newer program's field inside a closed message may not be lost in silence.
  Bytes content = encode(ContentReference{});
  codec::FieldWriter(content).put_unsigned(9, 1);
  expect_refused(decode_content(content), ErrorKind::unsupported, "row.newer_field");
  Bytes twice;
  codec::FieldWriter writer(twice);
  writer.put_unsigned(1, 1);
  const Bytes pair = {0x0A, 1, 'n'};
  writer.put_bytes(24, pair);
  writer.put_bytes(24, pair);
  expect_refused(decode_version(key, twice), ErrorKind::damaged, "row.name_twice");
}

TEST(Rows, damaged_bytes_never_decode_to_something_that_encodes_otherwise) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const VersionRow row = version_from(random);
    const Bytes good = encode(row);
    for (int i = 0; i < 300; ++i) {
      Bytes bad = good;
      bad[random.below(bad.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
      if (random.one_in(3)) bad.resize(random.below(bad.size() + 1));
      const auto decoded = decode_version(key_of(row), bad);
      if (!decoded) continue;
      const Bytes encoded = encode(*decoded);
      const auto again = decode_version(key_of(row), encoded);
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(encode(*again), encoded);
    }
  }
}

// spec/formats/rows.proto against our bytes, by the real tool.

std::string protoc_decode(const std::string& message, ByteView encoded) {
  const std::string path = testing::TempDir() + "/row-" + std::to_string(::getpid()) + ".bin";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(encoded.data()), static_cast<std::streamsize>(encoded.size()));  // NOLINT
  const std::string command = std::string(ATOLL_PROTOC) + " --proto_path='" + ATOLL_FORMATS + "' --decode=atoll.rows." +
                              message + " rows.proto < '" + path + "' 2>&1";
  std::string text;
  FILE* const pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::array<char, 4096> buffer{};
  while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << text;
  std::remove(path.c_str());
  return text;
}

TEST(Rows, protoc_reads_every_field_by_the_declaration) {
  VersionRow row;
  row.version.bytes.fill('v');
  row.bucket.bytes.fill('b');
  row.kind = EntryKind::symlink;
  row.size = 1000;
  row.content.domain = {3};
  row.content.length = 990;
  row.content.cutter = 2;
  row.content.parts = {{{}, 990}};
  row.content.parts[0].chunk.bytes.fill('c');
  row.content.depth = 4;
  row.holes = {{20, 10}};
  row.has_source = true;
  row.mode = 420;
  row.uid = 5;
  row.gid = 6;
  row.modified = {-7, 8};
  row.changed = {9, 10};
  row.device = 11;
  row.inode = 12;
  row.device_number = 13;
  row.link_target = "target";
  row.link_group = to_bytes("group");
  row.attributes = {{"user.x", to_bytes("y")}};
  row.metadata = {{"m", "1"}};
  row.tags = {{"t", "2"}};
  row.content_type = "text/plain";
  row.checksums = {{"sha256", "ab"}};
  row.etag = "etag";
  row.begin = {15};
  row.begin_time = {-16};
  row.end = {17};
  row.end_time = {18};
  row.actor = "anna";
  row.operation = to_bytes("operation");
  EXPECT_EQ(protoc_decode("Version", encode(row)), R"(kind: SYMLINK
size: 1000
has_source: true
mode: 420
uid: 5
gid: 6
modified_seconds: -7
modified_nanoseconds: 8
changed_seconds: 9
changed_nanoseconds: 10
device: 11
inode: 12
device_number: 13
content {
  domain: 3
  length: 990
  cutter: 2
  depth: 4
  part {
    chunk: "cccccccccccccccccccccccccccccccc"
    length: 990
  }
}
begin: 15
begin_time: -16
end: 17
end_time: 18
bucket: "bbbbbbbbbbbbbbbb"
hole {
  offset: 20
  length: 10
}
link_target: "target"
link_group: "group"
attribute {
  name: "user.x"
  value: "y"
}
metadata {
  name: "m"
  value: "1"
}
tag {
  name: "t"
  value: "2"
}
content_type: "text/plain"
checksum {
  name: "sha256"
  value: "ab"
}
etag: "etag"
actor: "anna"
operation: "operation"
)");

  EntryRow entry;
  entry.version.bytes.fill('v');
  entry.object.bytes.fill('o');
  entry.is_deleted = true;
  entry.deleted_at = {-5};
  entry.deleted_lsn = {6};
  EXPECT_EQ(protoc_decode("Entry", encode(entry)), R"(version: "vvvvvvvvvvvvvvvv"
object: "oooooooooooooooo"
is_deleted: true
deleted_at: -5
deleted_lsn: 6
)");
  const BucketRow bucket{{}, "papers", {2}, {-3}, false, {}};
  EXPECT_EQ(protoc_decode("Bucket", encode(bucket)),
            "name: \"papers\"\ndomain: 2\ncreated: -3\nforgets_history: true\n");
  const PackRow pack{{}, {4}, Temperature::cold, {5}, {6}, {}};
  EXPECT_EQ(protoc_decode("Pack", encode(pack)), "domain: 4\ntemperature: COLD\ncreated: 5\nretired: 6\n");
  const JobRow job{"k", "n", {1}, {2}, true, {{"f", "w"}}, {}};
  EXPECT_EQ(protoc_decode("Job", encode(job)),
            "started: 1\nfinished: 2\nis_ok: true\nfact {\n  name: \"f\"\n  value: \"w\"\n}\n");
  const CheckpointRow checkpoint{{1}, to_bytes("root"), {}};
  EXPECT_EQ(protoc_decode("Checkpoint", encode(checkpoint)), "root: \"root\"\n");
  const BucketSettingsRow settings{
      {}, {{{5}, Versioning::enabled}}, true, LockMode::compliance, 7, "c", "l", {{"t", "v"}}, "o", "readable", {}};
  EXPECT_EQ(protoc_decode("BucketSettings", encode(settings)),
            "versioning {\n  since: 5\n  state: ENABLED\n}\nhas_object_lock: true\ndefault_lock: COMPLIANCE\n"
            "default_lock_seconds: 7\ncors: \"c\"\nlifecycle: \"l\"\n"
            "tag {\n  name: \"t\"\n  value: \"v\"\n}\nowner: \"o\"\ngate: \"readable\"\n");
  const UploadPartRow part{{}, 1, {-3}, 4, to_bytes("c"), "e", {{"sha1", "00"}}, {}};
  EXPECT_EQ(protoc_decode("UploadPart", encode(part)),
            "modified: -3\nsize: 4\ncontent: \"c\"\netag: \"e\"\nchecksum {\n  name: \"sha1\"\n  value: \"00\"\n}\n");
  const VersionTermsRow terms{{}, {}, LockMode::governance, {9}, true, "public-read", "8x2,3", {}};
  EXPECT_EQ(protoc_decode("VersionTerms", encode(terms)),
            "mode: GOVERNANCE\nuntil: 9\nis_held: true\naccess_list: \"public-read\"\npart_sizes: \"8x2,3\"\n");
}

}  // namespace
}  // namespace atl::catalog
