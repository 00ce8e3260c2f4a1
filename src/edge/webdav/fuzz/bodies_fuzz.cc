// Bodies of PROPFIND, PROPPATCH and LOCK from foreign bytes: bounded; what is kept can be read again as it was.
#include "edge/webdav/properties.h"
#include "foundation/base/bytes.h"

namespace {

bool same(const atl::xml::Element& a, const atl::xml::Element& b) {
  if (a.space != b.space || a.name != b.name || a.text != b.text || a.children.size() != b.children.size() ||
      a.attributes.size() != b.attributes.size())
    return false;
  for (std::size_t i = 0; i < a.attributes.size(); ++i) {
    if (a.attributes[i].space != b.attributes[i].space || a.attributes[i].name != b.attributes[i].name ||
        a.attributes[i].value != b.attributes[i].value)
      return false;
  }
  for (std::size_t i = 0; i < a.children.size(); ++i) {
    if (a.children[i].text_before != b.children[i].text_before || !same(a.children[i], b.children[i])) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl::webdav;  // NOLINT
  const std::string_view body = atl::as_text({data, size});
  if (const auto asked = parse_propfind(body))
    ATOLL_INVARIANT(asked->wanted.size() <= 2 * kNamesMax || size > kNamesMax, "names are bounded");
  if (const auto lock = parse_lock(body); lock && !lock->owner.empty())
    ATOLL_INVARIANT(atl::xml::read(lock->owner).has_value(), "an owner is a piece of XML");
  const auto changes = parse_proppatch(body);
  if (!changes) return 0;
  Metadata metadata;
  for (const auto& change : *changes) {
    if (!change.value) {
      remove_dead_property(metadata, change.name);
      continue;
    }
    if (!set_dead_property(metadata, change.name, *change.value)) continue;
    const auto piece = dead_property(metadata, change.name);
    ATOLL_INVARIANT(piece.has_value(), "what was set is there");
    const auto again = atl::xml::read(*piece, {.bytes_max = kBodyBytesMax, .depth_max = 24, .attributes_max = 32});
    ATOLL_INVARIANT(again && same(*change.value, *again), "a property comes back as it was");
  }
  ATOLL_INVARIANT(dead_properties(metadata).size() <= kDeadPropertiesMax, "properties are bounded");
  return 0;
}
