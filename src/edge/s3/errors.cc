#include "edge/s3/errors.h"

#include <array>

#include "foundation/xml/xml.h"

namespace atl::s3 {
namespace {

using enum ErrorKind;
// In the order of Code.
constexpr std::array kCodes{
    CodeFacts{Code::AccessDenied, "AccessDenied", "s3.access_denied", 403, denied, "Access denied"},
    CodeFacts{Code::AuthorizationHeaderMalformed, "AuthorizationHeaderMalformed", "s3.authorization_header_malformed",
              400, usage, "The Authorization header is malformed"},
    CodeFacts{Code::AuthorizationQueryParametersError, "AuthorizationQueryParametersError",
              "s3.authorization_query_parameters_error", 400, usage,
              "The query parameters that carry the signature are malformed"},
    CodeFacts{Code::BadDigest, "BadDigest", "s3.bad_digest", 400, usage,
              "The checksum that was sent does not match the body that was received"},
    CodeFacts{Code::BucketAlreadyExists, "BucketAlreadyExists", "s3.bucket_already_exists", 409, conflict,
              "A bucket of that name exists already"},
    CodeFacts{Code::BucketAlreadyOwnedByYou, "BucketAlreadyOwnedByYou", "s3.bucket_already_owned_by_you", 409, conflict,
              "A bucket of that name exists already, and it is yours"},
    CodeFacts{Code::BucketNotEmpty, "BucketNotEmpty", "s3.bucket_not_empty", 409, conflict,
              "The bucket is not empty: remove its objects and all their versions first"},
    CodeFacts{Code::ConditionalRequestConflict, "ConditionalRequestConflict", "s3.conditional_request_conflict", 409,
              conflict, "Another request changed the object meanwhile: try again"},
    CodeFacts{Code::EntityTooLarge, "EntityTooLarge", "s3.entity_too_large", 400, limit, "The body is too large"},
    CodeFacts{Code::EntityTooSmall, "EntityTooSmall", "s3.entity_too_small", 400, usage,
              "Every part but the last must be at least 5 MiB long"},
    CodeFacts{Code::IncompleteBody, "IncompleteBody", "s3.incomplete_body", 400, usage,
              "The body is shorter or longer than the headers said"},
    CodeFacts{Code::IncorrectNumberOfFilesInPostRequest, "IncorrectNumberOfFilesInPostRequest",
              "s3.incorrect_number_of_files_in_post_request", 400, usage, "A form upload has one field named file"},
    CodeFacts{Code::InternalError, "InternalError", "s3.internal_error", 500, failed,
              "Something went wrong here; the server's log says what"},
    CodeFacts{Code::InvalidAccessKeyId, "InvalidAccessKeyId", "s3.invalid_access_key_id", 403, wrong_key,
              "There is no such access key here"},
    CodeFacts{Code::InvalidArgument, "InvalidArgument", "s3.invalid_argument", 400, usage, "An argument is not valid"},
    CodeFacts{Code::InvalidBucketName, "InvalidBucketName", "s3.invalid_bucket_name", 400, usage,
              "That is no name for a bucket"},
    CodeFacts{Code::InvalidBucketState, "InvalidBucketState", "s3.invalid_bucket_state", 409, conflict,
              "The bucket's state does not allow that"},
    CodeFacts{Code::InvalidDigest, "InvalidDigest", "s3.invalid_digest", 400, usage, "Content-MD5 is no MD5"},
    CodeFacts{Code::InvalidObjectState, "InvalidObjectState", "s3.invalid_object_state", 403, conflict,
              "The object's storage class does not allow that"},
    CodeFacts{Code::InvalidPart, "InvalidPart", "s3.invalid_part", 400, usage,
              "A part was not uploaded, or its ETag is another"},
    CodeFacts{Code::InvalidPartOrder, "InvalidPartOrder", "s3.invalid_part_order", 400, usage,
              "The parts must be listed in rising order"},
    CodeFacts{Code::InvalidPolicyDocument, "InvalidPolicyDocument", "s3.invalid_policy_document", 400, usage,
              "The form's policy is not valid"},
    CodeFacts{Code::InvalidRange, "InvalidRange", "s3.invalid_range", 416, usage,
              "The range lies outside of the object"},
    CodeFacts{Code::InvalidRequest, "InvalidRequest", "s3.invalid_request", 400, usage, "The request is not valid"},
    CodeFacts{Code::InvalidStorageClass, "InvalidStorageClass", "s3.invalid_storage_class", 400, usage,
              "There is no such storage class here"},
    CodeFacts{Code::InvalidTag, "InvalidTag", "s3.invalid_tag", 400, usage, "A tag is not valid"},
    CodeFacts{Code::InvalidToken, "InvalidToken", "s3.invalid_token", 400, usage,
              "Session tokens are not known here: use an access key without one"},
    CodeFacts{Code::InvalidURI, "InvalidURI", "s3.invalid_uri", 400, usage, "The address cannot be read"},
    CodeFacts{Code::KeyTooLongError, "KeyTooLongError", "s3.key_too_long_error", 400, usage,
              "A key has at most 1024 bytes"},
    CodeFacts{Code::MalformedACLError, "MalformedACLError", "s3.malformed_acl_error", 400, usage,
              "The access control list is not valid"},
    CodeFacts{Code::MalformedPOSTRequest, "MalformedPOSTRequest", "s3.malformed_post_request", 400, usage,
              "The form is no well-formed multipart/form-data"},
    CodeFacts{Code::MalformedPolicy, "MalformedPolicy", "s3.malformed_policy", 400, usage,
              "The bucket policy is not valid"},
    CodeFacts{Code::MalformedXML, "MalformedXML", "s3.malformed_xml", 400, usage,
              "The XML document is not what this operation takes"},
    CodeFacts{Code::MaxPostPreDataLengthExceeded, "MaxPostPreDataLengthExceededError",
              "s3.max_post_pre_data_length_exceeded", 400, limit,
              "What stands before the file in a form is longer than 20,000 bytes"},
    CodeFacts{Code::MetadataTooLarge, "MetadataTooLarge", "s3.metadata_too_large", 400, limit,
              "The metadata headers are larger than 8 KiB"},
    CodeFacts{Code::MethodNotAllowed, "MethodNotAllowed", "s3.method_not_allowed", 405, usage,
              "That method is not allowed on this resource"},
    CodeFacts{Code::MissingContentLength, "MissingContentLength", "s3.missing_content_length", 411, usage,
              "Content-Length is missing"},
    CodeFacts{Code::NoSuchBucket, "NoSuchBucket", "s3.no_such_bucket", 404, not_found, "There is no such bucket"},
    CodeFacts{Code::NoSuchBucketPolicy, "NoSuchBucketPolicy", "s3.no_such_bucket_policy", 404, not_found,
              "The bucket has no policy"},
    CodeFacts{Code::NoSuchCORSConfiguration, "NoSuchCORSConfiguration", "s3.no_such_cors_configuration", 404, not_found,
              "The bucket has no CORS rules"},
    CodeFacts{Code::NoSuchKey, "NoSuchKey", "s3.no_such_key", 404, not_found, "There is no such object"},
    CodeFacts{Code::NoSuchLifecycleConfiguration, "NoSuchLifecycleConfiguration", "s3.no_such_lifecycle_configuration",
              404, not_found, "The bucket has no lifecycle rules"},
    CodeFacts{Code::NoSuchObjectLockConfiguration, "NoSuchObjectLockConfiguration",
              "s3.no_such_object_lock_configuration", 404, not_found, "The object has no retention or legal hold"},
    CodeFacts{Code::NoSuchTagSet, "NoSuchTagSet", "s3.no_such_tag_set", 404, not_found, "There are no tags"},
    CodeFacts{Code::NoSuchUpload, "NoSuchUpload", "s3.no_such_upload", 404, not_found,
              "There is no such upload: it was completed, aborted, or never begun"},
    CodeFacts{Code::NoSuchVersion, "NoSuchVersion", "s3.no_such_version", 404, not_found, "There is no such version"},
    CodeFacts{Code::NotImplemented, "NotImplemented", "s3.not_implemented", 501, unsupported,
              "This server does not do that; docs/s3.md lists what it does"},
    CodeFacts{Code::NotModified, "NotModified", "s3.not_modified", 304, conflict, "Not modified"},
    CodeFacts{Code::ObjectLockConfigurationNotFoundError, "ObjectLockConfigurationNotFoundError",
              "s3.object_lock_configuration_not_found", 404, not_found, "The bucket has no object lock"},
    CodeFacts{Code::OperationAborted, "OperationAborted", "s3.operation_aborted", 409, conflict,
              "Another operation on the same resource is going on: try again"},
    CodeFacts{Code::PreconditionFailed, "PreconditionFailed", "s3.precondition_failed", 412, conflict,
              "A condition of the request does not hold"},
    CodeFacts{Code::QuotaExceeded, "QuotaExceeded", "s3.quota_exceeded", 403, limit,
              "The quota does not allow that much"},
    CodeFacts{Code::RequestHeaderSectionTooLarge, "RequestHeaderSectionTooLarge", "s3.request_header_section_too_large",
              400, limit, "The headers are too large"},
    CodeFacts{Code::RequestTimeTooSkewed, "RequestTimeTooSkewed", "s3.request_time_too_skewed", 403, usage,
              "The time of the request and of this server differ by more than 15 minutes: set the clock"},
    CodeFacts{Code::RequestTimeout, "RequestTimeout", "s3.request_timeout", 400, unreachable,
              "The body did not arrive in time"},
    CodeFacts{Code::ServerSideEncryptionConfigurationNotFoundError, "ServerSideEncryptionConfigurationNotFoundError",
              "s3.server_side_encryption_configuration_not_found", 404, not_found,
              "The bucket has no encryption rule of its own: the vault is encrypted as a whole"},
    CodeFacts{Code::ServiceUnavailable, "ServiceUnavailable", "s3.service_unavailable", 503, locked,
              "The server cannot take the request now: try again"},
    CodeFacts{Code::SignatureDoesNotMatch, "SignatureDoesNotMatch", "s3.signature_does_not_match", 403, wrong_key,
              "The signature does not match: check the secret key, and that no proxy changes host, path or headers"},
    CodeFacts{Code::SlowDown, "SlowDown", "s3.slow_down", 503, limit, "Too many requests: slow down"},
    CodeFacts{Code::StorageFull, "StorageFull", "s3.storage_full", 507, no_space,
              "The server's disk is full; reading and removing go on"},
    CodeFacts{Code::TooManyBuckets, "TooManyBuckets", "s3.too_many_buckets", 400, limit, "There are too many buckets"},
    CodeFacts{Code::XAmzContentSHA256Mismatch, "XAmzContentSHA256Mismatch", "s3.x_amz_content_sha256_mismatch", 400,
              usage, "x-amz-content-sha256 does not match the body that was received"},
};

// Ids of other modules that S3 has a word for.
struct Known {
  std::string_view id;
  Code code;
};
constexpr std::array kKnown{
    // An object names it, so it is lost and not mistyped: who believed a 404 would drop what he has of it, too.
    Known{"chunk.not_found", Code::InternalError},
    Known{"pack.not_found", Code::InternalError},
    Known{"blob.not_found", Code::InternalError},
    Known{"bucket.not_found", Code::NoSuchBucket},
    Known{"object.not_found", Code::NoSuchKey},
    Known{"version.not_found", Code::NoSuchVersion},
    Known{"bucket.bad_name", Code::InvalidBucketName},
    Known{"bucket.not_empty", Code::BucketNotEmpty},
    Known{"xml.malformed", Code::MalformedXML},
    Known{"xml.doctype_refused", Code::MalformedXML},
    Known{"xml.too_large", Code::MalformedXML},
    Known{"retention.refused", Code::AccessDenied},
    Known{"quota.exceeded", Code::QuotaExceeded},
    Known{"access.denied", Code::AccessDenied},
    Known{"access.too_many_requests", Code::SlowDown},
    Known{"erase.kept", Code::AccessDenied},
    Known{"object.changed", Code::OperationAborted},
    Known{"upload.not_found", Code::NoSuchUpload},
    Known{"http.body_broken_off", Code::IncompleteBody},
    Known{"http.body_too_slow", Code::RequestTimeout},
    Known{"bucket_policy.malformed", Code::MalformedPolicy},
};

constexpr std::string_view kDamaged =
    "What is stored for this request is damaged on the server's disk, or gone from it, and parity could not help. A "
    "server that keeps a copy mends it by itself: try again in some minutes. Else whoever runs the server finds out "
    "more with atoll verify --data, and sending the same object again brings it back";

bool is_of_damage(const Error& error) {
  return error.kind == damaged || error.id == "chunk.not_found" || error.id == "pack.not_found" ||
         error.id == "blob.not_found";
}

}  // namespace

const CodeFacts& facts_of(Code code) { return kCodes.at(static_cast<std::size_t>(code)); }

tl::unexpected<Error> fail(Code code) { return fail(code, std::string(facts_of(code).message)); }
tl::unexpected<Error> fail(Code code, std::string message) {
  const CodeFacts& facts = facts_of(code);
  return atl::fail(facts.kind, std::string(facts.id), std::move(message));
}

Code code_of(const Error& error) {
  for (const CodeFacts& facts : kCodes) {
    if (facts.id == error.id) return facts.code;
  }
  for (const Known& known : kKnown) {
    if (known.id == error.id) return known.code;
  }
  switch (error.kind) {
    case usage: return Code::InvalidRequest;
    case not_found: return Code::NoSuchKey;
    case missing_home:
    case locked: return Code::ServiceUnavailable;
    case conflict: return Code::OperationAborted;
    case denied:
    case wrong_key: return Code::AccessDenied;
    case no_space: return Code::StorageFull;
    case limit: return Code::InvalidRequest;
    case unsupported: return Code::NotImplemented;
    case interrupted:
    case unreachable: return Code::ServiceUnavailable;
    case damaged:
    case io:
    case failed: break;
  }
  return Code::InternalError;
}

bool is_message_for_clients(const Error& error) {
  if (is_of_damage(error)) return false;
  switch (error.kind) {
    case usage:
    case not_found:
    case conflict:
    case limit:
    case denied:
    case unsupported: return true;
    default: return error.id.starts_with("s3.");
  }
}

std::string error_document(const Error& error, std::string_view resource, std::string_view request_id) {
  const CodeFacts& facts = facts_of(code_of(error));
  std::string message(is_message_for_clients(error) ? std::string_view(error.message)
                      : is_of_damage(error)         ? kDamaged
                                                    : facts.message);
  if (is_message_for_clients(error) && !error.hint.empty()) message += ". " + error.hint;
  xml::Writer writer;
  writer.begin("Error").element("Code", facts.name).element("Message", message);
  writer.element("Resource", resource).element("RequestId", request_id).end();
  return writer.finish();
}

}  // namespace atl::s3
