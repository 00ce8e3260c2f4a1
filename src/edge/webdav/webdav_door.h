// WebDAV at /dav/ (RFC 4918, classes 1 and 2): the buckets of a home as folders for file managers, phones and mounts.
//
// Always true:
//  - A bucket is a folder below /dav/, an object a file below it (edge/webdav/place.h, tree.h).
//  - Every method asks for the right to do what it does, of the source and the destination, before it does anything.
//  - Locks are kept in memory (edge/webdav/locks.h).
// Thread rules: any thread, many at once.
#pragma once

#include "edge/server/front.h"
#include "edge/webdav/locks.h"

namespace atl::webdav {

class WebDavDoor final : public server::Door {
 public:
  explicit WebDavDoor(const platform::Machine& machine, const LockLimits& limits = {}) : locks_(machine, limits) {}

  [[nodiscard]] std::string_view name() const override { return "webdav"; }
  // /dav and all below; and "/" of PROPFIND and OPTIONS, which some clients look at before they go further down.
  [[nodiscard]] bool takes(const server::Exchange& exchange) const override;
  [[nodiscard]] bool takes_passwords() const override { return true; }
  [[nodiscard]] net::Response answer(server::Exchange& exchange) override;
  [[nodiscard]] net::Response refuse(const server::Exchange& exchange, const Error& error) override;
  [[nodiscard]] const LockTable& locks() const { return locks_; }

 private:
  LockTable locks_;
};

}  // namespace atl::webdav
