// Every decoder of rows on foreign bytes: no crash, and what decodes encodes to something that decodes to the same.
#include "catalog/internal/row_views.h"
#include "catalog/rows.h"

using namespace atl;           // NOLINT(google-build-using-namespace)
using namespace atl::catalog;  // NOLINT(google-build-using-namespace)

namespace {

template <class Decode>
void check(const Decode& decode, ByteView key, ByteView row) {
  const auto decoded = decode(key, row);
  if (!decoded) return;
  const Bytes encoded = encode(*decoded);
  const auto again = decode(key_of(*decoded), encoded);
  ATOLL_INVARIANT(again && encode(*again) == encoded && key_of(*again) == key_of(*decoded), "rows come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView input(data + 2, size - 2);
  const std::size_t key_bytes = std::min<std::size_t>(data[1], input.size());
  const ByteView key = input.first(key_bytes);
  const ByteView row = input.subspan(key_bytes);
  switch (data[0] % 7) {
    case 0: check(decode_bucket, key, row); break;
    case 1: check(decode_entry, key, row); break;
    case 2: {
      check(decode_version, key, row);
      const auto whole = decode_version(key, row);
      const auto view = view_version(row);
      ATOLL_INVARIANT(!whole || (view && view->size == whole->size && view->kind == whole->kind),
                      "a view sees what the whole row says");
      break;
    }
    case 3: check(decode_pack, key, row); break;
    case 4: check(decode_job, key, row); break;
    case 5: check(decode_checkpoint, key, row); break;
    default: {
      const auto content = decode_content(input);
      if (content) ATOLL_INVARIANT(decode_content(encode(*content)).value() == *content, "content comes back");
    }
  }
  return 0;
}
