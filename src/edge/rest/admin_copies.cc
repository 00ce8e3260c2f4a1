// Second copies: made, brought up to date, checked, healed, let go. What may take long is a job.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "edge/rest/admin_facts.h"
#include "edge/rest/copy_places.h"
#include "edge/rest/groups.h"
#include "edge/rest/job_kinds.h"
#include "foundation/base/units.h"
#include "services/backup/accounts.h"
#include "services/backup/copy_check.h"
#include "store/blob/s3/s3_place.h"
#include "vault/copies.h"

namespace atl::rest {
namespace {

using access::Action;
using catalog::CopyRow;
using json::Value;

constexpr std::chrono::milliseconds kLockedWait{500};
constexpr int kLockedTriesMax = 600;  // five minutes

Result<CopyRow> find_copy(vault::Vault& vault, const std::string& name) {
  CopyRow row;
  row.name = name;
  ATOLL_ASSIGN(const auto found, vault.reader()->one<CopyRow>(catalog::key_of(row)));
  if (found) return *found;
  return fail(ErrorKind::not_found, "copy.not_found", "there is no copy \"" + name.substr(0, 80) + "\"",
              "GET /api/v1/copies lists them.");
}

Value copy_json(vault::Vault& vault, const CopyRow& row) {
  Value out = Value::object();
  out.set("name", row.name).set("kind", row.kind).set("place", row.place).set("created", format_rfc3339(row.created));
  out.set("bytes_per_second_max", row.bytes_per_second_max);
  const std::uint64_t last = vault.journal().last().value;
  const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), row.name);
  if (!state || state->history != vault.head().history) return out;
  const std::uint64_t shipped = std::min(state->shipped.value, last);
  out.set("shipped_lsn", shipped).set("changes_behind", last - shipped).set("bytes", state->bytes);
  out.set("verify_ok", state->verify_ok).set("is_same_disk", state->is_same_disk);
  set_time(out, "synced", state->synced);
  set_time(out, "verified", state->verified);
  set_time(out, "data_verified", state->data_verified);
  return out;
}

Result<net::Response> list_copies(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(auto rows, vault->reader()->all<CopyRow>());
  return page_of(
      call, std::move(rows), "copies", [](const auto& row) -> const std::string& { return row.name; },
      [&](const CopyRow& row) { return copy_json(*vault, row); });
}

Result<net::Response> show_copy(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto row, find_copy(*vault, call.path("name")));
  return ok(copy_json(*vault, row));
}

// Made now, and begun to be filled; with `dry_run` only what that takes.
Result<net::Response> add_copy(Call& call) {
  ATOLL_ASSIGN(auto wanted, wanted_copy(call));
  ATOLL_ASSIGN(const bool is_dry_run, call.body().flag_of("dry_run"));
  CopyRow& row = wanted.row;
  const server::Host& host = call.exchange().host;
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(backup::check_new_copy(*vault, row));
  if (is_dry_run) {
    ATOLL_ASSIGN(const std::uint64_t bytes, backup::bytes_to_ship(*vault));
    Value plan = Value::object().set("name", row.name).set("kind", row.kind).set("bytes", bytes);
    if (wanted.price_per_gib_month > 0) {
      ATOLL_ASSIGN(const auto place, blob::parse_s3_place(row.place));
      plan.set("cost_per_month", place.cost_per_month(bytes));
    }
    return ok(plan);
  }
  if (wanted.credentials) {
    const auto reach = copy_reach(host, vault->machine(), *wanted.credentials);
    ATOLL_TRY(backup::CopyTarget::create(reach, row.place, vault->head().vault));
    ATOLL_TRY(host.settings().place_keys->keep(row.place, *wanted.credentials));
  } else {
    ATOLL_TRY(backup::CopyTarget::create_folder(vault->machine(), row.place, vault->head().vault));
  }
  ATOLL_TRY(vault->commit(journal::CommandKind::copy_change,
                          [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                            row.created = context.commit_time;
                            changes.put(row);
                            return {};
                          }));
  return start_job(call, "copy_sync", Value::object().set("name", row.name));
}

// Tried before it takes the old one's place.
Result<net::Response> set_copy_key(Call& call) {
  ATOLL_ASSIGN(const auto credentials, credentials_in(call));
  const server::Host& host = call.exchange().host;
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto row, find_copy(*vault, call.path("name")));
  if (row.kind != vault::kCopyKindS3 || host.settings().place_keys == nullptr)
    return fail(ErrorKind::usage, "copy.no_key", "copy \"" + row.name + "\" lies in a folder, which has no key");
  const auto there = backup::CopyTarget::vault_in(copy_reach(host, vault->machine(), credentials), row.place);
  if (!there && there.error().id != "copy.marker_missing") return pass(there.error());
  ATOLL_TRY(host.settings().place_keys->keep(row.place, credentials));
  return no_content();
}

Result<net::Response> remove_copy(Call& call) {
  const bool deletes_files = call.flag("delete_files");
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto row, find_copy(*vault, call.path("name")));
  ATOLL_TRY(vault->commit(journal::CommandKind::copy_change,
                          [&](const vault::CommitContext&, vault::ChangeSet& changes) -> Result<void> {
                            changes.remove(row);
                            return {};
                          }));
  ATOLL_TRY(vault::forget_copy_state(vault->machine().files, vault->folder(), row.name));
  if (deletes_files) {
    const auto accounts = backup::remove_accounts(copy_reach(call.exchange().host, vault->machine()), row.place);
    ATOLL_TRY(backup::CopyTarget::remove(copy_reach(call.exchange().host, vault->machine()), row.place,
                                         vault->head().vault, backup::copy_lock_path(*vault, row.name)));
    ATOLL_TRY(accounts);  // told, and kept nothing else
  }
  return no_content();
}

Result<net::Response> start_with_copy(Call& call, std::string_view kind, Value order) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto row, find_copy(*vault, call.path("name")));
  order.set("name", row.name);
  return start_job(call, kind, std::move(order));
}
Result<net::Response> start_sync(Call& call) { return start_with_copy(call, "copy_sync", Value::object()); }
Result<net::Response> start_verify(Call& call) { return start_with_copy(call, "copy_verify", call.body()); }
Result<net::Response> start_repair(Call& call) { return start_with_copy(call, "copy_repair", Value::object()); }

// The server ships to the same copies by itself, a moment at a time: their lock is waited for.
template <class Work>
auto while_locked(JobContext& job, const Work& work) -> decltype(work()) {
  std::mutex mutex;
  std::condition_variable never;
  for (int i = 0;; ++i) {
    auto done = work();
    if (done || done.error().kind != ErrorKind::locked || i == kLockedTriesMax || job.progress.stop()) return done;
    std::unique_lock lock(mutex);
    never.wait_for(lock, kLockedWait, [] { return false; });
  }
}

backup::CheckOptions check_options(JobContext& job) {
  backup::CheckOptions options;
  options.workers = 1;  // others are to be served meanwhile
  options.stop = &job.progress.stop();
  options.on_progress = [&job](std::uint64_t done, std::uint64_t total) { job.progress.note("reading", done, total); };
  return options;
}

Result<std::unique_ptr<backup::CopyTarget>> open_target(JobContext& job, const vault::Vault& vault, const CopyRow& row,
                                                        backup::CopyTarget::Use use) {
  return backup::CopyTarget::open(copy_reach(job.host, vault.machine(), &job.progress.stop()), row.place,
                                  vault.head().vault, use, backup::copy_lock_path(vault, row.name));
}

Result<void> remember_check(vault::Vault& vault, const std::string& name, vault::CopyState state, bool is_well,
                            bool read_all) {
  const Timestamp now = vault.machine().clock.now();
  state.verified = now;
  if (read_all) state.data_verified = now;
  state.verify_ok = is_well;
  return vault::write_copy_state(vault.machine().files, vault.folder(), name, state);
}

// What was healed here is read from now on. Where that fails it stays in doubt, and is met again.
void take_back(vault::Vault& vault, const backup::CopyCheck& check) {
  for (const PackId& pack : check.healed_here) ignore_error_on_purpose(vault.chunks().take_back_pack(pack));
}

Value damage_json(const std::vector<backup::CopyDamage>& all) {
  constexpr std::size_t shown_max = 1'000;
  Value damage = Value::array();
  for (const auto& one : all) {
    if (damage.as_array()->size() == shown_max) break;
    damage.push(Value::object()
                    .set("where", one.where)
                    .set("side", one.is_here ? "home" : "copy")
                    .set("what", one.what)
                    .set("is_healed", one.is_healed));
  }
  return damage;
}

Value check_json(const backup::CopyCheck& check) {
  return Value::object()
      .set("is_clean", check.is_clean())
      .set("packs", check.packs)
      .set("commands", check.commands)
      .set("bytes_checked", check.bytes_checked)
      .set("last_lsn", check.last.value)
      .set("damage_count", std::uint64_t{check.damage.size()})
      .set("damage", damage_json(check.damage));
}

}  // namespace

Result<Value> copy_sync_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(const std::string name, order.text_of("name"));
  return while_locked(job, [&]() -> Result<Value> {
    ATOLL_ASSIGN(const auto use, job.use());
    ATOLL_ASSIGN(const auto keeper, backup::CopyKeeper::open(use.vault(), copy_surroundings(job.host)));
    backup::ShipOptions options;
    options.stop = &job.progress.stop();
    options.on_progress = [&job](std::uint64_t done, std::uint64_t total) {
      job.progress.note("copying", done, total);
    };
    ATOLL_ASSIGN(const auto outcomes, keeper->round(options, name));
    for (const auto& outcome : outcomes) {
      if (outcome.error) return pass(Error(*outcome.error));
      return Value::object()
          .set("name", outcome.name)
          .set("lsn", outcome.report.shipped.value)
          .set("bytes_copied", outcome.report.bytes)
          .set("packs_copied", outcome.report.packs)
          .set("archives_copied", outcome.report.archives)
          .set("copy_bytes", outcome.report.copy_bytes);
    }
    return fail(ErrorKind::not_found, "copy.not_found", "the copy \"" + name + "\" is gone");
  });
}

Result<Value> copy_verify_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(const std::string name, order.text_of("name"));
  backup::CheckOptions options = check_options(job);
  ATOLL_ASSIGN(options.reads_data, order.flag_of("reads_data"));
  ATOLL_ASSIGN(const std::uint64_t sample, order.number_of("sample_percent", 100));
  options.sample_ratio = static_cast<double>(sample) / 100;
  return while_locked(job, [&]() -> Result<Value> {
    ATOLL_ASSIGN(const auto use, job.use());
    vault::Vault& vault = use.vault();
    ATOLL_ASSIGN(const auto row, find_copy(vault, name));
    ATOLL_ASSIGN(const auto target, open_target(job, vault, row, backup::CopyTarget::Use::read));
    const auto state = vault::read_copy_state(vault.machine().files, vault.folder(), row.name);
    ATOLL_ASSIGN(const auto check, backup::check_copy(vault, *target, state.value_or(vault::CopyState{}), options));
    if (state && !job.progress.stop()) {
      ATOLL_TRY(remember_check(vault, row.name, *state, check.is_clean(), options.reads_data && sample == 100));
    }
    return check_json(check);
  });
}

Result<Value> copy_repair_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(const std::string name, order.text_of("name"));
  bool rebuilds = false;
  ATOLL_ASSIGN(
      auto out, while_locked(job, [&]() -> Result<Value> {
        ATOLL_ASSIGN(const auto use, job.use());
        vault::Vault& vault = use.vault();
        ATOLL_ASSIGN(const auto row, find_copy(vault, name));
        // A bucket that was emptied is no unmounted disk: it is filled again.
        if (row.kind == vault::kCopyKindS3) {
          ATOLL_TRY(backup::CopyTarget::create(copy_reach(job.host, vault.machine(), &job.progress.stop()), row.place,
                                               vault.head().vault));
        }
        ATOLL_ASSIGN(const auto target, open_target(job, vault, row, backup::CopyTarget::Use::write));
        const auto state =
            vault::read_copy_state(vault.machine().files, vault.folder(), row.name).value_or(vault::CopyState{});
        ATOLL_ASSIGN(const auto check, backup::repair_copy(vault, *target, state, check_options(job)));
        rebuilds = check.healed_journal_here;
        take_back(vault, check);
        const bool is_well = std::ranges::all_of(check.damage, [](const auto& one) { return one.is_healed; });
        if (state.shipped.value > 0) ATOLL_TRY(remember_check(vault, row.name, state, is_well, true));
        return check_json(check);
      }));
  if (rebuilds) {
    // Made from a journal with holes, or before they were there: only the whole one tells.
    ATOLL_ASSIGN(const auto alone, job.host.use_alone(job.vault.text(), job.caller));
    ATOLL_ASSIGN(const auto report, alone.vault().rebuild());
    out.set("commands_replayed", report.commands);
  }
  // What repair does not bring over whole, an ordinary round does.
  ATOLL_ASSIGN(auto synced, copy_sync_work(job, order));
  return out.set("synced", std::move(synced));
}

namespace {

// What one copy has of the packs in `left`, which gets shorter by that.
Result<backup::CopyCheck> mend_from(JobContext& job, const CopyRow& row, std::set<PackId>& left) {
  return while_locked(job, [&]() -> Result<backup::CopyCheck> {
    ATOLL_ASSIGN(const auto use, job.use());
    vault::Vault& vault = use.vault();
    ATOLL_ASSIGN(const auto target, open_target(job, vault, row, backup::CopyTarget::Use::write));
    backup::CheckOptions options = check_options(job);
    options.only_packs = left;
    ATOLL_ASSIGN(auto check, backup::repair_copy(vault, *target, {}, options));
    take_back(vault, check);
    for (const PackId& pack : check.healed_here) left.erase(pack);
    return check;
  });
}

std::string in_words(std::size_t packs) { return format_count(packs) + (packs == 1 ? " pack" : " packs"); }

}  // namespace

Result<Value> repair_work(JobContext& job, const Value& order) {
  ATOLL_ASSIGN(const auto texts, order.list_of("packs"));
  std::set<PackId> left;
  for (const std::string& text : texts)
    if (const auto id = PackId::parse(text)) left.insert(*id);
  const std::size_t wanted = left.size();
  std::vector<CopyRow> copies;
  {
    ATOLL_ASSIGN(const auto use, job.use());
    ATOLL_ASSIGN(copies, use.vault().reader()->all<CopyRow>());
  }
  std::string from;
  std::string troubles;
  for (const CopyRow& row : copies) {
    if (left.empty()) break;
    const std::size_t before = left.size();
    const auto check = mend_from(job, row, left);
    if (!check && check.error().kind == ErrorKind::interrupted) return pass(check.error());
    if (before > left.size()) from += (from.empty() ? "" : ", ") + row.name;
    if (check && left.empty()) continue;
    const std::string why = check ? in_words(left.size()) + " not whole there either" : check.error().message;
    troubles += (troubles.empty() ? "" : "; ") + ("copy " + row.name + ": " + why);
  }
  if (!left.empty()) {
    return fail(ErrorKind::damaged, "repair.not_healed",
                in_words(left.size()) + " of " + format_count(wanted) + " could not be healed (" +
                    (copies.empty() ? "there is no copy" : troubles) + ")",
                "atoll copy verify NAME --data says what a copy has.");
  }
  return Value::object().set("healed_count", std::uint64_t{wanted}).set("from", from);
}

std::vector<Operation> copy_operations() {
  constexpr std::string_view kOne = "/api/v1/copies/{name}";
  const std::vector<Answer> accepted{{202, "Job", "It waits or runs; Location says where to look."}};
  return {
      {.id = "copy_list",
       .method = "GET",
       .path = "/api/v1/copies",
       .tag = "copies",
       .words = "Second copies, and how far each is.",
       .guards = {{Action::copy_manage, Place::vault}},
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "CopyList", "A page."}},
       .handler = list_copies},
      {.id = "copy_create",
       .method = "POST",
       .path = "/api/v1/copies",
       .tag = "copies",
       .words =
           "Makes a copy in a folder of the server's machine or in an S3 server, and begins to fill it: the answer is "
           "that job.\nThe folder or prefix is new or empty, or an earlier copy of this vault; the folder above it, or "
           "the bucket, has to be there. The secret of a key is taken by TLS or from the server's machine only, and "
           "kept there beside the keys of vaults.",
       .guards = {{Action::copy_manage, Place::vault}, {Action::server_admin, Place::home}},
       .body = "NewCopy",
       .answers = {{202, "Job", "It waits or runs; Location says where to look."},
                   {200, "CopyPlan", "With dry_run: nothing was made."}},
       .handler = add_copy},
      {.id = "copy_show",
       .method = "GET",
       .path = kOne,
       .tag = "copies",
       .words = "One copy.",
       .guards = {{Action::copy_manage, Place::vault}},
       .answers = {{200, "Copy", "The copy."}},
       .handler = show_copy},
      {.id = "copy_delete",
       .method = "DELETE",
       .path = kOne,
       .tag = "copies",
       .words = "The copy is kept no longer; its files stay, and still make a home.",
       .guards = {{Action::copy_manage, Place::vault}, {Action::server_admin, Place::home, "delete_files"}},
       .query = {{"delete_files", ParameterType::flag, "The files go, too."}},
       .answers = {{204, "", "Removed."}},
       .handler = remove_copy},
      {.id = "copy_key_set",
       .method = "PUT",
       .path = "/api/v1/copies/{name}/key",
       .tag = "copies",
       .words = "Another key for a copy in S3, and for every other one in its bucket. It is tried first.",
       .guards = {{Action::copy_manage, Place::vault}, {Action::server_admin, Place::home}},
       .body = "CopyKey",
       .answers = {{204, "", "It works, and is kept."}},
       .handler = set_copy_key},
      {.id = "copy_sync",
       .method = "POST",
       .path = "/api/v1/copies/{name}/sync",
       .tag = "copies",
       .words = "Brings a copy up to date now; the server does it within a second by itself. A job: watch it to wait.",
       .guards = {{Action::copy_manage, Place::vault}},
       .answers = accepted,
       .handler = start_sync},
      {.id = "copy_verify",
       .method = "POST",
       .path = "/api/v1/copies/{name}/verify",
       .tag = "copies",
       .words = "Checks a copy; with `reads_data` every byte. A job.",
       .guards = {{Action::copy_manage, Place::vault}},
       .body = "VerifyOrder",
       .answers = accepted,
       .handler = start_verify},
      {.id = "copy_repair",
       .method = "POST",
       .path = "/api/v1/copies/{name}/repair",
       .tag = "copies",
       .words = "Reads every byte of the copy and of the home, and heals each from the other. A job.",
       .guards = {{Action::copy_manage, Place::vault}},
       .answers = accepted,
       .handler = start_repair},
  };
}

std::vector<NamedSchema> copy_schemas() {
  using namespace schema;
  return {
      {"NewCopy",
       object("A copy that is to be.",
              {required("place",
                        text("A folder of the server's machine, from its root; or "
                             "s3://BUCKET/PREFIX?endpoint=https://host:9000&region=eu-central-1&class=STANDARD_IA&"
                             "check=sha256&every=30&price=0.023, of which what stands behind ? may be missing.",
                             4096)),
               optional("name", text("Else from the folder's name.", 63)),
               optional("bytes_per_second_max", number("So fast at most; 0: as fast as it goes.")),
               optional("access_key_id", text("Of a place in S3.", 256)),
               optional("secret_access_key", text("Likewise.", 1024)),
               optional("dry_run", flag("True: only say what it would take."))})},
      {"CopyPlan", object("What a copy would take.",
                          {required("name", text("That it would have.")), required("kind", text("folder, s3")),
                           required("bytes", number("About so much would go over.")),
                           optional("cost_per_month", ratio("In the currency of the price that was given."))})},
      {"CopyKey", object("A key for an S3 server.", {required("access_key_id", text("Its id.", 256)),
                                                     required("secret_access_key", text("Its secret.", 1024))})},
      {"Copy",
       object("A second copy.", {required("name", text("Its name.")), required("kind", text("folder, s3")),
                                 required("place", text("Where it is.")), required("created", time("Since when.")),
                                 required("bytes_per_second_max", number("0: as fast as it goes.")),
                                 optional("shipped_lsn", number("It holds everything up to this change.")),
                                 optional("changes_behind", number("So many are not there yet.")),
                                 optional("bytes", number("That it takes.")),
                                 optional("verify_ok", flag("False: the last check found damage.")),
                                 optional("is_same_disk", flag("True: it dies with this disk.")),
                                 optional("synced", time("When the last round ended well.")),
                                 optional("verified", time("When its structure was last checked.")),
                                 optional("data_verified", time("When every byte was last read."))})},
      {"CopyList", list_schema("A page of copies.", "copies", "Copy")},
  };
}

}  // namespace atl::rest
