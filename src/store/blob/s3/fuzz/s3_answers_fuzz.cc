// Any bytes as a server's answer, as a place and as a credentials file: what is read is bounded, and what is written is
// read back.
#include <cstdlib>

#include "store/blob/s3/internal/s3_answers.h"
#include "store/blob/s3/s3_place.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace blob = atl::blob;
  const std::string text(atl::as_text({data, size}));
  if (const auto error = blob::s3::parse_error(text))
    require(error->code.size() <= 100 && error->message.size() <= 300);
  if (const auto page = blob::s3::parse_objects_page(text)) require(page->listing.objects.size() <= text.size());
  if (const auto page = blob::s3::parse_uploads_page(text)) require(page->next_id.empty() || !page->next_key.empty());
  for (const std::string& place_text : {text, "s3://bucket/" + text, "s3://bucket?" + text}) {
    const auto place = blob::parse_s3_place(place_text);
    if (!place) continue;
    const auto again = blob::parse_s3_place(blob::format(*place));
    require(again && *again == *place);
  }
  if (const auto credentials = blob::parse_credentials(text, "default")) {
    const auto again = blob::parse_credentials(blob::format(*credentials), "default");
    require(again && again->secret == credentials->secret && again->access_key == credentials->access_key);
  }
  return 0;
}
