// Other programs: started without a shell, given a text on standard input, their output taken with a limit.
// Always true: nothing of this process's open files reaches them but the three standard streams.
// Thread rules: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::platform {

struct ProgramCall {
  std::vector<std::string> words;                              // program (looked for in PATH) and arguments
  std::string input;                                           // on its standard input, then its end
  std::vector<std::pair<std::string, std::string>> variables;  // added to this process's environment
  bool shows_errors = true;                  // its standard error is this process's; else it is taken like its output
  std::size_t output_bytes_max = 64 * 1024;  // what is beyond is read and dropped
  // Once it is set the program is asked to end (SIGTERM), and not waited for: one that waits for hardware cannot end.
  // The answer is `interrupted` "program.left" then. Null: it is waited for.
  const std::atomic<bool>* stop = nullptr;
};
struct ProgramResult {
  int exit_code = 0;  // 128 + number where a signal ended it
  std::string output;
  std::string errors;
};

class Programs {
 public:
  Programs() = default;
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;
  Programs(Programs&&) = delete;
  Programs& operator=(Programs&&) = delete;
  virtual ~Programs() = default;
  // `failed` ("program.not_started") where it could not be started, `interrupted` where `stop` was set; ending with an
  // error is no failure of this call.
  [[nodiscard]] virtual Result<ProgramResult> run(const ProgramCall& call) = 0;
  // The path of the running program itself.
  [[nodiscard]] virtual std::string own_path() = 0;
  // Seconds that this machine's local time is ahead of UTC at `time`.
  [[nodiscard]] virtual std::int64_t local_time_ahead_s(Timestamp time) = 0;
};

[[nodiscard]] std::unique_ptr<Programs> make_posix_programs();

}  // namespace atl::platform
