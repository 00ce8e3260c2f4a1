// Named, immutable blobs: five verbs (fetch a range, stat, enumerate, receive, remove) that a disk, memory, an object
// store or another machine can all offer.
//
// Always true:
//  - A finished blob never changes. It is received under a name of its own that says "unfinished" and takes its real
//    name only after every byte of it is synced, so nobody ever sees a finished blob that is cut short.
//  - An unfinished blob can be read; what a broken-off session left is listed, and is adopted (its good beginning kept
//    and written on) or removed by whoever owns the store.
//  - After commit() has returned, the blob and its name survive a power cut, new folders included.
// Names: 1..200 bytes of [A-Za-z0-9._-], not beginning with a dot and not ending in ".open"; anything else is `usage`.
// Thread rules: a BlobStore may be used from any thread; a BlobWriter from one thread at a time. Readers see what a
// writer has appended so far.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::blob {

struct BlobInfo {
  std::string name;
  std::uint64_t size = 0;
  bool is_finished = true;
  friend bool operator==(const BlobInfo&, const BlobInfo&) = default;
};

class BlobWriter {
 public:
  BlobWriter() = default;
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;
  BlobWriter(BlobWriter&&) = delete;
  BlobWriter& operator=(BlobWriter&&) = delete;
  virtual ~BlobWriter() = default;  // leaves what is not committed as an unfinished blob

  // All of `data` behind what was appended before, or an error. After `no_space` the position has not moved and
  // appending may be tried again; after any other error, of sync() too, nothing but destroying the writer makes sense,
  // and every later call fails with `io`.
  [[nodiscard]] virtual Result<void> append(ByteView data) = 0;
  // What was appended, and the unfinished blob's name, survive a power cut once this has returned.
  [[nodiscard]] virtual Result<void> sync() = 0;
  // Bytes appended so far: where the next ones go.
  [[nodiscard]] virtual std::uint64_t position() const = 0;
  // Forgets what was appended behind `position` (at most position()): the next append goes there.
  [[nodiscard]] virtual Result<void> rewind(std::uint64_t position) = 0;
  // Cuts to position(), syncs, takes the finished name, syncs the folder. Last call of a writer.
  [[nodiscard]] virtual Result<void> commit() = 0;
};

class BlobStore {
 public:
  BlobStore() = default;
  BlobStore(const BlobStore&) = delete;
  BlobStore& operator=(const BlobStore&) = delete;
  BlobStore(BlobStore&&) = delete;
  BlobStore& operator=(BlobStore&&) = delete;
  virtual ~BlobStore() = default;

  // Fills `out` from `offset`; the count is less than out.size() only where the blob ends. Finished or unfinished.
  [[nodiscard]] virtual Result<std::size_t> fetch(std::string_view name, std::uint64_t offset, ByteSpan out) const = 0;
  // The same of the unfinished blob of that name, also beside a finished one (a replacement under way): for reading
  // back what was appended before commit() makes it count.
  [[nodiscard]] virtual Result<std::size_t> fetch_unfinished(std::string_view name, std::uint64_t offset,
                                                             ByteSpan out) const = 0;
  // None: no such blob. A finished blob hides an unfinished one of the same name.
  [[nodiscard]] virtual Result<std::optional<BlobInfo>> stat(std::string_view name) const = 0;
  // Sorted by name; foreign files are left out. A name that is both finished and unfinished (a replacement that was
  // broken off) comes twice, the finished one first.
  [[nodiscard]] virtual Result<std::vector<BlobInfo>> enumerate() const = 0;
  // Begins a new blob; `conflict` where the name is taken, finished or not.
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> receive(std::string_view name) = 0;
  // Begins a second body for a finished blob (a healed copy): commit() replaces the old one at once and whole. What an
  // earlier, broken-off replacement left is begun anew. Readers see the old body until then.
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> replace(std::string_view name) = 0;
  // Goes on with an unfinished blob behind its first `keep_bytes` bytes; the rest is forgotten (cut by commit()).
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> adopt(std::string_view name, std::uint64_t keep_bytes) = 0;
  // False where there was none. Removing is durable when it returns. Readers in the middle of a fetch finish it.
  [[nodiscard]] virtual Result<bool> remove(std::string_view name) = 0;
  [[nodiscard]] virtual Result<bool> remove_unfinished(std::string_view name) = 0;

  // The finished blob of that name may have been replaced by somebody else, who does not write through this store: what
  // is kept of it for reading is given up.
  virtual void forget(std::string_view /*name*/) const {}

  // fetch() that treats a short blob as damage.
  [[nodiscard]] Result<void> fetch_exact(std::string_view name, std::uint64_t offset, ByteSpan out) const;
};

[[nodiscard]] bool is_valid_blob_name(std::string_view name);

}  // namespace atl::blob
