#include "edge/web/web_door.h"

#include <algorithm>
#include <string>

#include "foundation/net/uri.h"

namespace atl::web {
namespace {

// 'self' alone may run and style; pictures and media may also be blobs that the page's own script made of stored
// content. A stored file is shown in a frame that its own answer's `sandbox` policy closes.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self' blob:; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'";

constexpr std::string_view kNoPage =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Atoll</title><h1>Atoll runs</h1>"
    "<p>This program was built without its page. S3, WebDAV at /dav/, REST at /api/v1 and the command line work.</p>";

constexpr std::string_view kRobots = "User-agent: *\nDisallow: /\n";
constexpr std::string_view kBaseTag = "<base href=\"/\"";

bool is_page(std::string_view path) {
  return path == "/" || path == "/ui" || path.starts_with("/ui/") || path.starts_with("/s/");
}

void set_guards(net::Headers& headers) {
  headers.set("Content-Security-Policy", std::string(kPolicy));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
}

const Asset* find(std::span<const Asset> assets, std::string_view path) {
  const auto found = std::ranges::find(assets, path, &Asset::path);
  return found == assets.end() ? nullptr : &*found;
}

net::Response not_modified_or(const net::Request& request, net::Response response) {
  const auto tag = response.headers.get("ETag");
  if (tag && (request.headers.has_token("If-None-Match", *tag) || request.headers.has_token("If-None-Match", "*"))) {
    response.status = 304;
    response.body = std::string();
  }
  return response;
}

net::Response asset_response(const net::Request& request, const Asset& asset) {
  net::Response response;
  set_guards(response.headers);
  response.headers.set("Content-Type", std::string(asset.media_type));
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("Cache-Control",
                       asset.path.starts_with("ui/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
  // A weight in Accept-Encoding ("br;q=0.5") is read as no: what is sent then is larger, never wrong.
  ByteView content = asset.plain;
  std::string form;
  if (!asset.brotli.empty() && request.headers.has_token("Accept-Encoding", "br")) {
    content = asset.brotli;
    form = "br";
  } else if (!asset.gzip.empty() && request.headers.has_token("Accept-Encoding", "gzip")) {
    content = asset.gzip;
    form = "gzip";
  }
  if (!form.empty()) response.headers.set("Content-Encoding", form);
  response.headers.set("ETag", "\"" + std::string(asset.digest) + form + "\"");
  response.length = content.size();
  if (request.method != "HEAD") response.body = net::SharedBytes{nullptr, content};
  return not_modified_or(request, std::move(response));
}

// Below a path of a proxy the page has to know that path: it stands in its <base>.
net::Response index_below(const net::Request& request, const Asset& index, std::string_view base_path) {
  std::string text = to_string(index.plain);
  const std::size_t at = text.find(kBaseTag);
  if (at != std::string::npos) text.replace(at, kBaseTag.size(), "<base href=\"" + std::string(base_path) + "\"");
  net::Response response;
  set_guards(response.headers);
  response.headers.set("Content-Type", std::string(index.media_type));
  response.headers.set("Cache-Control", "no-cache");
  response.length = text.size();
  if (request.method != "HEAD") response.body = std::move(text);
  return response;
}

net::Response text(const net::Request& request, std::string_view media_type, std::string_view content) {
  net::Response response;
  set_guards(response.headers);
  response.headers.set("Content-Type", std::string(media_type));
  response.headers.set("Cache-Control", "no-cache");
  response.length = content.size();
  if (request.method != "HEAD") response.body = std::string(content);
  return response;
}

net::Response nothing_here() {
  auto response = net::text_response(404, "there is nothing at this address");
  set_guards(response.headers);
  return response;
}

// "/files/" of "https://host/files"; "/" where the base has no path, or one that could not stand in an attribute.
std::string base_path_of(std::string_view base_url) {
  const std::size_t scheme = base_url.find("://");
  const std::size_t slash = scheme == std::string_view::npos ? scheme : base_url.find('/', scheme + 3);
  if (slash == std::string_view::npos) return "/";
  std::string path(base_url.substr(slash));
  const bool is_plain = std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
           c == '_' || c == '.' || c == '~';
  });
  if (!is_plain) return "/";
  if (!path.ends_with('/')) path += '/';
  return path;
}

}  // namespace

net::Response answer_page(std::span<const Asset> assets, const net::Request& request, std::string_view path,
                          std::string_view base_path) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = net::text_response(405, "the page is only read: GET or HEAD");
    refused.headers.set("Allow", "GET, HEAD");
    return refused;
  }
  if (path == "/robots.txt") return text(request, "text/plain; charset=utf-8", kRobots);
  const Asset* const index = find(assets, kIndexPath);
  if (index == nullptr) {
    return is_page(path) && !path.starts_with("/ui/assets/") ? text(request, "text/html; charset=utf-8", kNoPage)
                                                             : nothing_here();
  }
  if (path == "/favicon.ico") {
    const auto icon = std::ranges::find_if(assets, [](const Asset& one) { return one.path.ends_with(".svg"); });
    return icon == assets.end() ? nothing_here() : asset_response(request, *icon);
  }
  if (path.starts_with("/ui/assets/")) {
    const Asset* const asset = find(assets, path.substr(1));
    return asset == nullptr ? nothing_here() : asset_response(request, *asset);
  }
  if (!is_page(path)) return nothing_here();
  return base_path == "/" ? asset_response(request, *index) : index_below(request, *index, base_path);
}

bool WebDoor::takes(const server::Exchange& exchange) const {
  const std::string_view path = exchange.target.path;
  return is_page(path) || path == "/favicon.ico" || path == "/robots.txt";
}

net::Response WebDoor::answer(server::Exchange& exchange) {
  exchange.route = "page";
  return answer_page(assets_, exchange.request, exchange.target.path, base_path_of(exchange.host.settings().base_url));
}

}  // namespace atl::web
