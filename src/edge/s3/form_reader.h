// A form with a file as browsers send it (multipart/form-data), read while it comes: the fields before the file, then
// the file's content in pieces. Source: RFC 7578; RFC 2046 section 5.1.1; the rules of names and values in Amazon S3
// API Reference, "POST Object".
//
// Always true:
//  - Memory does not grow with the file: what stands before it is at most kFormFieldsBytesMax, then one buffer.
//  - Content is handed out up to the delimiter and never past it, whatever the pieces in which it comes.
// Thread rules: one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::s3 {

inline constexpr std::size_t kFormFieldsBytesMax = 20'000;  // as S3: everything before the file
inline constexpr std::string_view kFormType = "multipart/form-data";

// The boundary that a Content-Type names; none where it is no form with a boundary of 1 to 70 allowed characters.
[[nodiscard]] std::optional<std::string> form_boundary(std::string_view content_type);

struct FormFields {
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case, in their order
  std::string file_name;                                    // the last piece of what the browser says; may be empty
  std::string file_type;                                    // the file part's own Content-Type; may be empty

  // The first of that name (lower case).
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
};

class FormReader {
 public:
  // Fills the beginning of what it is given; 0 at the end of the body.
  using Source = std::function<Result<std::size_t>(ByteSpan)>;
  FormReader(Source source, std::string_view boundary);

  // Everything up to the field "file", whose content comes next. MalformedPOSTRequest, MaxPostPreDataLengthExceeded,
  // IncorrectNumberOfFilesInPostRequest (there is no file), and the source's own errors. A name that stands twice is
  // malformed: whoever checked it may have meant the other one.
  [[nodiscard]] Result<FormFields> read_fields();
  // Of the file, at least one byte; 0 at its end. What follows it is not looked at. IncompleteBody where the form
  // breaks off.
  [[nodiscard]] Result<std::size_t> read_file(ByteSpan out);

 private:
  // More from the source behind what is pending; false: nothing comes any more.
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] std::string_view pending() const { return as_text(buffer_).substr(begin_, end_ - begin_); }
  // Up to `end` and past it; within what may stand before the file.
  [[nodiscard]] Result<std::string> take_until(std::string_view end);
  [[nodiscard]] Result<void> check_delimiter_end();
  // Behind a delimiter: true where a part follows, false where the form ends.
  [[nodiscard]] Result<bool> begin_part();

  Source source_;
  std::string delimiter_;  // with the line break before it
  Bytes buffer_;           // what came and was not handed out yet lies from begin_ to end_
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t taken_bytes_ = 0;    // before the file
  std::size_t content_bytes_ = 0;  // pending ones that are the file's for sure
  bool is_at_end_ = false;
  bool is_in_file_ = false;
};

}  // namespace atl::s3
