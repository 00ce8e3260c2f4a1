// The first page of a PDF, on white paper, through poppler.
#include "derived/render/internal/page.h"

#include <poppler/cpp/poppler-document.h>
#include <poppler/cpp/poppler-global.h>
#include <poppler/cpp/poppler-image.h>
#include <poppler/cpp/poppler-page-renderer.h>
#include <poppler/cpp/poppler-page.h>

#include <algorithm>
#include <cmath>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/prepare.h"

namespace atl::render {
namespace {

constexpr double kPointsPerInch = 72;

Result<Picture> picture_of(const poppler::image& image) {
  if (!image.is_valid() || image.width() <= 0 || image.height() <= 0) return malformed("its page cannot be drawn");
  ATOLL_ASSIGN(Picture picture,
               blank_picture(static_cast<std::uint64_t>(image.width()), static_cast<std::uint64_t>(image.height())));
  std::uint8_t* to = picture.pixels.data();
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(  // NOLINT(*-reinterpret-cast): poppler gives chars
        image.const_data() + static_cast<std::ptrdiff_t>(y) * image.bytes_per_row());
    for (std::uint32_t x = 0; x < picture.width; ++x, from += 4, to += 4) {
      to[0] = from[2];  // BGRA in memory
      to[1] = from[1];
      to[2] = from[0];
      to[3] = 255;
    }
  }
  return picture;
}

}  // namespace

void prepare_pages() {
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  // Draws a letter, so that the lists of fonts are read while files can be.
  constexpr std::string_view kLetter =
      "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
      "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F "
      "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj 4 0 obj<</Length 26>>stream\n"
      "BT /F 9 Tf (a) Tj ET      \nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>";
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(kLetter.data(), static_cast<int>(kLetter.size())));
  if (document) ignore_error_on_purpose(draw_page_of(*document, 0, 16));
}

Result<std::unique_ptr<poppler::document>> open_document(ByteView file) {
  const std::string_view raw = as_text(file);
  std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(raw.data(), static_cast<int>(raw.size())));
  if (!document) return malformed();
  if (document->is_locked()) return fail(ErrorKind::failed, "preview.locked", "it is locked with a password");
  return document;
}

Result<Picture> draw_page_of(const poppler::document& document, int index, std::uint32_t side) {
  const std::unique_ptr<poppler::page> page(document.create_page(index));
  if (!page) return malformed("its page cannot be read");
  const poppler::rectf box = page->page_rect();
  const double longer = std::max(box.width(), box.height());
  if (!std::isfinite(longer) || longer < 1) return malformed("its page has no size");
  poppler::page_renderer renderer;
  renderer.set_image_format(poppler::image::format_argb32);
  renderer.set_render_hint(poppler::page_renderer::antialiasing, true);
  renderer.set_render_hint(poppler::page_renderer::text_antialiasing, true);
  // A page of a thousand miles is drawn no finer than fits, one of a stamp no coarser.
  const double resolution = kPointsPerInch * side / longer;
  return picture_of(renderer.render_page(page.get(), resolution, resolution));
}

Result<Picture> draw_page(const Drawing& drawing) {
  ATOLL_ASSIGN(const Bytes file, drawing.input.whole(kWholeBytesMax));
  ATOLL_ASSIGN(const auto document, open_document(file));
  if (document->pages() < 1) return nothing_to_show("it has no pages");
  return draw_page_of(*document, 0, drawing.side);
}

}  // namespace atl::render
