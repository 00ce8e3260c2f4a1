// How things look in answers, and pages of lists.
//
// Always true: names that are UTF-8 stand as they are; what is not stands with U+FFFD for what cannot be read, and
// whole in base64 beside it (`key_b64`). Times are RFC 3339 in UTC, sizes bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/entry_kind.h"
#include "edge/rest/call.h"
#include "foundation/json/json.h"
#include "foundation/net/conditions.h"
#include "vault/history/past.h"

namespace atl::rest {

// `name`, and `name_b64` where it is no UTF-8.
void set_name(json::Value& object, std::string_view name, std::string_view bytes);
// The same back from a body: `name`, or `name_b64`. "" where there is neither; `usage` where both, or no base64.
[[nodiscard]] Result<std::string> name_from(const json::Value& body, std::string_view name);

// The schema "Object".
[[nodiscard]] json::Value object_json(std::string_view bucket, const catalog::Listed& listed);
// Of one version: what a conditional request compares.
[[nodiscard]] net::Representation representation(const catalog::VersionRow& version);
[[nodiscard]] std::string etag(const VersionId& version);

// None where the parameter is not given.
[[nodiscard]] Result<std::optional<vault::Moment>> moment_of(Call& call, std::string_view parameter = "as_of");
// A moment as `--since` takes it: of a day its beginning; "3d" is so long ago.
[[nodiscard]] Result<std::optional<Timestamp>> since_of(const Call& call);

// A list goes on where a page ended. The mark says of which list it is: of one operation, bucket and set of options;
// another list refuses it ("http.bad_cursor", usage).
[[nodiscard]] std::string make_cursor(const Call& call, std::string_view position);
[[nodiscard]] Result<std::string> position_of(const Call& call);  // "" where none is given
inline constexpr std::uint64_t kPageMax = 1000;

// A Content-Disposition: "attachment", with the name for old and new readers (RFC 6266 section 4.3, RFC 8187).
[[nodiscard]] std::string attachment(std::string_view name);

[[nodiscard]] net::Response no_content();
[[nodiscard]] net::Response created(const json::Value& value);
[[nodiscard]] net::Response ok(const json::Value& value);

// Parameters that several rows have.
[[nodiscard]] Parameter limit_parameter();
[[nodiscard]] Parameter cursor_parameter();
[[nodiscard]] Parameter as_of_parameter();
[[nodiscard]] Parameter prefix_parameter();
[[nodiscard]] Parameter dry_run_parameter();

}  // namespace atl::rest
