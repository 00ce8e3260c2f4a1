// Locking a home that is open: POST /api/v1/lock, by whoever administers the server. Unlocking: LockedPage.
// Always true: the order is carried out by whoever runs the server, after it was answered.
#pragma once

#include <atomic>

#include "edge/server/front.h"

namespace atl::serve {

inline constexpr std::string_view kLockPath = "/api/v1/lock";

class LockDoor final : public server::Door {
 public:
  // Borrows the order.
  explicit LockDoor(std::atomic<bool>& is_ordered) : is_ordered_(&is_ordered) {}
  [[nodiscard]] std::string_view name() const override { return "lock"; }
  [[nodiscard]] bool takes(const server::Exchange& exchange) const override {
    return exchange.target.path == kLockPath;
  }
  [[nodiscard]] net::Response answer(server::Exchange& exchange) override;

 private:
  std::atomic<bool>* is_ordered_;
};

}  // namespace atl::serve
