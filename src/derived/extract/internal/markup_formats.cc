// Web pages, XML, SVG, FictionBook: text without tags, and what they say about themselves.
#include <algorithm>
#include <array>
#include <charconv>

#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

// Elements that begin a line of their own.
constexpr std::array<std::string_view, 30> kBlocks{
    "p",  "div", "br", "li",    "tr",      "h1",      "h2",     "h3",     "h4",         "h5",
    "h6", "ul",  "ol", "table", "section", "article", "header", "footer", "blockquote", "pre",
    "hr", "dt",  "dd", "title", "option",  "form",    "main",   "nav",    "aside",      "figure"};

// The character set that the document names in its first bytes; its text in UTF-8.
Result<std::string> read_markup(Job& job) {
  const std::uint64_t most = std::min<std::uint64_t>(job.tools.limits.whole_bytes_max, 64U << 20U);
  ATOLL_ASSIGN(const Bytes bytes, job.input.part(0, static_cast<std::size_t>(std::min(most, job.input.size()))));
  if (bytes.size() < job.input.size()) job.out.truncated();
  const std::string_view raw = as_text(bytes);
  if (!is_utf8(raw)) {
    const std::string head = lower(raw.substr(0, 2048));
    for (const std::string_view mark : {"charset=", "encoding="}) {
      std::size_t at = head.find(mark);
      if (at == std::string::npos) continue;
      at += mark.size();
      if (at < head.size() && (head[at] == '"' || head[at] == '\'')) ++at;
      const std::size_t end = head.find_first_of("\"' />;?", at);
      if (auto text = job.tools.character_sets.to_utf8(raw, std::string_view(head).substr(at, end - at))) return *text;
      return from_character_set(raw, std::string_view(head).substr(at, end - at));
    }
  }
  return guess_utf8(raw);
}

// Runs of white space are one space; the line ends are those that begin_line() gave.
class Flow {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        is_space_due_ = true;
      } else {
        if (is_space_due_ && !out_.empty() && out_.back() != '\n') out_.push_back(' ');
        is_space_due_ = false;
        out_.push_back(c);
      }
    }
  }
  void begin_line() {
    if (!out_.empty() && out_.back() != '\n') out_.push_back('\n');
    is_space_due_ = false;
  }
  void gap() { is_space_due_ = true; }
  [[nodiscard]] const std::string& text() const { return out_; }
  void clear() { out_.clear(); }

 private:
  std::string out_;
  bool is_space_due_ = false;
};

std::string whole_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && value >= 1 && value < 1e9 ? std::to_string(static_cast<std::uint64_t>(value)) : "";
}

}  // namespace

Result<void> read_html(Job& job) {
  ATOLL_ASSIGN(const std::string source, read_markup(job));
  MarkupReader in(source, true);
  Flow flow;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
    if (kind == MarkupReader::Kind::text) {
      flow.add(in.text());
      continue;
    }
    const std::string name(in.name());
    if (kind == MarkupReader::Kind::open && name == "title" && !job.out.has_field(field::kTitle)) {
      const std::string title = in.text_to_close();
      job.out.field(field::kTitle, title);
      flow.add(title);
      flow.begin_line();
      continue;
    }
    if (kind == MarkupReader::Kind::open && name == "html") job.out.field(field::kLanguage, in.attribute("lang"));
    if (kind == MarkupReader::Kind::open && name == "img") {
      flow.gap();
      flow.add(in.attribute("alt"));
      flow.gap();
    }
    if (kind == MarkupReader::Kind::open && name == "meta") {
      std::string key = lower(in.attribute("name"));
      if (key.empty()) key = lower(in.attribute("property"));
      const std::string value = in.attribute("content");
      if (key == "description" || key == "og:description") job.out.field(field::kDescription, value);
      if (key == "author" || key == "dcterms.creator") job.out.field(field::kCreator, value);
      if (key == "keywords") job.out.field(field::kKeywords, value);
      if (key == "generator") job.out.field(field::kGenerator, value);
      if (key == "date" || key == "dcterms.created" || key == "article:published_time")
        job.out.field(field::kCreated, value);
      if (!key.empty()) job.out.raw("Html.Meta." + key, value);
    }
    if (name == "td" || name == "th") flow.gap();
    if (std::ranges::find(kBlocks, name) != kBlocks.end()) flow.begin_line();
  }
  job.out.text(flow.text());
  return {};
}

Result<void> read_xml(Job& job) {
  ATOLL_ASSIGN(const std::string source, read_markup(job));
  MarkupReader in(source, false);
  Flow flow;
  bool is_first = true;
  std::string open;
  std::size_t vertices = 0;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
    if (kind == MarkupReader::Kind::text) {
      flow.add(in.text());
      if (open == "title" || open == "name")
        job.out.field(job.out.has_field(field::kTitle) ? field::kSubject : field::kTitle, in.text());
      if (open == "author" || open == "creator") job.out.field(field::kCreator, in.text());
      if (open == "description") job.out.field(field::kDescription, in.text());
      if (open == "created") job.out.field(field::kCreated, in.text());
      if (open == "modified") job.out.field(field::kModified, in.text());
      continue;
    }
    flow.begin_line();
    open = kind == MarkupReader::Kind::open ? std::string(in.name()) : std::string();
    if (kind == MarkupReader::Kind::open && std::exchange(is_first, false)) job.out.raw("Xml.Root", in.name());
    if (kind == MarkupReader::Kind::open && job.format.id == "dae") {
      if (open == "float_array") {
        // COLLADA 1.4: positions are one of the arrays; which one only its users say, and its name by custom.
        const std::string id = lower(in.attribute("id"));
        std::uint64_t count = 0;
        const std::string text = in.attribute("count");
        std::from_chars(text.data(), text.data() + text.size(), count);
        if (id.find("position") != std::string::npos || vertices == 0) vertices = static_cast<std::size_t>(count / 3);
        (void)in.text_to_close();
      } else if (open == "triangles" || open == "polylist" || open == "polygons") {
        const std::string count = in.attribute("count");
        job.out.field(field::kFacetCount, count);
      } else if (open == "p" || open == "vcount" || open == "Name_array") {
        (void)in.text_to_close();
      }
    }
  }
  if (vertices > 0) job.out.number(field::kVertexCount, vertices);
  job.out.text(flow.text());
  return {};
}

// SVG 1.1: size from width and height, else from the view box.
Result<void> read_svg(Job& job) {
  ATOLL_ASSIGN(const std::string source, read_markup(job));
  MarkupReader in(source, false);
  Flow flow;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
    if (kind == MarkupReader::Kind::text) {
      flow.add(in.text());
      continue;
    }
    if (kind == MarkupReader::Kind::close) continue;
    const std::string name(in.name());
    if (name == "svg" && !job.out.has_field(field::kWidth)) {
      std::string width = whole_number(in.attribute("width"));
      std::string height = whole_number(in.attribute("height"));
      const std::string box = in.attribute("viewBox");
      if ((width.empty() || height.empty()) && !box.empty()) {
        std::array<std::string, 4> parts;
        std::size_t part = 0;
        for (const char c : box) {
          if (c == ' ' || c == ',') {
            if (part < 4 && !parts.at(part).empty()) ++part;
          } else if (part < 4) {
            parts.at(part).push_back(c);
          }
        }
        width = whole_number(parts[2]);
        height = whole_number(parts[3]);
      }
      job.out.field(field::kWidth, width);
      job.out.field(field::kHeight, height);
    } else if (name == "style" || name == "script") {
      (void)in.text_to_close();
    } else if (name == "title") {
      const std::string title = in.text_to_close();
      job.out.field(field::kTitle, title);
      flow.begin_line();
      flow.add(title);
    } else if (name == "desc") {
      const std::string words = in.text_to_close();
      job.out.field(field::kDescription, words);
      flow.begin_line();
      flow.add(words);
    }
    flow.begin_line();
  }
  job.out.text(flow.text());
  return {};
}

Result<void> read_fictionbook(Job& job) {
  ATOLL_ASSIGN(const std::string source, read_markup(job));
  MarkupReader in(source, false);
  Flow flow;
  std::uint64_t chapter = 0;
  bool is_in_body = false;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
    const std::string name(in.name());
    if (kind == MarkupReader::Kind::text) {
      if (is_in_body) flow.add(in.text());
      continue;
    }
    if (kind == MarkupReader::Kind::close) {
      if (is_in_body) flow.begin_line();
      continue;
    }
    if (name == "body") is_in_body = true;
    if (name == "binary") (void)in.text_to_close();
    if (!is_in_body && name == "book-title") job.out.field(field::kTitle, in.text_to_close());
    if (!is_in_body && name == "author") job.out.field(field::kCreator, in.text_to_close());
    if (!is_in_body && name == "genre") job.out.field(field::kGenre, in.text_to_close());
    if (!is_in_body && name == "lang") job.out.field(field::kLanguage, in.text_to_close());
    if (!is_in_body && name == "publisher") job.out.field(field::kPublisher, in.text_to_close());
    if (is_in_body && name == "section") {
      job.out.text({PlaceKind::chapter, std::max<std::uint64_t>(chapter, 1), ""}, flow.text());
      flow.clear();
      ++chapter;
    }
  }
  job.out.text({PlaceKind::chapter, std::max<std::uint64_t>(chapter, 1), ""}, flow.text());
  return {};
}

}  // namespace atl::extract
