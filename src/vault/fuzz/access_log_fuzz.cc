// The reader of access logs: the input as a log, and the input sealed as the entries of a record.
#include "foundation/codec/seal.h"
#include "vault/tier/accesses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;  // NOLINT
  const codec::SecretKey key;
  const VaultId vault;
  const auto suite = codec::SealSuite::aes256gcm;
  std::size_t entries = 0;
  const auto count = [&](const vault::LoggedAccess&) { ++entries; };
  vault::read_access_log(ByteView(data, size), vault, suite, key, count);
  if (entries > 0) __builtin_trap();  // nobody seals without the key

  // A whole record in front of anything at all is read, the rest is not.
  const std::size_t length = size / 28 * 28;
  Bytes log = to_bytes(std::string_view("ATAL"));
  ByteWriter out(log);
  out.put(std::uint32_t{1});
  out.put_zeros(16);
  out.put(static_cast<std::uint32_t>(length + codec::kTagBytes));
  Bytes aad = to_bytes(vault.view());
  aad.insert(aad.end(), log.begin(), log.end());
  Bytes sealed(length + codec::kTagBytes);
  codec::Sealer sealer(suite, codec::derive_key(key, ByteView(log).subspan(8, 16), "atoll access log"));
  sealer.seal(codec::counter_nonce(0), aad, ByteView(data, length), sealed);
  log.insert(log.end(), sealed.begin(), sealed.end());
  log.insert(log.end(), data, data + size);
  vault::read_access_log(log, vault, suite, key, count);
  if (entries != length / 28) __builtin_trap();
  return 0;
}
