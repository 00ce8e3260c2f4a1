// Changing what is said of a bucket beside grants.
#include "foundation/codec/hash.h"
#include "vault/access/access.h"

namespace atl::access {

Result<BucketPolicy> Access::read_policy(std::string_view document, std::string_view bucket) const {
  const auto now = view();
  return BucketPolicy::parse(document, bucket, [&](const std::string& named) -> std::optional<PrincipalId> {
    for (const catalog::PrincipalRow& row : now->rows().principals) {
      if (row.kind == PrincipalKind::group) continue;
      if (named == "user/" + row.name || named == "id/" + canonical_id(row.name)) return row.id;
    }
    return std::nullopt;
  });
}

Result<void> Access::change_bucket_access(const Who& by, const VaultId& vault, std::string_view bucket,
                                          const BucketId& id,
                                          const std::function<Result<void>(BucketAccess&)>& change_it) {
  const std::lock_guard changing(change_mutex_);
  BucketAccess said;
  const auto now = view();
  const AccessView::BucketRules* const before = now->bucket_rules(vault, bucket);
  if (before != nullptr && before->said.bucket == id) said = before->said;
  said.bucket = id;
  ATOLL_TRY(change_it(said));
  if (before == nullptr && said.says_nothing()) return {};
  const catalog::HomeSettingRow row{setting_name(vault, bucket), encode(said), {}};
  return change(by, [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    if (said.says_nothing()) {
      changes.remove(row);
    } else {
      changes.put(row);
    }
    return {};
  });
}

std::string canonical_id(std::string_view name) { return to_hex(codec::sha256(as_bytes(name))); }

}  // namespace atl::access
