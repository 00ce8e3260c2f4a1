// Apache Arrow's file format, which Feather 2 is too: the footer's schema, and how many rows the batches say they have
// (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format,
// https://github.com/apache/arrow/tree/main/format: File.fbs, Schema.fbs, Message.fbs;
// https://flatbuffers.dev/internals/). No batch's data is read.
#include <algorithm>
#include <array>

#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/table_listing.h"

namespace atl::extract {
namespace {

constexpr std::size_t kFooterBytesMax = 32U << 20U;
constexpr std::size_t kMessageBytesMax = 4U << 20U;
constexpr std::size_t kFieldsMax = 50'000;
constexpr std::uint64_t kBatchesMax = 10'000;
constexpr int kDepthMax = 32;
constexpr std::string_view kMark = "ARROW1";

// FlatBuffers: tables whose fields are found through offsets. What lies outside reads as none; offsets to what is
// referred to go forward only, so that nothing holds itself.
class FlatBuffer {
 public:
  explicit FlatBuffer(ByteView bytes) : bytes_(bytes) {}

  template <class T>
  [[nodiscard]] T value(std::size_t at) const {
    return at <= bytes_.size() && bytes_.size() - at >= sizeof(T) ? load_le<T>(bytes_.data() + at) : T{};
  }
  // Where what is referred to from `at` lies; 0: nowhere.
  [[nodiscard]] std::size_t target(std::size_t at) const {
    const std::size_t offset = at == 0 ? 0 : value<std::uint32_t>(at);
    return offset == 0 || offset >= bytes_.size() - std::min(at, bytes_.size()) ? 0 : at + offset;
  }
  [[nodiscard]] std::size_t root() const {
    return value<std::uint32_t>(0) < bytes_.size() ? value<std::uint32_t>(0) : 0;
  }
  // Where a table's field lies; 0: it has the default value.
  [[nodiscard]] std::size_t field(std::size_t table, std::size_t index) const {
    if (table == 0) return 0;
    const std::int64_t fields = static_cast<std::int64_t>(table) - value<std::int32_t>(table);
    if (fields <= 0 || fields >= static_cast<std::int64_t>(bytes_.size())) return 0;
    const auto begin = static_cast<std::size_t>(fields);
    const std::size_t entry = 4 + 2 * index;
    if (entry + 2 > value<std::uint16_t>(begin)) return 0;
    const std::size_t offset = value<std::uint16_t>(begin + entry);
    return offset == 0 || table + offset >= bytes_.size() ? 0 : table + offset;
  }
  [[nodiscard]] std::size_t table(std::size_t of, std::size_t index) const { return target(field(of, index)); }
  template <class T>
  [[nodiscard]] T scalar(std::size_t of, std::size_t index, T otherwise = T{}) const {
    const std::size_t at = field(of, index);
    return at == 0 ? otherwise : value<T>(at);
  }
  [[nodiscard]] std::string_view text(std::size_t of, std::size_t index) const {
    const std::size_t at = table(of, index);
    if (at == 0) return {};
    const std::size_t length = value<std::uint32_t>(at);
    return length > bytes_.size() - std::min(at + 4, bytes_.size()) ? std::string_view{}
                                                                    : as_text(bytes_.subspan(at + 4, length));
  }
  struct Vector {
    std::size_t begin = 0;
    std::size_t count = 0;
  };
  [[nodiscard]] Vector vector(std::size_t of, std::size_t index, std::size_t element_bytes) const {
    const std::size_t at = table(of, index);
    if (at == 0) return {};
    const std::size_t fits = (bytes_.size() - std::min(at + 4, bytes_.size())) / element_bytes;
    return {at + 4, std::min<std::size_t>(value<std::uint32_t>(at), fits)};
  }

 private:
  ByteView bytes_;
};

// Schema.fbs: the members of the union Type, in its order.
enum class Type : std::uint8_t {
  integer = 2,
  floating = 3,
  decimal = 7,
  list = 12,
  structure = 13,
  map = 17,
  fixed_list = 16,
  large_list = 21
};

class SchemaReader {
 public:
  SchemaReader(const FlatBuffer& in, TableListing& listing) : in_(&in), listing_(&listing) {}

  void read(std::size_t schema) {
    const auto fields = in_->vector(schema, 1, 4);
    for (std::size_t i = 0; i < fields.count; ++i) field(in_->target(fields.begin + 4 * i), "", "", 0);
    const auto said = in_->vector(schema, 2, 4);
    for (std::size_t i = 0; i < said.count && i < kFieldsMax; ++i) {
      const std::size_t pair = in_->target(said.begin + 4 * i);
      listing_->attribute("Arrow", "", in_->text(pair, 0), in_->text(pair, 1));
    }
  }

 private:
  void field(std::size_t at, const std::string& path, const std::string& prefix, int depth) {
    if (at == 0 || depth > kDepthMax || ++count_ > kFieldsMax) return;
    const std::string name = path + (path.empty() ? "" : ".") + std::string(in_->text(at, 0));
    const auto type = static_cast<Type>(in_->scalar<std::uint8_t>(at, 2));
    children(at, type, name, prefix, depth);
  }

  void children(std::size_t at, Type type, const std::string& name, const std::string& prefix, int depth) {
    const auto inner = in_->vector(at, 5, 4);
    const bool is_list = type == Type::list || type == Type::large_list || type == Type::fixed_list;
    if (is_list && inner.count == 1) {  // its child's name says nothing
      const std::size_t child = in_->target(inner.begin);
      if (child == 0 || depth > kDepthMax || ++count_ > kFieldsMax) return;
      children(child, static_cast<Type>(in_->scalar<std::uint8_t>(child, 2)), name, prefix + "list of ", depth + 1);
      return;
    }
    if (type == Type::structure || type == Type::map) {
      for (std::size_t i = 0; i < inner.count; ++i)
        field(in_->target(inner.begin + 4 * i), name, prefix + (type == Type::map ? "map of " : ""), depth + 1);
      if (inner.count > 0) return;
    }
    listing_->column(name, prefix + type_of(type, in_->table(at, 3), in_->field(at, 4) != 0));
  }

  [[nodiscard]] std::string type_of(Type type, std::size_t table, bool has_dictionary) const {
    constexpr std::array<std::string_view, 24> kNames{
        "unknown", "null", "int",       "float",    "bytes", "text",      "bool",  "decimal",
        "date",    "time", "timestamp", "interval", "list",  "structure", "union", "bytes",
        "list",    "map",  "duration",  "bytes",    "text",  "list",      "runs",  "bytes"};
    const auto index = static_cast<std::size_t>(type);
    std::string name(index < kNames.size() ? kNames.at(index) : kNames.front());
    if (type == Type::integer) {
      name = in_->scalar<std::uint8_t>(table, 1) != 0 ? "int" : "uint";
      name += std::to_string(in_->scalar<std::int32_t>(table, 0));
    } else if (type == Type::floating) {
      const auto precision = in_->scalar<std::int16_t>(table, 0);
      name = precision == 2 ? "double" : precision == 1 ? "float" : "float16";
    } else if (type == Type::decimal) {
      name += "(" + std::to_string(in_->scalar<std::int32_t>(table, 0)) + "," +
              std::to_string(in_->scalar<std::int32_t>(table, 1)) + ")";
    }
    return has_dictionary ? "category of " + name : name;
  }

  const FlatBuffer* in_;
  TableListing* listing_;
  std::size_t count_ = 0;
};

// Message.fbs: how many rows the batch at that place has; none where it is no batch.
Result<std::optional<std::uint64_t>> rows_of_batch(Input& input, std::uint64_t at, std::size_t length) {
  ATOLL_ASSIGN(const Bytes bytes, input.part(at, std::min(length, kMessageBytesMax)));
  if (bytes.size() < 16) return std::nullopt;
  const bool has_mark = load_le<std::uint32_t>(bytes.data()) == 0xFFFFFFFF;  // the four bytes that came with 0.15
  const FlatBuffer message(ByteView(bytes).subspan(has_mark ? 8 : 4));
  constexpr std::uint8_t kRecordBatch = 3;
  if (message.scalar<std::uint8_t>(message.root(), 1) != kRecordBatch) return std::nullopt;
  const auto rows = message.scalar<std::int64_t>(message.table(message.root(), 2), 0);
  return rows < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(rows));
}

}  // namespace

Result<void> read_arrow(Job& job) {
  const std::uint64_t size = job.input.size();
  const auto malformed = fail(ErrorKind::damaged, "extract.malformed", "its footer is damaged or missing");
  const std::size_t end_bytes = 4 + kMark.size();
  if (size < 8 + end_bytes) return malformed;
  ATOLL_ASSIGN(const Bytes end, job.input.part(size - end_bytes, end_bytes));
  if (end.size() < end_bytes || as_text(end).substr(4) != kMark) return malformed;
  const std::uint64_t length = load_le<std::uint32_t>(end.data());
  if (length > kFooterBytesMax || length + end_bytes > size) return malformed;
  ATOLL_ASSIGN(const Bytes bytes, job.input.part(size - end_bytes - length, static_cast<std::size_t>(length)));
  const FlatBuffer footer(bytes);
  const std::size_t schema = footer.table(footer.root(), 1);
  if (schema == 0) return malformed;
  TableListing listing(job.out);
  SchemaReader(footer, listing).read(schema);
  listing.finish();
  constexpr std::size_t kBlockBytes = 24;  // struct Block
  const auto batches = footer.vector(footer.root(), 3, kBlockBytes);
  if (batches.count > kBatchesMax) return {};
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < batches.count; ++i) {
    const std::size_t block = batches.begin + i * kBlockBytes;
    const auto at = footer.value<std::uint64_t>(block);
    const auto metadata_bytes = footer.value<std::int32_t>(block + 8);
    if (at >= size || metadata_bytes <= 0) return malformed;
    ATOLL_ASSIGN(const auto more, rows_of_batch(job.input, at, static_cast<std::size_t>(metadata_bytes)));
    if (!more || *more > UINT64_MAX - rows) return malformed;
    rows += *more;
  }
  job.out.number(field::kRowCount, rows);
  return {};
}

}  // namespace atl::extract
