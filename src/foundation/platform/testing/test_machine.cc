#include "foundation/platform/testing/test_machine.h"

#include <algorithm>
#include <cstring>

namespace atl::platform {

std::uint64_t SeededRandom::next() {
  const std::lock_guard guard(mutex_);
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

std::uint64_t SeededRandom::below(std::uint64_t bound) {
  ATOLL_INVARIANT(bound > 0, "nothing is below 0");
  return next() % bound;  // the bias is below 2^-32 for every bound a test uses
}

void SeededRandom::fill(ByteSpan out) {
  while (!out.empty()) {
    const std::uint64_t word = next();
    const auto count = std::min(out.size(), sizeof(word));
    std::memcpy(out.data(), &word, count);
    out = out.subspan(count);
  }
}

Bytes SeededRandom::bytes(std::size_t count) {
  Bytes result(count);
  fill(result);
  return result;
}

namespace {
class FinishedThread final : public Thread {
 public:
  void join() override {}
};
}  // namespace

std::unique_ptr<Thread> InlineThreads::start(const std::string& /*name*/, std::function<void()> body) {
  body();
  return std::make_unique<FinishedThread>();
}

TestMachine::TestMachine(std::unique_ptr<MemoryFileSystem> disk, std::uint64_t seed)
    : disk_(std::move(disk)), files(*disk_), random(seed) {
  files.set_time_source([this] { return clock.peek().unix_us; });
}

TestMachine::~TestMachine() {
  files.set_time_source(nullptr);  // open files share the disk and may outlive the clock
}

}  // namespace atl::platform
