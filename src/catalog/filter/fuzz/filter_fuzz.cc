// Any text is a filter or an error; a filter's canonical text is the same filter again and matches the same.
#include <cstdlib>
#include <map>
#include <string>

#include "catalog/filter/filter.h"
#include "foundation/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = atl::as_text({data, size});
  constexpr atl::Timestamp now{1'795'167'000LL * 1'000'000};
  const auto filter = atl::filter::parse(text, now);
  if (!filter) return 0;
  const auto again = atl::filter::parse(filter->text(), now);
  if (!again || again->text() != filter->text() || again->key_prefix() != filter->key_prefix()) std::abort();
  // A subject that shares words with the filter, so that values are looked at.
  const std::string key = "a/" + std::string(text.substr(0, 64));
  const std::map<std::string, std::string> attributes = {
      {"x", "20.5"}, {"a", "2024-05-01"}, {"", std::string(text.substr(0, 32))}};
  atl::filter::Subject subject;
  subject.key = key;
  subject.name = std::string_view(key).substr(2);
  subject.type = "file";
  subject.size = size;
  subject.modified = atl::FileTime{1'714'521'600, 5};
  subject.stored = atl::Timestamp{1'795'000'000LL * 1'000'000};
  subject.content_type = "image/jpeg";
  subject.by = "anna/chat/r1";
  subject.tags = &attributes;
  subject.metadata = &attributes;
  const bool is_match = filter->matches(subject);
  if (again->matches(subject) != is_match) std::abort();
  if (is_match && !key.starts_with(filter->key_prefix())) std::abort();
  return 0;
}
