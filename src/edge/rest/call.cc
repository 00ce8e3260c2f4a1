#include "edge/rest/call.h"

#include <algorithm>
#include <charconv>

#include "edge/rest/schema.h"
#include "edge/server/version_facts.h"
#include "vault/object/versions.h"

namespace atl::rest {
namespace {

constexpr std::string_view kVaultParameter = "vault";  // every operation takes it

Result<std::uint64_t> parse_number(const Parameter& parameter, std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size() && !text.empty();
  if (is_whole && number >= parameter.number_min && number <= parameter.number_max) return number;
  const std::string most = parameter.number_max == UINT64_MAX ? " on" : " to " + std::to_string(parameter.number_max);
  return fail(ErrorKind::usage, "http.bad_query",
              "the query parameter " + std::string(parameter.name) + " is a whole number from " +
                  std::to_string(parameter.number_min) + most + ", not \"" + std::string(text.substr(0, 100)) + "\"");
}

Result<void> check_parameter(const Parameter& parameter, const net::QueryPair& pair) {
  const std::string_view value = pair.value ? std::string_view(*pair.value) : std::string_view();
  std::string known;
  switch (parameter.type) {
    case ParameterType::number: ATOLL_TRY(parse_number(parameter, value)); return {};
    case ParameterType::flag:
      if (!pair.value || value == "true" || value == "false" || value == "1" || value == "0") return {};
      known = "true, false";
      break;
    case ParameterType::text:
      if (parameter.choices.empty() || std::ranges::find(parameter.choices, value) != parameter.choices.end())
        return {};
      for (const std::string_view one : parameter.choices) known += (known.empty() ? "" : ", ") + std::string(one);
      break;
  }
  return fail(ErrorKind::usage, "http.bad_query",
              "the query parameter " + std::string(parameter.name) + " is one of " + known + ", not \"" +
                  std::string(value.substr(0, 100)) + "\"");
}

}  // namespace

access::Action overwrite_action(const vault::BucketState& state) {
  const bool keeps = state.versioning() == catalog::Versioning::enabled;
  return keeps ? access::Action::overwrite : access::Action::overwrite_for_good;
}

access::Action remove_action(const vault::BucketState& state) {
  const bool keeps = state.versioning() == catalog::Versioning::enabled;
  return keeps ? access::Action::remove : access::Action::remove_for_good;
}

const std::string& Call::path(std::string_view name) const {
  static const std::string kNone;
  const auto found = std::ranges::find(path_, name, &PathValues::value_type::first);
  return found == path_.end() ? kNone : found->second;
}

std::string Call::text(std::string_view name, std::string_view otherwise) const {
  return std::string(query_.get(name).value_or(otherwise));
}

std::uint64_t Call::number(std::string_view name, std::uint64_t otherwise) const {
  const auto text = query_.get(name);
  const auto row = std::ranges::find(operation_->query, name, &Parameter::name);
  if (!text || row == operation_->query.end()) return otherwise;
  return parse_number(*row, *text).value_or(otherwise);
}

bool Call::flag(std::string_view name) const {
  const auto text = query_.get(name);
  return text && *text != "false" && *text != "0";
}

Result<void> Call::check_query() const {
  for (const net::QueryPair& pair : query_.pairs()) {
    if (query_.all(pair.name).size() > 1)
      return fail(ErrorKind::usage, "http.bad_query", "the query parameter " + pair.name + " is given twice");
    if (pair.name == kVaultParameter) continue;
    const auto row = std::ranges::find(operation_->query, pair.name, &Parameter::name);
    if (row == operation_->query.end()) {
      std::string known;
      for (const Parameter& one : operation_->query) known += std::string(one.name) + ", ";
      return fail(ErrorKind::usage, "http.unknown_query",
                  "this operation takes no query parameter \"" + pair.name.substr(0, 100) + "\"",
                  "Possible are: " + known + std::string(kVaultParameter) + ".");
    }
    ATOLL_TRY(check_parameter(*row, pair));
  }
  return {};
}

Result<void> Call::open_vault() {
  if (use_) return {};
  const std::string& named = path(kVaultParameter);
  ATOLL_ASSIGN(auto use, named.empty() ? exchange_->use_vault() : exchange_->host.use(named, exchange_->caller()));
  vault_id_ = use.id();
  use_ = std::move(use);
  return {};
}

access::Resource Call::resource(std::string_view bucket, std::string_view key, bool is_prefix) const {
  access::Resource out;
  out.vault = vault_id_;
  out.bucket = bucket;
  out.key = key;
  out.is_prefix = is_prefix;
  return out;
}

Result<void> Call::look_at(access::Action action, const catalog::VersionRow& version, access::Resource& asked) const {
  return server::add_version_facts(exchange_->host.access(), who(), action, use_->vault(), version, exchange_->now(),
                                   asked);
}

std::optional<std::uint64_t> Call::age_seconds(const catalog::VersionRow& version) const {
  return age_seconds(version.begin_time);
}

std::optional<std::uint64_t> Call::age_seconds(Timestamp stored) const {
  const std::int64_t age_us = exchange_->now().unix_us - stored.unix_us;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(age_us, 0) / 1'000'000);
}

Result<void> Call::ask(const Guard& guard) {
  const auto is_given = [&] {
    std::string_view names = guard.when;
    while (!names.empty()) {
      const std::size_t end = std::min(names.find(' '), names.size());
      if (query_.has(names.substr(0, end))) return true;
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    return guard.when.empty();
  };
  if (guard.place == Place::inside || !is_given()) return {};
  if (guard.place == Place::home) {
    is_decided_ = true;
    return exchange_->require(guard.action, {});
  }
  ATOLL_TRY(open_vault());
  access::Resource asked = resource({}, {}, false);
  if (guard.place != Place::vault) asked.bucket = bucket();
  const std::string prefix = text("prefix");
  if (guard.place == Place::prefix) {
    asked.key = prefix;
    asked.is_prefix = !prefix.empty();
  }
  if (guard.place == Place::object) {
    asked.key = key();
    const auto reader = use_->vault().reader();
    ATOLL_ASSIGN(const auto row, reader->bucket_named(bucket()));
    if (row) {
      ATOLL_ASSIGN(const auto there, reader->current(row->id, key(), true));
      if (there) ATOLL_TRY(look_at(guard.action, there->version, asked));
    }
  }
  ATOLL_TRY(exchange_->require(guard.action, asked));
  is_decided_ = true;
  return {};
}

Result<void> Call::ask_guards() {
  if (operation_->guards.empty()) {
    if (operation_->open_words.empty()) {
      return fail(ErrorKind::failed, "rest.no_guard",
                  "the operation " + std::string(operation_->id) + " does not say who may");
    }
    is_decided_ = true;
    return {};
  }
  ATOLL_TRY(refuse_nobody());
  // Said at once: where only the handler can ask, it would leave everything out, and show an empty list.
  if (who().must_change_password) ATOLL_TRY(exchange_->require(operation_->guards.front().action, {}));
  for (const Guard& guard : operation_->guards) {
    if (guard.when.empty()) ATOLL_TRY(ask(guard));
  }
  for (const Guard& guard : operation_->guards) {
    if (!guard.when.empty()) ATOLL_TRY(ask(guard));
  }
  return {};
}

// Where only the handler can ask, whoever did not sign in is stopped here already, unless something is granted to
// everyone: nothing of a stranger's body is looked at.
Result<void> Call::refuse_nobody() {
  const bool is_nobody = who().principal.is_none() && !who().is_local_owner;
  const bool asks_first = std::ranges::any_of(
      operation_->guards, [](const Guard& guard) { return guard.place != Place::inside && guard.when.empty(); });
  if (!is_nobody || asks_first) return {};
  const auto view = exchange_->host.access().view();
  const bool has_grant = std::ranges::any_of(view->rows().grants, [](const catalog::GrantRow& row) {
    return row.subject == catalog::kEveryone && !row.denies;
  });
  if (has_grant) return {};
  return exchange_->require(operation_->guards.front().action, {});
}

Result<void> Call::read_body() {
  if (operation_->body == kAnyBytes) return {};
  if (operation_->body.empty()) {
    if (!request().has_body()) return {};
    return fail(ErrorKind::usage, "http.unexpected_body", "this operation takes no body");
  }
  ATOLL_ASSIGN(body_, server::json_body(request(), operation_->body_bytes_max));
  const json::Value* const wanted = schema_named(operation_->body);
  if (wanted == nullptr)
    return fail(ErrorKind::failed, "rest.no_schema", "there is no schema " + std::string(operation_->body));
  return schema::check(*wanted, body_);
}

Result<void> Call::begin_filter(Opens opens) {
  ATOLL_TRY(exchange_->host.access().take_request(who()));
  if (opens == Opens::vault) ATOLL_TRY(open_vault());
  is_decided_ = true;
  return {};
}

Result<void> Call::require(access::Action action, std::string_view bucket, std::string_view key, bool is_prefix) {
  ATOLL_TRY(open_vault());
  ATOLL_TRY(exchange_->require(action, resource(bucket, key, is_prefix)));
  is_decided_ = true;
  return {};
}

Result<void> Call::require(access::Action action, std::string_view bucket, const catalog::Listed& listed) {
  ATOLL_TRY(open_vault());
  access::Resource asked = resource(bucket, listed.entry.key, false);
  ATOLL_TRY(look_at(action, listed.version, asked));
  ATOLL_TRY(exchange_->require(action, asked));
  is_decided_ = true;
  return {};
}

Result<VersionId> Call::require_write(const std::string& bucket, const std::string& key) {
  ATOLL_TRY(open_vault());
  const auto reader = use_->vault().reader();
  access::Resource asked = resource(bucket, key, false);
  access::Action action = access::Action::write;
  VersionId there;
  if (const auto state = vault::bucket_state(*reader, bucket); state) {
    ATOLL_ASSIGN(const auto listed, reader->current(state->bucket.id, key));
    if (listed) {
      action = overwrite_action(*state);
      there = listed->version.version;
      ATOLL_TRY(look_at(action, listed->version, asked));
    }
  }
  ATOLL_TRY(exchange_->require(action, asked));
  is_decided_ = true;
  return there;
}

Result<void> Call::require_remove(const std::string& bucket, std::string_view key, bool is_prefix) {
  ATOLL_TRY(open_vault());
  const auto reader = use_->vault().reader();
  const auto state = vault::bucket_state(*reader, bucket);
  // Of a bucket that is not there nothing goes for good.
  return require(state ? remove_action(*state) : access::Action::remove, bucket, key, is_prefix);
}

bool Call::may(access::Action action, std::string_view bucket, std::string_view key, bool is_prefix,
               std::optional<std::uint64_t> age) const {
  access::Resource asked = resource(bucket, key, is_prefix);
  asked.age_seconds = age;
  return exchange_->may(action, asked);
}

std::optional<access::KeyPlaces> Call::key_places(std::span<const access::Action> actions,
                                                  std::string_view bucket) const {
  return exchange_->host.access().view()->key_places(who(), actions, vault_id_, bucket, exchange_->now());
}

Result<vault::Vault*> Call::vault() {
  if (!is_decided_) {
    return fail(ErrorKind::failed, "rest.no_decision",
                "the operation " + std::string(operation_->id) + " reaches for the vault before asking who may");
  }
  ATOLL_TRY(open_vault());
  return &use_->vault();
}

Result<search::SearchIndex*> Call::search() const {
  if (use_ && use_->search() != nullptr) return use_->search();
  return fail(ErrorKind::locked, "search.not_open", "words in files cannot be searched in this vault",
              "The server's log says why. A filter alone can be asked for.");
}

Result<server::VaultUse> Call::take_vault() {
  ATOLL_TRY(vault());
  server::VaultUse use = std::move(*use_);
  use_.reset();
  return use;
}

Result<Filter> Filter::begin(Call& call, access::Action action) {
  ATOLL_TRY(call.begin_filter());
  return Filter(call, action);
}

bool Filter::sees(std::string_view bucket, std::string_view key, bool is_prefix, std::optional<std::uint64_t> age) {
  const bool is_seen = call_->may(action_, bucket, key, is_prefix, age);
  saw_something_ = saw_something_ || is_seen;
  return is_seen;
}

Result<void> Filter::end() const {
  const bool is_nobody = call_->who().principal.is_none() && !call_->who().is_local_owner;
  if (saw_something_ || !is_nobody) return {};
  return call_->require(action_);
}

}  // namespace atl::rest
