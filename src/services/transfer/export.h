// A bucket, or what lies under a prefix, in forms that need no Atoll to be read.
//
//     plain    files as they are, and atoll-metadata.jsonl beside them with everything else
//     bagit    the same as a bag (RFC 8493): data/, manifests with SHA-256
//     archive  <date>-snapshot/ with universe.tar.gz, manifest.json, verification.md5
//
// Always true:
//  - Nothing of an object is lost: `import` of any of the three makes the same objects again.
//  - Nothing is written outside the folder, whatever a key says: what cannot be a path stands below atoll-files/.
//  - A file that is there whole is not written again; one that differs is reported, never overwritten.
//  - One state is exported: what changes meanwhile is left for the next time, and said.
// Format: spec/formats/export.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/host_tree.h"
#include "vault/folder/put.h"
#include "vault/history/moment.h"
#include "vault/object/objects.h"

namespace atl::transfer {

enum class ExportFormat : std::uint8_t { plain, bagit, archive };
[[nodiscard]] Result<ExportFormat> parse_export_format(std::string_view word);

struct ExportOptions {
  ExportFormat format = ExportFormat::plain;
  std::optional<vault::Moment> as_of;  // none: as it is now
  bool is_dry_run = false;
  const std::atomic<bool>* stop = nullptr;
};

struct ExportSummary {
  std::uint64_t files = 0, folders = 0, links = 0, specials = 0;
  std::uint64_t bytes = 0;
  std::uint64_t files_already_there = 0;
  std::uint64_t renamed = 0;  // whose keys cannot be paths
  std::uint64_t changed_meanwhile = 0;
  std::uint64_t erased = 0;  // with as_of: removed for good since, and not in the export
  std::string folder;        // where it lies
  Lsn lsn;                   // the state that was exported
  bool was_interrupted = false;
  double seconds = 0;
  std::uint64_t problem_count = 0;
  std::vector<std::string> not_applied;
};

struct ExportCallbacks {
  std::function<void(const vault::FolderPutProgress&)> on_progress;
  std::function<void(const vault::FileProblem&)> on_problem;
  std::function<void(const std::string& id, const std::string& words)> on_notice;
};

[[nodiscard]] Result<ExportSummary> export_from(vault::Vault& vault, platform::HostTree& host,
                                                const std::string& bucket, const std::string& prefix,
                                                const std::string& target, const ExportOptions& options,
                                                const ExportCallbacks& callbacks);

}  // namespace atl::transfer
