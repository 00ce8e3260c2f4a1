#include "vault/object/gate.h"

#include "catalog/filter/requirement.h"
#include "vault/object/versions.h"

namespace atl::vault {

Result<std::string> gate_of(catalog::CatalogReader& reader, const std::string& bucket) {
  ATOLL_ASSIGN(const BucketState state, bucket_state(reader, bucket));
  return state.settings ? state.settings->gate : std::string();
}

Result<std::map<BucketId, std::string>> gates_of(catalog::CatalogReader& reader) {
  ATOLL_ASSIGN(auto rows, reader.all<catalog::BucketSettingsRow>());
  std::map<BucketId, std::string> gates;
  for (auto& row : rows) {
    if (!row.gate.empty()) gates.emplace(row.bucket, std::move(row.gate));
  }
  return gates;
}

Result<std::string> set_gate(Vault& vault, const std::string& bucket, std::string_view requirement) {
  std::string text;
  if (!requirement.empty()) {
    ATOLL_ASSIGN(const auto parsed, filter::Requirement::parse(requirement));
    text = parsed.text();
  }
  ATOLL_TRY(vault.commit(journal::CommandKind::policy_change,
                         [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                           ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, bucket));
                           catalog::BucketSettingsRow settings = settings_to_change(state);
                           settings.gate = text;
                           changes.put(settings);
                           return {};
                         }));
  return text;
}

}  // namespace atl::vault
