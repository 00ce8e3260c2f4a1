// Power cuts at every point of following a vault: whatever is lost of the index, it is found to be missing and made
// good, so that words lead to exactly what the vault holds.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "derived/search/search_index.h"
#include "derived/search/testing/simple_reader.h"
#include "vault/testing/test_vault.h"

namespace atl::search {
namespace {

using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::SeededRandom;
using platform::StopWhen;
using platform::TestMachine;
using testing::simple_reader;
using vault::testing::open_small;
using vault::testing::put_bytes;

constexpr int kWords = 12;
constexpr int kKeys = 14;
constexpr int kPictures = 4;
constexpr int kRounds = 3;

std::string word(std::uint64_t number) { return "word" + std::string(1, static_cast<char>('a' + number)); }

// Two words; of pictures, which shall differ where they look alike, with their name.
std::string text_for(const std::string& key, SeededRandom& random) {
  const std::string first = word(random.below(kWords));
  return first + " " + word(random.below(kWords)) + (key.ends_with(".png") ? " in " + key : "");
}

// A vault with something in it already, that nobody has looked into.
std::unique_ptr<MemoryFileSystem> prepared_disk() {
  TestMachine machine;
  EXPECT_TRUE(vault::testing::create_small(machine.machine()));
  auto vault = open_small(machine.machine()).value();
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(put_bytes(*vault, "box", "k" + std::to_string(i) + ".txt",
                          as_bytes(word(static_cast<std::uint64_t>(i)) + " and " + word(7))));
  }
  // Two that look alike, as their first word decides, and one that does not.
  for (const auto& [key, first] : {std::pair("p0.png", 1U), std::pair("p1.png", 1U), std::pair("p2.png", 2U)})
    EXPECT_TRUE(put_bytes(*vault, "box", key, as_bytes(word(first) + " " + word(8) + " in " + key)));
  EXPECT_TRUE(put_bytes(*vault, "box", "all.zip", as_bytes("in/a.txt: " + word(9) + "\nin/b.txt: " + word(10) + "\n")));
  EXPECT_TRUE(vault->close());
  return machine.files.clone();
}

Result<std::unique_ptr<SearchIndex>> open_index(vault::Vault& vault) {
  auto index = SearchIndex::open(vault, simple_reader(), true);
  if (index) (*index)->set_picture_readers(testing::simple_pictures());
  return index;
}

// Stops at the first error; true where all went well.
bool work(TestMachine& machine) {
  auto vault = open_small(machine.machine());
  if (!vault) return false;
  auto index = open_index(**vault);
  if (!index) return false;
  SeededRandom random(3);
  for (int round = 0; round < kRounds; ++round) {
    CatchUpOptions some;
    some.contents_max = 2;
    if (!(*index)->catch_up(**vault, some) || !(*index)->catch_up(**vault, {})) return false;
    for (int i = 0; i < 3; ++i) {
      const std::string key = random.one_in(3) ? "p" + std::to_string(random.below(kPictures)) + ".png"
                                               : "k" + std::to_string(random.below(kKeys)) + ".txt";
      if (random.one_in(4)) {
        const auto removed = vault::Objects(**vault).remove({"box", key});
        if (!removed && removed.error().kind != ErrorKind::not_found) return false;
      } else if (!put_bytes(**vault, "box", key, as_bytes(text_for(key, random)))) {
        return false;
      }
    }
    if (round == 1) {
      index->reset();
      index = open_index(**vault);
      if (!index) return false;
    }
    if (!(*index)->merge()) return false;
  }
  return (*index)->catch_up(**vault, {}).has_value() && (*vault)->close().has_value();
}

// Which words lead where, as the vault has it.
std::map<std::string, std::set<std::string>> truth(vault::Vault& vault) {
  std::map<std::string, std::set<std::string>> all;
  const auto reader = vault.reader();
  const auto bucket = reader->bucket_named("box").value();
  EXPECT_TRUE(reader->scan(bucket->id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
    const std::string text = to_string(vault::testing::bytes_of(vault, listed.version).value());
    for (std::uint64_t i = 0; i < kWords; ++i) {
      if (text.find(word(i)) != std::string::npos) all[word(i)].insert(listed.entry.key);
    }
    return true;
  }));
  return all;
}

using Groups = std::set<std::set<std::string>>;

// Keys of current objects by what `name_of` says of them, where that is anything; groups of one are left out.
Groups groups_by(vault::Vault& vault,
                 const std::function<std::string(const std::string& key, const std::string& text)>& name_of) {
  std::map<std::string, std::set<std::string>> by_name;
  const auto reader = vault.reader();
  const auto bucket = reader->bucket_named("box").value();
  EXPECT_TRUE(reader->scan(bucket->id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
    const std::string text = to_string(vault::testing::bytes_of(vault, listed.version).value());
    const std::string name = name_of(listed.entry.key, text);
    if (!name.empty()) by_name[name].insert(listed.entry.key);
    return true;
  }));
  Groups groups;
  for (const auto& [name, keys] : by_name) {
    if (keys.size() > 1) groups.insert(keys);
  }
  return groups;
}

// The groups of equal content, and those of pictures that look alike, are those that the vault has.
std::string check_duplicates(const SearchIndex& index, vault::Vault& vault) {
  for (const Likeness like : {Likeness::exact, Likeness::picture}) {
    DuplicateQuestion question;
    question.like = like;
    question.limit = 100;
    const auto answer = index.duplicates(vault, question);
    if (!answer) return "duplicates: " + answer.error().id;
    if (!answer->is_complete) return "duplicates: not complete";
    Groups found;
    for (const auto& group : answer->groups) {
      std::set<std::string> keys;
      for (const auto& member : group.members) keys.insert(member.listed.entry.key);
      found.insert(keys);
    }
    const Groups expected = groups_by(vault, [&](const std::string& key, const std::string& text) {
      if (like == Likeness::exact) return text;
      return key.ends_with(".png") ? text.substr(0, text.find(' ')) : std::string();
    });
    if (found != expected) return like == Likeness::exact ? "wrong groups of duplicates" : "wrong groups of pictures";
  }
  return "";
}

// "" where a reboot leads to the right answers, else what is wrong.
std::string check(std::unique_ptr<MemoryFileSystem> disk) {
  TestMachine machine(std::move(disk), 99);
  auto vault = open_small(machine.machine());
  if (!vault) return "vault: " + vault.error().message;
  auto index = open_index(**vault);
  if (!index) return "open: " + index.error().id + ": " + index.error().message;
  const auto more = (*index)->catch_up(**vault, {});
  if (!more) return "catch up: " + more.error().id + ": " + more.error().message;
  if (*more) return "there is more to do";
  const auto coverage = (*index)->coverage(**vault);
  if (!coverage || coverage->previews_waiting + coverage->pictures_waiting > 0) return "pictures wait";
  const auto expected = truth(**vault);
  for (std::uint64_t i = 0; i < kWords; ++i) {
    Question question;
    question.words = "text:" + word(i);
    question.limit = 100;
    const auto answer = (*index)->ask(**vault, question);
    if (!answer) return "ask: " + answer.error().id;
    std::set<std::string> found;
    for (const auto& one : answer->found) found.insert(one.listed.entry.key);
    const auto right = expected.find(word(i));
    if (found != (right == expected.end() ? std::set<std::string>{} : right->second))
      return "wrong answer for " + word(i);
    if (!answer->coverage.is_complete()) return "says that it is not complete";
  }
  return check_duplicates(**index, **vault);
}

TEST(SearchCrash, WhateverIsLostIsFoundOutAndMadeGood) {
  const auto prepared = prepared_disk();
  std::uint64_t points = 0;
  {
    TestMachine machine(prepared->clone(), 5);
    ASSERT_TRUE(work(machine));
    points = machine.files.points();
    ASSERT_EQ(check(machine.files.after_crash(1, CrashPolicy::drop_all)), "");
  }
  ASSERT_GT(points, 100U);
  for (std::uint64_t point = 0; point < points; ++point) {
    TestMachine machine(prepared->clone(), 5);
    machine.files.stop_at(point, std::array{StopWhen::before, StopWhen::after, StopWhen::torn}.at(point % 3));
    ASSERT_FALSE(work(machine) && !machine.files.stopped());
    const auto policy = std::array{CrashPolicy::drop_all, CrashPolicy::random, CrashPolicy::keep_all}.at(point / 3 % 3);
    ASSERT_EQ(check(machine.files.after_crash(point, policy)), "") << "point " << point << " of " << points;
  }
  std::printf("%llu points\n", static_cast<unsigned long long>(points));
}

// The disk is full while the search follows, which says so and loses nothing; then the process is killed, or the
// machine is, and there is room again.
TEST(SearchCrash, AFullDiskAndADeathCostNothingButTime) {
  const auto prepared = prepared_disk();
  std::uint64_t refused = 0;
  for (std::uint64_t room = 0; room < 40; ++room) {
    TestMachine machine(prepared->clone(), 5);
    auto vault = open_small(machine.machine());
    ASSERT_TRUE(vault) << vault.error().message;
    machine.files.set_capacity_bytes(machine.files.used_bytes() + room * 8192);
    auto index = open_index(**vault);
    if (index) {
      for (int tries = 0; tries < 3; ++tries) {
        const auto more = (*index)->catch_up(**vault, {});
        if (more) continue;
        ++refused;
        EXPECT_EQ(more.error().kind, ErrorKind::no_space) << more.error().id;
      }
      // Where it refuses it may still be asked.
      Question question;
      question.words = word(7);
      EXPECT_TRUE((*index)->ask(**vault, question));
    } else {
      EXPECT_EQ(index.error().kind, ErrorKind::no_space) << index.error().id;
    }
    const auto policy = std::array{CrashPolicy::drop_all, CrashPolicy::random, CrashPolicy::keep_all}.at(room % 3);
    auto disk = machine.files.after_crash(room, policy);
    disk->set_capacity_bytes(UINT64_MAX);
    ASSERT_EQ(check(std::move(disk)), "") << room;
  }
  EXPECT_GT(refused, 10U);
}

}  // namespace
}  // namespace atl::search
