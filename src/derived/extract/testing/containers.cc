// Containers that samples are put into.
#include <algorithm>
#include <map>

#include "derived/extract/testing/byte_order.h"
#include "derived/extract/testing/samples.h"
#include "foundation/codec/crc.h"

namespace atl::extract::testing {
namespace {

std::string padded(std::string text, std::size_t unit) {
  text.resize((text.size() + unit - 1) / unit * unit);
  return text;
}

std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) out += {c, '\0'};
  return out;
}

}  // namespace

std::string zip_of(const NamedContents& members) {
  std::string out;
  std::string directory;
  for (const auto& [name, content] : members) {
    const std::string sums = le(codec::crc32(as_bytes(content)), 4) + le(content.size(), 4) + le(content.size(), 4);
    const std::string facts =
        le(20, 2) + le(0, 2) + le(0, 2) + le(0x5000, 2) + le(0x5869, 2) + sums + le(name.size(), 2);
    directory += std::string("PK\x01\x02") + le(20, 2) + facts + le(0, 2) + le(0, 2) + le(0, 2) + le(0, 2) + le(0, 4) +
                 le(out.size(), 4) + name;
    out += std::string("PK\x03\x04") + facts + le(0, 2) + name + content;
  }
  const std::size_t begin = out.size();
  return out + directory + std::string("PK\x05\x06") + le(0, 4) + le(members.size(), 2) + le(members.size(), 2) +
         le(directory.size(), 4) + le(begin, 4) + le(0, 2);
}

std::string compound_of(const NamedContents& streams) {
  constexpr std::uint32_t kNone = 0xFFFFFFFF, kEnd = 0xFFFFFFFE, kTable = 0xFFFFFFFD;
  std::string sectors;
  std::vector<std::uint32_t> next;
  const auto put = [&](const std::string& content) -> std::uint32_t {
    if (content.empty()) return kEnd;
    const auto first = static_cast<std::uint32_t>(next.size());
    sectors += padded(content, 512);
    while (next.size() * 512 < sectors.size()) next.push_back(static_cast<std::uint32_t>(next.size() + 1));
    next.back() = kEnd;
    return first;
  };
  struct Entry {
    std::string name;
    std::uint8_t type;
    std::uint32_t child = kNone, right = kNone, first = kEnd;
    std::uint64_t size = 0;
  };
  std::vector<Entry> entries{{"Root Entry", 5}};
  std::map<std::string, std::uint32_t> storages{{"", 0}};
  const auto add = [&](std::uint32_t parent, Entry entry) {
    const auto number = static_cast<std::uint32_t>(entries.size());
    entry.right = entries[parent].child;  // siblings are a list here, which is a tree too
    entries.push_back(std::move(entry));
    entries[parent].child = number;
    return number;
  };
  std::string small;
  std::vector<std::uint32_t> small_next;
  for (const auto& [path, content] : streams) {
    const std::size_t slash = path.find('/');
    const std::string storage = slash == std::string::npos ? "" : path.substr(0, slash);
    if (!storages.contains(storage)) storages[storage] = add(0, {storage, 1});
    Entry entry{slash == std::string::npos ? path : path.substr(slash + 1), 2};
    entry.size = content.size();
    if (content.size() >= 4096) {
      entry.first = put(content);
    } else if (!content.empty()) {
      entry.first = static_cast<std::uint32_t>(small_next.size());
      small += padded(content, 64);
      while (small_next.size() * 64 < small.size())
        small_next.push_back(static_cast<std::uint32_t>(small_next.size() + 1));
      small_next.back() = kEnd;
    }
    add(storages[storage], entry);
  }
  entries[0].first = put(small);
  entries[0].size = small.size();
  std::string small_table;
  for (const std::uint32_t number : small_next) small_table += le(number, 4);
  while (small_table.size() % 512 != 0) small_table += le(kNone, 4);
  const std::uint32_t small_first = put(small_table);
  std::string directory;
  for (const Entry& entry : entries) {
    std::string name = wide(entry.name);
    const std::size_t name_bytes = name.size() + 2;
    name.resize(64);
    directory += name + le(name_bytes, 2) + le(entry.type, 1) + le(1, 1) + le(kNone, 4) + le(entry.right, 4) +
                 le(entry.child, 4) + std::string(16 + 4 + 16, '\0') + le(entry.first, 4) + le(entry.size, 8);
  }
  const std::uint32_t directory_first = put(directory);
  const std::size_t table_sectors = (next.size() + 1 + 127) / 127;
  const std::size_t table_first = next.size();
  for (std::size_t i = 0; i < table_sectors; ++i) next.push_back(kTable);
  std::string table;
  for (const std::uint32_t number : next) table += le(number, 4);
  while (table.size() < table_sectors * 512) table += le(kNone, 4);
  std::string head = std::string("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") + std::string(16, '\0') + le(0x3E, 2) + le(3, 2) +
                     le(0xFFFE, 2) + le(9, 2) + le(6, 2) + std::string(6, '\0') + le(0, 4) + le(table_sectors, 4) +
                     le(directory_first, 4) + le(0, 4) + le(4096, 4) + le(small_first, 4) +
                     le(small_table.size() / 512, 4) + le(kEnd, 4) + le(0, 4);
  for (std::size_t i = 0; i < 109; ++i) head += le(i < table_sectors ? table_first + i : kNone, 4);
  return head + sectors + table;
}

std::string pdf_of(const std::vector<std::string>& pages, const std::string& title) {
  std::vector<std::string> objects{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Title(" + title + ")/Author(Ann)>>"};
  std::string kids;
  for (const std::string& page : pages) {
    const std::size_t number = objects.size() + 1;
    kids += std::to_string(number) + " 0 R ";
    objects.push_back("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents " + std::to_string(number + 1) +
                      " 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>");
    const std::string drawing = "BT /F 12 Tf 50 700 Td (" + page + ") Tj ET";
    objects.push_back("<</Length " + std::to_string(drawing.size()) + ">>stream\n" + drawing + "\nendstream");
  }
  objects[1] = "<</Type/Pages/Kids[" + kids + "]/Count " + std::to_string(pages.size()) + ">>";
  std::string out = "%PDF-1.4\n";
  std::string table = "0000000000 65535 f \n";
  for (std::size_t i = 0; i < objects.size(); ++i) {
    std::string offset = std::to_string(out.size());
    table += offset.insert(0, 10 - offset.size(), '0') + " 00000 n \n";
    out += std::to_string(i + 1) + " 0 obj" + objects[i] + "endobj\n";
  }
  const std::string count = std::to_string(objects.size() + 1);
  return out + "xref\n0 " + count + "\n" + table + "trailer<</Size " + count + "/Root 1 0 R/Info 3 0 R>>\nstartxref\n" +
         std::to_string(out.size()) + "\n%%EOF";
}

}  // namespace atl::extract::testing
