#include "derived/vector/token_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "derived/vector/vector_index.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::vector {
namespace {

constexpr std::string_view kTokenizer =
    R"({"version":"1.0","normalizer":{"type":"BertNormalizer","lowercase":true},"model":{"type":"WordPiece",)"
    R"("unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,)"
    R"("vocab":{"[UNK]":0,"house":1,"##s":2,"cat":3,".":4,"日":5,"##hold":6}}})";

Bytes table_file(const std::string& header, std::size_t data_bytes) {
  Bytes file;
  ByteWriter out(file);
  out.put(static_cast<std::uint64_t>(header.size()));
  out.put_bytes(as_bytes(header));
  for (std::size_t i = 0; i < data_bytes / 4; ++i) out.put(std::bit_cast<std::uint32_t>(static_cast<float>(i)));
  return file;
}

std::string header_of(const std::string& type, int rows, int columns, int begin, int end) {
  return R"({"__metadata__":{"format":"pt"},"embeddings":{"dtype":")" + type + R"(","shape":[)" + std::to_string(rows) +
         "," + std::to_string(columns) + R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) +
         "]}}";
}

Bytes good_table() { return table_file(header_of("F32", 7, 2, 0, 56), 56); }

TEST(TokenTable, WordsArePiecesOfTheVocabularyAndATextIsTheirMean) {
  const auto table = TokenTable::parse("tiny", good_table(), kTokenizer);
  ASSERT_TRUE(table.has_value()) << table.error().message;
  using Tokens = std::vector<std::uint32_t>;
  EXPECT_EQ((*table)->tokens_of("House houses HOUSEHOLDS."), (Tokens{1, 1, 2, 1, 6, 2, 4}));
  EXPECT_EQ((*table)->tokens_of("hóuse日cat"), (Tokens{1, 5, 3}));
  EXPECT_EQ((*table)->tokens_of("dog housex catcat"), Tokens{});
  EXPECT_EQ((*table)->info().dimension, 2U);
  EXPECT_EQ((*table)->info().name, "tiny");
  const std::array<std::string_view, 3> texts{"houses", "dog", ""};
  const auto rows = (*table)->embed(texts, TextRole::document);
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(rows->numbers, (std::vector<float>{3, 4, 0, 0, 0, 0}));
}

TEST(TokenTable, IsOpenedFromAFolderAndKnowsItsVersion) {
  platform::TestMachine machine;
  machine.files.set_content("/models/tiny/model.safetensors", good_table());
  machine.files.set_content("/models/tiny/tokenizer.json", as_bytes(kTokenizer));
  const auto table = TokenTable::open(machine.files, "/models/tiny");
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ((*table)->info().name, "tiny");
  EXPECT_EQ((*table)->info().version, (*TokenTable::parse("x", good_table(), kTokenizer))->info().version);
  EXPECT_EQ(TokenTable::open(machine.files, "/models/none").error().kind, ErrorKind::not_found);
}

TEST(TokenTable, OtherKindsAreRefusedByName) {
  const auto error = [](ByteView table, std::string_view tokenizer) {
    const auto parsed = TokenTable::parse("x", table, tokenizer);
    return parsed ? std::string() : parsed.error().id;
  };
  EXPECT_EQ(error(good_table(), R"({"model":{"type":"BPE","vocab":{}}})"), "token_table.unsupported");
  EXPECT_EQ(error(table_file(header_of("BF16", 7, 2, 0, 28), 28), kTokenizer), "token_table.unsupported");
  EXPECT_EQ(error(table_file(R"({"weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}})", 4), kTokenizer),
            "token_table.unsupported");
  EXPECT_EQ(error(table_file(header_of("F32", 6, 2, 0, 48), 48), kTokenizer), "token_table.malformed");  // no row 6
  EXPECT_EQ(error(table_file(header_of("F32", 7, 2, 0, 60), 60), kTokenizer), "token_table.malformed");
  EXPECT_EQ(error(table_file(header_of("F32", 7, 2, 4, 60), 56), kTokenizer), "token_table.malformed");
  EXPECT_EQ(error(table_file(header_of("F32", 2'000'000'000, 4000, 0, 56), 56), kTokenizer), "token_table.malformed");
  EXPECT_EQ(error(table_file(header_of("F16", 14, 2, 0, 56), 56), kTokenizer), "");
  Bytes endless = good_table();
  store_le(endless.data(), std::uint64_t{1} << 60);
  EXPECT_EQ(error(endless, kTokenizer), "token_table.malformed");
  EXPECT_EQ(error({}, kTokenizer), "token_table.malformed");
  EXPECT_EQ(error(good_table(), "{}"), "token_table.malformed");
}

TEST(TokenTable, DamagedFilesAreErrorsAndNothingElse) {
  platform::SeededRandom random(1);
  for (int i = 0; i < 3000; ++i) {
    Bytes table = good_table();
    std::string tokenizer(kTokenizer);
    if (random.one_in(2)) {
      table[random.below(table.size())] = static_cast<std::uint8_t>(random.below(256));
    } else {
      tokenizer[random.below(tokenizer.size())] = static_cast<char>(random.below(128));
    }
    const auto parsed = TokenTable::parse("x", table, tokenizer);
    if (parsed) ignore_error_on_purpose((*parsed)->embed({}, TextRole::query));
  }
}

}  // namespace
}  // namespace atl::vector
