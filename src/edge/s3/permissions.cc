#include "edge/s3/permissions.h"

namespace atl::s3 {
namespace {

using access::Permission;

Permission of_metadata(Operation operation) {
  switch (operation) {
    case Operation::GetObjectAttributes: return Permission::GetObjectAttributes;
    case Operation::GetObjectTagging: return Permission::GetObjectTagging;
    case Operation::GetObjectRetention: return Permission::GetObjectRetention;
    case Operation::GetObjectLegalHold: return Permission::GetObjectLegalHold;
    default: return Permission::GetObject;
  }
}

Permission of_writing(Operation operation) {
  switch (operation) {
    case Operation::AbortMultipartUpload: return Permission::AbortMultipartUpload;
    case Operation::ListParts: return Permission::ListMultipartUploadParts;
    default: return Permission::PutObject;
  }
}

Permission of_settings(Operation operation) {
  switch (operation) {
    case Operation::GetBucketVersioning: return Permission::GetBucketVersioning;
    case Operation::GetBucketTagging: return Permission::GetBucketTagging;
    case Operation::GetBucketCors: return Permission::GetBucketCORS;
    case Operation::GetBucketLifecycleConfiguration: return Permission::GetLifecycleConfiguration;
    case Operation::GetBucketEncryption: return Permission::GetEncryptionConfiguration;
    case Operation::GetObjectLockConfiguration: return Permission::GetBucketObjectLockConfiguration;
    case Operation::PutBucketVersioning: return Permission::PutBucketVersioning;
    case Operation::PutBucketTagging:
    case Operation::DeleteBucketTagging: return Permission::PutBucketTagging;
    case Operation::PutBucketCors:
    case Operation::DeleteBucketCors: return Permission::PutBucketCORS;
    case Operation::PutBucketLifecycleConfiguration:
    case Operation::DeleteBucketLifecycle: return Permission::PutLifecycleConfiguration;
    case Operation::PutObjectLockConfiguration: return Permission::PutBucketObjectLockConfiguration;
    default: return Permission::none;
  }
}

Permission of_hold(Operation operation) {
  switch (operation) {
    case Operation::PutObjectRetention: return Permission::PutObjectRetention;
    case Operation::PutObjectLegalHold: return Permission::PutObjectLegalHold;
    case Operation::PutObjectLockConfiguration: return Permission::PutBucketObjectLockConfiguration;
    default: return Permission::none;
  }
}

}  // namespace

Permission permission_of(Operation operation, access::Action action) {
  using enum access::Action;
  switch (action) {
    case read: return Permission::GetObject;
    case read_version: return Permission::GetObjectVersion;
    case read_metadata: return of_metadata(operation);
    case write:
    case overwrite:
    case overwrite_for_good: return of_writing(operation);
    case remove:
    case remove_for_good: return Permission::DeleteObject;
    case erase: return Permission::DeleteObjectVersion;
    case tag:
      return operation == Operation::DeleteObjectTagging ? Permission::DeleteObjectTagging
                                                         : Permission::PutObjectTagging;
    case hold: return of_hold(operation);
    case bypass_retention: return Permission::BypassGovernanceRetention;
    case list:
      return operation == Operation::ListMultipartUploads ? Permission::ListBucketMultipartUploads
                                                          : Permission::ListBucket;
    case read_history: return Permission::ListBucketVersions;
    case list_buckets:
      if (operation == Operation::HeadBucket) return Permission::ListBucket;
      return operation == Operation::GetBucketLocation ? Permission::GetBucketLocation : Permission::none;
    case policy_read:
    case policy_write: return of_settings(operation);
    case delete_bucket: return Permission::DeleteBucket;
    default: return Permission::none;
  }
}

}  // namespace atl::s3
