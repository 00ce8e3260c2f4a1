#include "derived/vector/endpoint_address.h"

#include <algorithm>
#include <array>

#include "foundation/json/json.h"
#include "foundation/net/http_client.h"
#include "foundation/net/uri.h"

namespace atl::vector {
namespace {

constexpr std::string_view kOllamaPath = "/api/embed";
constexpr std::string_view kOpenaiPath = "/v1/embeddings";
constexpr std::uint32_t kOfferTimeoutMs = 1'000;
constexpr std::size_t kListBytesMax = 1024 * 1024;
constexpr std::size_t kModelsMax = 20;  // of one server
constexpr std::string_view kOllamaOrigin = "http://127.0.0.1:11434";
constexpr std::array<std::string_view, 3> kOpenaiOrigins = {"http://127.0.0.1:1234", "http://127.0.0.1:8080",
                                                            "http://127.0.0.1:8000"};

tl::unexpected<Error> bad_url(const std::string& why) {
  return fail(ErrorKind::usage, "endpoint.bad_url", why,
              "for example http://127.0.0.1:11434/api/embed?model=nomic-embed-text");
}

// Lists name every model of a server; those that answer questions are no use here.
bool may_embed(std::string_view model) {
  static constexpr std::array<std::string_view, 8> marks = {"embed",  "bge",    "gte",   "e5",
                                                            "minilm", "arctic", "nomic", "retriev"};
  std::string name(model);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::any_of(marks, [&](std::string_view mark) { return name.find(mark) != std::string::npos; });
}

void add_models(std::vector<std::string>& offers, std::string_view origin, EndpointOptions::Kind kind) {
  const bool is_ollama = kind == EndpointOptions::Kind::ollama;
  net::ClientOptions options;
  options.connect_timeout_ms = kOfferTimeoutMs;
  options.total_timeout_ms = kOfferTimeoutMs;
  const auto client = net::HttpClient::open(options);
  if (!client) return;
  net::ClientRequest request;
  request.url = std::string(origin) + (is_ollama ? "/api/tags" : "/v1/models");
  request.body_bytes_max = kListBytesMax;
  const auto response = (*client)->send(request);
  if (!response || response->status != 200) return;
  const auto answer = json::Value::parse(as_text(response->body), {kListBytesMax, 32});
  const json::Value* const list = answer ? answer->find(is_ollama ? "models" : "data") : nullptr;
  if (list == nullptr || list->as_array() == nullptr) return;
  std::size_t count = 0;
  for (const json::Value& one : *list->as_array()) {
    const auto model = one.text_of(is_ollama ? "name" : "id");
    if (!model || model->empty() || !may_embed(*model) || ++count > kModelsMax) continue;
    EndpointOptions found;
    found.kind = kind;
    found.url = std::string(origin) + std::string(is_ollama ? kOllamaPath : kOpenaiPath);
    found.model = *model;
    offers.push_back(endpoint_text(found));
  }
}

}  // namespace

bool EndpointAddress::is_this_machine() const {
  const auto is_digit_or_dot = [](char c) { return c == '.' || (c >= '0' && c <= '9'); };
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && std::ranges::all_of(host, is_digit_or_dot));
}

Result<EndpointAddress> parse_endpoint_address(std::string_view url) {
  const std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return bad_url("an embedding server is named by an http:// or https:// address");
  if (url.find_first_of(" \r\n\t?#@\\") != std::string_view::npos)
    return bad_url("the address of an embedding server holds no blanks, names, passwords or fragments");
  const std::size_t slash = std::min(url.find('/', scheme), url.size());
  std::string_view host = url.substr(scheme, slash - scheme);
  if (host.starts_with('[')) {
    host = host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host.empty()) return bad_url("the address of an embedding server names no host");
  std::string path(url.substr(slash));
  while (path.ends_with('/')) path.pop_back();
  return EndpointAddress{std::string(url.substr(0, slash)), std::string(host), path};
}

Result<EndpointOptions> parse_endpoint(std::string_view text) {
  const net::Target target = net::split_target(text);
  ATOLL_ASSIGN(const auto address, parse_endpoint_address(target.path));
  EndpointOptions options;
  ATOLL_ASSIGN(const auto query, net::Query::parse(target.query.value_or(""), net::Plus::space, 16));
  for (const auto& pair : query.pairs()) {
    std::string* to = nullptr;
    if (pair.name == "model") to = &options.model;
    if (pair.name == "query_prefix") to = &options.query_prefix;
    if (pair.name == "document_prefix") to = &options.document_prefix;
    if (to == nullptr)
      return bad_url("behind the address of an embedding server stand model, query_prefix and document_prefix, not \"" +
                     pair.name.substr(0, 40) + "\"");
    *to = pair.value.value_or("");
  }
  if (options.model.empty()) return bad_url("the address of an embedding server wants a model: ?model=NAME behind it");
  const bool is_ollama =
      address.path.ends_with(kOllamaPath) || (address.path.empty() && address.origin.ends_with(":11434"));
  options.kind = is_ollama ? EndpointOptions::Kind::ollama : EndpointOptions::Kind::openai;
  options.url = address.origin;
  if (address.path.empty()) {
    options.url += is_ollama ? kOllamaPath : kOpenaiPath;
  } else {
    options.url += address.path;
    if (!is_ollama && address.path.ends_with("/v1")) options.url += "/embeddings";
  }
  return options;
}

std::string endpoint_text(const EndpointOptions& options) {
  std::string text = options.url + "?model=" + net::percent_encode(options.model, "/:");
  if (!options.query_prefix.empty()) text += "&query_prefix=" + net::percent_encode(options.query_prefix);
  if (!options.document_prefix.empty()) text += "&document_prefix=" + net::percent_encode(options.document_prefix);
  return text;
}

std::vector<std::string> offered_endpoints() {
  std::vector<std::string> offers;
  add_models(offers, kOllamaOrigin, EndpointOptions::Kind::ollama);
  for (const std::string_view origin : kOpenaiOrigins) add_models(offers, origin, EndpointOptions::Kind::openai);
  return offers;
}

}  // namespace atl::vector
