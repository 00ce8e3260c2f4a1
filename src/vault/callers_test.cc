// One open vault used by many callers at once: each is named on its own commands, and nobody's commands come before the
// rows of the packs they refer into.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

constexpr int kCallers = 8;
constexpr int kPutsEach = 40;

std::string name_of_caller(int caller) { return "caller-" + std::to_string(caller); }

// Where every chunk lies.
std::map<ChunkId, PackId> places_of(Vault& vault) {
  std::map<ChunkId, PackId> places;
  for (const auto& pack : vault.chunks().list_packs()) {
    EXPECT_EQ(told(vault.chunks().for_each_chunk_in_pack(pack.id,
                                                         [&](const ChunkId& id, std::uint64_t) -> Result<bool> {
                                                           places.emplace(id, pack.id);
                                                           return true;
                                                         })),
              "ok");
  }
  return places;
}

TEST(Callers, ManyAtOnceAreNamedOnTheirOwnCommandsAndFindTheirPacksInRows) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.machine())), "ok");
  auto options = small_options();
  options.chunks.pack_bytes_target = 16 * 1024;  // a new pack every few puts
  auto opened = Vault::open(machine.machine(), kFolder, test_keys(), options);
  ASSERT_EQ(told(opened), "ok");
  const std::unique_ptr<Vault> vault = std::move(*opened);
  std::vector<std::thread> threads;  // NOLINT: the test needs real ones
  for (int caller = 0; caller < kCallers; ++caller) {
    threads.emplace_back([&, caller] {
      const auto mine = vault->acting_for({name_of_caller(caller), "192.0.2.1", "request"});
      for (int i = 0; i < kPutsEach; ++i) {
        const auto bytes = noise(static_cast<std::uint64_t>(caller * kPutsEach + i), 3'000);
        const std::string key = name_of_caller(caller) + "/" + std::to_string(i);
        EXPECT_EQ(told(put_bytes(*mine, "some-bucket", key, bytes)), "ok");
        const auto back = bytes_of(*mine, "some-bucket", key);
        ASSERT_EQ(told(back), "ok");
        EXPECT_EQ(*back, bytes);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(told(vault->chunks().seal_packs()), "ok");
  const auto places = places_of(*vault);
  std::set<PackId> with_row;
  std::map<std::string, int> puts_by;
  ASSERT_EQ(told(vault->journal().read(
                Lsn{1}, vault->journal().last(),
                [&](const journal::Command& command) -> Result<bool> {
                  std::vector<catalog::VersionRow> versions;
                  for (const auto& payload : command.payloads) {
                    ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
                    for (const auto& change : changes) {
                      if (change.table == journal::TableNumber::packs) {
                        ATOLL_ASSIGN(const auto row, catalog::decode_pack(change.key, *change.row));
                        with_row.insert(row.id);
                      } else if (change.table == journal::TableNumber::versions) {
                        ATOLL_ASSIGN(versions.emplace_back(), catalog::decode_version(change.key, *change.row));
                      }
                    }
                  }
                  for (const auto& version : versions) {
                    ++puts_by[command.envelope.actor];
                    EXPECT_EQ(command.envelope.actor, version.actor);
                    EXPECT_EQ(command.envelope.origin, "192.0.2.1");
                    EXPECT_EQ(command.envelope.request_id, "request");
                    for (const auto& part : version.content.parts) {
                      const auto place = places.find(part.chunk);
                      if (place == places.end())
                        ADD_FAILURE() << "a chunk lies nowhere";
                      else
                        EXPECT_TRUE(with_row.contains(place->second))
                            << "change " << command.envelope.lsn.value << " refers into a pack that has no row yet";
                    }
                  }
                  return true;
                })),
            "ok");
  for (int caller = 0; caller < kCallers; ++caller) EXPECT_EQ(puts_by[name_of_caller(caller)], kPutsEach);
}

TEST(Callers, AHandleActsForItsCallerOnly) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.machine())), "ok");
  const auto vault = open_small(machine.machine()).value();
  const auto other = vault->acting_for({"ann", "198.51.100.7", "r-1"});
  EXPECT_EQ(other->actor(), "ann");
  EXPECT_EQ(vault->actor(), "owner");
  ASSERT_EQ(told(put_bytes(*other, "some-bucket", "a", as_bytes("of ann"))), "ok");
  EXPECT_EQ(Objects(*vault).find("some-bucket", "a")->version.actor, "ann");
}

}  // namespace
}  // namespace atl::vault
