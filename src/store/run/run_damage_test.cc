// Damage of every kind in every place: an error or the right answer, never a wrong one; and verify finds all of it.
#include <algorithm>

#include "foundation/codec/hash.h"
#include "store/run/testing/test_set.h"

namespace atl::run {
namespace {

using namespace testing;  // NOLINT
using platform::MemoryFileSystem;
using platform::SeededRandom;
using platform::TestMachine;

// Three runs: fixed width; fixed width with removals; variable width with a block larger than 4 KiB.
Model build(TestMachine& machine, codec::SealSuite suite) {
  Options options = small_options();
  options.suite = suite;
  const auto set = must_open(machine, options);
  Model model;
  const auto put = [&](const Bytes& key, const Bytes& value) {
    model[key] = value;
    expect_ok(set->put(key, value));
  };
  for (std::uint64_t i = 0; i < 200; ++i) put(spread_key(i), value_for(i));
  expect_ok(set->flush(as_bytes("one")));
  for (std::uint64_t i = 100; i < 150; ++i) put(spread_key(i), value_for(i + 1000));
  for (std::uint64_t i = 150; i < 180; ++i) {
    expect_ok(set->remove(spread_key(i)));
    model.erase(spread_key(i));
  }
  expect_ok(set->flush(as_bytes("two")));
  for (std::uint64_t i = 300; i < 400; ++i) put(spread_key(i, 5 + i % 30), value_for(i, i % 50));
  put(to_bytes("large"), value_for(5, 9000));
  expect_ok(set->flush(as_bytes("three")));
  return model;
}

enum class Found { whole, refused };

// Opens and asks everything. Fails the test where an answer is wrong.
Found ask(std::unique_ptr<MemoryFileSystem> disk, const Model& model, codec::SealSuite suite, bool gets) {
  TestMachine machine(std::move(disk));
  Options options = small_options();
  options.suite = suite;
  const auto set = open_set(machine, options, false);
  if (!set) {
    EXPECT_EQ(set.error().kind, ErrorKind::damaged) << set.error().id;
    EXPECT_FALSE(set.error().message.empty());
    return Found::refused;
  }
  EXPECT_EQ((*set)->state(), to_bytes("three"));
  if (gets) {
    const auto check = [&](const Bytes& key) {
      const auto found = (*set)->get(key);
      if (!found) {
        EXPECT_EQ(found.error().kind, ErrorKind::damaged) << found.error().id;
        return;
      }
      const auto expected = model.find(key);
      EXPECT_EQ(found->has_value(), expected != model.end());
      EXPECT_TRUE(!found->has_value() || expected == model.end() || **found == expected->second);
    };
    for (const auto& [key, value] : model) check(key);
    for (std::uint64_t i = 140; i < 320; ++i) check(spread_key(i));
    auto expected = model.begin();
    const auto walked = (*set)->for_each([&](ByteView key, ByteView value) -> Result<bool> {
      const bool right = expected != model.end() && equal(key, expected->first) && equal(value, expected->second);
      EXPECT_TRUE(right);
      if (right) ++expected;
      return right;
    });
    EXPECT_TRUE(!walked || expected == model.end());
  }
  const auto verified = (*set)->verify();
  EXPECT_TRUE(verified || verified.error().kind == ErrorKind::damaged);
  return verified ? Found::whole : Found::refused;
}

class RunDamage : public ::testing::TestWithParam<codec::SealSuite> {};

TEST_P(RunDamage, WithoutDamageEverythingIsThere) {
  TestMachine machine;
  const Model model = build(machine, GetParam());
  ASSERT_EQ(machine.files.all_paths().size(), 4U);
  EXPECT_EQ(ask(machine.files.clone(), model, GetParam(), true), Found::whole);
}

TEST_P(RunDamage, EveryFlippedBitIsFound) {
  TestMachine machine;
  const Model model = build(machine, GetParam());
  SeededRandom random(3);
  for (const std::string& path : machine.files.all_paths()) {
    const std::uint64_t size = machine.files.content(path).size();
    for (std::uint64_t at = 0; at < size;) {
      auto disk = machine.files.clone();
      disk->flip_bits(path, at, static_cast<std::uint8_t>(1U << random.below(8)));
      ASSERT_EQ(ask(std::move(disk), model, GetParam(), random.one_in(40)), Found::refused) << path << " at " << at;
      // Each byte of headers, trailers and footers; a sample of the rest.
      const bool dense = at < 128 || size - at < 256 || size < 1000;
      at += dense ? 1 : 1 + random.below(60);
    }
  }
}

TEST_P(RunDamage, EveryCutAndZeroedRangeIsFound) {
  TestMachine machine;
  const Model model = build(machine, GetParam());
  SeededRandom random(4);
  for (const std::string& path : machine.files.all_paths()) {
    const Bytes content = machine.files.content(path);
    for (int round = 0; round < 150; ++round) {
      auto disk = machine.files.clone();
      disk->cut(path, round < 3 ? static_cast<std::uint64_t>(round) : random.below(content.size()));
      ASSERT_EQ(ask(std::move(disk), model, GetParam(), round % 10 == 0), Found::refused) << path;
      disk = machine.files.clone();
      disk->cut(path, content.size() + 1 + random.below(5000));
      ASSERT_EQ(ask(std::move(disk), model, GetParam(), false), Found::refused) << path;
      disk = machine.files.clone();
      const std::uint64_t from = random.below(content.size());
      disk->zero(path, from, 1 + random.below(content.size() - from));
      const bool changed = disk->content(path) != content;
      ASSERT_EQ(ask(std::move(disk), model, GetParam(), round % 10 == 0), changed ? Found::refused : Found::whole)
          << path;
    }
  }
}

TEST_P(RunDamage, AMissingRunIsFoundAndAMissingManifestIsAnEmptySet) {
  TestMachine machine;
  const Model model = build(machine, GetParam());
  for (const std::string& path : machine.files.all_paths("*.run")) {
    auto disk = machine.files.clone();
    disk->erase(path);
    EXPECT_EQ(ask(std::move(disk), model, GetParam(), false), Found::refused);
  }
  auto disk = machine.files.clone();
  disk->erase(std::string(kFolder) + "/manifest");
  TestMachine without(std::move(disk));
  const auto set = must_open(without);
  EXPECT_EQ(set->state(), Bytes{});  // covers nothing, so the owner fills it again
  expect_holds(*set, {});
}

TEST_P(RunDamage, ExchangedBlocksAndFilesAreFound) {
  TestMachine machine;
  const Model model = build(machine, GetParam());
  const auto paths = machine.files.all_paths("*.run");
  for (const std::string& path : paths) {
    const Bytes content = machine.files.content(path);
    const std::uint64_t blocks = content.size() / 4096;
    for (std::uint64_t a = 1; a < blocks; ++a) {
      for (std::uint64_t b = 1; b < blocks; ++b) {
        const ByteView block = ByteView(content).subspan(b * 4096, 4096);
        auto disk = machine.files.clone();
        disk->overwrite(path, a * 4096, block);
        EXPECT_EQ(ask(std::move(disk), model, GetParam(), true), a == b ? Found::whole : Found::refused);
      }
    }
    for (const std::string& other : paths) {
      auto disk = machine.files.clone();
      disk->set_content(path, machine.files.content(other));
      EXPECT_EQ(ask(std::move(disk), model, GetParam(), true), path == other ? Found::whole : Found::refused);
    }
  }
  // The same work in another set with the same key gives files of the same names, which must not pass for these.
  TestMachine twin(std::uint64_t{77});
  build(twin, GetParam());
  for (const std::string& path : paths) {
    auto disk = machine.files.clone();
    disk->set_content(path, twin.files.content(path));
    EXPECT_EQ(ask(std::move(disk), model, GetParam(), true), Found::refused);
  }
}

INSTANTIATE_TEST_SUITE_P(Suites, RunDamage, ::testing::Values(codec::SealSuite::aes256gcm, codec::SealSuite::none));

TEST(RunDamageCache, DamageThatComesLaterIsFoundByVerifyThoughBlocksAreCached) {
  TestMachine machine;
  Options options = small_options();
  options.cache_bytes_max = 8 * kMiB;
  const auto set = must_open(machine, options);
  for (std::uint64_t i = 0; i < 500; ++i) expect_ok(set->put(spread_key(i), value_for(i)));
  expect_ok(set->flush({}));
  for (std::uint64_t i = 0; i < 500; ++i) EXPECT_EQ(set->get(spread_key(i)).value(), value_for(i));
  expect_ok(set->verify());
  machine.files.flip_bits(machine.files.all_paths("*.run")[0], 5000);
  EXPECT_EQ(set->verify().error().id, "run.block_damaged");
}

TEST(RunDamageNewer, FilesOfANewerProgramAreUnsupportedNotDamaged) {
  TestMachine machine;
  build(machine, codec::SealSuite::aes256gcm);
  for (const std::string& path : machine.files.all_paths()) {
    for (const std::size_t field : {std::size_t{8}, std::size_t{20}}) {  // major version; incompatible features
      auto disk = machine.files.clone();
      Bytes content = disk->content(path);
      content[field] = static_cast<std::uint8_t>(content[field] ^ 1);
      store_le(content.data() + 124, codec::crc32c(ByteView(content).first(124)));
      disk->set_content(path, content);
      TestMachine newer(std::move(disk));
      const auto set = open_set(newer);
      ASSERT_FALSE(set.has_value());
      EXPECT_EQ(set.error().kind, ErrorKind::unsupported) << path;
    }
  }
}

TEST(RunDamageMerge, MergingDamagedRunsFailsAndLeavesThemAsTheyAre) {
  TestMachine machine;
  const auto set = must_open(machine);
  for (std::uint64_t i = 0; i < 400; ++i) {
    expect_ok(set->put(spread_key(i), value_for(i)));
    if (i % 100 == 99) expect_ok(set->flush({}));
  }
  const auto paths = machine.files.all_paths();
  machine.files.flip_bits(paths[1], 4200);
  EXPECT_EQ(set->maybe_merge().error().kind, ErrorKind::damaged);
  EXPECT_EQ(set->merge_all().error().kind, ErrorKind::damaged);
  EXPECT_EQ(machine.files.all_paths(), paths);
  expect_ok(set->put(as_bytes("a"), as_bytes("1")));  // others go on
  EXPECT_EQ(set->get(as_bytes("a")).value(), to_bytes("1"));
}

}  // namespace
}  // namespace atl::run
