// The listening end of a local (Unix domain) socket that belongs to its owner alone.
// Always true: nobody can connect before the socket's file has mode 0600. A file that a dead process left is replaced,
// one that answers is not. The file is removed with the object.
#pragma once

#include <string>

#include "foundation/base/error.h"

namespace atl::platform {

class LocalListener {
 public:
  // "socket.in_use" (conflict) where somebody listens there already; "socket.bad_path" (usage) where the path is longer
  // than the system allows (107 bytes) or names something that is no socket; else `io`.
  [[nodiscard]] static Result<LocalListener> open(const std::string& path, int backlog);
  LocalListener(LocalListener&& other) noexcept;
  LocalListener& operator=(LocalListener&& other) noexcept;
  LocalListener(const LocalListener&) = delete;
  LocalListener& operator=(const LocalListener&) = delete;
  ~LocalListener();

  [[nodiscard]] int file_descriptor() const { return descriptor_; }
  // Somebody else closes it from now on; the file is still removed with this object.
  void give_descriptor_away() { descriptor_ = -1; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LocalListener(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  void close();
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace atl::platform
