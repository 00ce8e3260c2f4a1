#include "edge/cli/put_modes.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "foundation/base/units.h"
#include "vault/checkpoint.h"
#include "vault/copies.h"
#include "vault/folder/plan.h"
#include "vault/folder/watch.h"

namespace atl::cli {
namespace {

vault::MirrorOptions mirror_options(const PutModes& modes) { return {modes.removes_excluded, modes.allows_empty}; }

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return format_count(count) + " " + (count == 1 ? one : many);
}

void say_removal(Session& session, const PutJob& job, const std::string& key) {
  if (session.output.is_json) {
    session.output.json(JsonObject(job.options.is_dry_run ? "would_remove" : "removed").add_path("key", key));
  } else if (!session.output.is_quiet && (job.options.is_dry_run || session.output.verbosity > 0)) {
    session.output.line((job.options.is_dry_run ? "Would remove " : "Removed ") + job.bucket + "/" + shown(key));
  }
}

// What one answer of several rounds adds up to.
void add(vault::FolderPutSummary& sum, const vault::FolderPutSummary& more) {
  sum.files_new += more.files_new;
  sum.files_changed += more.files_changed;
  sum.bytes_read += more.bytes_read;
  sum.bytes_new += more.bytes_new;
  sum.bytes_stored += more.bytes_stored;
  sum.bytes_total += more.bytes_read;
  sum.seconds += more.seconds;
}
void add(vault::MirrorSummary& sum, const vault::MirrorSummary& more) {
  sum.files_removed += more.files_removed;
  sum.others_removed += more.others_removed;
  sum.bytes_removed += more.bytes_removed;
  sum.problem_count += more.problem_count;
}

// One line a round, and none where nothing came of it.
void say_round(Session& session, const PutOutcome& outcome, std::uint64_t problems) {
  const vault::FolderPutSummary& stored = outcome.stored;
  const vault::MirrorSummary mirrored = outcome.mirrored.value_or(vault::MirrorSummary{});
  if (session.output.is_json) {
    session.output.json(JsonObject("round")
                            .add("files_new", stored.files_new)
                            .add("files_changed", stored.files_changed)
                            .add("files_waiting", stored.held_back)
                            .add("bytes_read", stored.bytes_read)
                            .add("bytes_stored", stored.bytes_stored)
                            .add("removed_files", mirrored.files_removed)
                            .add("removed_others", mirrored.others_removed)
                            .add("error_count", problems)
                            .add("seconds", stored.seconds));
    return;
  }
  if (session.output.is_quiet) return;
  const std::string now = format_rfc3339(session.environment.machine.clock.now());
  session.output.line(now + "  " + counted(stored.files_new + stored.files_changed, "file", "files") + " stored (" +
                      format_count(stored.files_new) + " new, " + format_count(stored.files_changed) + " changed)" +
                      (outcome.mirrored ? ", " + counted(mirrored.files_removed, "file", "files") + " removed" : "") +
                      ": " + format_size(stored.bytes_read) + " read, " + format_size(stored.bytes_stored) +
                      " written" + (problems > 0 ? "; " + format_count(problems) + " could not be stored" : "") + ".");
}

// A file that went or changed between two looks is a watch's daily bread: the next round sees it.
bool is_news(const Error& error) {
  return error.id == "source.changed" || error.id == "source.vanished" || error.id == "source.not_a_file";
}

}  // namespace

void add_put_modes(CLI::App& command, PutModes& modes) {
  command.add_flag("--mirror", modes.mirrors, "also remove, as history, objects whose file is gone from the folder");
  command.add_flag("--delete-excluded", modes.removes_excluded, "with --mirror: what is excluded is removed too");
  command.add_flag("--allow-empty", modes.allows_empty, "with --mirror: the folder may be empty, or hold other files");
  command.add_flag("--move", modes.moves, "remove each file from its folder once it is safely stored");
  command.add_flag("--only-one-copy", modes.needs_one_copy_only, "with --move: do not wait for a second copy");
  command.add_flag("--watch", modes.watches, "go on storing what changes, until Ctrl-C");
  command.add_option("--settle", modes.settle, "with --watch: how long an open file is left alone before it is stored");
  command.add_option("--poll", modes.poll, "with --watch: how often to look where the system tells nothing of changes");
}

Result<void> check_put_modes(const PutModes& modes, std::size_t path_count, bool is_dry_run) {
  const auto wrong = [](const char* words, const char* hint) {
    return fail(ErrorKind::usage, "put.modes", words, hint);
  };
  if (modes.moves && (modes.mirrors || modes.watches)) {
    return wrong("--move empties the folder: it does not go with --mirror or --watch",
                 "Use --move by itself, from a schedule if it is to be done again.");
  }
  if ((modes.mirrors || modes.watches) && path_count != 1)
    return wrong("--mirror and --watch take one folder", "Write: atoll put --mirror FOLDER BUCKET[/prefix]");
  if ((modes.removes_excluded || modes.allows_empty) && !modes.mirrors)
    return wrong("--delete-excluded and --allow-empty belong to --mirror", "");
  if (modes.needs_one_copy_only && !modes.moves) return wrong("--only-one-copy belongs to --move", "");
  if (modes.watches && is_dry_run) return wrong("--watch has no end that a dry run could show", "");
  ATOLL_TRY(parse_duration_s(modes.settle));
  ATOLL_TRY(parse_duration_s(modes.poll));
  return {};
}

Result<void> check_copies(vault::Vault& vault, const PutModes& modes) {
  if (!modes.moves || modes.needs_one_copy_only) return {};
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto copies, reader->all<catalog::CopyRow>());
  if (!copies.empty()) return {};
  return fail(ErrorKind::conflict, "move.one_copy",
              "this vault has no second copy: what is moved into it would lie on one disk only. Nothing was stored",
              "Add one: atoll copy add FOLDER. Or say --only-one-copy.");
}

Result<PutOutcome> store_and_mirror(Session& session, vault::Vault& vault, const PutJob& job) {
  PutOutcome outcome;
  platform::HostTree& host = session.environment.host;
  if (job.modes.mirrors && job.options.scope == nullptr) {
    ATOLL_TRY(vault::check_mirror_source(vault, host, job.sources.front(), job.bucket, job.options,
                                         mirror_options(job.modes)));
  }
  ATOLL_ASSIGN(outcome.stored, vault::put_folders(vault, host, job.sources, job.bucket, job.options, job.callbacks));
  session.output.end_progress();
  if (job.modes.mirrors && !outcome.stored.was_interrupted) {
    vault::MirrorCallbacks callbacks;
    callbacks.on_problem = job.callbacks.on_problem;
    callbacks.on_remove = [&](const std::string& key) { say_removal(session, job, key); };
    ATOLL_ASSIGN(outcome.mirrored, vault::remove_vanished(vault, host, job.sources.front(), job.bucket, job.options,
                                                          mirror_options(job.modes), callbacks));
    if (outcome.mirrored->was_interrupted) outcome.stored.was_interrupted = true;
  }
  if (!job.options.is_dry_run && !outcome.stored.was_interrupted) {
    // So that a rebuild, and the journal that has to be kept for one, stay bounded.
    ATOLL_ASSIGN(const bool is_due, vault::wants_checkpoint(vault));
    if (is_due) ATOLL_TRY(vault::make_checkpoint(vault));
  }
  return outcome;
}

Result<vault::MoveSummary> remove_sources(Session& session, vault::Vault& vault, const PutJob& job) {
  vault::MoveOptions move;
  if (!job.modes.needs_one_copy_only) {
    // What a copy was read back to hold, as of its last round; what cannot be confirmed counts as not there.
    move.is_on_second_copy = [&vault](Lsn lsn) -> Result<bool> {
      ATOLL_ASSIGN(const auto copies, vault.reader()->all<catalog::CopyRow>());
      return std::ranges::any_of(copies, [&](const catalog::CopyRow& copy) {
        const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), copy.name);
        return state && state->history == vault.head().history && state->shipped >= lsn;
      });
    };
  }
  vault::MoveCallbacks callbacks;
  callbacks.on_problem = job.callbacks.on_problem;
  const std::int64_t started_ns = session.environment.machine.clock.monotonic_ns();
  callbacks.on_progress = [&](std::uint64_t bytes) {
    const std::int64_t now_ns = session.environment.machine.clock.monotonic_ns();
    session.output.byte_progress("compared", bytes, 0, static_cast<double>(now_ns - started_ns) * 1e-9);
  };
  const auto moved = vault::remove_stored_sources(vault, session.environment.host, job.sources, job.bucket, job.options,
                                                  move, callbacks);
  session.output.end_progress();
  return moved;
}

Result<int> watch_and_put(Session& session, PutJob& job) {
  const std::string path = job.sources.front().path;
  ATOLL_ASSIGN(const auto watched, session.environment.host.info(path));
  if (watched.kind != platform::NodeKind::directory) {
    return fail(ErrorKind::usage, "watch.not_a_folder", shown(path) + " is no folder, and only folders are watched");
  }
  ATOLL_ASSIGN(const auto rules, vault::PathRules::compile(job.options.include, job.options.exclude));
  vault::WatchOptions options;
  ATOLL_ASSIGN(const std::int64_t settle_s, parse_duration_s(job.modes.settle));
  ATOLL_ASSIGN(const std::int64_t poll_s, parse_duration_s(job.modes.poll));
  options.settle_ms = settle_s * 1000;
  options.poll_ms = std::max<std::int64_t>(1, poll_s) * 1000;
  options.stop = &session.environment.stop;
  // The home's own files change with each round: they must not begin the next.
  const auto home = session.environment.host.info(session.home_folder());
  options.enters = [&](const std::string& below) {
    if (!rules.takes(below, true)) return false;
    if (!home) return true;
    const auto folder = session.environment.host.info(platform::join(path, below));
    return !folder || folder->inode != home->inode || folder->device != home->device;
  };

  PutOutcome sum;
  std::uint64_t problem_count = 0;
  vault::WatchCallbacks callbacks;
  callbacks.on_word = [&](const std::string& id, const std::string& words) {
    if (id == "watch.watching") {
      session.output.message(words);
    } else {
      session.output.warning(id, words);
    }
  };
  callbacks.store = [&](const vault::WatchRound& round) -> Result<vault::RoundResult> {
    vault::RoundResult result;
    std::uint64_t problems = 0;
    PutJob one = job;
    one.options.scope = round.scope;
    one.options.is_held_back = round.is_held_back;
    one.callbacks.on_plan = nullptr;
    one.callbacks.on_problem = [&](const vault::FileProblem& problem) {
      if (problem.error.id == "source.changed" && problem.path.size() > path.size())
        result.changed_while_read.push_back(problem.path.substr(path.size() + 1));
      if (is_news(problem.error)) return;
      ++problems;
      session.output.problem(problem);
    };
    const auto worked = session.with_writer([&](vault::Vault& vault) -> Result<int> {
      ATOLL_ASSIGN(const PutOutcome outcome, store_and_mirror(session, vault, one));
      add(sum.stored, outcome.stored);
      if (outcome.mirrored) {
        if (!sum.mirrored) sum.mirrored.emplace();
        add(*sum.mirrored, *outcome.mirrored);
      }
      const std::uint64_t removed =
          outcome.mirrored ? outcome.mirrored->files_removed + outcome.mirrored->others_removed : 0;
      result.did_something = outcome.stored.files_new + outcome.stored.files_changed + removed + problems > 0;
      if (result.did_something || round.scope == nullptr) say_round(session, outcome, problems);
      return kExitOk;
    });
    problem_count += problems;
    if (!worked) return pass(worked.error());
    return result;
  };
  ATOLL_TRY(vault::watch_folder(session.environment.machine, session.environment.host, session.environment.watchers,
                                path, options, callbacks));
  sum.stored.problem_count = problem_count;
  session.output.end_progress();
  say_put_summary(session, sum, job.target);
  return problem_count > 0 ? kExitPartial : kExitOk;
}

void say_put_summary(Session& session, const PutOutcome& outcome, const std::string& target) {
  Output& output = session.output;
  const vault::FolderPutSummary& summary = outcome.stored;
  const bool is_dry_run = session.options.is_dry_run;
  const std::uint64_t problems = summary.problem_count + (outcome.mirrored ? outcome.mirrored->problem_count : 0) +
                                 (outcome.moved ? outcome.moved->problem_count : 0);
  if (output.is_json) {
    JsonObject object("summary");
    object.add("files_new", summary.files_new)
        .add("files_changed", summary.files_changed)
        .add("files_unchanged", summary.files_unchanged);
    object.add("folders", summary.folders)
        .add("links", summary.links)
        .add("specials", summary.specials)
        .add("excluded", summary.excluded);
    object.add("total_bytes", summary.bytes_total)
        .add("bytes_read", summary.bytes_read)
        .add("bytes_new", summary.bytes_new);
    object.add("bytes_stored", summary.bytes_stored).add("error_count", problems);
    object.add("changed_while_read", summary.changed_while_read).add("was_interrupted", summary.was_interrupted);
    if (outcome.mirrored) {
      object.add("removed_files", outcome.mirrored->files_removed)
          .add("removed_others", outcome.mirrored->others_removed)
          .add("removed_bytes", outcome.mirrored->bytes_removed);
    }
    if (outcome.moved) {
      object.add("sources_removed", outcome.moved->files_removed + outcome.moved->links_removed)
          .add("sources_removed_bytes", outcome.moved->bytes_removed)
          .add("sources_left", outcome.moved->left)
          .add("sources_not_on_copy", outcome.moved->not_on_copy)
          .add("source_folders_removed", outcome.moved->folders_removed);
    }
    object.add("dry_run", is_dry_run).add("total_duration", summary.seconds).add("target", target);
    output.json(object);
    return;
  }
  if (output.is_quiet) {
    // Only what went wrong, below.
  } else if (is_dry_run) {
    output.line("Would store " + format_count(summary.files_new) + " new and " + format_count(summary.files_changed) +
                " changed files in " + target + "; " + format_count(summary.files_unchanged) + " are unchanged.");
  } else {
    output.line(format_count(summary.files_new + summary.files_changed) + " files stored in " + target + " (" +
                format_count(summary.files_new) + " new, " + format_count(summary.files_changed) + " changed, " +
                format_count(summary.files_unchanged) + " unchanged): " + format_size(summary.bytes_read) + " read, " +
                format_size(summary.bytes_stored) + " written, " + format_duration(summary.seconds) + ".");
    if (!outcome.moved) output.line("Your originals were not touched.");
  }
  if (outcome.mirrored && !output.is_quiet) {
    const vault::MirrorSummary& mirrored = *outcome.mirrored;
    output.line(std::string(is_dry_run ? "Would remove " : "Removed ") +
                counted(mirrored.files_removed, "file", "files") + " (" + format_size(mirrored.bytes_removed) +
                ") and " + counted(mirrored.others_removed, "folder or link", "folders and links") +
                " that are gone from the source; history keeps them.");
  }
  if (outcome.moved && !output.is_quiet) {
    const vault::MoveSummary& moved = *outcome.moved;
    output.line(counted(moved.files_removed + moved.links_removed, "file", "files") + " (" +
                format_size(moved.bytes_removed) + ") read back, compared and removed from the source, with " +
                counted(moved.folders_removed, "folder", "folders") + " that became empty; " +
                format_count(moved.left) + " stay.");
  }
  if (outcome.moved && outcome.moved->not_on_copy > 0) {
    output.warning("move.not_on_copy", counted(outcome.moved->not_on_copy, "file stays", "files stay") +
                                           " until a second copy is confirmed to hold them: bring the copy up to "
                                           "date, then run the same command again");
  }
  for (const std::string& path : summary.metadata_without_file)
    output.warning("table.no_such_file", "the table names a file that is not there: " + shown(path));
  if (problems > 0)
    output.message(format_count(problems) + " could not be " + (outcome.moved || outcome.mirrored ? "done" : "stored") +
                   "; they are listed above.");
}

}  // namespace atl::cli
