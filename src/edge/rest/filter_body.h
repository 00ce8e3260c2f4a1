// A filter of a JSON body as the text of spec/filter.md: an object of must, should, must_not, a term, or the text
// itself. Always true: what comes out parses, or the error names the place in the body.
#pragma once

#include <string>

#include "foundation/json/json.h"

namespace atl::rest {

// Errors: `usage` "filter.bad_json"; `limit` "filter.too_deep" beyond 64 levels.
[[nodiscard]] Result<std::string> filter_text(const json::Value& filter);
// What a filter is, for the document.
[[nodiscard]] json::Value filter_schema();

}  // namespace atl::rest
