// The manifest's reader: the input as a file, and the input sealed as a manifest's body.
#include "foundation/codec/hash.h"
#include "store/run/internal/format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;                 // NOLINT
  using namespace atl::run::internal;  // NOLINT
  const codec::SecretKey key;
  const VaultId vault;
  const auto suite = codec::SealSuite::aes256gcm;
  const ByteView input(data, size);
  (void)parse_manifest(input, vault, suite, key);

  Bytes file = encode_manifest({}, vault, {}, suite, key);
  file.resize(kHeaderBytes + size + codec::kTagBytes);
  store_le(file.data() + 64, static_cast<std::uint64_t>(size));
  store_le(file.data() + kHeaderBytes - 4, codec::crc32c(ByteView(file).first(kHeaderBytes - 4)));
  codec::Sealer sealer(suite, codec::derive_key(key, ByteView(file).subspan(40, kSaltBytes), "atoll run manifest"));
  sealer.seal(codec::counter_nonce(0), ByteView(file).first(kHeaderBytes), input, ByteSpan(file).subspan(kHeaderBytes));
  const auto manifest = parse_manifest(file, vault, suite, key);
  if (manifest) {
    // What is understood is written back the same, but for the salt.
    const Bytes again = encode_manifest(*manifest, vault, {}, suite, key);
    const auto twice = parse_manifest(again, vault, suite, key);
    if (!twice || twice->state != manifest->state || twice->runs.size() != manifest->runs.size()) __builtin_trap();
  }
  return 0;
}
