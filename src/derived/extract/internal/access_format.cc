// Access databases as they are said to a user: version, tables, columns, the rows' texts.
#include <array>

#include "derived/extract/internal/access_file.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/table_listing.h"

namespace atl::extract {
namespace {

constexpr std::size_t kCellBytesMax = 4096;

// The names of the columns, then the rows, as a sheet is: one piece for each table.
Result<void> read_rows(Job& job, AccessFile& file, const AccessFile::Table& table, Place place) {
  std::string text;
  const auto add_line = [&text](const auto& cells, auto words_of) {
    bool is_first = true;
    for (const auto& cell : cells) {
      if (!is_first) text += '\t';
      is_first = false;
      text += to_line(words_of(cell), kCellBytesMax);
    }
    text += '\n';
  };
  add_line(table.columns, [](const AccessFile::Column& column) { return std::string_view(column.name); });
  const std::uint64_t room = job.out.budget().text_bytes;
  const auto answer = file.rows(table, [&](const std::vector<std::string>& values) {
    add_line(values, [](const std::string& value) { return std::string_view(value); });
    return text.size() <= room;
  });
  job.out.text(std::move(place), text);
  return answer;
}

}  // namespace

Result<void> read_access(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 32));
  job.out.field(field::kEngine, "Microsoft Access");
  constexpr std::array<std::string_view, 7> kVersions{"Jet 3 (97)",    "Jet 4 (2000-2003)", "ACE 12 (2007)",
                                                      "ACE 14 (2010)", "ACE 15 (2013)",     "ACE 16 (2016)",
                                                      "ACE 17 (2019)"};
  if (head.size() > 20 && head[20] < kVersions.size()) job.out.field(field::kVersion, kVersions.at(head[20]));
  ATOLL_ASSIGN(AccessFile file, AccessFile::open(job.input));
  ATOLL_ASSIGN(const auto entries, file.entries());
  std::uint64_t row_count = 0;
  std::uint64_t sheet = 0;
  TableListing listing(job.out);  // for its fields: the text is the rows, below the names of their columns
  for (const AccessFile::Entry& entry : entries) {
    job.out.field(field::kTable, entry.name);
    if (!entry.is_table) continue;
    const auto table = file.table(entry.page);
    if (!table) {
      job.out.trouble("The table " + entry.name + " could not be read: " + table.error().message + ".");
      continue;
    }
    row_count += table->row_count;
    for (const AccessFile::Column& column : table->columns)
      listing.column(entry.name + "." + column.name, AccessFile::type_name(column));
    if (const auto read = read_rows(job, file, *table, {PlaceKind::sheet, ++sheet, entry.name}); !read)
      return pass(read.error());
  }
  job.out.number(field::kRowCount, row_count);
  return {};
}

}  // namespace atl::extract
