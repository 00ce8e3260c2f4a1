#include "edge/server/host.h"

#include <algorithm>
#include <chrono>

#include "edge/server/job_store.h"

namespace atl::server {
namespace {

constexpr std::chrono::seconds kShareWait{10};
constexpr std::chrono::seconds kAloneWait{60};

tl::unexpected<Error> busy(const std::string& name) {
  return fail(ErrorKind::locked, "vault.busy", "vault \"" + name + "\" is being worked on", "Try again in a minute.");
}

}  // namespace

Gate::Held Gate::share(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, wait, [this] { return !is_alone_ && waiting_alone_ == 0; })) return {};
  ++sharing_;
  return {*this, false};
}

Gate::Held Gate::take_alone(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  ++waiting_alone_;
  const bool is_mine = changed_.wait_for(lock, wait, [this] { return !is_alone_ && sharing_ == 0; });
  --waiting_alone_;
  if (is_mine) is_alone_ = true;
  if (!is_mine) changed_.notify_all();
  return is_mine ? Held(*this, true) : Held();
}

void Gate::Held::release() {
  if (gate_ == nullptr) return;
  Gate& gate = *std::exchange(gate_, nullptr);
  const std::lock_guard lock(gate.mutex_);
  if (is_alone_) {
    gate.is_alone_ = false;
  } else {
    --gate.sharing_;
  }
  gate.changed_.notify_all();
}

Host::Host(const platform::Machine& machine, access::Access& access, HostSettings settings)
    : machine_(machine),
      access_(&access),
      settings_(std::move(settings)),
      started_ns_(machine_.clock.monotonic_ns()),
      jobs_(machine) {
  // A vault that is worked on alone, or takes no writes: the job is remembered by this process only.
  jobs_.on_change([this](const JobFacts& facts) {
    const auto use = this->use(facts.vault, {facts.actor, "server", ""});
    if (use) ignore_error_on_purpose(save_job(use->vault(), facts));
  });
}

Host::~Host() = default;

void Host::add_vault(const VaultId& id, const std::string& name, vault::Vault& vault, search::SearchIndex* search) {
  auto open = std::make_unique<Open>();
  open->id = id;
  open->name = name;
  open->vault = &vault;
  open->search = search;
  const std::lock_guard lock(vaults_mutex_);
  vaults_.push_back(std::move(open));
}

void Host::set_locked_vaults(std::vector<std::string> ids) {
  const std::lock_guard lock(vaults_mutex_);
  locked_vaults_ = std::move(ids);
}

std::vector<std::string> Host::locked_vaults() const {
  const std::shared_lock lock(vaults_mutex_);
  return locked_vaults_;
}

Result<Host::Open*> Host::open_named(std::string_view name_or_id) const {
  const std::shared_lock lock(vaults_mutex_);
  const bool wants_default = name_or_id.empty();
  if (wants_default && vaults_.size() == 1 && locked_vaults_.empty()) return vaults_.front().get();
  const std::string_view wanted = wants_default ? std::string_view(settings_.default_vault) : name_or_id;
  const auto found = std::ranges::find_if(
      vaults_, [&](const auto& open) { return open->name == wanted || open->id.text() == wanted; });
  if (found != vaults_.end()) return found->get();
  return fail(ErrorKind::not_found, "vault.not_found", "there is no open vault \"" + std::string(wanted) + "\"",
              !locked_vaults_.empty() ? "Not every vault of this home is unlocked: `atoll unlock` opens more."
              : wants_default         ? "Name one: this home has several."
                                      : "");
}

Result<VaultUse> Host::share(Open& open, const vault::Caller& caller) {
  VaultUse use;
  use.held_ = open.gate.share(kShareWait);
  if (!use.held_.is_held()) return busy(open.name);
  use.handle_ = open.vault->acting_for(caller);
  use.id_ = open.id;
  use.name_ = &open.name;
  use.search_ = open.search;
  return use;
}

Result<VaultUse> Host::use(std::string_view name_or_id, const vault::Caller& caller) {
  ATOLL_ASSIGN(Open* const open, open_named(name_or_id));
  return share(*open, caller);
}

Result<VaultUse> Host::use(const VaultId& id, const vault::Caller& caller) {
  Open* found = nullptr;
  {
    const std::shared_lock lock(vaults_mutex_);
    for (const auto& open : vaults_)
      if (open->id == id) found = open.get();
  }
  if (found != nullptr) return share(*found, caller);
  return fail(ErrorKind::not_found, "vault.not_found", "the vault " + id.text() + " is not open here");
}

Result<VaultUse> Host::use_alone(std::string_view name_or_id, const vault::Caller& caller) {
  ATOLL_ASSIGN(Open* const open, open_named(name_or_id));
  VaultUse use;
  use.held_ = open->gate.take_alone(kAloneWait);
  if (!use.held_.is_held()) return busy(open->name);
  use.handle_ = open->vault->acting_for(caller);
  use.id_ = open->id;
  use.name_ = &open->name;
  return use;
}

Result<VaultId> Host::find(std::string_view name_or_id) const {
  ATOLL_ASSIGN(const Open* const open, open_named(name_or_id));
  return open->id;
}

void Host::note_alarm(const access::Alarm& alarm) {
  const std::lock_guard lock(alarms_mutex_);
  alarms_.push_front({machine_.clock.now(), alarm});
  if (alarms_.size() > kAlarmsMax) alarms_.pop_back();
}

std::vector<Host::Alarmed> Host::alarms() const {
  const std::lock_guard lock(alarms_mutex_);
  return {alarms_.begin(), alarms_.end()};
}

std::vector<Host::Listed> Host::vaults() const {
  const std::shared_lock lock(vaults_mutex_);
  std::vector<Listed> out;
  for (const auto& open : vaults_) out.push_back({open->id, open->name});
  return out;
}

}  // namespace atl::server
