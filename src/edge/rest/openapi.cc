#include "edge/rest/openapi.h"

#include <algorithm>
#include <set>

#include "edge/rest/operation.h"
#include "edge/rest/schema.h"

namespace atl::rest {
namespace {

using json::Value;

constexpr std::string_view kProblem = "Problem";

// "{key...}" -> "{key}": a parameter is one piece there, its slashes written as %2F.
std::string document_path(std::string_view path) {
  std::string out(path);
  if (const std::size_t at = out.find("...}"); at != std::string::npos) out.erase(at, 3);
  return out;
}

std::vector<std::string> path_parameters(std::string_view path) {
  std::vector<std::string> names;
  const std::string text = document_path(path);
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1))
    names.push_back(text.substr(at + 1, text.find('}', at) - at - 1));
  return names;
}

std::string_view words_of_path_parameter(std::string_view name) {
  if (name == "bucket") return "The bucket's name.";
  if (name == "key")
    return "The object's key, percent-encoded byte for byte; slashes may stand as they are or as %2F. Keys that are no "
           "UTF-8 are written the same way.";
  if (name == "name") return "The name.";
  return "The id.";
}

Value parameter(std::string_view name, std::string_view in, bool is_required, std::string_view words, Value type) {
  Value out = Value::object();
  out.set("name", name).set("in", in);
  if (is_required) out.set("required", true);
  return out.set("description", words).set("schema", std::move(type));
}

Value type_of(const Parameter& row) {
  Value out = Value::object();
  switch (row.type) {
    case ParameterType::flag: return out.set("type", "boolean");
    case ParameterType::number:
      out.set("type", "integer").set("minimum", row.number_min);
      if (row.number_max != UINT64_MAX) out.set("maximum", row.number_max);
      return out;
    case ParameterType::text: break;
  }
  out.set("type", "string");
  if (!row.choices.empty()) {
    Value choices = Value::array();
    for (const std::string_view one : row.choices) choices.push(one);
    out.set("enum", std::move(choices));
  }
  return out;
}

Value content(std::string_view media_type, std::string_view schema) {
  Value media = Value::object();
  media.set("schema", schema == kAnyBytes ? Value::object().set("type", "string").set("format", "binary")
                                          : schema::reference(schema));
  return Value::object().set(media_type, std::move(media));
}

Value parameters_of(const Operation& operation) {
  Value out = Value::array();
  for (const std::string& name : path_parameters(operation.path)) {
    out.push(parameter(name, "path", true, words_of_path_parameter(name), Value::object().set("type", "string")));
  }
  for (const Parameter& row : operation.query) {
    std::string words(row.words);
    if (!row.otherwise.empty()) words += " Otherwise: " + std::string(row.otherwise) + ".";
    out.push(parameter(row.name, "query", false, words, type_of(row)));
  }
  for (const HeaderParameter& row : operation.headers)
    out.push(parameter(row.name, "header", false, row.words, Value::object().set("type", "string")));
  out.push(Value::object().set("$ref", "#/components/parameters/vault"));
  return out;
}

Value describe(const Operation& operation) {
  Value out = Value::object();
  out.set("operationId", operation.id).set("tags", Value::array().push(operation.tag));
  const std::size_t line = operation.words.find('\n');
  out.set("summary", operation.words.substr(0, line));
  std::string more(line == std::string_view::npos ? std::string_view() : operation.words.substr(line + 1));
  Value actions = Value::array();
  std::set<std::string_view> named;
  for (const Guard& guard : operation.guards) {
    if (named.insert(access::name_of(guard.action)).second) actions.push(access::name_of(guard.action));
  }
  if (!operation.open_words.empty()) {
    more += (more.empty() ? "" : "\n") + std::string("Open to everybody: ") + std::string(operation.open_words) + ".";
    out.set("security", Value::array());
  }
  if (!more.empty()) out.set("description", more);
  out.set("x-actions", std::move(actions));
  out.set("parameters", parameters_of(operation));
  if (!operation.body.empty()) {
    Value body = Value::object();
    body.set("required", true);
    body.set("content",
             content(operation.body == kAnyBytes ? "application/octet-stream" : "application/json", operation.body));
    out.set("requestBody", std::move(body));
  }
  Value answers = Value::object();
  for (const Answer& answer : operation.answers) {
    Value one = Value::object().set("description", answer.words);
    if (!answer.schema.empty()) one.set("content", content(answer.media_type, answer.schema));
    answers.set(std::to_string(answer.status), std::move(one));
  }
  Value problem = Value::object().set("description", "What went wrong.");
  problem.set("content", content("application/problem+json", kProblem));
  answers.set("default", std::move(problem));
  return out.set("responses", std::move(answers));
}

std::string lower(std::string_view method) {
  std::string out(method);
  std::ranges::transform(out, out.begin(), [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

void write(const Value& value, std::size_t depth, std::string& out) {
  const auto open_line = [&](std::size_t level) { out += "\n" + std::string(level * 2, ' '); };
  if (const auto* const members = value.as_members(); members != nullptr && !members->empty()) {
    out += '{';
    for (std::size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out += ',';
      open_line(depth + 1);
      json::append_quoted(out, (*members)[i].first);
      out += ": ";
      write((*members)[i].second, depth + 1, out);
    }
    open_line(depth);
    out += '}';
    return;
  }
  const auto* const items = value.as_array();
  const bool is_long = items != nullptr && std::ranges::any_of(*items, [](const Value& one) {
                         return one.as_members() != nullptr || one.as_array() != nullptr;
                       });
  if (!is_long) {
    value.append_to(out);
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (i > 0) out += ',';
    open_line(depth + 1);
    write((*items)[i], depth + 1, out);
  }
  open_line(depth);
  out += ']';
}

}  // namespace

json::Value openapi() {
  Value out = Value::object();
  out.set("openapi", "3.0.3");
  Value info = Value::object();
  info.set("title", "Atoll")
      .set("version", "1")
      .set("description",
           "Everything that is stored, by name, by version and by moment. Times are RFC 3339, sizes are bytes. A list "
           "gives "
           "`next_cursor` where there is more; give it back as `cursor`. Fields may be added to answers. Errors are "
           "problem+json (RFC 9457) with a stable `id`. A POST may carry an Idempotency-Key.");
  out.set("info", std::move(info));
  out.set("servers", Value::array().push(Value::object().set("url", "/")));
  out.set("security", Value::array()
                          .push(Value::object().set("token", Value::array()))
                          .push(Value::object().set("session", Value::array())));
  std::vector<std::pair<std::string, Value>> paths;
  for (const Operation& operation : operations()) {
    const std::string path = document_path(operation.path);
    auto found = std::ranges::find(paths, path, &std::pair<std::string, Value>::first);
    if (found == paths.end()) found = paths.insert(paths.end(), {path, Value::object()});
    found->second.set(lower(operation.method), describe(operation));
  }
  Value path_members = Value::object();
  for (auto& [path, value] : paths) path_members.set(path, std::move(value));
  out.set("paths", std::move(path_members));
  Value components = Value::object();
  Value all = Value::object();
  for (const NamedSchema& one : schemas()) all.set(one.name, one.schema);
  components.set("schemas", std::move(all));
  components.set("parameters", Value::object().set(
                                   "vault", parameter("vault", "query", false,
                                                      "The vault's name or id, where the home has several. The header "
                                                      "Atoll-Vault says the same.",
                                                      Value::object().set("type", "string"))));
  Value token = Value::object().set("type", "http").set("scheme", "bearer");
  Value session = Value::object().set("type", "apiKey").set("in", "cookie").set("name", "atoll_session");
  components.set("securitySchemes", Value::object().set("token", std::move(token)).set("session", std::move(session)));
  return out.set("components", std::move(components));
}

std::string openapi_document() {
  std::string out;
  write(openapi(), 0, out);
  return out + "\n";
}

}  // namespace atl::rest
