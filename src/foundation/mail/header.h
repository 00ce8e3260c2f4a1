// Header fields of messages (RFC 5322, RFC 2047) and the dates and character sets in them.
// Always true: nothing here fails or throws: what cannot be understood stays as it is, or is none. Pure functions, but
// for the tables of character sets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/time.h"

namespace atl::mail {

// Tables of character sets. They are files of the C library: open_all() is called while files can still be opened.
// UTF-8, ASCII and Latin-1 need none.
class CharacterSets {
 public:
  CharacterSets();
  CharacterSets(CharacterSets&&) noexcept;
  CharacterSets& operator=(CharacterSets&&) noexcept;
  ~CharacterSets();
  void open_all();
  [[nodiscard]] std::optional<std::string> to_utf8(std::string_view bytes, std::string_view character_set) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

// RFC 2047 words to UTF-8; what is in an unknown character set or no such word stays as it is.
[[nodiscard]] std::string decode_words(std::string_view text, const CharacterSets& sets);
// "Mon, 2 Jan 2006 15:04:05 -0700 (MST)", also without day, seconds or zone. None where it is no date.
[[nodiscard]] std::optional<FileTime> parse_mail_date(std::string_view text);
// The separator line of an mbox: "From someone Mon Jan  2 15:04:05 2006".
[[nodiscard]] bool is_from_line(std::string_view line);
// The date of such a line, behind "From ".
[[nodiscard]] std::optional<FileTime> parse_from_date(std::string_view line);
// The value of the first field of that name (small letters) in a block of header lines, unfolded, at most 8,000 bytes;
// empty where there is none.
[[nodiscard]] std::string header_value(std::string_view headers, std::string_view name);
// ASCII letters made small, as names of fields are compared; and without white space at both ends.
[[nodiscard]] std::string lowered(std::string_view text);
[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace atl::mail
