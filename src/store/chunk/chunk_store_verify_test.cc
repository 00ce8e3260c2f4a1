// Verification by several threads: what is reported is the same for any number of them.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "store/chunk/testing/test_vault.h"
#include "store/run/run_set.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests

constexpr unsigned kThreadCounts[] = {1, 2, 3, 8};

// Everything a report says, in its order.
std::string said(const VerifyReport& report) {
  std::string text = std::to_string(report.packs) + " packs, " + std::to_string(report.packs_read_whole) + " whole, " +
                     std::to_string(report.groups) + " groups, " + std::to_string(report.chunks) + " chunks, " +
                     std::to_string(report.bytes_read) + " bytes, index " +
                     std::to_string(report.index_entries_missing) + " " + std::to_string(report.index_entries_wrong) +
                     "\n";
  for (const auto& damage : report.damage) {
    text += damage.pack.text() + " " + damage.area + ": " + damage.message + (damage.is_healable ? " healable" : "") +
            (damage.is_healed ? " healed" : "");
    for (const auto& id : damage.lost_chunks) text += " " + to_hex(id.view()).substr(0, 8);
    text += "\n";
  }
  for (const auto& pack : report.missing_packs) text += pack.text() + " missing\n";
  return text;
}

struct Filled {
  TestVault vault;
  std::vector<std::pair<ChunkId, Bytes>> chunks;
};

// Adds chunks that make about `groups` groups of 270 kB in a pack of their own, and some small ones.
void fill_pack(TestVault& vault, std::uint64_t first, std::uint64_t groups,
               std::vector<std::pair<ChunkId, Bytes>>* chunks = nullptr) {
  const auto store = vault.open(small_options(1 * kGiB));
  auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
  for (std::uint64_t i = first; i < first + groups; ++i) {
    for (Bytes plain : {noise_chunk(i, 270'000), text_chunk(i, 9'000)}) {
      const ChunkId id = must_add(*writer, plain);
      if (chunks != nullptr) chunks->emplace_back(id, std::move(plain));
    }
  }
  ASSERT_TRUE(store->close());
}

void destroy(platform::MemoryFileSystem& files, const std::string& path, std::uint64_t offset, std::uint64_t length) {
  Bytes content = files.content(path);
  for (std::uint64_t i = offset; i < offset + length; ++i) content[i] = static_cast<std::uint8_t>(~content[i]);
  files.overwrite(path, 0, content);
}

std::vector<std::size_t> group_offsets(platform::MemoryFileSystem& files, const std::string& path) {
  const Bytes content = files.content(path);
  std::vector<std::size_t> offsets;
  for (std::size_t at = as_text(content).find("AGRP"); at != std::string_view::npos;
       at = as_text(content).find("AGRP", at + 4)) {
    offsets.push_back(at);
  }
  return offsets;
}

TEST(ChunkStoreVerify, OneDamagedGroupOfManyIsNamedOnceByAnyNumberOfThreads) {
  TestVault vault;
  fill_pack(vault, 0, 50);  // 13 MB: several slices
  const std::string path = vault.pack_paths().at(0);
  const auto offsets = group_offsets(vault.files(), path);
  ASSERT_EQ(vault.open()->verify({}).value().groups, offsets.size()) << "every group was found in the file";
  for (const std::size_t number : {std::size_t{0}, std::size_t{7}, offsets.size() / 2, offsets.size() - 1}) {
    for (const unsigned threads : kThreadCounts) {
      SCOPED_TRACE("group " + std::to_string(number) + ", " + std::to_string(threads) + " threads");
      TestVault damaged(vault, vault.files().clone(), 3);
      damaged.files().flip_bits(path, offsets[number] + 200);
      const auto store = damaged.open();
      const auto report = store->verify({.data = true, .threads = threads}).value();
      ASSERT_EQ(report.damage.size(), 1U);
      EXPECT_EQ(report.damage[0].area, "group " + std::to_string(number));
      EXPECT_TRUE(report.damage[0].is_healable);
      EXPECT_FALSE(report.damage[0].is_healed);
      EXPECT_TRUE(report.damage[0].lost_chunks.empty());
      EXPECT_EQ(report.groups, offsets.size());
      EXPECT_TRUE(store->verify({.data = true, .heal = true, .threads = threads}).value().damage.at(0).is_healed);
      EXPECT_TRUE(store->verify({.data = true, .threads = threads}).value().is_clean());
    }
  }
}

TEST(ChunkStoreVerify, ReportDoesNotDependOnTheNumberOfThreads) {
  Filled filled;
  TestVault& vault = filled.vault;
  for (const std::uint64_t groups : {40U, 3U, 12U, 1U, 2U, 1U}) {
    fill_pack(vault, filled.chunks.size(), groups, &filled.chunks);
  }
  std::vector<PackId> ids;
  for (const auto& pack : vault.open()->list_packs()) ids.push_back(pack.id);
  ASSERT_EQ(ids.size(), 6U);
  const auto path_of = [&](std::size_t number) {
    for (const auto& path : vault.pack_paths()) {
      if (path.find(ids[number].text()) != std::string::npos) return path;
    }
    return std::string();
  };
  auto& files = vault.files();
  // The largest: many groups damaged, some of them (two blocks of one stripe) for good.
  const std::string largest = path_of(0);
  const auto offsets = group_offsets(files, largest);
  for (std::size_t i = 0; i < offsets.size(); i += 3) files.flip_bits(largest, offsets[i] + 40);
  const std::uint64_t stripes = (files.content(largest).size() / 65'536 + 31) / 32;
  destroy(files, largest, std::uint64_t{20} * 65'536, 10);
  destroy(files, largest, (20 + stripes) * 65'536, 10);
  const Bytes second = files.content(path_of(1));
  files.flip_bits(path_of(1), as_text(second).rfind("AFTR") + 100);
  files.flip_bits(path_of(2), 10);
  files.flip_bits(path_of(4), group_offsets(files, path_of(4)).back() + 100);
  files.erase(path_of(5));

  for (const bool reads_data : {true, false}) {
    for (const bool heals : {false, true}) {
      std::string expected;
      std::string expected_again;
      for (const unsigned threads : kThreadCounts) {
        for (int round = 0; round < (threads == 1 ? 1 : 3); ++round) {
          SCOPED_TRACE(std::to_string(threads) + " threads, round " + std::to_string(round) +
                       (reads_data ? ", data" : ", structure") + (heals ? ", healing" : ""));
          TestVault copy(vault, files.clone(), 3);
          const auto store = copy.open();
          const VerifyOptions options{.data = reads_data, .heal = heals, .threads = threads, .expected = ids};
          const auto report = store->verify(options).value();
          if (threads == 1) expected = said(report);
          ASSERT_GE(report.damage.size(), reads_data ? 6U : 2U);
          ASSERT_EQ(report.missing_packs, std::vector{ids[5]});
          ASSERT_EQ(said(report), expected);
          const std::string again = said(store->verify(options).value());
          if (threads == 1) expected_again = again;
          ASSERT_EQ(again, expected_again) << "and so is what it left behind";
        }
      }
      if (reads_data) {
        EXPECT_NE(expected.find("group 3:"), std::string::npos) << expected;
        EXPECT_NE(expected.find("footer"), std::string::npos) << expected;
        EXPECT_NE(expected.find("header"), std::string::npos) << expected;
      }
    }
  }
}

// The index opens only with its key, so nothing but this program writes what is wrong in it; it is found all the same.
class WrongIndex {
 public:
  explicit WrongIndex(TestVault& vault) : vault_(&vault) {
    auto opened = run::RunSet::open(vault.machine(), std::string(kVaultFolder) + "/indexes/chunks",
                                    vault.keys().derived_key("indexes/chunks"), vault.keys().vault(),
                                    small_options().index, true);
    EXPECT_TRUE(opened) << opened.error().message;
    index_ = std::move(*opened);
  }
  [[nodiscard]] Bytes location(const ChunkId& id) const { return index_->get(id.view()).value().value_or(Bytes{}); }
  void put(const ChunkId& id, const Bytes& location) { EXPECT_TRUE(index_->put(id.view(), location)); }
  void remove(const ChunkId& id) { EXPECT_TRUE(index_->remove(id.view())); }
  void save() { EXPECT_TRUE(index_->flush(index_->state())); }

 private:
  TestVault* vault_;
  std::unique_ptr<run::RunSet> index_;
};

TEST(ChunkStoreVerify, WrongIndexIsFoundAndMadeAnew) {
  Filled filled;
  for (const std::uint64_t groups : {6U, 3U, 2U}) fill_pack(filled.vault, filled.chunks.size(), groups, &filled.chunks);
  const ChunkId first = filled.chunks[0].first;
  const ChunkId second = filled.chunks[2].first;  // of the same pack
  const ChunkId third = filled.chunks.back().first;
  struct Case {
    const char* what;
    std::function<void(WrongIndex&)> make;
    std::uint64_t missing;
    std::uint64_t wrong;
  };
  const Case cases[] = {
      {"nothing", [](WrongIndex&) {}, 0, 0},
      {"one entry is gone", [&](WrongIndex& index) { index.remove(first); }, 1, 0},
      {"entries of two packs are gone", [&](WrongIndex& index) { index.remove(first), index.remove(third); }, 2, 0},
      {"an entry for what no pack holds",
       [&](WrongIndex& index) {
         ChunkId nothing;
         nothing.bytes.fill(7);
         index.put(nothing, index.location(first));
       },
       0, 1},
      {"an entry leads to another place of its pack",
       [&](WrongIndex& index) { index.put(first, index.location(second)); }, 0, 1},
      {"two entries of a pack lead to each other's place",
       [&](WrongIndex& index) {
         const Bytes place = index.location(first);
         index.put(first, index.location(second));
         index.put(second, place);
       },
       0, 2},
      {"an entry leads into another pack", [&](WrongIndex& index) { index.put(first, index.location(third)); }, 0, 1},
      {"one is gone and one leads nowhere",
       [&](WrongIndex& index) {
         index.remove(first);
         ChunkId nothing;
         nothing.bytes.fill(7);
         index.put(nothing, index.location(second));
       },
       1, 1},
  };
  for (const Case& each : cases) {
    for (const unsigned threads : kThreadCounts) {
      SCOPED_TRACE(std::string(each.what) + ", " + std::to_string(threads) + " threads");
      TestVault copy(filled.vault, filled.vault.files().clone(), 3);
      {
        WrongIndex index(copy);
        each.make(index);
        index.save();
      }
      const auto store = copy.open();
      ASSERT_FALSE(store->open_report().index_was_rebuilt);
      const auto report = store->verify({.data = true, .heal = true, .threads = threads}).value();
      EXPECT_EQ(report.index_entries_missing, each.missing);
      EXPECT_EQ(report.index_entries_wrong, each.wrong);
      EXPECT_TRUE(report.damage.empty());
      EXPECT_TRUE(store->verify({.threads = threads}).value().is_clean());
      for (const auto& [id, plain] : filled.chunks) expect_reads(*store, id, plain);
    }
  }
}

// Stopping while several threads are in one pack ends all of them.
TEST(ChunkStoreVerify, StopsWithSeveralThreadsInOnePack) {
  TestVault vault;
  fill_pack(vault, 0, 50);
  const auto store = vault.open();
  int calls = 0;
  const auto report = store->verify(
      {.data = true, .threads = 4, .progress = [&](std::uint64_t, std::uint64_t) { return ++calls < 5; }});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::interrupted);
  EXPECT_LT(calls, 20) << "each thread ends with the group it is at";
  EXPECT_TRUE(store->verify({.data = true, .threads = 4}).value().is_clean());
}

}  // namespace
}  // namespace atl::chunk
