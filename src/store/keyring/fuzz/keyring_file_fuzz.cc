// Readers of `keyring` and `local.key`, fed with any bytes: whole files, and sections behind right checksums.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/content.h"
#include "store/keyring/internal/frame.h"
#include "store/keyring/keyring.h"
#include "store/keyring/testing/test_keyring.h"

namespace {

using namespace atl;           // NOLINT(google-build-using-namespace)
using namespace atl::keyring;  // NOLINT(google-build-using-namespace)

const std::string kFolder = "/vault";

void open_and_change(platform::TestMachine& machine) {
  const auto outside = Keyring::look_from_outside(machine.files, kFolder);
  // No passphrase: what a file may ask Argon2id for is bounded, but slow.
  const auto opened = Keyring::open(machine.machine(), kFolder, candidates(with_key(SlotKind::key_file, 1)));
  if (!opened) return;
  ATOLL_INVARIANT(outside.has_value(), "what opens can be looked at");
  static_cast<void>((*opened)->slots());
  static_cast<void>((*opened)->kit_state());
  if ((*opened)->repair() && (*opened)->rename_vault("renamed")) {
    const auto again = Keyring::open(machine.machine(), kFolder, candidates(with_key(SlotKind::key_file, 1)));
    ATOLL_INVARIANT(again.has_value() && (*again)->vault_name() == "renamed", "what was written opens");
  }
}

void try_sections(ByteView clear, ByteView plain) {
  const auto slots = internal::decode_slots(clear);
  if (slots) {
    const auto again = internal::decode_slots(internal::encode_slots(*slots));
    ATOLL_INVARIANT(again && *again == *slots, "slots read back the same");
    const auto body = internal::decode_body(plain, *slots);
    if (body) {
      const auto encoded = internal::encode_body(*body);
      const auto back = internal::decode_body(encoded.bytes, *slots);
      ATOLL_INVARIANT(back && equal(internal::encode_body(*back).bytes, encoded.bytes), "a body reads back the same");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ByteView rest(data + 3, size - 3);
  platform::TestMachine machine;
  switch (data[0] % 3) {
    case 0:
      machine.files.set_content("/vault/keyring", rest);
      open_and_change(machine);
      break;
    case 1: {
      const std::size_t cut = std::min<std::size_t>(rest.size(), load_le<std::uint16_t>(data + 1));
      try_sections(rest.first(cut), rest.subspan(cut));
      // Behind the checksums of a vault without encryption.
      internal::FrameHeader header;
      header.vault.bytes[0] = 1;
      machine.random.fill(header.vault.bytes);
      const auto image = internal::encode_frame(internal::kKeyringFrame, header, {}, {}, rest, machine.random);
      if (!image) break;
      machine.files.set_content("/vault/keyring", *image);
      open_and_change(machine);
      break;
    }
    default: {
      const auto created = machine.files.create_directory(kFolder);
      const auto made = create_test_keyring(machine.machine(), kFolder, codec::SealSuite::none);
      ATOLL_INVARIANT(created && made, "a vault can be made");
      internal::FrameHeader header;
      header.vault = (*made)->vault();
      const auto image = internal::encode_clear_frame(internal::kLocalKeyFrame, header, rest);
      if (!image) break;
      machine.files.set_content("/vault/local.key", data[1] % 2 == 0 ? rest : ByteView(*image));
      const auto opened = Keyring::open(machine.machine(), kFolder, {});
      ATOLL_INVARIANT(opened.has_value(), "no local key keeps a vault from opening");
      const auto again = Keyring::open(machine.machine(), kFolder, {});
      ATOLL_INVARIANT(again && !(*again)->local_key_is_new(), "a local key made anew is kept");
    }
  }
  return 0;
}
