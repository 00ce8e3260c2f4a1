// A request's body as a new version of an object.
//
// Always true: conditions, rights and quota are asked before a byte is read, and conditions and rights again by the
// command itself, in the state it changes: of two writers with If-None-Match: * one wins. What is answered is durable.
#pragma once

#include <functional>
#include <string>

#include "edge/rest/call.h"
#include "vault/object/objects.h"

namespace atl::rest {

// Fills a span, returns how much; 0 at the end.
using ReadSome = std::function<Result<std::size_t>(ByteSpan)>;

struct PutOrder {
  std::string bucket;
  std::string key;
  catalog::VersionRow
      facts;  // modified, content_type, metadata, tags, checksums, description … as the caller gives them
  std::uint64_t length_hint = 0;  // 0: unknown
  // Lower-case hexadecimal SHA-256 that the content has to have; empty: none asked for.
  std::string sha256;
  // Looks at the object as it is now (null: not there); `conflict` "http.precondition_failed" to refuse.
  std::function<Result<void>(const catalog::VersionRow* there)> check;
};
struct PutDone {
  vault::PutEffect effect = vault::PutEffect::created;
  catalog::Listed listed;  // as it is now
  std::uint64_t new_bytes = 0;
};
[[nodiscard]] Result<PutDone> put_content(Call& call, PutOrder order, const ReadSome& read);

// If-Match, If-None-Match and the dates of this request, against the object.
[[nodiscard]] Result<void> check_conditions(const Call& call, const catalog::VersionRow* there);

}  // namespace atl::rest
