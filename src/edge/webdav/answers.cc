#include "edge/webdav/answers.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "edge/errors/error_table.h"
#include "foundation/net/http_date.h"

namespace atl::webdav {
namespace {

struct StatusOf {
  std::string_view id;
  unsigned status;
};
constexpr std::array kStatuses = {
    StatusOf{"dav.locked", 423},
    StatusOf{"dav.precondition_failed", 412},
    StatusOf{"dav.no_such_lock", 409},
    StatusOf{"dav.not_your_lock", 403},
    StatusOf{"dav.no_parent", 409},
    StatusOf{"dav.forbidden", 403},
    StatusOf{"dav.finite_depth", 403},
    StatusOf{"dav.not_allowed", 405},
    StatusOf{"dav.other_server", 502},
    StatusOf{"dav.unexpected_body", 415},
    StatusOf{"dav.too_many_locks", 507},
    StatusOf{"dav.too_many_properties", 507},
    StatusOf{"dav.property_too_large", 507},
    StatusOf{"dav.bad_if", 400},
    StatusOf{"bucket.bad_name", 403},
};

struct MediaType {
  std::string_view ending;
  std::string_view type;
};
// The registered names (IANA media types) of what people keep most.
constexpr std::array kMediaTypes = {
    MediaType{"7z", "application/x-7z-compressed"},
    MediaType{"aac", "audio/aac"},
    MediaType{"avi", "video/x-msvideo"},
    MediaType{"avif", "image/avif"},
    MediaType{"bmp", "image/bmp"},
    MediaType{"css", "text/css"},
    MediaType{"csv", "text/csv"},
    MediaType{"doc", "application/msword"},
    MediaType{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    MediaType{"epub", "application/epub+zip"},
    MediaType{"flac", "audio/flac"},
    MediaType{"gif", "image/gif"},
    MediaType{"gz", "application/gzip"},
    MediaType{"heic", "image/heic"},
    MediaType{"htm", "text/html"},
    MediaType{"html", "text/html"},
    MediaType{"ics", "text/calendar"},
    MediaType{"jpeg", "image/jpeg"},
    MediaType{"jpg", "image/jpeg"},
    MediaType{"js", "text/javascript"},
    MediaType{"json", "application/json"},
    MediaType{"m4a", "audio/mp4"},
    MediaType{"md", "text/markdown"},
    MediaType{"mkv", "video/x-matroska"},
    MediaType{"mov", "video/quicktime"},
    MediaType{"mp3", "audio/mpeg"},
    MediaType{"mp4", "video/mp4"},
    MediaType{"odp", "application/vnd.oasis.opendocument.presentation"},
    MediaType{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    MediaType{"odt", "application/vnd.oasis.opendocument.text"},
    MediaType{"ogg", "audio/ogg"},
    MediaType{"opus", "audio/ogg"},
    MediaType{"pdf", "application/pdf"},
    MediaType{"png", "image/png"},
    MediaType{"ppt", "application/vnd.ms-powerpoint"},
    MediaType{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    MediaType{"rtf", "application/rtf"},
    MediaType{"svg", "image/svg+xml"},
    MediaType{"tar", "application/x-tar"},
    MediaType{"tif", "image/tiff"},
    MediaType{"tiff", "image/tiff"},
    MediaType{"txt", "text/plain"},
    MediaType{"vcf", "text/vcard"},
    MediaType{"wav", "audio/wav"},
    MediaType{"webm", "video/webm"},
    MediaType{"webp", "image/webp"},
    MediaType{"xls", "application/vnd.ms-excel"},
    MediaType{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    MediaType{"xml", "application/xml"},
    MediaType{"zip", "application/zip"},
};

constexpr std::size_t kMembersAtOnce = 500;

std::string rfc3339(Timestamp time) { return format_rfc3339(FileTime{time.unix_us / 1'000'000, 0}); }

std::string quoted(std::string_view text) {
  std::string out;
  append_text(out, text);
  return out;
}

}  // namespace

unsigned status_of(const Error& error) {
  const auto found = std::ranges::find(kStatuses, error.id, &StatusOf::id);
  return found != kStatuses.end() ? found->status : edge::row_of(error).http_status;
}

net::Response xml_response(unsigned status, std::string document) {
  net::Response response;
  response.status = status;
  response.headers.set("Content-Type", "application/xml; charset=utf-8");
  response.body = std::move(document);
  return response;
}

net::Response answer_error(const Error& error, std::string_view request_id, std::string_view condition) {
  const unsigned status = status_of(error);
  net::Response response;
  if (!condition.empty()) {
    response = xml_response(status, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">" +
                                        std::string(condition) + "</D:error>\n");
  } else {
    const bool is_inside = status == 500 && error.kind != ErrorKind::damaged;
    std::string words = is_inside ? "Something failed inside; the server's log says more." : error.message + ".";
    if (!error.hint.empty() && !is_inside) words += "\n" + error.hint;
    words += "\nRequest " + std::string(request_id) + ", error " + error.id;
    response = net::text_response(status, std::move(words));
  }
  response.trouble = error;
  if (status == 401) response.headers.set("WWW-Authenticate", "Basic realm=\"Atoll\", charset=\"UTF-8\"");
  if (status == 429 || status == 503) response.headers.set("Retry-After", "1");
  add_safety_headers(response.headers);
  return response;
}

std::string_view media_type_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    const auto found = std::ranges::find_if(
        kMediaTypes, [&](const MediaType& one) { return net::equal_ignoring_case(one.ending, name.substr(dot + 1)); });
    if (found != kMediaTypes.end()) return found->type;
  }
  return "application/octet-stream";
}

void add_safety_headers(net::Headers& headers) {
  // Files come from the same origin as the server's own page: nothing in them may act with its rights.
  headers.set("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'");
  headers.set("X-Content-Type-Options", "nosniff");
}

std::string lock_place(const VaultId& vault, const Place& place) {
  std::string out = vault.text();
  if (!place.bucket.empty()) out += "/" + place.bucket;
  if (!place.key.empty()) out += "/" + place.key;
  return out;
}

std::string lock_discovery(const std::vector<Lock>& locks, const std::string& vault, const std::string& base_path,
                           const platform::Machine& machine) {
  const std::int64_t now = machine.clock.monotonic_ns();
  std::string out;
  for (const Lock& lock : locks) {
    // "<vault>/bucket/key"
    const std::size_t slash = lock.place.find('/');
    Place root;
    root.vault = vault;
    root.bucket = slash == std::string::npos ? std::string() : lock.place.substr(slash + 1);
    if (const std::size_t second = root.bucket.find('/'); second != std::string::npos) {
      root.key = root.bucket.substr(second + 1);
      root.bucket.resize(second);
    }
    out += "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope>";
    out += lock.scope == LockScope::exclusive ? "<D:exclusive/>" : "<D:shared/>";
    out += "</D:lockscope><D:depth>";
    out += lock.is_deep ? "infinity" : "0";
    out += "</D:depth>" + lock.owner + "<D:timeout>Second-";
    out += std::to_string(std::max<std::int64_t>((lock.until_ns - now + 999'999'999) / 1'000'000'000, 0));
    out += "</D:timeout><D:locktoken><D:href>" + lock.token + "</D:href></D:locktoken><D:lockroot><D:href>";
    append_text(out, base_path + href(root, false));
    out += "</D:href></D:lockroot></D:activelock>";
  }
  return out;
}

Renderer::Renderer(server::Exchange& exchange, const server::VaultUse& use, const LockTable& locks,
                   PropfindRequest request)
    : host_(&exchange.host),
      who_(exchange.who),
      view_(exchange.host.access().view()),
      locks_(&locks),
      vault_(use.id()),
      base_path_(base_path_of(exchange.base_url())),
      request_(std::move(request)) {
  const net::Headers& headers = exchange.request.headers;
  is_minimal_ = headers.get("Brief").value_or("") == "t" || headers.has_token("Prefer", "return=minimal");
}

bool Renderer::may_see(const Node& node) const {
  access::Resource resource;
  resource.vault = vault_;
  resource.bucket = node.place.bucket;
  const std::string key = node.is_file() ? node.place.key : node.place.member_prefix();
  resource.key = key;
  const auto action = node.kind == NodeKind::bucket ? access::Action::list_buckets : access::Action::read_metadata;
  return view_->decide(who_, action, resource, host_->machine().clock.now()).allowed;
}

std::optional<std::string> Renderer::quota_of(Live live, const Node& node, vault::Vault& vault) const {
  if (!node.is_folder()) return std::nullopt;
  if (live == Live::quota_used_bytes) {
    const auto reader = vault.reader();
    const auto rows = reader->buckets();
    if (!rows) return std::nullopt;
    std::uint64_t used = 0;
    for (const catalog::BucketRow& row : *rows) {
      if (node.bucket && row.id != node.bucket->id) continue;
      Node bucket;
      bucket.kind = NodeKind::bucket;
      bucket.place.bucket = row.name;
      if (!may_see(bucket)) continue;
      const auto totals = reader->totals(row.id);
      if (!totals) return std::nullopt;
      used += totals->logical_bytes;
    }
    return std::to_string(used);
  }
  const auto space = host_->machine().files.space(vault.folder());
  std::uint64_t available = space ? space->available_bytes : UINT64_MAX;
  for (const catalog::QuotaRow& quota : view_->rows().quotas) {
    if (quota.bytes_max == 0 || (!quota.vault.is_none() && quota.vault != vault_) ||
        (!quota.bucket.empty() && quota.bucket != node.place.bucket) ||
        (!quota.principal.is_none() && quota.principal != who_.principal))
      continue;
    const auto used =
        host_->access().usage().of(quota.vault, quota.bucket, quota.principal.is_none() ? std::string() : who_.name);
    const auto has = static_cast<std::uint64_t>(std::max<std::int64_t>(used.bytes, 0));
    available = std::min(available, quota.bytes_max - std::min(has, quota.bytes_max));
  }
  return std::to_string(available);
}

std::optional<std::string> Renderer::value_of(Live live, const Node& node, vault::Vault& vault) const {
  const catalog::VersionRow* const version = node.version();
  const Timestamp made = node.bucket ? node.bucket->created : Timestamp{};
  switch (live) {
    case Live::creationdate:
      if (node.kind == NodeKind::vault) return std::nullopt;
      return rfc3339(version != nullptr ? version->begin_time : made);
    case Live::displayname: return quoted(node.place.name());
    case Live::getcontentlength:
      if (!node.is_file()) return std::nullopt;
      return std::to_string(version->size);
    case Live::getcontenttype:
      if (!node.is_file()) return std::nullopt;
      return quoted(version->content_type.empty() ? media_type_of(node.place.key) : version->content_type);
    case Live::getetag:
      if (!node.is_file()) return std::nullopt;
      return quoted(net::format(tag_of(*version)));
    case Live::getlastmodified:
    case Live::win32_last_modified_time:
      if (node.kind == NodeKind::vault || (live == Live::win32_last_modified_time && version == nullptr))
        return std::nullopt;
      return net::format_http_date(version != nullptr ? modified_of(*version).seconds : made.unix_us / 1'000'000);
    case Live::resourcetype: return node.is_folder() ? "<D:collection/>" : "";
    case Live::lockdiscovery:
      return lock_discovery(locks_->covering(lock_place(vault_, node.place)), node.place.vault, base_path_,
                            host_->machine());
    case Live::supportedlock:
      if (node.kind == NodeKind::vault) return "";
      return "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
             "<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>";
    case Live::quota_available_bytes:
    case Live::quota_used_bytes: return quota_of(live, node, vault);
    case Live::getcontentlanguage: {
      if (!node.is_file()) return std::nullopt;
      const auto found = version->metadata.find(std::string(kContentLanguage));
      if (found == version->metadata.end()) return std::nullopt;
      return quoted(found->second);
    }
    case Live::lastmodified:
    case Live::none: break;
  }
  return std::nullopt;
}

bool Renderer::append_property(std::string& out, const PropertyName& name, const Node& node, vault::Vault& vault,
                               bool name_only) const {
  const catalog::VersionRow* const version = node.version();
  // What a client set counts before what is told anyhow: displayname.
  if (const Live live = live_of(name); version != nullptr && !is_protected(live)) {
    if (const auto piece = dead_property(version->metadata, name)) {
      if (name_only) {
        append_empty(out, name);
      } else {
        out += *piece;
      }
      return true;
    }
  }
  const Live live = live_of(name);
  if (live == Live::none) return false;
  const auto value = value_of(live, node, vault);
  if (!value) return false;
  if (name_only || value->empty()) {
    append_empty(out, name);
  } else if (name.space == kDav) {
    out += "<D:" + name.name + ">" + *value + "</D:" + name.name + ">";
  } else {
    out += "<" + name.name + " xmlns=\"" + quoted(name.space) + "\">" + *value + "</" + name.name + ">";
  }
  return true;
}

void Renderer::append(std::string& out, const Node& node, vault::Vault& vault) const {
  constexpr std::array kAll = {
      Live::creationdate, Live::displayname,     Live::getcontentlanguage, Live::getcontentlength, Live::getcontenttype,
      Live::getetag,      Live::getlastmodified, Live::lockdiscovery,      Live::resourcetype,     Live::supportedlock};
  std::string found;
  std::string missing;
  const bool name_only = request_.kind == PropfindRequest::Kind::names;
  if (request_.kind != PropfindRequest::Kind::some) {
    for (const Live live : kAll) append_property(found, name_of(live), node, vault, name_only);
    if (name_only && node.is_folder()) {
      append_property(found, name_of(Live::quota_available_bytes), node, vault, true);
      append_property(found, name_of(Live::quota_used_bytes), node, vault, true);
    }
    if (node.version() != nullptr) {
      for (const auto& [name, piece] : dead_properties(node.version()->metadata)) {
        if (live_of(name) != Live::none) continue;
        if (name_only) {
          append_empty(found, name);
        } else {
          found += piece;
        }
      }
    }
  }
  for (const PropertyName& name : request_.wanted) {
    if (!append_property(found, name, node, vault, false)) append_empty(missing, name);
  }
  out += "<D:response><D:href>";
  append_text(out, base_path_ + href(node.place, node.is_folder()));
  out += "</D:href>";
  if (!found.empty() || missing.empty() || is_minimal_)
    out += "<D:propstat><D:prop>" + found + "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>";
  if (!missing.empty() && !is_minimal_)
    out += "<D:propstat><D:prop>" + missing + "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>";
  out += "</D:response>\n";
}

MembersSource::MembersSource(server::VaultUse use, Node folder, std::string begin, Append append, std::string end)
    : use_(std::move(use)),
      tree_(use_.vault(), {}),
      folder_(std::move(folder)),
      append_(std::move(append)),
      ready_(std::move(begin)),
      end_(std::move(end)) {}

Result<void> MembersSource::fill() {
  ready_.clear();
  sent_ = 0;
  while (ready_.empty() && !is_done_) {
    ATOLL_ASSIGN(const Members page, tree_.members(folder_, after_, kMembersAtOnce));
    for (const Node& node : page.nodes) append_(ready_, node, use_.vault());
    after_ = page.next_after;
    is_done_ = !page.has_more;
    if (is_done_) ready_ += end_;
  }
  return {};
}

Result<net::Pulled> MembersSource::pull(ByteSpan out) {
  if (sent_ == ready_.size()) ATOLL_TRY(fill());
  const std::size_t count = std::min(out.size(), ready_.size() - sent_);
  std::ranges::copy(as_bytes(ready_).subspan(sent_, count), out.begin());
  sent_ += count;
  const bool is_end = is_done_ && sent_ == ready_.size();
  return net::Pulled{count, is_end ? net::Pulled::State::end : net::Pulled::State::more, 0, {}};
}

FileSource::FileSource(server::VaultUse use, catalog::VersionRow version, std::uint64_t offset, std::uint64_t length)
    : use_(std::move(use)), version_(std::move(version)), offset_(offset), left_(length) {}

Result<net::Pulled> FileSource::pull(ByteSpan out) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()));
  std::size_t filled = 0;
  if (wanted > 0) {
    ATOLL_TRY(
        vault::read_version(use_.vault().chunks(), version_, offset_, wanted, [&](ByteView bytes) -> Result<bool> {
          if (!bytes.empty()) std::memcpy(out.data() + filled, bytes.data(), bytes.size());
          filled += bytes.size();
          return true;
        }));
  }
  offset_ += filled;
  left_ -= filled;
  return net::Pulled{filled, left_ == 0 ? net::Pulled::State::end : net::Pulled::State::more, 0, {}};
}

std::string page_begin(const Place& folder, const std::string& base_path) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>";
  append_text(out, folder.name());
  out +=
      "</title><style>body{font-family:sans-serif;margin:2em}td{padding:.1em 1em .1em 0}"
      "td.n{text-align:right}</style></head>\n<body>\n<h1>";
  append_text(out, "/" + folder.bucket + (folder.key.empty() ? "" : "/" + folder.key));
  out += "</h1>\n<table>\n";
  if (!folder.is_root() || !folder.vault.empty()) {
    Place up = folder.parent();
    if (folder.is_root()) up.vault.clear();
    out += "<tr><td><a href=\"";
    append_text(out, base_path + href(up, true));
    out += "\">..</a></td><td></td><td></td></tr>\n";
  }
  return out;
}

void append_page_line(std::string& out, const Node& node, const std::string& base_path) {
  out += "<tr><td><a href=\"";
  append_text(out, base_path + href(node.place, node.is_folder()));
  out += "\">";
  append_text(out, node.place.name() + (node.is_folder() ? "/" : ""));
  out += "</a></td><td class=\"n\">";
  if (node.is_file()) out += std::to_string(node.version()->size);
  out += "</td><td>";
  if (node.version() != nullptr) out += format_rfc3339(FileTime{modified_of(*node.version()).seconds, 0});
  out += "</td></tr>\n";
}

}  // namespace atl::webdav
