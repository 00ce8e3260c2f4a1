// The REST interface at /api/v1, and its description at /openapi.json.
//
//     path, method ─► operation ─► query checked ─► guards asked ─► body checked ─► handler ─► JSON, or problem+json
//
// Always true: nothing of a body is read before its sender may. Every answer that is no content is JSON; every error is
// application/problem+json.
// Thread rules: any thread, many at once.
#pragma once

#include <string>

#include "edge/rest/member_source.h"
#include "edge/rest/repair_watch.h"
#include "edge/rest/router.h"
#include "edge/server/front.h"

namespace atl::rest {

class RestDoor final : public server::Door {
 public:
  RestDoor();
  [[nodiscard]] std::string_view name() const override { return "rest"; }
  [[nodiscard]] bool takes(const server::Exchange& exchange) const override;
  [[nodiscard]] net::Response answer(server::Exchange& exchange) override;
  void take_up(server::Host& host, const VaultId& vault) override;  // jobs of an earlier run go on
  void tend(server::Host& host) override;                           // repairs begin

 private:
  // The handler; an answer without a decision is none.
  [[nodiscard]] static Result<net::Response> run(Call& call);
  // The same, or the answer that it gave to the same caller's Idempotency-Key before.
  [[nodiscard]] static Result<net::Response> handle(Call& call);
  [[nodiscard]] Result<net::Response> call(server::Exchange& exchange, const Operation& operation, PathValues path);
  [[nodiscard]] net::Response describe(const server::Exchange& exchange) const;
  Router router_;
  State state_;
  MembersOpen members_;
  RepairWatch repairs_;
  std::string document_;  // OpenAPI
};

}  // namespace atl::rest
