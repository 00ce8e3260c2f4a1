// drill: a sample really restored, from this home or from a copy of it.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/copying.h"
#include "edge/cli/s3_keys.h"
#include "foundation/base/units.h"
#include "services/backup/restore_home.h"
#include "services/jobs/drill.h"

namespace atl::cli {
namespace {

struct DrillArguments {
  std::string bucket, copy;
  std::uint64_t objects = 100;
  std::string folder;
};

jobs::DrillOptions drill_options(Session& session, const DrillArguments& arguments) {
  jobs::DrillOptions options;
  options.bucket = arguments.bucket;
  options.objects_max = arguments.objects;
  options.folder = !arguments.folder.empty() ? session.absolute(arguments.folder)
                                             : session.environment.variable("TMPDIR").value_or("/tmp");
  options.stop = &session.environment.stop;
  return options;
}

struct OfCopy {
  std::string name;
  Lsn last;                   // its newest change
  std::uint64_t behind = 0;   // changes of the home that it has not
  bool opens_by_kit = false;  // by the recovery kit and nothing else
};

int say(Session& session, const jobs::DrillReport& report, const OfCopy* copy) {
  Output& output = session.output;
  if (output.is_json) {
    for (const std::string& failure : report.failures) output.json(JsonObject("failure").add_path("what", failure));
    JsonObject line("summary");
    line.add("objects", report.objects).add("bytes", report.bytes).add("left_out", report.left_out);
    line.add("failures", std::uint64_t{report.failures.size()}).add("seconds", report.seconds);
    if (copy != nullptr) {
      line.add("copy", copy->name).add("lsn", copy->last.value).add("changes_behind", copy->behind);
      line.add("newer", report.newer).add("kit", copy->opens_by_kit);
    }
    output.json(line);
  } else {
    for (const std::string& failure : report.failures) output.line(output.red(shown(failure)));
    if (copy != nullptr) {
      output.line("Copy \"" + copy->name + "\" makes a home" + (copy->opens_by_kit ? " with the kit alone" : "") +
                  ", which stands at change " + format_count(copy->last.value) +
                  (copy->behind > 0 ? ", " + format_count(copy->behind) + " behind this one" : "") + ".");
    }
    output.line(
        format_count(report.objects) + " objects (" + format_size(report.bytes) + ") restored" +
        (copy != nullptr ? " from it" : "") + " and compared byte by byte with what was stored. " +
        (report.failures.empty() ? "All of them are right." : format_count(report.failures.size()) + " are not."));
    if (report.left_out > 0) output.message(format_count(report.left_out) + " were too long for a drill and left out.");
    if (report.newer > 0) output.message(format_count(report.newer) + " are newer than the copy and were not tried.");
  }
  if (report.was_interrupted) return kExitInterrupted;
  return report.failures.empty() ? kExitOk : kExitDamage;
}

Result<int> drill_home(Session& session, const DrillArguments& arguments) {
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto report,
                 jobs::run_drill(vault, session.environment.host, drill_options(session, arguments)));
    return say(session, report, nullptr);
  });
}

// The vault is held for writing without shipping, so that nobody brings the copy up to date while it is read; the
// result is remembered after that, which ships again.
Result<int> drill_copy(Session& session, const DrillArguments& arguments) {
  const platform::Machine& machine = session.environment.machine;
  const std::string kit = std::exchange(session.options.kit, {});
  OfCopy copy;
  copy.name = arguments.copy;
  copy.opens_by_kit = !kit.empty();
  jobs::DrillReport report;
  const auto tried = session.with_writer(
      [&](vault::Vault& vault) -> Result<int> {
        ATOLL_ASSIGN(const auto row, find_copy(vault, arguments.copy));
        jobs::DrillOptions options = drill_options(session, arguments);
        backup::RestoreHomeOptions home;
        home.from = row.place;
        home.credentials = copy_reach(session).credentials;
        home.home = platform::join(options.folder, "atoll-drill-home-" + platform::new_id<OperationId>(machine).text());
        home.stop = options.stop;
        home.workers = std::max(1U, machine.threads.hardware_count());
        home.on_notice = [&](const std::string& words) { session.output.warning("drill.notice", words); };
        home.vault.owner_words = session.environment.process_words;
        if (!kit.empty()) {
          ATOLL_ASSIGN(home.kit, read_kit(session, kit, vault.head().vault));
        } else {
          ATOLL_ASSIGN(auto secrets, session.secrets());
          home.given = std::move(secrets.given);
          const std::string own = platform::join(secrets.key_folder, vault.head().vault.text() + ".key");
          if (auto key = vault::read_key_file(machine.files, own); key) home.given.push_back(std::move(*key));
        }
        ATOLL_ASSIGN(const VaultId there, backup::CopyTarget::vault_in(copy_reach(session), row.place));
        if (there != vault.head().vault) {
          return fail(ErrorKind::conflict, "copy.other_vault",
                      shown_place(row.place) + " holds the copy of another vault: " + there.text(),
                      "`atoll copy list` shows where this vault's copies lie.");
        }
        ATOLL_TRY(platform::create_directories(machine.files, options.folder));
        ATOLL_TRY(backup::rehearse_home(machine, std::move(home), [&](vault::Vault& restored) -> Result<void> {
          copy.last = restored.journal().last();
          const Lsn last = vault.journal().last();
          copy.behind = last > copy.last ? last.value - copy.last.value : 0;
          options.copy = &restored;
          ATOLL_ASSIGN(report, jobs::run_drill(vault, session.environment.host, options));
          return {};
        }));
        return kExitOk;
      },
      Ships::no);
  if (!tried) return tried;
  const int code = say(session, report, &copy);
  if (report.was_interrupted) return code;
  ATOLL_TRY(session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_TRY(jobs::remember_drill(vault, report, "copy " + copy.name));
    return kExitOk;
  }));
  return code;
}

}  // namespace

void add_drill_command(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<DrillArguments>();
  auto* command = app.add_subcommand("drill", "Restores a random sample and proves that it is right");
  command->add_option("bucket", arguments->bucket, "of this bucket only");
  command->add_option("--copy", arguments->copy, "from this copy, by way of a home made from it");
  command->add_option("--objects", arguments->objects, "so many (100)");
  command->add_option("--in", arguments->folder, "folder to restore into (TMPDIR); emptied again");
  command->callback([&session, &chosen, arguments] {
    chosen.body = [&session, arguments] {
      return arguments->copy.empty() ? drill_home(session, *arguments) : drill_copy(session, *arguments);
    };
  });
}

}  // namespace atl::cli
