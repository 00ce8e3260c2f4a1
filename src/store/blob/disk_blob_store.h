// Blobs as files of one folder.
//   fan_out:  <root>/<xx>/<name>, where xx are the last two characters of the name before its first dot. For
//             names that are UUIDv7s these are random digits; the first ones are time and would fill one folder after
//             the other.
//   flat:     <root>/<name>
// An unfinished blob is <name>.open beside its place. Always true: see blob_store.h; new folders are synced into their
// parents before a blob in them counts as synced.
// Keeps up to `open_files_max` files open for reading (a fetch from an open one costs one pread).
#pragma once

#include <memory>
#include <string>

#include "foundation/platform/machine.h"
#include "store/blob/blob_store.h"

namespace atl::blob {

enum class Layout : std::uint8_t { flat, fan_out };

struct DiskBlobStoreOptions {
  Layout layout = Layout::flat;
  std::string suffix;  // only names that end so are blobs (".pack"); others are left alone
  std::size_t open_files_max = 64;
};

// `root` is made where it is missing, at the first receive().
[[nodiscard]] std::unique_ptr<BlobStore> make_disk_blob_store(const platform::Machine& machine, std::string root,
                                                              DiskBlobStoreOptions options);

}  // namespace atl::blob
