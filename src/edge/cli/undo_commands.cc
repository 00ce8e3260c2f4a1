// undo rewind operations: taking back what was done, with the difference shown first.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"
#include "vault/history/moment.h"
#include "vault/rewind/undo.h"

namespace atl::cli {
namespace {

using vault::UndoCounts;
using vault::UndoItem;
using vault::UndoPlan;
using vault::UndoStep;

constexpr std::uint64_t kShownMax = 20;

std::string_view step_sign(UndoStep step) {
  switch (step) {
    case UndoStep::bring_back: return "+ ";
    case UndoStep::put_back: return "~ ";
    case UndoStep::retag: return "t ";
    case UndoStep::remove: return "- ";
    case UndoStep::change_row: return "~ ";
    case UndoStep::leave: return "! ";
    case UndoStep::impossible: return "x ";
  }
  return "  ";
}

bool is_object(const UndoItem& item) { return item.table == journal::TableNumber::entries; }

JsonObject json_of(const UndoItem& item) {
  JsonObject object("change");
  object.add("action", vault::name_of(item.step));
  if (is_object(item)) {
    object.add("bucket", item.bucket).add_path("key", item.key).add("bytes", item.bytes);
    if (item.target) object.add("version", item.target->version.text());
  } else {
    object.add("what", item.key);
  }
  if (!item.why.empty()) object.add("reason", item.why);
  return object;
}

std::string line_of(const UndoItem& item) {
  std::string text(step_sign(item.step));
  text += is_object(item) ? item.bucket + "/" + shown(item.key) : shown(item.key);
  if (!item.why.empty()) text += "  (" + shown(item.why) + ")";
  return text;
}

void add_counts(JsonObject& object, const UndoCounts& counts) {
  object.add("brought_back", counts.bring_back)
      .add("put_back", counts.put_back)
      .add("retagged", counts.retag)
      .add("removed", counts.remove)
      .add("other_rows", counts.rows)
      .add("bytes", counts.bytes);
}

std::string words_of(const UndoCounts& counts, bool is_done) {
  std::string text;
  const auto add = [&text](std::uint64_t count, const std::string& words) {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + format_count(count) + " " + words;
  };
  add(counts.bring_back, is_done ? "brought back" : "to bring back");
  add(counts.put_back, is_done ? "put back to what they were" : "to put back to what they were");
  add(counts.retag,
      is_done ? "with the tags, label and origin they had" : "to give the tags, label and origin they had");
  add(counts.remove, is_done ? "removed" : "to remove");
  add(counts.rows, is_done ? "buckets, rules and snapshots as they were" : "buckets, rules and snapshots to change");
  return text.empty() ? "nothing" : text;
}

// What would be done: the first objects to people, all of them to programs and with -v.
Result<void> show_plan(Session& session, UndoPlan& plan) {
  Output& output = session.output;
  const UndoCounts& counts = plan.counts();
  if (plan.goes_on()) output.message("This was broken off before; the rest of it follows.");
  std::uint64_t shown_count = 0;
  std::uint64_t rest = 0;
  ATOLL_TRY(plan.for_each([&](const UndoItem& item) -> Result<bool> {
    if (output.is_json) {
      output.json(json_of(item));
    } else if (!output.is_quiet && (output.verbosity > 0 || shown_count < kShownMax)) {
      output.line(line_of(item));
      ++shown_count;
    } else {
      ++rest;
    }
    return !output.is_closed() && !session.environment.stop.load();
  }));
  if (output.is_json) return {};
  if (rest > 0 && !output.is_quiet) output.message("  … and " + format_count(rest) + " more; -v lists all.");
  output.message((plan.is_rewind() ? "Rewind of " : "Undo of ") + shown(plan.selection().words) + ": " +
                 words_of(counts, false) + ".");
  if (counts.already > 0) output.message(format_count(counts.already) + " are as they should be already.");
  if (counts.left > 0) {
    output.message(format_count(counts.left) + " stay as they are: changed since by others, or not to be touched (!)." +
                   (plan.is_rewind() ? "" : " --force puts back also what others changed since."));
  }
  if (counts.impossible > 0) output.message(format_count(counts.impossible) + " cannot be given back (x).");
  return {};
}

void warn(Session& session, const UndoCounts& counts) {
  if (counts.erased > 0) {
    session.output.warning(
        "undo.erased", format_count(counts.erased) + " versions were removed for good by this: that cannot be undone");
  }
  if (counts.unreadable > 0) {
    session.output.warning("undo.unreadable", format_count(counts.unreadable) +
                                                  " changes were erased from the journal: what they did is not known");
  }
}

void say_done(Session& session, const UndoPlan& plan, const vault::UndoReport& report) {
  const UndoCounts& counts = plan.counts();
  const std::uint64_t left = counts.left + report.left;
  if (session.output.is_json) {
    JsonObject object("summary");
    object.add("verb", plan.is_rewind() ? "rewind" : "undo");
    add_counts(object, session.options.is_dry_run ? counts : report.done);
    object.add("already", counts.already).add("left", left).add("impossible", counts.impossible);
    object.add("dry_run", session.options.is_dry_run);
    if (!report.operation.is_none()) object.add("operation", report.operation.text());
    session.output.json(object);
    return;
  }
  if (session.options.is_dry_run) return;
  session.output.message("Done: " + words_of(report.done, true) + ". `atoll undo " + report.operation.text() +
                         "` takes it back.");
  if (report.left > 0)
    session.output.message(format_count(report.left) + " were changed meanwhile and stay as they are.");
}

// Partly done where something cannot be given back, so that a script notices.
int exit_code(const UndoCounts& counts) {
  return counts.impossible + counts.erased + counts.unreadable > 0 ? kExitPartial : kExitOk;
}

Result<int> show_and_apply(Session& session, UndoPlan& plan) {
  ATOLL_TRY(show_plan(session, plan));
  warn(session, plan.counts());
  vault::UndoReport report;
  if (!session.options.is_dry_run && (plan.counts().steps() > 0 || plan.goes_on())) {
    ATOLL_ASSIGN(const bool is_agreed, session.confirm(plan.is_rewind() ? "Rewind as shown?" : "Undo as shown?"));
    if (!is_agreed) {
      session.output.message("Nothing was changed.");
      return kExitOk;
    }
    ATOLL_ASSIGN(report, plan.apply([&session] { return session.environment.stop.load(); }));
    say_done(session, plan, report);
    return exit_code(plan.counts());
  }
  if (session.output.is_json) say_done(session, plan, report);
  return exit_code(plan.counts());
}

Result<vault::RewindScope> scope_of(vault::Vault& vault, const std::string& text) {
  vault::RewindScope scope;
  if (text.empty()) return scope;
  ATOLL_ASSIGN(const auto address, vault::parse_address(text));
  scope.bucket = address.bucket;
  scope.key = address.key;
  if (!scope.key.empty() && !scope.key.ends_with('/')) {
    // An object's name, or a folder written without its '/'.
    const auto reader = vault.reader();
    ATOLL_ASSIGN(const auto bucket, reader->bucket_named(scope.bucket));
    if (bucket) {
      ATOLL_ASSIGN(const auto entry, reader->entry(bucket->id, scope.key));
      scope.is_object = entry.has_value();
    }
    if (!scope.is_object) scope.key += "/";
  }
  return scope;
}

struct UndoArguments {
  std::vector<std::string> words;  // last | OPERATION | LSN, and/or BUCKET[/prefix]
  std::string by, since;
  bool force = false;
};

Result<int> undo(Session& session, const UndoArguments& arguments) {
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    vault::UndoRequest request;
    std::size_t next = 0;
    if (arguments.by.empty() && arguments.since.empty()) {
      if (arguments.words.empty()) {
        return fail(ErrorKind::usage, "undo.needs_what", "undo needs what to take back",
                    "Write: atoll undo last, or one that `atoll operations` lists, or --by WHO, or --since TIME.");
      }
      request.name = arguments.words[next++];
      if (request.name == "last") {
        request.name.clear();
        request.is_last = true;
      }
    }
    std::string where;
    if (next < arguments.words.size()) where = arguments.words[next++];
    if (next < arguments.words.size()) {
      return fail(ErrorKind::usage, "undo.too_many_words", "undo takes one operation and one BUCKET[/prefix] at most");
    }
    request.actor = arguments.by;
    if (!arguments.since.empty()) {
      ATOLL_ASSIGN(request.after, vault::lsn_at(vault, arguments.since));
    }
    ATOLL_ASSIGN(request.scope, scope_of(vault, where));
    ATOLL_ASSIGN(const auto plan, UndoPlan::of_undo(vault, request, arguments.force));
    return show_and_apply(session, *plan);
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

struct RewindArguments {
  std::string to, where;
};

Result<int> rewind(Session& session, const RewindArguments& arguments) {
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto moment, vault::parse_moment(vault, arguments.to));
    Lsn to = moment.lsn;
    if (moment.is_by_time) {
      ATOLL_ASSIGN(to, vault.journal().last_lsn_at(moment.time));
    }
    ATOLL_ASSIGN(const auto scope, scope_of(vault, arguments.where));
    ATOLL_ASSIGN(const auto plan, UndoPlan::of_rewind(vault, to, scope));
    return show_and_apply(session, *plan);
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

std::string_view verb_of(journal::CommandKind kind) {
  using journal::CommandKind;
  switch (kind) {
    case CommandKind::put_objects: return "put";
    case CommandKind::remove_objects: return "remove";
    case CommandKind::create_bucket: return "new bucket";
    case CommandKind::remove_bucket: return "remove bucket";
    case CommandKind::policy_change: return "policy";
    case CommandKind::restore_objects: return "undo";
    case CommandKind::rewind: return "rewind";
    case CommandKind::tag_objects: return "tag";
    case CommandKind::describe_versions: return "describe";
    case CommandKind::erase_objects: return "erase";
    case CommandKind::snapshot_change: return "snapshot";
    case CommandKind::copy_change: return "copy";
    case CommandKind::schedule_change: return "schedule";
    default: return "other";
  }
}

Result<int> operations(Session& session, std::uint64_t limit) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto listed, vault::recent_operations(vault, limit == 0 ? kShownMax : limit));
    for (const auto& one : listed) {
      if (session.output.is_json) {
        JsonObject object("operation");
        object.add("name", one.name())
            .add("first_lsn", one.first.value)
            .add("last_lsn", one.last.value)
            .add("begun", format_rfc3339(one.begun))
            .add("ended", format_rfc3339(one.ended));
        object.add("verb", verb_of(one.kind))
            .add("actor", one.actor)
            .add("commands", one.commands)
            .add("objects", one.objects)
            .add("can_be_undone", one.is_kept);
        if (!one.undone_by.empty()) object.add("undone_by", one.undone_by);
        session.output.json(object);
        continue;
      }
      session.output.line(one.name() + "  " + format_rfc3339(FileTime{one.ended.unix_us / 1'000'000, 0}) + "  " +
                          shown(one.actor) + "  " + std::string(verb_of(one.kind)) + "  " + format_count(one.objects) +
                          (one.objects == 1 ? " object" : " objects") + (one.undone_by.empty() ? "" : "  (undone)") +
                          (one.is_kept ? "" : "  (too long ago to be undone)"));
    }
    if (listed.empty()) session.output.message("Nothing was done yet.");
    return kExitOk;
  });
}

}  // namespace

void add_undo_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* undo_command = app.add_subcommand(
      "undo", "Take back what was done: the last operation, a named one, or everything by somebody or since a time");
  auto undo_arguments = std::make_shared<UndoArguments>();
  undo_command->add_option("what", undo_arguments->words,
                           "last | OPERATION | change number (none with --by or --since), then BUCKET[/prefix]");
  undo_command->add_option("--by", undo_arguments->by,
                           "everything that this account did, or one of its agents or runs: local-agent/chat/RUN");
  undo_command->add_option("--since", undo_arguments->since, "everything since: 2026-11-20T09:30, 2h, a change number");
  undo_command->add_flag("-f,--force", undo_arguments->force, "put back also what others changed since");
  undo_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only show what would be done");
  undo_command->callback([&session, &chosen, undo_arguments] {
    chosen.body = [&session, undo_arguments] { return undo(session, *undo_arguments); };
  });

  auto* rewind_command = app.add_subcommand("rewind", "Make everything, or BUCKET[/prefix], as it was at a moment");
  auto rewind_arguments = std::make_shared<RewindArguments>();
  rewind_command->add_option("where", rewind_arguments->where, "BUCKET[/prefix or key]; the whole vault otherwise");
  rewind_command->add_option("--to", rewind_arguments->to, "2026-11-20T09:30 (UTC), 2h (before now), a change number")
      ->required();
  rewind_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only show what would be done");
  rewind_command->callback([&session, &chosen, rewind_arguments] {
    chosen.body = [&session, rewind_arguments] { return rewind(session, *rewind_arguments); };
  });

  auto limit = std::make_shared<std::uint64_t>(0);
  auto* list_command = app.add_subcommand("operations", "What was done lately, newest first: what undo takes");
  list_command->add_option("--limit", *limit, "so many; 20 otherwise");
  list_command->callback(
      [&session, &chosen, limit] { chosen.body = [&session, limit] { return operations(session, *limit); }; });
}

}  // namespace atl::cli
