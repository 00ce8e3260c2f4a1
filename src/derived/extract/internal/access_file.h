// Databases of Microsoft Access: their tables, columns and rows. Microsoft never published the format; the layout is
// what mdbtools (https://github.com/mdbtools/mdbtools/blob/dev/HACKING.md) and Jackcess
// (https://jackcess.sourceforge.io) found. Always true: pages are read when they are needed; what points outside of the
// file, or at itself, ends. Errors: `damaged` "extract.malformed", `unsupported` "extract.encrypted". Thread rules: one
// thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "derived/extract/input.h"

namespace atl::extract {

class AccessFile {
 public:
  struct Column {
    std::string name;
    std::uint8_t type = 0;
    std::uint16_t number = 0;
    bool is_fixed = false;
    std::uint16_t fixed_offset = 0;
    std::uint16_t variable_index = 0;
    std::uint16_t bytes = 0;
    std::uint8_t scale = 0;
  };
  struct Table {
    std::vector<Column> columns;  // in the order of their numbers
    std::uint64_t row_count = 0;  // as the file says
    std::uint32_t page = 0;
    std::uint32_t map = 0;  // pointer to the list of its pages
  };
  struct Entry {  // of the catalogue
    std::string name;
    std::uint32_t page = 0;
    bool is_table = false;  // else a query, or a table that lies in another file
  };
  // One text for each column; empty where there is none, or nothing that can be said in words.
  using OnRow = std::function<bool(std::vector<std::string> values)>;  // false: no more

  static Result<AccessFile> open(Input& input);
  // Without those that Access keeps for itself, in the order of their names.
  [[nodiscard]] Result<std::vector<Entry>> entries();
  [[nodiscard]] Result<Table> table(std::uint32_t page);
  // Complexity: linear in the table's pages.
  [[nodiscard]] Result<void> rows(const Table& table, const OnRow& on_row);
  [[nodiscard]] static std::string type_name(const Column& column);

 private:
  struct Layout;
  AccessFile(Input& input, const Layout& layout) : input_(&input), layout_(&layout) {}
  [[nodiscard]] Result<Bytes> page(std::uint32_t number);
  [[nodiscard]] Result<Bytes> definition(std::uint32_t page_number);
  // Bytes of the row that a pointer (row in the lowest byte, page above) leads to.
  [[nodiscard]] Result<Bytes> pointed(std::uint32_t pointer);
  [[nodiscard]] ByteView row_bytes(ByteView page, std::size_t index) const;
  [[nodiscard]] Result<std::vector<std::uint32_t>> pages_of(const Table& table);
  [[nodiscard]] std::vector<std::string> values(const Table& table, ByteView row);
  [[nodiscard]] ByteView cell(const Column& column, ByteView row, bool& is_set) const;
  [[nodiscard]] std::string words(const Column& column, ByteView cell);
  [[nodiscard]] std::string letters(ByteView bytes) const;
  [[nodiscard]] Bytes long_value(ByteView cell);

  Input* input_;
  const Layout* layout_;
};

}  // namespace atl::extract
