// The content of one version as an answer's body.
// Always true: every byte is verified before it is handed on; memory is one chunk (at most 4 MiB) whatever the size.
// The source holds its share in the vault as long as it lives.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "catalog/rows.h"
#include "edge/server/host.h"
#include "foundation/net/http_message.h"

namespace atl::rest {

class ContentSource final : public net::BodySource {
 public:
  ContentSource(server::VaultUse use, catalog::VersionRow version, std::uint64_t offset, std::uint64_t length)
      : use_(std::move(use)), version_(std::move(version)), at_(offset), end_(offset + length) {}
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override;

 private:
  server::VaultUse use_;
  catalog::VersionRow version_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  Buffer piece_;
};

}  // namespace atl::rest
