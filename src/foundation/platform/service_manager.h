// What the manager of services (systemd) that started this program is told of it: that it serves, that it ends.
// Always true: nothing is told where nobody asked for it, which is when `address` is empty.
// Thread rules: any thread.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/error.h"

namespace atl::platform {

// `address`: what NOTIFY_SOCKET says, a path, or a name that begins with @. `state`: "READY=1", "STOPPING=1".
[[nodiscard]] Result<void> tell_service_manager(const std::string& address, std::string_view state);

}  // namespace atl::platform
