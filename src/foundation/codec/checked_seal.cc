#include "foundation/codec/checked_seal.h"

#include <cstring>
#include <optional>

#include "foundation/codec/internal/openssl_gcm.h"
#include "foundation/codec/internal/vector_gcm.h"

namespace atl::codec {
namespace {

// With what it becomes and what it is opened into it fits into the second cache of a core.
constexpr std::size_t kPieceBytes = std::size_t{128} * 1024;

// Without a cipher the bytes stay clear, and only the tag is to be made and looked at.
bool seal_clear(Sealer& clear, const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out) {
  const ByteSpan text = out.first(out.size() - kTagBytes);
  std::size_t at = 0;
  for (const ByteView part : parts) {
    if (!part.empty()) std::memcpy(text.data() + at, part.data(), part.size());
    at += part.size();
  }
  clear.seal(nonce, aad, text, out);
  at = 0;
  for (const ByteView part : parts) {
    if (!equal(text.subspan(at, part.size()), part)) return false;
    at += part.size();
  }
  return clear.open(nonce, aad, out, text);
}

}  // namespace

struct CheckedSealer::State {
  // One of them.
  std::optional<internal::VectorGcm> vectors;
  std::optional<internal::OpensslGcm> openssl;
  std::optional<Sealer> clear;
  Buffer opened;
};

CheckedSealer::CheckedSealer(SealSuite suite, const SecretKey& key) : state_(std::make_unique<State>()) {
  if (suite == SealSuite::none) {
    state_->clear.emplace(suite, key);
    return;
  }
  ATOLL_INVARIANT(suite == SealSuite::aes256gcm, "the suite was checked by the format");
  state_->opened = Buffer(kPieceBytes);
  if (internal::VectorGcm::is_offered()) {
    state_->vectors.emplace(key);
  } else {
    state_->openssl.emplace(key);
  }
}
CheckedSealer::CheckedSealer(CheckedSealer&&) noexcept = default;
CheckedSealer& CheckedSealer::operator=(CheckedSealer&&) noexcept = default;
CheckedSealer::~CheckedSealer() = default;

bool CheckedSealer::seal(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out) {
  std::size_t length = kTagBytes;
  for (const ByteView part : parts) length += part.size();
  ATOLL_INVARIANT(out.size() == length, "sealed bytes are the plain ones and a tag");
  if (state_->clear) return seal_clear(*state_->clear, nonce, aad, parts, out);
  const ByteSpan piece = state_->opened.span();
  return state_->vectors ? state_->vectors->seal_checked(nonce, aad, parts, out, piece)
                         : state_->openssl->seal_checked(nonce, aad, parts, out, piece);
}

}  // namespace atl::codec
