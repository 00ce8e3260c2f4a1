// What a power cut leaves on the twin, case by case and for random work; and that a store which forgets a sync is
// caught.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "foundation/base/units.h"
#include "foundation/platform/testing/memory_file_system.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

constexpr std::uint64_t kSeeds = 200;

std::unique_ptr<File> open(FileSystem& files, const std::string& path, OpenMode mode = OpenMode::create_or_open) {
  return files.open(path, mode).value();
}

std::string text(const MemoryFileSystem& files, const std::string& path) {
  return files.exists(path) ? to_string(files.content(path)) : "(missing)";
}

// All outcomes of many random crashes.
template <class Look>
auto outcomes(const MemoryFileSystem& files, Look look, CrashPolicy policy = CrashPolicy::random) {
  std::set<decltype(look(files))> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) seen.insert(look(*files.after_crash(seed, policy)));
  return seen;
}

using Texts = std::set<std::string>;

// ---- bytes

TEST(MemoryCrashTest, AnUnsyncedWriteIsLostKeptOrInBetween) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("old"));
  ASSERT_TRUE(open(files, "/a")->write_at(0, as_bytes("new")));
  EXPECT_EQ(text(*files.after_crash(1, CrashPolicy::drop_all), "/a"), "old");
  EXPECT_EQ(text(*files.after_crash(1, CrashPolicy::keep_all), "/a"), "new");
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), (Texts{"new", "old"}));
  EXPECT_EQ(text(files, "/a"), "new");  // the crashed one is untouched
}

TEST(MemoryCrashTest, ALargeWriteIsTornBetweenSectorsAndNeverInsideOne) {
  MemoryFileSystem files;
  files.set_content("/a", Bytes(16 * 512, 'o'));
  ASSERT_TRUE(open(files, "/a")->write_at(0, Bytes(16 * 512, 'n')));
  std::size_t torn = 0;
  std::set<Bytes> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto content = files.after_crash(seed, CrashPolicy::random)->content("/a");
    ASSERT_EQ(content.size(), 16U * 512);
    std::size_t fresh = 0;
    for (std::size_t sector = 0; sector < 16; ++sector) {
      const auto bytes = ByteView(content).subspan(sector * 512, 512);
      ASSERT_TRUE(equal(bytes, Bytes(512, 'n')) || equal(bytes, Bytes(512, 'o'))) << "sector " << sector;
      fresh += bytes[0] == 'n' ? 1 : 0;
    }
    torn += fresh != 0 && fresh != 16 ? 1 : 0;
    seen.insert(content);
  }
  EXPECT_GT(torn, kSeeds / 10);
  EXPECT_GT(seen.size(), 10U);
}

TEST(MemoryCrashTest, ALaterWriteMaySurviveAnEarlierOne) {
  MemoryFileSystem files;
  files.set_content("/a", Bytes(2 * 512, '.'));
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("1")));
  ASSERT_TRUE(file->write_at(512, as_bytes("2")));
  const auto seen = outcomes(files, [](const auto& disk) {
    const auto content = disk.content("/a");
    return std::string{static_cast<char>(content[0]), static_cast<char>(content[512])};
  });
  EXPECT_EQ(seen, (Texts{"..", ".2", "1.", "12"}));
}

TEST(MemoryCrashTest, AGrowingWriteMayLeaveZerosInItsPlace) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("x"));
  ASSERT_TRUE(open(files, "/a")->write_at(1, as_bytes("yz")));
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }),
            (Texts{"x", std::string("x\0\0", 3), "xyz"}));
}

TEST(MemoryCrashTest, SyncedBytesSurviveWhateverComesLater) {
  MemoryFileSystem files;
  files.set_content("/a", {});
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, Bytes(70'000, 's')));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->write_at(70'000, Bytes(70'000, 'u')));
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto content = files.after_crash(seed, CrashPolicy::random)->content("/a");
    ASSERT_GE(content.size(), 70'000U);
    ASSERT_TRUE(equal(ByteView(content).first(70'000), Bytes(70'000, 's'))) << "seed " << seed;
  }
}

TEST(MemoryCrashTest, AnUnsyncedCutMayOrMayNotHaveHappened) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("long"));
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->set_size(1));
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), (Texts{"l", "long"}));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), Texts{"l"});
  // Cut, grown again and synced: what was cut off must not come back.
  ASSERT_TRUE(file->write_at(0, as_bytes("again")));
  ASSERT_TRUE(file->set_size(1));
  ASSERT_TRUE(file->set_size(3));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), (Texts{std::string("a\0\0", 3)}));
}

TEST(MemoryCrashTest, GarbageAppearsOnlyWhereUnsyncedWritesWere) {
  MemoryFileSystem files;
  files.set_content("/a", Bytes(64 * 512, 'o'));
  ASSERT_TRUE(open(files, "/a")->write_at(16 * 512, Bytes(32 * 512, 'n')));
  bool any = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto content = files.after_crash(seed, CrashPolicy::random_with_garbage)->content("/a");
    ASSERT_EQ(content.size(), 64U * 512);
    ASSERT_TRUE(equal(ByteView(content).first(16 * 512), Bytes(16 * 512, 'o')));
    ASSERT_TRUE(equal(ByteView(content).last(16 * 512), Bytes(16 * 512, 'o')));
    any = any || std::any_of(content.begin(), content.end(), [](auto byte) { return byte != 'o' && byte != 'n'; });
  }
  EXPECT_TRUE(any);
}

// ---- names

TEST(MemoryCrashTest, SyncedBytesUnderAnUnsyncedNameAreLostWithIt) {
  MemoryFileSystem files;
  const auto file = open(files, "/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("x")));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(text(*files.after_crash(1, CrashPolicy::drop_all), "/a"), "(missing)");
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), (Texts{"(missing)", "x"}));
  ASSERT_TRUE(files.sync_directory("/"));
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), Texts{"x"});
}

TEST(MemoryCrashTest, ASyncedNameOfUnsyncedBytesMayBeEmpty) {
  MemoryFileSystem files;
  ASSERT_TRUE(open(files, "/a")->write_at(0, as_bytes("x")));
  ASSERT_TRUE(files.sync_directory("/"));
  EXPECT_EQ(text(*files.after_crash(1, CrashPolicy::drop_all), "/a"), "");
}

TEST(MemoryCrashTest, AnUnsyncedFolderIsLostWithAllThatWasSyncedInIt) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.create_directory("/d"));
  const auto file = open(files, "/d/a");
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(files.sync_directory("/d"));
  EXPECT_FALSE(files.after_crash(1, CrashPolicy::drop_all)->exists("/d"));
  ASSERT_TRUE(files.sync_directory("/"));
  EXPECT_TRUE(files.after_crash(1, CrashPolicy::drop_all)->exists("/d/a"));
}

TEST(MemoryCrashTest, ARemovedNameMayComeBack) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("x"));
  ASSERT_TRUE(files.remove_file("/a").value());
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), (Texts{"(missing)", "x"}));
  ASSERT_TRUE(files.sync_directory("/"));
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), Texts{"(missing)"});
}

TEST(MemoryCrashTest, AnUnsyncedRenameLeavesTheOldTheNewOrBothAndNeverNone) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("x"));
  ASSERT_TRUE(files.rename("/a", "/b"));
  const auto seen = outcomes(files, [](const auto& disk) {
    std::string names;
    for (const auto& path : disk.all_paths()) names += path + "=" + text(disk, path) + " ";
    return names;
  });
  EXPECT_EQ(seen, (Texts{"/a=x ", "/a=x /b=x ", "/b=x "}));
  ASSERT_TRUE(files.sync_directory("/"));
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return disk.all_paths(); }).size(), 1U);
}

TEST(MemoryCrashTest, RenameOverLeavesTheOldOrTheNewContent) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("old"));
  files.set_content("/a.new", as_bytes("new"));
  ASSERT_TRUE(files.rename("/a.new", "/a"));
  EXPECT_EQ(outcomes(files, [](const auto& disk) { return text(disk, "/a"); }), (Texts{"new", "old"}));
}

TEST(MemoryCrashTest, ARenameIntoAnotherFolderIsDurableWithEitherFolder) {
  for (const bool sync_source : {true, false}) {
    MemoryFileSystem files;
    files.set_content("/from/a", as_bytes("x"));
    files.set_content("/to/keep", {});
    ASSERT_TRUE(files.rename("/from/a", "/to/a"));
    ASSERT_TRUE(files.sync_directory(sync_source ? "/from" : "/to"));
    const auto seen = outcomes(files, [](const auto& disk) {
      return std::string(disk.exists("/from/a") ? "old" : "") + (disk.exists("/to/a") ? "new" : "");
    });
    EXPECT_EQ(seen, sync_source ? Texts{"new"} : (Texts{"new", "oldnew"}));
  }
}

TEST(MemoryCrashTest, ARenameIntoALostFolderLeavesTheFileWhereItWas) {
  MemoryFileSystem files;
  files.set_content("/a", as_bytes("x"));
  ASSERT_TRUE(files.create_directory("/d"));
  ASSERT_TRUE(files.create_directory("/d/e"));
  ASSERT_TRUE(files.rename("/a", "/d/e/a"));
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = files.after_crash(seed, CrashPolicy::random);
    EXPECT_TRUE(disk->exists("/a") || disk->exists("/d/e/a")) << "seed " << seed;
  }
  ASSERT_TRUE(files.sync_directory("/"));  // the old name is gone for good now, so the new one must hold
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_EQ(files.after_crash(seed, CrashPolicy::random)->all_paths(), std::vector<std::string>{"/d/e/a"});
  }
}

TEST(MemoryCrashTest, AMovedFolderIsInOnePlaceOnly) {
  MemoryFileSystem files;
  files.set_content("/d/a", as_bytes("x"));
  ASSERT_TRUE(files.rename("/d", "/e"));
  ASSERT_TRUE(files.rename("/e", "/f"));
  const auto seen = outcomes(files, [](const auto& disk) {
    const auto paths = disk.all_paths();
    return paths.size() == 1 ? paths[0] : "in " + std::to_string(paths.size()) + " places";
  });
  EXPECT_EQ(seen, (Texts{"/d/a", "/e/a", "/f/a"}));
}

// ---- reboots in general

TEST(MemoryCrashTest, AfterARebootEverythingIsDurableAndUnlocked) {
  MemoryFileSystem files;
  files.set_capacity_bytes(kMiB);
  const auto lock = files.lock("/l", LockMode::exclusive).value();
  ASSERT_TRUE(open(files, "/a")->write_at(0, as_bytes("x")));
  files.stop_at(3, StopWhen::before);
  files.fail_next(Operation::stat, "*", ErrorKind::io, 100);
  ASSERT_FALSE(files.sync_directory("/"));
  const auto once = files.after_crash(1, CrashPolicy::keep_all);
  const auto twice = once->after_crash(1, CrashPolicy::drop_all);
  EXPECT_EQ(twice->all_paths(), (std::vector<std::string>{"/a", "/l"}));
  EXPECT_EQ(text(*twice, "/a"), "x");
  EXPECT_TRUE(once->lock("/l", LockMode::exclusive));
  EXPECT_TRUE(once->stat("/"));
  EXPECT_FALSE(once->stopped());
  EXPECT_EQ(once->points(), 0U);
  EXPECT_EQ(once->space("/").value().total_bytes, kMiB);
}

TEST(MemoryCrashTest, ACloneKeepsWhatIsUnsyncedUnsyncedAndLivesItsOwnLife) {
  MemoryFileSystem files;
  files.set_content("/d/a", as_bytes("old"));
  const auto file = open(files, "/d/a");
  ASSERT_TRUE(file->write_at(0, as_bytes("new")));
  ASSERT_TRUE(files.rename("/d/a", "/d/b"));
  const auto lock = files.lock("/d/b", LockMode::exclusive);
  const auto copy = files.clone();
  EXPECT_TRUE(copy->lock("/d/b", LockMode::exclusive));  // the owner died
  EXPECT_EQ(text(*copy, "/d/b"), "new");
  EXPECT_EQ(text(*copy->after_crash(1, CrashPolicy::drop_all), "/d/a"), "old");
  ASSERT_TRUE(open(*copy, "/d/b")->write_at(0, as_bytes("own")));
  ASSERT_TRUE(open(*copy, "/d/b")->sync());
  ASSERT_TRUE(copy->sync_directory("/d"));
  EXPECT_EQ(text(*copy->after_crash(1, CrashPolicy::drop_all), "/d/b"), "own");
  EXPECT_EQ(text(files, "/d/b"), "new");
  EXPECT_EQ(text(*files.after_crash(1, CrashPolicy::drop_all), "/d/a"), "old");
}

TEST(MemoryCrashTest, ManyCrashesOfLargeSparseFilesAreCheap) {
  MemoryFileSystem files;
  const Bytes zeros(kMiB);
  for (int segment = 0; segment < 4; ++segment) {
    const auto file = open(files, "/segment" + std::to_string(segment));
    for (std::uint64_t at = 0; at < 64 * kMiB; at += kMiB) ASSERT_TRUE(file->write_at(at, zeros));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->write_at(4096, Bytes(4096, 1)));
  }
  ASSERT_TRUE(files.sync_directory("/"));
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto disk = files.after_crash(seed, CrashPolicy::random);
    ASSERT_TRUE(open(*disk, "/segment0")->write_at(0, Bytes(4096, 2)));
  }
}

// ---- random work: the model holds whatever happens

struct Work {
  explicit Work(std::uint64_t seed) : random(seed) {}
  SeededRandom random;
  std::vector<std::string> folders{"/", "/p", "/q", "/p/r", "/q/s"};
  std::vector<std::string> names{"a", "b", "c"};

  std::string path() { return join(folders[random.below(folders.size())], names[random.below(names.size())]); }

  void step(MemoryFileSystem& files) {
    switch (random.below(9)) {
      case 0: static_cast<void>(files.create_directory(folders[1 + random.below(folders.size() - 1)])); break;
      case 1: static_cast<void>(files.rename(path(), path())); break;
      case 2: static_cast<void>(files.remove_file(path())); break;
      case 3: static_cast<void>(files.sync_directory(folders[random.below(folders.size())])); break;
      case 4: static_cast<void>(files.remove_directory(folders[1 + random.below(folders.size() - 1)])); break;
      case 5: {
        const auto from = folders[1 + random.below(folders.size() - 1)];
        static_cast<void>(files.rename(from, folders[1 + random.below(folders.size() - 1)]));
        break;
      }
      default: {
        const auto opened = files.open(path(), OpenMode::create_or_open);
        if (!opened) break;
        const auto& file = *opened;
        if (random.one_in(8)) files.fail_next(Operation::sync, "*");
        if (random.one_in(4)) static_cast<void>(file->set_size(random.below(5000)));
        static_cast<void>(file->write_at(random.below(70'000), random.bytes(random.below(3000))));
        if (random.one_in(2)) static_cast<void>(file->sync());
        files.clear_faults();
      }
    }
  }
};

void sync_all_folders(MemoryFileSystem& files, const std::string& folder) {
  ASSERT_TRUE(files.sync_directory(folder));
  const auto entries = files.list(folder).value();
  for (const auto& entry : entries) {
    if (entry.kind == FileKind::directory) sync_all_folders(files, join(folder, entry.name));
  }
}

std::map<std::string, Bytes> everything(const MemoryFileSystem& files) {
  std::map<std::string, Bytes> all;
  for (const auto& path : files.all_paths()) all[path] = files.content(path);
  return all;
}

TEST(MemoryCrashRandomTest, KeepAllIsWhatProgramsSawAndTheSameSeedIsTheSameDisk) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    MemoryFileSystem files;
    Work work(seed);
    for (int i = 0; i < 80; ++i) {
      work.step(files);
      if (i % 10 != 0) continue;
      const auto seen = everything(files);
      ASSERT_EQ(everything(*files.after_crash(seed, CrashPolicy::keep_all)), seen);
      ASSERT_EQ(everything(*files.clone()), seen);
      for (const auto policy : {CrashPolicy::random, CrashPolicy::random_with_garbage, CrashPolicy::drop_all}) {
        const auto crashed = everything(*files.after_crash(seed, policy));
        ASSERT_EQ(everything(*files.after_crash(seed, policy)), crashed);
        ASSERT_EQ(everything(*files.clone()->after_crash(seed, policy)), crashed);
      }
    }
  }
}

TEST(MemoryCrashRandomTest, AfterSyncingEverythingEveryCrashKeepsEverything) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    MemoryFileSystem files;
    Work work(seed);
    for (int i = 0; i < 60; ++i) work.step(files);
    const auto seen = everything(files);
    for (const auto& path : files.all_paths()) {
      const auto file = open(files, path);
      // A sync alone does not help bytes that a failed one left behind; writing them again does.
      ASSERT_TRUE(file->set_size(seen.at(path).size() + 1));
      ASSERT_TRUE(file->set_size(seen.at(path).size()));
      ASSERT_TRUE(file->write_at(0, seen.at(path)));
      ASSERT_TRUE(file->sync());
    }
    sync_all_folders(files, "/");
    for (std::uint64_t crash = 0; crash < 10; ++crash) {
      ASSERT_EQ(everything(*files.after_crash(crash, CrashPolicy::random)), seen) << "crash " << crash;
    }
    ASSERT_EQ(everything(*files.after_crash(0, CrashPolicy::drop_all)), seen);
  }
}

TEST(MemoryCrashRandomTest, RenamesAloneNeverLoseADurableFile) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    MemoryFileSystem files;
    SeededRandom random(seed);
    constexpr int kFiles = 3;
    for (int i = 0; i < kFiles; ++i) files.set_content("/start/" + std::to_string(i), as_bytes(std::to_string(i)));
    for (int step = 0; step < 30; ++step) {
      if (random.one_in(3)) {
        static_cast<void>(files.create_directory("/" + std::string(1, static_cast<char>('a' + random.below(3)))));
      }
      const auto paths = files.all_paths();
      const auto& from = paths[random.below(paths.size())];
      const auto folder = random.one_in(4) ? "/start" : "/" + std::string(1, static_cast<char>('a' + random.below(3)));
      const auto to = join(folder, std::to_string(random.below(6)));
      if (!files.exists(to)) static_cast<void>(files.rename(from, to));
      if (random.one_in(4)) {
        static_cast<void>(files.remove_directory("/" + std::string(1, static_cast<char>('a' + random.below(3)))));
      }
      if (random.one_in(5)) {
        static_cast<void>(files.rename("/" + std::string(1, static_cast<char>('a' + random.below(3))),
                                       "/" + std::string(1, static_cast<char>('a' + random.below(3)))));
      }
      if (random.one_in(3)) {
        const auto synced = random.one_in(2)   ? "/" + std::string(1, static_cast<char>('a' + random.below(3)))
                            : random.one_in(2) ? "/start"
                                               : "/";
        static_cast<void>(files.sync_directory(synced));
      }
      const auto disk =
          files.after_crash(random.next(), random.one_in(3) ? CrashPolicy::drop_all : CrashPolicy::random);
      std::set<std::string> found;
      for (const auto& path : disk->all_paths()) found.insert(to_string(disk->content(path)));
      ASSERT_EQ(found.size(), static_cast<std::size_t>(kFiles)) << "step " << step;
    }
  }
}

// ---- a little store, to show that the twin finds the bug of a forgotten sync

// Keeps one value in "/s/value"; says which values it acknowledged.
std::vector<int> run_store(FileSystem& files) {
  std::vector<int> acknowledged;
  if (!create_directories(files, "/s")) return acknowledged;
  for (int value = 1; value <= 4; ++value) {
    const std::string content(1500, static_cast<char>('0' + value));
    if (!replace_whole(files, "/s/value", as_bytes(content))) return acknowledged;
    acknowledged.push_back(value);
  }
  return acknowledged;
}

// "" where the disk shows the last acknowledged value or the one after it, whole.
std::string fault_of(const MemoryFileSystem& disk, const std::vector<int>& acknowledged) {
  const int last = acknowledged.empty() ? 0 : acknowledged.back();
  if (!disk.exists("/s/value")) return last == 0 ? "" : "lost";
  const auto content = to_string(disk.content("/s/value"));
  for (const int value : {last, last + 1}) {
    if (value > 0 && content == std::string(1500, static_cast<char>('0' + value))) return "";
  }
  return "torn or old";
}

template <class Prepare>
std::set<std::string> faults_of_store(Prepare prepare) {
  MemoryFileSystem whole;
  prepare(whole);
  static_cast<void>(run_store(whole));
  std::set<std::string> faults;
  for (std::uint64_t point = 0; point < whole.points(); ++point) {
    for (const auto when : {StopWhen::before, StopWhen::torn, StopWhen::after}) {
      MemoryFileSystem files;
      prepare(files);
      files.stop_at(point, when);
      const auto acknowledged = run_store(files);
      EXPECT_TRUE(files.stopped());
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        faults.insert(fault_of(*files.after_crash(seed, CrashPolicy::random), acknowledged));
      }
      faults.insert(fault_of(*files.after_crash(0, CrashPolicy::drop_all), acknowledged));
      faults.insert(fault_of(*files.clone(), acknowledged));
    }
  }
  return faults;
}

TEST(MemoryCrashStoreTest, AStoreThatSyncsInOrderSurvivesEveryPoint) {
  EXPECT_EQ(faults_of_store([](MemoryFileSystem&) {}), Texts{""});
}

TEST(MemoryCrashStoreTest, ALeftOutSyncOfTheFileIsFound) {
  EXPECT_TRUE(faults_of_store([](auto& files) { files.leave_out_sync("/s/value.new"); }).contains("torn or old"));
}

TEST(MemoryCrashStoreTest, ALeftOutSyncOfTheFolderIsFound) {
  const auto faults = faults_of_store([](auto& files) { files.leave_out_sync("/s"); });
  EXPECT_TRUE(faults.contains("torn or old"));
  EXPECT_TRUE(faults.contains("lost"));
}

TEST(MemoryCrashStoreTest, ALeftOutSyncOfTheParentFolderIsFound) {
  const auto prepare = [](auto& files) { files.leave_out_sync([](const std::string& path) { return path == "/"; }); };
  EXPECT_TRUE(faults_of_store(prepare).contains("lost"));
}

TEST(MemoryCrashStoreTest, EachCrashInTheMiddleOfARunIsSeenByTheHookToo) {
  MemoryFileSystem files;
  std::set<std::string> values;
  std::uint64_t looks = 0;
  files.before_each_point([&](std::uint64_t point) {
    ++looks;
    const auto disk = files.after_crash(point, CrashPolicy::random);
    values.insert(disk->exists("/s/value") ? to_string(disk->content("/s/value")).substr(0, 1) : "none");
  });
  EXPECT_EQ(run_store(files).size(), 4U);
  EXPECT_EQ(looks, files.points());
  EXPECT_TRUE(values.contains("none"));
  EXPECT_TRUE(values.contains("3"));
}

}  // namespace
}  // namespace atl::platform
