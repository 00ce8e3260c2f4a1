#include "edge/s3/operations.h"

#include <algorithm>
#include <array>

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

using access::Action;
using enum ResourceKind;
using O = Operation;
constexpr State kDone = State::done;
constexpr State kPartly = State::partly;

constexpr OperationRow not_done(std::string_view name, std::string_view method, ResourceKind resource,
                                std::string_view keys, std::string_view words = {}) {
  return {name, O::NotDone, method, resource, keys, State::refused, Action::server_admin, words};
}

constexpr std::array kOperations{
    OperationRow{"ListBuckets", O::ListBuckets, "GET", service, "", kDone, Action::list_buckets,
                 "those that the key may see"},

    OperationRow{"HeadBucket", O::HeadBucket, "HEAD", bucket, "", kDone, Action::list_buckets, ""},
    OperationRow{"CreateBucket", O::CreateBucket, "PUT", bucket, "", kDone, Action::create_bucket,
                 "any location is taken; x-amz-bucket-object-lock-enabled"},
    OperationRow{"DeleteBucket", O::DeleteBucket, "DELETE", bucket, "", kDone, Action::delete_bucket, ""},
    OperationRow{"GetBucketLocation", O::GetBucketLocation, "GET", bucket, "location", kDone, Action::list_buckets, ""},
    OperationRow{"ListObjects", O::ListObjects, "GET", bucket, "", kDone, Action::list, ""},
    OperationRow{"ListObjectsV2", O::ListObjectsV2, "GET", bucket, "list-type", kDone, Action::list, ""},
    OperationRow{"ListObjectVersions", O::ListObjectVersions, "GET", bucket, "versions", kDone, Action::read_history,
                 ""},
    OperationRow{"ListMultipartUploads", O::ListMultipartUploads, "GET", bucket, "uploads", kDone, Action::list, ""},
    OperationRow{"DeleteObjects", O::DeleteObjects, "POST", bucket, "delete", kDone, Action::remove,
                 "neither Content-MD5 nor a checksum is asked for"},
    OperationRow{"PostObject", O::PostObject, "POST", bucket, "", kDone, Action::write,
                 "uploads from HTML forms, by a policy of version 4 in their fields; ${filename} in the key"},
    OperationRow{"GetBucketVersioning", O::GetBucketVersioning, "GET", bucket, "versioning", kDone, Action::policy_read,
                 ""},
    OperationRow{"PutBucketVersioning", O::PutBucketVersioning, "PUT", bucket, "versioning", kDone,
                 Action::policy_write, "no MFA delete"},
    OperationRow{"GetBucketTagging", O::GetBucketTagging, "GET", bucket, "tagging", kDone, Action::policy_read, ""},
    OperationRow{"PutBucketTagging", O::PutBucketTagging, "PUT", bucket, "tagging", kDone, Action::policy_write, ""},
    OperationRow{"DeleteBucketTagging", O::DeleteBucketTagging, "DELETE", bucket, "tagging", kDone,
                 Action::policy_write, ""},
    OperationRow{"GetBucketCors", O::GetBucketCors, "GET", bucket, "cors", kDone, Action::policy_read, ""},
    OperationRow{"PutBucketCors", O::PutBucketCors, "PUT", bucket, "cors", kDone, Action::policy_write, ""},
    OperationRow{"DeleteBucketCors", O::DeleteBucketCors, "DELETE", bucket, "cors", kDone, Action::policy_write, ""},
    OperationRow{"GetBucketLifecycleConfiguration", O::GetBucketLifecycleConfiguration, "GET", bucket, "lifecycle",
                 kDone, Action::policy_read, ""},
    OperationRow{"PutBucketLifecycleConfiguration", O::PutBucketLifecycleConfiguration, "PUT", bucket, "lifecycle",
                 kDone, Action::policy_write, "done every hour by the server; transitions move content to other tiers"},
    OperationRow{"DeleteBucketLifecycle", O::DeleteBucketLifecycle, "DELETE", bucket, "lifecycle", kDone,
                 Action::policy_write, ""},
    OperationRow{"GetBucketPolicy", O::GetBucketPolicy, "GET", bucket, "policy", kDone, Action::bucket_access_read, ""},
    OperationRow{"PutBucketPolicy", O::PutBucketPolicy, "PUT", bucket, "policy", kPartly, Action::bucket_access_write,
                 "what is said above; anything else is MalformedPolicy"},
    OperationRow{"DeleteBucketPolicy", O::DeleteBucketPolicy, "DELETE", bucket, "policy", kDone,
                 Action::bucket_access_write, ""},
    OperationRow{"GetBucketPolicyStatus", O::GetBucketPolicyStatus, "GET", bucket, "policyStatus", kDone,
                 Action::bucket_access_read, ""},
    OperationRow{"GetBucketAcl", O::GetBucketAcl, "GET", bucket, "acl", kDone, Action::bucket_access_read,
                 "grants of accounts are not shown"},
    OperationRow{"PutBucketAcl", O::PutBucketAcl, "PUT", bucket, "acl", kPartly, Action::bucket_access_write,
                 "canned lists, by name or written out; no public-read-write"},
    OperationRow{"GetBucketEncryption", O::GetBucketEncryption, "GET", bucket, "encryption", kPartly,
                 Action::policy_read, "no rule: the vault is encrypted as a whole"},
    OperationRow{"GetObjectLockConfiguration", O::GetObjectLockConfiguration, "GET", bucket, "object-lock", kDone,
                 Action::policy_read, ""},
    OperationRow{"PutObjectLockConfiguration", O::PutObjectLockConfiguration, "PUT", bucket, "object-lock", kDone,
                 Action::policy_write, "versioning must be enabled"},

    OperationRow{"GetObject", O::GetObject, "GET", object, "", kDone, Action::read,
                 "one range; several are answered with the whole; partNumber"},
    OperationRow{"HeadObject", O::HeadObject, "HEAD", object, "", kDone, Action::read_metadata, ""},
    OperationRow{"PutObject", O::PutObject, "PUT", object, "", kDone, Action::write, ""},
    OperationRow{"CopyObject", O::CopyObject, "PUT", object, "@copy", kDone, Action::write,
                 "nothing is read or written but names"},
    OperationRow{"DeleteObject", O::DeleteObject, "DELETE", object, "", kDone, Action::remove,
                 "where there is nothing no delete marker is made"},
    OperationRow{"GetObjectAttributes", O::GetObjectAttributes, "GET", object, "attributes", kDone,
                 Action::read_metadata, "of parts their number and sizes"},
    OperationRow{"GetObjectAcl", O::GetObjectAcl, "GET", object, "acl", kDone, Action::bucket_access_read,
                 "as GetBucketAcl"},
    OperationRow{"PutObjectAcl", O::PutObjectAcl, "PUT", object, "acl", kPartly, Action::bucket_access_write,
                 "as PutBucketAcl"},
    OperationRow{"GetObjectTagging", O::GetObjectTagging, "GET", object, "tagging", kDone, Action::read_metadata, ""},
    OperationRow{"PutObjectTagging", O::PutObjectTagging, "PUT", object, "tagging", kDone, Action::tag, ""},
    OperationRow{"DeleteObjectTagging", O::DeleteObjectTagging, "DELETE", object, "tagging", kDone, Action::tag, ""},
    OperationRow{"GetObjectRetention", O::GetObjectRetention, "GET", object, "retention", kDone, Action::read_metadata,
                 ""},
    OperationRow{"PutObjectRetention", O::PutObjectRetention, "PUT", object, "retention", kDone, Action::hold, ""},
    OperationRow{"GetObjectLegalHold", O::GetObjectLegalHold, "GET", object, "legal-hold", kDone, Action::read_metadata,
                 ""},
    OperationRow{"PutObjectLegalHold", O::PutObjectLegalHold, "PUT", object, "legal-hold", kDone, Action::hold, ""},
    OperationRow{"CreateMultipartUpload", O::CreateMultipartUpload, "POST", object, "uploads", kDone, Action::write,
                 ""},
    OperationRow{"UploadPart", O::UploadPart, "PUT", object, "partNumber uploadId", kDone, Action::write, ""},
    OperationRow{"UploadPartCopy", O::UploadPartCopy, "PUT", object, "partNumber uploadId @copy", kDone, Action::write,
                 ""},
    OperationRow{"CompleteMultipartUpload", O::CompleteMultipartUpload, "POST", object, "uploadId", kDone,
                 Action::write, "nothing is read or written but names"},
    OperationRow{"AbortMultipartUpload", O::AbortMultipartUpload, "DELETE", object, "uploadId", kDone, Action::write,
                 ""},
    OperationRow{"ListParts", O::ListParts, "GET", object, "uploadId", kDone, Action::write, ""},
    OperationRow{"OPTIONS", O::Preflight, "OPTIONS", object, "", kDone, Action::read, "by the bucket's CORS rules"},
    OperationRow{"OPTIONS", O::Preflight, "OPTIONS", bucket, "", kDone, Action::read, "by the bucket's CORS rules"},

    not_done("CreateSession", "GET", bucket, "session"),
    not_done("PutBucketEncryption", "PUT", bucket, "encryption", "the vault is encrypted as a whole, or not"),
    not_done("DeleteBucketEncryption", "DELETE", bucket, "encryption"),
    not_done("GetPublicAccessBlock", "GET", bucket, "publicAccessBlock", "policies and lists say what is public"),
    not_done("PutPublicAccessBlock", "PUT", bucket, "publicAccessBlock"),
    not_done("DeletePublicAccessBlock", "DELETE", bucket, "publicAccessBlock"),
    not_done("GetBucketOwnershipControls", "GET", bucket, "ownershipControls"),
    not_done("PutBucketOwnershipControls", "PUT", bucket, "ownershipControls"),
    not_done("DeleteBucketOwnershipControls", "DELETE", bucket, "ownershipControls"),
    not_done("GetBucketAccelerateConfiguration", "GET", bucket, "accelerate"),
    not_done("PutBucketAccelerateConfiguration", "PUT", bucket, "accelerate"),
    not_done("GetBucketAnalyticsConfiguration", "GET", bucket, "analytics"),
    not_done("PutBucketAnalyticsConfiguration", "PUT", bucket, "analytics"),
    not_done("DeleteBucketAnalyticsConfiguration", "DELETE", bucket, "analytics"),
    not_done("GetBucketIntelligentTieringConfiguration", "GET", bucket, "intelligent-tiering"),
    not_done("PutBucketIntelligentTieringConfiguration", "PUT", bucket, "intelligent-tiering"),
    not_done("DeleteBucketIntelligentTieringConfiguration", "DELETE", bucket, "intelligent-tiering"),
    not_done("GetBucketInventoryConfiguration", "GET", bucket, "inventory"),
    not_done("PutBucketInventoryConfiguration", "PUT", bucket, "inventory"),
    not_done("DeleteBucketInventoryConfiguration", "DELETE", bucket, "inventory"),
    not_done("GetBucketLogging", "GET", bucket, "logging", "`atoll audit` says who did what"),
    not_done("PutBucketLogging", "PUT", bucket, "logging"),
    not_done("GetBucketMetricsConfiguration", "GET", bucket, "metrics"),
    not_done("PutBucketMetricsConfiguration", "PUT", bucket, "metrics"),
    not_done("DeleteBucketMetricsConfiguration", "DELETE", bucket, "metrics"),
    not_done("GetBucketMetadataConfiguration", "GET", bucket, "metadataConfiguration"),
    not_done("CreateBucketMetadataConfiguration", "POST", bucket, "metadataConfiguration"),
    not_done("DeleteBucketMetadataConfiguration", "DELETE", bucket, "metadataConfiguration"),
    not_done("GetBucketMetadataTableConfiguration", "GET", bucket, "metadataTable"),
    not_done("CreateBucketMetadataTableConfiguration", "POST", bucket, "metadataTable"),
    not_done("DeleteBucketMetadataTableConfiguration", "DELETE", bucket, "metadataTable"),
    not_done("GetBucketNotificationConfiguration", "GET", bucket, "notification"),
    not_done("PutBucketNotificationConfiguration", "PUT", bucket, "notification"),
    not_done("GetBucketReplication", "GET", bucket, "replication", "`atoll copy` keeps second copies"),
    not_done("PutBucketReplication", "PUT", bucket, "replication"),
    not_done("DeleteBucketReplication", "DELETE", bucket, "replication"),
    not_done("GetBucketRequestPayment", "GET", bucket, "requestPayment"),
    not_done("PutBucketRequestPayment", "PUT", bucket, "requestPayment"),
    not_done("GetBucketWebsite", "GET", bucket, "website"),
    not_done("PutBucketWebsite", "PUT", bucket, "website"),
    not_done("DeleteBucketWebsite", "DELETE", bucket, "website"),
    not_done("GetBucketAbac", "GET", bucket, "abac"),
    not_done("PutBucketAbac", "PUT", bucket, "abac"),
    not_done("GetObjectTorrent", "GET", object, "torrent"),
    not_done("RestoreObject", "POST", object, "restore"),
    not_done("SelectObjectContent", "POST", object, "select select-type"),
    not_done("RenameObject", "PUT", object, "renameObject"),
};

constexpr std::array kHeaders{
    HeaderRow{"Authorization", "request", State::done, "AWS4-HMAC-SHA256 only"},
    HeaderRow{"x-amz-content-sha256", "request", State::done,
              "a SHA-256, UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, …-PAYLOAD-TRAILER, "
              "STREAMING-UNSIGNED-PAYLOAD-TRAILER; verified"},
    HeaderRow{"x-amz-date", "request", State::done, "at most 15 minutes off"},
    HeaderRow{"x-amz-security-token", "request", State::refused, "there are no session tokens"},
    HeaderRow{"x-amz-decoded-content-length", "request", State::done, ""},
    HeaderRow{"x-amz-trailer", "request", State::done, "checksums"},
    HeaderRow{"Content-MD5", "request", State::done, "verified"},
    HeaderRow{"x-amz-checksum-crc32, -crc32c, -crc64nvme, -sha1, -sha256", "both", State::done,
              "verified, kept, given back with x-amz-checksum-mode: ENABLED"},
    HeaderRow{"x-amz-sdk-checksum-algorithm, x-amz-checksum-algorithm", "request", State::done, ""},
    HeaderRow{"x-amz-checksum-type", "both", State::done, "COMPOSITE, FULL_OBJECT"},
    HeaderRow{"x-amz-checksum-mode", "request", State::done, ""},
    HeaderRow{"Range", "request", State::done, "one range"},
    HeaderRow{"If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since", "request", State::done,
              "reading, and If-Match and If-None-Match also for writing and removing"},
    HeaderRow{"x-amz-copy-source-if-match, -if-none-match, -if-modified-since, -if-unmodified-since", "request",
              State::done, ""},
    HeaderRow{"x-amz-copy-source, x-amz-copy-source-range", "request", State::done, ""},
    HeaderRow{"x-amz-metadata-directive, x-amz-tagging-directive", "request", State::done, ""},
    HeaderRow{"Content-Type", "both", State::done, ""},
    HeaderRow{"Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Expires", "both", State::done,
              "aws-chunked is taken out of Content-Encoding"},
    HeaderRow{"response-content-type and the other response-… parameters", "request", State::done,
              "of signed requests"},
    HeaderRow{"x-amz-meta-…", "both", State::done, "8 KiB at most"},
    HeaderRow{"x-amz-meta-mtime", "both", State::done,
              "is the file's own modification time: set by clients, given for what `atoll put` stored"},
    HeaderRow{"x-amz-tagging, x-amz-tagging-count", "both", State::done, ""},
    HeaderRow{"x-amz-storage-class", "both", State::done, "names the tier, where the bucket's own policy names none"},
    HeaderRow{"x-amz-restore", "answer", State::done, "of GLACIER and DEEP_ARCHIVE: can be read at any time"},
    HeaderRow{"x-amz-mp-parts-count", "answer", State::done, "where partNumber was asked for"},
    HeaderRow{"x-amz-acl", "request", State::partly,
              "private, public-read, authenticated-read, bucket-owner-read, bucket-owner-full-control"},
    HeaderRow{"x-amz-grant-read, -full-control and the others", "request", State::partly,
              "what one of these lists grants; anything else is 501"},
    HeaderRow{"x-amz-server-side-encryption", "request", State::partly, "AES256 is taken where the vault is encrypted"},
    HeaderRow{"x-amz-server-side-encryption-customer-…, -aws-kms-…", "request", State::refused, ""},
    HeaderRow{"x-amz-object-lock-mode, -retain-until-date, -legal-hold", "both", State::done, ""},
    HeaderRow{"x-amz-bypass-governance-retention", "request", State::done, "with the right to"},
    HeaderRow{"x-amz-bucket-object-lock-enabled", "request", State::done, ""},
    HeaderRow{"x-amz-expected-bucket-owner, x-amz-request-payer", "request", State::partly, "passed over"},
    HeaderRow{"x-amz-website-redirect-location", "request", State::refused, ""},
    HeaderRow{"x-amz-write-offset-bytes", "request", State::refused, ""},
    HeaderRow{"ETag", "answer", State::done,
              "the MD5 of what came in one piece of 16 MiB at most or with Content-MD5; else 32 digits and -1 or "
              "-PARTS, which clients know not to compare"},
    HeaderRow{"x-amz-version-id, x-amz-delete-marker", "answer", State::done, ""},
    HeaderRow{"x-amz-request-id", "answer", State::done, "stands in the logs and in the journal"},
    HeaderRow{"Origin, Access-Control-…", "both", State::done, "by the bucket's CORS rules"},
};

// Names that make another operation of an address, whatever the method, here or on another kind of resource.
bool is_subresource(std::string_view name) {
  return std::ranges::any_of(kOperations, [&](const OperationRow& row) {
    std::string_view keys = row.keys;
    while (!keys.empty()) {
      const std::size_t blank = keys.find(' ');
      const std::string_view key = keys.substr(0, blank);
      keys = blank == std::string_view::npos ? std::string_view() : keys.substr(blank + 1);
      // These three say more about an operation, and are no operation by themselves.
      if (key == name && key != "partNumber" && key != "list-type" && key != "select-type") return true;
    }
    return false;
  });
}

// How many keys match; none where one is missing.
std::optional<int> matches(const OperationRow& row, const Parameters& parameters, bool has_copy_source) {
  int count = 0;
  std::string_view keys = row.keys;
  while (!keys.empty()) {
    const std::size_t blank = keys.find(' ');
    const std::string_view key = keys.substr(0, blank);
    keys = blank == std::string_view::npos ? std::string_view() : keys.substr(blank + 1);
    const bool is_there = key == "@copy"
                              ? has_copy_source
                              : std::ranges::any_of(parameters, [&](const auto& one) { return one.first == key; });
    if (!is_there) return std::nullopt;
    ++count;
  }
  return count;
}

std::string_view words_of(State state) {
  switch (state) {
    case State::done: return "yes";
    case State::partly: return "partly";
    case State::refused: break;
  }
  return "no";
}

}  // namespace

std::span<const OperationRow> operations() { return kOperations; }
std::span<const HeaderRow> header_table() { return kHeaders; }

Result<const OperationRow*> find_operation(std::string_view method, ResourceKind resource, const Parameters& parameters,
                                           bool has_copy_source) {
  const OperationRow* best = nullptr;
  int best_count = -1;
  bool is_method_known = false;
  for (const OperationRow& row : kOperations) {
    if (row.resource != resource || row.method != method) continue;
    is_method_known = true;
    const auto count = matches(row, parameters, has_copy_source);
    if (count && *count > best_count) {
      best = &row;
      best_count = *count;
    }
  }
  if (!is_method_known || best == nullptr) return fail(Code::MethodNotAllowed);
  // `PUT /bucket/key?acl` must never be taken for `PUT /bucket/key`, nor `DELETE ?acl` for removing the object.
  for (const auto& [name, value] : parameters) {
    if (!is_subresource(name)) continue;
    if ((" " + std::string(best->keys) + " ").find(" " + name + " ") == std::string::npos) {
      return fail(Code::NotImplemented,
                  "There is no operation for " + std::string(method) + " with the parameter " + name + " here");
    }
  }
  if (best->state == State::refused) {
    return fail(Code::NotImplemented, std::string(best->name) + " is not done here; docs/s3.md lists what is");
  }
  return best;
}

std::string operations_page() {
  std::string out = "| operation | address | | right | |\n|---|---|---|---|---|\n";
  for (const OperationRow& row : kOperations) {
    out.append("| ").append(row.name).append(" | ").append(row.name == row.method ? "" : row.method);
    out.append(row.resource == service ? " /" : row.resource == bucket ? " /BUCKET" : " /BUCKET/key");
    std::string keys(row.keys);
    const bool is_copy = keys.find("@copy") != std::string::npos;
    if (is_copy) keys.erase(keys.find("@copy"));
    while (keys.ends_with(' ')) keys.pop_back();
    std::ranges::replace(keys, ' ', '&');
    if (!keys.empty()) out.append("?").append(keys);
    if (is_copy) out.append(" with x-amz-copy-source");
    out.append(" | ").append(words_of(row.state)).append(" | ");
    if (row.state != State::refused) out.append(access::name_of(row.action));
    out.append(" | ").append(row.words).append(" |\n");
  }
  out.append("\n| header or parameter | in | | |\n|---|---|---|---|\n");
  for (const HeaderRow& row : kHeaders) {
    out.append("| ").append(row.name).append(" | ").append(row.where).append(" | ").append(words_of(row.state));
    out.append(" | ").append(row.words).append(" |\n");
  }
  return out;
}

}  // namespace atl::s3
