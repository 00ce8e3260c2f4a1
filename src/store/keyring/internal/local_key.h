// The file `local.key`: the key L, which wraps the keys of derived files on this machine.
//
// Always true:
//  - The file holds L once, or twice while R is being replaced (under the old and the new R), so that a crash in
//    between never costs the derived files.
//  - Losing the file costs a rebuild, never data: whoever cannot read it makes a new L.
#pragma once

#include <vector>

#include "store/keyring/internal/frame.h"

namespace atl::keyring::internal {

inline constexpr std::string_view kLocalKeyName = "local.key";

struct LocalKey {
  codec::SecretKey key;
  bool is_new = false;         // the file was missing, bad or sealed under another R: nothing was written yet
  bool needs_tidying = false;  // holds L under a second R
};

// Never fails: what cannot be read is replaced by a fresh random key.
[[nodiscard]] LocalKey load_local_key(const platform::Machine& machine, const std::string& folder, VaultId vault,
                                      codec::SealSuite suite, const codec::SecretKey& root);
// `roots`: one or two, each able to open the file.
[[nodiscard]] Result<void> write_local_key(const platform::Machine& machine, const std::string& folder, VaultId vault,
                                           codec::SealSuite suite, const codec::SecretKey& local,
                                           const std::vector<const codec::SecretKey*>& roots);

}  // namespace atl::keyring::internal
