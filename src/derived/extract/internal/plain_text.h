// Text as extractions hold it, from bytes in any character set.
// Always true: what comes out is valid UTF-8 without control characters but '\n' and '\t'; bytes that mean nothing
// become U+FFFD; nothing here fails. Pure functions; complexity linear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"

namespace atl::extract {

// Valid UTF-8 without control characters but '\n' and '\t'.
[[nodiscard]] bool is_plain_text(std::string_view text);

// UTF-8, more or less, made plain: line ends become '\n', control characters go.
[[nodiscard]] std::string to_plain(std::string_view utf8);
// The same in one line: runs of white space become one space, none at the ends; cut at `bytes_max` between letters.
[[nodiscard]] std::string to_line(std::string_view utf8, std::size_t bytes_max = 4096);

void append_utf8(std::string& out, char32_t code_point);
// Lone surrogates become U+FFFD. An odd last byte is dropped.
[[nodiscard]] std::string from_utf16(ByteView bytes, bool is_big_endian);
[[nodiscard]] std::string from_utf32(ByteView bytes, bool is_big_endian);
// Windows-1252, which Latin-1 texts of the web and of offices are.
[[nodiscard]] std::string from_windows_1252(std::string_view bytes);
// By the name of the character set as MIME, HTML and XML write it; unknown names are read as `guess_utf8` does.
[[nodiscard]] std::string from_character_set(std::string_view bytes, std::string_view name);
// By byte order mark, then whether it is valid UTF-8, then whether every second byte is zero, else Windows-1252.
[[nodiscard]] std::string guess_utf8(std::string_view bytes);

enum class TextGuess : std::uint8_t { binary, utf8, utf16, legacy };
// What a content's beginning looks like. `is_whole`: it is all there is, so a letter cut at the end is none.
[[nodiscard]] TextGuess guess_text(ByteView head, bool is_whole);

// ASCII alone, as identifiers and names of formats are compared.
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] bool starts_with_nocase(std::string_view text, std::string_view lower_prefix);
// At most `bytes_max` bytes, cut between letters.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

}  // namespace atl::extract
