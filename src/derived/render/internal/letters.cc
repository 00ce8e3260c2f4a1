#include "derived/render/internal/letters.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <raqm.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
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
  void operator()(raqm_t* line) const { ::raqm_destroy(line); }
};
using Library = std::unique_ptr<FT_LibraryRec_, FreeFont>;
using Face = std::unique_ptr<FT_FaceRec_, FreeFont>;
using ArrangedLine = std::unique_ptr<raqm_t, FreeFont>;

struct Range {
  char32_t first, last;
};
template <std::size_t size>
bool is_in(const std::array<Range, size>& ranges, char32_t letter) {
  return std::ranges::any_of(ranges, [&](const Range& one) { return letter >= one.first && letter <= one.last; });
}

// Blocks of Unicode 15: written from right to left.
constexpr std::array kFromRight{Range{0x0590, 0x08FF},   Range{0xFB1D, 0xFDFF},   Range{0xFE70, 0xFEFF},
                                Range{0x10800, 0x10FFF}, Range{0x1E800, 0x1EFFF}, Range{0x200F, 0x200F}};
// Digits and signs in these blocks have no direction of their own.
constexpr std::array kWithoutDirection{Range{0x0600, 0x0607}, Range{0x060C, 0x060C}, Range{0x0660, 0x066C},
                                       Range{0x06F0, 0x06F9}};
// What cannot be set letter by letter: joined, stacked or reordered, or says how others are to be.
constexpr std::array kArranged{Range{0x0300, 0x036F},   Range{0x0590, 0x109F},  Range{0x1100, 0x11FF},
                               Range{0x1700, 0x1AFF},   Range{0x1B00, 0x1CFF},  Range{0x1DC0, 0x1DFF},
                               Range{0x200C, 0x200F},   Range{0x202A, 0x202E},  Range{0x2066, 0x2069},
                               Range{0x20D0, 0x20FF},   Range{0xA800, 0xABFF},  Range{0xFB1D, 0xFDFF},
                               Range{0xFE00, 0xFE0F},   Range{0xFE20, 0xFE2F},  Range{0xFE70, 0xFEFF},
                               Range{0x10800, 0x11FFF}, Range{0x1E800, 0x1EFFF}};
// Goes with the letter before it, in that letter's font.
constexpr std::array kDependent{Range{0x0300, 0x036F}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},
                                Range{0x200B, 0x200F}, Range{0x202A, 0x202E}, Range{0x2060, 0x206F},
                                Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

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

std::u32string letters_of(std::string_view text) {
  std::u32string letters;
  while (!text.empty()) letters.push_back(take_letter(text));
  return letters;
}

bool is_arranged(const std::u32string& letters) {
  return std::ranges::any_of(letters, [](char32_t letter) { return letter >= 0x300 && is_in(kArranged, letter); });
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

  // Glyphs in the order they are seen in; none where there are no fonts.
  ArrangedLine arrange(const std::u32string& letters, Style style, std::uint32_t size, bool from_right) {
    ArrangedLine line(::raqm_create());
    if (!line || letters.empty()) return nullptr;
    const std::vector<std::uint32_t> numbers(letters.begin(), letters.end());
    if (!::raqm_set_text(line.get(), numbers.data(), numbers.size())) return nullptr;
    ::raqm_set_par_direction(line.get(), from_right ? RAQM_DIRECTION_RTL : RAQM_DIRECTION_LTR);
    ::raqm_set_freetype_load_flags(line.get(), FT_LOAD_TARGET_LIGHT);
    FT_Face face = nullptr;
    for (std::size_t begin = 0, end = 0; begin < letters.size(); begin = end) {
      FT_UInt glyph = 0;
      if (face == nullptr || !is_in(kDependent, letters[begin])) face = face_of(letters[begin], style, size, glyph);
      if (face == nullptr) return nullptr;
      for (end = begin + 1; end < letters.size(); ++end)
        if (!is_in(kDependent, letters[end]) && face_of(letters[end], style, size, glyph) != face) break;
      if (!::raqm_set_freetype_face_range(line.get(), face, begin, end - begin)) return nullptr;
    }
    return ::raqm_layout(line.get()) ? std::move(line) : nullptr;
  }

  static std::span<const raqm_glyph_t> glyphs_of(const ArrangedLine& line) {
    std::size_t count = 0;
    const raqm_glyph_t* const glyphs = line ? ::raqm_get_glyphs(line.get(), &count) : nullptr;
    return {glyphs, glyphs == nullptr ? 0 : count};
  }

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

bool Letters::begins_on_the_right(std::string_view text) {
  while (!text.empty()) {
    const char32_t letter = take_letter(text);
    if (is_in(kFromRight, letter) && !is_in(kWithoutDirection, letter)) return true;
    const bool is_latin = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
    if (is_latin || (letter >= 0xC0 && letter < 0x590) || (letter >= 0x900 && letter < 0x2000) ||
        (letter >= 0x3040 && letter < 0xFB00))
      return false;
  }
  return false;
}

double Letters::width_of(std::string_view text, Style style, std::uint32_t size) {
  double width = 0;
  if (const std::u32string letters = letters_of(text); is_arranged(letters)) {
    const ArrangedLine line = faces_->arrange(letters, style, size, begins_on_the_right(text));
    for (const raqm_glyph_t& glyph : Faces::glyphs_of(line)) width += glyph.x_advance / kUnit;
    return width;
  }
  while (!text.empty()) width += faces_->width_of(take_letter(text), style, size);
  return width;
}

void Letters::draw(Picture& on, std::string_view text, Style style, std::uint32_t size, double left, double baseline,
                   double right, Colour colour, bool from_right) {
  double pen = left;
  // One glyph; how far it takes the pen is the caller's.
  const auto draw_glyph = [&](FT_Face face, FT_UInt glyph, double x_shift, double y_shift) {
    if (face == nullptr || ::FT_Load_Glyph(face, glyph, FT_LOAD_TARGET_LIGHT | FT_LOAD_RENDER) != 0) return false;
    const FT_GlyphSlot slot = face->glyph;
    const FT_Bitmap& bitmap = slot->bitmap;
    const auto x = static_cast<std::int64_t>(std::lround(pen + x_shift)) + slot->bitmap_left;
    const auto y = static_cast<std::int64_t>(std::lround(baseline - y_shift)) - slot->bitmap_top;
    for (unsigned row = 0; bitmap.pixel_mode == FT_PIXEL_MODE_GRAY && row < bitmap.rows; ++row) {
      const unsigned char* const shares = bitmap.buffer + static_cast<std::ptrdiff_t>(row) * bitmap.pitch;
      for (unsigned column = 0; column < bitmap.width && static_cast<double>(x + column) < right; ++column)
        blend(on, x + column, y + row, shares[column], colour);
    }
    return true;
  };
  const std::u32string letters = letters_of(text);
  if (from_right || is_arranged(letters)) {
    const ArrangedLine line = faces_->arrange(letters, style, size, from_right);
    for (const raqm_glyph_t& one : Faces::glyphs_of(line)) {
      if (pen >= right) return;
      draw_glyph(one.ftface, one.index, one.x_offset / kUnit, one.y_offset / kUnit);
      pen += one.x_advance / kUnit;
    }
    return;
  }
  for (std::size_t i = 0; i < letters.size() && pen < right; ++i) {
    FT_UInt glyph = 0;
    const FT_Face face = faces_->face_of(letters[i], style, size, glyph);
    if (draw_glyph(face, glyph, 0, 0)) pen += static_cast<double>(face->glyph->advance.x) / kUnit;
  }
}

}  // namespace atl::render
