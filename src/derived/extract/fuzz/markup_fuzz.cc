// HTML and XML in pieces: it ends, and never gives more text than there was (entities are longer than what they mean,
// but for numeric ones of many bytes in UTF-8, which are longer still).
#include "derived/extract/internal/markup.h"
#include "foundation/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::extract;
  for (const bool is_html : {false, true}) {
    MarkupReader in(as_text({data, size}), is_html);
    std::size_t total = 0;
    for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
      if (kind == MarkupReader::Kind::text) total += in.text().size();
      if (kind == MarkupReader::Kind::open) static_cast<void>(in.attribute("id"));
    }
    ATOLL_INVARIANT(total <= size, "no text out of nothing");
  }
  return 0;
}
