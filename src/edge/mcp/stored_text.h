// The text of a stored object, piece by piece with the places in it, for readers that take it in parts.
//
// Always true:
//  - Of plain text (and what is written as such: Markdown, CSV, JSON, code) it is the content itself, one piece, places
//    told by lines. Of everything else it is what was understood of it: pages, slides, sheets, messages.
//  - It is UTF-8; at most kPlainBytesMax of plain text are read.
// Thread rules: values.
#pragma once

#include <string>
#include <vector>

#include "derived/extract/extraction.h"
#include "edge/rest/call.h"

namespace atl::mcp {

inline constexpr std::uint64_t kPlainBytesMax = 8ULL * 1024 * 1024;

struct StoredText {
  std::vector<extract::Piece> pieces;  // none is empty
  std::string media_type;
  bool is_plain = false;
  bool is_cut_off = false;  // there is more than was understood
};

// `inside`: a member of an archive or a mail, as `find` names it; empty: the object itself. `not_found` "text.none"
// where it has no text or was not looked into yet, "text.no_member" where there is no such member.
[[nodiscard]] Result<StoredText> stored_text(rest::Call& call, const catalog::Listed& listed,
                                             const std::string& inside);

// The line, from 1, in which `offset` of a plain text lies.
[[nodiscard]] std::uint64_t line_at(std::string_view text, std::size_t offset);

}  // namespace atl::mcp
