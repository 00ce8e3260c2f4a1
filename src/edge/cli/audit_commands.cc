// audit: who read what, who was refused, and whether the record is whole.
#include <CLI/CLI.hpp>

#include <algorithm>

#include "edge/cli/accounts.h"
#include "edge/cli/commands.h"
#include "foundation/base/actor.h"

namespace atl::cli {
namespace {

using access::Access;
using access::AuditQuery;
using access::AuditRecord;

struct AuditArguments {
  AuditQuery query;
  std::string since, until;
  bool writes = false;
  std::uint64_t failed_logins = UINT64_MAX, reads = UINT64_MAX, removals = UINT64_MAX;
  std::string window;
};

constexpr std::int64_t kUsPerSecond = 1'000'000;

// A time, or so long ago.
Result<Timestamp> parse_begin(Session& session, const std::string& text, Timestamp otherwise) {
  if (text.empty()) return otherwise;
  if (const auto seconds = parse_duration_s(text))
    return Timestamp{session.environment.machine.clock.now().unix_us - *seconds * kUsPerSecond};
  ATOLL_ASSIGN(const auto time, parse_rfc3339(text));
  return Timestamp{time.seconds * kUsPerSecond};
}

Result<AuditQuery> parse_query(Session& session, const AuditArguments& arguments) {
  AuditQuery query = arguments.query;
  ATOLL_ASSIGN(query.since, parse_begin(session, arguments.since, {}));
  ATOLL_ASSIGN(query.until, parse_begin(session, arguments.until, Timestamp{INT64_MAX}));
  return query;
}

void say_record(Session& session, const AuditRecord& record) {
  if (session.output.is_json) {
    JsonObject object("record");
    object.add("time", format_rfc3339(record.time)).add("actor", record.actor).add("address", record.address);
    object.add("request_id", record.request_id).add("action", record.action).add("allowed", record.is_allowed);
    object.add("reason", record.reason).add("vault", record.vault.is_none() ? "" : record.vault.text());
    object.add("bucket", record.bucket).add_path("key", record.key).add("count", record.count);
    object.add("bytes", record.bytes);
    session.output.json(object);
    return;
  }
  std::string line = format_rfc3339(record.time) + "   " + (record.actor.empty() ? "(nobody)" : shown(record.actor));
  if (!record.address.empty()) line += " from " + shown(record.address);
  line +=
      "   " + (record.is_allowed ? shown(record.action) : session.output.red("denied") + " " + shown(record.action));
  if (!record.bucket.empty()) line += "   " + record.bucket + (record.key.empty() ? "" : "/" + shown(record.key));
  if (record.count > 1) line += "   " + format_count(record.count) + " times";
  if (!record.is_allowed && !record.reason.empty()) line += "   (" + shown(record.reason) + ")";
  session.output.line(line);
}

// Changes stand in the journal of their vault, with who made them and from where.
Result<int> show_writes(Session& session, const AuditQuery& query) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto stats, vault.journal().stats());
    const Lsn from = std::max(stats.first_kept, Lsn{1});
    if (from > vault.journal().last()) return kExitOk;
    ATOLL_TRY(vault.journal().read_envelopes(
        from, vault.journal().last(), [&](const journal::Envelope& envelope) -> Result<bool> {
          if (envelope.commit_time < query.since || envelope.commit_time > query.until) return true;
          if (!query.actor.empty() && !is_by(envelope.actor, query.actor)) return true;
          if (!query.address.empty() && envelope.origin != query.address) return true;
          if (!query.action.empty() && journal::name_of(envelope.kind) != query.action) return true;
          AuditRecord record;
          record.time = envelope.commit_time;
          record.actor = envelope.actor;
          record.address = envelope.origin;
          record.request_id = envelope.request_id;
          record.action = journal::name_of(envelope.kind);
          record.reason = "change " + std::to_string(envelope.lsn.value);
          record.vault = vault.keys().vault();
          say_record(session, record);
          return !session.output.is_closed() && !session.environment.stop.load();
        }));
    return kExitOk;
  });
}

Result<int> show(Session& session, const AuditArguments& arguments) {
  ATOLL_ASSIGN(const AuditQuery query, parse_query(session, arguments));
  if (arguments.writes) return show_writes(session, query);
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    ATOLL_TRY(accounts.audit().for_each(query, [&](const AuditRecord& record) -> Result<bool> {
      say_record(session, record);
      return !session.output.is_closed() && !session.environment.stop.load();
    }));
    return kExitOk;
  });
}

Result<int> verify(Session& session) {
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    ATOLL_ASSIGN(const auto report, accounts.audit().verify());
    if (session.output.is_json) {
      JsonObject object("summary");
      object.add("batches", report.batches).add("records", report.records).add("whole", !report.first_broken);
      if (report.first_broken) object.add("first_broken", *report.first_broken).add("problem", report.what);
      session.output.json(object);
    } else if (report.first_broken) {
      session.output.line(session.output.red("The record is broken") + " at batch " +
                          std::to_string(*report.first_broken) + ": " + report.what);
      session.output.message("Everything before it is as it was written: " + format_count(report.records) +
                             " records. `atoll --vault control journal show` tells what changed it.");
    } else {
      session.output.line("Whole: " + format_count(report.records) + " records in " + format_count(report.batches) +
                          " batches.");
    }
    return report.first_broken ? kExitDamage : kExitOk;
  });
}

Result<int> tell(Session& session, const AuditArguments& arguments) {
  ATOLL_ASSIGN(const AuditQuery query, parse_query(session, arguments));
  return with_accounts(session, Opens::to_read, [&](Access& accounts) -> Result<int> {
    ATOLL_ASSIGN(const auto report, accounts.audit().report(query));
    ATOLL_ASSIGN(const auto state, accounts.audit().verify());
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("records", report.records)
                              .add("denied", report.denied)
                              .add("failed_sign_ins", report.failed_sign_ins)
                              .add("first", time_or(report.first, ""))
                              .add("last", time_or(report.last, ""))
                              .add_map("by_actor", report.by_actor)
                              .add_map("by_action", report.by_action)
                              .add_map("denied_by_actor", report.denied_by_actor)
                              .add_map("failed_by_address", report.failed_by_address)
                              .add("whole", !state.first_broken));
      return state.first_broken ? kExitDamage : kExitOk;
    }
    Output& output = session.output;
    output.line(
        format_count(report.records) + " records" +
        (report.records == 0 ? "" : ", " + format_rfc3339(report.first) + " to " + format_rfc3339(report.last)));
    output.line(format_count(report.denied) + " refused, " + format_count(report.failed_sign_ins) + " failed sign-ins");
    const auto table = [&](const char* title, const std::map<std::string, std::uint64_t>& counts) {
      if (counts.empty()) return;
      output.line(title);
      for (const auto& [name, count] : counts)
        output.line("  " + (name.empty() ? "(nobody)" : shown(name)) + "   " + format_count(count));
    };
    table("By account:", report.by_actor);
    table("By action:", report.by_action);
    table("Refused:", report.denied_by_actor);
    table("Failed sign-ins by address:", report.failed_by_address);
    output.line(state.first_broken
                    ? output.red("The record is broken") + " at batch " + std::to_string(*state.first_broken)
                    : "The record is whole.");
    return state.first_broken ? kExitDamage : kExitOk;
  });
}

Result<int> set_alarms(Session& session, const AuditArguments& arguments) {
  std::uint64_t window_seconds = UINT64_MAX;
  if (!arguments.window.empty()) {
    ATOLL_ASSIGN(const std::int64_t seconds, parse_duration_s(arguments.window));
    window_seconds = static_cast<std::uint64_t>(seconds);
  }
  return with_accounts(session, Opens::to_write, [&](Access& accounts) -> Result<int> {
    for (const auto& [name, value] :
         {std::pair<const char*, std::uint64_t>{"alarm.failed_logins", arguments.failed_logins},
          {"alarm.reads", arguments.reads},
          {"alarm.removals", arguments.removals},
          {"alarm.window_seconds", window_seconds}}) {
      if (value == UINT64_MAX) continue;
      ATOLL_TRY(accounts.set_home_setting(asker(session), name, std::to_string(value)));
    }
    return kExitOk;
  });
}

}  // namespace

void add_audit_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* audit = app.add_subcommand("audit", "Who read what, who was refused, and whether that record is whole");
  audit->require_subcommand(1);
  auto arguments = std::make_shared<AuditArguments>();
  const auto add_query = [&](CLI::App* command) {
    command->add_option("--actor", arguments->query.actor, "of this account");
    command->add_option("--action", arguments->query.action, "read, list, sign_in, ...");
    command->add_option("--bucket", arguments->query.bucket, "in this bucket");
    command->add_option("--address", arguments->query.address, "from this address");
    command->add_option("--since", arguments->since, "30d, or a time");
    command->add_option("--until", arguments->until, "1d, or a time");
    command->add_flag("--denied", arguments->query.only_denied, "only what was refused");
  };
  auto* show_command = audit->add_subcommand("show", "The records, oldest first");
  add_query(show_command);
  show_command->add_flag("--writes", arguments->writes, "changes instead, from the vault's journal");
  show_command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return show(session, *arguments); }; });
  audit->add_subcommand("verify", "Is the record as it was written? Exit code 22 where it is not")
      ->callback([&session, &chosen] { chosen.body = [&session] { return verify(session); }; });
  auto* report = audit->add_subcommand("report", "Counts by account, action and address");
  add_query(report);
  report->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return tell(session, *arguments); }; });
  auto* alarms = audit->add_subcommand("alarms", "From how many on the server raises an alarm; 0: never");
  alarms->add_option("--failed-logins", arguments->failed_logins, "failed sign-ins of one name or address (10)");
  alarms->add_option("--reads", arguments->reads, "reads of one account (10,000)");
  alarms->add_option("--removals", arguments->removals, "removals of one account (1,000)");
  alarms->add_option("--window", arguments->window, "within this time (5m)");
  alarms->callback([&session, &chosen, arguments] {
    chosen.body = [&session, arguments] { return set_alarms(session, *arguments); };
  });
}

}  // namespace atl::cli
