// Databases in a file: engine, tables, columns. SQLite's schema is read from its first b-tree (the format's own
// description, https://www.sqlite.org/fileformat.html); dBase's from its header.
#include <algorithm>
#include <array>
#include <set>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

std::uint64_t big_endian(ByteView bytes, std::size_t at, std::size_t count) {
  if (at > bytes.size() || bytes.size() - at < count) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = (value << 8U) | bytes[at + i];
  return value;
}

// 1 to 9 bytes, seven bits each, the ninth whole.
std::uint64_t varint(ByteView bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 9 && at < bytes.size(); ++i) {
    const std::uint8_t byte = bytes[at++];
    if (i == 8) return (value << 8U) | byte;
    value = (value << 7U) | (byte & 0x7FU);
    if ((byte & 0x80U) == 0) break;
  }
  return value;
}

class SchemaReader {
 public:
  SchemaReader(Job& job, std::size_t page_bytes, std::size_t usable_bytes)
      : job_(&job), page_bytes_(page_bytes), usable_bytes_(usable_bytes) {}

  Result<void> page(std::uint64_t number, int depth) {
    if (number == 0 || depth > 20 || !seen_.insert(number).second || seen_.size() > 2000) return {};
    ATOLL_ASSIGN(const Bytes bytes, job_->input.part((number - 1) * page_bytes_, page_bytes_));
    const std::size_t header = number == 1 ? 100 : 0;
    if (bytes.size() < header + 12) return fail(ErrorKind::damaged, "extract.malformed", "it ends in its schema");
    const std::uint8_t kind = bytes[header];
    const std::size_t cells = big_endian(bytes, header + 3, 2);
    const bool is_inner = kind == 5;
    if (kind != 5 && kind != 13) return fail(ErrorKind::damaged, "extract.malformed", "its schema is damaged");
    for (std::size_t i = 0; i < cells; ++i) {
      const std::size_t at = big_endian(bytes, header + (is_inner ? 12 : 8) + 2 * i, 2);
      if (at == 0 || at >= bytes.size()) continue;
      if (is_inner) {
        ATOLL_TRY(page(big_endian(bytes, at, 4), depth + 1));
      } else {
        ATOLL_TRY(cell(bytes, at));
      }
    }
    if (is_inner) return page(big_endian(bytes, header + 8, 4), depth + 1);
    return {};
  }

 private:
  Result<void> cell(ByteView bytes, std::size_t at) {
    const std::uint64_t length = varint(bytes, at);
    static_cast<void>(varint(bytes, at));  // the row's number
    if (length > 1U << 20U) return {};
    // What does not fit into the page goes on in others.
    const std::size_t local_max = usable_bytes_ - 35;
    std::size_t local = static_cast<std::size_t>(length);
    if (length > local_max) {
      const std::size_t least = (usable_bytes_ - 12) * 32 / 255 - 23;
      local = least + (static_cast<std::size_t>(length) - least) % (usable_bytes_ - 4);
      if (local > local_max) local = least;
    }
    if (at > bytes.size()) return {};
    Bytes payload = to_bytes(bytes.subspan(at, std::min(local, bytes.size() - at)));
    std::uint64_t overflow = local < length ? big_endian(bytes, at + local, 4) : 0;
    for (int pages = 0; overflow != 0 && payload.size() < length && pages < 300; ++pages) {
      ATOLL_ASSIGN(const Bytes more, job_->input.part((overflow - 1) * page_bytes_, usable_bytes_));
      if (more.size() < 4) break;
      overflow = big_endian(more, 0, 4);
      payload.insert(payload.end(), more.begin() + 4, more.end());
    }
    payload.resize(std::min<std::size_t>(payload.size(), static_cast<std::size_t>(length)));
    row(payload);
    return {};
  }

  // type, name, table, root page, sql
  void row(ByteView record) {
    std::size_t at = 0;
    const std::size_t header_end = static_cast<std::size_t>(std::min<std::uint64_t>(varint(record, at), record.size()));
    std::vector<std::string> values;
    std::size_t value_at = header_end;
    while (at < header_end && values.size() < 5) {
      const std::uint64_t serial = varint(record, at);
      constexpr std::array<std::size_t, 10> kWidths{0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
      const std::uint64_t width = serial < 10   ? kWidths.at(static_cast<std::size_t>(serial))
                                  : serial < 12 ? 0
                                                : (serial - 12) / 2;
      const std::size_t there = record.size() - std::min(value_at, record.size());
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(width, there));
      values.push_back(serial >= 13 ? std::string(as_text(record.subspan(std::min(value_at, record.size()), count)))
                                    : std::string());
      value_at += count;
    }
    if (values.size() < 5 || (values[0] != "table" && values[0] != "view")) return;
    job_->out.field(field::kTable, values[1]);
    // Columns are what its own statement says.
    const std::size_t open = values[4].find('(');
    if (values[0] != "table" || open == std::string::npos) return;
    std::string_view text = std::string_view(values[4]).substr(open + 1);
    int depth = 1;
    bool begins = true;
    for (std::size_t i = 0; i < text.size() && depth > 0; ++i) {
      const char c = text[i];
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (c == ',' && depth == 1) {
        begins = true;
      } else if (begins && static_cast<unsigned char>(c) > ' ') {
        begins = false;
        const bool is_quoted = c == '"' || c == '`' || c == '[' || c == '\'';
        const std::size_t end = is_quoted ? text.find(c == '[' ? ']' : c, i + 1) : text.find_first_of(" \t\r\n,()", i);
        const std::size_t from = is_quoted ? i + 1 : i;
        const std::string_view name = text.substr(from, end == std::string_view::npos ? end : end - from);
        const std::string word = lower(name);
        if (is_quoted ||
            (word != "primary" && word != "foreign" && word != "unique" && word != "constraint" && word != "check"))
          job_->out.field(field::kColumn, values[1] + "." + std::string(name));
        if (is_quoted && end != std::string_view::npos) i = end;
      }
    }
  }

  Job* job_;
  std::size_t page_bytes_;
  std::size_t usable_bytes_;
  std::set<std::uint64_t> seen_;
};

}  // namespace

Result<void> read_sqlite(Job& job) {
  job.out.field(field::kEngine, "SQLite");
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 100));
  std::size_t page_bytes = big_endian(head, 16, 2);
  if (page_bytes == 1) page_bytes = 65536;
  const std::size_t reserved = head.size() > 20 ? head[20] : 0;
  if (head.size() < 100 || page_bytes < 512 || (page_bytes & (page_bytes - 1)) != 0 || page_bytes - reserved < 480)
    return fail(ErrorKind::damaged, "extract.malformed", "its header is damaged");
  job.out.raw("Sqlite.PageBytes", std::to_string(page_bytes));
  job.out.raw("Sqlite.ApplicationId", std::to_string(big_endian(head, 68, 4)));
  job.out.raw("Sqlite.UserVersion", std::to_string(big_endian(head, 60, 4)));
  return SchemaReader(job, page_bytes, page_bytes - reserved).page(1, 0);
}

// The dBase family: https://www.dbase.com/Knowledgebase/INT/db7_file_fmt.htm and what came before it.
Result<void> read_dbf(Job& job) {
  job.out.field(field::kEngine, "dBase");
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 64U << 10U));
  if (head.size() < 33) return fail(ErrorKind::damaged, "extract.malformed", "it ends in its header");
  const std::uint64_t rows = load_le<std::uint32_t>(head.data() + 4);
  const std::size_t header_bytes = load_le<std::uint16_t>(head.data() + 8);
  const std::size_t row_bytes = load_le<std::uint16_t>(head.data() + 10);
  job.out.number(field::kRowCount, rows);
  struct Column {
    std::size_t width;
  };
  std::vector<Column> columns;
  for (std::size_t at = 32; at + 32 <= head.size() && at + 32 <= header_bytes && head[at] != 0x0D; at += 32) {
    const std::string_view name = as_text(head).substr(at, 11);
    job.out.field(field::kColumn, from_windows_1252(name.substr(0, name.find('\0'))));
    columns.push_back({head[at + 16]});
  }
  if (columns.empty() || row_bytes < 2) return fail(ErrorKind::damaged, "extract.malformed", "it names no columns");
  const std::uint64_t there = job.input.size() > header_bytes ? job.input.size() - header_bytes : 0;
  if (there < rows * row_bytes) job.out.trouble("It ends in the middle: rows are missing.");
  ATOLL_ASSIGN(const Bytes body, job.input.part(header_bytes, static_cast<std::size_t>(std::min<std::uint64_t>(
                                                                  there, job.out.budget().text_bytes))));
  std::string text;
  for (std::size_t at = 0; at + row_bytes <= body.size(); at += row_bytes) {
    if (body[at] == '*') continue;  // deleted
    std::size_t value_at = at + 1;
    std::string row;
    for (const Column& column : columns) {
      if (value_at + column.width > at + row_bytes) break;
      const std::string_view value = trim(as_text(body).substr(value_at, column.width));
      if (!row.empty()) row += "\t";
      row += from_windows_1252(value);
      value_at += column.width;
    }
    text += row + "\n";
  }
  job.out.text(text);
  return {};
}

}  // namespace atl::extract
