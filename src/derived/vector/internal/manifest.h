// The one file that says what a vector index consists of: spec/formats/vector-index.md.
// Always true: what parse_manifest() accepts fits together: counts, numbers of files, limits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "derived/vector/internal/sealed_file.h"
#include "derived/vector/vector_index.h"

namespace atl::vector::internal {

inline constexpr std::size_t kStateBytesMax = 64 * 1024;
inline constexpr std::size_t kSegmentsMax = 4096;
inline constexpr std::size_t kManifestBytesMax = 1024 * 1024;
inline constexpr std::size_t kEmbedderBytesMax = 200;

// How often numbers of which size occur: eight classes for each doubling, from 2^-23 to 1.
class Magnitudes {
 public:
  static constexpr std::size_t kClasses = 24 * 8;
  void add(float number);
  // The upper border of the class below which all but one in 10,000 lie; none where there are no numbers.
  [[nodiscard]] float nearly_all_below() const;
  [[nodiscard]] const std::array<std::uint64_t, kClasses>& counts() const { return counts_; }
  [[nodiscard]] std::array<std::uint64_t, kClasses>& counts() { return counts_; }

 private:
  std::array<std::uint64_t, kClasses> counts_{};
};

struct SegmentInfo {
  FileInfo file;
  std::uint32_t vectors = 0;
};
struct Manifest {
  std::uint64_t next_number = 1;
  Config config;
  float scale = 0;
  Magnitudes magnitudes;
  std::vector<SegmentInfo> segments;  // one after the other: the first vector of one follows the last of the other
  FileInfo graph;                     // number 0: none
  std::uint32_t graph_vectors = 0;    // the first so many are in it
  FileInfo removed;                   // number 0: none
  Bytes state;
  [[nodiscard]] std::uint64_t vectors() const;
};
[[nodiscard]] Result<void> check_config(const Config& config);
[[nodiscard]] Bytes encode(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest(ByteView plain);

}  // namespace atl::vector::internal
