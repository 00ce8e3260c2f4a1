// The parent's end: starts the child, feeds it, and believes nothing it says.
#include "foundation/sandbox/sandbox.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "foundation/sandbox/internal/child_process.h"
#include "foundation/sandbox/internal/frame.h"

namespace atl::sandbox {
namespace {

constexpr int kPollMs = 100;  // how often a stop is looked for

tl::unexpected<Error> broken(std::string id, std::string message) {
  return fail(ErrorKind::failed, std::move(id), std::move(message),
              "What was read until then is kept; the rest of this source cannot be read.");
}

class Conversation {
 public:
  Conversation(const platform::Machine& machine, const Work& work, const OnFrame& on_frame)
      : clock_(&machine.clock), work_(&work), on_frame_(&on_frame) {}

  Result<void> hold() {
    ATOLL_TRY(child_.start(work_->command, ChildProcess::Output::none));
    Bytes hello;
    ByteWriter out(hello);
    out.put(work_->limits.memory_bytes);
    out.put(work_->limits.cpu_seconds);
    out.put_bytes(work_->parameters);
    ATOLL_TRY(send(Control::hello, hello));
    Buffer payload;
    for (;;) {
      std::array<std::uint8_t, kFrameHeaderBytes> header{};
      ATOLL_TRY(receive(header));
      const std::uint8_t type = header[0];
      const auto length = load_le<std::uint32_t>(header.data() + 1);
      if (length > kFrameBytesMax) return broken("sandbox.bad_frame", "the reader's process sent nonsense");
      output_bytes_ += length + kFrameHeaderBytes;
      if (output_bytes_ > work_->limits.output_bytes_max)
        return broken("sandbox.too_much", "the source unfolds to more than is allowed");
      payload.resize(length);
      ATOLL_TRY(receive(payload.span()));
      if (type >= kFirstFrameType) {
        ATOLL_TRY((*on_frame_)(type, payload.view()));
        continue;
      }
      ATOLL_ASSIGN(const bool is_done, control(static_cast<Control>(type), payload.view()));
      if (is_done) return {};
    }
  }

 private:
  Result<bool> control(Control type, ByteView payload) {
    if (type == Control::done) return true;
    if (type == Control::read && payload.size() == 12) {
      const auto offset = load_le<std::uint64_t>(payload.data());
      const auto wanted = std::min<std::size_t>(load_le<std::uint32_t>(payload.data() + 8), kReadBytesMax);
      input_.resize(wanted);
      ATOLL_ASSIGN(const std::size_t count, work_->read(offset, input_.span()));
      ATOLL_TRY(send(Control::bytes, input_.view().first(count)));
      return false;
    }
    if (type == Control::failed && !payload.empty()) {
      const std::string_view text = as_text(payload.subspan(1));
      const std::size_t end = std::min(text.find('\0'), text.size());
      const auto kind = std::min<std::uint8_t>(payload[0], static_cast<std::uint8_t>(ErrorKind::failed));
      return fail(static_cast<ErrorKind>(kind), std::string(text.substr(0, std::min<std::size_t>(end, 100))),
                  std::string(text.substr(std::min(end + 1, text.size())).substr(0, 2000)));
    }
    return broken("sandbox.bad_frame", "the reader's process sent nonsense");
  }

  // Until the socket can be read or written; the child's silence is counted here and nowhere else.
  Result<void> wait_for(short events) {
    const std::int64_t began_ns = clock_->monotonic_ns();
    for (;;) {
      if (work_->stop != nullptr && work_->stop->load())
        return fail(ErrorKind::interrupted, "import.interrupted", "interrupted");
      pollfd waiting{child_.socket(), events, 0};
      const int ready = ::poll(&waiting, 1, kPollMs);
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return fail(ErrorKind::io, "sandbox.poll", std::strerror(errno));
      const auto waited_ms = static_cast<std::uint64_t>(clock_->monotonic_ns() - began_ns) / 1'000'000;
      if (waited_ms > work_->limits.silence_ms_max) {
        return broken("sandbox.silent", "the reader's process found nothing for " +
                                            std::to_string(work_->limits.silence_ms_max / 1000) + " s and was ended");
      }
    }
  }

  Result<void> send(Control type, ByteView payload) {
    Bytes frame;
    ByteWriter out(frame);
    out.put(static_cast<std::uint8_t>(type));
    out.put(static_cast<std::uint32_t>(payload.size()));
    out.put_bytes(payload);
    ByteView left = frame;
    while (!left.empty()) {
      ATOLL_TRY(wait_for(POLLOUT));
      const ssize_t count = ::send(child_.socket(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return died();
      left = left.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<void> receive(ByteSpan out) {
    while (!out.empty()) {
      const ssize_t count = ::recv(child_.socket(), out.data(), out.size(), MSG_DONTWAIT);
      if (count > 0) {
        out = out.subspan(static_cast<std::size_t>(count));
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      if (count == 0 || errno != EAGAIN) return died();
      ATOLL_TRY(wait_for(POLLIN));
    }
    return {};
  }

  tl::unexpected<Error> died() {
    const auto how = child_.wait();
    return broken("sandbox.died", "the reader's process ended before its work was done" +
                                      (how ? " (" + *how + ")" : std::string()) +
                                      ": the source is malformed, or needs more than it may have");
  }

  platform::Clock* clock_;
  const Work* work_;
  const OnFrame* on_frame_;
  ChildProcess child_;
  Buffer input_;
  std::uint64_t output_bytes_ = 0;
};

}  // namespace

Result<void> run(const platform::Machine& machine, const Work& work, const OnFrame& on_frame) {
  return Conversation(machine, work, on_frame).hold();
}

}  // namespace atl::sandbox
