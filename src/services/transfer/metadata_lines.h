// `atoll-metadata.jsonl`: everything Atoll knows of an object besides its bytes, one JSON object a line, so that an
// export loses nothing and an import brings all of it back. Also the other JSON that importers read.
// Always true: parse(write(x)) == x for every version row, whatever bytes are in its names and words. A text that is no
// UTF-8 has a twin `<name>_b64` that counts.
// Format: spec/formats/export.md. Parsing foreign lines is for locked-in readers only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/transfer/foreign_entry.h"

namespace atl::transfer {

inline constexpr std::string_view kMetadataFile = "atoll-metadata.jsonl";
inline constexpr std::size_t kLineBytesMax = 32 * kMiB;

// Without the line's end. `file`: where its bytes lie below the export's folder; empty for what has none.
[[nodiscard]] std::string write_line(const std::string& key, const catalog::VersionRow& version,
                                     const std::string& file, const std::string& sha256);
[[nodiscard]] Result<ForeignEntry> parse_line(std::string_view line);

// {"files":[…],…} pieces for manifest.json: a JSON string.
[[nodiscard]] std::string quote(std::string_view text);

// What Google Takeout writes beside a photo or into a folder. Words come back in `version.metadata`, the time in
// `version.modified`; `parameter` is the title: the file's name before Takeout cut it, or the album's.
[[nodiscard]] Result<ForeignEntry> parse_takeout(std::string_view json);

// `restic snapshots --json`: one entry each, oldest first: `path` the id, words in `version.metadata`
// (restic_snapshot, restic_time, restic_host, restic_tags), `file` its paths, one a line.
[[nodiscard]] Result<std::vector<ForeignEntry>> parse_restic_snapshots(std::string_view json);

}  // namespace atl::transfer
