#include "edge/webdav/internal/visit.h"

#include <array>

#include "edge/server/version_facts.h"

namespace atl::webdav {
namespace {

struct Method {
  std::string_view name;
  std::string_view route;
};
constexpr std::array kMethods = {
    Method{"COPY", "COPY /dav/{path}"},         Method{"DELETE", "DELETE /dav/{path}"},
    Method{"GET", "GET /dav/{path}"},           Method{"HEAD", "HEAD /dav/{path}"},
    Method{"LOCK", "LOCK /dav/{path}"},         Method{"MKCOL", "MKCOL /dav/{path}"},
    Method{"MOVE", "MOVE /dav/{path}"},         Method{"OPTIONS", "OPTIONS /dav/{path}"},
    Method{"PROPFIND", "PROPFIND /dav/{path}"}, Method{"PROPPATCH", "PROPPATCH /dav/{path}"},
    Method{"PUT", "PUT /dav/{path}"},           Method{"UNLOCK", "UNLOCK /dav/{path}"},
};

}  // namespace

net::Response Visit::answer() {
  exchange_->route = "other /dav/{path}";
  for (const Method& method : kMethods) {
    if (method.name == exchange_->request.method) exchange_->route = method.route;
  }
  auto response = dispatch();
  if (response) return std::move(*response);
  auto refused = answer_error(response.error(), exchange_->request_id, condition_);
  if (refused.status == 405) refused.headers.set("Allow", std::string(kMethodNames));
  return refused;
}

Result<net::Response> Visit::dispatch() {
  const std::string& method = exchange_->request.method;
  if (method == "OPTIONS") return options();
  if (!exchange_->target.path.starts_with("/dav")) return propfind_above();
  ATOLL_TRY(open());
  if (method == "PROPFIND") return propfind();
  if (method == "GET" || method == "HEAD") return get();
  if (method == "PUT") return put();
  if (method == "DELETE") return remove();
  if (method == "MKCOL") return make_collection();
  if (method == "COPY") return copy_or_move(false);
  if (method == "MOVE") return copy_or_move(true);
  if (method == "PROPPATCH") return proppatch();
  if (method == "LOCK") return lock();
  if (method == "UNLOCK") return unlock();
  return fail(ErrorKind::usage, "dav.not_allowed", "there is no method " + method + " here");
}

Result<void> Visit::open() {
  ATOLL_ASSIGN(place_, parse_place(exchange_->target.path));
  if (place_.vault.empty()) {
    ATOLL_ASSIGN(use_, exchange_->use_vault());
  } else {
    auto named = exchange_->host.use(place_.vault, exchange_->caller());
    // Who is nobody is not told which vaults there are.
    if (!named && exchange_->who.name.empty()) ATOLL_TRY(exchange_->require(access::Action::list_buckets, {}));
    ATOLL_ASSIGN(use_, std::move(named));
  }
  holder_.principal = exchange_->who.principal.is_none() ? exchange_->who.name : exchange_->who.principal.text();
  tree_.emplace(use_->vault(), [this](const std::string& bucket, const std::string& actor, const access::Used& used) {
    exchange_->host.access().usage().note(use_->id(), bucket, actor, used);
  });
  return {};
}

Result<Visit::Depth> Visit::depth(Depth otherwise) const {
  const auto field = headers().get("Depth");
  if (!field) return otherwise;
  if (*field == "0") return Depth::zero;
  if (*field == "1" || net::equal_ignoring_case(*field, "1,noroot")) return Depth::one;  // Explorer, long ago
  if (net::equal_ignoring_case(*field, "infinity")) return Depth::infinity;
  return fail(ErrorKind::usage, "dav.bad_depth", "Depth is 0, 1 or infinity, not " + std::string(*field));
}

Result<void> Visit::require_at(access::Action action, const Place& place, std::string_view key, bool whole,
                               const catalog::VersionRow* version) {
  access::Resource resource;
  resource.vault = use_->id();
  resource.bucket = place.bucket;
  resource.key = key;
  resource.is_prefix = whole;
  if (version != nullptr) {
    ATOLL_TRY(server::add_version_facts(exchange_->host.access(), exchange_->who, action, use_->vault(), *version,
                                        exchange_->now(), resource));
  }
  return exchange_->require(action, resource);
}

Result<void> Visit::require(access::Action action, const Node& node, bool whole) {
  const bool is_file =
      node.is_file() || node.kind == NodeKind::hidden || (node.kind == NodeKind::nothing && !node.place.has_slash);
  const std::string key = is_file ? node.place.key : node.place.member_prefix();
  return require_at(action, node.place, key, whole && !is_file, is_file ? node.version() : nullptr);
}

access::Action Visit::storing_over(const Node& node, bool exists) const {
  if (!exists) return access::Action::write;
  return node.keeps_versions ? access::Action::overwrite : access::Action::overwrite_for_good;
}

access::Action Visit::removing_from(const Node& node) const {
  return node.keeps_versions ? access::Action::remove : access::Action::remove_for_good;
}

net::Representation Visit::representation_of(const catalog::VersionRow* version) {
  net::Representation out;
  out.exists = version != nullptr;
  if (version != nullptr) {
    out.tag = tag_of(*version);
    out.modified_unix_seconds = modified_of(*version).seconds;
  }
  return out;
}

net::Representation Visit::representation_of(const Node& node) const {
  if (node.is_file()) return representation_of(node.version());
  net::Representation out;  // a folder has neither tag nor time that would say that nothing in it changed
  out.exists = node.exists();
  return out;
}

std::optional<Place> Visit::place_of(const std::optional<std::string>& resource) const {
  if (!resource) return place_;
  const auto named = place_of_uri(*resource, exchange_->authority, exchange_->base_url());
  if (!named || named->vault != place_.vault) return std::nullopt;
  return *named;
}

std::vector<Place> Visit::places_named() const {
  std::vector<Place> places;
  if (!if_field_) return places;
  for (const IfList& list : if_field_->lists) {
    if (auto place = place_of(list.resource)) places.push_back(std::move(*place));
  }
  return places;
}

Result<IfState> Visit::state_of(catalog::CatalogReader& state, const std::optional<std::string>& resource) {
  IfState out;
  const auto place = place_of(resource);
  if (!place) return out;
  for (const Lock& lock : locks_->covering(lock_place(use_->id(), *place))) out.tokens.push_back(lock.token);
  ATOLL_ASSIGN(const Node node, Tree::look_in(state, *place));
  if (node.is_file()) out.tag = tag_of(*node.version());
  return out;
}

Result<void> Visit::check_if(catalog::CatalogReader& state) {
  if (!if_field_) return {};
  ATOLL_ASSIGN(const bool holds, evaluate_if(*if_field_, [&](const std::optional<std::string>& resource) {
                 return state_of(state, resource);
               }));
  if (!holds) return fail(ErrorKind::conflict, "dav.precondition_failed", "what the If field asks for does not hold");
  return {};
}

Result<void> Visit::check_conditions(const Node& node) {
  if (const auto field = headers().joined("If")) {
    ATOLL_ASSIGN(if_field_, parse_if(*field));
    holder_.tokens = if_field_->tokens();
    const auto reader = use_->vault().reader();
    ATOLL_TRY(check_if(*reader));
  }
  if (!net::has_conditions(headers())) return {};
  const auto outcome = net::evaluate_conditions(headers(), exchange_->request.method, representation_of(node), now_s());
  if (outcome == net::Outcome::proceed) return {};
  return fail(ErrorKind::conflict, "dav.precondition_failed", "what the request made a condition does not hold");
}

Result<void> Visit::check_lock(const Place& place, bool with_members) {
  const std::string barred = locks_->first_barred(lock_place(use_->id(), place), with_members, holder_);
  if (barred.empty()) return {};
  // "<vault>/bucket/key"
  Place locked = place;
  const std::string below = barred.substr(std::min(barred.find('/'), barred.size() - 1) + 1);
  locked.bucket = below.substr(0, below.find('/'));
  locked.key = locked.bucket.size() < below.size() ? below.substr(locked.bucket.size() + 1) : std::string();
  condition_ = "<D:lock-token-submitted><D:href>";
  append_text(condition_, base_path() + href(locked, false));
  condition_ += "</D:href></D:lock-token-submitted>";
  return fail(ErrorKind::locked, "dav.locked", "it is locked by somebody else, or the token of its lock was not sent",
              "Try again when the lock was given up.");
}

Result<void> Visit::check_parent(const Place& place) {
  const Place parent = place.parent();
  ATOLL_ASSIGN(const Node node, tree_->look(parent));
  if (!node.is_folder()) {
    return fail(ErrorKind::conflict, "dav.no_parent", "there is no folder " + href(parent, true),
                parent.is_bucket() ? "Make the bucket first." : "Make it first.");
  }
  return check_lock(parent, false);
}

}  // namespace atl::webdav
