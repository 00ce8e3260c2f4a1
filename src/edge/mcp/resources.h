// Stored objects as MCP's resources: atoll://bucket/key.
// Always true: what may not be listed or read is not there; a page of names and an answer's bytes are bounded.
// Source: Model Context Protocol, revision 2025-06-18, "Resources".
// Thread rules: one thread's, many at once.
#pragma once

#include "edge/mcp/session.h"
#include "edge/rest/call.h"

namespace atl::mcp {

inline constexpr std::uint64_t kResourceBytesMax = 1024 * 1024;
inline constexpr std::size_t kResourcesPage = 100;

// The results of resources/list, resources/templates/list and resources/read. `usage` for a uri or cursor that is none.
[[nodiscard]] Result<json::Value> list_resources(rest::Call& call, const json::Value& params);
[[nodiscard]] json::Value resource_templates();
[[nodiscard]] Result<json::Value> read_resource(rest::Call& call, const json::Value& params);

}  // namespace atl::mcp
