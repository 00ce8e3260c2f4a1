// Letters on a picture, from the fonts of the system: FreeType draws them, fontconfig knows which there are; what
// scripts join, stack or set from right to left is arranged by Raqm (HarfBuzz, and the bidirectional algorithm of
// Unicode).
//
// Always true: fonts are opened by open() alone, before the process is locked in, and never come from a document. Where
// there is none, nothing is drawn. A letter that no font has is a box. Thread rules: one thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "derived/render/internal/picture.h"

namespace atl::render {

enum class Style : std::uint8_t { plain, bold, fixed };
using Colour = std::array<std::uint8_t, 3>;

class Letters {
 public:
  Letters();
  Letters(const Letters&) = delete;
  Letters& operator=(const Letters&) = delete;
  Letters(Letters&&) = delete;
  Letters& operator=(Letters&&) = delete;
  ~Letters();

  void open();
  // Pixels; `size` is that of the letters, pixels too. `text` is UTF-8.
  [[nodiscard]] double width_of(std::string_view text, Style style, std::uint32_t size);
  // One line of text that stands on `baseline`, on opaque ground; nothing of it is drawn beyond `right`. `from_right`:
  // it is (part of) a paragraph that begins on the right; it stands between `left` and `left` and its width all the
  // same.
  void draw(Picture& on, std::string_view text, Style style, std::uint32_t size, double left, double baseline,
            double right, Colour colour, bool from_right = false);
  // Whether a paragraph of this text begins on the right: whether its first letter that has a direction does.
  [[nodiscard]] static bool begins_on_the_right(std::string_view text);

 private:
  struct Faces;
  std::unique_ptr<Faces> faces_;
};

}  // namespace atl::render
