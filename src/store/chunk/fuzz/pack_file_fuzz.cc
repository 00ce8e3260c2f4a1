// Any bytes as a whole pack file, finished or not: opened, walked and verified without a crash, in bounded memory.
#include <algorithm>
#include <cstdint>

#include "foundation/codec/hash.h"
#include "store/blob/testing/memory_blob_store.h"
#include "store/chunk/internal/pack_reader.h"
#include "store/chunk/testing/test_vault.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::chunk;
  static auto* const vault = new chunk::testing::TestVault(codec::SealSuite::none);  // lives as long as the process
  if (size < kPackHeaderBytes || size > (1U << 20U)) return 0;
  Bytes file(data, data + size);
  PackHeader header;
  header.vault = vault->keys().vault();
  std::copy_n(data + 40, 16, header.id.bytes.begin());
  header.id.bytes[15] |= 1;
  header.domain = kDefaultDomain;
  header.suite = codec::SealSuite::none;
  // Most inputs get a good header and good checksums in their group headers, or nothing behind them would be reached.
  if (data[0] % 8 != 0) std::ranges::copy(encode(header), file.begin());
  if (data[1] % 2 == 0) {
    for (std::size_t at = kPackHeaderBytes; at + kGroupHeaderBytes < size;) {
      const auto group = decode_group_header(ByteView(file).subspan(at));
      if (!group || group->sealed_length > size - at - kGroupHeaderBytes) break;
      const ByteSpan frame = ByteSpan(file).subspan(at, kGroupHeaderBytes + group->sealed_length);
      store_le(frame.data() + 28, group_checksum(frame));
      at += frame.size();
    }
  }
  blob::testing::MemoryBlobStore blobs;
  const std::string name = pack_blob_name(header.id);
  const auto writer = blobs.receive(name).value();
  if (!writer->append(file)) return 0;
  if (data[2] % 2 == 0 && !writer->commit()) return 0;
  BufferPool pool(1 << 20);
  if (const auto reader = PackReader::open(blobs, vault->keys(), header.id, pool)) {
    codec::Decompressor decompressor;
    (void)(*reader)->read_footer(true);
    (void)(*reader)->walk_groups(decompressor);
    (void)(*reader)->read_group(kPackHeaderBytes, load_le<std::uint32_t>(data + 16) % (1U << 20U), decompressor, true);
  }
  return 0;
}
