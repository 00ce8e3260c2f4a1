// Contents handed to locked-in workers, many to one worker, and their answers: what every reader of foreign contents
// stands on, whatever it makes of them.
//
// Always true:
//  - The caller sees bytes that a worker sent, and decodes them believing nothing.
//  - A content that kills, stalls or exhausts its worker is told as broken; the contents behind it go on in a new one.
//  - Every source is answered exactly once, in the order of the sources, unless the whole ends with an Error.
// Thread rules: one call belongs to one thread; several may be under way at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "derived/extract/input.h"
#include "foundation/base/units.h"
#include "foundation/platform/machine.h"
#include "foundation/sandbox/sandbox.h"

namespace atl::extract {

struct Source {
  std::string name;  // with its ending; no path is needed
  std::uint64_t size = 0;
  sandbox::ReadInput read;  // from offset 0 of this content
};

struct BatchOptions {
  std::vector<std::string> worker_command;
  Bytes parameters;  // what the worker is told beside the contents
  std::uint64_t memory_bytes_max = kGiB;
  std::uint64_t cpu_seconds_per_file = 60;
  std::uint32_t files_per_worker = 500;  // then a fresh one: what a library leaks does not add up
  const std::atomic<bool>* stop = nullptr;
};

// read() of this source failed. Without it such an error ends the whole.
using OnFailed = std::function<Result<void>(std::size_t index, const Error& error)>;
struct BatchAnswers {
  // False where the bytes are nonsense: then the worker is ended, and the content is broken. An error ends the whole.
  std::function<Result<bool>(std::size_t index, ByteView answer)> on_answer;
  // `begun` is what the worker said of it before it read it; empty where it did not come so far.
  std::function<Result<void>(std::size_t index, const std::string& begun, const Error& why)> on_broken;
  OnFailed on_failed;
};

// Errors: `interrupted` where it was stopped, "sandbox.not_started" / "sandbox.not_locked" where no worker can be had,
// and what the answers' functions return. Never because of what a content holds.
[[nodiscard]] Result<void> run_batches(const platform::Machine& machine, std::span<const Source> sources,
                                       const BatchOptions& options, const BatchAnswers& answers);

// One sentence for a user about a content that broke its worker.
[[nodiscard]] std::string words_of_broken(const Error& error);

// The worker's side.
using SayBegun = std::function<Result<void>(std::string_view word)>;
struct BatchReader {
  std::function<Result<void>(ByteView parameters)> begin;
  // Calls `begun` before the first byte beyond the head is looked at, so that the caller knows what broke the worker if
  // it breaks. The answer is what on_answer() gets. An error ends the worker.
  std::function<Result<Bytes>(Input& input, std::string_view name, const SayBegun& begun)> read;
};
[[nodiscard]] Result<void> serve_batch(sandbox::Channel& channel, const BatchReader& reader);

}  // namespace atl::extract
