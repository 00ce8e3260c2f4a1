// Prompts that people start from: to answer with sources, and to look a run over.
// Source: Model Context Protocol, revision 2025-06-18, "Prompts". Thread rules: pure.
#pragma once

#include "foundation/json/json.h"

namespace atl::mcp {

[[nodiscard]] json::Value list_prompts();
// The result of prompts/get; `usage` "mcp.no_prompt" and for arguments that are missing or none.
[[nodiscard]] Result<json::Value> get_prompt(const json::Value& params);

// What a client is told of this server when it connects.
[[nodiscard]] std::string instructions();

}  // namespace atl::mcp
