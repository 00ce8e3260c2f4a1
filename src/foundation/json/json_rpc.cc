#include "foundation/json/json_rpc.h"

namespace atl::json_rpc {
namespace {

using json::Value;

bool is_number(const Value& value) {
  return !value.is_null() && value.as_bool() == nullptr && value.as_text() == nullptr && value.as_array() == nullptr &&
         value.as_members() == nullptr;
}

bool is_id(const Value& value) {
  const std::string* const text = value.as_text();
  return text != nullptr ? text->size() <= kIdBytesMax : is_number(value);
}

Refusal refuse(std::string words, Value id = nullptr) {
  return {Code::invalid_request, std::move(words), std::move(id)};
}

Incoming read_one(const Value& value) {
  if (!value.is_object()) return refuse("a message is an object");
  const Value* const given_id = value.find("id");
  if (given_id != nullptr && !is_id(*given_id)) return refuse("an id is a number, or a text of at most 256 bytes");
  const Value id = given_id == nullptr ? Value() : *given_id;
  const Value* const version = value.find("jsonrpc");
  if (version == nullptr || version->as_text() == nullptr || *version->as_text() != "2.0")
    return refuse("\"jsonrpc\" has to be \"2.0\"", id);
  Message message;
  message.id = id;
  const Value* const method = value.find("method");
  if (method == nullptr) {
    const bool is_answer = given_id != nullptr && (value.find("result") != nullptr || value.find("error") != nullptr);
    if (!is_answer) return refuse("there is no method", id);
    message.kind = Message::Kind::response;
    return message;
  }
  if (method->as_text() == nullptr || method->as_text()->empty() || method->as_text()->size() > kMethodBytesMax)
    return refuse("a method is a text of 1 to 256 bytes", id);
  message.method = *method->as_text();
  if (const Value* const params = value.find("params"); params != nullptr) {
    if (!params->is_object() && params->as_array() == nullptr) return refuse("params are an object or a list", id);
    message.params = *params;
  }
  message.kind = given_id == nullptr ? Message::Kind::notification : Message::Kind::request;
  return message;
}

Value envelope() { return Value::object().set("jsonrpc", "2.0"); }

}  // namespace

Parcel read(std::string_view text, std::size_t bytes_max) {
  const auto refused = [](Refusal refusal) {
    Parcel parcel;
    parcel.items.emplace_back(std::move(refusal));
    return parcel;
  };
  const auto value =
      Value::parse(text, {.bytes_max = bytes_max, .depth_max = kDepthMax, .repeats = json::Repeats::refused});
  if (!value) {
    if (value.error().id == "json.too_large")
      return refused(refuse("the message is larger than " + std::to_string(bytes_max) + " bytes"));
    return refused({Code::parse_error, value.error().message, nullptr});
  }
  const json::Array* const list = value->as_array();
  Parcel parcel;
  if (list == nullptr) {
    parcel.items.push_back(read_one(*value));
    return parcel;
  }
  if (list->empty()) return refused(refuse("a list of messages has at least one"));
  if (list->size() > kBatchMax) return refused(refuse("a list of messages has at most " + std::to_string(kBatchMax)));
  parcel.is_batch = true;
  for (const Value& one : *list) parcel.items.push_back(read_one(one));
  return parcel;
}

Value request(Value id, std::string_view method, Value params) {
  return envelope().set("id", std::move(id)).set("method", method).set("params", std::move(params));
}

Value notification(std::string_view method, Value params) {
  return envelope().set("method", method).set("params", std::move(params));
}

Value result(const Value& id, Value value) { return envelope().set("id", id).set("result", std::move(value)); }

Value error(const Value& id, Code code, std::string_view words, Value data) {
  Value body = Value::object();
  body.set("code", static_cast<std::int64_t>(code)).set("message", words);
  if (!data.is_null()) body.set("data", std::move(data));
  return envelope().set("id", id).set("error", std::move(body));
}

Value error(const Refusal& refusal) { return error(refusal.id, refusal.code, refusal.words); }

std::string mark_of(const Value& id) { return id.text(); }

}  // namespace atl::json_rpc
