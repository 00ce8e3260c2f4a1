// Messages of JSON-RPC from foreign bytes: what is taken is well formed, and what is written is read again.
#include <cstddef>
#include <cstdint>

#include "foundation/json/json_rpc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT
  constexpr std::size_t bytes_max = 64 * 1024;
  const auto parcel = json_rpc::read(text, bytes_max);
  ATOLL_INVARIANT(!parcel.items.empty() && parcel.items.size() <= json_rpc::kBatchMax, "one message or a few");
  for (const auto& one : parcel.items) {
    if (const auto* const refusal = std::get_if<json_rpc::Refusal>(&one); refusal != nullptr) {
      ATOLL_INVARIANT(!refusal->words.empty(), "a refusal says why");
      continue;
    }
    const auto& message = std::get<json_rpc::Message>(one);
    using Kind = json_rpc::Message::Kind;
    ATOLL_INVARIANT((message.kind == Kind::notification) == message.id.is_null(), "what is answered has an id");
    if (message.kind == Kind::response) continue;
    const auto written = message.kind == Kind::request
                             ? json_rpc::request(message.id, message.method, json::Value::object())
                             : json_rpc::notification(message.method, json::Value::object());
    const auto again = json_rpc::read(written.text(), bytes_max);
    const auto* const same = std::get_if<json_rpc::Message>(&again.items.front());
    ATOLL_INVARIANT(same != nullptr && same->method == message.method && same->kind == message.kind,
                    "what was written is read again");
  }
  return 0;
}
