// The XML documents that S3's clients send, read strictly into plain values.
// Source: Amazon S3 API Reference, "Data Types". Namespaces are not looked at: clients leave them out or write old
// ones. Always true: sizes are bounded by the limits of S3 (1,000 keys, 10,000 parts, 1,000 rules), whatever the
// document says. Errors: MalformedXML, InvalidTag, InvalidArgument, InvalidRequest.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/s3_rows.h"
#include "edge/s3/checksums.h"
#include "foundation/base/time.h"

namespace atl::s3 {

inline constexpr std::size_t kDocumentBytesMax = 4 << 20;  // the longest: 1,000 keys of 1,024 bytes, escaped

struct DeleteDocument {
  struct Object {
    std::string key;
    std::string version;  // empty: none named
    std::string etag;     // empty: whatever it is
  };
  std::vector<Object> objects;
  bool is_quiet = false;
};
[[nodiscard]] Result<DeleteDocument> read_delete(std::string_view document);

struct CompleteDocument {
  struct Part {
    std::uint32_t number = 0;
    std::string etag;                                    // without quotation marks
    std::map<ChecksumAlgorithm, std::string> checksums;  // base64
  };
  std::vector<Part> parts;  // as they came: order is checked by the caller
};
[[nodiscard]] Result<CompleteDocument> read_complete(std::string_view document);

using Tags = std::map<std::string, std::string>;
inline constexpr std::size_t kObjectTagsMax = 10;
inline constexpr std::size_t kBucketTagsMax = 50;
[[nodiscard]] Result<Tags> read_tagging(std::string_view document, std::size_t tags_max);
// The value of x-amz-tagging: "a=b&c=d".
[[nodiscard]] Result<Tags> read_tagging_header(std::string_view header);

[[nodiscard]] Result<catalog::Versioning> read_versioning(std::string_view document);

// From the warmest to the coldest, as lifecycle rules go; none: no class of S3.
[[nodiscard]] std::optional<std::size_t> rank_of_class(std::string_view storage_class);
[[nodiscard]] inline bool is_storage_class(std::string_view name) { return rank_of_class(name).has_value(); }

struct LifecycleRule {
  std::string id;
  bool is_enabled = false;
  std::string prefix;
  Tags tags;
  std::uint64_t size_min = 0;  // greater than, where above 0
  std::uint64_t size_max = 0;  // less than, where above 0
  std::optional<std::uint32_t> expire_days;
  std::optional<std::int64_t> expire_at_s;
  bool expires_delete_markers = false;
  std::optional<std::uint32_t> noncurrent_days;
  std::uint32_t noncurrent_kept = 0;
  std::optional<std::uint32_t> abort_days;
  struct Transition {
    std::uint32_t days = 0;
    std::optional<std::int64_t> at_s;  // in place of days
    std::uint32_t kept = 0;            // of noncurrent versions: so many newer ones stay as they are
    std::string storage_class;
  };
  std::vector<Transition> transitions;             // days since it was stored
  std::vector<Transition> noncurrent_transitions;  // days since it was no longer current
  [[nodiscard]] bool is_for_all() const { return prefix.empty() && tags.empty() && size_min == 0 && size_max == 0; }
};
[[nodiscard]] Result<std::vector<LifecycleRule>> read_lifecycle(std::string_view document);

struct CorsRule {
  std::string id;
  std::vector<std::string> origins;  // at most one * each
  std::vector<std::string> methods;
  std::vector<std::string> headers;  // at most one * each
  std::vector<std::string> exposed;
  std::optional<std::uint32_t> max_age_s;
};
[[nodiscard]] Result<std::vector<CorsRule>> read_cors(std::string_view document);
// The rule for a request; null where none is. `headers`: those that the browser wants to send.
[[nodiscard]] const CorsRule* find_cors_rule(const std::vector<CorsRule>& rules, std::string_view origin,
                                             std::string_view method, const std::vector<std::string_view>& headers);

// The location that was asked for; empty: none.
[[nodiscard]] Result<std::string> read_create_bucket(std::string_view document);

struct RetentionDocument {
  catalog::LockMode mode = catalog::LockMode::none;  // none: the retention is to end
  Timestamp until;
};
[[nodiscard]] Result<RetentionDocument> read_retention(std::string_view document);
[[nodiscard]] Result<bool> read_legal_hold(std::string_view document);

struct ObjectLockDocument {
  bool is_enabled = false;
  catalog::LockMode mode = catalog::LockMode::none;
  std::uint64_t days = 0;  // one of the two, where there is a mode
  std::uint64_t years = 0;
};
[[nodiscard]] Result<ObjectLockDocument> read_object_lock(std::string_view document);

// "GOVERNANCE", "COMPLIANCE"
[[nodiscard]] std::optional<catalog::LockMode> lock_mode_named(std::string_view name);
[[nodiscard]] std::string_view name_of(catalog::LockMode mode);

}  // namespace atl::s3
