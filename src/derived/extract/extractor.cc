// The caller's side: hands batches to workers, and believes nothing they say.
#include "derived/extract/extractor.h"

#include <algorithm>
#include <optional>

#include "derived/extract/formats.h"
#include "derived/extract/internal/limits.h"
#include "derived/extract/internal/symbol_reader.h"

namespace atl::extract {
namespace {

// With fields and names beside it an answer still fits into one frame.
constexpr std::uint64_t kTextBytesMost = 24 * kMiB;

Extraction broken(const Source& source, const std::string& format_id, const Error& error) {
  const Format& format = format_id.empty() ? recognise({}, source.name) : format_by_id(format_id);
  Extraction extraction;
  extraction.format = std::string(format.id);
  extraction.media_type = std::string(format.media_type);
  extraction.trouble = words_of_broken(error);
  return extraction;
}

// Hands extractions on in their order, each with what is said of its symbols: while one waits for that, the worker
// reads the next content and the caller takes in the one before.
class Finisher {
 public:
  Finisher(const platform::Machine& machine, const Options& options, const OnDone& on_done)
      : symbols_(machine, options.symbols, options.stop), on_done_(&on_done) {}

  Result<void> add(std::size_t index, Extraction extraction) {
    Waiting next{index, std::move(extraction)};
    if (!waiting_) return begin(std::move(next));
    Waiting before = std::move(*waiting_);
    waiting_.reset();
    // Its answer has to be read before another can be asked for.
    ATOLL_TRY(symbols_.finish(before.extraction));
    ATOLL_ASSIGN(const bool is_waiting, symbols_.begin(next.extraction));
    ATOLL_TRY((*on_done_)(before.index, std::move(before.extraction)));
    if (!is_waiting) return (*on_done_)(next.index, std::move(next.extraction));
    waiting_ = std::move(next);
    return {};
  }

  // All that came before is answered then.
  Result<void> settle() {
    if (!waiting_) return {};
    Waiting last = std::move(*waiting_);
    waiting_.reset();
    ATOLL_TRY(symbols_.finish(last.extraction));
    return (*on_done_)(last.index, std::move(last.extraction));
  }

 private:
  struct Waiting {
    std::size_t index = 0;
    Extraction extraction;
  };

  Result<void> begin(Waiting next) {
    ATOLL_ASSIGN(const bool is_waiting, symbols_.begin(next.extraction));
    if (!is_waiting) return (*on_done_)(next.index, std::move(next.extraction));
    waiting_ = std::move(next);
    return {};
  }

  SymbolReader symbols_;
  const OnDone* on_done_;
  std::optional<Waiting> waiting_;
};

}  // namespace

Result<void> extract_all(const platform::Machine& machine, std::span<const Source> sources, const Options& options,
                         const OnDone& on_done, const OnFailed& on_failed) {
  WorkerLimits limits;
  limits.text_bytes_max = std::min(options.text_bytes_max, kTextBytesMost);
  limits.unpacked_bytes_max = options.unpacked_bytes_max;
  limits.whole_bytes_max = options.whole_bytes_max;
  limits.members_max =
      static_cast<std::uint32_t>(std::min<std::size_t>(options.members_max, kDecodeLimits.members_max));
  limits.depth_max = options.depth_max;
  limits.ratio_max = options.ratio_max;
  BatchOptions batches;
  batches.worker_command = options.worker_command;
  batches.parameters = encode(limits);
  batches.memory_bytes_max = options.memory_bytes_max;
  batches.cpu_seconds_per_file = options.cpu_seconds_per_file;
  batches.files_per_worker = options.files_per_worker;
  batches.stop = options.stop;
  Finisher finisher(machine, options, on_done);
  BatchAnswers answers;
  answers.on_answer = [&](std::size_t index, ByteView answer) -> Result<bool> {
    auto extraction = decode(answer);
    if (!extraction) return false;
    ATOLL_TRY(finisher.add(index, std::move(*extraction)));
    return true;
  };
  answers.on_broken = [&](std::size_t index, const std::string& begun, const Error& why) -> Result<void> {
    ATOLL_TRY(finisher.settle());
    return on_done(index, broken(sources[index], begun, why));
  };
  if (on_failed) {
    answers.on_failed = [&](std::size_t index, const Error& error) -> Result<void> {
      ATOLL_TRY(finisher.settle());
      return on_failed(index, error);
    };
  }
  ATOLL_TRY(run_batches(machine, sources, batches, answers));
  return finisher.settle();
}

}  // namespace atl::extract
