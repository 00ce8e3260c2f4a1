#include "derived/extract/input.h"

#include <algorithm>

#include "foundation/base/units.h"

namespace atl::extract {
namespace {

constexpr std::size_t kWindowBytes = 64 * kKiB;

}  // namespace

Result<Bytes> Input::part(std::uint64_t offset, std::size_t count) {
  const std::uint64_t there = offset >= size() ? 0 : size() - offset;
  Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(count, there)));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    ATOLL_ASSIGN(const std::size_t got, read(offset + filled, ByteSpan(bytes).subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  bytes.resize(filled);
  return bytes;
}

Result<Bytes> Input::whole(std::uint64_t bytes_max) {
  if (size() > bytes_max) {
    return fail(ErrorKind::limit, "extract.too_large",
                "it is larger than the " + format_size(bytes_max) + " up to which its format is read");
  }
  return part(0, static_cast<std::size_t>(size()));
}

Result<std::size_t> BytesInput::read(std::uint64_t offset, ByteSpan out) {
  if (offset >= bytes_.size()) return std::size_t{0};
  const ByteView left = ByteView(bytes_).subspan(static_cast<std::size_t>(offset));
  const std::size_t count = std::min(left.size(), out.size());
  std::copy_n(left.begin(), count, out.begin());
  return count;
}

Result<std::size_t> ChannelInput::read(std::uint64_t offset, ByteSpan out) {
  if (offset >= size_ || out.empty()) return std::size_t{0};
  const bool is_inside = offset >= window_begin_ && offset < window_begin_ + window_.size();
  if (!is_inside && out.size() >= kWindowBytes) return channel_->read(base_ + offset, out);
  if (!is_inside) {
    window_.resize(kWindowBytes);
    const auto got = channel_->read(base_ + offset, window_);
    window_.resize(got ? *got : 0);
    if (!got) return pass(got.error());
    window_begin_ = offset;
    if (*got == 0) return std::size_t{0};
  }
  const ByteView left = ByteView(window_).subspan(static_cast<std::size_t>(offset - window_begin_));
  const std::size_t count = std::min(left.size(), out.size());
  std::copy_n(left.begin(), count, out.begin());
  return count;
}

}  // namespace atl::extract
