#include "edge/s3/errors.h"

#include <gtest/gtest.h>

#include <set>

#include "foundation/xml/xml.h"

namespace atl::s3 {
namespace {

TEST(Errors, EveryCodeHasItsOwnFactsAndComesBackFromItsError) {
  std::set<std::string_view> ids;
  for (int number = 0; number <= static_cast<int>(Code::XAmzContentSHA256Mismatch); ++number) {
    const auto code = static_cast<Code>(number);
    const CodeFacts& facts = facts_of(code);
    EXPECT_EQ(facts.code, code) << number;
    EXPECT_TRUE(ids.insert(facts.id).second) << facts.id;
    EXPECT_TRUE(facts.id.starts_with("s3."));
    EXPECT_GE(facts.status, 300);
    EXPECT_FALSE(facts.message.empty());
    EXPECT_EQ(code_of(fail(code).value()), code) << facts.id;
  }
}

TEST(Errors, OfOtherModulesGetACodeByIdOrKind) {
  EXPECT_EQ(code_of({ErrorKind::not_found, "bucket.not_found", "", "", 0}), Code::NoSuchBucket);
  EXPECT_EQ(code_of({ErrorKind::no_space, "disk.full", "", "", 0}), Code::StorageFull);
  EXPECT_EQ(code_of({ErrorKind::damaged, "pack.group_damaged", "", "", 0}), Code::InternalError);
}

TEST(Errors, TheDocumentSaysNothingAboutOurInsides) {
  const std::string document =
      error_document({ErrorKind::io, "file.read", "/home/me/packs/x: bad", "", 5}, "/b/k<", "R1");
  const auto root = xml::read(document);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "Error");
  EXPECT_EQ(root->text_of("Code"), "InternalError");
  EXPECT_EQ(root->text_of("Resource"), "/b/k<");
  EXPECT_EQ(root->text_of("RequestId"), "R1");
  EXPECT_EQ(document.find("/home"), std::string::npos);
}

}  // namespace
}  // namespace atl::s3
