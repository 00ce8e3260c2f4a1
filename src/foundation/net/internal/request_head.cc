#include "foundation/net/internal/request_head.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "foundation/net/internal/characters.h"

namespace atl::net {

namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using boost::beast::string_view;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

// Writes what Beast finds into our own types, without its containers in between.
class HeadParser final : public http::basic_parser<true> {
 public:
  HeadParser(RequestHead& head, std::size_t fields_max) : head_(head), fields_max_(fields_max) {}
  int version = 0;
  bool has_too_many_fields = false;

 private:
  // NOLINTBEGIN(readability-identifier-naming)
  void on_request_impl(http::verb /*verb*/, string_view method, string_view target, int found_version,
                       ErrorCode& error) override {
    head_.method = method;
    head_.target = target;
    version = found_version;
    error = {};
  }
  void on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/, ErrorCode& error) override {
    error = {};
  }
  void on_field_impl(http::field /*field*/, string_view name, string_view value, ErrorCode& error) override {
    if (head_.headers.size() >= fields_max_) {
      has_too_many_fields = true;
      error = http::make_error_code(http::error::header_limit);
      return;
    }
    head_.headers.add(std::string(view(name)), std::string(view(value)));
    error = {};
  }
  void on_header_impl(ErrorCode& error) override { error = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, ErrorCode& error) override { error = {}; }
  std::size_t on_body_impl(string_view /*body*/, ErrorCode& error) override {
    error = {};
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/, ErrorCode& error) override {
    error = {};
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view /*body*/, ErrorCode& error) override {
    error = {};
    return 0;
  }
  void on_finish_impl(ErrorCode& error) override { error = {}; }
  // NOLINTEND(readability-identifier-naming)

  RequestHead& head_;
  std::size_t fields_max_;
};

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

Refusal bad(std::string text) { return {400, std::move(text)}; }

std::optional<Refusal> read_framing(RequestHead& head) {
  const auto codings = head.headers.all("Transfer-Encoding");
  const auto lengths = head.headers.all("Content-Length");
  if (!codings.empty()) {
    if (!lengths.empty()) return bad("Both Content-Length and Transfer-Encoding: the end of the body is ambiguous.");
    if (head.version < 11) return bad("Transfer-Encoding is not part of HTTP/1.0.");
    if (codings.size() > 1) return bad("More than one Transfer-Encoding field.");
    if (!equal_ignoring_case(codings[0], "chunked")) {
      return Refusal{501, "Of the transfer codings only \"chunked\" is known here."};
    }
    head.is_chunked = true;
    return std::nullopt;
  }
  if (lengths.empty()) return std::nullopt;
  if (lengths.size() > 1) return bad("More than one Content-Length field.");
  const auto digits = lengths[0];
  // 18 digits: no content is longer, and no sum with it overflows.
  if (digits.empty() || digits.size() > 18 ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return bad("Content-Length is not a number of bytes.");
  }
  std::uint64_t length = 0;
  for (const char digit : digits) length = length * 10 + static_cast<std::uint64_t>(digit - '0');
  head.content_length = length;
  return std::nullopt;
}

bool is_host(std::string_view host) {
  return std::none_of(host.begin(), host.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || std::string_view("/?#@\\,\"<>").find(c) != std::string_view::npos;
  });
}

std::optional<Refusal> normalise_target(RequestHead& head) {
  auto& target = head.target;
  if (target.find('#') != std::string::npos) return bad("A request target has no fragment ('#').");
  if (head.method == "CONNECT") return Refusal{501, "This server is not a proxy."};
  if (target == "*") {
    if (head.method == "OPTIONS") return std::nullopt;
    return bad("The target \"*\" belongs to OPTIONS.");
  }
  if (target[0] == '/') return std::nullopt;
  std::size_t begin = 0;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equal_ignoring_case(std::string_view(target).substr(0, scheme.size()), scheme)) begin = scheme.size();
  }
  if (begin == 0) return bad("The request target is neither a path nor an absolute URI.");
  const auto end = std::min(target.find_first_of("/?", begin), target.size());
  const auto authority = target.substr(begin, end - begin);
  if (authority.empty() || !is_host(authority)) return bad("The request target names no valid host.");
  // RFC 9112 section 3.2.2: what the target names counts, not the Host field.
  head.headers.set("Host", authority);
  target.erase(0, end);
  if (target.empty() || target[0] == '?') target.insert(target.begin(), '/');
  return std::nullopt;
}

}  // namespace

HeadScanner::Found HeadScanner::scan(std::string_view bytes) {
  const auto refuse = [](Refusal refusal) { return Found{std::nullopt, std::move(refusal)}; };
  if (at_ == 0 && !bytes.empty() && !is_token_char(bytes[0])) {
    const bool is_tls = bytes[0] == 0x16;
    return refuse(bad(is_tls ? "This port speaks plain HTTP, not TLS." : "This is not an HTTP request."));
  }
  while (true) {
    const auto* begin = bytes.data() + at_;
    const auto* feed = static_cast<const char*>(std::memchr(begin, '\n', bytes.size() - at_));
    if (feed == nullptr) {
      at_ = bytes.size();
      if (bytes.size() >= limits_.bytes_max) {
        if (line_begin_ == 0) return refuse({414, "The request target is too long."});
        return refuse({431, "The header fields are too long."});
      }
      return {};
    }
    const auto line_end = static_cast<std::size_t>(feed - bytes.data());
    if (line_end >= limits_.bytes_max) {
      if (line_begin_ == 0) return refuse({414, "The request target is too long."});
      return refuse({431, "The header fields are too long."});
    }
    const auto line = bytes.substr(line_begin_, line_end - line_begin_);
    if (line.empty() || line.back() != '\r') return refuse(bad("A line ends with a line feed alone."));
    const auto text = line.substr(0, line.size() - 1);
    if (!text.empty() && line_begin_ > 0 && (text[0] == ' ' || text[0] == '\t')) {
      return refuse(bad("A header field goes on in the next line, which is obsolete."));
    }
    if (has_any(text, Refused::anywhere)) return refuse(bad("Control characters in the header."));
    at_ = line_begin_ = line_end + 1;
    if (text.empty()) return {line_end + 1, std::nullopt};
  }
}

std::optional<Refusal> parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
  HeadParser parser(head, limits.fields_max);
  parser.header_limit(static_cast<std::uint32_t>(limits.bytes_max + 2));
  parser.body_limit(boost::none);
  ErrorCode error;
  head.headers.reserve(16);
  const auto used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (parser.has_too_many_fields) return Refusal{431, "Too many header fields."};
  if (error == http::error::header_limit) return Refusal{431, "The header fields are too long."};
  if (error == http::error::bad_version) {
    // A version that has the form of one is told apart from what is no request line at all.
    const auto line = bytes.substr(0, bytes.find('\r'));
    const auto at = line.rfind(" HTTP/");
    const auto version = at == std::string_view::npos ? std::string_view() : line.substr(at + 6);
    if (version.size() == 3 && version[1] == '.' && version != "1.0" && version != "1.1") {
      return Refusal{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
    }
    return bad("This is not an HTTP request.");
  }
  if (error == http::error::bad_content_length) return bad("Content-Length is not a number of bytes.");
  if (error == http::error::multiple_content_length) return bad("More than one Content-Length field.");
  if (error == http::error::bad_transfer_encoding) {
    return bad("Both Content-Length and Transfer-Encoding: the end of the body is ambiguous.");
  }
  if (error || used != bytes.size()) {
    return bad("The request is malformed" + (error ? ": " + error.message() : std::string()) + ".");
  }
  if (parser.version < 10) return Refusal{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  if (parser.version >= 20) return Refusal{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  head.version = parser.version == 10 ? 10 : 11;
  if (auto refusal = read_framing(head)) return refusal;
  const auto hosts = head.headers.all("Host");
  if (hosts.size() > 1) return bad("More than one Host field.");
  if (hosts.empty() && head.version >= 11) return bad("A request without a Host field.");
  if (!hosts.empty() && !is_host(hosts[0])) return bad("The Host field names no valid host.");
  // A proxy may have looked at the other one.
  if (head.headers.all("Authorization").size() > 1) return bad("More than one Authorization field.");
  if (auto refusal = normalise_target(head)) return refusal;
  if (const auto expectation = head.headers.joined("Expect")) {
    if (!equal_ignoring_case(*expectation, "100-continue"))
      return Refusal{417, "Of expectations only 100-continue is known."};
    // HTTP/1.0 knows no interim answers (RFC 9110 section 10.1.1).
    head.expects_continue = head.version >= 11 && (head.is_chunked || head.content_length.value_or(0) > 0);
  }
  head.keeps_alive = head.version >= 11 ? !head.headers.has_token("Connection", "close")
                                        : head.headers.has_token("Connection", "keep-alive");
  return std::nullopt;
}

bool parse_trailers(std::string_view bytes, const HeadLimits& limits, Headers& trailers) {
  // The same grammar as header fields, so the same reader, behind a request line that is always good.
  const auto text = "GET / HTTP/1.1\r\n" + std::string(bytes);
  HeadScanner scanner(limits);
  const auto found = scanner.scan(text);
  if (!found.end || *found.end != text.size()) return false;
  RequestHead head;
  HeadParser parser(head, limits.fields_max);
  parser.header_limit(static_cast<std::uint32_t>(limits.bytes_max + 2));
  parser.body_limit(boost::none);
  ErrorCode error;
  const auto used = parser.put(boost::asio::const_buffer(text.data(), text.size()), error);
  if (error || used != text.size()) return false;
  for (const std::string_view name : {"Content-Length", "Transfer-Encoding", "Host", "Trailer", "Authorization"}) {
    if (head.headers.has(name)) return false;
  }
  trailers = std::move(head.headers);
  return true;
}

}  // namespace atl::net
