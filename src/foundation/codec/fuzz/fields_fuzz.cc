// Any bytes walked as fields: each field stays inside, what is kept adds up to what was read, and what is whole is
// taken by the real library too.
#include <google/protobuf/unknown_field_set.h>

#include <cstdlib>

#include "foundation/codec/fields.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const atl::ByteView input(data, size);
  atl::codec::FieldReader reader(input, "fuzz");
  atl::Bytes kept;
  while (reader.next()) {
    reader.keep(kept);
    switch (reader.field() % 5) {
      case 0: break;
      case 1: (void)reader.as_unsigned(); break;
      case 2: (void)reader.as_signed(); break;
      case 3: (void)reader.as_fixed64(); break;
      default: (void)reader.as_string();
    }
  }
  if (!reader.status()) return 0;
  if (!atl::equal(kept, input)) std::abort();
  google::protobuf::UnknownFieldSet theirs;
  if (!theirs.ParseFromArray(data, static_cast<int>(size))) std::abort();
  return 0;
}
