// The bytes of one content, wherever they come from: the caller of the worker, or an archive that was unpacked.
// Always true: an offset behind the end reads nothing; room is made for what is asked, never for what a file claims.
#pragma once

#include <cstdint>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/sandbox/sandbox.h"

namespace atl::extract {

class Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  Input(Input&&) = delete;
  Input& operator=(Input&&) = delete;
  virtual ~Input() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // May give fewer than asked; 0 at the end.
  [[nodiscard]] virtual Result<std::size_t> read(std::uint64_t offset, ByteSpan out) = 0;

  // As many of `count` bytes as there are.
  [[nodiscard]] Result<Bytes> part(std::uint64_t offset, std::size_t count);
  // `limit` "extract.too_large" where it is larger.
  [[nodiscard]] Result<Bytes> whole(std::uint64_t bytes_max);
};

class BytesInput final : public Input {
 public:
  explicit BytesInput(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, ByteSpan out) override;

 private:
  Bytes bytes_;
};

// A content of the batch: `base` is where it begins in what the channel reads.
class ChannelInput final : public Input {
 public:
  ChannelInput(sandbox::Channel& channel, std::uint64_t base, std::uint64_t size)
      : channel_(&channel), base_(base), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, ByteSpan out) override;

 private:
  sandbox::Channel* channel_;
  std::uint64_t base_;
  std::uint64_t size_;
  Bytes window_;  // readers take many small pieces that lie side by side
  std::uint64_t window_begin_ = 0;
};

}  // namespace atl::extract
