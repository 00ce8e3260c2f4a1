// Messages about files from foreign bytes: what is taken is written and taken again as the same, and its names and
// extents are what the code behind relies on.
#include "edge/remote/file_call.h"

namespace {

void check(const atl::remote::Answer& answer) {
  for (const auto& listing : answer.listings) {
    for (const auto& node : listing.nodes) {
      ATOLL_INVARIANT(!node.name.empty() && node.name.find('/') == std::string::npos && node.name != "..",
                      "a listed name is one");
    }
  }
  for (const auto& facts : answer.files) {
    std::uint64_t end = 0;
    for (const auto& extent : facts.extents) {
      ATOLL_INVARIANT(extent.offset >= end && extent.length > 0, "extents come in order");
      end = extent.offset + extent.length;
    }
    for (const auto& piece : facts.pieces)
      ATOLL_INVARIANT(piece.length > 0 && piece.length <= atl::remote::kContentBytesMax, "a chunk has a length");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const atl::ByteView bytes{data, size};
  if (const auto answer = atl::remote::decode_answer(bytes); answer) {
    check(*answer);
    const atl::Bytes once = encode(*answer);
    const auto again = atl::remote::decode_answer(once);
    ATOLL_INVARIANT(again.has_value() && encode(*again) == once, "an answer is read as it was written");
  }
  if (const auto call = atl::remote::decode_call(bytes); call) {
    const atl::Bytes once = encode(*call);
    const auto again = atl::remote::decode_call(once);
    ATOLL_INVARIANT(again.has_value() && encode(*again) == once, "a call is read as it was written");
  }
  std::size_t taken = 0;
  atl::ignore_error_on_purpose(
      atl::remote::for_each_answer(bytes, [&](std::uint64_t, atl::ByteView answer) { taken += answer.size() + 12; }));
  ATOLL_INVARIANT(taken <= size, "answers lie within what came");
  return 0;
}
