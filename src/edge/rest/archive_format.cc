#include "edge/rest/archive_format.h"

#include <algorithm>
#include <array>

#include "foundation/codec/crc.h"

namespace atl::rest {
namespace {

// --- zip

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDataDescriptor = 0x08074b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kFull32 = 0xFFFFFFFF;
constexpr std::uint16_t kFull16 = 0xFFFF;
constexpr std::uint16_t kVersionStored = 20;
constexpr std::uint16_t kVersion64 = 45;
constexpr std::uint16_t kMadeOnUnix = 0x0300;
constexpr std::uint16_t kHasDescriptor = 1U << 3U;
constexpr std::uint16_t kNameIsUtf8 = 1U << 11U;
constexpr std::uint64_t kRecordBytes = 96;  // of the central directory, without the name

class Fields {
 public:
  explicit Fields(std::string& out) : out_(&out) {}
  template <class T>
  Fields& put(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      *out_ += static_cast<char>(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
    return *this;
  }

 private:
  std::string* out_;
};

struct CivilTime {
  std::int64_t year = 1980;
  unsigned month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

// Days since 1970 as a date; H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
CivilTime civil(std::int64_t unix_seconds) {
  CivilTime out;
  std::int64_t days = unix_seconds / 86'400;
  std::int64_t rest = unix_seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month = (5 * day_of_year + 2) / 153;
  out.day = day_of_year - (153 * month + 2) / 5 + 1;
  out.month = month < 10 ? month + 3 : month - 9;
  out.year = static_cast<std::int64_t>(year_of_era) + era * 400 + (out.month <= 2 ? 1 : 0);
  out.hour = static_cast<unsigned>(rest / 3600);
  out.minute = static_cast<unsigned>(rest / 60 % 60);
  out.second = static_cast<unsigned>(rest % 60);
  return out;
}

// Time in the low half, date in the high one. Years 1980 to 2107.
std::uint32_t dos_time(std::int64_t unix_seconds) {
  CivilTime at = civil(unix_seconds);
  if (at.year < 1980) at = CivilTime{};
  if (at.year > 2107) at = CivilTime{2107, 12, 31, 23, 59, 58};
  const unsigned date = static_cast<unsigned>(at.year - 1980) << 9U | at.month << 5U | at.day;
  const unsigned time = at.hour << 11U | at.minute << 5U | at.second / 2;
  return date << 16U | time;
}

std::uint32_t unix_mode(const ArchiveEntry& entry) {
  const std::uint32_t kind = entry.kind == ArchiveEntry::Kind::folder    ? 0040000U
                             : entry.kind == ArchiveEntry::Kind::symlink ? 0120000U
                                                                         : 0100000U;
  return kind | (entry.mode & 07777U);
}

class ZipFormat final : public ArchiveFormat {
 public:
  void begin(const ArchiveEntry& entry, std::string& out) override {
    const std::size_t before = out.size();
    Record record;
    record.name = entry.name;
    record.offset = at_;
    record.size = entry.kind == ArchiveEntry::Kind::symlink ? entry.link_target.size() : entry.size;
    record.dos_time = dos_time(entry.modified.seconds);
    record.unix_seconds = entry.modified.seconds;
    record.mode = unix_mode(entry);
    record.is_utf8 = is_utf8(entry.name);
    const bool is_large = record.size >= kFull32;
    Fields fields(out);
    fields.put(kLocalHeader).put(is_large ? kVersion64 : kVersionStored).put(flags(record));
    fields.put(std::uint16_t{0}).put(record.dos_time).put(std::uint32_t{0});
    // Readers that stream need the sizes here, as nothing else tells where a stored file ends.
    const auto size32 = is_large ? kFull32 : static_cast<std::uint32_t>(record.size);
    fields.put(size32).put(size32).put(static_cast<std::uint16_t>(entry.name.size()));
    const bool has_time = fits(record.unix_seconds);
    fields.put(static_cast<std::uint16_t>((is_large ? 20 : 0) + (has_time ? 9 : 0)));
    out += entry.name;
    if (is_large) fields.put(std::uint16_t{1}).put(std::uint16_t{16}).put(record.size).put(record.size);
    put_time(record, fields);
    at_ += out.size() - before + record.size;
    records_.push_back(std::move(record));
    crc_ = 0;
    if (entry.kind == ArchiveEntry::Kind::symlink) {
      out += entry.link_target;
      content(as_bytes(entry.link_target));
    }
  }
  void content(ByteView bytes) override { crc_ = codec::crc32(bytes, crc_); }
  void end(const ArchiveEntry& /*entry*/, std::string& out) override {
    Record& record = records_.back();
    record.crc = crc_;
    const std::size_t before = out.size();
    Fields fields(out);
    fields.put(kDataDescriptor).put(record.crc);
    if (record.size >= kFull32) {
      fields.put(record.size).put(record.size);
    } else {
      fields.put(static_cast<std::uint32_t>(record.size)).put(static_cast<std::uint32_t>(record.size));
    }
    at_ += out.size() - before;
  }
  void finish(std::string& out) override {
    const std::size_t before = out.size();
    for (const Record& record : records_) put_central(record, out);
    const std::uint64_t directory_bytes = out.size() - before;
    const std::uint64_t count = records_.size();
    Fields fields(out);
    const bool is_64 = count >= kFull16 || directory_bytes >= kFull32 || at_ >= kFull32;
    if (is_64) {
      const std::uint64_t end64_at = at_ + directory_bytes;
      fields.put(kEnd64).put(std::uint64_t{44}).put(static_cast<std::uint16_t>(kMadeOnUnix | kVersion64));
      fields.put(kVersion64).put(std::uint32_t{0}).put(std::uint32_t{0}).put(count).put(count);
      fields.put(directory_bytes).put(at_);
      fields.put(kEnd64Locator).put(std::uint32_t{0}).put(end64_at).put(std::uint32_t{1});
    }
    const auto count16 = static_cast<std::uint16_t>(std::min<std::uint64_t>(count, kFull16));
    fields.put(kEnd).put(std::uint16_t{0}).put(std::uint16_t{0}).put(count16).put(count16);
    fields.put(static_cast<std::uint32_t>(std::min<std::uint64_t>(directory_bytes, kFull32)));
    fields.put(static_cast<std::uint32_t>(std::min<std::uint64_t>(at_, kFull32))).put(std::uint16_t{0});
  }
  [[nodiscard]] std::uint64_t kept_bytes(std::string_view name) const override { return kRecordBytes + name.size(); }

 private:
  struct Record {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::int64_t unix_seconds = 0;
    std::uint32_t dos_time = 0;
    std::uint32_t crc = 0;
    std::uint32_t mode = 0;
    bool is_utf8 = false;
  };
  static std::uint16_t flags(const Record& record) {
    return static_cast<std::uint16_t>(kHasDescriptor | (record.is_utf8 ? kNameIsUtf8 : 0));
  }
  static bool fits(std::int64_t seconds) { return seconds >= INT32_MIN && seconds <= INT32_MAX; }
  static void put_time(const Record& record, Fields& fields) {
    if (!fits(record.unix_seconds)) return;
    fields.put(std::uint16_t{0x5455}).put(std::uint16_t{5}).put(std::uint8_t{1});
    fields.put(static_cast<std::uint32_t>(record.unix_seconds));
  }
  static void put_central(const Record& record, std::string& out) {
    const bool is_large = record.size >= kFull32;
    const bool is_far = record.offset >= kFull32;
    const auto extra = static_cast<std::uint16_t>((is_large || is_far ? 4 : 0) + (is_large ? 16 : 0) +
                                                  (is_far ? 8 : 0) + (fits(record.unix_seconds) ? 9 : 0));
    const std::uint16_t needed = is_large || is_far ? kVersion64 : kVersionStored;
    Fields fields(out);
    fields.put(kCentralHeader).put(static_cast<std::uint16_t>(kMadeOnUnix | kVersion64)).put(needed);
    fields.put(flags(record)).put(std::uint16_t{0}).put(record.dos_time).put(record.crc);
    const auto size32 = is_large ? kFull32 : static_cast<std::uint32_t>(record.size);
    fields.put(size32).put(size32).put(static_cast<std::uint16_t>(record.name.size())).put(extra);
    fields.put(std::uint16_t{0}).put(std::uint16_t{0}).put(std::uint16_t{0});
    fields.put(record.mode << 16U | (record.name.ends_with('/') ? 0x10U : 0U));
    fields.put(is_far ? kFull32 : static_cast<std::uint32_t>(record.offset));
    out += record.name;
    if (is_large || is_far) {
      fields.put(std::uint16_t{1}).put(static_cast<std::uint16_t>((is_large ? 16 : 0) + (is_far ? 8 : 0)));
      if (is_large) fields.put(record.size).put(record.size);
      if (is_far) fields.put(record.offset);
    }
    put_time(record, fields);
  }

  std::vector<Record> records_;
  std::uint64_t at_ = 0;
  std::uint32_t crc_ = 0;
};

// --- tar

constexpr std::size_t kBlock = 512;
constexpr std::size_t kUstarNameBytes = 100;
constexpr std::uint64_t kUstarSizeMax = (1ULL << 33U) - 1;
constexpr std::int64_t kUstarTimeMax = (1LL << 33) - 1;

void pad(std::string& out, std::uint64_t size) { out.append((kBlock - size % kBlock) % kBlock, '\0'); }

void put_octal(std::string& block, std::size_t at, std::size_t width, std::uint64_t value) {
  for (std::size_t i = width - 1; i-- > 0; value /= 8) block[at + i] = static_cast<char>('0' + value % 8);
}

std::string ustar_block(std::string_view name, char type, std::uint32_t mode, std::uint64_t size, std::int64_t seconds,
                        std::string_view link) {
  std::string block(kBlock, '\0');
  name.substr(0, kUstarNameBytes).copy(block.data(), kUstarNameBytes);
  put_octal(block, 100, 8, mode & 07777U);
  put_octal(block, 108, 8, 0);
  put_octal(block, 116, 8, 0);
  put_octal(block, 124, 12, std::min(size, kUstarSizeMax));
  put_octal(block, 136, 12, static_cast<std::uint64_t>(std::clamp<std::int64_t>(seconds, 0, kUstarTimeMax)));
  block.replace(148, 8, 8, ' ');
  block[156] = type;
  link.substr(0, kUstarNameBytes).copy(block.data() + 157, kUstarNameBytes);
  block.replace(257, 5, "ustar");
  block.replace(263, 2, "00");
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put_octal(block, 148, 7, sum);
  block[154] = '\0';
  block[155] = ' ';
  return block;
}

// "<length> <name>=<value>\n", the length counting itself.
std::string pax_record(std::string_view name, std::string_view value) {
  const std::string rest = " " + std::string(name) + "=" + std::string(value) + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

bool is_plain(std::string_view text) {
  return text.size() <= kUstarNameBytes &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; });
}

// Before 1970, half a second is "-0.5".
std::string decimal(const FileTime& time) {
  const bool is_before = time.seconds < 0;
  const bool borrows = is_before && time.nanoseconds != 0;
  const auto seconds = static_cast<std::uint64_t>(time.seconds) + (borrows ? 1 : 0);
  std::string digits = std::to_string(borrows ? 1'000'000'000 - time.nanoseconds : time.nanoseconds);
  digits.insert(0, 9 - digits.size(), '0');
  return (is_before ? "-" : "") + std::to_string(is_before ? 0 - seconds : seconds) + "." + digits;
}

class TarFormat final : public ArchiveFormat {
 public:
  void begin(const ArchiveEntry& entry, std::string& out) override {
    using Kind = ArchiveEntry::Kind;
    std::string pax;
    if (!is_plain(entry.name)) pax += pax_record("path", entry.name);
    if (entry.kind == Kind::symlink && !is_plain(entry.link_target)) pax += pax_record("linkpath", entry.link_target);
    if (entry.size > kUstarSizeMax) pax += pax_record("size", std::to_string(entry.size));
    const bool has_fraction = entry.modified.nanoseconds != 0;
    const bool is_outside = entry.modified.seconds < 0 || entry.modified.seconds > kUstarTimeMax;
    if (has_fraction || is_outside) pax += pax_record("mtime", decimal(entry.modified));
    if (!pax.empty()) {
      out += ustar_block("pax-header", 'x', 0644, pax.size(), 0, "");
      out += pax;
      pad(out, pax.size());
    }
    const char type = entry.kind == Kind::folder ? '5' : entry.kind == Kind::symlink ? '2' : '0';
    out += ustar_block(entry.name, type, entry.mode, entry.kind == Kind::file ? entry.size : 0, entry.modified.seconds,
                       entry.link_target);
  }
  void content(ByteView /*bytes*/) override {}
  void end(const ArchiveEntry& entry, std::string& out) override {
    if (entry.kind == ArchiveEntry::Kind::file) pad(out, entry.size);
  }
  void finish(std::string& out) override { out.append(2 * kBlock, '\0'); }
  [[nodiscard]] std::uint64_t kept_bytes(std::string_view /*name*/) const override { return 0; }
};

}  // namespace

std::unique_ptr<ArchiveFormat> zip_format() { return std::make_unique<ZipFormat>(); }
std::unique_ptr<ArchiveFormat> tar_format() { return std::make_unique<TarFormat>(); }

std::string safe_name(std::string_view key) {
  std::string out;
  const bool is_folder = key.ends_with('/');
  while (key.starts_with('/')) key.remove_prefix(1);
  while (!key.empty()) {
    const std::size_t end = std::min(key.find('/'), key.size());
    std::string piece(key.substr(0, end));
    if (piece.empty() || piece == ".") piece = "_";
    if (piece == "..") piece = "__";
    std::ranges::replace(piece, '\0', '_');
    std::ranges::replace(piece, '\\', '_');
    out += (out.empty() ? "" : "/") + piece;
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  if (out.empty()) out = "_";
  if (is_folder) out += '/';
  return out;
}

}  // namespace atl::rest
