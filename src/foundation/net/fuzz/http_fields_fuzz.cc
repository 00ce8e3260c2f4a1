// Any bytes as the values of Range, of dates and of entity tags: ranges lie inside the content, what is written is read
// back.
#include <cstdlib>

#include "foundation/net/conditions.h"
#include "foundation/net/http_date.h"
#include "foundation/net/range.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::int64_t kNow = 1'795'000'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl::net;  // NOLINT(google-build-using-namespace): one function, one module
  if (size < 8) return 0;
  const auto content_size = atl::load_le<std::uint64_t>(data) >> (data[0] % 64);
  const std::string text(atl::as_text({data + 8, size - 8}));
  for (const auto& field : {text, "bytes=" + text}) {
    const auto request = parse_range(field, content_size);
    require((request.kind == RangeRequest::Kind::ranges) == !request.ranges.empty());
    for (const auto& range : request.ranges) {
      require(range.length > 0 && range.first < content_size && range.length <= content_size - range.first);
    }
  }
  if (const auto time = parse_http_date(text, kNow)) require(parse_http_date(format_http_date(*time), kNow) == time);
  if (const auto tag = parse_entity_tag(text)) require(format(*tag) == text);
  for (const bool takes_bare : {false, true}) {
    const auto list = parse_entity_tag_list(text, takes_bare);
    if (!list || list->is_any) continue;
    std::string again;
    for (const auto& tag : list->tags) again += format(tag) + ",";
    const auto reread = parse_entity_tag_list(again);
    require(reread && reread->tags == list->tags);
  }
  const Headers headers{{"If-Match", text}, {"If-None-Match", text}, {"If-Range", text}, {"If-Modified-Since", text}};
  const Representation representation{.exists = true, .tag = EntityTag{"a", false}, .modified_unix_seconds = 1};
  (void)evaluate_conditions(headers, "GET", representation, kNow);
  (void)evaluate_conditions(headers, "PUT", representation, kNow);
  (void)range_applies(headers, representation, kNow);
  return 0;
}
