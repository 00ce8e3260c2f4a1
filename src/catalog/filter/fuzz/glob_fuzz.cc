// The first line is a pattern, the rest a text: no crash, no endless loop, and a pattern made by escape() matches its
// text.
#include <algorithm>
#include <cstdlib>

#include "catalog/filter/glob.h"
#include "foundation/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using atl::filter::Glob;
  const std::string_view input = atl::as_text({data, size});
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view text = input.substr(std::min(pattern.size() + 1, input.size()));
  for (const auto kind : {atl::filter::GlobKind::path, atl::filter::GlobKind::text}) {
    const auto glob = Glob::compile(pattern, kind);
    if (glob && glob->matches(text) && !text.starts_with(glob->literal_prefix())) std::abort();
    const auto exact = Glob::compile(Glob::escape(text), kind);
    if (exact && !exact->matches(text)) std::abort();
  }
  return 0;
}
