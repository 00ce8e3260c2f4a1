#include "edge/serve/open_home.h"

#include <algorithm>

#include "edge/cli/embedder_keys.h"
#include "edge/serve/commands_door.h"
#include "edge/serve/figures.h"
#include "edge/serve/kept_keys.h"
#include "edge/serve/lock_door.h"
#include "edge/serve/unlocker.h"
#include "services/backup/accounts.h"
#include "vault/access/control.h"

namespace atl::serve {
namespace {

#ifndef ATOLL_VERSION
#define ATOLL_VERSION "0"
#endif

constexpr std::uint64_t kReaderCacheBytes = 2 * 1024 * 1024;  // there may be as many readers as threads
constexpr std::int64_t kTracesMs = 2'000;
constexpr std::int64_t kTendMs = 1'000;
constexpr std::int64_t kFollowEveryMs = 500;
constexpr std::int64_t kFollowMs = 2'000;  // of reading contents, before whoever wants the vault alone gets it

}  // namespace

OpenHome::OpenHome(vault::Home& home, const Surroundings& around)
    : home_(&home), around_(around), place_keys_(std::make_unique<KeptPlaceKeys>(around.environment)) {}

OpenHome::~OpenHome() = default;

server::HostSettings OpenHome::settings(std::uint32_t owner_user_id) const {
  const cli::ServeRequest& request = around_.request;
  server::HostSettings settings;
  settings.version = ATOLL_VERSION;
  settings.base_url = request.base_url;
  settings.proxies = {request.trusted_proxies, request.takes_forwarded ? server::ForwardingFields::forwarded
                                                                       : server::ForwardingFields::x_forwarded};
  settings.s3_domain = request.s3_domain;
  settings.s3_region = request.s3_region;
  settings.s3_fast_etags = request.s3_fast_etags;
  settings.repairs = request.repairs;
  if (!request.default_vault.empty()) settings.default_vault = request.default_vault;
  settings.owner_user_id = owner_user_id;
  settings.metrics_token = request.metrics_token;
  settings.disks = &around_.environment.host;
  settings.programs = &around_.environment.programs;
  settings.place_keys = place_keys_.get();
  settings.home_folder = request.home_folder;
  return settings;
}

vault::VaultOptions OpenHome::vault_options() const {
  vault::VaultOptions options;
  options.owner_words = around_.environment.process_words;
  options.on_notice = [log = &around_.log](const std::string& words) { log->say(words); };
  return options;
}

Result<void> OpenHome::open_vaults(const vault::UnlockSecrets& secrets) {
  ATOLL_ASSIGN(const auto listings, home_->vaults(secrets));
  std::vector<std::string> locked;
  for (const auto& listing : listings) {
    const bool is_open = listing.id == control_->keys().vault() ||
                         std::ranges::any_of(host_->vaults(), [&](const auto& one) { return one.id == listing.id; });
    if (is_open) continue;
    if (!listing.is_unlocked) {
      locked.push_back(listing.id.text());
      continue;
    }
    auto options = vault_options();
    options.catalog.reader_cache_bytes = kReaderCacheBytes;
    ATOLL_ASSIGN(auto opened, home_->open_vault(listing.id, secrets, options));
    ATOLL_TRY(access_->usage().count(*opened, true));
    auto search = open_search(*opened);
    host_->add_vault(listing.id, listing.name, *opened, search.get());
    vaults_.push_back(std::move(opened));
    if (search) searches_.push_back(std::move(search));
  }
  host_->set_locked_vaults(std::move(locked));
  return {};
}

Result<bool> OpenHome::open_more(const vault::UnlockSecrets& secrets) {
  if (host_->locked_vaults().empty()) return fail(ErrorKind::conflict, "unlock.open", "nothing is locked");
  const std::size_t before = vaults_.size();
  ATOLL_TRY(open_vaults(secrets));
  if (vaults_.size() == before) return opens_nothing(!secrets.given.empty());
  for (std::size_t i = before; i < vaults_.size(); ++i) {
    const VaultId id = vaults_[i]->keys().vault();
    front_->take_up(id);
    around_.log.say("vault " + id.text() + " is open now, too");
  }
  return host_->locked_vaults().empty();
}

// So that a home made from a copy of the first vault has its accounts. Without it everything else goes on.
void OpenHome::let_first_vault_open_accounts() {
  const auto named = host_->find("");
  const VaultId first = named ? *named : host_->vaults().front().id;
  for (const auto& vault : vaults_) {
    if (vault->head().vault != first) continue;
    if (const auto done = backup::open_accounts_by(*vault, *control_); !done)
      around_.log.say("copies will not open the accounts: " + done.error().message, "warning");
  }
}

// Without one everything else goes on: things are found by their names and facts then.
std::unique_ptr<search::SearchIndex> OpenHome::open_search(vault::Vault& vault) const {
  auto opened = search::SearchIndex::open(vault, search::understand_in_workers(around_.environment.machine), true,
                                          cli::embedder_keys(around_.environment));
  if (opened) {
    (*opened)->set_picture_readers(picture_readers());
    return std::move(*opened);
  }
  around_.log.say("words in files cannot be found: " + opened.error().message, "warning");
  return nullptr;
}

search::PictureReaders OpenHome::picture_readers() const {
  const cli::ServeRequest& request = around_.request;
  search::PictureSettings settings;
  settings.program = around_.environment.previews_program;
  settings.makes_previews = request.previews != "off";
  settings.follows_previews = request.previews == "all";
  settings.recognition = preview::recognition_named(request.recognition).value_or(preview::TextRecognition::documents);
  settings.languages = request.recognition_languages;
  auto readers = search::picture_readers(around_.environment.machine, settings);
  if (readers) return std::move(*readers);
  around_.log.say("text in pictures is not read: " + readers.error().message, "warning");
  settings.recognition = preview::TextRecognition::off;
  settings.languages.clear();
  return search::picture_readers(around_.environment.machine, settings).value_or(search::PictureReaders{});
}

// A while for each vault in turn, so that none waits for another's first look at everything.
Result<void> OpenHome::follow() {
  bool has_more = true;
  while (has_more && !is_ending_.load()) {
    has_more = false;
    for (const auto& open : host_->vaults()) {
      const auto use = host_->use(open.id, {"server", "server", ""});
      // One that is worked on alone is looked at the next time.
      if (!use || use->search() == nullptr || !use->search()->is_writable()) continue;
      search::CatchUpOptions options;
      options.stop = &is_ending_;
      options.time_max_ms = kFollowMs;
      ATOLL_ASSIGN(const bool more, use->search()->catch_up(use->vault(), options));
      ATOLL_TRY(use->search()->merge());
      has_more = has_more || more;
    }
  }
  return {};
}

// Beside follow(): whoever embeds may take its time, or be away.
Result<void> OpenHome::embed() {
  bool has_more = true;
  while (has_more && !is_ending_.load()) {
    has_more = false;
    for (const auto& open : host_->vaults()) {
      const auto use = host_->use(open.id, {"server", "server", ""});
      if (!use || use->search() == nullptr || !use->search()->is_writable()) continue;
      ATOLL_ASSIGN(const bool more, use->search()->embed(use->vault(), {&is_ending_, kFollowMs}));
      has_more = has_more || more;
    }
  }
  return {};
}

void OpenHome::watch() {
  watched_->set_network([listening = &around_.listening] { return listening->stats(); });
  if (around_.certificate_end) watched_->set_certificate_end(*around_.certificate_end);
  cli::Environment* const environment = &around_.environment;
  Log* const log = &around_.log;
  observer_ = std::make_unique<observe::Observer>(
      observe::Observer::Parts{environment->machine, environment->programs, *control_, around_.request.home_folder,
                               [environment](const std::string& path) -> std::optional<std::uint64_t> {
                                 const auto info = environment->host.info(path);
                                 return info ? std::optional(info->device) : std::nullopt;
                               },
                               *watched_, [log](const std::string& words) { log->say(words, "warning"); }});
  host_->set_observer(observer_.get());
  access_->audit().on_alarm([log, host = host_.get(), observer = observer_.get()](const access::Alarm& alarm) {
    host->note_alarm(alarm);
    server::note_alarm(*observer, alarm);
    log->say(alarm.id + ": " + alarm.words, "warning");
  });
}

Result<std::unique_ptr<OpenHome>> OpenHome::open(vault::Home& home, const vault::UnlockSecrets& secrets,
                                                 const Surroundings& around) {
  std::unique_ptr<OpenHome> made(new OpenHome(home, around));
  Log* const log = &around.log;
  cli::Environment& environment = around.environment;
  ATOLL_ASSIGN(made->control_, access::open_control(home, secrets, made->vault_options()));
  ATOLL_ASSIGN(made->access_, access::Access::open(made->control_.get(), environment.machine, {}));
  ATOLL_ASSIGN(const auto info, environment.host.info(around.request.home_folder));
  made->host_ = std::make_unique<server::Host>(environment.machine, *made->access_, made->settings(info.uid));
  server::Host* const host = made->host_.get();
  made->watched_ = std::make_unique<server::WatchedHost>(*host);
  ATOLL_TRY(made->open_vaults(secrets));
  for (const auto& id : host->locked_vaults())
    log->say("vault " + id + " stays closed: nothing that was given unlocks it; `atoll unlock` opens it", "warning");
  if (made->vaults_.empty()) {
    return fail(ErrorKind::wrong_key, "serve.all_locked", "no vault of this home could be unlocked",
                "Give what unlocks one: --password-file, --password-command, --key-file or --kit.");
  }
  made->let_first_vault_open_accounts();
  made->watch();
  if (!around.request.trace_sink.empty()) {
    ATOLL_ASSIGN(made->traces_, TraceSink::open(environment.machine, around.request.trace_sink, ATOLL_VERSION));
  }
  std::vector<std::unique_ptr<server::Door>> doors;
  doors.push_back(std::make_unique<CommandsDoor>(environment, around.request.home_folder, made->is_ending_));
  doors.push_back(std::make_unique<LockDoor>(around.lock_ordered));
  for (auto& door : around.make_doors(*host)) doors.push_back(std::move(door));
  made->front_ = std::make_unique<server::Front>(*host, std::move(doors),
                                                 [log, traces = made->traces_.get()](const server::Logged& line) {
                                                   log->request(line);
                                                   if (traces != nullptr) traces->note(line);
                                                 });
  made->front_->set_ready(false);  // until whoever started it was told how to sign in
  add_figures(*host, around.listening);
  return made;
}

Result<std::optional<FirstCredentials>> OpenHome::make_first_account() {
  const auto found = host_->find("");
  const VaultId vault = found ? *found : host_->vaults().front().id;
  const auto& variable = around_.environment.variable;
  return serve::make_first_account(*host_, vault, variable("AWS_ACCESS_KEY_ID").value_or(""),
                                   variable("AWS_SECRET_ACCESS_KEY").value_or(""));
}

void OpenHome::start() {
  for (const auto& open : host_->vaults()) front_->take_up(open.id);
  front_->set_ready(true);
  housekeeping_ = std::make_unique<Housekeeping>(*host_, *control_, *observer_, around_.environment,
                                                 std::vector<std::string>{"--home", around_.request.home_folder},
                                                 [log = &around_.log](const std::string& words) { log->say(words); });
  if (traces_) housekeeping_->add("trace sink", kTracesMs, [traces = traces_.get()] { return traces->send(); });
  housekeeping_->add("repair", kTendMs, [this]() -> Result<void> {
    front_->tend();
    return {};
  });
  housekeeping_->add("search", kFollowEveryMs, [this] { return follow(); });
  housekeeping_->add("embedding", kFollowEveryMs, [this] { return embed(); });
  housekeeping_->start();
}

void OpenHome::begin_end() {
  front_->set_ready(false);
  is_ending_ = true;
  host_->begin_end();
  host_->jobs().stop();
}

Result<void> OpenHome::close() {
  if (housekeeping_) housekeeping_->stop();
  access_->audit().on_alarm(
      [log = &around_.log](const access::Alarm& alarm) { log->say(alarm.id + ": " + alarm.words, "warning"); });
  ignore_error_on_purpose(access_->audit().flush());
  housekeeping_.reset();
  front_.reset();
  observer_.reset();
  watched_.reset();
  host_.reset();
  searches_.clear();
  access_.reset();  // writes what it still holds to the control vault
  std::optional<Error> trouble;
  for (const auto& vault : vaults_)
    if (const auto closed = vault->close(); !closed) trouble = closed.error();
  vaults_.clear();
  if (const auto closed = control_->close(); !closed) trouble = closed.error();
  control_.reset();
  if (trouble) return pass(std::move(*trouble));
  return {};
}

}  // namespace atl::serve
