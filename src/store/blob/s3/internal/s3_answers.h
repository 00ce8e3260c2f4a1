// What an S3 server answers, read (Amazon S3 API Reference).
// Always true: nothing of an answer is trusted to be there or to be well formed; its size is bounded before it is read.
// Thread rules: plain functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/blob/s3/s3_client.h"

namespace atl::blob::s3 {

inline constexpr std::size_t kAnswerBytesMax = 8 * 1024 * 1024;

// Decimal digits and nothing else.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);
// The standard class has no name here: servers write it or leave it out.
[[nodiscard]] std::string standard_as_none(std::string_view storage_class);

struct AnsweredError {
  std::string code, message, region;  // cut to lengths that can be shown
};
[[nodiscard]] std::optional<AnsweredError> parse_error(std::string_view document);

// A page of ListObjectsV2. Keys are whole. None where it is no such page, tells no size, or says that there is more and
// not where.
struct ObjectsPage {
  S3Listing listing;
  std::string next;  // empty: the last one
};
[[nodiscard]] std::optional<ObjectsPage> parse_objects_page(std::string_view document);

// A page of ListMultipartUploads; likewise.
struct UploadsPage {
  std::vector<S3Client::Upload> uploads;
  std::string next_key, next_id;  // both empty: the last one
};
[[nodiscard]] std::optional<UploadsPage> parse_uploads_page(std::string_view document);

// The text of one element right below the root; empty where there is none.
[[nodiscard]] std::string text_of_answer(std::string_view document, std::string_view element);

}  // namespace atl::blob::s3
