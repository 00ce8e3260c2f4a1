// Bytes flipped, zeroed, cut off and removed at any place of any file of a closed vault: found, named, healed where
// parity and second copies reach, never returned as data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "vault/checkpoint.h"
#include "vault/testing/vault_history.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::MemoryFileSystem;
using platform::SeededRandom;
using platform::TestMachine;

// A closed vault with several packs, archives and checkpoints.
struct Closed {
  TestMachine machine;
  VaultState state;
  VaultRows rows;
};

void make_closed(Closed& closed) {
  VaultHistory history = VaultHistory::standard();
  const auto on = closed.machine.inline_machine();
  ASSERT_EQ(told(VaultHistory::begin(on)), "ok");
  ASSERT_EQ(told(history.play(on)), "ok");
  auto vault = open_small(on);
  ASSERT_EQ(told(vault), "ok");
  ASSERT_EQ(told(put_bytes(**vault, "docs", "much", noise(50, 2 * kMiB))), "ok");
  closed.state = state_of(**vault).value();
  closed.rows = rows_of(**vault).value();
  ASSERT_EQ(told((*vault)->close()), "ok");
}

struct Found {
  std::string trouble;      // what must never be
  std::size_t lost = 0;     // objects that gave `damaged`
  std::size_t named = 0;    // damage that verify told
  std::size_t notices = 0;  // what opening told
  bool is_healed = false;   // a second verify was clean
  std::string first_words;
};

// Opens, reads everything, verifies with healing, verifies again.
Found look(std::unique_ptr<MemoryFileSystem> disk, const Closed& closed) {
  Found found;
  TestMachine machine(std::move(disk), 31);
  std::vector<std::string> notices;
  auto vault = open_small(machine.inline_machine(), kFolder, &notices);
  if (!vault) {
    found.trouble = "open: " + told(vault);
    return found;
  }
  found.notices = notices.size();
  if (!notices.empty()) found.first_words = notices.front();
  auto rows = rows_of(**vault);
  // Derived: made anew where anything of it is damaged, as `atoll verify` does; also indexes that no row is read
  // through.
  const auto checked = (*vault)->reader()->check();
  const auto is_catalogs = [](const auto& read) { return !read && read.error().id.starts_with("catalog."); };
  if (is_catalogs(rows) || is_catalogs(checked)) {
    ++found.notices;
    if (auto rebuilt = (*vault)->rebuild(); !rebuilt) {
      found.trouble = "rebuild: " + told(rebuilt);
      return found;
    }
    rows = rows_of(**vault);
  }
  if (!rows) {
    found.trouble = "rows: " + told(rows);
    return found;
  }
  if (*rows != closed.rows) {
    found.trouble = "the catalog holds other rows";
    return found;
  }
  std::set<std::string> damaged;
  for (const auto& [bucket, objects] : closed.state) {
    for (const auto& [key, object] : objects) {
      const auto bytes = bytes_of(**vault, bucket, key);
      if (!bytes) {
        if (bytes.error().kind != ErrorKind::damaged && bytes.error().kind != ErrorKind::not_found)
          found.trouble = key + ": " + told(bytes);
        damaged.insert(bucket + "/" + key);
      } else if (object_state(*bytes).digest != object.digest) {
        found.trouble = key + " is returned with wrong bytes";
      }
    }
  }
  found.lost = damaged.size();
  if (!found.trouble.empty()) return found;
  VerifyVaultOptions options;
  options.reads_data = true;
  options.workers = 1;
  const auto first = verify_vault(**vault, options);
  if (!first) {
    found.trouble = "verify: " + told(first);
    return found;
  }
  found.named = first->damage.size();
  if (found.first_words.empty() && !first->damage.empty())
    found.first_words = first->damage.front().where + ": " + first->damage.front().what;
  for (const std::string& name : damaged) {
    const bool is_named = std::ranges::any_of(
        first->lost, [&](const LostObject& lost) { return lost.is_current && lost.bucket + "/" + lost.key == name; });
    if (!is_named) found.trouble = name + " cannot be read and verify does not name it";
  }
  for (const LostObject& lost : first->lost) {
    if (lost.is_current && !damaged.contains(lost.bucket + "/" + lost.key))
      found.trouble = "verify names " + lost.key + " as lost, but it reads well";
  }
  // Opened anew, as the next command would: what was healed is clean now.
  if (auto closed_well = (*vault)->close(); !closed_well) {
    found.trouble = "close: " + told(closed_well);
    return found;
  }
  vault->reset();
  notices.clear();
  vault = open_small(machine.inline_machine(), kFolder, &notices);
  if (!vault) {
    found.trouble = "open again: " + told(vault);
    return found;
  }
  const auto second = verify_vault(**vault, options);
  if (!second) {
    found.trouble = "verify again: " + told(second);
    return found;
  }
  found.is_healed = second->is_clean() && notices.empty();
  if (!found.is_healed && found.first_words.empty() && !notices.empty()) found.first_words = notices.front();
  return found;
}

std::vector<std::string> files_of(const Closed& closed) {
  std::vector<std::string> paths;
  for (const std::string& path : closed.machine.files.all_paths(std::string(kFolder) + "/*")) {
    if (path.ends_with("vault.lock") || path.ends_with("vault.owner")) continue;  // nothing is kept in them
    paths.push_back(path);
  }
  return paths;
}

TEST(VaultDamage, UndamagedItIsClean) {
  Closed closed;
  make_closed(closed);
  const Found found = look(closed.machine.files.clone(), closed);
  EXPECT_EQ(found.trouble, "");
  EXPECT_EQ(found.lost + found.named + found.notices, 0U) << found.first_words;
  EXPECT_TRUE(found.is_healed);
}

// One damaged block anywhere costs nothing.
TEST(VaultDamage, OneBadBlockAnywhereCostsNothingAndIsHealed) {
  Closed closed;
  make_closed(closed);
  std::uint64_t places = 0;
  int failures = 0;
  SeededRandom random(5);
  for (const std::string& path : files_of(closed)) {
    const std::uint64_t size = closed.machine.files.content(path).size();
    if (size == 0) continue;
    std::vector<std::uint64_t> offsets{0, 9, 30, 63, 70, 100, 127, 130, size / 2, size - 1, size - 20, size - 70};
    for (std::uint64_t at = 0; at < size; at += 64 * kKiB) offsets.push_back(at + random.below(64 * kKiB));
    for (int i = 0; i < 6; ++i) offsets.push_back(random.below(size));
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      const std::uint64_t at = offsets[i];
      if (at >= size || failures >= 12) continue;
      ++places;
      auto disk = closed.machine.files.clone();
      const bool zeroes = i % 4 == 3;
      if (zeroes) {
        disk->zero(path, at, std::min<std::uint64_t>(4096, size - at));
      } else {
        disk->flip_bits(path, at, static_cast<std::uint8_t>(1U << (at % 8)));
      }
      if (disk->content(path) == closed.machine.files.content(path)) continue;
      const Found found = look(std::move(disk), closed);
      const bool is_told = found.named + found.notices > 0;
      const bool is_derived = path.ends_with(".spare") ||  // room kept free: nothing is in it
                              path.find("catalog.sqlite") != std::string::npos ||
                              path.find("/indexes/") != std::string::npos;
      // A spare byte of a derived file may change nothing that anybody reads.
      if (found.trouble.empty() && found.lost == 0 && found.is_healed && (is_told || is_derived)) continue;
      ++failures;
      ADD_FAILURE() << path << (zeroes ? " zeroed at " : " flipped at ") << at << " of " << size << ": "
                    << (found.trouble.empty() ? "no trouble" : found.trouble) << "; lost " << found.lost << ", named "
                    << found.named << ", notices " << found.notices << ", healed " << found.is_healed << "; "
                    << found.first_words;
    }
  }
  std::printf("one bad block: %llu places\n", static_cast<unsigned long long>(places));
  EXPECT_GT(places, 300U);
}

// Whole files cut or gone: never wrong bytes, never a crash; what is lost is named, and nothing else is.
TEST(VaultDamage, FilesThatAreCutOrGoneAreNamedAndNothingElseIsLost) {
  Closed closed;
  make_closed(closed);
  SeededRandom random(6);
  std::uint64_t cases = 0;
  int failures = 0;
  for (const std::string& path : files_of(closed)) {
    const std::uint64_t size = closed.machine.files.content(path).size();
    for (int how = 0; how < 4 && failures < 12; ++how) {
      ++cases;
      auto disk = closed.machine.files.clone();
      std::string words;
      if (how == 0) {
        disk->erase(path);
        words = "removed";
      } else if (how == 1) {
        disk->cut(path, 0);
        words = "emptied";
      } else if (how == 2) {
        disk->cut(path, size - std::min<std::uint64_t>(size, 1 + random.below(100)));
        words = "cut a little";
      } else {
        disk->cut(path, size / 2);
        words = "cut in half";
      }
      const Found found = look(std::move(disk), closed);
      const bool is_pack = path.find("/packs/") != std::string::npos;
      const bool is_journal = path.find("/journal/") != std::string::npos;
      // Beyond parity a pack loses objects, each named; an archive loses history while the catalog still holds its
      // rows; everything else loses nothing. Where the horizon is gone the archives themselves tell where they begin.
      const bool is_told = found.named + found.notices > 0;
      const bool is_good =
          found.trouble.empty() && (found.lost == 0 || is_pack) &&
          (is_told || size == 0 || how == 2 || path.ends_with(".spare") || path.ends_with("/horizon")) &&
          (found.is_healed || is_pack || is_journal);
      if (is_good) continue;
      ++failures;
      ADD_FAILURE() << path << " " << words << ": " << (found.trouble.empty() ? "no trouble" : found.trouble)
                    << "; lost " << found.lost << ", named " << found.named << ", notices " << found.notices
                    << ", healed " << found.is_healed << "; " << found.first_words;
    }
  }
  std::printf("cut or gone: %llu cases\n", static_cast<unsigned long long>(cases));
}

// Much damage at once in one pack: only what lies in the damaged groups is lost.
TEST(VaultDamage, BeyondParityOnlyWhatLiesThereIsLostAndEachObjectIsNamed) {
  Closed closed;
  make_closed(closed);
  SeededRandom random(7);
  std::uint64_t lost = 0;
  std::uint64_t objects = 0;
  for (const auto& [bucket, all] : closed.state) objects += all.size();
  int rounds = 0;
  for (const std::string& path : files_of(closed)) {
    if (path.find("/packs/") == std::string::npos) continue;
    const std::uint64_t size = closed.machine.files.content(path).size();
    for (int round = 0; round < 8; ++round) {
      SCOPED_TRACE(path + " round " + std::to_string(round));
      auto disk = closed.machine.files.clone();
      for (int i = 0; i < 3 + round; ++i) disk->flip_bits(path, random.below(size), 0xFF);
      const Found found = look(std::move(disk), closed);
      EXPECT_EQ(found.trouble, "");
      EXPECT_LT(found.lost, objects);
      EXPECT_GT(found.named + found.notices, 0U);
      lost += found.lost;
      ++rounds;
    }
  }
  std::printf("beyond parity: %d rounds, %llu objects lost in all\n", rounds, static_cast<unsigned long long>(lost));
  EXPECT_GT(lost, 0U);
}

// Everything derived and one copy of everything kept twice, gone at once.
TEST(VaultDamage, WithEverythingDerivedAndOneCopyOfEachPairGoneNothingIsLost) {
  Closed closed;
  make_closed(closed);
  for (const char* kept : {"", ".2"}) {
    auto disk = closed.machine.files.clone();
    const std::string gone = std::string(kept) == ".2" ? "" : ".2";
    for (const std::string& path : files_of(closed)) {
      if (path.find("catalog.sqlite") != std::string::npos || path.find("/indexes/") != std::string::npos ||
          path.ends_with("local.key") || path.ends_with("/keyring" + gone) || path.ends_with("/vault.head" + gone)) {
        disk->erase(path);
      }
    }
    const Found found = look(std::move(disk), closed);
    EXPECT_EQ(found.trouble, "");
    EXPECT_EQ(found.lost, 0U);
    EXPECT_GT(found.notices, 0U);
    EXPECT_TRUE(found.is_healed) << found.first_words;
  }
}

}  // namespace
}  // namespace atl::vault
