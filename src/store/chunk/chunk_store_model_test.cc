// Random sessions against a model: a map of what was added. Each seed is a case of its own.
#include <gtest/gtest.h>

#include <map>

#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT: the helpers of this module's tests

struct Known {
  Bytes plain;
  DomainNumber domain;
  bool is_durable = false;
};

class ChunkStoreModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ChunkStoreModel, RandomSessionKeepsItsChunks) {
  const std::uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  platform::SeededRandom random(seed);
  auto vault = std::make_unique<TestVault>(random.one_in(4) ? codec::SealSuite::none : codec::SealSuite::aes256gcm);
  std::vector<std::unique_ptr<TestVault>> earlier;  // they own the keys' first disk
  const auto options = small_options(50'000 + random.below(400'000));
  auto store = vault->open(options);
  std::map<ChunkId, Known> model;
  std::vector<ChunkId> order;
  struct Writer {
    DomainNumber domain;
    std::unique_ptr<ChunkWriter> writer;
  };
  std::vector<Writer> writers;
  const auto forget_undurable = [&] {
    std::erase_if(model, [](const auto& each) { return !each.second.is_durable; });
    std::erase_if(order, [&](const ChunkId& id) { return !model.contains(id); });
  };
  const auto sync = [&] {
    ASSERT_TRUE(store->sync());
    for (auto& [id, known] : model) known.is_durable = true;
  };
  for (int step = 0; step < 250; ++step) {
    const std::uint64_t what = random.below(100);
    if (writers.size() < 1 + random.below(4)) {
      const DomainNumber domain = random.one_in(3) ? vault->second_domain() : kDefaultDomain;
      writers.push_back({domain, store->new_writer(domain, static_cast<Temperature>(1 + random.below(3)))});
    }
    if (what < 62) {
      auto& writer = writers[random.below(writers.size())];
      const std::uint64_t number = random.below(200);  // so that some come again
      const std::size_t length =
          random.one_in(15) ? 256 * 1024 + random.below(400'000) : random.below(random.one_in(3) ? 60'000 : 900);
      const Bytes plain = number % 2 == 0 ? text_chunk(number, length) : noise_chunk(number, length);
      const auto added = writer.writer->add(plain);
      ASSERT_TRUE(added) << added.error().message;
      ASSERT_EQ(added->is_new, !model.contains(added->id));
      if (added->is_new) order.push_back(added->id);
      model.try_emplace(added->id, Known{plain, writer.domain, false});
    } else if (what < 70) {
      sync();
    } else if (what < 88 && !order.empty()) {
      const ChunkId& id = order[random.below(order.size())];
      expect_reads(*store, id, model.at(id).plain, model.at(id).domain);
    } else if (what < 91) {
      if (!writers.empty()) writers.erase(writers.begin() + static_cast<std::ptrdiff_t>(random.below(writers.size())));
    } else if (what < 93) {
      ASSERT_TRUE(store->seal_packs());
      for (auto& [id, known] : model) known.is_durable = true;
    } else if (what < 95) {
      ASSERT_TRUE(store->rebuild_index());
    } else if (what < 96) {
      const auto report =
          store->verify({.data = random.one_in(2), .threads = 1U + static_cast<unsigned>(random.below(3))});
      ASSERT_TRUE(report && report->is_clean());
    } else {
      // The end of a session: closed, or killed with the machine staying up.
      const bool is_closed = random.one_in(2);
      if (is_closed) {
        ASSERT_TRUE(store->close());
        for (auto& [id, known] : model) known.is_durable = true;
      }
      writers.clear();
      store.reset();
      auto next =
          std::make_unique<TestVault>(*vault, vault->files().clone(), seed * 1000 + static_cast<std::uint64_t>(step));
      earlier.push_back(std::move(vault));
      vault = std::move(next);
      if (random.one_in(3)) {
        for (const auto& path : vault->files().all_paths("/vault/indexes/*")) vault->files().erase(path);
      }
      store = vault->open(options);
      ASSERT_TRUE(store->open_report().warnings.empty());
      // What was not synced may be there or not.
      for (auto& [id, known] : model) {
        const bool is_there = store->contains(id).value();
        ASSERT_TRUE(is_there || !known.is_durable);
        known.is_durable = is_there;
      }
      forget_undurable();
    }
    if (HasFatalFailure()) return;
  }
  sync();
  for (const auto& [id, known] : model) expect_reads(*store, id, known.plain, known.domain);
  ASSERT_TRUE(store->close());
  const auto report = store->verify({.data = true}).value();
  EXPECT_TRUE(report.is_clean());
  EXPECT_EQ(report.chunks, model.size());
  EXPECT_EQ(store->totals().chunks, model.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChunkStoreModel, ::testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace atl::chunk
