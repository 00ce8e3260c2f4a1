// What copies in S3 servers have and folders have not: prices, cold classes, keys of their own.
#pragma once

#include <string>

#include "edge/cli/commands.h"
#include "edge/cli/s3_keys.h"

namespace atl::cli {

inline constexpr std::int64_t kThawPollDefault_s = 300;

// ", which is about 1.23 a month"; nothing where no price is known.
[[nodiscard]] std::string cost_words(const blob::S3Place& place, std::uint64_t bytes);

// Until everything of a copy (its name, or its S3 place, for which no home is needed) can be read.
[[nodiscard]] Result<int> wait_thawed(Session& session, const std::string& name_or_place, const S3Arguments& arguments,
                                      std::int64_t poll_s);

void add_s3_copy_commands(CLI::App& copy, Session& session, Chosen& chosen);  // copy thaw, copy credentials

}  // namespace atl::cli
