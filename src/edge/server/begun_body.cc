#include "edge/server/begun_body.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "foundation/base/units.h"

namespace atl::server {
namespace {

constexpr std::uint64_t kPieceBytesMax = 64 * kKiB;

class BegunSource final : public net::BodySource {
 public:
  explicit BegunSource(std::unique_ptr<net::BodySource> source) : source_(std::move(source)) {}
  Result<void> begin(std::uint64_t length) {
    piece_ = Buffer(static_cast<std::size_t>(std::min(length, kPieceBytesMax)));
    ATOLL_ASSIGN(auto first, source_->pull(piece_.span()));
    if (first.borrowed.empty() && first.bytes <= piece_.size()) {
      first.borrowed = piece_.view().first(first.bytes);
      first.bytes = 0;
    } else {
      piece_ = Buffer();  // lent, or an error that whoever pulls will see
    }
    first_ = first;
    return {};
  }
  Result<net::Pulled> pull(ByteSpan out) override {
    if (first_) return *std::exchange(first_, std::nullopt);
    piece_ = Buffer();
    return source_->pull(out);
  }

 private:
  std::unique_ptr<net::BodySource> source_;
  Buffer piece_;
  std::optional<net::Pulled> first_;
};

}  // namespace

Result<void> begin_body(net::Response& response) {
  auto* const source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body);
  if (source == nullptr || *source == nullptr || response.length.value_or(0) == 0) return {};
  auto begun = std::make_unique<BegunSource>(std::move(*source));
  ATOLL_TRY(begun->begin(*response.length));
  *source = std::move(begun);
  return {};
}

}  // namespace atl::server
