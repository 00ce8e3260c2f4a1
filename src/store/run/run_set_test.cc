#include "store/run/run_set.h"

#include <algorithm>

#include "store/run/testing/test_set.h"

namespace atl::run {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

TEST(RunSet, StartsEmptyAndGivesNothing) {
  TestMachine machine;
  const auto set = must_open(machine);
  EXPECT_EQ(set->state(), Bytes{});
  EXPECT_FALSE(set->get(as_bytes("key")).value().has_value());
  expect_holds(*set, {});
  EXPECT_EQ(set->stats().runs, 0U);
}

TEST(RunSet, GivesBackWhatWasPutFromMemoryAndFromFiles) {
  TestMachine machine;
  auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("1"));
  expect_ok(set->flush(as_bytes("first")));
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("1"));
  EXPECT_EQ(set->state(), to_bytes("first"));
  set = must_open(machine);
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("1"));
  EXPECT_EQ(set->state(), to_bytes("first"));
  EXPECT_TRUE(set->contains(as_bytes("a")).value());
  EXPECT_FALSE(set->contains(as_bytes("b")).value());
}

TEST(RunSet, ForgetsWhatWasNotFlushed) {
  TestMachine machine;
  auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  expect_ok(set->flush({}));
  expect_ok(set->put(as_bytes("a"), as_bytes("2")));
  set.reset();
  set = must_open(machine);
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("1"));
}

TEST(RunSet, RemovalHidesOlderValuesUntilTheNextPut) {
  TestMachine machine;
  auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  expect_ok(set->put(as_bytes("b"), as_bytes("1")));
  expect_ok(set->flush({}));
  expect_ok(set->remove(as_bytes("a")));
  EXPECT_FALSE(set->get(as_bytes("a")).value().has_value());
  expect_ok(set->flush({}));
  EXPECT_FALSE(set->get(as_bytes("a")).value().has_value());
  expect_holds(*set, {{to_bytes("b"), to_bytes("1")}});
  expect_ok(set->put(as_bytes("a"), as_bytes("3")));
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("3"));
}

TEST(RunSet, RemovalsVanishWhenTheOldestRunIsMerged) {
  TestMachine machine;
  auto set = must_open(machine);
  for (std::uint64_t i = 0; i < 500; ++i) expect_ok(set->put(spread_key(i), value_for(i)));
  expect_ok(set->flush({}));
  for (std::uint64_t i = 0; i < 500; ++i) expect_ok(set->remove(spread_key(i)));
  expect_ok(set->flush({}));
  EXPECT_EQ(set->stats().entries, 1000U);
  expect_ok(set->merge_all());
  EXPECT_EQ(set->stats().entries, 0U);
  EXPECT_EQ(set->stats().runs, 0U);
  EXPECT_EQ(machine.files.all_paths("*.run").size(), 0U);
  expect_holds(*set, {});
  set = must_open(machine);
  expect_holds(*set, {});
}

TEST(RunSet, GetIntoCopiesOrSaysThatTheRoomIsTooSmall) {
  TestMachine machine;
  const auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("12345")));
  for (int round = 0; round < 2; ++round) {
    Bytes out(8, 9);
    EXPECT_EQ(set->get_into(as_bytes("a"), out).value(), 5U);
    EXPECT_EQ(out, (Bytes{'1', '2', '3', '4', '5', 9, 9, 9}));
    Bytes small(4, 9);
    const auto found = set->get_into(as_bytes("a"), small);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().kind, ErrorKind::limit);
    EXPECT_EQ(small, Bytes(4, 9));
    EXPECT_FALSE(set->get_into(as_bytes("b"), out).value().has_value());
    expect_ok(set->flush({}));
  }
}

TEST(RunSet, RefusesLengthsOutsideItsLimits) {
  TestMachine machine;
  const auto set = must_open(machine);
  const Bytes longest_key(kKeyBytesMax, 'k');
  const Bytes longest_value(kValueBytesMax, 'v');
  expect_ok(set->put(longest_key, longest_value));
  expect_ok(set->put(as_bytes("empty"), {}));
  const auto kind = [](const auto& result) { return result ? ErrorKind::failed : result.error().kind; };
  EXPECT_EQ(kind(set->put({}, {})), ErrorKind::usage);
  EXPECT_EQ(kind(set->get({})), ErrorKind::usage);
  EXPECT_EQ(kind(set->put(Bytes(kKeyBytesMax + 1), {})), ErrorKind::usage);
  EXPECT_EQ(kind(set->put(as_bytes("a"), Bytes(kValueBytesMax + 1))), ErrorKind::usage);
  EXPECT_EQ(kind(set->flush(Bytes(kStateBytesMax + 1))), ErrorKind::usage);
  const Bytes longest_state(kStateBytesMax, 's');
  expect_ok(set->flush(longest_state));
  const Model model{{longest_key, longest_value}, {to_bytes("empty"), {}}};
  expect_holds(*set, model);
  const auto again = must_open(machine);
  expect_holds(*again, model);
  EXPECT_EQ(again->state(), longest_state);
}

TEST(RunSet, ReadOnlyOpenMakesNothingAndRefusesWrites) {
  TestMachine machine;
  const auto empty = must_open(machine, small_options(), false);
  EXPECT_TRUE(machine.files.all_paths().empty());
  EXPECT_FALSE(empty->get(as_bytes("a")).value().has_value());
  EXPECT_EQ(empty->put(as_bytes("a"), {}).error().id, "run.read_only");
  EXPECT_EQ(empty->flush({}).error().id, "run.read_only");
  EXPECT_EQ(empty->maybe_merge().error().id, "run.read_only");
}

TEST(RunSet, ReadOnlyOpenSeesTheLastManifestAndKeepsItWhileTheWriterMerges) {
  TestMachine machine;
  const auto writer = must_open(machine);
  Model model;
  for (std::uint64_t i = 0; i < 200; ++i) {
    model[spread_key(i)] = value_for(i);
    expect_ok(writer->put(spread_key(i), value_for(i)));
    if (i % 50 == 49) expect_ok(writer->flush({}));
  }
  const auto reader = must_open(machine, small_options(), false);
  expect_ok(writer->merge_all());
  expect_ok(writer->put(spread_key(1), value_for(77)));
  expect_ok(writer->flush({}));
  expect_holds(*reader, model);
}

TEST(RunSet, FlushWithoutNewsWritesNothingUnlessTheStateChanged) {
  TestMachine machine;
  const auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  expect_ok(set->flush(as_bytes("s")));
  const std::uint64_t before = machine.files.points();
  expect_ok(set->flush(as_bytes("s")));
  EXPECT_EQ(machine.files.points(), before);
  expect_ok(set->flush(as_bytes("t")));
  EXPECT_GT(machine.files.points(), before);
  EXPECT_EQ(set->stats().runs, 1U);
  EXPECT_EQ(must_open(machine)->state(), to_bytes("t"));
}

TEST(RunSet, SpillsAFullMemtableUnderTheLastState) {
  TestMachine machine;
  auto set = must_open(machine);
  expect_ok(set->put(spread_key(0), value_for(0)));
  expect_ok(set->flush(as_bytes("covered")));
  Model model{{spread_key(0), value_for(0)}};
  for (std::uint64_t i = 1; i < 20'000; ++i) {
    model[spread_key(i)] = value_for(i);
    expect_ok(set->put(spread_key(i), value_for(i)));
    ASSERT_LE(set->stats().memtable_bytes, small_options().memtable_bytes_max + 16 * 5 * 1024);
  }
  EXPECT_GE(set->stats().runs, 4U);
  EXPECT_EQ(set->state(), to_bytes("covered"));
  expect_holds(*set, model);
  set = must_open(machine);
  EXPECT_EQ(set->state(), to_bytes("covered"));
  // A part of the puts after the state is there: the oldest ones, whole.
  const auto entries = all_entries(*set).value();
  EXPECT_GT(entries.size(), 1000U);
  for (const auto& [key, value] : entries) ASSERT_TRUE(model.at(key) == value);
}

TEST(RunSet, SpillsForOneValueThatIsLargerThanTheMemtable) {
  TestMachine machine;
  const auto set = must_open(machine);
  Model model;
  for (std::uint64_t i = 0; i < 12; ++i) {
    model[spread_key(i)] = value_for(i, kValueBytesMax - i);
    expect_ok(set->put(spread_key(i), model[spread_key(i)]));
  }
  EXPECT_GE(set->stats().runs, 8U);
  expect_holds(*set, model);
}

TEST(RunSet, ForEachStopsWhenToldAndPassesErrorsOn) {
  TestMachine machine;
  const auto set = must_open(machine);
  for (std::uint64_t i = 0; i < 300; ++i) expect_ok(set->put(spread_key(i), value_for(i)));
  int seen = 0;
  expect_ok(set->for_each([&](ByteView, ByteView) -> Result<bool> { return ++seen < 10; }));
  EXPECT_EQ(seen, 10);
  const auto result = set->for_each(
      [&](ByteView, ByteView) -> Result<bool> { return fail(ErrorKind::interrupted, "test.stop", "stop"); });
  EXPECT_EQ(result.error().id, "test.stop");
}

TEST(RunSet, ForEachFromBeginsAtTheFirstKeyNotBefore) {
  TestMachine machine;
  const auto set = must_open(machine);
  Model model;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    model[spread_key(i)] = value_for(i);
    expect_ok(set->put(spread_key(i), value_for(i)));
    if (i == 1000 || i == 2000) expect_ok(set->flush({}));
  }
  SeededRandom random(5);
  for (int round = 0; round < 200; ++round) {
    Bytes from = random.one_in(2) ? random.bytes(32) : spread_key(random.below(3000));
    if (random.one_in(10)) from = Bytes(32, random.one_in(2) ? 0 : 255);
    auto expected = model.lower_bound(from);
    int left = 100;
    expect_ok(set->for_each_from(from, [&](ByteView key, ByteView value) -> Result<bool> {
      EXPECT_TRUE(expected != model.end() && equal(key, expected->first) && equal(value, expected->second));
      ++expected;
      return --left > 0;
    }));
    EXPECT_TRUE(left == 0 || expected == model.end());
  }
}

TEST(RunSet, MergesKeepTheNumberOfRunsSmall) {
  TestMachine machine;
  const auto set = must_open(machine);
  for (std::uint64_t flush = 0; flush < 100; ++flush) {
    for (std::uint64_t i = 0; i < 20; ++i) expect_ok(set->put(spread_key(flush * 20 + i), value_for(i)));
    expect_ok(set->flush({}));
    while (set->maybe_merge().value()) {
    }
    ASSERT_LE(set->stats().runs, 9U);
  }
  EXPECT_EQ(machine.files.all_paths("*.run").size(), set->stats().runs);
  expect_ok(set->verify());
}

TEST(RunSet, FlushMergesByItselfWhenNobodyElseDoes) {
  TestMachine machine;
  Options options = small_options();
  options.runs_max = 6;
  const auto set = must_open(machine, options);
  Model model;
  for (std::uint64_t i = 0; i < 60; ++i) {
    model[spread_key(i % 40)] = value_for(i);
    expect_ok(set->put(spread_key(i % 40), value_for(i)));
    expect_ok(set->flush({}));
    ASSERT_LE(set->stats().runs, 6U);
  }
  expect_holds(*set, model);
}

TEST(RunSet, OpenRemovesFilesThatTheManifestDoesNotName) {
  TestMachine machine;
  auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  expect_ok(set->flush({}));
  const std::string leftover = std::string(kFolder) + "/00000000000000ff.run";
  machine.files.set_content(leftover, to_bytes("half a run"));
  must_open(machine, small_options(), false);
  EXPECT_TRUE(machine.files.exists(leftover));
  set = must_open(machine);
  EXPECT_FALSE(machine.files.exists(leftover));
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("1"));
}

TEST(RunSet, RemoveAllLeavesAnEmptySet) {
  TestMachine machine;
  auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  expect_ok(set->flush(as_bytes("s")));
  set.reset();
  expect_ok(RunSet::remove_all(machine.machine(), kFolder));
  expect_ok(RunSet::remove_all(machine.machine(), kFolder));
  EXPECT_TRUE(machine.files.all_paths().empty());
  set = must_open(machine);
  EXPECT_EQ(set->state(), Bytes{});
  expect_holds(*set, {});
}

TEST(RunSet, AnotherKeyVaultOrSuiteIsDamageNotAnAnswer) {
  TestMachine machine;
  const auto set = must_open(machine);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));
  expect_ok(set->flush({}));
  const auto open = [&](const codec::SecretKey& key, const VaultId& vault, codec::SealSuite suite) {
    Options options = small_options();
    options.suite = suite;
    return RunSet::open(machine.machine(), kFolder, key, vault, options, false);
  };
  const auto aes = codec::SealSuite::aes256gcm;
  EXPECT_TRUE(open(test_key(), test_vault(), aes).has_value());
  EXPECT_EQ(open(test_key(8), test_vault(), aes).error().kind, ErrorKind::damaged);
  EXPECT_EQ(open(test_key(), test_vault(4), aes).error().kind, ErrorKind::damaged);
  EXPECT_EQ(open(test_key(), test_vault(), codec::SealSuite::none).error().kind, ErrorKind::damaged);
}

TEST(RunSet, FilesShowNothingOfKeysValuesAndState) {
  TestMachine machine;
  const auto set = must_open(machine);
  const std::string secret = "confidential-";
  for (int i = 0; i < 2000; ++i) {
    expect_ok(set->put(as_bytes(secret + std::to_string(i)), as_bytes(secret + "value")));
  }
  expect_ok(set->flush(as_bytes(secret + "state")));
  ASSERT_FALSE(machine.files.all_paths().empty());
  for (const auto& path : machine.files.all_paths()) {
    const Bytes content = machine.files.content(path);
    EXPECT_EQ(as_text(content).find("confidential"), std::string_view::npos) << path;
  }
  // The same search finds it in a set that is not encrypted: it can fail.
  Options options = small_options();
  options.suite = codec::SealSuite::none;
  const auto clear = RunSet::open(machine.machine(), "/clear", test_key(), test_vault(), options, true).value();
  expect_ok(clear->put(as_bytes(secret), as_bytes(secret)));
  expect_ok(clear->flush({}));
  const Bytes content = machine.files.content("/clear/0000000000000001.run");
  EXPECT_NE(as_text(content).find("confidential"), std::string_view::npos);
}

TEST(RunSet, SixtyByteEntriesTakeLittleMoreThanSixtyBytes) {
  TestMachine machine;
  Options options;
  const auto set = must_open(machine, options);
  constexpr std::uint64_t count = 100'000;
  for (std::uint64_t i = 0; i < count; ++i) expect_ok(set->put(spread_key(i), value_for(i)));
  expect_ok(set->flush({}));
  const Stats stats = set->stats();
  EXPECT_EQ(stats.runs, 1U);
  EXPECT_LT(stats.file_bytes, count * 62);
  EXPECT_LT(stats.index_bytes, count / 8);
  EXPECT_LT(stats.filter_bytes, count * 11 / 8);
  int passed = 0;  // gets that had to look into a block: one read of 4 KiB each
  const std::uint64_t cache_before = stats.cache_bytes;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    EXPECT_FALSE(set->get(spread_key(count + i)).value().has_value());
  }
  passed = static_cast<int>((set->stats().cache_bytes - cache_before) / 4096);
  EXPECT_LT(passed, 5000 * 3 / 100);
  EXPECT_GT(passed, 10);
}

TEST(RunSet, FiltersStayWithinTheirBudgetAndAnswerAllTheSame) {
  for (const std::size_t budget : {std::size_t{0}, std::size_t{20'000}, std::size_t{1} << 20}) {
    SCOPED_TRACE(budget);
    TestMachine machine;
    Options options = small_options();
    options.memtable_bytes_max = 4 * kMiB;
    options.filter_bytes_max = budget;
    auto set = must_open(machine, options);
    Model model;
    for (std::uint64_t i = 0; i < 30'000; ++i) {
      model[spread_key(i)] = value_for(i);
      expect_ok(set->put(spread_key(i), value_for(i)));
      if (i % 7'000 == 6'999) expect_ok(set->flush({}));
    }
    expect_ok(set->flush({}));
    expect_holds(*set, model);
    EXPECT_LE(set->stats().filter_bytes, budget);
    EXPECT_LE(set->stats().cache_bytes, options.cache_bytes_max);
    while (set->maybe_merge().value()) {
    }
    expect_holds(*set, model);
    EXPECT_LE(set->stats().filter_bytes, budget);
    for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_FALSE(set->contains(spread_key(1'000'000 + i)).value());
    set = must_open(machine, options);
    expect_holds(*set, model);
    expect_ok(set->verify());
  }
}

}  // namespace
}  // namespace atl::run
