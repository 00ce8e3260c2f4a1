// Forms as browsers and libraries write them, in pieces of any size; and what must not pass.
#include "edge/s3/form_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

struct Outcome {
  FormFields form;
  std::string data;
  std::string error;  // code, or empty
};

Outcome decode(std::string_view sent, std::string_view boundary, std::size_t step_max, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  FormReader reader(
      [&](ByteSpan out) -> Result<std::size_t> {
        const std::size_t count = std::min({out.size(), sent.size(), std::size_t{1} + random() % step_max});
        std::copy_n(sent.data(), count, out.data());
        sent.remove_prefix(count);
        return count;
      },
      boundary);
  Outcome outcome;
  auto form = reader.read_fields();
  if (!form) return {{}, {}, std::string(facts_of(code_of(form.error())).name)};
  outcome.form = std::move(*form);
  Bytes piece(1 + random() % 5000);
  while (true) {
    const auto count = reader.read_file(piece);
    if (!count) {
      outcome.error = facts_of(code_of(count.error())).name;
      return outcome;
    }
    if (*count == 0) return outcome;
    outcome.data.append(as_text(ByteView(piece).first(*count)));
  }
}

const std::string kHead =
    "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/${filename}\r\n"
    "--b\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; name=Policy\r\n\r\ne30=\r\n"
    "--b  \r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\photos\\my \\\"best\\\".jpg\"\r\n"
    "Content-Type: image/jpeg\r\n\r\n";

TEST(FormReader, FieldsAndFileComeWholeWhateverThePieces) {
  std::mt19937_64 random(7);
  std::string content(200'000, '\0');
  for (char& c : content) c = static_cast<char>(random());
  content += "\r\n--\r\n--a\r\n-b--\r\n--";  // nearly the delimiter
  for (const std::string& data : {std::string(), std::string("x"), std::string("\r\n"), content}) {
    const std::string sent = kHead + data + "\r\n--b--\r\nepilogue";
    for (const std::size_t step : {1UL, 3UL, 1000UL, 1'000'000UL}) {
      if (step == 1 && data.size() > 1000) continue;
      const Outcome outcome = decode(sent, "b", step, step);
      EXPECT_EQ(outcome.error, "") << step;
      EXPECT_TRUE(outcome.data == data) << step << " " << outcome.data.size();
      EXPECT_EQ(outcome.form.get("key"), "a/${filename}");
      EXPECT_EQ(outcome.form.get("policy"), "e30=");
      EXPECT_EQ(outcome.form.get("empty"), "");
      EXPECT_EQ(outcome.form.get("file"), std::nullopt);
      EXPECT_EQ(outcome.form.file_name, "my \"best\".jpg");
      EXPECT_EQ(outcome.form.file_type, "image/jpeg");
    }
  }
}

TEST(FormReader, AFormThatBreaksOffIsAnErrorAtEveryPlace) {
  const std::string sent = kHead + "data\r\n--b--";
  for (std::size_t length = 0; length < sent.size(); ++length)
    EXPECT_NE(decode(sent.substr(0, length), "b", 100).error, "") << length;
  EXPECT_EQ(decode(sent, "b", 100).error, "");
}

TEST(FormReader, WhatIsNotAFormIsRefused) {
  const auto error = [](const std::string& sent) { return decode(sent, "b", 1000).error; };
  const std::string field = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nv\r\n";
  EXPECT_EQ(error("--b--\r\n"), "IncorrectNumberOfFilesInPostRequest");
  EXPECT_EQ(error(field + "--b--\r\n"), "IncorrectNumberOfFilesInPostRequest");
  EXPECT_EQ(error(field + field), "MalformedPOSTRequest") << "a field twice";
  EXPECT_EQ(error("--b\r\nContent-Disposition: form-data; name=\"KEY\"\r\n\r\nv\r\n" + field), "MalformedPOSTRequest");
  EXPECT_EQ(error("--bb\r\n\r\n\r\n"), "MalformedPOSTRequest") << "another boundary that begins so";
  for (const char* head :
       {"Content-Disposition: attachment; name=\"key\"", "Content-Disposition: form-data", "no colon",
        "Content-Disposition: form-data; name=\"key", "Content-Disposition: form-data; name=\"a\" name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"; name=\"b\"", "Content-Disposition: form-data; name=\"\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"; filename=\"x\"; filename=\"y\"", "Content-Type: text/plain"}) {
    EXPECT_EQ(error("--b\r\n" + std::string(head) + "\r\n\r\nv\r\n--b--"), "MalformedPOSTRequest") << head;
  }
  EXPECT_EQ(error(kHead + "data\r\n--bX and more"), "MalformedPOSTRequest") << "content that holds its delimiter";
}

TEST(FormReader, WhatStandsBeforeTheFileIsBounded) {
  const auto error = [](const std::string& sent) { return decode(sent, "b", 3000).error; };
  const std::string begin = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n";
  const std::string file = "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--";
  EXPECT_EQ(error(begin + std::string(19'000, 'v') + file), "");
  EXPECT_EQ(error(begin + std::string(21'000, 'v') + file), "MaxPostPreDataLengthExceededError");
  constexpr std::size_t long_bytes = 30'000'000;
  std::string endless;
  endless.resize(long_bytes, 'v');
  EXPECT_EQ(error(endless), "MaxPostPreDataLengthExceededError") << "no delimiter at all";
  EXPECT_EQ(error("--b\r\n" + std::string(30'000, 'v') + file), "MaxPostPreDataLengthExceededError");
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += "--b\r\nContent-Disposition: form-data; name=f" + std::to_string(i) + "\r\n\r\n\r\n";
  EXPECT_EQ(error(many + file), "MalformedPOSTRequest");
}

TEST(FormReader, BoundariesAreReadAsTheStandardHasThem) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b,c\""), "a b,c");
  EXPECT_EQ(form_boundary("multipart/form-data;boundary=----WebKitFormBoundaryE19zNvXGzXaLvS5C"),
            "----WebKitFormBoundaryE19zNvXGzXaLvS5C");
  for (const char* bad : {"", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=a",
                          "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=a; boundary=b",
                          "multipart/form-data; boundary=a\"b", "multipart/form-data; boundary=\"a \"",
                          "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(form_boundary(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

}  // namespace
}  // namespace atl::s3
