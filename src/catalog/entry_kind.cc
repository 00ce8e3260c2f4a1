#include "catalog/entry_kind.h"

namespace atl::catalog {

std::string_view word_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::file: return "file";
    case EntryKind::directory: return "directory";
    case EntryKind::symlink: return "symlink";
    case EntryKind::fifo: return "fifo";
    case EntryKind::socket: return "socket";
    case EntryKind::char_device: return "char_device";
    case EntryKind::block_device: return "block_device";
    case EntryKind::marker: return "marker";
  }
  return "file";
}

}  // namespace atl::catalog
