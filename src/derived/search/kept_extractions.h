// What was understood of contents, kept by content: so that filling an index anew, or storing the same bytes under
// another name, repeats no reading of files.
//
// Always true:
//  - Derived from the vault's contents alone; losing it costs the time to read them again, nothing else.
//  - Sealed like every index: without the vault's key the files tell sizes and counts.
//  - An extraction is there whole or not at all, also after a crash.
// Thread rules: any thread. Complexity: a look-up is one of store/run, and one more per MiB of compressed text.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "catalog/rows.h"
#include "derived/extract/extraction.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"
#include "store/run/run_set.h"

namespace atl::search {

// Over the reference to the bytes and the holes between them: the same for the same content, stored the same way.
[[nodiscard]] codec::Blake3 hash_of_content(const catalog::VersionRow& version);
// What decides an extraction: the bytes and the ending of the name, which tells what the bytes alone do not.
[[nodiscard]] codec::Digest extraction_id(const catalog::VersionRow& version, std::string_view key);

class KeptExtractions {
 public:
  // Begins anew where what lies there cannot be used. Errors: `io`.
  [[nodiscard]] static Result<std::unique_ptr<KeptExtractions>> open(const platform::Machine& machine,
                                                                     const std::string& folder,
                                                                     const codec::SecretKey& key, const VaultId& vault,
                                                                     codec::SealSuite suite, bool writable);
  // None where it was never made, by this program's way of reading, or cannot be read any more.
  [[nodiscard]] Result<std::optional<extract::Extraction>> find(const codec::Digest& id) const;
  [[nodiscard]] Result<void> keep(const codec::Digest& id, const extract::Extraction& extraction);
  // The same for bytes of another kind, by an id that is none of an extraction; at most 256 MiB.
  [[nodiscard]] Result<std::optional<Bytes>> find_bytes(const codec::Digest& id) const;
  [[nodiscard]] Result<void> keep_bytes(const codec::Digest& id, ByteView raw);
  // Nothing where there are none.
  [[nodiscard]] Result<void> forget_bytes(const codec::Digest& id);
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<bool> maybe_merge() { return runs_->maybe_merge(); }
  [[nodiscard]] bool wants_flush() const { return runs_->wants_flush(); }

 private:
  explicit KeptExtractions(std::unique_ptr<run::RunSet> runs) : runs_(std::move(runs)) {}
  std::unique_ptr<run::RunSet> runs_;
};

}  // namespace atl::search
