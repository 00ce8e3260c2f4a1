// What can be asked of a home: every operation of REST, S3, WebDAV and the command line is one of these, or several.
// Always true: names are stored in roles and records, so they are never changed or given to something else; numbers are
// of this program only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace atl::access {

enum class Action : std::uint8_t {
  // Buckets.
  list_buckets,
  create_bucket,
  delete_bucket,
  // Objects.
  list,
  read,
  read_metadata,
  read_version,
  read_history,
  search,
  watch,
  write,
  overwrite,
  overwrite_for_good,
  tag,
  remove,
  remove_for_good,
  erase,
  lock,
  restore,
  undo,
  undo_own,
  snapshot,
  hold,
  bypass_retention,
  share_create,
  // Relations and several possible values.
  link,
  read_links,
  resolve,
  // Rules of a bucket or vault.
  policy_read,
  policy_write,
  bucket_access_read,
  bucket_access_write,
  // The work of a vault.
  verify,
  collect,
  import_data,
  export_data,
  copy_manage,
  job_read,
  job_run,
  schedule,
  key_manage,
  vault_create,
  vault_delete,
  shred,
  // The home's own affairs.
  status,
  metrics,
  audit_read,
  account_read,
  account_manage,
  quota_manage,
  token_self,
  server_admin,
  count_
};
inline constexpr std::size_t kActionCount = static_cast<std::size_t>(Action::count_);
using ActionSet = std::bitset<kActionCount>;

// What a resource of the action names: the home, a vault, a bucket, or objects in one.
enum class ActionLevel : std::uint8_t { home, vault, bucket, object };

struct ActionInfo {
  Action action;
  std::string_view name;
  ActionLevel level;
  bool changes;  // something that others see
  std::string_view words;
};

// In the order of Action.
inline constexpr std::array<ActionInfo, kActionCount> kActions = {{
    {Action::list_buckets, "list_buckets", ActionLevel::bucket, false, "see that a bucket is there"},
    {Action::create_bucket, "create_bucket", ActionLevel::bucket, true, "make a bucket"},
    {Action::delete_bucket, "delete_bucket", ActionLevel::bucket, true, "remove an empty bucket"},
    {Action::list, "list", ActionLevel::object, false, "list names"},
    {Action::read, "read", ActionLevel::object, false, "read content"},
    {Action::read_metadata, "read_metadata", ActionLevel::object, false, "read size, times, tags and metadata"},
    {Action::read_version, "read_version", ActionLevel::object, false, "read an earlier version"},
    {Action::read_history, "read_history", ActionLevel::object, false, "list versions and changes"},
    {Action::search, "search", ActionLevel::object, false, "search"},
    {Action::watch, "watch", ActionLevel::bucket, false, "be told of changes"},
    {Action::write, "write", ActionLevel::object, true, "store under a new name"},
    {Action::overwrite, "overwrite", ActionLevel::object, true,
     "store a new version, the old one stays in the history"},
    {Action::overwrite_for_good, "overwrite_for_good", ActionLevel::object, true,
     "store over a version that no history keeps"},
    {Action::tag, "tag", ActionLevel::object, true, "change tags and metadata"},
    {Action::remove, "remove", ActionLevel::object, true, "remove, the history keeps it"},
    {Action::remove_for_good, "remove_for_good", ActionLevel::object, true, "remove what no history keeps"},
    {Action::erase, "erase", ActionLevel::object, true, "remove versions for good, from history and recovery too"},
    {Action::lock, "lock", ActionLevel::object, true, "lock a name for a while (WebDAV)"},
    {Action::restore, "restore", ActionLevel::object, true, "bring an earlier state back"},
    {Action::undo, "undo", ActionLevel::vault, true, "undo changes, rewind to a moment"},
    {Action::undo_own, "undo_own", ActionLevel::object, true, "take back what one did oneself"},
    {Action::snapshot, "snapshot", ActionLevel::bucket, true, "make and remove snapshots"},
    {Action::hold, "hold", ActionLevel::object, true, "set retention and legal hold"},
    {Action::bypass_retention, "bypass_retention", ActionLevel::object, true, "shorten retention, release a hold"},
    {Action::share_create, "share_create", ActionLevel::object, true, "make a link for people without an account"},
    {Action::link, "link", ActionLevel::object, true, "make and remove relations"},
    {Action::read_links, "read_links", ActionLevel::object, false, "read relations and possible values"},
    {Action::resolve, "resolve", ActionLevel::object, true, "make one of several values definite"},
    {Action::policy_read, "policy_read", ActionLevel::bucket, false, "read how long things are kept"},
    {Action::policy_write, "policy_write", ActionLevel::bucket, true, "set how long things are kept, CORS, life cycle"},
    {Action::bucket_access_read, "bucket_access_read", ActionLevel::bucket, false, "read who may use a bucket"},
    {Action::bucket_access_write, "bucket_access_write", ActionLevel::bucket, true, "set who may use a bucket"},
    {Action::verify, "verify", ActionLevel::vault, false, "check what is stored"},
    {Action::collect, "collect", ActionLevel::vault, true, "free the room of what nothing needs"},
    {Action::import_data, "import", ActionLevel::bucket, true, "bring data from elsewhere"},
    {Action::export_data, "export", ActionLevel::bucket, false, "take whole buckets out"},
    {Action::copy_manage, "copy_manage", ActionLevel::vault, true, "add, remove and update second copies"},
    {Action::job_read, "job_read", ActionLevel::vault, false, "see what is being done and how it went"},
    {Action::job_run, "job_run", ActionLevel::vault, true, "start and cancel jobs"},
    {Action::schedule, "schedule", ActionLevel::vault, true, "have things done by the clock"},
    {Action::key_manage, "key_manage", ActionLevel::vault, true, "recovery kit, passphrases, key rotation"},
    {Action::vault_create, "vault_create", ActionLevel::home, true, "make a vault"},
    {Action::vault_delete, "vault_delete", ActionLevel::vault, true, "delete a vault"},
    {Action::shred, "shred", ActionLevel::bucket, true, "destroy the keys of a bucket"},
    {Action::status, "status", ActionLevel::home, false, "see how the home is"},
    {Action::metrics, "metrics", ActionLevel::home, false, "read figures"},
    {Action::audit_read, "audit_read", ActionLevel::home, false, "read who did what"},
    {Action::account_read, "account_read", ActionLevel::home, false, "read accounts, groups, roles and grants"},
    {Action::account_manage, "account_manage", ActionLevel::home, true, "change accounts, groups, roles and grants"},
    {Action::quota_manage, "quota_manage", ActionLevel::home, true, "set quotas"},
    {Action::token_self, "token_self", ActionLevel::home, true, "make and revoke one's own tokens, S3 keys, password"},
    {Action::server_admin, "server_admin", ActionLevel::home, true, "change settings, unlock, stop the server"},
}};

[[nodiscard]] constexpr const ActionInfo& info_of(Action action) {
  return kActions[static_cast<std::size_t>(action)];  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
}
[[nodiscard]] constexpr std::string_view name_of(Action action) { return info_of(action).name; }
[[nodiscard]] std::optional<Action> action_named(std::string_view name);
[[nodiscard]] inline std::size_t bit(Action action) { return static_cast<std::size_t>(action); }

}  // namespace atl::access
