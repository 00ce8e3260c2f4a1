// XML 1.0 with namespaces (W3C REC-xml 5th edition, REC-xml-names) as protocols use it: small documents, read whole
// into a tree; and a writer.
//
// Always true:
//  - Reading is bounded by ReadLimits before memory is taken. A document type declaration is refused, so there are no
//    entities but the five of XML itself and numeric ones: nothing can expand.
//  - Only UTF-8 is read, and only UTF-8 is written.
//  - Element and attribute names are compared after their prefix was resolved: `space` is the namespace's URI.
// Thread rules: values, no shared state. Complexity: linear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::xml {

struct Attribute {
  std::string space;
  std::string name;
  std::string value;
};

struct Element {
  std::string space;
  std::string name;
  std::vector<Attribute> attributes;
  std::string text;  // its own character data, joined, as it is
  // How many bytes of its parent's `text` stand before it: with this, mixed content can be written again in its order.
  std::size_t text_before = 0;
  std::vector<Element> children;

  // The first child of that name, whatever its namespace; null where there is none.
  [[nodiscard]] const Element* child(std::string_view child_name) const;
  // Its text; empty where there is no such child.
  [[nodiscard]] std::string_view text_of(std::string_view child_name) const;
};

struct ReadLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t elements_max = 50'000;
  std::size_t depth_max = 16;
  std::size_t attributes_max = 16;  // of one element
};

// `usage`: xml.malformed, xml.doctype_refused; `limit`: xml.too_large.
[[nodiscard]] Result<Element> read(std::string_view document, const ReadLimits& limits = {});

// Writes one document, front to back. Elements must be ended; names are the program's own and not checked.
class Writer {
 public:
  Writer();  // begins with the declaration
  // `space` stands as xmlns where it is not empty.
  Writer& begin(std::string_view name, std::string_view space = {});
  // Of the element begun last; before anything is written into it.
  Writer& attribute(std::string_view name, std::string_view value);
  Writer& text(std::string_view value);
  Writer& end();
  Writer& element(std::string_view name, std::string_view value);  // <name>value</name>
  // A well-formed piece with all the namespaces it uses, as append_standalone() writes it.
  Writer& fragment(std::string_view piece);
  // Every element must be ended.
  [[nodiscard]] std::string finish();
  [[nodiscard]] std::size_t size() const { return out_.size(); }

 private:
  void close_tag();
  std::string out_;
  std::vector<std::string> open_;
  bool is_tag_open_ = false;
};

// An element with all below it as a piece that can stand in any document: it declares every namespace it uses itself.
// read() of it gives the same tree. `unsupported` xml.reserved_name where something is in a namespace whose declaration
// XML forbids.
[[nodiscard]] Result<void> append_standalone(std::string& out, const Element& element);

// `value` as character data or, quotes escaped too, as an attribute's value. Bytes that are no UTF-8, and zero bytes,
// become U+FFFD; other control characters, which XML 1.0 cannot hold, are written as numeric references, as S3 does.
void append_escaped(std::string& out, std::string_view value);

}  // namespace atl::xml
