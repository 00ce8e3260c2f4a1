// OPTIONS, PROPFIND, GET and HEAD.
#include <algorithm>
#include <cstring>

#include "edge/webdav/internal/visit.h"
#include "foundation/net/http_date.h"
#include "foundation/net/range.h"

namespace atl::webdav {
namespace {

// Small content is read at once: an error can still be answered as one.
constexpr std::uint64_t kReadAtOnceBytesMax = 64 * 1024;

}  // namespace

net::Response Visit::options() const {
  net::Response response;
  response.headers.set("DAV", "1, 2");
  response.headers.set("MS-Author-Via", "DAV");
  response.headers.set("Allow", std::string(kMethodNames));
  return response;
}

net::Response Visit::propfind_above() {
  // No account is needed to be told that there is /dav/.
  std::string out(kMultistatusBegin);
  const auto add = [&](const std::string& path) {
    out += "<D:response><D:href>";
    append_text(out, base_path() + path);
    out +=
        "</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n";
  };
  add("/");
  if (headers().get("Depth").value_or("") != "0") add("/dav/");
  out += kMultistatusEnd;
  return xml_response(207, std::move(out));
}

Result<std::vector<Node>> Visit::root_members(const Renderer& renderer) {
  std::vector<Node> out;
  ATOLL_ASSIGN(auto buckets, tree_->buckets(place_));
  for (Node& node : buckets) {
    if (renderer.may_see(node)) out.push_back(std::move(node));
  }
  const auto vaults = exchange_->host.vaults();
  if (!place_.vault.empty() || vaults.size() < 2) return out;
  for (const auto& vault : vaults) {
    if (vault.id == use_->id()) continue;
    access::Resource resource;
    resource.vault = vault.id;
    if (!exchange_->may(access::Action::list_buckets, resource)) continue;
    Node node;
    node.kind = NodeKind::vault;
    node.place.vault = vault.name;
    node.place.has_slash = true;
    out.push_back(std::move(node));
  }
  return out;
}

Result<net::Response> Visit::propfind() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  const bool is_above = node.kind == NodeKind::vault || node.kind == NodeKind::bucket;
  ATOLL_TRY(require(is_above ? access::Action::list_buckets : access::Action::read_metadata, node));
  if (!node.exists() || node.kind == NodeKind::hidden)
    return fail(ErrorKind::not_found, "object.not_found", "there is no file or folder " + href(place_, false));
  ATOLL_ASSIGN(const Depth deep, depth(Depth::infinity));
  if (deep == Depth::infinity && node.is_folder()) {
    condition_ = "<D:propfind-finite-depth/>";
    return fail(ErrorKind::usage, "dav.finite_depth", "a folder is listed with Depth 0 or 1");
  }
  ATOLL_ASSIGN(const Bytes body, net::read_all(exchange_->request.body, kBodyBytesMax));
  ATOLL_ASSIGN(auto request, parse_propfind(as_text(body)));
  const bool lists = deep == Depth::one && node.is_folder();
  if (lists && node.kind != NodeKind::vault) ATOLL_TRY(require(access::Action::list, node, true));
  Renderer renderer(*exchange_, *use_, *locks_, std::move(request));
  std::string out(kMultistatusBegin);
  renderer.append(out, node, use_->vault());
  if (lists && node.kind == NodeKind::vault) {
    ATOLL_ASSIGN(const auto members, root_members(renderer));
    for (const Node& member : members) renderer.append(out, member, use_->vault());
  } else if (lists) {
    exchange_->note_read(access::Action::list, use_->id(), place_.bucket, place_.member_prefix(), 0);
    net::Response response = xml_response(207, {});
    response.body = std::make_unique<MembersSource>(
        std::move(*use_), node, std::move(out),
        [renderer](std::string& to, const Node& member, vault::Vault& vault) {
          if (renderer.may_see(member)) renderer.append(to, member, vault);
        },
        std::string(kMultistatusEnd));
    return response;
  }
  out += kMultistatusEnd;
  return xml_response(207, std::move(out));
}

Result<net::Response> Visit::get() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  if (node.is_folder()) return get_folder(node);
  ATOLL_TRY(require(access::Action::read, node));
  if (!node.is_file()) {
    return fail(ErrorKind::not_found, "object.not_found",
                node.exists() ? "this is a link or a device, which WebDAV cannot show"
                              : "there is no file or folder " + href(place_, false));
  }
  const catalog::VersionRow& version = *node.version();
  const net::Representation representation = representation_of(node);
  net::Response response;
  response.headers.set("ETag", net::format(*representation.tag));
  response.headers.set("Last-Modified", net::format_http_date(*representation.modified_unix_seconds));
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("Cache-Control", "private, no-cache");
  add_safety_headers(response.headers);
  switch (net::evaluate_conditions(headers(), exchange_->request.method, representation, now_s())) {
    case net::Outcome::not_modified: response.status = 304; return response;
    case net::Outcome::precondition_failed:
      return fail(ErrorKind::conflict, "dav.precondition_failed", "what the request made a condition does not hold");
    case net::Outcome::proceed: break;
  }
  std::uint64_t offset = 0;
  std::uint64_t length = version.size;
  const auto range = headers().get("Range");
  if (range && exchange_->request.method == "GET" && net::range_applies(headers(), representation, now_s())) {
    const net::RangeRequest wanted = net::parse_range(*range, version.size);
    if (wanted.kind == net::RangeRequest::Kind::unsatisfiable) {
      response.status = 416;
      response.headers.set("Content-Range", net::format_content_range_unsatisfied(version.size));
      return response;
    }
    // Several ranges are answered with everything, as RFC 9110 section 14.2 allows.
    if (wanted.kind == net::RangeRequest::Kind::ranges && wanted.ranges.size() == 1) {
      offset = wanted.ranges.front().first;
      length = wanted.ranges.front().length;
      response.status = 206;
      response.headers.set("Content-Range", net::format_content_range(wanted.ranges.front(), version.size));
    }
  }
  std::string type(version.content_type.empty() ? media_type_of(node.place.key) : version.content_type);
  const bool is_plain = std::ranges::all_of(type, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  response.headers.set("Content-Type", is_plain ? type : "application/octet-stream");
  response.length = length;
  if (exchange_->request.method == "HEAD") return response;
  exchange_->note_read(access::Action::read, use_->id(), place_.bucket, place_.key, length);
  if (length <= kReadAtOnceBytesMax) {
    Bytes bytes(static_cast<std::size_t>(length));
    std::size_t filled = 0;
    ATOLL_TRY(vault::read_version(use_->vault().chunks(), version, offset, length, [&](ByteView piece) -> Result<bool> {
      if (!piece.empty()) std::memcpy(bytes.data() + filled, piece.data(), piece.size());
      filled += piece.size();
      return true;
    }));
    response.body = std::move(bytes);
    return response;
  }
  response.body = std::make_unique<FileSource>(std::move(*use_), version, offset, length);
  return response;
}

Result<net::Response> Visit::get_folder(const Node& node) {
  if (node.kind == NodeKind::vault) {
    ATOLL_TRY(require(access::Action::list_buckets, node));
  } else {
    ATOLL_TRY(require(access::Action::list, node, true));
  }
  net::Response response;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "private, no-cache");
  add_safety_headers(response.headers);
  if (exchange_->request.method == "HEAD") return response;
  Renderer renderer(*exchange_, *use_, *locks_, {});
  std::string out = page_begin(place_, base_path());
  if (node.kind == NodeKind::vault) {
    ATOLL_ASSIGN(const auto members, root_members(renderer));
    for (const Node& member : members) append_page_line(out, member, base_path());
    response.body = out + std::string(kPageEnd);
    return response;
  }
  exchange_->note_read(access::Action::list, use_->id(), place_.bucket, place_.member_prefix(), 0);
  response.body = std::make_unique<MembersSource>(
      std::move(*use_), node, std::move(out),
      [renderer, base = base_path()](std::string& to, const Node& member, vault::Vault& /*vault*/) {
        if (renderer.may_see(member)) append_page_line(to, member, base);
      },
      std::string(kPageEnd));
  return response;
}

}  // namespace atl::webdav
