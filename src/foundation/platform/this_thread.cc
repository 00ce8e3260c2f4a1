#include "foundation/platform/this_thread.h"

#include <pthread.h>

#include <type_traits>

namespace atl::platform {

static_assert(std::is_integral_v<pthread_t>, "POSIX leaves open what it is; with glibc it is a number");

std::uint64_t this_thread_number() { return static_cast<std::uint64_t>(::pthread_self()); }

}  // namespace atl::platform
