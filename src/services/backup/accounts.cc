#include "services/backup/accounts.h"

#include <algorithm>

#include "foundation/codec/hash.h"
#include "foundation/codec/seal.h"
#include "vault/copies.h"

namespace atl::backup {
namespace {

using catalog::CopyRow;

constexpr std::string_view kFolder = "accounts";
constexpr std::string_view kNamePrefix = "accounts-of-";
constexpr std::string_view kSlotLabel = "whoever opens the first vault";
constexpr std::size_t kNameBytesMax = 63;
constexpr std::uint32_t kRoundsApart_s = 30;

// None where nothing lies at the place; a place that cannot be reached is an error.
Result<std::optional<VaultId>> accounts_in(const CopyReach& reach, const std::string& place) {
  auto there = CopyTarget::vault_in(reach, place);
  if (there) return std::optional(*there);
  if (there.error().id == "copy.marker_missing") return std::optional<VaultId>();
  return pass(std::move(there).error());
}

}  // namespace

std::string accounts_place(const std::string& place) {
  if (!blob::is_s3_place(place)) return platform::join(place, kFolder);
  auto s3 = blob::parse_s3_place(place);
  if (!s3) return place;  // says itself what is wrong with it
  s3->prefix += s3->prefix.empty() ? std::string(kFolder) : "/" + std::string(kFolder);
  s3->storage_class.clear();
  s3->every_s = std::max(s3->every_s, kRoundsApart_s);
  return blob::format(*s3);
}

std::string accounts_copy_name(const std::string& name) {
  std::string whole = std::string(kNamePrefix) + name;
  if (whole.size() <= kNameBytesMax) return whole;
  const std::string digest = to_hex(ByteView(codec::blake3(as_bytes(name))).first(8));
  return whole.substr(0, kNameBytesMax - digest.size()) + digest;
}

keyring::Unlocking accounts_key(const keyring::Keyring& first, const VaultId& accounts) {
  keyring::Unlocking unlocking;
  unlocking.kind = keyring::SlotKind::key_file;
  // The journal's key is the one that a rotation leaves as it is, and that a home made from a copy has, too.
  unlocking.key = codec::derive_key(first.journal_key(), accounts.view(), "atoll accounts");
  return unlocking;
}

Result<void> open_accounts_by(const vault::Vault& first, vault::Vault& accounts) {
  const keyring::Keyring& keys = first.keys();
  if (keys.suite() == codec::SealSuite::none || accounts.keys().suite() == codec::SealSuite::none) return {};
  std::vector<keyring::Unlocking> candidates;
  candidates.push_back(accounts_key(keys, accounts.head().vault));
  if (keyring::Keyring::open(accounts.machine(), accounts.folder(), candidates)) return {};
  ATOLL_TRY(accounts.keys().add_slot(candidates.front(), std::string(kSlotLabel)));
  return {};
}

Result<void> follow_copies(vault::Vault& accounts, const VaultId& first, std::span<const CopyRow> copies_of_first,
                           const CopyReach& reach) {
  ATOLL_ASSIGN(const auto there, accounts.reader()->all<CopyRow>());
  std::vector<CopyRow> made;
  std::vector<CopyRow> gone;
  std::vector<std::string> wanted;
  std::optional<Error> trouble;
  for (const CopyRow& copy : copies_of_first) {
    CopyRow row;
    row.name = wanted.emplace_back(accounts_copy_name(copy.name));
    row.kind = copy.kind;
    row.place = accounts_place(copy.place);
    row.bytes_per_second_max = copy.bytes_per_second_max;
    const bool is_known = std::ranges::any_of(there, [&](const CopyRow& one) {
      return one.name == row.name && one.place == row.place && one.bytes_per_second_max == row.bytes_per_second_max;
    });
    const auto make = [&]() -> Result<bool> {
      // Not into the folder below an empty mount point.
      ATOLL_ASSIGN(const VaultId of, CopyTarget::vault_in(reach, copy.place));
      if (of != first)
        return fail(ErrorKind::conflict, "copy.other_vault", "in " + copy.place + " lies the copy of another vault");
      // The copy may have been deleted and made anew under its name.
      ATOLL_ASSIGN(const auto before, accounts_in(reach, row.place));
      if (is_known && before) return false;
      ATOLL_TRY(CopyTarget::create(reach, row.place, accounts.head().vault));
      return true;
    };
    const auto is_new = make();
    if (!is_new) {
      trouble = is_new.error();
      continue;
    }
    if (!*is_new) continue;
    ATOLL_TRY(vault::forget_copy_state(accounts.machine().files, accounts.folder(), row.name));
    made.push_back(std::move(row));
  }
  for (const CopyRow& one : there) {
    if (one.name.starts_with(kNamePrefix) && std::ranges::find(wanted, one.name) == wanted.end()) gone.push_back(one);
  }
  if (!made.empty() || !gone.empty()) {
    ATOLL_TRY(accounts.commit(journal::CommandKind::copy_change,
                              [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                for (const CopyRow& row : gone) changes.remove(row);
                                for (CopyRow& row : made) {
                                  row.created = context.commit_time;
                                  changes.put(row);
                                }
                                return {};
                              }));
  }
  for (const CopyRow& row : gone) {
    ATOLL_TRY(vault::forget_copy_state(accounts.machine().files, accounts.folder(), row.name));
  }
  if (trouble) return pass(std::move(*trouble));
  return {};
}

Result<void> remove_accounts(const CopyReach& reach, const std::string& place) {
  const std::string below = accounts_place(place);
  ATOLL_ASSIGN(const auto accounts, accounts_in(reach, below));
  if (!accounts) return {};
  return CopyTarget::remove(reach, below, *accounts, {});
}

Result<std::optional<RestoreHomeReport>> restore_accounts(const platform::Machine& machine, RestoreHomeOptions options,
                                                          const keyring::Keyring& first) {
  options.from = accounts_place(options.from);
  const CopyReach reach{.machine = machine, .credentials = options.credentials, .stop = options.stop};
  ATOLL_ASSIGN(const auto accounts, accounts_in(reach, options.from));
  if (!accounts) return std::optional<RestoreHomeReport>();
  options.kit.reset();
  options.joins_home = true;
  options.for_now.push_back(accounts_key(first, *accounts));
  ATOLL_ASSIGN(auto report, restore_home(machine, std::move(options)));
  return std::optional(std::move(report));
}

}  // namespace atl::backup
