// What a command's payload says: rows put and rows deleted, as after-images. Nothing is computed at replay.
// Always true: keys compare with memcmp and mean the same in journal, catalog and checkpoint; row bytes are opaque
// here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::journal {

// Truth tables. Stored: never renumber.
enum class TableNumber : std::uint32_t {
  domains = 1,
  buckets = 2,
  entries = 3,
  versions = 4,
  uploads = 5,
  policies = 6,
  packs = 7,
  collections = 8,
  records = 9,
  stream_segments = 10,
  nodes = 11,
  edges = 12,
  jobs = 13,
  checkpoints = 14,
  snapshots = 15,
  erasures = 16,
  copies = 17,
  schedules = 18,
  upload_parts = 40,
  bucket_settings = 41,
  delete_markers = 42,
  version_locks = 43,
  // Of the vault `control` only.
  principals = 60,
  memberships = 61,
  roles = 62,
  grants = 63,
  tokens = 64,
  s3_keys = 65,
  sessions = 66,
  shares = 67,
  quotas = 68,
  audit_batches = 69,
  home_settings = 70,
};

struct RowChange {
  TableNumber table = TableNumber::domains;
  Bytes key;
  std::optional<Bytes> row;  // none: the row is deleted
};

// The plaintext of one payload: changes in the order in which they apply.
[[nodiscard]] Bytes encode_row_changes(const std::vector<RowChange>& changes);
[[nodiscard]] Result<std::vector<RowChange>> decode_row_changes(ByteView payload);

}  // namespace atl::journal
