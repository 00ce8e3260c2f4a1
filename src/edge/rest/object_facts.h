// What a request's header fields say of an object, and an answer's of a version: metadata, tags, times, digests.
//
// Always true: names of metadata in header fields are lower case (HTTP does not tell cases apart); what cannot stand in
// a field (line breaks, names with blanks) is left out of an answer's fields and stands in its JSON form whole.
#pragma once

#include <string>
#include <vector>

#include "edge/rest/call.h"

namespace atl::rest {

inline constexpr std::string_view kMetadataField = "Atoll-Meta-";
inline constexpr std::size_t kMetadataBytesMax = 16 * 1024;  // names and values of one object
inline constexpr std::size_t kTagsMax = 100;

// Content-Type, Atoll-Meta-*, Atoll-Tags, Atoll-Modified (otherwise `now`), Atoll-Description, Atoll-Author,
// Atoll-Label.
[[nodiscard]] Result<catalog::VersionRow> facts_of(const net::Headers& headers, Timestamp now);
// The fields of these that a row which stores declares, but for Content-Type and Atoll-Modified.
[[nodiscard]] std::vector<HeaderParameter> word_parameters();
// Lower-case hexadecimal SHA-256 of Repr-Digest or Content-Digest (RFC 9530); "" where none is given.
[[nodiscard]] Result<std::string> sha256_of(const net::Headers& headers);
// ETag, Last-Modified, Content-Type, Atoll-Version, Atoll-Modified, Atoll-Tags, Atoll-Meta-*.
void set_facts(net::Headers& headers, const catalog::VersionRow& version);
// Names and values together no larger than kMetadataBytesMax, no more tags than kTagsMax; "object.too_many_words".
[[nodiscard]] Result<void> check_words(const catalog::VersionRow& version);

}  // namespace atl::rest
