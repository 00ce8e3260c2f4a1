// The restore drill: a random sample is really restored into a folder and proven to be what was stored.
//
// Always true:
//  - The proof does not stand on the way it came: each restored file is read back from the disk, cut as its content
//    reference says, and every piece's keyed digest computed anew and compared with the piece's id.
//  - What was restored is removed again; the folder is left as it was found.
//  - A drill of a copy takes its sample, and what has to come out, from the home, and every byte from the copy: an
//    object that is missing there, or another one, is a failure as damage is.
//  - The result is remembered (JobRow "drill"), good or bad.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foundation/platform/host_tree.h"
#include "vault/vault.h"

namespace atl::jobs {

struct DrillOptions {
  std::string bucket;                    // empty: all
  std::size_t objects_max = 100;         // at least one of each bucket, where there are that many
  std::uint64_t bytes_max = 1ULL << 30;  // of one drill; objects longer than it are left out, and counted
  std::string folder;                    // exists; restored into a new folder in it
  const std::atomic<bool>* stop = nullptr;
  // A vault made from a copy, which the sample is restored from. Such a drill is not remembered by run_drill(): the
  // copy would be behind by that.
  vault::Vault* copy = nullptr;
};
struct DrillReport {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t left_out = 0;         // too long for bytes_max
  std::uint64_t newer = 0;            // files of the home stored after the copy's last change: not tried
  std::vector<std::string> failures;  // "bucket/key: why"
  double seconds = 0;
  bool was_interrupted = false;
  Timestamp started;
  [[nodiscard]] bool is_good() const { return failures.empty() && !was_interrupted; }
};

// `vault` may be opened for reading only; then nothing is remembered.
[[nodiscard]] Result<DrillReport> run_drill(vault::Vault& vault, platform::HostTree& host, const DrillOptions& options);
// As a JobRow "drill" of that name: "restore", or "copy NAME".
[[nodiscard]] Result<void> remember_drill(vault::Vault& vault, const DrillReport& report, const std::string& name);

}  // namespace atl::jobs
