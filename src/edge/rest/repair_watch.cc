#include "edge/rest/repair_watch.h"

#include <algorithm>
#include <functional>

#include "edge/rest/copy_places.h"
#include "edge/rest/job_kinds.h"
#include "foundation/base/units.h"
#include "services/backup/copy_check.h"
#include "services/observe/observer.h"
#include "vault/copies.h"

namespace atl::rest {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kListEveryNs = 60 * kSecondNs;
constexpr std::int64_t kProbeEveryNs = 10 * kSecondNs;
constexpr std::int64_t kFirstWaitNs = 60 * kSecondNs;
constexpr std::int64_t kWaitMaxNs = 3'600 * kSecondNs;
constexpr unsigned kRoundsMax = 6;  // 64 minutes: beyond kWaitMaxNs
const vault::Caller kServer{"server", "server", ""};

std::string names(const std::vector<catalog::CopyRow>& rows) {
  std::string out;
  for (const auto& row : rows) out += (out.empty() ? "" : ", ") + row.name;
  return out;
}

bool is_due(const std::optional<std::int64_t>& last_ns, std::int64_t every_ns, std::int64_t now_ns) {
  return !last_ns || now_ns - *last_ns >= every_ns;
}

// A job that mends this vault and has not ended, whoever began it.
std::optional<JobId> repair_under_way(server::Host& host, const VaultId& vault) {
  for (const auto& facts : host.jobs().list())
    if (facts.vault == vault && facts.ended.unix_us == 0 && (facts.kind == "repair" || facts.kind == "copy_repair"))
      return facts.id;
  return std::nullopt;
}

}  // namespace

void RepairWatch::look(server::Host& host) {
  for (const auto& vault : host.vaults()) look_at(host, vault, watching_[vault.id]);
}

bool RepairWatch::is_over(server::Host& host, const std::string& vault, Watching& watching) {
  const auto facts = host.jobs().find(*watching.job);
  if (facts && facts->ended.unix_us == 0) return false;
  watching.job.reset();
  watching.listed_ns.reset();  // what is left is looked for at once
  watching.missing.clear();
  if (!facts || facts->kind != "repair") return true;
  observe::Observer* const observer = host.observer();
  const std::uint64_t healed = facts->result.is_object() ? facts->result.number_of("healed_count", 0).value_or(0) : 0;
  if (healed > 0 && observer != nullptr) {
    observer->note_event("healed_read", vault,
                         format_count(healed) + (healed == 1 ? " pack" : " packs") + " of the vault " + vault +
                             (healed == 1 ? " was" : " were") + " damaged or gone; healed from copy " +
                             facts->result.text_of("from").value_or("") + ".");
  }
  if (facts->state == server::JobState::done) return true;
  std::string why = facts->state == server::JobState::cancelled ? "somebody ended it" : facts->message;
  tell(host, vault, watching, watching.tried_packs.size(),
       "The repair from its copies did not succeed: " + why + ". It is tried again by itself, within an hour.",
       "atoll copy verify NAME --data says what a copy has, atoll verify --data what is lost; another copy, or storing "
       "the files again, brings it back.");
  return true;
}

void RepairWatch::tell(server::Host& host, const std::string& vault, Watching& watching, std::size_t packs,
                       const std::string& words, const std::string& advice) {
  if (watching.told == words) return;
  watching.told = words;
  watching.is_told = true;
  observe::Observer* const observer = host.observer();
  if (observer == nullptr) return;
  // Reads say it more exactly; what nobody has read yet is said here.
  if (!observer->has_event("damaged_read", vault)) {
    observer->note_event("damaged_read", vault,
                         format_count(packs) + (packs == 1 ? " pack" : " packs") + " of the vault " + vault +
                             (packs == 1 ? " is" : " are") + " damaged on the disk, or gone from it.");
  }
  observer->note_repair(vault, words, advice);
  observer->look();
}

void RepairWatch::tell_well(server::Host& host, const std::string& vault, Watching& watching) {
  watching.is_told = false;
  watching.told.clear();
  observe::Observer* const observer = host.observer();
  if (observer == nullptr) return;
  observer->note_repair(vault, "", "");
  observer->end_event("damaged_read", vault);
  observer->look();
}

void RepairWatch::look_at(server::Host& host, const server::Host::Listed& vault, Watching& watching) {
  if (watching.job && !is_over(host, vault.name, watching)) return;
  const std::int64_t now_ns = host.machine().clock.monotonic_ns();
  std::set<PackId> packs;
  std::vector<catalog::CopyRow> copies;
  std::vector<catalog::CopyRow> reachable;
  {
    const auto use = host.use(vault.id, kServer);
    if (!use) return;  // somebody needs it alone: later
    const auto known = [&](const PackId& id) { return watching.tried_packs.contains(id); };
    bool lists = is_due(watching.listed_ns, kListEveryNs, now_ns);
    auto found = backup::packs_to_mend(use->vault(), lists);
    // Where one turns out to be bad all that are gone are looked for, so that they are one repair.
    if (found && !lists && !std::ranges::all_of(*found, known)) {
      lists = true;
      found = backup::packs_to_mend(use->vault(), true);
    }
    if (!found) return;  // the disk, or what is being made anew: a later look tells
    if (lists) {
      watching.listed_ns = now_ns;
      watching.missing = *found;
    }
    packs = std::move(*found);
    packs.insert(watching.missing.begin(), watching.missing.end());
    if (packs.empty()) {
      if (watching.is_told) tell_well(host, vault.name, watching);
      if (!watching.well_since_ns) watching.well_since_ns = now_ns;
      if (now_ns - *watching.well_since_ns >= kWaitMaxNs) {
        watching.rounds = 0;
        watching.tried_packs.clear();
      }
      return;
    }
    watching.well_since_ns.reset();
    const bool is_new = !std::ranges::all_of(packs, known);
    if (!is_new && !is_due(watching.probed_ns, kProbeEveryNs, now_ns)) return;
    watching.probed_ns = now_ns;
    auto rows = use->vault().reader()->all<catalog::CopyRow>();
    if (!rows) return;
    copies = std::move(*rows);
    for (const auto& row : copies) {
      // A request a minute to a place that costs is for the job.
      if (row.kind == vault::kCopyKindS3 ||
          backup::CopyTarget::vault_in(copy_reach(host, use->vault().machine()), row.place))
        reachable.push_back(row);
    }
    const bool is_back =
        std::ranges::any_of(reachable, [&](const auto& row) { return !watching.tried_copies.contains(row.name); });
    const bool is_time = !watching.not_before_ns || now_ns >= *watching.not_before_ns;
    if (!reachable.empty() && !is_new && !is_back && !is_time) return;
  }
  if (copies.empty()) {
    return tell(host, vault.name, watching, packs.size(), "No copy is kept that could mend it.",
                "atoll verify --data says what is lost; storing the files again brings them back. Then keep a copy: "
                "atoll copy add /mnt/disk/copy");
  }
  if (reachable.empty()) {
    watching.tried_copies.clear();
    return tell(host, vault.name, watching, packs.size(),
                "It is mended from a copy (" + names(copies) + ") as soon as one can be reached.",
                "Attach the disk of the copy: the repair begins by itself.");
  }
  // Of many those first that were not tried; once all of them were, what is left waits and is begun with anew.
  const auto was_tried = [&](const PackId& id) { return watching.tried_packs.contains(id); };
  const bool begins_anew = std::ranges::all_of(packs, was_tried);
  if (begins_anew) watching.tried_packs.clear();
  std::vector<PackId> order(packs.begin(), packs.end());
  std::ranges::stable_partition(order, std::not_fn(was_tried));
  if (order.size() > packs_at_once_) order.resize(packs_at_once_);
  watching.tried_packs.insert(order.begin(), order.end());
  watching.tried_copies.clear();
  for (const auto& row : reachable) watching.tried_copies.insert(row.name);
  watching.not_before_ns = now_ns + std::min(kWaitMaxNs, kFirstWaitNs << watching.rounds);
  if (begins_anew || watching.rounds == 0) watching.rounds = std::min(watching.rounds + 1, kRoundsMax);
  watching.job = repair_under_way(host, vault.id);
  if (!watching.job) {
    json::Value wanted = json::Value::array();
    for (const PackId& id : order) wanted.push(id.text());
    // Told before it begins: it may be over in no time.
    tell(host, vault.name, watching, packs.size(),
         "A repair from the copies (" + names(reachable) + ") is under way; `atoll job list` tells how far it is.",
         "Nothing: the repair runs by itself. Look after the disk: it lost what was written to it.");
    auto started = start_job(host, "repair", vault, json::Value::object().set("packs", std::move(wanted)), kServer);
    if (started) watching.job = started->id;
  }
}

}  // namespace atl::rest
