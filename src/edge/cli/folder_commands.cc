// put and restore: folders in, folders out.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/put_modes.h"
#include "foundation/base/units.h"
#include "vault/folder/restore.h"
#include "vault/history/past.h"

namespace atl::cli {
namespace {

// Seen on two cores of the class of machine this is measured on; only for the words before a long put.
constexpr double kPlannedBytesPerSecond = 300e6;
constexpr double kPlannedFilesPerSecond = 20'000;
constexpr std::uint64_t kAskRoomShare = 100;  // percent

struct PutArguments {
  std::vector<std::string> paths;
  std::vector<std::string> include, exclude, tags, metadata;
  std::string exclude_file, table;
  bool force = false;
  bool one_file_system = false;
  PutModes modes;
  OriginArguments origin;
};

std::string normal_path(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

Result<std::vector<std::string>> read_lines(Session& session, const std::string& path) {
  ATOLL_ASSIGN(const Bytes bytes,
               platform::read_whole(session.environment.machine.files, session.absolute(path), 16 * kMiB));
  std::vector<std::string> lines;
  std::string line;
  for (const char c : to_string(bytes) + "\n") {
    if (c != '\n') {
      line.push_back(c);
      continue;
    }
    if (!line.empty() && line[0] != '#') lines.push_back(line);
    line.clear();
  }
  return lines;
}

// As cp does: several sources, or a folder, land under the target; one file gets the target's name where that names no
// folder yet.
Result<std::vector<vault::PutSource>> sources_of(Session& session, vault::Vault& vault,
                                                 const std::vector<std::string>& paths, const vault::Address& target) {
  const std::string prefix = target.key.empty() || target.key.ends_with('/') ? target.key : target.key + "/";
  std::vector<vault::PutSource> sources;
  for (const std::string& given : paths) {
    const std::string path = normal_path(session.absolute(given));
    ATOLL_ASSIGN(const auto info, vault::look_at_source(session.environment.host, path));
    if (info.kind == platform::NodeKind::symlink) {
      session.output.warning("put.link", shown(given) +
                                             " is a symbolic link, and is stored as one: name the file that "
                                             "it leads to if that is meant");
    }
    if (info.kind == platform::NodeKind::directory) {
      sources.push_back({path, prefix});
      continue;
    }
    const std::string name = path.substr(path.rfind('/') + 1);
    bool is_folder = target.key.empty() || target.key.ends_with('/') || paths.size() > 1;
    if (!is_folder) {
      const auto reader = vault.reader();
      ATOLL_ASSIGN(const auto bucket, reader->bucket_named(target.bucket));
      if (bucket) {
        catalog::ListQuery query;
        query.bucket = bucket->id;
        query.prefix = prefix;
        query.limit = 1;
        ATOLL_ASSIGN(const auto page, reader->list(query));
        is_folder = !page.items.empty();
      }
    }
    sources.push_back({path, is_folder ? prefix + name : target.key});
  }
  return sources;
}

Result<int> put_standard_input(Session& session, const vault::Address& target, const PutArguments& arguments) {
  if (target.key.empty() || target.key.ends_with('/')) {
    return fail(ErrorKind::usage, "put.needs_key", "what comes from standard input needs a key",
                "Write: atoll put - " + target.bucket + "/key");
  }
  vault::PutRequest request;
  ATOLL_ASSIGN(request.tags, parse_labels(arguments.tags));
  ATOLL_ASSIGN(request.metadata, parse_labels(arguments.metadata));
  ATOLL_ASSIGN(request.origin, origin_of(arguments.origin));
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    vault::Objects objects(vault);
    const auto read = [&](ByteSpan out) -> Result<std::size_t> {
      if (session.environment.stop.load())
        return fail(ErrorKind::interrupted, "put.interrupted", "interrupted: nothing was stored");
      return session.environment.terminal.read_in(out);
    };
    ATOLL_ASSIGN(const auto result, objects.put(target.bucket, target.key, read, request));
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add_path("key", target.key)
                              .add("bucket", target.bucket)
                              .add("bytes", result.bytes)
                              .add("bytes_new", result.new_bytes)
                              .add("version", result.version.text())
                              .add("lsn", result.lsn.value));
    } else {
      session.output.message(format_size(result.bytes) + " stored as " + target.bucket + "/" + shown(target.key));
    }
    return kExitOk;
  });
}

void say_plan(Session& session, const vault::FolderPutPlan& plan) {
  Output& output = session.output;
  const double seconds = static_cast<double>(plan.bytes) / kPlannedBytesPerSecond +
                         static_cast<double>(plan.files) / kPlannedFilesPerSecond;
  if (output.is_json) {
    output.json(JsonObject("plan")
                    .add("files", plan.files)
                    .add("bytes", plan.bytes)
                    .add("files_unchanged", plan.files_unchanged)
                    .add("is_complete", plan.is_complete)
                    .add("available_bytes", plan.available_bytes)
                    .add("seconds_expected", seconds));
  } else if (plan.files > 0) {
    output.message(std::string(plan.is_complete ? "" : "At least ") + format_count(plan.files) + " files to read, " +
                   format_size(plan.bytes) +
                   (plan.files_unchanged > 0 ? " (" + format_count(plan.files_unchanged) + " unchanged)" : "") +
                   ": about " + format_duration(std::max(1.0, seconds)) + ", at most " + format_size(plan.bytes) +
                   " of room; " + format_size(plan.available_bytes) + " are free.");
  }
  if (plan.bytes > plan.available_bytes / 100 * kAskRoomShare) {
    output.warning(
        "put.room",
        "there may not be room for all of it: it goes on until the disk is full, and what was stored by then stays");
  }
}

Result<vault::FolderPutOptions> options_of(Session& session, const PutArguments& arguments) {
  vault::FolderPutOptions options;
  options.include = arguments.include;
  options.exclude = arguments.exclude;
  if (!arguments.exclude_file.empty()) {
    ATOLL_ASSIGN(const auto lines, read_lines(session, arguments.exclude_file));
    options.exclude.insert(options.exclude.end(), lines.begin(), lines.end());
  }
  ATOLL_ASSIGN(options.tags, parse_labels(arguments.tags));
  ATOLL_ASSIGN(options.metadata, parse_labels(arguments.metadata));
  if (!arguments.table.empty()) {
    ATOLL_ASSIGN(options.metadata_by_path, read_metadata_table(session, arguments.table));
  }
  ATOLL_ASSIGN(options.origin, origin_of(arguments.origin));
  options.is_dry_run = session.options.is_dry_run;
  options.reads_unchanged = arguments.force;
  options.one_file_system = arguments.one_file_system;
  options.keeps_unmounted = arguments.modes.mirrors;
  options.on_bucket = session.environment.on_bucket;
  options.workers = session.workers();
  options.stop = &session.environment.stop;
  return options;
}

Result<int> put(Session& session, PutArguments& arguments) {
  if (arguments.paths.size() < 2) {
    return fail(ErrorKind::usage, "put.needs_target", "put needs what to store and where",
                "Write: atoll put PATH… BUCKET[/prefix]");
  }
  const std::string target_text = arguments.paths.back();
  arguments.paths.pop_back();
  ATOLL_ASSIGN(const vault::Address target, vault::parse_address(target_text));
  if (arguments.paths.size() == 1 && arguments.paths[0] == "-") return put_standard_input(session, target, arguments);
  ATOLL_TRY(check_put_modes(arguments.modes, arguments.paths.size(), session.options.is_dry_run));
  PutJob job;
  job.bucket = target.bucket;
  job.target = target_text;
  job.modes = arguments.modes;
  ATOLL_ASSIGN(job.options, options_of(session, arguments));
  job.callbacks.on_progress = [&](const auto& progress) { session.output.progress(progress); };
  job.callbacks.on_problem = [&](const auto& problem) { session.output.problem(problem); };
  job.callbacks.on_plan = [&](const auto& plan) -> Result<void> {
    say_plan(session, plan);
    return {};
  };
  PutOutcome outcome;
  const auto find_sources = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_TRY(check_copies(vault, job.modes));
    ATOLL_ASSIGN(job.sources, sources_of(session, vault, arguments.paths, target));
    return kExitOk;
  };
  session.tells_copies = true;
  if (job.modes.watches) {
    // A folder's keys do not hang on what the vault holds: nothing is opened before the first round.
    const std::string prefix = target.key.empty() || target.key.ends_with('/') ? target.key : target.key + "/";
    job.sources = {{normal_path(session.absolute(arguments.paths.front())), prefix}};
    return watch_and_put(session, job);
  }
  const auto store = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_TRY(find_sources(vault));
    ATOLL_ASSIGN(outcome, store_and_mirror(session, vault, job));
    return kExitOk;
  };
  ATOLL_TRY(job.options.is_dry_run ? session.with_reader(store) : session.with_writer(store));
  if (job.modes.moves && !job.options.is_dry_run && !outcome.stored.was_interrupted) {
    // Opened anew: what is compared comes out of finished packs, as a later restore would read them.
    ATOLL_TRY(session.with_reader([&](vault::Vault& vault) -> Result<int> {
      ATOLL_ASSIGN(outcome.moved, remove_sources(session, vault, job));
      if (outcome.moved->was_interrupted) outcome.stored.was_interrupted = true;
      return kExitOk;
    }));
  }
  say_put_summary(session, outcome, target_text);
  if (outcome.stored.was_interrupted) {
    return fail(ErrorKind::interrupted, "put.interrupted", "interrupted; what was stored so far stays",
                "The same command goes on from here.");
  }
  const bool is_partial = outcome.stored.problem_count > 0 ||
                          (outcome.mirrored && outcome.mirrored->problem_count > 0) ||
                          (outcome.moved && outcome.moved->problem_count + outcome.moved->not_on_copy > 0);
  return is_partial ? kExitPartial : kExitOk;
}

void name_files(const Session& session, const PutArguments& arguments, Chosen& chosen) {
  using Use = NamedFile::Use;
  for (std::size_t i = 0; i + 1 < arguments.paths.size(); ++i) {
    if (arguments.paths[i] == "-") continue;
    chosen.files.push_back(
        {normal_path(session.absolute(arguments.paths[i])), arguments.modes.moves ? Use::move : Use::read});
  }
  for (const std::string& one : {arguments.exclude_file, arguments.table}) {
    if (!one.empty()) chosen.files.push_back({session.absolute(one), Use::read});
  }
}

struct RestoreArguments {
  std::string source, target, as_of;
  std::vector<std::string> include, exclude;
  bool overwrite = false;
};

// BUCKET/key@VERSION: that object as it was when the version began.
Result<void> name_version(vault::Vault& vault, catalog::CatalogReader& reader, const vault::Address& source,
                          vault::Selection& selection, vault::RestoreOptions& options) {
  ATOLL_ASSIGN(const auto bucket, reader.bucket_named(source.bucket));
  if (!bucket || source.key.empty()) return {};
  ATOLL_ASSIGN(const auto split, vault::split_version(reader, bucket->id, source.key));
  if (split.version.empty()) return {};
  ATOLL_ASSIGN(const auto found, vault::find_version(reader, *bucket, split.key, split.version));
  ATOLL_ASSIGN(options.as_of, vault::parse_moment(vault, "lsn:" + std::to_string(found.version.begin.value)));
  selection.prefix = split.key;
  return {};
}

Result<int> restore(Session& session, const RestoreArguments& arguments) {
  ATOLL_ASSIGN(const vault::Address source, vault::parse_address(arguments.source));
  vault::RestoreOptions options;
  options.include = arguments.include;
  options.exclude = arguments.exclude;
  options.replace = arguments.overwrite;
  options.is_dry_run = session.options.is_dry_run;
  options.workers = session.workers();
  options.stop = &session.environment.stop;
  vault::RestoreCallbacks callbacks;
  callbacks.on_progress = [&](const auto& progress) { session.output.progress(progress); };
  callbacks.on_problem = [&](const auto& problem) { session.output.problem(problem); };
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    if (!arguments.as_of.empty()) {
      ATOLL_ASSIGN(options.as_of, vault::parse_moment(vault, arguments.as_of));
      session.output.message("As of " + options.as_of->words + ":");
    }
    vault::Selection selection{source.bucket, source.key, true};
    const auto reader = vault.reader();
    if (!options.as_of) ATOLL_TRY(name_version(vault, *reader, source, selection, options));
    vault::View view(*reader, options.as_of);
    ATOLL_ASSIGN(const auto bucket, view.bucket(source.bucket));
    if (options.as_of && selection.prefix != source.key) {
      selection.is_recursive = false;
    } else if (!source.key.empty() && !source.key.ends_with('/')) {
      ATOLL_ASSIGN(const auto one, view.current(bucket.id, source.key));
      if (one) {
        selection.is_recursive = false;
      } else {
        selection.prefix += "/";
      }
    }
    ATOLL_ASSIGN(const auto summary, vault::restore_folder(vault, session.environment.host, selection,
                                                           session.absolute(arguments.target), options, callbacks));
    Output& output = session.output;
    output.end_progress();
    if (output.is_json) {
      JsonObject object("summary");
      object.add("files", summary.files)
          .add("folders", summary.folders)
          .add("links", summary.links)
          .add("specials", summary.specials);
      object.add("files_already_there", summary.files_already_there)
          .add("total_bytes", summary.bytes)
          .add("error_count", summary.problem_count);
      object.add("was_interrupted", summary.was_interrupted)
          .add("dry_run", options.is_dry_run)
          .add("total_duration", summary.seconds);
      output.json(object);
    } else if (!output.is_quiet) {
      output.line(std::string(options.is_dry_run ? "Would restore " : "") + format_count(summary.files) + " files" +
                  (options.is_dry_run ? "" : " restored") + " to " + shown(arguments.target) + ": " +
                  format_size(summary.bytes) +
                  (summary.files_already_there > 0
                       ? ", " + format_count(summary.files_already_there) + " were there already"
                       : "") +
                  ", " + format_duration(summary.seconds) + ".");
    }
    for (const std::string& missed : summary.not_applied) {
      output.warning("restore.not_applied", "could not be given back: " + missed +
                                                (missed.starts_with("owner") ? " (only root may change owners)" : ""));
    }
    ATOLL_ASSIGN(const std::uint64_t erased, view.erased(bucket.id));
    if (erased > 0) {
      output.warning("past.erased", format_count(erased) + (erased == 1 ? " object" : " objects") +
                                        " of that time were removed for good since and are missing here");
    }
    if (summary.was_interrupted) {
      return fail(ErrorKind::interrupted, "restore.interrupted", "interrupted", "The same command goes on from here.");
    }
    if (summary.problem_count > 0)
      output.message(format_count(summary.problem_count) + " could not be restored; they are listed above.");
    return summary.problem_count > 0 ? kExitPartial : kExitOk;
  });
}

}  // namespace

void add_folder_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* put_command =
      app.add_subcommand("put", "Store files and folders: PATH… BUCKET[/prefix], or - BUCKET/key from standard input");
  auto put_arguments = std::make_shared<PutArguments>();
  put_command->add_option("paths", put_arguments->paths, "what to store, and last where")->required();
  put_command->add_option("--include", put_arguments->include, "only files that match this pattern (repeatable)")
      ->allow_extra_args(false);
  put_command->add_option("--exclude", put_arguments->exclude, "leave out what matches this pattern (repeatable)")
      ->allow_extra_args(false);
  put_command->add_option("--exclude-file", put_arguments->exclude_file, "patterns to leave out, one a line");
  put_command->add_option("--tag", put_arguments->tags, "name=value on each file (repeatable)")
      ->allow_extra_args(false);
  put_command->add_option("--meta", put_arguments->metadata, "metadata name=value on each file (repeatable)")
      ->allow_extra_args(false);
  put_command->add_option("--table", put_arguments->table, "CSV with metadata: first column the path below the folder");
  add_origin_options(*put_command, put_arguments->origin, HasLabel::yes);
  put_command->add_flag("--force", put_arguments->force, "read every file, also those that look unchanged");
  put_command->add_flag("-x,--one-file-system", put_arguments->one_file_system, "do not cross into other file systems");
  add_put_modes(*put_command, put_arguments->modes);
  put_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
  put_command->callback([&session, &chosen, put_arguments] {
    name_files(session, *put_arguments, chosen);
    chosen.body = [&session, put_arguments] { return put(session, *put_arguments); };
  });

  auto* restore_command = app.add_subcommand("restore", "Write a bucket, or what lies under a prefix, as plain files");
  auto restore_arguments = std::make_shared<RestoreArguments>();
  restore_command->add_option("source", restore_arguments->source, "BUCKET[/prefix]")->required();
  restore_command->add_option("--target", restore_arguments->target, "folder to write into; made where it is missing")
      ->required();
  restore_command->add_option("--as-of", restore_arguments->as_of,
                              "as it was: a time, 10m (ago), a change's number, a snapshot");
  restore_command->add_option("--include", restore_arguments->include, "only what matches (repeatable)")
      ->allow_extra_args(false);
  restore_command->add_option("--exclude", restore_arguments->exclude, "leave out what matches (repeatable)")
      ->allow_extra_args(false);
  restore_command->add_flag("--overwrite", restore_arguments->overwrite, "replace files that differ");
  restore_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
  restore_command->callback([&session, &chosen, restore_arguments] {
    chosen.files = {{session.absolute(restore_arguments->target), NamedFile::Use::write}};
    chosen.body = [&session, restore_arguments] { return restore(session, *restore_arguments); };
  });
}

}  // namespace atl::cli
