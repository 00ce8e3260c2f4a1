// What goes between who wants a member and the worker that takes it out.
// Always true: what the decode functions accept is within its bounds, whatever sent it.
#pragma once

#include <cstdint>
#include <string>

#include "derived/extract/member.h"

namespace atl::extract {

enum class MemberFrame : std::uint8_t {
  facts = sandbox::kFirstFrameType,  // encoded MemberFacts, once
  bytes = sandbox::kFirstFrameType + 1,
};

// The worker's parameters; the content lies at offset 0 of what it reads.
struct MemberWork {
  std::string name;  // of the content, with its ending
  std::uint64_t size = 0;
  std::string path;
  std::uint64_t whole_bytes_max = 0;
  std::uint32_t depth_max = 0;
  std::uint32_t ratio_max = 0;
};

[[nodiscard]] Bytes encode(const MemberWork& work);
[[nodiscard]] Result<MemberWork> decode_member_work(ByteView bytes);
[[nodiscard]] Bytes encode(const MemberFacts& facts);
// Accepts what can be shown and sent: a name without control characters, a format of the table, a media type that is
// one.
[[nodiscard]] Result<MemberFacts> decode_member_facts(ByteView bytes);

}  // namespace atl::extract
