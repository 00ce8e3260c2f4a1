#include "edge/mcp/tool.h"

#include <algorithm>
#include <charconv>

#include "edge/mcp/budget.h"
#include "edge/rest/answers.h"
#include "vault/history/past.h"

namespace atl::mcp {

using json::Value;
namespace schema = rest::schema;

const std::vector<Tool>& tools() {
  static const std::vector<Tool> all = {find_tool(), get_tool(),  list_tool(), history_tool(),
                                        put_tool(),  note_tool(), tag_tool(),  undo_tool()};
  return all;
}

const Tool* tool_named(std::string_view name) {
  const auto found = std::ranges::find(tools(), name, &Tool::name);
  return found == tools().end() ? nullptr : &*found;
}

Value describe(const Tool& tool) {
  Value hints = Value::object();
  hints.set("title", tool.title).set("readOnlyHint", tool.is_read_only);
  if (!tool.is_read_only) hints.set("destructiveHint", false).set("idempotentHint", tool.is_idempotent);
  hints.set("openWorldHint", false);
  Value out = Value::object();
  out.set("name", tool.name).set("title", tool.title).set("description", tool.words);
  out.set("inputSchema", tool.input).set("outputSchema", tool.output);
  return out.set("annotations", std::move(hints));
}

schema::Member max_tokens_member(std::uint64_t otherwise) {
  return schema::optional(
      "max_tokens",
      schema::number(
          "How much of the context the answer may take: four ASCII characters, or one other character, count "
          "as a token.",
          kTokensMin, kTokensMax)
          .set("default", otherwise));
}

schema::Member cursor_member() {
  return schema::optional("cursor", schema::text("`next_cursor` of the answer before: goes on there."));
}

std::vector<schema::Member> source_members() {
  return {schema::required("source", schema::text("Its address: atoll://bucket/key.", 65'536)),
          schema::required("bucket", schema::text("Its bucket.")),
          schema::required("key", schema::text("Its name in the bucket.")),
          schema::required("version", schema::text("The state that was read or made."))};
}

Value source_json(std::string_view bucket, std::string_view key, const VersionId& version) {
  Value out = Value::object();
  return out.set("source", uri_of(bucket, key)).set("bucket", bucket).set("key", key).set("version", version.text());
}

std::string make_cursor(std::string_view kind, std::string_view position) {
  return to_base32(as_bytes(std::string(kind) + ":" + std::string(position)));
}

Result<std::string> position_of(const ToolCall& call, std::string_view kind) {
  const std::string cursor = call.text("cursor");
  if (cursor.empty()) return std::string();
  const auto bytes = from_base32(cursor);
  const std::string mark = std::string(kind) + ":";
  if (bytes && as_text(*bytes).starts_with(mark)) return to_string(*bytes).substr(mark.size());
  return bad_cursor();
}

tl::unexpected<Error> bad_cursor() {
  return fail(ErrorKind::usage, "http.bad_cursor", "this cursor is of another list",
              "Give back `next_cursor` of the answer before, with the same other arguments.");
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<catalog::Listed> find_object(rest::Call& call, access::Action action, const std::string& bucket,
                                    const std::string& key, const std::string& version) {
  ATOLL_TRY(call.begin_filter());
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto row, reader->bucket_named(bucket));
  std::optional<catalog::Listed> found;
  if (row && version.empty()) {
    ATOLL_ASSIGN(found, reader->current(row->id, key));
  } else if (row) {
    // What there never was is told below, to whom it may be told.
    if (auto then = vault::find_version(*reader, *row, key, version); then) found = std::move(*then);
  }
  if (found) {
    ATOLL_TRY(call.require(action, bucket, *found));
    if (!version.empty()) ATOLL_TRY(call.require(access::Action::read_version, bucket, *found));
    return std::move(*found);
  }
  ATOLL_TRY(call.require(action, bucket, key));
  if (!row) {
    return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket " + quoted(bucket),
                "`list` without arguments shows them.");
  }
  const std::string what = version.empty() ? "object " : "version " + quoted(version) + " of an object ";
  return fail(ErrorKind::not_found, version.empty() ? "object.not_found" : "version.not_found",
              "there is no " + what + quoted(key) + " in " + bucket,
              "`list` shows names, `find` looks for words, `history` shows versions.");
}

}  // namespace atl::mcp
