#include "catalog/internal/page_seal.h"

#include <algorithm>
#include <optional>

#include "foundation/codec/hash.h"

namespace atl::catalog {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'A', 'T', 'L', 'C', 'A', 'T', 'L', 'G'};
constexpr std::uint16_t kFormatMajor = 0;
constexpr std::uint16_t kFormatMinor = 1;
constexpr std::uint32_t kIncompatibleKnown = 0;

// Offsets in the head.
constexpr std::size_t kMajorAt = 8;
constexpr std::size_t kMinorAt = 10;
constexpr std::size_t kCompatibleAt = 12;
constexpr std::size_t kReadOnlyAt = 16;
constexpr std::size_t kIncompatibleAt = 20;
constexpr std::size_t kVaultAt = 24;
constexpr std::size_t kSuiteAt = 40;
constexpr std::size_t kPageBytesAt = 44;
constexpr std::size_t kSaltAt = 48;
constexpr std::size_t kTagAt = 80;
constexpr std::size_t kNonceAt = 96;
constexpr std::size_t kCrcAt = 108;

// Offsets in a mark.
constexpr std::size_t kMarkStateAt = 8;
constexpr std::size_t kMarkSaltsAt = 16;
constexpr std::size_t kMarkWalBytesAt = 24;
constexpr std::size_t kMarkTagAt = 32;
constexpr std::size_t kMarkNonceAt = 48;

// Behind the ciphertext of pages and frames: tag, nonce, zeros.
constexpr std::size_t kSpareBytes = kReservedBytes - codec::kTagBytes - codec::kNonceBytes;

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

codec::Nonce load_nonce(const std::uint8_t* from) {
  codec::Nonce nonce;
  std::copy_n(from, nonce.size(), nonce.begin());
  return nonce;
}

}  // namespace

codec::SecretKey derive_page_key(const codec::SecretKey& key, const FileHead& head) {
  return codec::derive_key(key, head.salt, "atoll catalog pages");
}

PageSeal::PageSeal(codec::SealSuite suite, const codec::SecretKey& page_key, VaultId vault, platform::Random& random,
                   std::atomic<std::uint64_t>& seals)
    : sealer_(suite, page_key), vault_(vault), random_(&random), seals_(&seals) {}

ByteSpan PageSeal::position(Kind kind, std::uint64_t at, ByteView more) {
  aad_[0] = static_cast<std::uint8_t>(kind);
  std::copy(vault_.bytes.begin(), vault_.bytes.end(), aad_.begin() + 1);
  store_le(aad_.data() + 17, at);
  std::copy(more.begin(), more.end(), aad_.begin() + kAadPositionBytes);
  return ByteSpan(aad_).first(kAadPositionBytes + more.size());
}

codec::Nonce PageSeal::next_nonce() {
  if (nonces_used_ == nonces_.size()) {
    random_->fill(nonces_);
    nonces_used_ = 0;
  }
  const codec::Nonce nonce = load_nonce(nonces_.data() + nonces_used_);
  nonces_used_ += nonce.size();
  seals_->fetch_add(1, std::memory_order_relaxed);
  return nonce;
}

void PageSeal::seal_page(std::uint32_t page_number, const Page& clear, Page& sealed) {
  const codec::Nonce nonce = next_nonce();
  sealer_.seal(nonce, position(Kind::page, page_number), ByteView(clear).first(kUsedBytes),
               ByteSpan(sealed).first(kUsedBytes + codec::kTagBytes));
  auto at = std::copy(nonce.begin(), nonce.end(), sealed.begin() + kUsedBytes + codec::kTagBytes);
  std::fill(at, sealed.end(), std::uint8_t{0});
}

bool PageSeal::open_page(std::uint32_t page_number, const Page& sealed, Page& clear) {
  std::fill(clear.begin() + kUsedBytes, clear.end(), std::uint8_t{0});
  return is_zero(ByteView(sealed).last(kSpareBytes)) &&
         sealer_.open(load_nonce(sealed.data() + kUsedBytes + codec::kTagBytes), position(Kind::page, page_number),
                      ByteView(sealed).first(kUsedBytes + codec::kTagBytes), ByteSpan(clear).first(kUsedBytes));
}

void PageSeal::seal_frame(std::uint64_t offset, const Frame& clear, Frame& sealed) {
  constexpr std::size_t kHidden = kFrameHeaderBytes - kFrameClearBytes + kUsedBytes;
  const codec::Nonce nonce = next_nonce();
  std::copy_n(clear.begin(), kFrameClearBytes, sealed.begin());
  sealer_.seal(nonce, position(Kind::frame, offset, ByteView(clear).first(kFrameClearBytes)),
               ByteView(clear).subspan(kFrameClearBytes, kHidden),
               ByteSpan(sealed).subspan(kFrameClearBytes, kHidden + codec::kTagBytes));
  auto at = std::copy(nonce.begin(), nonce.end(), sealed.begin() + kFrameClearBytes + kHidden + codec::kTagBytes);
  std::fill(at, sealed.end(), std::uint8_t{0});
}

bool PageSeal::open_frame(std::uint64_t offset, const Frame& sealed, Frame& clear) {
  constexpr std::size_t kHidden = kFrameHeaderBytes - kFrameClearBytes + kUsedBytes;
  std::copy_n(sealed.begin(), kFrameClearBytes, clear.begin());
  std::fill(clear.end() - kReservedBytes, clear.end(), std::uint8_t{0});
  return is_zero(ByteView(sealed).last(kSpareBytes)) &&
         sealer_.open(load_nonce(sealed.data() + kFrameClearBytes + kHidden + codec::kTagBytes),
                      position(Kind::frame, offset, ByteView(sealed).first(kFrameClearBytes)),
                      ByteView(sealed).subspan(kFrameClearBytes, kHidden + codec::kTagBytes),
                      ByteSpan(clear).subspan(kFrameClearBytes, kHidden));
}

std::array<std::uint8_t, kHeadBytes> PageSeal::seal_head(const FileHead& head) {
  std::array<std::uint8_t, kHeadBytes> out{};
  std::copy(kMagic.begin(), kMagic.end(), out.begin());
  store_le(out.data() + kMajorAt, kFormatMajor);
  store_le(out.data() + kMinorAt, kFormatMinor);
  store_le<std::uint32_t>(out.data() + kCompatibleAt, 0);
  store_le<std::uint32_t>(out.data() + kReadOnlyAt, 0);
  store_le<std::uint32_t>(out.data() + kIncompatibleAt, 0);
  std::copy(head.vault.bytes.begin(), head.vault.bytes.end(), out.begin() + kVaultAt);
  out[kSuiteAt] = static_cast<std::uint8_t>(head.suite);
  store_le<std::uint32_t>(out.data() + kPageBytesAt, kPageBytes);
  std::copy(head.salt.begin(), head.salt.end(), out.begin() + kSaltAt);
  const codec::Nonce nonce = next_nonce();
  sealer_.seal(nonce, position(Kind::head, 0, ByteView(out).first(kTagAt)), {},
               ByteSpan(out).subspan(kTagAt, codec::kTagBytes));
  std::copy(nonce.begin(), nonce.end(), out.begin() + kNonceAt);
  store_le(out.data() + kCrcAt, codec::crc32c(ByteView(out).first(kCrcAt)));
  return out;
}

bool PageSeal::is_head_sealed_with_this_key(std::span<const std::uint8_t, kHeadBytes> encoded) {
  return sealer_.open(load_nonce(encoded.data() + kNonceAt), position(Kind::head, 0, encoded.first(kTagAt)),
                      encoded.subspan(kTagAt, codec::kTagBytes), {});
}

std::array<std::uint8_t, kMarkBytes> PageSeal::seal_mark(const CopyMark& mark) {
  std::array<std::uint8_t, kMarkBytes> out{};
  store_le(out.data(), mark.number);
  out[kMarkStateAt] = static_cast<std::uint8_t>(mark.state);
  std::copy(mark.salts.begin(), mark.salts.end(), out.begin() + kMarkSaltsAt);
  store_le(out.data() + kMarkWalBytesAt, mark.wal_bytes);
  const codec::Nonce nonce = next_nonce();
  sealer_.seal(nonce, position(Kind::mark, mark_offset(mark.number), ByteView(out).first(kMarkTagAt)), {},
               ByteSpan(out).subspan(kMarkTagAt, codec::kTagBytes));
  std::copy(nonce.begin(), nonce.end(), out.begin() + kMarkNonceAt);
  return out;
}

std::optional<CopyMark> PageSeal::open_mark(std::span<const std::uint8_t, kMarkBytes> encoded) {
  CopyMark mark;
  mark.number = load_le<std::uint64_t>(encoded.data());
  if (!sealer_.open(load_nonce(encoded.data() + kMarkNonceAt),
                    position(Kind::mark, mark_offset(mark.number), encoded.first(kMarkTagAt)),
                    encoded.subspan(kMarkTagAt, codec::kTagBytes), {})) {
    return std::nullopt;
  }
  if (encoded[kMarkStateAt] > static_cast<std::uint8_t>(CopyMark::State::copying)) return std::nullopt;
  mark.state = static_cast<CopyMark::State>(encoded[kMarkStateAt]);
  std::copy_n(encoded.begin() + kMarkSaltsAt, mark.salts.size(), mark.salts.begin());
  mark.wal_bytes = load_le<std::uint64_t>(encoded.data() + kMarkWalBytesAt);
  return mark;
}

Result<FileHead> decode_head(std::span<const std::uint8_t, kHeadBytes> encoded) {
  if (!std::equal(kMagic.begin(), kMagic.end(), encoded.begin())) {
    return fail(ErrorKind::damaged, "catalog.head_damaged", "the catalog file does not begin as one");
  }
  if (load_le<std::uint32_t>(encoded.data() + kCrcAt) != codec::crc32c(encoded.first(kCrcAt))) {
    return fail(ErrorKind::damaged, "catalog.head_damaged", "the catalog file's header is damaged");
  }
  FileHead head;
  head.major = load_le<std::uint16_t>(encoded.data() + kMajorAt);
  head.minor = load_le<std::uint16_t>(encoded.data() + kMinorAt);
  if (head.major != kFormatMajor ||
      (load_le<std::uint32_t>(encoded.data() + kIncompatibleAt) & ~kIncompatibleKnown) != 0 ||
      encoded[kSuiteAt] > static_cast<std::uint8_t>(codec::SealSuite::aes256gcm) ||
      load_le<std::uint32_t>(encoded.data() + kPageBytesAt) != kPageBytes) {
    return fail(ErrorKind::unsupported, "catalog.format_unknown",
                "the catalog file has a format that this version of Atoll does not know");
  }
  std::copy_n(encoded.begin() + kVaultAt, head.vault.bytes.size(), head.vault.bytes.begin());
  head.suite = static_cast<codec::SealSuite>(encoded[kSuiteAt]);
  std::copy_n(encoded.begin() + kSaltAt, head.salt.size(), head.salt.begin());
  return head;
}

}  // namespace atl::catalog
