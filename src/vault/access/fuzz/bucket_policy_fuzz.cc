// Policies that strangers write: no crash, and what is taken gives nobody in particular anything but reading.
#include "vault/access/decision.h"

using namespace atl;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const std::size_t cut = text.find('\n');
  const std::string_view key = cut == std::string_view::npos ? "" : text.substr(0, cut);
  const std::string_view document = cut == std::string_view::npos ? text : text.substr(cut + 1);
  const auto policy = access::BucketPolicy::parse(document, "bucket", [](const std::string& /*named*/) {
    PrincipalId id;
    id.bytes.fill(1);
    return std::optional(id);
  });
  (void)access::decode_bucket_access(document);
  if (!policy) return 0;
  access::Who nobody;
  nobody.address = "192.0.2.1";
  access::Resource asked;
  asked.bucket = "bucket";
  asked.key = key;
  asked.is_secure = true;
  for (const access::ActionInfo& info : access::kActions) {
    for (std::size_t at = 1; at < static_cast<std::size_t>(access::Permission::count_); ++at) {
      asked.permission = static_cast<access::Permission>(at);
      const bool is_storing = access::name_of(asked.permission).starts_with("Put") ||
                              access::name_of(asked.permission).starts_with("Delete");
      const auto says = policy->ask(nobody, info.action, asked);
      ATOLL_INVARIANT(!is_storing || says != access::PolicySays::allowed, "nobody in particular stores nothing");
    }
  }
  return 0;
}
