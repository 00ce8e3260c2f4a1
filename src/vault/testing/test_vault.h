// Small vaults in memory for tests: opened in a moment, with small segments and packs, and compared as plain values.
// Always true: nothing here is random but by the seed of the machine.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "vault/object/objects.h"
#include "vault/vault.h"

namespace atl::vault::testing {

inline constexpr const char* kFolder = "/home/vaults/test";

// A key file: opening costs no passphrase stretching.
[[nodiscard]] keyring::Unlocking test_key(std::uint8_t fill = 7);
[[nodiscard]] std::vector<keyring::Unlocking> test_keys(std::uint8_t fill = 7);
[[nodiscard]] VaultOptions small_options();
// With its folder's parents; segments of 256 KiB.
[[nodiscard]] Result<void> create_small(const platform::Machine& machine, const std::string& folder = kFolder,
                                        codec::SealSuite suite = codec::SealSuite::aes256gcm);
[[nodiscard]] Result<std::unique_ptr<Vault>> open_small(const platform::Machine& machine,
                                                        const std::string& folder = kFolder,
                                                        std::vector<std::string>* notices = nullptr,
                                                        bool is_writable = true);

// Bytes that no compressor shortens, and bytes that it does; the same for the same seed.
[[nodiscard]] Bytes noise(std::uint64_t seed, std::size_t count);
[[nodiscard]] Bytes words(std::uint64_t seed, std::size_t count);

[[nodiscard]] Result<Objects::PutResult> put_bytes(Vault& vault, const std::string& bucket, const std::string& key,
                                                   ByteView bytes, const PutRequest& request = {});
// As a reader sees it, whole.
[[nodiscard]] Result<Bytes> bytes_of(Vault& vault, const std::string& bucket, const std::string& key);
[[nodiscard]] Result<Bytes> bytes_of(Vault& vault, const catalog::VersionRow& version);

// What a user can tell of a vault: buckets, keys, content, words. Every byte is read.
struct ObjectState {
  std::uint64_t size = 0;
  codec::Digest digest{};
  std::map<std::string, std::string> metadata, tags;
  std::string author = {};
  std::map<std::string, std::uint64_t> labels = {};  // of all its versions -> size of the one that it names
  friend bool operator==(const ObjectState&, const ObjectState&) = default;
};
using VaultState = std::map<std::string, std::map<std::string, ObjectState>>;
[[nodiscard]] ObjectState object_state(ByteView bytes, const PutRequest& request = {});
[[nodiscard]] Result<VaultState> state_of(Vault& vault);
// The first difference in words; "" where there is none.
[[nodiscard]] std::string difference(const VaultState& expected, const VaultState& found);

// Every row of every table, byte for byte.
using VaultRows = std::map<std::pair<std::uint32_t, Bytes>, Bytes>;
[[nodiscard]] Result<VaultRows> rows_of(Vault& vault);

// "kind id: message", for assertions.
[[nodiscard]] std::string told(const Error& error);
template <class T>
[[nodiscard]] std::string told(const Result<T>& result) {
  return result ? std::string("ok") : told(result.error());
}

}  // namespace atl::vault::testing
