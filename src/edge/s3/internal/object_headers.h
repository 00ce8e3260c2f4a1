// What S3 keeps of an object besides its content, as headers: from a request into a version row, and back.
//
// Always true: x-amz-meta-NAME stands in the row's metadata under NAME. Standard headers (Cache-Control and so on)
// stand there too, under "header:" and their name in lower case. The time of x-amz-meta-mtime is also the row's own.
#pragma once

#include "edge/s3/documents.h"
#include "edge/s3/internal/exchange.h"
#include "vault/object/versions.h"

namespace atl::s3 {

// Metadata, content type, tags, times. MetadataTooLarge, InvalidTag, InvalidStorageClass, NotImplemented (encryption
// with keys of one's own, redirects).
[[nodiscard]] Result<void> read_object_headers(const Exchange& exchange, catalog::VersionRow& version);
// Headers that ask for what is not there are refused, whatever else the request says.
[[nodiscard]] Result<void> check_headers(const Exchange& exchange);
// Locks and access list. Whoever opens an object by its list needs the right to change who may use the bucket.
// InvalidArgument, AccessDenied, NotImplemented.
[[nodiscard]] Result<vault::VersionTerms> read_terms(const Exchange& exchange);

// Of GET and HEAD.
void write_object_headers(const Exchange& exchange, const Chosen& chosen, net::Headers& headers);
void write_checksum_headers(const catalog::VersionRow& version, net::Headers& headers);
void write_checksum_elements(const catalog::VersionRow& version, xml::Writer& writer);

[[nodiscard]] std::string storage_class_of(const catalog::VersionRow& version);

// 1700000000.123456789, as rclone and s3fs write it. None where it is no such number.
[[nodiscard]] std::optional<FileTime> parse_mtime(std::string_view text);
[[nodiscard]] std::string format_mtime(FileTime time);

// The conditions of a request that changes something, asked of what is there when it does. `prefix`: "" or
// "x-amz-copy-source-".
[[nodiscard]] vault::Condition write_condition(const Exchange& exchange, bool is_versioned);
[[nodiscard]] std::string quoted(std::string_view etag);

}  // namespace atl::s3
