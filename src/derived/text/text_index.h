// A word index: documents with fields in, ranked answers out. Made of immutable segments (an inverted index each, as by
// Zobel and Moffat, "Inverted files for text search engines", ACM Computing Surveys 2006), merged in the background.
//
// Always true:
//  - The index is derived: whoever owns it can fill it again, so any damage is answered with `damaged` and nothing is
//    repaired here. It never answers wrongly: every byte read back is authenticated and bound to its place.
//  - At most one document an id: add() replaces what had the id before.
//  - What was added is found from the next flush() on; what was removed is found no more from remove() on. In the
//  moment
//    of a flush a search beside it may miss a document that is being replaced.
//  - What flush(state) covered is there after a crash, together with exactly that state or a later one. Nothing older
//  than
//    the state is missing; later changes may be there already (add() spills a full buffer under the last state, merges
//    leave out what was removed), so replaying everything after the state, in order, always leads to the right content.
//  - Nothing but sizes, counts and random bytes can be read from the files without the key (suite aes256gcm).
//  - No text is kept: snippets are made from the text that the caller has (snippet.h).
//  - The folder belongs to one TextIndex: at a writable open, files its manifest does not name are removed.
//
// Memory: the buffer <= buffer_bytes_max (what it takes while it is written included), pages <= cache_bytes_max, and
// per segment what segment.h says: about a byte a document and text field, and 1 to 2 per cent of the files for terms.
//
// Thread rules: every method may be called from any thread. Searches wait for nobody. add(), remove() and flush() are
// serialised among themselves. maybe_merge() may run on a thread of the owner beside them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "derived/text/document.h"
#include "derived/text/schema.h"
#include "derived/text/search.h"
#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/base/units.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"

namespace atl::text {

inline constexpr std::size_t kDocumentBytesMax = 64 * 1024 * 1024;  // of all its texts

struct Options {
  std::size_t buffer_bytes_max = 128 * kMiB;  // at least 1 MiB is used
  std::size_t cache_bytes_max = 64 * kMiB;    // opened pages; 0 = none
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
};

struct Stats {
  std::uint64_t documents = 0;  // found by searches
  std::uint64_t removed = 0;    // still in segments
  std::uint64_t buffered = 0;   // not found yet
  std::uint64_t segments = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t buffer_bytes = 0;  // memory
  std::uint64_t segment_bytes = 0;
  std::uint64_t cache_bytes = 0;
};

class TextIndex {
 public:
  // Opens the index in `folder`, or begins an empty one there (a folder without manifest is an empty index with empty
  // state; a read-only open makes nothing). `key` is this index's own derived key; it is cloned. Errors: `damaged` (or
  // the key or vault are not the ones it was written with: the same thing for a derived index), `unsupported`,
  // `conflict`
  // ("text.schema_changed"): remove_all() and fill it again; `usage` (the schema); `io`.
  [[nodiscard]] static Result<std::unique_ptr<TextIndex>> open(const platform::Machine& machine,
                                                               const std::string& folder, const codec::SecretKey& key,
                                                               const VaultId& vault, const Schema& schema,
                                                               const Options& options, bool writable);
  // Deletes the index in `folder`, which must not be open. A missing one is fine.
  [[nodiscard]] static Result<void> remove_all(const platform::Machine& machine, const std::string& folder);

  TextIndex(const TextIndex&) = delete;
  TextIndex& operator=(const TextIndex&) = delete;
  TextIndex(TextIndex&&) = delete;
  TextIndex& operator=(TextIndex&&) = delete;
  ~TextIndex();  // flushes nothing

  // Errors: `usage` (a field that the schema does not have or that is of another kind; opened read-only), `limit` (too
  // much text), `no_space` (may be tried again), and after any other failed write `failed` ("text.stopped") until it is
  // reopened.
  [[nodiscard]] Result<void> add(const Document& document);
  [[nodiscard]] Result<void> remove(DocumentId id);  // what is not there may be removed

  // Writes the buffer as a new segment and the removals of the others, syncs them, then switches to a new synced
  // manifest that stores `state` (at most 64 KiB: the LSN reached and whose history it belongs to). After a crash
  // either the old or the new manifest holds, each with its state.
  [[nodiscard]] Result<void> flush(ByteView state);
  // The state given to the last successful flush, or found at open. Empty at first.
  [[nodiscard]] Bytes state() const;
  // True once half the buffer is used: a good moment to flush.
  [[nodiscard]] bool wants_flush() const;

  // Does the most useful merge of segments, if any is worth doing: true where one was done (call again). Streams;
  // searches and changes go on meanwhile.
  [[nodiscard]] Result<bool> maybe_merge();
  // Merges everything in files into one segment, for tests and after a bulk load.
  [[nodiscard]] Result<void> merge_all();

  // Errors: `usage`, `limit` (the query), `damaged`, `io`.
  [[nodiscard]] Result<SearchResult> search(const SearchRequest& request) const;
  // Words of the index near to `word`, which may be among them with distance 0: the nearest first, then the most
  // frequent.
  [[nodiscard]] Result<std::vector<Suggestion>> suggest(std::string_view word, std::size_t limit) const;

  // In how many documents each word stands, in the field in which it stands in the most; removed ones may count. Cost:
  // the look-up of its terms, no list is read.
  [[nodiscard]] Result<std::vector<std::uint64_t>> document_counts(std::span<const std::string> words) const;

  // Reads and authenticates every byte, and checks what the segments say against itself.
  [[nodiscard]] Result<void> verify() const;
  [[nodiscard]] Stats stats() const;

 private:
  class State;
  explicit TextIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::text
