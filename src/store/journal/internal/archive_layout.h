// The fixed bytes of an archive: header, block header, index, footer. Pure encoding and decoding.
// Always true: what decodes has passed its checksum, and every number in it is within its limits.
#pragma once

#include <span>

#include "store/journal/internal/archive.h"

namespace atl::journal::layout {

inline constexpr std::size_t kIndexEntryBytes = 40;
inline constexpr std::size_t kSectionEntryBytes = 16;  // domain, codec, stored bytes with tag, raw bytes
inline constexpr std::size_t kPayloadEntryBytes = 12;  // command's index in the block, ordinal, length
inline constexpr std::uint32_t kSectionsPerBlockMax = 65'536;

struct BlockHeader {
  Lsn first;
  Timestamp first_time;
  Timestamp last_time;
  std::uint32_t count = 0;
  std::uint32_t section_count = 0;
  std::uint32_t total_bytes = 0;
  std::uint32_t used_bytes = 0;
  std::uint32_t first_section = 0;  // number of its first section within the file: the nonce
  std::uint32_t body_crc = 0;
};

[[nodiscard]] Bytes encode_header(const ArchiveHeader& header);  // without the notes
struct DecodedHeader {
  ArchiveHeader header;
  std::uint32_t notes_bytes = 0;
};
[[nodiscard]] Result<DecodedHeader> decode_header(ByteView bytes);

[[nodiscard]] Bytes encode_block_header(const BlockHeader& header);
[[nodiscard]] std::optional<BlockHeader> decode_block_header(ByteView bytes);
// What binds a section to its file and block; its own table entry follows.
[[nodiscard]] Bytes section_aad(const Salt& salt, const BlockHeader& header);

[[nodiscard]] Bytes encode_index(std::span<const ArchiveBlockPlace> blocks);
// None: blocks that do not lie one behind the other, densely in LSNs, between `begin` and `end`.
[[nodiscard]] std::optional<std::vector<ArchiveBlockPlace>> decode_index(ByteView bytes, std::uint64_t begin,
                                                                         std::uint64_t end, Lsn first, Lsn last);

[[nodiscard]] Bytes encode_footer(const ArchiveFooter& footer);
[[nodiscard]] std::optional<ArchiveFooter> decode_footer(ByteView bytes);

}  // namespace atl::journal::layout
