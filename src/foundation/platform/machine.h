// Clock, randomness and threads, and the bundle of all seams that the floors above are given.
// Always true: no code above this floor asks the machine for time, random bytes or a thread in another way
// (mutexes and condition variables are plain memory and may be used anywhere).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/platform/file_system.h"

namespace atl::platform {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() = 0;              // wall clock; may jump
  [[nodiscard]] virtual std::int64_t monotonic_ns() = 0;  // never goes back; origin unspecified
};

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(ByteSpan out) = 0;  // cryptographic; does not fail (the program stops where the kernel has none)
};

// Joins in its destructor.
class Thread {
 public:
  virtual ~Thread() = default;
  virtual void join() = 0;
};

class Threads {
 public:
  virtual ~Threads() = default;
  [[nodiscard]] virtual unsigned hardware_count() = 0;
  // `name` at most 15 bytes, shown by ps and debuggers. `body` must not throw.
  [[nodiscard]] virtual std::unique_ptr<Thread> start(const std::string& name, std::function<void()> body) = 0;
};

// Borrowed by everything built over it; outlives all of it.
struct Machine {
  FileSystem& files;
  Clock& clock;
  Random& random;
  Threads& threads;
};

template <class Id>
[[nodiscard]] Id new_id(const Machine& machine) {
  std::array<std::uint8_t, 10> bits{};
  machine.random.fill(bits);
  return Id::v7(static_cast<std::uint64_t>(machine.clock.now().unix_us / 1000), bits);
}

}  // namespace atl::platform
