// What is kept of alarms: no crash, and what is understood is kept the same again.
#include <cstdlib>

#include "services/observe/alarms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::observe;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const AlarmKind& kind : kAlarmKinds) static_cast<void>(parse_limits(kind, text));
  const auto value = json::Value::parse(text);
  AlarmBoard board;
  if (!value || !board.restore(*value)) return 0;
  AlarmBoard again;
  if (!again.restore(board.to_json()) || again.worst() != board.worst()) std::abort();
  return 0;
}
