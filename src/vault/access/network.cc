#include "vault/access/network.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace atl::access {
namespace {

// 16 bytes; IPv4 as ::ffff:a.b.c.d.
std::optional<std::array<std::uint8_t, 16>> address_bytes(std::string_view text) {
  const std::string address(text);
  std::array<std::uint8_t, 16> out{};
  if (::inet_pton(AF_INET6, address.c_str(), out.data()) == 1) return out;
  out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (::inet_pton(AF_INET, address.c_str(), out.data() + 12) == 1) return out;
  return std::nullopt;
}

}  // namespace

bool is_in_network(std::string_view address, std::string_view network) {
  const std::size_t slash = network.find('/');
  const std::string_view base = network.substr(0, slash);
  const auto wanted = address_bytes(base);
  const auto given = address_bytes(address);
  if (!wanted || !given) return false;
  const bool is_v4 = base.find(':') == std::string_view::npos;
  const unsigned most = is_v4 ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = network.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || bits > most) return false;
  }
  bits += 128 - most;
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % 8);
    if (((wanted->at(i / 8) ^ given->at(i / 8)) & mask) != 0) return false;
  }
  return true;
}

bool is_address(std::string_view text) { return address_bytes(text).has_value(); }

}  // namespace atl::access
