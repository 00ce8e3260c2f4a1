// Stored extractions: no crash, and what is accepted comes back as it is.
#include "derived/extract/extraction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  const auto one = extract::decode({data, size});
  if (!one) return 0;
  const auto again = extract::decode(extract::encode(*one));
  ATOLL_INVARIANT(again && *again == *one, "an extraction comes back");
  return 0;
}
