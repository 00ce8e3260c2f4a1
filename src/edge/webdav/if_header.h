// The If field (RFC 4918 section 10.4): conditions on lock tokens and entity tags of one or more places.
//
//     If: </dav/b/a> (<opaquelocktoken:…> ["etag"]) (Not <DAV:no-lock>)
//
// Always true: parsing is bounded by kIfConditionsMax; a field that is not well formed is an error, so that no change
// goes through by mistake.
// Thread rules: values, no shared state. Complexity: linear.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/net/conditions.h"

namespace atl::webdav {

inline constexpr std::size_t kIfConditionsMax = 1'000;

struct IfCondition {
  bool is_negated = false;
  std::string token;                  // a state token: "opaquelocktoken:…", "DAV:no-lock"; empty where `tag` is set
  std::optional<net::EntityTag> tag;  // else an entity tag
};

// All of its conditions have to hold.
struct IfList {
  std::optional<std::string> resource;  // a URI; none: what the request is about
  std::vector<IfCondition> conditions;  // at least one
};

// One of its lists has to hold.
struct IfField {
  std::vector<IfList> lists;

  // Every token named in it counts as submitted, whatever the condition says (section 10.4.1).
  [[nodiscard]] std::vector<std::string> tokens() const;
};

// `usage` "dav.bad_if", `limit` "dav.bad_if".
[[nodiscard]] Result<IfField> parse_if(std::string_view text);

// What a place is like for such conditions.
struct IfState {
  std::vector<std::string> tokens;    // of the locks that hold there
  std::optional<net::EntityTag> tag;  // of what is there
};
// `state_of` is asked for each list, with its resource (none: what the request is about).
[[nodiscard]] Result<bool> evaluate_if(
    const IfField& field, const std::function<Result<IfState>(const std::optional<std::string>& resource)>& state_of);

}  // namespace atl::webdav
