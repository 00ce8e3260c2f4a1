// Runs a reader of foreign bytes in a process of its own that can do nothing but compute and talk to us.
//
//     parent: run()                       child: the same program, started as `atoll worker NAME`: work()
//       hello (limits, parameters)  ─►      prepares, then locks itself down: no files, no network, no processes,
//       ◄─ read wanted (offset, length)     limits on memory and CPU time; only then it sees the first foreign byte
//       bytes ─►
//       ◄─ frames of what it found
//       ◄─ done, or why not
//
// Always true:
//  - The child gets an empty environment and one open socket. It can open nothing (but Worker::readable_folders): what
//    it reads, the parent reads.
//  - A frame's length is checked before room is made for it; more output than allowed, 20 s of silence or the death of
//    the child end the work with an error. The parent never waits for ever, and the child never outlives it.
//  - Where the child cannot lock itself down it refuses to work.
// Thread rules: one call of run() belongs to one thread; several may be under way at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/units.h"
#include "foundation/platform/machine.h"

namespace atl::sandbox {

inline constexpr std::size_t kFrameBytesMax = 40 * kMiB;
inline constexpr std::size_t kReadBytesMax = kMiB;  // of one wish to read
// Types below belong to the sandbox itself.
inline constexpr std::uint8_t kFirstFrameType = 16;

struct Limits {
  std::uint64_t memory_bytes = 256 * kMiB;  // beyond what the program has when it starts
  std::uint64_t cpu_seconds = 24 * 3600;
  std::uint64_t output_bytes_max = UINT64_MAX;
  std::uint64_t silence_ms_max = 20'000;  // while the parent waits for the child
};

// Fills `out` with the input's bytes from `offset`; 0 at the end. Fewer than asked for is fine.
using ReadInput = std::function<Result<std::size_t>(std::uint64_t offset, ByteSpan out)>;
// An error ends the work and is what run() returns.
using OnFrame = std::function<Result<void>(std::uint8_t type, ByteView payload)>;

struct Work {
  std::vector<std::string> command;  // {"/proc/self/exe", "worker", "archive"}
  Bytes parameters;
  ReadInput read;
  Limits limits;
  const std::atomic<bool>* stop = nullptr;
};

// `damaged` or what the child says is wrong with its input; "sandbox.died", "sandbox.silent", "sandbox.too_much",
// "sandbox.bad_frame" (failed) where it breaks off.
[[nodiscard]] Result<void> run(const platform::Machine& machine, const Work& work, const OnFrame& on_frame);

// The child's end.
class Channel {
 public:
  explicit Channel(Bytes parameters) : parameters_(std::move(parameters)) {}
  [[nodiscard]] ByteView parameters() const { return parameters_; }
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, ByteSpan out);
  [[nodiscard]] Result<void> send(std::uint8_t type, ByteView payload);

 private:
  Bytes parameters_;
};

struct Worker {
  std::function<void()> prepare;  // before the lock: what needs files, as character sets do
  std::function<Result<void>(Channel&)> body;
  // Files below these folders may still be opened to be read, and none else: letters that documents are drawn with.
  // Only where the kernel can keep it to them (Landlock); elsewhere none can be opened.
  std::vector<std::string> readable_folders = {};
};
// Speaks over descriptor 0 until the work is done; the process's exit code.
[[nodiscard]] int work(const Worker& worker);

}  // namespace atl::sandbox
