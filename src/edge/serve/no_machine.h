// A machine on which nothing can be named: for commands that come from another machine, whose paths mean nothing here.
// Always true: every call fails with `denied` "command.path_of_server"; clock, randomness and threads are the server's.
#pragma once

#include "foundation/platform/file_watcher.h"
#include "foundation/platform/host_tree.h"
#include "foundation/platform/machine.h"
#include "foundation/platform/programs.h"

namespace atl::serve {

class NoFiles : public platform::FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::OpenMode mode) override;
  [[nodiscard]] Result<bool> create_directory(const std::string& path) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<bool> remove_file(const std::string& path) override;
  [[nodiscard]] Result<bool> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] Result<std::vector<platform::DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<std::optional<platform::FileInfo>> stat(const std::string& path) override;
  [[nodiscard]] Result<platform::SpaceInfo> space(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<platform::FileLock>> lock(const std::string& path,
                                                                 platform::LockMode mode) override;
};

class NoTree final : public platform::HostTree {
 public:
  [[nodiscard]] Result<platform::NodeInfo> info(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<platform::SourceDirectory>> open_source(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<platform::TargetDirectory>> open_target(const std::string& path) override;
  [[nodiscard]] Result<std::uint64_t> available_bytes(const std::string& path) override;
};

class NoPrograms final : public platform::Programs {
 public:
  explicit NoPrograms(platform::Programs& real) : real_(&real) {}
  [[nodiscard]] Result<platform::ProgramResult> run(const platform::ProgramCall& call) override;
  [[nodiscard]] std::string own_path() override { return real_->own_path(); }
  [[nodiscard]] std::int64_t local_time_ahead_s(Timestamp time) override { return real_->local_time_ahead_s(time); }

 private:
  platform::Programs* real_;
};

class NoWatchers final : public platform::FileWatchers {
 public:
  [[nodiscard]] Result<std::unique_ptr<platform::FileWatcher>> watch(
      const std::string& path, const std::function<bool(const std::string& below)>& enters) override;
  void pause(std::int64_t time_ms) override;
};

}  // namespace atl::serve
