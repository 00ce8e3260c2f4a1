#include "store/keyring/internal/local_key.h"

#include "foundation/codec/fields.h"
#include "store/keyring/internal/content.h"

namespace atl::keyring::internal {
namespace {

constexpr std::size_t kEntriesMax = 2;

struct Entry {
  codec::Nonce nonce{};
  WrappedKey wrapped{};
};

codec::SecretKey wrapping_key(const codec::SecretKey& root, VaultId vault) {
  return codec::derive_key(root, vault.view(), "atoll local key");
}

Bytes entry_aad(VaultId vault) {
  Bytes aad = to_bytes("atoll local key");
  aad.insert(aad.end(), vault.bytes.begin(), vault.bytes.end());
  return aad;
}

Result<std::vector<Entry>> decode_entries(ByteView clear) {
  std::vector<Entry> entries;
  codec::FieldReader reader(clear, "the local key");
  while (reader.next()) {
    if (reader.field() != 1) continue;
    Entry entry;
    bool nonce = false;
    bool wrapped = false;
    codec::FieldReader fields(reader.as_view(), "the local key");
    while (fields.next()) {
      if (fields.field() == 1) nonce = copy_exact(fields.as_view(), entry.nonce);
      if (fields.field() == 2) wrapped = copy_exact(fields.as_view(), entry.wrapped);
    }
    ATOLL_TRY(fields.status());
    if (!nonce || !wrapped || entries.size() == kEntriesMax) {
      return fail(ErrorKind::damaged, "local_key.malformed", "the local key is malformed");
    }
    entries.push_back(entry);
  }
  ATOLL_TRY(reader.status());
  return entries;
}

Result<LocalKey> read_local_key(const platform::Machine& machine, const std::string& folder, VaultId vault,
                                codec::SealSuite suite, const codec::SecretKey& root) {
  ATOLL_ASSIGN(Bytes image,
               platform::read_whole(machine.files, platform::join(folder, kLocalKeyName), kLocalKeyFrame.size_max));
  ATOLL_ASSIGN(const Frame frame, decode_frame(kLocalKeyFrame, std::move(image)));
  if (frame.header.vault == vault && frame.header.suite == suite) {
    ATOLL_ASSIGN(const auto entries, decode_entries(frame.clear()));
    codec::Sealer sealer(suite, wrapping_key(root, vault));
    for (const Entry& entry : entries) {
      LocalKey local;
      if (!sealer.open(entry.nonce, entry_aad(vault), entry.wrapped, local.key.fill())) continue;
      local.needs_tidying = entries.size() > 1;
      return local;
    }
  }
  return fail(ErrorKind::wrong_key, "local_key.not_opened", "the local key belongs to another vault or machine");
}

}  // namespace

LocalKey load_local_key(const platform::Machine& machine, const std::string& folder, VaultId vault,
                        codec::SealSuite suite, const codec::SecretKey& root) {
  auto known = read_local_key(machine, folder, vault, suite, root);
  if (known) return std::move(*known);
  LocalKey fresh;
  fresh.key = random_key(machine.random);
  fresh.is_new = true;
  return fresh;
}

Result<void> write_local_key(const platform::Machine& machine, const std::string& folder, VaultId vault,
                             codec::SealSuite suite, const codec::SecretKey& local,
                             const std::vector<const codec::SecretKey*>& roots) {
  ATOLL_INVARIANT(!roots.empty() && roots.size() <= kEntriesMax, "the local key is sealed under one or two root keys");
  WipedBytes clear;  // with suite none it holds L as it is
  clear.bytes.reserve(512);
  codec::FieldWriter writer(clear.bytes);
  for (const codec::SecretKey* const root : roots) {
    Entry entry;
    machine.random.fill(entry.nonce);
    codec::Sealer sealer(suite, wrapping_key(*root, vault));
    sealer.seal(entry.nonce, entry_aad(vault), local.view(), entry.wrapped);
    WipedBytes one;
    one.bytes.reserve(128);
    codec::FieldWriter fields(one.bytes);
    fields.put_bytes(1, entry.nonce);
    fields.put_bytes(2, entry.wrapped);
    writer.put_bytes_always(1, one.bytes);
  }
  FrameHeader header;
  header.vault = vault;
  header.suite = suite;
  ATOLL_ASSIGN(const Bytes image, encode_clear_frame(kLocalKeyFrame, header, clear.bytes));
  return platform::replace_whole(machine.files, platform::join(folder, kLocalKeyName), image);
}

}  // namespace atl::keyring::internal
