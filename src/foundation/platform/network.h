// What this machine is called in its network, for telling people which address to open.
// Thread rules: any thread.
#pragma once

#include <string>
#include <vector>

#include "foundation/base/error.h"

namespace atl::platform {

// Addresses of interfaces that are up, as text, IPv4 first: neither loopback nor link-local. Empty where there is none;
// "network.no_addresses" (io) where the system does not tell.
[[nodiscard]] Result<std::vector<std::string>> own_addresses();
// "" where it has none.
[[nodiscard]] std::string host_name();

}  // namespace atl::platform
