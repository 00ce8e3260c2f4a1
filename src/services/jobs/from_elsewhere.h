// What may be scheduled by somebody who is not at the machine.
// Always true: a schedule runs as whoever has the home, on its machine. So from elsewhere only what names no path, no
// program and no key of that machine is taken: a list of verbs and options says what.
#pragma once

#include "catalog/keeping_rows.h"
#include "foundation/base/error.h"

namespace atl::jobs {

// `denied` "schedule.not_from_elsewhere".
[[nodiscard]] Result<void> check_from_elsewhere(const catalog::ScheduleRow& row);

}  // namespace atl::jobs
