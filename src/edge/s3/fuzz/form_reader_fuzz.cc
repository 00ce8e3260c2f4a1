// The reader of forms on foreign bytes, in pieces of any size: bounded, and the same whatever the pieces.
#include <algorithm>
#include <optional>

#include "edge/s3/form_reader.h"

using namespace atl;      // NOLINT(google-build-using-namespace)
using namespace atl::s3;  // NOLINT(google-build-using-namespace)

namespace {

struct Read {
  FormFields form;
  std::string data;
};

std::optional<Read> decode(ByteView sent, std::size_t piece) {
  FormReader reader(
      [&](ByteSpan out) -> Result<std::size_t> {
        const std::size_t count = std::min({out.size(), sent.size(), piece});
        std::copy_n(sent.data(), count, out.data());
        sent = sent.subspan(count);
        return count;
      },
      "b");
  auto form = reader.read_fields();
  if (!form) return std::nullopt;
  std::size_t bytes = 0;
  for (const auto& [name, value] : form->fields) bytes += name.size() + value.size();
  ATOLL_INVARIANT(bytes <= kFormFieldsBytesMax, "what stands before the file is bounded");
  Read read{std::move(*form), {}};
  Bytes out(1000);
  while (true) {
    const auto count = reader.read_file(out);
    if (!count) return std::nullopt;
    if (*count == 0) return read;
    read.data.append(as_text(ByteView(out).first(*count)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView sent(data, size);
  const auto by_one = decode(sent, 1);
  const auto at_once = decode(sent, 100'000);
  ATOLL_INVARIANT(by_one.has_value() == at_once.has_value(), "pieces make no difference");
  if (by_one) {
    ATOLL_INVARIANT(by_one->data == at_once->data && by_one->form.fields == at_once->form.fields &&
                        by_one->form.file_name == at_once->form.file_name,
                    "pieces make no difference");
    ATOLL_INVARIANT(as_text(sent).find(by_one->data) != std::string_view::npos, "content is what was sent");
  }
  (void)form_boundary(as_text(sent));
  return 0;
}
