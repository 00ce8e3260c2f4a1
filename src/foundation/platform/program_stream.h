// Another program, started without a shell, whose standard output is read as it comes (programs.h takes it whole).
// Always true: the program gets our environment and no input; it is ended with the object. Waiting can be stopped.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl::platform {

class ProgramStream {
 public:
  virtual ~ProgramStream() = default;
  // 0 at the end of its output. `interrupted` once `stop` is set.
  [[nodiscard]] virtual Result<std::size_t> read(ByteSpan out) = 0;
  // After the end of its output: `failed` "program.failed" with the last of what it said to standard error.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

class ProgramStreams {
 public:
  virtual ~ProgramStreams() = default;
  // `not_found` "program.missing" where there is none of this name.
  [[nodiscard]] virtual Result<std::unique_ptr<ProgramStream>> start(const std::vector<std::string>& words,
                                                                     const std::atomic<bool>* stop) = 0;
};

[[nodiscard]] std::unique_ptr<ProgramStreams> make_posix_program_streams();

}  // namespace atl::platform
