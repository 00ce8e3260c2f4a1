// Addresses and networks, as settings and policies write them.
// Always true: what cannot be read is in no network.
#pragma once

#include <string_view>

namespace atl::access {

// True where `address` is `network` ("10.0.0.7") or lies in it ("10.0.0.0/8", "fd00::/8"). False for what is neither.
[[nodiscard]] bool is_in_network(std::string_view address, std::string_view network);
// "192.0.2.7", "2001:db8::1".
[[nodiscard]] bool is_address(std::string_view text);

}  // namespace atl::access
