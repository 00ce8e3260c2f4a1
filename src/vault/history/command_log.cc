#include "vault/history/command_log.h"

#include <algorithm>

namespace atl::vault {
namespace {

constexpr std::uint64_t kWindow = 64;  // the journal reads forward: windows, from the last one back

}  // namespace

Result<std::optional<CommandLine>> command_line(const journal::Command& command, const BucketId& bucket,
                                                std::string_view prefix) {
  CommandLine line;
  line.envelope = command.envelope;
  std::uint64_t versions = 0;
  for (const auto& payload : command.payloads) {
    if (!payload.plain) continue;
    ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
    for (const auto& change : changes) {
      if (change.table == journal::TableNumber::versions && change.row) {
        ATOLL_ASSIGN(const auto version, catalog::decode_version(change.key, *change.row));
        if (version.bucket == bucket && version.end.value == 0) ++versions;
      }
      if (change.table != journal::TableNumber::entries || change.key.size() < bucket.bytes.size()) continue;
      if (!equal(ByteView(change.key).first(bucket.bytes.size()), bucket.bytes)) continue;
      const std::string key = to_string(ByteView(change.key).subspan(bucket.bytes.size()));
      if (!key.starts_with(prefix)) continue;
      if (line.first_key.empty()) line.first_key = key;
      bool is_removed = !change.row;
      if (change.row) {
        ATOLL_ASSIGN(const auto entry, catalog::decode_entry(change.key, *change.row));
        is_removed = entry.is_deleted;
      }
      ++(is_removed ? line.removed : line.stored);
    }
  }
  // Tags of older programs change versions and no entry; their keys are not in the command.
  if (line.stored + line.removed == 0 && versions > 0 && prefix.empty()) line.described = versions;
  if (line.stored + line.removed + line.described == 0) return std::nullopt;
  return line;
}

Result<Lsn> for_each_command(Vault& vault, const BucketId& bucket, std::string_view prefix, Lsn up_to,
                             const std::function<Result<bool>(const CommandLine&)>& visit) {
  ATOLL_ASSIGN(const auto stats, vault.journal().stats());
  const std::uint64_t first = std::max<std::uint64_t>(1, stats.first_with_payloads.value);
  const std::uint64_t last = vault.journal().last().value;
  for (std::uint64_t end = up_to.value == 0 ? last : std::min(last, up_to.value); end >= first && end > 0;) {
    const std::uint64_t begin = std::max(first, end >= kWindow ? end - kWindow + 1 : 1);
    std::vector<CommandLine> lines;
    ATOLL_TRY(vault.journal().read({begin}, {end}, [&](const journal::Command& command) -> Result<bool> {
      ATOLL_ASSIGN(auto line, command_line(command, bucket, prefix));
      if (line) lines.push_back(std::move(*line));
      return true;
    }));
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      ATOLL_ASSIGN(const bool goes_on, visit(*line));
      if (!goes_on) return line->envelope.lsn;
    }
    if (begin == first) break;
    end = begin - 1;
  }
  return Lsn{first};
}

}  // namespace atl::vault
