// Blobs as objects of an S3 server, in the layouts of DiskBlobStore: what is finished can be downloaded as a folder and
// is then what a disk would hold.
//     finished:    <root>/[<xx>/]<name>
//     unfinished:  <root>/[<xx>/]<name>.open/<offset, 16 hexadecimal digits>, a piece each
//
// Always true (see blob_store.h, and):
//  - sync() writes what is new as a piece of its own, or together with the smaller pieces before it, so that there are
//    few pieces and each byte is written a few times at most. At `piece_bytes` a piece is full and left alone.
//  - Pieces of a blob overlap only where the bytes are the same: one that was just written and those it replaces, which
//    are removed after it. Where pieces are given up the last goes first, so that a beginning is left.
//  - commit() puts the pieces together within the server: the content is not sent again, and the name is there whole or
//    not at all. What lies together in the memory of the writer (less than a piece, never synced) is written at once.
//  - A piece is of the standard class, so that it can be read back at once; a finished blob is of `storage_class`.
//  - After a commit() whose answer got lost the blob is looked up: it counts if its size is right.
// Thread rules: see blob_store.h. A blob is written by one process at a time; who writes sees to that.
#pragma once

#include <memory>
#include <string>

#include "store/blob/blob_store.h"
#include "store/blob/disk_blob_store.h"
#include "store/blob/s3/s3_client.h"

namespace atl::blob {

struct S3BlobStoreOptions {
  Layout layout = Layout::flat;
  std::string suffix;                               // only names that end so are blobs
  std::string storage_class;                        // of finished blobs; empty: the server's own
  std::uint64_t piece_bytes = 16ULL * 1024 * 1024;  // at least S3Client::kPartBytesMin
};

// `root` is a key without '/' at its ends.
[[nodiscard]] std::unique_ptr<BlobStore> make_s3_blob_store(std::shared_ptr<S3Client> client, std::string root,
                                                            S3BlobStoreOptions options);

}  // namespace atl::blob
