// The example of spec/formats/run.md, byte for byte: a change of the format shows here first.
#include "foundation/codec/hash.h"
#include "store/run/testing/test_set.h"

namespace atl::run {
namespace {

using namespace testing;  // NOLINT

TEST(RunFormat, TheExampleOfTheFormatPageIsWhatIsWritten) {
  platform::TestMachine machine(std::uint64_t{1});
  const auto set = must_open(machine);
  expect_ok(set->put(as_bytes("apple"), as_bytes("red")));
  expect_ok(set->remove(as_bytes("pear")));
  expect_ok(set->put(as_bytes("plum"), as_bytes("blue")));
  expect_ok(set->flush(as_bytes("packs 1 to 3")));
  const Bytes run = machine.files.content(std::string(kFolder) + "/0000000000000001.run");
  const Bytes manifest = machine.files.content(std::string(kFolder) + "/manifest");
  EXPECT_EQ(run.size(), 12461U);
  EXPECT_EQ(to_hex(ByteView(run).first(128)),
            "61746f6c6c72756e0000000000000000000000000000000003030303030303030303030303030303c15c0289ec2d0a91"
            "67ec8e65a18debbe01020107000000000000000000000000000000000000000001000000000000000000000000000000"
            "000000000000000000000000000000000000000000000000000000000ea93b8e");
  EXPECT_EQ(to_hex(ByteView(run).last(64)),
            "61746f6c6c72756524300000000000004900000000000000ad3000000000000000000000000000000000000000000000"
            "000000000000000000000000fa432647");
  EXPECT_EQ(to_hex(codec::blake3(run)), "c1c694685b0b579e38fad6d4268eb505e692761f1078b9810606e2b28ead39b4");
  EXPECT_EQ(to_hex(manifest),
            "61746f6c6c72756d00000000000000000000000000000000030303030303030303030303030303035e5532fbeea293f8"
            "0bc942ee9086c17101000000000000004c00000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000000000000000000000000000000000000006aa6310ca6de2f53ba25bcadb87636300d8dcd4d"
            "75b73e561f7476dc54003522babbcf8dee6f0d006d49a9fca52d68cb346d25b79fb8e410336b95329900aab6b175eab8"
            "6dad7a8863df5ff6fc7c5da86716d4f7e3a25d19a20a6a9e38304891");
}

}  // namespace
}  // namespace atl::run
