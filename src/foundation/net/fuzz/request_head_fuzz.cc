// Any bytes as a request's head, whole and in pieces, and as a chunked body: pieces change nothing, and what is taken
// keeps the promises of http_message.h.
#include <algorithm>
#include <cstdlib>

#include "foundation/net/internal/chunked.h"
#include "foundation/net/internal/request_head.h"

namespace {

using namespace atl::net;  // NOLINT(google-build-using-namespace): one program, one module

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr HeadLimits kLimits{.bytes_max = 2000, .fields_max = 20};

void check_head(std::string_view text, std::size_t step) {
  HeadScanner whole(kLimits);
  const auto at_once = whole.scan(text);
  HeadScanner parts(kLimits);
  HeadScanner::Found found;
  for (std::size_t end = step; !found.end && !found.refusal; end += step) {
    found = parts.scan(text.substr(0, end));
    if (end >= text.size()) break;
  }
  require(found.end == at_once.end);
  require(found.refusal.has_value() == at_once.refusal.has_value());
  if (!at_once.end) return;
  RequestHead head;
  if (parse_head(text.substr(0, *at_once.end), kLimits, head)) return;
  require(!head.method.empty() && !head.target.empty());
  require(head.target[0] == '/' || (head.target == "*" && head.method == "OPTIONS"));
  require(!(head.is_chunked && head.content_length));
  require(head.headers.size() <= kLimits.fields_max + 1);
  require(head.version == 10 || head.headers.all("Host").size() == 1);
  const auto is_bad = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
  require(std::none_of(head.target.begin(), head.target.end(), is_bad));
  for (const auto& field : head.headers) {
    require(!field.name.empty() && std::none_of(field.value.begin(), field.value.end(), is_bad));
  }
}

struct Decoded {
  bool is_good = true;
  bool is_done = false;
  atl::Bytes content;
  std::size_t consumed = 0;
};

Decoded decode(atl::ByteView input, std::size_t step, std::size_t room) {
  Decoded decoded;
  ChunkedDecoder decoder;
  atl::Bytes out(room);
  std::size_t end = 0;
  while (!decoder.is_done()) {
    const auto taken = decoder.decode(input.subspan(decoded.consumed, end - decoded.consumed), out);
    if (!taken) {
      decoded.is_good = false;
      return decoded;
    }
    decoded.consumed += taken->consumed;
    decoded.content.insert(decoded.content.end(), out.begin(),
                           out.begin() + static_cast<std::ptrdiff_t>(taken->produced));
    if (taken->consumed == 0) {
      if (end == input.size()) break;
      end = std::min(end + step, input.size());
    }
  }
  decoded.is_done = decoder.is_done();
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1 + data[0] % 50;
  const atl::ByteView input(data + 1, size - 1);
  check_head(atl::as_text(input), step);
  check_head("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(atl::as_text(input)), step);
  const auto at_once = decode(input, input.size(), input.size());
  const auto parts = decode(input, step, 1 + data[0] / 50);
  require(at_once.is_good == parts.is_good && at_once.is_done == parts.is_done);
  if (at_once.is_good) require(at_once.consumed == parts.consumed && at_once.content == parts.content);
  return 0;
}
