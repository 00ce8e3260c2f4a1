#include "edge/s3/operations.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

std::string found(std::string_view method, ResourceKind resource, std::string_view query,
                  bool has_copy_source = false) {
  const auto row = find_operation(method, resource, parse_parameters(query).value(), has_copy_source);
  return std::string(row ? (*row)->name : facts_of(code_of(row.error())).name);
}

TEST(Operations, AnAddressMeansOneOperation) {
  using enum ResourceKind;
  EXPECT_EQ(found("GET", service, ""), "ListBuckets");
  EXPECT_EQ(found("GET", bucket, "prefix=a&delimiter=/"), "ListObjects");
  EXPECT_EQ(found("GET", bucket, "list-type=2&prefix=a"), "ListObjectsV2");
  EXPECT_EQ(found("GET", bucket, "versions&prefix="), "ListObjectVersions");
  EXPECT_EQ(found("GET", bucket, "uploads"), "ListMultipartUploads");
  EXPECT_EQ(found("POST", bucket, "delete"), "DeleteObjects");
  EXPECT_EQ(found("PUT", object, ""), "PutObject");
  EXPECT_EQ(found("PUT", object, "x-id=PutObject"), "PutObject");
  EXPECT_EQ(found("PUT", object, "", true), "CopyObject");
  EXPECT_EQ(found("PUT", object, "partNumber=1&uploadId=x"), "UploadPart");
  EXPECT_EQ(found("PUT", object, "partNumber=1&uploadId=x", true), "UploadPartCopy");
  EXPECT_EQ(found("POST", object, "uploads"), "CreateMultipartUpload");
  EXPECT_EQ(found("POST", object, "uploads="), "CreateMultipartUpload");
  EXPECT_EQ(found("POST", object, "uploadId=x"), "CompleteMultipartUpload");
  EXPECT_EQ(found("DELETE", object, "uploadId=x"), "AbortMultipartUpload");
  EXPECT_EQ(found("DELETE", object, "versionId=x"), "DeleteObject");
  EXPECT_EQ(found("GET", object, "uploadId=x&max-parts=2"), "ListParts");
  EXPECT_EQ(found("GET", object, "partNumber=1"), "GetObject");
  EXPECT_EQ(found("HEAD", object, "versionId=x"), "HeadObject");
}

TEST(Operations, AParameterThatNamesAnotherOperationIsNeverPassedOver) {
  using enum ResourceKind;
  EXPECT_EQ(found("PUT", object, "torrent"), "NotImplemented");
  EXPECT_EQ(found("DELETE", object, "acl"), "NotImplemented") << "not the object itself";
  EXPECT_EQ(found("PUT", object, "uploadId=x"), "NotImplemented") << "a part without its number";
  EXPECT_EQ(found("PUT", object, "uploads"), "NotImplemented");
  EXPECT_EQ(found("DELETE", bucket, "versioning"), "NotImplemented") << "not the bucket itself";
  EXPECT_EQ(found("PUT", bucket, "website"), "NotImplemented");
  EXPECT_EQ(found("PUT", bucket, "replication"), "NotImplemented");
  EXPECT_EQ(found("GET", bucket, "acl&policy"), "NotImplemented") << "two at once";
  EXPECT_EQ(found("POST", bucket, "acl"), "NotImplemented") << "no form upload";
  EXPECT_EQ(found("PATCH", bucket, ""), "MethodNotAllowed");
  EXPECT_EQ(found("PUT", service, ""), "MethodNotAllowed");
}

TEST(Operations, EveryRowIsFoundByItsOwnAddress) {
  for (const OperationRow& row : operations()) {
    std::string query(row.keys);
    const bool is_copy = query.find("@copy") != std::string::npos;
    if (is_copy) query.erase(query.find("@copy"));
    for (char& c : query) {
      if (c == ' ') c = '&';
    }
    const std::string expected = row.state == State::refused ? "NotImplemented" : std::string(row.name);
    EXPECT_EQ(found(row.method, row.resource, query, is_copy), expected) << row.name;
  }
}

TEST(Operations, ThePageOfTheManualIsWhatTheTableSays) {
  std::ifstream file(ATOLL_DOCS "/s3.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  const std::size_t begin = page.find("<!-- generated: begin -->\n");
  const std::size_t end = page.find("<!-- generated: end -->");
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + std::string_view("<!-- generated: begin -->\n").size();
  EXPECT_EQ(page.substr(from, end - from), operations_page()) << "write it anew: build/dev/bin/edge_s3_test "
                                                                 "--gtest_filter=Operations.ThePage* shows it";
}

}  // namespace
}  // namespace atl::s3
