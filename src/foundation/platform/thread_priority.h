// How urgent the work of a thread is to the system.
// Thread rules: speaks about the calling thread.
#pragma once

namespace atl::platform {

// From now on the calling thread, and the processes it starts, run where others leave the processor something to do.
// For work that nobody waits for. Where the system has no such thing for single threads nothing changes.
void run_in_background();

}  // namespace atl::platform
