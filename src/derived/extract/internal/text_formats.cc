// Plain texts, Markdown, separated values, subtitles.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

constexpr std::size_t kColumnsMax = 200;
constexpr std::size_t kFieldBytesMax = 64 * 1024;  // of one value in a table

// One line without its end; the text is shortened by it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void count_lines(Findings& out, std::string_view text, bool is_whole) {
  if (!is_whole) return;
  auto lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
  if (!text.empty() && text.back() != '\n') ++lines;
  out.number(field::kLineCount, lines);
}

// RFC 4180, with any of the usual separators. Calls `row` with each row's values; false ends it.
template <class OnRow>
void each_row(std::string_view text, char separator, const OnRow& row) {
  std::vector<std::string> values;
  std::string value;
  bool is_quoted = false;
  bool has_any = false;
  const auto end_value = [&] {
    if (values.size() < kColumnsMax) values.push_back(value);
    value.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    has_any = true;
    if (is_quoted) {
      if (c != '"') {
        if (value.size() < kFieldBytesMax) value.push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        value.push_back('"');
        ++i;
      } else {
        is_quoted = false;
      }
    } else if (c == '"' && value.empty()) {
      is_quoted = true;
    } else if (c == separator) {
      end_value();
    } else if (c == '\n') {
      end_value();
      if (!row(values)) return;
      values.clear();
      has_any = false;
    } else if (c != '\r' && value.size() < kFieldBytesMax) {
      value.push_back(c);
    }
  }
  if (!has_any) return;
  end_value();
  row(values);
}

// The separator that cuts the first lines into the same number of values, the more the better.
char guess_separator(std::string_view text) {
  char best = ',';
  std::size_t best_count = 0;
  for (const char separator : {',', ';', '\t', '|'}) {
    std::map<std::size_t, std::size_t> rows_by_width;
    std::size_t rows = 0;
    each_row(text.substr(0, 16'384), separator, [&](const std::vector<std::string>& values) {
      ++rows_by_width[values.size()];
      return ++rows < 20;
    });
    std::size_t score = 0;
    for (const auto& [width, count] : rows_by_width)
      if (width > 1) score = std::max(score, width * count * count);
    if (score > best_count) best = separator, best_count = score;
  }
  return best;
}

std::optional<double> number_of(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "00:01:02,345" or "01:02.345", and SubStation's "0:01:02.34".
std::optional<std::uint64_t> time_ms_of(std::string_view text) {
  std::uint64_t parts = 0;
  std::uint64_t total = 0;
  std::uint64_t value = 0;
  std::size_t digits = 0;
  std::uint64_t fraction_digits = 0;
  bool in_fraction = false;
  std::uint64_t fraction_ms = 0;
  for (const char c : trim(text)) {
    if (c >= '0' && c <= '9') {
      if (++digits > 4) return std::nullopt;
      if (in_fraction) {
        if (++fraction_digits <= 3) fraction_ms = fraction_ms * 10 + static_cast<std::uint64_t>(c - '0');
      } else {
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
      }
    } else if (c == ':' && !in_fraction && digits > 0) {
      total = (total + value) * 60;
      value = 0;
      digits = 0;
      ++parts;
    } else if ((c == ',' || c == '.') && !in_fraction && digits > 0) {
      in_fraction = true;
      digits = 0;
    } else {
      return std::nullopt;
    }
  }
  if (parts == 0 || parts > 2) return std::nullopt;
  for (; in_fraction && fraction_digits < 3; ++fraction_digits) fraction_ms *= 10;
  return (total + value) * 1000 + fraction_ms;
}

std::string without_tags(std::string_view text) {
  std::string out;
  char closing = '\0';
  for (const char c : text) {
    if (closing != '\0') {
      if (c == closing) closing = '\0';
    } else if (c == '<' || c == '{') {
      closing = c == '<' ? '>' : '}';
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

Result<std::string> read_as_text(Job& job) {
  const std::uint64_t most = job.out.budget().text_bytes + 4;
  ATOLL_ASSIGN(const Bytes bytes, job.input.part(0, static_cast<std::size_t>(std::min(most, job.input.size()))));
  if (bytes.size() < job.input.size()) job.out.truncated();
  return guess_utf8(as_text(bytes));
}

Result<void> read_plain(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  count_lines(job.out, text, !job.out.extraction().is_truncated);
  job.out.text(text);
  return {};
}

Result<void> read_markdown(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  count_lines(job.out, text, !job.out.extraction().is_truncated);
  std::string_view left = text;
  std::string_view first = take_line(left);
  if (first == "---") {  // what stands before the text in many tools: YAML, of which the plain lines are read
    for (std::size_t lines = 0; !left.empty() && lines < 200; ++lines) {
      const std::string_view line = take_line(left);
      if (line == "---") break;
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string key = lower(trim(line.substr(0, colon)));
      std::string_view value = trim(line.substr(colon + 1));
      if (value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
      if (key == "title") job.out.field(field::kTitle, value);
      if (key == "author") job.out.field(field::kCreator, value);
      if (key == "date") job.out.field(field::kCreated, value);
      if (key == "description") job.out.field(field::kDescription, value);
    }
  } else {
    left = text;
  }
  while (!left.empty() && !job.out.has_field(field::kTitle)) {
    const std::string_view line = take_line(left);
    if (line.starts_with("# ")) job.out.field(field::kTitle, line.substr(2));
    // An underlined first line is a title too: of Markdown and of reStructuredText.
    const std::string_view below = left.substr(0, std::min(left.find('\n'), left.size()));
    if (!trim(line).empty() && below.size() >= 3 && trim(below).find_first_not_of('=') == std::string_view::npos &&
        below.starts_with("=")) {
      job.out.field(field::kTitle, line);
    }
  }
  job.out.text(text);
  return {};
}

Result<void> read_separated(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  const char separator = job.format.id == "tsv" ? '\t' : guess_separator(text);
  job.out.raw("Csv.Separator", separator == '\t' ? "tab" : std::string_view(&separator, 1));
  struct Column {
    std::string name;
    double sum = 0;
    std::uint64_t numbers = 0;
    std::uint64_t others = 0;
  };
  std::vector<Column> columns;
  std::uint64_t rows = 0;
  each_row(text, separator, [&](const std::vector<std::string>& values) {
    if (columns.empty()) {
      const bool is_named =
          std::ranges::none_of(values, [](const std::string& value) { return number_of(value).has_value(); });
      for (std::size_t i = 0; i < values.size(); ++i)
        columns.push_back({is_named ? values[i] : "column " + std::to_string(i + 1), 0, 0, 0});
      if (is_named) return true;
    }
    if (values.size() == 1 && trim(values[0]).empty()) return true;
    ++rows;
    for (std::size_t i = 0; i < values.size() && i < columns.size(); ++i) {
      if (const auto value = number_of(values[i])) {
        columns[i].sum += *value;
        ++columns[i].numbers;
      } else if (!trim(values[i]).empty()) {
        ++columns[i].others;
      }
    }
    return true;
  });
  for (const Column& column : columns) job.out.field(field::kColumn, column.name);
  if (!job.out.extraction().is_truncated) {
    job.out.number(field::kRowCount, rows);
    for (const Column& column : columns)
      if (column.numbers > 0 && column.others == 0)
        job.out.field(field::kColumnSum, column.name + " = " + decimal(column.sum));
  }
  job.out.text(text);
  return {};
}

Result<void> read_subtitles(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  std::string_view left = text;
  std::uint64_t last_ms = 0;
  std::optional<Place> place;
  std::string cue;
  const auto end_cue = [&] {
    if (place && !trim(cue).empty()) job.out.text(*place, cue);
    cue.clear();
    place.reset();
  };
  while (!left.empty()) {
    const std::string_view line = take_line(left);
    if (job.format.id == "ass") {
      if (starts_with_nocase(line, "title:")) job.out.field(field::kTitle, line.substr(6));
      if (!line.starts_with("Dialogue:")) continue;
      // Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
      std::string_view rest = line.substr(9);
      std::array<std::string_view, 9> values;
      for (std::string_view& value : values) {
        const std::size_t comma = rest.find(',');
        value = rest.substr(0, comma);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      }
      const auto begin = time_ms_of(values[1]);
      if (const auto end = time_ms_of(values[2])) last_ms = std::max(last_ms, *end);
      std::string words = without_tags(rest);
      for (std::size_t at = 0; (at = words.find("\\N", at)) != std::string::npos;) words.replace(at, 2, "\n");
      if (begin) job.out.text({PlaceKind::time_ms, *begin, ""}, words);
      continue;
    }
    const std::size_t arrow = line.find("-->");
    if (arrow != std::string_view::npos) {
      end_cue();
      const auto begin = time_ms_of(line.substr(0, arrow));
      const std::string_view behind = trim(line.substr(arrow + 3));
      if (const auto end = time_ms_of(behind.substr(0, behind.find(' ')))) last_ms = std::max(last_ms, *end);
      if (begin) place = Place{PlaceKind::time_ms, *begin, ""};
    } else if (trim(line).empty()) {
      end_cue();
    } else if (place) {
      if (!cue.empty()) cue.push_back('\n');
      cue += without_tags(line);
    }
  }
  end_cue();
  if (last_ms > 0) job.out.number(field::kDuration, last_ms);
  return {};
}

}  // namespace atl::extract
