// One pack file, looked at by itself: no index, no store, any blob store that holds it. For second copies.
// Always true: changes nothing; what it calls whole was authenticated with the pack's key, or, where that key is gone,
// compared with the checksums of its parity section.
// Thread rules: any thread.
#pragma once

#include <string>

#include "store/blob/blob_store.h"
#include "store/keyring/keyring.h"

namespace atl::chunk {

struct PackCheck {
  std::uint64_t bytes_read = 0;
  std::string damage;  // one sentence; empty: whole
};
// Of a sealed pack: header, trailer, footer and parity record; with `reads_data` every group is opened, the id
// of every chunk computed anew, and every block compared with its checksum. Errors are those of the store (`io`,
// `unsupported`); damage is none.
[[nodiscard]] Result<PackCheck> check_pack(const blob::BlobStore& blobs, const keyring::Keyring& keys, const PackId& id,
                                           bool reads_data);

}  // namespace atl::chunk
