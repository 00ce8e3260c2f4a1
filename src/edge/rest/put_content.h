// A request's body as a new version of an object.
//
// Always true: conditions, rights and quota are asked before a byte is read, and conditions and rights again by the
// command itself, in the state it changes: of two writers with If-None-Match: * one wins. What is answered is durable.
#pragma once

#include <functional>
#include <string>

#include "edge/rest/call.h"
#include "vault/object/versions.h"

namespace atl::rest {

// Fills a span, returns how much; 0 at the end.
using ReadSome = std::function<Result<std::size_t>(ByteSpan)>;

struct PutOrder {
  std::string bucket;
  std::string key;
  catalog::VersionRow facts;      // modified, content_type, metadata, tags, … exactly as the new version has them
  std::uint64_t length_hint = 0;  // 0: unknown
  std::string sha256;             // lower-case hexadecimal, that the content has to have; empty: none asked for
  vault::Condition check;         // may be empty
};
struct PutDone {
  bool existed = false;
  catalog::Listed listed;  // what was stored, also where somebody else has changed it since
  std::uint64_t new_bytes = 0;
};
[[nodiscard]] Result<PutDone> put_content(Call& call, PutOrder order, const ReadSome& read);

// The condition of a command that stores under this key, for whoever `decided` says what was there when they were
// asked: what became overwriting meanwhile may need another right.
[[nodiscard]] vault::Condition still_may_write(const Call& call, const std::string& bucket, const std::string& key,
                                               const VersionId& decided, vault::Condition check);
// What the counters of quotas learn: of an object that is now `size` bytes, and of the one before it (null: none).
void note_stored(const Call& call, const std::string& bucket, std::uint64_t size, const catalog::VersionRow* before);
void note_removed(const Call& call, const std::string& bucket, const catalog::VersionRow& before);

// If-Match, If-None-Match and the dates of this request, against the object.
[[nodiscard]] Result<void> check_conditions(const Call& call, const catalog::VersionRow* there);

}  // namespace atl::rest
