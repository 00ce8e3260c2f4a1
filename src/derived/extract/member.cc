// The caller's side: starts a worker for one member, and believes nothing it says.
#include "derived/extract/member.h"

#include <algorithm>

#include "derived/extract/internal/member_wire.h"

namespace atl::extract {
namespace {

tl::unexpected<Error> nonsense() {
  return fail(ErrorKind::failed, "sandbox.bad_frame", "the reader's process sent nonsense");
}

class Taking {
 public:
  Taking(const Source& source, const OnMember& on_member, const OnMemberBytes& on_bytes)
      : source_(&source), on_member_(&on_member), on_bytes_(&on_bytes) {}

  Result<std::size_t> read(std::uint64_t offset, ByteSpan out) const {
    if (offset >= source_->size) return std::size_t{0};
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), source_->size - offset)));
    ATOLL_ASSIGN(const std::size_t count, source_->read(offset, out));
    if (count > out.size()) return nonsense();
    return count;
  }

  Result<void> take(std::uint8_t type, ByteView payload) {
    if (type == static_cast<std::uint8_t>(MemberFrame::facts)) {
      if (facts_) return nonsense();
      auto facts = decode_member_facts(payload);
      if (!facts) return nonsense();
      facts_ = std::move(*facts);
      return (*on_member_)(*facts_);
    }
    if (type != static_cast<std::uint8_t>(MemberFrame::bytes) || !facts_) return nonsense();
    given_ += payload.size();
    if (facts_->size && given_ > *facts_->size) return other_size();
    return (*on_bytes_)(payload);
  }

  // When the worker says that it is done.
  [[nodiscard]] Result<void> check() const {
    if (!facts_) return nonsense();
    if (facts_->size && given_ != *facts_->size) return other_size();
    return {};
  }

 private:
  static tl::unexpected<Error> other_size() {
    return fail(ErrorKind::conflict, "member.unreadable", "the member is not of the size that its archive says",
                "Get the archive itself.");
  }
  const Source* source_;
  const OnMember* on_member_;
  const OnMemberBytes* on_bytes_;
  std::optional<MemberFacts> facts_;
  std::uint64_t given_ = 0;
};

}  // namespace

Result<void> take_member(const platform::Machine& machine, const Source& source, std::string_view path,
                         const MemberOptions& options, const OnMember& on_member, const OnMemberBytes& on_bytes) {
  MemberWork wanted;
  wanted.name = source.name.substr(source.name.rfind('/') + 1);
  wanted.size = source.size;
  wanted.path = std::string(path);
  wanted.whole_bytes_max = options.whole_bytes_max;
  wanted.depth_max = options.depth_max;
  wanted.ratio_max = options.ratio_max;
  Taking taking(source, on_member, on_bytes);
  sandbox::Work work;
  work.command = options.worker_command;
  work.parameters = encode(wanted);
  work.limits.memory_bytes = options.memory_bytes_max;
  work.limits.cpu_seconds = options.cpu_seconds_max;
  work.limits.silence_ms_max = options.silence_ms_max;
  work.stop = options.stop;
  work.read = [&](std::uint64_t offset, ByteSpan out) { return taking.read(offset, out); };
  ATOLL_TRY(
      sandbox::run(machine, work, [&](std::uint8_t type, ByteView payload) { return taking.take(type, payload); }));
  return taking.check();
}

std::vector<MemberAddress> member_addresses(std::string_view key_and_path) {
  std::vector<MemberAddress> addresses;
  for (std::size_t at = key_and_path.find(kMemberMark); at != std::string_view::npos;
       at = key_and_path.find(kMemberMark, at + 1)) {
    const std::string_view path = key_and_path.substr(at + kMemberMark.size());
    if (at > 0 && !path.empty()) addresses.push_back({key_and_path.substr(0, at), path});
  }
  return addresses;
}

}  // namespace atl::extract
