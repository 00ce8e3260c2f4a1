// The side of a command that runs on a server which has the files: answers its calls, within what the command names.
//
// Always true:
//  - Only what the command's own words name is touched, and only as these words mean it: read, read and removed,
//    written. The server's word counts for nothing in this: it may be anybody's.
//  - Below a named folder no symbolic link is followed (foundation/platform/host_tree.h).
//  - The keys for cutting and naming chunks are kept in memory only, and wiped at the end.
// Thread rules: answer() from any thread, with a Handles of its own.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/remote/file_call.h"
#include "foundation/codec/cut.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"

namespace atl::remote {

struct NamedPath {
  enum class Use : std::uint8_t {
    read,
    move,        // read, and removed where it is still what was read
    write,       // a folder to write into
    write_file,  // that one file, first under its partial_name()
  };
  std::string path;  // absolute
  Use use = Use::read;
};

// What a file is called until it is whole.
[[nodiscard]] std::string partial_name(std::string_view name);

class FileServer {
 public:
  // Borrows both.
  FileServer(platform::HostTree& host, platform::Machine machine, std::vector<NamedPath> paths);
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;
  FileServer(FileServer&&) = delete;
  FileServer& operator=(FileServer&&) = delete;
  ~FileServer();

  // Folders that are kept open between calls, and buffers: one object per thread.
  class Handles {
   public:
    Handles();
    Handles(const Handles&) = delete;
    Handles& operator=(const Handles&) = delete;
    Handles(Handles&&) = delete;
    Handles& operator=(Handles&&) = delete;
    ~Handles();

   private:
    friend class FileServer;
    struct State;
    std::unique_ptr<State> state_;
  };

  // Refusals are answers, too: `denied`, "remote.not_named".
  [[nodiscard]] Answer answer(Call call, Handles& handles);

 private:
  struct Keys {
    codec::SecretKey id_key;
    codec::GearTable gear{};
  };
  struct OpenFile {
    std::mutex mutex;
    std::unique_ptr<platform::TargetFile> file;  // guarded by mutex
  };

  [[nodiscard]] Result<void> check(const Call& call) const;
  // Places below a named path as names below that path, which no link is followed for.
  void settle(Place& place) const;
  [[nodiscard]] bool is_named(const Call& call, const NamedPath& named) const;
  [[nodiscard]] Result<Answer> dispatch(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> list(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> open(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> cut(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> bytes(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> make_folder(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> put_file(const Call& call, Handles::State& handles);
  [[nodiscard]] Result<Answer> whole(const Call& call) const;
  [[nodiscard]] Result<void> set_keys(const Call& call);
  [[nodiscard]] std::shared_ptr<const Keys> keys() const;
  [[nodiscard]] Result<FileFacts> look_into(platform::SourceDirectory& folder, const std::string& name,
                                            const Keys* keys, std::uint64_t& bytes_left, Handles::State& handles) const;

  platform::HostTree* host_;
  platform::Machine machine_;
  std::vector<NamedPath> paths_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;                         // guarded by mutex_
  std::map<std::uint64_t, std::shared_ptr<OpenFile>> open_;  // guarded by mutex_
};

}  // namespace atl::remote
