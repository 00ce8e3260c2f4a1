// Apache Parquet: the footer, which is one Thrift structure in the compact protocol
// (https://github.com/apache/parquet-format: README.md, src/main/thrift/parquet.thrift, LogicalTypes.md;
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md). No page of data is read.
#include <algorithm>
#include <array>

#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/table_listing.h"

namespace atl::extract {
namespace {

constexpr std::size_t kFooterBytesMax = 32U << 20U;
constexpr std::size_t kElementsMax = 50'000;
constexpr int kDepthMax = 40;

enum class Wire : std::uint8_t {
  stop = 0,
  yes = 1,
  no = 2,
  byte = 3,
  int16 = 4,
  int32 = 5,
  int64 = 6,
  real = 7,
  bytes = 8,
  list = 9,
  set = 10,
  map = 11,
  structure = 12
};

// What is behind the end reads as zeros, and has_failed() from there on. Every value takes a byte at least, so that no
// count in the content makes a loop longer than the content.
class CompactReader {
 public:
  explicit CompactReader(ByteView bytes) : bytes_(bytes) {}

  struct Header {
    int id = 0;
    Wire type = Wire::stop;
  };
  // The fields of one structure, until `stop`; `last_id` begins as 0.
  Header field(int& last_id) {
    const std::uint8_t head = byte();
    const auto type = static_cast<Wire>(head & 0x0FU);
    if (has_failed_ || type == Wire::stop) return {};
    last_id =
        (head >> 4U) != 0 ? last_id + (head >> 4U) : static_cast<int>(std::clamp<std::int64_t>(number(), 0, INT16_MAX));
    return {last_id, type};
  }
  struct List {
    std::uint64_t count = 0;
    Wire type = Wire::stop;
  };
  List list() {
    const std::uint8_t head = byte();
    const std::uint64_t count = (head >> 4U) == 15 ? varint() : head >> 4U;
    return {has_failed_ ? 0 : count, static_cast<Wire>(head & 0x0FU)};
  }
  std::int64_t number() {  // zigzag
    const std::uint64_t raw = varint();
    return static_cast<std::int64_t>(raw >> 1U) ^ -static_cast<std::int64_t>(raw & 1U);
  }
  std::string_view text() {
    const std::uint64_t length = varint();
    if (length > bytes_.size() - at_) {
      has_failed_ = true;
      return {};
    }
    const std::string_view text = as_text(bytes_.subspan(at_, static_cast<std::size_t>(length)));
    at_ += text.size();
    return text;
  }
  void skip(Wire type, int depth = 0) {
    if (depth > kDepthMax) has_failed_ = true;
    if (has_failed_) return;
    switch (type) {
      case Wire::yes:
      case Wire::no: return;  // the value is the type
      case Wire::byte: byte(); return;
      case Wire::int16:
      case Wire::int32:
      case Wire::int64: varint(); return;
      case Wire::real: at_ = std::min(at_ + 8, bytes_.size()); return;
      case Wire::bytes: text(); return;
      case Wire::list:
      case Wire::set: {
        const List inner = list();
        for (std::uint64_t i = 0; i < inner.count && !has_failed_; ++i) skip_element(inner.type, depth);
        return;
      }
      case Wire::map: {
        const std::uint64_t count = varint();
        const std::uint8_t types = count == 0 ? 0 : byte();
        for (std::uint64_t i = 0; i < count && !has_failed_; ++i) {
          skip_element(static_cast<Wire>(types >> 4U), depth);
          skip_element(static_cast<Wire>(types & 0x0FU), depth);
        }
        return;
      }
      case Wire::structure: {
        int last_id = 0;
        for (Header one = field(last_id); one.type != Wire::stop; one = field(last_id)) skip(one.type, depth + 1);
        return;
      }
      default: has_failed_ = true;
    }
  }
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  // Truths stand in a byte of their own in lists.
  void skip_element(Wire type, int depth) {
    if (type == Wire::yes || type == Wire::no) {
      byte();
    } else if (type == Wire::real && bytes_.size() - at_ < 8) {
      has_failed_ = true;
    } else {
      skip(type, depth + 1);
    }
  }
  std::uint8_t byte() {
    if (at_ >= bytes_.size()) {
      has_failed_ = true;
      return 0;
    }
    return bytes_[at_++];
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !has_failed_; shift += 7) {
      const std::uint8_t one = byte();
      value |= static_cast<std::uint64_t>(one & 0x7FU) << shift;
      if ((one & 0x80U) == 0) return value;
    }
    has_failed_ = true;
    return 0;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool has_failed_ = false;
};

struct Element {
  std::string_view name;
  std::int64_t physical = -1;
  std::int64_t converted = -1;
  std::int64_t logical = 0;
  std::int64_t child_count = 0;
  std::int64_t scale = 0;
  std::int64_t precision = 0;
  bool is_repeated = false;
};

Element read_element(CompactReader& in) {
  Element element;
  int last_id = 0;
  for (auto one = in.field(last_id); one.type != Wire::stop; one = in.field(last_id)) {
    switch (one.id) {
      case 1: element.physical = in.number(); break;
      case 3: element.is_repeated = in.number() == 2; break;
      case 4: element.name = in.text(); break;
      case 5: element.child_count = in.number(); break;
      case 6: element.converted = in.number(); break;
      case 7: element.scale = in.number(); break;
      case 8: element.precision = in.number(); break;
      case 10: {  // a union: the number of its one member is the type
        if (one.type != Wire::structure) {
          in.skip(one.type);
          break;
        }
        int union_id = 0;
        for (auto member = in.field(union_id); member.type != Wire::stop; member = in.field(union_id)) {
          element.logical = member.id;
          in.skip(member.type);
        }
        break;
      }
      default: in.skip(one.type);
    }
  }
  return element;
}

constexpr std::int64_t kLogicalMap = 2, kLogicalList = 3;
constexpr std::int64_t kConvertedMap = 1, kConvertedMapKeyValue = 2, kConvertedList = 3;

std::string type_of(const Element& element) {
  constexpr std::array<std::string_view, 8> kPhysical{"bool",  "int32",  "int64", "timestamp",
                                                      "float", "double", "bytes", "bytes"};
  constexpr std::array<std::string_view, 22> kConverted{
      "text",  "",       "",       "",       "enum", "decimal", "date",  "time",  "time", "timestamp", "timestamp",
      "uint8", "uint16", "uint32", "uint64", "int8", "int16",   "int32", "int64", "JSON", "BSON",      "interval"};
  constexpr std::array<std::string_view, 16> kLogical{"",     "text", "",          "",       "enum", "decimal",
                                                      "date", "time", "timestamp", "",       "",     "null",
                                                      "JSON", "BSON", "UUID",      "float16"};
  const auto word = [](const auto& table, std::int64_t index) {
    return index >= 0 && index < static_cast<std::int64_t>(table.size()) ? table.at(static_cast<std::size_t>(index))
                                                                         : std::string_view{};
  };
  std::string_view type = word(kConverted, element.converted);
  if (type.empty()) type = word(kLogical, element.logical);
  if (type.empty()) type = word(kPhysical, element.physical);
  if (type == "decimal" && element.precision > 0)
    return "decimal(" + std::to_string(element.precision) + "," + std::to_string(element.scale) + ")";
  return std::string(type.empty() ? "unknown" : type);
}

// The elements are a tree, written parents first.
class SchemaTree {
 public:
  SchemaTree(std::vector<Element> elements, TableListing& listing)
      : elements_(std::move(elements)), listing_(&listing) {}
  // Lists the columns below the root; false where the tree is not whole.
  bool list() {
    if (elements_.empty()) return false;
    const std::int64_t count = elements_[next_++].child_count;
    for (std::int64_t i = 0; i < count; ++i)
      if (!below("", "", 0, 0)) return false;
    return true;
  }

 private:
  // Lists and maps have groups between the name and the values, whose names say nothing: so many levels are `unnamed`.
  bool below(const std::string& path, const std::string& prefix, int depth, int unnamed) {
    if (next_ >= elements_.size() || depth > kDepthMax) return false;
    const Element element = elements_[next_++];
    const std::string name = unnamed > 0 ? path : path + (path.empty() ? "" : ".") + std::string(element.name);
    const std::string_view repeated = element.is_repeated && unnamed == 0 ? "list of " : "";
    if (element.child_count <= 0) {
      listing_->column(name, prefix + std::string(repeated) + type_of(element));
      return true;
    }
    const bool is_list = element.logical == kLogicalList || element.converted == kConvertedList;
    const bool is_map = element.logical == kLogicalMap || element.converted == kConvertedMap ||
                        element.converted == kConvertedMapKeyValue;
    const std::string inside = prefix + std::string(is_list ? "list of " : is_map ? "map of " : repeated);
    int unnamed_below = 0;
    if (element.child_count == 1) unnamed_below = is_list ? 2 : is_map || unnamed == 2 ? 1 : 0;
    for (std::int64_t i = 0; i < element.child_count; ++i)
      if (!below(name, inside, depth + 1, unnamed_below)) return false;
    return true;
  }

  std::vector<Element> elements_;
  TableListing* listing_;
  std::size_t next_ = 0;
};

void take_said(CompactReader& in, TableListing& listing, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count && !in.has_failed(); ++i) {
    std::string_view key, value;
    int last_id = 0;
    for (auto one = in.field(last_id); one.type != Wire::stop; one = in.field(last_id)) {
      if (one.id == 1)
        key = in.text();
      else if (one.id == 2)
        value = in.text();
      else
        in.skip(one.type);
    }
    // The same schema once more, in Arrow's own bytes.
    if (key != "ARROW:schema") listing.attribute("Parquet", "", key, value);
  }
}

}  // namespace

Result<void> read_parquet(Job& job) {
  const std::uint64_t size = job.input.size();
  const auto malformed = fail(ErrorKind::damaged, "extract.malformed", "its footer is damaged or missing");
  if (size < 12) return malformed;
  ATOLL_ASSIGN(const Bytes end, job.input.part(size - 8, 8));
  if (end.size() < 8) return malformed;
  const std::string_view mark = as_text(end).substr(4);
  if (mark == "PARE") return fail(ErrorKind::unsupported, "extract.encrypted", "it is encrypted");
  const std::uint64_t length = load_le<std::uint32_t>(end.data());
  if (mark != "PAR1" || length + 12 > size) return malformed;
  if (length > kFooterBytesMax)
    return fail(ErrorKind::limit, "extract.too_large", "its footer is larger than may be read");
  ATOLL_ASSIGN(const Bytes footer, job.input.part(size - 8 - length, static_cast<std::size_t>(length)));
  CompactReader in(footer);
  TableListing listing(job.out);
  bool is_whole = true;
  int last_id = 0;
  for (auto one = in.field(last_id); one.type != Wire::stop; one = in.field(last_id)) {
    if (one.id == 1) {
      job.out.number(field::kVersion, static_cast<std::uint64_t>(std::max<std::int64_t>(in.number(), 0)));
    } else if (one.id == 2 && one.type == Wire::list) {
      const auto list = in.list();
      std::vector<Element> elements;
      for (std::uint64_t i = 0; i < list.count && !in.has_failed(); ++i) {
        Element element = read_element(in);
        if (elements.size() < kElementsMax) elements.push_back(element);
      }
      is_whole = SchemaTree(std::move(elements), listing).list();
    } else if (one.id == 3) {
      job.out.number(field::kRowCount, static_cast<std::uint64_t>(std::max<std::int64_t>(in.number(), 0)));
    } else if (one.id == 5 && one.type == Wire::list) {
      const auto list = in.list();
      take_said(in, listing, list.count);
    } else if (one.id == 6) {
      job.out.field(field::kGenerator, in.text());
    } else {
      in.skip(one.type);
    }
  }
  listing.finish();
  if (in.has_failed() || !is_whole) return malformed;
  return {};
}

}  // namespace atl::extract
