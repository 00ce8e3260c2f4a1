#include "derived/search/minhash.h"

#include <algorithm>

#include "foundation/base/bytes.h"

namespace atl::search {
namespace {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): spreads every bit of `value` over all of the result.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E37'79B9'7F4A'7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D0'49BB'1331'11EBU;
  return value ^ (value >> 31U);
}

constexpr std::array<std::uint64_t, kSketchMinima> make_multipliers() {
  std::array<std::uint64_t, kSketchMinima> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = mixed(i) | 1U;
  return all;
}
constexpr std::array<std::uint64_t, kSketchMinima> kMultipliers = make_multipliers();

bool is_ascii_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// First bytes of UTF-8: of U+2000 to U+2FFF, which are quotes, dashes and other signs; and from U+3000 on, where
// scripts (Chinese, Japanese) are written without blanks, so that each character is taken as a word.
constexpr unsigned char kSigns = 0xE2;
constexpr unsigned char kIdeographsFrom = 0xE3;

std::size_t character_bytes(unsigned char first) {
  return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
}

std::uint64_t number_of(std::string_view character) {
  std::uint64_t number = 0;
  for (const char c : character) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

class Sketcher {
 public:
  Sketcher() { minima_.fill(UINT32_MAX); }

  void add(std::string_view text) {
    std::uint64_t word = 0;
    bool is_in_word = false;
    const auto end_word = [&] {
      if (is_in_word) add_word(word);
      is_in_word = false;
      word = 0;
    };
    for (std::size_t at = 0; at < text.size() && words_ < kSketchWordsMax;) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte >= kSigns) {
        end_word();
        const std::string_view character = text.substr(at, character_bytes(byte));
        if (byte >= kIdeographsFrom) add_word(number_of(character));
        at += character.size();
        continue;
      }
      if (is_ascii_word(byte) || byte >= 0x80) {
        const auto folded = byte >= 'A' && byte <= 'Z' ? static_cast<unsigned char>(byte + 32) : byte;
        word = (word ^ folded) * 0x0000'0100'0000'01B3U + 1;
        is_in_word = true;
      } else {
        end_word();
      }
      ++at;
    }
    end_word();
  }

  [[nodiscard]] std::optional<TextSketch> finish() const {
    if (words_ < kSketchWordsMin) return std::nullopt;
    TextSketch sketch{};
    std::ranges::transform(minima_, sketch.begin(),
                           [](std::uint32_t least) { return static_cast<std::uint16_t>(least); });
    return sketch;
  }

 private:
  void add_word(std::uint64_t word) {
    last_[words_ % kShingleWords] = mixed(word);
    ++words_;
    if (words_ < kShingleWords) return;
    std::uint64_t shingle = 0;
    // From the oldest on: the order of the words is part of what they say.
    for (std::size_t i = 0; i < kShingleWords; ++i) shingle = mixed(shingle ^ last_[(words_ + i) % kShingleWords]);
    for (std::size_t i = 0; i < kSketchMinima; ++i)
      minima_[i] = std::min(minima_[i], static_cast<std::uint32_t>((shingle * kMultipliers[i]) >> 32U));
  }

  std::array<std::uint64_t, kShingleWords> last_{};
  std::array<std::uint32_t, kSketchMinima> minima_{};
  std::size_t words_ = 0;
};

}  // namespace

std::optional<TextSketch> sketch_of(std::span<const std::string_view> pieces) {
  Sketcher sketcher;
  for (const std::string_view piece : pieces) sketcher.add(piece);
  return sketcher.finish();
}

double similarity(const TextSketch& a, const TextSketch& b) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < kSketchMinima; ++i) same += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(same) / kSketchMinima;
}

std::array<std::uint32_t, kSketchBands> band_hashes(const TextSketch& sketch) {
  constexpr std::size_t kRows = kSketchMinima / kSketchBands;
  std::array<std::uint32_t, kSketchBands> hashes{};
  for (std::size_t band = 0; band < kSketchBands; ++band) {
    std::uint64_t hash = band;
    for (std::size_t row = 0; row < kRows; ++row) hash = mixed(hash ^ sketch[band * kRows + row]);
    hashes[band] = static_cast<std::uint32_t>(hash >> 32U);
  }
  return hashes;
}

}  // namespace atl::search
