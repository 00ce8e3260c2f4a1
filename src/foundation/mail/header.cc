#include "foundation/mail/header.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "foundation/base/bytes.h"

namespace atl::mail {
namespace {

constexpr std::size_t kHeaderValueBytesMax = 8'000;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct CloseTable {
  using pointer = iconv_t;
  void operator()(iconv_t table) const { ::iconv_close(table); }
};
using Table = std::unique_ptr<iconv_t, CloseTable>;

constexpr std::array<const char*, 34> kCharacterSets = {
    "iso-8859-1",   "iso-8859-2",   "iso-8859-3",     "iso-8859-4",   "iso-8859-5",   "iso-8859-7",
    "iso-8859-8",   "iso-8859-9",   "iso-8859-10",    "iso-8859-13",  "iso-8859-14",  "iso-8859-15",
    "iso-8859-16",  "windows-1250", "windows-1251",   "windows-1252", "windows-1253", "windows-1254",
    "windows-1255", "windows-1256", "windows-1257",   "windows-1258", "koi8-r",       "koi8-u",
    "gb2312",       "gbk",          "gb18030",        "big5",         "shift_jis",    "euc-jp",
    "iso-2022-jp",  "euc-kr",       "ks_c_5601-1987", "tis-620"};

std::optional<std::string> decode_base64_word(std::string_view text) {
  std::string padded(text);
  std::erase_if(padded, is_blank);
  while (padded.size() % 4 != 0) padded.push_back('=');
  const auto bytes = from_base64(padded);
  if (!bytes) return std::nullopt;
  return to_string(*bytes);
}

std::optional<std::string> decode_quoted_word(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out.push_back(' ');
    } else if (text[i] == '=') {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::optional<int> whole(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

int month_of(std::string_view word) {
  static constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  if (word.size() < 3) return 0;
  const std::size_t at = kMonths.find(lowered(word.substr(0, 3)));
  return at == std::string_view::npos || at % 3 != 0 ? 0 : static_cast<int>(at / 3) + 1;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() < 16) {
    text = trimmed(text);
    if (text.empty()) break;
    std::size_t end = 0;
    while (end < text.size() && !is_blank(text[end])) ++end;
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

// Howard Hinnant's days_from_civil.
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::optional<std::int64_t> clock_seconds(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  const auto hours = whole(text.substr(0, first));
  const auto minutes =
      whole(text.substr(first + 1, second == std::string_view::npos ? std::string_view::npos : second - first - 1));
  const auto seconds = second == std::string_view::npos ? std::optional<int>(0) : whole(text.substr(second + 1));
  if (!hours || !minutes || !seconds || *hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59 || *seconds < 0 ||
      *seconds > 60) {
    return std::nullopt;
  }
  return *hours * 3600 + *minutes * 60 + *seconds;
}

std::int64_t zone_seconds(std::string_view text) {
  if (text.size() == 5 && (text[0] == '+' || text[0] == '-')) {
    const auto number = whole(text.substr(1));
    if (number && *number >= 0 && *number % 100 < 60 && *number <= 1400)
      return (text[0] == '-' ? -1 : 1) * (*number / 100 * 3600 + *number % 100 * 60);
  }
  static constexpr std::pair<std::string_view, int> kZones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                                                                {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
  for (const auto& [name, hours] : kZones)
    if (name == text) return hours * 3600;
  return 0;
}

std::optional<FileTime> time_of(std::optional<int> year, int month, std::optional<int> day,
                                std::optional<std::int64_t> clock, std::int64_t zone) {
  if (!year || month == 0 || !day || !clock || *day < 1 || *day > 31) return std::nullopt;
  if (*year < 50) *year += 2000;
  if (*year < 100) *year += 1900;
  if (*year < 1900 || *year > 9999) return std::nullopt;
  return FileTime{days_from_civil(*year, month, *day) * 86'400 + *clock - zone, 0};
}

}  // namespace

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string header_value(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    std::size_t end = headers.find('\n');
    while (end != std::string_view::npos && end + 1 < headers.size() &&
           (headers[end + 1] == ' ' || headers[end + 1] == '\t')) {
      end = headers.find('\n', end + 1);
    }
    const std::string_view field = headers.substr(0, end);
    headers = end == std::string_view::npos ? std::string_view() : headers.substr(end + 1);
    if (field.size() <= name.size() || field[name.size()] != ':' || lowered(field.substr(0, name.size())) != name)
      continue;
    std::string value;
    for (const char c : trimmed(field.substr(name.size() + 1)).substr(0, kHeaderValueBytesMax)) {
      if (c == '\n' || c == '\r') continue;
      value.push_back(c == '\t' || c == '\0' ? ' ' : c);
    }
    return value;
  }
  return {};
}

std::optional<FileTime> parse_from_date(std::string_view line) {
  const auto words = words_of(line);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto clock = clock_seconds(words[i]);
    if (!clock) continue;
    std::int64_t zone = 0;
    std::optional<int> year;
    for (std::size_t j = i + 1; j < words.size() && j < i + 3; ++j) {
      if (words[j].size() == 4 && whole(words[j])) {
        year = whole(words[j]);
      } else {
        zone = zone_seconds(words[j]);
      }
    }
    if (const auto time = time_of(year, month_of(words[i - 2]), whole(words[i - 1]), clock, zone)) return time;
  }
  return std::nullopt;
}

struct CharacterSets::Tables {
  std::map<std::string, Table> by_name;  // lower case
};

CharacterSets::CharacterSets() : tables_(std::make_unique<Tables>()) {}
CharacterSets::CharacterSets(CharacterSets&&) noexcept = default;
CharacterSets& CharacterSets::operator=(CharacterSets&&) noexcept = default;
CharacterSets::~CharacterSets() = default;

void CharacterSets::open_all() {
  for (const char* name : kCharacterSets) {
    const iconv_t table = ::iconv_open("UTF-8", name);
    if (table != reinterpret_cast<iconv_t>(-1)) tables_->by_name.emplace(name, Table(table));  // NOLINT
  }
}

std::optional<std::string> CharacterSets::to_utf8(std::string_view bytes, std::string_view character_set) const {
  std::string name = lowered(character_set);
  name = name.substr(0, name.find('*'));  // RFC 2231: a language may follow
  if (name == "utf-8" || name == "utf8" || name == "us-ascii" || name == "ascii") {
    if (!is_utf8(bytes)) return std::nullopt;
    return std::string(bytes);
  }
  if (name == "cp1252") name = "windows-1252";
  const auto table = tables_->by_name.find(name);
  if (table == tables_->by_name.end()) {
    if (name != "iso-8859-1" && name != "latin1") return std::nullopt;
    std::string out;
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        out.push_back(c);
      } else {
        out.push_back(static_cast<char>(0xC0U | (byte >> 6U)));
        out.push_back(static_cast<char>(0x80U | (byte & 0x3FU)));
      }
    }
    return out;
  }
  ::iconv(table->second.get(), nullptr, nullptr, nullptr, nullptr);
  std::string in(bytes);
  std::string out(bytes.size() * 4 + 16, '\0');
  char* from = in.data();
  char* to = out.data();
  std::size_t from_left = in.size();
  std::size_t to_left = out.size();
  if (::iconv(table->second.get(), &from, &from_left, &to, &to_left) == static_cast<std::size_t>(-1))
    return std::nullopt;
  out.resize(out.size() - to_left);
  return out;
}

std::string decode_words(std::string_view text, const CharacterSets& sets) {
  std::string out;
  bool was_word = false;
  while (!text.empty()) {
    const std::size_t begin = text.find("=?");
    std::string_view between = text.substr(0, begin);
    if (begin == std::string_view::npos) return out.append(between);
    const std::size_t set_end = text.find('?', begin + 2);
    const std::size_t text_begin = set_end == std::string_view::npos ? set_end : set_end + 3;
    std::optional<std::string> decoded;
    std::size_t end = std::string_view::npos;
    if (text_begin < text.size() && text[set_end + 2] == '?') {
      end = text.find("?=", text_begin);
      if (end != std::string_view::npos) {
        const std::string_view inner = text.substr(text_begin, end - text_begin);
        const char how = lower(text[set_end + 1]);
        auto bytes = how == 'b'   ? decode_base64_word(inner)
                     : how == 'q' ? decode_quoted_word(inner)
                                  : std::optional<std::string>();
        if (bytes) decoded = sets.to_utf8(*bytes, text.substr(begin + 2, set_end - begin - 2));
      }
    }
    if (!decoded) {
      out.append(text.substr(0, begin + 2));
      text.remove_prefix(begin + 2);
      was_word = false;
      continue;
    }
    // Blanks between two such words are only there to separate them.
    if (!was_word || !trimmed(between).empty()) out.append(between);
    out.append(*decoded);
    text.remove_prefix(end + 2);
    was_word = true;
  }
  return out;
}

std::optional<FileTime> parse_mail_date(std::string_view text) {
  if (const std::size_t comma = text.find(','); comma != std::string_view::npos) text.remove_prefix(comma + 1);
  const auto words = words_of(text);
  if (words.size() < 4) return std::nullopt;
  // "Mon 2 Jan …" without its comma.
  const std::size_t at = whole(words[0]) ? 0 : 1;
  if (at + 3 >= words.size()) return std::nullopt;
  const std::int64_t zone = at + 4 < words.size() ? zone_seconds(words[at + 4]) : 0;
  return time_of(whole(words[at + 2]), month_of(words[at + 1]), whole(words[at]), clock_seconds(words[at + 3]), zone);
}

bool is_from_line(std::string_view line) {
  return line.starts_with("From ") && parse_from_date(line.substr(5)).has_value();
}

}  // namespace atl::mail
