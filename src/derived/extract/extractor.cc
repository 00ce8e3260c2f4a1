// The caller's side: hands batches to workers, and believes nothing they say.
#include "derived/extract/extractor.h"

#include <algorithm>

#include "derived/extract/formats.h"
#include "derived/extract/internal/limits.h"

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
  BatchAnswers answers;
  answers.on_answer = [&](std::size_t index, ByteView answer) -> Result<bool> {
    auto extraction = decode(answer);
    if (!extraction) return false;
    ATOLL_TRY(on_done(index, std::move(*extraction)));
    return true;
  };
  answers.on_broken = [&](std::size_t index, const std::string& begun, const Error& why) {
    return on_done(index, broken(sources[index], begun, why));
  };
  answers.on_failed = on_failed;
  return run_batches(machine, sources, batches, answers);
}

}  // namespace atl::extract
