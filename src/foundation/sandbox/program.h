// Runs a program of somebody else's that reads foreign bytes and answers in lines, in a process that can do nothing but
// compute and talk to us.
//
//     parent: Program                     child: this program, started as `atoll worker NAME`: become()
//                                           limits, Landlock, a filter of calls; then it is that other program
//       write() ─►                          standard input
//       ◄─ read_line()                      standard output
//
// Always true:
//  - It gets an empty environment and one open socket. It can open no connection, write no file, start no process; of
//    files it can read libraries and itself, where the kernel has Landlock; without, whatever its user can read.
//  - A line that is too long, an answer that is too long or takes too long, and its end are errors: the parent never
//    waits for ever, and the child never outlives it.
//  - Where it cannot be locked in it is not started.
// Thread rules: one Program belongs to one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/units.h"
#include "foundation/platform/machine.h"

namespace atl::sandbox {

struct AnswerLimits {
  std::uint64_t waiting_ms_max = 10'000;  // what the parent spends waiting for one answer, all in all
  std::uint64_t bytes_max = 64 * kMiB;
  std::size_t line_bytes_max = 64 * kKiB;
};

class Program {
 public:
  // `command` is what calls become(): {"/proc/self/exe", "worker", "ctags"}. Error: "sandbox.not_started".
  [[nodiscard]] static Result<std::unique_ptr<Program>> start(const platform::Machine& machine,
                                                              const std::vector<std::string>& command,
                                                              const AnswerLimits& limits,
                                                              const std::atomic<bool>* stop = nullptr);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  Program(Program&&) = delete;
  Program& operator=(Program&&) = delete;
  ~Program();

  // From here on the next answer's limits count.
  void begin_answer();
  // Errors of both: `interrupted`; "sandbox.died", "sandbox.silent", "sandbox.too_much" (failed). After one it is of no
  // more use.
  [[nodiscard]] Result<void> write(ByteView bytes);
  // Without its end; good until the next call.
  [[nodiscard]] Result<std::string_view> read_line();

 private:
  struct State;
  explicit Program(std::unique_ptr<State> state);
  [[nodiscard]] Result<void> wait_for(short events);
  [[nodiscard]] Result<void> receive();
  std::unique_ptr<State> state_;
};

// The child's end.
struct ProgramToRun {
  std::vector<std::string> paths;  // the first that is there
  std::vector<std::string> arguments;
  std::uint64_t memory_bytes = 512 * kMiB;
  std::uint64_t cpu_seconds = 600;
};
// Locks the process in and makes it that program. Comes back only where it could not: the process's exit code.
[[nodiscard]] int become(const ProgramToRun& program);

}  // namespace atl::sandbox
