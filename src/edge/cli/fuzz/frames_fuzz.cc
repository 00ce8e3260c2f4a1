// What a server sends to a command, and the words that a command sends to a server, from foreign bytes: pieces change
// nothing, and words come back as they were.
#include <algorithm>

#include "edge/cli/served_command.h"
#include "foundation/base/bytes.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace): one program, one module

struct Taken {
  bool is_good = true;
  bool is_between = true;
  std::string frames;  // those that were whole, written again
};

Taken take(ByteView input, std::size_t step) {
  Taken taken;
  cli::FrameReader reader;
  for (std::size_t at = 0; at < input.size(); at += step) {
    const auto added = reader.add(input.subspan(at, std::min(step, input.size() - at)),
                                  [&](cli::FrameKind kind, std::string_view bytes) -> Result<void> {
                                    cli::append_frame(taken.frames, kind, bytes);
                                    return {};
                                  });
    if (!added) {
      taken.is_good = false;
      return taken;
    }
  }
  taken.is_between = reader.is_between_frames();
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView input(data + 1, size - 1);
  const Taken whole = take(input, input.size());
  const Taken parts = take(input, 1 + data[0] % 40);
  ATOLL_INVARIANT(whole.is_good == parts.is_good && whole.frames == parts.frames, "pieces change nothing");
  if (whole.is_good) {
    ATOLL_INVARIANT(as_text(input).starts_with(whole.frames), "frames are what came");
    ATOLL_INVARIANT(whole.is_between == (whole.frames.size() == input.size()), "nothing is passed over");
  }
  const auto words = cli::decode_words(as_text(input));
  if (words)
    ATOLL_INVARIANT(cli::decode_words(cli::encode_words(*words)).value() == *words, "words come back as they were");
  return 0;
}
