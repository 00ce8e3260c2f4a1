#include "vault/access/share_place.h"

#include "vault/history/past.h"
#include "vault/object/objects.h"

namespace atl::access {
namespace {

Result<bool> has_below(catalog::CatalogReader& reader, const BucketId& bucket, const std::string& prefix) {
  catalog::ListQuery query;
  query.bucket = bucket;
  query.prefix = prefix;
  query.limit = 1;
  ATOLL_ASSIGN(const auto page, reader.list(query));
  return !page.items.empty();
}

}  // namespace

Result<Leads> where_leads(vault::Vault& vault, const catalog::ShareRow& share) {
  ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(share.place.bucket));
  const auto reader = vault.reader();
  const std::string& key = share.place.prefix;
  if (share.is_prefix) {
    ATOLL_ASSIGN(const bool has_something, has_below(*reader, bucket.id, key));
    return has_something ? Leads::somewhere : Leads::to_an_empty_folder;
  }
  if (!share.version.is_none()) {
    ATOLL_TRY(vault::find_version(*reader, bucket, key, share.version.text()));
    return Leads::somewhere;
  }
  ATOLL_ASSIGN(const auto there, reader->current(bucket.id, key));
  if (there) return Leads::somewhere;
  ATOLL_ASSIGN(const bool is_folder, has_below(*reader, bucket.id, key + "/"));
  const std::string name = bucket.name + "/" + key;
  return fail(
      ErrorKind::not_found, "object.not_found", "there is nothing named " + name + " to link to",
      is_folder ? "A folder ends with a slash: " + name + "/" : "`atoll ls " + bucket.name + "/` shows what is there.");
}

}  // namespace atl::access
