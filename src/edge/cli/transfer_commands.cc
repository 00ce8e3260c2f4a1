// export and import: leaving and arriving.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"
#include "services/transfer/export.h"
#include "services/transfer/import.h"
#include "vault/checkpoint.h"

namespace atl::cli {
namespace {

struct ExportArguments {
  std::string source, target, as_of;
  std::string format = "plain";
};

Result<int> export_to(Session& session, const ExportArguments& arguments) {
  ATOLL_ASSIGN(vault::Address source, vault::parse_address(arguments.source));
  if (!source.key.empty() && !source.key.ends_with('/')) source.key += '/';
  transfer::ExportOptions options;
  ATOLL_ASSIGN(options.format, transfer::parse_export_format(arguments.format));
  options.is_dry_run = session.options.is_dry_run;
  options.stop = &session.environment.stop;
  Output& output = session.output;
  transfer::ExportCallbacks callbacks;
  callbacks.on_progress = [&](const auto& progress) { output.progress(progress); };
  callbacks.on_problem = [&](const auto& problem) { output.problem(problem); };
  callbacks.on_notice = [&](const std::string& id, const std::string& words) { output.warning(id, words); };
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    if (!arguments.as_of.empty()) {
      ATOLL_ASSIGN(options.as_of, vault::parse_moment(vault, arguments.as_of));
      output.message("As of " + options.as_of->words + ":");
    }
    ATOLL_ASSIGN(const auto summary, transfer::export_from(vault, session.environment.host, source.bucket, source.key,
                                                           session.absolute(arguments.target), options, callbacks));
    output.end_progress();
    if (output.is_json) {
      JsonObject object("summary");
      object.add("files", summary.files)
          .add("folders", summary.folders)
          .add("links", summary.links)
          .add("specials", summary.specials)
          .add("total_bytes", summary.bytes)
          .add("files_already_there", summary.files_already_there)
          .add("renamed", summary.renamed)
          .add("changed_meanwhile", summary.changed_meanwhile)
          .add("erased", summary.erased)
          .add_path("folder", summary.folder)
          .add("format", arguments.format)
          .add("lsn", summary.lsn.value)
          .add("error_count", summary.problem_count)
          .add("was_interrupted", summary.was_interrupted)
          .add("dry_run", options.is_dry_run)
          .add("total_duration", summary.seconds);
      if (options.as_of) object.add("as_of", options.as_of->words);
      output.json(object);
    } else if (!output.is_quiet) {
      output.line(
          std::string(options.is_dry_run ? "Would export " : "") + format_count(summary.files) + " files" +
          (options.is_dry_run ? "" : " exported") + " to " + shown(summary.folder) + ": " + format_size(summary.bytes) +
          (summary.files_already_there > 0 ? ", " + format_count(summary.files_already_there) + " were there already"
                                           : "") +
          ", " + format_duration(summary.seconds) + ".");
      if (summary.renamed > 0) {
        output.line(format_count(summary.renamed) +
                    " have keys that cannot be paths; they are below atoll-files, and import gives the keys back.");
      }
    }
    for (const std::string& missed : summary.not_applied)
      output.warning("export.not_applied", "could not be set on the files, and stands in the metadata: " + missed);
    if (summary.was_interrupted) {
      return fail(ErrorKind::interrupted, "export.interrupted", "interrupted", "The same command goes on from here.");
    }
    if (summary.problem_count > 0)
      output.message(format_count(summary.problem_count) + " could not be exported; they are listed above.");
    return summary.problem_count > 0 ? kExitPartial : kExitOk;
  });
}

struct ImportArguments {
  std::string source, target;
  std::string format = "auto";
  bool keeps_sidecars = false;
  OriginArguments origin;
};

void say_import(Session& session, const transfer::ImportSummary& summary, const std::string& target) {
  Output& output = session.output;
  const bool is_dry_run = session.options.is_dry_run;
  if (output.is_json) {
    JsonObject object("summary");
    object.add("format", transfer::name_of(summary.format))
        .add("files", summary.files)
        .add("folders", summary.folders)
        .add("links", summary.links)
        .add("specials", summary.specials)
        .add("total_bytes", summary.bytes)
        .add("objects_new", summary.objects_new)
        .add("objects_changed", summary.objects_changed)
        .add("objects_unchanged", summary.objects_unchanged)
        .add("objects_removed", summary.objects_removed)
        .add("bytes_new", summary.bytes_new)
        .add("renamed", summary.renamed)
        .add("labels_left_out", summary.labels_left_out)
        .add("sidecars", summary.sidecars)
        .add("sidecars_unused", summary.sidecars_unused)
        .add("snapshots", summary.snapshots)
        .add("snapshots_known", summary.snapshots_known)
        .add("error_count", summary.problem_count)
        .add("was_interrupted", summary.was_interrupted)
        .add("dry_run", is_dry_run)
        .add("total_duration", summary.seconds)
        .add("target", target);
    output.json(object);
    return;
  }
  if (!output.is_quiet) {
    if (is_dry_run) {
      output.line("Would import " + format_count(summary.files) + " files, " + format_size(summary.bytes) + ", into " +
                  target + ".");
    } else {
      output.line(format_count(summary.files) + " files imported into " + target + ": " + format_size(summary.bytes) +
                  "; of all objects " + format_count(summary.objects_new) + " new, " +
                  format_count(summary.objects_changed) + " changed, " + format_count(summary.objects_unchanged) +
                  " unchanged" +
                  (summary.objects_removed > 0 ? ", " + format_count(summary.objects_removed) + " removed" : "") +
                  ", " + format_duration(summary.seconds) + ".");
    }
    if (summary.snapshots + summary.snapshots_known > 0) {
      output.line(format_count(summary.snapshots) + " snapshots, " + format_count(summary.snapshots_known) +
                  " were imported before.");
    }
    if (summary.sidecars > 0) {
      output.line(format_count(summary.sidecars) + " files say something about photos; " +
                  format_count(summary.sidecars_unused) + " of them about none that is here.");
    }
  }
  if (summary.labels_left_out > 0)
    output.message(format_count(summary.labels_left_out) + " labels were left out: another version has them already.");
  if (summary.problem_count > 0)
    output.message(format_count(summary.problem_count) + " could not be imported; they are listed above.");
}

Result<int> import_from(Session& session, const ImportArguments& arguments) {
  ATOLL_ASSIGN(const vault::Address target, vault::parse_address(arguments.target));
  transfer::ImportOptions options;
  ATOLL_ASSIGN(options.format, transfer::parse_format(arguments.format));
  options.is_dry_run = session.options.is_dry_run;
  options.keeps_sidecars = arguments.keeps_sidecars;
  ATOLL_ASSIGN(options.origin, origin_of(arguments.origin));
  options.stop = &session.environment.stop;
  const auto programs = platform::make_posix_program_streams();
  if (!session.environment.is_elsewhere) options.programs = programs.get();
  std::string source = arguments.source;
  const bool is_remote = options.format == transfer::Format::restic && source.find(':') != std::string::npos;
  if (!is_remote) {
    source = session.absolute(source);
    while (source.size() > 1 && source.ends_with('/')) source.pop_back();
  }
  Output& output = session.output;
  transfer::ImportCallbacks callbacks;
  callbacks.on_progress = [&](const auto& progress) { output.progress(progress); };
  callbacks.on_problem = [&](const auto& problem) { output.problem(problem); };
  callbacks.on_notice = [&](const std::string& id, const std::string& words) { output.warning(id, shown(words)); };
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto summary, transfer::import_into(vault, session.environment.host, source, target.bucket,
                                                           target.key, options, callbacks));
    output.end_progress();
    say_import(session, summary, arguments.target);
    if (!options.is_dry_run && !summary.was_interrupted) {
      ATOLL_ASSIGN(const bool is_due, vault::wants_checkpoint(vault));
      if (is_due) ATOLL_TRY(vault::make_checkpoint(vault));
    }
    if (summary.was_interrupted) {
      return fail(ErrorKind::interrupted, "import.interrupted", "interrupted; what was stored so far stays",
                  "The same command goes on from here.");
    }
    return summary.problem_count > 0 ? kExitPartial : kExitOk;
  };
  return options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

}  // namespace

void add_transfer_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* export_command = app.add_subcommand(
      "export", "Write a bucket, or what lies under a prefix, so that no Atoll is needed to read it");
  auto export_arguments = std::make_shared<ExportArguments>();
  export_command->add_option("source", export_arguments->source, "BUCKET[/prefix]")->required();
  export_command->add_option("--to", export_arguments->target, "folder to write into; made where it is missing")
      ->required();
  export_command->add_option("--format", export_arguments->format,
                             "plain: files and atoll-metadata.jsonl; bagit: a bag; archive: tar.gz with a manifest");
  export_command->add_option("--as-of", export_arguments->as_of,
                             "as it was: a time, 10m (ago), a change's number, a snapshot");
  export_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
  export_command->callback([&session, &chosen, export_arguments] {
    chosen.files = {{session.absolute(export_arguments->target), NamedFile::Use::write}};
    chosen.body = [&session, export_arguments] { return export_to(session, *export_arguments); };
  });

  auto* import_command = app.add_subcommand("import", "Store what comes from elsewhere: SOURCE BUCKET[/prefix]");
  auto import_arguments = std::make_shared<ImportArguments>();
  import_command->add_option("source", import_arguments->source, "a file, a folder, or a restic repository")
      ->required();
  import_command->add_option("target", import_arguments->target, "BUCKET[/prefix]")->required();
  import_command->add_option("--format", import_arguments->format,
                             "auto, tar, zip, plain (an export), mbox, maildir, takeout or restic");
  add_origin_options(*import_command, import_arguments->origin, HasLabel::no);
  import_command->add_flag("--keep-sidecars", import_arguments->keeps_sidecars,
                           "takeout: store the JSON files about photos too");
  import_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
  import_command->callback([&session, &chosen, import_arguments] {
    chosen.files = {{session.absolute(import_arguments->source), NamedFile::Use::read}};
    chosen.body = [&session, import_arguments] { return import_from(session, *import_arguments); };
  });
}

}  // namespace atl::cli
