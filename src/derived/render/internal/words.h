// Lines and words of formats that are text. Always true: views into the given text; numbers that are none read as 0.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

#include "derived/render/internal/mesh.h"

namespace atl::render {

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool next() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return true;
  }
  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_, line_;
};

[[nodiscard]] inline double number_of(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

[[nodiscard]] inline std::int64_t integer_of(std::string_view word) {
  std::int64_t value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  [[nodiscard]] std::string_view next() {  // empty at the end
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = rest_.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
      rest_ = {};
      return {};
    }
    rest_.remove_prefix(begin);
    const std::string_view word = rest_.substr(0, rest_.find_first_of(kBlanks));
    rest_.remove_prefix(word.size());
    return word;
  }
  [[nodiscard]] Point point() {
    Point point{};
    for (float& value : point) value = static_cast<float>(number_of(next()));
    return point;
  }

 private:
  std::string_view rest_;
};

}  // namespace atl::render
