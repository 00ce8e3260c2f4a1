#include "foundation/json/json_rpc.h"

#include <gtest/gtest.h>

namespace atl::json_rpc {
namespace {

constexpr std::size_t kBytesMax = 100'000;

// "request 1 tools/list", "refused -32600 null", … of each message.
std::string told(std::string_view text, std::size_t bytes_max = kBytesMax) {
  const Parcel parcel = read(text, bytes_max);
  std::string out = parcel.is_batch ? "batch:" : "";
  for (const Incoming& one : parcel.items) {
    if (!out.empty()) out += " ";
    if (const auto* const refusal = std::get_if<Refusal>(&one); refusal != nullptr) {
      out += "refused " + std::to_string(static_cast<int>(refusal->code)) + " " + refusal->id.text();
      EXPECT_FALSE(refusal->words.empty());
      continue;
    }
    const auto& message = std::get<Message>(one);
    if (message.kind == Message::Kind::request) out += "request " + message.id.text() + " " + message.method;
    if (message.kind == Message::Kind::notification) out += "notification " + message.method;
    if (message.kind == Message::Kind::response) out += "response " + message.id.text();
  }
  return out;
}

TEST(JsonRpc, ReadsRequestsNotificationsAndResponses) {
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"), "request 1 ping");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":"a","method":"ping","params":{}})"), "request \"a\" ping");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":-7,"method":"ping","params":[1]})"), "request -7 ping");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","method":"notifications/initialized"})"),
            "notification notifications/initialized");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":3,"result":{}})"), "response 3");
  EXPECT_EQ(told(R"([{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b"},7])"),
            "batch: request 1 a notification b refused -32600 null");
}

TEST(JsonRpc, SaysWhatIsWrongWithCodeAndIdWhereItIsKnown) {
  EXPECT_EQ(told("{"), "refused -32700 null");
  EXPECT_EQ(told(""), "refused -32700 null");
  EXPECT_EQ(told("\xff\xfe"), "refused -32700 null");
  EXPECT_EQ(told("[]"), "refused -32600 null");
  EXPECT_EQ(told("7"), "refused -32600 null");
  EXPECT_EQ(told(R"({"id":1,"method":"ping"})"), "refused -32600 1");
  EXPECT_EQ(told(R"({"jsonrpc":"1.0","id":1,"method":"ping"})"), "refused -32600 1");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":null,"method":"ping"})"), "refused -32600 null");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":{},"method":"ping"})"), "refused -32600 null");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":5,"method":6})"), "refused -32600 5");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":5,"method":"x","params":"text"})"), "refused -32600 5");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":5})"), "refused -32600 5");
}

TEST(JsonRpc, LimitsSizeDepthAndNumberBeforeAnythingIsBuilt) {
  const std::string_view fits = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  EXPECT_EQ(told(fits, fits.size()), "request 1 ping");
  EXPECT_EQ(told(fits, fits.size() - 1), "refused -32600 null");
  EXPECT_EQ(told(std::string(1000, '[')), "refused -32700 null");
  std::string many = "[";
  for (std::size_t i = 0; i <= kBatchMax; ++i) many += std::string(i == 0 ? "" : ",") + "{}";
  EXPECT_EQ(told(many + "]"), "refused -32600 null");
  EXPECT_EQ(told(R"({"jsonrpc":"2.0","id":")" + std::string(kIdBytesMax + 1, 'x') + R"(","method":"a"})"),
            "refused -32600 null");
}

TEST(JsonRpc, WritesAnswers) {
  EXPECT_EQ(result("a", json::Value::object().set("x", 1)).text(), R"({"jsonrpc":"2.0","id":"a","result":{"x":1}})");
  EXPECT_EQ(error(Refusal{Code::parse_error, "no", nullptr}).text(),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}})");
  EXPECT_NE(mark_of(1), mark_of("1"));
}

}  // namespace
}  // namespace atl::json_rpc
