// Calls under way: numbered, sent, and matched with the answers that come back, in whatever order these come.
//
// Always true: every call ends, with its answer, with the channel's end, or with the client's silence. What answers no
// call that is waited for is dropped.
// Thread rules: everything from any thread. Callers wait; take() never does.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "edge/remote/file_call.h"
#include "foundation/platform/machine.h"

namespace atl::remote {

// A client that has nothing to say says so more often than that.
inline constexpr std::int64_t kSilenceMaxNs = 90'000'000'000;
inline constexpr std::int64_t kHeartbeatMs = 15'000;

class CallChannel {
 public:
  using Send = std::function<Result<void>(std::string_view call)>;
  // `send` may wait until there is room; its error ends the channel.
  CallChannel(platform::Clock& clock, Send send);
  CallChannel(const CallChannel&) = delete;
  CallChannel& operator=(const CallChannel&) = delete;
  CallChannel(CallChannel&&) = delete;
  CallChannel& operator=(CallChannel&&) = delete;
  ~CallChannel() = default;

  // The client's error is an error here, too. `interrupted` "remote.gone" where the channel has ended.
  [[nodiscard]] Result<Answer> call(const Call& call);

  // A call whose answer is waited for later. Forgotten when destroyed.
  class Pending {
   public:
    Pending() = default;
    Pending(Pending&& other) noexcept;
    Pending& operator=(Pending&& other) noexcept;
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending();
    [[nodiscard]] bool is_open() const { return channel_ != nullptr; }
    [[nodiscard]] Result<Answer> wait();  // once

   private:
    friend class CallChannel;
    Pending(CallChannel& channel, std::uint64_t number) : channel_(&channel), number_(number) {}
    CallChannel* channel_ = nullptr;
    std::uint64_t number_ = 0;
  };
  [[nodiscard]] Result<Pending> begin(const Call& call);
  // Nobody waits for an answer.
  [[nodiscard]] Result<void> tell(const Call& call);

  // Answers as they came: see file_call.h. `damaged` where they cannot be taken apart.
  [[nodiscard]] Result<void> take(ByteView answers);
  void end();
  // Waits that long, or until the end.
  void pause(std::int64_t time_ms);
  [[nodiscard]] bool has_ended() const;
  // The client wants the command to come to its end; it goes on answering.
  [[nodiscard]] bool is_to_stop() const;
  [[nodiscard]] platform::Clock& clock() const { return *clock_; }

 private:
  [[nodiscard]] Result<Answer> wait(std::uint64_t number);
  void forget(std::uint64_t number);
  [[nodiscard]] Result<void> send(std::uint64_t number, const Call& call);

  platform::Clock* clock_;
  Send send_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 1;  // guarded by mutex_, as all below
  std::map<std::uint64_t, std::optional<Bytes>> open_;
  std::int64_t heard_ns_;
  bool has_ended_ = false;
  bool is_to_stop_ = false;
};

}  // namespace atl::remote
