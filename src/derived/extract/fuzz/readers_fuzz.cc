// Our own readers on any bytes under any name: no crash, and what they find is within the bounds of decode(). The
// readers that are libraries' have fuzzers of their own, elsewhere.
#include "derived/extract/extraction.h"
#include "derived/extract/formats.h"
#include "derived/extract/internal/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::extract;
  if (size < 1) return 0;
  const auto table = formats();
  const Format& format = table[data[0] % table.size()];
  const std::string name = "content." + std::string(format.extensions.empty() ? "x" : format.extensions.front());
  BytesInput input(to_bytes(ByteView(data + 1, size - 1)));
  const Format& recognised = recognise(ByteView(data + 1, size - 1), name);
  if (recognised.id == "pdf" || recognised.group == "image" || recognised.group == "audio") return 0;
  if (as_text(ByteView(data + 1, size - 1)).starts_with("\x89HDF")) return 0;
  Toolbox tools;
  tools.limits = {16U << 20U, 3, 100};
  Budget budget;
  budget.text_bytes = 1U << 20U;
  budget.member_count = 100;
  budget.unpacked_bytes = 4U << 20U;
  const Extraction one = understand(input, name, tools, budget, 0);
  const auto again = decode(encode(one));
  ATOLL_INVARIANT(again && *again == one, "what is found can be stored");
  return 0;
}
