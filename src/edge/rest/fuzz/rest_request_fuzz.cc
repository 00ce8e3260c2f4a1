// What strangers send to the REST interface: paths, and bodies as JSON against every schema of a request; a filter that
// was understood as JSON is text that the language of filters reads or refuses.
#include <cstddef>
#include <cstdint>

#include "catalog/filter/filter.h"
#include "edge/rest/filter_body.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/router.h"
#include "edge/rest/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  static const rest::Router kRouter(rest::operations());
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT
  for (const std::string_view method : {"GET", "PUT", "POST"}) {
    const auto found = kRouter.find(method, text.starts_with('/') ? text : std::string_view("/"));
    if (found && found->operation != nullptr) ATOLL_INVARIANT(!found->methods.empty(), "a route has methods");
  }
  const auto facts = rest::facts_of({{"Atoll-Tags", std::string(text)}}, {});
  if (facts) ATOLL_INVARIANT(facts->tags.size() <= rest::kTagsMax, "tags are limited");
  const auto value = json::Value::parse(text, {.bytes_max = 64 * 1024, .depth_max = 32});
  if (!value) return 0;
  for (const rest::Operation& operation : rest::operations()) {
    const json::Value* const wanted = rest::schema_named(operation.body);
    if (wanted != nullptr) ignore_error_on_purpose(rest::schema::check(*wanted, *value));
  }
  const auto filter = rest::filter_text(*value);
  if (!filter) return 0;
  const auto parsed = filter::parse(*filter, {});
  if (parsed) ATOLL_INVARIANT(filter::parse(parsed->text(), {}).has_value(), "canonical text parses");
  return 0;
}
