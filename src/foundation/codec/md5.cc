#include "foundation/codec/md5.h"

#include "foundation/codec/internal/digest_stream.h"

namespace atl::codec {

struct Md5::State : DigestStream<16> {
  State() : DigestStream(EVP_md5()) {}
};

Md5::Md5() : state_(std::make_unique<State>()) {}
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
Md5::~Md5() = default;

void Md5::update(ByteView data) { state_->update(data); }

std::array<std::uint8_t, 16> Md5::finish() { return state_->finish(); }

}  // namespace atl::codec
