#include "foundation/platform/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace atl::platform {

namespace {

tl::unexpected<Error> socket_error(int os_error, const std::string& action, const std::string& path) {
  return fail(ErrorKind::io, "socket.failed",
              "cannot " + action + " the local socket '" + path + "': " + std::strerror(os_error), {}, os_error);
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }  // NOLINT

}  // namespace

Result<LocalListener> LocalListener::open(const std::string& path, int backlog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path) || path.find('\0') != std::string::npos) {
    return fail(ErrorKind::usage, "socket.bad_path",
                "a local socket cannot lie at '" + path + "': its path has " + std::to_string(path.size()) +
                    " bytes, at most " + std::to_string(sizeof(address.sun_path) - 1) + " are possible");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  LocalListener listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), std::string());
  if (listener.descriptor_ < 0) return socket_error(errno, "make", path);
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) {
      return fail(ErrorKind::usage, "socket.bad_path", "'" + path + "' is there already and is no socket");
    }
    const LocalListener probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), std::string());
    if (probe.descriptor_ < 0) return socket_error(errno, "make", path);
    if (::connect(probe.descriptor_, generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
      return fail(ErrorKind::conflict, "socket.in_use", "another process listens at '" + path + "' already");
    }
    if (errno != ECONNREFUSED) return socket_error(errno, "look at", path);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return socket_error(errno, "replace", path);
  }
  if (::bind(listener.descriptor_, generic(address), sizeof(address)) != 0) return socket_error(errno, "make", path);
  listener.path_ = path;
  // Connections are refused until listen(), so that the mode is right before anybody can get in.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return socket_error(errno, "protect", path);
  if (::listen(listener.descriptor_, backlog) != 0) return socket_error(errno, "listen at", path);
  return listener;
}

LocalListener::LocalListener(LocalListener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::exchange(other.path_, std::string())) {}

LocalListener& LocalListener::operator=(LocalListener&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    path_ = std::exchange(other.path_, std::string());
  }
  return *this;
}

LocalListener::~LocalListener() { close(); }

void LocalListener::close() {
  if (!path_.empty()) ::unlink(path_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  path_.clear();
}

}  // namespace atl::platform
