// Errors as S3's clients know them: a code, an HTTP status, and the XML document that carries them.
// Source: Amazon S3 API Reference, "Error responses".
//
// Always true:
//  - Everything in this module that refuses a request does so with an Error made by fail(Code, ...), whose id names the
//    code: "s3.no_such_key". Errors of other modules get a code by their id where one fits, else by their kind.
//  - What an unexpected error says stays in the log: clients get the code and a sentence without paths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/error.h"

namespace atl::s3 {

enum class Code : std::uint8_t {
  AccessDenied,
  AuthorizationHeaderMalformed,
  AuthorizationQueryParametersError,
  BadDigest,
  BucketAlreadyExists,
  BucketAlreadyOwnedByYou,
  BucketNotEmpty,
  ConditionalRequestConflict,
  EntityTooLarge,
  EntityTooSmall,
  IncompleteBody,
  IncorrectNumberOfFilesInPostRequest,
  InternalError,
  InvalidAccessKeyId,
  InvalidArgument,
  InvalidBucketName,
  InvalidBucketState,
  InvalidDigest,
  InvalidObjectState,
  InvalidPart,
  InvalidPartOrder,
  InvalidPolicyDocument,
  InvalidRange,
  InvalidRequest,
  InvalidStorageClass,
  InvalidTag,
  InvalidToken,
  InvalidURI,
  KeyTooLongError,
  MalformedACLError,
  MalformedPOSTRequest,
  MalformedPolicy,
  MalformedXML,
  MaxPostPreDataLengthExceeded,
  MetadataTooLarge,
  MethodNotAllowed,
  MissingContentLength,
  NoSuchBucket,
  NoSuchBucketPolicy,
  NoSuchCORSConfiguration,
  NoSuchKey,
  NoSuchLifecycleConfiguration,
  NoSuchObjectLockConfiguration,
  NoSuchTagSet,
  NoSuchUpload,
  NoSuchVersion,
  NotImplemented,
  NotModified,
  ObjectLockConfigurationNotFoundError,
  OperationAborted,
  PreconditionFailed,
  QuotaExceeded,
  RequestHeaderSectionTooLarge,
  RequestTimeTooSkewed,
  RequestTimeout,
  ServerSideEncryptionConfigurationNotFoundError,
  ServiceUnavailable,
  SignatureDoesNotMatch,
  SlowDown,
  StorageFull,
  TooManyBuckets,
  XAmzContentSHA256Mismatch,
};

struct CodeFacts {
  Code code;
  std::string_view name;  // "NoSuchKey"
  std::string_view id;    // of our Error: "s3.no_such_key"
  std::uint16_t status;
  ErrorKind kind;
  std::string_view message;  // where nothing more exact is known
};
[[nodiscard]] const CodeFacts& facts_of(Code code);

[[nodiscard]] tl::unexpected<Error> fail(Code code);
[[nodiscard]] tl::unexpected<Error> fail(Code code, std::string message);

// Any error as a code. Unknown ones: by kind; `damaged`, `io` and `failed` are InternalError.
[[nodiscard]] Code code_of(const Error& error);
// False where the message may name files or other insides: the client is told the code's own sentence, or that of
// damage.
[[nodiscard]] bool is_message_for_clients(const Error& error);

// The whole body of an error answer.
[[nodiscard]] std::string error_document(const Error& error, std::string_view resource, std::string_view request_id);

}  // namespace atl::s3
