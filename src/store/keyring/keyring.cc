#include "store/keyring/keyring.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "store/keyring/internal/content.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/internal/local_key.h"
#include "store/keyring/internal/recovery_kit.h"
#include "store/keyring/vault_head.h"

namespace atl::keyring {

using internal::Body;
using internal::Copy;
using internal::Domain;
using internal::Frame;
using internal::kKeyringFrame;
using internal::kKeyringNames;
using internal::Slot;

namespace {

constexpr std::size_t kPassphraseBytesMax = 4096;

// Everything that a keyring file holds, opened.
struct Content {
  VaultId vault;
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::uint64_t generation = 0;
  std::uint32_t compatible = 0;
  std::uint32_t read_only = 0;
  codec::SecretKey root;  // zero with suite none
  std::vector<Slot> slots;
  Body body;

  [[nodiscard]] Content clone() const {
    return Content{vault, suite, generation, compatible, read_only, root.clone(), slots, body};
  }
};

Result<void> check_text(std::string_view text, std::string_view what) {
  if (text.size() <= kNameBytesMax && is_utf8(text)) return {};
  return fail(ErrorKind::usage, "keyring.name", std::string(what) + " must be UTF-8 text of at most 255 bytes");
}

Result<void> check_secret(const Unlocking& secret) {
  if (secret.kind == SlotKind::passphrase) {
    if (secret.passphrase.empty()) return fail(ErrorKind::usage, "keyring.empty_passphrase", "the passphrase is empty");
    if (secret.passphrase.view().size() > kPassphraseBytesMax) {
      return fail(ErrorKind::usage, "keyring.long_passphrase", "the passphrase is longer than 4096 bytes");
    }
    return {};
  }
  if (secret.key.equals(codec::SecretKey())) {
    return fail(ErrorKind::usage, "keyring.empty_key", "the key is empty: all of its bytes are zero");
  }
  return {};
}

Result<void> check_cost(const codec::PassphraseCost& cost) {
  if (internal::is_sane(cost)) return {};
  return fail(ErrorKind::usage, "keyring.passphrase_cost",
              "the cost of the passphrase is out of range: 8 KiB to 2 GiB, 1 to 64 passes, "
              "16 GiB at most over all passes");
}

tl::unexpected<Error> not_encrypted() {
  return fail(ErrorKind::usage, "keyring.not_encrypted",
              "this vault is not encrypted: it has no passphrases, key files or recovery kit");
}

// A slot for `secret`, wrapping the content's root key and proven to give it back.
Result<Slot> make_slot(const platform::Machine& machine, const Content& content, std::uint32_t number,
                       const Unlocking& secret, const codec::PassphraseCost& cost) {
  Slot slot;
  slot.number = number;
  slot.kind = secret.kind;
  machine.random.fill(slot.salt);
  if (slot.kind == SlotKind::passphrase) slot.cost = cost;
  ATOLL_ASSIGN(const auto key, internal::slot_key(slot, content.vault, secret));
  internal::wrap_root(slot, content.vault, key, content.root, machine.random);
  const auto back = internal::unwrap_root(slot, content.vault, key);
  ATOLL_INVARIANT(back.has_value() && back->equals(content.root), "a sealed root key opens again");
  return slot;
}

std::shared_ptr<const Domain> make_domain(platform::Random& random, std::uint32_t number) {
  auto domain = std::make_shared<Domain>();
  domain->keys.number = DomainNumber{number};
  domain->keys.id_key = internal::random_key(random);
  domain->keys.gear_key = internal::random_key(random);
  domain->keys.payload_key = internal::random_key(random);
  domain->keys.pack_key = internal::random_key(random);
  return domain;
}

// The file's bytes, opened again and compared: bad memory or a mistake of ours must not reach the only keys there are.
Result<Bytes> encode(const Content& content, platform::Random& random) {
  const Bytes clear = internal::encode_slots(content.slots);
  const internal::WipedBytes plain = internal::encode_body(content.body);
  const codec::SecretKey key = internal::body_key(content.root, content.vault);
  internal::FrameHeader header;
  header.vault = content.vault;
  header.generation = content.generation;
  header.suite = content.suite;
  header.compatible = content.compatible;
  header.read_only = content.read_only;
  ATOLL_ASSIGN(Bytes image, internal::encode_frame(kKeyringFrame, header, clear, key, plain.bytes, random));
  ATOLL_ASSIGN(const Frame frame, internal::decode_frame(kKeyringFrame, image));
  ATOLL_ASSIGN(const auto back, internal::open_frame(kKeyringFrame, frame, key));
  ATOLL_ASSIGN(const auto slots, internal::decode_slots(frame.clear()));
  ATOLL_TRY(internal::decode_body(back.bytes, slots));
  ATOLL_INVARIANT(equal(back.bytes, plain.bytes) && slots == content.slots, "a written keyring reads back the same");
  return image;
}

// Remembers slots that the candidates did not open, so that the second file's equal slots cost no second Argon2id.
class RootFinder {
 public:
  explicit RootFinder(const std::vector<Unlocking>& candidates) : candidates_(candidates) {}

  [[nodiscard]] Result<std::optional<codec::SecretKey>> find(const std::vector<Slot>& slots, VaultId vault) {
    for (const Slot& slot : slots) {
      if (std::ranges::find(tried_, slot) != tried_.end()) continue;
      for (const Unlocking& candidate : candidates_) {
        if (candidate.kind != slot.kind) continue;
        ATOLL_ASSIGN(const auto key, internal::slot_key(slot, vault, candidate));
        auto root = internal::unwrap_root(slot, vault, key);
        if (root) return root;
      }
      tried_.push_back(slot);
    }
    return std::nullopt;
  }

 private:
  const std::vector<Unlocking>& candidates_;
  std::vector<Slot> tried_;
};

tl::unexpected<Error> wrong_key(const std::vector<Slot>& slots) {
  std::set<SlotKind> kinds;
  for (const Slot& slot : slots) kinds.insert(slot.kind);
  std::string text;
  for (const SlotKind kind : kinds) {
    if (!text.empty()) text += ", ";
    text += kind == SlotKind::passphrase ? "a passphrase"
            : kind == SlotKind::key_file ? "a key file"
                                         : "a recovery kit";
  }
  return fail(ErrorKind::wrong_key, "keyring.wrong_key", "the vault does not open with what was given",
              "It opens with: " + text + ".");
}

// One whole file, opened. `wrong_key` where none of the candidates fits, `damaged` where its inside does not hold.
Result<Content> open_copy(const Frame& frame, RootFinder& finder, bool has_candidates) {
  Content content;
  content.vault = frame.header.vault;
  content.suite = frame.header.suite;
  content.generation = frame.header.generation;
  content.compatible = frame.header.compatible;
  content.read_only = frame.header.read_only;
  ATOLL_ASSIGN(content.slots, internal::decode_slots(frame.clear()));
  if (content.suite != codec::SealSuite::none) {
    if (!has_candidates) {
      return fail(ErrorKind::locked, "keyring.locked", "the vault is locked",
                  "Give its passphrase, a key file or the recovery kit.");
    }
    ATOLL_ASSIGN(auto root, finder.find(content.slots, content.vault));
    if (!root) return wrong_key(content.slots);
    content.root = std::move(*root);
  } else if (!content.slots.empty()) {
    return fail(ErrorKind::damaged, "keyring.malformed",
                "the keyring is malformed: slots of a vault without encryption");
  }
  auto plain = internal::open_frame(kKeyringFrame, frame, internal::body_key(content.root, content.vault));
  if (!plain) {
    // The secret fits and the file is as it was written, so it was not this program that wrote it.
    return fail(ErrorKind::damaged, "keyring.damaged", "the keyring is damaged: its body does not belong to its slots");
  }
  ATOLL_ASSIGN(content.body, internal::decode_body(plain->bytes, content.slots));
  return content;
}

}  // namespace

struct Keyring::State {
  State(const platform::Machine& machine_in, std::string folder_in)
      : machine(machine_in), folder(std::move(folder_in)) {}

  const platform::Machine machine;
  const std::string folder;

  // Written by changes under the guard held alone, read by const members under it shared. Changes themselves, which
  // are serialised by the caller, read without it.
  mutable std::shared_mutex guard;
  Content content;
  std::list<std::string> names;  // all since opening: vault_name() hands out references; the last one holds
  codec::SecretKey local;
  bool local_is_new = false;
  bool damaged = false;

  // Touched by changes only.
  Bytes image;                           // what the good file holds
  std::uint64_t highest_generation = 0;  // that was written or seen, also by attempts that failed
  bool newer_copy_locked = false;        // a whole file of a higher generation did not open
  bool local_needs_tidying = false;
  bool write_failed = false;  // what the files show now may not be what a power cut leaves of them

  [[nodiscard]] Result<void> check_changeable() const {
    if (newer_copy_locked) {
      return fail(ErrorKind::conflict, "keyring.newer_copy",
                  "the vault was opened from the older of its two keyring files, because the newer one does not open "
                  "with what was given; changing it now would overwrite the newer one",
                  "Open the vault with another passphrase, a key file or the recovery kit.");
    }
    if (content.read_only != 0) {
      return fail(ErrorKind::unsupported, "keyring.too_new",
                  "the keyring was written by a newer version of Atoll: this one can read it and cannot change it",
                  "Use that version, or a later one.");
    }
    return {};
  }

  // Opens whatever the folder holds. On success content, image and the findings are set, and L.
  [[nodiscard]] Result<void> load(const std::vector<Unlocking>& candidates) {
    const internal::CopyPair pair = internal::read_pair(machine.files, folder, kKeyringNames, kKeyringFrame);
    auto whole = internal::whole_copies(pair, kKeyringFrame);
    if (!whole) {
      Error error = std::move(whole).error();
      if (error.hint.empty() && (error.kind == ErrorKind::damaged || error.kind == ErrorKind::missing_home)) {
        error.hint = "The recovery kit's file, or a copy of the vault's folder, brings the keyring back.";
      }
      return pass(std::move(error));
    }
    RootFinder finder(candidates);
    std::optional<Error> first_error;
    const Copy* opened = nullptr;
    for (const Copy* const copy : *whole) {
      auto found = open_copy(copy->frame, finder, !candidates.empty());
      if (found) {
        content = std::move(*found);
        opened = copy;
        break;
      }
      const ErrorKind kind = found.error().kind;
      // What a newer program wrote is never passed over in favour of an older copy: that would be written over it. And
      // no memory for a passphrase says nothing about the file.
      if (kind != ErrorKind::wrong_key && kind != ErrorKind::locked && kind != ErrorKind::damaged) {
        return pass(std::move(found).error());
      }
      newer_copy_locked = newer_copy_locked || kind != ErrorKind::damaged;
      // A file that would open with another secret says more than one that is damaged inside.
      if (!first_error || first_error->kind == ErrorKind::damaged) first_error = std::move(found).error();
    }
    if (opened == nullptr) return pass(std::move(*first_error));
    image = opened->frame.image;
    for (const Copy& copy : pair) {
      damaged = damaged || !internal::finding(copy, *opened).empty();
      if (copy.state == Copy::State::whole) {
        highest_generation = std::max(highest_generation, copy.frame.header.generation);
      }
    }
    names.push_back(content.body.vault_name);
    load_local();
    return {};
  }

  void load_local() {
    internal::LocalKey found = internal::load_local_key(machine, folder, content.vault, content.suite, content.root);
    local = std::move(found.key);
    local_is_new = found.is_new;
    local_needs_tidying = found.needs_tidying;
    damaged = damaged || found.needs_tidying;
    // Failing to write it (a read-only disk) costs a rebuild of derived files next time, and nothing now.
    if (local_is_new) ignore_error_on_purpose(write_local({&content.root}));
  }

  [[nodiscard]] Result<void> write_local(const std::vector<const codec::SecretKey*>& roots) const {
    return internal::write_local_key(machine, folder, content.vault, content.suite, local, roots);
  }

  // Writes `next` to both files and makes it the present content. After a failure of the first file the old content
  // stays the present one; the file then holds one of the two, and either is whole.
  [[nodiscard]] Result<void> commit(Content next) {
    ATOLL_TRY(check_changeable());
    next.generation = highest_generation + 1;
    ATOLL_ASSIGN(Bytes next_image, encode(next, machine.random));
    highest_generation = next.generation;
    bool first_written = false;
    auto written = internal::write_pair(machine.files, folder, kKeyringNames, next_image, first_written);
    write_failed = !written;
    if (!first_written) {
      const std::unique_lock lock(guard);
      damaged = true;  // the first file may be either; repair() makes it certain
      return pass(std::move(written).error().with_context("the keyring was not changed"));
    }
    adopt(std::move(next), std::move(next_image), !written);
    if (!written) {
      Error cause = std::move(written).error();
      return fail(cause.kind, "keyring.second_copy",
                  "the keyring was changed, but its second copy could not be written: " + cause.message,
                  "Make room or mend the disk, then let Atoll repair the keyring.", cause.os_error);
    }
    return {};
  }

  void adopt(Content next, Bytes next_image, bool still_damaged) {
    const std::unique_lock lock(guard);
    if (names.empty() || names.back() != next.body.vault_name) names.push_back(next.body.vault_name);
    content = std::move(next);
    image = std::move(next_image);
    damaged = still_damaged || local_needs_tidying;
  }
};

Keyring::Keyring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::create(const platform::Machine& machine, const std::string& folder,
                                                 const CreateOptions& options, const Unlocking& first_slot,
                                                 const std::string& label) {
  ATOLL_TRY(check_text(options.vault_name, "a vault's name"));
  ATOLL_TRY(check_text(label, "a slot's label"));
  ATOLL_TRY(check_cost(options.passphrase_cost));
  if (options.vault.is_none()) return fail(ErrorKind::usage, "keyring.no_vault", "a keyring needs a vault's id");
  const bool encrypted = options.suite != codec::SealSuite::none;
  if (encrypted) {
    if (first_slot.kind == SlotKind::recovery) {
      return fail(ErrorKind::usage, "keyring.recovery_slot", "a vault begins with a passphrase or a key file");
    }
    ATOLL_TRY(check_secret(first_slot));
  }
  for (const std::string_view name : kKeyringNames) {
    ATOLL_ASSIGN(const auto there, machine.files.stat(platform::join(folder, name)));
    if (there) {
      return fail(ErrorKind::conflict, "keyring.exists", "there is a keyring already in '" + folder + "'");
    }
  }
  auto state = std::make_unique<State>(machine, folder);
  Content content;
  content.vault = options.vault;
  content.suite = options.suite;
  if (encrypted) content.root = internal::random_key(machine.random);
  Body& body = content.body;
  body.vault_name = options.vault_name;
  body.journal_key = std::make_shared<const codec::SecretKey>(internal::random_key(machine.random));
  body.domains.emplace(kDefaultDomain.value, make_domain(machine.random, kDefaultDomain.value));
  body.next_domain = kDefaultDomain.value + 1;
  body.cost = options.passphrase_cost;
  body.created = machine.clock.now();
  if (encrypted) {
    ATOLL_ASSIGN(Slot slot, make_slot(machine, content, body.next_slot++, first_slot, options.passphrase_cost));
    body.labels[slot.number] = {label, machine.clock.now(), {}};
    content.slots.push_back(std::move(slot));
  }
  state->local = internal::random_key(machine.random);
  state->local_is_new = true;
  ATOLL_TRY(internal::write_local_key(machine, folder, content.vault, content.suite, state->local, {&content.root}));
  ATOLL_TRY(state->commit(std::move(content)));
  return std::unique_ptr<Keyring>(new Keyring(std::move(state)));
}

Result<std::unique_ptr<Keyring>> Keyring::open(const platform::Machine& machine, const std::string& folder,
                                               const std::vector<Unlocking>& candidates) {
  auto state = std::make_unique<State>(machine, folder);
  ATOLL_TRY(state->load(candidates));
  return std::unique_ptr<Keyring>(new Keyring(std::move(state)));
}

Result<Keyring::Outside> Keyring::look_from_outside(platform::FileSystem& files, const std::string& folder) {
  const internal::CopyPair pair = internal::read_pair(files, folder, kKeyringNames, kKeyringFrame);
  ATOLL_ASSIGN(const auto whole, internal::whole_copies(pair, kKeyringFrame));
  const Frame& frame = whole.front()->frame;
  ATOLL_ASSIGN(const auto slots, internal::decode_slots(frame.clear()));
  Outside outside;
  outside.vault = frame.header.vault;
  outside.suite = frame.header.suite;
  for (const Slot& slot : slots) outside.slot_kinds.push_back(slot.kind);
  return outside;
}

Result<Bytes> Keyring::image(platform::FileSystem& files, const std::string& folder) {
  const internal::CopyPair pair = internal::read_pair(files, folder, kKeyringNames, kKeyringFrame);
  ATOLL_ASSIGN(const auto whole, internal::whole_copies(pair, kKeyringFrame));
  return whole.front()->frame.image;
}

VaultId Keyring::vault() const {
  const std::shared_lock lock(state_->guard);
  return state_->content.vault;
}

const std::string& Keyring::vault_name() const {
  const std::shared_lock lock(state_->guard);
  return state_->names.back();
}

codec::SealSuite Keyring::suite() const {
  const std::shared_lock lock(state_->guard);
  return state_->content.suite;
}

const codec::SecretKey& Keyring::journal_key() const {
  const std::shared_lock lock(state_->guard);
  return *state_->content.body.journal_key;  // shared by every later content
}

const DomainKeys* Keyring::domain(DomainNumber number) const {
  const std::shared_lock lock(state_->guard);
  const auto found = state_->content.body.domains.find(number.value);
  return found == state_->content.body.domains.end() ? nullptr : &found->second->keys;
}

std::vector<DomainNumber> Keyring::domains() const {
  const std::shared_lock lock(state_->guard);
  std::vector<DomainNumber> numbers;
  for (const auto& [number, domain] : state_->content.body.domains) numbers.push_back(DomainNumber{number});
  return numbers;
}

codec::SecretKey Keyring::derived_key(std::string_view purpose) const {
  const std::shared_lock lock(state_->guard);
  return codec::derive_key(state_->local, state_->content.vault.view(), "atoll derived file: " + std::string(purpose));
}

bool Keyring::local_key_is_new() const {
  const std::shared_lock lock(state_->guard);
  return state_->local_is_new;
}

std::vector<SlotInfo> Keyring::slots() const {
  const std::shared_lock lock(state_->guard);
  std::vector<SlotInfo> infos;
  for (const Slot& slot : state_->content.slots) {
    const internal::SlotLabel& label = state_->content.body.labels.at(slot.number);
    infos.push_back({slot.number, slot.kind, label.label, label.created});
  }
  return infos;
}

std::uint64_t Keyring::generation() const {
  const std::shared_lock lock(state_->guard);
  return state_->content.generation;
}

Keyring::KitState Keyring::kit_state() const {
  const std::shared_lock lock(state_->guard);
  const Body& body = state_->content.body;
  if (state_->content.suite == codec::SealSuite::none) return KitState::not_needed;
  if (body.kit_slot == 0) return KitState::never_saved;
  const bool opens = body.labels.contains(body.kit_slot);
  return opens && body.kit_key_generation == body.key_generation ? KitState::saved : KitState::stale;
}

bool Keyring::was_damaged() const {
  const std::shared_lock lock(state_->guard);
  return state_->damaged;
}

Result<std::uint32_t> Keyring::add_slot(const Unlocking& unlocking, const std::string& label,
                                        std::optional<codec::PassphraseCost> cost) {
  if (state_->content.suite == codec::SealSuite::none) return not_encrypted();
  ATOLL_TRY(check_text(label, "a slot's label"));
  ATOLL_TRY(check_secret(unlocking));
  ATOLL_TRY(check_cost(cost.value_or(state_->content.body.cost)));
  if (unlocking.kind == SlotKind::recovery) {
    return fail(ErrorKind::usage, "keyring.recovery_slot", "a recovery slot is made together with its kit");
  }
  Content next = state_->content.clone();
  // One place is kept for a recovery kit, which must never be impossible to make.
  if (next.slots.size() + 2 > kSlotsMax) {
    return fail(ErrorKind::limit, "keyring.too_many_slots", "the keyring has as many slots as it may have",
                "Remove one that is no longer used.");
  }
  const std::uint32_t number = next.body.next_slot++;
  ATOLL_ASSIGN(Slot slot, make_slot(state_->machine, next, number, unlocking, cost.value_or(next.body.cost)));
  next.slots.push_back(std::move(slot));
  next.body.labels[number] = {label, state_->machine.clock.now(), {}};
  ATOLL_TRY(state_->commit(std::move(next)));
  return number;
}

Result<void> Keyring::remove_slot(std::uint32_t number) {
  Content next = state_->content.clone();
  const auto slot = std::ranges::find(next.slots, number, &Slot::number);
  if (slot == next.slots.end()) {
    return fail(ErrorKind::not_found, "keyring.no_such_slot", "there is no slot " + std::to_string(number));
  }
  const auto everyday = std::ranges::count_if(next.slots, [](const Slot& s) { return s.kind != SlotKind::recovery; });
  if (next.slots.size() == 1 || (slot->kind != SlotKind::recovery && everyday == 1)) {
    return fail(ErrorKind::conflict, "keyring.last_slot",
                "this is the last passphrase or key file of the vault: without it nobody could open it",
                "Add another one first.");
  }
  next.slots.erase(slot);
  next.body.labels.erase(number);
  if (next.body.pending_slot == number) next.body.pending_slot = 0;
  return state_->commit(std::move(next));
}

Result<void> Keyring::rename_vault(const std::string& name) {
  ATOLL_TRY(check_text(name, "a vault's name"));
  Content next = state_->content.clone();
  next.body.vault_name = name;
  return state_->commit(std::move(next));
}

Result<DomainNumber> Keyring::add_domain() {
  Content next = state_->content.clone();
  if (next.body.domains.size() >= kDomainsMax || next.body.next_domain == UINT32_MAX) {
    return fail(ErrorKind::limit, "keyring.too_many_domains", "the vault has as many key domains as it may have");
  }
  const std::uint32_t number = next.body.next_domain++;
  next.body.domains.emplace(number, make_domain(state_->machine.random, number));
  ++next.body.key_generation;
  ATOLL_TRY(state_->commit(std::move(next)));
  return DomainNumber{number};
}

Result<void> Keyring::destroy_domain(DomainNumber number) {
  if (number == kDefaultDomain) {
    return fail(ErrorKind::conflict, "keyring.default_domain", "the default key domain lives as long as its vault");
  }
  Content next = state_->content.clone();
  if (next.body.domains.erase(number.value) == 0) {
    return fail(ErrorKind::not_found, "keyring.no_such_domain",
                "there is no key domain " + std::to_string(number.value));
  }
  ++next.body.key_generation;
  ATOLL_TRY(state_->commit(std::move(next)));
  // Remains of a restore hold the destroyed keys too.
  for (const std::string_view name : kKeyringNames) {
    ATOLL_TRY(state_->machine.files.remove_file(platform::join(state_->folder, std::string(name) + ".damaged")));
  }
  return state_->machine.files.sync_directory(state_->folder);
}

Result<void> Keyring::rotate_root(const std::vector<Unlocking>& keep) {
  const Content& present = state_->content;
  if (present.suite == codec::SealSuite::none) return not_encrypted();
  ATOLL_TRY(state_->check_changeable());
  Content next = present.clone();
  next.root = internal::random_key(state_->machine.random);
  next.slots.clear();
  next.body.labels.clear();
  next.body.pending_slot = 0;
  ++next.body.key_generation;
  std::set<std::uint32_t> taken;
  for (const Unlocking& secret : keep) {
    ATOLL_TRY(check_secret(secret));
    if (secret.kind == SlotKind::recovery) {
      return fail(ErrorKind::usage, "keyring.recovery_not_kept",
                  "a recovery kit does not outlive a change of the root key; make a new one afterwards");
    }
    bool fits = false;
    for (const Slot& slot : present.slots) {
      if (slot.kind != secret.kind) continue;
      ATOLL_ASSIGN(const auto key, internal::slot_key(slot, present.vault, secret));
      const auto root = internal::unwrap_root(slot, present.vault, key);
      if (!root || !root->equals(present.root)) continue;
      fits = true;
      if (!taken.insert(slot.number).second) continue;
      ATOLL_ASSIGN(Slot fresh, make_slot(state_->machine, next, slot.number, secret, slot.cost));
      fresh.unknown = slot.unknown;
      next.slots.push_back(std::move(fresh));
      next.body.labels[slot.number] = present.body.labels.at(slot.number);
    }
    if (!fits) {
      return fail(ErrorKind::wrong_key, "keyring.keep_fits_no_slot",
                  "one of the secrets to keep opens no slot of this vault; nothing was changed");
    }
  }
  if (next.slots.empty()) {
    return fail(ErrorKind::usage, "keyring.nothing_kept",
                "a passphrase or key file of the vault is needed to change the root key: without one nobody could open "
                "it afterwards");
  }
  std::ranges::sort(next.slots, {}, &Slot::number);
  // L first under both root keys, then the keyring, then L under the new one alone.
  ATOLL_TRY(state_->write_local({&present.root, &next.root}));
  state_->local_needs_tidying = true;
  ATOLL_TRY(state_->commit(std::move(next)));
  // The rotation is done; where this fails, was_damaged() stays true and repair() finishes it.
  if (!state_->write_local({&state_->content.root})) return {};
  const std::unique_lock lock(state_->guard);
  state_->local_needs_tidying = false;
  state_->damaged = false;
  return {};
}

Result<void> Keyring::replace_local_key() {
  ATOLL_TRY(state_->check_changeable());
  codec::SecretKey fresh = internal::random_key(state_->machine.random);
  ATOLL_TRY(internal::write_local_key(state_->machine, state_->folder, state_->content.vault, state_->content.suite,
                                      fresh, {&state_->content.root}));
  const std::unique_lock lock(state_->guard);
  state_->local = std::move(fresh);
  state_->local_is_new = true;
  state_->local_needs_tidying = false;
  return {};
}

Result<void> Keyring::repair() {
  ATOLL_TRY(state_->check_changeable());
  State& state = *state_;
  const internal::CopyPair pair = internal::read_pair(state.machine.files, state.folder, kKeyringNames, kKeyringFrame);
  for (const Copy& copy : pair) {
    if (copy.state == Copy::State::too_new) return pass(copy.error);
    if (copy.state == Copy::State::whole && equal(copy.frame.image, state.image) && !state.write_failed) continue;
    if (copy.state == Copy::State::whole && copy.frame.header.generation > state.highest_generation) {
      return fail(ErrorKind::conflict, "keyring.changed_beside",
                  "the keyring was changed by another program since it was opened; nothing was written",
                  "Open the vault again.");
    }
    ATOLL_TRY(platform::replace_whole(state.machine.files, platform::join(state.folder, copy.name), state.image));
  }
  state.write_failed = false;
  if (state.local_needs_tidying) {
    ATOLL_TRY(state.write_local({&state.content.root}));
  }
  const std::unique_lock lock(state.guard);
  state.local_needs_tidying = false;
  state.damaged = false;
  return {};
}

Result<Keyring::Kit> Keyring::make_kit() {
  if (state_->content.suite == codec::SealSuite::none) return not_encrypted();
  const platform::Machine& machine = state_->machine;
  const Timestamp now = machine.clock.now();
  Unlocking secret;
  secret.kind = SlotKind::recovery;
  secret.key = internal::random_key(machine.random);

  Content next = state_->content.clone();
  if (next.body.pending_slot != 0) {  // of a kit that nobody confirmed
    std::erase_if(next.slots, [&](const Slot& slot) { return slot.number == next.body.pending_slot; });
    next.body.labels.erase(next.body.pending_slot);
  }
  if (next.slots.size() >= kSlotsMax) {
    return fail(ErrorKind::limit, "keyring.too_many_slots", "the keyring has as many slots as it may have",
                "Remove one that is no longer used.");
  }
  const std::uint32_t number = next.body.next_slot++;
  ATOLL_ASSIGN(const Slot slot, make_slot(machine, next, number, secret, {}));
  next.slots.push_back(slot);
  next.body.labels[number] = {"recovery kit", now, {}};
  next.body.pending_slot = number;
  next.body.pending_key_generation = next.body.key_generation;
  ATOLL_TRY(state_->commit(std::move(next)));

  // The copy in the kit has the kit's slot only: a passphrase that is removed later must not come back with it.
  Content copy = state_->content.clone();
  std::erase_if(copy.slots, [&](const Slot& other) { return other.number != number; });
  std::erase_if(copy.body.labels, [&](const auto& label) { return label.first != number; });
  copy.body.kit_slot = number;
  copy.body.kit_key_generation = copy.body.key_generation;
  copy.body.pending_slot = 0;
  ATOLL_ASSIGN(const Bytes image, encode(copy, machine.random));
  Kit kit;
  kit.page_text = internal::write_page({copy.vault, copy.body.vault_name, now}, secret.key);
  ATOLL_ASSIGN(kit.file, internal::write_kit_file(copy.vault, copy.generation, secret.key, image));
  // Both forms are read back before anybody relies on them.
  ATOLL_ASSIGN(const auto page, internal::read_kit(as_bytes(kit.page_text)));
  ATOLL_ASSIGN(const auto file, internal::read_kit(kit.file));
  ATOLL_INVARIANT(
      page.recovery_key.equals(secret.key) && file.recovery_key.equals(secret.key) && equal(file.keyring_image, image),
      "a recovery kit reads back the same");
  return kit;
}

Result<void> Keyring::confirm_kit() {
  Content next = state_->content.clone();
  const std::uint32_t number = next.body.pending_slot;
  if (number == 0) {
    return fail(ErrorKind::conflict, "keyring.no_kit_made", "no recovery kit was made that waits to be confirmed",
                "Make one first.");
  }
  std::erase_if(next.slots, [&](const Slot& slot) {
    const bool goes = slot.kind == SlotKind::recovery && slot.number != number;
    if (goes) next.body.labels.erase(slot.number);
    return goes;
  });
  next.body.kit_slot = number;
  next.body.kit_key_generation = next.body.pending_key_generation;
  next.body.pending_slot = 0;
  next.body.pending_key_generation = 0;
  return state_->commit(std::move(next));
}

Result<Unlocking> Keyring::parse_kit(ByteView page_or_file) {
  ATOLL_ASSIGN(auto kit, internal::read_kit(page_or_file));
  Unlocking unlocking;
  unlocking.kind = SlotKind::recovery;
  unlocking.key = std::move(kit.recovery_key);
  return unlocking;
}

Result<std::optional<VaultId>> Keyring::vault_of_kit(ByteView page_or_file) {
  ATOLL_ASSIGN(const auto kit, internal::read_kit(page_or_file));
  return kit.vault;
}

Result<std::unique_ptr<Keyring>> Keyring::restore_from_kit(const platform::Machine& machine, const std::string& folder,
                                                           ByteView kit_file) {
  ATOLL_ASSIGN(auto kit, internal::read_kit(kit_file));
  std::vector<Unlocking> candidates(1);
  candidates[0].kind = SlotKind::recovery;
  candidates[0].key = std::move(kit.recovery_key);

  // Keys that are still there are newer than the kit's or the same: they are never written over.
  const internal::CopyPair pair = internal::read_pair(machine.files, folder, kKeyringNames, kKeyringFrame);
  bool any_whole = false;
  for (const Copy& copy : pair) {
    if (copy.state == Copy::State::too_new || copy.state == Copy::State::unreadable) return pass(copy.error);
    any_whole = any_whole || copy.state == Copy::State::whole;
  }
  if (any_whole) {
    auto present = open(machine, folder, candidates);
    if (present) {
      // A repair that fails leaves was_damaged() true, and the vault open.
      if ((*present)->was_damaged()) ignore_error_on_purpose((*present)->repair());
      return present;
    }
    if (present.error().kind != ErrorKind::wrong_key) return present;
    return fail(ErrorKind::conflict, "keyring.exists",
                "the vault's keyring is whole, and this recovery kit does not open it: it belongs to another vault, or "
                "another kit has replaced it",
                "Use the newest kit or a passphrase. To go back to this kit's keys all the same, move the files "
                "'keyring' and 'keyring.2' out of the vault's folder first.");
  }
  if (!kit.is_file) {
    return fail(ErrorKind::usage, "recovery_kit.file_needed",
                "the vault's keyring is lost, and a printed page does not hold it: the kit's file is needed");
  }
  if (kit.keyring_image.empty()) {
    return fail(ErrorKind::damaged, "recovery_kit.damaged",
                "the recovery kit's file is damaged: its copy of the keyring cannot be read");
  }
  ATOLL_ASSIGN(const Frame frame, internal::decode_frame(kKeyringFrame, std::move(kit.keyring_image)));
  RootFinder finder(candidates);
  ATOLL_ASSIGN(Content content, open_copy(frame, finder, true));
  if (content.read_only != 0) {
    return fail(ErrorKind::unsupported, "keyring.too_new", "this recovery kit was made by a newer version of Atoll",
                "Use that version, or a later one.");
  }
  const auto head = look_at_vault_head(machine.files, folder);
  if (head && head->vault != content.vault) {
    return fail(
        ErrorKind::conflict, "recovery_kit.other_vault",
        "this recovery kit belongs to vault " + content.vault.text() + ", the folder to vault " + head->vault.text());
  }
  for (const Copy& copy : pair) {
    if (copy.state != Copy::State::damaged) continue;
    const std::string path = platform::join(folder, copy.name);
    ATOLL_TRY(machine.files.rename(path, path + ".damaged"));
  }
  auto state = std::make_unique<State>(machine, folder);
  state->highest_generation = content.generation;
  ATOLL_TRY(state->commit(std::move(content)));
  state->load_local();
  return std::unique_ptr<Keyring>(new Keyring(std::move(state)));
}

}  // namespace atl::keyring
