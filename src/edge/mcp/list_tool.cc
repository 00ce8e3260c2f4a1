// list: buckets, and what is in them.
#include <algorithm>

#include "catalog/entry_kind.h"
#include "edge/mcp/budget.h"
#include "edge/mcp/reading.h"
#include "edge/rest/answers.h"
#include "vault/object/objects.h"

namespace atl::mcp {
namespace {

using access::Action;
using json::Value;
namespace schema = rest::schema;

constexpr std::uint64_t kListTokens = 2'000;

Result<Answer> list_buckets(ToolCall& call) {
  rest::Call& rest = call.rest();
  ATOLL_ASSIGN(auto seen, rest::Filter::begin(rest, Action::list_buckets));
  ATOLL_ASSIGN(vault::Vault* const vault, rest.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  ATOLL_ASSIGN(const std::string after, position_of(call, "buckets"));
  const std::uint64_t limit = call.number("limit", 50);
  const std::uint64_t room = room_of(call, kListTokens);
  Answer answer = call.begin_answer();
  Value list = Value::array();
  std::string lines;
  std::string cursor;
  std::string last;
  for (const auto& bucket : buckets) {
    if (bucket.name <= after || !seen.sees(bucket.name)) continue;
    if (list.as_array()->size() == limit || tokens_of(lines) > room) {
      cursor = make_cursor("buckets", last);
      break;
    }
    ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
    Value one = Value::object();
    one.set("name", bucket.name).set("objects", totals.objects()).set("bytes", totals.logical_bytes);
    list.push(std::move(one));
    lines +=
        bucket.name + "  " + counted(totals.objects(), "object") + ", " + counted(totals.logical_bytes, "byte") + "\n";
    last = bucket.name;
  }
  Value structured = Value::object();
  std::string words = counted(list.as_array()->size(), "bucket") + ":\n" + lines;
  if (!cursor.empty()) words += "There are more: cursor " + cursor + ".";
  structured.set("buckets", std::move(list));
  if (!cursor.empty()) structured.set("next_cursor", cursor);
  answer.say(std::move(words));
  answer.set_structured(std::move(structured));
  return answer;
}

std::string line_of(const catalog::Listed& listed) {
  std::string line = quoted(listed.entry.key) + "  " + std::to_string(listed.version.size) + " bytes, stored " +
                     format_rfc3339(listed.version.begin_time);
  for (const auto& [tag, value] : listed.version.tags) line += ", " + quoted(tag) + "=" + quoted(value);
  return line + "\n";
}

Result<Answer> list_objects(ToolCall& call) {
  rest::Call& rest = call.rest();
  const std::string name = call.text("bucket");
  catalog::ListQuery query;
  query.prefix = call.text("prefix");
  query.delimiter = call.flag("recursive") ? "" : "/";
  query.limit = call.number("limit", 50);
  ATOLL_TRY(rest.require(Action::list, name, query.prefix, !query.prefix.empty()));
  ATOLL_ASSIGN(vault::Vault* const vault, rest.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(name));
  query.bucket = bucket.id;
  ATOLL_ASSIGN(query.after, position_of(call, "list"));
  ATOLL_ASSIGN(const auto page, reader->list(query));
  const std::uint64_t room = room_of(call, kListTokens);
  Answer answer = call.begin_answer();
  // Objects and folders in one order, so that a page may end anywhere.
  std::vector<std::pair<std::string_view, const catalog::Listed*>> names;
  for (const auto& listed : page.items) {
    const bool is_folder_itself =
        !query.delimiter.empty() && (listed.entry.key == query.prefix || listed.entry.key == "./");
    if (!is_folder_itself && rest.may(Action::list, name, listed.entry.key, false, rest.age_seconds(listed.version)))
      names.emplace_back(listed.entry.key, &listed);
  }
  for (const std::string& prefix : page.common_prefixes) {
    if (prefix != "./") names.emplace_back(prefix, nullptr);
  }
  std::ranges::sort(names, {}, [](const auto& one) { return one.first; });
  Value objects = Value::array();
  Value folders = Value::array();
  std::string lines;
  std::string cursor = page.has_more ? make_cursor("list", page.next_after) : "";
  std::string_view last;
  for (const auto& [key, listed] : names) {
    const std::string line = listed == nullptr ? quoted(key) + "  folder\n" : line_of(*listed);
    if (tokens_of(lines) + tokens_of(line) > room && !last.empty()) {
      cursor = make_cursor("list", last);
      break;
    }
    lines += line;
    last = key;
    if (listed == nullptr) {
      folders.push(key);
      continue;
    }
    const auto& version = listed->version;
    Value one = source_json(name, key, version.version);
    one.set("type", catalog::word_of(version.kind)).set("size", version.size);
    one.set("stored", format_rfc3339(version.begin_time));
    if (!version.tags.empty()) one.set("tags", version.tags);
    objects.push(std::move(one));
  }
  std::string words = counted(objects.as_array()->size(), "object") + " and " +
                      counted(folders.as_array()->size(), "folder") + " in " + name +
                      (query.prefix.empty() ? "" : " below " + quoted(query.prefix)) + ".";
  Value structured = Value::object();
  structured.set("bucket", name).set("objects", std::move(objects)).set("folders", std::move(folders));
  if (!cursor.empty()) {
    structured.set("next_cursor", cursor);
    words += " There are more: cursor " + cursor + ".";
  }
  answer.say(std::move(words));
  if (!lines.empty()) answer.quote("names in " + name, lines);
  answer.set_structured(std::move(structured));
  rest.exchange().note_read(Action::list, rest.vault_id(), name, query.prefix, 0);
  return answer;
}

Result<Answer> run_list(ToolCall& call) {
  if (!call.has("bucket") && (call.has("prefix") || call.has("recursive")))
    return fail(ErrorKind::usage, "list.no_bucket", "`prefix` and `recursive` need `bucket`");
  return call.has("bucket") ? list_objects(call) : list_buckets(call);
}

}  // namespace

Tool list_tool() {
  using namespace schema;  // NOLINT(google-build-using-namespace): a row reads like its schema
  return {
      "list",
      "List buckets or names",
      "Without arguments: the buckets. With a bucket: what is in it, folder by folder (names with '/' are folders), or "
      "all below a prefix with `recursive`.",
      object("Where.", {optional("bucket", text("Its objects; otherwise the buckets.", 63)),
                        optional("prefix", text("Only what begins with this: a folder ends with '/'.", 16'384)),
                        optional("recursive", flag("All below, without folders.")),
                        optional("limit", number("How many at most.", 1, 200).set("default", 50)), cursor_member(),
                        max_tokens_member(kListTokens)}),
      object("Buckets, or objects and folders.",
             {optional("buckets", list(object("One.", {required("name", text("Its name.")),
                                                       required("objects", number("How many.")),
                                                       required("bytes", number("Of their content."))}))),
              optional("bucket", text("Whose objects.")),
              optional("objects", list(object("One.", with_source({required("type", text("file, marker …")),
                                                                   required("size", number("Bytes.")),
                                                                   required("stored", time("When.")),
                                                                   optional("tags", map_of_texts("Its tags."))})))),
              optional("folders", list(text("Its whole prefix.", 16'384))), next_cursor_member()}),
      true,
      true,
      run_list};
}

}  // namespace atl::mcp
