#include "derived/extract/internal/language.h"

#include <cld2/public/compact_lang_det.h>

#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::size_t kLookedAtBytes = 64U << 10U;
constexpr std::size_t kLettersMin = 60;  // fewer are guessed wrongly too often

}  // namespace

std::string language_of(const Extraction& extraction) {
  std::string text;
  for (const Piece& piece : extraction.pieces) {
    if (text.size() >= kLookedAtBytes) break;
    text += cut_utf8(piece.text, kLookedAtBytes - text.size());
    text.push_back('\n');
  }
  if (text.size() < kLettersMin) return {};
  bool is_reliable = false;
  const auto language =
      CLD2::DetectLanguage(text.data(), static_cast<int>(text.size()), /*is_plain_text=*/true, &is_reliable);
  if (!is_reliable || language == CLD2::UNKNOWN_LANGUAGE) return {};
  std::string code = CLD2::LanguageCode(language);
  if (const std::size_t dash = code.find('-'); dash != std::string::npos) code.erase(dash);
  if (code == "iw") return "he";  // what CLD2 calls Hebrew was renamed in ISO 639
  return code.size() == 2 && code != "un" ? code : std::string();
}

}  // namespace atl::extract
