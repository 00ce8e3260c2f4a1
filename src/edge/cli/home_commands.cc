// init stat verify doctor vault: the home and its vaults.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/config_file.h"
#include "edge/cli/finder.h"
#include "edge/cli/points.h"
#include "edge/cli/serve_reach.h"
#include "foundation/base/units.h"
#include "vault/checkpoint.h"
#include "vault/object/describe.h"
#include "vault/object/gate.h"
#include "vault/status.h"
#include "vault/verify.h"

namespace atl::cli {
namespace {

std::string_view suite_word(codec::SealSuite suite) { return suite == codec::SealSuite::none ? "none" : "AES-256-GCM"; }

std::string_view slot_word(keyring::SlotKind kind) {
  switch (kind) {
    case keyring::SlotKind::passphrase: return "passphrase";
    case keyring::SlotKind::key_file: return "key file";
    case keyring::SlotKind::recovery: return "recovery kit";
  }
  return "unknown";
}

struct CreateArguments {
  std::string name = std::string(vault::kDefaultVaultName);
  std::string encryption = "aes256gcm";
  std::string new_password_file;
  int zstd_level = vault::kZstdLevelDefault;
  bool if_missing = false;
  std::string serve_for, base_url;  // of init
};

Result<VaultId> create_vault(Session& session, vault::Home& home, const CreateArguments& arguments) {
  ATOLL_ASSIGN(const auto secrets, session.secrets());
  vault::CreateVaultOptions options;
  options.name = arguments.name;
  options.zstd_level = arguments.zstd_level;
  if (arguments.encryption == "none") {
    options.suite = codec::SealSuite::none;
    ATOLL_ASSIGN(
        const bool sure,
        session.confirm(
            "Without encryption whoever has the disk reads everything, and this cannot be changed later. Go on?"));
    if (!sure) return fail(ErrorKind::interrupted, "vault.not_confirmed", "nothing was made");
  } else if (arguments.encryption != "aes256gcm") {
    return fail(ErrorKind::usage, "vault.bad_encryption", "--encryption is aes256gcm or none");
  }
  std::optional<keyring::Unlocking> slot;
  if (!arguments.new_password_file.empty()) {
    slot.emplace();
    slot->kind = keyring::SlotKind::passphrase;
    ATOLL_ASSIGN(slot->passphrase, session.read_passphrase_file(arguments.new_password_file));
    options.slot_label = "passphrase";
  }
  ATOLL_ASSIGN(const VaultId id, home.create_vault(options, secrets, slot));
  if (session.output.is_json) {
    session.output.json(JsonObject("vault_created")
                            .add("id", id.text())
                            .add("name", arguments.name)
                            .add("encryption", suite_word(options.suite)));
  } else {
    session.output.message("Vault \"" + arguments.name + "\" made, encryption " +
                           std::string(suite_word(options.suite)) + ".");
    if (options.suite != codec::SealSuite::none && !slot) {
      session.output.message("Its key lies in " + platform::join(secrets.key_folder, id.text() + ".key") +
                             ", outside the home. Save a recovery kit: atoll key kit --to DIR");
    }
  }
  return id;
}

Result<void> note_serve_settings(Session& session, const CreateArguments& arguments) {
  if (arguments.serve_for.empty()) return {};
  ATOLL_ASSIGN(const ServeReach reach, parse_reach(arguments.serve_for));
  ATOLL_ASSIGN(const std::string base_url, checked_base_url(arguments.base_url));
  ATOLL_ASSIGN(const bool is_written, write_serve_settings(session, settings_for(reach, base_url)));
  if (!is_written) {
    session.output.message("The configuration file says already how the home is served; it stays as it is: " +
                           config_file_path(session.environment));
  }
  return {};
}

Result<int> init(Session& session, const CreateArguments& arguments) {
  const std::string folder = session.home_folder();
  auto home = vault::Home::create(session.environment.machine, folder);
  if (!home && home.error().id == "home.exists") {
    // Broken off between home and vault, or asked for on purpose: made whole either way.
    auto opened = vault::Home::open(session.environment.machine, folder);
    // A server opens no home without a vault: it is whole.
    if (!opened && opened.error().id == "home.served")
      return arguments.if_missing ? Result<int>(kExitOk) : pass(home.error());
    if (!opened) return pass(std::move(opened).error());
    auto existing = std::move(*opened);
    ATOLL_ASSIGN(const auto secrets, session.secrets());
    ATOLL_ASSIGN(const auto vaults, existing->vaults(secrets));
    if (!vaults.empty()) {
      if (arguments.if_missing) return kExitOk;
      return pass(std::move(home).error());
    }
    home = std::move(existing);
  }
  if (!home) return pass(std::move(home).error());
  session.output.message("Home: " + folder);
  ATOLL_TRY(create_vault(session, **home, arguments));
  return kExitOk;
}

void print_findings(Session& session, const vault::VaultStatus& status) {
  for (const auto& finding : status.findings) {
    session.output.line(session.output.red("! " + finding.message) +
                        (finding.command.empty() ? "" : "  " + finding.command));
  }
}

// What is not safe beyond one's own findings: full or worn disks, copies, schedules, the clock.
void print_points(Session& session, vault::Vault& opened, const vault::VaultStatus& status, Looks looks) {
  const auto health = health_of(session, opened, looks);
  if (!health) {
    session.output.warning(health.error().id, "drives and schedules could not be looked at: " + health.error().message);
    return;
  }
  for (const auto& alarm : points_beside(**health, status)) print_point(session, alarm);
}

JsonObject json_of(const vault::VaultStatus& status) {
  JsonObject object("status_report");
  object.add("vault", status.id.text()).add("name", status.name).add("encryption", suite_word(status.suite));
  object.add("files", status.files)
      .add("folders", status.folders)
      .add("others", status.others)
      .add("logical_bytes", status.logical_bytes);
  object.add("unique_bytes", status.unique_bytes)
      .add("pack_bytes", status.pack_bytes)
      .add("journal_bytes", status.journal_bytes);
  object.add("derived_bytes", status.derived_bytes)
      .add("last_lsn", status.last_lsn.value)
      .add("available_bytes", status.available_bytes);
  if (status.last_commit_time.unix_us != 0) object.add("last_change", format_rfc3339(status.last_commit_time));
  if (status.last_data_verify) object.add("last_data_verify", format_rfc3339(*status.last_data_verify));
  if (status.last_structure_verify) object.add("last_structure_verify", format_rfc3339(*status.last_structure_verify));
  std::vector<std::string> buckets;
  for (const auto& bucket : status.buckets)
    buckets.push_back(
        JsonObject().add("name", bucket.name).add("objects", bucket.objects).add("bytes", bucket.bytes).text());
  object.add_raw("buckets", json_array(buckets));
  std::vector<std::string> findings;
  for (const auto& finding : status.findings)
    findings.push_back(
        JsonObject().add("id", finding.id).add("message", finding.message).add("command", finding.command).text());
  if (status.last_collect) {
    object.add("last_gc", format_rfc3339(*status.last_collect))
        .add("gc_bytes_history", status.collect_history_bytes)
        .add("gc_bytes_horizon", status.collect_horizon_bytes);
  }
  object.add_raw("findings", json_array(findings));
  return object;
}

// Of what its gates have judged so far; nothing where there is none, or nothing can be searched.
std::optional<search::Coverage> judged_in(Session& session, vault::Vault& opened) {
  const auto gates = vault::gates_of(*opened.reader());
  if (!gates || gates->empty()) return std::nullopt;
  Finder finder(session, opened);
  if (!finder.open()) return std::nullopt;
  auto coverage = finder.index().coverage(opened);
  return coverage ? std::optional(std::move(*coverage)) : std::nullopt;
}

Result<int> stat_vault(Session& session) {
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    ATOLL_ASSIGN(const auto status, vault::vault_status(opened));
    Output& output = session.output;
    if (output.is_json) {
      auto report = json_of(status);
      if (const auto judged = judged_in(session, opened))
        report.add("judged", judged->judged).add("quarantined", judged->quarantined);
      std::vector<std::string> alarms;
      if (const auto health = health_of(session, opened, Looks::quickly))
        for (const auto& alarm : points_beside(**health, status)) alarms.push_back(json_text(alarm));
      output.json(report.add_raw("alarms", json_array(alarms)));
      return kExitOk;
    }
    const std::uint64_t stored = status.pack_bytes + status.journal_bytes;
    output.line(output.bold(format_count(status.files) + " files stored: " + format_size(status.logical_bytes) +
                            " in " + format_size(stored) + "."));
    if (stored > 0 && status.logical_bytes > stored) {
      const double ratio = static_cast<double>(status.logical_bytes) / static_cast<double>(stored);
      const auto tenths = static_cast<std::uint64_t>(ratio * 10);
      output.line("Saved: " + format_size(status.logical_bytes - std::min(status.logical_bytes, status.unique_bytes)) +
                  " by storing equal pieces once, " +
                  format_size(status.unique_bytes - std::min(status.unique_bytes, status.pack_bytes)) +
                  " by compression (" + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
                  " : 1 in all, parity included).");
    }
    output.line("Vault \"" + status.name + "\", encryption " + std::string(suite_word(status.suite)) + ", " +
                std::to_string(status.buckets.size()) + (status.buckets.size() == 1 ? " bucket" : " buckets") + ", " +
                format_size(status.derived_bytes) + " of indexes; " + format_size(status.available_bytes) +
                " free on the disk.");
    if (status.last_commit_time.unix_us != 0)
      output.line("Last change: " + format_rfc3339(status.last_commit_time) + " (number " +
                  format_count(status.last_lsn.value) + ").");
    output.line("Last verified: " +
                (status.last_data_verify        ? "every byte " + format_rfc3339(*status.last_data_verify)
                 : status.last_structure_verify ? "structure " + format_rfc3339(*status.last_structure_verify)
                                                : std::string("never")) +
                (status.last_verify_ok ? "." : ", and damage was found."));
    if (status.last_collect) {
      output.line("Last gc: " + format_rfc3339(*status.last_collect) + "; it left " +
                  format_size(status.collect_history_bytes) + " of older versions and " +
                  format_size(status.collect_horizon_bytes) + " for going back to earlier moments.");
    }
    if (const auto judged = judged_in(session, opened)) {
      output.line("Gates: " + format_count(judged->quarantined) + " of " + format_count(judged->judged) +
                  (judged->judged == 1 ? " file that was judged is" : " files that were judged are") +
                  " in quarantine." + (judged->quarantined > 0 ? "  atoll quarantine" : ""));
    }
    print_findings(session, status);
    print_points(session, opened, status, Looks::quickly);
    return kExitOk;
  });
}

Result<int> stat_object(Session& session, const std::string& text) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(text));
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    vault::Objects objects(opened);
    auto found = objects.find(address.bucket, address.key);
    if (!found && found.error().kind == ErrorKind::not_found && !address.key.empty() && !address.key.ends_with('/')) {
      auto version = vault::find_addressed(opened, address, {});
      if (version) found = std::move(version);
    }
    if (!found && found.error().kind == ErrorKind::not_found && !address.key.empty() && !address.key.ends_with('/')) {
      auto folder = objects.find(address.bucket, address.key + "/");
      if (folder) found = std::move(folder);
    }
    if (!found && address.key.empty()) {
      ATOLL_ASSIGN(const auto bucket, objects.bucket(address.bucket));
      ATOLL_ASSIGN(const auto totals, opened.reader()->totals(bucket.id));
      if (session.output.is_json) {
        session.output.json(JsonObject("bucket")
                                .add("name", bucket.name)
                                .add("objects", totals.objects())
                                .add("bytes", totals.logical_bytes));
      } else {
        session.output.line("Bucket " + bucket.name + ": " + format_count(totals.objects()) + " objects, " +
                            format_size(totals.logical_bytes) + ", made " + format_rfc3339(bucket.created));
      }
      return kExitOk;
    }
    if (!found) return pass(std::move(found).error());
    const auto& version = found->version;
    ATOLL_ASSIGN(const std::uint64_t version_count, opened.reader()->version_count(version.object));
    Output& output = session.output;
    if (output.is_json) {
      JsonObject object("object");
      object.add("bucket", address.bucket)
          .add_path("key", found->entry.key)
          .add("size", version.size)
          .add("object", version.object.text());
      object.add("version", version.version.text())
          .add("lsn", version.begin.value)
          .add("stored", format_rfc3339(version.begin_time));
      object.add("modified", format_rfc3339(version.modified))
          .add("mode", static_cast<std::uint64_t>(version.mode))
          .add("uid", static_cast<std::uint64_t>(version.uid));
      object.add("gid", static_cast<std::uint64_t>(version.gid))
          .add("actor", version.actor)
          .add("versions", version_count);
      object.add_map("tags", version.tags).add_map("metadata", version.metadata);
      if (!version.label.empty()) object.add("label", version.label);
      if (!version.author.empty()) object.add("author", version.author);
      if (!version.description.empty()) object.add("description", version.description);
      if (!version.transformation.empty()) object.add("transformation", version.transformation);
      std::vector<std::string> sources;
      for (const auto& source : version.sources) {
        JsonObject one;
        if (!source.object.is_none()) one.add("object", source.object.text()).add("version", source.version.text());
        sources.push_back(one.add("words", source.words).text());
      }
      if (!sources.empty()) object.add_raw("sources", json_array(sources));
      output.json(object);
      return kExitOk;
    }
    output.line(address.bucket + "/" + shown(found->entry.key));
    output.line("  size      " + format_size(version.size) + " (" + std::to_string(version.size) + " bytes" +
                (version.holes.empty() ? "" : ", with holes") + ")");
    output.line("  modified  " + format_rfc3339(version.modified));
    output.line("  stored    " + format_rfc3339(version.begin_time) + " by " + version.actor + ", change " +
                std::to_string(version.begin.value));
    output.line("  version   " + version.version.text() +
                (version_count > 1 ? ", one of " + format_count(version_count) : ""));
    if (!version.label.empty()) output.line("  label     " + shown(version.label));
    if (!version.author.empty()) output.line("  author    " + shown(version.author));
    if (!version.description.empty()) output.line("  about     " + shown(version.description));
    if (!version.transformation.empty()) output.line("  made by   " + shown(version.transformation));
    for (const auto& source : version.sources) output.line("  source    " + shown(source.words));
    if (!version.link_target.empty()) output.line("  link to   " + shown(version.link_target));
    for (const auto& [name, value] : version.tags) output.line("  tag       " + shown(name) + " = " + shown(value));
    for (const auto& [name, value] : version.metadata) output.line("  meta      " + shown(name) + " = " + shown(value));
    for (const auto& [name, value] : version.attributes)
      output.line("  xattr     " + shown(name) + " (" + std::to_string(value.size()) + " bytes)");
    return kExitOk;
  });
}

struct VerifyArguments {
  bool reads_data = false, no_heal = false;
  std::string sample;
};

Result<double> parse_share(std::string text) {
  double factor = 1;
  if (text.ends_with('%')) {
    text.pop_back();
    factor = 0.01;
  }
  std::size_t dot = 0;
  double value = 0;
  double unit = 1;
  bool any = false;
  for (const char c : text) {
    if (c == '.' && dot == 0) {
      dot = 1;
    } else if (c >= '0' && c <= '9') {
      any = true;
      if (dot == 0) {
        value = value * 10 + (c - '0');
      } else {
        unit /= 10;
        value += unit * (c - '0');
      }
    } else {
      any = false;
      break;
    }
  }
  if (!any || value * factor <= 0 || value * factor > 1)
    return fail(ErrorKind::usage, "sample.malformed", "--sample is a share such as 5% or 0.05");
  return value * factor;
}

Result<int> say_verified(Session& session, const vault::VerifySummary& summary) {
  Output& output = session.output;
  output.end_progress();
  std::uint64_t not_healed = 0;
  for (const auto& damage : summary.damage) {
    if (!damage.is_healed) ++not_healed;
    if (output.is_json) {
      output.json(
          JsonObject("damage").add("where", damage.where).add("what", damage.what).add("healed", damage.is_healed));
    } else {
      output.line((damage.is_healed ? output.green("healed  ") : output.red("damaged ")) + damage.where + ": " +
                  damage.what);
    }
  }
  for (const auto& lost : summary.lost) {
    if (output.is_json) {
      output.json(JsonObject("lost")
                      .add("bucket", lost.bucket)
                      .add_path("key", lost.key)
                      .add("version", lost.version.text())
                      .add("current", lost.is_current));
    } else {
      output.line(output.red("lost    ") + lost.bucket + "/" + shown(lost.key) +
                  (lost.is_current ? "" : " (an older version, " + lost.version.text() + ")"));
    }
  }
  if (output.is_json) {
    output.json(JsonObject("summary")
                    .add("packs", summary.packs)
                    .add("chunks", summary.chunks)
                    .add("bytes_checked", summary.bytes_checked)
                    .add("commands", summary.commands)
                    .add("objects", summary.objects)
                    .add("damage", static_cast<std::uint64_t>(summary.damage.size()))
                    .add("not_healed", not_healed)
                    .add("lost", static_cast<std::uint64_t>(summary.lost.size()))
                    .add("total_duration", summary.seconds));
  } else if (!summary.was_interrupted) {
    output.line(format_count(summary.objects) + " objects, " + format_count(summary.chunks) + " chunks in " +
                format_count(summary.packs) + (summary.packs == 1 ? " pack, " : " packs, ") +
                format_count(summary.commands) + " journal commands: " + format_size(summary.bytes_checked) +
                " checked in " + format_duration(summary.seconds) + ". " +
                (summary.is_clean()
                     ? output.green("All is well.")
                     : std::to_string(summary.damage.size()) + " places damaged, " + std::to_string(not_healed) +
                           " not healed, " + std::to_string(summary.lost.size()) + " object versions lost."));
  }
  if (summary.was_interrupted) return fail(ErrorKind::interrupted, "verify.interrupted", "interrupted");
  return summary.is_clean() ? kExitOk : kExitDamage;
}

Result<int> run_verify(Session& session, vault::Vault& opened, const VerifyArguments& arguments) {
  vault::VerifyVaultOptions options;
  options.reads_data = arguments.reads_data || !arguments.sample.empty();
  if (!arguments.sample.empty()) {
    ATOLL_ASSIGN(options.sample_ratio, parse_share(arguments.sample));
  }
  options.heals = !arguments.no_heal;
  options.workers = session.options.jobs;
  options.stop = &session.environment.stop;
  const std::int64_t started_ns = session.environment.machine.clock.monotonic_ns();
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    session.output.byte_progress(
        "checked", done, total,
        static_cast<double>(session.environment.machine.clock.monotonic_ns() - started_ns) * 1e-9);
  };
  auto summary = vault::verify_vault(opened, options);
  if (!summary && summary.error().kind == ErrorKind::damaged && summary.error().id.starts_with("catalog.") &&
      options.heals && opened.is_writable()) {
    // The catalog is derived: what is wrong in it is made anew, and that is a damage found and healed.
    const std::string what = summary.error().message;
    if (session.environment.served != nullptr) {  // others read it just now
      return pass(
          Error(summary.error()).with_context("the catalog is damaged; `atoll doctor --rebuild` makes it anew"));
    }
    ATOLL_TRY(opened.rebuild());
    summary = vault::verify_vault(opened, options);
    if (summary) summary->damage.push_back({"catalog", what + "; it was made anew from the journal", true});
  }
  if (!summary) return pass(std::move(summary).error());
  return say_verified(session, *summary);
}

Result<int> verify(Session& session, const VerifyArguments& arguments) {
  // Its result is worth remembering; on a disk that cannot be written it still runs.
  auto opened = session.open_to_write();
  if (!opened && (opened.error().kind == ErrorKind::locked || opened.error().kind == ErrorKind::io))
    opened = session.open_to_read();
  if (!opened) return pass(std::move(opened).error());
  auto answer = run_verify(session, **opened, arguments);
  const auto closed = (*opened)->close();
  if (answer && !closed) return pass(closed.error());
  return answer;
}

// With a kit's file a vault opens even where both keyring files are gone or damaged.
Result<void> bring_back_keyring(Session& session) {
  constexpr std::uint64_t kKitBytesMax = 2 * kMiB;
  platform::FileSystem& files = session.environment.machine.files;
  ATOLL_ASSIGN(const Bytes kit, platform::read_whole(files, session.absolute(session.options.kit), kKitBytesMax));
  ATOLL_ASSIGN(const auto id, keyring::Keyring::vault_of_kit(kit));
  ATOLL_ASSIGN(const auto home, session.home());
  if (!id) return {};  // the page alone holds no keyring
  ATOLL_ASSIGN(const auto secrets, session.secrets());
  const auto opened =
      keyring::Keyring::open(session.environment.machine, home->vault_folder(*id), home->candidates(*id, secrets));
  if (opened) return {};
  ATOLL_TRY(keyring::Keyring::restore_from_kit(session.environment.machine, home->vault_folder(*id), kit));
  session.output.message(
      "The keyring was brought back from the recovery kit. Add a key of this machine: atoll key add --new-key-file "
      "FILE --kit KIT");
  session.options.vault = id->text();
  return {};
}

struct DoctorArguments {
  bool rebuild = false;
};

Result<int> doctor(Session& session, const DoctorArguments& arguments) {
  Output& output = session.output;
  const std::string folder = session.home_folder();
  output.message("Home " + folder);
  if (!session.options.kit.empty()) ATOLL_TRY(bring_back_keyring(session));
  session.wants_vault_alone = arguments.rebuild;
  // Opening for writing replays what was broken off, heals keys and head, and rebuilds what cannot be read.
  auto opened = session.open_to_write();
  if (!opened) return pass(std::move(opened).error());
  const auto work = [&](vault::Vault& one) -> Result<int> {
    output.message("Keys, head and journal open; everything acknowledged is applied (change " +
                   format_count(one.journal().last().value) + ").");
    for (const auto& lost : one.journal().recovery().lost) {
      output.warning("journal.lost", "the journal lost changes " + std::to_string(lost.first.value) + " to " +
                                         std::to_string(lost.last.value));
    }
    if (arguments.rebuild) {
      ATOLL_ASSIGN(const auto report, one.rebuild());
      output.message("Catalog and chunk index made anew: " +
                     (report.from_checkpoint.value > 0
                          ? format_count(report.rows) + " rows from the checkpoint at change " +
                                format_count(report.from_checkpoint.value) + ", "
                          : std::string()) +
                     format_count(report.commands) + " changes from the journal.");
    }
    ATOLL_ASSIGN(const bool due, vault::wants_checkpoint(one));
    if (due) {
      ATOLL_ASSIGN(const auto report, vault::make_checkpoint(one));
      output.message("A checkpoint was due and was made: " + format_count(report.rows) + " rows.");
    }
    ATOLL_ASSIGN(const int code, run_verify(session, one, {}));
    ATOLL_ASSIGN(const auto status, vault::vault_status(one));
    if (!output.is_json) {
      print_findings(session, status);
      print_points(session, one, status, Looks::closely);
    }
    return code;
  };
  auto answer = work(**opened);
  const auto closed = (*opened)->close();
  if (answer && !closed) return pass(closed.error());
  return answer;
}

Result<int> list_vaults(Session& session, bool all) {
  ATOLL_ASSIGN(const auto home, session.home());
  ATOLL_ASSIGN(const auto secrets, session.secrets());
  ATOLL_ASSIGN(const auto vaults, home->vaults(secrets));
  for (const auto& listing : vaults) {
    if (!all && listing.name == vault::kControlVaultName) continue;
    if (session.output.is_json) {
      session.output.json(JsonObject("vault")
                              .add("id", listing.id.text())
                              .add("name", listing.name)
                              .add("unlocked", listing.is_unlocked)
                              .add("encryption", suite_word(listing.suite))
                              .add("problem", listing.problem ? listing.problem->message : ""));
    } else {
      session.output.line(listing.id.text() + "  " +
                          (listing.problem       ? "(" + listing.problem->message + ")"
                           : listing.is_unlocked ? listing.name
                                                 : "(locked)"));
    }
  }
  return kExitOk;
}

Result<int> show_vault(Session& session, const std::string& name) {
  if (!name.empty()) session.options.vault = name;
  return session.with_reader([&](vault::Vault& opened) -> Result<int> {
    ATOLL_ASSIGN(const auto status, vault::vault_status(opened));
    Output& output = session.output;
    if (output.is_json) {
      output.json(json_of(status).add("zstd_level", opened.head().zstd_level_warm));
      return kExitOk;
    }
    output.line("Vault " + status.name + " (" + status.id.text() + ")");
    output.line("  folder      " + opened.folder());
    output.line("  encryption  " + std::string(suite_word(status.suite)));
    output.line("  compression Zstandard, level " + std::to_string(opened.head().zstd_level_warm));
    std::string slots;
    for (const auto& slot : opened.keys().slots())
      slots += (slots.empty() ? "" : ", ") + std::string(slot_word(slot.kind));
    output.line("  opened by   " + (slots.empty() ? "no key" : slots));
    output.line("  content     " + format_size(status.pack_bytes) + " in packs, " + format_size(status.journal_bytes) +
                " of journal, " + format_size(status.derived_bytes) + " derived");
    output.line(
        "  history     removed objects and old versions stay as long as the policies of their buckets say: atoll "
        "policy show");
    for (const auto& bucket : status.buckets)
      output.line("  bucket      " + bucket.name + ": " + format_count(bucket.objects) + " objects, " +
                  format_size(bucket.bytes));
    return kExitOk;
  });
}

Result<void> check_not_control(const std::string& name) {
  if (name != vault::kControlVaultName) return {};
  return fail(ErrorKind::conflict, "vault.control", "the vault `control` holds the home's accounts and stays as it is",
              "Accounts are removed with `atoll user remove`.");
}

Result<int> rename_vault(Session& session, const std::string& from, const std::string& to) {
  ATOLL_TRY(vault::check_bucket_name(to));
  ATOLL_TRY(check_not_control(from));
  ATOLL_TRY(check_not_control(to));
  ATOLL_ASSIGN(const auto home, session.home());
  ATOLL_ASSIGN(const auto secrets, session.secrets());
  if (home->find_vault(to, secrets))
    return fail(ErrorKind::conflict, "vault.exists", "there is a vault \"" + to + "\" already");
  session.options.vault = from;
  return session.with_writer([&](vault::Vault& opened) -> Result<int> {
    ATOLL_TRY(opened.keys().rename_vault(to));
    session.output.message("Vault \"" + from + "\" is now \"" + to + "\".");
    return kExitOk;
  });
}

Result<int> delete_vault(Session& session, const std::string& name) {
  ATOLL_ASSIGN(const auto home, session.home());
  ATOLL_ASSIGN(const auto secrets, session.secrets());
  ATOLL_TRY(check_not_control(name));
  ATOLL_ASSIGN(const VaultId id, home->find_vault(name, secrets));
  ATOLL_ASSIGN(const auto all, home->vaults(secrets));
  for (const auto& listing : all) {
    if (listing.id == id) ATOLL_TRY(check_not_control(listing.name));
  }
  std::string holds = "a vault that is locked here";
  session.options.vault = id.text();
  if (auto opened = session.open_to_read(); opened) {
    ATOLL_ASSIGN(const auto status, vault::vault_status(**opened));
    holds = format_count(status.files) + " files, " + format_size(status.logical_bytes);
  }
  session.output.message("Vault \"" + name + "\": " + holds +
                         ". Deleting it is for good: its keys, content and history go.");
  if (session.options.is_dry_run) return kExitOk;
  ATOLL_ASSIGN(const bool sure, session.confirm("Delete vault \"" + name + "\"?"));
  if (!sure) return fail(ErrorKind::interrupted, "vault.not_confirmed", "nothing was deleted");
  ATOLL_TRY(home->delete_vault(id, secrets.key_folder));
  session.output.message("Deleted.");
  return kExitOk;
}

}  // namespace

void add_home_commands(CLI::App& app, Session& session, Chosen& chosen) {
  const auto add_create_options = [](CLI::App* command, const std::shared_ptr<CreateArguments>& arguments) {
    command->add_option("--encryption", arguments->encryption, "aes256gcm, or none (cannot be changed later)");
    command->add_option("--new-password-file", arguments->new_password_file,
                        "unlock by the passphrase in this file's first line, not by a key file");
    command
        ->add_option("--zstd-level", arguments->zstd_level,
                     "how hard a put compresses, 1 (quick) to 19 (small); 3 on a slow processor; fixed for the vault")
        ->check(CLI::Range(1, 19))
        ->capture_default_str();
  };
  auto* init_command = app.add_subcommand("init", "Make a home and its first vault");
  auto init_arguments = std::make_shared<CreateArguments>();
  init_command->add_flag("--if-missing", init_arguments->if_missing, "do nothing where there is one");
  add_create_options(init_command, init_arguments);
  init_command->add_option(
      "--serve-for", init_arguments->serve_for,
      "who is to reach the home's server: machine, lan or proxy; written to the configuration file");
  init_command->add_option("--base-url", init_arguments->base_url,
                           "with --serve-for proxy: as people open it, https://files.example");
  init_command->callback([&session, &chosen, init_arguments] {
    chosen.body = [&session, init_arguments]() -> Result<int> {
      ATOLL_TRY(note_serve_settings(session, *init_arguments));
      return init(session, *init_arguments);
    };
  });

  auto* stat_command =
      app.add_subcommand("stat", "What is stored, what it saves, what is not safe yet; or all about BUCKET/key");
  auto address = std::make_shared<std::string>();
  stat_command->alias("status");
  stat_command->add_option("address", *address, "BUCKET/key");
  stat_command->callback([&session, &chosen, address] {
    chosen.body = [&session, address] {
      return address->empty() ? stat_vault(session) : stat_object(session, *address);
    };
  });

  auto* verify_command =
      app.add_subcommand("verify", "Check what is stored; exit 22 where damage was found, healed or not");
  auto verify_arguments = std::make_shared<VerifyArguments>();
  verify_command->add_flag("--data", verify_arguments->reads_data, "read every byte");
  verify_command->add_option("--sample", verify_arguments->sample, "read this share of the packs, such as 5%");
  verify_command->add_flag("--no-heal", verify_arguments->no_heal, "only report");
  verify_command->callback([&session, &chosen, verify_arguments] {
    chosen.body = [&session, verify_arguments] { return verify(session, *verify_arguments); };
  });

  auto* doctor_command = app.add_subcommand("doctor", "Explain and mend an unhealthy home");
  auto doctor_arguments = std::make_shared<DoctorArguments>();
  doctor_command->add_flag("--rebuild", doctor_arguments->rebuild,
                           "make everything derived anew from packs and journal");
  doctor_command->callback([&session, &chosen, doctor_arguments] {
    chosen.body = [&session, doctor_arguments] { return doctor(session, *doctor_arguments); };
  });

  auto* vault_command = app.add_subcommand("vault", "Make, list, show, rename and delete vaults");
  vault_command->require_subcommand(1);
  auto* create = vault_command->add_subcommand("create", "Make another vault: own keys, own content, nothing shared");
  auto create_arguments = std::make_shared<CreateArguments>();
  create->add_option("name", create_arguments->name, "its name")->required();
  add_create_options(create, create_arguments);
  create->callback([&session, &chosen, create_arguments] {
    chosen.body = [&session, create_arguments]() -> Result<int> {
      ATOLL_TRY(check_not_control(create_arguments->name));
      ATOLL_ASSIGN(const auto home, session.home());
      ATOLL_TRY(create_vault(session, *home, *create_arguments));
      return kExitOk;
    };
  });
  auto lists_all = std::make_shared<bool>(false);
  auto* list_command = vault_command->add_subcommand("list", "The vaults of this home");
  list_command->add_flag("--all", *lists_all, "with `control`, which holds accounts and the record of reads");
  list_command->callback([&session, &chosen, lists_all] {
    chosen.body = [&session, lists_all] { return list_vaults(session, *lists_all); };
  });
  auto name = std::make_shared<std::string>();
  auto new_name = std::make_shared<std::string>();
  auto* show = vault_command->add_subcommand("show", "One vault in detail");
  show->add_option("name", *name, "name or id");
  show->callback([&session, &chosen, name] { chosen.body = [&session, name] { return show_vault(session, *name); }; });
  auto* rename = vault_command->add_subcommand("rename", "Give a vault another name");
  rename->add_option("name", *name, "name or id")->required();
  rename->add_option("new-name", *new_name, "its new name")->required();
  rename->callback([&session, &chosen, name, new_name] {
    chosen.body = [&session, name, new_name] { return rename_vault(session, *name, *new_name); };
  });
  auto* remove = vault_command->add_subcommand("delete", "Delete a vault for good");
  remove->add_option("name", *name, "name or id")->required();
  remove->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would go");
  remove->callback(
      [&session, &chosen, name] { chosen.body = [&session, name] { return delete_vault(session, *name); }; });
}

}  // namespace atl::cli
