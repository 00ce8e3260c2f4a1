#include "derived/text/internal/words.h"

#include <libstemmer.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "derived/text/internal/format.h"

namespace atl::text::internal {
namespace {

constexpr std::size_t kSurfaceBytesMax = 255;
constexpr std::size_t kPartsMax = 16;  // more of them is no name but noise
constexpr std::size_t kApostropheTailMax = 2;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

std::string fold_case(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    for (char& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* folder = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) return std::string(text);
  const auto wide = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  icu::UnicodeString folded = folder->normalize(wide, status);
  folded.findAndReplace(icu::UnicodeString(UChar32{0x2019}), icu::UnicodeString(UChar32{'\''}));
  return U_FAILURE(status) ? std::string(text) : to_utf8(folded);
}

bool has_loose_accents(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &status);
  return script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC;
}

// Letters that Unicode does not take apart and people write without their stroke.
const char* plain_letter(UChar32 c) {
  switch (c) {
    case 0xF8: return "o";
    case 0xE6: return "ae";
    case 0x153: return "oe";
    case 0x142: return "l";
    case 0x111:
    case 0xF0: return "d";
    case 0x131: return "i";
    case 0xFE: return "th";
    case 0x127: return "h";
    default: return nullptr;
  }
}

std::string fold_accents(std::string folded) {
  if (is_ascii(folded)) return folded;
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return folded;
  const icu::UnicodeString apart = nfd->normalize(icu::UnicodeString::fromUTF8(folded), status);
  icu::UnicodeString kept;
  bool loose = false;
  for (int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
    const UChar32 c = apart.char32At(i);
    if (u_charType(c) == U_NON_SPACING_MARK) {
      if (!loose) kept.append(c);
      continue;
    }
    loose = has_loose_accents(c);
    if (const char* plain = loose ? plain_letter(c) : nullptr) {
      kept.append(icu::UnicodeString::fromUTF8(plain));
    } else {
      kept.append(c);
    }
  }
  const icu::UnicodeString together = nfc->normalize(kept, status);
  return U_FAILURE(status) ? folded : to_utf8(together);
}

bool is_apostrophe(UChar32 c) { return c == '\'' || c == 0x2019 || c == 0xFF07; }

// Where a word is cut: [begin, end) of each part. `by_capitals`: at nothing but changes from small to capital.
struct Parts {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  bool by_capitals = true;
};
Parts take_apart(std::string_view surface) {
  struct Letter {
    UChar32 c;
    std::size_t begin;
    std::size_t end;
  };
  std::vector<Letter> letters;
  for (std::size_t at = 0; at < surface.size();) {
    int32_t i = static_cast<int32_t>(at);
    UChar32 c = 0;
    U8_NEXT(surface.data(), i, static_cast<int32_t>(surface.size()), c);
    letters.push_back({c, at, static_cast<std::size_t>(i)});
    at = static_cast<std::size_t>(i);
  }
  Parts parts;
  std::size_t begin = 0;
  const auto cut = [&](std::size_t end, std::size_t next) {
    if (end > begin) parts.ranges.emplace_back(begin, end);
    begin = next;
  };
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const Letter& here = letters[i];
    if (is_apostrophe(here.c)) {
      const std::size_t tail = letters.size() - i - 1;
      if (tail == 1 && u_tolower(letters[i + 1].c) == 's') {  // possessive
        cut(here.begin, surface.size());
        parts.by_capitals = false;
        break;
      }
      if (tail <= kApostropheTailMax) continue;  // don't, we're
    }
    if (u_isalnum(here.c) == 0 && u_charType(here.c) != U_NON_SPACING_MARK &&
        u_charType(here.c) != U_COMBINING_SPACING_MARK && u_charType(here.c) != U_FORMAT_CHAR) {
      cut(here.begin, here.end);
      parts.by_capitals = false;
      continue;
    }
    if (i == 0 || here.begin == begin || u_isUUppercase(here.c) == 0) continue;
    const bool after_small = u_isULowercase(letters[i - 1].c) != 0;
    const bool ends_capitals =
        u_isUUppercase(letters[i - 1].c) != 0 && i + 1 < letters.size() && u_isULowercase(letters[i + 1].c) != 0;
    if (after_small || ends_capitals) cut(here.begin, here.begin);
  }
  cut(surface.size(), surface.size());
  return parts;
}

// Most words by far: nothing in them to cut at.
bool is_simple(std::string_view surface) {
  bool small_before = false;
  for (std::size_t i = 0; i < surface.size(); ++i) {
    const char c = surface[i];
    const bool is_capital = c >= 'A' && c <= 'Z';
    if (ascii_class(c) != AsciiClass::letter && ascii_class(c) != AsciiClass::digit) return false;
    if (is_capital && i > 0) {
      const bool next_small = i + 1 < surface.size() && surface[i + 1] >= 'a' && surface[i + 1] <= 'z';
      if (small_before || next_small) return false;
    }
    small_before = c >= 'a' && c <= 'z';
  }
  return true;
}

}  // namespace

void Words::FreeStemmer::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Words::Words() = default;
Words::~Words() = default;

std::string Words::fold(std::string_view text) { return fold_accents(fold_case(text)); }

std::string Words::stem(const std::string& folded, Language language) {
  const auto at = static_cast<std::size_t>(language);
  if (language == Language::none || at >= kLanguages) return folded;
  if (std::ranges::any_of(folded, [](char c) { return c >= '0' && c <= '9'; })) return folded;
  auto& stemmer = stemmers_[at];
  if (!stemmer) stemmer.reset(sb_stemmer_new(std::string(name_of(language)).c_str(), "UTF_8"));
  if (!stemmer) return folded;
  const auto* bytes = reinterpret_cast<const sb_symbol*>(folded.data());  // NOLINT: both are bytes
  const sb_symbol* out = sb_stemmer_stem(stemmer.get(), bytes, static_cast<int>(folded.size()));
  if (out == nullptr) return folded;
  const auto length = static_cast<std::size_t>(sb_stemmer_length(stemmer.get()));
  return length == 0 ? folded : std::string(reinterpret_cast<const char*>(out), length);  // NOLINT: both are bytes
}

void Words::add(std::string_view surface, std::size_t begin, std::size_t end, Language language,
                std::vector<Piece>& out) {
  const std::string folded = fold_case(surface.substr(begin, end - begin));
  Piece piece;
  piece.term = std::string(cut_text(fold_accents(stem(folded, language)), kTermBytesMax));
  piece.word = std::string(cut_text(fold_accents(folded), kTermBytesMax));
  piece.begin = begin;
  piece.end = end;
  if (!piece.term.empty()) out.push_back(std::move(piece));
}

void Words::pieces(std::string_view surface, bool is_gram, Language language, std::vector<Piece>& out) {
  out.clear();
  if (surface.size() > kSurfaceBytesMax) return;
  if (is_gram || is_simple(surface)) {
    add(surface, 0, surface.size(), is_gram ? Language::none : language, out);
    return;
  }
  const Parts parts = take_apart(surface);
  if (parts.ranges.size() > kPartsMax) {
    add(surface, 0, surface.size(), Language::none, out);
    return;
  }
  if (parts.ranges.size() > 1 && parts.by_capitals) {
    add(surface, 0, surface.size(), language, out);
    if (!out.empty()) out.back().stays = true;
  }
  for (const auto& [begin, end] : parts.ranges) add(surface, begin, end, language, out);
  if (out.size() == 1) out.back().stays = false;
}

Analysed analyse(Words& words, std::string_view text, Language language) {
  Analysed result;
  std::uint32_t place = 0;
  std::vector<Piece> pieces;
  Surface before;
  std::size_t single_end = SIZE_MAX;
  words.splitter().split(text, [&](const Surface& surface) {
    const std::string_view bytes = text.substr(surface.begin, surface.end - surface.begin);
    words.pieces(bytes, surface.is_gram, language, pieces);
    const bool ends_run = surface.is_gram && before.is_gram && before.end == surface.end;
    const bool is_single = surface.is_gram && code_points(bytes).size() == 1;
    before = surface;
    for (const Piece& piece : pieces) {
      if (piece.stays) {
        result.wholes.push_back(piece.term);
        continue;
      }
      // The last character of a run stands alone only where a text ends there: the pair before says enough.
      if (!ends_run) result.parts.emplace_back(piece.term, place);
      if (is_single && !ends_run) single_end = result.parts.size();
      ++place;
    }
  });
  result.is_one_character = single_end == 1 && result.parts.size() == 1;
  return result;
}

std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = first < 0x80 ? 1 : (first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : (first >= 0xC0 ? 2 : 1)));
    if (bytes == 1 || at + bytes > text.size()) {
      out.push_back(first);
      ++at;
      continue;
    }
    char32_t c = first & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) c = c << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    out.push_back(c);
    at += bytes;
  }
  return out;
}

std::vector<std::string_view> grams_of(std::string_view folded) {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if ((static_cast<unsigned char>(folded[i]) & 0xC0U) != 0x80) begins.push_back(i);
  }
  std::vector<std::string_view> grams;
  grams.reserve(begins.size());
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t end = i + 3 < begins.size() ? begins[i + 3] : folded.size();
    grams.push_back(cut_text(folded.substr(begins[i], end - begins[i]), kTermBytesMax));
  }
  return grams;
}

std::string_view cut_text(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace atl::text::internal
