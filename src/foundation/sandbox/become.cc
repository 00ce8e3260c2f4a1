// The child's end of Program: locks itself in, then becomes that program. Runs in a process that does nothing else and
// has one thread.
#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "foundation/sandbox/internal/reachable_files.h"
#include "foundation/sandbox/program.h"

namespace atl::sandbox {
namespace {

constexpr int kExitNotLocked = 70;
constexpr int kExitNotThere = 71;
constexpr std::uint64_t kFilesOpenMax = 32;

bool limit(decltype(RLIMIT_AS) what, std::uint64_t most) {
  const rlimit both{most, most};
  return ::setrlimit(what, &both) == 0;
}

struct FreeFilter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

// What a program needs that is loaded with its libraries, reads, computes and writes to what is open. Everything else
// is answered with "no": libraries try things that they can do without.
bool forbid_everything_else() {
  const std::unique_ptr<void, FreeFilter> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return false;
  bool is_good = true;
  for (const int call :
       {SCMP_SYS(execve), SCMP_SYS(brk), SCMP_SYS(arch_prctl), SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(munmap),
        SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write),
        SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
        SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
        SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(fcntl), SCMP_SYS(set_tid_address),
        SCMP_SYS(rseq), SCMP_SYS(set_robust_list), SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid),
        SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo),
        SCMP_SYS(umask), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
        SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
        // It may lock itself in further.
        SCMP_SYS(prctl), SCMP_SYS(seccomp)}) {
    is_good = is_good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0;
  }
  // Its own limits, and nobody else's.
  is_good =
      is_good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0)) == 0;
  is_good = is_good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                          SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)) == 0;
  return is_good && ::seccomp_load(filter.get()) == 0;
}

}  // namespace

int become(const ProgramToRun& program) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  std::string path;
  for (const std::string& one : program.paths) {
    if (path.empty() && ::access(one.c_str(), X_OK) == 0) path = one;
  }
  if (path.empty()) return kExitNotThere;
  std::vector<std::string> words{path};
  words.insert(words.end(), program.arguments.begin(), program.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char* no_environment = nullptr;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return kExitNotLocked;
  // Its loader and libraries, and itself. A kernel without Landlock leaves it to the filter, which lets files be read.
  const bool is_kept = keep_to({{path, true},
                                {"/lib", true},
                                {"/lib64", true},
                                {"/usr/lib", true},
                                {"/usr/lib64", true},
                                {"/usr/local/lib", true},
                                {"/etc/ld.so.cache"}});
  static_cast<void>(is_kept);
  // Of the address space, last: what this process has itself may be more.
  if (!forbid_everything_else() || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) ||
      !limit(RLIMIT_NOFILE, kFilesOpenMax) || !limit(RLIMIT_CPU, program.cpu_seconds) ||
      !limit(RLIMIT_AS, program.memory_bytes))
    return kExitNotLocked;
  ::execve(path.c_str(), arguments.data(), &no_environment);
  return kExitNotThere;
}

}  // namespace atl::sandbox
