// Pages of PDF documents as pictures. Errors as draw.h.
#pragma once

#include <poppler/cpp/poppler-document.h>

#include <memory>

#include "derived/render/internal/picture.h"

namespace atl::render {

// Borrows the bytes.
[[nodiscard]] Result<std::unique_ptr<poppler::document>> open_document(ByteView file);
// The longer side has that many pixels, whatever the page's size.
[[nodiscard]] Result<Picture> draw_page_of(const poppler::document& document, int index, std::uint32_t side);

}  // namespace atl::render
