// The fixed parts of a pack file as structs: header, group header, footer, trailer. spec/formats/pack.md says what they
// mean byte for byte.
//
//     header | group | group | ... | footer | trailer | parity section (spec/formats/parity.md)
//
// Always true: every decode function checks magic, checksum and each field's range, and allocates nothing by a size
// that it has not compared with the bytes at hand. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/codec/compress.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"
#include "store/chunk/chunk_store.h"
#include "store/chunk/temperature.h"

namespace atl::chunk {

inline constexpr std::string_view kPackMagic = "ATOLPACK";
inline constexpr std::size_t kPackHeaderBytes = 128;
inline constexpr std::size_t kGroupHeaderBytes = 32;
inline constexpr std::size_t kFooterHeaderBytes = 64;
inline constexpr std::size_t kPackTrailerBytes = 64;
inline constexpr std::size_t kDirectoryHeadBytes = 8;
inline constexpr std::size_t kDirectoryEntryBytes = 40;
inline constexpr std::size_t kGroupChunksMax = 4096;
inline constexpr std::size_t kGroupRawBytesMax = kChunkBytesMax;
inline constexpr std::size_t kGroupSealedBytesMax =
    kDirectoryHeadBytes + kGroupChunksMax * kDirectoryEntryBytes + kGroupRawBytesMax + codec::kTagBytes;
// A pack that has grown beyond this holds a second copy of its header, behind the group with which it did.
inline constexpr std::uint64_t kHeaderCopyFromBytes = 4096;
inline constexpr std::uint32_t kPackSealsMax = 0x80000000;      // of one key; then a new pack is begun
inline constexpr std::uint64_t kPackFileBytesMax = 0xFFFFFFFF;  // group offsets are kept in 32 bits
inline constexpr std::uint64_t kFooterSealedBytesMax = 256 * kMiB;

using PackHeaderBytes = std::array<std::uint8_t, kPackHeaderBytes>;
using GroupHeaderBytes = std::array<std::uint8_t, kGroupHeaderBytes>;
using FooterHeaderBytes = std::array<std::uint8_t, kFooterHeaderBytes>;
using PackTrailerBytes = std::array<std::uint8_t, kPackTrailerBytes>;
using Salt = std::array<std::uint8_t, 32>;

struct PackHeader {
  VaultId vault;
  PackId id;
  DomainNumber domain;
  Temperature temperature = Temperature::warm;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  Salt salt{};
  friend bool operator==(const PackHeader&, const PackHeader&) = default;
};
[[nodiscard]] PackHeaderBytes encode(const PackHeader& header);
[[nodiscard]] Result<PackHeader> decode_pack_header(ByteView bytes);

struct GroupHeader {
  std::uint32_t number = 0;  // of the seal: its nonce; not the place in the file
  codec::CompressionCodec codec = codec::CompressionCodec::raw;
  std::uint32_t sealed_length = 0;
  std::uint32_t raw_length = 0;  // of all its chunks together
  std::uint32_t checksum = 0;    // over the header's other bytes and the sealed ones
  friend bool operator==(const GroupHeader&, const GroupHeader&) = default;
};
[[nodiscard]] GroupHeaderBytes encode(const GroupHeader& header);
[[nodiscard]] Result<GroupHeader> decode_group_header(ByteView bytes);
// CRC-32C as it stands in the header of `frame` (group header and sealed bytes).
[[nodiscard]] std::uint32_t group_checksum(ByteView frame);

struct DirectoryEntry {
  ChunkId id;
  std::uint32_t offset = 0;  // in the group's decompressed body
  std::uint32_t length = 0;
  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};
void encode_directory(std::span<const DirectoryEntry> entries, Bytes& out);  // appends
// Reads the directory at the front of `opened`; the chunks must fill [0, raw_length) without gaps.
[[nodiscard]] Result<std::vector<DirectoryEntry>> decode_directory(ByteView opened, std::uint32_t raw_length);

struct Footer {
  struct Group {
    std::uint64_t offset = 0;  // of the group's header in the file
    std::uint32_t sealed_length = 0;
    std::uint32_t raw_length = 0;
    std::uint32_t first_chunk = 0;  // index into `chunks`
    std::uint32_t number = 0;
    friend bool operator==(const Group&, const Group&) = default;
  };
  struct Chunk {
    ChunkId id;
    std::uint32_t group = 0;  // index into `groups`
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    friend bool operator==(const Chunk&, const Chunk&) = default;
  };
  std::vector<Group> groups;  // in the order of the file
  std::vector<Chunk> chunks;  // group by group, in the order of their directories
  std::uint64_t raw_bytes = 0;

  void add(std::uint64_t offset, const GroupHeader& header, std::span<const DirectoryEntry> entries);
  [[nodiscard]] std::span<const Chunk> chunks_of(std::size_t group) const;
  friend bool operator==(const Footer&, const Footer&) = default;
};
[[nodiscard]] Bytes encode(const Footer& footer);  // plaintext
[[nodiscard]] Result<Footer> decode_footer(ByteView plain, std::uint64_t footer_offset);

struct FooterHeader {
  std::uint64_t sealed_length = 0;
  Salt salt{};
  std::uint32_t checksum = 0;
};
[[nodiscard]] FooterHeaderBytes encode(const FooterHeader& header);
[[nodiscard]] Result<FooterHeader> decode_footer_header(ByteView bytes);
[[nodiscard]] std::uint32_t footer_checksum(ByteView frame);

struct PackTrailer {
  PackId id;
  std::uint64_t footer_offset = 0;
  std::uint64_t footer_length = 0;  // header and sealed bytes
  std::uint64_t protected_length = 0;
};
[[nodiscard]] PackTrailerBytes encode(const PackTrailer& trailer);
[[nodiscard]] Result<PackTrailer> decode_pack_trailer(ByteView bytes);

// Keys of one pack file.
[[nodiscard]] codec::SecretKey derive_group_key(const codec::SecretKey& domain_pack_key, const PackHeader& header);
[[nodiscard]] codec::SecretKey derive_footer_key(const codec::SecretKey& domain_pack_key, const PackId& id,
                                                 const Salt& salt);
// Footer header and sealed footer, ready to be appended. `header_bytes` are those in the file: a newer program's header
// may hold more than PackHeader does.
[[nodiscard]] Bytes seal_footer(const Footer& footer, const PackHeader& header, const PackHeaderBytes& header_bytes,
                                const codec::SecretKey& domain_pack_key, const Salt& salt);
[[nodiscard]] Result<Footer> open_footer(ByteView frame, std::uint64_t footer_offset, const PackHeader& header,
                                         const PackHeaderBytes& header_bytes, const codec::SecretKey& domain_pack_key);

[[nodiscard]] std::string pack_blob_name(const PackId& id);             // "<id>.pack"
[[nodiscard]] Result<PackId> pack_of_blob_name(std::string_view name);  // `usage` where it is none

}  // namespace atl::chunk
