// `vault.head` and `vault.head.2`: the constants of a vault and the roots of its newest checkpoints.
//
// Always true:
//  - Both files are complete; a store writes and syncs one, then the other; the higher generation that is whole and
//    opens with the vault's keys wins.
//  - What has to be known before the vault is unlocked stands in the clear part (VaultHeadOutside); roots, history,
//    times and levels are sealed by a key derived from the journal key.
//  - The constants do not change after create: store_vault_head() is given the whole head, and callers keep them.
// Format: spec/formats/vault-head.md. Thread rules: plain functions; writers are the caller's to serialise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/machine.h"
#include "store/keyring/keyring.h"

namespace atl::keyring {

inline constexpr std::size_t kCheckpointRootsMax = 2;
inline constexpr std::size_t kCheckpointRootBytesMax = 4096;

// A checkpoint that was read back whole and is named by a synced command.
struct CheckpointRoot {
  Lsn lsn;
  HistoryId history;
  Bytes root;  // encoded content reference, opaque here; 1..4096 bytes
  friend bool operator==(const CheckpointRoot&, const CheckpointRoot&) = default;
};

struct VaultHead {
  // Constants, clear in the file.
  VaultId vault;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::uint32_t journal_segment_bytes = 64U << 20;  // multiple of 4096, 64 KiB..1 GiB
  std::uint32_t parity_data = 32;                   // pack and archive parity: data blocks per stripe, 1..255
  std::uint32_t parity_extra = 1;                   // parity blocks per stripe, 0..32

  // Sealed.
  Timestamp created;
  HistoryId history;
  std::int32_t zstd_level_hot = 0;  // 0: raw or lz4; else -7..22
  std::int32_t zstd_level_warm = 3;
  std::int32_t zstd_level_cold = 12;
  std::vector<CheckpointRoot> checkpoints;  // newest first, at most two
  Lsn oldest_kept;                          // first LSN whose payload the journal still holds; 0: nothing was dropped

  std::uint64_t generation = 0;  // 0 before the first store
  friend bool operator==(const VaultHead&, const VaultHead&) = default;
};

struct VaultHeadOutside {
  VaultId vault;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::uint32_t journal_segment_bytes = 0;
  std::uint32_t parity_data = 0;
  std::uint32_t parity_extra = 0;
  std::uint64_t generation = 0;
};

struct LoadedVaultHead {
  VaultHead head;
  // One sentence for each file that was missing, bad or behind; empty where both are good.
  std::vector<std::string> findings;
  bool healed = false;  // the files in `findings` were written anew
};

enum class HealHead : std::uint8_t { no, yes };  // yes: only for the one writer

// Writes both files; `conflict` where either is there already. Sets head.generation.
[[nodiscard]] Result<void> create_vault_head(const platform::Machine& machine, const std::string& folder,
                                             const Keyring& keys, VaultHead& head);
// `missing_home` where neither file is there, `damaged` where both are, `unsupported` where one was written by a newer
// program, `wrong_key` where they are whole but sealed under other keys than `keys`. A failed healing is told in
// `findings` and is no error.
[[nodiscard]] Result<LoadedVaultHead> load_vault_head(const platform::Machine& machine, const std::string& folder,
                                                      const Keyring& keys, HealHead heal);
// Writes both files with a higher generation and sets head.generation. On error one of the files still holds the old
// head or holds the new one; "vault_head.second_copy" says that the new one stands in the first file only.
[[nodiscard]] Result<void> store_vault_head(const platform::Machine& machine, const std::string& folder,
                                            const Keyring& keys, VaultHead& head);
// The bytes of the newest whole one of the two files.
[[nodiscard]] Result<Bytes> vault_head_image(platform::FileSystem& files, const std::string& folder);
[[nodiscard]] Result<VaultHeadOutside> look_at_vault_head(platform::FileSystem& files, const std::string& folder);

}  // namespace atl::keyring
