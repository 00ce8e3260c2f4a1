// What this machine remembers about its second copies: how far each one is, and when it was last seen and checked.
//
// Always true:
//  - Nothing here is truth: a file for each copy below indexes/copies/, which may be deleted; what it said is found out
//    again by the next sync. So shipping makes no command, which would have to be shipped again.
//  - That a copy exists, and where, is truth: a CopyRow.
//  - A copy counts as a safe one only where it was reached lately, holds everything but the last moments, and lies on
//    another disk.
// Format: spec/formats/copy.md. Thread rules: plain functions; writers of one name are the caller's to serialise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

inline constexpr std::string_view kCopyKindFolder = "folder";
inline constexpr std::string_view kCopyKindS3 = "s3";  // its place is the text of store/blob/s3/s3_place.h

struct CopyState {
  HistoryId history;
  Lsn shipped;              // everything up to here is there, and was read back
  Timestamp shipped_time;   // commit time of that change
  Timestamp synced;         // when the last round began that ended well: what was there then is in the copy
  Timestamp verified;       // when its structure was last verified; 0: never
  Timestamp data_verified;  // every byte of it
  bool verify_ok = true;    // what the last verify found
  std::uint64_t bytes = 0;  // that the copy takes
  bool is_same_disk = false;
  friend bool operator==(const CopyState&, const CopyState&) = default;
};
[[nodiscard]] Bytes encode(const CopyState& state);
[[nodiscard]] Result<CopyState> decode_copy_state(ByteView bytes);

// None where nothing is remembered, or what is there cannot be read.
[[nodiscard]] std::optional<CopyState> read_copy_state(platform::FileSystem& files, const std::string& vault_folder,
                                                       const std::string& name);
[[nodiscard]] Result<void> write_copy_state(platform::FileSystem& files, const std::string& vault_folder,
                                            const std::string& name, const CopyState& state);
[[nodiscard]] Result<void> forget_copy_state(platform::FileSystem& files, const std::string& vault_folder,
                                             const std::string& name);

// 1..63 of a-z 0-9 . -, beginning with a letter or digit: it is a file's name too.
[[nodiscard]] Result<void> check_copy_name(std::string_view name);

struct CopyFinding {
  std::string id;
  std::string message;
  std::string command;
};
// What is not safe about the copies, in words for `stat`; none where at least one of them is safe.
[[nodiscard]] Result<std::optional<CopyFinding>> copy_finding(Vault& vault);

}  // namespace atl::vault
