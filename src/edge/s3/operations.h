// Every operation that S3 has for general purpose buckets, in one table: what is done, what is not, and what it needs
// the right to. The router picks from it, and docs/s3.md is written from it.
// Source: Amazon S3 API Reference, "Actions".
//
// Always true: an address names exactly one row or none; a parameter that makes another operation of an address
// (`?acl`, `?uploads`) is never passed over, also where that operation is not there: its answer is 501 then.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "edge/s3/uri_encoding.h"
#include "foundation/base/error.h"
#include "vault/access/actions.h"

namespace atl::s3 {

enum class Operation : std::uint8_t {
  ListBuckets,
  HeadBucket,
  CreateBucket,
  DeleteBucket,
  GetBucketLocation,
  ListObjects,
  ListObjectsV2,
  ListObjectVersions,
  ListMultipartUploads,
  DeleteObjects,
  PostObject,
  GetBucketVersioning,
  PutBucketVersioning,
  GetBucketTagging,
  PutBucketTagging,
  DeleteBucketTagging,
  GetBucketCors,
  PutBucketCors,
  DeleteBucketCors,
  GetBucketLifecycleConfiguration,
  PutBucketLifecycleConfiguration,
  DeleteBucketLifecycle,
  GetBucketPolicy,
  PutBucketPolicy,
  DeleteBucketPolicy,
  GetBucketPolicyStatus,
  GetBucketAcl,
  PutBucketAcl,
  GetBucketEncryption,
  GetObjectLockConfiguration,
  PutObjectLockConfiguration,
  GetObject,
  HeadObject,
  PutObject,
  CopyObject,
  DeleteObject,
  GetObjectAttributes,
  GetObjectAcl,
  PutObjectAcl,
  GetObjectTagging,
  PutObjectTagging,
  DeleteObjectTagging,
  GetObjectRetention,
  PutObjectRetention,
  GetObjectLegalHold,
  PutObjectLegalHold,
  CreateMultipartUpload,
  UploadPart,
  UploadPartCopy,
  CompleteMultipartUpload,
  AbortMultipartUpload,
  ListParts,
  Preflight,
  NotDone,  // any of those that answer 501
};

enum class ResourceKind : std::uint8_t { service, bucket, object };
enum class State : std::uint8_t { done, partly, refused };  // refused: 501

struct OperationRow {
  std::string_view name;  // as S3 calls it
  Operation operation;
  std::string_view method;
  ResourceKind resource;
  // Parameters that have to be there, separated by blanks; the row with the most of them is taken. "@copy": the header
  // x-amz-copy-source.
  std::string_view keys;
  State state;
  access::Action action;   // the main one; overwriting, versions and locks ask for more
  std::string_view words;  // what is different here; may be empty
};
[[nodiscard]] std::span<const OperationRow> operations();

struct HeaderRow {
  std::string_view name;
  std::string_view where;  // "request", "answer", "both"
  State state;
  std::string_view words;
};
[[nodiscard]] std::span<const HeaderRow> header_table();

// The row that a request means. NotImplemented, MethodNotAllowed.
[[nodiscard]] Result<const OperationRow*> find_operation(std::string_view method, ResourceKind resource,
                                                         const Parameters& parameters, bool has_copy_source);

// The generated part of docs/s3.md.
[[nodiscard]] std::string operations_page();

}  // namespace atl::s3
