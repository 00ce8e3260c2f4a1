// Foreign Authorization headers and addresses: no crash, nothing verifies, and what decodes encodes to itself.
#include "edge/s3/signature.h"

using namespace atl;      // NOLINT(google-build-using-namespace)
using namespace atl::s3;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const std::size_t cut = text.find('\n');
  const std::string_view target = text.substr(0, cut);
  const std::string_view authorization = cut == std::string_view::npos ? "" : text.substr(cut + 1);
  std::vector<HeaderView> headers{
      {"host", "h"}, {"x-amz-date", "20130524T000000Z"}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
  if (!authorization.empty()) headers.push_back({"authorization", authorization});
  const RequestView request{"GET", target, headers};
  const auto claim = read_claim(request, {{1'369'353'600'000'000}, ""});
  if (claim && !claim->is_anonymous)
    ATOLL_INVARIANT(!verify(request, *claim, signing_key("secret", claim->date, claim->region)),
                    "nobody guesses a signature");
  const auto decoded = uri_decode(target, Plus::is_plus);
  if (decoded) {
    ATOLL_INVARIANT(uri_decode(uri_encode(*decoded, Slash::kept), Plus::is_plus).value() == *decoded, "it comes back");
  }
  (void)parse_parameters(target);
  return 0;
}
