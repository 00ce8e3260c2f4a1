// What the contract does not say: SQLite's files, their sealing, other keys and histories, other processes. Crashes and
// damage: catalog_crash_test.cc.
#include "catalog/catalog.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "catalog/s3_rows.h"
#include "catalog/testing/catalog_contract.h"
#include "catalog/testing/catalog_model.h"
#include "catalog/testing/test_catalog.h"

namespace atl::catalog {
namespace {

using journal::RowChange;
using journal::TableNumber;

class MemoryUnderTest final : public CatalogUnderTest {
 public:
  explicit MemoryUnderTest(codec::SealSuite suite) {
    identity_.suite = suite;
    EXPECT_TRUE(machine_.files.create_directory("/vault"));
  }
  Result<std::unique_ptr<Catalog>> open() override {
    CatalogOptions options = in_memory();
    options.cache_bytes = 256 * 1024;  // less than the larger groups need: pages are written before the commit
    const bool is_first = !std::exchange(is_made_, true);
    return is_first ? identity_.create(machine_.machine(), "/vault", options)
                    : identity_.open(machine_.machine(), "/vault", options);
  }

 private:
  platform::TestMachine machine_;
  CatalogIdentity identity_;
  bool is_made_ = false;
};

class PosixUnderTest final : public CatalogUnderTest {
 public:
  Result<std::unique_ptr<Catalog>> open() override {
    const bool is_first = !std::exchange(is_made_, true);
    return is_first ? identity_.create(folder_.machine(), folder_.path())
                    : identity_.open(folder_.machine(), folder_.path());
  }

 private:
  TemporaryFolder folder_;
  CatalogIdentity identity_;
  bool is_made_ = false;
};

const bool kRegistered = [] {
  register_catalog_contract("Memory", [] { return std::make_unique<MemoryUnderTest>(codec::SealSuite::aes256gcm); });
  register_catalog_contract("MemoryUnsealed", [] { return std::make_unique<MemoryUnderTest>(codec::SealSuite::none); });
  register_catalog_contract("Posix", [] { return std::make_unique<PosixUnderTest>(); });
  return true;
}();

void commit(Catalog& catalog, std::uint64_t lsn, std::span<const RowChange> changes) {
  ASSERT_TRUE(catalog.begin_group());
  ASSERT_TRUE(catalog.apply({lsn}, {static_cast<std::int64_t>(lsn)}, changes));
  const auto committed = catalog.commit_group();
  ASSERT_TRUE(committed) << committed.error().message;
}

std::vector<RowChange> object(const std::string& key, std::uint64_t number, BucketId bucket) {
  VersionRow version;
  store_le(version.version.bytes.data(), number);
  version.object.bytes = version.version.bytes;
  version.bucket = bucket;
  version.size = number;
  version.metadata["title"] = "SecretTitle" + key;
  EntryRow entry;
  entry.bucket = bucket;
  entry.key = key;
  entry.object = version.object;
  entry.version = version.version;
  return {{TableNumber::versions, key_of(version), encode(version)},
          {TableNumber::entries, key_of(entry), encode(entry)}};
}

BucketId test_bucket() {
  BucketId id;
  id.bytes.fill(0x33);
  return id;
}

bool contains(ByteView in, std::string_view text) { return as_text(in).find(text) != std::string_view::npos; }

// Fills a catalog over two generations of its WAL and leaves its files as a killed process would.
std::unique_ptr<platform::MemoryFileSystem> used_files(codec::SealSuite suite) {
  platform::TestMachine machine;
  CatalogIdentity identity;
  identity.suite = suite;
  EXPECT_TRUE(machine.files.create_directory("/vault"));
  const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  std::uint64_t lsn = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30; ++i) {
      ++lsn;
      commit(*catalog, lsn, object("secret-name-" + std::to_string(lsn), lsn, test_bucket()));
    }
    if (round < 2) {
      EXPECT_TRUE(catalog->checkpoint_wal());
    }
  }
  return machine.files.clone();
}

TEST(Catalog, nothing_readable_is_on_disk) {
  const auto files = used_files(codec::SealSuite::aes256gcm);
  const auto clear = used_files(codec::SealSuite::none);
  Bytes object_id(16, 0);
  object_id[0] = 5;
  for (const std::string path : {"/vault/catalog.sqlite", "/vault/catalog.sqlite-wal"}) {
    const Bytes sealed = files->content(path);
    const Bytes open = clear->content(path);
    ASSERT_GT(sealed.size(), 8192U) << path;
    for (const std::string_view text : {"secret-name", "SecretTitle", "title", "entries", "WITHOUT ROWID"}) {
      EXPECT_FALSE(contains(sealed, text)) << path << " shows " << text;
      // The search itself finds what is there.
      if (text == "secret-name" || text == "SecretTitle") {
        EXPECT_TRUE(contains(open, text)) << path;
      }
    }
    EXPECT_FALSE(contains(sealed, "CREATE TABLE"));
    EXPECT_FALSE(contains(sealed, "SQLite format 3"));
    EXPECT_FALSE(contains(sealed, as_text(object_id)));
  }
  EXPECT_TRUE(contains(clear->content("/vault/catalog.sqlite"), "CREATE TABLE"));
  EXPECT_TRUE(contains(files->content("/vault/catalog.sqlite"), "ATLCATLG"));
}

// Long enough runs of removed keys that a list leaves the table for the index of what is there; and then goes on, page
// by page, in every shape that a list has.
TEST(Catalog, lists_are_right_across_great_many_removed_keys) {
  platform::TestMachine machine;
  CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  std::vector<std::string> there;
  std::vector<RowChange> changes;
  std::uint64_t lsn = 0;
  for (std::uint64_t number = 0; number < 30'000; ++number) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%02u/%05u", static_cast<unsigned>(number / 1000),
                  static_cast<unsigned>(number));
    auto rows = object(text.data(), number + 1, test_bucket());
    // Folders 0 to 9 are gone but for one key; of 20 to 27 every key; elsewhere one in seven is.
    const std::uint64_t folder = number / 1000;
    const bool is_gone = folder < 10 ? number != 4'321 : (folder >= 20 && folder < 28) || number % 7 == 0;
    if (is_gone) {
      auto entry = decode_entry(rows[1].key, *rows[1].row).value();
      entry.is_deleted = true;
      rows[1].row = encode(entry);
    } else {
      there.emplace_back(text.data());
    }
    changes.insert(changes.end(), rows.begin(), rows.end());
    if (changes.size() >= 4'000) {
      commit(*catalog, ++lsn, changes);
      changes.clear();
    }
  }
  commit(*catalog, ++lsn, changes);
  const auto reader = catalog->reader();
  for (const std::string prefix : {"", "0", "2", "04/", "21/", "28/"}) {
    for (const std::string delimiter : {"", "/"}) {
      for (const std::size_t limit : {1U, 50U, 1'000U, 100'000U}) {
        if (limit == 1 && delimiter.empty() && prefix != "0") continue;  // page by page takes its time
        std::vector<std::string> expected;
        for (const std::string& key : there) {
          if (!key.starts_with(prefix)) continue;
          const std::size_t at = delimiter.empty() ? key.npos : key.find('/', prefix.size());
          const std::string shown = at == key.npos ? key : key.substr(0, at + 1);
          if (expected.empty() || expected.back() != shown) expected.push_back(shown);
        }
        std::vector<std::string> listed;
        ListQuery query;
        query.bucket = test_bucket();
        query.prefix = prefix;
        query.delimiter = delimiter;
        query.limit = limit;
        for (;;) {
          const auto page = reader->list(query);
          ASSERT_TRUE(page) << page.error().message;
          ASSERT_LE(page->items.size() + page->common_prefixes.size(), limit);
          for (const Listed& one : page->items) listed.push_back(one.entry.key);
          listed.insert(listed.end(), page->common_prefixes.begin(), page->common_prefixes.end());
          if (!page->has_more) break;
          query.after = page->next_after;
        }
        ASSERT_EQ(listed, expected) << "prefix " << prefix << " delimiter " << delimiter << " limit " << limit;
      }
    }
  }
}

TEST(Catalog, the_same_rows_never_give_the_same_bytes_of_a_frame_header) {
  // SQLite's checksum of a clear page may not stand beside the sealed one: equal databases under two salts and one key
  // differ in every frame from the checksum on.
  const auto clear = used_files(codec::SealSuite::none);
  const auto files = used_files(codec::SealSuite::aes256gcm);
  const Bytes sealed = files->content("/vault/catalog.sqlite-wal");
  const Bytes open = clear->content("/vault/catalog.sqlite-wal");
  ASSERT_EQ(sealed.size(), open.size());
  for (std::size_t frame = 32; frame + 4120 <= sealed.size(); frame += 4120) {
    EXPECT_TRUE(
        equal(ByteView(sealed).subspan(frame, 8), ByteView(open).subspan(frame, 8)));  // page number, commit size
    EXPECT_FALSE(equal(ByteView(sealed).subspan(frame + 16, 8), ByteView(open).subspan(frame + 16, 8)));
  }
}

TEST(Catalog, asks_for_a_rebuild_where_it_is_not_the_one_wanted) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  const auto expect_rebuild = [&](const CatalogIdentity& wanted, ErrorKind kind) {
    const auto opened = wanted.open(machine.machine(), "/vault", in_memory());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id, "catalog.needs_rebuild") << opened.error().message;
    EXPECT_EQ(name_of(opened.error().kind), name_of(kind)) << opened.error().message;
    EXPECT_FALSE(opened.error().message.empty());
  };
  expect_rebuild(identity, ErrorKind::not_found);
  {
    const auto made = identity.create(machine.machine(), "/vault", in_memory());
    ASSERT_TRUE(made) << made.error().message;
    commit(**made, 1, object("a", 1, test_bucket()));
  }
  CatalogIdentity other = identity;
  other.key_byte = 8;
  expect_rebuild(other, ErrorKind::damaged);
  other = identity;
  other.suite = codec::SealSuite::none;
  expect_rebuild(other, ErrorKind::damaged);
  other = identity;
  other.vault.bytes[3] = 0;
  expect_rebuild(other, ErrorKind::damaged);
  other = identity;
  other.history.bytes[3] = 0;
  expect_rebuild(other, ErrorKind::damaged);
  ASSERT_TRUE(identity.open(machine.machine(), "/vault", in_memory()));

  // A format of the future.
  Bytes content = machine.files.content("/vault/catalog.sqlite");
  const Bytes good = content;
  content[8] = 9;
  machine.files.set_content("/vault/catalog.sqlite", content);
  expect_rebuild(identity, ErrorKind::damaged);  // its checksum is that of the past
  machine.files.set_content("/vault/catalog.sqlite", Bytes(100, 1));
  expect_rebuild(identity, ErrorKind::damaged);
  machine.files.set_content("/vault/catalog.sqlite", Bytes{});
  expect_rebuild(identity, ErrorKind::damaged);
  machine.files.set_content("/vault/catalog.sqlite", ByteView(good).first(4096));
  expect_rebuild(identity, ErrorKind::damaged);
  machine.files.set_content("/vault/catalog.sqlite", good);
  EXPECT_TRUE(identity.open(machine.machine(), "/vault", in_memory()));
}

TEST(Catalog, create_new_replaces_what_is_there_and_remove_takes_it_away) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  machine.files.set_content("/vault/catalog.sqlite", Bytes(5000, 1));
  machine.files.set_content("/vault/catalog.sqlite-wal", Bytes(5000, 1));
  {
    const auto made = identity.create(machine.machine(), "/vault", in_memory());
    ASSERT_TRUE(made) << made.error().message;
    commit(**made, 7, object("a", 1, test_bucket()));
  }
  {
    const auto made = identity.create(machine.machine(), "/vault", in_memory());
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->applied(), Lsn{0});
    EXPECT_EQ((*made)->pending().totals()->objects(), 0U);
  }
  ASSERT_TRUE(Catalog::remove(machine.files, "/vault"));
  EXPECT_TRUE(machine.files.list("/vault")->empty());
  ASSERT_TRUE(Catalog::remove(machine.files, "/vault"));
}

TEST(Catalog, a_clean_close_leaves_no_wal) {
  TemporaryFolder folder;
  const CatalogIdentity identity;
  {
    const auto catalog = identity.create(folder.machine(), folder.path()).value();
    commit(*catalog, 1, object("a", 1, test_bucket()));
  }
  const auto names = folder.machine().files.list(folder.path());
  ASSERT_TRUE(names);
  ASSERT_EQ(names->size(), 1U);
  EXPECT_EQ(names->front().name, "catalog.sqlite");
}

TEST(Catalog, the_wal_stays_bounded) {
  TemporaryFolder folder;
  const CatalogIdentity identity;
  CatalogOptions options;
  options.wal_checkpoint_bytes = 512 * 1024;
  options.wal_bytes_max = 2 * 1024 * 1024;
  const auto catalog = identity.create(folder.machine(), folder.path(), options).value();
  std::uint64_t lsn = 0;
  std::uint64_t wal_bytes_max = 0;
  for (int group = 0; group < 40; ++group) {
    std::vector<RowChange> changes;
    for (int i = 0; i < 200; ++i) {
      const auto one = object(std::to_string(lsn * 1000 + static_cast<std::uint64_t>(i)),
                              lsn * 1000 + static_cast<std::uint64_t>(i), test_bucket());
      changes.insert(changes.end(), one.begin(), one.end());
    }
    commit(*catalog, ++lsn, changes);
    const auto wal = folder.machine().files.stat(folder.path() + "/catalog.sqlite-wal");
    ASSERT_TRUE(wal && *wal);
    wal_bytes_max = std::max(wal_bytes_max, (*wal)->size);
  }
  EXPECT_LT(wal_bytes_max, 1024U * 1024);
  EXPECT_GT(catalog->synced(), Lsn{30});
  EXPECT_GT(catalog->seals(), 1000U);
}

TEST(Catalog, a_group_may_be_many_times_larger_than_the_cache) {
  // SQLite writes pages out before the commit then, changes them there, and renews the checksums of frames at the end.
  for (const std::uint64_t seed : {1U, 2U}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    platform::TestMachine machine(seed);
    const CatalogIdentity identity;
    ASSERT_TRUE(machine.files.create_directory("/vault"));
    CatalogOptions options = in_memory();
    options.cache_bytes = 16 * 1024;
    options.wal_checkpoint_bytes = seed == 1 ? 1 : 1 << 30;  // each group in a fresh WAL, or one behind the other
    auto catalog = identity.create(machine.machine(), "/vault", options).value();
    const auto reader = catalog->reader();
    const History history = history_of(seed, 560, 400);
    std::uint64_t lsn = 0;
    for (int group = 0; group < 8; ++group) {
      std::uint64_t to = lsn;
      ASSERT_TRUE(catalog->begin_group());
      for (int i = 0; i < 80; ++i) {
        ++to;
        const auto applied = catalog->apply({to}, {1}, history.commands[to - 1]);
        ASSERT_TRUE(applied) << applied.error().message;
      }
      EXPECT_TRUE(all_rows(catalog->pending()).value() == history.states[to].rows());
      EXPECT_TRUE(all_rows(*reader).value() == history.states[lsn].rows());
      if (group % 4 == 3) {
        catalog->roll_back_group();
      } else {
        const auto committed = catalog->commit_group();
        ASSERT_TRUE(committed) << committed.error().message;
        lsn = to;
      }
      const auto rows = all_rows(*reader);
      ASSERT_TRUE(rows) << rows.error().message;
      ASSERT_TRUE(*rows == history.states[lsn].rows());
      // As a killed process would leave it.
      platform::TestMachine killed(machine.files.clone());
      const auto again = identity.open(killed.machine(), "/vault", in_memory());
      ASSERT_TRUE(again) << again.error().message;
      ASSERT_EQ((*again)->applied(), Lsn{lsn});
      ASSERT_TRUE(all_rows(*(*again)->reader()).value() == history.states[lsn].rows());
    }
  }
}

TEST(Catalog, counts_seals_over_openings) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  std::uint64_t before = 0;
  {
    const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
    for (std::uint64_t lsn = 1; lsn < 50; ++lsn) commit(*catalog, lsn, object("a", lsn, test_bucket()));
    before = catalog->seals();
    EXPECT_FALSE(catalog->is_worn_out());
  }
  const auto catalog = identity.open(machine.machine(), "/vault", in_memory()).value();
  EXPECT_GT(catalog->seals(), 100U);
  EXPECT_GE(catalog->seals() + 20, before);  // what the last commit could not yet know
}

TEST(Catalog, a_full_device_fails_the_group_and_nothing_else) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  commit(*catalog, 1, object("a", 1, test_bucket()));
  machine.files.set_capacity_bytes(machine.files.used_bytes() + 8192);
  ASSERT_TRUE(catalog->begin_group());
  std::vector<RowChange> changes;
  for (std::uint64_t i = 10; i < 500; ++i) {
    const auto one = object(std::to_string(i), i, test_bucket());
    changes.insert(changes.end(), one.begin(), one.end());
  }
  ASSERT_TRUE(catalog->apply({2}, {2}, changes));
  const auto committed = catalog->commit_group();
  ASSERT_FALSE(committed);
  EXPECT_EQ(name_of(committed.error().kind), name_of(ErrorKind::no_space)) << committed.error().message;
  catalog->roll_back_group();
  EXPECT_EQ(catalog->applied(), Lsn{1});
  EXPECT_EQ(catalog->reader()->totals()->objects(), 1U);
  machine.files.set_capacity_bytes(UINT64_MAX);
  commit(*catalog, 2, changes);
  EXPECT_EQ(catalog->reader()->totals()->objects(), 491U);
}

TEST(Catalog, writes_nothing_after_a_failed_sync_until_it_is_opened_again) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  commit(*catalog, 1, object("a", 1, test_bucket()));
  machine.files.fail_next(platform::Operation::sync, "*catalog.sqlite-wal");
  EXPECT_FALSE(catalog->checkpoint_wal());
  EXPECT_LT(catalog->synced(), Lsn{1});
  EXPECT_FALSE(catalog->checkpoint_wal());
  ASSERT_TRUE(catalog->begin_group());
  ASSERT_TRUE(catalog->apply({2}, {2}, object("b", 2, test_bucket())));
  EXPECT_FALSE(catalog->commit_group());
  catalog->roll_back_group();
  EXPECT_TRUE(catalog->reader()->entry(test_bucket(), "a")->has_value());  // reading goes on
  catalog.reset();
  catalog = identity.open(machine.machine(), "/vault", in_memory()).value();
  EXPECT_EQ(catalog->applied(), Lsn{1});
  commit(*catalog, 2, object("b", 2, test_bucket()));
}

TEST(Catalog, totals_are_instant_with_many_objects) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  std::vector<RowChange> changes;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const auto one = object(std::to_string(i), i, test_bucket());
    changes.insert(changes.end(), one.begin(), one.end());
  }
  commit(*catalog, 1, changes);
  const auto reader = catalog->reader();
  ASSERT_TRUE(reader->applied());
  std::uint64_t reads = 0;
  machine.files.fail_next(platform::Operation::read, "*catalog.sqlite*", ErrorKind::io, 1000, 30);
  // Thirty reads are enough, of about a thousand pages.
  const auto totals = reader->totals();
  machine.files.clear_faults();
  ASSERT_TRUE(totals) << totals.error().message << reads;
  EXPECT_EQ(totals->objects(), 5000U);
}

// Readers remember buckets and their settings; whoever was answered must never see what was before.
TEST(Catalog, a_reader_sees_changes_of_buckets_at_once) {
  platform::TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  BucketRow bucket;
  bucket.id = test_bucket();
  bucket.name = "bucket";
  const auto put_bucket = [&](std::int64_t created) {
    bucket.created.unix_us = created;
    return RowChange{TableNumber::buckets, key_of(bucket), encode(bucket)};
  };
  BucketSettingsRow settings;
  settings.bucket = bucket.id;
  const auto reader = catalog->reader();
  EXPECT_FALSE(reader->bucket_named("bucket").value()) << "absence is not remembered";
  const std::array first{put_bucket(1)};
  commit(*catalog, 1, first);
  EXPECT_EQ(reader->bucket_named("bucket").value()->created.unix_us, 1);
  EXPECT_FALSE(reader->one<BucketSettingsRow>(bucket.id.view()).value());
  commit(*catalog, 2, object("other", 2, bucket.id));
  EXPECT_EQ(reader->bucket_named("bucket").value()->created.unix_us, 1);

  // A snapshot that begins before a change and one that is rolled back show their own state.
  ASSERT_TRUE(reader->begin_snapshot());
  const std::array second{put_bucket(2), RowChange{TableNumber::bucket_settings, key_of(settings), encode(settings)}};
  commit(*catalog, 3, second);
  EXPECT_EQ(reader->bucket_named("bucket").value()->created.unix_us, 1);
  EXPECT_FALSE(reader->one<BucketSettingsRow>(bucket.id.view()).value());
  reader->end_snapshot();
  EXPECT_EQ(reader->bucket_named("bucket").value()->created.unix_us, 2);
  EXPECT_TRUE(reader->one<BucketSettingsRow>(bucket.id.view()).value());
  ASSERT_TRUE(catalog->begin_group());
  const std::array third{put_bucket(3)};
  ASSERT_TRUE(catalog->apply({4}, {4}, third));
  EXPECT_EQ(catalog->pending().bucket_named("bucket").value()->created.unix_us, 3);
  EXPECT_EQ(reader->bucket_named("bucket").value()->created.unix_us, 2);
  catalog->roll_back_group();
  EXPECT_EQ(catalog->pending().bucket_named("bucket").value()->created.unix_us, 2);
  EXPECT_EQ(reader->bucket_named("bucket").value()->created.unix_us, 2);
  const std::array gone{RowChange{TableNumber::bucket_settings, key_of(settings), std::nullopt},
                        RowChange{TableNumber::buckets, key_of(bucket), std::nullopt}};
  commit(*catalog, 4, gone);
  EXPECT_FALSE(reader->bucket_named("bucket").value());
  EXPECT_FALSE(reader->one<BucketSettingsRow>(bucket.id.view()).value());
}

// Several processes on the real machine.

TEST(Catalog, another_process_reads_beside_the_writer) {
  TemporaryFolder folder;
  const CatalogIdentity identity;
  const auto catalog = identity.create(folder.machine(), folder.path()).value();
  commit(*catalog, 1, object("a", 1, test_bucket()));
  const pid_t child = fork();
  if (child == 0) {
    CatalogOptions options;
    options.writable = false;
    // Checks by exit code: GoogleTest's own reports belong to the parent.
    platform::PosixMachine posix;
    const auto mine = identity.open(posix.machine(), folder.path(), options);
    if (!mine) _exit(1);
    const auto reader = (*mine)->reader();
    // Waits for what the parent commits meanwhile.
    for (int i = 0; i < 2000; ++i) {
      const auto lsn = reader->applied();
      if (!lsn) _exit(2);
      const auto found = reader->entry(test_bucket(), "b");
      if (!found) _exit(3);
      if (lsn->value >= 2) {
        const auto again = reader->entry(test_bucket(), "b");
        _exit(again && again->has_value() ? 0 : 4);
      }
      usleep(5000);
    }
    _exit(5);
  }
  ASSERT_GT(child, 0);
  usleep(50'000);
  commit(*catalog, 2, object("b", 2, test_bucket()));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  commit(*catalog, 3, object("c", 3, test_bucket()));
}

TEST(Catalog, a_killed_writer_leaves_everything_it_committed) {
  TemporaryFolder folder;
  const CatalogIdentity identity;
  const pid_t child = fork();
  if (child == 0) {
    platform::PosixMachine posix;
    const auto catalog = identity.create(posix.machine(), folder.path());
    if (!catalog) _exit(1);
    for (std::uint64_t lsn = 1; lsn <= 200; ++lsn) {
      if (!(*catalog)->begin_group() ||
          !(*catalog)->apply({lsn}, {1}, object(std::to_string(lsn), lsn, test_bucket())) ||
          !(*catalog)->commit_group()) {
        _exit(2);
      }
      if (lsn == 100 && !(*catalog)->checkpoint_wal()) _exit(3);
    }
    if (!(*catalog)->begin_group() || !(*catalog)->apply({201}, {1}, object("never", 999, test_bucket()))) _exit(4);
    _exit(0);  // no destructor runs: as if killed
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  {
    CatalogOptions options;
    options.writable = false;
    const auto reading = identity.open(folder.machine(), folder.path(), options);
    ASSERT_TRUE(reading) << reading.error().message;
    EXPECT_EQ((*reading)->applied(), Lsn{200});
    EXPECT_EQ((*reading)->reader()->totals()->objects(), 200U);
  }
  const auto catalog = identity.open(folder.machine(), folder.path());
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ((*catalog)->applied(), Lsn{200});
  EXPECT_GE((*catalog)->synced(), Lsn{0});
  EXPECT_FALSE((*catalog)->reader()->entry(test_bucket(), "never")->has_value());
  ASSERT_TRUE((*catalog)->checkpoint_wal());
  EXPECT_EQ((*catalog)->synced(), Lsn{200});
}

TEST(Catalog, two_objects_in_one_process_share_a_catalog) {
  TemporaryFolder folder;
  const CatalogIdentity identity;
  const auto writer = identity.create(folder.machine(), folder.path()).value();
  commit(*writer, 1, object("a", 1, test_bucket()));
  CatalogOptions options;
  options.writable = false;
  const auto other = identity.open(folder.machine(), folder.path(), options).value();
  const auto reader = other->reader();
  EXPECT_EQ(reader->totals()->objects(), 1U);
  // Long enough that the WAL is begun anew under the reader.
  for (std::uint64_t lsn = 2; lsn < 60; ++lsn) {
    commit(*writer, lsn, object(std::to_string(lsn), lsn, test_bucket()));
    if (lsn % 10 == 0) {
      ASSERT_TRUE(writer->checkpoint_wal());
    }
    EXPECT_EQ(reader->applied().value(), Lsn{lsn});
    EXPECT_EQ(reader->totals()->objects(), lsn);
  }
}

TEST(Catalog, the_files_are_for_their_owner_alone) {
  TemporaryFolder folder;
  const CatalogIdentity identity;
  const auto catalog = identity.create(folder.machine(), folder.path()).value();
  commit(*catalog, 1, object("a", 1, test_bucket()));
  for (const char* const name : {"/catalog.sqlite", "/catalog.sqlite-wal", "/catalog.sqlite-shm"}) {
    EXPECT_EQ(access((folder.path() + name).c_str(), F_OK), 0) << name;
    const std::string command = "test \"$(stat -c %a '" + folder.path() + name + "')\" = 600";
    EXPECT_EQ(std::system(command.c_str()), 0) << name;
  }
}

}  // namespace
}  // namespace atl::catalog
