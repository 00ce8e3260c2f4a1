// What may be scheduled, and who may be told, by somebody who is not at the machine.
// Always true: a schedule runs as whoever has the home, on its machine. So from elsewhere only what names no path, no
// program and no key of that machine is taken: a list of verbs and options says what.
#pragma once

#include <string>
#include <vector>

#include "catalog/keeping_rows.h"
#include "foundation/base/error.h"

namespace atl::jobs {

// `denied` "schedule.not_from_elsewhere".
[[nodiscard]] Result<void> check_from_elsewhere(const catalog::ScheduleRow& row);

// Addresses that are to be told of alarms (news.h), in place of those that are `held`. A program of the server's that
// is among these may stay: whoever adds a mail address need not know of it. `denied` "command.path_of_server".
[[nodiscard]] Result<void> check_from_elsewhere(const std::vector<std::string>& addresses,
                                                const std::vector<std::string>& held);

}  // namespace atl::jobs
