// A checkpoint: every row of every truth table as it stood at one LSN, stored as chunks, so that the journal before it
// may go and a catalog can be made anew without reading all of history.
//
//     checkpoint at C = checkpoint at B merged with the journal (B, C], sorted by (domain, table, key)
//
// Always true:
//  - It is made from the truth (older checkpoint and journal) alone, never from the catalog.
//  - Rows are opaque: fields of newer programs pass through.
//  - Rows of a domain lie in chunks of that domain: when its keys go, they go.
//  - It counts only after it was read back whole and a synced `checkpoint` command names it.
//  - Blocks whose key range did not change are taken over by reference, so that the work follows the changes.
// Format: spec/formats/checkpoint.md.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "store/journal/row_change.h"
#include "vault/vault.h"

namespace atl::vault {

struct CheckpointReport {
  Lsn lsn;
  std::uint64_t rows = 0;
  std::uint64_t blocks = 0;
  std::uint64_t blocks_reused = 0;
  std::uint64_t bytes_new = 0;
};

// Of everything committed before the call. Needs a writable vault; commits a command of its own.
[[nodiscard]] Result<CheckpointReport> make_checkpoint(Vault& vault);
// True when the journal since the newest checkpoint has outgrown max(1 GiB, a quarter of that checkpoint).
[[nodiscard]] Result<bool> wants_checkpoint(const Vault& vault);

// All rows in batches, in order of (domain, table, key). Rows of domains whose keys are gone are left out.
[[nodiscard]] Result<void> load_checkpoint(
    const Vault& vault, ByteView root,
    const std::function<Result<void>(const std::vector<journal::RowChange>&)>& visit);

// Those of `keys` (sorted, all of one table) that the checkpoint holds, in order; reads only the blocks they lie in.
[[nodiscard]] Result<void> find_in_checkpoint(const Vault& vault, ByteView root, DomainNumber domain,
                                              journal::TableNumber table, const std::vector<Bytes>& keys,
                                              const std::function<Result<void>(ByteView key, Bytes row)>& visit);

// What a checkpoint lies in and what its rows say, for clean-up. Rows of domains whose keys are gone are left out.
struct CheckpointVisitor {
  // Its root and its lists of blocks.
  std::function<Result<void>(const catalog::ContentReference& content)> content;
  // A block of rows; false: the rows in it need not be read.
  std::function<Result<bool>(journal::TableNumber table, const ChunkId& block)> block;
  std::function<Result<void>(journal::TableNumber table, ByteView key, ByteView row)> row;
};
[[nodiscard]] Result<void> visit_checkpoint(const Vault& vault, ByteView root, const CheckpointVisitor& visitor);

// Ends point-in-time recovery for what lies before `horizon`: drops journal payloads up to the newest checkpoint at or
// before it, oldest first, and never beyond the older of the two newest checkpoints or what the catalog has synced.
// Envelopes stay. Returns the LSN up to which payloads are gone.
[[nodiscard]] Result<Lsn> truncate_journal(Vault& vault, Lsn horizon);

}  // namespace atl::vault
