// The languages whose words can be brought back to a stem (Snowball, snowballstem.org).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "foundation/base/error.h"

namespace atl::text {

enum class Language : std::uint8_t {  // stored as bits of a mask: never renumber, at most 32
  none = 0,                           // words are taken as they are
  arabic,
  basque,
  catalan,
  danish,
  dutch,
  english,
  finnish,
  french,
  german,
  greek,
  hindi,
  hungarian,
  indonesian,
  irish,
  italian,
  lithuanian,
  nepali,
  norwegian,
  portuguese,
  romanian,
  russian,
  serbian,
  spanish,
  swedish,
  tamil,
  turkish,
  yiddish
};
inline constexpr std::size_t kLanguages = 28;

// "en", "EN-gb", "english". none for a language without a stemmer and for nothing at all: that is no error.
[[nodiscard]] Language language_of(std::string_view code);
[[nodiscard]] std::string_view name_of(Language language);  // "english"; "none"

}  // namespace atl::text
