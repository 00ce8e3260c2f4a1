#include "vault/copies.h"

#include <algorithm>

#include "foundation/base/units.h"
#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"

namespace atl::vault {
namespace {

using platform::join;

constexpr std::string_view kMagic{"ATLCOPS\0", 8};
constexpr std::uint64_t kStateBytesMax = 4096;
constexpr std::int64_t kSeenLatelyUs = 7LL * 24 * 3600 * 1'000'000;
constexpr std::int64_t kLagAllowedUs = 3600LL * 1'000'000;

std::string folder_of(const std::string& vault_folder) { return join(vault_folder, "indexes/copies"); }
std::string path_of(const std::string& vault_folder, const std::string& name) {
  return join(folder_of(vault_folder), name + ".state");
}

}  // namespace

Bytes encode(const CopyState& state) {
  Bytes out = to_bytes(kMagic);
  codec::FieldWriter fields(out);
  fields.put_bytes(1, state.history.view());
  fields.put_unsigned(2, state.shipped.value);
  fields.put_signed(3, state.shipped_time.unix_us);
  fields.put_signed(4, state.synced.unix_us);
  fields.put_signed(5, state.verified.unix_us);
  fields.put_signed(6, state.data_verified.unix_us);
  fields.put_unsigned(7, state.verify_ok ? 1 : 0);
  fields.put_unsigned(8, state.bytes);
  fields.put_unsigned(9, state.is_same_disk ? 1 : 0);
  const std::uint32_t checksum = codec::crc32c(out);
  ByteWriter(out).put<std::uint32_t>(checksum);
  return out;
}

Result<CopyState> decode_copy_state(ByteView bytes) {
  const auto damaged = [] {
    return fail(ErrorKind::damaged, "copy_state.damaged", "what is remembered about a copy is damaged");
  };
  if (bytes.size() < kMagic.size() + 4 || as_text(bytes.first(kMagic.size())) != kMagic ||
      load_le<std::uint32_t>(bytes.data() + bytes.size() - 4) != codec::crc32c(bytes.first(bytes.size() - 4))) {
    return damaged();
  }
  CopyState state;
  state.verify_ok = false;
  codec::FieldReader fields(bytes.subspan(kMagic.size(), bytes.size() - kMagic.size() - 4), "a copy's state");
  while (fields.next()) {
    switch (fields.field()) {
      case 1: {
        ATOLL_ASSIGN(state.history, HistoryId::from_view(fields.as_view()));
        break;
      }
      case 2: state.shipped.value = fields.as_unsigned(); break;
      case 3: state.shipped_time.unix_us = fields.as_signed(); break;
      case 4: state.synced.unix_us = fields.as_signed(); break;
      case 5: state.verified.unix_us = fields.as_signed(); break;
      case 6: state.data_verified.unix_us = fields.as_signed(); break;
      case 7: state.verify_ok = fields.as_unsigned() != 0; break;
      case 8: state.bytes = fields.as_unsigned(); break;
      case 9: state.is_same_disk = fields.as_unsigned() != 0; break;
      default: break;
    }
  }
  ATOLL_TRY(fields.status());
  return state;
}

std::optional<CopyState> read_copy_state(platform::FileSystem& files, const std::string& vault_folder,
                                         const std::string& name) {
  const auto bytes = platform::read_whole(files, path_of(vault_folder, name), kStateBytesMax);
  if (!bytes) return std::nullopt;
  auto state = decode_copy_state(*bytes);
  if (!state) return std::nullopt;
  return *state;
}

Result<void> write_copy_state(platform::FileSystem& files, const std::string& vault_folder, const std::string& name,
                              const CopyState& state) {
  ATOLL_TRY(platform::create_directories(files, folder_of(vault_folder)));
  return platform::replace_whole(files, path_of(vault_folder, name), encode(state));
}

Result<void> forget_copy_state(platform::FileSystem& files, const std::string& vault_folder, const std::string& name) {
  ATOLL_TRY(files.remove_file(path_of(vault_folder, name)));
  return {};
}

Result<void> check_copy_name(std::string_view name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool is_good = !name.empty() && name.size() <= 63 && is_plain(name.front()) &&
                       std::ranges::all_of(name, [&](char c) { return is_plain(c) || c == '.' || c == '-'; });
  if (is_good) return {};
  return fail(ErrorKind::usage, "copy.bad_name", "\"" + std::string(name.substr(0, 80)) + "\" cannot be a copy's name",
              "Use 1 to 63 of a-z, 0-9, '.' and '-'.");
}

Result<std::optional<CopyFinding>> copy_finding(Vault& vault) {
  ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::CopyRow>());
  if (rows.empty()) {
    return CopyFinding{"copy.one_only", "One copy, on this disk: if it dies, everything here is gone.",
                       "atoll copy add /mnt/disk/copy"};
  }
  const Timestamp now = vault.machine().clock.now();
  const Lsn last = vault.journal().last();
  std::optional<CopyFinding> best;
  int best_rank = -1;
  const auto say = [&](int rank, CopyFinding finding) {
    if (rank <= best_rank) return;
    best_rank = rank;
    best = std::move(finding);
  };
  for (const catalog::CopyRow& row : rows) {
    const auto state = read_copy_state(vault.machine().files, vault.folder(), row.name);
    const std::string sync = "atoll copy sync " + row.name;
    if (!state || state->shipped.value == 0) {
      say(0, {"copy.never_whole", "The copy \"" + row.name + "\" was never whole: one copy, on this disk.", sync});
      continue;
    }
    const std::uint64_t behind =
        state->history == vault.head().history ? last.value - std::min(last.value, state->shipped.value) : last.value;
    // Changes that are not there yet: counted from the newest one that is.
    const bool is_late = behind > 0 && now.unix_us - state->synced.unix_us > kLagAllowedUs;
    if (!state->verify_ok) {
      say(1, {"copy.damaged", "The copy \"" + row.name + "\" is damaged.", "atoll copy repair " + row.name});
    } else if (is_late) {
      say(2, {"copy.behind",
              "The copy \"" + row.name + "\" is " + format_count(behind) + " changes behind, since " +
                  format_rfc3339(state->synced) + ": what came after is on this disk only.",
              sync});
    } else if (now.unix_us - state->synced.unix_us > kSeenLatelyUs) {
      say(3, {"copy.not_seen",
              "The copy \"" + row.name + "\" was last reached " + format_rfc3339(state->synced) +
                  ": whether it still is there nobody knows.",
              sync});
    } else if (state->is_same_disk) {
      say(4,
          {"copy.same_disk",
           "The copy \"" + row.name + "\" lies on the same disk: it protects from deletion, not from the disk's death.",
           "atoll copy add /mnt/other-disk/copy"});
    } else {
      return std::nullopt;
    }
  }
  return best;
}

}  // namespace atl::vault
