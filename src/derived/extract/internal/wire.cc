#include "derived/extract/internal/wire.h"

namespace atl::extract {

Bytes encode(const Batch& batch) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(static_cast<std::uint32_t>(batch.parameters.size()));
  out.put_bytes(batch.parameters);
  out.put(batch.first_index);
  for (const BatchContent& content : batch.contents) {
    out.put(content.size);
    out.put(static_cast<std::uint32_t>(content.name.size()));
    out.put_bytes(as_bytes(content.name));
  }
  return bytes;
}

Result<Batch> decode_batch(ByteView bytes) {
  Batch batch;
  ByteReader in(bytes, "a batch");
  ATOLL_ASSIGN(const auto parameter_bytes, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const ByteView parameters, in.get_bytes(parameter_bytes));
  batch.parameters = to_bytes(parameters);
  ATOLL_ASSIGN(batch.first_index, in.get<std::uint32_t>());
  while (in.remaining() > 0) {
    BatchContent content;
    ATOLL_ASSIGN(content.size, in.get<std::uint64_t>());
    ATOLL_ASSIGN(const auto length, in.get<std::uint32_t>());
    ATOLL_ASSIGN(const ByteView name, in.get_bytes(length));
    content.name = to_string(name);
    batch.contents.push_back(std::move(content));
  }
  return batch;
}

}  // namespace atl::extract
