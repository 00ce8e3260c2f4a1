// Plans and printers' files, and books with covers: whatever stands in them, what is drawn has the size it says, and it
// ends.
#include <cstdlib>

#include "derived/render/internal/draw.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;  // NOLINT(google-build-using-namespace): a program of one file
  if (size == 0) return 0;
  constexpr std::array<std::string_view, 4> kFormats{"dxf", "gcode", "mobi", "fb2"};
  const extract::Format& format = extract::format_by_id(kFormats.at(data[0] % kFormats.size()));
  extract::BytesInput input(Bytes(data + 1, data + size));
  const render::Drawing drawing{input, "file", format};
  const auto picture = data[0] % kFormats.size() < 2 ? render::draw_lines(drawing) : render::draw_book(drawing);
  if (!picture) return 0;
  if (picture->width == 0 || picture->height == 0 ||
      picture->pixels.size() != std::size_t{4} * picture->width * picture->height) {
    std::abort();
  }
  return 0;
}
