// Every document that S3's clients send, on foreign bytes: no crash, bounded.
#include "edge/s3/access_lists.h"
#include "edge/s3/documents.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl::s3;  // NOLINT(google-build-using-namespace)
  const std::string_view text = atl::as_text({data, size});
  const auto objects = read_delete(text);
  ATOLL_INVARIANT(!objects || objects->objects.size() <= 1000, "bounded");
  const auto parts = read_complete(text);
  ATOLL_INVARIANT(!parts || parts->parts.size() <= 10'000, "bounded");
  (void)read_tagging(text, 10);
  (void)read_tagging_header(text);
  (void)read_versioning(text);
  (void)read_lifecycle(text);
  const auto rules = read_cors(text);
  if (rules) (void)find_cors_rule(*rules, "https://example.org", "GET", {"x-amz-date"});
  (void)read_create_bucket(text);
  (void)read_access_list(text, {"me", "you"});
  (void)read_retention(text);
  (void)read_legal_hold(text);
  (void)read_object_lock(text);
  return 0;
}
