// What the reading and the writing side of the POSIX host tree share: descriptors, names, stat, errors, attributes.
// Always true: no call here follows a symbolic link in its last component; a Descriptor is closed exactly once.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/platform/host_tree.h"

namespace atl::platform::host {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

[[nodiscard]] bool was_interrupted();  // errno == EINTR

// Calls again while a signal interrupts.
template <class Call>
auto retry_on_signal(const Call& call) -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result != -1 || !was_interrupted()) return result;
  }
}
// Reading: with O_NOATIME where the system lets us.
[[nodiscard]] Descriptor open_for_reading(int folder, const char* name, int flags);

[[nodiscard]] Result<void> check_name(std::string_view name);
[[nodiscard]] NodeInfo to_info(const struct stat& status);

// `doing` completes "cannot ...": "cannot open "a.txt": Permission denied".
[[nodiscard]] tl::unexpected<Error> source_error(std::string_view doing, std::string_view name, int error);
[[nodiscard]] tl::unexpected<Error> target_error(std::string_view doing, std::string_view name, int error);
[[nodiscard]] std::string quoted(std::string_view name);  // printable on a terminal whatever its bytes

// The node behind an open descriptor, or one by its name in an open folder. `name` stands in error messages.
class NodeReference {
 public:
  static NodeReference open(int fd, std::string_view name) { return {fd, std::string(name), false}; }
  static NodeReference in(int folder, std::string_view name) { return {folder, std::string(name), true}; }

  [[nodiscard]] Result<ExtendedAttributes> attributes() const;
  // Owner, attributes, mode, times, in this order; see TargetFile::apply.
  [[nodiscard]] Result<std::vector<std::string>> apply(const NodeInfo& info,
                                                       const ExtendedAttributes& attributes) const;

 private:
  NodeReference(int fd, std::string name, bool is_by_name);
  [[nodiscard]] long list_attributes(char* out, std::size_t size) const;
  [[nodiscard]] long get_attribute(const char* attribute, void* out, std::size_t size) const;
  [[nodiscard]] int set_attribute(const char* attribute, ByteView value) const;
  [[nodiscard]] int remove_attribute(const char* attribute) const;
  [[nodiscard]] int set_owner(std::uint32_t uid, std::uint32_t gid) const;
  [[nodiscard]] int set_mode(std::uint32_t mode) const;
  [[nodiscard]] int set_modified(FileTime time) const;
  [[nodiscard]] int status(struct stat& out) const;
  [[nodiscard]] Result<Bytes> attribute_value(const char* attribute, bool& is_gone) const;

  int fd_;
  std::string name_;
  bool is_by_name_;
  std::string path_;  // through /proc, where attributes of what cannot be opened are reached; empty for open nodes
};

[[nodiscard]] Result<std::unique_ptr<SourceDirectory>> make_source_directory(Descriptor folder, std::string name);
[[nodiscard]] std::unique_ptr<TargetDirectory> make_target_directory(Descriptor folder, std::string name);

}  // namespace atl::platform::host
