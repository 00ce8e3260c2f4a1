// How objects are shown in lists, by every verb alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/cli/session.h"
#include "vault/history/moment.h"
#include "vault/history/past.h"

namespace atl::cli {

// "object" with its facts.
[[nodiscard]] JsonObject json_of(const std::string& bucket, const catalog::Listed& listed);
[[nodiscard]] std::string padded(std::string text, std::size_t width);
// `days`: left until a removed object goes for good; none where it does not, or is not removed.
void print_object(Session& session, const std::string& bucket, const catalog::Listed& listed, std::string_view name,
                  bool is_long, std::optional<std::uint64_t> days = {});
// Says which moment is meant; none for "".
[[nodiscard]] Result<std::optional<vault::Moment>> moment_of(Session& session, vault::Vault& vault,
                                                             const std::string& as_of);
// What a state of the past lacks is said.
[[nodiscard]] Result<void> say_erased(Session& session, vault::View& view, const BucketId& bucket);

}  // namespace atl::cli
