// bucket gate, quarantine: what a bucket's files have to meet, and which of them do not.
#include <CLI/CLI.hpp>

#include "catalog/filter/requirement.h"
#include "derived/search/search_index.h"
#include "edge/cli/commands.h"
#include "edge/cli/finder.h"
#include "edge/cli/listing.h"
#include "foundation/base/units.h"
#include "vault/object/gate.h"

namespace atl::cli {
namespace {

constexpr std::size_t kPage = 500;

struct GateArguments {
  std::string bucket, requirement;
  bool ends_it = false;
};

std::string files_word(std::uint64_t count) { return format_count(count) + (count == 1 ? " file" : " files"); }

void say_gate(Session& session, const std::string& bucket, const std::string& gate,
              const std::optional<search::GateState>& state) {
  if (session.output.is_json) {
    JsonObject object("gate");
    object.add("bucket", bucket).add("require", gate);
    if (state) {
      object.add("judged", state->judged).add("quarantined", state->quarantined);
      object.add("passed", state->judged - state->quarantined).add("is_finished", state->is_finished);
    }
    session.output.json(object);
    return;
  }
  if (gate.empty()) {
    session.output.line("Bucket " + bucket + " has no gate: everything in it is found.");
    return;
  }
  session.output.line("Files in " + bucket + " have to meet: " + gate);
  if (!state) return;
  if (!state->is_finished) {
    session.output.line("  " + files_word(state->judged) + " judged so far; the others are being judged.");
    return;
  }
  session.output.line("  " + files_word(state->judged) +
                      " judged: " + format_count(state->judged - state->quarantined) + " passed, " +
                      format_count(state->quarantined) + " in quarantine." +
                      (state->quarantined > 0 ? " `atoll quarantine " + bucket + "` says why." : ""));
}

// Brought to where the vault is; a home that cannot be searched shows the gate without counts.
Result<std::optional<search::GateState>> state_of(Session& session, vault::Vault& vault, const std::string& bucket) {
  Finder finder(session, vault);
  ATOLL_TRY(finder.open());
  ATOLL_TRY(finder.catch_up(Finder::Embeds::a_little));
  ATOLL_ASSIGN(const auto states, finder.index().gates(vault));
  for (const auto& one : states) {
    if (one.name == bucket) return std::optional(one);
  }
  return std::nullopt;
}

Result<int> gate(Session& session, const GateArguments& arguments) {
  const bool changes = arguments.ends_it || !arguments.requirement.empty();
  if (arguments.ends_it && !arguments.requirement.empty())
    return fail(ErrorKind::usage, "gate.both", "--require and --none exclude each other");
  if (!arguments.requirement.empty()) ATOLL_TRY(filter::Requirement::parse(arguments.requirement));
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    if (changes && !session.options.is_dry_run)
      ATOLL_TRY(vault::set_gate(vault, arguments.bucket, arguments.requirement));
    ATOLL_ASSIGN(std::string text, vault::gate_of(*vault.reader(), arguments.bucket));
    std::optional<search::GateState> state;
    if (changes && session.options.is_dry_run) {
      text.clear();
      if (!arguments.ends_it) {
        ATOLL_ASSIGN(const auto requirement, filter::Requirement::parse(arguments.requirement));
        text = requirement.text();
      }
    } else if (!text.empty()) {
      const auto known = state_of(session, vault, arguments.bucket);
      if (known) state = *known;
      if (!known) session.output.warning(known.error().id, known.error().message);
    }
    say_gate(session, arguments.bucket, text, state);
    if (changes && session.options.is_dry_run) session.output.message("Nothing was changed.");
    return kExitOk;
  };
  return changes && !session.options.is_dry_run ? session.with_writer(work) : session.with_reader(work);
}

struct QuarantineArguments {
  std::string within;
  std::uint64_t limit = 0;
  bool waits_not = false, is_long = false, ends_with_nul = false;
};

void print_quarantined(Session& session, const search::Quarantined& one, const QuarantineArguments& arguments) {
  const std::string name = one.bucket + "/" + one.listed.entry.key;
  if (session.output.is_json) {
    JsonObject object = json_of(one.bucket, one.listed);
    std::vector<std::string> reasons;
    for (const auto& reason : one.reasons) {
      JsonObject item;
      item.add("condition", reason.condition).add("words", reason.words);
      if (!reason.field.empty()) item.add("field", reason.field);
      if (reason.value) item.add("value", *reason.value);
      reasons.push_back(item.text());
    }
    object.add_raw("reasons", json_array(reasons));
    session.output.json(object);
    return;
  }
  if (arguments.ends_with_nul) {
    session.output.data(name + std::string(1, '\0'));
    return;
  }
  print_object(session, one.bucket, one.listed, name, arguments.is_long);
  for (const auto& reason : one.reasons) session.output.line("    " + shown(reason.words));
}

Result<int> quarantine(Session& session, const QuarantineArguments& arguments) {
  search::QuarantineQuestion question;
  if (!arguments.within.empty()) {
    ATOLL_ASSIGN(const auto within, vault::parse_address(arguments.within));
    question.bucket = within.bucket;
    question.prefix = within.key;
  }
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    if (!arguments.waits_not) ATOLL_TRY(finder.catch_up(Finder::Embeds::a_little));
    std::uint64_t shown_count = 0;
    bool has_more = true;
    search::Coverage coverage;
    while (has_more && !session.output.is_closed() && !session.environment.stop.load()) {
      const std::uint64_t left = arguments.limit > 0 ? arguments.limit - shown_count : kPage;
      if (left == 0) break;
      question.limit = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPage));
      ATOLL_ASSIGN(const auto answer, finder.index().quarantine(vault, question));
      for (const auto& one : answer.objects) print_quarantined(session, one, arguments);
      shown_count += answer.objects.size();
      has_more = answer.has_more;
      coverage = answer.coverage;
      if (!answer.objects.empty())
        question.after = search::ObjectName{answer.objects.back().bucket, answer.objects.back().listed.entry.key};
    }
    ATOLL_ASSIGN(const auto states, finder.index().gates(vault));
    std::uint64_t judged = 0;
    std::uint64_t quarantined = 0;
    bool has_gate = false;
    for (const auto& state : states) {
      if (!question.bucket.empty() && state.name != question.bucket) continue;
      has_gate = true;
      judged += state.judged;
      quarantined += state.quarantined;
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("shown", shown_count)
                              .add("has_more", has_more)
                              .add("judged", judged)
                              .add("quarantined", quarantined)
                              .add("passed", judged - quarantined)
                              .add("is_complete", coverage.is_complete() && coverage.gates_unfinished == 0));
      return kExitOk;
    }
    if (!has_gate) {
      session.output.message("No gate is set" + (question.bucket.empty() ? "" : " for " + question.bucket) +
                             ": atoll bucket gate BUCKET --require 'meta.quality_score>=0.9 and readable'");
    } else if (shown_count == 0) {
      session.output.message("Nothing is in quarantine" + std::string(question.prefix.empty() ? "" : " there") + ": " +
                             format_count(judged - quarantined) + " of " + files_word(judged) + " passed.");
    } else if (has_more || !question.prefix.empty()) {
      session.output.message(format_count(shown_count) + " shown; " + format_count(quarantined) + " of " +
                             files_word(judged) + " are in quarantine.");
    } else {
      session.output.message(format_count(quarantined) + " of " + files_word(judged) +
                             (quarantined == 1 ? " is in quarantine." : " are in quarantine."));
    }
    if (coverage.gates_unfinished > 0 || !coverage.is_complete()) {
      session.output.warning("search.incomplete", "not everything was judged yet: there may be more");
    }
    return kExitOk;
  });
}

}  // namespace

void add_gate_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* set = app.get_subcommand("bucket")->add_subcommand(
      "gate", "Show or set what files have to meet; those that do not are in quarantine");
  auto arguments = std::make_shared<GateArguments>();
  set->add_option("name", arguments->bucket, "BUCKET")->required();
  set->add_option("--require", arguments->requirement,
                  "a filter (spec/filter.md): meta.quality_score>=0.9 and meta.instrument:* and readable");
  set->add_flag("--none", arguments->ends_it, "no gate from now on");
  set->add_flag("-n,--dry-run", session.options.is_dry_run, "only check");
  set->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return gate(session, *arguments); }; });

  auto* list = app.add_subcommand("quarantine", "List what does not meet the gate of its bucket, and why");
  auto of_list = std::make_shared<QuarantineArguments>();
  list->add_option("place", of_list->within, "only in BUCKET[/prefix]");
  list->add_option("--limit", of_list->limit, "stop after so many");
  list->add_flag("-l,--long", of_list->is_long, "with size and time");
  list->add_flag("-0,--print0", of_list->ends_with_nul, "names alone, each ended with a NUL, for xargs -0");
  list->add_flag("--no-wait", of_list->waits_not, "do not look into new files first");
  list->callback(
      [&session, &chosen, of_list] { chosen.body = [&session, of_list] { return quarantine(session, *of_list); }; });
}

}  // namespace atl::cli
