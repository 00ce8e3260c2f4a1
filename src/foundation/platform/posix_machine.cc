#include "foundation/platform/posix_machine.h"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask
#include <unistd.h>
#if defined(__linux__) || defined(__APPLE__)
#include <sys/random.h>
#endif
#if defined(__FreeBSD__) || defined(__OpenBSD__)
#include <pthread_np.h>
#endif

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace atl::platform {
namespace {

constexpr std::size_t kThreadNameBytesMax = 15;  // Linux: 16 with the NUL, and a longer name is refused, not cut

void name_this_thread(const std::string& name) {
#if defined(__linux__)
  ::pthread_setname_np(::pthread_self(), name.c_str());
#elif defined(__APPLE__)
  ::pthread_setname_np(name.c_str());
#elif defined(__FreeBSD__) || defined(__OpenBSD__)
  ::pthread_set_name_np(::pthread_self(), name.c_str());
#elif defined(__NetBSD__)
  ::pthread_setname_np(::pthread_self(), "%s", const_cast<char*>(name.c_str()));
#else
  static_cast<void>(name);
#endif
}

// Blocks asynchronous signals for this thread (a new thread inherits the mask) while it lives.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int synchronous : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
      sigdelset(&blocked, synchronous);
    }
    ::pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  SignalsBlocked(SignalsBlocked&&) = delete;
  SignalsBlocked& operator=(SignalsBlocked&&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

class PosixThread final : public Thread {
 public:
  explicit PosixThread(std::thread thread) : thread_(std::move(thread)) {}
  PosixThread(const PosixThread&) = delete;
  PosixThread& operator=(const PosixThread&) = delete;
  PosixThread(PosixThread&&) = delete;
  PosixThread& operator=(PosixThread&&) = delete;
  ~PosixThread() override { join(); }
  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace

Timestamp PosixClock::now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

std::int64_t PosixClock::monotonic_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

void PosixRandom::fill(ByteSpan out) {
  while (!out.empty()) {
#if defined(__linux__)
    const auto got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    ATOLL_INVARIANT(got > 0, "the kernel gives no random bytes (getrandom)");
    out = out.subspan(static_cast<std::size_t>(got));
#else
    const auto count = std::min<std::size_t>(out.size(), 256);  // getentropy's limit
    ATOLL_INVARIANT(::getentropy(out.data(), count) == 0, "the kernel gives no random bytes (getentropy)");
    out = out.subspan(count);
#endif
  }
}

PosixThreads::PosixThreads() : hardware_count_(std::max(1U, std::thread::hardware_concurrency())) {}

std::unique_ptr<Thread> PosixThreads::start(const std::string& name, std::function<void()> body) {
  const SignalsBlocked blocked;
  try {
    return std::make_unique<PosixThread>(
        std::thread([short_name = name.substr(0, kThreadNameBytesMax), run = std::move(body)]() noexcept {
          name_this_thread(short_name);
          run();
        }));
  } catch (const std::system_error& error) {
    // Nobody above could go on without the thread it was promised; stopping is safe at any point by design.
    invariant_failed("std::thread", __FILE__, __LINE__, error.what());
  }
}

}  // namespace atl::platform
