// PUT, MKCOL, DELETE, PROPPATCH, COPY and MOVE.
#include <algorithm>
#include <charconv>
#include <utility>

#include "edge/webdav/internal/visit.h"
#include "vault/object/objects.h"

namespace atl::webdav {
namespace {

// How often the quota is asked while content of unknown length comes.
constexpr std::uint64_t kQuotaStepBytes = 16ULL * 1024 * 1024;

net::Response plain(unsigned status) {
  net::Response response;
  response.status = status;
  return response;
}

tl::unexpected<Error> forbidden(std::string message, std::string hint = {}) {
  return fail(ErrorKind::denied, "dav.forbidden", std::move(message), std::move(hint));
}

tl::unexpected<Error> hidden() {
  return forbidden("this name holds a link or a device, which WebDAV cannot show",
                   "Remove it with `atoll rm`, or take another name.");
}

tl::unexpected<Error> changed_meanwhile() {
  return fail(ErrorKind::conflict, "dav.precondition_failed", "it was changed by somebody else meanwhile");
}

std::uint64_t grows_by(std::uint64_t fresh, const catalog::VersionRow* old) {
  const std::uint64_t had = old == nullptr ? 0 : old->size;
  return fresh > had ? fresh - had : 0;
}

}  // namespace

Result<net::Response> Visit::put() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  const auto action = node.bucket ? storing_over(node, node.is_file()) : access::Action::write;
  ATOLL_TRY(require_at(action, place_, place_.key, false, node.is_file() ? node.version() : nullptr));
  if (place_.key.empty() || place_.has_slash)
    return fail(ErrorKind::usage, "dav.not_allowed", "a file cannot be stored at the address of a folder");
  if (headers().has("Content-Range")) {
    return fail(ErrorKind::usage, "dav.partial_put", "a part of a file cannot be stored",
                "Store the file as a whole, without Content-Range.");
  }
  if (node.kind == NodeKind::hidden) return hidden();
  if (node.is_folder()) return fail(ErrorKind::usage, "dav.not_allowed", "there is a folder of this name");
  ATOLL_TRY(check_conditions(node));
  if (!node.exists()) ATOLL_TRY(check_parent(place_));
  ATOLL_TRY(check_lock(place_, false));

  Tree::NewFile file;
  file.expected_bytes = exchange_->request.content_length;
  // Finder sends chunks, and says here how many bytes they are. Only a hint: it decides how the content is cut.
  if (const auto hint = headers().get("X-Expected-Entity-Length"); hint && !file.expected_bytes) {
    std::uint64_t bytes_hinted = 0;
    const auto read_hint = std::from_chars(hint->data(), hint->data() + hint->size(), bytes_hinted);
    if (read_hint.ec == std::errc{} && read_hint.ptr == hint->data() + hint->size()) file.hinted_bytes = bytes_hinted;
  }
  file.content_type = headers().get("Content-Type").value_or("");
  if (file.content_type.size() > 255) file.content_type.clear();
  // What says nothing must not hide what the name says.
  if (file.content_type == "application/octet-stream" || file.content_type == "application/x-www-form-urlencoded")
    file.content_type.clear();
  if (const auto given = headers().get("X-OC-Mtime")) {
    ATOLL_ASSIGN(file.modified, parse_modified(*given, now_s()));
  }
  const std::string language(headers().get("Content-Language").value_or(""));
  file.relabel = [&](std::map<std::string, std::string>& metadata) {
    forget_content_fields(metadata);
    if (file.modified) note_modified(metadata, *file.modified);
    if (!language.empty() && language.size() <= 255) metadata[std::string(kContentLanguage)] = language;
  };
  auto& access = exchange_->host.access();
  const std::uint64_t add_objects = node.exists() ? 0 : 1;
  ATOLL_TRY(access.check_quota(exchange_->who, use_->id(), place_.bucket,
                               grows_by(file.expected_bytes.value_or(0), node.version()), add_objects));
  std::uint64_t bytes = 0;
  std::uint64_t asked_at = kQuotaStepBytes;
  const auto read = [&](ByteSpan out) -> Result<std::size_t> {
    ATOLL_ASSIGN(const std::size_t count, exchange_->request.body.read(out));
    bytes += count;
    if (!file.expected_bytes && (bytes >= asked_at || count == 0)) {
      asked_at = bytes + kQuotaStepBytes;
      ATOLL_TRY(
          access.check_quota(exchange_->who, use_->id(), place_.bucket, grows_by(bytes, node.version()), add_objects));
    }
    return count;
  };
  const auto check = [&](catalog::CatalogReader& state, const catalog::Listed* now) -> Result<void> {
    if (now != nullptr && now->version.kind != catalog::EntryKind::file) return hidden();
    // Rights and conditions were asked for what was there then.
    if (now != nullptr && !node.exists()) {
      access::Resource resource;
      resource.vault = use_->id();
      resource.bucket = place_.bucket;
      resource.key = place_.key;
      if (!exchange_->may(storing_over(node, true), resource)) return changed_meanwhile();
    }
    const auto outcome = net::evaluate_conditions(headers(), "PUT",
                                                  representation_of(now == nullptr ? nullptr : &now->version), now_s());
    if (outcome != net::Outcome::proceed) return changed_meanwhile();
    // A lock of the client itself may have run out in an hour of upload: where nobody used that, it does no harm.
    const bool is_another = (now == nullptr) != (node.version() == nullptr) ||
                            (now != nullptr && now->version.version != node.version()->version);
    if (is_another) ATOLL_TRY(check_if(state));
    return check_lock(place_, false);
  };
  ATOLL_ASSIGN(const Tree::Stored stored, tree_->put(node, read, file, check));
  net::Response response = plain(stored.is_new ? 201 : 204);
  response.headers.set("ETag", net::format(tag_of(stored.version)));
  if (file.modified) response.headers.set("X-OC-Mtime", "accepted");
  return response;
}

Result<net::Response> Visit::make_collection() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  if (place_.key.empty()) {
    ATOLL_TRY(require_at(access::Action::create_bucket, place_, "", false, nullptr));
  } else {
    ATOLL_TRY(require_at(access::Action::write, place_, place_.member_prefix(), false, nullptr));
  }
  if (exchange_->request.has_body()) return fail(ErrorKind::usage, "dav.unexpected_body", "MKCOL takes no body here");
  if (node.exists()) return fail(ErrorKind::usage, "dav.not_allowed", "there is something of this name already");
  ATOLL_TRY(check_conditions(node));
  if (place_.is_bucket()) {
    vault::Objects objects(use_->vault());
    ATOLL_TRY(vault::check_bucket_name(place_.bucket));
    ATOLL_TRY(check_lock(place_, false));
    ATOLL_TRY(objects.ensure_bucket(place_.bucket));
    return plain(201);
  }
  ATOLL_TRY(check_parent(place_));
  ATOLL_TRY(check_lock(place_, false));
  ATOLL_TRY(exchange_->host.access().check_quota(exchange_->who, use_->id(), place_.bucket, 0, 1));
  ATOLL_TRY(
      tree_->make_folder(node, [&](catalog::CatalogReader& /*state*/, const catalog::Listed* now) -> Result<void> {
        if (now != nullptr) return fail(ErrorKind::usage, "dav.not_allowed", "there is something of this name already");
        return check_lock(place_, false);
      }));
  return plain(201);
}

Result<net::Response> Visit::remove() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  if (node.bucket) {
    ATOLL_TRY(require(node.kind == NodeKind::bucket ? access::Action::delete_bucket : removing_from(node), node, true));
  } else {
    ATOLL_TRY(require_at(access::Action::remove, place_, place_.key, false, nullptr));
  }
  if (place_.is_root()) return forbidden("this folder cannot be removed");
  if (!node.exists())
    return fail(ErrorKind::not_found, "object.not_found", "there is no file or folder " + href(place_, false));
  if (node.kind == NodeKind::hidden) return hidden();
  ATOLL_ASSIGN(const Depth deep, depth(Depth::infinity));
  if (node.is_folder() && deep != Depth::infinity)
    return fail(ErrorKind::usage, "dav.bad_depth", "a folder is removed with all that is in it: Depth is infinity");
  ATOLL_TRY(check_conditions(node));
  const LockPause pause = locks_->pause(lock_place(use_->id(), place_));
  ATOLL_TRY(check_lock(place_, true));
  ATOLL_TRY(check_lock(place_.parent(), false));
  if (node.kind == NodeKind::bucket) {
    ATOLL_TRY(vault::Objects(use_->vault()).remove_bucket(place_.bucket));
  } else {
    const auto check = [&](catalog::CatalogReader& state, const catalog::Listed* now) -> Result<void> {
      if (node.is_file() && now != nullptr && now->version.version != node.version()->version) {
        // Another version than the one that the conditions were held against.
        const auto outcome = net::evaluate_conditions(headers(), "DELETE", representation_of(&now->version), now_s());
        if (outcome != net::Outcome::proceed) return changed_meanwhile();
      }
      return check_if(state);
    };
    ATOLL_TRY(tree_->remove(node, {check, places_named()}));
  }
  locks_->drop(lock_place(use_->id(), place_));
  return plain(204);
}

Result<net::Response> Visit::proppatch() {
  ATOLL_ASSIGN(const Node node, tree_->look(place_));
  ATOLL_TRY(require(access::Action::tag, node));
  if (place_.is_root()) return forbidden("the properties of this folder cannot be set");
  ATOLL_ASSIGN(const Bytes body, net::read_all(exchange_->request.body, kBodyBytesMax));
  ATOLL_ASSIGN(const auto changes, parse_proppatch(as_text(body)));
  if (!node.exists())
    return fail(ErrorKind::not_found, "object.not_found", "there is no file or folder " + href(place_, false));
  if (node.kind == NodeKind::hidden) return hidden();
  ATOLL_TRY(check_conditions(node));
  ATOLL_TRY(check_lock(place_, false));
  // All of them or none (RFC 4918 section 9.2): tried on what is there now, then done on what is there then.
  const auto apply = [&](const PropertyChange& change, catalog::VersionRow& version) -> Result<void> {
    const Live live = live_of(change.name);
    if (is_protected(live)) return forbidden("this property cannot be set");
    if (sets_modified(live)) {
      if (!change.value) return forbidden("the time of modification cannot be removed");
      ATOLL_ASSIGN(version.modified, parse_modified(change.value->text, now_s()));
      note_modified(version.metadata, version.modified);
      return {};
    }
    if (change.value) return set_dead_property(version.metadata, change.name, *change.value);
    remove_dead_property(version.metadata, change.name);
    return {};
  };
  catalog::VersionRow trial = node.version() != nullptr ? *node.version() : catalog::VersionRow{};
  std::vector<unsigned> statuses;
  bool all_done = true;
  for (const PropertyChange& change : changes) {
    const auto done = apply(change, trial);
    statuses.push_back(!done ? status_of(done.error()) : 200);
    all_done = all_done && done.has_value();
  }
  if (all_done) {
    ATOLL_TRY(tree_->relabel(node, [&](catalog::VersionRow& version) -> Result<void> {
      for (const PropertyChange& change : changes) ATOLL_TRY(apply(change, version));
      return {};
    }));
  }
  std::string out(kMultistatusBegin);
  out += "<D:response><D:href>";
  append_text(out, base_path() + href(place_, node.is_folder()));
  out += "</D:href>";
  std::vector<unsigned> shown;
  for (unsigned& status : statuses) {
    if (!all_done && status == 200) status = 424;
    if (std::ranges::find(shown, status) == shown.end()) shown.push_back(status);
  }
  for (const unsigned status : shown) {
    out += "<D:propstat><D:prop>";
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (statuses[i] == status) append_empty(out, changes[i].name);
    }
    out += "</D:prop><D:status>HTTP/1.1 " + std::to_string(status) + " " + std::string(net::reason_of(status)) +
           "</D:status>";
    if (status == 403) out += "<D:error><D:cannot-modify-protected-property/></D:error>";
    out += "</D:propstat>";
  }
  out += "</D:response>\n";
  out += kMultistatusEnd;
  return xml_response(207, std::move(out));
}

Result<Place> Visit::destination() {
  const auto field = headers().get("Destination");
  if (!field) return fail(ErrorKind::usage, "dav.no_destination", "the Destination field is missing");
  ATOLL_ASSIGN(Place place, place_of_uri(*field, exchange_->authority, exchange_->base_url()));
  if (place.vault != place_.vault) {
    return forbidden("nothing is copied or moved from one vault to another here",
                     "Read it from one and store it in the other.");
  }
  if (place.key.empty()) {
    return forbidden("a bucket cannot be copied or moved to, as a whole", "Make the bucket, then copy into it.");
  }
  return place;
}

Result<net::Response> Visit::copy_or_move(bool is_move) {
  ATOLL_ASSIGN(const Node from, tree_->look(place_));
  ATOLL_TRY(require(access::Action::read, from, true));
  ATOLL_ASSIGN(Place target, destination());
  const bool overwrites = !net::equal_ignoring_case(headers().get("Overwrite").value_or("T"), "F");
  ATOLL_ASSIGN(const Depth deep, depth(Depth::infinity));
  if (!from.exists())
    return fail(ErrorKind::not_found, "object.not_found", "there is no file or folder " + href(place_, false));
  if (from.kind == NodeKind::hidden) return hidden();
  if (from.kind == NodeKind::vault || (is_move && from.kind == NodeKind::bucket))
    return forbidden("a bucket cannot be moved", "Copy what is in it.");
  if (deep == Depth::one || (is_move && from.is_folder() && deep != Depth::infinity))
    return fail(ErrorKind::usage, "dav.bad_depth", "a folder is copied with Depth 0 or infinity, and moved as a whole");
  if (from.is_file()) target.has_slash = false;
  if (from.place.holds(target) && (from.is_folder() || from.place.is_same(target)))
    return forbidden("a file or folder cannot be copied or moved to itself or into itself");
  if (target.holds(from.place)) return forbidden("a folder cannot be replaced by something that is in it");
  ATOLL_ASSIGN(const Node to, tree_->look(target));
  if (to.kind == NodeKind::hidden) return hidden();

  ATOLL_TRY(check_conditions(from));
  if (is_move) ATOLL_TRY(require(removing_from(from), from, true));
  const std::string target_key = from.is_file() ? target.key : target.member_prefix();
  if (!to.bucket) {
    ATOLL_TRY(require_at(access::Action::write, target, target_key, from.is_folder(), nullptr));
    return fail(ErrorKind::conflict, "dav.no_parent", "there is no bucket " + target.bucket, "Make the bucket first.");
  }
  const bool replaces_in_place = from.is_file() && to.is_file();
  ATOLL_TRY(require_at(storing_over(to, replaces_in_place), target, target_key, from.is_folder(),
                       replaces_in_place ? to.version() : nullptr));
  if (to.exists() && !replaces_in_place) ATOLL_TRY(require(removing_from(to), to, true));
  if (to.exists() && !overwrites)
    return fail(ErrorKind::conflict, "dav.precondition_failed", "there is something at the destination already");
  const LockPause target_pause = locks_->pause(lock_place(use_->id(), target));
  std::optional<LockPause> source_pause;
  ATOLL_TRY(check_parent(target));
  ATOLL_TRY(check_lock(target, true));
  if (is_move) {
    source_pause.emplace(locks_->pause(lock_place(use_->id(), place_)));
    ATOLL_TRY(check_lock(place_, true));
    ATOLL_TRY(check_lock(place_.parent(), false));
  }
  if (!is_move || place_.bucket != target.bucket) {
    ATOLL_ASSIGN(const auto amount, tree_->count(from));
    ATOLL_TRY(
        exchange_->host.access().check_quota(exchange_->who, use_->id(), target.bucket, amount.bytes, amount.objects));
  }
  bool is_first_look = true;  // a later one sees what this request itself has done
  const auto check = [&](catalog::CatalogReader& state, const catalog::Listed* now) -> Result<void> {
    if (now != nullptr && !to.exists() && !overwrites) return changed_meanwhile();
    return std::exchange(is_first_look, false) ? check_if(state) : Result<void>{};
  };
  const Tree::Transfer how{.removes_source = is_move, .is_deep = deep == Depth::infinity};
  ATOLL_TRY(tree_->transfer(from, to, how, {check, places_named()}));
  if (is_move) locks_->drop(lock_place(use_->id(), place_));
  return plain(to.exists() ? 204 : 201);
}

}  // namespace atl::webdav
