// Every decoder of text in base: what is taken must be written back as the same value, and nothing else may happen.
#include <cstdlib>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/base/units.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = atl::as_text({data, size});
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  if (const auto bytes = atl::from_hex(text)) require(atl::from_hex(atl::to_hex(*bytes)).value() == *bytes);
  if (const auto bytes = atl::from_base32(text)) require(atl::to_base32(*bytes).size() == text.size());
  if (const auto bytes = atl::from_base64(text)) require(atl::to_base64(*bytes) == text);
  if (const auto id = atl::VaultId::parse(text)) require(atl::VaultId::parse(id->text()).value() == *id);
  if (const auto time = atl::parse_rfc3339(text))
    require(atl::parse_rfc3339(atl::format_rfc3339(*time)).value() == *time);
  if (const auto duration = atl::parse_duration_s(text)) require(*duration >= 0);
  if (const auto bytes = atl::parse_size(text)) require(!atl::format_size(*bytes).empty());
  require(atl::is_utf8(text) || !text.empty());
  return 0;
}
