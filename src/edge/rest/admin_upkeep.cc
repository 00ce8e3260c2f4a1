// What keeps a vault well: policies, gc, verify, checkpoints, tiers. What may take long is a job.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"
#include "edge/rest/job_kinds.h"
#include "vault/checkpoint.h"
#include "vault/keeping/collect.h"
#include "vault/keeping/policy.h"
#include "vault/object/objects.h"
#include "vault/tier/rules.h"
#include "vault/tier/tiers.h"
#include "vault/verify.h"

namespace atl::rest {
namespace {

using access::Action;
using catalog::PolicyRow;
using json::Value;

// --- Policies

struct Span {
  std::string_view name;
  std::string_view name_seconds;
  std::uint64_t PolicyRow::*seconds;
  bool is_of_vault = false;
  bool may_be_nothing = true;
};
constexpr std::array<Span, 10> kSpans = {{
    {"keep_within", "keep_within_seconds", &PolicyRow::keep_within_seconds},
    {"keep_hourly", "keep_hourly_seconds", &PolicyRow::keep_hourly_seconds},
    {"keep_daily", "keep_daily_seconds", &PolicyRow::keep_daily_seconds},
    {"keep_weekly", "keep_weekly_seconds", &PolicyRow::keep_weekly_seconds},
    {"keep_monthly", "keep_monthly_seconds", &PolicyRow::keep_monthly_seconds},
    {"keep_yearly", "keep_yearly_seconds", &PolicyRow::keep_yearly_seconds},
    {"retention", "retention_seconds", &PolicyRow::retention_seconds},
    {"horizon", "horizon_seconds", &PolicyRow::horizon_seconds, true, false},
    {"audit", "audit_seconds", &PolicyRow::audit_seconds, true, false},
    {"half_life", "half_life_seconds", &PolicyRow::half_life_seconds, true},
}};

Value texts_json(const std::vector<std::string>& texts) {
  Value out = Value::array();
  for (const auto& one : texts) out.push(one);
  return out;
}

Value policy_json(const vault::EffectivePolicy& policy, const std::string& bucket) {
  Value out = Value::object();
  if (!bucket.empty()) out.set("bucket", bucket);
  out.set("source", vault::name_of(policy.source)).set("horizon_source", vault::name_of(policy.horizon_source));
  out.set("keeps_history", policy.keeps_history).set("keeps_all", policy.rules.keeps_all);
  out.set("keep_last", policy.rules.keep_last);
  for (const Span& span : kSpans) out.set(span.name_seconds, policy.rules.*span.seconds);
  out.set("tiers", texts_json(policy.rules.tier_rules)).set("labels", policy.rules.labels);
  return out.set("words", texts_json(vault::words(policy)));
}

Result<vault::EffectivePolicy> policy_for(vault::Vault& vault, const std::string& bucket) {
  const auto reader = vault.reader();
  if (bucket.empty()) return vault::policy_of_vault(*reader);
  ATOLL_ASSIGN(const auto row, vault::Objects(vault).bucket(bucket));
  return vault::policy_of(*reader, row);
}

Result<net::Response> show_policy(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto policy, policy_for(*vault, call.bucket()));
  return ok(policy_json(policy, call.bucket()));
}

// "30d", or seconds.
Result<std::uint64_t> span_of(const Value& body, std::string_view name) {
  const Value* const given = body.find(name);
  if (given != nullptr && given->as_unsigned() != nullptr) return *given->as_unsigned();
  ATOLL_ASSIGN(const std::string text, body.text_of(name));
  if (text == "0") return std::uint64_t{0};
  const auto seconds = parse_duration_s(text);
  if (seconds && *seconds >= 0) return static_cast<std::uint64_t>(*seconds);
  return fail(ErrorKind::usage, "policy.bad_span",
              "\"" + std::string(name) + "\" is so long: 30d, 12h; not \"" + text.substr(0, 60) + "\"");
}

// What is named changes, the rest stays as it is in force now.
Result<PolicyRow> changed_policy(PolicyRow rules, const Value& body, bool is_of_bucket) {
  if (body.find("keeps_all") != nullptr) {
    ATOLL_ASSIGN(rules.keeps_all, body.flag_of("keeps_all"));
    for (const Span& span : kSpans)
      if (span.name.starts_with("keep_")) rules.*span.seconds = 0;
    rules.keep_last = 0;
  }
  for (const Span& span : kSpans) {
    if (body.find(span.name) == nullptr) continue;
    if (is_of_bucket && span.is_of_vault) {
      return fail(ErrorKind::usage, "policy.vault_only",
                  "\"" + std::string(span.name) + "\" holds for the whole vault: PUT /api/v1/policy");
    }
    ATOLL_ASSIGN(rules.*span.seconds, span_of(body, span.name));
    if (!span.may_be_nothing && rules.*span.seconds == 0)
      return fail(ErrorKind::usage, "policy.no_horizon", "\"" + std::string(span.name) + "\" cannot be nothing");
    const bool keeps = span.name.starts_with("keep_");
    if (keeps && body.find("keeps_all") == nullptr) rules.keeps_all = false;
    if (keeps && rules.keeps_all)
      return fail(ErrorKind::usage, "policy.both", "\"keeps_all\" keeps everything: no other rule goes with it");
  }
  if (body.find("keep_last") != nullptr) {
    ATOLL_ASSIGN(const std::uint64_t last, body.number_of("keep_last"));
    rules.keep_last = static_cast<std::uint32_t>(std::min<std::uint64_t>(last, UINT32_MAX));
  }
  if (body.find("tiers") != nullptr) {
    ATOLL_ASSIGN(rules.tier_rules, body.list_of("tiers"));
  }
  for (std::string& rule : rules.tier_rules) {
    ATOLL_ASSIGN(const auto parsed, vault::parse_tier_rule(rule, Timestamp{}));
    rule = parsed.text;
  }
  if (body.find("labels") != nullptr) {
    ATOLL_ASSIGN(rules.labels, body.text_of("labels"));
  }
  ATOLL_TRY(vault::check_policy(rules));
  return rules;
}

Result<net::Response> set_policy(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(auto policy, policy_for(*vault, call.bucket()));
  const std::uint64_t retention_before = policy.rules.retention_seconds;
  ATOLL_ASSIGN(policy.rules, changed_policy(policy.rules, call.body(), !call.bucket().empty()));
  if (policy.rules.retention_seconds < retention_before)
    ATOLL_TRY(call.require(Action::bypass_retention, call.bucket()));
  policy.rules.bucket = {};
  policy.source = call.bucket().empty() ? vault::PolicySource::vault : vault::PolicySource::bucket;
  PolicyRow stored = policy.rules;
  if (!call.bucket().empty()) {
    ATOLL_ASSIGN(const auto row, vault::Objects(*vault).bucket(call.bucket()));
    stored.bucket = row.id;
    stored.horizon_seconds = stored.audit_seconds = stored.half_life_seconds = 0;  // the vault's, not the bucket's
  }
  if (call.flag("dry_run")) return ok(policy_json(policy, call.bucket()));
  ATOLL_TRY(vault->commit(journal::CommandKind::policy_change,
                          [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                            changes.put(stored);
                            return {};
                          }));
  return show_policy(call);
}

Result<net::Response> unset_policy(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  PolicyRow row;
  if (!call.bucket().empty()) {
    ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
    row.bucket = bucket.id;
  }
  ATOLL_ASSIGN(const auto there, vault->reader()->one<PolicyRow>(catalog::key_of(row)));
  if (!there) return fail(ErrorKind::not_found, "policy.none", "there is no policy of its own");
  if (there->retention_seconds > 0) ATOLL_TRY(call.require(Action::bypass_retention, call.bucket()));
  ATOLL_TRY(vault->commit(journal::CommandKind::policy_change,
                          [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                            changes.remove(row);
                            return {};
                          }));
  return no_content();
}

// --- Jobs

Value collected_json(const vault::CollectReport& report, bool is_dry_run) {
  using vault::Keeper;
  Value out = Value::object();
  out.set("dry_run", is_dry_run).set("versions_expired", report.expired.gone.versions);
  out.set("objects_expired", report.expired.gone.objects).set("packs_removed", report.packs_removed);
  out.set("packs_rewritten", report.packs_rewritten).set("bytes_freed", report.bytes_freed);
  out.set("journal_bytes_freed", report.journal_bytes_freed);
  out.set("bytes_current", report.kept(Keeper::current) + report.kept(Keeper::own));
  out.set("bytes_history", report.kept(Keeper::history)).set("bytes_snapshots", report.kept(Keeper::snapshot));
  out.set("bytes_horizon", report.kept(Keeper::horizon)).set("bytes_waiting_for_readers", report.bytes_waiting);
  out.set("bytes_busy", report.bytes_busy).set("bytes_dead_left", report.bytes_dead_left);
  out.set("reaches_back_to", report.reaches_back_to.value).set("ran_out_of_room", report.ran_out_of_room);
  out.set("was_interrupted", report.was_interrupted).set("seconds", report.seconds);
  if (report.horizon_passes.unix_us != 0) out.set("horizon_passes", format_rfc3339(report.horizon_passes));
  if (report.expired.next) out.set("next_expiry", format_rfc3339(*report.expired.next));
  if (report.expired.last) out.set("last_expiry", format_rfc3339(*report.expired.last));
  return out.set("troubles", texts_json(report.troubles));
}

Result<vault::CollectOptions> collect_options(const Value& order) {
  vault::CollectOptions options;
  ATOLL_ASSIGN(options.is_dry_run, order.flag_of("dry_run"));
  if (order.find("horizon") != nullptr) {
    ATOLL_ASSIGN(options.horizon_seconds, span_of(order, "horizon"));
  }
  ATOLL_ASSIGN(const std::uint64_t rewrite_from, order.number_of("rewrite_from_percent", 30));
  options.dead_share_min = static_cast<double>(rewrite_from) / 100;
  ATOLL_ASSIGN(options.trusts_clock, order.flag_of("trusts_clock"));
  return options;
}

Result<net::Response> start_gc(Call& call) {
  // Ends what everybody could have gone back to: more than freeing room.
  if (call.body().find("horizon") != nullptr) ATOLL_TRY(call.require(Action::policy_write));
  ATOLL_TRY(collect_options(call.body()));
  return start_job(call, "gc", call.body());
}

Result<net::Response> start_verify(Call& call) { return start_job(call, "verify", call.body()); }
Result<net::Response> start_checkpoint(Call& call) { return start_job(call, "checkpoint", Value::object()); }
// Of the vault by packs, older versions included; of a bucket by the objects that are there now.
Result<net::Response> show_tiers(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const std::string bucket = call.text("bucket");
  vault::PerTier<vault::TierUse> uses;
  if (bucket.empty()) {
    uses = vault::TierMap(*vault).packs();
  } else {
    ATOLL_ASSIGN(uses, vault::tiers_of(*vault, {bucket, call.text("prefix"), true}));
  }
  Value list = Value::array();
  for (const chunk::Temperature tier : vault::kTiersHottestFirst) {
    const vault::TierUse& use = uses[tier];
    list.push(Value::object()
                  .set("tier", vault::name_of(tier))
                  .set("packs", use.packs)
                  .set("objects", use.objects)
                  .set("bytes", use.raw_bytes)
                  .set("stored_bytes", use.stored_bytes));
  }
  return ok(Value::object().set("tiers", std::move(list)));
}

Result<net::Response> start_tiers(Call& call) { return start_job(call, "tiers", call.body()); }

std::vector<Operation> policy_rows() {
  return {
      {.id = "policy_show",
       .method = "GET",
       .path = "/api/v1/policy",
       .tag = "upkeep",
       .words = "How long things are kept, with the words for it.",
       .guards = {{Action::policy_read, Place::vault}},
       .answers = {{200, "Policy", "As it is in force."}},
       .handler = show_policy},
      {.id = "policy_set",
       .method = "PUT",
       .path = "/api/v1/policy",
       .tag = "upkeep",
       .words =
           "Sets how long things are kept, for buckets without a policy of their own.\nWhat is named changes, the rest "
           "stays as it is in force.",
       .guards = {{Action::policy_write, Place::vault}, {Action::bypass_retention, Place::inside}},
       .query = {dry_run_parameter()},
       .body = "PolicyChange",
       .answers = {{200, "Policy", "As it is now, or would be."}},
       .handler = set_policy},
      {.id = "policy_unset",
       .method = "DELETE",
       .path = "/api/v1/policy",
       .tag = "upkeep",
       .words = "The built-in rules hold again.",
       .guards = {{Action::policy_write, Place::vault}, {Action::bypass_retention, Place::inside}},
       .answers = {{204, "", "Removed."}},
       .handler = unset_policy},
      {.id = "bucket_policy_show",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/policy",
       .tag = "upkeep",
       .words = "How long a bucket keeps things.",
       .guards = {{Action::policy_read, Place::bucket}},
       .answers = {{200, "Policy", "As it is in force."}},
       .handler = show_policy},
      {.id = "bucket_policy_set",
       .method = "PUT",
       .path = "/api/v1/buckets/{bucket}/policy",
       .tag = "upkeep",
       .words = "Sets how long a bucket keeps things.\nWhat is named changes, the rest stays as it is in force.",
       .guards = {{Action::policy_write, Place::bucket}, {Action::bypass_retention, Place::inside}},
       .query = {dry_run_parameter()},
       .body = "PolicyChange",
       .answers = {{200, "Policy", "As it is now, or would be."}},
       .handler = set_policy},
      {.id = "bucket_policy_unset",
       .method = "DELETE",
       .path = "/api/v1/buckets/{bucket}/policy",
       .tag = "upkeep",
       .words = "The vault's rules hold for the bucket again.",
       .guards = {{Action::policy_write, Place::bucket}, {Action::bypass_retention, Place::inside}},
       .answers = {{204, "", "Removed."}},
       .handler = unset_policy},
  };
}

}  // namespace

Result<Value> collect_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(auto options, collect_options(order));
  options.stop = &job.progress.stop();
  options.on_progress = [&job](std::string_view step, std::uint64_t done, std::uint64_t total) {
    job.progress.note(step, done, total);
  };
  ATOLL_ASSIGN(const auto use, job.use());
  ATOLL_ASSIGN(const auto report, vault::collect_garbage(use.vault(), options));
  return collected_json(report, options.is_dry_run);
}

Result<Value> verify_work(JobContext& job, const Value& order) {
  vault::VerifyVaultOptions options;
  ATOLL_ASSIGN(options.reads_data, order.flag_of("reads_data"));
  ATOLL_ASSIGN(const std::uint64_t sample, order.number_of("sample_percent", 100));
  options.sample_ratio = static_cast<double>(sample) / 100;
  options.workers = 1;  // others are to be served meanwhile
  options.stop = &job.progress.stop();
  options.on_progress = [&job](std::uint64_t done, std::uint64_t total) { job.progress.note("reading", done, total); };
  ATOLL_ASSIGN(const auto use, job.use());
  ATOLL_ASSIGN(const auto summary, vault::verify_vault(use.vault(), options));
  constexpr std::size_t shown_max = 1'000;
  Value damage = Value::array();
  for (const auto& one : summary.damage) {
    if (damage.as_array()->size() == shown_max) break;
    damage.push(Value::object().set("where", one.where).set("what", one.what).set("is_healed", one.is_healed));
  }
  Value lost = Value::array();
  for (const auto& one : summary.lost) {
    if (lost.as_array()->size() == shown_max) break;
    Value object = Value::object();
    object.set("bucket", one.bucket).set("version", one.version.text()).set("is_current", one.is_current);
    set_name(object, "key", one.key);
    lost.push(std::move(object));
  }
  Value out = Value::object();
  out.set("is_clean", summary.is_clean()).set("packs", summary.packs).set("chunks", summary.chunks);
  out.set("bytes_checked", summary.bytes_checked).set("commands", summary.commands).set("objects", summary.objects);
  out.set("damage_count", std::uint64_t{summary.damage.size()}).set("damage", std::move(damage));
  out.set("lost_count", std::uint64_t{summary.lost.size()}).set("lost", std::move(lost));
  return out.set("was_interrupted", summary.was_interrupted).set("seconds", summary.seconds);
}

Result<Value> checkpoint_work(JobContext& job, const Value& /*order*/) {
  ATOLL_ASSIGN(const auto use, job.use());
  ATOLL_ASSIGN(const auto report, vault::make_checkpoint(use.vault()));
  return Value::object()
      .set("lsn", report.lsn.value)
      .set("rows", report.rows)
      .set("blocks", report.blocks)
      .set("blocks_reused", report.blocks_reused)
      .set("bytes_new", report.bytes_new);
}

Result<Value> tiers_work(JobContext& job, const Value& order) {
  vault::TierOptions options;
  ATOLL_ASSIGN(options.is_dry_run, order.flag_of("dry_run"));
  ATOLL_ASSIGN(options.bytes_max, order.number_of("bytes_max"));
  options.stop = &job.progress.stop();
  options.on_progress = [&job](std::string_view step, std::uint64_t done, std::uint64_t total) {
    job.progress.note(step, done, total);
  };
  ATOLL_ASSIGN(const auto use, job.use());
  ATOLL_ASSIGN(const auto report, vault::move_tiers(use.vault(), options));
  Value out = Value::object();
  out.set("dry_run", options.is_dry_run).set("packs", report.packs).set("bytes_to_read", report.bytes_to_read);
  if (report.bytes_to_write) out.set("bytes_to_write", *report.bytes_to_write);
  out.set("bytes_left", report.bytes_left).set("packs_rewritten", report.packs_rewritten);
  out.set("bytes_read", report.bytes_read).set("bytes_written", report.bytes_written);
  out.set("bytes_removed", report.bytes_removed).set("bytes_waiting_for_readers", report.bytes_waiting);
  out.set("bytes_busy", report.bytes_busy).set("packs_not_reached", report.packs_not_reached);
  out.set("ran_out_of_room", report.ran_out_of_room).set("was_interrupted", report.was_interrupted);
  return out.set("seconds", report.seconds).set("troubles", texts_json(report.troubles));
}

std::vector<Operation> upkeep_operations() {
  const std::vector<Answer> accepted{{202, "Job", "It waits or runs; Location says where to look."}};
  std::vector<Operation> rows = policy_rows();
  std::vector<Operation> more = {
      {.id = "gc_start",
       .method = "POST",
       .path = "/api/v1/gc",
       .tag = "upkeep",
       .words = "Ends versions whose time is over and frees what nothing needs. A job.",
       .guards = {{Action::collect, Place::vault}, {Action::policy_write, Place::inside}},
       .body = "GcOrder",
       .answers = accepted,
       .handler = start_gc},
      {.id = "verify_start",
       .method = "POST",
       .path = "/api/v1/verify",
       .tag = "upkeep",
       .words = "Checks what is stored; with `reads_data` every byte. A job.",
       .guards = {{Action::verify, Place::vault}},
       .body = "VerifyOrder",
       .answers = accepted,
       .handler = start_verify},
      {.id = "checkpoint_start",
       .method = "POST",
       .path = "/api/v1/checkpoints",
       .tag = "upkeep",
       .words =
           "Writes the state down, so that less of the journal is needed. A job; the server does it by itself, too.",
       .guards = {{Action::job_run, Place::vault}},
       .answers = accepted,
       .handler = start_checkpoint},
      {.id = "tier_list",
       .method = "GET",
       .path = "/api/v1/tiers",
       .tag = "upkeep",
       .words = "How much lies in which tier: of the vault by packs, of a bucket by its objects.",
       .guards = {{Action::policy_read, Place::vault}},
       .query = {{"bucket", ParameterType::text, "Only of this bucket."}, prefix_parameter()},
       .answers = {{200, "TierList", "The hottest first."}},
       .handler = show_tiers},
      {.id = "tiers_start",
       .method = "POST",
       .path = "/api/v1/tiers",
       .tag = "upkeep",
       .words = "Moves what lies in another tier than its rule wants, or says what would be moved. A job.",
       .guards = {{Action::job_run, Place::vault}},
       .body = "TierOrder",
       .answers = accepted,
       .handler = start_tiers},
  };
  for (auto& row : more) rows.push_back(std::move(row));
  return rows;
}

std::vector<NamedSchema> upkeep_schemas() {
  using namespace schema;
  std::vector<Member> policy = {optional("bucket", text("Of this one; else of the vault.")),
                                required("source", text("bucket, vault or built_in: whose rules these are.")),
                                required("horizon_source", text("Whose horizon it is.")),
                                required("keeps_history", flag("False: no ended versions at all.")),
                                required("keeps_all", flag("For ever.")),
                                required("keep_last", number("So many ended versions of each object.")),
                                required("tiers", list(text("\"cold if age>180d\"."))),
                                required("labels", text("Names for new versions: none, semantic, timestamp or hash.")),
                                required("words", list(text("What that means.")))};
  std::vector<Member> change = {
      optional("keeps_all", flag("True: for ever; false: nothing but what else is named.")),
      optional("keep_last", number("So many ended versions of each object.", 0, UINT32_MAX)),
      optional("tiers", list(text("\"cold if age>180d\".", 1024))),
      optional("labels", choice("Names for new versions.", {"", "semantic", "timestamp", "hash"}))};
  for (const Span& span : kSpans) {
    policy.push_back(required(span.name_seconds, number("So long.")));
    change.push_back(optional(span.name, text("So long: 30d, 12h, 0.", 64)));
  }
  return {
      {"Policy", object("How long things are kept.", policy)},
      {"PolicyChange", object("What is to change.", change)},
      {"GcOrder",
       object("What gc is to do.", {optional("dry_run", flag("Only say what would go.")),
                                    optional("horizon", text("Instead of the policy's, this once: 0, 12h.", 64)),
                                    optional("rewrite_from_percent", number("Dead share of a pack.", 1, 100)),
                                    optional("trusts_clock", flag("Also where the clock may have leapt."))})},
      {"VerifyOrder", object("What verify is to do.", {optional("reads_data", flag("Read every byte.")),
                                                       optional("sample_percent", number("Of packs.", 1, 100))})},
      {"TierUse", object("What lies in a tier.",
                         {required("tier", text("hot, warm, cold.")), required("packs", number("Of the vault.")),
                          required("objects", number("Of a bucket.")), required("bytes", number("Before compression.")),
                          required("stored_bytes", number("That they take."))})},
      {"TierList", object("What lies where.", {required("tiers", list(reference("TierUse")))})},
      {"TierOrder", object("What is to be moved.", {optional("dry_run", flag("Only say what would be moved.")),
                                                    optional("bytes_max", number("Read at most so much; 0: all."))})},
  };
}

}  // namespace atl::rest
