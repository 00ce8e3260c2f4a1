#include "foundation/platform/internal/posix_node.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#ifdef __linux__
#include <sys/xattr.h>
#endif

namespace atl::platform::host {
namespace {

constexpr std::size_t kListBytesMax = 64 * 1024;   // XATTR_LIST_MAX
constexpr std::size_t kValueBytesMax = 64 * 1024;  // XATTR_SIZE_MAX
constexpr int kRacesMax = 8;                       // attributes that grow between asking for a size and reading

std::string what_failed(std::string_view doing, std::string_view name, int error) {
  return "cannot " + std::string(doing) + " " + quoted(name) + ": " + std::generic_category().message(error);
}

bool is_unsupported(int error) { return error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS; }

// Labels that the machine's own security policy sets on every file; a target that refuses them lost nothing of the
// user's.
bool is_machine_label(std::string_view attribute) {
  return attribute.starts_with("security.") && attribute != "security.capability";
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool was_interrupted() { return errno == EINTR; }

Descriptor open_for_reading(int folder, const char* name, int flags) {
  const int common = flags | O_RDONLY | O_CLOEXEC | O_NOCTTY;
#ifdef O_NOATIME
  const int fd = retry_on_signal([&] { return ::openat(folder, name, common | O_NOATIME); });
  if (fd >= 0 || errno != EPERM) return Descriptor(fd);  // EPERM: the file is another user's
#endif
  return Descriptor(retry_on_signal([&] { return ::openat(folder, name, common); }));
}

std::string quoted(std::string_view name) {
  constexpr std::size_t kShownMax = 400;
  const bool is_text = is_utf8(name);
  std::string result = "\"";
  for (const char c : name.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text)) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned>(byte));
      result += escaped.data();
    } else {
      result += c;
    }
  }
  return result + (name.size() > kShownMax ? "...\"" : "\"");
}

Result<void> check_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::usage, "target.bad_name", quoted(name) + " cannot be the name of a file",
                "A name is not empty, not \".\" or \"..\", and holds neither '/' nor a zero byte.");
  }
  return {};
}

NodeInfo to_info(const struct stat& status) {
  NodeInfo info;
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR: info.kind = NodeKind::directory; break;
    case S_IFLNK: info.kind = NodeKind::symlink; break;
    case S_IFIFO: info.kind = NodeKind::fifo; break;
    case S_IFSOCK: info.kind = NodeKind::socket; break;
    case S_IFCHR: info.kind = NodeKind::char_device; break;
    case S_IFBLK: info.kind = NodeKind::block_device; break;
    default: info.kind = NodeKind::file; break;
  }
  info.mode = static_cast<std::uint32_t>(status.st_mode & 07777);
  info.uid = static_cast<std::uint32_t>(status.st_uid);
  info.gid = static_cast<std::uint32_t>(status.st_gid);
  info.size = static_cast<std::uint64_t>(status.st_size);
  info.allocated_bytes = static_cast<std::uint64_t>(status.st_blocks) * 512;  // POSIX: always in units of 512
#ifdef __APPLE__
  const timespec modified = status.st_mtimespec;
  const timespec changed = status.st_ctimespec;
#else
  const timespec modified = status.st_mtim;
  const timespec changed = status.st_ctim;
#endif
  info.modified = {static_cast<std::int64_t>(modified.tv_sec), static_cast<std::uint32_t>(modified.tv_nsec)};
  info.changed = {static_cast<std::int64_t>(changed.tv_sec), static_cast<std::uint32_t>(changed.tv_nsec)};
  info.device = static_cast<std::uint64_t>(status.st_dev);
  info.inode = static_cast<std::uint64_t>(status.st_ino);
  info.link_count = static_cast<std::uint64_t>(status.st_nlink);
  if (info.kind == NodeKind::char_device || info.kind == NodeKind::block_device) {
    info.device_number = static_cast<std::uint64_t>(status.st_rdev);
  }
  return info;
}

tl::unexpected<Error> source_error(std::string_view doing, std::string_view name, int error) {
  std::string message = what_failed(doing, name, error);
  switch (error) {
    case EACCES:
    case EPERM:
      return fail(ErrorKind::io, "source.unreadable", std::move(message),
                  "Run as a user who may read it, or leave it out with --exclude.", error);
    case ELOOP:
    case ENXIO:
      return fail(ErrorKind::conflict, "source.not_a_file", std::move(message),
                  "It was replaced meanwhile; run it again.", error);
    case ENOTDIR: return fail(ErrorKind::conflict, "source.not_a_folder", std::move(message), "Check the path.", error);
    case ENOENT:
    case ESTALE: return fail(ErrorKind::not_found, "source.vanished", std::move(message), "Check the path.", error);
    case EMFILE:
    case ENFILE:
      return fail(ErrorKind::limit, "source.too_many_open", std::move(message),
                  "Raise the limit of open files (ulimit -n).", error);
    default:
      return fail(ErrorKind::io, "source.read_failed", std::move(message),
                  error == EIO ? "The disk or its connection may be failing; see the system's log." : "", error);
  }
}

tl::unexpected<Error> target_error(std::string_view doing, std::string_view name, int error) {
  std::string message = what_failed(doing, name, error);
  switch (error) {
    case EEXIST:
    case ENOTEMPTY:
      return fail(ErrorKind::conflict, "target.exists", std::move(message), "Choose an empty folder or another name.",
                  error);
    case ENOTDIR:
    case ELOOP:
      return fail(ErrorKind::conflict, "target.not_a_folder", std::move(message),
                  "Something that is not a folder has this name; move it away.", error);
    case EISDIR:
      return fail(ErrorKind::conflict, "target.is_a_folder", std::move(message),
                  "A folder has this name; move it away.", error);
    case ENOENT:
    case ESTALE: return fail(ErrorKind::not_found, "target.missing", std::move(message), "", error);
    case ENOSPC:
    case EDQUOT:
      return fail(ErrorKind::no_space, "target.no_space", std::move(message),
                  "Make room there, or choose another place.", error);
    case EACCES:
    case EPERM:
    case EROFS:
      return fail(ErrorKind::io, "target.not_writable", std::move(message),
                  "Choose a place where you may write, or run as another user.", error);
    case EMFILE:
    case ENFILE:
    case EMLINK:
    case EFBIG:
    case ENAMETOOLONG:
      return fail(ErrorKind::limit, "target.limit", std::move(message), "The target's file system cannot hold this.",
                  error);
    default:
      if (is_unsupported(error) || error == EXDEV) {
        return fail(ErrorKind::unsupported, "target.unsupported", std::move(message),
                    "The target's file system cannot hold this.", error);
      }
      return fail(ErrorKind::io, "target.write_failed", std::move(message),
                  error == EIO ? "The disk or its connection may be failing; see the system's log." : "", error);
  }
}

NodeReference::NodeReference(int fd, std::string name, bool is_by_name)
    : fd_(fd), name_(std::move(name)), is_by_name_(is_by_name) {
#ifdef __linux__
  // The folder is reached through its open descriptor, so the path is short and no link on the way can lead elsewhere.
  if (is_by_name_) path_ = "/proc/self/fd/" + std::to_string(fd_) + "/" + name_;
#endif
}

#ifdef __linux__

long NodeReference::list_attributes(char* out, std::size_t size) const {
  return is_by_name_ ? ::llistxattr(path_.c_str(), out, size) : ::flistxattr(fd_, out, size);
}
long NodeReference::get_attribute(const char* attribute, void* out, std::size_t size) const {
  return is_by_name_ ? ::lgetxattr(path_.c_str(), attribute, out, size) : ::fgetxattr(fd_, attribute, out, size);
}
int NodeReference::set_attribute(const char* attribute, ByteView value) const {
  return is_by_name_ ? ::lsetxattr(path_.c_str(), attribute, value.data(), value.size(), 0)
                     : ::fsetxattr(fd_, attribute, value.data(), value.size(), 0);
}
int NodeReference::remove_attribute(const char* attribute) const {
  return is_by_name_ ? ::lremovexattr(path_.c_str(), attribute) : ::fremovexattr(fd_, attribute);
}

#else  // Elsewhere extended attributes are not kept: none are found, and setting one is reported as not applied.

long NodeReference::list_attributes(char* /*out*/, std::size_t /*size*/) const { return 0; }
long NodeReference::get_attribute(const char* /*attribute*/, void* /*out*/, std::size_t /*size*/) const {
  errno = ENOTSUP;
  return -1;
}
int NodeReference::set_attribute(const char* /*attribute*/, ByteView /*value*/) const {
  errno = ENOTSUP;
  return -1;
}
int NodeReference::remove_attribute(const char* /*attribute*/) const {
  errno = ENOTSUP;
  return -1;
}

#endif

int NodeReference::set_owner(std::uint32_t uid, std::uint32_t gid) const {
  return is_by_name_ ? ::fchownat(fd_, name_.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) : ::fchown(fd_, uid, gid);
}
int NodeReference::set_mode(std::uint32_t mode) const {
  return is_by_name_ ? ::fchmodat(fd_, name_.c_str(), static_cast<mode_t>(mode), AT_SYMLINK_NOFOLLOW)
                     : ::fchmod(fd_, static_cast<mode_t>(mode));
}
int NodeReference::set_modified(FileTime time) const {
  std::array<timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;  // access times are not kept
  times[1].tv_sec = static_cast<time_t>(time.seconds);
  times[1].tv_nsec = static_cast<long>(time.nanoseconds);
  return is_by_name_ ? ::utimensat(fd_, name_.c_str(), times.data(), AT_SYMLINK_NOFOLLOW)
                     : ::futimens(fd_, times.data());
}
int NodeReference::status(struct stat& out) const {
  return is_by_name_ ? ::fstatat(fd_, name_.c_str(), &out, AT_SYMLINK_NOFOLLOW) : ::fstat(fd_, &out);
}

Result<Bytes> NodeReference::attribute_value(const char* attribute, bool& is_gone) const {
  is_gone = false;
  std::array<std::uint8_t, 512> small{};
  long length = get_attribute(attribute, small.data(), small.size());
  if (length >= 0) return Bytes(small.begin(), small.begin() + length);
  if (errno == ERANGE) {
    Bytes value(kValueBytesMax);
    length = get_attribute(attribute, value.data(), value.size());
    if (length >= 0) {
      value.resize(static_cast<std::size_t>(length));
      value.shrink_to_fit();
      return value;
    }
  }
  if (errno == ENODATA) {
    is_gone = true;
    return Bytes{};
  }
  const int error = errno;
  return source_error("read the attribute " + std::string(attribute) + " of", name_, error);
}

Result<ExtendedAttributes> NodeReference::attributes() const {
  ExtendedAttributes result;
  std::array<char, 1024> small{};
  std::string list;
  std::string_view names;
  long length = list_attributes(small.data(), small.size());
  if (length == 0) return result;  // by far the most common: one system call
  if (length > 0) {
    names = {small.data(), static_cast<std::size_t>(length)};
  } else {
    for (int race = 0; length < 0 && errno == ERANGE && race < kRacesMax; ++race) {
      list.resize(kListBytesMax);
      length = list_attributes(list.data(), list.size());
    }
    if (length < 0) {
      if (is_unsupported(errno)) return result;
      const int error = errno;
      struct stat ignored {};
      // Without /proc (a bare chroot) nodes that cannot be opened show no attributes rather than fail one by one.
      if (is_by_name_ && (error == ENOENT || error == ENOTDIR) && status(ignored) == 0) return result;
      return source_error("list the attributes of", name_, error);
    }
    names = {list.data(), static_cast<std::size_t>(length)};
  }
  while (!names.empty()) {
    const std::string attribute(names.substr(0, names.find('\0')));
    names.remove_prefix(std::min(names.size(), attribute.size() + 1));
    bool is_gone = false;
    ATOLL_ASSIGN(Bytes value, attribute_value(attribute.c_str(), is_gone));
    if (!is_gone) result.emplace_back(attribute, std::move(value));
  }
  std::sort(result.begin(), result.end());
  return result;
}

Result<std::vector<std::string>> NodeReference::apply(const NodeInfo& info,
                                                      const ExtendedAttributes& attributes) const {
  std::vector<std::string> refused;
  // A dying disk or a vanished node is a failure; that the system or the file system says no is an answer.
  const auto is_failure = [](int error) {
    return error == EIO || error == ENOENT || error == ESTALE || error == EBADF;
  };

  // 1. Owner: a change of owner clears set-id bits and capabilities, so it comes before both.
  constexpr auto kNobody = static_cast<std::uint32_t>(-1);  // for chown it means "leave as it is", so it owns nothing
  const bool is_whole = info.uid != kNobody && info.gid != kNobody;
  const bool has_owner = is_whole && set_owner(info.uid, info.gid) == 0;
  bool has_group = has_owner;
  if (!has_owner) {
    if (is_whole && is_failure(errno)) return target_error("set the owner of", name_, errno);
    has_group = info.gid != kNobody && set_owner(kNobody, info.gid) == 0;
    refused.emplace_back("owner");
  }

  // 2. Attributes: an access list changes the mode's group bits, so it comes before the mode.
  bool has_access_list = false;
  bool has_default_list = false;
  for (const auto& [attribute, value] : attributes) {
    has_access_list |= attribute == "system.posix_acl_access";
    has_default_list |= attribute == "system.posix_acl_default";
    const bool is_name = !attribute.empty() && attribute.find('\0') == std::string::npos;
    if (is_name && set_attribute(attribute.c_str(), value) == 0) continue;
    if (is_name && is_failure(errno) && errno != ENOENT) return target_error("set attributes of", name_, errno);
    if (!is_machine_label(attribute)) refused.push_back("xattr " + attribute);
  }
  if (info.kind != NodeKind::symlink) {  // lists inherited from the target's folder were not the file's own
    if (!has_access_list) static_cast<void>(remove_attribute("system.posix_acl_access"));
    if (!has_default_list && info.kind == NodeKind::directory) {
      static_cast<void>(remove_attribute("system.posix_acl_default"));
    }
  }

  // 3. Mode. A program that was to run as its owner must not run as whoever restored it.
  if (info.kind != NodeKind::symlink) {
    std::uint32_t mode = info.mode & 07777;
    if (info.kind != NodeKind::directory) {
      if (!has_owner) mode &= ~std::uint32_t{S_ISUID};
      if (!has_group) mode &= ~std::uint32_t{S_ISGID};
    }
    bool has_mode = set_mode(mode) == 0;
    if (!has_mode && is_failure(errno)) return target_error("set the mode of", name_, errno);
    if (has_mode && (mode & 07000) != 0) {  // the system drops set-group-id silently for a group that is not ours
      struct stat now {};
      has_mode = status(now) == 0 && (now.st_mode & 07777) == mode;
    }
    if (!has_mode || mode != (info.mode & 07777)) refused.emplace_back("mode");
  }

  // 4. Time, which everything before may have moved.
  if (set_modified(info.modified) != 0) {
    if (is_failure(errno)) return target_error("set the time of", name_, errno);
    refused.emplace_back("times");
  }
  return refused;
}

}  // namespace atl::platform::host
