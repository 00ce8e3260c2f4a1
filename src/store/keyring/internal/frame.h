// The frame that `keyring`, `vault.head`, `local.key` and the recovery kit's file share, and files kept twice.
//
//     offset  size
//          0     8  magic
//          8     2  format major       10  2  format minor
//         12     4  features: compatible   16  4  read-only   20  4  incompatible
//         24    16  vault id
//         40     8  generation
//         48     1  suite of the sealed section       49  3  zero
//         52     4  C, bytes of the clear section     56  4  S, bytes of the sealed section, tag included
//         60    12  nonce of the sealed section (zero where S is 0)
//         72     4  CRC-32C of bytes 0..71
//         76     C  clear section (numbered fields)
//       76+C     S  sealed section; additional data = bytes 0..76+C-1
//     76+C+S    32  BLAKE3 of everything before
//
// Always true:
//  - The checksums are judged before the version, so that damage in the version bytes is not taken for a newer program.
//    The places of the header's fields and of the two checksums are therefore fixed for all format versions.
//  - A decoded frame has every length checked against its image.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/machine.h"

namespace atl::keyring::internal {

inline constexpr std::size_t kFrameHeaderBytes = 76;
inline constexpr std::size_t kFrameDigestBytes = 32;
inline constexpr std::uint16_t kFormatMajor = 0;
inline constexpr std::uint16_t kFormatMinor = 0;

// What sets one kind of framed file apart.
struct FrameKind {
  std::string_view magic;      // 8 bytes
  std::string_view id_prefix;  // of error ids: "keyring"
  std::string_view what;       // for people: "the keyring"
  std::uint64_t size_max;
};
inline constexpr FrameKind kKeyringFrame{"ATOLLKEY", "keyring", "the keyring", 1U << 20};
inline constexpr FrameKind kLocalKeyFrame{"ATOLLLOC", "local_key", "the local key", 4096};
inline constexpr FrameKind kKitFrame{"ATOLLKIT", "recovery_kit", "the recovery kit's file", (1U << 20) + 4096};
inline constexpr FrameKind kVaultHeadFrame{"ATOLLHED", "vault_head", "the vault's head", 64U << 10};

// Bytes that are wiped when they go.
struct WipedBytes {
  Bytes bytes;
  WipedBytes() = default;
  explicit WipedBytes(std::size_t size) : bytes(size) {}
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
  WipedBytes(WipedBytes&& other) noexcept : bytes(std::move(other.bytes)) { other.bytes.clear(); }
  WipedBytes& operator=(WipedBytes&&) = delete;
  ~WipedBytes() { codec::wipe(bytes); }
};

struct FrameHeader {
  VaultId vault;
  std::uint64_t generation = 0;
  codec::SealSuite suite = codec::SealSuite::none;
  std::uint32_t compatible = 0;  // unknown bits are kept when a file is written anew
  std::uint32_t read_only = 0;   // unknown bits: may be read, not written
};

struct Frame {
  FrameHeader header;
  codec::Nonce nonce{};
  std::size_t clear_bytes = 0;
  std::size_t sealed_bytes = 0;
  Bytes image;  // the whole file

  [[nodiscard]] ByteView head() const { return ByteView(image).first(kFrameHeaderBytes + clear_bytes); }
  [[nodiscard]] ByteView clear() const { return ByteView(image).subspan(kFrameHeaderBytes, clear_bytes); }
  [[nodiscard]] ByteView sealed() const {
    return ByteView(image).subspan(kFrameHeaderBytes + clear_bytes, sealed_bytes);
  }
};

// `sealed_plain` is sealed by `key` under a random nonce. `limit` where the image would be larger than the kind allows.
[[nodiscard]] Result<Bytes> encode_frame(const FrameKind& kind, const FrameHeader& header, ByteView clear,
                                         const codec::SecretKey& key, ByteView sealed_plain, platform::Random& random);
// Without a sealed section.
[[nodiscard]] Result<Bytes> encode_clear_frame(const FrameKind& kind, const FrameHeader& header, ByteView clear);
// `damaged` ("<prefix>.damaged") or `unsupported` ("<prefix>.too_new").
[[nodiscard]] Result<Frame> decode_frame(const FrameKind& kind, Bytes image);
// The plain sealed section; `wrong_key` ("<prefix>.not_opened") where the tag does not match.
[[nodiscard]] Result<WipedBytes> open_frame(const FrameKind& kind, const Frame& frame, const codec::SecretKey& key);

// One of the two files of a pair, as found.
struct Copy {
  enum class State : std::uint8_t { missing, unreadable, damaged, too_new, whole };
  std::string name;
  State state = State::missing;
  Frame frame;  // whole
  Error error;  // unreadable, damaged, too_new
};
using CopyPair = std::array<Copy, 2>;
using PairNames = std::array<std::string_view, 2>;
inline constexpr PairNames kKeyringNames{"keyring", "keyring.2"};
inline constexpr PairNames kVaultHeadNames{"vault.head", "vault.head.2"};

[[nodiscard]] CopyPair read_pair(platform::FileSystem& files, const std::string& folder, const PairNames& names,
                                 const FrameKind& kind);
// Whole copies, the highest generation first. An error where there is none, where a newer program wrote one, or where
// the two belong to different vaults or disagree about encryption.
[[nodiscard]] Result<std::vector<const Copy*>> whole_copies(const CopyPair& pair, const FrameKind& kind);
// One sentence about a copy that is not as good as `best`; empty where it is.
[[nodiscard]] std::string finding(const Copy& copy, const Copy& best);
// First file, then second. `first_written` tells, on error, which of them failed.
[[nodiscard]] Result<void> write_pair(platform::FileSystem& files, const std::string& folder, const PairNames& names,
                                      ByteView image, bool& first_written);

}  // namespace atl::keyring::internal
