#include "derived/text/language.h"

#include <algorithm>
#include <array>
#include <string>

namespace atl::text {
namespace {

struct Names {
  std::string_view code;  // ISO 639-1
  std::string_view name;
};
constexpr std::array<Names, kLanguages> kNames{{
    {"", "none"},       {"ar", "arabic"},     {"eu", "basque"},    {"ca", "catalan"},    {"da", "danish"},
    {"nl", "dutch"},    {"en", "english"},    {"fi", "finnish"},   {"fr", "french"},     {"de", "german"},
    {"el", "greek"},    {"hi", "hindi"},      {"hu", "hungarian"}, {"id", "indonesian"}, {"ga", "irish"},
    {"it", "italian"},  {"lt", "lithuanian"}, {"ne", "nepali"},    {"no", "norwegian"},  {"pt", "portuguese"},
    {"ro", "romanian"}, {"ru", "russian"},    {"sr", "serbian"},   {"es", "spanish"},    {"sv", "swedish"},
    {"ta", "tamil"},    {"tr", "turkish"},    {"yi", "yiddish"},
}};

}  // namespace

Language language_of(std::string_view code) {
  std::string lower;
  for (const char c : code.substr(0, code.find_first_of("-_"))) {
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (lower.empty()) return Language::none;
  if (lower == "nb" || lower == "nn") lower = "no";
  const auto found =
      std::ranges::find_if(kNames, [&](const Names& names) { return names.code == lower || names.name == lower; });
  return found == kNames.end() ? Language::none : static_cast<Language>(found - kNames.begin());
}

std::string_view name_of(Language language) {
  const auto at = static_cast<std::size_t>(language);
  return at < kNames.size() ? kNames[at].name : kNames[0].name;
}

}  // namespace atl::text
