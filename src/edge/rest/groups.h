// Where rows and schemas come from: each file of handlers gives its own.
// A new group: two functions here, their lines in operations.cc, and the handlers in files of their own.
#pragma once

#include "edge/rest/operation.h"

namespace atl::rest {

[[nodiscard]] std::vector<Operation> vault_operations();
[[nodiscard]] std::vector<NamedSchema> vault_schemas();
[[nodiscard]] std::vector<Operation> bucket_operations();
[[nodiscard]] std::vector<NamedSchema> bucket_schemas();
[[nodiscard]] std::vector<Operation> object_operations();
[[nodiscard]] std::vector<NamedSchema> object_schemas();

}  // namespace atl::rest
