// A machine with two disks in memory: everything below /copy lies on the second one, which can be unplugged, filled or
// lose power by itself.
// Thread rules: as MemoryFileSystem; replacing a disk is the test's to serialise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foundation/platform/testing/test_machine.h"

namespace atl::backup::testing {

class TwoDisks final : public platform::FileSystem {
 public:
  TwoDisks() : first(std::make_unique<platform::MemoryFileSystem>()), second(first_of_copy()) {}
  std::unique_ptr<platform::MemoryFileSystem> first;
  std::unique_ptr<platform::MemoryFileSystem> second;
  // Unplugged: an empty mount point of the first disk is seen instead.
  bool is_mounted = true;

  [[nodiscard]] Result<std::unique_ptr<platform::File>> open(const std::string& path,
                                                             platform::OpenMode mode) override {
    return of(path).open(path, mode);
  }
  [[nodiscard]] Result<bool> create_directory(const std::string& path) override {
    return of(path).create_directory(path);
  }
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override {
    return of(from).rename(from, to);
  }
  [[nodiscard]] Result<bool> remove_file(const std::string& path) override { return of(path).remove_file(path); }
  [[nodiscard]] Result<bool> remove_directory(const std::string& path) override {
    return of(path).remove_directory(path);
  }
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override { return of(path).sync_directory(path); }
  [[nodiscard]] Result<std::vector<platform::DirectoryEntry>> list(const std::string& path) override {
    return of(path).list(path);
  }
  [[nodiscard]] Result<std::optional<platform::FileInfo>> stat(const std::string& path) override {
    return of(path).stat(path);
  }
  [[nodiscard]] Result<platform::SpaceInfo> space(const std::string& path) override { return of(path).space(path); }
  [[nodiscard]] Result<std::unique_ptr<platform::FileLock>> lock(const std::string& path,
                                                                 platform::LockMode mode) override {
    return of(path).lock(path, mode);
  }

 private:
  static std::unique_ptr<platform::MemoryFileSystem> first_of_copy() {
    auto disk = std::make_unique<platform::MemoryFileSystem>();
    ignore_error_on_purpose(disk->create_directory("/copy"));
    ignore_error_on_purpose(disk->sync_directory("/"));
    return disk;
  }
  [[nodiscard]] platform::MemoryFileSystem& of(const std::string& path) const {
    return is_mounted && (path == "/copy" || path.starts_with("/copy/")) ? *second : *first;
  }
};

// A machine over them. Threads run at once and to their end, so that a seed gives the same run again.
struct World {
  explicit World(std::uint64_t seed) : random(seed) {}
  TwoDisks files;
  platform::ManualClock clock;
  platform::SeededRandom random;
  platform::InlineThreads threads;
  [[nodiscard]] platform::Machine machine() { return {files, clock, random, threads}; }
};

}  // namespace atl::backup::testing
