#include "vault/keeping/removal.h"

#include <algorithm>
#include <optional>

#include "catalog/s3_rows.h"

namespace atl::vault {

using catalog::VersionRow;
using journal::TableNumber;

Result<RemovalCount> stage_removal(const CommitContext& context, ChangeSet& changes, const DoomedVersions& doomed,
                                   const std::function<Result<bool>(const VersionRow&)>& may_go) {
  RemovalCount count;
  ATOLL_ASSIGN(auto entry, context.state.entry(doomed.bucket, doomed.key));
  if (!entry || entry->object != doomed.object) return count;  // gone meanwhile
  std::vector<VersionId> gone;
  for (const VersionId& id : doomed.versions) {
    ATOLL_ASSIGN(const auto version, context.state.version(doomed.object, id));
    if (!version) continue;
    ATOLL_ASSIGN(const bool goes, may_go(*version));
    if (!goes) continue;
    changes.remove(doomed.domain, TableNumber::versions, catalog::key_of(*version));
    catalog::VersionTermsRow lock;
    lock.object = doomed.object;
    lock.version = id;
    ATOLL_ASSIGN(const auto locked, context.state.one<catalog::VersionTermsRow>(catalog::key_of(lock)));
    if (locked) changes.remove(lock);
    gone.push_back(id);
    ++count.versions;
    count.bytes += version->content.length;
  }
  if (std::ranges::find(gone, entry->version) == gone.end()) return count;
  std::ranges::sort(gone);
  std::optional<VersionRow> newest;
  ATOLL_TRY(context.state.for_each_version(doomed.object, [&](const VersionRow& version) -> Result<bool> {
    const bool remains = !std::ranges::binary_search(gone, version.version);
    if (remains && (!newest || version.begin >= newest->begin)) newest = version;
    return true;
  }));
  if (!newest) {
    ATOLL_TRY(context.state.for_each_row_under(
        TableNumber::delete_markers, doomed.object.view(), [&](ByteView key, ByteView) -> Result<bool> {
          changes.remove(kDefaultDomain, TableNumber::delete_markers, to_bytes(key));
          return true;
        }));
    changes.remove(doomed.domain, TableNumber::entries, catalog::key_of(*entry));
    ++count.objects;
    return count;
  }
  entry->version = newest->version;
  if (!entry->is_deleted) {
    entry->is_deleted = true;
    entry->deleted_at = context.commit_time;
    entry->deleted_lsn = context.lsn;
  }
  changes.put(doomed.domain, *entry);
  return count;
}

}  // namespace atl::vault
