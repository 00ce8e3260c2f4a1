// What a command has of the machine it came from, where that gives its files: a tree, single files, and looking again
// from time to time in place of word of changes; and the commands that take answers, by their ids.
//
// Always true: answers are taken only from whoever began the command, and only while it runs. An id cannot be guessed.
// Thread rules: AnsweredCommands any thread; a ClientMachine's calls as those of what it stands for.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "edge/cli/environment.h"
#include "edge/remote/call_channel.h"
#include "edge/remote/remote_tree.h"
#include "edge/serve/no_machine.h"
#include "vault/access/decision.h"

namespace atl::serve {

// Files that are read whole: tables, lists of patterns.
class ClientFiles final : public NoFiles {
 public:
  explicit ClientFiles(remote::CallChannel& channel) : channel_(&channel) {}
  [[nodiscard]] Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::OpenMode mode) override;

 private:
  remote::CallChannel* channel_;
};

class ClientWatchers final : public platform::FileWatchers {
 public:
  explicit ClientWatchers(remote::CallChannel& channel) : channel_(&channel) {}
  [[nodiscard]] Result<std::unique_ptr<platform::FileWatcher>> watch(
      const std::string& path, const std::function<bool(const std::string& below)>& enters) override;
  void pause(std::int64_t time_ms) override { channel_->pause(time_ms); }

 private:
  remote::CallChannel* channel_;
};

class ClientMachine {
 public:
  // `elsewhere`: everything but its files.
  ClientMachine(const cli::Environment& elsewhere, remote::CallChannel::Send send);
  [[nodiscard]] remote::CallChannel& channel() { return channel_; }
  [[nodiscard]] cli::Environment& surroundings() { return surroundings_; }
  // Of the vault whose chunks were shared.
  void let_go() { tree_.forget_chunks(); }

 private:
  remote::CallChannel channel_;
  remote::RemoteTree tree_;
  ClientFiles files_;
  ClientWatchers watchers_;
  cli::Environment surroundings_;
};

class AnsweredCommands {
 public:
  // Borrows the channel, until remove().
  [[nodiscard]] std::string add(platform::Random& random, const access::Who& who, remote::CallChannel& channel);
  void remove(const std::string& id);
  // `not_found` "command.not_found" for an id that is not there, or is another's.
  [[nodiscard]] Result<void> take(std::string_view id, const access::Who& who, ByteView answers);

 private:
  struct Running {
    PrincipalId principal;
    remote::CallChannel* channel = nullptr;
  };
  std::mutex mutex_;
  std::map<std::string, Running, std::less<>> running_;  // guarded by mutex_
};

}  // namespace atl::serve
