// Data that comes from elsewhere into a bucket: archives, Atoll's own exports, mail, photos from Takeout, restic.
//
// Always true:
//  - Every foreign byte that has to be understood is understood by a locked-in process (foundation/sandbox); this one
//    only stores what that says.
//  - No name leads out of the prefix; what had to be changed for that is told.
//  - The same import again finds what is there unchanged: a broken-off one goes on by being repeated.
//  - What cannot be read is listed, the rest is stored. A source that breaks off in the middle keeps what came before.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foundation/platform/host_tree.h"
#include "foundation/platform/program_stream.h"
#include "vault/folder/put.h"
#include "vault/object/objects.h"

namespace atl::transfer {

enum class Format : std::uint8_t { automatic, tar, zip, plain, mbox, maildir, takeout, restic };
[[nodiscard]] Result<Format> parse_format(std::string_view word);
[[nodiscard]] std::string_view name_of(Format format);

struct ImportOptions {
  Format format = Format::automatic;
  bool is_dry_run = false;
  bool keeps_sidecars = false;  // Takeout's *.json become objects too
  // Said of every version that does not say it itself. No label: an import may bring many versions of an object.
  vault::Origin origin;
  std::vector<std::string> worker = {"/proc/self/exe", "worker"};  // the reader's name is added
  platform::ProgramStreams* programs = nullptr;                    // for restic
  const std::atomic<bool>* stop = nullptr;
};

struct ImportSummary {
  Format format = Format::automatic;
  std::uint64_t files = 0, folders = 0, links = 0, specials = 0;
  std::uint64_t bytes = 0;
  std::uint64_t objects_new = 0, objects_changed = 0, objects_unchanged = 0, objects_removed = 0;
  std::uint64_t bytes_new = 0;
  std::uint64_t sidecars = 0, sidecars_unused = 0;   // Takeout
  std::uint64_t snapshots = 0, snapshots_known = 0;  // restic
  std::uint64_t renamed = 0;                         // stored under a safer name than the source had
  std::uint64_t labels_left_out = 0;                 // another version of the object has them, or they are none
  bool was_interrupted = false;
  double seconds = 0;
  std::uint64_t problem_count = 0;
};

struct ImportCallbacks {
  std::function<void(const vault::FolderPutProgress&)> on_progress;
  std::function<void(const vault::FileProblem&)> on_problem;
  std::function<void(const std::string& id, const std::string& words)> on_notice;
};

// `source`: an absolute path; for restic whatever restic takes.
[[nodiscard]] Result<ImportSummary> import_into(vault::Vault& vault, platform::HostTree& host,
                                                const std::string& source, const std::string& bucket,
                                                const std::string& prefix, const ImportOptions& options,
                                                const ImportCallbacks& callbacks);

}  // namespace atl::transfer
