#include "edge/s3/uri_encoding.h"

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string uri_encode(std::string_view text, Slash slash) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::kept)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

Result<std::string> uri_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '%') {
      const int high = at + 2 < text.size() ? digit_of(text[at + 1]) : -1;
      const int low = high >= 0 ? digit_of(text[at + 2]) : -1;
      if (low < 0) return fail(Code::InvalidURI, "a % in the address is not followed by two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else if (c == '+' && plus == Plus::is_space) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out;
}

Result<Parameters> parse_parameters(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view one = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    ATOLL_ASSIGN(std::string name, uri_decode(one.substr(0, equals), Plus::is_space));
    std::string value;
    if (equals != std::string_view::npos) {
      ATOLL_ASSIGN(value, uri_decode(one.substr(equals + 1), Plus::is_space));
    }
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

Target split_target(std::string_view target) {
  const std::size_t at = target.find('?');
  if (at == std::string_view::npos) return {target, {}};
  return {target.substr(0, at), target.substr(at + 1)};
}

}  // namespace atl::s3
