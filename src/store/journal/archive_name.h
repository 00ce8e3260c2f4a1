// The names of journal archives, which say what they hold: <first LSN>-<last LSN>.jseg, 20 digits each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/ids.h"
#include "store/blob/parity_trailer.h"

namespace atl::journal {

struct ArchiveName {
  Lsn first;
  Lsn last;
};
[[nodiscard]] std::string archive_name(Lsn first, Lsn last);
[[nodiscard]] std::optional<ArchiveName> parse_archive_name(std::string_view name);
// What its parity section is bound to.
[[nodiscard]] blob::FileTag archive_tag(Lsn first, Lsn last);

}  // namespace atl::journal
