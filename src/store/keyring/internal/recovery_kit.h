// The two forms of a recovery kit: a page to print, and a small file.
//
// Always true:
//  - Either form alone gives the recovery key; the file gives a copy of the keyring besides.
//  - On the page the key stands in four lines of 16 base32 characters: 8 bytes of the key, then 2 bytes of
//    BLAKE3("atoll recovery line" || line number || those 8 bytes), so that a mistyped or misplaced line is named.
//  - No error message repeats what was typed.
#pragma once

#include <optional>
#include <string>

#include "store/keyring/internal/frame.h"

namespace atl::keyring::internal {

struct KitFacts {
  VaultId vault;
  std::string vault_name;
  Timestamp made;
};

[[nodiscard]] std::string write_page(const KitFacts& facts, const codec::SecretKey& recovery_key);
[[nodiscard]] Result<Bytes> write_kit_file(VaultId vault, std::uint64_t generation,
                                           const codec::SecretKey& recovery_key, ByteView keyring_image);

struct ReadKit {
  codec::SecretKey recovery_key;
  std::optional<VaultId> vault;  // always there for a file
  bool is_file = false;
  Bytes keyring_image;  // of a file; empty where that part is damaged
};
// `usage` where it is no kit or a line is mistyped, `damaged` where it is a file whose key cannot be read.
[[nodiscard]] Result<ReadKit> read_kit(ByteView page_or_file);

}  // namespace atl::keyring::internal
