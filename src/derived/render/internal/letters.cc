#include "derived/render/internal/letters.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include <cmath>
#include <unordered_map>
#include <vector>

namespace atl::render {
namespace {

// Beside the one that is asked for, such as have letters that it has not.
constexpr int kSpareFacesMax = 16;
constexpr double kUnit = 64;  // FreeType counts in 1/64 of a pixel

struct FreeFont {
  void operator()(FT_LibraryRec_* library) const { ::FT_Done_FreeType(library); }
  void operator()(FT_FaceRec_* face) const { ::FT_Done_Face(face); }
  void operator()(FcPattern* pattern) const { ::FcPatternDestroy(pattern); }
  void operator()(FcFontSet* set) const { ::FcFontSetDestroy(set); }
};
using Library = std::unique_ptr<FT_LibraryRec_, FreeFont>;
using Face = std::unique_ptr<FT_FaceRec_, FreeFont>;

// The next letter of UTF-8, taken from the front; what is no UTF-8 is U+FFFD, a byte each.
char32_t take_letter(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if ((first >= 0x80 && first < 0xC0) || first >= 0xF8 || length > text.size()) {
    text.remove_prefix(1);
    return U'\uFFFD';
  }
  char32_t letter = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) letter = (letter << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(length);
  return letter;
}

void blend(Picture& on, std::int64_t x, std::int64_t y, unsigned share, Colour colour) {
  if (x < 0 || y < 0 || x >= on.width || y >= on.height) return;
  std::uint8_t* const pixel =
      on.pixels.data() + (static_cast<std::size_t>(y) * on.width + static_cast<std::size_t>(x)) * 4;
  for (std::size_t i = 0; i < colour.size(); ++i)
    pixel[i] = static_cast<std::uint8_t>((colour.at(i) * share + pixel[i] * (255 - share)) / 255);
}

}  // namespace

struct Letters::Faces {
  Library library;
  std::array<std::vector<Face>, 3> of_style;  // the best first
  std::unordered_map<std::uint64_t, double> widths;

  void open(Style style, const char* name, int count_max) {
    const std::unique_ptr<FcPattern, FreeFont> pattern(
        ::FcNameParse(reinterpret_cast<const FcChar8*>(name)));  // NOLINT(*-reinterpret-cast): it has bytes of its own
    if (!pattern) return;
    ::FcConfigSubstitute(nullptr, pattern.get(), FcMatchPattern);
    ::FcDefaultSubstitute(pattern.get());
    FcResult result = FcResultMatch;
    const std::unique_ptr<FcFontSet, FreeFont> found(::FcFontSort(nullptr, pattern.get(), FcTrue, nullptr, &result));
    auto& faces = of_style.at(static_cast<std::size_t>(style));
    for (int i = 0; found && i < found->nfont && static_cast<int>(faces.size()) < count_max; ++i) {
      FcPattern* const font = found->fonts[i];  // NOLINT(*-pointer-arithmetic): a C array
      FcBool is_scalable = FcFalse;
      FcChar8* path = nullptr;
      int index = 0;
      if (::FcPatternGetBool(font, FC_SCALABLE, 0, &is_scalable) != FcResultMatch || is_scalable == FcFalse) continue;
      if (::FcPatternGetString(font, FC_FILE, 0, &path) != FcResultMatch) continue;
      ::FcPatternGetInteger(font, FC_INDEX, 0, &index);
      FT_Face face = nullptr;
      const auto* const file = reinterpret_cast<const char*>(path);  // NOLINT(*-reinterpret-cast)
      if (::FT_New_Face(library.get(), file, index, &face) == 0) faces.emplace_back(face);
    }
  }

  // The face that has it, sized; none where there are no fonts.
  FT_Face face_of(char32_t letter, Style style, std::uint32_t size, FT_UInt& glyph) {
    FT_Face best = nullptr;
    // Those of the style, then the plain ones, which are many.
    for (const std::size_t faces : {static_cast<std::size_t>(style), std::size_t{0}}) {
      for (const Face& face : of_style.at(faces)) {
        if (best == nullptr) best = face.get();
        glyph = ::FT_Get_Char_Index(face.get(), letter);
        if (glyph == 0) continue;
        return ::FT_Set_Pixel_Sizes(face.get(), 0, size) == 0 ? face.get() : nullptr;
      }
    }
    glyph = 0;
    return best != nullptr && ::FT_Set_Pixel_Sizes(best, 0, size) == 0 ? best : nullptr;
  }

  double width_of(char32_t letter, Style style, std::uint32_t size) {
    const std::uint64_t key =
        (static_cast<std::uint64_t>(letter) << 32U) | (static_cast<std::uint64_t>(style) << 24U) | size;
    const auto known = widths.find(key);
    if (known != widths.end()) return known->second;
    FT_UInt glyph = 0;
    const FT_Face face = face_of(letter, style, size, glyph);
    const bool is_loaded = face != nullptr && ::FT_Load_Glyph(face, glyph, FT_LOAD_TARGET_LIGHT) == 0;
    const double width = is_loaded ? static_cast<double>(face->glyph->advance.x) / kUnit : 0;
    widths.emplace(key, width);
    return width;
  }
};

Letters::Letters() : faces_(std::make_unique<Faces>()) {}
Letters::~Letters() = default;

void Letters::open() {
  FT_Library library = nullptr;
  if (::FT_Init_FreeType(&library) != 0) return;
  faces_->library.reset(library);
  faces_->open(Style::plain, "sans", 1 + kSpareFacesMax);
  faces_->open(Style::bold, "sans:bold", 1);
  faces_->open(Style::fixed, "monospace", 1);
}

double Letters::width_of(std::string_view text, Style style, std::uint32_t size) {
  double width = 0;
  while (!text.empty()) width += faces_->width_of(take_letter(text), style, size);
  return width;
}

void Letters::draw(Picture& on, std::string_view text, Style style, std::uint32_t size, double left, double baseline,
                   double right, Colour colour) {
  double pen = left;
  while (!text.empty() && pen < right) {
    const char32_t letter = take_letter(text);
    FT_UInt glyph = 0;
    const FT_Face face = faces_->face_of(letter, style, size, glyph);
    if (face == nullptr || ::FT_Load_Glyph(face, glyph, FT_LOAD_TARGET_LIGHT | FT_LOAD_RENDER) != 0) continue;
    const FT_GlyphSlot slot = face->glyph;
    const FT_Bitmap& bitmap = slot->bitmap;
    const auto x = static_cast<std::int64_t>(std::lround(pen)) + slot->bitmap_left;
    const auto y = static_cast<std::int64_t>(std::lround(baseline)) - slot->bitmap_top;
    for (unsigned row = 0; bitmap.pixel_mode == FT_PIXEL_MODE_GRAY && row < bitmap.rows; ++row) {
      const unsigned char* const shares = bitmap.buffer + static_cast<std::ptrdiff_t>(row) * bitmap.pitch;
      for (unsigned column = 0; column < bitmap.width && static_cast<double>(x + column) < right; ++column)
        blend(on, x + column, y + row, shares[column], colour);
    }
    pen += static_cast<double>(slot->advance.x) / kUnit;
  }
}

}  // namespace atl::render
