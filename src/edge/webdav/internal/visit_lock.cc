// LOCK and UNLOCK.
#include "edge/webdav/internal/visit.h"

namespace atl::webdav {

net::Response Visit::lock_response(unsigned status, const std::vector<Lock>& locks) const {
  return xml_response(status, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>" +
                                  lock_discovery(locks, place_.vault, base_path(), exchange_->host.machine()) +
                                  "</D:lockdiscovery></D:prop>\n");
}

Result<net::Response> Visit::refresh_lock() {
  const auto field = headers().joined("If");
  if (!field)
    return fail(ErrorKind::usage, "dav.bad_if", "a lock is asked for in the body, or refreshed with an If field");
  ATOLL_ASSIGN(const IfField parsed, parse_if(*field));
  const std::string here = lock_place(use_->id(), place_);
  const std::int64_t timeout_s = parse_timeout_s(headers().get("Timeout").value_or(""));
  for (const std::string& token : parsed.tokens()) {
    const auto refreshed = locks_->refresh(token, here, holder_.principal, timeout_s);
    if (refreshed) return lock_response(200, {*refreshed});
  }
  condition_ = "<D:lock-token-matches-request-uri/>";
  return fail(ErrorKind::conflict, "dav.precondition_failed", "no lock with this token holds here",
              "It may have run out, or the server was started anew: lock again.");
}

Result<net::Response> Visit::lock() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  ATOLL_TRY(require(access::Action::lock, node));
  if (place_.is_root()) return fail(ErrorKind::denied, "dav.forbidden", "this folder cannot be locked");
  ATOLL_ASSIGN(const Bytes body, net::read_all(exchange_->request.body, kBodyBytesMax));
  if (body.empty()) return refresh_lock();
  ATOLL_ASSIGN(const LockRequest request, parse_lock(as_text(body)));
  ATOLL_ASSIGN(const Depth deep, depth(Depth::infinity));
  if (deep == Depth::one) return fail(ErrorKind::usage, "dav.bad_depth", "a lock has Depth 0 or infinity");
  if (node.kind == NodeKind::hidden)
    return fail(ErrorKind::denied, "dav.forbidden", "this name holds a link or a device, which WebDAV cannot show");
  ATOLL_TRY(check_conditions(node));
  if (!node.exists()) {
    // A name without anything becomes an empty file, so that nobody else takes it (RFC 4918 section 7.3).
    if (place_.is_bucket())
      return fail(ErrorKind::conflict, "dav.no_parent", "there is no bucket " + place_.bucket, "Make it first: MKCOL.");
    ATOLL_TRY(require_at(access::Action::write, place_, place_.key, false, nullptr));
    ATOLL_TRY(check_parent(place_));
    ATOLL_TRY(exchange_->host.access().check_quota(exchange_->who, use_->id(), place_.bucket, 0, 1));
  }
  LockTable::Wanted wanted;
  wanted.place = lock_place(use_->id(), place_);
  wanted.scope = request.is_exclusive ? LockScope::exclusive : LockScope::shared;
  wanted.is_deep = deep == Depth::infinity;
  wanted.principal = holder_.principal;
  wanted.owner = request.owner;
  wanted.timeout_s = parse_timeout_s(headers().get("Timeout").value_or(""));
  auto taken = locks_->take(wanted);
  if (!taken) {
    if (taken.error().id == "dav.locked") condition_ = "<D:no-conflicting-lock/>";
    return pass(taken.error());
  }
  if (!node.exists()) {
    const auto nothing = [](ByteSpan /*out*/) -> Result<std::size_t> { return 0; };
    Tree::NewFile empty;
    empty.expected_bytes = 0;
    const auto is_free = [](catalog::CatalogReader& /*state*/, const catalog::Listed* now) -> Result<void> {
      if (now == nullptr) return {};
      return fail(ErrorKind::conflict, "dav.precondition_failed", "it was made by somebody else meanwhile");
    };
    const auto made = tree_->put(node, nothing, empty, is_free);
    if (!made) {
      ignore_error_on_purpose(locks_->release(taken->token, taken->place, taken->principal));
      return pass(made.error());
    }
  }
  net::Response response = lock_response(node.exists() ? 200 : 201, {*taken});
  response.headers.set("Lock-Token", "<" + taken->token + ">");
  return response;
}

Result<net::Response> Visit::unlock() {
  const auto field = headers().get("Lock-Token");
  if (!field || field->size() < 3 || field->front() != '<' || field->back() != '>')
    return fail(ErrorKind::usage, "dav.no_token", "the Lock-Token field is missing, or is not <token>");
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  ATOLL_TRY(require(access::Action::lock, node));
  const auto released = locks_->release(std::string(field->substr(1, field->size() - 2)),
                                        lock_place(use_->id(), place_), holder_.principal);
  if (!released) {
    if (released.error().id == "dav.no_such_lock") condition_ = "<D:lock-token-matches-request-uri/>";
    return pass(released.error());
  }
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace atl::webdav
