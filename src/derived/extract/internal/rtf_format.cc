// Rich Text Format 1.9.1: text without its control words, and what the information group says.
#include <algorithm>
#include <array>
#include <charconv>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

// Groups whose text is none of the document's.
constexpr std::array<std::string_view, 16> kDestinations{
    "fonttbl",   "colortbl",          "stylesheet", "pict",     "object",    "themedata", "datastore", "latentstyles",
    "listtable", "listoverridetable", "rsidtbl",    "xmlnstbl", "generator", "fldinst",   "filetbl",   "mmathPr"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Group {
  bool is_hidden = false;
  std::string_view info;  // "title": its text is a field
};

}  // namespace

Result<void> read_rtf(Job& job) {
  ATOLL_ASSIGN(const Bytes bytes, job.input.whole(job.tools.limits.whole_bytes_max));
  const std::string_view source = as_text(bytes);
  std::vector<Group> groups{Group{}};
  std::string text;
  std::string info_text;
  std::size_t unicode_skip = 1;  // how many letters stand for readers that know no Unicode
  std::size_t to_skip = 0;
  std::string legacy;  // bytes of the document's character set, not yet turned into letters
  const auto flush_legacy = [&] {
    if (legacy.empty()) return;
    (groups.back().info.empty() ? text : info_text) += from_windows_1252(legacy);
    legacy.clear();
  };
  const auto put = [&](char32_t point) {
    flush_legacy();
    append_utf8(groups.back().info.empty() ? text : info_text, point);
  };
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (c == '{') {
      flush_legacy();
      if (groups.size() > 1000) return fail(ErrorKind::damaged, "extract.malformed", "its groups are nested too deep");
      groups.push_back(groups.back());
    } else if (c == '}') {
      flush_legacy();
      const Group ended = groups.back();
      if (groups.size() > 1) groups.pop_back();
      if (!ended.info.empty() && groups.back().info != ended.info) {
        job.out.field(ended.info, info_text);
        info_text.clear();
      }
    } else if (c == '\\' && i + 1 < source.size()) {
      const char next = source[i + 1];
      if (next == '\'' && i + 3 < source.size()) {
        unsigned value = 0;
        std::from_chars(source.data() + i + 2, source.data() + i + 4, value, 16);
        i += 3;
        if (to_skip > 0) {
          --to_skip;
        } else if (!groups.back().is_hidden && value >= 0x20) {
          legacy.push_back(static_cast<char>(value));
        }
        continue;
      }
      if (!is_letter(next)) {
        ++i;
        if (next == '*') groups.back().is_hidden = true;
        if (groups.back().is_hidden) continue;
        if (next == '~') put(' ');
        if (next == '\\' || next == '{' || next == '}') put(static_cast<char32_t>(next));
        if (next == '\n' || next == '\r') put('\n');
        continue;
      }
      std::size_t end = i + 1;
      while (end < source.size() && is_letter(source[end])) ++end;
      const std::string_view word = source.substr(i + 1, end - i - 1);
      int value = 0;
      std::size_t digits_end = end;
      if (digits_end < source.size() && source[digits_end] == '-') ++digits_end;
      while (digits_end < source.size() && source[digits_end] >= '0' && source[digits_end] <= '9') ++digits_end;
      std::from_chars(source.data() + end, source.data() + digits_end, value);
      i = digits_end;
      if (i < source.size() && source[i] != ' ') --i;  // one space belongs to the word
      Group& group = groups.back();
      if (word == "bin" && value > 0) {
        i += std::min<std::size_t>(static_cast<std::size_t>(value), source.size() - std::min(i, source.size()));
      } else if (std::ranges::find(kDestinations, word) != kDestinations.end()) {
        group.is_hidden = true;
      } else if (word == "info") {
        group.is_hidden = true;
      } else if (word == "title" || word == "author" || word == "subject" || word == "keywords" || word == "doccomm" ||
                 word == "company") {
        group.is_hidden = false;
        group.info = word == "title"      ? field::kTitle
                     : word == "author"   ? field::kCreator
                     : word == "subject"  ? field::kSubject
                     : word == "keywords" ? field::kKeywords
                     : word == "company"  ? field::kPublisher
                                          : field::kDescription;
      } else if (word == "nofpages" && value > 0) {
        job.out.number(field::kPageCount, static_cast<std::uint64_t>(value));
      } else if (word == "uc") {
        unicode_skip = static_cast<std::size_t>(std::clamp(value, 0, 8));
      } else if (!group.is_hidden) {
        if (word == "u") {
          put(static_cast<char32_t>(value < 0 ? value + 65536 : value));
          to_skip = unicode_skip;
        } else if (word == "par" || word == "line" || word == "row" || word == "page" || word == "sect") {
          put('\n');
        } else if (word == "tab" || word == "cell") {
          put('\t');
        } else if (word == "emdash" || word == "endash") {
          put(word == "emdash" ? 0x2014 : 0x2013);
        } else if (word == "lquote" || word == "rquote") {
          put(word == "lquote" ? 0x2018 : 0x2019);
        } else if (word == "ldblquote" || word == "rdblquote") {
          put(word == "ldblquote" ? 0x201C : 0x201D);
        } else if (word == "bullet") {
          put(0x2022);
        }
      }
    } else if (c != '\r' && c != '\n') {
      if (to_skip > 0) {
        --to_skip;
      } else if (!groups.back().is_hidden) {
        legacy.push_back(c);
      }
    }
  }
  flush_legacy();
  job.out.text(text);
  return {};
}

}  // namespace atl::extract
