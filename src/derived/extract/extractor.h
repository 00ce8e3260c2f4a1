// Understands contents, each in a process that is locked in (foundation/sandbox).
// Always true:
//  - Foreign bytes are read by the worker alone; the caller sees an Extraction that was checked by decode().
//  - A content that kills, stalls or exhausts its worker gets an Extraction with `trouble` and the format that was
//    recognised; the contents behind it go on in a new worker.
//  - Every source is answered exactly once, by on_done or on_failed, in the order of the sources, unless the whole ends
//    with an Error.
//  - Names that programs define are found by the worker, line by line; where universal-ctags is installed, by that,
//  locked
//    in as well, out of the text that the worker read. A text that it breaks down over keeps what the worker found.
// Thread rules: one call belongs to one thread; several may be under way at once.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "derived/extract/batch.h"
#include "derived/extract/extraction.h"

namespace atl::extract {

// Of universal-ctags.
struct SymbolOptions {
  std::vector<std::string> worker_command{"/proc/self/exe", "worker", "ctags"};
  // Where it is looked for; where there is none of them nothing is started. Debian's own name first: /usr/bin/ctags may
  // be another program.
  std::vector<std::string> programs{"/usr/bin/ctags-universal", "/usr/bin/ctags"};
  std::uint64_t text_bytes_max = 4 * kMiB;  // longer ones are made by machines
  std::uint64_t waiting_ms_max = 10'000;    // for what it says of one text
};

struct Options {
  std::uint64_t text_bytes_max = 16 * kMiB;  // of one content, with all that is inside of it; at most 24 MiB counts
  std::uint32_t members_max = 10'000;
  std::uint32_t depth_max = 4;    // archives in archives
  std::uint32_t ratio_max = 200;  // an archive that unfolds to more than this many times its size is read no further
  std::uint64_t unpacked_bytes_max = 2 * kGiB;  // read out of one content's archives at most
  std::uint64_t whole_bytes_max = 256 * kMiB;   // formats that must be held whole are read up to this size
  std::uint64_t memory_bytes_max = kGiB;        // of the worker, beyond the program
  std::uint64_t cpu_seconds_per_file = 60;
  std::uint32_t files_per_worker = 500;  // then a fresh one: what a library leaks does not add up
  std::vector<std::string> worker_command{"/proc/self/exe", "worker", "extract"};
  SymbolOptions symbols;
  const std::atomic<bool>* stop = nullptr;
};

using OnDone = std::function<Result<void>(std::size_t index, Extraction extraction)>;

// Errors: `interrupted` where it was stopped, "sandbox.not_started" / "sandbox.not_locked" where no worker can be had,
// and what on_done, on_failed answer. Never because of what a content holds.
[[nodiscard]] Result<void> extract_all(const platform::Machine& machine, std::span<const Source> sources,
                                       const Options& options, const OnDone& on_done, const OnFailed& on_failed = {});

// What `atoll worker extract` does; the process's exit code.
[[nodiscard]] int run_worker();
// What `atoll worker ctags` does: it becomes universal-ctags.
[[nodiscard]] int run_symbols_worker();
// Whether universal-ctags is there to be asked, as far as can be told without starting it.
[[nodiscard]] bool has_symbol_program(const platform::Machine& machine, const SymbolOptions& options = {});

}  // namespace atl::extract
