// The first page of what is made of words or cells, as far as its words go: a title and paragraphs, a table, a slide, a
// listing. Not how its own program would show it: neither its fonts and colours nor its pictures are looked at.
// Always true: what stands in the content is drawn as letters and nothing else; no more of it is read than fits.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "derived/extract/vocabulary.h"
#include "derived/extract/words_reader.h"
#include "derived/render/internal/draw.h"
#include "derived/render/internal/letters.h"

namespace atl::render {
namespace {

namespace field = extract::field;

constexpr std::uint64_t kTextBytesMax = 64 * kKiB;
constexpr std::uint32_t kLong = 1024;  // of a page's sides; what is wanted smaller is shrunk
constexpr std::uint32_t kShort = 724;  // ISO 216: the square root of 2
constexpr std::uint32_t kSlideShort = 576;
constexpr double kMargin = 64;
constexpr Colour kInk{33, 37, 41};
constexpr Colour kPaleInk{110, 118, 126};
constexpr Colour kRule{205, 210, 216};
constexpr Colour kHead{238, 241, 245};
constexpr std::size_t kTitleBytesMax = 300;

std::string_view without_ends(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// So much of it, up to the end of a letter.
std::string_view first_bytes(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

// Between letters of Chinese and Japanese a line may be broken, but not before what ends a sentence or a bracket.
bool is_ideograph(std::string_view letter) {
  return letter >= "\u2E80" &&
         (letter < "\uA4D0" || (letter >= "\uF900" && letter < "\uFB00") || (letter >= "\uFF00" && letter < "\uFFF0") ||
          (letter >= "\U00020000" && letter < "\U00040000"));
}
bool may_not_begin_a_line(std::string_view letter) {
  constexpr std::array<std::string_view, 14> kClosing{"、", "。", "，", "．", "」", "』", "）",
                                                      "】", "〉", "》", "！", "？", "：", "；"};
  return std::ranges::find(kClosing, letter) != kClosing.end();
}

// Where a line that goes on at `from` may be broken first; `from` itself is none.
std::size_t next_break(std::string_view text, std::size_t from) {
  const auto letter_at = [&](std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    return text.substr(at, end - at);
  };
  std::string_view last = letter_at(from);
  for (std::size_t at = from + last.size(); at < text.size(); at += last.size()) {
    const std::string_view letter = letter_at(at);
    if (letter == " ") return at;
    if ((is_ideograph(last) || is_ideograph(letter)) && !may_not_begin_a_line(letter)) return at;
    last = letter;
  }
  return text.size();
}

class Paper {
 public:
  static Result<Paper> open(Letters& letters, std::uint32_t width, std::uint32_t height) {
    Paper paper(letters);
    ATOLL_ASSIGN(paper.picture_, blank_picture(width, height));
    std::ranges::fill(paper.picture_.pixels, std::uint8_t{255});
    paper.right_ = width - kMargin;
    return paper;
  }

  [[nodiscard]] bool is_full() const { return y_ > picture_.height - kMargin; }
  void leave(double pixels) { y_ += pixels; }

  // As many lines as it takes, broken between words where there are any.
  void paragraph(std::string_view text, Style style, std::uint32_t size, Colour colour, double indent = 0,
                 int lines_max = 1000) {
    const double left = kMargin + indent;
    const bool from_right = Letters::begins_on_the_right(text);
    const double room = right_ - left;
    for (int line = 0; !text.empty() && !is_full() && line < lines_max; ++line) {
      const std::string_view part = fitting(text, style, size, room);
      const double width = from_right ? letters_->width_of(part, style, size) : 0;
      const double begin = from_right ? right_ - indent - std::min(width, room) : left;
      y_ += size;
      letters_->draw(picture_, part, style, size, begin, y_, right_, colour, from_right);
      y_ += size * 0.45;
      text.remove_prefix(part.size());
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
  }
  // One line; what does not fit is left out.
  void line(std::string_view text, Style style, std::uint32_t size, Colour colour) {
    y_ += size * 1.4;
    letters_->draw(picture_, text, style, size, kMargin, y_, picture_.width, colour);
  }
  void rule() { fill(kMargin, y_, right_, y_ + 2, kRule); }
  void fill(double left, double top, double right, double bottom, Colour colour) {
    const auto end_x = static_cast<std::size_t>(std::clamp<double>(right, 0, picture_.width));
    const auto end_y = static_cast<std::size_t>(std::clamp<double>(bottom, 0, picture_.height));
    for (auto y = static_cast<std::size_t>(std::max(top, 0.0)); y < end_y; ++y) {
      for (auto x = static_cast<std::size_t>(std::max(left, 0.0)); x < end_x; ++x)
        std::ranges::copy(colour, picture_.pixels.begin() + static_cast<std::ptrdiff_t>((y * picture_.width + x) * 4));
    }
  }
  [[nodiscard]] Letters& letters() { return *letters_; }
  [[nodiscard]] Picture& picture() { return picture_; }
  [[nodiscard]] Picture take(std::uint32_t side) { return scaled_to(picture_, side); }

 private:
  explicit Paper(Letters& letters) : letters_(&letters) {}

  // As much of the text as fits into one line: whole words, or letters of one that is longer than a line.
  [[nodiscard]] std::string_view fitting(std::string_view text, Style style, std::uint32_t size, double width) {
    std::size_t fits = 0;
    double used = 0;
    while (fits < text.size()) {
      const std::size_t end = next_break(text, fits);
      const double more = letters_->width_of(text.substr(fits, end - fits), style, size);
      if (used + more > width) break;
      used += more;
      fits = end;
    }
    if (fits > 0) return text.substr(0, fits);
    std::size_t letters = first_bytes(text, 1).size();
    for (std::size_t bytes = 1; bytes <= text.size(); ++bytes) {
      const auto part = first_bytes(text, bytes);
      if (letters_->width_of(part, style, size) > width) break;
      letters = part.size();
    }
    if (letters > 0) return text.substr(0, letters);
    // Not even one letter is that narrow: it is drawn all the same, or nothing would go on.
    std::size_t end = 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    return text.substr(0, end);
  }

  Letters* letters_;
  Picture picture_;
  double y_ = kMargin;
  double right_ = 0;
};

// Of the parts of it that stand in the same place as the first: the first slide, the first sheet.
std::string text_of_first_place(const extract::Extraction& extraction) {
  std::string text;
  for (const auto& piece : extraction.pieces) {
    if (!(piece.place == extraction.pieces.front().place)) break;
    if (!text.empty()) text += '\n';
    text += piece.text;
  }
  return text;
}

std::string whole_text_of(const extract::Extraction& extraction) {
  std::string text;
  for (const auto& piece : extraction.pieces) {
    if (!text.empty()) text += '\n';
    text += piece.text;
  }
  return text;
}

Result<Picture> draw_listing(const Drawing& drawing, const extract::Extraction& extraction) {
  constexpr std::uint32_t kSize = 15;
  ATOLL_ASSIGN(Paper paper, Paper::open(*drawing.letters, kShort, kLong));
  const std::string text = whole_text_of(extraction);
  for (const std::string_view line : split(text, '\n')) {
    if (paper.is_full()) break;
    std::string spaced;
    for (const char c : line) c == '\t' ? spaced.append(4 - spaced.size() % 4, ' ') : spaced.append(1, c);
    paper.line(spaced, Style::fixed, kSize, kInk);
  }
  return paper.take(drawing.side);
}

void draw_heading(Paper& paper, const extract::Extraction& extraction, std::string_view title) {
  if (!title.empty()) {
    paper.paragraph(title, Style::bold, 34, kInk, 0, 4);
    paper.leave(6);
  }
  std::string people;
  for (const auto& one : extraction.fields) {
    const bool is_person = one.name == field::kCreator || one.name == field::kSender || one.name == field::kRecipient;
    if (is_person && people.size() < kTitleBytesMax) people += (people.empty() ? "" : ", ") + one.value;
  }
  if (!people.empty()) paper.paragraph(people, Style::plain, 18, kPaleInk, 0, 2);
  if (title.empty() && people.empty()) return;
  paper.leave(10);
  paper.rule();
  paper.leave(16);
}

Result<Picture> draw_document(const Drawing& drawing, const extract::Extraction& extraction) {
  constexpr std::uint32_t kSize = 19;
  ATOLL_ASSIGN(Paper paper, Paper::open(*drawing.letters, kShort, kLong));
  const std::string text = whole_text_of(extraction);
  const bool is_markdown = drawing.format.id == "markdown";
  std::string_view title = first_bytes(extract::value_of(extraction, field::kTitle), kTitleBytesMax);
  // Where the text begins with its title, it is drawn as such and not a second time.
  std::string_view rest = text;
  const std::size_t begin = std::min(rest.find_first_not_of(is_markdown ? " \t\r\n#" : " \t\r\n"), rest.size());
  if (!title.empty() && rest.substr(begin).starts_with(title)) rest.remove_prefix(begin + title.size());
  draw_heading(paper, extraction, title);
  bool was_empty = true;
  for (std::string_view line : split(rest, '\n')) {
    if (paper.is_full()) break;
    line = without_ends(line);
    if (line.empty()) {
      if (!was_empty) paper.leave(kSize * 0.6);
      was_empty = true;
      continue;
    }
    was_empty = false;
    const std::size_t marks = is_markdown ? std::min(line.find_first_not_of('#'), line.size()) : 0;
    if (marks > 0 && marks <= 6 && marks < line.size() && line[marks] == ' ') {
      paper.leave(8);
      paper.paragraph(without_ends(line.substr(marks)), Style::bold, marks == 1 ? 30 : marks == 2 ? 25 : 21, kInk);
    } else {
      paper.paragraph(line, Style::plain, kSize, kInk);
    }
    paper.leave(4);
  }
  return paper.take(drawing.side);
}

Result<Picture> draw_slide(const Drawing& drawing, const extract::Extraction& extraction) {
  ATOLL_ASSIGN(Paper paper, Paper::open(*drawing.letters, kLong, kSlideShort));
  const std::string text = text_of_first_place(extraction);
  bool is_first = true;
  for (std::string_view line : split(text, '\n')) {
    line = without_ends(line);
    if (line.empty()) continue;
    if (paper.is_full()) break;
    paper.paragraph(line, is_first ? Style::bold : Style::plain, is_first ? 52 : 30, kInk, is_first ? 0 : 24, 4);
    paper.leave(is_first ? 28 : 10);
    is_first = false;
  }
  return paper.take(drawing.side);
}

using Row = std::vector<std::string>;

// A line of separated values; quotes hold separators together (RFC 4180), but not lines.
Row cells_of(std::string_view line, char separator) {
  Row cells(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && separator != '\t') {
      if (is_quoted && i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += '"';
        ++i;
      } else {
        is_quoted = !is_quoted;
      }
    } else if (line[i] == separator && !is_quoted) {
      cells.emplace_back();
    } else if (line[i] != '\r') {
      cells.back() += line[i];
    }
  }
  return cells;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.,-+% ") == std::string_view::npos;
}

Result<Picture> draw_table(const Drawing& drawing, const extract::Extraction& extraction) {
  constexpr std::uint32_t kSize = 17;
  constexpr double kRowHeight = 30;
  constexpr double kEdge = 24;
  constexpr double kPadding = 8;
  constexpr std::size_t kColumnsMax = 24;
  ATOLL_ASSIGN(Paper paper, Paper::open(*drawing.letters, kLong, kShort));
  const std::string text = text_of_first_place(extraction);
  char separator = '\t';
  for (const auto& raw : extraction.raw) {
    if (raw.name == "Csv.Separator" && raw.value.size() == 1) separator = raw.value.front();
  }
  const auto rows_max = static_cast<std::size_t>((kShort - 2 * kEdge) / kRowHeight);
  std::vector<Row> rows;
  std::vector<double> widths;
  for (const std::string_view line : split(text, '\n')) {
    if (rows.size() == rows_max) break;
    if (without_ends(line).empty()) continue;
    rows.push_back(cells_of(line, separator));
    Row& row = rows.back();
    row.resize(std::min(row.size(), kColumnsMax));
    widths.resize(std::max(widths.size(), row.size()), 50);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = first_bytes(row[i], 80);
      const Style style = rows.size() == 1 ? Style::bold : Style::plain;
      const double wanted = paper.letters().width_of(row[i], style, kSize) + 2 * kPadding + 2;
      widths[i] = std::clamp(wanted, widths[i], 280.0);
    }
  }
  const double bottom = kEdge + kRowHeight * static_cast<double>(rows.size());
  double right = kEdge;
  for (const double width : widths) right += width;
  right = std::min<double>(right, kLong - kEdge);
  paper.fill(kEdge, kEdge, right, kEdge + kRowHeight, kHead);
  for (std::size_t i = 0; i <= rows.size(); ++i) {
    const double y = kEdge + kRowHeight * static_cast<double>(i);
    paper.fill(kEdge, y, right, y + 1, kRule);
  }
  double left = kEdge;
  for (std::size_t column = 0; column <= widths.size() && left <= right; ++column) {
    paper.fill(left, kEdge, left + 1, bottom + 1, kRule);
    if (column == widths.size()) break;
    const double end = std::min(left + widths[column], right);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (column >= rows[i].size()) continue;
      const std::string& cell = rows[i][column];
      const Style style = i == 0 ? Style::bold : Style::plain;
      const double width = paper.letters().width_of(cell, style, kSize);
      const bool is_on_the_right = is_number(cell) || Letters::begins_on_the_right(cell);
      const double begin = is_on_the_right ? std::max(left + kPadding, end - kPadding - width) : left + kPadding;
      const double baseline = kEdge + kRowHeight * static_cast<double>(i) + 21;
      paper.letters().draw(paper.picture(), cell, style, kSize, begin, baseline, end - 2, kInk,
                           Letters::begins_on_the_right(cell));
    }
    left += widths[column];
  }
  return paper.take(drawing.side);
}

}  // namespace

Result<Picture> draw_words(const Drawing& drawing) {
  if (drawing.letters == nullptr || drawing.words == nullptr)
    return nothing_to_show("there are no letters to draw it with");
  const extract::Extraction extraction = drawing.words->read(drawing.input, drawing.name, kTextBytesMax);
  const bool has_words = std::ranges::any_of(extraction.pieces, [](const auto& piece) {
    return piece.text.find_first_not_of(" \t\r\n") != std::string::npos;
  });
  if (!has_words) return nothing_to_show("there are no words in it");
  const std::string_view group = drawing.format.group;
  const bool is_script = drawing.format.id == "sql";
  if (group == "sheet" || (group == "database" && !is_script)) return draw_table(drawing, extraction);
  if (group == "slides") return draw_slide(drawing, extraction);
  if (group == "code" || group == "data" || group == "text" || group == "subtitle" || is_script)
    return draw_listing(drawing, extraction);
  if (drawing.format.id == "xml" || drawing.format.id == "tex" || drawing.format.id == "rst")
    return draw_listing(drawing, extraction);
  return draw_document(drawing, extraction);
}

}  // namespace atl::render
