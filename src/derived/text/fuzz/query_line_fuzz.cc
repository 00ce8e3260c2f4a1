// The reader of query lines, and what stands behind it: any line is a query or an error, and a query is answered.
#include <memory>

#include "derived/text/snippet.h"
#include "derived/text/testing/test_index.h"

namespace {

using namespace atl;        // NOLINT
using namespace atl::text;  // NOLINT

struct Sample {
  platform::TestMachine machine;
  std::unique_ptr<TextIndex> index;
};

std::unique_ptr<Sample> make_sample() {
  auto sample = std::make_unique<Sample>();
  auto opened = atl::text::testing::open_index(sample->machine);
  if (!opened) __builtin_trap();
  sample->index = std::move(*opened);
  platform::SeededRandom random(1);
  for (DocumentId id = 0; id < 300; ++id) {
    if (!sample->index->add(atl::text::testing::random_document(random).view(id))) __builtin_trap();
  }
  if (!sample->index->flush({})) __builtin_trap();
  return sample;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Sample> sample = make_sample();
  const std::string_view line(reinterpret_cast<const char*>(data), size);  // NOLINT
  const auto query =
      parse_query_line(line, atl::text::testing::test_schema(), size % 2 == 0 ? Match::any : Match::all, {});
  if (!query) {
    if (query.error().message.empty()) __builtin_trap();
    return 0;
  }
  SearchRequest request;
  request.query = *query;
  const auto found = sample->index->search(request);
  if (!found && found.error().kind == ErrorKind::damaged) __builtin_trap();
  const Snippet snippet = make_snippet(line, *query, {});
  if (snippet.end > line.size() || snippet.begin > snippet.end) __builtin_trap();
  return 0;
}
