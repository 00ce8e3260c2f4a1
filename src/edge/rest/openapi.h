// The description of the REST interface for machines: OpenAPI 3.0.3, made from the rows of operations() and schemas().
// Always true: the same text for the same rows, so that spec/openapi.json can be compared with it.
#pragma once

#include <string>

#include "foundation/json/json.h"

namespace atl::rest {

[[nodiscard]] json::Value openapi();
// With line breaks and two blanks a level, a line feed at its end.
[[nodiscard]] std::string openapi_document();

}  // namespace atl::rest
