// Office Open XML (ECMA-376): documents, workbooks, presentations.
#include <algorithm>
#include <charconv>
#include <optional>

#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/package.h"
#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

using Kind = MarkupReader::Kind;
constexpr std::size_t kColumnsMax = 200;
constexpr std::size_t kRowsPerPiece = 200;

// docProps/core.xml and app.xml (ECMA-376 part 2, 11; part 1, 22.2).
void read_properties(Job& job, const PackageParts& parts) {
  for (const std::string_view part : {"docProps/core.xml", "docProps/app.xml"}) {
    const auto found = parts.find(part);
    if (found == parts.end()) continue;
    MarkupReader in(found->second, false);
    for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
      if (kind != Kind::open) continue;
      const std::string name(in.name());
      if (name == "coreProperties" || name == "Properties" || name == "HeadingPairs" || name == "TitlesOfParts" ||
          name == "vector" || name == "variant") {
        continue;
      }
      const std::string value = in.text_to_close();
      job.out.raw("Ooxml." + name, value);
      if (name == "title") job.out.field(field::kTitle, value);
      if (name == "creator") job.out.field(field::kCreator, value);
      if (name == "lastModifiedBy") job.out.field(field::kContributor, value);
      if (name == "subject") job.out.field(field::kSubject, value);
      if (name == "description") job.out.field(field::kDescription, value);
      if (name == "keywords") job.out.field(field::kKeywords, value);
      if (name == "language") job.out.field(field::kLanguage, value);
      if (name == "created") job.out.field(field::kCreated, value);
      if (name == "modified") job.out.field(field::kModified, value);
      if (name == "Application") job.out.field(field::kGenerator, value);
      if (name == "Company") job.out.field(field::kPublisher, value);
      if (name == "Pages") job.out.field(field::kPageCount, value);
    }
  }
}

// Text of WordprocessingML and DrawingML: runs `t`, paragraphs `p`. `on_page`: called at a page's end with its text.
template <class OnPage>
std::string flow_text(std::string_view xml, const OnPage& on_page) {
  MarkupReader in(xml, false);
  std::string out;
  bool is_in_run = false;
  for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
    const std::string_view name = in.name();
    if (kind == Kind::text) {
      if (is_in_run) out += in.text();
    } else if (name == "t") {
      is_in_run = kind == Kind::open;
    } else if (kind == Kind::open && (name == "tab" || name == "tc")) {
      if (!out.empty() && out.back() != '\n') out += "\t";
    } else if (kind == Kind::open && name == "lastRenderedPageBreak") {
      on_page(out);
      out.clear();
    } else if (kind == Kind::open && (name == "br" || name == "cr")) {
      out += "\n";
    } else if (kind == Kind::close && name == "p") {
      out += "\n";
    }
  }
  return out;
}

std::string flow_text(std::string_view xml) {
  return flow_text(xml, [](const std::string&) {});
}

// "BC12": the column, counted from 0.
std::size_t column_of(std::string_view reference) {
  std::size_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z' || column > 100'000) break;
    column = column * 26 + static_cast<std::size_t>(c - 'A') + 1;
  }
  return column == 0 ? 0 : column - 1;
}

std::string column_name(std::size_t column) {
  std::string name;
  for (++column; column > 0; column = (column - 1) / 26)
    name.insert(name.begin(), static_cast<char>('A' + (column - 1) % 26));
  return name;
}

std::vector<std::string> shared_texts(std::string_view xml) {
  std::vector<std::string> texts;
  MarkupReader in(xml, false);
  std::string text;
  bool is_in_text = false;
  for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
    if (kind == Kind::text) {
      if (is_in_text) text += in.text();
    } else if (in.name() == "t") {
      is_in_text = kind == Kind::open;
    } else if (in.name() == "si" && kind == Kind::close) {
      texts.push_back(std::exchange(text, {}));
    }
  }
  return texts;
}

void read_sheet(Job& job, std::string_view xml, std::uint64_t number, const std::string& name,
                const std::vector<std::string>& shared) {
  MarkupReader in(xml, false);
  struct Sum {
    double value = 0;
    std::uint64_t numbers = 0;
  };
  std::vector<Sum> sums;
  std::string text;
  std::string row;
  std::string type;
  std::string value;
  std::size_t column = 0;
  std::size_t last_column = 0;
  std::size_t rows = 0;
  bool is_in_value = false;
  for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
    if (kind == Kind::text) {
      if (is_in_value) value += in.text();
      continue;
    }
    const std::string_view tag = in.name();
    if (tag == "v" || tag == "t") {
      is_in_value = kind == Kind::open;
    } else if (tag == "c" && kind == Kind::open) {
      type = in.attribute("t");
      const std::string reference = in.attribute("r");
      column = reference.empty() ? last_column + 1 : column_of(reference);
      value.clear();
    } else if (tag == "c") {
      if (type == "s") {
        std::size_t index = 0;
        std::from_chars(value.data(), value.data() + value.size(), index);
        value = index < shared.size() ? shared[index] : std::string();
      } else if (type.empty() || type == "n") {
        double amount = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), amount);
        if (!value.empty() && error == std::errc() && column < kColumnsMax) {
          if (sums.size() <= column) sums.resize(column + 1);
          sums[column].value += amount;
          ++sums[column].numbers;
        }
      }
      if (!value.empty()) {
        if (!row.empty()) row += "\t";
        row += value;
      }
      last_column = column;
    } else if (tag == "row" && kind == Kind::close) {
      if (!row.empty()) text += row + "\n";
      row.clear();
      last_column = 0;
      if (++rows % kRowsPerPiece == 0) {
        if (!job.out.text({PlaceKind::sheet, number, name}, text)) return;
        text.clear();
      }
    }
  }
  if (!row.empty()) text += row;
  job.out.text({PlaceKind::sheet, number, name}, text);
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sums[i].numbers > 0)
      job.out.field(field::kColumnSum, name + "!" + column_name(i) + " = " + decimal(sums[i].value));
}

std::vector<std::string_view> numbered(const PackageParts& parts, std::string_view prefix) {
  std::vector<std::string_view> names;
  for (const auto& [name, text] : parts)
    if (name.starts_with(prefix) && name.ends_with(".xml")) names.push_back(name);
  std::ranges::sort(names, {}, [](std::string_view name) { return number_in(name); });
  return names;
}

}  // namespace

Result<void> read_docx(Job& job) {
  ATOLL_ASSIGN(const PackageParts parts, read_parts(job, [](std::string_view name) {
                 return name.starts_with("docProps/") || (name.starts_with("word/") && name.ends_with(".xml") &&
                                                          name.find('/', 5) == std::string_view::npos);
               }));
  read_properties(job, parts);
  const auto body = parts.find("word/document.xml");
  if (body == parts.end()) return fail(ErrorKind::damaged, "extract.malformed", "it has no text part");
  std::uint64_t page = 1;
  const std::string last = flow_text(body->second, [&](const std::string& text) {
    job.out.text({PlaceKind::page, page++, ""}, text);
  });
  // Only a program that laid it out has written where its pages end.
  job.out.text(page > 1 ? Place{PlaceKind::page, page, ""} : Place{}, last);
  for (const std::string_view prefix :
       {"word/header", "word/footer", "word/footnotes", "word/endnotes", "word/comments"})
    for (const std::string_view name : numbered(parts, prefix)) job.out.text(flow_text(parts.find(name)->second));
  return {};
}

Result<void> read_xlsx(Job& job) {
  ATOLL_ASSIGN(const PackageParts parts, read_parts(job, [](std::string_view name) {
                 return name.starts_with("docProps/") || name == "xl/workbook.xml" || name == "xl/sharedStrings.xml" ||
                        name == "xl/_rels/workbook.xml.rels" ||
                        (name.starts_with("xl/worksheets/") && name.ends_with(".xml"));
               }));
  read_properties(job, parts);
  const auto text_of = [&](std::string_view name) -> std::string_view {
    const auto found = parts.find(name);
    return found == parts.end() ? std::string_view() : std::string_view(found->second);
  };
  const std::vector<std::string> shared = shared_texts(text_of("xl/sharedStrings.xml"));
  std::map<std::string, std::string> target_by_id;
  MarkupReader relations(text_of("xl/_rels/workbook.xml.rels"), false);
  for (auto kind = relations.next(); kind != Kind::end; kind = relations.next()) {
    if (kind != Kind::open || relations.name() != "Relationship") continue;
    const std::string target = relations.attribute("Target");
    target_by_id[relations.attribute("Id")] = target.starts_with('/') ? target.substr(1) : "xl/" + target;
  }
  MarkupReader workbook(text_of("xl/workbook.xml"), false);
  std::uint64_t number = 0;
  for (auto kind = workbook.next(); kind != Kind::end; kind = workbook.next()) {
    if (kind != Kind::open || workbook.name() != "sheet") continue;
    ++number;
    const std::string name = to_line(workbook.attribute("name"), 200);
    job.out.field(field::kSheet, name);
    auto target = target_by_id.find(workbook.attribute("id"));
    const std::string part =
        target == target_by_id.end() ? "xl/worksheets/sheet" + std::to_string(number) + ".xml" : target->second;
    read_sheet(job, text_of(part), number, name, shared);
  }
  if (number == 0) return fail(ErrorKind::damaged, "extract.malformed", "it names no sheets");
  return {};
}

Result<void> read_pptx(Job& job) {
  ATOLL_ASSIGN(const PackageParts parts, read_parts(job, [](std::string_view name) {
                 return name.starts_with("docProps/") ||
                        (name.starts_with("ppt/slides/slide") && name.ends_with(".xml")) ||
                        (name.starts_with("ppt/notesSlides/notes") && name.ends_with(".xml"));
               }));
  read_properties(job, parts);
  const auto slides = numbered(parts, "ppt/slides/slide");
  for (const std::string_view name : slides)
    job.out.text({PlaceKind::slide, number_in(name), ""}, flow_text(parts.find(name)->second));
  for (const std::string_view name : numbered(parts, "ppt/notesSlides/notes"))
    job.out.text({PlaceKind::slide, number_in(name), "notes"}, flow_text(parts.find(name)->second));
  job.out.number(field::kSlideCount, slides.size());
  return {};
}

}  // namespace atl::extract
