// What this machine is called in its network, for telling people which address to open.
// Thread rules: any thread.
#pragma once

#include <string>
#include <vector>

namespace atl::platform {

// Addresses of interfaces that are up, as text, IPv4 first: neither loopback nor link-local. Empty where there is none,
// or nothing can be found out.
[[nodiscard]] std::vector<std::string> own_addresses();
// "" where it has none.
[[nodiscard]] std::string host_name();

}  // namespace atl::platform
