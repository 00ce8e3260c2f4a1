// Any bytes as a target, a path, a query and an authority: what is decoded and encoded again decodes to the same.
#include <cstdlib>

#include "foundation/base/bytes.h"
#include "foundation/net/uri.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl::net;  // NOLINT(google-build-using-namespace): one function, one module
  const auto text = atl::as_text({data, size});
  if (const auto decoded = percent_decode(text)) {
    require(percent_decode(percent_encode(*decoded)) == *decoded);
    require(percent_decode(encode_path(*decoded)) == *decoded);
    require(decoded->size() <= text.size());
  }
  const auto target = split_target(text);
  require(target.path.size() + (target.query ? target.query->size() + 1 : 0) == text.size());
  const auto pieces = split_path(target.path);
  const auto first = split_first(target.path);
  require(pieces.has_value() == first.has_value());
  if (pieces && target.path.starts_with('/') && target.path.size() > 1) {
    std::string rest;
    for (std::size_t at = 1; at < pieces->size(); ++at) rest += (at > 1 ? "/" : "") + (*pieces)[at];
    require(first->first == pieces->front());
    require(first->rest.value_or("") == rest);
  }
  if (const auto query = Query::parse(target.query.value_or(text), Plus::space, 50)) {
    require(query->pairs().size() <= 50);
    std::string again;
    for (const auto& pair : query->pairs()) {
      again += percent_encode(pair.name);
      if (pair.value) again += "=" + percent_encode(*pair.value);
      again += '&';
    }
    const auto reread = Query::parse(again, Plus::literal, 50);
    require(reread.has_value());
    // A pair without a name and a value is written as nothing.
    require(reread->pairs().size() <= query->pairs().size());
    for (const auto& pair : query->pairs()) require(pair.name.empty() || reread->has(pair.name));
  }
  if (const auto authority = parse_authority(text)) require(!authority->host.empty());
  return 0;
}
