// OpenDocument 1.3 (texts, sheets, presentations, drawings; zipped or as one XML file) and EPUB 2 and 3.
#include <algorithm>
#include <charconv>

#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/package.h"
#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

using Kind = MarkupReader::Kind;
constexpr std::size_t kRowBytesPerPiece = 16U << 10U;

void read_meta(Job& job, std::string_view xml) {
  MarkupReader in(xml, false);
  for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
    if (kind != Kind::open) continue;
    const std::string name(in.name());
    if (name == "document-statistic") {
      job.out.field(field::kPageCount, in.attribute("page-count"));
      continue;
    }
    if (name == "body") return;  // of a document that is one file
    std::string_view mapped;
    if (name == "title") mapped = field::kTitle;
    if (name == "creator" || name == "initial-creator") mapped = field::kCreator;
    if (name == "subject") mapped = field::kSubject;
    if (name == "description") mapped = field::kDescription;
    if (name == "keyword") mapped = field::kKeywords;
    if (name == "language") mapped = field::kLanguage;
    if (name == "creation-date") mapped = field::kCreated;
    if (name == "date") mapped = field::kModified;
    if (name == "generator") mapped = field::kGenerator;
    if (mapped.empty()) continue;
    const std::string value = in.text_to_close();
    job.out.field(mapped, value);
    job.out.raw("Odf." + name, value);
  }
}

void read_content(Job& job, std::string_view xml) {
  MarkupReader in(xml, false);
  std::string text;
  Place place;
  std::uint64_t slides = 0;
  std::uint64_t sheets = 0;
  bool is_in_body = false;
  std::size_t tables_open = 0;
  const bool is_sheet = job.format.id == "ods";
  const auto flush = [&] {
    job.out.text(place, text);
    text.clear();
  };
  for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
    if (kind == Kind::text) {
      if (is_in_body) text += in.text();
      continue;
    }
    const std::string_view name = in.name();
    if (kind == Kind::open) {
      if (name == "body") is_in_body = true;
      if (!is_in_body) continue;
      if (name == "tab") text += "\t";
      if (name == "s") text += " ";
      if (name == "line-break") text += "\n";
      if (name == "page" && (job.format.id == "odp" || job.format.id == "odg")) {
        flush();
        place = {job.format.id == "odp" ? PlaceKind::slide : PlaceKind::page, ++slides, in.attribute("name")};
      }
      if (name == "table" && ++tables_open == 1 && is_sheet) {
        flush();
        place = {PlaceKind::sheet, ++sheets, to_line(in.attribute("name"), 200)};
        job.out.field(field::kSheet, place.name);
      }
      continue;
    }
    if (!is_in_body) continue;
    if (name == "p" || name == "h" || name == "table-row") {
      if (is_sheet && name == "p") continue;
      if (!text.empty() && text.back() != '\n') text += "\n";
      if (is_sheet && text.size() >= kRowBytesPerPiece) flush();
    }
    if (name == "table-cell" && is_sheet && !text.empty() && text.back() != '\n' && text.back() != '\t') text += "\t";
    if (name == "table" && tables_open > 0) --tables_open;
  }
  flush();
  if (job.format.id == "odp") job.out.number(field::kSlideCount, slides);
}

// "OEBPS/text/../a%20b.xhtml#x", read from `base`, as the name of a part.
std::string resolve(std::string_view base, std::string_view reference) {
  std::string out(base.substr(0, base.find_last_of('/') == std::string_view::npos ? 0 : base.find_last_of('/') + 1));
  reference = reference.substr(0, reference.find('#'));
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] == '%' && i + 2 < reference.size()) {
      if (const auto raw = from_hex(lower(reference.substr(i + 1, 2)))) {
        out += to_string(*raw);
        i += 2;
        continue;
      }
    }
    out.push_back(reference[i]);
  }
  for (std::size_t at = 0; (at = out.find("/../")) != std::string::npos;) {
    const std::size_t parent = at == 0 ? 0 : out.find_last_of('/', at - 1);
    const std::size_t begin = parent == std::string::npos ? 0 : parent + 1;
    out.erase(begin, at + 4 - begin);
  }
  return out;
}

}  // namespace

Result<void> read_opendocument(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 4));
  if (as_text(head) != "PK\x03\x04") {  // one file
    ATOLL_ASSIGN(const Bytes bytes,
                 job.input.whole(std::min<std::uint64_t>(job.tools.limits.whole_bytes_max, 64U << 20U)));
    const std::string xml = guess_utf8(as_text(bytes));
    read_meta(job, xml);
    read_content(job, xml);
    return {};
  }
  ATOLL_ASSIGN(const PackageParts parts,
               read_parts(job, [](std::string_view name) { return name == "content.xml" || name == "meta.xml"; }));
  if (const auto meta = parts.find("meta.xml"); meta != parts.end()) read_meta(job, meta->second);
  const auto content = parts.find("content.xml");
  if (content == parts.end()) return fail(ErrorKind::damaged, "extract.malformed", "it has no content part");
  read_content(job, content->second);
  return {};
}

Result<void> read_epub(Job& job) {
  ATOLL_ASSIGN(const PackageParts parts, read_parts(job, [](std::string_view name) {
                 return name == "META-INF/container.xml" || name.ends_with(".opf") || name.ends_with(".xhtml") ||
                        name.ends_with(".html") || name.ends_with(".htm") || name.ends_with(".xml");
               }));
  std::string package_name;
  if (const auto container = parts.find("META-INF/container.xml"); container != parts.end()) {
    MarkupReader in(container->second, false);
    for (auto kind = in.next(); kind != Kind::end && package_name.empty(); kind = in.next())
      if (kind == Kind::open && in.name() == "rootfile") package_name = in.attribute("full-path");
  }
  const auto package = parts.find(package_name);
  if (package == parts.end())
    return fail(ErrorKind::damaged, "extract.malformed", "it does not say what it consists of");
  std::map<std::string, std::string> part_by_id;
  std::vector<std::string> order;
  MarkupReader in(package->second, false);
  for (auto kind = in.next(); kind != Kind::end; kind = in.next()) {
    if (kind != Kind::open) continue;
    const std::string name(in.name());
    if (name == "item") part_by_id[in.attribute("id")] = resolve(package_name, in.attribute("href"));
    if (name == "itemref") order.push_back(in.attribute("idref"));
    std::string_view mapped;
    if (name == "title") mapped = field::kTitle;
    if (name == "creator") mapped = field::kCreator;
    if (name == "contributor") mapped = field::kContributor;
    if (name == "publisher") mapped = field::kPublisher;
    if (name == "subject") mapped = field::kSubject;
    if (name == "description") mapped = field::kDescription;
    if (name == "language") mapped = field::kLanguage;
    if (name == "date") mapped = field::kCreated;
    if (name == "identifier") mapped = field::kIdentifier;
    if (name == "rights") mapped = field::kRights;
    if (!mapped.empty()) job.out.field(mapped, in.text_to_close());
  }
  std::uint64_t chapter = 0;
  for (const std::string& id : order) {
    const auto part = parts.find(part_by_id[id]);
    if (part == parts.end()) continue;
    MarkupReader page(part->second, true);
    std::string text;
    std::string title;
    for (auto kind = page.next(); kind != Kind::end; kind = page.next()) {
      const std::string_view name = page.name();
      if (kind == Kind::text) {
        text += page.text();
      } else if (kind == Kind::open && name == "title") {
        title = page.text_to_close();
      } else if (kind == Kind::close &&
                 (name == "p" || name == "div" || name == "h1" || name == "h2" || name == "li")) {
        text += "\n";
      }
    }
    if (!job.out.text({PlaceKind::chapter, ++chapter, title}, text)) break;
  }
  return {};
}

}  // namespace atl::extract
