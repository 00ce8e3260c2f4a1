#include "foundation/platform/network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace atl::platform {

Result<std::vector<std::string>> own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return fail(ErrorKind::io, "network.no_addresses",
                std::string("the system does not tell which addresses this machine has: ") + std::strerror(errno),
                "In a unit of systemd, RestrictAddressFamilies has to allow AF_NETLINK.");
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> held(first, &::freeifaddrs);
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (at->ifa_addr->sa_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, at->ifa_addr, sizeof(address));
      if (::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) != nullptr) v4.emplace_back(text.data());
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, at->ifa_addr, sizeof(address));
      if (IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr)) continue;
      if (::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size()) != nullptr) v6.emplace_back(text.data());
    }
  }
  std::erase_if(v4, [](const std::string& one) { return one.starts_with("169.254."); });
  v4.insert(v4.end(), v6.begin(), v6.end());
  return v4;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace atl::platform
