// Buckets: making and removing them, and their settings.
#include <algorithm>

#include "edge/s3/access_lists.h"
#include "edge/s3/documents.h"
#include "edge/s3/internal/exchange.h"
#include "edge/s3/internal/object_headers.h"
#include "foundation/net/conditions.h"
#include "vault/keeping/policy.h"

namespace atl::s3 {
namespace {

using catalog::BucketSettingsRow;
using catalog::Versioning;

constexpr std::size_t kBucketsMax = 10'000;

// Who may not list a bucket is not told whether it is there.
Result<vault::BucketState> find_bucket(Exchange& exchange, access::Action action) {
  ATOLL_TRY(exchange.require(action, exchange.bucket, ""));
  return vault::bucket_state(*exchange.vault->reader(), exchange.bucket);
}

// Reads, changes and puts back the settings in one command.
Result<void> change_settings(Exchange& exchange,
                             const std::function<Result<void>(const vault::CommitContext&, vault::ChangeSet&,
                                                              const vault::BucketState&, BucketSettingsRow&)>& change) {
  ATOLL_TRY(exchange.vault->commit(journal::CommandKind::policy_change,
                                   [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                     ATOLL_ASSIGN(const vault::BucketState state,
                                                  vault::bucket_state(context.state, exchange.bucket));
                                     BucketSettingsRow settings = vault::settings_to_change(state);
                                     ATOLL_TRY(change(context, changes, state, settings));
                                     changes.put(settings);
                                     return {};
                                   }));
  return {};
}

// The bucket's policy, as its lifecycle rules for noncurrent versions say; without any every version stays.
void put_policy(vault::ChangeSet& changes, const vault::BucketState& state, const std::vector<LifecycleRule>& rules) {
  catalog::PolicyRow policy;
  policy.bucket = state.bucket.id;
  policy.keeps_all = true;
  for (const LifecycleRule& rule : rules) {
    if (!rule.is_enabled || !rule.is_for_all() || !rule.noncurrent_days) continue;
    policy.keeps_all = false;
    policy.keep_within_seconds = std::uint64_t{*rule.noncurrent_days} * 86'400;
    policy.keep_last = rule.noncurrent_kept;
  }
  changes.put(policy);
}

Result<void> set_versioning(const vault::CommitContext& context, vault::ChangeSet& changes,
                            const vault::BucketState& state, BucketSettingsRow& settings, Versioning wanted) {
  if (wanted == Versioning::suspended && settings.has_object_lock) {
    return fail(Code::InvalidBucketState, "Versioning cannot be suspended in a bucket with object lock");
  }
  if (settings.versioning_now() == wanted) return {};
  settings.versioning.push_back({context.lsn, wanted});
  if (!state.bucket.keeps_history) {
    // From now on what ends stays, as S3 has it, until lifecycle rules say otherwise.
    catalog::BucketRow bucket = state.bucket;
    bucket.keeps_history = true;
    changes.put(bucket);
    put_policy(changes, state, {});
  }
  return {};
}

void write_versioning(xml::Writer& writer, const vault::BucketState& state) {
  writer.begin("VersioningConfiguration", kNamespace);
  if (state.versioning() == Versioning::enabled) writer.element("Status", "Enabled");
  if (state.versioning() == Versioning::suspended) writer.element("Status", "Suspended");
  writer.end();
}

}  // namespace

Answer list_buckets(Exchange& exchange) {
  if (exchange.claim.is_anonymous) return fail(Code::AccessDenied);
  const std::string_view prefix = exchange.parameter("prefix").value_or("");
  const std::string_view after = exchange.parameter("continuation-token").value_or("");
  ATOLL_ASSIGN(const std::uint64_t limit, exchange.number("max-buckets", kBucketsMax, kBucketsMax));
  ATOLL_ASSIGN(const auto buckets, exchange.vault->reader()->buckets());
  xml::Writer writer;
  writer.begin("ListAllMyBucketsResult", kNamespace);
  write_owner(writer, "Owner", exchange.who.name);
  writer.begin("Buckets");
  std::size_t count = 0;
  std::string last;
  bool has_more = false;
  for (const auto& bucket : buckets) {
    if (!bucket.name.starts_with(prefix) || bucket.name <= after) continue;
    if (!exchange.require(access::Action::list_buckets, bucket.name, "")) continue;
    has_more = count == limit;
    if (has_more) break;
    writer.begin("Bucket").element("Name", bucket.name).element("CreationDate", format_time(bucket.created)).end();
    last = bucket.name;
    ++count;
  }
  writer.end();
  if (has_more) writer.element("ContinuationToken", last);
  if (!prefix.empty()) writer.element("Prefix", prefix);
  writer.end();
  return xml_response(writer.finish());
}

Answer head_bucket(Exchange& exchange) {
  ATOLL_ASSIGN(const vault::BucketState state, find_bucket(exchange, access::Action::list_buckets));
  net::Response response = empty_response(200);
  response.headers.add("x-amz-bucket-region", exchange.context.region.empty() ? "us-east-1" : exchange.context.region);
  return response;
}

Answer create_bucket(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::create_bucket, exchange.bucket, ""));
  ATOLL_TRY(check_headers(exchange));
  if (!vault::check_bucket_name(exchange.bucket)) {
    return fail(Code::InvalidBucketName, "A bucket's name has 3 to 63 of a-z 0-9 . -");
  }
  access::AccessList list = access::AccessList::owner_only;
  const auto owners = [&]() -> Result<Owners> { return Owners{exchange.vault->actor(), exchange.vault->actor()}; };
  ATOLL_ASSIGN(const auto said, read_list_headers(exchange.request.headers, owners));
  if (said) {
    list = *said;
    if (opens_something(list)) ATOLL_TRY(exchange.require(access::Action::bucket_access_write, exchange.bucket, ""));
  }
  ATOLL_ASSIGN(const std::string document, read_document(exchange));
  ATOLL_TRY(read_create_bucket(document));
  const bool has_lock = net::equal_ignoring_case(exchange.header_or("x-amz-bucket-object-lock-enabled"), "true");
  catalog::BucketRow row;
  row.id = platform::new_id<BucketId>(*exchange.context.machine);
  row.name = exchange.bucket;
  row.keeps_history = false;
  ATOLL_TRY(exchange.vault->commit(journal::CommandKind::create_bucket,
                                   [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                     ATOLL_ASSIGN(const auto taken, context.state.bucket_named(exchange.bucket));
                                     if (taken) return fail(Code::BucketAlreadyOwnedByYou);
                                     row.created = context.commit_time;
                                     BucketSettingsRow settings;
                                     settings.bucket = row.id;
                                     settings.owner = exchange.vault->actor();
                                     if (has_lock) {
                                       settings.has_object_lock = true;
                                       settings.versioning.push_back({context.lsn, Versioning::enabled});
                                       row.keeps_history = true;
                                       vault::BucketState state;
                                       state.bucket = row;
                                       put_policy(changes, state, {});
                                     }
                                     changes.put(row);
                                     changes.put(settings);
                                     return {};
                                   }));
  // Also where nothing is to be opened: what was said of an earlier bucket of this name ends here.
  ATOLL_TRY(set_bucket_list(exchange, row.id, list));
  net::Response response = empty_response(200);
  response.headers.add("Location", "/" + exchange.bucket);
  return response;
}

Answer delete_bucket(Exchange& exchange) {
  ATOLL_ASSIGN(const vault::BucketState state, find_bucket(exchange, access::Action::delete_bucket));
  ATOLL_TRY(exchange.vault->commit(
      journal::CommandKind::remove_bucket,
      [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(const vault::BucketState now, vault::bucket_state(context.state, exchange.bucket));
        catalog::ListQuery query;
        query.bucket = now.bucket.id;
        query.limit = 1;
        query.include_deleted = true;
        ATOLL_ASSIGN(const auto page, context.state.list(query));
        if (!page.items.empty()) return fail(Code::BucketNotEmpty);
        ATOLL_ASSIGN(const auto snapshots, context.state.all<catalog::SnapshotRow>());
        for (const auto& snapshot : snapshots) {
          if (snapshot.bucket == now.bucket.id) return fail(Code::BucketNotEmpty, "A snapshot of the bucket is there");
        }
        ATOLL_ASSIGN(const auto uploads, context.state.all<catalog::UploadRow>());
        for (const auto& upload : uploads) {
          if (upload.bucket == now.bucket.id) changes.remove(upload);
        }
        catalog::PolicyRow policy;
        policy.bucket = now.bucket.id;
        ATOLL_ASSIGN(const auto own, context.state.one<catalog::PolicyRow>(catalog::key_of(policy)));
        if (own) changes.remove(policy);
        if (now.settings) changes.remove(*now.settings);
        changes.remove(kDefaultDomain, journal::TableNumber::buckets, catalog::key_of(now.bucket));
        return {};
      }));
  ATOLL_TRY(exchange.context.access->change_bucket_access(exchange.who, exchange.vault_id, exchange.bucket,
                                                          state.bucket.id,
                                                          [](access::BucketAccess& said) -> Result<void> {
                                                            said = {};
                                                            return {};
                                                          }));
  return empty_response(204);
}

Answer get_bucket_setting(Exchange& exchange) {
  using enum Operation;
  ATOLL_ASSIGN(const vault::BucketState state, find_bucket(exchange, exchange.operation->action));
  const BucketSettingsRow settings = state.settings.value_or(BucketSettingsRow{});
  xml::Writer writer;
  switch (exchange.operation->operation) {
    case GetBucketLocation:
      writer.begin("LocationConstraint", kNamespace);
      if (exchange.context.region != "us-east-1") writer.text(exchange.context.region);
      writer.end();
      break;
    case GetBucketVersioning: write_versioning(writer, state); break;
    case GetBucketTagging:
      if (settings.tags.empty()) return fail(Code::NoSuchTagSet);
      writer.begin("Tagging", kNamespace).begin("TagSet");
      for (const auto& [name, value] : settings.tags) {
        writer.begin("Tag").element("Key", name).element("Value", value).end();
      }
      writer.end().end();
      break;
    case GetBucketCors:
      if (settings.cors.empty()) return fail(Code::NoSuchCORSConfiguration);
      return xml_response(settings.cors);
    case GetBucketLifecycleConfiguration:
      if (settings.lifecycle.empty()) return fail(Code::NoSuchLifecycleConfiguration);
      return xml_response(settings.lifecycle);
    case GetBucketEncryption: return fail(Code::ServerSideEncryptionConfigurationNotFoundError);
    case GetObjectLockConfiguration:
      if (!settings.has_object_lock) return fail(Code::ObjectLockConfigurationNotFoundError);
      writer.begin("ObjectLockConfiguration", kNamespace).element("ObjectLockEnabled", "Enabled");
      if (settings.default_lock != catalog::LockMode::none) {
        writer.begin("Rule").begin("DefaultRetention").element("Mode", name_of(settings.default_lock));
        writer.element("Days", std::to_string(settings.default_lock_seconds / 86'400)).end().end();
      }
      writer.end();
      break;
    default: return fail(Code::NotImplemented);
  }
  return xml_response(writer.finish());
}

Answer change_bucket_setting(Exchange& exchange) {
  using enum Operation;
  const Operation operation = exchange.operation->operation;
  ATOLL_ASSIGN(const vault::BucketState before, find_bucket(exchange, exchange.operation->action));
  std::string document;
  if (exchange.request.method == "PUT") {
    ATOLL_ASSIGN(document, read_document(exchange));
  }
  switch (operation) {
    case PutBucketVersioning: {
      ATOLL_ASSIGN(const Versioning wanted, read_versioning(document));
      ATOLL_TRY(change_settings(exchange, [&](const auto& context, auto& changes, const auto& state, auto& settings) {
        return set_versioning(context, changes, state, settings, wanted);
      }));
      break;
    }
    case PutBucketTagging:
    case DeleteBucketTagging: {
      Tags tags;
      if (operation == PutBucketTagging) {
        ATOLL_ASSIGN(tags, read_tagging(document, kBucketTagsMax));
      }
      ATOLL_TRY(change_settings(exchange, [&](const auto&, auto&, const auto&, auto& settings) -> Result<void> {
        settings.tags.assign(tags.begin(), tags.end());
        return {};
      }));
      break;
    }
    case PutBucketCors:
    case DeleteBucketCors:
      if (operation == PutBucketCors) ATOLL_TRY(read_cors(document));
      ATOLL_TRY(change_settings(exchange, [&](const auto&, auto&, const auto&, auto& settings) -> Result<void> {
        settings.cors = document;
        return {};
      }));
      break;
    case PutBucketLifecycleConfiguration:
    case DeleteBucketLifecycle: {
      std::vector<LifecycleRule> rules;
      if (operation == PutBucketLifecycleConfiguration) {
        ATOLL_ASSIGN(rules, read_lifecycle(document));
      }
      ATOLL_TRY(
          change_settings(exchange, [&](const auto&, auto& changes, const auto& state, auto& settings) -> Result<void> {
            settings.lifecycle = document;
            const bool speaks_of_old =
                std::ranges::any_of(rules, [](const LifecycleRule& rule) { return rule.noncurrent_days.has_value(); });
            // A bucket that was made otherwise keeps the policy it has, unless these rules say something about it.
            if (state.bucket.keeps_history && (speaks_of_old || !settings.owner.empty())) {
              put_policy(changes, state, rules);
            }
            return {};
          }));
      break;
    }
    case PutObjectLockConfiguration: {
      ATOLL_ASSIGN(const ObjectLockDocument wanted, read_object_lock(document));
      ATOLL_TRY(exchange.require(access::Action::hold, exchange.bucket, ""));
      ATOLL_TRY(change_settings(exchange, [&](const auto&, auto&, const auto& state, auto& settings) -> Result<void> {
        if (state.versioning() != Versioning::enabled) {
          return fail(Code::InvalidBucketState, "Versioning must be enabled first");
        }
        settings.has_object_lock = true;
        settings.default_lock = wanted.mode;
        settings.default_lock_seconds = (wanted.days + wanted.years * 365) * 86'400;
        return {};
      }));
      break;
    }
    default: return fail(Code::NotImplemented);
  }
  return empty_response(exchange.request.method == "DELETE" ? 204 : 200);
}

// ---- CORS

namespace {

std::vector<CorsRule> cors_rules(const vault::Vault& vault, const std::string& bucket) {
  const auto state = vault::bucket_state(*vault.reader(), bucket);
  if (!state || !state->settings || state->settings->cors.empty()) return {};
  auto rules = read_cors(state->settings->cors);
  return rules ? std::move(*rules) : std::vector<CorsRule>();
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

void write_cors(const CorsRule& rule, std::string_view origin, net::Headers& headers) {
  const bool allows_all = std::ranges::find(rule.origins, "*") != rule.origins.end();
  headers.set("Access-Control-Allow-Origin", allows_all ? "*" : std::string(origin));
  if (!allows_all) headers.set("Access-Control-Allow-Credentials", "true");
  headers.set("Access-Control-Allow-Methods", joined(rule.methods));
  if (!rule.exposed.empty()) headers.set("Access-Control-Expose-Headers", joined(rule.exposed));
  headers.set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace

// Browsers ask without a signature; the rules say nothing about what lies in the bucket.
Answer preflight(const ServiceContext& context, const net::Request& request, const std::string& bucket) {
  const auto origin = request.headers.get("Origin");
  const auto method = request.headers.get("Access-Control-Request-Method");
  if (!origin || !method)
    return fail(Code::InvalidRequest, "A preflight needs Origin and Access-Control-Request-Method");
  std::vector<std::string_view> wanted;
  const std::string names = request.headers.joined("Access-Control-Request-Headers").value_or("");
  for (std::string_view rest = names; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = net::trim_blanks(rest.substr(0, comma));
    if (!one.empty()) wanted.push_back(one);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  vault::Caller caller;
  caller.actor = "nobody";
  ATOLL_ASSIGN(const auto vault, context.open_vault({}, caller));
  const auto rules = cors_rules(*vault, bucket);
  const CorsRule* rule = find_cors_rule(rules, *origin, *method, wanted);
  if (rule == nullptr) return fail(Code::AccessDenied, "No CORS rule of the bucket allows this request");
  net::Response response = empty_response(200);
  write_cors(*rule, *origin, response.headers);
  if (!names.empty()) response.headers.set("Access-Control-Allow-Headers", names);
  if (rule->max_age_s) response.headers.set("Access-Control-Max-Age", std::to_string(*rule->max_age_s));
  return response;
}

void add_cors(const Exchange& exchange, net::Response& response) {
  const auto origin = exchange.header("Origin");
  if (!origin || exchange.bucket.empty() || exchange.request.method == "OPTIONS") return;
  vault::Caller caller;
  caller.actor = "nobody";
  const auto vault = exchange.context.open_vault(exchange.vault_id, caller);
  if (!vault) return;
  const auto rules = cors_rules(**vault, exchange.bucket);
  const CorsRule* rule = find_cors_rule(rules, *origin, exchange.request.method, {});
  if (rule != nullptr) write_cors(*rule, *origin, response.headers);
}

}  // namespace atl::s3
