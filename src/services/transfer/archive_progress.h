// How far an archive export came, kept beside it while it is written, so that the same command goes on there.
// Always true: what it says is on disk was on disk before it was said.
// Format: spec/formats/export.md. Thread rules: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "foundation/platform/host_tree.h"
#include "services/transfer/export.h"

namespace atl::transfer {

inline constexpr const char* kProgressFile = "progress.json";

struct ArchiveProgress {
  // What is exported: another vault, place or state is another archive.
  std::string vault, bucket, prefix, as_of;
  Lsn lsn;
  std::string created;  // as the manifest says
  std::string last_key;
  std::uint64_t tar_bytes = 0, manifest_bytes = 0;
  std::uint64_t files = 0, folders = 0, links = 0, specials = 0, bytes = 0, renamed = 0;
};

[[nodiscard]] std::string write_progress(const ArchiveProgress& progress);
// None where it is not whole, or of a later program.
[[nodiscard]] std::optional<ArchiveProgress> parse_progress(std::string_view text);

}  // namespace atl::transfer
