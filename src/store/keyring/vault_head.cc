#include "store/keyring/vault_head.h"

#include <algorithm>
#include <array>
#include <optional>

#include "foundation/codec/fields.h"
#include "store/keyring/internal/frame.h"

namespace atl::keyring {

using internal::Copy;
using internal::Frame;
using internal::FrameHeader;
using internal::kVaultHeadFrame;
using internal::kVaultHeadNames;

namespace {

constexpr std::uint32_t kSegmentBytesMin = 64U << 10;
constexpr std::uint32_t kSegmentBytesMax = 1U << 30;
constexpr std::uint32_t kSegmentBlockBytes = 4096;
constexpr std::uint32_t kParityDataMax = 255;
constexpr std::uint32_t kParityExtraMax = 32;
constexpr std::int32_t kZstdLevelMin = -7;
constexpr std::int32_t kZstdLevelMax = 22;

codec::SecretKey head_key(const Keyring& keys) {
  return codec::derive_key(keys.journal_key(), keys.vault().view(), "atoll vault head");
}

tl::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorKind::damaged, "vault_head.malformed", "the vault's head is malformed: " + std::string(why));
}

// What stands in a file besides the head, and has to survive its being written anew.
struct Extras {
  Bytes unknown_clear;
  Bytes unknown_sealed;
  std::uint32_t compatible = 0;
  std::uint32_t read_only = 0;
};

// What holds for every head, written or read. Empty where all of it does.
std::string what_is_wrong(const VaultHead& head) {
  if (head.journal_segment_bytes < kSegmentBytesMin || head.journal_segment_bytes > kSegmentBytesMax ||
      head.journal_segment_bytes % kSegmentBlockBytes != 0) {
    return "the size of its journal segments";
  }
  if (head.parity_data < 1 || head.parity_data > kParityDataMax || head.parity_extra > kParityExtraMax) {
    return "its parity";
  }
  for (const std::int32_t level : {head.zstd_level_hot, head.zstd_level_warm, head.zstd_level_cold}) {
    if (level < kZstdLevelMin || level > kZstdLevelMax) return "a compression level";
  }
  if (head.history.is_none()) return "its history id is missing";
  if (head.checkpoints.size() > kCheckpointRootsMax) return "it has too many checkpoints";
  for (std::size_t i = 0; i < head.checkpoints.size(); ++i) {
    const CheckpointRoot& root = head.checkpoints[i];
    if (root.root.empty() || root.root.size() > kCheckpointRootBytesMax || root.history.is_none()) {
      return "a checkpoint's root";
    }
    if (i > 0 && root.lsn > head.checkpoints[i - 1].lsn) return "its checkpoints are not in order";
  }
  return "";
}

Bytes encode_clear(const VaultHead& head, const Extras& extras) {
  Bytes clear;
  codec::FieldWriter writer(clear);
  writer.put_unsigned(1, head.journal_segment_bytes);
  writer.put_unsigned(2, head.parity_data);
  writer.put_unsigned(3, head.parity_extra);
  writer.put_raw(extras.unknown_clear);
  return clear;
}

Bytes encode_sealed(const VaultHead& head, const Extras& extras) {
  Bytes sealed;
  codec::FieldWriter writer(sealed);
  writer.put_bytes(1, head.history.view());
  writer.put_signed(2, head.created.unix_us);
  writer.put_signed(3, head.zstd_level_hot);
  writer.put_signed(4, head.zstd_level_warm);
  writer.put_signed(5, head.zstd_level_cold);
  for (const CheckpointRoot& root : head.checkpoints) {
    Bytes one;
    codec::FieldWriter fields(one);
    fields.put_unsigned(1, root.lsn.value);
    fields.put_bytes(2, root.history.view());
    fields.put_bytes(3, root.root);
    writer.put_bytes_always(6, one);
  }
  writer.put_unsigned(7, head.oldest_kept.value);
  writer.put_raw(extras.unknown_sealed);
  return sealed;
}

Result<void> decode_clear(const Frame& frame, VaultHead& head, Extras& extras) {
  head.vault = frame.header.vault;
  head.suite = frame.header.suite;
  head.generation = frame.header.generation;
  extras.compatible = frame.header.compatible;
  extras.read_only = frame.header.read_only;
  std::uint64_t segment_bytes = 0;
  std::uint64_t parity_data = 0;
  std::uint64_t parity_extra = 0;
  codec::FieldReader reader(frame.clear(), "the vault's head");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: segment_bytes = reader.as_unsigned(); break;
      case 2: parity_data = reader.as_unsigned(); break;
      case 3: parity_extra = reader.as_unsigned(); break;
      default: reader.keep(extras.unknown_clear);
    }
  }
  ATOLL_TRY(reader.status());
  if (segment_bytes > kSegmentBytesMax || parity_data > kParityDataMax || parity_extra > kParityExtraMax) {
    return malformed("a constant is out of range");
  }
  head.journal_segment_bytes = static_cast<std::uint32_t>(segment_bytes);
  head.parity_data = static_cast<std::uint32_t>(parity_data);
  head.parity_extra = static_cast<std::uint32_t>(parity_extra);
  return {};
}

Result<CheckpointRoot> decode_root(ByteView encoded) {
  CheckpointRoot root;
  codec::FieldReader reader(encoded, "a checkpoint in the vault's head");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: root.lsn.value = reader.as_unsigned(); break;
      case 2: {
        ATOLL_ASSIGN(root.history, HistoryId::from_view(reader.as_view()));
        break;
      }
      case 3: root.root = to_bytes(reader.as_view()); break;
      default: break;  // a root is replaced whole, never changed: nothing to keep
    }
  }
  ATOLL_TRY(reader.status());
  return root;
}

Result<void> decode_sealed(ByteView plain, VaultHead& head, Extras& extras) {
  std::array<std::int64_t, 3> levels{};
  codec::FieldReader reader(plain, "the vault's head");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: {
        ATOLL_ASSIGN(head.history, HistoryId::from_view(reader.as_view()));
        break;
      }
      case 2: head.created.unix_us = reader.as_signed(); break;
      case 3: levels[0] = reader.as_signed(); break;
      case 4: levels[1] = reader.as_signed(); break;
      case 5: levels[2] = reader.as_signed(); break;
      case 6: {
        if (head.checkpoints.size() == kCheckpointRootsMax) return malformed("it has too many checkpoints");
        ATOLL_ASSIGN(auto root, decode_root(reader.as_view()));
        head.checkpoints.push_back(std::move(root));
        break;
      }
      case 7: head.oldest_kept.value = reader.as_unsigned(); break;
      default: reader.keep(extras.unknown_sealed);
    }
  }
  ATOLL_TRY(reader.status());
  for (const std::int64_t level : levels) {
    if (level < kZstdLevelMin || level > kZstdLevelMax) return malformed("a compression level is out of range");
  }
  head.zstd_level_hot = static_cast<std::int32_t>(levels[0]);
  head.zstd_level_warm = static_cast<std::int32_t>(levels[1]);
  head.zstd_level_cold = static_cast<std::int32_t>(levels[2]);
  return {};
}

struct OpenedHead {
  VaultHead head;
  Extras extras;
};

Result<OpenedHead> open_copy(const Frame& frame, const Keyring& keys, const codec::SecretKey& key) {
  if (frame.header.vault != keys.vault() || frame.header.suite != keys.suite()) {
    return fail(ErrorKind::wrong_key, "vault_head.other_vault",
                "the vault's head belongs to another vault: " + frame.header.vault.text());
  }
  OpenedHead opened;
  opened.head.checkpoints.clear();
  ATOLL_TRY(decode_clear(frame, opened.head, opened.extras));
  ATOLL_ASSIGN(const auto plain, internal::open_frame(kVaultHeadFrame, frame, key));
  ATOLL_TRY(decode_sealed(plain.bytes, opened.head, opened.extras));
  const std::string wrong = what_is_wrong(opened.head);
  if (!wrong.empty()) return malformed(wrong);
  return opened;
}

Result<Bytes> encode(const OpenedHead& opened, const Keyring& keys, platform::Random& random) {
  const codec::SecretKey key = head_key(keys);
  FrameHeader header;
  header.vault = opened.head.vault;
  header.generation = opened.head.generation;
  header.suite = opened.head.suite;
  header.compatible = opened.extras.compatible;
  header.read_only = opened.extras.read_only;
  ATOLL_ASSIGN(Bytes image, internal::encode_frame(kVaultHeadFrame, header, encode_clear(opened.head, opened.extras),
                                                   key, encode_sealed(opened.head, opened.extras), random));
  ATOLL_ASSIGN(const Frame frame, internal::decode_frame(kVaultHeadFrame, image));
  ATOLL_ASSIGN(const auto back, open_copy(frame, keys, key));
  ATOLL_INVARIANT(back.head == opened.head, "a written vault head reads back the same");
  return image;
}

Result<void> check_writable(const VaultHead& head, const Keyring& keys) {
  if (head.vault != keys.vault() || head.suite != keys.suite()) {
    return fail(ErrorKind::usage, "vault_head.other_vault", "the head belongs to another vault than the keys");
  }
  const std::string wrong = what_is_wrong(head);
  if (!wrong.empty()) {
    return fail(ErrorKind::usage, "vault_head.out_of_range", "a value of the vault's head is out of range: " + wrong);
  }
  return {};
}

Result<void> write(const platform::Machine& machine, const std::string& folder, ByteView image) {
  bool first_written = false;
  auto written = internal::write_pair(machine.files, folder, kVaultHeadNames, image, first_written);
  if (written) return {};
  if (!first_written) return pass(std::move(written).error().with_context("the vault's head was not changed"));
  Error cause = std::move(written).error();
  return fail(cause.kind, "vault_head.second_copy",
              "the vault's head was changed, but its second copy could not be written: " + cause.message, cause.hint,
              cause.os_error);
}

struct Best {
  OpenedHead opened;
  const Copy* copy = nullptr;
};

// The copy to believe: the highest generation that opens. Others are judged by finding().
Result<Best> find_best(const internal::CopyPair& pair, const Keyring& keys) {
  ATOLL_ASSIGN(const auto whole, internal::whole_copies(pair, kVaultHeadFrame));
  const codec::SecretKey key = head_key(keys);
  std::optional<Error> first_error;
  for (const Copy* const copy : whole) {
    auto opened = open_copy(copy->frame, keys, key);
    if (opened) return Best{std::move(*opened), copy};
    if (!first_error) first_error = std::move(opened).error();
  }
  return pass(std::move(*first_error));
}

}  // namespace

Result<void> create_vault_head(const platform::Machine& machine, const std::string& folder, const Keyring& keys,
                               VaultHead& head) {
  ATOLL_TRY(check_writable(head, keys));
  for (const std::string_view name : kVaultHeadNames) {
    ATOLL_ASSIGN(const auto there, machine.files.stat(platform::join(folder, name)));
    if (there) {
      return fail(ErrorKind::conflict, "vault_head.exists", "there is a vault's head already in '" + folder + "'");
    }
  }
  OpenedHead fresh{head, {}};
  fresh.head.generation = 1;
  ATOLL_ASSIGN(const Bytes image, encode(fresh, keys, machine.random));
  ATOLL_TRY(write(machine, folder, image));
  head.generation = fresh.head.generation;
  return {};
}

Result<LoadedVaultHead> load_vault_head(const platform::Machine& machine, const std::string& folder,
                                        const Keyring& keys, HealHead heal) {
  const internal::CopyPair pair = internal::read_pair(machine.files, folder, kVaultHeadNames, kVaultHeadFrame);
  ATOLL_ASSIGN(Best best, find_best(pair, keys));
  LoadedVaultHead loaded;
  loaded.head = std::move(best.opened.head);
  bool all_healed = true;
  for (const Copy& copy : pair) {
    const std::string found = internal::finding(copy, *best.copy);
    if (found.empty()) continue;
    loaded.findings.push_back(found);
    if (heal == HealHead::no) continue;
    const auto written =
        platform::replace_whole(machine.files, platform::join(folder, copy.name), best.copy->frame.image);
    if (!written) {
      loaded.findings.push_back("'" + copy.name + "' could not be written anew: " + written.error().message);
      all_healed = false;
    }
  }
  loaded.healed = heal == HealHead::yes && all_healed && !loaded.findings.empty();
  return loaded;
}

Result<void> store_vault_head(const platform::Machine& machine, const std::string& folder, const Keyring& keys,
                              VaultHead& head) {
  ATOLL_TRY(check_writable(head, keys));
  const internal::CopyPair pair = internal::read_pair(machine.files, folder, kVaultHeadNames, kVaultHeadFrame);
  OpenedHead next{head, {}};
  auto present = find_best(pair, keys);
  if (present) {
    next.extras = std::move(present->opened.extras);
    if (next.extras.read_only != 0) {
      return fail(ErrorKind::unsupported, "vault_head.too_new",
                  "the vault's head was written by a newer version of Atoll: this one can read it and cannot change it",
                  "Use that version, or a later one.");
    }
    const VaultHead& old = present->opened.head;
    if (old.journal_segment_bytes != head.journal_segment_bytes || old.parity_data != head.parity_data ||
        old.parity_extra != head.parity_extra || old.created != head.created) {
      return fail(ErrorKind::usage, "vault_head.constant_changed", "a constant of the vault cannot be changed");
    }
  } else if (std::ranges::any_of(pair, [](const Copy& copy) {
               return copy.state != Copy::State::missing && copy.state != Copy::State::damaged;
             })) {
    // Not ours to write over: it is another vault's, or sealed under other keys, or cannot be read now.
    return pass(std::move(present).error());
  }
  // Missing or damaged in both files: the caller brings the head from elsewhere (segment headers carry it too).
  std::uint64_t highest = head.generation;
  for (const Copy& copy : pair) {
    if (copy.state == Copy::State::whole) highest = std::max(highest, copy.frame.header.generation);
  }
  next.head.generation = highest + 1;
  ATOLL_ASSIGN(const Bytes image, encode(next, keys, machine.random));
  ATOLL_TRY(write(machine, folder, image));
  head.generation = next.head.generation;
  return {};
}

Result<Bytes> vault_head_image(platform::FileSystem& files, const std::string& folder) {
  const internal::CopyPair pair = internal::read_pair(files, folder, kVaultHeadNames, kVaultHeadFrame);
  ATOLL_ASSIGN(const auto whole, internal::whole_copies(pair, kVaultHeadFrame));
  return whole.front()->frame.image;
}

Result<VaultHeadOutside> look_at_vault_head(platform::FileSystem& files, const std::string& folder) {
  const internal::CopyPair pair = internal::read_pair(files, folder, kVaultHeadNames, kVaultHeadFrame);
  ATOLL_ASSIGN(const auto whole, internal::whole_copies(pair, kVaultHeadFrame));
  VaultHead head;
  Extras extras;
  ATOLL_TRY(decode_clear(whole.front()->frame, head, extras));
  const std::string wrong = what_is_wrong([&] {
    VaultHead clear_only = head;
    clear_only.history.bytes[0] = 1;  // sealed: not ours to judge here
    return clear_only;
  }());
  if (!wrong.empty()) return malformed(wrong);
  return VaultHeadOutside{head.vault,       head.suite,        head.journal_segment_bytes,
                          head.parity_data, head.parity_extra, head.generation};
}

}  // namespace atl::keyring
