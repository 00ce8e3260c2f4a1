// The container of Office 97: no crash, no stream longer than the file.
#include "derived/extract/internal/compound_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  const auto file = extract::CompoundFile::open(to_bytes(ByteView(data, size)));
  if (!file) return 0;
  for (const auto& stream : file->streams())
    ATOLL_INVARIANT(file->read(stream.path).size() <= size, "a stream is a part of its file");
  return 0;
}
