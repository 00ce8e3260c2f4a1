#include "derived/vector/internal/manifest.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace atl::vector::internal {
namespace {

constexpr std::uint32_t kLowestExponent = 127 - 23;  // as floats store it

void put_file(ByteWriter& out, const FileInfo& file) {
  out.put(file.number);
  out.put(file.plain_bytes);
  out.put_bytes(file.salt);
}

Result<FileInfo> get_file(ByteReader& in) {
  FileInfo file;
  ATOLL_ASSIGN(file.number, in.get<std::uint64_t>());
  ATOLL_ASSIGN(file.plain_bytes, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView salt, in.get_bytes(kSaltBytes));
  std::ranges::copy(salt, file.salt.begin());
  return file;
}

}  // namespace

void Magnitudes::add(float number) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(number) & 0x7FFF'FFFFU;
  const std::uint32_t lowest = kLowestExponent << 3;
  const std::uint32_t place = bits >> 20;
  ++counts_[place < lowest ? 0 : std::min<std::size_t>(place - lowest, kClasses - 1)];
}

float Magnitudes::nearly_all_below() const {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts_) all += count;
  if (all == 0) return 0;
  std::uint64_t above = 0;
  std::size_t place = kClasses;
  while (place > 1 && above + counts_[place - 1] <= all / 10'000) above += counts_[--place];
  return std::bit_cast<float>(static_cast<std::uint32_t>((kLowestExponent << 3) + place) << 20);
}

std::uint64_t Manifest::vectors() const {
  std::uint64_t all = 0;
  for (const SegmentInfo& segment : segments) all += segment.vectors;
  return all;
}

Result<void> check_config(const Config& config) {
  const bool fits = config.dimension >= 1 && config.dimension <= kDimensionMax && config.links >= 4 &&
                    config.links <= 128 && config.construction >= 8 && config.construction <= 2000 &&
                    config.embedder.size() <= kEmbedderBytesMax;
  if (fits) return {};
  return fail(
      ErrorKind::usage, "vector.config",
      "a vector index has 1 to 4,096 dimensions, 4 to 128 links, a construction width of 8 to 2,000, and a name "
      "of its embedder of at most 200 bytes");
}

Bytes encode(const Manifest& manifest) {
  Bytes plain;
  ByteWriter out(plain);
  out.put(manifest.next_number);
  out.put(manifest.config.dimension);
  out.put(manifest.config.links);
  out.put(manifest.config.construction);
  out.put(static_cast<std::uint32_t>(manifest.config.embedder.size()));
  out.put_bytes(as_bytes(manifest.config.embedder));
  out.put(std::bit_cast<std::uint32_t>(manifest.scale));
  for (const std::uint64_t count : manifest.magnitudes.counts()) out.put(count);
  out.put(static_cast<std::uint32_t>(manifest.segments.size()));
  for (const SegmentInfo& segment : manifest.segments) {
    put_file(out, segment.file);
    out.put(segment.vectors);
  }
  put_file(out, manifest.graph);
  out.put(manifest.graph_vectors);
  put_file(out, manifest.removed);
  out.put(static_cast<std::uint32_t>(manifest.state.size()));
  out.put_bytes(manifest.state);
  return plain;
}

Result<Manifest> parse_manifest(ByteView plain) {
  ByteReader in(plain, "the manifest of the vector index");
  const auto bad = [] { return damaged("vector.manifest", "the manifest of the vector index contradicts itself"); };
  Manifest manifest;
  ATOLL_ASSIGN(manifest.next_number, in.get<std::uint64_t>());
  ATOLL_ASSIGN(manifest.config.dimension, in.get<std::uint32_t>());
  ATOLL_ASSIGN(manifest.config.links, in.get<std::uint32_t>());
  ATOLL_ASSIGN(manifest.config.construction, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const std::uint32_t name_bytes, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const ByteView name, in.get_bytes(name_bytes));
  manifest.config.embedder = to_string(name);
  if (!check_config(manifest.config)) return bad();
  ATOLL_ASSIGN(const std::uint32_t scale, in.get<std::uint32_t>());
  manifest.scale = std::bit_cast<float>(scale);
  if (!std::isfinite(manifest.scale) || manifest.scale <= 0) return bad();
  for (std::uint64_t& count : manifest.magnitudes.counts()) {
    ATOLL_ASSIGN(count, in.get<std::uint64_t>());
    if (count > std::uint64_t{kVectorsMax} * kDimensionMax) return bad();
  }
  ATOLL_ASSIGN(const std::uint32_t segments, in.get<std::uint32_t>());
  if (segments > kSegmentsMax) return bad();
  for (std::uint32_t i = 0; i < segments; ++i) {
    SegmentInfo segment;
    ATOLL_ASSIGN(segment.file, get_file(in));
    ATOLL_ASSIGN(segment.vectors, in.get<std::uint32_t>());
    if (segment.file.number == 0 || segment.vectors == 0 || segment.vectors > kVectorsMax) return bad();
    manifest.segments.push_back(segment);
  }
  ATOLL_ASSIGN(manifest.graph, get_file(in));
  ATOLL_ASSIGN(manifest.graph_vectors, in.get<std::uint32_t>());
  ATOLL_ASSIGN(manifest.removed, get_file(in));
  const std::uint64_t vectors = manifest.vectors();
  if (vectors > kVectorsMax || manifest.graph_vectors > vectors ||
      (manifest.graph.number == 0) != (manifest.graph_vectors == 0) ||
      (manifest.removed.number != 0 && manifest.removed.plain_bytes != (vectors + 7) / 8)) {
    return bad();
  }
  const auto is_new = [&](const FileInfo& file) { return file.number >= manifest.next_number; };
  if (is_new(manifest.graph) || is_new(manifest.removed) ||
      std::ranges::any_of(manifest.segments, is_new, &SegmentInfo::file)) {
    return bad();
  }
  ATOLL_ASSIGN(const std::uint32_t state_bytes, in.get<std::uint32_t>());
  if (state_bytes > kStateBytesMax) return bad();
  ATOLL_ASSIGN(const ByteView state, in.get_bytes(state_bytes));
  manifest.state = to_bytes(state);
  if (in.remaining() != 0) return bad();
  return manifest;
}

}  // namespace atl::vector::internal
