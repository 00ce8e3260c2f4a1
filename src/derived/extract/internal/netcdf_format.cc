// NetCDF in its classic forms: the header that every such file begins with
// (https://docs.unidata.ucar.edu/nug/current/file_format_specifications.html). NetCDF 4 is HDF5: hdf5_format.cc.
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/table_listing.h"

namespace atl::extract {
namespace {

constexpr std::size_t kHeaderBytesMax = 16U << 20U;
constexpr std::uint64_t kValuesSaidMax = 16;

enum class Kind : std::uint32_t { byte = 1, letters = 2, real = 5, double_real = 6, last = 11 };
constexpr std::array<std::string_view, 12> kTypeNames{"",        "int8",  "text",   "int16",  "int32", "float32",
                                                      "float64", "uint8", "uint16", "uint32", "int64", "uint64"};
constexpr std::array<std::size_t, 12> kTypeBytes{0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};

// Numbers are big-endian. What is behind the end reads as zeros, and has_failed() from there on; every name and
// dimension takes bytes, so that no count in the content makes a loop longer than the content.
class HeaderReader {
 public:
  HeaderReader(ByteView bytes, std::uint8_t version) : bytes_(bytes), version_(version), at_(4) {}

  std::uint64_t number(std::size_t bytes) {
    if (bytes > bytes_.size() - at_) has_failed_ = true;
    if (has_failed_) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = (value << 8U) | bytes_[at_++];
    return value;
  }
  std::uint64_t count() { return number(version_ == 5 ? 8 : 4); }
  std::uint64_t offset() { return number(version_ == 1 ? 4 : 8); }
  // What is not as long as a word is filled up to it.
  ByteView padded(std::uint64_t length) {
    if (length > bytes_.size() - at_) has_failed_ = true;
    if (has_failed_) return {};
    const ByteView part = bytes_.subspan(at_, static_cast<std::size_t>(length));
    at_ += std::min((part.size() + 3) / 4 * 4, bytes_.size() - at_);
    return part;
  }
  std::string name() { return std::string(as_text(padded(count()))); }
  // How many there are in a list; none where it is left out.
  std::uint64_t list() {
    number(4);  // its tag
    return count();
  }
  Kind kind() {
    const std::uint64_t kind = number(4);
    if (kind < 1 || kind > static_cast<std::uint64_t>(Kind::last)) has_failed_ = true;
    return has_failed_ ? Kind::byte : static_cast<Kind>(kind);
  }
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  ByteView bytes_;
  std::uint8_t version_;
  std::size_t at_;
  bool has_failed_ = false;
};

std::string value_words(Kind kind, ByteView bytes) {
  if (kind == Kind::letters) return guess_utf8(as_text(bytes).substr(0, as_text(bytes).find('\0')));
  const std::size_t width = kTypeBytes.at(static_cast<std::size_t>(kind));
  const bool is_unsigned = static_cast<std::uint32_t>(kind) >= 7 && kind != static_cast<Kind>(10);
  std::string words;
  for (std::size_t at = 0; at + width <= bytes.size() && at / width < kValuesSaidMax; at += width) {
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < width; ++i) raw = (raw << 8U) | bytes[at + i];
    if (!words.empty()) words += " ";
    if (kind == Kind::real) {
      words += decimal(std::bit_cast<float>(static_cast<std::uint32_t>(raw)));
    } else if (kind == Kind::double_real) {
      words += decimal(std::bit_cast<double>(raw));
    } else if (is_unsigned) {
      words += std::to_string(raw);
    } else {
      const auto unused_bits = static_cast<unsigned>(64 - 8 * width);
      words += std::to_string(static_cast<std::int64_t>(raw << unused_bits) >> unused_bits);
    }
  }
  return words;
}

// `listing` null: they are passed over.
void read_attributes(HeaderReader& in, TableListing* listing, const std::string& owner) {
  const std::uint64_t count = in.list();
  for (std::uint64_t i = 0; i < count && !in.has_failed(); ++i) {
    const std::string name = in.name();
    const Kind kind = in.kind();
    const std::uint64_t values = in.count();
    const std::size_t width = kTypeBytes.at(static_cast<std::size_t>(kind));
    const ByteView bytes = in.padded(values > kHeaderBytesMax ? UINT64_MAX : values * width);
    if (listing != nullptr && !in.has_failed()) listing->attribute("NetCDF", owner, name, value_words(kind, bytes));
  }
}

}  // namespace

Result<void> read_netcdf(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, kHeaderBytesMax));
  const auto malformed = fail(ErrorKind::damaged, "extract.malformed", "its header is damaged");
  if (head.size() < 8) return malformed;
  if (!as_text(head).starts_with("CDF")) return read_hdf5(job);
  const std::uint8_t version = head[3];
  job.out.number(field::kVersion, version);
  HeaderReader in(head, version);
  const std::uint64_t records = in.count();
  struct Dimension {
    std::string name;
    std::uint64_t length;
  };
  std::vector<Dimension> dimensions;
  const std::uint64_t dimension_count = in.list();
  for (std::uint64_t i = 0; i < dimension_count && !in.has_failed(); ++i) {
    std::string name = in.name();
    const std::uint64_t length = in.count();
    // The one without a length grows by records; a writer that is not done says all ones.
    const bool is_counted = records != (version == 5 ? UINT64_MAX : UINT32_MAX);
    dimensions.push_back({std::move(name), length == 0 && is_counted ? records : length});
  }
  TableListing listing(job.out);
  read_attributes(in, &listing, "");
  const std::uint64_t variable_count = in.list();
  for (std::uint64_t i = 0; i < variable_count && !in.has_failed(); ++i) {
    const std::string name = in.name();
    const std::uint64_t side_count = in.count();
    std::vector<std::uint64_t> sides;
    for (std::uint64_t k = 0; k < side_count && !in.has_failed(); ++k) {
      const std::uint64_t id = in.count();
      if (id >= dimensions.size()) return malformed;
      sides.push_back(dimensions[static_cast<std::size_t>(id)].length);
    }
    // The type stands behind what is said about it, which is to be listed below it.
    HeaderReader ahead = in;
    read_attributes(ahead, nullptr, name);
    const Kind kind = ahead.kind();
    if (!ahead.has_failed()) listing.array(name, kTypeNames.at(static_cast<std::size_t>(kind)), sides);
    read_attributes(in, &listing, name);
    in.kind();
    in.count();
    in.offset();
  }
  listing.finish();
  if (in.has_failed()) return malformed;
  return {};
}

}  // namespace atl::extract
