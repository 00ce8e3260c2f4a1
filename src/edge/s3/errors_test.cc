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

TEST(Errors, DamageIsSaidWithWhatToDoAndIsNoMissingObject) {
  for (const Error& error : {Error{ErrorKind::damaged, "group.damaged", "pack 0193 of /home/me is bad", "look", 0},
                             Error{ErrorKind::not_found, "chunk.not_found", "there is no chunk 12ab", "", 0},
                             Error{ErrorKind::not_found, "blob.not_found", "there is no blob '0193.pack'", "", 0},
                             Error{ErrorKind::not_found, "pack.not_found", "there is no pack 0193", "", 0}}) {
    EXPECT_EQ(facts_of(code_of(error)).status, 500) << error.id;
    const auto root = xml::read(error_document(error, "/b/k", "R1"));
    ASSERT_TRUE(root);
    EXPECT_EQ(root->text_of("Code"), "InternalError");
    const auto message = std::string(root->text_of("Message"));
    EXPECT_NE(message.find("damaged on the server's disk, or gone"), std::string::npos) << message;
    EXPECT_NE(message.find("try again in some minutes"), std::string::npos) << message;
    for (const char* inside : {"0193", "/home", "12ab"}) EXPECT_EQ(message.find(inside), std::string::npos) << message;
  }
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
