// What the kinds of entries are called, in filters, answers and on the command line.
// Always true: the words are part of what users and programs write; they never change.
#pragma once

#include <string_view>

#include "catalog/rows.h"

namespace atl::catalog {

[[nodiscard]] std::string_view word_of(EntryKind kind);  // "file", "directory", "symlink"…

}  // namespace atl::catalog
