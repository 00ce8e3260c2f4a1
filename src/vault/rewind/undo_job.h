// What is remembered of an undo: what it was of, and whether it was finished. One job row each, written by its own
// commands, so that it stands exactly where the undo stands.
#pragma once

#include <optional>
#include <string>

#include "vault/rewind/undo.h"

namespace atl::vault {

struct UndoJob {
  OperationId operation;
  Timestamp started;
  UndoRequest request;
  std::string of;  // the operation or change undone; empty: several
  std::string words;
  bool force = false;
  bool is_rewind = false;
  Lsn to;  // of a rewind
};

[[nodiscard]] catalog::JobRow job_row(const UndoJob& job);
// The undo or rewind that was doing operation `operation` and did not finish.
[[nodiscard]] Result<std::optional<UndoJob>> broken_off_undo(catalog::CatalogReader& reader,
                                                             const std::string& operation);
// Keys of finished ones beyond those worth keeping, oldest first.
[[nodiscard]] Result<std::vector<Bytes>> outdated_undo_jobs(catalog::CatalogReader& reader);

}  // namespace atl::vault
