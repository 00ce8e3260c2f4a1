#include "vault/history/rollback.h"

#include "vault/object/objects.h"

namespace atl::vault {

Result<RollbackPlan> plan_rollback(Vault& vault, const std::string& bucket_name, const std::string& key,
                                   const std::string& to) {
  RollbackPlan plan;
  plan.key = key;
  ATOLL_ASSIGN(plan.bucket, Objects(vault).bucket(bucket_name));
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto entry, reader->entry(plan.bucket.id, key));
  if (!entry) {
    return fail(ErrorKind::not_found, "object.not_found", "there never was an object " + bucket_name + "/" + key,
                "`atoll rewind` brings folders and buckets back.");
  }
  if (to.empty()) {
    ATOLL_ASSIGN(auto versions, newest_versions(*reader, *entry, std::nullopt, 2));
    const std::size_t wanted = entry->is_deleted ? 0 : 1;
    if (versions.size() <= wanted) {
      return fail(ErrorKind::not_found, "rollback.no_older", bucket_name + "/" + key + " has no older version",
                  "`atoll log " + bucket_name + "/" + key + "` lists its versions.");
    }
    plan.version = std::move(versions[wanted]);
  } else if (auto named = find_version(*reader, plan.bucket, key, to); named) {
    plan.version = std::move(named->version);
  } else {
    if (named.error().kind != ErrorKind::not_found) return pass(named.error());
    auto moment = parse_moment(vault, to);
    if (!moment) return pass(named.error());  // what was meant as a version is told as one
    View view(*reader, std::move(*moment));
    ATOLL_ASSIGN(auto found, view.current(plan.bucket.id, key));
    if (!found) {
      return fail(ErrorKind::not_found, "rollback.not_there",
                  bucket_name + "/" + key + " was not there as of " + view.moment()->words,
                  "`atoll log " + bucket_name + "/" + key + "` lists its versions.");
    }
    plan.version = std::move(found->version);
  }
  plan.is_current = !entry->is_deleted && entry->version == plan.version.version;
  return plan;
}

Result<Lsn> roll_back(Vault& vault, const RollbackPlan& plan) {
  const auto operation = platform::new_id<OperationId>(vault.machine());
  const auto id = platform::new_id<VersionId>(vault.machine());
  return vault.commit(
      journal::CommandKind::restore_objects,
      [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        // The state may have moved on since it was looked at; the version must still be there.
        ATOLL_ASSIGN(const auto version, context.state.version(plan.version.object, plan.version.version));
        if (!version) {
          return fail(ErrorKind::conflict, "rollback.gone", "the version to bring back was removed meanwhile");
        }
        NewVersion fresh{plan.key, *version};
        fresh.version.label.clear();  // labels are unique per object
        fresh.version.description = "rolled back to version " + version->version.text();
        fresh.version.sources = {{version->object, version->version, plan.bucket.name + "/" + plan.key}};
        fresh.version.transformation = "rollback";
        fresh.change = ChangeSize::minor;
        ATOLL_TRY(stage_put(context, changes, plan.bucket, fresh, id, vault.actor(), operation));
        return {};
      },
      operation);
}

}  // namespace atl::vault
