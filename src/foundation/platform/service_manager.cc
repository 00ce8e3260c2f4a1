#include "foundation/platform/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace atl::platform {
namespace {

tl::unexpected<Error> cannot_tell(const std::string& address, const std::string& why) {
  return fail(ErrorKind::io, "service.cannot_tell", "cannot tell the manager of services at " + address + ": " + why,
              "NOTIFY_SOCKET names where it listens; where Type=notify stands in the unit, systemd sets it.");
}

}  // namespace

Result<void> tell_service_manager(const std::string& address, std::string_view state) {
  if (address.empty()) return {};
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if ((address.front() != '/' && address.front() != '@') || address.size() >= sizeof(to.sun_path))
    return cannot_tell(address, "this is neither a path nor a name that begins with @");
  std::memcpy(to.sun_path, address.data(), address.size());
  if (address.front() == '@') to.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return cannot_tell(address, std::strerror(errno));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const ssize_t sent = ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&to), length);  // NOLINT(*-reinterpret-cast)
  const int failure = errno;
  ::close(descriptor);
  if (sent != static_cast<ssize_t>(state.size())) return cannot_tell(address, std::strerror(failure));
  return {};
}

}  // namespace atl::platform
