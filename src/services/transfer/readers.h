// The readers of foreign formats, as they run locked in (foundation/sandbox). Each reads its input through the channel
// and sends frames of foreign_entry.h.
// Always true: nothing here opens a file or trusts a length; memory does not grow with the source.
#pragma once

#include <string>
#include <string_view>

#include "foundation/sandbox/sandbox.h"

namespace atl::transfer {

// Parameters of the archive's reader.
struct ArchiveParameters {
  bool wants_content = true;
  bool is_seekable = false;     // offsets of wishes to read mean something, and `size` is known
  bool parses_takeout = false;  // *.json become records, not entries
  std::uint64_t size = 0;
};
[[nodiscard]] Bytes encode(const ArchiveParameters& parameters);

// tar in all dialects, plain or compressed with gzip, xz, zstd, bzip2; zip.
[[nodiscard]] Result<void> read_archive(sandbox::Channel& channel);
// atoll-metadata.jsonl: a record a line.
[[nodiscard]] Result<void> read_metadata_lines(sandbox::Channel& channel);
// One mbox: entries named yyyy/mm/<date>-<subject>- , which get the content's digest.
[[nodiscard]] Result<void> read_mbox(sandbox::Channel& channel);
// Messages or documents one after the other, each in pieces: length (4), bytes; 0 ends it, kPieceAborted drops it.
inline constexpr std::uint32_t kPieceAborted = UINT32_MAX;
[[nodiscard]] Result<void> read_messages(sandbox::Channel& channel);
// Each a JSON document: what Takeout writes beside photos. A record each; a problem where it is none of that.
[[nodiscard]] Result<void> read_takeout_documents(sandbox::Channel& channel);
// The one document is what `restic snapshots --json` said.
[[nodiscard]] Result<void> read_restic_snapshots(sandbox::Channel& channel);

// What `atoll worker NAME` does: "archive", "lines", "mbox", "messages", "takeout", "restic-snapshots".
[[nodiscard]] int run_worker(std::string_view name);

}  // namespace atl::transfer
