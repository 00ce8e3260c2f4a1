#include "foundation/json/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>

#include "foundation/base/bytes.h"

// Header-only: this module is the only one that knows of the library.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>

namespace atl::json {
namespace {

// Builds the value while the text is read. What Boost.JSON builds by itself keeps one member of each name and does not
// tell that there were more.
class Builder {
 public:
  // Numbers that the parser asks for; sizes are limited by the length of the text.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using ErrorCode = boost::json::error_code;
  using Text = boost::json::string_view;

  explicit Builder(Repeats repeats) : repeats_(repeats) {}

  [[nodiscard]] Value take() { return std::move(done_); }
  [[nodiscard]] const std::optional<std::string>& repeated() const { return repeated_; }

  // NOLINTBEGIN(readability-identifier-naming): the parser's names
  static bool on_document_begin(ErrorCode& /*error*/) { return true; }
  static bool on_document_end(ErrorCode& /*error*/) { return true; }
  bool on_object_begin(ErrorCode& /*error*/) {
    open_.emplace_back(Members{});
    return true;
  }
  bool on_array_begin(ErrorCode& /*error*/) {
    open_.emplace_back(Array{});
    return true;
  }
  bool on_object_end(std::size_t /*count*/, ErrorCode& error) {
    Members members = std::move(std::get<Members>(open_.back().content));
    open_.pop_back();
    if (const Member* const twice = repeated_in(members); twice != nullptr) {
      if (repeats_ == Repeats::refused) {
        repeated_ = twice->first;
        error = boost::json::error::syntax;
        return false;
      }
      keep_last(members);
    }
    return put(Value(std::move(members)));
  }
  bool on_array_end(std::size_t /*count*/, ErrorCode& /*error*/) {
    Array items = std::move(std::get<Array>(open_.back().content));
    open_.pop_back();
    return put(Value(std::move(items)));
  }
  bool on_key_part(Text part, std::size_t /*count*/, ErrorCode& /*error*/) { return gather(part); }
  bool on_key(Text part, std::size_t /*count*/, ErrorCode& /*error*/) {
    gather(part);
    open_.back().name = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(Text part, std::size_t /*count*/, ErrorCode& /*error*/) { return gather(part); }
  bool on_string(Text part, std::size_t /*count*/, ErrorCode& /*error*/) {
    gather(part);
    return put(Value(std::exchange(text_, {})));
  }
  static bool on_number_part(Text /*part*/, ErrorCode& /*error*/) { return true; }
  // What is not negative is told apart from what is: callers ask for one or the other.
  bool on_int64(std::int64_t number, Text /*text*/, ErrorCode& /*error*/) {
    return put(number >= 0 ? Value(static_cast<std::uint64_t>(number)) : Value(number));
  }
  bool on_uint64(std::uint64_t number, Text /*text*/, ErrorCode& /*error*/) { return put(Value(number)); }
  bool on_double(double number, Text /*text*/, ErrorCode& /*error*/) { return put(Value(number)); }
  bool on_bool(bool value, ErrorCode& /*error*/) { return put(Value(value)); }
  bool on_null(ErrorCode& /*error*/) { return put(Value(nullptr)); }
  static bool on_comment_part(Text /*part*/, ErrorCode& /*error*/) { return true; }
  static bool on_comment(Text /*part*/, ErrorCode& /*error*/) { return true; }
  // NOLINTEND(readability-identifier-naming)

 private:
  struct Open {
    explicit Open(std::variant<Array, Members> begun) : content(std::move(begun)) {}
    std::variant<Array, Members> content;
    std::string name;  // of the member that comes next
  };

  bool gather(Text part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool put(Value value) {
    if (open_.empty()) {
      done_ = std::move(value);
    } else if (auto* const members = std::get_if<Members>(&open_.back().content); members != nullptr) {
      members->emplace_back(std::move(open_.back().name), std::move(value));
    } else {
      std::get<Array>(open_.back().content).push_back(std::move(value));
    }
    return true;
  }
  // A member whose name stands there before it; null: none.
  static const Member* repeated_in(const Members& members) {
    constexpr std::size_t few = 8;  // compared faster than a set is made
    if (members.size() <= few) {
      for (std::size_t at = 1; at < members.size(); ++at)
        for (std::size_t before = 0; before < at; ++before)
          if (members[before].first == members[at].first) return &members[at];
      return nullptr;
    }
    std::unordered_set<std::string_view> names;
    names.reserve(members.size());
    for (const Member& member : members)
      if (!names.insert(member.first).second) return &member;
    return nullptr;
  }
  // Each at the place of its last.
  static void keep_last(Members& members) {
    std::unordered_set<std::string_view> names;
    std::vector<bool> stays(members.size());
    for (std::size_t at = members.size(); at-- > 0;) stays[at] = names.insert(members[at].first).second;
    Members kept;
    for (std::size_t at = 0; at < members.size(); ++at)
      if (stays[at]) kept.push_back(std::move(members[at]));
    members = std::move(kept);
  }

  Repeats repeats_;
  std::vector<Open> open_;  // innermost last
  std::string text_;        // a key or text that comes in parts
  std::optional<std::string> repeated_;
  Value done_;
};

tl::unexpected<Error> wrong_type(std::string_view name, std::string_view wanted) {
  return fail(ErrorKind::usage, "json.wrong_type", "\"" + std::string(name) + "\" has to be " + std::string(wanted));
}

// Length of the UTF-8 character at the front; 0 where there is none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (is_utf8(text.substr(0, length))) return length;
  return 0;
}

}  // namespace

Result<Value> Value::parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorKind::limit, "json.too_large",
                "the JSON text has " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(limits.bytes_max) + " are taken");
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  boost::json::basic_parser<Builder> parser(options, limits.repeats);
  boost::json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (const auto& name = parser.handler().repeated()) {
    return fail(
        ErrorKind::usage, "json.repeated_member",
        "the member \"" + name->substr(0, 80) + "\" stands there twice, and it is not clear which one is meant");
  }
  if (error) {
    if (error == boost::json::error::too_deep) {
      return fail(ErrorKind::limit, "json.too_deep",
                  "the JSON text is nested deeper than " + std::to_string(limits.depth_max) + " levels");
    }
    return fail(ErrorKind::usage, "json.malformed",
                "no valid JSON (" + error.message() + ") at byte " + std::to_string(read));
  }
  return parser.handler().take();
}

const Value* Value::find(std::string_view name) const {
  const Members* const members = as_members();
  if (members == nullptr) return nullptr;
  const Value* found = nullptr;
  for (const auto& [key, value] : *members)
    if (key == name) found = &value;
  return found;
}

Value& Value::set(std::string_view name, Value value) {
  if (is_null()) value_ = Members{};
  auto* const members = std::get_if<Members>(&value_);
  ATOLL_INVARIANT(members != nullptr, "members belong to objects");
  members->emplace_back(std::string(name), std::move(value));
  return *this;
}

Value& Value::push(Value value) {
  if (is_null()) value_ = Array{};
  auto* const items = std::get_if<Array>(&value_);
  ATOLL_INVARIANT(items != nullptr, "items belong to arrays");
  items->push_back(std::move(value));
  return *this;
}

Result<std::string> Value::text_of(std::string_view name, std::string_view or_else) const {
  const Value* const value = find(name);
  if (value == nullptr || value->is_null()) return std::string(or_else);
  if (value->as_text() == nullptr) return wrong_type(name, "a text");
  return *value->as_text();
}

Result<std::uint64_t> Value::number_of(std::string_view name, std::uint64_t or_else) const {
  const Value* const value = find(name);
  if (value == nullptr || value->is_null()) return or_else;
  if (value->as_unsigned() == nullptr) return wrong_type(name, "a whole number that is not negative");
  return *value->as_unsigned();
}

Result<bool> Value::flag_of(std::string_view name, bool or_else) const {
  const Value* const value = find(name);
  if (value == nullptr || value->is_null()) return or_else;
  if (value->as_bool() == nullptr) return wrong_type(name, "true or false");
  return *value->as_bool();
}

Result<std::map<std::string, std::string>> Value::texts_of(std::string_view name) const {
  std::map<std::string, std::string> out;
  const Value* const value = find(name);
  if (value == nullptr || value->is_null()) return out;
  if (value->as_members() == nullptr) return wrong_type(name, "an object of texts");
  for (const auto& [key, item] : *value->as_members()) {
    if (item.as_text() == nullptr) return wrong_type(std::string(name) + "." + key, "a text");
    out[key] = *item.as_text();
  }
  return out;
}

Result<std::vector<std::string>> Value::list_of(std::string_view name) const {
  std::vector<std::string> out;
  const Value* const value = find(name);
  if (value == nullptr || value->is_null()) return out;
  if (value->as_array() == nullptr) return wrong_type(name, "a list of texts");
  for (const Value& item : *value->as_array()) {
    if (item.as_text() == nullptr) return wrong_type(name, "a list of texts");
    out.push_back(*item.as_text());
  }
  return out;
}

Result<void> Value::only(std::initializer_list<std::string_view> names) const {
  const Members* const members = as_members();
  if (members == nullptr) return fail(ErrorKind::usage, "json.wrong_type", "a JSON object is expected here");
  for (const auto& [key, value] : *members) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    std::string known;
    for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
    return fail(ErrorKind::usage, "json.unknown_member", "nothing here is named \"" + key + "\"",
                "Possible are: " + known + ".");
  }
  return {};
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto is_plain = [](char letter) {
    const auto c = static_cast<unsigned char>(letter);
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  };
  out += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text.front());
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7F) {
      out += "\\u00";
      out += kDigits[c >> 4U];
      out += kDigits[c & 0xFU];
    } else {
      const std::size_t length = character_length(text);
      if (length == 0) {
        out += "\xEF\xBF\xBD";
      } else {
        out += text.substr(0, length);
        text.remove_prefix(length - 1);
      }
    }
    text.remove_prefix(1);
  }
  out += '"';
}

void Value::append_to(std::string& out) const {
  if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* whole = std::get_if<std::int64_t>(&value_)) {
    out += std::to_string(*whole);
  } else if (const auto* number = std::get_if<std::uint64_t>(&value_)) {
    out += std::to_string(*number);
  } else if (const auto* real = std::get_if<double>(&value_)) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), *real).ptr;
    out += std::isfinite(*real) ? std::string_view(text.data(), static_cast<std::size_t>(end - text.data())) : "null";
  } else if (const auto* words = as_text()) {
    append_quoted(out, *words);
  } else if (const auto* items = as_array()) {
    out += '[';
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += ',';
      (*items)[i].append_to(out);
    }
    out += ']';
  } else if (const auto* members = as_members()) {
    out += '{';
    bool is_first = true;
    for (const auto& [name, value] : *members) {
      if (!is_first) out += ',';
      is_first = false;
      append_quoted(out, name);
      out += ':';
      value.append_to(out);
    }
    out += '}';
  } else {
    out += "null";
  }
}

std::string Value::text() const {
  std::string out;
  append_to(out);
  return out;
}

}  // namespace atl::json
