// The child's end: locks itself down, then works. Runs in a process that does nothing else and has one thread.
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <new>

#include "foundation/sandbox/internal/frame.h"
#include "foundation/sandbox/internal/reachable_files.h"

namespace atl::sandbox {
namespace {

constexpr int kSocket = 0;
constexpr int kExitRefused = 70;
constexpr std::uint64_t kFilesOpenMax = 64;  // of those that may be opened at all

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATOLL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ATOLL_SANITIZED 1
#endif
#endif
#ifdef ATOLL_SANITIZED
// A sanitizer reserves terabytes and looks at its own process; what is forbidden fails here instead of killing.
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

Result<void> write_all(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(kSocket, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(ErrorKind::io, "sandbox.parent_gone", "nobody listens");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> read_all(ByteSpan out) {
  while (!out.empty()) {
    const ssize_t count = ::read(kSocket, out.data(), out.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(ErrorKind::io, "sandbox.parent_gone", "nobody speaks");
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> send_frame(std::uint8_t type, ByteView payload) {
  if (payload.size() > kFrameBytesMax)
    return fail(ErrorKind::limit, "sandbox.frame_too_large", "a part of the source is larger than is allowed");
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  header[0] = type;
  store_le(header.data() + 1, static_cast<std::uint32_t>(payload.size()));
  ATOLL_TRY(write_all(header));
  return write_all(payload);
}

Result<std::size_t> expect_frame(Control type, std::size_t length_max) {
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  ATOLL_TRY(read_all(header));
  const auto length = load_le<std::uint32_t>(header.data() + 1);
  if (header[0] != static_cast<std::uint8_t>(type) || length > length_max)
    return fail(ErrorKind::failed, "sandbox.bad_frame", "the parent sent nonsense");
  return length;
}

std::uint64_t address_space_now() {
  std::array<char, 64> text{};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t count = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  if (count <= 0) return 0;
  return std::strtoull(text.data(), nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A filter binds the thread that loads it: one that a library left behind would go on without.
bool is_alone() {
  struct stat task {};
  return ::stat("/proc/self/task", &task) == 0 && task.st_nlink == 3;  // ".", its parent's entry, and the one thread
}

bool limit(decltype(RLIMIT_AS) what, std::uint64_t most) {
  const rlimit both{most, most};
  return ::setrlimit(what, &both) == 0;
}

struct FreeFilter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

bool forbid_everything_else(bool can_read_files) {
  const std::unique_ptr<void, FreeFilter> filter(
      ::seccomp_init(kIsSanitized ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS));
  if (!filter) return false;
  bool is_good = true;
  const auto allow = [&](int call) {
    is_good = is_good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0;
  };
  const auto refuse = [&](int call) {
    is_good = is_good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EACCES), call, 0) == 0;
  };
  for (const int call :
       {SCMP_SYS(read),         SCMP_SYS(write),          SCMP_SYS(munmap),       SCMP_SYS(mremap),
        SCMP_SYS(brk),          SCMP_SYS(madvise),        SCMP_SYS(exit),         SCMP_SYS(exit_group),
        SCMP_SYS(futex),        SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday), SCMP_SYS(time),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrandom),    SCMP_SYS(close),
        SCMP_SYS(getpid),       SCMP_SYS(gettid),         SCMP_SYS(sched_yield),  SCMP_SYS(restart_syscall)}) {
    allow(call);
  }
  // Memory that can be run is neither made nor made of other memory.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    is_good = is_good &&
              ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
  }
  // What libraries try and can do without: a plain "no" keeps them going.
  for (const int call : {SCMP_SYS(open),           SCMP_SYS(stat),
                         SCMP_SYS(lstat),          SCMP_SYS(statx),
                         SCMP_SYS(access),         SCMP_SYS(faccessat),
                         SCMP_SYS(readlink),       SCMP_SYS(readlinkat),
                         SCMP_SYS(ioctl),          SCMP_SYS(fcntl),
                         SCMP_SYS(getcwd),         SCMP_SYS(umask),
                         SCMP_SYS(sysinfo),        SCMP_SYS(uname),
                         SCMP_SYS(socket),         SCMP_SYS(connect),
                         SCMP_SYS(prlimit64),      SCMP_SYS(getuid),
                         SCMP_SYS(geteuid),        SCMP_SYS(getgid),
                         SCMP_SYS(getegid),        SCMP_SYS(sched_getaffinity),
                         SCMP_SYS(clone),          SCMP_SYS(clone3),
                         SCMP_SYS(sigaltstack),    SCMP_SYS(nanosleep),
                         SCMP_SYS(clock_nanosleep)}) {
    refuse(call);
  }
  // With what files are read; which ones, Landlock says.
  for (const int call :
       {SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(getdents64)}) {
    can_read_files ? allow(call) : refuse(call);
  }
  if (can_read_files) {
    is_good = is_good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                            SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)) == 0;
  } else {
    refuse(SCMP_SYS(openat));
  }
  return is_good && ::seccomp_load(filter.get()) == 0;
}

bool lock_down(std::uint64_t memory_bytes, std::uint64_t cpu_seconds, const std::vector<std::string>& folders) {
  if (!kIsSanitized) {
    const std::uint64_t now = address_space_now();
    if (now == 0 || !limit(RLIMIT_AS, now + memory_bytes) || !is_alone()) return false;
  }
  if (!limit(RLIMIT_CPU, cpu_seconds) || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return false;
  }
  std::vector<ReachableFiles> reachable;
  for (const std::string& folder : folders) reachable.push_back({folder});
  const bool can_read_files = !folders.empty() && keep_to(reachable);
  return limit(RLIMIT_NOFILE, can_read_files ? kFilesOpenMax : 0) && forbid_everything_else(can_read_files);
}

Result<void> work_unguarded(const Worker& worker) {
  ATOLL_ASSIGN(const std::size_t length, expect_frame(Control::hello, kFrameBytesMax));
  Bytes hello(length);
  ATOLL_TRY(read_all(hello));
  ByteReader in(hello, "hello");
  ATOLL_ASSIGN(const auto memory_bytes, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const auto cpu_seconds, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView parameters, in.get_bytes(in.remaining()));
  if (worker.prepare) worker.prepare();
  if (!lock_down(memory_bytes, cpu_seconds, worker.readable_folders)) {
    return fail(ErrorKind::unsupported, "sandbox.not_locked",
                "this system does not let the reader's process be locked in: nothing was read",
                "A kernel with seccomp is needed, and a container that allows it.");
  }
  Channel channel(to_bytes(parameters));
  return worker.body(channel);
}

}  // namespace

Result<std::size_t> Channel::read(std::uint64_t offset, ByteSpan out) {
  std::array<std::uint8_t, 12> wish{};
  const std::size_t wanted = std::min(out.size(), kReadBytesMax);
  store_le(wish.data(), offset);
  store_le(wish.data() + 8, static_cast<std::uint32_t>(wanted));
  ATOLL_TRY(send_frame(static_cast<std::uint8_t>(Control::read), wish));
  ATOLL_ASSIGN(const std::size_t count, expect_frame(Control::bytes, wanted));
  ATOLL_TRY(read_all(out.first(count)));
  return count;
}

Result<void> Channel::send(std::uint8_t type, ByteView payload) {
  ATOLL_INVARIANT(type >= kFirstFrameType, "lower types belong to the sandbox");
  return send_frame(type, payload);
}

int work(const Worker& worker) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  std::signal(SIGPIPE, SIG_IGN);
  Result<void> answer;
  try {
    answer = work_unguarded(worker);
  } catch (const std::bad_alloc&) {
    answer = fail(ErrorKind::limit, "sandbox.memory", "reading it takes more memory than is allowed");
  } catch (const std::exception& wrong) {
    answer = fail(ErrorKind::damaged, "sandbox.exception", std::string("it cannot be read: ") + wrong.what());
  }
  if (answer) {
    ignore_error_on_purpose(send_frame(static_cast<std::uint8_t>(Control::done), {}));
  } else {
    Bytes words{static_cast<std::uint8_t>(answer.error().kind)};
    ByteWriter out(words);
    out.put_bytes(as_bytes(answer.error().id));
    out.put(std::uint8_t{0});
    out.put_bytes(as_bytes(std::string_view(answer.error().message).substr(0, 2000)));
    ignore_error_on_purpose(send_frame(static_cast<std::uint8_t>(Control::failed), words));
  }
  // Without clean-up at exit: that is code nobody needs in a process this small, and some of it asks for more calls.
  ::_exit(answer ? 0 : kExitRefused);
}

}  // namespace atl::sandbox
