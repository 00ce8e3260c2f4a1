#include "edge/errors/error_table.h"

#include <algorithm>
#include <array>

namespace atl::edge {
namespace {

// Rows with an id first: they count before those of their kinds.
constexpr std::array kRows = {
    // An object names it, so it is lost and not mistyped.
    ErrorRow{ErrorKind::not_found, "chunk.not_found", 22, 500, "InternalError", "Stored data is damaged"},
    ErrorRow{ErrorKind::not_found, "pack.not_found", 22, 500, "InternalError", "Stored data is damaged"},
    ErrorRow{ErrorKind::not_found, "blob.not_found", 22, 500, "InternalError", "Stored data is damaged"},
    ErrorRow{ErrorKind::not_found, "bucket.not_found", 20, 404, "NoSuchBucket", "No such bucket"},
    ErrorRow{ErrorKind::not_found, "object.not_found", 20, 404, "NoSuchKey", "No such object"},
    ErrorRow{ErrorKind::not_found, "version.not_found", 20, 404, "NoSuchVersion", "No such version"},
    ErrorRow{ErrorKind::conflict, "bucket.not_empty", 21, 409, "BucketNotEmpty", "The bucket is not empty"},
    ErrorRow{ErrorKind::conflict, "bucket.exists", 21, 409, "BucketAlreadyOwnedByYou", "The bucket exists"},
    ErrorRow{ErrorKind::conflict, "http.precondition_failed", 21, 412, "PreconditionFailed", "Precondition failed"},
    ErrorRow{ErrorKind::usage, "bucket.bad_name", 2, 400, "InvalidBucketName", "Not a bucket name"},
    ErrorRow{ErrorKind::usage, "key.too_long", 2, 400, "KeyTooLongError", "The key is too long"},
    ErrorRow{ErrorKind::usage, "http.method_not_allowed", 2, 405, "MethodNotAllowed", "Method not allowed"},
    ErrorRow{ErrorKind::usage, "http.range_not_satisfiable", 2, 416, "InvalidRange", "Range not satisfiable"},
    ErrorRow{ErrorKind::usage, "http.unsupported_media_type", 2, 415, "InvalidRequest", "Unsupported media type"},
    ErrorRow{ErrorKind::limit, "http.body_too_large", 23, 413, "EntityTooLarge", "The body is too large"},
    ErrorRow{ErrorKind::limit, "http.body_too_slow", 23, 408, "RequestTimeout", "The body came too slowly"},
    ErrorRow{ErrorKind::unreachable, "http.body_broken_off", 24, 400, "IncompleteBody", "The body is incomplete"},
    ErrorRow{ErrorKind::limit, "json.too_large", 23, 413, "EntityTooLarge", "The body is too large"},
    ErrorRow{ErrorKind::limit, "json.too_deep", 2, 400, "InvalidRequest", "The body is nested too deeply"},
    ErrorRow{ErrorKind::limit, "access.wait", 23, 429, "SlowDown", "Too many attempts"},
    ErrorRow{ErrorKind::limit, "unlock.busy", 23, 429, "SlowDown", "Another passphrase is being tried"},
    ErrorRow{ErrorKind::limit, "access.too_many_requests", 23, 429, "SlowDown", "Too many requests"},
    ErrorRow{ErrorKind::limit, "server.busy", 23, 503, "SlowDown", "The server is busy"},
    ErrorRow{ErrorKind::limit, "preview.busy", 23, 503, "SlowDown", "Other previews are made first"},
    ErrorRow{ErrorKind::limit, "quota.exceeded", 23, 507, "QuotaExceeded", "The quota is used up"},
    ErrorRow{ErrorKind::limit, "share.used_up", 23, 410, "AccessDenied", "The link is used up"},
    ErrorRow{ErrorKind::limit, "job.too_many", 23, 429, "SlowDown", "Too many jobs"},
    ErrorRow{ErrorKind::denied, "access.password_issued", 12, 403, "AccessDenied",
             "A password of your own is needed first"},
    ErrorRow{ErrorKind::wrong_key, "access.not_signed_in", 12, 401, "AccessDenied", "Sign in first"},
    ErrorRow{ErrorKind::wrong_key, "access.code_needed", 12, 401, "AccessDenied", "A one-time code is needed"},
    ErrorRow{ErrorKind::not_found, "upload.not_found", 20, 404, "NoSuchUpload", "No such upload"},
    ErrorRow{ErrorKind::not_found, "upload.expired", 20, 410, "NoSuchUpload", "The upload has expired"},
    ErrorRow{ErrorKind::conflict, "upload.in_use", 21, 423, "OperationAborted", "The upload is in use"},
    ErrorRow{ErrorKind::usage, "upload.bad_version", 2, 412, "InvalidRequest", "This version of tus is not known"},
    // tus 1.0, "Checksum".
    ErrorRow{ErrorKind::usage, "upload.checksum", 2, 460, "BadDigest", "The checksum differs"},
    ErrorRow{ErrorKind::not_found, "journal.below_horizon", 20, 410, "InvalidRequest", "No longer kept"},

    ErrorRow{ErrorKind::usage, "", 2, 400, "InvalidRequest", "Bad request"},
    ErrorRow{ErrorKind::not_found, "", 20, 404, "NoSuchKey", "Not found"},
    ErrorRow{ErrorKind::missing_home, "", 10, 503, "ServiceUnavailable", "No home here"},
    ErrorRow{ErrorKind::conflict, "", 21, 409, "OperationAborted", "Conflict"},
    ErrorRow{ErrorKind::locked, "", 11, 503, "ServiceUnavailable", "Locked"},
    ErrorRow{ErrorKind::wrong_key, "", 12, 401, "AccessDenied", "Wrong key"},
    ErrorRow{ErrorKind::denied, "", 12, 403, "AccessDenied", "Not allowed"},
    ErrorRow{ErrorKind::damaged, "", 22, 500, "InternalError", "Stored data is damaged"},
    ErrorRow{ErrorKind::no_space, "", 1, 507, "ServiceUnavailable", "No room left"},
    ErrorRow{ErrorKind::limit, "", 23, 413, "EntityTooLarge", "A limit would be passed"},
    ErrorRow{ErrorKind::unsupported, "", 2, 501, "NotImplemented", "Not supported"},
    ErrorRow{ErrorKind::interrupted, "", 130, 503, "ServiceUnavailable", "Interrupted"},
    ErrorRow{ErrorKind::unreachable, "", 24, 502, "ServiceUnavailable", "Not reachable"},
    ErrorRow{ErrorKind::io, "", 1, 500, "InternalError", "Input or output failed"},
    ErrorRow{ErrorKind::failed, "", 1, 500, "InternalError", "Failed"},
};

}  // namespace

std::span<const ErrorRow> error_table() { return kRows; }

const ErrorRow& row_of(const Error& error) {
  const auto by_id =
      std::ranges::find_if(kRows, [&](const ErrorRow& row) { return !row.id.empty() && row.id == error.id; });
  if (by_id != kRows.end()) return *by_id;
  const auto by_kind =
      std::ranges::find_if(kRows, [&](const ErrorRow& row) { return row.id.empty() && row.kind == error.kind; });
  ATOLL_INVARIANT(by_kind != kRows.end(), "every kind of error has a row");
  return *by_kind;
}

}  // namespace atl::edge
