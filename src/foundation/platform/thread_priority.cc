#include "foundation/platform/thread_priority.h"

#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace atl::platform {

void run_in_background() {
#if defined(__linux__)
  // Linux has a niceness for each thread (setpriority(2), "C library/kernel differences"): about a tenth of what others
  // get, so that the work goes on under any load.
  constexpr int niceness = 10;
  ::setpriority(PRIO_PROCESS, 0, niceness);
#endif
}

}  // namespace atl::platform
