// MD5 of a stream (RFC 1321): where a protocol or an old habit asks for it. It proves nothing against intent.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "foundation/base/bytes.h"

namespace atl::codec {

class Md5 {
 public:
  Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  ~Md5();
  void update(ByteView data);
  [[nodiscard]] std::array<std::uint8_t, 16> finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atl::codec
