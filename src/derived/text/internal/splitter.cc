#include "derived/text/internal/splitter.h"

#include <unicode/brkiter.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace atl::text::internal {

struct Splitter::Breaker {
  std::unique_ptr<icu::BreakIterator> iterator;
};

namespace {

struct CodePoint {
  UChar32 value = -1;
  std::size_t end = 0;  // behind it
};

CodePoint decode(std::string_view text, std::size_t at) {
  CodePoint result;
  const std::size_t left = std::min<std::size_t>(text.size() - at, 4);
  int32_t i = 0;
  U8_NEXT(text.data() + at, i, static_cast<int32_t>(left), result.value);
  result.end = at + static_cast<std::size_t>(i);
  return result;
}

bool is_paired(UChar32 c) {
  if (c < 0x2E80) return false;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &status);
  return (script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || c == 0x30FC) &&
         u_isalnum(c) != 0;
}

bool needs_dictionary(UChar32 c) { return u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT; }

enum class Kind : std::uint8_t { other, letter, number, joiner, extend, mid_letter, mid_number, mid_both };
Kind kind_of(UChar32 c) {
  if (c < 0) return Kind::other;
  switch (u_getIntPropertyValue(c, UCHAR_WORD_BREAK)) {
    case U_WB_ALETTER:
    case U_WB_HEBREW_LETTER: return Kind::letter;
    case U_WB_NUMERIC: return Kind::number;
    case U_WB_EXTENDNUMLET:
      return c == 0x202F ? Kind::other : Kind::joiner;  // a narrow space joins by the book; nobody searches so
    case U_WB_EXTEND:
    case U_WB_FORMAT:
    case U_WB_ZWJ: return Kind::extend;
    case U_WB_MIDLETTER: return c == ':' || c == 0xFE55 || c == 0xFF1A ? Kind::other : Kind::mid_letter;
    case U_WB_MIDNUM: return Kind::mid_number;
    case U_WB_MIDNUMLET:
    case U_WB_SINGLE_QUOTE: return Kind::mid_both;
    default: return Kind::other;
  }
}

}  // namespace

Splitter::Splitter() = default;
Splitter::~Splitter() = default;
Splitter::Splitter(Splitter&&) noexcept = default;
Splitter& Splitter::operator=(Splitter&&) noexcept = default;

std::size_t Splitter::scan(std::string_view text, std::size_t at) {
  const CodePoint first = decode(text, at);
  if (first.value < 0) return first.end;
  if (is_paired(first.value)) return scan_pairs(text, at);
  if (needs_dictionary(first.value)) return scan_by_dictionary(text, at);
  const Kind kind = kind_of(first.value);
  if (kind == Kind::letter || kind == Kind::number || kind == Kind::joiner) return scan_word(text, at);
  // Letters and digits outside of the annex's classes (circled ones and the like) are words of their own.
  if (u_isalnum(first.value) != 0) found_.push_back({at, first.end, false});
  return first.end;
}

std::size_t Splitter::scan_word(std::string_view text, std::size_t at) {
  std::size_t end = at;
  Kind last = Kind::joiner;
  while (end < text.size()) {
    const CodePoint here = decode(text, end);
    const Kind kind = kind_of(here.value);
    if (kind == Kind::extend) {
      end = here.end;
      continue;
    }
    if ((kind == Kind::letter || kind == Kind::number || kind == Kind::joiner) && !needs_dictionary(here.value)) {
      last = kind;
      end = here.end;
      continue;
    }
    const bool is_mark = kind == Kind::mid_letter || kind == Kind::mid_number || kind == Kind::mid_both;
    if (!is_mark) break;
    std::size_t behind = here.end;
    CodePoint next;
    while (behind < text.size() && kind_of((next = decode(text, behind)).value) == Kind::extend) behind = next.end;
    const Kind follows = behind < text.size() ? kind_of(next.value) : Kind::other;
    const bool joins = (last == Kind::letter && follows == Kind::letter && kind != Kind::mid_number) ||
                       (last == Kind::number && follows == Kind::number && kind != Kind::mid_letter);
    if (!joins) break;
    end = behind;
  }
  found_.push_back({at, end, false});
  return end;
}

std::size_t Splitter::scan_pairs(std::string_view text, std::size_t at) {
  CodePoint here = decode(text, at);
  while (true) {
    const CodePoint next = here.end < text.size() ? decode(text, here.end) : CodePoint{};
    if (next.value < 0 || !is_paired(next.value)) break;
    found_.push_back({at, next.end, true});
    at = here.end;
    here = next;
  }
  // The last one alone, so that every character begins some surface: a single one is looked for by its prefix.
  found_.push_back({at, here.end, true});
  return here.end;
}

std::size_t Splitter::scan_by_dictionary(std::string_view text, std::size_t at) {
  constexpr std::size_t run_bytes_max = 64 * 1024;
  std::size_t end = at;
  while (end < text.size() && end - at < run_bytes_max) {
    const CodePoint here = decode(text, end);
    if (here.value < 0 || (!needs_dictionary(here.value) && kind_of(here.value) != Kind::extend)) break;
    end = here.end;
  }
  if (!breaker_) {
    UErrorCode status = U_ZERO_ERROR;
    breaker_ = std::make_unique<Breaker>();
    breaker_->iterator.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status)) breaker_->iterator.reset();
  }
  if (!breaker_->iterator) {  // without ICU's data the run is one word
    found_.push_back({at, end, false});
    return end;
  }
  const auto run = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data() + at, static_cast<int32_t>(end - at)));
  breaker_->iterator->setText(run);
  std::size_t begin = at;
  std::int32_t from = breaker_->iterator->first();
  for (std::int32_t to = breaker_->iterator->next(); to != icu::BreakIterator::DONE;
       from = to, to = breaker_->iterator->next()) {
    std::size_t bytes = 0;
    for (std::int32_t i = from; i < to;) {
      UChar32 c = 0;
      U16_NEXT(run.getBuffer(), i, to, c);
      bytes += static_cast<std::size_t>(U8_LENGTH(c));
    }
    found_.push_back({begin, begin + bytes, false});
    begin += bytes;
  }
  return end;
}

}  // namespace atl::text::internal
