#include "services/backup/internal/copy_marker.h"

#include <algorithm>

namespace atl::backup {
namespace {

constexpr int kFormat = 0;

// The text after "name": up to a comma, brace or line end, without blanks and quotes. A handful of fields needs no
// JSON reader.
std::string field_of(std::string_view text, std::string_view name) {
  const std::string wanted = "\"" + std::string(name) + "\":";
  const std::size_t at = text.find(wanted);
  if (at == std::string_view::npos) return {};
  std::string value;
  for (std::size_t i = at + wanted.size(); i < text.size(); ++i) {
    const char c = text[i];
    if (c == ',' || c == '}' || c == '\n') break;
    if (c != ' ' && c != '"') value.push_back(c);
  }
  return value;
}

}  // namespace

std::string marker_of(Timestamp now, const VaultId& vault) {
  return "{\n  \"format\": " + std::to_string(kFormat) + ",\n  \"vault\": \"" + vault.text() +
         "\",\n  \"created\": \"" + format_rfc3339(now) +
         "\",\n  \"about\": \"A second copy of an Atoll vault, sealed. `atoll restore-home --from THIS --kit KIT` "
         "makes a "
         "home of it. Do not edit.\"\n}\n";
}

Result<VaultId> vault_of_marker(std::string_view text, const std::string& where) {
  const std::string format = field_of(text, "format");
  if (format.empty() || format.size() > 6 ||
      !std::ranges::all_of(format, [](char c) { return c >= '0' && c <= '9'; })) {
    return fail(ErrorKind::damaged, "copy.marker_damaged", "the copy.json in " + where + " is damaged",
                "`atoll copy remove` and `atoll copy add` write it anew; what lies there is kept and taken over.");
  }
  if (std::stoi(format) > kFormat) {
    return fail(ErrorKind::unsupported, "copy.newer_format", "the copy in " + where + " was made by a newer Atoll",
                "Use that version or a newer one.");
  }
  auto vault = VaultId::parse(field_of(text, "vault"));
  if (!vault) return fail(ErrorKind::damaged, "copy.marker_damaged", "the copy.json in " + where + " names no vault");
  return *vault;
}

Result<void> check_same_vault(const VaultId& there, const VaultId& vault, const std::string& where) {
  if (there == vault) return {};
  return fail(ErrorKind::conflict, "copy.other_vault",
              where + " holds the copy of another vault (" + there.text() + ")", "Choose another place.");
}

}  // namespace atl::backup
