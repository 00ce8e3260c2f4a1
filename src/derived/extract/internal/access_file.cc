#include "derived/extract/internal/access_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>

#include "derived/extract/internal/findings.h"
#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::size_t kDefinitionPagesMax = 256;
constexpr std::size_t kColumnsMax = 1024;
constexpr std::size_t kPagesMax = 1U << 19U;  // of one table: 2 GiB, which is the most that Access makes
constexpr std::size_t kEntriesMax = 10'000;
constexpr std::size_t kLongBytesMax = 1U << 20U;
constexpr std::size_t kVersionOffset = 20;
constexpr std::uint32_t kCatalogPage = 2;
constexpr std::uint8_t kDataPage = 1, kDefinitionPage = 2, kMapPage = 5;
constexpr std::uint16_t kIsDeleted = 0x8000, kIsElsewhere = 0x4000, kOffsetBits = 0x1FFF;

enum : std::uint8_t {
  kBool = 1,
  kByte = 2,
  kShort = 3,
  kLong = 4,
  kMoney = 5,
  kFloat = 6,
  kDouble = 7,
  kTime = 8,
  kBinary = 9,
  kText = 10,
  kOle = 11,
  kMemo = 12,
  kGuid = 15,
  kNumeric = 16,
  kComplex = 18,
  kBig = 19,
  kLongTime = 20,
};

template <class T>
T at(ByteView bytes, std::size_t offset) {
  return offset <= bytes.size() && bytes.size() - offset >= sizeof(T) ? load_le<T>(bytes.data() + offset) : T{};
}

ByteView part(ByteView bytes, std::size_t begin, std::size_t end) {
  end = std::min(end, bytes.size());
  return begin < end ? bytes.subspan(begin, end - begin) : ByteView{};
}

auto malformed(const char* what) { return fail(ErrorKind::damaged, "extract.malformed", what); }

// Days since 1899-12-30, the time of day as a fraction; before that day the fraction counts forward all the same.
std::string time_words(double days) {
  if (!std::isfinite(days) || std::fabs(days) > 3'000'000) return {};
  const double whole = std::trunc(days);
  const auto seconds = static_cast<std::int64_t>(std::llround(std::fabs(days - whole) * 86'400));
  using namespace std::chrono;
  const sys_seconds time =
      sys_days(year(1899) / December / 30) + std::chrono::days(static_cast<int>(whole)) + std::chrono::seconds(seconds);
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  const auto two = [](auto number) {
    const auto value = static_cast<unsigned>(number);
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  std::string words = std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) +
                      "-" + two(static_cast<unsigned>(date.day()));
  if (seconds > 0)
    words += "T" + two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" + two(clock.seconds().count());
  return words;
}

// A whole number and where its point stands.
std::string scaled_words(std::string digits, std::size_t scale, bool is_negative) {
  if (scale > 0) {
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - scale, 1, '.');
    while (digits.ends_with('0')) digits.pop_back();
    if (digits.ends_with('.')) digits.pop_back();
  }
  return (is_negative ? "-" : "") + digits;
}

// A sign, then four words of a number of 128 bits, the highest first.
std::string numeric_words(ByteView cell, std::size_t scale) {
  if (cell.size() < 17 || scale > 38) return {};
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words.at(i) = at<std::uint32_t>(cell, 1 + 4 * i);
  std::string digits;
  while (std::ranges::any_of(words, [](std::uint32_t word) { return word != 0; })) {
    std::uint64_t left = 0;
    for (std::uint32_t& word : words) {
      left = (left << 32U) | word;
      word = static_cast<std::uint32_t>(left / 10);
      left %= 10;
    }
    digits.insert(digits.begin(), static_cast<char>('0' + left));
  }
  return scaled_words(digits.empty() ? "0" : digits, scale, cell[0] != 0);
}

std::string guid_words(ByteView cell) {
  if (cell.size() < 16) return {};
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(cell.begin(), bytes.size(), bytes.begin());
  std::ranges::reverse(std::span(bytes).first(4));
  std::ranges::reverse(std::span(bytes).subspan(4, 2));
  std::ranges::reverse(std::span(bytes).subspan(6, 2));
  std::string hex = to_hex(bytes);
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) hex.insert(dash, 1, '-');
  return hex;
}

}  // namespace

// Offsets in pages, where the versions differ.
struct AccessFile::Layout {
  std::size_t page_bytes;
  std::size_t data_row_count, definition_row_count, column_count, index_count, map, columns;
  std::size_t index_bytes, column_bytes;
  std::size_t column_number, column_variable, column_scale, column_flags, column_fixed, column_size;
  bool is_wide;  // since Access 2000: texts are UTF-16, counts in rows have two bytes
};

Result<AccessFile> AccessFile::open(Input& input) {
  static constexpr Layout kNarrow{2048, 8, 12, 25, 31, 35, 43, 8, 18, 1, 3, 12, 13, 14, 16, false};
  static constexpr Layout kWide{4096, 12, 16, 45, 51, 55, 63, 12, 25, 5, 7, 12, 15, 21, 23, true};
  ATOLL_ASSIGN(const Bytes head, input.part(0, 32));
  if (head.size() < 32) return malformed("it ends in its header");
  AccessFile file(input, head[kVersionOffset] == 0 ? kNarrow : kWide);
  ATOLL_ASSIGN(const Bytes catalog, file.page(kCatalogPage));
  if (catalog.empty()) return malformed("it ends before its list of tables");
  if (catalog[0] != kDefinitionPage) return fail(ErrorKind::unsupported, "extract.encrypted", "it is encrypted");
  return file;
}

Result<Bytes> AccessFile::page(std::uint32_t number) {
  ATOLL_ASSIGN(Bytes bytes, input_->part(std::uint64_t{number} * layout_->page_bytes, layout_->page_bytes));
  if (bytes.size() < layout_->page_bytes) bytes.clear();
  return bytes;
}

Result<Bytes> AccessFile::definition(std::uint32_t page_number) {
  ATOLL_ASSIGN(Bytes whole, page(page_number));
  if (whole.empty() || whole[0] != kDefinitionPage) return malformed("a table's description is missing");
  std::uint32_t next = at<std::uint32_t>(whole, 4);
  for (std::size_t pages = 0; next != 0 && pages < kDefinitionPagesMax; ++pages) {
    ATOLL_ASSIGN(const Bytes more, page(next));
    if (more.empty() || more[0] != kDefinitionPage) break;
    whole.insert(whole.end(), more.begin() + 8, more.end());
    next = at<std::uint32_t>(more, 4);
  }
  return whole;
}

ByteView AccessFile::row_bytes(ByteView page, std::size_t index) const {
  const std::size_t entries = layout_->data_row_count + 2;
  const std::size_t begin = at<std::uint16_t>(page, entries + 2 * index) & kOffsetBits;
  const std::size_t end = index == 0 ? page.size() : at<std::uint16_t>(page, entries + 2 * index - 2) & kOffsetBits;
  return begin == 0 ? ByteView{} : part(page, begin, end);
}

Result<Bytes> AccessFile::pointed(std::uint32_t pointer) {
  ATOLL_ASSIGN(const Bytes bytes, page(pointer >> 8U));
  if (bytes.empty() || bytes[0] != kDataPage) return Bytes{};
  return to_bytes(row_bytes(bytes, pointer & 0xFFU));
}

Result<AccessFile::Table> AccessFile::table(std::uint32_t page_number) {
  ATOLL_ASSIGN(const Bytes whole, definition(page_number));
  Table table;
  table.page = page_number;
  table.row_count = at<std::uint32_t>(whole, layout_->definition_row_count);
  table.map = at<std::uint32_t>(whole, layout_->map);
  const std::size_t count = at<std::uint16_t>(whole, layout_->column_count);
  const std::size_t columns =
      layout_->columns + std::size_t{at<std::uint32_t>(whole, layout_->index_count)} * layout_->index_bytes;
  std::size_t name_at = columns + count * layout_->column_bytes;
  if (count > kColumnsMax || name_at > whole.size()) return malformed("a table's description is damaged");
  for (std::size_t i = 0; i < count; ++i) {
    const ByteView entry = part(whole, columns + i * layout_->column_bytes, columns + (i + 1) * layout_->column_bytes);
    Column column;
    column.type = entry[0];
    column.number = at<std::uint16_t>(entry, layout_->column_number);
    column.is_fixed = (entry[layout_->column_flags] & 1U) != 0;
    column.fixed_offset = at<std::uint16_t>(entry, layout_->column_fixed);
    column.variable_index = at<std::uint16_t>(entry, layout_->column_variable);
    column.bytes = at<std::uint16_t>(entry, layout_->column_size);
    column.scale = entry[layout_->column_scale];
    const std::size_t length = layout_->is_wide ? at<std::uint16_t>(whole, name_at) : at<std::uint8_t>(whole, name_at);
    name_at += layout_->is_wide ? 2 : 1;
    const ByteView name = part(whole, name_at, name_at + length);
    column.name = layout_->is_wide ? from_utf16(name, false) : from_windows_1252(as_text(name));
    name_at += length;
    table.columns.push_back(std::move(column));
  }
  std::ranges::stable_sort(table.columns, {}, &Column::number);
  return table;
}

// A map is bits, one for each page from one on; or, for large tables, pages of such bits.
Result<std::vector<std::uint32_t>> AccessFile::pages_of(const Table& table) {
  std::vector<std::uint32_t> pages;
  ATOLL_ASSIGN(const Bytes map, pointed(table.map));
  const auto page_count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(input_->size() / layout_->page_bytes, UINT32_MAX));
  const auto take = [&](ByteView bits, std::uint64_t first) {
    for (std::size_t i = 0; i < bits.size() * 8 && first + i < page_count && pages.size() < kPagesMax; ++i)
      if ((bits[i / 8] >> (i % 8) & 1U) != 0) pages.push_back(static_cast<std::uint32_t>(first + i));
  };
  if (map.size() < 5) return pages;
  if (map[0] == 0) {
    take(part(map, 5, map.size()), at<std::uint32_t>(map, 1));
    return pages;
  }
  const std::uint64_t pages_each = (layout_->page_bytes - 4) * 8;
  for (std::size_t i = 0; 5 + 4 * i <= map.size(); ++i) {
    const auto number = at<std::uint32_t>(map, 1 + 4 * i);
    if (number == 0) continue;
    ATOLL_ASSIGN(const Bytes bits, page(number));
    if (!bits.empty() && bits[0] == kMapPage) take(part(bits, 4, bits.size()), i * pages_each);
  }
  return pages;
}

Result<void> AccessFile::rows(const Table& table, const OnRow& on_row) {
  ATOLL_ASSIGN(const auto pages, pages_of(table));
  for (const std::uint32_t number : pages) {
    ATOLL_ASSIGN(const Bytes bytes, page(number));
    if (bytes.empty() || bytes[0] != kDataPage || at<std::uint32_t>(bytes, 4) != table.page) continue;
    const std::size_t entries = layout_->data_row_count + 2;
    const std::size_t count =
        std::min<std::size_t>(at<std::uint16_t>(bytes, layout_->data_row_count), (bytes.size() - entries) / 2);
    for (std::size_t i = 0; i < count; ++i) {
      const auto offset = at<std::uint16_t>(bytes, entries + 2 * i);
      if ((offset & kIsDeleted) != 0) continue;
      const ByteView row = row_bytes(bytes, i);
      if ((offset & kIsElsewhere) != 0) {
        ATOLL_ASSIGN(const Bytes elsewhere, pointed(at<std::uint32_t>(row, 0)));
        if (!on_row(values(table, elsewhere))) return {};
      } else if (!on_row(values(table, row))) {
        return {};
      }
    }
  }
  return {};
}

std::vector<std::string> AccessFile::values(const Table& table, ByteView row) {
  std::vector<std::string> out;
  out.reserve(table.columns.size());
  for (const Column& column : table.columns) {
    bool is_set = false;
    const ByteView bytes = cell(column, row, is_set);
    if (column.type == kBool) {
      out.emplace_back(is_set ? "yes" : "no");
    } else {
      out.push_back(is_set ? words(column, bytes) : std::string());
    }
  }
  return out;
}

// A row: how many columns it has, those of fixed length, the others, and at its end, read backwards: a bit for each
// column that is set, how many others there are, and where each of them begins.
ByteView AccessFile::cell(const Column& column, ByteView row, bool& is_set) const {
  const std::size_t count_bytes = layout_->is_wide ? 2 : 1;
  const std::size_t columns = layout_->is_wide ? at<std::uint16_t>(row, 0) : at<std::uint8_t>(row, 0);
  const std::size_t mask_bytes = (columns + 7) / 8;
  if (column.number >= columns || row.size() < 2 * count_bytes + mask_bytes) return {};
  const std::size_t mask = row.size() - mask_bytes;
  is_set = (row[mask + column.number / 8U] >> (column.number % 8U) & 1U) != 0;
  if (!is_set || column.type == kBool) return {};
  if (column.is_fixed) {
    const std::size_t begin = count_bytes + column.fixed_offset;
    return part(row, begin, std::min(begin + column.bytes, mask));
  }
  const std::size_t index = column.variable_index;
  if (layout_->is_wide) {
    const std::size_t others = at<std::uint16_t>(row, mask - 2);
    if (index >= others || mask < 4 + 2 * (index + 1)) return {};
    return part(row, at<std::uint16_t>(row, mask - 4 - 2 * index), at<std::uint16_t>(row, mask - 6 - 2 * index));
  }
  // One byte each: between them and their number stands for each 256 bytes of the row with which of them these begin.
  const std::size_t others = row[mask - 1];
  std::size_t jumps = (row.size() - 1) / 256;
  if (mask < others + jumps + 3 || index >= others) return {};
  if ((mask - 1 - jumps - 1 - others) / 256 < jumps) --jumps;
  const std::size_t last = mask - 1 - jumps - 1;
  const auto offset = [&](std::size_t which) {
    std::size_t pages = 0;
    while (pages < jumps && row[mask - 2 - pages] <= which) ++pages;
    return std::size_t{row[last - which]} + pages * 256;
  };
  if (last < index + 1) return {};
  return part(row, offset(index), offset(index + 1));
}

std::string AccessFile::words(const Column& column, ByteView cell) {
  const auto whole = [&cell]<class T>(T /*unused*/) {
    return cell.size() < sizeof(T) ? "" : std::to_string(at<T>(cell, 0));
  };
  switch (column.type) {
    case kByte: return whole(std::uint8_t{});
    case kShort: return whole(std::int16_t{});
    case kLong: return whole(std::int32_t{});
    case kBig: return whole(std::int64_t{});
    case kMoney: {
      const auto value = at<std::int64_t>(cell, 0);
      const bool is_negative = value < 0;
      const std::uint64_t size =
          is_negative ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
      return scaled_words(std::to_string(size), 4, is_negative);
    }
    case kFloat: return decimal(std::bit_cast<float>(at<std::uint32_t>(cell, 0)));
    case kDouble: return decimal(std::bit_cast<double>(at<std::uint64_t>(cell, 0)));
    case kTime: return time_words(std::bit_cast<double>(at<std::uint64_t>(cell, 0)));
    case kText: return letters(cell);
    case kMemo: return letters(long_value(cell));
    case kGuid: return guid_words(cell);
    case kNumeric: return numeric_words(cell, column.scale);
    default: return {};
  }
}

// UTF-16; or, behind FF FE, runs of single bytes and of UTF-16 in turn, with a zero between them.
std::string AccessFile::letters(ByteView bytes) const {
  if (!layout_->is_wide) return from_windows_1252(as_text(bytes));
  if (bytes.size() < 2 || bytes[0] != 0xFF || bytes[1] != 0xFE) return from_utf16(bytes, false);
  std::string out;
  bool is_single = true;
  for (std::size_t begin = 2; begin < bytes.size();) {
    const auto zero = std::ranges::find(bytes.subspan(begin), std::uint8_t{0});
    const auto length = static_cast<std::size_t>(zero - bytes.subspan(begin).begin());
    const ByteView run = bytes.subspan(begin, length);
    if (is_single) {
      for (const std::uint8_t letter : run) append_utf8(out, letter);
    } else {
      out += from_utf16(run, false);
    }
    is_single = !is_single;
    begin += length + 1;
  }
  return out;
}

Bytes AccessFile::long_value(ByteView cell) {
  constexpr std::size_t kReferenceBytes = 12;
  constexpr std::uint32_t kIsHere = 0x80000000, kIsOneRow = 0x40000000;
  if (cell.size() < kReferenceBytes) return {};
  const auto head = at<std::uint32_t>(cell, 0);
  const std::size_t length = std::min<std::size_t>(head & 0x3FFFFFFFU, kLongBytesMax);
  if ((head & kIsHere) != 0) return to_bytes(part(cell, kReferenceBytes, kReferenceBytes + length));
  Bytes out;
  std::uint32_t pointer = at<std::uint32_t>(cell, 4);
  // Each piece has a byte at least, so that a ring of them ends.
  while (pointer != 0 && out.size() < length) {
    const auto piece = pointed(pointer);
    const std::size_t skipped = (head & kIsOneRow) != 0 ? 0 : 4;
    if (!piece || piece->size() <= skipped) break;
    const std::size_t taken = std::min(piece->size() - skipped, length - out.size());
    const auto begin = piece->begin() + static_cast<std::ptrdiff_t>(skipped);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(taken));
    pointer = skipped == 0 ? 0 : at<std::uint32_t>(*piece, 0);
  }
  return out;
}

Result<std::vector<AccessFile::Entry>> AccessFile::entries() {
  ATOLL_ASSIGN(const Table catalog, table(kCatalogPage));
  const auto index_of = [&](std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(catalog.columns, name, &Column::name) - catalog.columns.begin());
  };
  const std::size_t id = index_of("Id"), name = index_of("Name"), type = index_of("Type"), flags = index_of("Flags");
  if (std::max({id, name, type, flags}) >= catalog.columns.size()) return malformed("its list of tables is damaged");
  std::vector<Entry> entries;
  ATOLL_TRY(rows(catalog, [&](const std::vector<std::string>& row) {
    const auto number = [&](std::size_t column) {
      std::int64_t value = 0;
      std::from_chars(row[column].data(), row[column].data() + row[column].size(), value);
      return value;
    };
    constexpr std::int64_t kIsTable = 1, kIsLinkedByDriver = 4, kIsQuery = 5, kIsLinked = 6;
    const std::int64_t kind = number(type);
    constexpr std::int64_t kIsSystems = static_cast<std::int32_t>(0x80000000U) | 2;
    const bool is_wanted = kind == kIsTable || kind == kIsLinkedByDriver || kind == kIsQuery || kind == kIsLinked;
    if (!is_wanted || (number(flags) & kIsSystems) != 0 || row[name].starts_with("MSys") || row[name].starts_with('~'))
      return true;
    entries.push_back({row[name], static_cast<std::uint32_t>(number(id) & 0x00FFFFFF), kind == kIsTable});
    return entries.size() < kEntriesMax;
  }));
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

std::string AccessFile::type_name(const Column& column) {
  switch (column.type) {
    case kBool: return "bool";
    case kByte: return "uint8";
    case kShort: return "int16";
    case kLong: return "int32";
    case kMoney: return "money";
    case kFloat: return "float";
    case kDouble: return "double";
    case kTime:
    case kLongTime: return "time";
    case kText: return "text";
    case kMemo: return "long text";
    case kBinary:
    case kOle: return "bytes";
    case kGuid: return "GUID";
    case kNumeric: return "decimal";
    case kComplex: return "attachments or several values";
    case kBig: return "int64";
    default: return "unknown";
  }
}

}  // namespace atl::extract
