// Any bytes as an active segment: no crash, no memory by a foreign size. Without encryption, so that what lies behind
// the seal is reached; every second input gets good checksums.
#include <cstdint>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/memory_file_system.h"
#include "store/journal/internal/recovery.h"
#include "store/journal/testing/journal_samples.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::journal;
  if (size == 0 || size > 1 << 18) return 0;
  const JournalKeys keys = SampleKeys(sample_vault(), codec::SealSuite::none).keys();
  Bytes content(data + 1, data + size);
  FileSealers sealers(keys, FileFamily::segment, Salt{});
  if (data[0] % 2 == 1) {
    content.resize(round_up(content.size(), kBlockBytes));
    for (std::size_t at = kSegmentHeaderBytes; at < content.size(); at += kBlockBytes) {
      std::uint8_t* const group = content.data() + at;
      std::copy_n("ATLJGRP\0", 8, group);
      const auto total = load_le<std::uint32_t>(group + 80);
      if (total < kGroupHeaderBytes || total > content.size() - at) continue;
      store_le<std::uint32_t>(
          group + 120, codec::crc32c(ByteView(content).subspan(at + kGroupHeaderBytes, total - kGroupHeaderBytes)));
      store_le<std::uint32_t>(group + 124, codec::crc32c(ByteView(group, 124)));
      (void)open_group(ByteView(content).subspan(at, total), sealers, true);
    }
  }
  platform::MemoryFileSystem files;
  files.set_content("/1.wal", content);
  const auto file = files.open("/1.wal", platform::OpenMode::read);
  const auto header = read_segment_header(**file, 1, keys);
  if (header) {
    const auto scan = scan_segment(**file, *header);
    if (scan) {
      for (const GroupPlace& place : scan->groups) (void)read_group(**file, place, sealers, true);
    }
  }
  (void)decode_horizon(content, keys.vault);
  (void)decode_envelope(content);
  (void)decode_row_changes(content);
  return 0;
}
