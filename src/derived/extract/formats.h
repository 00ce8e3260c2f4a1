// The table of formats: what is recognised, and what is read of each. `atoll formats` and docs/formats.md are this
// table. Always true: ids and media types are stored in extractions and never change their meaning; "unknown" is the
// last row. Thread rules: constants and pure functions.
#pragma once

#include <span>
#include <string_view>

#include "foundation/base/bytes.h"

namespace atl::extract {

struct Format {
  std::string_view id;          // "pdf"
  std::string_view name;        // "PDF document"
  std::string_view media_type;  // "application/pdf"
  std::string_view group;  // image, video, audio, document, book, sheet, slides, mail, calendar, markup, data, code,
                           // text, archive, database, model, drawing, program, subtitle, font, other
  std::span<const std::string_view> extensions;  // without dot, small letters; the usual one first
  bool reads_metadata = false;
  bool reads_text = false;
  bool has_preview = false;
  bool has_contents = false;  // members are listed
};

[[nodiscard]] std::span<const Format> formats();
// "unknown" where there is no such id.
[[nodiscard]] const Format& format_by_id(std::string_view id);

// How much of a content's beginning recognise() wants to see, at most.
inline constexpr std::size_t kHeadBytes = 64 * 1024;
// By content first, then by name; "unknown" where neither says anything. Container formats that share their first bytes
// (docx and zip) are told apart as far as `head` goes. Complexity: linear in the head.
[[nodiscard]] const Format& recognise(ByteView head, std::string_view name);

}  // namespace atl::extract
