// tier plan | run | show: where content lies by temperature, and moving it to where policies want it.
#include <CLI/CLI.hpp>

#include <algorithm>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"
#include "vault/keeping/policy.h"
#include "vault/tier/tiers.h"

namespace atl::cli {
namespace {

using chunk::Temperature;
using vault::kTiersHottestFirst;
using vault::name_of;
using vault::PerTier;
using vault::TierMove;
using vault::TierReport;
using vault::TierUse;

std::string objects_word(std::uint64_t count) { return format_count(count) + (count == 1 ? " object" : " objects"); }
std::string packs_word(std::uint64_t count) { return format_count(count) + (count == 1 ? " pack" : " packs"); }

struct MoveArguments {
  std::vector<std::string> buckets;
  std::vector<std::string> rules;
  std::string limit;
  double rewrite_from = 10;
  bool is_estimate_off = false;
};

// ---- plan and run

std::string move_json(const TierMove& move) {
  JsonObject object;
  object.add("from", name_of(move.from))
      .add("to", name_of(move.to))
      .add("chunks", move.chunks)
      .add("bytes", move.raw_bytes)
      .add("stored_bytes", move.stored_bytes);
  if (move.stored_bytes_after) {
    object.add("stored_bytes_after", *move.stored_bytes_after).add("sampled_bytes", move.sampled_bytes);
  }
  return object.text();
}

bool is_shown(const MoveArguments& arguments, const std::string& bucket) {
  return arguments.buckets.empty() || std::ranges::count(arguments.buckets, bucket) > 0;
}

void say_buckets(Session& session, const MoveArguments& arguments, const TierReport& report) {
  for (const auto& bucket : report.buckets) {
    if (!is_shown(arguments, bucket.name)) continue;
    if (session.output.is_json) {
      JsonObject line("bucket");
      line.add("name", bucket.name);
      for (const Temperature tier : kTiersHottestFirst) {
        line.add(std::string(name_of(tier)) + "_objects", bucket.objects[tier]);
        line.add(std::string(name_of(tier)) + "_bytes", bucket.bytes[tier]);
      }
      if (session.options.is_dry_run) {
        line.add("objects_elsewhere", bucket.objects_elsewhere).add("bytes_elsewhere", bucket.bytes_elsewhere);
      }
      session.output.json(line);
      continue;
    }
    std::string wants;
    for (const Temperature tier : kTiersHottestFirst) {
      if (bucket.objects[tier] == 0) continue;
      wants += (wants.empty() ? "" : ", ") + objects_word(bucket.objects[tier]) + " " + std::string(name_of(tier)) +
               " (" + format_size(bucket.bytes[tier]) + ")";
    }
    if (wants.empty()) continue;
    std::string text = bucket.name + ": by its rules " + wants;
    if (session.options.is_dry_run) {
      text += bucket.objects_elsewhere == 0
                  ? "; all lie there"
                  : "; " + objects_word(bucket.objects_elsewhere) + " of them (" + format_size(bucket.bytes_elsewhere) +
                        ") " + (bucket.objects_elsewhere == 1 ? "lies" : "lie") + " elsewhere";
    }
    session.output.line(text);
  }
}

void say_report_json(Session& session, const TierReport& report) {
  std::vector<std::string> moves;
  for (const TierMove& move : report.moves) moves.push_back(move_json(move));
  JsonObject object("summary");
  object.add("dry_run", session.options.is_dry_run)
      .add_raw("moves", json_array(moves))
      .add("packs", report.packs)
      .add("bytes_to_read", report.bytes_to_read)
      .add("bytes_left", report.bytes_left)
      .add("old_versions", report.old_versions)
      .add("accesses_since", format_rfc3339(report.accesses_since))
      .add("half_life_seconds", report.half_life_seconds);
  if (report.bytes_to_write) object.add("bytes_to_write", *report.bytes_to_write);
  if (!session.options.is_dry_run) {
    object.add("packs_rewritten", report.packs_rewritten)
        .add("bytes_read", report.bytes_read)
        .add("bytes_written", report.bytes_written)
        .add("bytes_removed", report.bytes_removed)
        .add("bytes_waiting_for_readers", report.bytes_waiting)
        .add("bytes_busy", report.bytes_busy)
        .add("packs_not_reached", report.packs_not_reached)
        .add("ran_out_of_room", report.ran_out_of_room);
  }
  session.output.json(object.add("total_duration", report.seconds));
}

void say_moves(Session& session, const TierReport& report) {
  for (const TierMove& move : report.moves) {
    std::string text = (session.options.is_dry_run ? "Would go from " : "From ") + std::string(name_of(move.from)) +
                       " to " + std::string(name_of(move.to)) + ": " + format_size(move.raw_bytes) + ", " +
                       format_size(move.stored_bytes) + " stored";
    if (move.stored_bytes_after) {
      text += ", about " + format_size(*move.stored_bytes_after) + " then (measured on " +
              format_size(move.sampled_bytes) + " of it)";
    }
    session.output.line(text);
  }
}

void say_report(Session& session, const MoveArguments& arguments, const TierReport& report) {
  Output& output = session.output;
  output.end_progress();
  for (const std::string& trouble : report.troubles) output.warning("tier.pack_damaged", trouble);
  say_buckets(session, arguments, report);
  if (output.is_json) return say_report_json(session, report);
  say_moves(session, report);
  if (report.packs == 0) {
    output.line("Nothing lies in the wrong tier" + std::string(report.bytes_left > 0 ? " but little." : "."));
  } else if (session.options.is_dry_run) {
    output.line("For that " + packs_word(report.packs) +
                " would be written anew: " + format_size(report.bytes_to_read) + " read" +
                (report.bytes_to_write ? ", about " + format_size(*report.bytes_to_write) + " written." : "."));
  } else {
    output.line("Wrote " + packs_word(report.packs_rewritten) + " anew: " + format_size(report.bytes_read) + " read, " +
                format_size(report.bytes_written) + " written, " + format_size(report.bytes_removed) + " removed.");
  }
  if (report.bytes_left > 0)
    output.line(format_size(report.bytes_left) + " stay elsewhere, in packs that have little of it (--rewrite-from)");
  if (report.packs_not_reached > 0)
    output.line(packs_word(report.packs_not_reached) + " are left to do: run it again.");
  if (report.bytes_waiting > 0)
    output.line(format_size(report.bytes_waiting) + " of old packs go when a reader that runs now has ended");
  if (report.bytes_busy > 0)
    output.line(format_size(report.bytes_busy) + " of old packs go with the next gc: a put was just building on them");
  if (report.ran_out_of_room)
    output.message("There was no room to do all of it. Free some (atoll gc), and run it again.");
  output.message("Reads are counted since " + format_rfc3339(report.accesses_since) + "; a count halves in " +
                 vault::span_words(report.half_life_seconds) + ".");
}

Result<int> move(Session& session, const MoveArguments& arguments) {
  vault::TierOptions options;
  options.is_dry_run = session.options.is_dry_run;
  options.stop = &session.environment.stop;
  options.threads = session.options.jobs > 0 ? session.options.jobs : 1;
  options.measures = !arguments.is_estimate_off;
  if (arguments.rewrite_from < 0 || arguments.rewrite_from > 100)
    return fail(ErrorKind::usage, "tier.bad_share", "--rewrite-from is a percentage from 0 to 100");
  options.misplaced_share_min = arguments.rewrite_from / 100;
  if (!arguments.limit.empty()) {
    ATOLL_ASSIGN(options.bytes_max, parse_size(arguments.limit));
    if (options.bytes_max == 0) return fail(ErrorKind::usage, "tier.bad_limit", "--limit 0 would move nothing");
  }
  if (!arguments.rules.empty()) {
    options.rules_instead = arguments.rules;
    if (arguments.rules.size() == 1 && arguments.rules.front() == "none") options.rules_instead->clear();
    options.instead_in = arguments.buckets;
    ATOLL_TRY(vault::TierRules::parse(*options.rules_instead, session.environment.machine.clock.now()));
  }
  std::string last_step;
  options.on_progress = [&](std::string_view step, std::uint64_t, std::uint64_t) {
    if (session.output.verbosity > 0 && step != last_step) session.output.message(step);
    last_step = step;
  };
  const auto work = [&](vault::Vault& opened) -> Result<int> {
    for (const std::string& name : arguments.buckets) ATOLL_TRY(vault::Objects(opened).bucket(name));
    ATOLL_ASSIGN(const TierReport report, vault::move_tiers(opened, options));
    say_report(session, arguments, report);
    if (report.was_interrupted) return kExitInterrupted;
    return report.troubles.empty() ? kExitOk : kExitDamage;
  };
  return options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

Result<int> plan(Session& session, const MoveArguments& arguments) {
  session.options.is_dry_run = true;
  return move(session, arguments);
}

// ---- show

struct ShowArguments {
  std::string address;
};

void say_uses(Session& session, const std::string& what, const PerTier<TierUse>& uses, bool is_packs) {
  if (!session.output.is_json) session.output.line(what);
  for (const Temperature tier : kTiersHottestFirst) {
    const TierUse& use = uses[tier];
    if (session.output.is_json) {
      JsonObject line("tier");
      line.add("tier", name_of(tier));
      if (is_packs) {
        line.add("packs", use.packs);
      } else {
        line.add("objects", use.objects);
      }
      session.output.json(line.add("bytes", use.raw_bytes).add("stored_bytes", use.stored_bytes));
      continue;
    }
    std::string name(name_of(tier));
    name.resize(6, ' ');
    session.output.line("  " + name + (is_packs ? packs_word(use.packs) : objects_word(use.objects)) + ", " +
                        format_size(use.raw_bytes) + " in " + format_size(use.stored_bytes));
  }
}

void say_temperature(Session& session, const std::string& address, const vault::ObjectTemperature& answer) {
  if (session.output.is_json) {
    JsonObject object("temperature");
    object.add("lies", name_of(answer.lies.tier())).add("wanted", name_of(answer.wanted)).add("rule", answer.rule);
    for (const Temperature tier : kTiersHottestFirst) {
      object.add(std::string(name_of(tier)) + "_bytes", answer.lies.raw[tier]);
      object.add(std::string(name_of(tier)) + "_stored_bytes", answer.lies.stored[tier]);
    }
    object.add("accesses", answer.accesses);
    if (answer.last_access) object.add("last_access", format_rfc3339(*answer.last_access));
    session.output.json(object.add("accesses_since", format_rfc3339(answer.counted_since)));
    return;
  }
  std::string lies;
  for (const Temperature tier : kTiersHottestFirst) {
    if (answer.lies.raw[tier] == 0) continue;
    lies += (lies.empty() ? "" : ", ") + std::string(name_of(tier)) + " (" + format_size(answer.lies.raw[tier]) +
            " in " + format_size(answer.lies.stored[tier]) + ")";
  }
  session.output.line(shown(address) + " lies " + (lies.empty() ? "nowhere: it has no content" : lies));
  session.output.line("By its policy it is " + std::string(name_of(answer.wanted)) + ": " +
                      (answer.rule.empty() ? "no rule matches" : answer.rule));
  char count[32];
  std::snprintf(count, sizeof count, "%.2f", answer.accesses);
  session.output.line(std::string("Accesses: ") + count +
                      (answer.last_access
                           ? ", the last " + format_rfc3339(*answer.last_access)
                           : ", none since they are counted (" + format_rfc3339(answer.counted_since) + ")"));
}

Result<int> show(Session& session, const ShowArguments& arguments) {
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    if (arguments.address.empty()) {
      const vault::TierMap map(opened);
      say_uses(session, "All that is stored, older versions and checkpoints included:", map.packs(), true);
      return kExitOk;
    }
    ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
    vault::Objects objects(opened);
    if (!address.key.empty() && !address.key.ends_with('/')) {
      const auto found = objects.find(address.bucket, address.key);
      if (found && found->version.kind == catalog::EntryKind::file) {
        ATOLL_ASSIGN(const auto answer, vault::temperature_of(opened, *found));
        say_temperature(session, arguments.address, answer);
        return kExitOk;
      }
      if (!found && found.error().kind != ErrorKind::not_found) return pass(found.error());
    }
    std::string prefix = address.key;
    if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
    ATOLL_ASSIGN(const auto count, objects.count({address.bucket, prefix, true}));
    if (count.objects == 0 && !prefix.empty()) {
      return fail(ErrorKind::not_found, "object.not_found", "nothing lies under " + arguments.address,
                  "`atoll ls " + address.bucket + "` lists what is there.");
    }
    ATOLL_ASSIGN(const auto uses, vault::tiers_of(opened, {address.bucket, prefix, true}));
    say_uses(session, "What is there now in " + shown(arguments.address) + ":", uses, false);
    return kExitOk;
  });
}

template <class Arguments, class Work>
void on_chosen(CLI::App* command, Session& session, Chosen& chosen, std::shared_ptr<Arguments> arguments, Work work) {
  command->callback([&session, &chosen, arguments, work] {
    chosen.body = [&session, arguments, work] { return work(session, *arguments); };
  });
}

}  // namespace

void add_tier_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* tier = app.add_subcommand("tier", "Hot, warm and cold: where content lies, by rules of the policy");
  tier->require_subcommand(1);
  auto arguments = std::make_shared<MoveArguments>();
  const auto add_share = [&](CLI::App* command) {
    command->add_option("--rewrite-from", arguments->rewrite_from,
                        "packs of which at least this percentage lies in the wrong tier are written anew (10)");
  };
  auto* plan_command = tier->add_subcommand("plan", "What would move, what it would cost and gain");
  plan_command->add_option("buckets", arguments->buckets, "BUCKET...: speak of these only");
  plan_command
      ->add_option("--tier", arguments->rules,
                   "as if that were the rules (repeatable; none), in BUCKETs or everywhere: \"cold if FILTER\"")
      ->allow_extra_args(false);
  plan_command->add_flag("--no-estimate", arguments->is_estimate_off,
                         "read no samples; says nothing of what it would take then");
  add_share(plan_command);
  on_chosen(plan_command, session, chosen, arguments, plan);
  auto* run_command =
      tier->add_subcommand("run", "Move content to the tiers that rules want; goes on where it stopped");
  run_command->add_option("--limit", arguments->limit, "read at most so many bytes of packs this time: 10GB");
  run_command->add_flag("-n,--dry-run", session.options.is_dry_run, "as `tier plan`");
  add_share(run_command);
  on_chosen(run_command, session, chosen, arguments, move);
  auto show_arguments = std::make_shared<ShowArguments>();
  auto* show_command = tier->add_subcommand("show", "Where things lie now; of one object, why");
  show_command->add_option("address", show_arguments->address, "BUCKET[/prefix] or one object; all otherwise");
  on_chosen(show_command, session, chosen, show_arguments, show);
}

}  // namespace atl::cli
