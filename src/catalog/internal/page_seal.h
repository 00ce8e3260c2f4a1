// The bytes on disk of catalog.sqlite and its WAL: the block in front of the pages, sealed pages, sealed frames.
//
// Always true:
//  - A page of 4,096 bytes holds 4,064 bytes of SQLite's and, at its end, tag, nonce and 4 zero bytes. SQLite was told
//    to reserve the last 32 bytes of a page and sees zeros there.
//  - A WAL frame is sealed as one: page and checksum are hidden (SQLite's checksum is a function of the clear page),
//    the frame's page number, commit size and salts stay clear and are authenticated.
//  - Nonces are random; the position is part of what is authenticated, so that pages cannot change places.
// Format: spec/formats/catalog.md. Thread rules: one PageSeal, one thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/machine.h"

namespace atl::catalog {

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kReservedBytes = 32;
inline constexpr std::size_t kUsedBytes = kPageBytes - kReservedBytes;
inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::size_t kFrameClearBytes = 16;  // of the frame header: page number, commit size, salts
inline constexpr std::size_t kFrameBytes = kFrameHeaderBytes + kPageBytes;
inline constexpr std::size_t kWalHeaderBytes = 32;
inline constexpr std::size_t kFrontBytes = 4096;  // before the first page

using Page = std::array<std::uint8_t, kPageBytes>;
using Frame = std::array<std::uint8_t, kFrameBytes>;
using WalSalts = std::array<std::uint8_t, 8>;

// The front block's fixed part.
struct FileHead {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  VaultId vault;
  codec::SealSuite suite = codec::SealSuite::none;
  std::array<std::uint8_t, 32> salt{};  // random, new with every file: so is the key below
};
inline constexpr std::size_t kHeadBytes = 112;

// Which WAL continues the database and how far it has been copied into it. Two slots, written in turn; the valid one
// with the higher number counts.
struct CopyMark {
  enum class State : std::uint8_t {
    complete = 0,  // the pages are a whole state without the WAL
    copying = 1,   // they are one only together with it
  };
  std::uint64_t number = 0;
  State state = State::complete;
  WalSalts salts{};             // of the WAL; another one has nothing to say
  std::uint64_t wal_bytes = 0;  // up to here it was synced, and may have been copied
  friend bool operator==(const CopyMark&, const CopyMark&) = default;
};
inline constexpr std::size_t kMarkBytes = 64;
[[nodiscard]] inline std::uint64_t mark_offset(std::uint64_t number) { return 512 * (1 + number % 2); }

// Key of one catalog file.
[[nodiscard]] codec::SecretKey derive_page_key(const codec::SecretKey& key, const FileHead& head);

class PageSeal {
 public:
  // `seals` counts every seal of the file's key, over all connections of this process.
  PageSeal(codec::SealSuite suite, const codec::SecretKey& page_key, VaultId vault, platform::Random& random,
           std::atomic<std::uint64_t>& seals);

  // `page_number` from 1. `page` ends with 32 zero bytes where it is clear.
  void seal_page(std::uint32_t page_number, const Page& clear, Page& sealed);
  [[nodiscard]] bool open_page(std::uint32_t page_number, const Page& sealed, Page& clear);
  // `offset` of the frame in the WAL.
  void seal_frame(std::uint64_t offset, const Frame& clear, Frame& sealed);
  [[nodiscard]] bool open_frame(std::uint64_t offset, const Frame& sealed, Frame& clear);

  [[nodiscard]] std::array<std::uint8_t, kHeadBytes> seal_head(const FileHead& head);
  [[nodiscard]] bool is_head_sealed_with_this_key(std::span<const std::uint8_t, kHeadBytes> encoded);
  [[nodiscard]] std::array<std::uint8_t, kMarkBytes> seal_mark(const CopyMark& mark);
  [[nodiscard]] std::optional<CopyMark> open_mark(std::span<const std::uint8_t, kMarkBytes> encoded);

 private:
  enum class Kind : std::uint8_t { page = 1, frame = 2, head = 3, mark = 4 };
  static constexpr std::size_t kAadPositionBytes = 1 + 16 + 8;
  [[nodiscard]] ByteSpan position(Kind kind, std::uint64_t at, ByteView more = {});
  [[nodiscard]] codec::Nonce next_nonce();

  codec::Sealer sealer_;
  VaultId vault_;
  platform::Random* random_;
  std::atomic<std::uint64_t>* seals_;
  std::array<std::uint8_t, kAadPositionBytes + kHeadBytes> aad_{};
  // Random bytes are asked for in blocks: one system call for many pages.
  std::array<std::uint8_t, codec::kNonceBytes * 64> nonces_{};
  std::size_t nonces_used_ = sizeof(nonces_);
};

// Everything about a front block that can be told without the key: damaged, or unsupported for an unknown format.
[[nodiscard]] Result<FileHead> decode_head(std::span<const std::uint8_t, kHeadBytes> encoded);

}  // namespace atl::catalog
