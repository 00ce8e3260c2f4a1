// Power cuts while a graph over somebody's own vectors is made and follows the vault: what is lost of it is found to be
// missing, and nobody is told of vectors that are not there, nor kept from one that is.
#include <gtest/gtest.h>

#include <array>

#include "derived/search/search_index.h"
#include "derived/search/testing/simple_reader.h"
#include "derived/vector/testing/npy_file.h"
#include "vault/testing/test_vault.h"

namespace atl::search {
namespace {

using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::StopWhen;
using platform::TestMachine;
using vault::testing::open_small;
using vault::testing::put_bytes;
using vector::testing::npy_file;

constexpr std::size_t kDimension = 4;
constexpr std::size_t kRows = kGraphFrom + 200;
constexpr std::uint64_t kFirst = 777'777;  // what new.npy holds, and then holds
constexpr std::uint64_t kSecond = 888'888;
constexpr std::uint64_t kOther = 999'999;  // what gone.npy holds until it is removed
constexpr std::uint64_t kPointsMax = 60;   // a graph is made anew for each

// The same for the same number.
std::vector<float> some_vector(std::uint64_t number) {
  std::vector<float> out;
  std::uint64_t state = number + 1;
  for (std::size_t i = 0; i < kDimension; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    out.push_back(static_cast<float>(state >> 40U) / 16'777'216.0F - 0.5F);
  }
  return out;
}

std::unique_ptr<MemoryFileSystem> prepared_disk() {
  TestMachine machine;
  EXPECT_TRUE(vault::testing::create_small(machine.machine()));
  auto vault = open_small(machine.machine()).value();
  std::vector<float> numbers;
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto one = some_vector(i);
    numbers.insert(numbers.end(), one.begin(), one.end());
  }
  EXPECT_TRUE(put_bytes(*vault, "box", "many.npy", npy_file(numbers, kDimension)));
  EXPECT_TRUE(put_bytes(*vault, "box", "gone.npy", npy_file(some_vector(kOther), 0)));
  EXPECT_TRUE(vault->close());
  return machine.files.clone();
}

Result<std::unique_ptr<SearchIndex>> open_index(vault::Vault& vault) {
  return SearchIndex::open(vault, testing::simple_reader(), true);
}

Result<VectorAnswer> nearest(const SearchIndex& index, vault::Vault& vault, std::uint64_t number, bool compares_all) {
  VectorQuestion question;
  question.bucket = "box";
  question.vector = some_vector(number);
  question.limit = 3;
  question.compares_all = compares_all;
  return index.nearest_vectors(vault, question);
}

// All there is to be done; false where it went wrong.
bool follow(SearchIndex& index, vault::Vault& vault) {
  if (!index.catch_up(vault, {})) return false;
  for (;;) {
    const auto more = index.merge();
    if (!more) return false;
    if (!*more) return true;
  }
}

// Stops at the first error; true where all went well.
bool work(TestMachine& machine) {
  auto vault = open_small(machine.machine());
  if (!vault) return false;
  auto index = open_index(**vault);
  if (!index || !follow(**index, **vault)) return false;
  // Asks for a graph, which is made then.
  if (!nearest(**index, **vault, kOther, false) || !follow(**index, **vault)) return false;
  if (!put_bytes(**vault, "box", "new.npy", npy_file(some_vector(kFirst), 0)) || !follow(**index, **vault))
    return false;
  if (!vault::Objects(**vault).remove({"box", "gone.npy"}) || !(*index)->catch_up(**vault, {})) return false;
  index->reset();
  index = open_index(**vault);
  if (!index) return false;
  if (!put_bytes(**vault, "box", "new.npy", npy_file(some_vector(kSecond), 0)) || !follow(**index, **vault))
    return false;
  return (*vault)->close().has_value();
}

// "" where what is told is of what is there, else what is wrong.
std::string wrong_in_answers(const SearchIndex& index, vault::Vault& vault, bool has_followed) {
  for (const std::uint64_t number : {kFirst, kSecond, kOther}) {
    const auto all = nearest(index, vault, number, true);
    if (!all) return "comparing all: " + all.error().id;
    const auto led = nearest(index, vault, number, false);
    if (!led) return "asking: " + led.error().id;
    if (led->hits.empty() || all->hits.empty()) return "nothing is found";
    // One that is the very vector asked for is not missed once it was followed; others are scored by what they are.
    const bool is_there = has_followed && all->hits.front().listed.entry.key != "many.npy";
    if (is_there && led->hits.front().listed.entry.key != all->hits.front().listed.entry.key)
      return "not found: " + all->hits.front().listed.entry.key;
    for (const auto& hit : led->hits) {
      const auto now = vault.reader()->current(hit.listed.entry.bucket, hit.listed.entry.key);
      if (!now || !*now || (*now)->version.version != hit.listed.version.version)
        return "told of what is not there: " + hit.listed.entry.key;
      if (hit.score > all->hits.front().score + 1e-9) return "a score that no vector has";
    }
  }
  return "";
}

std::string check(std::unique_ptr<MemoryFileSystem> disk) {
  TestMachine machine(std::move(disk), 99);
  auto vault = open_small(machine.machine());
  if (!vault) return "vault: " + vault.error().message;
  auto index = open_index(**vault);
  if (!index) return "open: " + index.error().id + ": " + index.error().message;
  if (std::string wrong = wrong_in_answers(**index, **vault, false); !wrong.empty())
    return "before it follows: " + wrong;
  // Was asked for by that, where there was none.
  if (!follow(**index, **vault)) return "it does not follow";
  if (std::string wrong = wrong_in_answers(**index, **vault, true); !wrong.empty()) return wrong;
  const auto led = nearest(**index, **vault, 5, false);
  if (!led || led->is_exact) return "there is no graph again";
  return "";
}

TEST(OwnGraphsCrash, WhateverIsLostIsFoundOutAndMadeGood) {
  const auto prepared = prepared_disk();
  std::uint64_t points = 0;
  {
    TestMachine machine(prepared->clone(), 5);
    ASSERT_TRUE(work(machine));
    points = machine.files.points();
    ASSERT_EQ(check(machine.files.after_crash(1, CrashPolicy::drop_all)), "");
  }
  ASSERT_GT(points, 50U);
  // Of many points some, spread over all of the work.
  const std::uint64_t step = points / kPointsMax + 1;
  std::uint64_t round = 0;
  for (std::uint64_t point = 0; point < points; point += step, ++round) {
    TestMachine machine(prepared->clone(), 5);
    machine.files.stop_at(point, std::array{StopWhen::before, StopWhen::after, StopWhen::torn}.at(round % 3));
    ASSERT_FALSE(work(machine) && !machine.files.stopped());
    const auto policy = std::array{CrashPolicy::drop_all, CrashPolicy::random, CrashPolicy::keep_all}.at(round / 3 % 3);
    ASSERT_EQ(check(machine.files.after_crash(point, policy)), "") << "point " << point << " of " << points;
  }
}

}  // namespace
}  // namespace atl::search
