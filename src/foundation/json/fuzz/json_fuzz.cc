// JSON from foreign bytes: bounded in depth, and what was read is written so that the same is read again.
#include <algorithm>

#include "foundation/base/bytes.h"
#include "foundation/json/json.h"

namespace {

constexpr std::size_t kDepthMax = 16;

std::size_t depth_of(const atl::json::Value& value) {
  std::size_t deepest = 0;
  if (const auto* const members = value.as_members(); members != nullptr)
    for (const auto& [name, member] : *members) deepest = std::max(deepest, depth_of(member));
  if (const auto* const items = value.as_array(); items != nullptr)
    for (const auto& item : *items) deepest = std::max(deepest, depth_of(item));
  return deepest + 1;
}

// Numbers with a fraction or an exponent: the library reads them to some 15 digits, not to the last bit. Negative
// integers count here as well.
bool has_inexact_number(const atl::json::Value& value) {
  if (const auto* const members = value.as_members(); members != nullptr)
    return std::ranges::any_of(*members, [](const auto& member) { return has_inexact_number(member.second); });
  if (const auto* const items = value.as_array(); items != nullptr)
    return std::ranges::any_of(*items, has_inexact_number);
  return !value.is_null() && value.as_bool() == nullptr && value.as_text() == nullptr && value.as_unsigned() == nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using atl::json::Value;
  const std::string_view text = atl::as_text({data, size});
  const auto value = Value::parse(text, {.bytes_max = 64 * 1024, .depth_max = kDepthMax});
  if (!value) return 0;
  ATOLL_INVARIANT(depth_of(*value) <= kDepthMax + 1, "the depth is bounded");
  const std::string written = value->text();
  ATOLL_INVARIANT(atl::is_utf8(written), "what is written is UTF-8");
  const auto again = Value::parse(written, {.bytes_max = 1024 * 1024, .depth_max = kDepthMax});
  ATOLL_INVARIANT(again.has_value(), "what was written can be read");
  if (!has_inexact_number(*value)) ATOLL_INVARIANT(again->text() == written, "it is the same");
  return 0;
}
