#include "edge/rest/content_source.h"

#include "vault/object/content.h"

namespace atl::rest {

Result<net::Pulled> ContentSource::pull(ByteSpan /*out*/) {
  if (at_ == end_) return net::Pulled{0, net::Pulled::State::end, 0, {}};
  piece_.clear();
  // The first piece that comes is what is left of one chunk, or of a hole.
  ATOLL_TRY(vault::read_version(use_.vault().chunks(), version_, at_, end_ - at_, [&](ByteView bytes) -> Result<bool> {
    piece_.append(bytes);
    return false;
  }));
  if (piece_.empty()) {
    return fail(ErrorKind::damaged, "object.too_short",
                "the content of version " + version_.version.text() + " ends before its size says");
  }
  at_ += piece_.size();
  return net::Pulled{0, at_ == end_ ? net::Pulled::State::end : net::Pulled::State::more, 0, piece_.view()};
}

}  // namespace atl::rest
