#include "store/journal/internal/sealing.h"

namespace atl::journal {

codec::SecretKey chain_key(const JournalKeys& keys) {
  return codec::derive_key(keys.journal_key, keys.vault.view(), "atoll journal chain");
}

codec::Digest next_chain(const codec::SecretKey& key, const codec::Digest& previous, ByteView envelope) {
  // Nearly all envelopes are short, and this runs for every command: no heap for them.
  std::array<std::uint8_t, 1024> joined;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  if (previous.size() + envelope.size() <= joined.size()) {
    std::memcpy(joined.data(), previous.data(), previous.size());
    if (!envelope.empty()) std::memcpy(joined.data() + previous.size(), envelope.data(), envelope.size());
    return codec::blake3_keyed(key, ByteView(joined).first(previous.size() + envelope.size()));
  }
  codec::Blake3 hasher(key);
  hasher.update(previous);
  hasher.update(envelope);
  return hasher.digest();
}

FileSealers::FileSealers(const JournalKeys& keys, FileFamily family, const Salt& salt)
    : keys_(&keys),
      family_(family),
      salt_(salt),
      envelopes_(keys.suite, codec::derive_key(keys.journal_key, salt,
                                               family == FileFamily::segment ? "atoll journal segment envelopes"
                                                                             : "atoll journal archive envelopes")),
      chain_key_(journal::chain_key(keys)),
      digester_(keys) {}

std::optional<codec::Digest> PayloadDigester::digest(DomainNumber domain, ByteView plain) {
  if (!keys_->payload_key) return std::nullopt;
  const auto key = keys_->payload_key(domain);
  if (!key) {
    derived_.erase(domain);
    return std::nullopt;
  }
  auto found = derived_.find(domain);
  if (found == derived_.end()) {
    found =
        derived_.emplace(domain, codec::derive_key(*key, keys_->vault.view(), "atoll journal payload digest")).first;
  }
  return codec::blake3_keyed(found->second, plain);
}

codec::Sealer* FileSealers::payloads(DomainNumber domain) {
  if (!keys_->payload_key) return nullptr;
  const auto key = keys_->payload_key(domain);
  if (!key) {
    payloads_.erase(domain);
    return nullptr;
  }
  auto found = payloads_.find(domain);
  if (found == payloads_.end()) {
    const char* const info =
        family_ == FileFamily::segment ? "atoll journal segment payloads" : "atoll journal archive payloads";
    found = payloads_.emplace(domain, codec::Sealer(keys_->suite, codec::derive_key(*key, salt_, info))).first;
  }
  return &found->second;
}

Result<void> seal_checked(codec::Sealer& sealer, const codec::Nonce& nonce, ByteView aad, ByteView plain, ByteSpan out,
                          Buffer& scratch) {
  sealer.seal(nonce, aad, plain, out);
  scratch.resize(plain.size());
  if (!sealer.open(nonce, aad, out, scratch.span()) || !equal(scratch.view(), plain)) {
    return fail(
        ErrorKind::failed, "journal.seal_check_failed",
        "what was just sealed for the journal does not open again; this machine's memory or processor is failing",
        "Run a memory test before you go on.");
  }
  return {};
}

}  // namespace atl::journal
