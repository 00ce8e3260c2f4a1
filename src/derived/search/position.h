// How far the search has followed a vault. Stored with every flush of its parts.
#pragma once

#include <optional>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"

namespace atl::search {

struct Position {
  HistoryId history;
  Lsn lsn;  // changes up to here are in; while scanning: those after it are followed once the scan has ended
  bool is_scanning = true;
  BucketId bucket;  // scanning: everything before this name has been taken
  std::string key;
};
[[nodiscard]] Bytes encode(const Position& position);
// None where it is of another schema of ours, or damaged: then everything begins anew.
[[nodiscard]] std::optional<Position> decode_position(ByteView encoded);

}  // namespace atl::search
