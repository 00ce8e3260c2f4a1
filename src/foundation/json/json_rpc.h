// Messages of JSON-RPC 2.0 (jsonrpc.org/specification): read from foreign bytes, and answers to them.
//
// Always true:
//  - A message that was read is well formed: "jsonrpc" is "2.0", an id is a text of at most kIdBytesMax or a number,
//    params are an object or a list or absent. What is not is told with the code and, where it could be read, the id.
//  - Sizes are limited before anything is built.
// Thread rules: values. Complexity: linear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/json/json.h"

namespace atl::json_rpc {

inline constexpr std::size_t kIdBytesMax = 256;
inline constexpr std::size_t kMethodBytesMax = 256;
inline constexpr std::size_t kBatchMax = 50;  // messages in one list
inline constexpr std::size_t kDepthMax = 32;

// Section 5.1.
enum class Code : std::int32_t {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
};

struct Message {
  enum class Kind : std::uint8_t { request, notification, response };
  Kind kind = Kind::notification;
  json::Value id;      // of a request and a response
  std::string method;  // of a request and a notification
  json::Value params;  // null: there are none
};

// Why a message cannot be answered in the ordinary way.
struct Refusal {
  Code code = Code::invalid_request;
  std::string words;
  json::Value id;  // null where it is not known
};

using Incoming = std::variant<Message, Refusal>;

// What came at once: one message, or a list of them (section 6). A list has at least one.
struct Parcel {
  std::vector<Incoming> items;
  bool is_batch = false;
};
[[nodiscard]] Parcel read(std::string_view text, std::size_t bytes_max);

[[nodiscard]] json::Value request(json::Value id, std::string_view method, json::Value params);
[[nodiscard]] json::Value notification(std::string_view method, json::Value params);
[[nodiscard]] json::Value result(const json::Value& id, json::Value value);
// `data` may be null.
[[nodiscard]] json::Value error(const json::Value& id, Code code, std::string_view words, json::Value data = nullptr);
[[nodiscard]] json::Value error(const Refusal& refusal);

// The same for all ids that are equal: 1 and "1" are two.
[[nodiscard]] std::string mark_of(const json::Value& id);

}  // namespace atl::json_rpc
