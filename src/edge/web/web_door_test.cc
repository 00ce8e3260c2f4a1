// What a browser gets at which address, in which form, and that the built page is small.
#include "edge/web/web_door.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace atl::web {
namespace {

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}  // NOLINT

struct Got {
  unsigned status = 0;
  net::Headers headers;
  std::string body;
  [[nodiscard]] std::string field(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
};

Got ask(std::span<const Asset> assets, const std::string& path, net::Headers headers = {},
        const std::string& method = "GET", std::string_view base_path = "/") {
  const net::ConnectionFacts connection;
  net::MemoryBody body("");
  const net::Request request{method, path, 11, std::move(headers), std::nullopt, false, connection, body};
  auto response = answer_page(assets, request, path, base_path);
  Got got{response.status, response.headers, {}};
  if (const auto* shared = std::get_if<net::SharedBytes>(&response.body)) got.body = text_of(shared->bytes);
  if (const auto* text = std::get_if<std::string>(&response.body)) got.body = *text;
  return got;
}

class WebDoorTest : public ::testing::Test {
 protected:
  Got get(const std::string& path, net::Headers headers = {}) { return ask(assets_, path, std::move(headers)); }
  std::array<Asset, 3> assets_{{
      {"index.html",
       "text/html; charset=utf-8",
       "11",
       as_bytes(R"(<head><base href="/" /><script src="./ui/assets/main-1.js">)"),
       {},
       {}},
      {"ui/assets/main-1.js", "text/javascript; charset=utf-8", "22", as_bytes("plain script"), as_bytes("gz"),
       as_bytes("b")},
      {"ui/assets/atoll-1.svg", "image/svg+xml", "33", as_bytes("<svg/>"), {}, {}},
  }};
};

TEST_F(WebDoorTest, EveryAddressOfThePageIsThePage) {
  for (const char* path : {"/", "/ui", "/ui/files/photos", "/ui/nothing", "/s/atll_abc"}) {
    const Got got = get(path);
    EXPECT_EQ(got.status, 200U) << path;
    EXPECT_EQ(got.field("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(got.field("Cache-Control"), "no-cache") << "a new program has a new page";
    EXPECT_NE(got.body.find("main-1.js"), std::string::npos);
  }
}

TEST_F(WebDoorTest, AFileThatIsNotThereIsNotThePage) {
  EXPECT_EQ(get("/ui/assets/main-0.js").status, 404U) << "an old page asks for files of its program, and has to see it";
  EXPECT_EQ(get("/ui/assets/../index.html").status, 404U);
  EXPECT_EQ(get("/other").status, 404U);
}

TEST_F(WebDoorTest, FilesComeInTheSmallestFormThatTheBrowserTakes) {
  const std::string path = "/ui/assets/main-1.js";
  EXPECT_EQ(get(path).body, "plain script");
  EXPECT_EQ(get(path).field("Content-Encoding"), "");
  const Got gzip = get(path, {{"Accept-Encoding", "gzip, deflate"}});
  EXPECT_EQ(gzip.body, "gz");
  EXPECT_EQ(gzip.field("Content-Encoding"), "gzip");
  const Got brotli = get(path, {{"Accept-Encoding", "gzip, br, zstd"}});
  EXPECT_EQ(brotli.body, "b");
  EXPECT_EQ(brotli.field("Content-Encoding"), "br");
  EXPECT_EQ(get(path, {{"Accept-Encoding", "br;q=0, gzip"}}).body, "gz");
  EXPECT_EQ(brotli.field("Vary"), "Accept-Encoding");
  EXPECT_EQ(brotli.field("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_NE(brotli.field("ETag"), gzip.field("ETag"));
  const Got again = get(path, {{"Accept-Encoding", "br"}, {"If-None-Match", brotli.field("ETag")}});
  EXPECT_EQ(again.status, 304U);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(get(path, {{"If-None-Match", brotli.field("ETag")}}).status, 200U);
}

TEST_F(WebDoorTest, NothingInlineRunsAndNobodyFramesIt) {
  for (const char* path : {"/", "/ui/assets/main-1.js", "/robots.txt", "/none"}) {
    const std::string policy = get(path).field("Content-Security-Policy");
    EXPECT_NE(policy.find("script-src 'self';"), std::string::npos) << path;
    EXPECT_NE(policy.find("style-src 'self';"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(get(path).field("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(get(path).field("Referrer-Policy"), "no-referrer") << "the address of a link is its secret";
  }
}

TEST_F(WebDoorTest, HeadHasTheLengthAndNoBodyAndNothingElseIsTaken) {
  const Got head = ask(assets_, "/", {}, "HEAD");
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.body, "");
  const Got post = ask(assets_, "/", {}, "POST");
  EXPECT_EQ(post.status, 405U);
  EXPECT_EQ(post.field("Allow"), "GET, HEAD");
}

TEST_F(WebDoorTest, BelowAPathOfAProxyThePageKnowsThatPath) {
  const Got got = ask(assets_, "/ui/files", {}, "GET", "/files/");
  EXPECT_NE(got.body.find(R"(<base href="/files/")"), std::string::npos);
  EXPECT_EQ(got.body.find(R"(<base href="/")"), std::string::npos);
}

TEST_F(WebDoorTest, WithoutABuiltPageItSaysSo) {
  const Got got = ask({}, "/");
  EXPECT_EQ(got.status, 200U);
  EXPECT_NE(got.body.find("built without its page"), std::string::npos);
  EXPECT_EQ(ask({}, "/ui/assets/main-1.js").status, 404U);
  EXPECT_EQ(ask({}, "/favicon.ico").status, 404U);
}

// What the first look at the page costs over the wire, and that what index.html names is there.
TEST(BuiltPage, ItsFirstLoadIsUnder300KBAndWhole) {
  const auto assets = built_assets();
  if (assets.empty()) return;  // built with ATOLL_WEB=OFF: there is no page to measure
  std::size_t first_bytes = 0;
  std::size_t all_bytes = 0;
  std::string_view index;
  for (const Asset& one : assets)
    if (one.path == kIndexPath) index = text_of(one.plain);
  ASSERT_FALSE(index.empty());
  EXPECT_NE(index.find("<base href=\"/\""), std::string_view::npos);
  for (const Asset& one : assets) {
    const std::size_t bytes = one.gzip.empty() ? one.plain.size() : one.gzip.size();
    all_bytes += bytes;
    if (one.path == kIndexPath || index.find(one.path) != std::string_view::npos) first_bytes += bytes;
  }
  for (std::size_t at = index.find("ui/assets/"); at != std::string_view::npos; at = index.find("ui/assets/", at + 1)) {
    const std::string path = "/" + std::string(index.substr(at, index.find('"', at) - at));
    EXPECT_EQ(ask(assets, path).status, 200U) << path;
  }
  EXPECT_EQ(index.find("<style"), std::string_view::npos);
  EXPECT_EQ(index.find("://"), std::string_view::npos) << "nothing from elsewhere";
  RecordProperty("first_load_gzip_bytes", static_cast<int>(first_bytes));
  EXPECT_LT(first_bytes, 300'000U);
  EXPECT_LT(all_bytes, 600'000U) << "every page together";
}

}  // namespace
}  // namespace atl::web
