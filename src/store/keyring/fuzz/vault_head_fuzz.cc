// The reader of `vault.head`, fed with any bytes as whole file and as sections behind right checksums.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/testing/test_keyring.h"
#include "store/keyring/vault_head.h"

using namespace atl;           // NOLINT(google-build-using-namespace)
using namespace atl::keyring;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  platform::TestMachine machine;
  const std::string folder = "/vault";
  const auto created = machine.files.create_directory(folder);
  const auto keys = create_test_keyring(machine.machine(), folder, codec::SealSuite::none);
  ATOLL_INVARIANT(created && keys, "a vault can be made");
  const ByteView rest(data + 2, size - 2);
  if (data[0] % 2 == 0) {
    machine.files.set_content("/vault/vault.head", rest);
  } else {
    const std::size_t cut = std::min<std::size_t>(rest.size(), data[1]);
    internal::FrameHeader header;
    header.vault = (*keys)->vault();
    const auto image = internal::encode_frame(internal::kVaultHeadFrame, header, rest.first(cut), {}, rest.subspan(cut),
                                              machine.random);
    if (!image) return 0;
    machine.files.set_content("/vault/vault.head", *image);
  }
  const auto outside = look_at_vault_head(machine.files, folder);
  const auto loaded = load_vault_head(machine.machine(), folder, **keys, HealHead::yes);
  if (!loaded) return 0;
  ATOLL_INVARIANT(outside.has_value() && loaded->healed, "what loads can be looked at and is healed");
  VaultHead head = loaded->head;
  const auto stored = store_vault_head(machine.machine(), folder, **keys, head);
  // Only the size may be refused: fields of a newer program are kept, and may fill the file.
  ATOLL_INVARIANT(stored || stored.error().kind == ErrorKind::limit, "what loads can be stored");
  if (!stored) return 0;
  const auto again = load_vault_head(machine.machine(), folder, **keys, HealHead::no);
  ATOLL_INVARIANT(again && again->head == head && again->findings.empty(), "what was stored loads the same");
  return 0;
}
