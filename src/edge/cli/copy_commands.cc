// copy restore-home: second copies, and a home from one.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>

#include "edge/cli/commands.h"
#include "edge/cli/copying.h"
#include "edge/cli/s3_copies.h"
#include "edge/cli/s3_keys.h"
#include "foundation/base/units.h"
#include "services/backup/accounts.h"
#include "services/backup/copy_check.h"
#include "services/backup/restore_home.h"
#include "vault/history/moment.h"
#include "vault/rewind/undo.h"
#include "vault/verify.h"

namespace atl::cli {
namespace {

using platform::join;

constexpr std::chrono::milliseconds kWaitBetweenTries{500};

double seconds_since(Session& session, std::int64_t started_ns) {
  return static_cast<double>(session.environment.machine.clock.monotonic_ns() - started_ns) * 1e-9;
}

void say_synced(Session& session, const backup::CopyOutcome& outcome, double seconds) {
  Output& output = session.output;
  if (output.is_json) {
    JsonObject object("copy");
    object.add("name", outcome.name).add_path("place", outcome.place).add("ok", !outcome.error.has_value());
    object.add("lsn", outcome.report.shipped.value)
        .add("bytes_copied", outcome.report.bytes)
        .add("packs_copied", outcome.report.packs)
        .add("archives_copied", outcome.report.archives)
        .add("removed", outcome.report.removed)
        .add("copy_bytes", outcome.report.copy_bytes)
        .add("total_duration", seconds);
    output.json(object);
  } else if (!outcome.error) {
    output.message("Copy \"" + outcome.name + "\" in " + shown(outcome.place) + " holds everything up to change " +
                   format_count(outcome.report.shipped.value) + ": " + format_size(outcome.report.bytes) +
                   " copied and compared in " + format_duration(seconds) + ", " +
                   format_size(outcome.report.copy_bytes) + " there in all.");
  }
}

// With the vault open for reading, so that others may write meanwhile. The first error ends it, after all were tried.
Result<int> sync(Session& session, const std::string& name) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto keeper, backup::CopyKeeper::open(vault, copy_surroundings(session.environment)));
    if (keeper->is_empty()) {
      return fail(ErrorKind::not_found, "copy.none", "this vault has no copies", "Make one with `atoll copy add DIR`.");
    }
    backup::ShipOptions options;
    options.stop = &session.environment.stop;
    options.on_notice = [&](const std::string& words) { session.output.warning("copy.source", words); };
    const std::int64_t started_ns = session.environment.machine.clock.monotonic_ns();
    options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
      session.output.byte_progress("copied", done, total, seconds_since(session, started_ns));
    };
    ATOLL_ASSIGN(const auto outcomes, keeper->round(options, name));
    session.output.end_progress();
    std::optional<Error> first;
    for (const auto& outcome : outcomes) {
      say_synced(session, outcome, seconds_since(session, started_ns));
      if (!outcome.error) continue;
      if (!first) {
        first = outcome.error;
        first->message = "copy \"" + outcome.name + "\": " + first->message;
      } else {
        session.output.warning(outcome.error->id, "copy \"" + outcome.name + "\": " + outcome.error->message);
      }
    }
    if (first) return pass(std::move(*first));
    return kExitOk;
  });
}

// Until nothing is missing there: whoever is writing now ships by himself, and is waited for.
Result<int> wait(Session& session, const std::string& name, bool until_thawed) {
  if (until_thawed) return wait_thawed(session, name, {}, kThawPollDefault_s);
  std::mutex mutex;
  std::condition_variable never;
  for (;;) {
    auto answer = sync(session, name);
    if (answer || answer.error().kind != ErrorKind::locked) return answer;
    for (int i = 0; i < 2; ++i) {
      if (session.environment.stop.load())
        return fail(ErrorKind::interrupted, "copy.interrupted", "interrupted; the copy may be behind");
      std::unique_lock lock(mutex);
      never.wait_for(lock, kWaitBetweenTries, [] { return false; });
    }
  }
}

bool lies_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

struct AddArguments {
  std::string place, name, limit;
  S3Arguments s3;
};

// Makes the place by `make`, and the row of it; with --dry-run only says what would be shipped.
Result<int> add_row(Session& session, catalog::CopyRow& row, const std::string& shown_as,
                    const std::function<std::string(std::uint64_t bytes)>& more_words,
                    const std::function<Result<void>(vault::Vault&)>& make) {
  ATOLL_TRY(vault::check_copy_name(row.name));
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_TRY(backup::check_new_copy(vault, row));
    ATOLL_ASSIGN(const std::uint64_t bytes, backup::bytes_to_ship(vault));
    session.output.message("About " + format_size(bytes) + " will be shipped to " + shown_as + more_words(bytes) + ".");
    if (session.options.is_dry_run) return kExitOk;
    ATOLL_TRY(make(vault));
    ATOLL_TRY(vault.commit(journal::CommandKind::copy_change,
                           [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                             row.created = context.commit_time;
                             changes.put(row);
                             return {};
                           }));
    return kExitOk;
  };
  if (session.options.is_dry_run) return session.with_reader(work);
  ATOLL_TRY(session.with_writer(work, Ships::no));
  session.output.message("Copy \"" + row.name + "\" made in " + shown_as + "; filling it.");
  return sync(session, row.name);
}

Result<int> add_s3(Session& session, const AddArguments& arguments, catalog::CopyRow row) {
  ATOLL_ASSIGN(const auto place, s3_place_of(session, arguments.place, arguments.s3));
  row.kind = std::string(vault::kCopyKindS3);
  row.place = blob::format(place);
  if (row.name.empty()) row.name = vault::bucket_name_for(place.prefix.empty() ? place.bucket : place.prefix);
  ATOLL_ASSIGN(const auto credentials, given_credentials(session, arguments.s3, place));
  return add_row(
      session, row, place.shown(), [&](std::uint64_t bytes) { return cost_words(place, bytes); },
      [&](vault::Vault& vault) -> Result<void> {
        ATOLL_TRY(backup::CopyTarget::create(copy_reach(session, arguments.s3), row.place, vault.head().vault));
        ATOLL_ASSIGN(const bool is_kept, keep_credentials(session.environment, place, credentials));
        if (!is_kept) {
          session.output.warning("copy.passing_key",
                                 "this key lasts for hours only and was not kept: later rounds need one of their own");
        }
        return {};
      });
}

Result<int> add_folder(Session& session, const AddArguments& arguments, catalog::CopyRow row) {
  std::string place = session.absolute(arguments.place);
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  const std::string home = session.home_folder();
  if (lies_within(place, home) || lies_within(home, place)) {
    return fail(ErrorKind::usage, "copy.inside_home", "a copy inside the home, or around it, is lost with it",
                "Choose a folder on another disk.");
  }
  row.kind = std::string(vault::kCopyKindFolder);
  row.place = place;
  if (row.name.empty()) row.name = vault::bucket_name_for(place);
  return add_row(
      session, row, shown(place), [](std::uint64_t) { return std::string(); },
      [&](vault::Vault& vault) -> Result<void> {
        ATOLL_TRY(backup::CopyTarget::create_folder(vault.machine(), place, vault.head().vault));
        if (copy_surroundings(session.environment).is_same_disk(vault.folder(), place)) {
          session.output.warning("copy.same_disk",
                                 "this folder lies on the same disk as the home: such a copy protects from deletion, "
                                 "not from the disk's death");
        }
        return {};
      });
}

Result<int> add(Session& session, const AddArguments& arguments) {
  catalog::CopyRow row;
  row.name = arguments.name;
  if (!arguments.limit.empty()) {
    ATOLL_ASSIGN(row.bytes_per_second_max, parse_size(arguments.limit));
  }
  return blob::is_s3_place(arguments.place) ? add_s3(session, arguments, std::move(row))
                                            : add_folder(session, arguments, std::move(row));
}

Result<int> list(Session& session) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::CopyRow>());
    Output& output = session.output;
    const Lsn last = vault.journal().last();
    const Timestamp now = session.environment.machine.clock.now();
    for (const auto& row : rows) {
      const auto there = backup::CopyTarget::vault_in(copy_reach(session), row.place);
      const bool is_reachable = there && *there == vault.head().vault;
      const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), row.name);
      const bool is_known = state && state->history == vault.head().history;
      const std::uint64_t shipped = is_known ? std::min(state->shipped.value, last.value) : 0;
      const double seconds_behind =
          shipped == last.value || !is_known ? 0 : static_cast<double>(now.unix_us - state->synced.unix_us) * 1e-6;
      const auto s3 = row.kind == vault::kCopyKindS3 ? blob::parse_s3_place(row.place) : Result<blob::S3Place>();
      const bool is_s3 = row.kind == vault::kCopyKindS3 && s3.has_value();
      if (output.is_json) {
        JsonObject object("copy");
        object.add("name", row.name).add("kind", row.kind).add_path("place", row.place).add("reachable", is_reachable);
        object.add("lsn", shipped).add("changes_behind", last.value - shipped).add("seconds_behind", seconds_behind);
        object.add("limit", row.bytes_per_second_max).add("bytes", state ? state->bytes : 0);
        object.add("same_disk", state && state->is_same_disk);
        if (is_s3) {
          object.add("storage_class", s3->storage_class.empty() ? "STANDARD" : s3->storage_class);
          if (s3->price_per_gib_month > 0) object.add("cost_per_month", s3->cost_per_month(state ? state->bytes : 0));
        }
        if (state && state->synced.unix_us != 0) object.add("synced", format_rfc3339(state->synced));
        if (state && state->verified.unix_us != 0) object.add("verified", format_rfc3339(state->verified));
        if (state && state->data_verified.unix_us != 0)
          object.add("data_verified", format_rfc3339(state->data_verified));
        object.add("verify_ok", !state || state->verify_ok);
        output.json(object);
        continue;
      }
      output.line(output.bold(row.name) + "  " + shown_place(row.place) +
                  (is_reachable ? "" : output.red("  not reachable")));
      if (!is_known) {
        output.line(output.red("  never whole, as far as is known here") + "  atoll copy sync " + row.name);
        continue;
      }
      output.line("  " +
                  (shipped == last.value ? "up to date at change " + format_count(shipped)
                                         : format_count(last.value - shipped) + " changes behind, since " +
                                               format_duration(seconds_behind)) +
                  "; " + format_size(state->bytes) + "; last reached " + format_rfc3339(state->synced) +
                  (state->is_same_disk ? "; on the same disk as the home" : ""));
      if (is_s3) {
        output.line("  class " + (s3->storage_class.empty() ? std::string("STANDARD") : s3->storage_class) +
                    cost_words(*s3, state->bytes));
      }
      const Timestamp verified = std::max(state->verified, state->data_verified);
      output.line("  " +
                  (verified.unix_us == 0              ? std::string("never verified as a whole")
                   : state->data_verified == verified ? "every byte verified " + format_rfc3339(verified)
                                                      : "structure verified " + format_rfc3339(verified)) +
                  (state->verify_ok ? "" : output.red(", and damage was found")));
    }
    if (rows.empty() && !output.is_json) output.message("No copies. Make one with `atoll copy add DIR`.");
    return kExitOk;
  });
}

struct CheckArguments {
  std::string name, sample;
  bool reads_data = false;
};

int say_checked(Session& session, const backup::CopyCheck& check, double seconds) {
  Output& output = session.output;
  output.end_progress();
  std::uint64_t not_healed = 0;
  for (const auto& damage : check.damage) {
    if (!damage.is_healed) ++not_healed;
    if (output.is_json) {
      output.json(JsonObject("damage")
                      .add("where", damage.where)
                      .add("side", damage.is_here ? "home" : "copy")
                      .add("what", damage.what)
                      .add("healed", damage.is_healed));
    } else {
      output.line((damage.is_healed ? "healed   " : output.red("damaged  ")) +
                  std::string(damage.is_here ? "home  " : "copy  ") + damage.where + ": " + damage.what);
    }
  }
  if (output.is_json) {
    output.json(JsonObject("summary")
                    .add("packs", check.packs)
                    .add("cold_packs", check.cold_packs)
                    .add("commands", check.commands)
                    .add("bytes_checked", check.bytes_checked)
                    .add("damage", static_cast<std::uint64_t>(check.damage.size()))
                    .add("not_healed", not_healed)
                    .add("lsn", check.last.value)
                    .add("total_duration", seconds));
  } else {
    output.line(format_count(check.packs) + (check.packs == 1 ? " pack, " : " packs, ") + format_count(check.commands) +
                " journal commands: " + format_size(check.bytes_checked) + " checked in " + format_duration(seconds) +
                ". " +
                (check.is_clean() ? output.green("All is well.")
                                  : std::to_string(check.damage.size()) + " places damaged, " +
                                        std::to_string(not_healed) + " not healed."));
    if (check.cold_packs > 0) {
      output.line(format_count(check.cold_packs) +
                  " of these packs lie in a cold class: they are there and of the right size, and were not read.");
    }
  }
  return check.is_clean() ? kExitOk : kExitDamage;
}

Result<double> parse_share(std::string text) {
  const bool is_percent = text.ends_with('%');
  if (is_percent) text.pop_back();
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (is_percent) share /= 100;
  if (error != std::errc{} || end != text.data() + text.size() || !(share > 0) || share > 1)
    return fail(ErrorKind::usage, "verify.bad_sample", "--sample takes a share such as 5%");
  return share;
}

backup::CheckOptions check_options(Session& session, std::int64_t started_ns) {
  backup::CheckOptions options;
  options.workers = session.options.jobs > 0 ? session.options.jobs
                                             : std::max(1U, session.environment.machine.threads.hardware_count());
  options.stop = &session.environment.stop;
  options.on_progress = [&session, started_ns](std::uint64_t done, std::uint64_t total) {
    session.output.byte_progress("checked", done, total, seconds_since(session, started_ns));
  };
  return options;
}

Result<std::unique_ptr<backup::CopyTarget>> open_copy(Session& session, vault::Vault& vault,
                                                      const catalog::CopyRow& row, backup::CopyTarget::Use use) {
  return backup::CopyTarget::open(copy_reach(session), row.place, vault.head().vault, use,
                                  backup::copy_lock_path(vault, row.name));
}

Result<void> remember_check(vault::Vault& vault, const std::string& name, vault::CopyState state, bool is_well,
                            bool read_all) {
  const Timestamp now = vault.machine().clock.now();
  state.verified = now;
  if (read_all) state.data_verified = now;
  state.verify_ok = is_well;
  return vault::write_copy_state(vault.machine().files, vault.folder(), name, state);
}

Result<int> verify(Session& session, const CheckArguments& arguments) {
  const std::int64_t started_ns = session.environment.machine.clock.monotonic_ns();
  backup::CheckOptions options = check_options(session, started_ns);
  options.reads_data = arguments.reads_data || !arguments.sample.empty();
  if (!arguments.sample.empty()) {
    ATOLL_ASSIGN(options.sample_ratio, parse_share(arguments.sample));
  }
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto row, find_copy(vault, arguments.name));
    ATOLL_ASSIGN(const auto target, open_copy(session, vault, row, backup::CopyTarget::Use::read));
    const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), row.name);
    ATOLL_ASSIGN(const auto check, backup::check_copy(vault, *target, state.value_or(vault::CopyState{}), options));
    const bool read_all = arguments.reads_data && arguments.sample.empty();
    if (state) ATOLL_TRY(remember_check(vault, row.name, *state, check.is_clean(), read_all));
    const int code = say_checked(session, check, seconds_since(session, started_ns));
    if (code != kExitOk)
      session.output.message("`atoll copy repair " + row.name + "` heals it from this home, and this home from it.");
    return code;
  });
}

Result<int> repair(Session& session, const std::string& name) {
  const std::int64_t started_ns = session.environment.machine.clock.monotonic_ns();
  bool rebuilds = false;
  bool is_well = false;
  const auto answer = session.with_writer(
      [&](vault::Vault& vault) -> Result<int> {
        ATOLL_ASSIGN(const auto row, find_copy(vault, name));
        // A bucket that was emptied is no unmounted disk: it is filled again.
        if (row.kind == vault::kCopyKindS3)
          ATOLL_TRY(backup::CopyTarget::create(copy_reach(session), row.place, vault.head().vault));
        ATOLL_ASSIGN(const auto target, open_copy(session, vault, row, backup::CopyTarget::Use::write));
        const auto state =
            vault::read_copy_state(vault.machine().files, vault.folder(), row.name).value_or(vault::CopyState{});
        ATOLL_ASSIGN(const auto check, backup::repair_copy(vault, *target, state, check_options(session, started_ns)));
        is_well = std::ranges::all_of(check.damage, [](const auto& damage) { return damage.is_healed; });
        rebuilds = check.healed_journal_here;
        if (state.shipped.value > 0) ATOLL_TRY(remember_check(vault, row.name, state, is_well, true));
        return say_checked(session, check, seconds_since(session, started_ns));
      },
      Ships::no);
  if (!answer) return answer;
  if (rebuilds) {
    // Made from a journal with holes, or before they were there: only the whole one tells.
    ATOLL_TRY(session.with_writer(
        [&](vault::Vault& vault) -> Result<int> {
          ATOLL_ASSIGN(const auto report, vault.rebuild());
          session.output.message("Catalog made anew from the healed journal: " + format_count(report.commands) +
                                 " changes.");
          return kExitOk;
        },
        Ships::no));
  }
  // What repair does not bring over whole, an ordinary round does.
  ATOLL_TRY(sync(session, name));
  return answer;
}

struct RemoveArguments {
  std::string name;
  bool deletes_files = false;
};

Result<int> remove(Session& session, const RemoveArguments& arguments) {
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto row, find_copy(vault, arguments.name));
    session.output.message(arguments.deletes_files
                               ? "Copy \"" + row.name + "\": everything in " + shown_place(row.place) +
                                     " will be deleted."
                               : "Copy \"" + row.name + "\" will no longer be kept up to date; its files in " +
                                     shown_place(row.place) + " stay, and still make a home.");
    if (session.options.is_dry_run) return kExitOk;
    if (arguments.deletes_files) {
      ATOLL_ASSIGN(const bool sure, session.confirm("Delete the files of copy \"" + row.name + "\"?"));
      if (!sure) return fail(ErrorKind::interrupted, "copy.not_confirmed", "nothing was deleted");
    }
    ATOLL_TRY(vault.commit(journal::CommandKind::copy_change,
                           [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                             changes.remove(row);
                             return {};
                           }));
    ATOLL_TRY(vault::forget_copy_state(vault.machine().files, vault.folder(), row.name));
    if (arguments.deletes_files) {
      if (const auto removed = backup::remove_accounts(copy_reach(session), row.place); !removed)
        session.output.warning("copy.accounts_left",
                               "the accounts that lie with this copy were not deleted: " + removed.error().message);
    }
    if (arguments.deletes_files)
      ATOLL_TRY(backup::CopyTarget::remove(copy_reach(session), row.place, vault.head().vault,
                                           backup::copy_lock_path(vault, row.name)));
    session.output.message(arguments.deletes_files ? "Deleted." : "Removed.");
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work, Ships::no);
}

Result<int> verify_restored(Session& session) {
  return session.with_writer(
      [&](vault::Vault& vault) -> Result<int> {
        vault::VerifyVaultOptions options;
        options.workers = session.options.jobs;
        options.stop = &session.environment.stop;
        ATOLL_ASSIGN(const auto summary, vault::verify_vault(vault, options));
        for (const auto& damage : summary.damage) {
          session.output.warning("restore_home.damage",
                                 damage.where + ": " + damage.what + (damage.is_healed ? " (healed)" : ""));
        }
        for (const auto& lost : summary.lost)
          session.output.warning("restore_home.lost", lost.bucket + "/" + shown(lost.key) + " lacks content");
        if (summary.was_interrupted) return fail(ErrorKind::interrupted, "verify.interrupted", "interrupted");
        return summary.is_clean() ? kExitOk : kExitDamage;
      },
      Ships::no);
}

// The whole vault as it was: forward commands with the difference, so that what came later can still be gone back to.
Result<vault::Moment> go_back(Session& session, const std::string& as_of) {
  vault::Moment moment;
  ATOLL_TRY(session.with_writer(
      [&](vault::Vault& vault) -> Result<int> {
        ATOLL_ASSIGN(moment, vault::parse_moment(vault, as_of));
        if (moment.is_by_time) {
          ATOLL_ASSIGN(moment.lsn, vault.journal().last_lsn_at(moment.time));
        }
        ATOLL_ASSIGN(const auto plan, vault::UndoPlan::of_rewind(vault, moment.lsn, {}));
        ATOLL_TRY(plan->apply([&] { return session.environment.stop.load(); }));
        return kExitOk;
      },
      Ships::no));
  return moment;
}

struct RestoreArguments {
  std::string from, as_of;
  S3Arguments s3;
};

// What came along with the copy, if anything did. Whatever keeps the accounts from coming is told and keeps no file
// back.
bool bring_accounts(Session& session, const RestoreArguments& arguments, const std::string& from) {
  bool came = false;
  const auto done = session.with_reader([&](vault::Vault& vault) -> Result<int> {
    backup::RestoreHomeOptions options;
    options.from = from;
    options.home = session.home_folder();
    options.credentials = copy_reach(session, arguments.s3).credentials;
    ATOLL_ASSIGN(auto secrets, session.secrets());
    options.given = std::move(secrets.given);
    options.key_folder = secrets.key_folder;
    options.stop = &session.environment.stop;
    options.on_notice = [&](const std::string& words) { session.output.warning("restore_home.notice", words); };
    options.vault.owner_words = session.environment.process_words;
    ATOLL_ASSIGN(const auto report,
                 backup::restore_accounts(session.environment.machine, std::move(options), vault.keys()));
    came = report.has_value();
    return kExitOk;
  });
  if (!done)
    session.output.warning(
        "restore_home.no_accounts",
        "the accounts in this copy did not come back, and a server begins without them: " + done.error().message);
  return came;
}

// Into a home that has the vault of this copy, and no accounts yet.
bool bring_missing_accounts(Session& session, const RestoreArguments& arguments, const std::string& from,
                            const VaultId& vault) {
  const auto lacks_them = [&]() -> Result<bool> {
    ATOLL_ASSIGN(const auto home, session.home());
    ATOLL_ASSIGN(const auto there, session.environment.machine.files.stat(home->vault_folder(vault)));
    ATOLL_ASSIGN(const auto secrets, session.secrets());
    ATOLL_ASSIGN(const auto listings, home->vaults(secrets));
    // One that does not open may be theirs.
    return there && std::ranges::none_of(listings, [](const auto& one) {
             return !one.is_unlocked || one.name == vault::kControlVaultName;
           });
  };
  const auto lacks = lacks_them();
  if (!lacks || !*lacks) return false;
  session.options.vault = vault.text();
  if (!bring_accounts(session, arguments, from)) return false;
  session.output.line("The vault is there already; its accounts came now, with people, tokens and keys.");
  return true;
}

Result<int> restore_home(Session& session, const RestoreArguments& arguments) {
  const std::string& from = arguments.from;
  const std::string& as_of = arguments.as_of;
  const platform::Machine& machine = session.environment.machine;
  const std::int64_t started_ns = machine.clock.monotonic_ns();
  backup::RestoreHomeOptions options;
  if (blob::is_s3_place(from)) {
    ATOLL_ASSIGN(const auto place, s3_place_of(session, from, arguments.s3));
    options.from = blob::format(place);
  } else {
    options.from = session.absolute(from);
  }
  const std::string from_place = options.from;
  const backup::CopyReach reach = copy_reach(session, arguments.s3);
  options.credentials = reach.credentials;
  options.home = session.home_folder();
  if (lies_within(options.home, options.from) || lies_within(options.from, options.home)) {
    return fail(ErrorKind::usage, "restore_home.inside_copy", "the new home cannot lie inside the copy, nor around it");
  }
  ATOLL_ASSIGN(const VaultId vault, backup::CopyTarget::vault_in(reach, options.from));
  if (!session.options.kit.empty()) {
    ATOLL_ASSIGN(options.kit, read_kit(session, session.options.kit, vault));
    session.options.kit.clear();
  }
  ATOLL_ASSIGN(auto secrets, session.secrets());
  options.given = std::move(secrets.given);
  options.key_folder = secrets.key_folder;
  // A key file of this machine that still is there opens the copy too.
  if (auto own = vault::read_key_file(machine.files, join(secrets.key_folder, vault.text() + ".key")); own)
    options.given.push_back(std::move(*own));
  options.workers = session.options.jobs > 0 ? session.options.jobs : std::max(1U, machine.threads.hardware_count());
  options.stop = &session.environment.stop;
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    session.output.byte_progress("restored", done, total, seconds_since(session, started_ns));
  };
  options.on_notice = [&](const std::string& words) { session.output.warning("restore_home.notice", words); };
  options.vault.owner_words = session.environment.process_words;
  // That catalog and index are made anew is what a restore does.
  if (session.output.verbosity > 0) options.vault.on_notice = options.on_notice;
  const auto restored = backup::restore_home(machine, std::move(options));
  session.output.end_progress();
  if (!restored) {
    // Broken off between the vault and its accounts: the same call brings what is missing.
    if (restored.error().id == "home.exists" && bring_missing_accounts(session, arguments, from_place, vault))
      return kExitOk;
    return pass(restored.error());
  }
  const auto& report = *restored;
  session.options.vault = report.vault.text();
  const bool have_accounts_come = bring_accounts(session, arguments, from_place);
  std::optional<vault::Moment> moment;
  if (!as_of.empty()) {
    ATOLL_ASSIGN(moment, go_back(session, as_of));
  }
  ATOLL_ASSIGN(const int code, verify_restored(session));
  Output& output = session.output;
  const double seconds = seconds_since(session, started_ns);
  if (output.is_json) {
    output.json(JsonObject("summary")
                    .add_path("home", session.home_folder())
                    .add("vault", report.vault.text())
                    .add("last_lsn", report.last.value)
                    .add("last_change", format_rfc3339(report.last_time))
                    .add("total_bytes", report.bytes)
                    .add("packs", report.packs)
                    .add("older_keys", report.has_older_keys)
                    .add("accounts", have_accounts_come)
                    .add_path("key_file", report.key_file)
                    .add("total_duration", seconds));
  } else {
    output.line("Home " + shown(session.home_folder()) + " made from the copy in " + shown_place(from) + ": " +
                format_size(report.bytes) + " in " + format_duration(seconds) + ", structure verified.");
    output.line("It stands at change " + format_count(report.last.value) + " of " + format_rfc3339(report.last_time) +
                ": what came after that on the first home is not in it.");
    if (have_accounts_come) output.line("Its accounts came with it: people, tokens and keys are as they were.");
    if (moment) output.line("Gone back to " + moment->words + "; `atoll undo last` takes that back.");
  }
  if (!report.key_file.empty()) output.message("A new key of this machine lies in " + report.key_file + ".");
  if (report.has_older_keys) {
    output.warning("restore_home.older_keys",
                   "this kit does not open the keys that lie in the copy, so its own were taken. It may be the newer "
                   "one, and all is "
                   "well; where it is the older one, what was stored under key domains made since cannot be read");
  }
  return code;
}

}  // namespace

void add_copy_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* copy = app.add_subcommand("copy", "Second copies of the vault: keep, check, heal");
  copy->require_subcommand(1);
  auto add_arguments = std::make_shared<AddArguments>();
  auto* add_command = copy->add_subcommand("add", "Keep a second copy in a folder on another disk, or in S3");
  add_command
      ->add_option("place", add_arguments->place,
                   "a folder, new or empty, the one above it has to be there; or s3://BUCKET/PREFIX")
      ->required();
  add_command->add_option("--as", add_arguments->name, "its name; else made from the place's");
  add_command->add_option("--limit", add_arguments->limit, "bytes a second at most, such as 50MB");
  add_s3_reach_options(*add_command, add_arguments->s3);
  add_s3_copy_options(*add_command, add_arguments->s3);
  add_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be shipped");
  add_command->callback([&session, &chosen, add_arguments] {
    chosen.body = [&session, add_arguments] { return add(session, *add_arguments); };
  });
  copy->add_subcommand("list", "The copies: where, how far, when checked")->callback([&session, &chosen] {
    chosen.body = [&session] { return list(session); };
  });
  auto name = std::make_shared<std::string>();
  auto* sync_command = copy->add_subcommand("sync", "Bring the copies up to date, or one of them");
  sync_command->add_option("name", *name, "as `copy list` shows it");
  sync_command->callback(
      [&session, &chosen, name] { chosen.body = [&session, name] { return sync(session, *name); }; });
  auto* wait_command = copy->add_subcommand("wait", "Until nothing is missing in a copy, also while somebody writes");
  wait_command->add_option("name", *name, "as `copy list` shows it")->required();
  auto until_thawed = std::make_shared<bool>(false);
  wait_command->add_flag("--thawed", *until_thawed, "until what `copy thaw` asked for can be read");
  wait_command->callback([&session, &chosen, name, until_thawed] {
    chosen.body = [&session, name, until_thawed] { return wait(session, *name, *until_thawed); };
  });
  auto check_arguments = std::make_shared<CheckArguments>();
  auto* verify_command = copy->add_subcommand("verify", "Check a copy; exit 22 where damage was found");
  verify_command->add_option("name", check_arguments->name, "as `copy list` shows it")->required();
  verify_command->add_flag("--data", check_arguments->reads_data, "read every byte");
  verify_command->add_option("--sample", check_arguments->sample, "read this share of the packs, such as 5%");
  verify_command->callback([&session, &chosen, check_arguments] {
    chosen.body = [&session, check_arguments] { return verify(session, *check_arguments); };
  });
  auto* repair_command = copy->add_subcommand("repair", "Heal a copy from this home, and this home from the copy");
  repair_command->add_option("name", *name, "as `copy list` shows it")->required();
  repair_command->callback(
      [&session, &chosen, name] { chosen.body = [&session, name] { return repair(session, *name); }; });
  auto remove_arguments = std::make_shared<RemoveArguments>();
  auto* remove_command = copy->add_subcommand("remove", "Keep a copy no longer");
  remove_command->add_option("name", remove_arguments->name, "as `copy list` shows it")->required();
  remove_command->add_flag("--delete-files", remove_arguments->deletes_files, "delete what lies there too");
  remove_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
  remove_command->callback([&session, &chosen, remove_arguments] {
    chosen.body = [&session, remove_arguments] { return remove(session, *remove_arguments); };
  });

  add_s3_copy_commands(*copy, session, chosen);

  auto restore_arguments = std::make_shared<RestoreArguments>();
  auto* restore_command = app.add_subcommand("restore-home", "Make a home from a copy: --from DIR --kit KIT");
  restore_command->add_option("--from", restore_arguments->from, "the copy's folder, or s3://BUCKET/PREFIX")
      ->required();
  restore_command->add_option("--as-of", restore_arguments->as_of,
                              "as it was: a time, 10m (ago), a change's number, a snapshot");
  add_s3_reach_options(*restore_command, restore_arguments->s3);
  restore_command->callback([&session, &chosen, restore_arguments] {
    chosen.body = [&session, restore_arguments] { return restore_home(session, *restore_arguments); };
  });
}

}  // namespace atl::cli
