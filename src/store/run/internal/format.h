// The bytes of a run file and of the manifest; spec/formats/run.md says the same for readers in other languages.
// Always true: what the parse functions accept is consistent in itself (sizes, offsets, counts agree with each other
// and with the length of the file), so that the code behind them needs no further bounds than those of its own buffers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"
#include "foundation/base/ids.h"
#include "foundation/codec/seal.h"

namespace atl::run::internal {

inline constexpr std::size_t kSaltBytes = 16;
using Salt = std::array<std::uint8_t, kSaltBytes>;

inline constexpr std::size_t kBlockStored = 4096;                            // a sealed block of the usual size
inline constexpr std::size_t kBlockPlain = kBlockStored - codec::kTagBytes;  // 4080
inline constexpr std::size_t kHeaderBytes = 128;
inline constexpr std::size_t kHeaderStored = 4096;  // padded with zeros, so that blocks are aligned
inline constexpr std::size_t kTrailerBytes = 64;
inline constexpr std::size_t kIndexChunkPlain = 64 * 1024;
inline constexpr std::size_t kFilterLineBytes = 64;
inline constexpr std::size_t kFilterLines = 63;  // per page: as many as fit a block
inline constexpr std::size_t kFilterPageBytes = kFilterLineBytes * kFilterLines;
inline constexpr std::size_t kFilterPageBits = kFilterPageBytes * 8;
inline constexpr std::size_t kEntryHeadBytes = 6;            // variable mode: u16 key length, u32 value length and flag
inline constexpr std::uint32_t kRemovedFlag = 0x8000'0000U;  // in the value length
inline constexpr std::size_t kFixedEntryBytesMax = 510;      // longer ones go to variable mode: 8 a block at least
inline constexpr std::uint64_t kSealsMax = std::uint64_t{1} << 31;
inline constexpr std::size_t kRunsInManifestMax = 4096;

// Lanes of the nonce: what is sealed. The counter is the ordinal among its kind.
enum class Lane : std::uint32_t { data = 0, filter = 1, index = 2, footer = 3 };
enum class Mode : std::uint8_t { fixed = 1, variable = 2 };

// What the clear header of a run says; known before the first entry is written.
struct RunHeader {
  VaultId vault;
  Salt salt{};
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  Mode mode = Mode::fixed;
  bool has_removals = false;          // fixed mode: blocks end with a bitmap of removed entries
  std::uint8_t filter_probes = 0;     // bits set per key, 1..7
  std::uint16_t key_width = 0;        // fixed mode
  std::uint32_t value_width = 0;      // fixed mode
  std::uint32_t blocks_per_page = 0;  // fixed mode: data blocks before each filter page
  std::uint32_t prefix_skip = 0;      // bytes that all keys have in common, left out of the block index
  std::uint64_t number = 0;           // of the run within its set, never used twice

  [[nodiscard]] std::size_t entries_per_block() const;  // fixed mode
};
[[nodiscard]] std::array<std::uint8_t, kHeaderBytes> encode(const RunHeader& header);
[[nodiscard]] Result<RunHeader> parse_run_header(ByteView stored);  // kHeaderStored bytes
// Most entries of `entry` bytes that fit a block, with the bitmap of removed ones where asked.
[[nodiscard]] std::size_t entries_per_block(std::size_t entry_bytes, bool has_removals);

struct RunFooter {
  std::uint64_t entries = 0;  // removals included
  std::uint64_t removals = 0;
  std::uint64_t blocks = 0;
  std::uint64_t pages = 0;     // filter pages
  std::uint64_t data_end = 0;  // offset of the first index chunk
  Bytes min_key;
  Bytes max_key;
};
[[nodiscard]] Bytes encode(const RunFooter& footer);
// `file_bytes` bounds every count before anything is allocated by it.
[[nodiscard]] Result<RunFooter> parse_run_footer(ByteView plain, const RunHeader& header, std::uint64_t file_bytes);
[[nodiscard]] std::uint64_t index_plain_bytes(Mode mode, std::uint64_t blocks, std::uint64_t pages);
[[nodiscard]] std::uint64_t index_stored_bytes(std::uint64_t plain_bytes);

struct RunTrailer {
  std::uint64_t footer_offset = 0;
  std::uint32_t footer_stored_bytes = 0;
  std::uint64_t file_bytes = 0;
};
[[nodiscard]] std::array<std::uint8_t, kTrailerBytes> encode(const RunTrailer& trailer);
[[nodiscard]] Result<RunTrailer> parse_run_trailer(ByteView stored, std::uint64_t file_bytes);

// What the manifest keeps of a run, so that no other file can stand in for it.
struct RunInfo {
  std::uint64_t number = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t entries = 0;
  Salt salt{};
};
struct Manifest {
  std::uint64_t next_number = 1;
  std::vector<RunInfo> runs;  // newest first
  Bytes state;
};
inline constexpr std::string_view kManifestName = "manifest";
inline constexpr std::size_t kManifestBytesMax =
    kHeaderBytes + 64 + kRunsInManifestMax * 48 + 4 * 1024 * 1024 + codec::kTagBytes;
[[nodiscard]] Bytes encode_manifest(const Manifest& manifest, const VaultId& vault, const Salt& salt,
                                    codec::SealSuite suite, const codec::SecretKey& index_key);
[[nodiscard]] Result<Manifest> parse_manifest(ByteView stored, const VaultId& vault, codec::SealSuite suite,
                                              const codec::SecretKey& index_key);

// "0000000000000001.run": 16 hexadecimal digits.
[[nodiscard]] std::string run_file_name(std::uint64_t number);
[[nodiscard]] codec::SecretKey run_file_key(const codec::SecretKey& index_key, const Salt& salt);

[[nodiscard]] tl::unexpected<Error> damaged(std::string_view id, std::string_view what);

}  // namespace atl::run::internal
