// What of a home is open to people without an account: to everybody, or to whoever has a link.
//
// Always true:
//  - Nothing that is open by a grant, a bucket's policy or access list, or a link is left out. What something else
//    denies again, and a link whose maker may no longer read its place, is shown all the same.
//  - Objects that S3 clients opened one by one are counted, bucket by bucket.
// Thread rules: any thread. Complexity: linear in grants, links and settings of the home, and in those versions of a
// vault that have a list, a lock or came in parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vault/access/decision.h"
#include "vault/vault.h"

namespace atl::access {

enum class OpenedBy : std::uint8_t { grant, access_list, object_list, policy, link };
[[nodiscard]] std::string_view name_of(OpenedBy by);  // "access_list"

struct PublicPlace {
  OpenedBy by = OpenedBy::grant;
  catalog::AccessPlace place;
  std::string id;       // of the grant or link; "" of policies and lists, which go with their bucket
  std::string role;     // of a grant
  bool reads = false;   // contents, names or searches
  bool writes = false;  // anything that others see
  bool has_password = false;
  PrincipalId made_by;        // of a link
  std::string label;          // of a link
  Timestamp expires;          // 0: never
  std::uint64_t objects = 0;  // of object_list: how many of the bucket

  // Of all places of a home, another one for each.
  [[nodiscard]] std::string mark() const;
};
// In the order of their marks.
[[nodiscard]] std::vector<PublicPlace> public_places(const AccessView& view, Timestamp now);
// Adds what the lists of single objects open to everybody: of the versions that are there now. Keeps the order.
[[nodiscard]] Result<void> add_public_objects(vault::Vault& vault, const VaultId& id, std::vector<PublicPlace>& places);

}  // namespace atl::access
