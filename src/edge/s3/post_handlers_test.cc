// Uploads from forms: what a policy allows is stored, and nothing else.
#include <gtest/gtest.h>

#include <algorithm>

#include "edge/s3/testing/service_fixture.h"
#include "edge/s3/testing/signed_form.h"

namespace atl::s3 {
namespace {

TEST_F(ServiceTest, FormsStoreWhatTheirPolicyAllows) {
  const std::string rule = R"({"bucket":"bucket"},["starts-with","$key","in/"],["content-length-range",2,9],)"
                           R"(["starts-with","$x-amz-meta-note",""],["starts-with","$Content-Type","text/"],)"
                           R"(["starts-with","$success_action_status",""],["starts-with","$tagging",""])";
  const testing::FormPairs fields{
      {"key", "in/${filename}"},
      {"Content-Type", "text/markdown"},
      {"x-amz-meta-note", "by form"},
      {"tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>"}};
  const Reply stored = post_form(fields, rule, "content");
  EXPECT_EQ(stored.status, 204U) << stored.body;
  EXPECT_EQ(stored.headers.get("Location"), "http://server:7070/bucket/in/a%20b.txt");
  const Reply there = get("in/a%20b.txt");
  EXPECT_EQ(there.body, "content");
  EXPECT_EQ(there.headers.get("ETag"), stored.headers.get("ETag"));
  EXPECT_EQ(there.headers.get("ETag"), "\"" + to_hex(codec::md5(as_bytes("content"))) + "\"");
  EXPECT_EQ(there.headers.get("Content-Type"), "text/markdown");
  EXPECT_EQ(there.headers.get("x-amz-meta-note"), "by form");
  EXPECT_EQ(there.headers.get("x-amz-tagging-count"), "1");

  const auto with = [&](testing::FormPairs more, const std::string& content = "content") {
    for (const auto& one : fields) {
      if (std::ranges::none_of(more, [&](const auto& own) { return own.first == one.first; })) more.push_back(one);
    }
    return post_form(more, rule, content);
  };
  EXPECT_EQ(with({{"key", "out/a"}}).code(), "AccessDenied");
  EXPECT_EQ(with({{"acl", "private"}}).code(), "AccessDenied") << "no condition names it";
  EXPECT_EQ(with({}, "c").code(), "EntityTooSmall");
  EXPECT_EQ(with({}, "more than nine").code(), "EntityTooLarge");
  EXPECT_EQ(get("in/a%20b.txt").body, "content") << "what was refused stored nothing";
  const Reply shown = with({{"success_action_status", "201"}});
  EXPECT_EQ(shown.status, 201U);
  const auto root = xml::read(shown.body);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->text_of("Key"), "in/a b.txt");
  EXPECT_EQ(root->text_of("Bucket"), "bucket");
  EXPECT_EQ(with({{"success_action_status", "200"}}).status, 200U);
}

TEST_F(ServiceTest, FormsSendBrowsersOnOnlyWhereItWasSigned) {
  const std::string rule = R"({"key":"k"},["starts-with","$success_action_redirect","https://here.example/"])";
  const auto sent_to = [&](const std::string& address) {
    return post_form({{"key", "k"}, {"success_action_redirect", address}}, rule, "content");
  };
  const Reply on = sent_to("https://here.example/done?x=1#part");
  EXPECT_EQ(on.status, 303U) << on.body;
  EXPECT_EQ(on.headers.get("Location"), "https://here.example/done?x=1&bucket=bucket&key=k&etag=%22" +
                                            to_hex(codec::md5(as_bytes("content"))) + "%22");
  EXPECT_EQ(sent_to("https://elsewhere.example/").code(), "AccessDenied");
  EXPECT_EQ(sent_to("https://here.example/a\tb").status, 204U) << "no address";
}

TEST_F(ServiceTest, FormsWithoutAKeyOrWithAWrongOneStoreNothing) {
  const auto status = [&](const testing::FormPairs& fields) {
    const auto form = testing::form_of(fields, "f", "content");
    return send("POST", "/bucket", {{"Host", "server:7070"}, {"Content-Type", form.content_type}}, form.body);
  };
  EXPECT_EQ(status({{"key", "k"}}).code(), "AccessDenied") << "nobody's form";
  EXPECT_EQ(status({}).code(), "InvalidArgument");
  EXPECT_EQ(status({{"key", "k"}, {"x-amz-signature", std::string(64, 'a')}}).code(), "InvalidArgument");
  EXPECT_EQ(status({{"key", "k"}, {"policy", "e30="}, {"AWSAccessKeyId", "a"}, {"signature", "b"}}).code(),
            "InvalidRequest");
  auto fields = testing::signed_policy(credentials_.at("owner"), machine_.clock.peek(), R"({"key":"k"})");
  fields.emplace_back("key", "k");
  const auto changed = [&](const std::string& name, const std::string& value) {
    auto other = fields;
    for (auto& one : other) {
      if (one.first == name) one.second = value;
    }
    return status(other).code();
  };
  EXPECT_EQ(changed("x-amz-signature", std::string(64, 'a')), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("policy", "e30="), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("x-amz-algorithm", "AWS4-ECDSA"), "InvalidRequest");
  EXPECT_EQ(changed("x-amz-credential", "NOBODY/20300101/us-east-1/s3/aws4_request"),
            "AuthorizationQueryParametersError");
  EXPECT_EQ(
      status(testing::signed_policy({"AKIANOBODY0000000000", "secret", "us-east-1"}, machine_.clock.peek(), "")).code(),
      "InvalidArgument")
      << "no key";
  auto nobodys =
      testing::signed_policy({"AKIANOBODY0000000000", "secret", "us-east-1"}, machine_.clock.peek(), R"({"key":"k"})");
  nobodys.emplace_back("key", "k");
  EXPECT_EQ(status(nobodys).code(), "InvalidAccessKeyId");
  auto old = testing::signed_policy(credentials_.at("owner"), machine_.clock.peek(), R"({"key":"k"})", -1);
  old.emplace_back("key", "k");
  EXPECT_EQ(status(old).code(), "AccessDenied");
  EXPECT_EQ(post_form({{"key", "k"}}, R"({"key":"k"})", "x", "reader").code(), "AccessDenied");
  EXPECT_EQ(send("POST", "/bucket", {{"Host", "server:7070"}}, "key=k").status, 412U);
  const auto form = testing::form_of(fields, "f", "content");
  EXPECT_EQ(send("POST", "/bucket", {{"Host", "server:7070"}, {"Content-Type", form.content_type}},
                 form.body.substr(0, form.body.size() - 10))
                .code(),
            "IncompleteBody");
  EXPECT_EQ(get("k").code(), "NoSuchKey");
  EXPECT_EQ(status(fields).status, 204U) << "and whole it is stored";
}

}  // namespace
}  // namespace atl::s3
