// The parent's end: believes nothing that it reads.
#include "foundation/sandbox/program.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "foundation/sandbox/internal/child_process.h"

namespace atl::sandbox {
namespace {

constexpr int kPollMs = 100;  // how often a stop is looked for
constexpr std::size_t kReadBytes = 64 * kKiB;

tl::unexpected<Error> broken(std::string id, std::string message) {
  return fail(ErrorKind::failed, std::move(id), std::move(message), "It goes on without this program.");
}

}  // namespace

struct Program::State {
  platform::Clock* clock = nullptr;
  AnswerLimits limits;
  const std::atomic<bool>* stop = nullptr;
  ChildProcess child;
  std::string received;         // what was read from the socket
  std::size_t read_to = 0;      // up to here it was given to the caller
  std::size_t searched_to = 0;  // up to here there is no line's end
  std::uint64_t answer_bytes = 0;
  std::int64_t waited_ns = 0;
};

Program::Program(std::unique_ptr<State> state) : state_(std::move(state)) {}
Program::~Program() = default;

Result<std::unique_ptr<Program>> Program::start(const platform::Machine& machine,
                                                const std::vector<std::string>& command, const AnswerLimits& limits,
                                                const std::atomic<bool>* stop) {
  auto state = std::make_unique<State>();
  state->clock = &machine.clock;
  state->limits = limits;
  state->stop = stop;
  ATOLL_TRY(state->child.start(command, ChildProcess::Output::socket));
  return std::unique_ptr<Program>(new Program(std::move(state)));
}

void Program::begin_answer() {
  state_->answer_bytes = 0;
  state_->waited_ns = 0;
}

Result<void> Program::wait_for(short events) {
  for (;;) {
    if (state_->stop != nullptr && state_->stop->load())
      return fail(ErrorKind::interrupted, "sandbox.interrupted", "interrupted");
    pollfd waiting{state_->child.socket(), events, 0};
    const std::int64_t before_ns = state_->clock->monotonic_ns();
    const int ready = ::poll(&waiting, 1, kPollMs);
    const int error = errno;
    state_->waited_ns += state_->clock->monotonic_ns() - before_ns;
    if (state_->waited_ns / 1'000'000 > static_cast<std::int64_t>(state_->limits.waiting_ms_max))
      return broken("sandbox.silent", "the program takes too long over it");
    if (ready > 0) return {};
    if (ready < 0 && error != EINTR) return broken("sandbox.poll", std::strerror(error));
  }
}

Result<void> Program::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(state_->child.socket(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return broken("sandbox.died", "the program ended before its work was done");
    ATOLL_TRY(wait_for(POLLOUT));
  }
  return {};
}

Result<void> Program::receive() {
  State& state = *state_;
  if (state.read_to > 0) {
    state.received.erase(0, state.read_to);
    state.searched_to -= state.read_to;
    state.read_to = 0;
  }
  const std::size_t before = state.received.size();
  state.received.resize(before + kReadBytes);
  for (;;) {
    const ssize_t count = ::recv(state.child.socket(), state.received.data() + before, kReadBytes, MSG_DONTWAIT);
    if (count > 0) {
      state.received.resize(before + static_cast<std::size_t>(count));
      state.answer_bytes += static_cast<std::uint64_t>(count);
      if (state.answer_bytes > state.limits.bytes_max)
        return broken("sandbox.too_much", "the program answers more than is allowed");
      return {};
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || errno != EAGAIN) return broken("sandbox.died", "the program ended before its work was done");
    ATOLL_TRY(wait_for(POLLIN));
  }
}

Result<std::string_view> Program::read_line() {
  State& state = *state_;
  for (;;) {
    const std::size_t end = state.received.find('\n', state.searched_to);
    if (end != std::string::npos) {
      const std::string_view line = std::string_view(state.received).substr(state.read_to, end - state.read_to);
      if (line.size() > state.limits.line_bytes_max) break;
      state.read_to = end + 1;
      state.searched_to = end + 1;
      return line;
    }
    state.searched_to = state.received.size();
    if (state.received.size() - state.read_to > state.limits.line_bytes_max) break;
    ATOLL_TRY(receive());
  }
  return broken("sandbox.too_much", "the program answers with a line that is longer than is allowed");
}

}  // namespace atl::sandbox
