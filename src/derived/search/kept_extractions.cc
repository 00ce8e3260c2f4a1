#include "derived/search/kept_extractions.h"

#include <algorithm>

#include "derived/search/names.h"
#include "foundation/codec/compress.h"

namespace atl::search {
namespace {

constexpr int kCompressionLevel = 3;
constexpr std::size_t kPartBytes = run::kValueBytesMax - 64;
constexpr std::size_t kRawBytesMax = 256 * kMiB;
// What little is said of most contents takes longer to compress than to keep.
constexpr std::size_t kCompressedBytesMin = 128;
constexpr std::string_view kState = "1";
// Of part 0, before its bytes: which reader made it (4), parts (4), bytes when compressed (8) and not (8), codec (1).
constexpr std::size_t kHeadBytes = 25;

Bytes part_key(const codec::Digest& id, std::uint32_t part) {
  Bytes key(id.begin(), id.end());
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<std::uint8_t>(part >> shift));
  return key;
}

std::string ending_of(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('/') + 1);  // a folder has none
  const std::size_t dot = name.rfind('.');
  // Names without an ending may be one themselves: "Makefile".
  return lower(dot == std::string_view::npos ? name : name.substr(dot));
}

run::Options options_of(codec::SealSuite suite) {
  run::Options options;
  options.memtable_bytes_max = 16 * kMiB;
  options.filter_bytes_max = 4 * kMiB;
  options.suite = suite;
  return options;
}

}  // namespace

codec::Blake3 hash_of_content(const catalog::VersionRow& version) {
  codec::Blake3 hash;
  hash.update(encode(version.content));
  for (const auto& hole : version.holes) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.put(hole.offset);
    writer.put(hole.length);
    hash.update(bytes);
  }
  return hash;
}

codec::Digest extraction_id(const catalog::VersionRow& version, std::string_view key) {
  codec::Blake3 hash = hash_of_content(version);
  hash.update(as_bytes(ending_of(key)));
  return hash.digest();
}

Result<std::unique_ptr<KeptExtractions>> KeptExtractions::open(const platform::Machine& machine,
                                                               const std::string& folder, const codec::SecretKey& key,
                                                               const VaultId& vault, codec::SealSuite suite,
                                                               bool writable) {
  auto runs = run::RunSet::open(machine, folder, key, vault, options_of(suite), writable);
  const bool is_useless =
      !runs && (runs.error().kind == ErrorKind::damaged || runs.error().kind == ErrorKind::unsupported);
  if (is_useless && writable) {
    ATOLL_TRY(run::RunSet::remove_all(machine, folder));
    runs = run::RunSet::open(machine, folder, key, vault, options_of(suite), writable);
  }
  if (!runs) return pass(runs.error());
  return std::unique_ptr<KeptExtractions>(new KeptExtractions(std::move(*runs)));
}

Result<std::optional<extract::Extraction>> KeptExtractions::find(const codec::Digest& id) const {
  ATOLL_ASSIGN(const auto raw, find_bytes(id));
  if (!raw) return std::nullopt;
  ATOLL_ASSIGN(auto extraction, extract::decode(*raw));
  return extraction;
}

Result<std::optional<Bytes>> KeptExtractions::find_bytes(const codec::Digest& id) const {
  ATOLL_ASSIGN(const auto first, runs_->get(part_key(id, 0)));
  if (!first || first->size() < kHeadBytes) return std::nullopt;
  ByteReader head(*first, "extraction");
  ATOLL_ASSIGN(const auto version, head.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto parts, head.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto compressed_bytes, head.get<std::uint64_t>());
  ATOLL_ASSIGN(const auto raw_bytes, head.get<std::uint64_t>());
  ATOLL_ASSIGN(const auto codec, head.get<std::uint8_t>());
  if (version != extract::kExtractorVersion || raw_bytes > kRawBytesMax || compressed_bytes > kRawBytesMax ||
      !codec::is_known_codec(codec)) {
    return std::nullopt;
  }
  Bytes compressed(first->begin() + kHeadBytes, first->end());
  for (std::uint32_t part = 1; part < parts; ++part) {
    ATOLL_ASSIGN(const auto more, runs_->get(part_key(id, part)));
    if (!more) return std::nullopt;
    compressed.insert(compressed.end(), more->begin(), more->end());
  }
  if (compressed.size() != compressed_bytes) return std::nullopt;
  Bytes raw(raw_bytes);
  codec::Decompressor decompressor;
  ATOLL_TRY(decompressor.decompress(static_cast<codec::CompressionCodec>(codec), compressed, raw));
  return raw;
}

Result<void> KeptExtractions::keep(const codec::Digest& id, const extract::Extraction& extraction) {
  return keep_bytes(id, extract::encode(extraction));
}

Result<void> KeptExtractions::keep_bytes(const codec::Digest& id, ByteView raw) {
  if (raw.size() > kRawBytesMax)
    return fail(ErrorKind::limit, "search.too_much_text", "more was understood of a file than can be kept");
  Buffer compressed;
  bool is_smaller = false;
  if (raw.size() >= kCompressedBytesMin) {
    codec::Compressor compressor;
    ATOLL_ASSIGN(is_smaller, compressor.compress(codec::CompressionCodec::zstd, kCompressionLevel, raw, compressed));
  }
  const ByteView bytes = is_smaller ? compressed.view() : raw;
  const std::size_t first_bytes = std::min(bytes.size(), kPartBytes);
  const auto parts = static_cast<std::uint32_t>(1 + (bytes.size() - first_bytes + kPartBytes - 1) / kPartBytes);
  // The first part says how many there are: it comes last, so that what is found is whole.
  for (std::uint32_t part = 1; part < parts; ++part) {
    const std::size_t begin = part * kPartBytes;
    ATOLL_TRY(runs_->put(part_key(id, part), bytes.subspan(begin, std::min(kPartBytes, bytes.size() - begin))));
  }
  Bytes first;
  ByteWriter head(first);
  head.put(extract::kExtractorVersion);
  head.put(parts);
  head.put(static_cast<std::uint64_t>(bytes.size()));
  head.put(static_cast<std::uint64_t>(raw.size()));
  head.put(static_cast<std::uint8_t>(is_smaller ? codec::CompressionCodec::zstd : codec::CompressionCodec::raw));
  first.insert(first.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(first_bytes));
  return runs_->put(part_key(id, 0), first);
}

Result<void> KeptExtractions::forget_bytes(const codec::Digest& id) {
  ATOLL_ASSIGN(const auto first, runs_->get(part_key(id, 0)));
  if (!first) return {};
  ByteReader head(*first, "extraction");
  ATOLL_TRY(head.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto parts, head.get<std::uint32_t>());
  for (std::uint32_t part = 0; part < std::max<std::uint32_t>(parts, 1); ++part)
    ATOLL_TRY(runs_->remove(part_key(id, part)));
  return {};
}

Result<void> KeptExtractions::flush() { return runs_->flush(as_bytes(kState)); }

}  // namespace atl::search
