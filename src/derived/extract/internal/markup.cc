#include "derived/extract/internal/markup.h"

#include <algorithm>
#include <array>

#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::size_t kEntityBytesMax = 12;

struct Entity {
  std::string_view name;
  char32_t point;
};
// Those of XML, and of HTML's the ones that texts are full of.
constexpr std::array<Entity, 58> kEntities{{
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},     {"apos", '\''},    {"nbsp", ' '},
    {"ndash", 0x2013}, {"mdash", 0x2014},  {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D},
    {"bdquo", 0x201E}, {"hellip", 0x2026}, {"bull", 0x2022},  {"euro", 0x20AC},  {"pound", 0xA3},   {"cent", 0xA2},
    {"yen", 0xA5},     {"sect", 0xA7},     {"copy", 0xA9},    {"reg", 0xAE},     {"trade", 0x2122}, {"deg", 0xB0},
    {"plusmn", 0xB1},  {"micro", 0xB5},    {"middot", 0xB7},  {"para", 0xB6},    {"laquo", 0xAB},   {"raquo", 0xBB},
    {"times", 0xD7},   {"divide", 0xF7},   {"szlig", 0xDF},   {"auml", 0xE4},    {"ouml", 0xF6},    {"uuml", 0xFC},
    {"Auml", 0xC4},    {"Ouml", 0xD6},     {"Uuml", 0xDC},    {"aring", 0xE5},   {"Aring", 0xC5},   {"aelig", 0xE6},
    {"oslash", 0xF8},  {"eacute", 0xE9},   {"Eacute", 0xC9},  {"egrave", 0xE8},  {"ecirc", 0xEA},   {"euml", 0xEB},
    {"agrave", 0xE0},  {"aacute", 0xE1},   {"acirc", 0xE2},   {"ccedil", 0xE7},  {"iacute", 0xED},  {"oacute", 0xF3},
    {"ocirc", 0xF4},   {"uacute", 0xFA},   {"ntilde", 0xF1},  {"shy", 0xAD},
}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

std::string_view without_prefix(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

char32_t numeric(std::string_view digits) {
  const bool is_hex = !digits.empty() && (digits[0] == 'x' || digits[0] == 'X');
  if (is_hex) digits.remove_prefix(1);
  char32_t point = 0;
  if (digits.empty()) return 0;
  for (const char c : digits) {
    char32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<char32_t>(c - '0');
    } else if (is_hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
      digit = static_cast<char32_t>((c | 0x20) - 'a' + 10);
    } else {
      return 0;
    }
    point = point * (is_hex ? 16 : 10) + digit;
    if (point > 0x10FFFF) return 0xFFFD;
  }
  return point;
}

// Where the tag that begins at 0 ends: behind a '>' that stands in no quotation. npos where it is cut off.
std::size_t end_of_tag(std::string_view rest) {
  char quote = '\0';
  for (std::size_t i = 1; i < rest.size(); ++i) {
    const char c = rest[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if ((c == '"' || c == '\'') && i > 0 && rest[i - 1] == '=') {
      quote = c;
    } else if (c == '>') {
      return i;
    }
  }
  return std::string_view::npos;
}

constexpr std::array<std::string_view, 14> kVoid{"br",   "hr",  "img",   "input", "meta",  "link",   "area",
                                                 "base", "col", "embed", "param", "track", "source", "wbr"};

}  // namespace

void append_unescaped(std::string& out, std::string_view escaped) {
  while (!escaped.empty()) {
    const std::size_t begin = escaped.find('&');
    out.append(escaped.substr(0, begin));
    if (begin == std::string_view::npos) return;
    escaped.remove_prefix(begin);
    const std::size_t end = escaped.substr(0, kEntityBytesMax).find(';');
    char32_t point = 0;
    if (end != std::string_view::npos) {
      const std::string_view name = escaped.substr(1, end - 1);
      if (name.starts_with('#')) {
        point = numeric(name.substr(1));
      } else {
        const auto* const found = std::ranges::find(kEntities, name, &Entity::name);
        if (found != kEntities.end()) point = found->point;
      }
    }
    if (point == 0) {
      out.push_back('&');
      escaped.remove_prefix(1);
    } else {
      append_utf8(out, point);
      escaped.remove_prefix(end + 1);
    }
  }
}

MarkupReader::Kind MarkupReader::next() {
  if (closes_at_once_) {
    closes_at_once_ = false;
    return Kind::close;
  }
  while (!rest_.empty()) {
    if (rest_[0] != '<') {
      const std::size_t end = rest_.find('<');
      text_.clear();
      append_unescaped(text_, rest_.substr(0, end));
      rest_.remove_prefix(std::min(end, rest_.size()));
      return Kind::text;
    }
    const auto skip_behind = [&](std::string_view mark, std::size_t from) {
      const std::size_t end = rest_.find(mark, from);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + mark.size());
    };
    if (rest_.starts_with("<!--")) {
      skip_behind("-->", 4);
    } else if (rest_.starts_with("<![CDATA[")) {
      const std::size_t end = rest_.find("]]>", 9);
      text_ = rest_.substr(9, end == std::string_view::npos ? end : end - 9);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 3);
      return Kind::text;
    } else if (rest_.starts_with("<?")) {
      skip_behind(is_html_ ? ">" : "?>", 2);
    } else if (rest_.starts_with("<!")) {
      // A declaration of a document's type may hold others in brackets.
      const std::size_t end = rest_.find('>');
      const std::size_t bracket = rest_.substr(0, end).find('[');
      if (!is_html_ && bracket != std::string_view::npos) {
        skip_behind("]", bracket);
        skip_behind(">", 0);
      } else {
        skip_behind(">", 2);
      }
    } else if (rest_.size() > 1 && (rest_[1] == '/' || rest_[1] == '_' || rest_[1] == ':' ||
                                    (static_cast<unsigned char>(rest_[1]) | 0x20U) - 'a' < 26U ||
                                    static_cast<unsigned char>(rest_[1]) >= 0x80)) {
      const Kind kind = tag();
      if (kind != Kind::end) return kind;
    } else {
      text_ = "<";
      rest_.remove_prefix(1);
      return Kind::text;
    }
  }
  return Kind::end;
}

MarkupReader::Kind MarkupReader::tag() {
  const std::size_t end = end_of_tag(rest_);
  if (end == std::string_view::npos) {
    rest_ = {};
    return Kind::end;
  }
  std::string_view inner = rest_.substr(1, end - 1);
  rest_.remove_prefix(end + 1);
  const bool is_close = inner.starts_with('/');
  if (is_close) inner.remove_prefix(1);
  std::size_t name_end = 0;
  while (name_end < inner.size() && !is_space(inner[name_end]) && inner[name_end] != '/') ++name_end;
  name_ = without_prefix(inner.substr(0, name_end));
  if (is_html_) name_ = lower(name_);
  attributes_ = inner.substr(name_end);
  if (is_close) return Kind::close;
  const bool is_empty = attributes_.ends_with('/');
  if (is_empty) attributes_.remove_suffix(1);
  if (!is_html_) {
    closes_at_once_ = is_empty;
    return Kind::open;
  }
  closes_at_once_ = std::ranges::find(kVoid, name_) != kVoid.end();
  if (name_ == "script" || name_ == "style") {
    const std::string closing = "</" + name_;
    std::size_t at = rest_.find("</");
    while (at != std::string_view::npos && !starts_with_nocase(rest_.substr(at), closing))
      at = rest_.find("</", at + 2);
    rest_.remove_prefix(std::min(at, rest_.size()));
  }
  return Kind::open;
}

std::string MarkupReader::attribute(std::string_view local_name) const {
  std::string_view left = attributes_;
  while (!left.empty()) {
    while (!left.empty() && (is_space(left[0]) || left[0] == '/')) left.remove_prefix(1);
    std::size_t end = 0;
    while (end < left.size() && left[end] != '=' && !is_space(left[end])) ++end;
    const std::string_view name = without_prefix(left.substr(0, end));
    left.remove_prefix(end);
    while (!left.empty() && is_space(left[0])) left.remove_prefix(1);
    std::string_view value;
    if (left.starts_with('=')) {
      left.remove_prefix(1);
      while (!left.empty() && is_space(left[0])) left.remove_prefix(1);
      if (!left.empty() && (left[0] == '"' || left[0] == '\'')) {
        const std::size_t close = left.find(left[0], 1);
        value = left.substr(1, close == std::string_view::npos ? close : close - 1);
        left.remove_prefix(close == std::string_view::npos ? left.size() : close + 1);
      } else {
        std::size_t close = 0;
        while (close < left.size() && !is_space(left[close])) ++close;
        value = left.substr(0, close);
        left.remove_prefix(close);
      }
    } else if (end == 0 && !left.empty()) {
      left.remove_prefix(1);  // a stray character
    }
    if (is_html_ ? lower(name) == local_name : name == local_name) {
      std::string out;
      append_unescaped(out, value);
      return out;
    }
  }
  return {};
}

std::string MarkupReader::text_to_close() {
  std::string out;
  std::size_t depth = 1;
  while (depth > 0) {
    switch (next()) {
      case Kind::end: return out;
      case Kind::open: ++depth; break;
      case Kind::close: --depth; break;
      case Kind::text: out += text_; break;
    }
  }
  return out;
}

}  // namespace atl::extract
