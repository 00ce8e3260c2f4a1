// What the tools that read have in common: places in words, texts on one line, room for an answer.
// Thread rules: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "derived/extract/extraction.h"
#include "edge/mcp/tool.h"

namespace atl::mcp {

// Tokens for what is quoted: `max_tokens` of the call without the words around.
[[nodiscard]] std::uint64_t room_of(const ToolCall& call, std::uint64_t otherwise);
// Stored text on one line: what stands in a list cannot look like a line of it.
[[nodiscard]] std::string on_one_line(std::string_view text);
// "1 object", "2 objects".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);
// "page 3", "sheet 2 \"Costs\""; empty where a content has no places.
[[nodiscard]] std::string words_of(const extract::Place& place);
// `line`: of a plain text, from 1; 0: not known.
[[nodiscard]] json::Value place_json(const extract::Place& place, std::uint64_t line);
[[nodiscard]] json::Value place_schema();
// source_members() and `more`.
[[nodiscard]] std::vector<rest::schema::Member> with_source(std::vector<rest::schema::Member> more);
[[nodiscard]] rest::schema::Member next_cursor_member();

}  // namespace atl::mcp
