// The real clock, randomness and threads, and the real Machine made of them and of PosixFileSystem.
// Thread rules: everything here may be used from any thread.
#pragma once

#include "foundation/platform/machine.h"
#include "foundation/platform/posix_file_system.h"

namespace atl::platform {

class PosixClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() override;
  [[nodiscard]] std::int64_t monotonic_ns() override;
};

// getrandom(2) on Linux, getentropy(3) elsewhere. Waits until the kernel's pool is ready at boot.
class PosixRandom final : public Random {
 public:
  void fill(ByteSpan out) override;
};

// Threads start with all asynchronous signals blocked, so that SIGINT and its kind arrive in the main thread. The
// program stops where the system refuses a thread, and where a body throws.
class PosixThreads final : public Threads {
 public:
  PosixThreads();
  // As of when this was made: the C library reads a file of the kernel for each question, and puts ask often.
  [[nodiscard]] unsigned hardware_count() override { return hardware_count_; }
  [[nodiscard]] std::unique_ptr<Thread> start(const std::string& name, std::function<void()> body) override;

 private:
  unsigned hardware_count_;
};

class PosixMachine {
 public:
  PosixMachine() = default;
  PosixMachine(const PosixMachine&) = delete;
  PosixMachine& operator=(const PosixMachine&) = delete;
  PosixMachine(PosixMachine&&) = delete;
  PosixMachine& operator=(PosixMachine&&) = delete;
  ~PosixMachine() = default;

  // Borrows from this object.
  [[nodiscard]] Machine machine() { return {files_, clock_, random_, threads_}; }

 private:
  PosixFileSystem files_;
  PosixClock clock_;
  PosixRandom random_;
  PosixThreads threads_;
};

}  // namespace atl::platform
