// A temporary folder of this machine with a host tree over it, for tests that need the real thing.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "foundation/platform/host_tree.h"

namespace atl::platform::testing {

inline bool is_root() { return ::geteuid() == 0; }

inline std::string text_of(const Error& error) { return error.id + ": " + error.message; }

// Unwraps a Result or fails the test with its message.
template <class T>
T take(Result<T> result) {
  if (!result) throw std::runtime_error(text_of(result.error()));
  return std::move(*result);
}
inline void take(const Result<void>& result) {
  if (!result) throw std::runtime_error(text_of(result.error()));
}
template <class T>
Error error_of(const Result<T>& result) {
  if (result) throw std::runtime_error("succeeded, and should not have");
  return result.error();
}

class HostTreeFixture : public ::testing::Test {
 protected:
  explicit HostTreeFixture(std::filesystem::path parent = std::filesystem::temp_directory_path())
      : parent_(std::move(parent)) {}
  void SetUp() override {
    std::string pattern = (parent_ / "atoll-host-tree-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    tree_ = make_posix_host_tree();
  }
  void TearDown() override {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             root_, std::filesystem::directory_options::skip_permission_denied)) {
      if (entry.is_directory() && !entry.is_symlink()) ::chmod(entry.path().c_str(), 0700);
    }
    std::filesystem::remove_all(root_);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return root_ + "/" + name; }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream out(path(name), std::ios::binary);
    out << content;
    ASSERT_TRUE(out.good()) << name;
  }
  [[nodiscard]] std::string content_of(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] struct stat status_of(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(::lstat(path(name).c_str(), &status), 0) << name;
    return status;
  }
  std::unique_ptr<SourceDirectory> source() { return take(tree_->open_source(root_)); }
  std::unique_ptr<TargetDirectory> target() { return take(tree_->open_target(root_)); }
  // Node facts of somebody who may apply all of them.
  static NodeInfo own(NodeKind kind, std::uint32_t mode) {
    NodeInfo info;
    info.kind = kind;
    info.mode = mode;
    info.uid = ::geteuid();
    info.gid = ::getegid();
    info.modified = {1'234'567'890, 123'456'789};
    return info;
  }
  std::filesystem::path parent_;
  std::string root_;
  std::unique_ptr<HostTree> tree_;
};

}  // namespace atl::platform::testing
