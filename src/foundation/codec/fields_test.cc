#include "foundation/codec/fields.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace atl::codec {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

TEST(FieldWriter, WritesTheExamplesOfTheProtocolBuffersGuide) {
  Bytes out;
  FieldWriter writer(out);
  writer.put_unsigned(1, 150);
  writer.put_text(2, "testing");
  EXPECT_EQ(to_hex(out), "089601120774657374696e67");
}

TEST(FieldWriter, LeavesOutDefaultsUnlessAsked) {
  Bytes out;
  FieldWriter writer(out);
  writer.put_unsigned(1, 0);
  writer.put_signed(2, 0);
  writer.put_fixed64(3, 0);
  writer.put_bytes(4, {});
  writer.put_text(5, "");
  EXPECT_TRUE(out.empty());
  writer.put_bytes_always(6, {});
  EXPECT_EQ(to_hex(out), "3200");
}

TEST(FieldWriter, WritesSignedNumbersAsZigzag) {
  const auto encoded = [](std::int64_t value) {
    Bytes out;
    FieldWriter(out).put_signed(1, value);
    return to_hex(out);
  };
  EXPECT_EQ(encoded(-1), "0801");
  EXPECT_EQ(encoded(1), "0802");
  EXPECT_EQ(encoded(-2), "0803");
  EXPECT_EQ(encoded(std::numeric_limits<std::int64_t>::max()), "08feffffffffffffffff01");
  EXPECT_EQ(encoded(std::numeric_limits<std::int64_t>::min()), "08ffffffffffffffffff01");
}

TEST(FieldWriterDeathTest, StopsAtFieldNumbersThatDoNotExist) {
  Bytes out;
  FieldWriter writer(out);
  EXPECT_DEATH(writer.put_unsigned(0, 1), "field numbers");
  EXPECT_DEATH(writer.put_unsigned(1U << 29, 1), "field numbers");
}

// A number whose length in bits is random, so that every length of varint is met.
std::uint64_t any_number(std::mt19937_64& random) { return random() >> (random() % 64); }
std::uint32_t any_field(std::mt19937_64& random) {
  return static_cast<std::uint32_t>(1 + (random() >> (35 + random() % 29)) % ((1U << 29) - 1));
}

TEST(Fields, AreReadByProtocolBuffersAsTheyWereWritten) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    Bytes ours;
    FieldWriter writer(ours);
    UnknownFieldSet theirs;
    for (std::size_t count = random() % 30; count > 0; --count) {
      const std::uint32_t field = any_field(random);
      const int number = static_cast<int>(field);
      const std::uint64_t value = any_number(random) | 1;
      switch (random() % 4) {
        case 0:
          writer.put_unsigned(field, value);
          theirs.AddVarint(number, value);
          break;
        case 1: {
          const auto is_signed = static_cast<std::int64_t>(value);
          writer.put_signed(field, is_signed);
          theirs.AddVarint(number, (value << 1) ^ (is_signed < 0 ? ~std::uint64_t{0} : 0));
          break;
        }
        case 2:
          writer.put_fixed64(field, value);
          theirs.AddFixed64(number, value);
          break;
        default: {
          const std::string text(random() % 300, static_cast<char>(random()));
          writer.put_bytes_always(field, as_bytes(text));
          theirs.AddLengthDelimited(number, text);
        }
      }
    }
    std::string expected;
    ASSERT_TRUE(theirs.SerializeToString(&expected));
    ASSERT_EQ(to_hex(ours), to_hex(as_bytes(expected)));
    UnknownFieldSet parsed;
    ASSERT_TRUE(parsed.ParseFromArray(ours.data(), static_cast<int>(ours.size())));
    ASSERT_EQ(parsed.field_count(), theirs.field_count());
  }
}

TEST(Fields, ReadWhatProtocolBuffersWrote) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    UnknownFieldSet theirs;
    for (std::size_t count = random() % 30; count > 0; --count) {
      const int number = static_cast<int>(any_field(random));
      switch (random() % 4) {
        case 0: theirs.AddVarint(number, any_number(random)); break;
        case 1: theirs.AddFixed64(number, any_number(random)); break;
        case 2: theirs.AddFixed32(number, static_cast<std::uint32_t>(any_number(random))); break;
        default: theirs.AddLengthDelimited(number, std::string(random() % 300, 'x'));
      }
    }
    std::string encoded;
    ASSERT_TRUE(theirs.SerializeToString(&encoded));
    FieldReader reader(as_bytes(encoded), "a message");
    Bytes kept;
    for (int i = 0; i < theirs.field_count(); ++i) {
      const UnknownField& field = theirs.field(i);
      ASSERT_TRUE(reader.next());
      ASSERT_EQ(reader.field(), static_cast<std::uint32_t>(field.number()));
      switch (field.type()) {
        case UnknownField::TYPE_VARINT:
          ASSERT_EQ(reader.as_unsigned(), field.varint());
          ASSERT_EQ(reader.as_signed(),
                    static_cast<std::int64_t>(field.varint() >> 1) ^ -static_cast<std::int64_t>(field.varint() & 1));
          break;
        case UnknownField::TYPE_FIXED64: ASSERT_EQ(reader.as_fixed64(), field.fixed64()); break;
        case UnknownField::TYPE_LENGTH_DELIMITED: ASSERT_EQ(reader.as_string(), field.length_delimited()); break;
        default: break;  // fixed32 is walked over and kept, not read
      }
      reader.keep(kept);
    }
    ASSERT_FALSE(reader.next());
    ASSERT_TRUE(reader.status());
    ASSERT_EQ(as_text(kept), encoded) << "kept fields are the bytes that were read";
  }
}

TEST(FieldReader, KeepsUnknownFieldsForTheNextWriter) {
  Bytes newer;
  FieldWriter writer(newer);
  writer.put_unsigned(1, 5);
  writer.put_text(99, "from the future");
  writer.put_signed(100, -7);
  FieldReader reader(newer, "a row");
  Bytes unknown;
  std::uint64_t known = 0;
  while (reader.next()) {
    if (reader.field() == 1) {
      known = reader.as_unsigned();
    } else {
      reader.keep(unknown);
    }
  }
  ASSERT_TRUE(reader.status());
  Bytes again;
  FieldWriter rewriter(again);
  rewriter.put_unsigned(1, known);
  rewriter.put_raw(unknown);
  EXPECT_EQ(again, newer);
}

void expect_damaged(std::string_view hex) {
  SCOPED_TRACE(hex);
  const Bytes bytes = from_hex(hex).value();
  FieldReader reader(bytes, "the bucket row");
  while (reader.next()) {
  }
  const auto status = reader.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::damaged);
  EXPECT_EQ(status.error().id, "fields.damaged");
  EXPECT_NE(status.error().message.find("the bucket row"), std::string::npos);
  EXPECT_FALSE(reader.next()) << "damage ends the walk";
}

TEST(FieldReader, RefusesMalformedBytes) {
  expect_damaged("08");                        // a tag without value
  expect_damaged("88");                        // a tag cut short
  expect_damaged("0896");                      // a number cut short
  expect_damaged("08ffffffffffffffffffff01");  // 11 bytes
  expect_damaged("08ffffffffffffffffff02");    // 65 bits
  expect_damaged("0001");                      // field 0
  expect_damaged("0bff0c");                    // groups
  expect_damaged("0c");
  expect_damaged("0e00");  // wire types that are not defined
  expect_damaged("0f00");
  expect_damaged("0901020304050607");        // 7 of 8 bytes
  expect_damaged("0d010203");                // 3 of 4 bytes
  expect_damaged("1201");                    // a length beyond the end
  expect_damaged("12ffffffffffffffffff01");  // a length of 2^64 - 1
  expect_damaged("12ffffffff0f00");
  expect_damaged(
      "808080808001"
      "00");                 // a tag of more than 32 bits
  expect_damaged("080112");  // damage behind a good field
}

TEST(FieldReader, RefusesAFieldOfAnotherType) {
  const Bytes number = from_hex("0805").value();
  const Bytes fixed = from_hex("090100000000000000").value();
  const Bytes text = from_hex("0a0178").value();
  const auto status_after = [](ByteView bytes, auto read) {
    FieldReader reader(bytes, "a row");
    EXPECT_TRUE(reader.next());
    read(reader);
    return reader.status().has_value();
  };
  EXPECT_TRUE(status_after(number, [](FieldReader& r) { EXPECT_EQ(r.as_unsigned(), 5U); }));
  EXPECT_FALSE(status_after(number, [](FieldReader& r) { EXPECT_TRUE(r.as_view().empty()); }));
  EXPECT_FALSE(status_after(number, [](FieldReader& r) { EXPECT_EQ(r.as_fixed64(), 0U); }));
  EXPECT_TRUE(status_after(fixed, [](FieldReader& r) { EXPECT_EQ(r.as_fixed64(), 1U); }));
  EXPECT_FALSE(status_after(fixed, [](FieldReader& r) { EXPECT_EQ(r.as_unsigned(), 0U); }));
  EXPECT_FALSE(status_after(text, [](FieldReader& r) { EXPECT_EQ(r.as_signed(), 0); }));
  EXPECT_TRUE(status_after(text, [](FieldReader& r) { EXPECT_EQ(r.as_string(), "x"); }));
}

TEST(FieldReader, RefusesEveryTruncationThatCutsAField) {
  Bytes out;
  FieldWriter writer(out);
  writer.put_unsigned(1, 1ULL << 40);
  const std::size_t first_end = out.size();
  writer.put_text(2, "some text");
  for (std::size_t size = 1; size < out.size(); ++size) {
    FieldReader reader(ByteView(out).first(size), "a row");
    while (reader.next()) {
    }
    EXPECT_EQ(reader.status().has_value(), size == first_end) << size;
  }
}

}  // namespace
}  // namespace atl::codec
