// The roles every home has, and patterns for more.
#include <algorithm>

#include "vault/access/decision.h"

namespace atl::access {
namespace {

constexpr std::uint64_t kDay = 86'400;
constexpr std::uint64_t kMonth = 30 * kDay;

catalog::RoleRule allow(std::vector<std::string> actions, std::vector<std::string> tiers = {},
                        std::uint64_t age_min = 0, std::uint64_t age_max = 0) {
  return {false, std::move(actions), std::move(tiers), age_min, age_max};
}

// Names and facts, whatever the tier and age: who reads some objects has to find them.
catalog::RoleRule looks() { return allow({"list_buckets", "list", "read_metadata", "status", "token_self"}); }

}  // namespace

const std::vector<PresetRole>& preset_roles() {
  static const std::vector<PresetRole> roles = {
      {"owner", "everything", {allow({"*"})}},
      {"editor",
       "reads, stores, changes and removes; what was removed stays in the history",
       {allow({"list_buckets",
               "create_bucket",
               "delete_bucket",
               "list",
               "read",
               "read_metadata",
               "read_version",
               "read_history",
               "search",
               "watch",
               "write",
               "overwrite",
               "overwrite_for_good",
               "tag",
               "remove",
               "remove_for_good",
               "lock",
               "restore",
               "undo",
               "undo_own",
               "snapshot",
               "share_create",
               "link",
               "read_links",
               "resolve",
               "policy_read",
               "bucket_access_read",
               "verify",
               "import",
               "export",
               "job_read",
               "job_run",
               "status",
               "token_self"})}},
      {"reader",
       "reads everything, its history too",
       {allow({"list_buckets", "list", "read", "read_metadata", "read_version", "read_history", "search", "watch",
               "read_links", "policy_read", "export", "job_read", "status", "token_self"})}},
      {"agent",
       "reads, and stores what the history keeps; removes nothing; 50 requests a second",
       {allow({"list_buckets", "list", "read", "read_metadata", "read_version", "read_history", "search", "watch",
               "write", "overwrite", "tag", "undo_own", "link", "read_links", "status"})}},
      {"auditor",
       "sees names, rules, accounts and who did what; no content",
       {allow({"list_buckets", "list", "read_metadata", "read_history", "policy_read", "bucket_access_read", "verify",
               "job_read", "status", "metrics", "audit_read", "account_read", "token_self"})}},
  };
  return roles;
}

const std::vector<PresetRole>& role_templates() {
  static const std::vector<PresetRole> roles = {
      {"admin", "everything", {allow({"*"})}},
      {"physics_engine",
       "reads and writes hot and warm data, reads relations",
       {looks(), allow({"read", "write", "overwrite", "tag"}, {"hot", "warm"}), allow({"read_links"})}},
      {"observer", "reads warm data and relations", {looks(), allow({"read"}, {"warm"}), allow({"read_links"})}},
      {"archivist",
       "reads and writes cold data, and what is older than 30 days",
       {looks(), allow({"read", "write", "overwrite", "tag"}, {"cold"}), allow({"read"}, {}, kMonth + 1)}},
      {"quantum_engineer", "makes relations and resolves values", {looks(), allow({"link", "resolve"})}},
      {"real_time_processor", "works on the last day", {looks(), allow({"read", "write"}, {}, 0, kDay)}},
      {"analytics_engine", "reads from one day to 30", {looks(), allow({"read"}, {}, kDay + 1, kMonth)}},
      {"data_scientist", "reads what is older than 30 days", {looks(), allow({"read"}, {}, kMonth + 1)}},
  };
  return roles;
}

const PresetRole* preset_role(std::string_view name) {
  const auto found = std::ranges::find(preset_roles(), name, &PresetRole::name);
  return found == preset_roles().end() ? nullptr : &*found;
}

}  // namespace atl::access
