// Properties of files and folders (RFC 4918 sections 4, 9.1, 9.2 and 15): what is asked for and set in bodies, and
// where what clients set is kept.
//
// Always true:
//  - A dead property is a field of the version's metadata: name "dav:{namespace}name", value the element as a piece of
//    XML that can stand anywhere. So it is versioned, copied and moved with its object.
//  - What is read and kept is bounded: bodies by kBodyBytesMax, properties by their number and sizes. A document type
//    declaration is refused (foundation/xml).
// Thread rules: values, no shared state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/time.h"
#include "foundation/xml/xml.h"

namespace atl::webdav {

inline constexpr std::string_view kDav = "DAV:";
inline constexpr std::string_view kMicrosoft = "urn:schemas-microsoft-com:";
inline constexpr std::size_t kBodyBytesMax = 256 * 1024;
inline constexpr std::size_t kNamesMax = 1'000;  // of one request
inline constexpr std::size_t kDeadPropertyBytesMax = 16 * 1024;
inline constexpr std::size_t kDeadPropertiesMax = 200;              // of one file or folder
inline constexpr std::size_t kDeadPropertiesBytesMax = 128 * 1024;  // names and values together

struct PropertyName {
  std::string space;
  std::string name;
  friend auto operator<=>(const PropertyName&, const PropertyName&) = default;
};

struct PropfindRequest {
  enum class Kind : std::uint8_t { all, names, some };
  Kind kind = Kind::all;
  std::vector<PropertyName> wanted;  // of `some`; of `all`: those that are wanted besides
};
// An empty body asks for all. `usage` "dav.bad_body" or "xml.…", `limit` "dav.bad_body" or "xml.too_large".
[[nodiscard]] Result<PropfindRequest> parse_propfind(std::string_view body);

struct PropertyChange {
  PropertyName name;
  std::optional<xml::Element> value;  // none: removed
};
// In their order; the language that surrounds a value (xml:lang) is written into it. Errors as above.
[[nodiscard]] Result<std::vector<PropertyChange>> parse_proppatch(std::string_view body);

struct LockRequest {
  bool is_exclusive = true;
  std::string owner;  // its <owner> element as a piece of XML; may be empty
};
[[nodiscard]] Result<LockRequest> parse_lock(std::string_view body);

// Seconds of a Timeout field ("Second-3600, Infinite"): the first that can be read; 0 where there is none.
[[nodiscard]] std::int64_t parse_timeout_s(std::string_view field);

// Values that DAV: itself gives a meaning, all but lockdiscovery's and the quotas' told by a version; and "displayname"
// and "getcontentlanguage", which may be set.
enum class Live : std::uint8_t {
  none,  // a dead property
  creationdate,
  displayname,
  getcontentlanguage,
  getcontentlength,
  getcontenttype,
  getetag,
  getlastmodified,
  lockdiscovery,
  resourcetype,
  supportedlock,
  quota_available_bytes,
  quota_used_bytes,
  lastmodified,              // unix seconds; rclone's and Nextcloud's, set only
  win32_last_modified_time,  // Windows Explorer's
};
[[nodiscard]] Live live_of(const PropertyName& name);
[[nodiscard]] PropertyName name_of(Live live);
// May a client set it?
[[nodiscard]] bool is_protected(Live live);
// Does setting it set the time of modification?
[[nodiscard]] bool sets_modified(Live live);
// "1763737200", "Fri, 21 Nov 2025 15:00:00 GMT", RFC 3339; `usage` "dav.bad_time".
[[nodiscard]] Result<FileTime> parse_modified(std::string_view text, std::int64_t now_unix_seconds);

using Metadata = std::map<std::string, std::string>;

// What the S3 door keeps among the metadata, too (edge/s3): the time that a client set, as x-amz-meta-mtime has it
// ("981173106.25"), and header fields of content.
inline constexpr std::string_view kContentLanguage = "header:content-language";
void note_modified(Metadata& metadata, FileTime modified);
// New content has neither the time nor the header fields of the one before.
void forget_content_fields(Metadata& metadata);
// The dead properties among a version's metadata, with their values as pieces of XML.
[[nodiscard]] std::vector<std::pair<PropertyName, std::string_view>> dead_properties(const Metadata& metadata);
[[nodiscard]] std::optional<std::string_view> dead_property(const Metadata& metadata, const PropertyName& name);
// `limit` "dav.too_many_properties", "dav.property_too_large".
[[nodiscard]] Result<void> set_dead_property(Metadata& metadata, const PropertyName& name, const xml::Element& value);
void remove_dead_property(Metadata& metadata, const PropertyName& name);

// <D:href>, <D:displayname> and their like hold text; what XML cannot hold is shown as U+FFFD.
void append_text(std::string& out, std::string_view text);
// "<D:name/>" or, of another namespace, <name xmlns="…"/>.
void append_empty(std::string& out, const PropertyName& name);

}  // namespace atl::webdav
