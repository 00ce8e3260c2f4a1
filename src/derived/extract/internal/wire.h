// What goes between the caller and the worker: parameters, and kinds of frames.
// Always true: content number i of a batch lies at offset i << kContentShift of the one input that a worker has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "derived/extract/extractor.h"

namespace atl::extract {

inline constexpr unsigned kContentShift = 44;  // contents up to 16 TiB, a million in a batch
inline constexpr std::uint64_t kContentBytesMax = 1ULL << kContentShift;

enum class FrameType : std::uint8_t {
  begun = sandbox::kFirstFrameType,     // index (4), then the format's id: what is being read now
  done = sandbox::kFirstFrameType + 1,  // index (4), then an encoded Extraction
};

struct BatchContent {
  std::string name;
  std::uint64_t size = 0;
};

// What of Options a worker has to know, and what it is to read.
struct Batch {
  std::uint64_t text_bytes_max = 0;
  std::uint64_t unpacked_bytes_max = 0;
  std::uint64_t whole_bytes_max = 0;
  std::uint32_t members_max = 0;
  std::uint32_t depth_max = 0;
  std::uint32_t ratio_max = 0;
  std::uint32_t first_index = 0;  // of the first content below
  std::vector<BatchContent> contents;
};

[[nodiscard]] Bytes encode(const Batch& batch);
[[nodiscard]] Result<Batch> decode_batch(ByteView bytes);

}  // namespace atl::extract
