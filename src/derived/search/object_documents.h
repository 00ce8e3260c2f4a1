// The row of one object in the document book: which documents are its own.
#pragma once

#include <cstdint>
#include <string>

#include "foundation/base/ids.h"
#include "foundation/codec/hash.h"

namespace atl::search {

struct ObjectDocuments {
  ObjectId object;
  VersionId version;
  BucketId bucket;
  std::string key;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  codec::Digest extraction{};  // of its content; all zero: it has none to read (folders, links, empty files)
  std::string title, trouble;  // of what was understood; empty before that
};

}  // namespace atl::search
