// Where one chunk lies, and what chunks would take elsewhere.
#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT

TEST(ChunkPlaces, TellThePackThatAChunkIsReadFrom) {
  TestVault vault;
  auto store = vault.open();
  const auto writer = store->new_writer(kDefaultDomain, Temperature::cold);
  const Bytes plain = text_chunk(1, 20'000);
  const ChunkId id = must_add(*writer, plain);
  ASSERT_TRUE(store->sync());
  const auto open_place = store->place_of(id);
  ASSERT_TRUE(open_place && *open_place);
  EXPECT_TRUE((*open_place)->is_in_open_pack);
  EXPECT_EQ((*open_place)->length, 20'000U);
  ASSERT_TRUE(store->seal_packs());
  const auto place = store->place_of(id);
  ASSERT_TRUE(place && *place);
  EXPECT_FALSE((*place)->is_in_open_pack);
  const auto packs = store->list_packs();
  ASSERT_EQ(packs.size(), 1U);
  EXPECT_EQ((*place)->pack, packs[0].id);
  EXPECT_EQ((*place)->stored_bytes, packs[0].stored_bytes);
  const auto nowhere = store->place_of(ChunkId{});
  ASSERT_TRUE(nowhere);
  EXPECT_FALSE(*nowhere);
}

TEST(ChunkPlaces, AnEstimateIsWhatAWriterTakes) {
  for (const Temperature tier : {Temperature::hot, Temperature::warm, Temperature::cold}) {
    TestVault vault;
    auto options = small_options(64 * kMiB);
    auto store = vault.open(options);
    const auto writer = store->new_writer(kDefaultDomain, Temperature::warm);
    std::vector<ChunkId> ids;
    for (std::uint64_t i = 0; i < 150; ++i) ids.push_back(must_add(*writer, text_chunk(i, 10'000 + 500 * (i % 40))));
    ids.push_back(must_add(*writer, noise_chunk(1, 400'000)));
    ASSERT_TRUE(store->seal_packs());
    const auto estimate = store->stored_bytes_as(ids, kDefaultDomain, tier);
    ASSERT_TRUE(estimate);
    EXPECT_EQ(store->list_packs().size(), 1U);  // nothing was written
    const PackId source = store->list_packs()[0].id;
    const auto moved = store->rewrite(std::span(&source, 1),
                                      [&](const ChunkId&) -> Result<std::optional<Temperature>> { return tier; }, {});
    ASSERT_TRUE(moved);
    // Header, trailer and the padding of parity aside.
    EXPECT_NEAR(static_cast<double>(*estimate), static_cast<double>(moved->stored_bytes_new),
                static_cast<double>(*estimate) * 0.02 + 80'000)
        << static_cast<int>(tier);
    EXPECT_FALSE(store->stored_bytes_as(std::vector{ChunkId{}}, kDefaultDomain, tier));
  }
}

}  // namespace
}  // namespace atl::chunk
