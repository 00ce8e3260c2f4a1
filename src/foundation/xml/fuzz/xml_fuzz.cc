// The XML reader on foreign bytes: bounded, and what was read can be written and read again as the same tree.
#include "foundation/base/bytes.h"
#include "foundation/xml/xml.h"

namespace {

bool same(const atl::xml::Element& a, const atl::xml::Element& b) {
  if (a.space != b.space || a.name != b.name || a.text != b.text || a.children.size() != b.children.size())
    return false;
  for (std::size_t i = 0; i < a.children.size(); ++i) {
    if (!same(a.children[i], b.children[i])) return false;
  }
  return true;
}

// The namespace of `xml:` cannot be declared as the default one.
bool uses_reserved(const atl::xml::Element& element) {
  if (element.space.starts_with("http://www.w3.org/")) return true;
  for (const auto& child : element.children) {
    if (uses_reserved(child)) return true;
  }
  return false;
}

void write(atl::xml::Writer& writer, const atl::xml::Element& element) {
  writer.begin(element.name);
  writer.attribute("xmlns", element.space);
  if (!element.text.empty()) writer.text(element.text);
  for (const auto& child : element.children) write(writer, child);
  writer.end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto root = atl::xml::read(atl::as_text({data, size}));
  if (!root || uses_reserved(*root)) return 0;
  atl::xml::Writer writer;
  write(writer, *root);
  const auto again = atl::xml::read(writer.finish(), {.bytes_max = 64 << 20});
  ATOLL_INVARIANT(again && same(*root, *again), "a tree comes back");
  return 0;
}
