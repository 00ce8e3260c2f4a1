// HTML and XML as a stream of tags and text. Not a validating parser: it takes what people and programs wrote, whole or
// cut off, and gives what can be told of it (the rules are those of HTML's tokenizer, much reduced, and of XML 1.0).
// Always true: entities that a document declares are not known, so nothing can expand; declarations are passed over;
// memory does not grow with the document; complexity is linear.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace atl::extract {

class MarkupReader {
 public:
  enum class Kind : std::uint8_t { end, open, close, text };
  // `utf8` outlives this. HTML: names are small letters, and text of script and style is left out.
  MarkupReader(std::string_view utf8, bool is_html) : rest_(utf8), is_html_(is_html) {}

  [[nodiscard]] Kind next();
  // Of a tag, without prefix.
  [[nodiscard]] std::string_view name() const { return name_; }
  // Of an opening tag, by its name without prefix; empty where there is none.
  [[nodiscard]] std::string attribute(std::string_view local_name) const;
  // The text, entities resolved.
  [[nodiscard]] const std::string& text() const { return text_; }
  // Reads the text up to the end of the element that was just opened, with all in it.
  [[nodiscard]] std::string text_to_close();

 private:
  [[nodiscard]] Kind tag();
  std::string_view rest_;
  bool is_html_;
  std::string name_;
  std::string_view attributes_;
  std::string text_;
  bool closes_at_once_ = false;
};

void append_unescaped(std::string& out, std::string_view escaped);

}  // namespace atl::extract
