// What goes between the caller and the worker: parameters, and kinds of frames.
// Always true: content number i of a batch lies at offset i << kContentShift of the one input that a worker has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/sandbox/sandbox.h"

namespace atl::extract {

inline constexpr unsigned kContentShift = 44;  // contents up to 16 TiB, a million in a batch
inline constexpr std::uint64_t kContentBytesMax = 1ULL << kContentShift;

enum class FrameType : std::uint8_t {
  begun = sandbox::kFirstFrameType,     // index (4), then a word about it: what is being read now
  done = sandbox::kFirstFrameType + 1,  // index (4), then the answer
};

struct BatchContent {
  std::string name;
  std::uint64_t size = 0;
};

struct Batch {
  Bytes parameters;
  std::uint32_t first_index = 0;  // of the first content below
  std::vector<BatchContent> contents;
};

[[nodiscard]] Bytes encode(const Batch& batch);
[[nodiscard]] Result<Batch> decode_batch(ByteView bytes);

}  // namespace atl::extract
