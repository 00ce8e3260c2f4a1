#include "derived/extract/testing/samples.h"
#include "derived/extract/testing/byte_order.h"

#include <bit>
#include <string>

#include "derived/extract/testing/tables.h"
#include "foundation/codec/crc.h"

namespace atl::extract::testing {
namespace {

using std::string_literals::operator""s;

std::string floats(const std::vector<float>& values) {
  std::string out;
  for (const float value : values) out += le(std::bit_cast<std::uint32_t>(value), 4);
  return out;
}
std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) out += {c, '\0'};
  return out;
}

// [MS-DOC]: the text in two pieces, one of bytes and one of wide letters.
std::string word_97() {
  const std::string first = "quokka in Word";
  const std::string second = " and wide";
  std::string document(2048, '\0');
  document.replace(0, 2, "\xEC\xA5", 2);
  document.replace(0x0A, 2, le(0x0200, 2));
  document.replace(1024, first.size(), first);
  document.replace(1100, 2 * second.size(), wide(second));
  const std::string pieces = le(0, 4) + le(first.size(), 4) + le(first.size() + second.size(), 4) + le(0, 2) +
                             le(0x40000000U | (1024 * 2), 4) + le(0, 2) + le(0, 2) + le(1100, 4) + le(0, 2);
  const std::string clx = "\x02" + le(pieces.size(), 4) + pieces;
  document.replace(0x01A2, 4, le(0, 4));
  document.replace(0x01A6, 4, le(clx.size(), 4));
  // [MS-OLEPS]: a title.
  const std::string title = "A title\0"s;
  const std::string summary = le(0xFFFE, 2) + std::string(26 + 16, '\0') + le(48, 4) + le(40, 4) + le(1, 4) + le(2, 4) +
                              le(16, 4) + le(30, 4) + le(title.size(), 4) + title;
  return compound_of({{"WordDocument", document},
                      {"1Table", clx},
                      {"\x05SummaryInformation", summary},
                      {"big", std::string(5000, 'b')}});
}

// [MS-XLS]: one sheet; a shared text that goes on in a CONTINUE record, in wide letters.
std::string excel_97() {
  const auto record = [](unsigned type, const std::string& body) { return le(type, 2) + le(body.size(), 2) + body; };
  const std::string begin = record(0x0809, le(0x0600, 2) + le(5, 2) + std::string(12, '\0'));
  const std::string shared = record(0x00FC, le(2, 4) + le(2, 4) + le(6, 2) + le(0, 1) + "quo") +
                             record(0x003C, le(1, 1) + wide("kka") + le(3, 2) + le(0, 1) + "two");
  const std::string end = record(0x000A, "");
  const auto sheet_record = [&](std::size_t position) {
    return record(0x0085, le(position, 4) + le(0, 2) + le(5, 1) + le(0, 1) + "Costs");
  };
  const std::size_t position = begin.size() + sheet_record(0).size() + shared.size() + end.size();
  const std::string cells = record(0x00FD, le(0, 2) + le(0, 2) + le(0, 2) + le(0, 4)) +
                            record(0x0203, le(0, 2) + le(1, 2) + le(0, 2) + le(std::bit_cast<std::uint64_t>(2.5), 8)) +
                            record(0x027E, le(1, 2) + le(1, 2) + le(0, 2) + le((3U << 2U) | 2U, 4));
  const std::string book = begin + sheet_record(position) + shared + end + begin + cells + end;
  return compound_of({{"Workbook", book}});
}

std::string powerpoint_97() {
  const auto atom = [](unsigned type, const std::string& body) {
    return le(0, 2) + le(type, 2) + le(body.size(), 4) + body;
  };
  const auto holder = [](unsigned type, const std::string& body) {
    return le(0x0F, 2) + le(type, 2) + le(body.size(), 4) + body;
  };
  const std::string list = holder(4080, atom(1011, std::string(20, '\0')) + atom(4008, "quokka slide") +
                                            atom(1011, std::string(20, '\0')) + atom(4000, wide("second")));
  return compound_of(
      {{"PowerPoint Document", holder(1000, list) + holder(1006, atom(1007, "")) + holder(1006, atom(1007, ""))}});
}

std::string outlook_message() {
  return compound_of(
      {{"__properties_version1.0", std::string(32, '\0') + le(0x00390040, 4) + le(6, 4) + le(133537248000000000ULL, 8)},
       {"__substg1.0_0037001F", wide("Boiler")},
       {"__substg1.0_0C1A001F", wide("Ann Lee")},
       {"__substg1.0_1000001E", "the quokka mail"},
       {"__recip_version1.0_#00000000/__substg1.0_3001001F", wide("Bob")},
       {"__attach_version1.0_#00000000/__substg1.0_3707001F", wide("note.txt")},
       {"__attach_version1.0_#00000000/__substg1.0_37010102", "attached words"}});
}

std::string portable_pixels(const std::string& kind) {
  const auto chunk = [](const std::string& type, const std::string& body) {
    return be(body.size(), 4) + type + body + be(codec::crc32(as_bytes(type + body)), 4);
  };
  if (kind == "png")
    return "\x89PNG\r\n\x1A\n" + chunk("IHDR", be(120, 4) + be(80, 4) + std::string("\x08\x02\0\0\0", 5)) +
           chunk("IEND", "");
  if (kind == "gif")
    return "GIF89a" + le(120, 2) + le(80, 2) + std::string(3, '\0') + "," + le(0, 4) + le(120, 2) + le(80, 2) +
           le(0, 1) + le(2, 1) + le(3, 1) + "abc" + le(0, 1) + ";";
  if (kind == "bmp")
    return "BM" + le(54 + 80 * 360, 4) + le(0, 4) + le(54, 4) + le(40, 4) + le(120, 4) + le(80, 4) + le(1, 2) +
           le(24, 2) + std::string(24 + 80 * 360, '\0');
  return le(0, 2) + le(1, 2) + le(1, 2) + std::string("\x78\x50", 2) + std::string(6, '\0') + le(4, 4) + le(22, 4) +
         "icon";
}

void add_texts(std::vector<Sample>& out) {
  out.push_back(
      {"a.txt",
       "Ein kleines Quokka, das gern im Schatten der Bäume liegt und von dort aus die Leute auf der Insel ansieht.\n",
       "text",
       "Quokka",
       {{"line_count", "1"}, {"word_count", "20"}}});
  out.push_back({"wide.txt", "\xFF\xFE" + wide("sixteen bit quokka"), "text", "quokka", {}});
  out.push_back({"a.log", "2024-01-01 start\n2024-01-02 quokka\n", "log", "quokka", {{"line_count", "2"}}});
  out.push_back({"a.md",
                 "---\ntitle: Front\nauthor: Ann\n---\n# Head\nquokka\n",
                 "markdown",
                 "quokka",
                 {{"title", "Front"}, {"creator", "Ann"}}});
  out.push_back({"a.html",
                 "<!DOCTYPE html><html lang=\"de\"><head><title>T &amp; "
                 "x</title><script>if(a<b){hidden}</script></head><body><p>quokka &auml;</body></html>",
                 "html",
                 "quokka ä",
                 {{"title", "T & x"}, {"language", "de"}}});
  out.push_back(
      {"a.xml", "<?xml version=\"1.0\"?><r><title>T</title><x>quokka</x></r>", "xml", "quokka", {{"title", "T"}}});
  out.push_back({"a.svg",
                 "<svg viewBox=\"0 0 120 80\"><title>Drawing</title><text>quokka</text></svg>",
                 "svg",
                 "quokka",
                 {{"width", "120"}, {"height", "80"}, {"title", "Drawing"}}});
  out.push_back({"a.fb2",
                 "<?xml "
                 "version=\"1.0\"?><FictionBook><description><title-info><book-title>Tale</book-title></title-info></"
                 "description><body><section><p>quokka</p></section></body></FictionBook>",
                 "fb2",
                 "quokka",
                 {{"title", "Tale"}}});
  out.push_back({"a.csv",
                 "name;cost\nquokka;2.5\n\"b;\"\"c\";3\n",
                 "csv",
                 "quokka",
                 {{"column", "cost"}, {"row_count", "2"}, {"column_sum", "cost = 5.5"}}});
  out.push_back({"a.tsv", "a\tb\n1\tquokka\n", "tsv", "quokka", {{"column", "b"}}});
  out.push_back({"a.json",
                 R"({"title":"J","a":{"b":[1,{"c":"quokka"}]}})",
                 "json",
                 "quokka",
                 {{"title", "J"}, {"key", "a.b.c"}}});
  out.push_back(
      {"a.ndjson", "{\"a\":1}\n{\"b\":\"quokka\"}\n", "ndjson", "quokka", {{"key", "b"}, {"row_count", "2"}}});
  out.push_back({"a.ipynb",
                 R"({"metadata":{"kernelspec":{"language":"python"}},"cells":[{"source":["# Study\n","quokka"]}]})",
                 "ipynb",
                 "quokka",
                 {{"title", "Study"}, {"code_language", "python"}}});
  out.push_back({"a.yaml",
                 "title: Y\nserver:\n  port: 80\n  names:\n    - first: quokka\n",
                 "yaml",
                 "quokka",
                 {{"key", "server.port"}, {"key", "server.names.first"}}});
  out.push_back({"a.toml",
                 "title = \"quokka\"\n[server]\nport = 80\n",
                 "toml",
                 "quokka",
                 {{"key", "server.port"}, {"title", "quokka"}}});
  out.push_back({"a.ini", "; c\n[s]\nk=quokka\n", "ini", "quokka", {{"key", "s.k"}}});
  out.push_back(
      {"a.srt", "1\n00:00:01,500 --> 00:00:02,000\n<i>quokka</i>\n\n", "srt", "quokka", {{"duration_ms", "2000"}}});
  out.push_back({"a.vtt", "WEBVTT\n\n00:01.500 --> 00:02.000\nquokka\n", "vtt", "quokka", {{"duration_ms", "2000"}}});
  out.push_back({"a.ass",
                 "[Script Info]\nTitle: Sub\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.50,D,,0,0,0,,quo{\\b1}kka, yes\n",
                 "ass",
                 "quokka, yes",
                 {{"duration_ms", "2500"}, {"title", "Sub"}}});
  out.push_back({"a.py",
                 "class Quokka:\n    def hop(self):\n        pass\n",
                 "python",
                 "hop",
                 {{"code_language", "Python"}, {"symbol", "Quokka"}, {"symbol", "hop"}}});
  out.push_back({"script", "#!/usr/bin/env bash\nhop() {\n  echo quokka\n}\n", "shell", "quokka", {{"symbol", "hop"}}});
  out.push_back({"a.cc",
                 "#include <x>\nnamespace zoo {\nint hop(int far) {\n  return run(far);\n}\n",
                 "cpp",
                 "hop",
                 {{"symbol", "zoo"}, {"symbol", "hop"}}});
  out.push_back({"a.h",
                 "struct quokka {\n  int legs;\n};\n",
                 "header",
                 "quokka",
                 {{"code_language", "C"}, {"symbol", "quokka"}}});
  out.push_back({"a.go",
                 "package zoo\nfunc (q *Quokka) Hop() {}\ntype Quokka struct{}\n",
                 "go",
                 "Hop",
                 {{"symbol", "Hop"}, {"symbol", "Quokka"}}});
  out.push_back({"a.js",
                 "export const hop = (far) => far;\nclass Quokka {}\n",
                 "javascript",
                 "hop",
                 {{"symbol", "hop"}, {"symbol", "Quokka"}}});
  out.push_back({"a.java",
                 "public class Quokka {\n  public int hop(int far) {\n",
                 "java",
                 "hop",
                 {{"symbol", "Quokka"}, {"symbol", "hop"}}});
  out.push_back({"a.php", "<?php\nfunction hop() {}\n", "php", "hop", {{"symbol", "hop"}}});
  out.push_back(
      {"a.sql",
       "-- MySQL dump 10\nCREATE TABLE IF NOT EXISTS `zoo`.`quokka` (id INT, name VARCHAR(10), PRIMARY KEY (id));",
       "sql",
       "quokka",
       {{"engine", "MySQL"}, {"table", "quokka"}, {"column", "quokka.name"}}});
  out.push_back({"a.ics",
                 "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Feed the quo\r\n "
                 "kka\r\nDTSTART:20240309T143000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                 "ics",
                 "quokka",
                 {{"start", "2024-03-09T14:30:00Z"}, {"subject", "Feed the quokka"}}});
  out.push_back({"a.vcf",
                 "BEGIN:VCARD\nFN:Quokka Smith\nEMAIL;TYPE=home:q@x.org\nEND:VCARD\n",
                 "vcf",
                 "Quokka",
                 {{"name", "Quokka Smith"}, {"email", "q@x.org"}}});
  out.push_back({"a.rtf",
                 R"({\rtf1\ansi{\fonttbl{\f0 Arial;}}{\info{\title Rich}}\f0 quokka caf\'e9 \u8364?\par})",
                 "rtf",
                 "quokka café €",
                 {{"title", "Rich"}}});
  out.push_back({"a.ps",
                 "%!PS-Adobe-3.0\n%%Title: (Poster)\n%%Pages: 2\n%%EndComments\n",
                 "postscript",
                 "",
                 {{"title", "Poster"}, {"page_count", "2"}}});
}

void add_mail(std::vector<Sample>& out) {
  out.push_back({"a.eml",
                 "From: =?utf-8?q?J=C3=B6rg?= <j@x.org>\r\nTo: \"Lee, Ann\" <a@x.org>, b@x.org\r\nSubject: "
                 "=?iso-8859-1?q?Gr=FC=DFe?=\r\n"
                 "Date: Fri, 1 Mar 2024 10:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n"
                 "Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: "
                 "base64\r\n\r\n7/Do4uXyIHF1b2trYQ==\r\n"
                 "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; "
                 "filename*=utf-8''t%C3%A4.csv\r\n\r\na,b\r\n1,2\r\n--b--\r\n",
                 "eml",
                 "привет quokka",
                 {{"title", "Grüße"},
                  {"sender", "Jörg <j@x.org>"},
                  {"recipient", "\"Lee, Ann\" <a@x.org>"},
                  {"recipient", "b@x.org"},
                  {"created", "2024-03-01T09:00:00Z"}}});
  out.push_back({"a.mbox",
                 "From a@b Fri Mar  1 10:00:00 2024\nFrom: a@b\nTo: c@d\nSubject: one\n\nbody quokka\n>From here\n\n"
                 "From a@b Fri Mar  1 10:00:00 2024\nFrom: c@d\nSubject: two\n\nx\n",
                 "mbox",
                 "From here",
                 {{"message_count", "2"}}});
  out.push_back(
      {"a.msg",
       outlook_message(),
       "msg",
       "attached words",
       {{"title", "Boiler"}, {"sender", "Ann Lee"}, {"recipient", "Bob"}, {"created", "2024-03-01T00:00:00Z"}}});
}

void add_documents(std::vector<Sample>& out) {
  const std::string core =
      "<cp:coreProperties><dc:title>Kitchen</dc:title><dc:creator>Ann</dc:creator></cp:coreProperties>";
  out.push_back({"a.pdf",
                 pdf_of({"quokka on page one", "second page"}, "My PDF"),
                 "pdf",
                 "second page",
                 {{"title", "My PDF"}, {"creator", "Ann"}, {"page_count", "2"}}});
  out.push_back({"a.docx",
                 zip_of({{"[Content_Types].xml", "<Types/>"},
                         {"docProps/core.xml", core},
                         {"word/document.xml",
                          "<w:document><w:p><w:t>quokka &amp; "
                          "more</w:t></w:p><w:p><w:lastRenderedPageBreak/><w:t>next</w:t></w:p></w:document>"}}),
                 "docx",
                 "quokka & more",
                 {{"title", "Kitchen"}, {"creator", "Ann"}}});
  out.push_back(
      {"a.xlsx",
       zip_of({{"[Content_Types].xml", "<Types/>"},
               {"xl/workbook.xml", "<workbook><sheets><sheet name=\"Costs\" r:id=\"r7\"/></sheets></workbook>"},
               {"xl/_rels/workbook.xml.rels", "<R><Relationship Id=\"r7\" Target=\"worksheets/sheet3.xml\"/></R>"},
               {"xl/sharedStrings.xml", "<sst><si><t>quokka</t></si></sst>"},
               {"xl/worksheets/sheet3.xml",
                "<worksheet><row><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\"><v>2.5</v></c></row><row><c "
                "r=\"B2\"><v>3</v></c></row></worksheet>"}}),
       "xlsx",
       "quokka",
       {{"sheet", "Costs"}, {"column_sum", "Costs!B = 5.5"}}});
  out.push_back({"a.pptx",
                 zip_of({{"[Content_Types].xml", "<Types/>"},
                         {"ppt/slides/slide1.xml", "<p:sld><a:p><a:t>quokka</a:t></a:p></p:sld>"}}),
                 "pptx",
                 "quokka",
                 {{"slide_count", "1"}}});
  out.push_back(
      {"a.odt",
       zip_of({{"mimetype", "application/vnd.oasis.opendocument.text"},
               {"content.xml", "<d><office:body><text:p>quokka</text:p></office:body></d>"},
               {"meta.xml", "<m><dc:title>T</dc:title><meta:document-statistic meta:page-count=\"3\"/></m>"}}),
       "odt",
       "quokka",
       {{"title", "T"}, {"page_count", "3"}}});
  out.push_back({"a.ods",
                 zip_of({{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"},
                         {"content.xml",
                          "<d><office:body><table:table "
                          "table:name=\"S1\"><table:table-row><table:table-cell><text:p>quokka</text:p></"
                          "table:table-cell></table:table-row></table:table></office:body></d>"}}),
                 "ods",
                 "quokka",
                 {{"sheet", "S1"}}});
  out.push_back(
      {"a.odp",
       zip_of({{"mimetype", "application/vnd.oasis.opendocument.presentation"},
               {"content.xml", "<d><office:body><draw:page><text:p>quokka</text:p></draw:page></office:body></d>"}}),
       "odp",
       "quokka",
       {{"slide_count", "1"}}});
  out.push_back({"a.epub",
                 zip_of({{"mimetype", "application/epub+zip"},
                         {"META-INF/container.xml", "<c><rootfile full-path=\"O/c.opf\"/></c>"},
                         {"O/c.opf",
                          "<package><dc:title>Book</dc:title><dc:creator>Bob</dc:creator><item id=\"a\" "
                          "href=\"t/a%20b.xhtml\"/><itemref idref=\"a\"/></package>"},
                         {"O/t/a b.xhtml", "<html><body><p>quokka</p></body></html>"}}),
                 "epub",
                 "quokka",
                 {{"title", "Book"}, {"creator", "Bob"}}});
  out.push_back({"a.doc", word_97(), "doc", "quokka in Word and wide", {{"title", "A title"}}});
  out.push_back({"a.xls", excel_97(), "xls", "quokka\t2.5", {{"sheet", "Costs"}, {"column_sum", "Costs!B = 5.5"}}});
  out.push_back({"a.ppt", powerpoint_97(), "ppt", "quokka slide", {{"slide_count", "2"}}});
}

void add_media(std::vector<Sample>& out) {
  const std::vector<Field> size{{"width", "120"}, {"height", "80"}};
  for (const std::string kind : {"png", "gif", "bmp", "ico"})
    out.push_back({"a." + kind, portable_pixels(kind), kind, "", size});
  // Small sides are told in eights: 80 high, and half as wide again.
  out.push_back({"a.jxl", "\xFF\x0A" + le(1U | 9U << 1U | 4U << 6U, 2) + std::string(20, '\0'), "jxl", "", size});
  out.push_back({"a.j2k",
                 "\xFF\x4F\xFF\x51" + be(41, 2) + be(0, 2) + be(130, 4) + be(80, 4) + be(10, 4) + be(0, 4) +
                     std::string(30, '\0'),
                 "jp2", "", size});
  const std::string samples(16000, '\0');
  out.push_back({"a.wav",
                 "RIFF" + le(36 + samples.size(), 4) + "WAVEfmt " + le(16, 4) + le(1, 2) + le(1, 2) + le(8000, 4) +
                     le(16000, 4) + le(2, 2) + le(16, 2) + "data" + le(samples.size(), 4) + samples,
                 "wav",
                 "",
                 {{"duration_ms", "1000"}, {"sample_rate_hz", "8000"}}});
  const auto box = [](const std::string& type, const std::string& body) {
    return be(body.size() + 8, 4) + type + body;
  };
  const std::string track = std::string(76, '\0') + be(120ULL << 16U, 4) + be(80ULL << 16U, 4);
  out.push_back({"a.mp4",
                 box("ftyp", "isom" + be(0, 4)) + box("moov", box("mvhd", std::string(12, '\0') + be(1000, 4) +
                                                                              be(2000, 4) + std::string(80, '\0')) +
                                                                  box("trak", box("tkhd", track))),
                 "mp4",
                 "",
                 {{"duration_ms", "2000"}, {"width", "120"}}});
}

void add_models(std::vector<Sample>& out) {
  std::string stl(80, 'x');
  stl += le(1, 4) + floats({0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 3}) + le(0, 2);
  out.push_back({"a.stl", stl, "stl", "", {{"facet_count", "1"}, {"bounds", "0 0 0 1 2 3"}}});
  out.push_back({"text.stl",
                 "solid cube\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 "
                 "5\nendloop\nendfacet\nendsolid\n",
                 "stl",
                 "",
                 {{"facet_count", "1"}, {"title", "cube"}}});
  out.push_back({"a.obj",
                 "o box\nv 0 0 0\nv 1 2 3\nv 1 0 0\nf 1 2 3\n",
                 "obj",
                 "",
                 {{"vertex_count", "3"}, {"bounds", "0 0 0 1 2 3"}}});
  out.push_back(
      {"a.ply",
       "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nelement face 1\nend_header\n0 0 0\n1 1 9\n3 0 1 1\n",
       "ply",
       "",
       {{"vertex_count", "2"}, {"facet_count", "1"}, {"bounds", "0 0 0 1 1 9"}}});
  const std::string gltf =
      R"({"asset":{"version":"2.0"},"accessors":[{"count":24},{"count":36}],"meshes":[{"name":"box","primitives":[{"attributes":{"POSITION":0},"indices":1}]}]})";
  out.push_back({"a.gltf", gltf, "gltf", "", {{"vertex_count", "24"}, {"facet_count", "12"}}});
  out.push_back({"a.glb",
                 "glTF" + le(2, 4) + le(20 + gltf.size(), 4) + le(gltf.size(), 4) + "JSON" + gltf,
                 "glb",
                 "",
                 {{"vertex_count", "24"}}});
  out.push_back({"a.dae",
                 "<?xml version=\"1.0\"?><COLLADA><float_array id=\"x-positions\" "
                 "count=\"24\">0</float_array><triangles count=\"12\"/></COLLADA>",
                 "dae",
                 "",
                 {{"vertex_count", "8"}, {"facet_count", "12"}}});
  const auto chunk = [](unsigned id, const std::string& body) { return le(id, 2) + le(body.size() + 6, 4) + body; };
  out.push_back(
      {"a.3ds",
       chunk(0x4D4D,
             chunk(0x3D3D, chunk(0x4000, std::string("box\0", 4) +
                                             chunk(0x4100, chunk(0x4110, le(2, 2) + floats({0, 0, 0, 1, 2, 3})) +
                                                               chunk(0x4120, le(1, 2) + std::string(60, '\0')))))),
       "3ds",
       "",
       {{"vertex_count", "2"}, {"facet_count", "1"}, {"bounds", "0 0 0 1 2 3"}}});
  out.push_back(
      {"a.3mf",
       zip_of({{"[Content_Types].xml", "<Types/>"},
               {"3D/3dmodel.model",
                "<model><vertex x=\"0\" y=\"0\" z=\"0\"/><vertex x=\"1\" y=\"2\" z=\"3\"/><triangle/></model>"}}),
       "3mf",
       "",
       {{"vertex_count", "2"}, {"facet_count", "1"}}});
  out.push_back({"a.step",
                 "ISO-10303-21;\nHEADER;\nFILE_NAME('part','x');\nENDSEC;\nDATA;\n#1=CARTESIAN_POINT('',(0.,1.,2.));\n#"
                 "2=ADVANCED_FACE('',());\n",
                 "step",
                 "",
                 {{"entity_count", "2"}, {"title", "part"}}});
  out.push_back(
      {"a.iges",
       std::string(72, ' ') + "S      1\n" + std::string(72, ' ') + "D      1\n" + std::string(72, ' ') + "D      2\n",
       "iges",
       "",
       {{"entity_count", "1"}}});
  out.push_back({"a.gcode",
                 "; generated by Slicer 1\nG1 X1 Y2 Z3\nG1 X4\n",
                 "gcode",
                 "",
                 {{"entity_count", "2"}, {"bounds", "1 2 3 4 2 3"}}});
  out.push_back({"a.dxf",
                 "0\nSECTION\n2\nTABLES\n0\nLAYER\n2\nWalls\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n0\nTEXT\n10\n5\n20\n6"
                 "\n1\nquokka\n0\nENDSEC\n0\nEOF\n",
                 "dxf",
                 "quokka",
                 {{"layer", "Walls"}, {"entity_count", "1"}}});
  out.push_back({"a.dwg", "AC1032" + std::string(100, '\0'), "dwg", "", {{"format_version", "AC1032 (AutoCAD 2018)"}}});
  out.push_back({"a.fbx",
                 "Kaydara FBX Binary  " + std::string("\0\x1A\0", 3) + le(7400, 4) + std::string("\x08Vertices", 9) +
                     "d" + le(24, 4) + std::string(40, '\0'),
                 "fbx",
                 "",
                 {{"vertex_count", "8"}, {"format_version", "7400"}}});
}

void add_others(std::vector<Sample>& out) {
  out.push_back({"a.zip",
                 zip_of({{"in/a.txt", "quokka"}, {"inner.zip", zip_of({{"b.txt", "innermost"}})}}),
                 "zip",
                 "innermost",
                 {{"member_count", "2"}}});
  out.push_back({"a.dbf",
                 le(3, 1) + std::string("\x7C\x01\x01", 3) + le(1, 4) + le(65, 2) + le(11, 2) + std::string(20, '\0') +
                     "NAME" + std::string(7, '\0') + "C" + std::string(4, '\0') + le(10, 1) + std::string(15, '\0') +
                     "\r quokka    \x1A",
                 "dbf",
                 "quokka",
                 {{"engine", "dBase"}, {"column", "NAME"}, {"row_count", "1"}}});
  out.push_back(
      {"a.exe",
       "MZ" + std::string(58, '\0') + le(64, 4) + std::string("PE\0\0", 4) + le(0x8664, 2) + std::string(60, '\0'),
       "pe",
       "",
       {{"architecture", "x86-64"}}});
  out.push_back({"program",
                 std::string("\x7F"
                             "ELF\2\1\1",
                             7) +
                     std::string(9, '\0') + le(3, 2) + le(62, 2) + std::string(60, '\0'),
                 "elf",
                 "",
                 {{"architecture", "x86-64"}}});
  out.push_back({"a.xyz", std::string("\1\2\3\4\xFF\xFE\xFD", 7), "unknown", "", {}});
}

void add_tables(std::vector<Sample>& out) {
  for (const bool is_wide : {true, false}) {
    out.push_back(
        {is_wide ? "a.mdb" : "97.mdb",
         access_database(is_wide),
         "mdb",
         "1\t12.34\t2024-03-09T18:00:00\tyes\tquokka\tfound near the harbour\n2\t12.34\t1899-12-31\tno\twombat\tzzz",
         {{"engine", "Microsoft Access"},
          {"format_version", is_wide ? "Jet 4 (2000-2003)" : "Jet 3 (97)"},
          {"table", "Animals"},
          {"table", "Cheap ones"},
          {"column", "Animals.Notes"},
          {"column_type", "Animals.Notes = long text"},
          {"row_count", "2"}}});
  }
  out.push_back({"a.parquet",
                 parquet_table(),
                 "parquet",
                 "tags  list of text",
                 {{"row_count", "42"},
                  {"column", "place.city"},
                  {"column_type", "price = decimal(10,2)"},
                  {"title", "Animals of the island"},
                  {"generator", "quokka-writer 1.0"}}});
  out.push_back({"a.feather",
                 arrow_table(),
                 "arrow",
                 "tags  list of text",
                 {{"row_count", "42"},
                  {"column", "place.city"},
                  {"column_type", "price = double"},
                  {"column_type", "place.code = int32"},
                  {"title", "Animals of the island"}}});
  for (const unsigned version : {1U, 2U, 5U}) {
    out.push_back({"v" + std::to_string(version) + ".nc",
                   netcdf_array(version),
                   "netcdf",
                   "levels = 5 -2\ntemperature  float32, 7 x 3\n    units = kelvin",
                   {{"title", "Weather of the quokka island"}, {"array", "temperature = float32, 7 x 3"}}});
  }
  for (const bool is_dense : {true, false}) {
    out.push_back({is_dense ? "dense.h5" : "a.h5",
                   hdf5_arrays(is_dense),
                   "hdf5",
                   "units = millivolt",
                   {{"title", "Recordings of quokkas"},
                    {"table", "session/voltage"},
                    {"array", "session/voltage = float32, 100 x 20"},
                    {"array", "session/events = record, 5"},
                    {"column_type", "session/events.count = int32"}}});
  }
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }\n";
  out.push_back({"a.npy",
                 "\x93NUMPY\x01" + le(0, 1) + le(header.size(), 2) + header + std::string(96, '\0'),
                 "npy",
                 "",
                 {{"array", "float64, 3 x 4"}}});
}

}  // namespace

std::vector<Sample> samples() {
  std::vector<Sample> out;
  add_texts(out);
  add_mail(out);
  add_documents(out);
  add_media(out);
  add_models(out);
  add_tables(out);
  add_others(out);
  return out;
}

}  // namespace atl::extract::testing
