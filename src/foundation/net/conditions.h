// Entity tags and conditional requests (RFC 9110 sections 8.8.3 and 13).
// Always true:
//  - Conditions are evaluated in the order of section 13.2.2.
//  - A date that is not one makes its field as good as absent. An entity-tag list that is not one fails If-Match, and
//    If-None-Match of a write: no write goes through by mistake, and a read is answered whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/net/http_message.h"

namespace atl::net {

struct EntityTag {
  std::string opaque;  // without quotation marks
  bool is_weak = false;
  friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

// `"abc"`, `W/"abc"`.
[[nodiscard]] std::string format(const EntityTag& tag);
[[nodiscard]] std::optional<EntityTag> parse_entity_tag(std::string_view text);
// Both equal and neither weak; equal whether weak or not (section 8.8.3.2).
[[nodiscard]] bool equal_strongly(const EntityTag& a, const EntityTag& b);
[[nodiscard]] bool equal_weakly(const EntityTag& a, const EntityTag& b);

struct EntityTagList {
  bool is_any = false;  // "*"
  std::vector<EntityTag> tags;
};
// "*", or a comma-separated list. None where it is neither. `takes_bare` also reads tags without quotation marks, which
// some S3 clients send.
[[nodiscard]] std::optional<EntityTagList> parse_entity_tag_list(std::string_view text, bool takes_bare = false);

// What is known of the thing that a request is about, as it is now.
struct Representation {
  bool exists = true;
  std::optional<EntityTag> tag;
  std::optional<std::int64_t> modified_unix_seconds;
};

enum class Outcome : std::uint8_t {
  proceed,              // do what the method says
  not_modified,         // 304
  precondition_failed,  // 412
};

struct ConditionOptions {
  bool takes_bare_tags = false;  // S3
};

// Of If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since. `method` decides between 304 (GET, HEAD) and 412.
[[nodiscard]] Outcome evaluate_conditions(const Headers& headers, std::string_view method,
                                          const Representation& representation, std::int64_t now_unix_seconds,
                                          const ConditionOptions& options = {});
// True where Range is to be obeyed: no If-Range, or it names exactly this state (strong comparison; a date equal to the
// modification time).
[[nodiscard]] bool range_applies(const Headers& headers, const Representation& representation,
                                 std::int64_t now_unix_seconds);
// True where any of the four fields is there.
[[nodiscard]] bool has_conditions(const Headers& headers);

}  // namespace atl::net
