#include "foundation/codec/internal/vector_gcm.h"

#include <sodium.h>

#include <algorithm>

#ifdef ATOLL_HAS_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

namespace atl::codec::internal {

#ifdef ATOLL_HAS_IPSEC_MB

namespace {

// The library's table of functions, or null where the processor lacks the instructions. Made once, never changed.
const IMB_MGR* functions() {
  static const std::unique_ptr<IMB_MGR, decltype(&free_mb_mgr)> table = [] {
    std::unique_ptr<IMB_MGR, decltype(&free_mb_mgr)> made(alloc_mb_mgr(0), &free_mb_mgr);
    constexpr std::uint64_t needed = IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
    if (made && (made->features & needed) == needed) {
      init_mb_mgr_avx512(made.get());
      if (imb_get_errno(made.get()) == 0 && made->gcm256_enc != nullptr) return made;
    }
    made.reset();
    return made;
  }();
  return table.get();
}

}  // namespace

struct VectorGcm::Key {
  alignas(64) gcm_key_data expanded{};
  Key() = default;
  Key(const Key& other) = default;
  Key& operator=(const Key&) = delete;
  Key(Key&&) = delete;
  Key& operator=(Key&&) = delete;
  ~Key() { wipe({reinterpret_cast<std::uint8_t*>(&expanded), sizeof expanded}); }  // NOLINT: its bytes
};

namespace {

// What a call works with: it holds key stream at the end.
struct Working {
  gcm_context_data context{};
  Working() = default;
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;
  Working(Working&&) = delete;
  Working& operator=(Working&&) = delete;
  ~Working() { wipe({reinterpret_cast<std::uint8_t*>(&context), sizeof context}); }  // NOLINT: its bytes
};

}  // namespace

bool VectorGcm::is_offered() { return functions() != nullptr; }

VectorGcm::VectorGcm(const SecretKey& key) : key_(std::make_unique<Key>()) {
  ATOLL_INVARIANT(is_offered(), "whoever uses it has asked whether it is offered");
  IMB_AES256_GCM_PRE(functions(), key.view().data(), &key_->expanded);
}
VectorGcm::VectorGcm(const VectorGcm& other) : key_(std::make_unique<Key>(*other.key_)) {}
VectorGcm::~VectorGcm() = default;

void VectorGcm::seal(const Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out) const {
  Working working;
  IMB_AES256_GCM_ENC(functions(), &key_->expanded, &working.context, out.data(), plain.data(), plain.size(),
                     nonce.data(), aad.data(), aad.size(), out.last(kTagBytes).data(), kTagBytes);
}

bool VectorGcm::seal_checked(const Nonce& nonce, ByteView aad, std::span<const ByteView> parts, ByteSpan out,
                             ByteSpan opened) const {
  const IMB_MGR* const use = functions();
  Working sealing;
  Working opening;
  IMB_AES256_GCM_INIT(use, &key_->expanded, &sealing.context, nonce.data(), aad.data(), aad.size());
  IMB_AES256_GCM_INIT(use, &key_->expanded, &opening.context, nonce.data(), aad.data(), aad.size());
  std::uint8_t* to = out.data();
  for (ByteView part : parts) {
    while (!part.empty()) {
      const ByteView piece = part.first(std::min(part.size(), opened.size()));
      IMB_AES256_GCM_ENC_UPDATE(use, &key_->expanded, &sealing.context, to, piece.data(), piece.size());
      IMB_AES256_GCM_DEC_UPDATE(use, &key_->expanded, &opening.context, opened.data(), to, piece.size());
      if (!equal(opened.first(piece.size()), piece)) return false;
      to += piece.size();
      part = part.subspan(piece.size());
    }
  }
  const ByteSpan tag = out.last(kTagBytes);
  std::array<std::uint8_t, kTagBytes> found{};
  IMB_AES256_GCM_ENC_FINALIZE(use, &key_->expanded, &sealing.context, tag.data(), tag.size());
  IMB_AES256_GCM_DEC_FINALIZE(use, &key_->expanded, &opening.context, found.data(), found.size());
  return equal(tag, found);
}

bool VectorGcm::open(const Nonce& nonce, ByteView aad, ByteView sealed, ByteSpan out) const {
  Working working;
  std::array<std::uint8_t, kTagBytes> expected{};
  std::ranges::copy(sealed.last(kTagBytes), expected.begin());  // `out` may lie over it
  std::array<std::uint8_t, kTagBytes> tag{};
  IMB_AES256_GCM_DEC(functions(), &key_->expanded, &working.context, out.data(), sealed.data(), out.size(),
                     nonce.data(), aad.data(), aad.size(), tag.data(), tag.size());
  const bool matches = sodium_memcmp(expected.data(), tag.data(), tag.size()) == 0;
  if (!matches) wipe(tag);  // it is the right one of these bytes
  return matches;
}

#else

struct VectorGcm::Key {};
bool VectorGcm::is_offered() { return false; }
VectorGcm::VectorGcm(const SecretKey& /*key*/) { ATOLL_INVARIANT(false, "it is not offered"); }
VectorGcm::VectorGcm(const VectorGcm& /*other*/) { ATOLL_INVARIANT(false, "it is not offered"); }
VectorGcm::~VectorGcm() = default;
void VectorGcm::seal(const Nonce& /*nonce*/, ByteView /*aad*/, ByteView /*plain*/, ByteSpan /*out*/) const {
  ATOLL_INVARIANT(false, "it is not offered");
}
bool VectorGcm::seal_checked(const Nonce& /*nonce*/, ByteView /*aad*/, std::span<const ByteView> /*parts*/,
                             ByteSpan /*out*/, ByteSpan /*opened*/) const {
  ATOLL_INVARIANT(false, "it is not offered");
}
bool VectorGcm::open(const Nonce& /*nonce*/, ByteView /*aad*/, ByteView /*sealed*/, ByteSpan /*out*/) const {
  ATOLL_INVARIANT(false, "it is not offered");
}

#endif

}  // namespace atl::codec::internal
