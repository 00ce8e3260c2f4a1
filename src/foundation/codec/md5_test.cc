#include "foundation/codec/md5.h"

#include <gtest/gtest.h>

#include "foundation/codec/hash.h"

namespace atl::codec {
namespace {

TEST(Md5Stream, PiecesGiveWhatTheWholeGives) {
  Bytes bytes(100'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  Md5 stream;
  for (std::size_t at = 0; at < bytes.size(); at += 777)
    stream.update(ByteView(bytes).subspan(at, std::min<std::size_t>(777, bytes.size() - at)));
  EXPECT_EQ(md5(bytes), stream.finish());
  EXPECT_EQ("d41d8cd98f00b204e9800998ecf8427e", to_hex(Md5().finish()));  // RFC 1321, A.5
}

}  // namespace
}  // namespace atl::codec
