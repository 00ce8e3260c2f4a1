#include "store/keyring/internal/frame.h"

#include <algorithm>

#include "foundation/codec/hash.h"

namespace atl::keyring::internal {
namespace {

constexpr std::size_t kMajorAt = 8;
constexpr std::size_t kCompatibleAt = 12;
constexpr std::size_t kReadOnlyAt = 16;
constexpr std::size_t kIncompatibleAt = 20;
constexpr std::size_t kVaultAt = 24;
constexpr std::size_t kGenerationAt = 40;
constexpr std::size_t kSuiteAt = 48;
constexpr std::size_t kClearBytesAt = 52;
constexpr std::size_t kSealedBytesAt = 56;
constexpr std::size_t kNonceAt = 60;
constexpr std::size_t kHeaderCrcAt = 72;

std::string id_of(const FrameKind& kind, std::string_view what) {
  return std::string(kind.id_prefix) + "." + std::string(what);
}

tl::unexpected<Error> damaged(const FrameKind& kind, std::string_view why) {
  return fail(ErrorKind::damaged, id_of(kind, "damaged"), std::string(kind.what) + " is damaged: " + std::string(why));
}

// Header and clear section; the checksum of the header is in place.
Result<Bytes> encode_head(const FrameKind& kind, const FrameHeader& header, ByteView clear, std::size_t sealed_bytes,
                          const codec::Nonce& nonce) {
  ATOLL_INVARIANT(kind.magic.size() == 8, "a magic has 8 bytes");
  const std::uint64_t total = std::uint64_t{kFrameHeaderBytes} + clear.size() + sealed_bytes + kFrameDigestBytes;
  if (total > kind.size_max) {
    return fail(ErrorKind::limit, id_of(kind, "too_large"),
                std::string(kind.what) + " would need " + std::to_string(total) + " bytes, more than the " +
                    std::to_string(kind.size_max) + " it may have");
  }
  Bytes image;
  image.reserve(static_cast<std::size_t>(total));
  ByteWriter writer(image);
  writer.put_bytes(as_bytes(kind.magic));
  writer.put<std::uint16_t>(kFormatMajor);
  writer.put<std::uint16_t>(kFormatMinor);
  writer.put<std::uint32_t>(header.compatible);
  writer.put<std::uint32_t>(header.read_only);
  writer.put<std::uint32_t>(0);
  writer.put_bytes(header.vault.view());
  writer.put<std::uint64_t>(header.generation);
  writer.put<std::uint8_t>(static_cast<std::uint8_t>(header.suite));
  writer.put_zeros(3);
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(clear.size()));
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(sealed_bytes));
  writer.put_bytes(nonce);
  writer.put<std::uint32_t>(codec::crc32c(image));
  ATOLL_INVARIANT(image.size() == kFrameHeaderBytes, "the frame's header has a fixed size");
  writer.put_bytes(clear);
  return image;
}

void append_digest(Bytes& image) {
  const codec::Digest digest = codec::blake3(image);
  image.insert(image.end(), digest.begin(), digest.end());
}

}  // namespace

Result<Bytes> encode_frame(const FrameKind& kind, const FrameHeader& header, ByteView clear,
                           const codec::SecretKey& key, ByteView sealed_plain, platform::Random& random) {
  codec::Nonce nonce{};
  random.fill(nonce);
  const std::size_t sealed_bytes = sealed_plain.size() + codec::kTagBytes;
  ATOLL_ASSIGN(Bytes image, encode_head(kind, header, clear, sealed_bytes, nonce));
  Bytes sealed(sealed_bytes);
  codec::Sealer sealer(header.suite, key);
  sealer.seal(nonce, image, sealed_plain, sealed);
  image.insert(image.end(), sealed.begin(), sealed.end());
  append_digest(image);
  return image;
}

Result<Bytes> encode_clear_frame(const FrameKind& kind, const FrameHeader& header, ByteView clear) {
  ATOLL_ASSIGN(Bytes image, encode_head(kind, header, clear, 0, codec::Nonce{}));
  append_digest(image);
  return image;
}

Result<Frame> decode_frame(const FrameKind& kind, Bytes image) {
  if (image.size() < kFrameHeaderBytes + kFrameDigestBytes) return damaged(kind, "it is too short");
  if (image.size() > kind.size_max) return damaged(kind, "it is too large");
  const std::uint8_t* const at = image.data();
  if (as_text(ByteView(image).first(8)) != kind.magic) return damaged(kind, "it does not begin with its magic bytes");
  if (load_le<std::uint32_t>(at + kHeaderCrcAt) != codec::crc32c(ByteView(image).first(kHeaderCrcAt))) {
    return damaged(kind, "the checksum of its header does not match");
  }
  const std::size_t content_bytes = image.size() - kFrameDigestBytes;
  const codec::Digest digest = codec::blake3(ByteView(image).first(content_bytes));
  if (!equal(digest, ByteView(image).last(kFrameDigestBytes))) return damaged(kind, "its checksum does not match");

  // Whole from here on: what does not fit was written so.
  if (load_le<std::uint16_t>(at + kMajorAt) != kFormatMajor || load_le<std::uint32_t>(at + kIncompatibleAt) != 0 ||
      at[kSuiteAt] > static_cast<std::uint8_t>(codec::SealSuite::aes256gcm)) {
    return fail(ErrorKind::unsupported, id_of(kind, "too_new"),
                std::string(kind.what) + " was written by a newer version of Atoll",
                "Use that version, or a later one.");
  }
  Frame frame;
  frame.header.compatible = load_le<std::uint32_t>(at + kCompatibleAt);
  frame.header.read_only = load_le<std::uint32_t>(at + kReadOnlyAt);
  std::copy_n(at + kVaultAt, frame.header.vault.bytes.size(), frame.header.vault.bytes.begin());
  frame.header.generation = load_le<std::uint64_t>(at + kGenerationAt);
  frame.header.suite = static_cast<codec::SealSuite>(at[kSuiteAt]);
  std::copy_n(at + kNonceAt, frame.nonce.size(), frame.nonce.begin());
  const std::uint64_t clear_bytes = load_le<std::uint32_t>(at + kClearBytesAt);
  const std::uint64_t sealed_bytes = load_le<std::uint32_t>(at + kSealedBytesAt);
  if (kFrameHeaderBytes + clear_bytes + sealed_bytes != content_bytes) {
    return damaged(kind, "the lengths of its sections do not fit its size");
  }
  if (sealed_bytes != 0 && sealed_bytes < codec::kTagBytes) return damaged(kind, "its sealed section is too short");
  if (at[kSuiteAt + 1] != 0 || at[kSuiteAt + 2] != 0 || at[kSuiteAt + 3] != 0 || frame.header.vault.is_none()) {
    return damaged(kind, "its header is malformed");
  }
  // Generations are counted up from here; one near the end of the range could not be followed.
  if (frame.header.generation >= std::uint64_t{1} << 62) return damaged(kind, "its generation is impossible");
  frame.clear_bytes = static_cast<std::size_t>(clear_bytes);
  frame.sealed_bytes = static_cast<std::size_t>(sealed_bytes);
  frame.image = std::move(image);
  return frame;
}

Result<WipedBytes> open_frame(const FrameKind& kind, const Frame& frame, const codec::SecretKey& key) {
  const ByteView sealed = frame.sealed();
  if (sealed.size() < codec::kTagBytes) return damaged(kind, "its sealed section is missing");
  WipedBytes plain(sealed.size() - codec::kTagBytes);
  codec::Sealer sealer(frame.header.suite, key);
  if (!sealer.open(frame.nonce, frame.head(), sealed, plain.bytes)) {
    return fail(ErrorKind::wrong_key, id_of(kind, "not_opened"),
                std::string(kind.what) + " is whole but does not open with this vault's keys");
  }
  return plain;
}

CopyPair read_pair(platform::FileSystem& files, const std::string& folder, const PairNames& names,
                   const FrameKind& kind) {
  CopyPair pair;
  for (std::size_t i = 0; i < pair.size(); ++i) {
    Copy& copy = pair[i];
    copy.name = names[i];
    const std::string path = platform::join(folder, names[i]);
    const auto info = files.stat(path);
    if (info && !*info) continue;  // missing
    auto image = info ? platform::read_whole(files, path, kind.size_max) : Result<Bytes>(pass(info.error()));
    if (!image) {
      copy.state = image.error().kind == ErrorKind::limit ? Copy::State::damaged : Copy::State::unreadable;
      copy.error = std::move(image).error();
      continue;
    }
    auto frame = decode_frame(kind, std::move(*image));
    if (frame) {
      copy.state = Copy::State::whole;
      copy.frame = std::move(*frame);
    } else {
      copy.state = frame.error().kind == ErrorKind::unsupported ? Copy::State::too_new : Copy::State::damaged;
      copy.error = std::move(frame).error();
    }
  }
  return pair;
}

Result<std::vector<const Copy*>> whole_copies(const CopyPair& pair, const FrameKind& kind) {
  std::vector<const Copy*> whole;
  for (const Copy& copy : pair) {
    // Even beside a good older one: writing that over it would throw away what the newer program knows.
    if (copy.state == Copy::State::too_new) return pass(copy.error);
    if (copy.state == Copy::State::whole) whole.push_back(&copy);
  }
  if (whole.empty()) {
    const bool missing = std::ranges::all_of(pair, [](const Copy& c) { return c.state == Copy::State::missing; });
    if (missing) {
      return fail(ErrorKind::missing_home, id_of(kind, "missing"),
                  std::string(kind.what) + " is not there: neither '" + pair[0].name + "' nor '" + pair[1].name +
                      "' is in the vault's folder");
    }
    for (const Copy& copy : pair) {
      if (copy.state == Copy::State::unreadable) return pass(Error(copy.error).with_context(kind.what));
    }
    return fail(
        ErrorKind::damaged, id_of(kind, "damaged"),
        std::string(kind.what) + " is damaged in both of its files, '" + pair[0].name + "' and '" + pair[1].name + "'");
  }
  if (whole.size() == 2) {
    const FrameHeader& a = whole[0]->frame.header;
    const FrameHeader& b = whole[1]->frame.header;
    if (a.vault != b.vault) {
      return fail(ErrorKind::damaged, id_of(kind, "two_vaults"),
                  "'" + pair[0].name + "' belongs to vault " + a.vault.text() + ", '" + pair[1].name + "' to vault " +
                      b.vault.text(),
                  "Move the file that does not belong here out of the vault's folder.");
    }
    if (a.suite != b.suite) {
      return fail(ErrorKind::damaged, id_of(kind, "two_suites"),
                  "'" + pair[0].name + "' and '" + pair[1].name + "' disagree about whether the vault is encrypted",
                  "One of the files was put there by somebody else: move it out of the vault's folder.");
    }
    if (b.generation > a.generation) std::swap(whole[0], whole[1]);
  }
  return whole;
}

std::string finding(const Copy& copy, const Copy& best) {
  switch (copy.state) {
    case Copy::State::missing: return "'" + copy.name + "' is missing";
    case Copy::State::unreadable: return "'" + copy.name + "' cannot be read: " + copy.error.message;
    case Copy::State::damaged:
    case Copy::State::too_new: return "'" + copy.name + "': " + copy.error.message;
    case Copy::State::whole: break;
  }
  if (equal(copy.frame.image, best.frame.image)) return "";
  return "'" + copy.name + "' is behind '" + best.name + "'";
}

Result<void> write_pair(platform::FileSystem& files, const std::string& folder, const PairNames& names, ByteView image,
                        bool& first_written) {
  first_written = false;
  ATOLL_TRY(platform::replace_whole(files, platform::join(folder, names[0]), image));
  first_written = true;
  return platform::replace_whole(files, platform::join(folder, names[1]), image);
}

}  // namespace atl::keyring::internal
