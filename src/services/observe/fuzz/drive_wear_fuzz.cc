// What programs print about a drive: no crash, and no figure that cannot be.
#include <cstdlib>

#include "services/observe/drives.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::observe;
  const std::string_view text = as_text({data, size});
  for (const auto& wear : {parse_smartctl(text), parse_nvme(text)}) {
    if (wear && wear->health_percent && !(*wear->health_percent >= 0 && *wear->health_percent <= 100)) std::abort();
  }
  return 0;
}
