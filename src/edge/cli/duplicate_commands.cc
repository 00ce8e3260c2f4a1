// duplicates, questions: what is there more than once, and what was asked of the search.
#include <CLI/CLI.hpp>

#include "derived/search/search_index.h"
#include "edge/cli/commands.h"
#include "edge/cli/finder.h"
#include "edge/cli/listing.h"
#include "foundation/base/units.h"
#include "vault/object/objects.h"

namespace atl::cli {
namespace {

struct DuplicateArguments {
  std::string within, like = "exact";
  double threshold = search::kLikenessOtherwise;
  std::uint64_t limit = 20, offset = 0;
  bool removes = false, waits_not = false, shows_quarantined = false;
};

Result<search::DuplicateQuestion> question_of(const DuplicateArguments& arguments) {
  search::DuplicateQuestion question;
  if (arguments.like == "text") {
    question.like = search::Likeness::text;
  } else if (arguments.like == "pictures") {
    question.like = search::Likeness::picture;
  } else if (arguments.like != "exact") {
    return fail(ErrorKind::usage, "search.unknown_likeness", "there is no likeness \"" + arguments.like + "\"",
                "--like takes exact, text or pictures.");
  }
  question.threshold = arguments.threshold;
  question.limit = arguments.limit;
  question.offset = arguments.offset;
  question.shows_quarantined = arguments.shows_quarantined;
  if (!arguments.within.empty()) {
    ATOLL_ASSIGN(const auto within, vault::parse_address(arguments.within));
    question.bucket = within.bucket;
    question.prefix = within.key;
  }
  return question;
}

std::string percent(double share) { return std::to_string(static_cast<int>(share * 100)) + " %"; }

void print_group(Session& session, const search::DuplicateGroup& group, search::Likeness like) {
  if (session.output.is_json) {
    std::vector<std::string> members;
    for (const auto& member : group.members)
      members.push_back(
          json_of(member.bucket, member.listed).add("similarity", member.similarity).add("frees", member.frees).text());
    session.output.json(JsonObject("group")
                            .add("bytes", group.bytes)
                            .add("frees", group.frees)
                            .add("has_more", group.has_more)
                            .add_raw("members", json_array(members)));
    return;
  }
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    const auto& member = group.members[i];
    std::string line = (i == 0 ? "" : "    ") + shown(member.bucket + "/" + member.listed.entry.key);
    line += "   " + format_size(member.listed.version.size);
    if (i > 0 && like != search::Likeness::exact) line += "   " + percent(member.similarity) + " alike";
    session.output.line(line);
  }
  if (group.has_more) session.output.line("    and more");
}

Result<int> find_duplicates(Session& session, const DuplicateArguments& arguments) {
  ATOLL_ASSIGN(const auto question, question_of(arguments));
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    const bool is_of_pictures = question.like == search::Likeness::picture;
    if (!arguments.waits_not) {
      ATOLL_TRY(finder.catch_up(Finder::Embeds::a_little,
                                is_of_pictures ? Finder::Looks::at_pictures : Finder::Looks::at_texts));
    }
    ATOLL_ASSIGN(const auto answer, finder.index().duplicates(vault, question));
    for (const auto& group : answer.groups) {
      if (session.output.is_closed()) break;
      print_group(session, group, question.like);
    }
    std::uint64_t frees = 0;
    std::uint64_t extras = 0;
    for (const auto& group : answer.groups) {
      frees += group.frees;
      extras += group.members.size() - 1;
    }
    std::uint64_t removed = 0;
    if (arguments.removes && !session.options.is_dry_run) {
      ATOLL_ASSIGN(const auto gone, search::remove_extras(vault, answer.groups));
      removed = gone.size();
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("groups", answer.group_count)
                              .add("extra", answer.extra_count)
                              .add("bytes", answer.bytes)
                              .add("frees", frees)
                              .add("removed", removed)
                              .add("has_more", answer.has_more)
                              .add("quarantined_left_out", answer.quarantined_left_out)
                              .add("previews_waiting", answer.coverage.previews_waiting)
                              .add("is_complete", answer.is_complete));
      return kExitOk;
    }
    if (answer.group_count == 0) {
      session.output.message("Nothing is there twice.");
    } else {
      session.output.message(
          format_count(answer.extra_count) + (answer.extra_count == 1 ? " object in " : " objects in ") +
          format_count(answer.group_count) + (answer.group_count == 1 ? " group" : " groups") + " could go, " +
          format_size(answer.bytes) + " as they are read. " +
          (question.like == search::Likeness::exact
               ? "Equal contents are stored once already: removing them tidies and frees no room."
               : "Those shown free " + format_size(frees) + " at most, once their versions go, too."));
    }
    if (arguments.removes && extras > 0) {
      session.output.message(session.options.is_dry_run
                                 ? format_count(extras) + " would be removed"
                                 : format_count(removed) + " removed; `atoll undo last` brings them back");
    }
    if (answer.quarantined_left_out > 0) {
      session.output.message(format_count(answer.quarantined_left_out) + " in quarantine" +
                             (answer.quarantined_left_out == 1 ? " was not compared: --quarantined takes it in,"
                                                               : " were not compared: --quarantined takes them in,") +
                             " `atoll quarantine` says why.");
    }
    if (answer.has_more) session.output.message("There are more: --limit and --offset show others.");
    if (!answer.is_complete) {
      const std::uint64_t waiting = is_of_pictures ? answer.coverage.previews_waiting : 0;
      session.output.warning("search.incomplete",
                             waiting > 0 ? format_count(waiting) + " files were not looked at yet: there may be more"
                                         : "not everything was compared yet: there may be more");
    }
    return kExitOk;
  };
  return arguments.removes && !session.options.is_dry_run ? session.with_writer(work) : session.with_reader(work);
}

struct QuestionArguments {
  std::string since = "30d", notes;
  std::uint64_t limit = 10;
  bool clears = false;
};

void print_counted(Session& session, const std::string& title, const std::vector<search::CountedWords>& counted) {
  if (counted.empty()) return;
  std::string line = title + ":";
  for (const auto& one : counted)
    line += (line.back() == ':' ? " " : ", ") + shown(one.words) + " (" + format_count(one.count) + ")";
  session.output.line(line);
}

std::string json_of_counted(const std::vector<search::CountedWords>& counted) {
  std::vector<std::string> out;
  for (const auto& one : counted) out.push_back(JsonObject().add("words", one.words).add("count", one.count).text());
  return json_array(out);
}

void print_statistics(Session& session, const search::QuestionStatistics& asked) {
  if (session.output.is_json) {
    session.output.json(JsonObject("questions")
                            .add("is_on", asked.is_on)
                            .add("questions", asked.questions)
                            .add("without_result", asked.without_result)
                            .add("with_opened", asked.with_opened)
                            .add("success_rate", asked.success_rate())
                            .add("median_ms", static_cast<double>(asked.median_us) / 1e3)
                            .add("p99_ms", static_cast<double>(asked.p99_us) / 1e3)
                            .add_raw("terms", json_of_counted(asked.terms))
                            .add_raw("lines", json_of_counted(asked.lines))
                            .add_raw("found_nothing", json_of_counted(asked.found_nothing)));
    return;
  }
  if (!asked.is_on) session.output.line("questions are not noted");
  session.output.line(format_count(asked.questions) + " questions, " + format_count(asked.without_result) +
                      " found nothing, of " + format_count(asked.with_opened) + " a result was opened");
  if (asked.questions == 0) return;
  session.output.line(
      "half were answered within " + format_count(static_cast<std::uint64_t>(asked.median_us + 999) / 1000) +
      " ms, 99 of 100 within " + format_count(static_cast<std::uint64_t>(asked.p99_us + 999) / 1000) + " ms");
  print_counted(session, "words", asked.terms);
  print_counted(session, "found nothing", asked.found_nothing);
}

Result<int> questions(Session& session, const QuestionArguments& arguments) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    search::QuestionLog* const log = finder.index().questions();
    if (log == nullptr) return fail(ErrorKind::failed, "search.no_questions", "what was asked could not be opened");
    if (!arguments.notes.empty() && !session.options.is_dry_run) ATOLL_TRY(log->set_on(arguments.notes == "on"));
    if (arguments.clears && !session.options.is_dry_run) ATOLL_TRY(log->clear());
    const auto ago_s = parse_duration_s(arguments.since);
    if (!ago_s) {
      return fail(ErrorKind::usage, "search.bad_since", "\"" + arguments.since + "\" is no length of time",
                  "--since takes so long ago: 7d, 12h.");
    }
    const Timestamp since{session.environment.machine.clock.now().unix_us - *ago_s * 1'000'000};
    ATOLL_ASSIGN(const auto asked, log->statistics(since, "", arguments.limit));
    print_statistics(session, asked);
    return kExitOk;
  });
}

}  // namespace

void add_duplicate_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* command = app.add_subcommand("duplicates", "Show what is there more than once, or nearly so");
  auto arguments = std::make_shared<DuplicateArguments>();
  command->add_option("place", arguments->within, "only in BUCKET[/prefix]");
  command->add_option("--like", arguments->like, "exact (else), text or pictures");
  command->add_option("--threshold", arguments->threshold, "how much alike, up to 1: 0.9 where it is not given");
  command->add_flag("--remove", arguments->removes, "remove all but the first of each group that is shown");
  command->add_flag("-n,--dry-run", session.options.is_dry_run, "with --remove: only say what would go");
  command->add_option("--limit", arguments->limit, "show so many groups; 20 where it is not given");
  command->add_option("--offset", arguments->offset, "leave out so many first");
  command->add_flag("--quarantined", arguments->shows_quarantined, "also what does not meet the gate of its bucket");
  command->add_flag("--no-wait", arguments->waits_not, "do not look into new files first");
  command->callback([&session, &chosen, arguments] {
    chosen.body = [&session, arguments] { return find_duplicates(session, *arguments); };
  });

  auto* asked = app.add_subcommand("questions", "Show what was asked of the search, and what it did not find");
  auto asked_arguments = std::make_shared<QuestionArguments>();
  asked->add_option("--since", asked_arguments->since, "so long ago at most: 7d; 30d where it is not given");
  asked->add_option("--limit", asked_arguments->limit, "so many words of each kind; 10 where it is not given");
  asked->add_option("--notes", asked_arguments->notes, "on or off: whether questions are noted; off also forgets them")
      ->check(CLI::IsMember({"on", "off"}));
  asked->add_flag("--clear", asked_arguments->clears, "forget what was asked");
  asked->callback([&session, &chosen, asked_arguments] {
    chosen.body = [&session, asked_arguments] { return questions(session, *asked_arguments); };
  });
}

}  // namespace atl::cli
