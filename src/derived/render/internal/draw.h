// Who draws what: one function for each kind of content. Each runs in a locked-in process, touches the Input alone, and
// may throw what its library throws. Errors: a sentence's middle for a user, "it is damaged".
#pragma once

#include <string_view>

#include "derived/extract/formats.h"
#include "derived/extract/input.h"
#include "derived/extract/words_reader.h"
#include "derived/preview/preview.h"
#include "derived/render/internal/letters.h"
#include "derived/render/internal/picture.h"

namespace atl::render {

struct Drawing {
  extract::Input& input;
  std::string_view name;
  const extract::Format& format;
  std::uint32_t side = preview::kLargeSide;  // what is larger may come smaller, but not below this
  // Of who draws what is made of words; null: nobody does.
  const extract::WordsReader* words = nullptr;
  Letters* letters = nullptr;
};
using Draw = Result<Picture> (*)(const Drawing& drawing);

// A file that a decoder must hold whole; `limit` "extract.too_large" beyond.
inline constexpr std::uint64_t kWholeBytesMax = 256 * kMiB;

// still_picture.cc (FFmpeg's decoders), film_and_sound.cc (FFmpeg's demuxers too)
[[nodiscard]] Result<Picture> draw_still(const Drawing& drawing);
// Bytes of a picture in whatever format of those that draw_still() knows; `format_id` of the table.
[[nodiscard]] Result<Picture> draw_still_bytes(ByteView file, std::string_view format_id, std::uint32_t side);
[[nodiscard]] Result<Picture> draw_icon(const Drawing& drawing);
[[nodiscard]] Result<Picture> draw_film(const Drawing& drawing);
[[nodiscard]] Result<Picture> draw_sound(const Drawing& drawing);
// heif_picture.cc, webp_picture.cc, raw_picture.cc, photoshop_picture.cc
[[nodiscard]] Result<Picture> draw_heif(const Drawing& drawing);
[[nodiscard]] Result<Picture> draw_webp_bytes(ByteView file);
[[nodiscard]] Result<Picture> draw_raw(const Drawing& drawing);
[[nodiscard]] Result<Picture> draw_photoshop(const Drawing& drawing);
// page.cc
[[nodiscard]] Result<Picture> draw_page(const Drawing& drawing);
// package_picture.cc: the picture that stands in a zipped document, else its words; the first page of a comic
[[nodiscard]] Result<Picture> draw_package(const Drawing& drawing);
// word_page.cc: the first page of documents, sheets, slides, text and code, out of their words
[[nodiscard]] Result<Picture> draw_words(const Drawing& drawing);
// book_cover.cc: Mobipocket and FictionBook
[[nodiscard]] Result<Picture> draw_book(const Drawing& drawing);
// line_drawing.cc: DXF and G-code
[[nodiscard]] Result<Picture> draw_lines(const Drawing& drawing);
// model_picture.cc
[[nodiscard]] Result<Picture> draw_model(const Drawing& drawing);

// None where no picture can be made of such a content.
[[nodiscard]] Draw draw_of(std::string_view format_id);

[[nodiscard]] inline tl::unexpected<Error> malformed(std::string what = "it is damaged") {
  return fail(ErrorKind::damaged, "preview.malformed", std::move(what));
}
[[nodiscard]] inline tl::unexpected<Error> nothing_to_show(std::string what) {
  return fail(ErrorKind::not_found, "preview.nothing_to_show", std::move(what));
}

}  // namespace atl::render
