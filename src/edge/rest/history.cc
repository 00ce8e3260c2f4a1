// What was: facts and versions of an object, the log of a bucket, differences between two moments, and back to one.
#include <charconv>

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "vault/history/command_log.h"
#include "vault/history/object_difference.h"
#include "vault/history/past.h"
#include "vault/history/rollback.h"
#include "vault/object/objects.h"
#include "vault/tier/tiers.h"

namespace atl::rest {
namespace {

using access::Action;
using catalog::Listed;
using catalog::VersionRow;
using json::Value;

constexpr std::uint64_t kDifferencesMax = 10'000;
constexpr std::uint64_t kChunksCounted = 1'000'000;

// --- One object

Result<Value> content_json(vault::Vault& vault, const VersionRow& version) {
  Value out = Value::object();
  out.set("stored_bytes", version.content.length).set("key_domain", version.content.domain.value);
  out.set("cutter", static_cast<unsigned>(version.content.cutter));
  std::uint64_t chunks = 0;
  ATOLL_TRY(vault::for_each_chunk(vault.chunks(), version.content, [&](const ChunkId&, bool is_list) -> Result<bool> {
    if (!is_list) ++chunks;
    return chunks < kChunksCounted;
  }));
  ATOLL_ASSIGN(const auto lies, vault::TierMap(vault).of(version));
  out.set("tier", vault::name_of(lies.tier()));
  return out.set("chunks", chunks);
}

Result<net::Response> object_info(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  Listed found;
  if (call.has("version")) {
    ATOLL_ASSIGN(found, vault::find_version(*reader, bucket, call.key(), call.text("version")));
    ATOLL_TRY(call.require(Action::read_version, call.bucket(), found));
  } else {
    ATOLL_ASSIGN(auto now, vault::Objects(*vault).find(call.bucket(), call.key()));
    found = {std::move(now.entry), std::move(now.version)};
  }
  const VersionRow& version = found.version;
  Value out = object_json(bucket.name, found);
  out.set("object", version.object.text()).set("actor", version.actor);
  out.set("mode", version.mode).set("uid", version.uid).set("gid", version.gid);
  if (version.changed != FileTime{}) out.set("changed", format_rfc3339(version.changed));
  if (!version.checksums.empty()) out.set("checksums", version.checksums);
  if (!version.etag.empty()) out.set("s3_etag", version.etag);
  if (!version.author.empty()) out.set("author", version.author);
  if (!version.description.empty()) out.set("description", version.description);
  if (!version.transformation.empty()) out.set("transformation", version.transformation);
  if (!version.sources.empty()) {
    Value sources = Value::array();
    for (const auto& source : version.sources) {
      Value one = Value::object().set("words", source.words);
      if (!source.object.is_none()) one.set("object", source.object.text()).set("version", source.version.text());
      sources.push(std::move(one));
    }
    out.set("sources", std::move(sources));
  }
  if (!version.holes.empty()) out.set("holes", std::uint64_t{version.holes.size()});
  Value attributes = Value::array();
  for (const auto& [name, value] : version.attributes) attributes.push(name);
  if (!version.attributes.empty()) out.set("attributes", std::move(attributes));
  if (version.end.value != 0) out.set("ended", format_rfc3339(version.end_time)).set("end_lsn", version.end.value);
  if (!version.operation.empty()) {
    if (const auto operation = OperationId::from_view(version.operation); operation)
      out.set("operation", operation->text());
  }
  if (version.kind == catalog::EntryKind::file) {
    ATOLL_ASSIGN(auto content, content_json(*vault, version));
    out.set("content", std::move(content));
  }
  call.exchange().note_read(Action::read_metadata, call.vault_id(), call.bucket(), call.key(), 0);
  return ok(out);
}

// What a version changed beside the one before it.
Value changes_of(const VersionRow& version, const VersionRow* before) {
  Value out = Value::array();
  if (before == nullptr) return out.push("created");
  if (before->end != version.begin) return out.push("came_back");
  if (!(version.content == before->content) || version.size != before->size) out.push("content");
  if (version.metadata != before->metadata) out.push("metadata");
  if (version.content_type != before->content_type) out.push("content_type");
  if (version.mode != before->mode) out.push("mode");
  if (version.uid != before->uid || version.gid != before->gid) out.push("owner");
  if (version.attributes != before->attributes) out.push("attributes");
  if (version.kind != before->kind || version.link_target != before->link_target) out.push("kind");
  if (version.modified != before->modified) out.push("modified");
  return out;
}

Value version_json(const VersionRow& version, const VersionRow* before) {
  Value out = Value::object();
  out.set("version", version.version.text()).set("etag", etag(version.version));
  out.set("type", word_of(version.kind)).set("size", version.size).set("modified", format_rfc3339(version.modified));
  out.set("began", format_rfc3339(version.begin_time)).set("lsn", version.begin.value);
  if (version.end.value != 0) out.set("ended", format_rfc3339(version.end_time)).set("end_lsn", version.end.value);
  out.set("is_current", version.end.value == 0).set("actor", version.actor).set("changed", changes_of(version, before));
  if (!version.label.empty()) out.set("label", version.label);
  if (!version.author.empty()) out.set("author", version.author);
  if (!version.description.empty()) out.set("description", version.description);
  return out;
}

Result<net::Response> list_versions(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  ATOLL_ASSIGN(const auto entry, reader->entry(bucket.id, call.key()));
  if (!entry) {
    return fail(ErrorKind::not_found, "object.not_found",
                "there never was an object " + bucket.name + "/" + call.key());
  }
  ATOLL_ASSIGN(const std::string after, position_of(call));
  std::optional<Lsn> before;
  if (!after.empty()) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(after.data(), after.data() + after.size(), number);
    if (read.ec != std::errc() || read.ptr != after.data() + after.size()) {
      return fail(ErrorKind::usage, "http.bad_cursor", "this cursor is not of this list");
    }
    before = Lsn{number};
  }
  const std::uint64_t limit = call.number("limit", kPageMax);
  Value list = Value::array();
  Value out = Value::object();
  out.set("bucket", bucket.name);
  set_name(out, "key", call.key());
  for (bool has_more = true; has_more;) {
    // One more than is shown: it says what changed, and whether there are more.
    ATOLL_ASSIGN(const auto versions, vault::newest_versions(*reader, *entry, before, limit + 1));
    has_more = versions.size() > limit;
    for (std::size_t i = 0; i < std::min<std::size_t>(versions.size(), limit); ++i) {
      before = versions[i].begin;
      // What may not be read for its age is not told either.
      if (!call.may(Action::read_history, bucket.name, call.key(), false, call.age_seconds(versions[i]))) continue;
      list.push(version_json(versions[i], i + 1 < versions.size() ? &versions[i + 1] : nullptr));
      if (list.as_array()->size() < limit || (i + 1 == versions.size() && !has_more)) continue;
      out.set("next_cursor", make_cursor(call, std::to_string(before->value)));
      has_more = false;
      break;
    }
  }
  if (entry->is_deleted) {
    out.set("removed", format_rfc3339(entry->deleted_at)).set("removed_lsn", entry->deleted_lsn.value);
  }
  call.exchange().note_read(Action::read_history, call.vault_id(), call.bucket(), call.key(), 0);
  return ok(out.set("versions", std::move(list)));
}

Result<net::Response> roll_back(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const std::string to, call.body().text_of("to"));
  ATOLL_ASSIGN(const bool is_dry_run, call.body().flag_of("dry_run"));
  ATOLL_ASSIGN(const auto plan, vault::plan_rollback(*vault, call.bucket(), call.key(), to));
  Listed asked;
  asked.entry.key = call.key();
  asked.version = plan.version;
  ATOLL_TRY(call.require(Action::restore, call.bucket(), asked));
  Value out = Value::object();
  out.set("from_version", plan.version.version.text()).set("size", plan.version.size);
  out.set("changed", !plan.is_current).set("dry_run", is_dry_run);
  if (!plan.is_current && !is_dry_run) {
    const auto reader = vault->reader();
    ATOLL_ASSIGN(const auto before, reader->current(plan.bucket.id, call.key()));
    const auto size = static_cast<std::int64_t>(plan.version.size);
    auto& access = call.exchange().host.access();
    ATOLL_TRY(access.check_quota(call.who(), call.vault_id(), plan.bucket.name, plan.version.size, before ? 0 : 1));
    ATOLL_ASSIGN(const Lsn lsn, vault::roll_back(*vault, plan));
    out.set("lsn", lsn.value);
    auto& usage = access.usage();
    if (before) {
      usage.note(call.vault_id(), plan.bucket.name, before->version.actor,
                 {-static_cast<std::int64_t>(before->version.size), -1});
    }
    usage.note(call.vault_id(), plan.bucket.name, vault->actor(), {size, 1});
  }
  return ok(out);
}

// --- A bucket

Result<net::Response> bucket_log(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  ATOLL_ASSIGN(const auto since, since_of(call));
  ATOLL_ASSIGN(const std::string position, position_of(call));
  const std::uint64_t limit = call.number("limit", 100);
  Lsn up_to;
  if (position.size() == 8) up_to.value = load_be64(as_bytes(position).data());
  Value list = Value::array();
  Value out = Value::object();
  bool has_more = false;
  Lsn last;
  ATOLL_ASSIGN(const Lsn reached, vault::for_each_command(*vault, bucket.id, call.text("prefix"), up_to,
                                                          [&](const vault::CommandLine& line) -> Result<bool> {
                                                            if (since && line.envelope.commit_time < *since)
                                                              return false;
                                                            has_more = list.as_array()->size() == limit;
                                                            if (has_more) return false;
                                                            Value one = Value::object();
                                                            one.set("lsn", line.envelope.lsn.value);
                                                            one.set("time", format_rfc3339(line.envelope.commit_time));
                                                            one.set("actor", line.envelope.actor);
                                                            one.set("kind", journal::name_of(line.envelope.kind));
                                                            one.set("stored", line.stored).set("removed", line.removed);
                                                            one.set("described", line.described);
                                                            if (!line.envelope.operation.is_none())
                                                              one.set("operation", line.envelope.operation.text());
                                                            if (!line.first_key.empty())
                                                              set_name(one, "first_key", line.first_key);
                                                            list.push(std::move(one));
                                                            last = line.envelope.lsn;
                                                            return true;
                                                          }));
  if (has_more) {
    Bytes next;
    append_be64(next, last.value - 1);
    out.set("next_cursor", make_cursor(call, as_text(next)));
  } else if (reached.value > 1 && !since) {
    out.set("kept_from_lsn", reached.value);
  }
  call.exchange().note_read(Action::read_history, call.vault_id(), bucket.name, call.text("prefix"), 0);
  return ok(out.set("changes", std::move(list)));
}

Result<vault::View> view_at(Call& call, catalog::CatalogReader& reader, std::string_view parameter) {
  ATOLL_ASSIGN(auto moment, moment_of(call, parameter));
  return vault::View(reader, std::move(moment));
}

Result<net::Response> bucket_diff(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  if (!call.has("from"))
    return fail(ErrorKind::usage, "http.bad_query", "`from` names the earlier state: 2d, or a time");
  ATOLL_ASSIGN(vault::View before, view_at(call, *reader, "from"));
  ATOLL_ASSIGN(vault::View after, view_at(call, *reader, "to"));
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  const std::uint64_t limit = call.number("limit", kPageMax);
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  Value list = Value::array();
  ATOLL_TRY(vault::diff_names(
      before, after, bucket.id, call.text("prefix"), [&](const vault::Difference& one) -> Result<bool> {
        using Kind = vault::Difference::Kind;
        ++(one.kind == Kind::added ? added : one.kind == Kind::removed ? removed : changed);
        if (list.as_array()->size() == limit) return true;  // counted all the same
        const Listed& listed = one.after != nullptr ? *one.after : *one.before;
        Value item = Value::object();
        item.set("kind", one.kind == Kind::added ? "added" : one.kind == Kind::removed ? "removed" : "changed");
        set_name(item, "key", listed.entry.key);
        if (one.before != nullptr)
          item.set("before", one.before->version.version.text()).set("size_before", one.before->version.size);
        if (one.after != nullptr)
          item.set("after", one.after->version.version.text()).set("size_after", one.after->version.size);
        Value what = Value::array();
        if (one.is_content) what.push("content");
        if (one.is_facts) what.push("facts");
        if (one.is_words) what.push("words");
        list.push(item.set("changed", std::move(what)));
        return true;
      }));
  Value out = Value::object();
  out.set("added", added).set("removed", removed).set("changed", changed);
  out.set("is_cut_off", added + removed + changed > list.as_array()->size());
  return ok(out.set("differences", std::move(list)));
}

Result<Listed> state_of(Call& call, catalog::CatalogReader& reader, const catalog::BucketRow& bucket,
                        std::string_view parameter) {
  // A version's id or label first, then a moment.
  if (call.has(parameter)) {
    auto by_version = vault::find_version(reader, bucket, call.key(), call.text(parameter));
    if (by_version) return by_version;
  }
  ATOLL_ASSIGN(vault::View view, view_at(call, reader, parameter));
  ATOLL_ASSIGN(auto found, view.current(bucket.id, call.key()));
  if (found) return std::move(*found);
  return fail(ErrorKind::not_found, "object.not_found",
              "there is no object " + bucket.name + "/" + call.key() +
                  (view.moment() ? " as of " + view.moment()->words : std::string()));
}

Value names_of(const std::vector<std::string>& names) {
  Value list = Value::array();
  for (const std::string& name : names) list.push(name);
  return list;
}

Value table_of(const vault::TableDifference& table) {
  Value out = Value::object();
  out.set("columns_added", names_of(table.columns_added)).set("columns_removed", names_of(table.columns_removed));
  out.set("types_changed", names_of(table.types_changed));
  if (!table.row_column.empty()) out.set("row_column", table.row_column);
  out.set("rows_before", table.rows_before).set("rows_after", table.rows_after);
  out.set("rows_added", table.rows_added).set("rows_removed", table.rows_removed);
  out.set("rows_changed", table.rows_changed).set("cells_changed", table.cells_changed);
  Value rows = Value::array();
  for (const vault::RowChange& row : table.rows) {
    Value cells = Value::array();
    for (const auto& cell : row.cells)
      cells.push(Value::object().set("column", cell.column).set("before", cell.before).set("after", cell.after));
    rows.push(Value::object().set("kind", vault::name_of(row.kind)).set("row", row.row).set("cells", std::move(cells)));
  }
  out.set("rows", std::move(rows)).set("is_cut_off", table.is_cut_off);
  return out.set("is_compatible", table.is_compatible());
}

Result<net::Response> object_diff(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  if (!call.has("from"))
    return fail(ErrorKind::usage, "http.bad_query", "`from` names the earlier state: a version, 2d, or a time");
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  ATOLL_ASSIGN(const Listed one, state_of(call, *reader, bucket, "from"));
  ATOLL_ASSIGN(const Listed two, state_of(call, *reader, bucket, "to"));
  ATOLL_TRY(call.require(Action::read_version, bucket.name, one));
  ATOLL_TRY(call.require(Action::read_version, bucket.name, two));
  call.exchange().note_read(Action::read_version, call.vault_id(), call.bucket(), call.key(),
                            one.version.size + two.version.size);
  const VersionRow& before = one.version;
  const VersionRow& after = two.version;
  ATOLL_ASSIGN(const vault::ObjectDifference found, vault::diff_objects(vault->chunks(), call.key(), before, after,
                                                                        call.text("row_column"), kDifferencesMax));
  Value out = Value::object();
  out.set("before", before.version.text()).set("after", after.version.text());
  out.set("size_before", before.size).set("size_after", after.size).set("same_content", found.is_same_content);
  out.set("metadata_before", before.metadata).set("metadata_after", after.metadata);
  if (found.table) out.set("table", table_of(*found.table));
  if (found.lines) out.set("lines", *found.lines);
  if (!found.ranges) return ok(out);
  Value changed = Value::array();
  for (const auto& range : found.ranges->changed) {
    if (changed.as_array()->size() == kDifferencesMax) break;
    changed.push(Value::object().set("offset", range.offset).set("length", range.length));
  }
  out.set("shared_bytes", found.ranges->shared_bytes).set("changed_bytes", found.ranges->changed_bytes);
  return ok(out.set("changed", std::move(changed)));
}

Parameter state_parameter(std::string_view name, std::string_view words, std::string_view otherwise = {}) {
  return {name, ParameterType::text, words, {}, 0, UINT64_MAX, otherwise};
}

}  // namespace

std::vector<Operation> history_operations() {
  return {
      {.id = "object_info",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/info/{key...}",
       .tag = "history",
       .words = "All that is known of an object, or of a version of it.",
       .guards = {{Action::read_metadata, Place::object}, {Action::read_version, Place::inside, "version"}},
       .query = {{"version", ParameterType::text, "An earlier version: its id, enough of its id, or its label."}},
       .answers = {{200, "ObjectInfo", "Its facts."}},
       .handler = object_info},
      {.id = "object_versions",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/versions/{key...}",
       .tag = "history",
       .words = "The versions of an object, newest first, also of one that was removed.",
       .guards = {{Action::read_history, Place::object}},
       .query = {limit_parameter(), cursor_parameter()},
       .answers = {{200, "VersionList", "A page."}},
       .handler = list_versions},
      {.id = "object_diff",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/diff/{key...}",
       .tag = "history",
       .words = "What differs between two states of an object: rows and columns of tables, lines of texts, ranges of "
                "anything else.",
       .guards = {{Action::read_version, Place::inside}, {Action::read_history, Place::object}},
       .query = {state_parameter("from", "The earlier state: a version's id or label, or a moment."),
                 state_parameter("to", "The later state, likewise.", "now"),
                 state_parameter("row_column",
                                 "Of tables: the column that tells rows apart. The first, where it does.")},
       .answers = {{200, "ObjectDifference", "What differs."}},
       .handler = object_diff},
      {.id = "object_rollback",
       .method = "POST",
       .path = "/api/v1/buckets/{bucket}/rollback/{key...}",
       .tag = "history",
       .words = "Makes an earlier version the newest again.\nWhat was there stays in the history.",
       .guards = {{Action::restore, Place::object}},
       .body = "RollbackRequest",
       .answers = {{200, "Rollback", "What was, or would be, brought back."}},
       .handler = roll_back},
      {.id = "bucket_log",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/log",
       .tag = "history",
       .words = "What was done in a bucket or below a prefix, newest first, as far back as the journal reaches.",
       .guards = {{Action::read_history, Place::prefix}},
       .query = {prefix_parameter(),
                 {"since", ParameterType::text, "Only what came later: a time, or 3d (ago)."},
                 limit_parameter(),
                 cursor_parameter()},
       .answers = {{200, "ChangeLog", "A page."}},
       .handler = bucket_log},
      {.id = "bucket_diff",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/diff",
       .tag = "history",
       .words = "The names that differ between two moments.",
       .guards = {{Action::list, Place::prefix},
                  {Action::read_history, Place::prefix},
                  {Action::read_version, Place::prefix}},
       .query =
           {prefix_parameter(),
            state_parameter("from", "The earlier moment: a time, 2d (ago), a change's number, a snapshot."),
            state_parameter("to", "The later moment, likewise.", "now"),
            {"limit", ParameterType::number, "How many are listed; all are counted.", {}, 1, kDifferencesMax, "1000"}},
       .answers = {{200, "NameDifferences", "What differs."}},
       .handler = bucket_diff},
  };
}

std::vector<NamedSchema> history_schemas() {
  using namespace schema;
  std::vector<NamedSchema> out = {
      {"ContentInfo", object("How the content is stored.",
                             {required("stored_bytes", number("Without holes, before compression.")),
                              required("key_domain", number("Number of the keys that seal it.")),
                              required("cutter", number("Which cutter made the chunks.")),
                              required("tier", choice("Where most of it lies.", {"hot", "warm", "cold"})),
                              required("chunks", number("How many; counted up to a million."))})},
      {"SourceInfo", object("Something it was made from.", {required("words", text("As it was named.")),
                                                            optional("object", text("Its id, if it is here.")),
                                                            optional("version", text("Its version."))})},
      {"Version",
       object("A version.",
              {required("version", text("Its id.")), required("etag", text("For If-Match.")),
               required("type", text("As of an object.")), required("size", number("In bytes.")),
               required("modified", time("The file's own time.")), required("began", time("When it was stored.")),
               required("lsn", number("By which change.")), optional("ended", time("When it was replaced or removed.")),
               optional("end_lsn", number("By which change.")), required("is_current", flag("True of one at most.")),
               required("actor", text("Who stored it.")),
               required("changed", list(text(""), "created, came_back, content, metadata, …")),
               optional("label", text("Its name.")), optional("author", text("Who is answerable for it.")),
               optional("description", text("What changed and why."))})},
      {"VersionList",
       object("A page of versions.",
              {required("bucket", text("The bucket.")), required("key", text("The key.")),
               optional("key_b64", text("In base64.")), required("versions", list(reference("Version"))),
               optional("removed", time("When the object was removed.")),
               optional("removed_lsn", number("By which change.")), optional("next_cursor", text("There is more."))})},
      {"RollbackRequest",
       object(
           "To which version.",
           {optional("to", text("A version's id or label, or a moment; missing: the version before the current one.")),
            optional("dry_run", flag("True: only say what would be done."))})},
      {"Rollback",
       object("What was brought back.",
              {required("from_version", text("Which.")), required("size", number("In bytes.")),
               required("changed", flag("False: it is the current one already.")),
               required("dry_run", flag("True: nothing was done.")), optional("lsn", number("The change."))})},
      {"Change",
       object("A command.",
              {required("lsn", number("Its number.")), required("time", time("When.")), required("actor", text("Who.")),
               required("kind", text("put_objects, …")), required("stored", number("Names stored.")),
               required("removed", number("Names removed.")),
               required("described", number("Versions with new words alone.")),
               optional("operation", text("The id it shares with others.")),
               optional("first_key", text("One of the names.")), optional("first_key_b64", text("In base64."))})},
      {"ChangeLog",
       object("A page of changes.",
              {required("changes", list(reference("Change"))), optional("next_cursor", text("There is more.")),
               optional("kept_from_lsn", number("What came before is no longer kept."))})},
      {"NameDifference",
       object("A name that differs.",
              {required("kind", choice("How.", {"added", "removed", "changed"})), required("key", text("The key.")),
               optional("key_b64", text("In base64.")), optional("before", text("Version before.")),
               optional("after", text("Version after.")), optional("size_before", number("In bytes.")),
               optional("size_after", number("In bytes.")),
               required("changed", list(text(""), "content, facts, words"))})},
      {"NameDifferences",
       object("What differs.",
              {required("added", number("Names.")), required("removed", number("Names.")),
               required("changed", number("Names.")), required("is_cut_off", flag("True: not all are listed.")),
               required("differences", list(reference("NameDifference")))})},
      {"ByteRange",
       object("A range.", {required("offset", number("First byte.")), required("length", number("Bytes."))})},
      {"CellChange", object("A cell that differs.", {required("column", text("Its column.")),
                                                     required("before", text("")), required("after", text(""))})},
      {"RowChange",
       object("A row that differs.",
              {required("kind", choice("How.", {"added", "removed", "changed"})),
               required("row", text("What its row column says; without one its number, from 1.")),
               required("cells", list(reference("CellChange"), "Of a changed row, in columns that both have."))})},
      {"TableDifference",
       object(
           "What differs between two tables.",
           {required("columns_added", list(text(""), "Names.")), required("columns_removed", list(text(""), "Names.")),
            required("types_changed",
                     list(text(""), "Columns that held whole numbers, numbers or text and hold another.")),
            optional("row_column", text("By which rows were matched; without it in order.")),
            required("rows_before", number("Rows.")), required("rows_after", number("Rows.")),
            required("rows_added", number("Rows.")), required("rows_removed", number("Rows.")),
            required("rows_changed", number("Rows.")), required("cells_changed", number("Cells.")),
            required("rows", list(reference("RowChange"))), required("is_cut_off", flag("True: not all are listed.")),
            required("is_compatible", flag("True: no column went or holds another type."))})},
      {"ObjectDifference",
       object("What differs.",
              {required("before", text("A version.")), required("after", text("A version.")),
               required("size_before", number("In bytes.")), required("size_after", number("In bytes.")),
               required("same_content", flag("True: only words or facts differ.")),
               required("metadata_before", map_of_texts("Then.")), required("metadata_after", map_of_texts("Later.")),
               optional("table", reference("TableDifference")), optional("lines", text("Unified hunks.", 64U << 20)),
               optional("shared_bytes", number("Of the later content.")),
               optional("changed_bytes", number("Of the later content.")),
               optional("changed", list(reference("ByteRange")))})},
  };
  // An object with more to it.
  std::vector<Member> info = object_members();
  for (Member& more : std::vector<Member>{
           required("object", text("Its id, the same over versions.")), required("actor", text("Who stored it.")),
           required("mode", number("Permission bits.")), required("uid", number("Owner.")),
           required("gid", number("Group.")), optional("changed", time("The file's change time.")),
           optional("checksums", map_of_texts("By algorithm.")), optional("s3_etag", text("What S3 clients see.")),
           optional("author", text("Who is answerable for it.")),
           optional("description", text("What changed and why.")),
           optional("transformation", text("What was done to the sources.")),
           optional("sources", list(reference("SourceInfo"))),
           optional("holes", number("Ranges of zeros that are not stored.")),
           optional("attributes", list(text(""), "Names of extended attributes.")),
           optional("ended", time("When it was replaced.")), optional("end_lsn", number("By which change.")),
           optional("operation", text("That stored it.")), optional("content", reference("ContentInfo"))}) {
    info.push_back(std::move(more));
  }
  out.push_back({"ObjectInfo", object("All that is known of an object at one version.", info)});
  return out;
}

}  // namespace atl::rest
