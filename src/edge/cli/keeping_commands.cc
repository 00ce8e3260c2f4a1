// policy gc bucket, and rm --forever: how long things stay, and what goes for good.
#include <CLI/CLI.hpp>

#include <algorithm>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"
#include "vault/access/access.h"
#include "vault/domain/shred.h"
#include "vault/home.h"
#include "vault/keeping/collect.h"
#include "vault/keeping/erase.h"
#include "vault/keeping/policy.h"
#include "vault/object/describe.h"
#include "vault/object/gate.h"
#include "vault/tier/rules.h"

namespace atl::cli {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

using catalog::BucketRow;
using catalog::PolicyRow;
using vault::CollectReport;
using vault::EffectivePolicy;
using vault::Keeper;

std::string versions_word(std::uint64_t count) { return format_count(count) + (count == 1 ? " version" : " versions"); }

std::string day_of(Timestamp time) { return format_rfc3339(time).substr(0, 10); }

// ---- policy

struct PolicyArguments {
  std::string bucket;
  std::uint32_t keep_last = 0;
  std::string within, hourly, daily, weekly, monthly, yearly, retention, horizon, audit, half_life, labels;
  std::vector<std::string> tiers;
  bool keeps_all = false, keeps_none = false, has_keep_last = false;
};

struct SpanOption {
  const char* flag;
  const char* help;
  std::string PolicyArguments::*text;
  std::uint64_t PolicyRow::*seconds;
};
constexpr SpanOption kKeepSpans[] = {
    {"--keep-within", "every version, so long after it was replaced or removed: 30d, 12h", &PolicyArguments::within,
     &PolicyRow::keep_within_seconds},
    {"--keep-hourly", "of each hour the last version, so long", &PolicyArguments::hourly,
     &PolicyRow::keep_hourly_seconds},
    {"--keep-daily", "of each day the last version, so long", &PolicyArguments::daily, &PolicyRow::keep_daily_seconds},
    {"--keep-weekly", "of each week the last version, so long", &PolicyArguments::weekly,
     &PolicyRow::keep_weekly_seconds},
    {"--keep-monthly", "of each month the last version, so long", &PolicyArguments::monthly,
     &PolicyRow::keep_monthly_seconds},
    {"--keep-yearly", "of each year the last version, so long", &PolicyArguments::yearly,
     &PolicyRow::keep_yearly_seconds}};
constexpr SpanOption kOtherSpans[] = {
    {"--retention", "nothing younger can be removed for good, by anybody; 0s for none", &PolicyArguments::retention,
     &PolicyRow::retention_seconds},
    {"--horizon", "the whole vault can go back to any moment so long ago (for the vault, not a bucket)",
     &PolicyArguments::horizon, &PolicyRow::horizon_seconds},
    {"--audit", "who changed what is kept so long (for the vault, not a bucket)", &PolicyArguments::audit,
     &PolicyRow::audit_seconds},
    {"--half-life", "in so long the count of an object's accesses halves (for the vault, not a bucket); 0: 7d",
     &PolicyArguments::half_life, &PolicyRow::half_life_seconds}};

// "0" and "0s" are no span at all; a plain number without a unit is a mistake.
Result<std::uint64_t> span_in(const std::string& text, const char* flag) {
  if (text == "0") return 0;
  auto seconds = parse_duration_s(text);
  if (!seconds || *seconds < 0) {
    return fail(ErrorKind::usage, "policy.bad_span", std::string(flag) + " " + text + " is no span of time",
                "Write it as 12h, 30d, 8w or 1y.");
  }
  return static_cast<std::uint64_t>(*seconds);
}

std::string source_words(const EffectivePolicy& policy, const std::string& bucket) {
  switch (policy.source) {
    case vault::PolicySource::bucket: return "set for " + bucket;
    case vault::PolicySource::vault: return "set for the whole vault";
    case vault::PolicySource::built_in: break;
  }
  return "built in";
}

void say_policy(Session& session, const EffectivePolicy& policy, const std::string& bucket) {
  const auto sentences = vault::words(policy);
  if (session.output.is_json) {
    const PolicyRow& rules = policy.rules;
    std::vector<std::string> quoted;
    for (const std::string& one : sentences) quoted.push_back(json_quote(one));
    std::vector<std::string> tiers;
    for (const std::string& one : rules.tier_rules) tiers.push_back(json_quote(one));
    session.output.json(JsonObject("policy")
                            .add("bucket", bucket)
                            .add("source", vault::name_of(policy.source))
                            .add("horizon_source", vault::name_of(policy.horizon_source))
                            .add("keeps_history", policy.keeps_history)
                            .add("keep_all", rules.keeps_all)
                            .add("keep_last", std::uint64_t{rules.keep_last})
                            .add("keep_within_seconds", rules.keep_within_seconds)
                            .add("keep_hourly_seconds", rules.keep_hourly_seconds)
                            .add("keep_daily_seconds", rules.keep_daily_seconds)
                            .add("keep_weekly_seconds", rules.keep_weekly_seconds)
                            .add("keep_monthly_seconds", rules.keep_monthly_seconds)
                            .add("keep_yearly_seconds", rules.keep_yearly_seconds)
                            .add("retention_seconds", rules.retention_seconds)
                            .add("horizon_seconds", rules.horizon_seconds)
                            .add("audit_seconds", rules.audit_seconds)
                            .add("half_life_seconds", rules.half_life_seconds)
                            .add_raw("tiers", json_array(tiers))
                            .add("labels", rules.labels)
                            .add_raw("words", json_array(quoted)));
    return;
  }
  session.output.line((bucket.empty() ? std::string("The vault") : "Bucket " + bucket) + " (" +
                      source_words(policy, bucket) + "):");
  for (const std::string& sentence : sentences) session.output.line("  " + sentence);
}

Result<EffectivePolicy> policy_for(vault::Vault& opened, const std::string& bucket) {
  const auto reader = opened.reader();
  if (bucket.empty()) return vault::policy_of_vault(*reader);
  ATOLL_ASSIGN(const BucketRow row, vault::Objects(opened).bucket(bucket));
  return vault::policy_of(*reader, row);
}

Result<int> show_policy(Session& session, const PolicyArguments& arguments) {
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    if (!arguments.bucket.empty()) {
      ATOLL_ASSIGN(const auto policy, policy_for(opened, arguments.bucket));
      say_policy(session, policy, arguments.bucket);
      return kExitOk;
    }
    ATOLL_ASSIGN(const auto policy, policy_for(opened, ""));
    say_policy(session, policy, "");
    ATOLL_ASSIGN(const auto buckets, opened.reader()->buckets());
    for (const auto& bucket : buckets) {
      ATOLL_ASSIGN(const auto own, policy_for(opened, bucket.name));
      if (own.source == vault::PolicySource::bucket || !own.keeps_history) say_policy(session, own, bucket.name);
    }
    return kExitOk;
  });
}

// What is named changes, the rest stays as it is in force now.
Result<PolicyRow> changed_policy(const EffectivePolicy& now, const PolicyArguments& arguments) {
  PolicyRow rules = now.rules;
  if (arguments.keeps_all && arguments.keeps_none)
    return fail(ErrorKind::usage, "policy.both", "--keep-all and --keep-none exclude each other");
  if (arguments.keeps_none || arguments.keeps_all) {
    for (const SpanOption& span : kKeepSpans) rules.*span.seconds = 0;
    rules.keep_last = 0;
    rules.keeps_all = arguments.keeps_all;
  }
  for (const SpanOption& span : kKeepSpans) {
    const std::string& text = arguments.*span.text;
    if (text.empty()) continue;
    if (arguments.keeps_all)
      return fail(ErrorKind::usage, "policy.both", "--keep-all keeps everything: no other --keep goes with it");
    ATOLL_ASSIGN(rules.*span.seconds, span_in(text, span.flag));
    rules.keeps_all = false;
  }
  if (arguments.has_keep_last) {
    rules.keep_last = arguments.keep_last;
    rules.keeps_all = arguments.keeps_all;
  }
  for (const SpanOption& span : kOtherSpans) {
    const std::string& text = arguments.*span.text;
    if (text.empty()) continue;
    ATOLL_ASSIGN(rules.*span.seconds, span_in(text, span.flag));
    const bool is_of_vault = span.seconds != &PolicyRow::retention_seconds;
    if (is_of_vault && !arguments.bucket.empty()) {
      return fail(ErrorKind::usage, "policy.vault_only",
                  std::string(span.flag) + " holds for the whole vault: leave the bucket out");
    }
    const bool may_be_nothing = !is_of_vault || span.seconds == &PolicyRow::half_life_seconds;
    if (!may_be_nothing && rules.*span.seconds == 0) {
      return fail(ErrorKind::usage, "policy.no_horizon", std::string(span.flag) + " cannot be nothing",
                  "To end point-in-time recovery once, and free what only it keeps: atoll gc --horizon 0");
    }
  }
  if (!arguments.tiers.empty()) rules.tier_rules = arguments.tiers;
  if (rules.tier_rules.size() == 1 && rules.tier_rules.front() == "none") rules.tier_rules.clear();
  for (std::string& rule : rules.tier_rules) {
    ATOLL_ASSIGN(const auto parsed, vault::parse_tier_rule(rule, Timestamp{}));
    rule = parsed.text;
  }
  if (!arguments.labels.empty()) rules.labels = arguments.labels == "none" ? "" : arguments.labels;
  ATOLL_TRY(vault::check_policy(rules));
  return rules;
}

// What a shorter policy would end with the next gc is said before it is set.
Result<int> set_policy(Session& session, const PolicyArguments& arguments) {
  const auto work = [&](vault::Vault& opened) -> Result<int> {
    ATOLL_ASSIGN(EffectivePolicy policy, policy_for(opened, arguments.bucket));
    PolicyRow before = policy.rules;
    ATOLL_ASSIGN(policy.rules, changed_policy(policy, arguments));
    BucketId bucket;
    if (!arguments.bucket.empty()) {
      ATOLL_ASSIGN(const BucketRow row, vault::Objects(opened).bucket(arguments.bucket));
      bucket = row.id;
    }
    policy.rules.bucket = bucket;
    policy.source = arguments.bucket.empty() ? vault::PolicySource::vault : vault::PolicySource::bucket;
    if (before.retention_seconds > policy.rules.retention_seconds && !session.options.is_dry_run) {
      ATOLL_ASSIGN(const bool goes_on, session.confirm("This shortens how long nothing can be removed for good, from " +
                                                       vault::span_words(before.retention_seconds) + " to " +
                                                       vault::span_words(policy.rules.retention_seconds) + ". Go on?"));
      if (!goes_on) return kExitFailed;
    }
    if (!session.options.is_dry_run) {
      PolicyRow stored = policy.rules;
      if (!bucket.is_none()) {  // the vault's, not the bucket's
        stored.horizon_seconds = stored.audit_seconds = stored.half_life_seconds = 0;
      }
      ATOLL_TRY(opened.commit(journal::CommandKind::policy_change,
                              [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                                changes.put(stored);
                                return {};
                              }));
    }
    say_policy(session, policy, arguments.bucket);
    if (!session.output.is_json) {
      session.output.message("`atoll gc -n` says what goes by that with the next gc.");
      if (!arguments.tiers.empty()) session.output.message("`atoll tier plan` says what lies elsewhere by that.");
    }
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

Result<int> unset_policy(Session& session, const PolicyArguments& arguments) {
  const auto work = [&](vault::Vault& opened) -> Result<int> {
    PolicyRow row;
    if (!arguments.bucket.empty()) {
      ATOLL_ASSIGN(const BucketRow bucket, vault::Objects(opened).bucket(arguments.bucket));
      row.bucket = bucket.id;
    }
    ATOLL_ASSIGN(const auto there, opened.reader()->one<PolicyRow>(catalog::key_of(row)));
    if (!there) {
      return fail(ErrorKind::not_found, "policy.none",
                  (arguments.bucket.empty() ? std::string("the vault") : "bucket " + arguments.bucket) +
                      " has no policy of its own");
    }
    if (there->retention_seconds > 0 && !session.options.is_dry_run) {
      ATOLL_ASSIGN(const bool goes_on,
                   session.confirm("This ends that nothing younger than " +
                                   vault::span_words(there->retention_seconds) + " can be removed for good. Go on?"));
      if (!goes_on) return kExitFailed;
    }
    if (session.options.is_dry_run) return kExitOk;
    ATOLL_TRY(opened.commit(journal::CommandKind::policy_change,
                            [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                              changes.remove(row);
                              return {};
                            }));
    ATOLL_ASSIGN(const auto policy, policy_for(opened, arguments.bucket));
    say_policy(session, policy, arguments.bucket);
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

// ---- gc

struct CollectArguments {
  std::string horizon;
  double rewrite_from = 30;
};

void say_collected_json(Session& session, const CollectReport& report) {
  JsonObject object("summary");
  object.add("dry_run", session.options.is_dry_run)
      .add("versions_expired", report.expired.gone.versions)
      .add("objects_expired", report.expired.gone.objects)
      .add("packs_removed", report.packs_removed)
      .add("packs_rewritten", report.packs_rewritten)
      .add("bytes_freed", report.bytes_freed)
      .add("journal_bytes_freed", report.journal_bytes_freed)
      .add("bytes_current", report.kept(Keeper::current) + report.kept(Keeper::own))
      .add("bytes_history", report.kept(Keeper::history))
      .add("bytes_snapshots", report.kept(Keeper::snapshot))
      .add("bytes_horizon", report.kept(Keeper::horizon))
      .add("bytes_waiting_for_readers", report.bytes_waiting)
      .add("bytes_busy", report.bytes_busy)
      .add("bytes_dead_left", report.bytes_dead_left)
      .add("horizon_passes", format_rfc3339(report.horizon_passes))
      .add("reaches_back_to", report.reaches_back_to.value)
      .add("ran_out_of_room", report.ran_out_of_room)
      .add("total_duration", report.seconds);
  if (report.expired.next) object.add("next_expiry", format_rfc3339(*report.expired.next));
  if (report.expired.last) object.add("last_expiry", format_rfc3339(*report.expired.last));
  session.output.json(object);
}

void say_collected(Session& session, const CollectReport& report) {
  Output& output = session.output;
  output.end_progress();
  for (const std::string& trouble : report.troubles) output.warning("gc.pack_damaged", trouble);
  if (output.is_json) {
    say_collected_json(session, report);
    return;
  }
  const bool is_dry_run = session.options.is_dry_run;
  const auto& gone = report.expired.gone;
  output.line((is_dry_run ? "Would end " : "Ended ") + versions_word(gone.versions) +
              " whose time is over under the policy (atoll policy show).");
  output.line((is_dry_run ? "Would free " : "Freed ") + format_size(report.bytes_freed) + ": " +
              format_count(report.packs_removed) + (report.packs_removed == 1 ? " pack" : " packs") + " removed, " +
              format_count(report.packs_rewritten) + " written anew." +
              (report.journal_bytes_freed > 0
                   ? " The journal became " + format_size(report.journal_bytes_freed) + " shorter."
                   : ""));
  output.line("What stays:");
  output.line("  " + format_size(report.kept(Keeper::current) + report.kept(Keeper::own)) + " of what is there now");
  if (const auto bytes = report.kept(Keeper::history); bytes > 0) {
    std::string when;
    if (report.expired.next)
      when = "; the first goes " + day_of(*report.expired.next) + ", the last " + day_of(*report.expired.last);
    output.line("  " + format_size(bytes) + " only of older versions, by policy" + when);
  }
  if (const auto bytes = report.kept(Keeper::snapshot); bytes > 0)
    output.line("  " + format_size(bytes) + " only of snapshots, until they are deleted");
  if (const auto bytes = report.kept(Keeper::horizon); bytes > 0) {
    output.line("  " + format_size(bytes) + " only to go back to earlier moments, until " +
                day_of(report.horizon_passes) + " or a little later; now with: atoll gc --horizon 0");
  }
  if (report.bytes_dead_left > 0)
    output.line("  " + format_size(report.bytes_dead_left) + " unused in packs that are mostly in use");
  if (report.bytes_waiting > 0)
    output.line("  " + format_size(report.bytes_waiting) + " until a reader that runs now has ended");
  if (report.bytes_busy > 0) output.line("  " + format_size(report.bytes_busy) + " that a put is just building on");
  if (report.ran_out_of_room)
    output.message("There was no room to do all of it. Run it again: what was freed now helps.");
}

// Of the vault of the accounts: who read what is kept as long as its policy says that who changed what is.
Result<void> drop_old_records(Session& session, vault::Vault& opened) {
  if (opened.keys().vault_name() != vault::kControlVaultName) return {};
  ATOLL_ASSIGN(const auto policy, vault::policy_of_vault(*opened.reader()));
  const std::uint64_t kept_seconds = std::max(policy.rules.audit_seconds, policy.rules.horizon_seconds);
  const Timestamp before{session.environment.machine.clock.now().unix_us -
                         static_cast<std::int64_t>(kept_seconds) * kUsPerSecond};
  std::optional<access::Audit> own;
  if (session.environment.served == nullptr) own.emplace(&opened, session.environment.machine);
  access::Audit& audit = own ? *own : session.environment.served->accounts().audit();
  ATOLL_ASSIGN(const std::uint64_t gone, audit.drop_before(before, opened.actor()));
  if (gone > 0 && !session.output.is_json)
    session.output.line("Ended " + format_count(gone) + " records of reads that are older than " +
                        vault::span_words(kept_seconds) + ".");
  return {};
}

Result<int> collect(Session& session, const CollectArguments& arguments) {
  vault::CollectOptions options;
  options.is_dry_run = session.options.is_dry_run;
  options.stop = &session.environment.stop;
  options.trusts_clock = session.options.assume_yes || session.options.is_dry_run;
  if (arguments.rewrite_from < 1 || arguments.rewrite_from > 100)
    return fail(ErrorKind::usage, "gc.bad_share", "--rewrite-from is a percentage from 1 to 100");
  options.dead_share_min = arguments.rewrite_from / 100;
  if (!arguments.horizon.empty()) {
    ATOLL_ASSIGN(options.horizon_seconds, span_in(arguments.horizon, "--horizon"));
    if (!options.is_dry_run) {
      ATOLL_ASSIGN(
          const bool goes_on,
          session.confirm(*options.horizon_seconds == 0
                              ? "After this nobody can go back to a moment before now, except to snapshots and "
                                "to versions that policies keep. Go on?"
                              : "After this nobody can go back further than " +
                                    vault::span_words(*options.horizon_seconds) + ". Go on?"));
      if (!goes_on) return kExitFailed;
    }
  }
  std::string last_step;
  options.on_progress = [&](std::string_view step, std::uint64_t, std::uint64_t) {
    if (session.output.verbosity > 0 && step != last_step) session.output.message(step);
    last_step = step;
  };
  const auto work = [&](vault::Vault& opened) -> Result<int> {
    auto report = vault::collect_garbage(opened, options);
    if (!report && report.error().id == "gc.clock_gap" && session.environment.terminal.is_in_terminal()) {
      ATOLL_ASSIGN(const bool is_right, session.confirm(report.error().message + ". Is the clock right?"));
      if (!is_right) return pass(std::move(report).error());
      options.trusts_clock = true;
      report = vault::collect_garbage(opened, options);
    }
    if (!report) return pass(std::move(report).error());
    say_collected(session, *report);
    if (!options.is_dry_run) ATOLL_TRY(drop_old_records(session, opened));
    if (report->was_interrupted) return kExitInterrupted;
    return report->troubles.empty() ? kExitOk : kExitDamage;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

// ---- bucket

struct BucketArguments {
  std::string name;
  bool has_own_keys = false;
};

void say_bucket(Session& session, const BucketRow& bucket, const catalog::Totals& totals, const EffectivePolicy& policy,
                const std::string& gate = {}) {
  if (session.output.is_json) {
    JsonObject object("bucket");
    object.add("name", bucket.name)
        .add("id", bucket.id.text())
        .add("objects", totals.objects())
        .add("bytes", totals.logical_bytes)
        .add("created", format_rfc3339(bucket.created))
        .add("policy", vault::name_of(policy.source));
    if (!gate.empty()) object.add("gate", gate);
    session.output.json(object);
    return;
  }
  session.output.line("Bucket " + bucket.name + ": " + format_count(totals.objects()) + " objects, " +
                      format_size(totals.logical_bytes) + ", made " + format_rfc3339(bucket.created));
  for (const std::string& sentence : vault::words(policy)) session.output.line("  " + sentence);
  if (!gate.empty()) session.output.line("  What does not meet its gate is in quarantine: " + gate);
}

Result<int> show_bucket(Session& session, const BucketArguments& arguments) {
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    ATOLL_ASSIGN(const BucketRow bucket, vault::Objects(opened).bucket(arguments.name));
    ATOLL_ASSIGN(const auto totals, opened.reader()->totals(bucket.id));
    ATOLL_ASSIGN(const auto policy, policy_for(opened, bucket.name));
    ATOLL_ASSIGN(const std::string gate, vault::gate_of(*opened.reader(), bucket.name));
    say_bucket(session, bucket, totals, policy, gate);
    return kExitOk;
  });
}

Result<int> list_buckets(Session& session, const BucketArguments&) {
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    const auto reader = opened.reader();
    ATOLL_ASSIGN(const auto buckets, reader->buckets());
    for (const BucketRow& bucket : buckets) {
      ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
      if (!session.output.is_json) {
        session.output.line(bucket.name + "  " + format_count(totals.objects()) + " objects, " +
                            format_size(totals.logical_bytes));
        continue;
      }
      ATOLL_ASSIGN(const auto policy, vault::policy_of(*reader, bucket));
      say_bucket(session, bucket, totals, policy);
    }
    return kExitOk;
  });
}

Result<int> create_bucket(Session& session, const BucketArguments& arguments) {
  return session.with_writer([&](vault::Vault& opened) -> Result<int> {
    ATOLL_ASSIGN(const BucketRow bucket, vault::create_bucket(opened, arguments.name, arguments.has_own_keys));
    if (arguments.has_own_keys) {
      session.output.message("It has keys of its own: nothing in it is shared with other buckets, and `atoll shred " +
                             arguments.name + "` ends it for certain. A recovery kit saved before does not open it.");
    }
    ATOLL_ASSIGN(const auto policy, policy_for(opened, bucket.name));
    say_bucket(session, bucket, {}, policy);
    return kExitOk;
  });
}

Result<int> delete_bucket(Session& session, const BucketArguments& arguments) {
  const auto work = [&](vault::Vault& opened) -> Result<int> {
    vault::Objects objects(opened);
    if (session.options.is_dry_run) {
      ATOLL_TRY(objects.check_removable(arguments.name));
    } else {
      ATOLL_TRY(objects.remove_bucket(arguments.name));
    }
    if (session.output.is_json) {
      session.output.json(
          JsonObject("summary").add("bucket", arguments.name).add("dry_run", session.options.is_dry_run));
    } else {
      session.output.message((session.options.is_dry_run ? "Would have removed" : "Removed") + std::string(" bucket ") +
                             arguments.name);
    }
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

template <class Arguments, class Work>
void on_chosen(CLI::App* command, Session& session, Chosen& chosen, std::shared_ptr<Arguments> arguments, Work work) {
  command->callback([&session, &chosen, arguments, work] {
    chosen.body = [&session, arguments, work] { return work(session, *arguments); };
  });
}

}  // namespace

Result<int> remove_forever(Session& session, const ForeverArguments& arguments) {
  std::vector<vault::EraseRequest> requests;
  for (const auto& selection : arguments.selections) {
    vault::EraseRequest request{selection, vault::EraseWhich::all, {}, arguments.reason};
    if (arguments.versions == "old") {
      request.which = vault::EraseWhich::old;
    } else if (arguments.versions != "all") {
      request.which = vault::EraseWhich::one;
      if (selection.is_recursive) {
        return fail(ErrorKind::usage, "rm.bad_versions", "with -r --versions is all or old",
                    "The id or label of a version goes with one object.");
      }
    }
    requests.push_back(std::move(request));
  }
  const auto work = [&](vault::Vault& opened) -> Result<int> {
    vault::EraseCount all;
    for (auto& request : requests) {
      if (request.which == vault::EraseWhich::one) {
        const vault::Address address{request.selection.bucket, request.selection.prefix, true};
        ATOLL_ASSIGN(const auto found, vault::find_addressed(opened, address, arguments.versions));
        request.version = found.version.version;
      }
      auto count = vault::count_erasure(opened, request);
      auto& selection = request.selection;
      if (!count && count.error().kind == ErrorKind::not_found && selection.is_recursive && !selection.prefix.empty()) {
        // `rm -r a/file` names an object after all.
        selection = {selection.bucket, selection.prefix.substr(0, selection.prefix.size() - 1), false};
        count = vault::count_erasure(opened, request);
      }
      if (!count) return pass(std::move(count).error());
      all.objects += count->objects;
      all.versions += count->versions;
      all.bytes += count->bytes;
    }
    const std::string what = versions_word(all.versions) + " of " + format_count(all.objects) +
                             (all.objects == 1 ? " object" : " objects") + ", up to " + format_size(all.bytes) +
                             " less what others share";
    if (!session.options.is_dry_run) {
      ATOLL_ASSIGN(const bool goes_on,
                   session.confirm("Remove " + what + ", for good and from every earlier moment too?"));
      if (!goes_on) return kExitFailed;
      for (const auto& request : requests) ATOLL_TRY(vault::erase(opened, request));
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("verb", "removed forever")
                              .add("objects", all.objects)
                              .add("versions", all.versions)
                              .add("bytes", all.bytes)
                              .add("dry_run", session.options.is_dry_run));
    } else {
      session.output.message((session.options.is_dry_run ? "Would have removed " : "Removed ") + what +
                             ". `atoll gc` gives the room back.");
    }
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

void add_keeping_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* policy = app.add_subcommand("policy", "How long older versions stay");
  policy->require_subcommand(1);
  auto arguments = std::make_shared<PolicyArguments>();
  auto* show = policy->add_subcommand("show", "What holds, in words, and where it comes from");
  show->add_option("bucket", arguments->bucket, "BUCKET; the vault and what differs from it otherwise");
  on_chosen(show, session, chosen, arguments, show_policy);
  auto* set = policy->add_subcommand("set", "Change what is named; the rest stays as it is");
  set->add_option("bucket", arguments->bucket, "BUCKET; the whole vault otherwise");
  for (const SpanOption& span : kKeepSpans) set->add_option(span.flag, (*arguments).*span.text, span.help);
  set->add_option_function<std::uint32_t>(
      "--keep-last",
      [arguments](const std::uint32_t& count) {
        arguments->keep_last = count;
        arguments->has_keep_last = true;
      },
      "so many replaced versions of each object, whatever their age");
  set->add_flag("--keep-all", arguments->keeps_all, "every version, for ever");
  set->add_flag("--keep-none", arguments->keeps_none, "no rule but those given with it");
  for (const SpanOption& span : kOtherSpans) set->add_option(span.flag, (*arguments).*span.text, span.help);
  set->add_option("--tier", arguments->tiers,
                  "\"cold if FILTER\", the tiers are hot, warm, cold (repeatable; replaces all; none)")
      ->allow_extra_args(false);
  set->add_option("--labels", arguments->labels, "names of new versions: none, semantic, timestamp, hash");
  set->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would hold");
  on_chosen(set, session, chosen, arguments, set_policy);
  auto* unset = policy->add_subcommand("unset", "Back to the vault's policy; without BUCKET to the built-in one");
  unset->add_option("bucket", arguments->bucket, "BUCKET");
  unset->add_flag("-n,--dry-run", session.options.is_dry_run, "only check");
  on_chosen(unset, session, chosen, arguments, unset_policy);

  auto* gc = app.add_subcommand("gc", "End versions whose time is over, and free what nothing needs any more");
  auto collect_arguments = std::make_shared<CollectArguments>();
  gc->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would go, and what stays until when");
  gc->add_option("--horizon", collect_arguments->horizon,
                 "this once, go back only so far instead of the policy's horizon; 0: not before now. Asks");
  gc->add_option("--rewrite-from", collect_arguments->rewrite_from,
                 "packs of which more than this percentage is unused are written anew (30)");
  on_chosen(gc, session, chosen, collect_arguments, collect);

  auto* bucket = app.add_subcommand("bucket", "Make, show and remove buckets");
  bucket->require_subcommand(1);
  auto bucket_arguments = std::make_shared<BucketArguments>();
  on_chosen(bucket->add_subcommand("list", "All buckets"), session, chosen, bucket_arguments, list_buckets);
  auto* show_one = bucket->add_subcommand("show", "One bucket, and how long its versions stay");
  show_one->add_option("name", bucket_arguments->name, "BUCKET")->required();
  on_chosen(show_one, session, chosen, bucket_arguments, show_bucket);
  auto* create = bucket->add_subcommand("create", "An empty bucket");
  create->add_option("name", bucket_arguments->name, "3 to 63 of a-z 0-9 . -")->required();
  create->add_flag("--key-domain", bucket_arguments->has_own_keys,
                   "with keys of its own, so that it can be shredded (cannot be changed later)");
  on_chosen(create, session, chosen, bucket_arguments, create_bucket);
  auto* remove = bucket->add_subcommand("delete", "Remove a bucket that holds nothing, no history either");
  remove->add_option("name", bucket_arguments->name, "BUCKET")->required();
  remove->add_flag("-n,--dry-run", session.options.is_dry_run, "only check");
  on_chosen(remove, session, chosen, bucket_arguments, delete_bucket);
}

}  // namespace atl::cli
