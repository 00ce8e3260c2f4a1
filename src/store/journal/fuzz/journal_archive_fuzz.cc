// A good archive, damaged as the input says, and any bytes as an archive: no crash, no memory by a foreign size.
// Without encryption, so that what lies behind the seal is reached.
#include <algorithm>
#include <cstdint>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/journal/internal/archive.h"
#include "store/journal/internal/archive_layout.h"
#include "store/journal/testing/journal_samples.h"

namespace {

using namespace atl;
using namespace atl::journal;

const ArchiveName kName{{1}, {6}};

Bytes good_archive(const JournalKeys& keys) {
  platform::TestMachine machine;
  ArchiveHeader header;
  header.first = kName.first;
  auto writer = ArchiveWriter::begin(machine.machine(), keys, "/a", header, {}, 200);
  PayloadDigester digester(keys);
  for (Command& command : sample_group(kName.first, 6, 1)) {
    for (const Payload& payload : command.payloads) {
      command.envelope.payload_digests.push_back(
          {payload.domain, payload.plain->size(), *digester.digest(payload.domain, *payload.plain)});
    }
    (void)(*writer)->add({command, encode_envelope(command.envelope)});
  }
  (void)(*writer)->finish();
  return machine.files.content("/a");
}

void fix_blocks(Bytes& content) {
  for (std::size_t at = 0; at + kArchiveBlockHeaderBytes <= content.size(); at += kArchiveBlockAlign) {
    std::uint8_t* const block = content.data() + at;
    if (!equal(ByteView(block, 8), as_bytes(std::string_view("ATLJBLK\0", 8)))) continue;
    const auto total = load_le<std::uint32_t>(block + 44);
    if (total < kArchiveBlockHeaderBytes || total > content.size() - at) continue;
    store_le<std::uint32_t>(
        block + 56, codec::crc32c(ByteView(block + kArchiveBlockHeaderBytes, total - kArchiveBlockHeaderBytes)));
    store_le<std::uint32_t>(block + 60, codec::crc32c(ByteView(block, 60)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1 << 18) return 0;
  const JournalKeys keys = SampleKeys(sample_vault(), codec::SealSuite::none).keys();
  Bytes content;
  if (data[0] % 4 == 0) {
    content.assign(data + 1, data + size);
  } else {
    static const Bytes good = good_archive(keys);
    content = good;
    for (std::size_t i = 1; i + 2 < size; i += 3) {
      content[load_le<std::uint16_t>(data + i) % content.size()] = data[i + 2];
    }
    if (data[0] % 4 == 1) fix_blocks(content);
    if (data[0] % 4 == 2) content.resize(content.size() / 2);  // no parity, no footer
  }
  platform::MemoryFileSystem files;
  files.set_content("/a", content);
  const auto reader = ArchiveReader::open(files, "/a", kName, keys);
  if (!reader) return 0;
  for (const ArchiveBlockPlace& place : (*reader)->blocks()) (void)(*reader)->read_block(place, true);
  (void)(*reader)->check();
  (void)layout::decode_footer(content);
  return 0;
}
