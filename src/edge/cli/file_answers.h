// The client's side of a command that works with its files: calls come in with the command's output, threads answer
// them, and the answers go back in requests of their own, as many in each as are ready.
//
// Always true: what is held is bounded; a server that does not take answers any more, or a user who wants to stop, ends
// the command. Thread rules: begin(), take() and end() from the thread that reads the command's output.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/cli/environment.h"
#include "edge/remote/file_server.h"
#include "foundation/net/http_client.h"

namespace atl::cli {

class FileAnswers {
 public:
  // Borrows environment and client.
  FileAnswers(Environment& environment, net::HttpClient& client, std::string command_url, std::string token,
              const std::vector<remote::NamedPath>& named);
  FileAnswers(const FileAnswers&) = delete;
  FileAnswers& operator=(const FileAnswers&) = delete;
  FileAnswers(FileAnswers&&) = delete;
  FileAnswers& operator=(FileAnswers&&) = delete;
  ~FileAnswers();

  // The server's word for the command, under which it takes answers.
  [[nodiscard]] Result<void> begin(std::string_view id);
  [[nodiscard]] Result<void> take(ByteView call);
  // Set where the command is to be broken off.
  [[nodiscard]] const std::atomic<bool>& stop() const { return stop_; }
  // Ends the threads; why answers could not be given, where that is so.
  std::optional<Error> end();

 private:
  struct Asked {
    std::uint64_t number = 0;
    remote::Call call;
  };
  void work(bool takes_deep);
  void send();
  void ask_to_stop(std::int64_t now_ns);  // under mutex_
  [[nodiscard]] Result<void> send_once(ByteView answers) const;

  Environment* environment_;
  net::HttpClient* client_;
  std::string url_;
  std::string token_;
  remote::FileServer server_;
  remote::FileServer::Handles handles_;  // of the thread that takes calls
  std::atomic<bool> stop_ = false;
  std::vector<std::unique_ptr<platform::Thread>> threads_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Asked> asked_;  // guarded by mutex_, as all below
  // In folders so deep that only one thread should hold all of the way to them open.
  std::deque<Asked> deep_;
  std::deque<Bytes> ready_;
  std::size_t ready_bytes_ = 0;
  bool is_ending_ = false;
  std::optional<Error> failure_;
  std::optional<std::int64_t> asked_to_stop_ns_;
};

}  // namespace atl::cli
