// What strangers send to sign in, and hashes that cannot be: no crash, and nothing made up opens anything.
#include "foundation/platform/testing/test_machine.h"
#include "vault/access/actions.h"
#include "vault/access/sign_in.h"

using namespace atl;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text = as_text(ByteView(data + 1, size - 1));
  platform::SeededRandom random(7);
  switch (data[0] % 4) {
    case 0: {
      const auto secret = access::new_secret(random, access::kTokenKind);
      const auto digest = access::digest_of_secret(text, access::kTokenKind);
      ATOLL_INVARIANT(!digest || *digest != secret.digest || text == secret.text, "only the secret has its digest");
      break;
    }
    case 1: {
      const auto step = access::check_totp(as_bytes("12345678901234567890"), text, {1'234'567'890LL * 1'000'000}, 0);
      ATOLL_INVARIANT(!step || text.size() == 6, "codes have six digits");
      break;
    }
    case 2: {
      // Costs are bounded by the text only up to 1 GiB: those that a fuzzer can afford.
      if (text.find("m=8,t=1,p=1$") == std::string_view::npos) break;
      const auto fits = access::check_password(text, "password");
      ATOLL_INVARIANT(!fits || !*fits, "no made-up hash fits");
      break;
    }
    default: {
      const auto action = access::action_named(text);
      ATOLL_INVARIANT(!action || access::name_of(*action) == text, "a name is of one action");
    }
  }
  return 0;
}
