// A foreign model: both files from the input, divided at the place that its first two bytes name.
#include <algorithm>
#include <array>

#include "derived/vector/token_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;  // NOLINT
  if (size < 2) return 0;
  const ByteView all(data + 2, size - 2);
  const std::size_t at = std::min<std::size_t>(data[0] << 8 | data[1], all.size());
  const auto table = vector::TokenTable::parse("fuzz", all.first(at), as_text(all.subspan(at)));
  if (!table) return 0;
  const std::array<std::string_view, 2> texts{as_text(all), "a house. of cats"};
  ignore_error_on_purpose((*table)->embed(texts, vector::TextRole::document));
  return 0;
}
