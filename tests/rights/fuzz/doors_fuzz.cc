// Whole requests from foreign bytes through all doors, as the owner of a home in memory: REST and WebDAV with a token,
// S3 with a good signature, so that what stands behind signing in is reached. Nothing is answered 500, nothing throws,
// and every answer says what it is.
//
// The first byte chooses the door; then "METHOD target", lines of fields, an empty line, and the body.
#include <algorithm>
#include <memory>

#include "rights_world.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace): one program

// What was stored is kept in memory: a world is left for a new one after so many requests.
constexpr int kRequestsOfAWorld = 2'000;

std::unique_ptr<rights::RightsWorld> fresh_world() {
  auto world = std::make_unique<rights::RightsWorld>(rights::roles().front());
  world->ask_s3("PUT", "/photos");
  world->ask_s3("PUT",
                "/photos?versioning=", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  world->ask_s3("PUT", "/photos/a/b", "content");
  world->ask_s3("PUT", "/photos/key", "0123456789");
  return world;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}
// As the reader of heads lets through.
bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The last one is left behind: tables that were built on first use go before it at the program's end.
  static auto& world = *new std::unique_ptr<rights::RightsWorld>;
  static int requests = 0;
  if (world == nullptr || ++requests % kRequestsOfAWorld == 0) world = fresh_world();
  if (size < 4) return 0;
  std::string_view text = as_text({data + 1, size - 1});
  const std::string_view line = take_line(text);
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  const std::string method(line.substr(0, blank));
  const std::string target(line.substr(blank + 1));
  if (!is_token(method) || !target.starts_with('/') || !is_clean(target) || target.find(' ') != std::string::npos ||
      target.find('#') != std::string::npos)
    return 0;
  net::Headers headers;
  rights::Fields fields;
  for (std::string_view field = take_line(text); !field.empty(); field = take_line(text)) {
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon)) || !is_clean(field)) return 0;
    const std::string name(field.substr(0, colon));
    const std::string value(net::trim_blanks(field.substr(colon + 1)));
    headers.add(name, value);
    fields.emplace_back(name, value);
  }
  const std::string body(text);
  const auto reply =
      data[0] % 2 == 0 ? world->ask(method, target, body, headers) : world->ask_s3(method, target, body, fields);
  ATOLL_INVARIANT(reply.status >= 200 && reply.status < 600 && reply.status != 500, "a request is answered");
  ATOLL_INVARIANT(reply.body.empty() || reply.headers.has("Content-Type"), "content says what it is");
  return 0;
}
