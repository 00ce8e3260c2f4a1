// One table says what a kind of error is at every door: exit code, HTTP status, S3 code.
// Always true: every ErrorKind has a row; some ids have a row of their own, which counts before that of their kind.
// Thread rules: constants.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "foundation/base/error.h"

namespace atl::edge {

struct ErrorRow {
  ErrorKind kind{};
  std::string_view id;  // empty: of the kind
  int exit_code = 1;    // restic's where it has one
  unsigned http_status = 500;
  std::string_view s3_code;  // of docs.aws.amazon.com "Error responses"
  std::string_view title;    // short, the same for all errors of the row (RFC 9457 "title")
};

[[nodiscard]] const ErrorRow& row_of(const Error& error);
[[nodiscard]] std::span<const ErrorRow> error_table();

}  // namespace atl::edge
