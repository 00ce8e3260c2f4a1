// Jobs beyond the process: rows of the vault that they work on, so that they come along with it.
//
// Always true:
//  - A row ("server", id) for each job: what was asked for, by whom, how it ended. One without an end was broken off.
//  - The newest kJobsKept that ended are kept; the oldest goes with the next one.
// Thread rules: plain functions.
#pragma once

#include <vector>

#include "edge/server/jobs.h"
#include "vault/vault.h"

namespace atl::server {

inline constexpr std::size_t kJobsKept = 100;
inline constexpr std::size_t kResultBytesMax = 256 * 1024;  // a longer result is not kept

[[nodiscard]] Result<void> save_job(vault::Vault& vault, const JobFacts& facts);
// Oldest first. Rows that cannot be understood are passed over.
[[nodiscard]] Result<std::vector<JobFacts>> load_jobs(vault::Vault& vault);

}  // namespace atl::server
