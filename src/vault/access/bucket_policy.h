// What is said of one bucket beside the grants of accounts: a policy as S3 writes it, and a canned access list.
//
//     {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
//      "Resource": "arn:aws:s3:::BUCKET/public/*"}]}
//
// Always true:
//  - A document is either understood whole or refused with the reason: nothing of it is passed over. One that stands in
//    the vault and cannot be understood (a newer program took it) denies all that policies can say anything about.
//  - Nobody in particular ("*") may be allowed to read only. Who may read and change the policy is never its matter:
//    grants say that, so nobody locks everybody out.
//  - A condition that cannot be told does not allow, and does deny.
// Source: AWS IAM User Guide, "IAM JSON policy elements reference"; Amazon S3 User Guide, "Policies and permissions in
// Amazon S3", "Access control list (ACL) overview".
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/access_rows.h"
#include "vault/access/actions.h"

namespace atl::access {

struct Who;
struct Resource;

// Rights as S3 names them; finer than actions. Names begin with "s3:", in policies their case does not matter.
enum class Permission : std::uint8_t {
  none,  // what is asked for is no operation of S3
  GetObject,
  GetObjectVersion,
  GetObjectAttributes,
  GetObjectTagging,
  GetObjectRetention,
  GetObjectLegalHold,
  PutObject,
  AbortMultipartUpload,
  ListMultipartUploadParts,
  DeleteObject,
  DeleteObjectVersion,
  PutObjectTagging,
  DeleteObjectTagging,
  PutObjectRetention,
  PutObjectLegalHold,
  BypassGovernanceRetention,
  ListBucket,
  ListBucketVersions,
  ListBucketMultipartUploads,
  GetBucketLocation,
  GetBucketVersioning,
  GetBucketTagging,
  GetBucketCORS,
  GetLifecycleConfiguration,
  GetEncryptionConfiguration,
  GetBucketObjectLockConfiguration,
  PutBucketVersioning,
  PutBucketTagging,
  PutBucketCORS,
  PutLifecycleConfiguration,
  PutBucketObjectLockConfiguration,
  DeleteBucket,
  count_
};
using PermissionSet = std::bitset<static_cast<std::size_t>(Permission::count_)>;
[[nodiscard]] std::string_view name_of(Permission permission);  // "GetObject"
// Whether that right of S3 is one of those that the action stands for.
[[nodiscard]] bool is_asked_for_by(Permission permission, Action action);

// Of buckets and objects. The two of bucket owners give nothing here that grants do not give; they are kept because
// clients ask for them and read them again.
enum class AccessList : std::uint8_t {
  owner_only,
  public_read,
  authenticated_read,
  bucket_owner_read,
  bucket_owner_full_control
};
[[nodiscard]] std::string_view name_of(AccessList list);  // "private", "public-read"
[[nodiscard]] std::optional<AccessList> access_list_named(std::string_view name);
[[nodiscard]] constexpr bool opens_something(AccessList list) {
  return list == AccessList::public_read || list == AccessList::authenticated_read;
}
// Of an object's list: may they read it? Of a bucket's: may they see what is in it?
[[nodiscard]] bool object_list_allows(AccessList list, Permission permission, const Who& who);
[[nodiscard]] bool bucket_list_allows(AccessList list, Permission permission, const Who& who);

enum class PolicySays : std::uint8_t { nothing, allowed, denied };

class BucketPolicy {
 public:
  static constexpr std::size_t kBytesMax = 20 * 1024;
  // The account that "user/NAME" (of an ARN) or "id/DIGITS" (a canonical user id) means; none: there is none.
  using FindPrincipal = std::function<std::optional<PrincipalId>(const std::string& named)>;

  // `usage` "bucket_policy.malformed", with what is wrong and where.
  [[nodiscard]] static Result<BucketPolicy> parse(std::string_view document, std::string_view bucket,
                                                  const FindPrincipal& find);
  [[nodiscard]] static BucketPolicy deny_all();

  [[nodiscard]] PolicySays ask(const Who& who, Action action, const Resource& resource) const;
  // The patterns of keys of which some of these actions may be denied to them, at doors that ask by action alone. Where
  // more than the key decides a denial ("" is asked for as a prefix, say), the pattern is "?*".
  [[nodiscard]] std::vector<std::string> denied_patterns(const Who& who, std::span<const Action> actions) const;
  // Somebody is allowed something without an account, wherever they come from.
  [[nodiscard]] bool is_public() const;
  // Accounts as find() was asked for them, and who they were when the document was read.
  [[nodiscard]] const std::vector<std::pair<std::string, PrincipalId>>& named() const { return named_; }

  struct Condition {
    enum class Key : std::uint8_t { secure_transport, prefix, source_ip };
    Key key = Key::secure_transport;
    bool is_negated = false;
    bool is_pattern = false;
    bool holds_where_missing = false;
    std::vector<std::string> values;
  };
  struct Statement {
    bool denies = false;
    bool is_for_all = false;
    std::vector<PrincipalId> principals;
    PermissionSet permissions;
    bool holds_bucket = false;
    std::vector<std::string> key_patterns;
    std::vector<Condition> conditions;
  };

 private:
  std::vector<Statement> statements_;
  std::vector<std::pair<std::string, PrincipalId>> named_;
};

// What is said of one bucket, as it stands in the control vault: a setting of the home of this name, and its value.
struct BucketAccess {
  BucketId bucket;  // a later bucket of the same name is another one
  AccessList list = AccessList::owner_only;
  std::string policy;                                      // the document as it came; empty: none
  std::vector<std::pair<std::string, PrincipalId>> named;  // accounts in it: a later one of that name is another one
  [[nodiscard]] bool says_nothing() const { return list == AccessList::owner_only && policy.empty(); }
};
[[nodiscard]] std::string setting_name(const VaultId& vault, std::string_view bucket);
struct BucketName {
  VaultId vault;
  std::string bucket;
};
[[nodiscard]] std::optional<BucketName> bucket_of_setting(std::string_view name);  // none: another setting
[[nodiscard]] std::string encode(const BucketAccess& access);
[[nodiscard]] Result<BucketAccess> decode_bucket_access(std::string_view value);

// What S3 calls the id of an account: 64 hexadecimal digits made from its name.
[[nodiscard]] std::string canonical_id(std::string_view name);

// The pattern's * stands for any bytes, its ? for one. Linear in both but for patterns of many stars.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace atl::access
