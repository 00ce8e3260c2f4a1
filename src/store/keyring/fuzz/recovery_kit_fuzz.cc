// The reader of recovery kits, fed with any text or file, and with a good page under a few edits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/keyring/internal/recovery_kit.h"

namespace {

using namespace atl;                     // NOLINT(google-build-using-namespace)
using namespace atl::keyring::internal;  // NOLINT(google-build-using-namespace)

void try_text(ByteView text) {
  const auto kit = read_kit(text);
  if (!kit) {
    ATOLL_INVARIANT(!kit.error().message.empty() && is_utf8(kit.error().message), "an error says something readable");
    return;
  }
  KitFacts facts;
  facts.vault = kit->vault.value_or(VaultId{});
  facts.vault_name = std::string(as_text(text.first(std::min<std::size_t>(text.size(), 255))));
  const std::string page = write_page(facts, kit->recovery_key);
  const auto again = read_kit(as_bytes(page));
  ATOLL_INVARIANT(again && again->recovery_key.equals(kit->recovery_key), "a page reads back the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView rest(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0: try_text(rest); break;
    case 1: {
      codec::SecretKey key;
      for (std::uint8_t& byte : key.fill()) byte = 0x37;
      std::string page = write_page({VaultId{}, "edited", {}}, key);
      for (std::size_t i = 0; i + 3 <= rest.size() && i < 60; i += 3) {
        const std::size_t at = load_le<std::uint16_t>(rest.data() + i) % page.size();
        if (rest[i + 2] == 0) {
          page.erase(at, 1);
        } else {
          page[at] = static_cast<char>(rest[i + 2]);
        }
      }
      try_text(as_bytes(page));
      break;
    }
    default: {
      keyring::internal::FrameHeader header;
      header.vault.bytes[0] = 1;
      const auto image = encode_clear_frame(kKitFrame, header, rest);
      if (image) try_text(*image);
    }
  }
  return 0;
}
