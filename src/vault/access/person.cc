// The end of an account, and where the document of all about it begins.
#include <algorithm>

#include "vault/access/access.h"
#include "vault/access/person_export.h"
#include "vault/home.h"

namespace atl::access {

Result<std::unique_ptr<PersonExport>> Access::begin_export(std::string_view name) { return begin_export(name, {}, {}); }

Result<std::unique_ptr<PersonExport>> Access::begin_export(std::string_view name, std::vector<NamedVault> vaults,
                                                           std::vector<UnreadVault> left_out) {
  ATOLL_ASSIGN(const auto row, find_principal(name));
  const bool is_whole = !vaults.empty() || !left_out.empty();
  // What they changed of accounts is in the journal of the control vault.
  if (is_whole && control_ != nullptr) vaults.push_back({std::string(vault::kControlVaultName), control_});
  return std::make_unique<PersonExport>(*view(), row, *audit_, std::move(vaults), std::move(left_out));
}

Result<Access::Erased> Access::erase_person(const Who& by, std::string_view name) {
  ATOLL_ASSIGN(const auto row, find_principal(name));
  const auto current = view();
  const AccessRows& rows = current->rows();
  Erased erased;
  erased.rows = 1;
  const auto count = [&](const auto& all, const auto& is_theirs) {
    erased.rows += static_cast<std::uint64_t>(std::ranges::count_if(all, is_theirs));
  };
  count(rows.memberships, [&](const auto& one) { return one.member == row.id || one.group == row.id; });
  count(rows.grants, [&](const auto& one) { return one.subject == row.id; });
  count(rows.tokens, [&](const auto& one) { return one.principal == row.id; });
  count(rows.s3_keys, [&](const auto& one) { return one.principal == row.id; });
  count(rows.sessions, [&](const auto& one) { return one.principal == row.id; });
  count(rows.shares, [&](const auto& one) { return one.made_by == row.id; });
  count(rows.quotas, [&](const auto& one) { return one.principal == row.id; });
  // The audit first: as long as the account is there, this can be done again.
  ATOLL_ASSIGN(erased.audit_records, audit_->erase_actor(row.name, "erased", by.name));
  ATOLL_TRY(remove_principal(by, row.name));
  return erased;
}

}  // namespace atl::access
