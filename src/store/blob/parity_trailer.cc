#include "store/blob/parity_trailer.h"

#include <algorithm>
#include <cstring>

#include "foundation/codec/hash.h"
#include "foundation/codec/parity.h"

namespace atl::blob {
namespace {

constexpr std::string_view kMagic = "ATLPARIT";
constexpr std::size_t kRecordBytes = 96;
constexpr std::uint64_t kAlignment = 4096;
constexpr std::uint32_t kSmallBlock = 4096;
constexpr std::uint32_t kLargeBlock = 64 * 1024;
constexpr std::uint64_t kSmallBlocksUpTo = 2 * 1024 * 1024;
// So many neighbouring blocks a run of 64 KiB can touch: 17 of 4 KiB; 2 of 64 KiB and the short last one between them.
constexpr std::uint64_t kStripesSmall = 17;
constexpr std::uint64_t kStripesLarge = 3;
constexpr unsigned kParityMax = 4;
constexpr unsigned kDataMax = 128;
constexpr std::uint64_t kProtectedMax = 1ULL << 40;
constexpr std::uint64_t kParityKeptInMemory = 8 * 1024 * 1024;

std::uint64_t align_up(std::uint64_t value) { return (value + kAlignment - 1) / kAlignment * kAlignment; }

struct Geometry {
  std::uint64_t protected_length = 0;
  std::uint32_t block_bytes = 0;
  std::uint64_t blocks = 0;   // n
  std::uint64_t stripes = 0;  // S
  unsigned parity_count = 0;  // m

  [[nodiscard]] unsigned data_count() const { return static_cast<unsigned>((blocks + stripes - 1) / stripes); }
  [[nodiscard]] std::uint64_t parity_blocks() const { return stripes * parity_count; }
  [[nodiscard]] std::uint64_t table_bytes() const { return 4 * (blocks + parity_blocks()); }
  [[nodiscard]] std::uint64_t first_table() const { return align_up(protected_length); }
  [[nodiscard]] std::uint64_t first_record() const { return first_table() + table_bytes(); }
  [[nodiscard]] std::uint64_t parity_begin() const { return align_up(first_record() + kRecordBytes); }
  [[nodiscard]] std::uint64_t second_table() const { return parity_begin() + parity_blocks() * block_bytes; }
  [[nodiscard]] std::uint64_t second_record() const { return second_table() + table_bytes(); }
  [[nodiscard]] std::uint64_t file_length() const { return second_record() + kRecordBytes; }
  [[nodiscard]] std::size_t length_of_block(std::uint64_t block) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, protected_length - block * block_bytes));
  }
  // Parity block j: row j / S of stripe (n + j) mod S.
  [[nodiscard]] std::uint64_t parity_index(std::uint64_t stripe, unsigned row) const {
    return row * stripes + (stripe + stripes - blocks % stripes) % stripes;
  }
};

Geometry geometry_for(std::uint64_t protected_length, const ParityOptions& options) {
  Geometry geometry;
  geometry.protected_length = protected_length;
  geometry.block_bytes = protected_length <= kSmallBlocksUpTo ? kSmallBlock : kLargeBlock;
  geometry.blocks = (protected_length + geometry.block_bytes - 1) / geometry.block_bytes;
  const std::uint64_t apart = geometry.block_bytes == kSmallBlock ? kStripesSmall : kStripesLarge;
  geometry.stripes =
      std::max((geometry.blocks + options.data_count - 1) / options.data_count, std::min(geometry.blocks, apart));
  geometry.parity_count = options.parity_count;
  return geometry;
}

std::array<std::uint8_t, kRecordBytes> encode_record(const Geometry& geometry, const FileTag& tag,
                                                     std::uint64_t own_offset, std::uint32_t table_checksum) {
  std::array<std::uint8_t, kRecordBytes> record{};
  std::uint8_t* at = record.data();
  std::memcpy(at, kMagic.data(), kMagic.size());
  std::copy(tag.begin(), tag.end(), at + 24);  // 8..23: version and feature masks, all zero
  store_le<std::uint64_t>(at + 40, geometry.protected_length);
  store_le<std::uint64_t>(at + 48, geometry.file_length());
  store_le<std::uint64_t>(at + 56, own_offset);
  store_le<std::uint32_t>(at + 64, geometry.block_bytes);
  store_le<std::uint32_t>(at + 68, static_cast<std::uint32_t>(geometry.blocks));
  store_le<std::uint32_t>(at + 72, static_cast<std::uint32_t>(geometry.stripes));
  at[76] = static_cast<std::uint8_t>(geometry.parity_count);
  store_le<std::uint32_t>(at + 80, table_checksum);
  store_le<std::uint32_t>(at + 92, codec::crc32c(ByteView(record).first(92)));
  return record;
}

// The geometry that a record tells, or none where it is not a good record of this file standing at `offset`.
std::optional<Geometry> decode_record(ByteView record, const FileTag& tag, std::uint64_t offset) {
  const std::uint8_t* at = record.data();
  if (std::memcmp(at, kMagic.data(), kMagic.size()) != 0 ||
      codec::crc32c(record.first(92)) != load_le<std::uint32_t>(at + 92) || load_le<std::uint16_t>(at + 8) != 0 ||
      load_le<std::uint32_t>(at + 20) != 0 || !equal(record.subspan(24, 16), tag) ||
      load_le<std::uint64_t>(at + 56) != offset) {
    return std::nullopt;
  }
  Geometry geometry;
  geometry.protected_length = load_le<std::uint64_t>(at + 40);
  geometry.block_bytes = load_le<std::uint32_t>(at + 64);
  geometry.blocks = load_le<std::uint32_t>(at + 68);
  geometry.stripes = load_le<std::uint32_t>(at + 72);
  geometry.parity_count = at[76];
  if (geometry.protected_length == 0 || geometry.protected_length > kProtectedMax ||
      (geometry.block_bytes != kSmallBlock && geometry.block_bytes != kLargeBlock) ||
      geometry.blocks != (geometry.protected_length + geometry.block_bytes - 1) / geometry.block_bytes ||
      geometry.stripes == 0 || geometry.stripes > geometry.blocks || geometry.parity_count > kParityMax ||
      geometry.data_count() > kDataMax || load_le<std::uint64_t>(at + 48) != geometry.file_length() ||
      (offset != geometry.first_record() && offset != geometry.second_record())) {
    return std::nullopt;
  }
  return geometry;
}

// False where the medium gives less or fails; what is missing is zeros then.
bool read_whole_range(const ReadRange& read, std::uint64_t offset, ByteSpan out) {
  const auto got = read(offset, out);
  if (got && *got == out.size()) return true;
  std::ranges::fill(out, std::uint8_t{0});
  return false;
}

// The blocks of one stripe: data first, zeros where the stripe has fewer than data_count, then parity.
struct Stripe {
  explicit Stripe(const Geometry& geometry)
      : block_bytes(geometry.block_bytes),
        data_count(geometry.data_count()),
        bytes(std::size_t{geometry.block_bytes} * (geometry.data_count() + geometry.parity_count)) {}
  [[nodiscard]] ByteSpan block(std::size_t index) { return bytes.span().subspan(index * block_bytes, block_bytes); }
  [[nodiscard]] std::vector<ByteSpan> blocks() {
    std::vector<ByteSpan> all;
    for (std::size_t at = 0; at < bytes.size(); at += block_bytes) all.push_back(bytes.span().subspan(at, block_bytes));
    return all;
  }
  std::size_t block_bytes;
  std::size_t data_count;
  Buffer bytes;
};

Result<void> parity_beyond_repair(std::uint64_t stripe) {
  return fail(ErrorKind::damaged, "parity.beyond_repair",
              "more blocks of stripe " + std::to_string(stripe) + " are damaged than its parity can bring back");
}

}  // namespace

// What the free functions here need of ParityMap's inside.
struct ParityAccess {
  static Geometry geometry(const ParityMap& map) {
    return {map.protected_length_, map.block_bytes_, map.data_blocks_, map.stripes_, map.parity_count_};
  }

  static ParityMap make(const Geometry& geometry, const FileTag& tag, std::vector<std::uint32_t> checksums) {
    ParityMap map;
    map.tag_ = tag;
    map.protected_length_ = geometry.protected_length;
    map.file_length_ = geometry.file_length();
    map.data_blocks_ = geometry.blocks;
    map.block_bytes_ = geometry.block_bytes;
    map.stripes_ = static_cast<std::uint32_t>(geometry.stripes);
    map.parity_count_ = geometry.parity_count;
    map.checksums_ = std::move(checksums);
    return map;
  }

  static bool read_data_block(const ParityMap& map, const ReadRange& read, std::uint64_t block, ByteSpan out) {
    const Geometry g = geometry(map);
    const ByteSpan used = out.first(g.length_of_block(block));
    std::ranges::fill(out.subspan(used.size()), std::uint8_t{0});
    return read_whole_range(read, block * g.block_bytes, used) &&
           codec::crc32c(used) == map.checksums_[static_cast<std::size_t>(block)];
  }
  static bool read_parity_block(const ParityMap& map, const ReadRange& read, std::uint64_t index, ByteSpan out) {
    const Geometry g = geometry(map);
    return read_whole_range(read, g.parity_begin() + index * g.block_bytes, out) &&
           codec::crc32c(out) == map.checksums_[static_cast<std::size_t>(g.blocks + index)];
  }

  // Reads the stripe and brings back what is damaged in it.
  static Result<void> load_stripe(const ParityMap& map, const ReadRange& read, std::uint64_t number, Stripe& stripe) {
    const Geometry g = geometry(map);
    std::vector<bool> is_missing(stripe.data_count + g.parity_count, false);
    std::size_t missing = 0;
    for (std::size_t i = 0; i < stripe.data_count; ++i) {
      const std::uint64_t block = number + i * g.stripes;
      if (block >= g.blocks) {
        std::ranges::fill(stripe.block(i), std::uint8_t{0});
      } else if (!read_data_block(map, read, block, stripe.block(i))) {
        is_missing[i] = true;
        ++missing;
      }
    }
    for (unsigned row = 0; row < g.parity_count; ++row) {
      if (!read_parity_block(map, read, g.parity_index(number, row), stripe.block(stripe.data_count + row))) {
        is_missing[stripe.data_count + row] = true;
        ++missing;
      }
    }
    if (missing == 0) return {};
    if (missing > g.parity_count) return parity_beyond_repair(number);
    const codec::ReedSolomon code(g.data_count(), g.parity_count);
    if (!code.reconstruct(stripe.blocks(), is_missing)) return parity_beyond_repair(number);
    for (std::size_t i = 0; i < stripe.data_count; ++i) {
      const std::uint64_t block = number + i * g.stripes;
      if (!is_missing[i]) continue;
      if (codec::crc32c(stripe.block(i).first(g.length_of_block(block))) !=
          map.checksums_[static_cast<std::size_t>(block)]) {
        return parity_beyond_repair(number);  // the parity was made over other bytes
      }
    }
    return {};
  }

  static Bytes encode_table(const ParityMap& map) {
    Bytes table(map.checksums_.size() * 4);
    for (std::size_t i = 0; i < map.checksums_.size(); ++i) store_le(table.data() + i * 4, map.checksums_[i]);
    return table;
  }
  // Table and record as they stand before (first) or behind the parity blocks, with the zeros around the first one.
  static Bytes encode_metadata(const ParityMap& map, bool first) {
    const Geometry g = geometry(map);
    Bytes bytes;
    if (first) bytes.resize(static_cast<std::size_t>(g.first_table() - g.protected_length));
    const Bytes table = encode_table(map);
    const auto record = encode_record(g, map.tag_, first ? g.first_record() : g.second_record(), codec::crc32c(table));
    bytes.insert(bytes.end(), table.begin(), table.end());
    bytes.insert(bytes.end(), record.begin(), record.end());
    if (first) bytes.resize(static_cast<std::size_t>(g.parity_begin() - g.protected_length));
    return bytes;
  }

  static bool is_metadata_good(const ParityMap& map, const ReadRange& read, bool first) {
    const Geometry g = geometry(map);
    const Bytes expected = encode_metadata(map, first);
    Bytes found(expected.size());
    return read_whole_range(read, first ? g.protected_length : g.second_table(), found) && found == expected;
  }

  static std::optional<ParityMap> load(const ReadRange& read, ByteView record, const FileTag& tag,
                                       std::uint64_t offset) {
    const auto geometry = decode_record(record, tag, offset);
    // The table stands right before the record, so that it cannot be longer than the file.
    if (!geometry || geometry->table_bytes() > offset) return std::nullopt;
    Bytes table(static_cast<std::size_t>(geometry->table_bytes()));
    if (!read_whole_range(read, offset - table.size(), table) ||
        codec::crc32c(table) != load_le<std::uint32_t>(record.data() + 80)) {
      return std::nullopt;
    }
    std::vector<std::uint32_t> checksums(table.size() / 4);
    for (std::size_t i = 0; i < checksums.size(); ++i) checksums[i] = load_le<std::uint32_t>(table.data() + i * 4);
    return make(*geometry, tag, std::move(checksums));
  }
};

Result<void> append_parity(const ReadRange& read, std::uint64_t protected_length, const FileTag& tag,
                           const ParityOptions& options, const AppendBytes& append) {
  if (protected_length == 0 || protected_length > kProtectedMax || options.data_count == 0 ||
      options.data_count > kDataMax || options.parity_count > kParityMax) {
    return fail(ErrorKind::usage, "parity.options", "parity cannot be made of this many blocks");
  }
  const Geometry g = geometry_for(protected_length, options);
  std::vector<std::uint32_t> checksums(static_cast<std::size_t>(g.blocks + g.parity_blocks()));
  Stripe stripe(g);
  std::optional<codec::ReedSolomon> code;
  if (g.parity_count > 0) code.emplace(g.data_count(), g.parity_count);
  std::vector<ByteView> data;
  std::vector<ByteSpan> parity;
  for (std::size_t i = 0; i < stripe.data_count; ++i) data.emplace_back(stripe.block(i));
  for (unsigned row = 0; row < g.parity_count; ++row) parity.push_back(stripe.block(stripe.data_count + row));

  const auto encode = [&](std::uint64_t number) -> Result<void> {
    for (std::size_t i = 0; i < stripe.data_count; ++i) {
      const std::uint64_t block = number + i * g.stripes;
      const std::size_t used = block < g.blocks ? g.length_of_block(block) : 0;
      const ByteSpan out = stripe.block(i);
      if (used > 0) {
        ATOLL_ASSIGN(const std::size_t got, read(block * g.block_bytes, out.first(used)));
        if (got != used) {
          return fail(ErrorKind::damaged, "parity.short", "the file ends before the bytes that parity is made of");
        }
        checksums[static_cast<std::size_t>(block)] = codec::crc32c(out.first(used));
      }
      std::ranges::fill(out.subspan(used), std::uint8_t{0});
    }
    if (code) code->encode(data, parity);
    for (unsigned row = 0; row < g.parity_count; ++row) {
      checksums[static_cast<std::size_t>(g.blocks + g.parity_index(number, row))] = codec::crc32c(parity[row]);
    }
    return {};
  };

  // The first table stands before the parity, so all parity is made first: kept where it is little, else made again.
  const std::uint64_t parity_bytes = g.parity_blocks() * g.block_bytes;
  const bool is_kept = parity_bytes <= kParityKeptInMemory;
  Buffer kept(is_kept ? static_cast<std::size_t>(parity_bytes) : 0);
  for (std::uint64_t number = 0; number < g.stripes; ++number) {
    ATOLL_TRY(encode(number));
    for (unsigned row = 0; is_kept && row < g.parity_count; ++row) {
      std::ranges::copy(parity[row], kept.data() + g.parity_index(number, row) * g.block_bytes);
    }
  }
  const ParityMap map = ParityAccess::make(g, tag, checksums);
  ATOLL_TRY(append(ParityAccess::encode_metadata(map, true)));
  if (is_kept) {
    if (!kept.empty()) ATOLL_TRY(append(kept.view()));
  } else {
    for (std::uint64_t index = 0; index < g.parity_blocks(); ++index) {
      ATOLL_TRY(encode((g.blocks + index) % g.stripes));
      ATOLL_TRY(append(parity[static_cast<std::size_t>(index / g.stripes)]));
    }
  }
  return append(ParityAccess::encode_metadata(map, false));
}

std::optional<std::uint64_t> ParityMap::protected_length(const ReadRange& read, std::uint64_t file_size,
                                                         const FileTag& tag) {
  if (file_size < kRecordBytes) return std::nullopt;
  std::array<std::uint8_t, kRecordBytes> record{};
  if (!read_whole_range(read, file_size - kRecordBytes, record)) return std::nullopt;
  const auto geometry = decode_record(record, tag, file_size - kRecordBytes);
  if (!geometry || geometry->file_length() != file_size) return std::nullopt;
  return geometry->protected_length;
}

Result<ParityMap> ParityMap::open(const ReadRange& read, std::uint64_t file_size, const FileTag& tag) {
  if (file_size >= kRecordBytes) {
    std::array<std::uint8_t, kRecordBytes> record{};
    if (read_whole_range(read, file_size - kRecordBytes, record)) {
      if (auto map = ParityAccess::load(read, record, tag, file_size - kRecordBytes)) return std::move(*map);
    }
  }
  // The other one stands somewhere before the parity blocks: look for its magic, from the end on. Windows overlap by a
  // record, so that none is cut in two.
  constexpr std::uint64_t kWindow = 1024 * 1024;
  Buffer window(static_cast<std::size_t>(std::min<std::uint64_t>(file_size, kWindow + kRecordBytes)));
  for (std::uint64_t end = file_size; end >= kRecordBytes;) {
    const std::uint64_t begin = end > window.size() ? end - window.size() : 0;
    const ByteSpan part = window.span().first(static_cast<std::size_t>(end - begin));
    const auto got = read(begin, part);
    if (got) {
      std::string_view text = as_text(part.first(*got));
      for (std::size_t at = text.rfind(kMagic); at != std::string_view::npos;
           at = at == 0 ? std::string_view::npos : text.rfind(kMagic, at - 1)) {
        if (text.size() - at < kRecordBytes) continue;
        if (auto map = ParityAccess::load(read, part.subspan(at, kRecordBytes), tag, begin + at))
          return std::move(*map);
      }
    } else if (part.size() > kLargeBlock) {
      // A bad sector hides its whole window: look at the rest of it in small steps.
      for (std::uint64_t at = begin; at + kRecordBytes <= end; at += kSmallBlock - kRecordBytes) {
        std::array<std::uint8_t, kSmallBlock> small{};
        const auto small_part =
            ByteSpan(small).first(static_cast<std::size_t>(std::min<std::uint64_t>(kSmallBlock, end - at)));
        if (!read_whole_range(read, at, small_part)) continue;
        const std::size_t found = as_text(small_part).rfind(kMagic);
        if (found == std::string_view::npos || small_part.size() - found < kRecordBytes) continue;
        if (auto map = ParityAccess::load(read, small_part.subspan(found, kRecordBytes), tag, at + found))
          return std::move(*map);
      }
    }
    if (begin == 0) break;
    end = begin + kRecordBytes - 1;
  }
  return fail(ErrorKind::damaged, "parity.not_found", "no readable parity record was found in the file");
}

Result<bool> ParityMap::read_healed(const ReadRange& read, std::uint64_t offset, ByteSpan out) const {
  if (offset > protected_length_ || out.size() > protected_length_ - offset) {
    return fail(ErrorKind::damaged, "parity.range", "bytes beyond the protected part of the file were asked for");
  }
  const Geometry g = ParityAccess::geometry(*this);
  bool was_damaged = false;
  Buffer block(g.block_bytes);
  std::optional<Stripe> stripe;
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t number = (offset + done) / g.block_bytes;
    const auto inside = static_cast<std::size_t>((offset + done) % g.block_bytes);
    const std::size_t count = std::min(out.size() - done, g.block_bytes - inside);
    if (ParityAccess::read_data_block(*this, read, number, block.span())) {
      std::ranges::copy(block.view().subspan(inside, count), out.data() + done);
    } else {
      was_damaged = true;
      if (!stripe) stripe.emplace(g);
      ATOLL_TRY(ParityAccess::load_stripe(*this, read, number % g.stripes, *stripe));
      const ByteSpan healed = stripe->block(static_cast<std::size_t>(number / g.stripes));
      std::ranges::copy(healed.subspan(inside, count), out.data() + done);
    }
    done += count;
  }
  return was_damaged;
}

Result<ParityMap::Damage> ParityMap::check(const ReadRange& read,
                                           const std::function<bool(std::uint64_t)>& go_on) const {
  const Geometry g = ParityAccess::geometry(*this);
  Damage damage;
  std::vector<std::uint16_t> missing(static_cast<std::size_t>(g.stripes), 0);
  Buffer block(g.block_bytes);
  for (std::uint64_t number = 0; number < g.blocks + g.parity_blocks(); ++number) {
    const bool is_data = number < g.blocks;
    const bool is_good = is_data ? ParityAccess::read_data_block(*this, read, number, block.span())
                                 : ParityAccess::read_parity_block(*this, read, number - g.blocks, block.span());
    if (!is_good) {
      (is_data ? damage.blocks : damage.parity).push_back(is_data ? number : number - g.blocks);
      if (++missing[static_cast<std::size_t>(number % g.stripes)] > g.parity_count) damage.can_heal = false;
    }
    if (go_on && !go_on(is_data ? g.length_of_block(number) : g.block_bytes)) {
      return fail(ErrorKind::interrupted, "parity.interrupted", "the check was stopped");
    }
  }
  std::array<std::uint8_t, 1> behind{};
  const auto extra = read(file_length_, behind);
  damage.metadata = !ParityAccess::is_metadata_good(*this, read, true) ||
                    !ParityAccess::is_metadata_good(*this, read, false) || (extra && *extra > 0);
  return damage;
}

Result<void> ParityMap::rewrite(const ReadRange& read, const AppendBytes& append) const {
  const Geometry g = ParityAccess::geometry(*this);
  Buffer block(g.block_bytes);
  std::optional<Stripe> stripe;
  for (std::uint64_t number = 0; number < g.blocks + g.parity_blocks(); ++number) {
    const bool is_data = number < g.blocks;
    const std::uint64_t parity = number - g.blocks;
    const std::size_t length = is_data ? g.length_of_block(number) : g.block_bytes;
    if (number == g.blocks) ATOLL_TRY(append(ParityAccess::encode_metadata(*this, true)));
    if (is_data ? ParityAccess::read_data_block(*this, read, number, block.span())
                : ParityAccess::read_parity_block(*this, read, parity, block.span())) {
      ATOLL_TRY(append(block.view().first(length)));
      continue;
    }
    if (!stripe) stripe.emplace(g);
    ATOLL_TRY(ParityAccess::load_stripe(*this, read, number % g.stripes, *stripe));
    const std::size_t place = is_data ? static_cast<std::size_t>(number / g.stripes)
                                      : stripe->data_count + static_cast<std::size_t>(parity / g.stripes);
    ATOLL_TRY(append(stripe->block(place).first(length)));
  }
  if (g.parity_blocks() == 0) ATOLL_TRY(append(ParityAccess::encode_metadata(*this, true)));
  return append(ParityAccess::encode_metadata(*this, false));
}

}  // namespace atl::blob
