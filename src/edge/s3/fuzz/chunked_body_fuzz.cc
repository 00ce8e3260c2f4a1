// The chunk decoder on foreign bytes, in pieces of any size: bounded, never more than was announced, and the same
// whatever the pieces.
#include <algorithm>
#include <optional>

#include "edge/s3/chunked_body.h"

using namespace atl;      // NOLINT(google-build-using-namespace)
using namespace atl::s3;  // NOLINT(google-build-using-namespace)

namespace {

std::optional<std::string> decode(ByteView sent, std::size_t piece, const ChunkedBody::Settings& settings) {
  ChunkedBody body(
      [&](ByteSpan out) -> Result<std::size_t> {
        const std::size_t count = std::min({out.size(), sent.size(), piece});
        std::copy_n(sent.data(), count, out.data());
        sent = sent.subspan(count);
        return count;
      },
      settings);
  std::string data;
  Bytes out(1000);
  while (true) {
    const auto count = body.read(out);
    if (!count) return std::nullopt;
    if (*count == 0) return data;
    data.append(as_text(ByteView(out).first(*count)));
    ATOLL_INVARIANT(data.size() <= settings.decoded_bytes, "no more than was announced");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  ChunkedBody::Settings settings;
  settings.claim.payload = static_cast<PayloadKind>(2 + data[0] % 3);
  settings.decoded_bytes = data[1];
  if (settings.claim.payload != PayloadKind::signed_chunks) settings.trailer_names = {"x-amz-checksum-crc32"};
  const ByteView sent(data + 2, size - 2);
  ATOLL_INVARIANT(decode(sent, 1, settings) == decode(sent, 70'000, settings), "pieces make no difference");
  return 0;
}
