#include "vault/access/password_strength.h"

#include <zxcvbn.h>

#include <string>
#include <vector>

#include "foundation/codec/secret.h"

namespace atl::access {

double guess_bits(std::string_view password, std::span<const std::string_view> near_words) {
  std::vector<std::string> words;
  words.reserve(near_words.size() * 2);
  const auto add = [&](std::string_view word) {
    if (!word.empty() && word.find('\0') == std::string_view::npos) words.emplace_back(word);
  };
  for (const std::string_view word : near_words) {
    add(word);
    // Of an address also what stands in front of the sign.
    if (const auto at = word.find('@'); at != std::string_view::npos) add(word.substr(0, at));
  }
  std::vector<const char*> named;
  named.reserve(words.size() + 1);
  for (const std::string& word : words) named.push_back(word.c_str());
  named.push_back(nullptr);
  // Of longer ones the library counts every letter, also where they repeat.
  constexpr std::size_t bytes_max = 100;
  std::string text(password.substr(0, bytes_max));
  const double bits = ZxcvbnMatch(text.c_str(), named.data(), nullptr);
  codec::wipe(text);
  return bits;
}

}  // namespace atl::access
