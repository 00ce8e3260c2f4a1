// copy.json, which says what a place holds (spec/formats/copy.md), whatever kind of place it is.
// Always true: it tells a format, a vault's id and a time, and nothing about content.
// Thread rules: plain functions.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"

namespace atl::backup {

inline constexpr std::uint64_t kMarkerBytesMax = 64 * 1024;

[[nodiscard]] std::string marker_of(Timestamp now, const VaultId& vault);
// `damaged` "copy.marker_damaged", `unsupported` "copy.newer_format". `where` for the words.
[[nodiscard]] Result<VaultId> vault_of_marker(std::string_view text, const std::string& where);
// `conflict` "copy.other_vault".
[[nodiscard]] Result<void> check_same_vault(const VaultId& there, const VaultId& vault, const std::string& where);

}  // namespace atl::backup
