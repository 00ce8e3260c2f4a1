// Power cuts at every write and sync, and damage to every part of the files: a catalog is whole at one LSN or says that
// it has to be made anew.
#include <gtest/gtest.h>

#include "catalog/testing/catalog_model.h"
#include "catalog/testing/test_catalog.h"

namespace atl::catalog {
namespace {

using journal::RowChange;
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::StopWhen;
using platform::TestMachine;

struct Acknowledged {
  Lsn applied;
  Lsn synced;
};

// Applies a history in small groups and some that outgrow the cache or are given up, with a checkpoint of the WAL now
// and then, and closes in the middle.
Acknowledged work(TestMachine& machine, const History& history) {
  const CatalogIdentity identity;
  CatalogOptions options = in_memory();
  options.cache_bytes = 16 * 1024;
  Acknowledged done;
  if (!machine.files.create_directory("/vault") || !machine.files.sync_directory("/")) return done;
  auto made = identity.create(machine.machine(), "/vault", options);
  if (!made) return done;
  std::unique_ptr<Catalog> catalog = std::move(*made);
  std::uint64_t lsn = 0;
  int groups = 0;
  while (lsn < history.commands.size()) {
    if (!catalog->begin_group()) return done;
    for (int i = 0; i < (groups % 3 == 0 ? 8 : 1) && lsn < history.commands.size(); ++i) {
      ++lsn;
      if (!catalog->apply({lsn}, {static_cast<std::int64_t>(lsn)}, history.commands[lsn - 1])) return done;
    }
    if (!catalog->commit_group()) return done;
    done.applied = catalog->applied();
    ++groups;
    if (groups % 4 == 0 && lsn < history.commands.size()) {
      // Written out in part, then given up: frames behind the end of the WAL, that the next commits write over.
      if (!catalog->begin_group()) return done;
      for (std::uint64_t i = lsn; i < history.commands.size(); ++i) {
        if (!catalog->apply({i + 1}, {1}, history.commands[i])) return done;
      }
      catalog->roll_back_group();
    }
    if (groups % 4 == 0) ignore_error_on_purpose(catalog->checkpoint_wal());
    done.synced = std::max(done.synced, catalog->synced());
    if (groups == 6) {
      catalog.reset();
      auto again = identity.open(machine.machine(), "/vault", options);
      if (!again) return done;
      catalog = std::move(*again);
      done.synced = std::max(done.synced, catalog->synced());
    }
  }
  return done;
}

// What a reboot finds is one state of the history, not older than what was synced, and goes on from there.
void expect_one_state(std::unique_ptr<MemoryFileSystem> disk, const History& history, const Acknowledged& done,
                      std::uint64_t lsn_max, int& opened_count) {
  TestMachine machine(std::move(disk));
  const CatalogIdentity identity;
  auto opened = identity.open(machine.machine(), "/vault", in_memory());
  if (!opened) {
    ASSERT_EQ(opened.error().id, "catalog.needs_rebuild") << opened.error().message;
    // A crash alone never makes a finished catalog unusable.
    ASSERT_EQ(done.applied, Lsn{0}) << opened.error().message;
    return;
  }
  ++opened_count;
  Catalog& catalog = **opened;
  ASSERT_GE(catalog.applied(), done.synced);
  ASSERT_LE(catalog.applied().value, lsn_max);
  const CatalogModel& state = history.states.at(catalog.applied().value);
  const auto rows = all_rows(*catalog.reader());
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_TRUE(*rows == state.rows()) << "not the state at LSN " << catalog.applied().value;
  ASSERT_EQ(catalog.reader()->totals().value(), state.totals());
  // The journal goes on from there.
  for (std::uint64_t lsn = catalog.applied().value + 1; lsn <= history.commands.size(); ++lsn) {
    ASSERT_TRUE(catalog.begin_group());
    ASSERT_TRUE(catalog.apply({lsn}, {1}, history.commands[lsn - 1]));
    const auto committed = catalog.commit_group();
    ASSERT_TRUE(committed) << committed.error().message;
  }
  ASSERT_TRUE(catalog.checkpoint_wal());
  ASSERT_TRUE(all_rows(*catalog.reader()).value() == history.states.back().rows());
}

TEST(CatalogCrash, at_any_point_it_is_whole_at_one_lsn) {
  const History history = history_of(11, 22, 60);
  std::uint64_t total = 0;
  {
    TestMachine machine;
    const Acknowledged done = work(machine, history);
    ASSERT_EQ(done.applied, Lsn{22});
    total = machine.files.points();
  }
  ASSERT_GT(total, 100U);
  int opened_count = 0;
  for (std::uint64_t point = 0; point <= total; ++point) {
    TestMachine machine;
    const auto when = static_cast<StopWhen>(point % 3);
    machine.files.stop_at(point, when);
    const Acknowledged done = work(machine, history);
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      const auto policy = static_cast<CrashPolicy>((point + seed) % 4);
      SCOPED_TRACE("point " + std::to_string(point) + " of " + std::to_string(total) + ", stop " +
                   std::to_string(point % 3) + ", policy " + std::to_string((point + seed) % 4) + ", seed " +
                   std::to_string(seed));
      // What was being committed when the power went may be there.
      expect_one_state(machine.files.after_crash(seed, policy), history, done, history.commands.size(), opened_count);
      if (HasFatalFailure()) return;
    }
    SCOPED_TRACE("killed at point " + std::to_string(point));
    Acknowledged all = done;
    all.synced = done.applied;  // a killed process loses nothing
    expect_one_state(machine.files.clone(), history, all, history.commands.size(), opened_count);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(opened_count, static_cast<int>(total));
}

TEST(CatalogCrash, the_test_itself_notices_a_sync_left_out) {
  // Without the syncs of the database a crash in the middle of a checkpoint mixes states: found by the mark or as
  // damage somewhere, or the harness above could not fail.
  const History history = history_of(11, 22, 60);
  int wrong = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TestMachine machine;
    machine.files.leave_out_sync("*catalog.sqlite");
    work(machine, history);
    TestMachine rebooted(machine.files.after_crash(seed, CrashPolicy::random));
    const CatalogIdentity identity;
    const auto opened = identity.open(rebooted.machine(), "/vault", in_memory());
    if (!opened) {
      ++wrong;
      continue;
    }
    const auto rows = all_rows(*(*opened)->reader());
    if (!rows || *rows != history.states.at((*opened)->applied().value).rows()) ++wrong;
  }
  EXPECT_GT(wrong, 0);
}

// So many objects that a command changes few of the pages: states can be mixed only where pages differ.
constexpr std::size_t kBulkCommands = 60;
constexpr std::size_t kCommands = 84;
History long_history() { return history_of(5, kCommands, 250); }

// Disks as a killed process leaves them: the WAL not copied, copied whole, copied in part under a reader, and gone on.
std::vector<std::unique_ptr<MemoryFileSystem>> disks(const History& history, codec::SealSuite suite) {
  std::vector<std::unique_ptr<MemoryFileSystem>> all;
  TestMachine machine;
  CatalogIdentity identity;
  identity.suite = suite;
  EXPECT_TRUE(machine.files.create_directory("/vault"));
  const auto catalog = identity.create(machine.machine(), "/vault", in_memory()).value();
  std::uint64_t lsn = 0;
  const auto go_on = [&](std::uint64_t commands) {
    for (const std::uint64_t to = lsn + commands; lsn < to;) {
      ++lsn;
      EXPECT_TRUE(catalog->begin_group());
      EXPECT_TRUE(catalog->apply({lsn}, {1}, history.commands[lsn - 1]));
      EXPECT_TRUE(catalog->commit_group());
    }
  };
  go_on(kBulkCommands);
  EXPECT_TRUE(catalog->checkpoint_wal());
  go_on(8);
  all.push_back(machine.files.clone());
  EXPECT_TRUE(catalog->checkpoint_wal());
  EXPECT_EQ(catalog->synced().value, lsn);
  all.push_back(machine.files.clone());
  go_on(4);
  const auto reader = catalog->reader();
  EXPECT_TRUE(reader->begin_snapshot());
  go_on(8);
  EXPECT_TRUE(catalog->checkpoint_wal());
  EXPECT_LT(catalog->synced().value, lsn);
  all.push_back(machine.files.clone());
  go_on(4);
  all.push_back(machine.files.clone());
  reader->end_snapshot();
  return all;
}

// Answers are those of some state of the history, whole, or there are none.
void expect_right_or_refused(std::unique_ptr<MemoryFileSystem> disk, const History& history, codec::SealSuite suite,
                             int& refused, int& right) {
  TestMachine machine(std::move(disk));
  CatalogIdentity identity;
  identity.suite = suite;
  const auto opened = identity.open(machine.machine(), "/vault", in_memory());
  if (!opened) {
    ASSERT_EQ(opened.error().id, "catalog.needs_rebuild") << opened.error().message;
    ++refused;
    return;
  }
  const auto rows = all_rows(*(*opened)->reader());
  if (!rows) {
    ASSERT_EQ(rows.error().kind, ErrorKind::damaged) << rows.error().message;
    ASSERT_EQ(rows.error().id, "catalog.damaged") << rows.error().message;
    ++refused;
    return;
  }
  ASSERT_TRUE(*rows == history.states.at((*opened)->applied().value).rows())
      << "wrong rows at " << (*opened)->applied().value;
  const auto totals = (*opened)->reader()->totals();
  if (totals) {
    ASSERT_EQ(*totals, history.states.at((*opened)->applied().value).totals());
  }
  ++right;
}

void damage_everywhere(codec::SealSuite suite, std::uint64_t step) {
  const History history = long_history();
  const auto all = disks(history, suite);
  int refused = 0;
  int right = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::string path : {"/vault/catalog.sqlite", "/vault/catalog.sqlite-wal"}) {
      const std::uint64_t size = all[i]->content(path).size();
      ASSERT_GT(size, 0U);
      // Each kind of byte: the heads, the marks, every frame's header; and others by steps.
      for (std::uint64_t at = 0; at < size; ++at) {
        const bool is_head =
            at < 112 ? at % 7 == 0 : path.ends_with("sqlite") && at >= 512 && at < 1100 && at % 32 == 0;
        const std::uint64_t in_frame = at >= 32 ? (at - 32) % 4120 : 0;
        const bool is_frame_head = path.ends_with("-wal") && in_frame == (at / 4120) % 28 && (at / 4120) % 9 == 0;
        if (!is_head && !is_frame_head && at % step != 0 && at + 1 != size) continue;
        SCOPED_TRACE("disk " + std::to_string(i) + ", " + path + " byte " + std::to_string(at) + " of " +
                     std::to_string(size));
        auto disk = all[i]->clone();
        disk->flip_bits(path, at, static_cast<std::uint8_t>(1U << (at % 8)));
        expect_right_or_refused(std::move(disk), history, suite, refused, right);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(refused, 20);
  EXPECT_GT(right, 5);
}

TEST(CatalogDamage, a_flipped_bit_gives_an_error_or_right_answers) {
  damage_everywhere(codec::SealSuite::aes256gcm, 16411);
}
TEST(CatalogDamage, a_flipped_bit_is_found_without_encryption_too) { damage_everywhere(codec::SealSuite::none, 65537); }

TEST(CatalogDamage, files_cut_swapped_or_lost_give_an_error_or_right_answers) {
  const History history = long_history();
  const auto suite = codec::SealSuite::aes256gcm;
  const auto all = disks(history, suite);
  const std::string database = "/vault/catalog.sqlite";
  const std::string wal = database + "-wal";
  int refused = 0;
  int right = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto check = [&](const std::string& what, std::unique_ptr<MemoryFileSystem> disk) {
      SCOPED_TRACE("disk " + std::to_string(i) + ", " + what);
      expect_right_or_refused(std::move(disk), history, suite, refused, right);
    };
    for (const std::string& path : {database, wal}) {
      const std::uint64_t size = all[i]->content(path).size();
      for (std::uint64_t to = 0; to < size; to += 4120 * 7 + 11) {
        auto disk = all[i]->clone();
        disk->cut(path, to);
        check(path + " cut to " + std::to_string(to), std::move(disk));
      }
      for (std::uint64_t from = 0; from + 512 <= size; from += 15872) {
        auto disk = all[i]->clone();
        disk->zero(path, from, 512);
        check(path + " zeroed at " + std::to_string(from), std::move(disk));
      }
      auto disk = all[i]->clone();
      disk->erase(path);
      check(path + " lost", std::move(disk));
    }
    // Two pages, two frames in each other's place.
    const Bytes pages = all[i]->content(database);
    for (std::uint64_t page = 2; 4096 * (page + 1) <= pages.size(); page += 9) {
      auto disk = all[i]->clone();
      disk->overwrite(database, 4096 * page, ByteView(pages).subspan(4096, 4096));
      check("page 1 in place of page " + std::to_string(page), std::move(disk));
    }
    const Bytes frames = all[i]->content(wal);
    for (std::uint64_t at = 32 + 4120; at + 4120 <= frames.size(); at += 4120 * 16) {
      auto disk = all[i]->clone();
      disk->overwrite(wal, at, ByteView(frames).subspan(32, 4120));
      check("the first frame at " + std::to_string(at), std::move(disk));
    }
    // The WAL or the database of another moment.
    for (std::size_t other = 0; other < all.size(); ++other) {
      auto disk = all[i]->clone();
      disk->set_content(wal, all[other]->content(wal));
      check("the WAL of disk " + std::to_string(other), std::move(disk));
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(refused, 20);
  EXPECT_GT(right, 5);
}

TEST(CatalogDamage, a_frame_of_an_older_wal_is_not_taken_for_a_new_one) {
  // What a disk does that lost a write and kept what stood there: seal and place are right, the time is not.
  TestMachine machine;
  const CatalogIdentity identity;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  CatalogOptions options = in_memory();
  options.reader_cache_bytes = 16 * 1024;
  const auto catalog = identity.create(machine.machine(), "/vault", options).value();
  const History history = history_of(9, 40, 400);
  std::uint64_t lsn = 0;
  const auto go_on = [&](std::uint64_t commands) {
    for (const std::uint64_t to = lsn + commands; lsn < to;) {
      ++lsn;
      ASSERT_TRUE(catalog->begin_group());
      ASSERT_TRUE(catalog->apply({lsn}, {1}, history.commands[lsn - 1]));
      ASSERT_TRUE(catalog->commit_group());
    }
  };
  const std::string wal = "/vault/catalog.sqlite-wal";
  go_on(20);
  ASSERT_TRUE(catalog->checkpoint_wal());
  const Bytes before = machine.files.content(wal);
  go_on(20);
  const Bytes now = machine.files.content(wal);
  const auto reader = catalog->reader();
  ASSERT_TRUE(reader->applied());
  int refused = 0;
  for (std::uint64_t at = 32; at + 4120 <= std::min(before.size(), now.size()); at += 4120) {
    SCOPED_TRACE("frame at " + std::to_string(at));
    machine.files.overwrite(wal, at, ByteView(before).subspan(at, 4120));
    const auto rows = all_rows(*catalog->reader());
    if (rows) {
      ASSERT_TRUE(*rows == history.states[lsn].rows());
    } else {
      ASSERT_EQ(rows.error().id, "catalog.damaged");
      ++refused;
    }
    machine.files.overwrite(wal, at, ByteView(now).subspan(at, 4120));
  }
  EXPECT_GT(refused, 3);
}

}  // namespace
}  // namespace atl::catalog
