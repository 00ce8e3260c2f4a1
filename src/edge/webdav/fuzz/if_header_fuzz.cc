// The If field from foreign bytes: bounded; what holds for a state and with "Not" before it never both hold.
#include "edge/webdav/if_header.h"
#include "foundation/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto field = atl::webdav::parse_if(atl::as_text({data, size}));
  if (!field) return 0;
  std::size_t conditions = 0;
  for (const auto& list : field->lists) conditions += list.conditions.size();
  ATOLL_INVARIANT(conditions > 0 && conditions <= atl::webdav::kIfConditionsMax, "an If field is bounded");
  ATOLL_INVARIANT(field->tokens().size() <= conditions, "a token is a condition");
  const atl::webdav::IfState state{field->tokens(), std::nullopt};
  const auto ask = [&] {
    const auto answer = atl::webdav::evaluate_if(
        *field, [&](const std::optional<std::string>&) -> atl::Result<atl::webdav::IfState> { return state; });
    ATOLL_INVARIANT(answer.has_value(), "it can be told");
    return *answer;
  };
  // Every token holds: a list is true where it negates none and asks for no tag, or only with "Not".
  bool expected = false;
  for (const auto& list : field->lists) {
    bool all = true;
    for (const auto& condition : list.conditions) all = all && condition.is_negated == condition.tag.has_value();
    expected = expected || all;
  }
  ATOLL_INVARIANT(ask() == expected, "an If field says what its lists say");
  return 0;
}
