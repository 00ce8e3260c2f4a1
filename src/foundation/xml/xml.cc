#include "foundation/xml/xml.h"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "foundation/base/bytes.h"

namespace atl::xml {
namespace {

constexpr char kSeparator = '\n';  // Expat refuses namespaces that hold it

std::pair<std::string, std::string> split_name(std::string_view name) {
  const std::size_t at = name.rfind(kSeparator);
  if (at == std::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, at)), std::string(name.substr(at + 1))};
}

// State of one reading. The path to the open element is kept as places in each parent's children, because these move
// while they grow.
struct Reading {
  const ReadLimits& limits;
  XML_Parser parser;
  Element root;
  std::vector<Element*> open;
  std::size_t elements = 0;
  Error refused{ErrorKind::failed, {}, {}, {}, 0};

  void refuse(ErrorKind kind, std::string id, std::string message) {
    if (refused.id.empty()) refused = {kind, std::move(id), std::move(message), {}, 0};
    XML_StopParser(parser, XML_FALSE);
  }
};

Reading& reading_of(void* data) { return *static_cast<Reading*>(data); }

void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
  Reading& reading = reading_of(data);
  if (!reading.refused.id.empty()) return;
  if (++reading.elements > reading.limits.elements_max) {
    return reading.refuse(
        ErrorKind::limit, "xml.too_large",
        "the XML document has more than " + std::to_string(reading.limits.elements_max) + " elements");
  }
  if (reading.open.size() >= reading.limits.depth_max) {
    return reading.refuse(
        ErrorKind::limit, "xml.too_large",
        "the XML document is nested deeper than " + std::to_string(reading.limits.depth_max) + " levels");
  }
  // An element's children grow only while it is the innermost one, and none of them is open then.
  Element& element = reading.open.empty() ? reading.root : reading.open.back()->children.emplace_back();
  if (!reading.open.empty()) element.text_before = reading.open.back()->text.size();
  std::tie(element.space, element.name) = split_name(name);
  for (; *attributes != nullptr; attributes += 2) {
    if (element.attributes.size() >= reading.limits.attributes_max) {
      return reading.refuse(
          ErrorKind::limit, "xml.too_large",
          "an XML element has more than " + std::to_string(reading.limits.attributes_max) + " attributes");
    }
    Attribute& attribute = element.attributes.emplace_back();
    std::tie(attribute.space, attribute.name) = split_name(attributes[0]);
    attribute.value = attributes[1];
  }
  reading.open.push_back(&element);
}

void on_end(void* data, const XML_Char* /*name*/) {
  Reading& reading = reading_of(data);
  if (reading.refused.id.empty()) reading.open.pop_back();
}

void on_text(void* data, const XML_Char* text, int length) {
  Reading& reading = reading_of(data);
  if (reading.refused.id.empty() && !reading.open.empty()) {
    reading.open.back()->text.append(text, static_cast<std::size_t>(length));
  }
}

void on_doctype(void* data, const XML_Char* /*name*/, const XML_Char* /*system*/, const XML_Char* /*public_id*/,
                int /*has_subset*/) {
  reading_of(data).refuse(ErrorKind::usage, "xml.doctype_refused",
                          "a document type declaration is not allowed here: leave out the DOCTYPE");
}

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

}  // namespace

const Element* Element::child(std::string_view child_name) const {
  for (const Element& element : children) {
    if (element.name == child_name) return &element;
  }
  return nullptr;
}

std::string_view Element::text_of(std::string_view child_name) const {
  const Element* element = child(child_name);
  return element == nullptr ? std::string_view() : std::string_view(element->text);
}

Result<Element> read(std::string_view document, const ReadLimits& limits) {
  if (document.size() > limits.bytes_max || document.size() > (1U << 30)) {
    return fail(ErrorKind::limit, "xml.too_large",
                "the XML document is " + std::to_string(document.size()) + " bytes long, more than " +
                    std::to_string(limits.bytes_max));
  }
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser> parser(XML_ParserCreateNS("UTF-8", kSeparator));
  if (!parser) return fail(ErrorKind::failed, "xml.no_parser", "no memory for an XML parser");
  Reading reading{limits, parser.get(), {}, {}, 0, {ErrorKind::failed, {}, {}, {}, 0}};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  const auto status = XML_Parse(parser.get(), document.data(), static_cast<int>(document.size()), XML_TRUE);
  if (!reading.refused.id.empty()) return pass(std::move(reading.refused));
  if (status != XML_STATUS_OK) {
    return fail(ErrorKind::usage, "xml.malformed",
                "the XML document is not well-formed: " + std::string(XML_ErrorString(XML_GetErrorCode(parser.get()))) +
                    " in line " + std::to_string(XML_GetCurrentLineNumber(parser.get())));
  }
  return std::move(reading.root);
}

Writer::Writer() : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

void Writer::close_tag() {
  if (std::exchange(is_tag_open_, false)) out_ += '>';
}

Writer& Writer::begin(std::string_view name, std::string_view space) {
  close_tag();
  out_ += '<';
  out_ += name;
  is_tag_open_ = true;
  open_.emplace_back(name);
  if (!space.empty()) attribute("xmlns", space);
  return *this;
}

Writer& Writer::attribute(std::string_view name, std::string_view value) {
  ATOLL_INVARIANT(is_tag_open_, "attributes come before an element's content");
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_escaped(out_, value);
  out_ += '"';
  return *this;
}

Writer& Writer::text(std::string_view value) {
  close_tag();
  append_escaped(out_, value);
  return *this;
}

Writer& Writer::end() {
  ATOLL_INVARIANT(!open_.empty(), "there is no element to end");
  if (std::exchange(is_tag_open_, false)) {
    out_ += "/>";
  } else {
    out_ += "</";
    out_ += open_.back();
    out_ += '>';
  }
  open_.pop_back();
  return *this;
}

Writer& Writer::element(std::string_view name, std::string_view value) {
  close_tag();
  out_ += '<';
  out_ += name;
  out_ += '>';
  append_escaped(out_, value);
  out_ += "</";
  out_ += name;
  out_ += '>';
  return *this;
}

Writer& Writer::fragment(std::string_view piece) {
  close_tag();
  out_ += piece;
  return *this;
}

std::string Writer::finish() {
  ATOLL_INVARIANT(open_.empty(), "every element is ended before the document is");
  return std::move(out_);
}

namespace {

constexpr std::string_view kXmlSpace = "http://www.w3.org/XML/1998/namespace";  // always bound to "xml"
constexpr std::string_view kXmlnsSpace = "http://www.w3.org/2000/xmlns/";

// `around`: the default namespace where it is written.
Result<void> append_in(std::string& out, const Element& element, std::string_view around) {
  if (element.space == kXmlSpace || element.space == kXmlnsSpace) {
    return fail(ErrorKind::unsupported, "xml.reserved_name",
                "an XML element cannot be in the namespace " + element.space);
  }
  out += '<';
  out += element.name;
  if (element.space != around) {
    out += " xmlns=\"";
    append_escaped(out, element.space);
    out += '"';
  }
  std::size_t prefixes = 0;
  for (const Attribute& attribute : element.attributes) {
    std::string prefix;
    if (attribute.space == kXmlSpace) {
      prefix = "xml:";
    } else if (!attribute.space.empty()) {
      prefix = "n" + std::to_string(++prefixes);
      out += " xmlns:" + prefix + "=\"";
      append_escaped(out, attribute.space);
      out += '"';
      prefix += ':';
    }
    out += ' ' + prefix + attribute.name + "=\"";
    append_escaped(out, attribute.value);
    out += '"';
  }
  if (element.text.empty() && element.children.empty()) {
    out += "/>";
    return {};
  }
  out += '>';
  std::size_t at = 0;
  for (const Element& child : element.children) {
    const std::size_t before = std::min(std::max(at, child.text_before), element.text.size());
    append_escaped(out, std::string_view(element.text).substr(at, before - at));
    at = before;
    ATOLL_TRY(append_in(out, child, element.space));
  }
  append_escaped(out, std::string_view(element.text).substr(at));
  out += "</" + element.name + ">";
  return {};
}

}  // namespace

// The piece may come to stand where any namespace is the default, so its root says its own even where that is none.
Result<void> append_standalone(std::string& out, const Element& element) {
  return append_in(out, element, std::string_view("\n"));  // no namespace: read() never gives one with a line feed
}

void append_escaped(std::string& out, std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    const auto byte = static_cast<unsigned char>(value[at]);
    if (byte >= 0x80) {
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      const std::string_view character = value.substr(at, length);
      // U+FFFE and U+FFFF are UTF-8 but no characters of XML.
      if (character.size() == length && is_utf8(character) && character != "\xEF\xBF\xBE" &&
          character != "\xEF\xBF\xBF") {
        out += character;
        at += length;
      } else {
        out += "\xEF\xBF\xBD";
        ++at;
      }
      continue;
    }
    switch (byte) {
      case 0: out += "\xEF\xBF\xBD"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (byte < 0x20 || byte == 0x7F) {
          static constexpr std::string_view kDigits = "0123456789abcdef";
          out += "&#x";
          if (byte >= 0x10) out += kDigits[byte >> 4];
          out += kDigits[byte & 15];
          out += ';';
        } else {
          out += static_cast<char>(byte);
        }
    }
    ++at;
  }
}

}  // namespace atl::xml
