#include "catalog/testing/catalog_contract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "catalog/testing/catalog_model.h"

namespace atl::catalog {
namespace {

using journal::RowChange;
using journal::TableNumber;

template <class Row>
RowChange put_of(TableNumber table, const Row& row) {
  return {table, key_of(row), encode(row)};
}

template <class Id>
Id id_of(std::uint8_t number) {
  Id id;
  id.bytes[0] = 1;
  id.bytes[15] = number;
  return id;
}

class Contract : public testing::Test {
 public:
  void use(std::unique_ptr<CatalogUnderTest> subject) {
    subject_ = std::move(subject);
    open();
  }

 protected:
  void open() {
    auto opened = subject_->open();
    ASSERT_TRUE(opened) << opened.error().message;
    catalog_ = std::move(*opened);
  }
  void close() {
    reader_.reset();
    catalog_.reset();
  }
  Catalog& catalog() { return *catalog_; }
  CatalogReader& reader() {
    if (!reader_) reader_ = catalog_->reader();
    return *reader_;
  }
  void begin() {
    const auto begun = catalog_->begin_group();
    ASSERT_TRUE(begun) << begun.error().message;
  }
  void apply(const std::vector<RowChange>& changes) {
    ++lsn_;
    const auto applied = catalog_->apply({lsn_}, {static_cast<std::int64_t>(lsn_) * 10}, changes);
    ASSERT_TRUE(applied) << applied.error().id << ": " << applied.error().message;
  }
  void commit() {
    const auto committed = catalog_->commit_group();
    ASSERT_TRUE(committed) << committed.error().message;
  }
  void commit_one(const std::vector<RowChange>& changes) {
    begin();
    apply(changes);
    commit();
  }
  template <class T>
  static T value(Result<T> result) {
    EXPECT_TRUE(result) << result.error().id << ": " << result.error().message;
    return result ? std::move(*result) : T{};
  }

  // A bucket with an object of size 1 under each key.
  BucketId make_bucket(const std::vector<std::string>& keys, std::uint8_t number = 1) {
    BucketRow bucket;
    bucket.id = id_of<BucketId>(number);
    bucket.name = "bucket-" + std::to_string(number);
    std::vector<RowChange> changes = {put_of(TableNumber::buckets, bucket)};
    for (const std::string& key : keys) add(changes, bucket.id, key);
    commit_one(changes);
    return bucket.id;
  }
  VersionRow add(std::vector<RowChange>& changes, BucketId bucket, const std::string& key, std::uint64_t size = 1) {
    VersionRow version;
    ++ids_;
    store_le(version.version.bytes.data(), ids_);
    version.object.bytes = version.version.bytes;
    version.bucket = bucket;
    version.size = size;
    version.metadata["key"] = key;
    EntryRow entry;
    entry.bucket = bucket;
    entry.key = key;
    entry.object = version.object;
    entry.version = version.version;
    changes.push_back(put_of(TableNumber::versions, version));
    changes.push_back(put_of(TableNumber::entries, entry));
    return version;
  }
  void remove(BucketId bucket, const std::string& key) {
    EntryRow entry = value(reader().entry(bucket, key)).value();
    entry.is_deleted = true;
    commit_one({put_of(TableNumber::entries, entry)});
  }
  // Names of the whole list, page by page of `limit`.
  std::vector<std::string> list(ListQuery query) {
    std::vector<std::string> names;
    for (int page_count = 0; page_count < 1000; ++page_count) {
      const ListPage page = value(reader().list(query));
      EXPECT_LE(page.items.size() + page.common_prefixes.size(), query.limit);
      EXPECT_TRUE(std::is_sorted(page.common_prefixes.begin(), page.common_prefixes.end()));
      std::vector<std::string> both = page.common_prefixes;
      for (const Listed& listed : page.items) {
        both.push_back(listed.entry.key);
        EXPECT_EQ(listed.version.metadata.at("key"), listed.entry.key);
        EXPECT_EQ(listed.version.version, listed.entry.version);
      }
      std::sort(both.begin(), both.end());
      names.insert(names.end(), both.begin(), both.end());
      if (!page.has_more) return names;
      EXPECT_EQ(page.next_after, both.back());
      query.after = page.next_after;
    }
    ADD_FAILURE() << "the list does not end";
    return names;
  }
  std::vector<std::string> scanned(BucketId bucket, std::string_view prefix, std::string_view after) {
    std::vector<std::string> keys;
    EXPECT_TRUE(reader().scan(bucket, prefix, after, [&](const Listed& listed) -> Result<bool> {
      keys.push_back(listed.entry.key);
      return true;
    }));
    std::vector<std::string> light;
    EXPECT_TRUE(reader().scan_source_facts(bucket, prefix, after, [&](const SourceFacts& facts) -> Result<bool> {
      light.emplace_back(facts.key);
      return true;
    }));
    EXPECT_EQ(keys, light);
    return keys;
  }

  std::unique_ptr<CatalogUnderTest> subject_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<CatalogReader> reader_;
  std::uint64_t lsn_ = 0;
  std::uint64_t ids_ = 0;
};

using Factory = std::function<std::unique_ptr<CatalogUnderTest>()>;

class Registry {
 public:
  struct Case {
    const char* name;
    int line;
    std::function<Contract*()> make;
  };
  static Registry& instance() {
    static Registry registry;  // filled before main(), by the tests' own files
    return registry;
  }
  void add_case(Case added) {
    cases_.push_back(added);
    for (const auto& [name, factory] : subjects_) make_test(added, name, factory);
  }
  void add_subject(const std::string& name, const Factory& factory) {
    subjects_.emplace_back(name, factory);
    for (const Case& each : cases_) make_test(each, name, factory);
  }

 private:
  static void make_test(const Case& each, const std::string& subject, const Factory& factory) {
    testing::RegisterTest(("CatalogContract_" + subject).c_str(), each.name, nullptr, nullptr, __FILE__, each.line,
                          [make = each.make, factory]() -> testing::Test* {
                            Contract* test = make();
                            test->use(factory());
                            return test;
                          });
  }
  std::vector<Case> cases_;
  std::vector<std::pair<std::string, Factory>> subjects_;
};

#define CONTRACT(name)                                                                               \
  class name : public Contract {                                                                     \
   public:                                                                                           \
    void TestBody() override;                                                                        \
  };                                                                                                 \
  const bool name##_is_added = [] {                                                                  \
    Registry::instance().add_case(                                                                   \
        {#name, __LINE__, []() -> Contract* { return new name; }}); /* NOLINT: GoogleTest owns it */ \
    return true;                                                                                     \
  }();                                                                                               \
  void name::TestBody()

CONTRACT(a_new_catalog_stands_at_zero_and_is_empty) {
  EXPECT_EQ(catalog().applied(), Lsn{0});
  EXPECT_EQ(catalog().synced(), Lsn{0});
  EXPECT_EQ(value(reader().applied()), Lsn{0});
  EXPECT_TRUE(value(reader().tables()).empty());
  EXPECT_EQ(value(reader().totals()), Totals{});
  EXPECT_TRUE(value(reader().buckets()).empty());
  EXPECT_FALSE(value(reader().bucket_named("x")).has_value());
  EXPECT_FALSE(value(reader().entry(id_of<BucketId>(1), "x")).has_value());
  EXPECT_TRUE(value(reader().list({id_of<BucketId>(1), "", "", "", 10, false})).items.empty());
}

CONTRACT(what_was_applied_is_found_by_every_way) {
  BucketRow bucket;
  bucket.id = id_of<BucketId>(1);
  bucket.name = "papers";
  bucket.created = {5};
  bucket.keeps_history = false;
  PackRow pack;
  pack.id = id_of<PackId>(2);
  pack.temperature = Temperature::cold;
  JobRow job;
  job.kind = "verify";
  job.name = "data";
  job.facts["chunks"] = "12";
  CheckpointRow checkpoint;
  checkpoint.lsn = {3};
  checkpoint.root = {1, 2, 3};
  std::vector<RowChange> changes = {put_of(TableNumber::buckets, bucket), put_of(TableNumber::packs, pack),
                                    put_of(TableNumber::jobs, job), put_of(TableNumber::checkpoints, checkpoint)};
  const VersionRow version = add(changes, bucket.id, "a/b", 17);
  commit_one(changes);

  EXPECT_EQ(catalog().applied(), Lsn{1});
  EXPECT_EQ(catalog().applied_time(), Timestamp{10});
  EXPECT_EQ(value(reader().applied()), Lsn{1});
  const auto named = value(reader().bucket_named("papers"));
  ASSERT_TRUE(named);
  EXPECT_EQ(encode(*named), encode(bucket));
  EXPECT_EQ(named->id, bucket.id);
  EXPECT_EQ(value(reader().bucket(bucket.id))->name, "papers");
  EXPECT_EQ(value(reader().buckets()).size(), 1U);
  const auto entry = value(reader().entry(bucket.id, "a/b"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->version, version.version);
  EXPECT_EQ(encode(*value(reader().version(version.object, version.version))), encode(version));
  const auto current = value(reader().current(bucket.id, "a/b"));
  ASSERT_TRUE(current);
  EXPECT_EQ(encode(current->version), encode(version));
  EXPECT_EQ(value(reader().versions_of(version.object)).size(), 1U);
  EXPECT_EQ(value(reader().pack(pack.id))->temperature, Temperature::cold);
  EXPECT_EQ(value(reader().packs()).size(), 1U);
  EXPECT_EQ(value(reader().job("verify", "data"))->facts.at("chunks"), "12");
  EXPECT_EQ(value(reader().jobs()).size(), 1U);
  EXPECT_EQ(value(reader().checkpoints()).at(0).root, checkpoint.root);
  EXPECT_EQ(value(reader().totals(bucket.id)).logical_bytes, 17U);
  EXPECT_EQ(value(reader().totals()).of(EntryKind::file), 1U);
  EXPECT_EQ(value(reader().row_count(TableNumber::versions)), 1U);
}

CONTRACT(source_facts_are_those_of_the_current_version) {
  const BucketId bucket = make_bucket({});
  std::vector<RowChange> changes;
  VersionRow version = add(changes, bucket, "file", 99);
  version.kind = EntryKind::fifo;
  version.has_source = true;
  version.mode = 0640;
  version.uid = 7;
  version.gid = 8;
  version.modified = {-5, 999'999'999};
  version.changed = {6, 1};
  version.device = 9;
  version.inode = UINT64_MAX;
  changes.front() = put_of(TableNumber::versions, version);
  commit_one(changes);
  int count = 0;
  ASSERT_TRUE(reader().scan_source_facts(bucket, "", "", [&](const SourceFacts& facts) -> Result<bool> {
    ++count;
    EXPECT_EQ(facts.key, "file");
    EXPECT_EQ(facts.kind, EntryKind::fifo);
    EXPECT_TRUE(facts.has_source);
    EXPECT_EQ(facts.mode, 0640U);
    EXPECT_EQ(facts.uid, 7U);
    EXPECT_EQ(facts.gid, 8U);
    EXPECT_EQ(facts.size, 99U);
    EXPECT_EQ(facts.modified, (FileTime{-5, 999'999'999}));
    EXPECT_EQ(facts.changed, (FileTime{6, 1}));
    EXPECT_EQ(facts.device, 9U);
    EXPECT_EQ(facts.inode, UINT64_MAX);
    EXPECT_EQ(facts.object, version.object);
    EXPECT_EQ(facts.version, version.version);
    return true;
  }));
  EXPECT_EQ(count, 1);
}

CONTRACT(versions_come_newest_first) {
  const BucketId bucket = make_bucket({});
  std::vector<RowChange> changes;
  VersionRow version = add(changes, bucket, "x");
  for (std::uint8_t i = 2; i < 6; ++i) {
    version.version = id_of<VersionId>(i);
    version.begin = {i};
    changes.push_back(put_of(TableNumber::versions, version));
  }
  // Another object, its id right behind.
  VersionRow other = version;
  ++other.object.bytes[15];
  changes.push_back(put_of(TableNumber::versions, other));
  commit_one(changes);
  const auto versions = value(reader().versions_of(version.object));
  ASSERT_EQ(versions.size(), 5U);
  for (std::size_t i = 0; i + 1 < versions.size(); ++i) EXPECT_GT(versions[i].begin, versions[i + 1].begin);
}

CONTRACT(readers_see_whole_groups_or_nothing) {
  const BucketId bucket = make_bucket({"before"});
  begin();
  std::vector<RowChange> first;
  add(first, bucket, "one");
  apply(first);
  EXPECT_FALSE(value(reader().entry(bucket, "one")).has_value());
  EXPECT_EQ(value(reader().applied()), Lsn{1});
  EXPECT_TRUE(value(catalog().pending().entry(bucket, "one")).has_value());
  EXPECT_EQ(value(catalog().pending().totals()).objects(), 2U);
  EXPECT_EQ(value(catalog().pending().applied()), Lsn{2});
  std::vector<RowChange> second;
  add(second, bucket, "two");
  apply(second);
  EXPECT_EQ(catalog().applied(), Lsn{1});
  EXPECT_EQ(value(reader().totals()).objects(), 1U);
  commit();
  EXPECT_EQ(catalog().applied(), Lsn{3});
  EXPECT_TRUE(value(reader().entry(bucket, "one")).has_value());
  EXPECT_TRUE(value(reader().entry(bucket, "two")).has_value());
  EXPECT_EQ(value(reader().totals()).objects(), 3U);
}

CONTRACT(a_group_rolled_back_never_was) {
  const BucketId bucket = make_bucket({"before"});
  const auto rows = value(all_rows(reader()));
  begin();
  BucketRow other;
  other.id = id_of<BucketId>(9);
  other.name = "other";
  std::vector<RowChange> changes = {put_of(TableNumber::buckets, other)};
  add(changes, other.id, "x");
  add(changes, bucket, "before", 50);
  apply(changes);
  EXPECT_EQ(value(catalog().pending().totals()).logical_bytes, 51U);
  catalog().roll_back_group();
  catalog().roll_back_group();
  lsn_ = 1;
  EXPECT_EQ(catalog().applied(), Lsn{1});
  EXPECT_EQ(value(all_rows(reader())), rows);
  EXPECT_EQ(value(all_rows(catalog().pending())), rows);
  EXPECT_EQ(value(catalog().pending().totals()).logical_bytes, 1U);
  // What the group had been given is given again, to others.
  std::vector<RowChange> again;
  add(again, bucket, "after");
  commit_one(again);
  EXPECT_EQ(scanned(bucket, "", ""), (std::vector<std::string>{"after", "before"}));
  EXPECT_TRUE(scanned(other.id, "", "").empty());
}

CONTRACT(a_damaged_row_fails_its_group_alone) {
  const BucketId bucket = make_bucket({"x"});
  begin();
  RowChange bad{TableNumber::versions, Bytes(32, 1), Bytes{0xFF}};
  const auto applied = catalog().apply({2}, {20}, std::vector{bad});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, ErrorKind::damaged);
  EXPECT_FALSE(catalog().commit_group());
  catalog().roll_back_group();
  EXPECT_EQ(scanned(bucket, "", ""), std::vector<std::string>{"x"});
  std::vector<RowChange> good;
  add(good, bucket, "y");
  commit_one(good);
}

CONTRACT(lsns_never_go_back_but_may_repeat_and_skip) {
  make_bucket({});
  begin();
  ASSERT_TRUE(catalog().apply({5}, {20}, {}));
  ASSERT_TRUE(catalog().apply({5}, {20}, {}));
  EXPECT_FALSE(catalog().apply({4}, {20}, {}));
  ASSERT_TRUE(catalog().commit_group());
  begin();
  ASSERT_TRUE(catalog().apply({5}, {20}, {}));
  ASSERT_TRUE(catalog().commit_group());
  EXPECT_EQ(catalog().applied(), Lsn{5});
}

CONTRACT(a_snapshot_stays_while_the_world_goes_on) {
  const BucketId bucket = make_bucket({"a"});
  ASSERT_TRUE(reader().begin_snapshot());
  std::vector<RowChange> changes;
  add(changes, bucket, "b");
  commit_one(changes);
  EXPECT_EQ(scanned(bucket, "", ""), std::vector<std::string>{"a"});
  EXPECT_EQ(value(reader().applied()), Lsn{1});
  reader().end_snapshot();
  EXPECT_EQ(scanned(bucket, "", ""), (std::vector<std::string>{"a", "b"}));
  reader().end_snapshot();
}

CONTRACT(everything_is_there_after_closing_and_opening) {
  const BucketId bucket = make_bucket({"a", "b"});
  const auto rows = value(all_rows(reader()));
  close();
  open();
  EXPECT_EQ(catalog().applied(), Lsn{1});
  EXPECT_EQ(catalog().synced(), Lsn{1});
  EXPECT_EQ(value(all_rows(reader())), rows);
  std::vector<RowChange> changes;
  add(changes, bucket, "c");
  commit_one(changes);
  EXPECT_EQ(scanned(bucket, "", ""), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(value(reader().totals()).objects(), 3U);
}

CONTRACT(synced_says_what_the_wal_checkpoint_has_reached) {
  make_bucket({"a"});
  EXPECT_LE(catalog().synced(), Lsn{1});
  ASSERT_TRUE(catalog().checkpoint_wal());
  EXPECT_EQ(catalog().synced(), Lsn{1});
  commit_one({});
  EXPECT_EQ(catalog().synced(), Lsn{1});
}

CONTRACT(a_list_keeps_to_its_prefix_at_every_edge_of_a_byte) {
  const std::vector<std::string> keys = {"\x01",
                                         "a",
                                         "a\xff",
                                         "a\xff\xff",
                                         "a\xff\xff"
                                         "b",
                                         "b",
                                         "\xff",
                                         "\xff\xff",
                                         "\xff\xff"
                                         "a"};
  const BucketId bucket = make_bucket(keys);
  make_bucket({"a", "zz"}, 2);
  std::vector<std::string> prefixes = keys;
  prefixes.insert(prefixes.end(), {"", "c", "\xff\xff\xff", "aa", std::string("a\x00", 2)});
  for (const std::string& prefix : prefixes) {
    for (const std::string& after : prefixes) {
      SCOPED_TRACE(to_hex(as_bytes(prefix)) + " after " + to_hex(as_bytes(after)));
      std::vector<std::string> expected;
      for (const std::string& key : keys) {
        if (key.starts_with(prefix) && key > after) expected.push_back(key);
      }
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(list({bucket, prefix, after, "", 2, false}), expected);
      EXPECT_EQ(scanned(bucket, prefix, after), expected);
    }
  }
}

CONTRACT(a_delimiter_rolls_folders_up_and_leaves_their_neighbours) {
  const BucketId bucket = make_bucket({"a", "a/b", "a/b/c", "a/d", "a0", "a-", "b/", "b/x", "c"});
  for (const std::size_t limit : {1U, 2U, 3U, 100U}) {
    EXPECT_EQ(list({bucket, "", "", "/", limit, false}), (std::vector<std::string>{"a", "a-", "a/", "a0", "b/", "c"}));
    EXPECT_EQ(list({bucket, "a/", "", "/", limit, false}), (std::vector<std::string>{"a/b", "a/b/", "a/d"}));
    EXPECT_EQ(list({bucket, "b/", "", "/", limit, false}), (std::vector<std::string>{"b/", "b/x"}));
    EXPECT_EQ(list({bucket, "a", "", "/b", limit, false}), (std::vector<std::string>{"a", "a-", "a/b", "a/d", "a0"}));
    EXPECT_EQ(list({bucket, "", "a/", "/", limit, false}), (std::vector<std::string>{"a0", "b/", "c"}));
    EXPECT_EQ(list({bucket, "", "a/b", "/", limit, false}), (std::vector<std::string>{"a/", "a0", "b/", "c"}));
  }
}

CONTRACT(a_delimiter_costs_by_folders_not_by_files) {
  std::vector<std::string> keys;
  for (int folder = 0; folder < 4; ++folder) {
    for (int file = 0; file < 500; ++file)
      keys.push_back("f" + std::to_string(folder) + "/" + std::to_string(1000 + file));
  }
  const BucketId bucket = make_bucket(keys);
  EXPECT_EQ(list({bucket, "", "", "/", 3, false}), (std::vector<std::string>{"f0/", "f1/", "f2/", "f3/"}));
}

CONTRACT(removed_objects_are_listed_only_where_asked_for) {
  const BucketId bucket = make_bucket({"a", "b/c", "d"});
  remove(bucket, "b/c");
  EXPECT_EQ(list({bucket, "", "", "/", 10, false}), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(list({bucket, "", "", "/", 10, true}), (std::vector<std::string>{"a", "b/", "d"}));
  EXPECT_EQ(list({bucket, "", "", "", 10, true}), (std::vector<std::string>{"a", "b/c", "d"}));
  EXPECT_EQ(scanned(bucket, "", ""), (std::vector<std::string>{"a", "d"}));
  EXPECT_FALSE(value(reader().current(bucket, "b/c")).has_value());
  EXPECT_TRUE(value(reader().current(bucket, "b/c", true)).has_value());
  EXPECT_TRUE(value(reader().entry(bucket, "b/c"))->is_deleted);
  EXPECT_EQ(value(reader().totals()).objects(), 2U);
}

CONTRACT(a_page_of_no_items_is_no_page) {
  const BucketId bucket = make_bucket({"a"});
  const ListPage page = value(reader().list({bucket, "", "", "", 0, false}));
  EXPECT_TRUE(page.items.empty());
  EXPECT_FALSE(page.has_more);
  // As many as the limit, and no more behind them.
  EXPECT_FALSE(value(reader().list({bucket, "", "", "", 1, false})).has_more);
}

CONTRACT(a_visitor_may_stop_fail_and_ask) {
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back(std::to_string(10'000 + i));
  const BucketId bucket = make_bucket(keys);
  EXPECT_EQ(scanned(bucket, "", ""), keys);
  std::size_t count = 0;
  ASSERT_TRUE(reader().scan(bucket, "", "", [&](const Listed& listed) -> Result<bool> {
    // The reader itself is free meanwhile.
    EXPECT_TRUE(value(reader().entry(bucket, listed.entry.key)).has_value());
    return ++count < 2500;
  }));
  EXPECT_EQ(count, 2500U);
  const auto failed = reader().scan_source_facts(bucket, "", "", [](const SourceFacts&) -> Result<bool> {
    return fail(ErrorKind::interrupted, "test.stop", "stop");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().id, "test.stop");
}

CONTRACT(a_scan_goes_on_while_rows_are_written) {
  std::vector<std::string> keys;
  for (int i = 0; i < 2500; ++i) keys.push_back(std::to_string(10'000 + i));
  const BucketId bucket = make_bucket(keys);
  std::vector<std::string> seen;
  ASSERT_TRUE(reader().scan(bucket, "", "", [&](const Listed& listed) -> Result<bool> {
    if (seen.empty()) {
      std::vector<RowChange> changes;
      add(changes, bucket, "99999");
      commit_one(changes);
    }
    seen.push_back(listed.entry.key);
    return true;
  }));
  keys.push_back("99999");
  EXPECT_EQ(seen, keys);
}

CONTRACT(keys_of_every_length_and_rows_longer_than_a_page) {
  const std::vector<std::string> keys = {"k", std::string(1024, 'k'), std::string(16'384, '\xff')};
  const BucketId bucket = make_bucket(keys);
  EXPECT_EQ(scanned(bucket, "", ""), keys);
  begin();
  EntryRow too_long;
  too_long.bucket = bucket;
  too_long.key = std::string(16'385, 'x');
  too_long.version = id_of<VersionId>(1);
  EXPECT_FALSE(catalog().apply({2}, {2}, std::vector{put_of(TableNumber::entries, too_long)}));
  catalog().roll_back_group();
}

CONTRACT(rows_come_back_as_they_were_journaled) {
  // Fields of a newer program, a table of a newer program, an empty row, an empty key.
  BucketRow bucket;
  bucket.id = id_of<BucketId>(1);
  bucket.name = "b";
  bucket.unknown = {0xF8, 0x01, 0x05};  // field 31
  const std::vector<RowChange> changes = {put_of(TableNumber::buckets, bucket),
                                          {static_cast<TableNumber>(4000), Bytes{}, Bytes{1, 2, 3}},
                                          {static_cast<TableNumber>(4000), Bytes{0}, Bytes{}},
                                          {TableNumber::nodes, Bytes{9}, Bytes(100'000, 7)}};
  commit_one(changes);
  CatalogModel model;
  model.apply(changes);
  EXPECT_EQ(value(all_rows(reader())), model.rows());
  EXPECT_EQ(value(reader().tables()),
            (std::vector<TableNumber>{TableNumber::buckets, TableNumber::nodes, static_cast<TableNumber>(4000)}));
}

CONTRACT(a_bucket_can_be_renamed_removed_and_made_again) {
  const BucketId bucket = make_bucket({"x"});
  BucketRow row = *value(reader().bucket(bucket));
  row.name = "renamed";
  commit_one({put_of(TableNumber::buckets, row)});
  EXPECT_FALSE(value(reader().bucket_named("bucket-1")).has_value());
  EXPECT_TRUE(value(reader().bucket_named("renamed")).has_value());
  commit_one({{TableNumber::buckets, key_of(row), std::nullopt}});
  EXPECT_FALSE(value(reader().bucket_named("renamed")).has_value());
  EXPECT_FALSE(value(reader().bucket(bucket)).has_value());
  EXPECT_EQ(value(reader().row_count(TableNumber::buckets)), 0U);
  commit_one({put_of(TableNumber::buckets, row)});
  EXPECT_EQ(value(reader().buckets()).size(), 1U);
  EXPECT_EQ(scanned(bucket, "", ""), std::vector<std::string>{"x"});
}

CONTRACT(totals_are_right_when_entries_come_before_their_versions) {
  // As a checkpoint is applied: table after table.
  std::vector<RowChange> both;
  const BucketId bucket = id_of<BucketId>(1);
  for (int i = 0; i < 50; ++i) add(both, bucket, std::to_string(i), 10);
  std::vector<RowChange> entries;
  std::vector<RowChange> versions;
  for (const RowChange& change : both) (change.table == TableNumber::entries ? entries : versions).push_back(change);
  commit_one(entries);
  EXPECT_EQ(value(reader().totals()), Totals{});
  // Another object leads to nothing that is remembered.
  close();
  open();
  lsn_ = catalog().applied().value;
  commit_one(versions);
  EXPECT_EQ(value(reader().totals()).objects(), 50U);
  EXPECT_EQ(value(reader().totals(bucket)).logical_bytes, 500U);
  ASSERT_TRUE(catalog().settle_totals());
  EXPECT_EQ(value(reader().totals()).objects(), 50U);
  EXPECT_EQ(value(reader().totals(bucket)).logical_bytes, 500U);
  close();
  open();
  EXPECT_EQ(value(reader().totals()).logical_bytes, 500U);
}

CONTRACT(a_version_deleted_and_put_again_still_belongs_to_its_entry) {
  const BucketId bucket = make_bucket({"x"});
  const auto listed = value(reader().current(bucket, "x"));
  ASSERT_TRUE(listed);
  commit_one(
      {{TableNumber::versions, key_of(listed->version), std::nullopt}, put_of(TableNumber::versions, listed->version)});
  EXPECT_EQ(scanned(bucket, "", ""), std::vector<std::string>{"x"});
  EXPECT_EQ(encode(value(reader().current(bucket, "x"))->version), encode(listed->version));
}

template <class T>
T value(Result<T> result) {
  EXPECT_TRUE(result) << result.error().id << ": " << result.error().message;
  return result ? std::move(*result) : T{};
}

// Ended versions are found by where they began exactly as the versions' rows have it.
void expect_ends_are_indexed(CatalogReader& reader, const CatalogModel& model) {
  std::map<ObjectId, std::vector<VersionRow>> by_object;
  for (const auto& [id, row] : model.rows()) {
    if (id.first != TableNumber::versions) continue;
    VersionRow version = value(decode_version(id.second, row));
    by_object[version.object].push_back(std::move(version));
  }
  for (auto& [object, versions] : by_object) {
    ASSERT_EQ(value(reader.version_count(object)), versions.size());
    std::erase_if(versions, [](const VersionRow& version) { return version.end.value == 0; });
    std::ranges::sort(versions, std::greater(), &VersionRow::begin);
    const auto all = value(reader.ended_versions(object, Lsn{UINT64_MAX}, SIZE_MAX));
    ASSERT_EQ(all.size(), versions.size());
    for (std::size_t i = 0; i < versions.size(); ++i) {
      ASSERT_EQ(all[i].begin, versions[i].begin);
      const auto below = value(reader.ended_versions(object, Lsn{versions[i].begin.value}, 1));
      ASSERT_EQ(below.at(0).begin, versions[i].begin);
      const auto last =
          value(reader.last_ended(object, [&](const VersionRow& one) { return one.begin <= versions[i].begin; }));
      ASSERT_TRUE(last && last->begin == versions[i].begin);
    }
    ASSERT_FALSE(value(reader.last_ended(object, [](const VersionRow&) { return false; })).has_value());
  }
}

// Labels and sources are found from their other end exactly as the versions' rows have them.
void expect_words_are_indexed(CatalogReader& reader, const CatalogModel& model) {
  std::map<ObjectId, std::vector<std::pair<std::string, VersionId>>> labels;
  std::map<std::pair<ObjectId, VersionId>, std::set<std::pair<ObjectId, VersionId>>> derived;
  for (const auto& [id, row] : model.rows()) {
    if (id.first != TableNumber::versions) continue;
    const VersionRow version = value(decode_version(id.second, row));
    auto& of_object = labels[version.object];
    if (!version.label.empty()) of_object.emplace_back(version.label, version.version);
    derived[{version.object, version.version}];
    for (const Source& source : version.sources) {
      if (!source.object.is_none()) derived[{source.object, source.version}].emplace(version.object, version.version);
    }
  }
  for (auto& [object, expected] : labels) {
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(value(reader.labels_of(object)), expected);
    ASSERT_FALSE(value(reader.labelled(object, "none")).has_value());
    for (const auto& [label, version] : expected) ASSERT_TRUE(value(reader.labelled(object, label)).has_value());
  }
  for (const auto& [source, expected] : derived) {
    const auto found = value(reader.derived_from(source.first, source.second, SIZE_MAX));
    ASSERT_EQ((std::set<std::pair<ObjectId, VersionId>>(found.begin(), found.end())), expected);
    ASSERT_EQ(found.size(), expected.size());
  }
}

CONTRACT(any_sequence_of_commands_gives_what_a_map_gives) {
  // All on one catalog: each seed has buckets of its own, and the model goes on.
  CatalogModel model;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CommandMaker maker(seed);
    platform::SeededRandom random(seed * 77);
    for (int round = 0; round < 40; ++round) {
      begin();
      CatalogModel group = model;
      const std::size_t commands = 1 + random.below(8);
      for (std::size_t i = 0; i < commands; ++i) {
        const auto changes = maker.next();
        apply(changes);
        group.apply(changes);
      }
      EXPECT_EQ(value(catalog().pending().totals()), group.totals());
      commit();
      model = std::move(group);
      if (round % 10 == 9) {
        close();
        open();
      }
      if (round % 5 != 0) continue;
      ASSERT_TRUE(value(all_rows(reader())) == model.rows());
      ASSERT_EQ(value(reader().totals()), model.totals());
      expect_words_are_indexed(reader(), model);
      expect_ends_are_indexed(reader(), model);
      for (const BucketId bucket : maker.buckets()) {
        ASSERT_EQ(value(reader().totals(bucket)), model.totals(bucket));
        for (int i = 0; i < 8; ++i) {
          ListQuery query;
          query.bucket = bucket;
          query.limit = 1 + random.below(4);
          query.include_deleted = random.one_in(2);
          const std::string& name = maker.names()[random.below(maker.names().size())];
          if (random.one_in(2)) query.prefix = name.substr(0, random.below(name.size() + 1));
          if (random.one_in(2)) query.delimiter = random.one_in(4) ? "//" : "/";
          std::vector<std::string> names;
          while (true) {
            const ListPage page = value(reader().list(query));
            std::vector<std::string> both = page.common_prefixes;
            for (const Listed& listed : page.items) both.push_back(listed.entry.key);
            std::sort(both.begin(), both.end());
            names.insert(names.end(), both.begin(), both.end());
            if (!page.has_more) break;
            query.after = page.next_after;
          }
          query.after.clear();
          ASSERT_EQ(names, model.names(query))
              << "prefix " << to_hex(as_bytes(query.prefix)) << " delimiter " << query.delimiter;
        }
      }
    }
  }
}

CONTRACT(readers_on_other_threads_see_a_state_that_was) {
  const BucketId bucket = make_bucket({});
  // Each group replaces two objects by two of one size: every state has equal sizes.
  std::atomic<bool> is_done{false};
  std::atomic<int> states{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      const auto mine = catalog().reader();
      std::uint64_t newest = 0;
      while (!is_done) {
        ASSERT_TRUE(mine->begin_snapshot());
        const auto lsn = mine->applied();
        const auto one = mine->current(bucket, "one");
        const auto two = mine->current(bucket, "two");
        mine->end_snapshot();
        ASSERT_TRUE(lsn && one && two);
        ASSERT_GE(lsn->value, newest);
        newest = lsn->value;
        ASSERT_EQ(one->has_value(), two->has_value());
        if (!one->has_value()) continue;
        ASSERT_EQ((*one)->version.size, (*two)->version.size);
        ASSERT_EQ((*one)->version.size, lsn->value);
        ++states;
      }
    });
  }
  for (int i = 0; i < 150 || (states < 20 && i < 3000); ++i) {
    std::vector<RowChange> changes;
    add(changes, bucket, "one", lsn_ + 1);
    add(changes, bucket, "two", lsn_ + 1);
    commit_one(changes);
    if (i % 50 == 49) {
      EXPECT_TRUE(catalog().checkpoint_wal());
    }
  }
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(states, 0);
}

}  // namespace

bool register_catalog_contract(const std::string& name,
                               const std::function<std::unique_ptr<CatalogUnderTest>()>& factory) {
  Registry::instance().add_subject(name, factory);
  return true;
}

}  // namespace atl::catalog
