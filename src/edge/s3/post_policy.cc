#include "edge/s3/post_policy.h"

#include <algorithm>
#include <charconv>

#include "edge/s3/errors.h"
#include "foundation/json/json.h"
#include "foundation/net/http_message.h"

namespace atl::s3 {
namespace {

constexpr std::size_t kDepthMax = 8;

tl::unexpected<Error> invalid(std::string_view what) {
  return fail(Code::InvalidPolicyDocument, "The form's policy is not valid: " + std::string(what));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// Some SDKs write the numbers of a range as texts.
Result<std::uint64_t> read_bytes(const json::Value& value) {
  if (const auto* const number = value.as_unsigned(); number != nullptr) return *number;
  const std::string* const text = value.as_text();
  std::uint64_t number = 0;
  if (text == nullptr || text->empty()) return invalid("content-length-range takes two numbers of bytes");
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size())
    return invalid("content-length-range takes two numbers of bytes");
  return number;
}

Result<void> read_list_condition(const json::Array& list, PostPolicy& policy) {
  const std::string* const kind = list.empty() ? nullptr : list.front().as_text();
  if (kind == nullptr || list.size() != 3) return invalid("a condition has three parts");
  const std::string word = lower(*kind);
  if (word == "content-length-range") {
    ATOLL_ASSIGN(const std::uint64_t bytes_min, read_bytes(list[1]));
    ATOLL_ASSIGN(const std::uint64_t bytes_max, read_bytes(list[2]));
    policy.bytes_min = std::max(policy.bytes_min, bytes_min);
    policy.bytes_max = std::min(policy.bytes_max, bytes_max);
    return {};
  }
  const std::string* const field = list[1].as_text();
  const std::string* const value = list[2].as_text();
  if (field == nullptr || value == nullptr || !field->starts_with('$') || field->size() < 2)
    return invalid("a condition names a field as $name, and a text");
  if (word != "eq" && word != "starts-with") return invalid("there is no condition \"" + word.substr(0, 40) + "\"");
  policy.conditions.push_back({word == "eq" ? PostCondition::Kind::equals : PostCondition::Kind::starts_with,
                               lower(std::string_view(*field).substr(1)), *value});
  return {};
}

bool holds(const PostCondition& condition, std::string_view value) {
  if (condition.kind == PostCondition::Kind::equals) return value == condition.value;
  // Of several types, as a browser may name them, each has to begin so.
  if (condition.field != "content-type") return value.starts_with(condition.value);
  while (true) {
    const std::size_t comma = value.find(',');
    if (!net::trim_blanks(value.substr(0, comma)).starts_with(condition.value)) return false;
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

// What carries the policy itself, and what is said to be nobody's business.
bool needs_no_condition(std::string_view field) {
  return field == "policy" || field == "x-amz-signature" || field == "file" || field == "bucket" ||
         field.starts_with("x-ignore-");
}

tl::unexpected<Error> refused(std::string_view what) {
  return fail(Code::AccessDenied, "Invalid according to the form's policy: " + std::string(what));
}

}  // namespace

Result<PostPolicy> read_post_policy(std::string_view base64) {
  const auto text = from_base64(base64);
  if (!text) return invalid("it is not written in base64");
  const auto root = json::Value::parse(
      as_text(*text), {.bytes_max = kFormFieldsBytesMax, .depth_max = kDepthMax, .repeats = json::Repeats::refused});
  if (!root) return invalid(root.error().message);
  if (root->as_members() == nullptr) return invalid("it is a JSON object with expiration and conditions");
  PostPolicy policy;
  bool has_conditions = false;
  bool has_expiration = false;
  for (const auto& [name, value] : *root->as_members()) {
    if (name == "expiration") {
      const auto time = parse_rfc3339(value.as_text() == nullptr ? "" : *value.as_text());
      if (!time) return invalid("expiration is a time like 2030-12-01T12:00:00.000Z");
      policy.expiration = {time->seconds * 1'000'000 + time->nanoseconds / 1000};
      has_expiration = true;
      continue;
    }
    if (name != "conditions") return invalid("it has an unknown member " + name.substr(0, 80));
    if (value.as_array() == nullptr) return invalid("conditions are a list");
    has_conditions = true;
    for (const json::Value& one : *value.as_array()) {
      if (const auto* const list = one.as_array(); list != nullptr) {
        ATOLL_TRY(read_list_condition(*list, policy));
        continue;
      }
      if (one.as_members() == nullptr) return invalid("a condition is a list or an object");
      for (const auto& [field, wanted] : *one.as_members()) {
        if (wanted.as_text() == nullptr) return invalid("a condition's value is a text");
        policy.conditions.push_back({PostCondition::Kind::equals, lower(field), *wanted.as_text()});
      }
    }
  }
  if (!has_expiration || !has_conditions) return invalid("expiration and conditions are needed");
  return policy;
}

Result<void> check_post_policy(const PostPolicy& policy, const FormFields& form, std::string_view bucket,
                               Timestamp now) {
  if (policy.expiration <= now) return refused("it has expired");
  for (const PostCondition& condition : policy.conditions) {
    const auto given = condition.field == "bucket" ? std::optional(bucket) : form.get(condition.field);
    // What need not begin with anything need not be there.
    const bool may_lack = condition.kind == PostCondition::Kind::starts_with && condition.value.empty();
    if (!given && may_lack) continue;
    if (!given || !holds(condition, *given)) return refused("the condition on " + condition.field + " does not hold");
  }
  for (const auto& [field, value] : form.fields) {
    const bool is_named = std::ranges::any_of(
        policy.conditions, [&, name = std::string_view(field)](const auto& one) { return one.field == name; });
    if (!is_named && !needs_no_condition(field)) return refused("extra input field " + field.substr(0, 80));
  }
  return {};
}

}  // namespace atl::s3
