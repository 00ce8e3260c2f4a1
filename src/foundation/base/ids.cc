#include "foundation/base/ids.h"

namespace atl::detail {

std::string uuid_text(const std::array<std::uint8_t, 16>& bytes) {
  const std::string hex = to_hex(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

Result<std::array<std::uint8_t, 16>> uuid_parse(std::string_view text) {
  const auto malformed = [&] {
    return fail(ErrorKind::usage, "id.malformed", "not an id: " + std::string(text.substr(0, 64)));
  };
  if (text.size() != 36) return malformed();
  std::string hex;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return malformed();
    if (!dash) hex.push_back(text[i]);
  }
  const auto bytes = from_hex(hex);
  if (!bytes) return malformed();
  std::array<std::uint8_t, 16> id{};
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

std::array<std::uint8_t, 16> uuid_v7(std::uint64_t unix_ms, std::span<const std::uint8_t, 10> random) {
  std::array<std::uint8_t, 16> id{};
  for (int i = 0; i < 6; ++i) id[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  std::copy(random.begin(), random.end(), id.begin() + 6);
  id[6] = static_cast<std::uint8_t>(0x70 | (id[6] & 0x0F));
  id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3F));
  return id;
}

}  // namespace atl::detail
