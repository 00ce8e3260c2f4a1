// A folder as one zip or tar, made while it is sent.
// Always true: one state, whatever is changed meanwhile; looked through once before a byte is sent.
#pragma once

#include <optional>
#include <string>

#include "edge/rest/call.h"
#include "vault/history/past.h"

namespace atl::rest {

// Whether the caller may read all of it is asked before. `format`: "zip" or "tar"; no moment: now. `not_found` where
// nothing lies there, `limit` "archive.too_many_names" where a zip's directory would be too large.
[[nodiscard]] Result<net::Response> make_archive(Call& call, const std::string& bucket, const std::string& prefix,
                                                 const std::string& format, std::optional<vault::Moment> moment);

}  // namespace atl::rest
