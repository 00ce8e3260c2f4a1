// What a tool answers with: blocks of content for the model, and the same as JSON for programs.
//
// Always true:
//  - A block is either what Atoll says, or what somebody stored, never both. What was stored stands between a line that
//    begins "<<stored MARK" and one that is "<<end MARK>>"; MARK is random and made for this answer, so that no stored
//    text can end its block, or begin one that looks like Atoll's.
//  - Names are stored data too: in what Atoll says they stand in quotation marks, as JSON has them, on one line.
// Source: Model Context Protocol, revision 2025-06-18, "Tool Result".
// Thread rules: one thread's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/error.h"
#include "foundation/json/json.h"
#include "foundation/platform/machine.h"

namespace atl::mcp {

class Answer {
 public:
  explicit Answer(platform::Random& random);
  // Atoll's own words.
  void say(std::string text);
  // What was stored. `source`: of one line, no foreign words in it that are not quoted().
  void quote(std::string_view source, std::string_view stored);
  // Bytes of what was stored: an embedded resource, or an image.
  void bytes(std::string_view uri, std::string_view media_type, ByteView content, bool is_image);
  // As the tool's output schema says.
  void set_structured(json::Value value) { structured_ = std::move(value); }
  [[nodiscard]] const json::Value& structured() const { return structured_; }
  // Tokens that quote() would take (budget.h).
  [[nodiscard]] std::uint64_t tokens_to_quote(std::string_view source, std::string_view stored) const;
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }  // of everything said and quoted

  // CallToolResult.
  [[nodiscard]] json::Value result() &&;

 private:
  [[nodiscard]] std::string framed(std::string_view source, std::string_view stored) const;
  std::string mark_;
  json::Value content_ = json::Value::array();
  json::Value structured_;
  std::uint64_t tokens_ = 0;
};

// An error as a CallToolResult that the model reads: what happened, what to do next, and the error's id.
[[nodiscard]] json::Value failed_result(const Error& error);

// A name as JSON has it, with quotation marks; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string quoted(std::string_view name);

// atoll://bucket/key, percent-encoded; with "?version=…" of one version. spec: docs/mcp.md.
inline constexpr std::string_view kScheme = "atoll://";
[[nodiscard]] std::string uri_of(std::string_view bucket, std::string_view key, std::string_view version = {});
struct ResourceAddress {
  std::string bucket;
  std::string key;
  std::string version;  // empty: the current one
};
// `usage` "mcp.bad_uri" for everything else: another scheme, no key, a name that no bucket or object can have.
[[nodiscard]] Result<ResourceAddress> parse_uri(std::string_view uri);

}  // namespace atl::mcp
