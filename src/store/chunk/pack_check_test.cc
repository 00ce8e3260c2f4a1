// What a pack's seals vouch for, and what only the digests of its chunks do.
#include "store/chunk/pack_check.h"

#include <gtest/gtest.h>

#include "foundation/codec/hash.h"
#include "store/blob/disk_blob_store.h"
#include "store/chunk/internal/group.h"
#include "store/chunk/internal/pack_writer.h"
#include "store/chunk/testing/test_vault.h"

namespace atl::chunk {
namespace {

using namespace testing;  // NOLINT

class PackCheckTest : public ::testing::Test {
 protected:
  PackCheckTest()
      : blobs_(blob::make_disk_blob_store(vault_.machine(), platform::join(kVaultFolder, "packs"),
                                          {blob::Layout::fan_out, ".pack", 64})) {}

  // A pack of one group with one chunk, sealed with the right keys, whose directory calls the chunk `id`.
  PackId sealed_pack(ByteView plain, const ChunkId& id) {
    PackHeader header;
    header.vault = vault_.keys().vault();
    header.id = platform::new_id<PackId>(vault_.machine());
    header.domain = kDefaultDomain;
    vault_.random().fill(header.salt);
    auto pack = PackWriter::begin(*blobs_, header, vault_.keys().domain(kDefaultDomain)->pack_key, {1 << 20}).value();
    const std::vector<DirectoryEntry> entries{{id, 0, static_cast<std::uint32_t>(plain.size())}};
    GroupSealer group;
    EXPECT_TRUE(group.prepare(entries, plain, {}));
    auto sealer = pack->new_sealer();
    const auto number = pack->reserve();
    EXPECT_TRUE(group.seal(sealer, pack->header_bytes(), number.value(), plain));
    bool is_full = false;
    EXPECT_TRUE(pack->append(group.frame(), group.header(), entries, is_full));
    EXPECT_FALSE(pack->retire());
    EXPECT_TRUE(pack->release());
    EXPECT_TRUE(pack->sync());
    EXPECT_TRUE(pack->seal(vault_.random(), {}));
    return header.id;
  }
  std::string damage(const PackId& id, bool reads_data) {
    const auto check = check_pack(*blobs_, vault_.keys(), id, reads_data);
    return check ? check->damage : check.error().message;
  }
  [[nodiscard]] ChunkId id_of(ByteView plain) {
    ChunkId id;
    id.bytes = codec::blake3_keyed(vault_.keys().domain(kDefaultDomain)->id_key, plain);
    return id;
  }

  TestVault vault_;
  std::unique_ptr<blob::BlobStore> blobs_;
};

TEST_F(PackCheckTest, AWholePackIsWhole) {
  const Bytes plain = text_chunk(1, 20'000);
  const PackId pack = sealed_pack(plain, id_of(plain));
  EXPECT_EQ(damage(pack, false), "");
  EXPECT_EQ(damage(pack, true), "");
}

TEST_F(PackCheckTest, AChunkThatWasSealedUnderAnotherOnesIdIsFoundByReading) {
  const Bytes plain = text_chunk(1, 20'000);
  const PackId pack = sealed_pack(plain, id_of(text_chunk(2, 20'000)));
  EXPECT_EQ(damage(pack, false), "");
  EXPECT_EQ(damage(pack, true), "a chunk of it is not what its id says");
}

TEST_F(PackCheckTest, AMissingPackIsDamage) {
  EXPECT_NE(damage(platform::new_id<PackId>(vault_.machine()), false), "");
}

}  // namespace
}  // namespace atl::chunk
