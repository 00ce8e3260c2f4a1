#include "foundation/tar/tar_reader.h"

#include <algorithm>
#include <charconv>

namespace atl::tar {
namespace {

// Offset and width of a header's fields (POSIX.1-2017, pax, "ustar Interchange Format").
struct Field {
  std::size_t offset;
  std::size_t width;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kModified{136, 12},
    kChecksum{148, 8}, kLinkName{157, 100}, kPrefix{345, 155};
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kMagicAt = 257;
constexpr std::string_view kUstarMagic{"ustar\0", 6};
// GNU tar's sparse files: whether blocks of their map follow, here and in each of these blocks.
constexpr std::size_t kSparseGoesOnAt = 482;
constexpr std::size_t kSparseMapGoesOnAt = 504;

constexpr std::size_t kBehindEndMax = 1024 * 1024;  // padding of tapes; what follows it is not looked at

using Block = std::array<std::uint8_t, kBlockBytes>;

ByteView field_of(const Block& block, Field field) { return ByteView(block).subspan(field.offset, field.width); }

std::string text_of(const Block& block, Field field) {
  const std::string_view text = as_text(field_of(block, field));
  return std::string(text.substr(0, text.find('\0')));
}

// Octal digits, or GNU's base 256 with the sign in the second bit. None where it is neither.
std::optional<std::int64_t> number_of(const Block& block, Field field) {
  const ByteView bytes = field_of(block, field);
  if ((bytes.front() & 0x80U) != 0) {
    const bool is_negative = (bytes.front() & 0x40U) != 0;
    std::uint64_t value = is_negative ? UINT64_MAX : 0;
    const std::uint8_t filler = is_negative ? 0xFF : 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::uint8_t byte = i == 0 ? static_cast<std::uint8_t>((bytes[0] & 0x3FU) | (filler & 0xC0U)) : bytes[i];
      if (i + 8 < bytes.size() && byte != filler) return std::nullopt;
      value = value << 8U | byte;
    }
    const auto signed_value = static_cast<std::int64_t>(value);
    if ((signed_value < 0) != is_negative) return std::nullopt;
    return signed_value;
  }
  std::int64_t value = 0;
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] == ' ') ++at;
  for (; at < bytes.size() && bytes[at] != ' ' && bytes[at] != '\0'; ++at) {
    if (bytes[at] < '0' || bytes[at] > '7' || value > (INT64_MAX >> 3U)) return std::nullopt;
    value = value << 3U | (bytes[at] - '0');
  }
  return value;
}

// The sum over all bytes, its own field as blanks. Some old programs added them up as signed.
bool checksum_is_right(const Block& block) {
  const auto told = number_of(block, kChecksum);
  if (!told) return false;
  std::int64_t as_unsigned = 0;
  std::int64_t as_signed = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool is_own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.width;
    const std::uint8_t byte = is_own ? ' ' : block[i];
    as_unsigned += byte;
    as_signed += static_cast<std::int8_t>(byte);
  }
  return *told == as_unsigned || *told == as_signed;
}

template <class Number>
std::optional<Number> decimal(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "1700000000.25"; fractions go towards the past, as the file times of the system do.
std::optional<FileTime> time_of(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto seconds = decimal<std::int64_t>(text.substr(0, dot));
  if (!seconds) return std::nullopt;
  FileTime time{*seconds, 0};
  std::uint32_t digit_value = 100'000'000;
  for (const char c : text.substr(std::min(dot + 1, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    time.nanoseconds += static_cast<std::uint32_t>(c - '0') * digit_value;
    digit_value /= 10;
  }
  if (text.starts_with('-') && time.nanoseconds > 0) {
    if (time.seconds == INT64_MIN) return std::nullopt;
    --time.seconds;
    time.nanoseconds = 1'000'000'000 - time.nanoseconds;
  }
  return time;
}

std::uint32_t owner_of(std::int64_t number) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(number, 0, UINT32_MAX - 1));
}

std::uint64_t padding_of(std::uint64_t size) { return (kBlockBytes - size % kBlockBytes) % kBlockBytes; }

constexpr std::string_view kAttributeRecord = "SCHILY.xattr.";
constexpr std::string_view kSparseRecord = "GNU.sparse.";

}  // namespace

struct Reader::Words {
  std::optional<std::string> name, link_target;
  std::optional<std::uint64_t> size;
  std::optional<FileTime> modified;
  std::optional<std::int64_t> uid, gid;
  bool is_sparse = false;
  std::vector<std::pair<std::string, Bytes>> attributes;
  std::vector<std::pair<std::string, std::string>> records;
  std::size_t budget = kHeaderBytesMax;
  bool is_given = false;  // an entry has to follow
};

tl::unexpected<Error> Reader::malformed(const std::string& why) const {
  return fail(ErrorKind::usage, "tar.malformed",
              "this is no tar archive that can be read" +
                  (count_ == 0 ? std::string() : " beyond its entry " + std::to_string(count_)) + ": " + why,
              "It has to be a plain tar, not compressed.");
}

tl::unexpected<Error> Reader::broken_off() const {
  return fail(ErrorKind::usage, "tar.broken_off",
              "the tar archive ends in the middle, after its entry " + std::to_string(count_), "Send all of it.");
}

Result<bool> Reader::fill() {
  if (begin_ < end_) return true;
  begin_ = end_ = 0;
  ATOLL_ASSIGN(end_, read_(buffer_.span()));
  return end_ > 0;
}

Result<ByteView> Reader::some(std::uint64_t bytes_max) {
  ATOLL_ASSIGN(const bool has_more, fill());
  if (!has_more) return broken_off();
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, end_ - begin_));
  const ByteView view = buffer_.view().subspan(begin_, count);
  begin_ += count;
  return view;
}

Result<bool> Reader::block() {
  ATOLL_ASSIGN(const bool has_more, fill());
  if (!has_more) return false;
  std::size_t filled = 0;
  while (filled < block_.size()) {
    ATOLL_ASSIGN(const ByteView piece, some(block_.size() - filled));
    std::ranges::copy(piece, block_.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += piece.size();
  }
  return true;
}

Result<void> Reader::skip(std::uint64_t bytes) {
  while (bytes > 0) {
    ATOLL_ASSIGN(const ByteView piece, some(bytes));
    bytes -= piece.size();
  }
  return {};
}

Result<std::string> Reader::extended_header(std::uint64_t bytes, std::size_t& budget) {
  if (bytes > budget) {
    return fail(ErrorKind::limit, "tar.header_too_large",
                "the words about entry " + std::to_string(count_ + 1) + " of the tar archive are larger than " +
                    std::to_string(kHeaderBytesMax) + " bytes",
                "Leave its extended attributes out, or store this file by itself.");
  }
  budget -= static_cast<std::size_t>(bytes);
  std::string text;
  text.reserve(static_cast<std::size_t>(bytes));
  while (text.size() < bytes) {
    ATOLL_ASSIGN(const ByteView piece, some(bytes - text.size()));
    text += as_text(piece);
  }
  ATOLL_TRY(skip(padding_of(bytes)));
  return text;
}

// "<length> <name>=<value>\n", where the length counts all of it.
Result<void> Reader::take_records(const std::string& text, bool is_global, Words& words) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' ');
    const auto length = decimal<std::size_t>(rest.substr(0, std::min(blank, rest.size())));
    if (blank == std::string_view::npos || !length || *length > rest.size() || *length < blank + 3 ||
        rest[*length - 1] != '\n') {
      return malformed("an extended header is none");
    }
    const std::string_view record = rest.substr(blank + 1, *length - blank - 2);
    rest.remove_prefix(*length);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) return malformed("an extended header is none");
    const std::string_view name = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (!is_global) {
      ATOLL_TRY(take_record(name, value, words));
    } else if (name == "mtime" || name == "uid" || name == "gid") {
      // What says who and when may count for all; a name or a size of all entries would be nonsense.
      std::erase_if(global_, [&](const auto& known) { return known.first == name; });
      global_.emplace_back(name, value);
    }
  }
  return {};
}

Result<void> Reader::take_record(std::string_view name, std::string_view value, Words& words) const {
  if (name == "path") {
    words.name = value;
  } else if (name == "linkpath") {
    words.link_target = value;
  } else if (name == "size") {
    words.size = decimal<std::uint64_t>(value);
    if (!words.size) return malformed("a size is no number");
  } else if (name == "mtime") {
    words.modified = time_of(value);
    if (!words.modified) return malformed("a time is no number");
  } else if (name == "uid" || name == "gid") {
    const auto number = decimal<std::int64_t>(value);
    if (!number) return malformed("an owner is no number");
    (name == "uid" ? words.uid : words.gid) = number;
  } else if (name.starts_with(kSparseRecord)) {
    words.is_sparse = true;
    if (name == "GNU.sparse.name") words.name = value;
  } else if (name.starts_with(kAttributeRecord) && name.size() > kAttributeRecord.size()) {
    words.attributes.emplace_back(name.substr(kAttributeRecord.size()), to_bytes(as_bytes(value)));
  } else {
    words.records.emplace_back(name, value);
  }
  return {};
}

Result<void> Reader::skip_sparse_map() {
  for (bool goes_on = block_[kSparseGoesOnAt] != 0; goes_on; goes_on = block_[kSparseMapGoesOnAt] != 0) {
    ATOLL_ASSIGN(const bool has_more, block());
    if (!has_more) return broken_off();
  }
  return {};
}

// From block_ and what was said before it.
Result<Entry> Reader::entry_of(char type, Words words) {
  Words of_all;
  for (const auto& [name, value] : global_) ATOLL_TRY(take_record(name, value, of_all));
  if (!words.modified) words.modified = of_all.modified;
  if (!words.uid) words.uid = of_all.uid;
  if (!words.gid) words.gid = of_all.gid;
  Entry entry;
  entry.name = text_of(block_, kName);
  if (as_text(ByteView(block_)).substr(kMagicAt, kUstarMagic.size()) == kUstarMagic) {
    const std::string prefix = text_of(block_, kPrefix);
    if (!prefix.empty()) entry.name = prefix + "/" + entry.name;
  }
  entry.link_target = text_of(block_, kLinkName);
  const auto size = number_of(block_, kSize);
  const auto mode = number_of(block_, kMode);
  const auto uid = number_of(block_, kUid);
  const auto gid = number_of(block_, kGid);
  const auto modified = number_of(block_, kModified);
  if (!size || !mode || !uid || !gid || !modified) return malformed("a number in a header is none");
  entry.mode = static_cast<std::uint32_t>(*mode & 07777);
  entry.uid = owner_of(words.uid.value_or(*uid));
  entry.gid = owner_of(words.gid.value_or(*gid));
  entry.modified = words.modified.value_or(FileTime{*modified, 0});
  if (words.name) entry.name = std::move(*words.name);
  if (words.link_target) entry.link_target = std::move(*words.link_target);
  entry.attributes = std::move(words.attributes);
  std::ranges::stable_sort(entry.attributes, {}, [](const auto& one) -> const std::string& { return one.first; });
  entry.records = std::move(words.records);
  const std::uint64_t stored = words.size.value_or(static_cast<std::uint64_t>(std::max<std::int64_t>(*size, 0)));
  if (*size < 0 || stored > kContentBytesMax) return malformed("a size is impossible");

  bool has_content = true;
  switch (type) {
    case '\0':
      // Before ustar a folder was a file whose name ends so.
      if (entry.name.ends_with('/')) {
        entry.kind = Kind::folder;
        has_content = false;
      }
      break;
    case '0':
    case '7': break;
    case '5':
      entry.kind = Kind::folder;
      has_content = false;
      break;
    case 'D': entry.kind = Kind::folder; break;  // GNU: the names in it follow, which nobody needs
    case '2':
      entry.kind = Kind::symlink;
      has_content = false;
      break;
    case '1':
      entry.kind = Kind::hard_link;
      has_content = false;
      break;
    case '3':
    case '4':
      entry.refusal = "is a device";
      has_content = false;
      break;
    case '6':
      entry.refusal = "is a pipe";
      has_content = false;
      break;
    case 'S': words.is_sparse = true; break;
    case 'M': entry.refusal = "is a part of an archive of several volumes"; break;
    default: entry.refusal = "is of a kind that is not known"; break;
  }
  if (words.is_sparse) entry.refusal = "is written as a sparse file; make the archive without --sparse";
  if (entry.name.empty() && entry.refusal.empty()) entry.refusal = "has no name";
  if (type == 'S') ATOLL_TRY(skip_sparse_map());
  behind_ = has_content ? stored + padding_of(stored) : 0;
  if (has_content && entry.kind == Kind::file && entry.refusal.empty()) {
    entry.size = left_ = stored;
    behind_ -= stored;
  }
  return entry;
}

Result<void> Reader::end() {
  is_at_end_ = true;
  std::size_t passed = 0;
  while (passed < kBehindEndMax) {
    ATOLL_ASSIGN(const bool has_more, fill());
    if (!has_more) break;
    passed += end_ - begin_;
    begin_ = end_;
  }
  return {};
}

Result<std::optional<Entry>> Reader::next() {
  if (is_at_end_) return std::nullopt;
  ATOLL_TRY(skip(std::exchange(left_, 0)));
  ATOLL_TRY(skip(std::exchange(behind_, 0)));
  Words words;
  for (;;) {
    ATOLL_ASSIGN(const bool has_block, block());
    if (!has_block) return broken_off();
    if (std::ranges::all_of(block_, [](std::uint8_t byte) { return byte == 0; })) {
      if (words.is_given) return malformed("nothing follows an extended header");
      ATOLL_TRY(end());
      return std::nullopt;
    }
    if (!checksum_is_right(block_)) return malformed("a header's checksum is wrong");
    const char type = static_cast<char>(block_[kTypeAt]);
    if (type == 'x' || type == 'X' || type == 'g' || type == 'L' || type == 'K') {
      const auto size = number_of(block_, kSize);
      if (!size || *size < 0) return malformed("a size is impossible");
      ATOLL_ASSIGN(std::string text, extended_header(static_cast<std::uint64_t>(*size), words.budget));
      if (type == 'L' || type == 'K') {
        text.resize(std::min(text.find('\0'), text.size()));
        (type == 'L' ? words.name : words.link_target) = std::move(text);
      } else {
        ATOLL_TRY(take_records(text, type == 'g', words));
      }
      words.is_given = words.is_given || type != 'g';
      continue;
    }
    if (type == 'V') continue;  // the name of a volume
    ATOLL_ASSIGN(auto entry, entry_of(type, std::move(words)));
    ++count_;
    return entry;
  }
}

Result<ByteView> Reader::content() {
  if (left_ == 0) return ByteView();
  ATOLL_ASSIGN(const ByteView piece, some(left_));
  left_ -= piece.size();
  return piece;
}

}  // namespace atl::tar
