#include "edge/s3/form_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "edge/s3/errors.h"
#include "foundation/base/units.h"
#include "foundation/net/http_message.h"

namespace atl::s3 {
namespace {

constexpr std::size_t kPieceBytes = 64 * kKiB;
constexpr std::size_t kFieldsMax = 200;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::MalformedPOSTRequest, "The form cannot be read: " + std::string(what));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool is_boundary_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

// One parameter of a header such as `form-data; name="a; b"; filename=c`, taken off its front. A quoted value ends at
// the first quotation mark without a backslash before it; browsers write %22 for one inside.
struct Parameter {
  std::string name;  // lower case
  std::string value;
};
std::optional<Parameter> take_parameter(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Parameter parameter{lower(net::trim_blanks(rest.substr(0, equals))), {}};
  rest = net::trim_blanks(rest.substr(equals + 1));
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    parameter.value = net::trim_blanks(rest.substr(0, end));
    rest.remove_prefix(end);
  } else {
    std::size_t at = 1;
    for (; at < rest.size() && rest[at] != '"'; ++at) {
      if (rest[at] == '\\' && at + 1 < rest.size() && rest[at + 1] == '"') ++at;
      parameter.value += rest[at];
    }
    if (at == rest.size()) return std::nullopt;
    rest = net::trim_blanks(rest.substr(at + 1));
  }
  if (rest.empty()) return parameter;
  if (!rest.starts_with(';')) return std::nullopt;
  rest = net::trim_blanks(rest.substr(1));
  return parameter;
}

struct PartHead {
  std::string name;
  std::string file_name;
  std::string type;
};

Result<PartHead> read_part_head(std::string_view lines) {
  PartHead head;
  bool has_disposition = false;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("a part's header has no colon");
    const std::string_view name = line.substr(0, colon);
    std::string_view value = net::trim_blanks(line.substr(colon + 1));
    if (net::equal_ignoring_case(name, "Content-Type")) head.type = value;
    if (!net::equal_ignoring_case(name, "Content-Disposition")) continue;
    if (std::exchange(has_disposition, true)) return malformed("a part has two Content-Disposition headers");
    const std::size_t semicolon = std::min(value.find(';'), value.size());
    if (!net::equal_ignoring_case(net::trim_blanks(value.substr(0, semicolon)), "form-data"))
      return malformed("a part is no form-data");
    value = net::trim_blanks(value.substr(std::min(semicolon + 1, value.size())));
    bool has_name = false;
    bool has_file_name = false;
    while (!value.empty()) {
      auto parameter = take_parameter(value);
      if (!parameter) return malformed("a part's Content-Disposition");
      if (parameter->name == "name") {
        if (std::exchange(has_name, true)) return malformed("a part has two names");
        head.name = lower(parameter->value);
      } else if (parameter->name == "filename") {
        if (std::exchange(has_file_name, true)) return malformed("a part has two file names");
        head.file_name = std::move(parameter->value);
      }
    }
  }
  if (head.name.empty()) return malformed("a part has no name");
  return head;
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  if (semicolon == std::string_view::npos ||
      !net::equal_ignoring_case(net::trim_blanks(content_type.substr(0, semicolon)), kFormType)) {
    return std::nullopt;
  }
  std::string_view rest = net::trim_blanks(content_type.substr(semicolon + 1));
  std::optional<std::string> boundary;
  while (!rest.empty()) {
    auto parameter = take_parameter(rest);
    if (!parameter) return std::nullopt;
    if (parameter->name != "boundary") continue;
    if (boundary) return std::nullopt;
    boundary = std::move(parameter->value);
  }
  const bool is_good = boundary && !boundary->empty() && boundary->size() <= 70 && !boundary->ends_with(' ') &&
                       std::ranges::all_of(*boundary, is_boundary_letter);
  return is_good ? boundary : std::nullopt;
}

std::optional<std::string_view> FormFields::get(std::string_view name) const {
  for (const auto& [one, value] : fields) {
    if (one == name) return value;
  }
  return std::nullopt;
}

// The line break stands before every delimiter but the first one of a body: so it is put there.
FormReader::FormReader(Source source, std::string_view boundary)
    : source_(std::move(source)), delimiter_("\r\n--" + std::string(boundary)), buffer_{'\r', '\n'}, end_(2) {}

Result<bool> FormReader::fill() {
  if (is_at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  // What is pending is bounded by what may stand before the file, and by a delimiter in it.
  if (buffer_.size() - end_ < kPieceBytes / 4) buffer_.resize(end_ + kPieceBytes);
  ATOLL_ASSIGN(const std::size_t count, source_(ByteSpan(buffer_).subspan(end_)));
  end_ += count;
  is_at_end_ = count == 0;
  return !is_at_end_;
}

Result<std::string> FormReader::take_until(std::string_view end) {
  std::size_t looked = 0;  // up to here there is no beginning of it
  while (true) {
    const std::size_t found = pending().find(end, looked);
    const std::size_t seen = found == std::string_view::npos ? pending().size() : found;
    if (taken_bytes_ + seen > kFormFieldsBytesMax) return fail(Code::MaxPostPreDataLengthExceeded);
    if (found != std::string_view::npos) {
      std::string out(pending().substr(0, found));
      begin_ += found + end.size();
      taken_bytes_ += found + end.size();
      return out;
    }
    looked = pending().size() - std::min(pending().size(), end.size() - 1);
    ATOLL_ASSIGN(const bool came, fill());
    if (!came) return malformed("it breaks off before the file");
  }
}

Result<bool> FormReader::begin_part() {
  ATOLL_ASSIGN(const std::string padding, take_until("\r\n"));
  if (padding.starts_with("--")) return false;
  if (padding.find_first_not_of(" \t") != std::string::npos) return malformed("a delimiter does not end its line");
  return true;
}

Result<FormFields> FormReader::read_fields() {
  ATOLL_INVARIANT(!is_in_file_, "fields are read once");
  FormFields form;
  ATOLL_ASSIGN(const std::string preamble, take_until(delimiter_));
  while (true) {
    // The last delimiter may be the body's last bytes, without a line break.
    while (pending().size() < 2) {
      ATOLL_ASSIGN(const bool came, fill());
      if (!came) break;
    }
    if (pending().starts_with("--")) return fail(Code::IncorrectNumberOfFilesInPostRequest);
    ATOLL_ASSIGN(const bool is_part, begin_part());
    if (!is_part) return fail(Code::IncorrectNumberOfFilesInPostRequest);
    ATOLL_ASSIGN(const std::string lines, take_until("\r\n\r\n"));
    ATOLL_ASSIGN(PartHead head, read_part_head(lines));
    if (head.name == "file") {
      form.file_name = head.file_name.substr(head.file_name.find_last_of("/\\") + 1);
      form.file_type = std::move(head.type);
      is_in_file_ = true;
      return form;
    }
    if (form.get(head.name)) return malformed("the field " + head.name.substr(0, 80) + " stands twice");
    if (form.fields.size() >= kFieldsMax) return malformed("it has too many fields");
    ATOLL_ASSIGN(std::string value, take_until(delimiter_));
    form.fields.emplace_back(std::move(head.name), std::move(value));
  }
}

Result<std::size_t> FormReader::read_file(ByteSpan out) {
  ATOLL_INVARIANT(is_in_file_ && !out.empty(), "a file is read after the fields");
  while (content_bytes_ == 0) {
    const std::size_t found = pending().find(delimiter_);
    if (found == 0) {
      ATOLL_TRY(check_delimiter_end());
      return std::size_t{0};
    }
    // Where none is found the end of what is there may still be the beginning of one.
    const std::size_t beginning = std::min(pending().size(), delimiter_.size() - 1);
    content_bytes_ = found != std::string_view::npos ? found : pending().size() - beginning;
    if (content_bytes_ > 0) break;
    ATOLL_ASSIGN(const bool came, fill());
    if (!came) return fail(Code::IncompleteBody, "The form breaks off in its file");
  }
  const std::size_t count = std::min(content_bytes_, out.size());
  std::memcpy(out.data(), pending().data(), count);
  begin_ += count;
  content_bytes_ -= count;
  return count;
}

// A file that holds what looks like its delimiter must not be stored cut short.
Result<void> FormReader::check_delimiter_end() {
  while (pending().size() < delimiter_.size() + 2) {
    ATOLL_ASSIGN(const bool came, fill());
    if (!came) return fail(Code::IncompleteBody, "The form breaks off behind its file");
  }
  const std::string_view behind = pending().substr(delimiter_.size(), 2);
  if (behind == "--" || behind == "\r\n" || behind.front() == ' ' || behind.front() == '\t') return {};
  return malformed("a delimiter does not end its line");
}

}  // namespace atl::s3
