// Objects: list, read, store, remove.
#include "vault/object/objects.h"

#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/content_source.h"
#include "edge/rest/groups.h"
#include "edge/rest/member_source.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/put_content.h"
#include "edge/rest/schema.h"
#include "foundation/codec/hash.h"
#include "foundation/net/range.h"
#include "vault/keeping/erase.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

// --- List

Result<net::Response> list_objects(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto moment, moment_of(call));
  const bool shows_deleted = call.flag("deleted");
  if (moment && shows_deleted) {
    return fail(ErrorKind::usage, "http.bad_query", "`deleted` is about now: it does not go with `as_of`");
  }
  // What an earlier content said is not indexed.
  const bool shows_dates = call.flag("dates") && !moment;
  const search::SearchIndex* index = nullptr;
  if (const auto open = call.search(); open && shows_dates) index = *open;
  vault::View view(*reader, moment);
  ATOLL_ASSIGN(const auto bucket, view.bucket(call.bucket()));
  catalog::ListQuery query;
  query.bucket = bucket.id;
  query.prefix = call.text("prefix");
  query.delimiter = call.flag("recursive") ? "" : call.text("delimiter", "/");
  query.include_deleted = shows_deleted;
  query.limit = call.number("limit", kPageMax);
  ATOLL_ASSIGN(query.after, position_of(call));
  ATOLL_ASSIGN(const auto page, view.list(query));
  Value objects = Value::array();
  for (const auto& listed : page.items) {
    // The entries of the folder itself are not in it.
    if (!query.delimiter.empty() && (listed.entry.key == query.prefix || listed.entry.key == "./")) continue;
    if (!call.may(Action::list, bucket.name, listed.entry.key, false, call.age_seconds(listed.version))) continue;
    Value one = object_json(bucket.name, listed);
    // It is part of what the content says.
    if (index != nullptr &&
        call.may(Action::read, bucket.name, listed.entry.key, false, call.age_seconds(listed.version))) {
      ATOLL_ASSIGN(const auto date_us, index->date_of(listed));
      if (date_us) one.set("date", format_rfc3339(Timestamp{*date_us}));
    }
    objects.push(std::move(one));
  }
  Value prefixes = Value::array();
  for (const std::string& prefix : page.common_prefixes) {
    if (prefix == "./") continue;
    Value one = Value::object();
    set_name(one, "prefix", prefix);
    prefixes.push(std::move(one));
  }
  Value out = Value::object();
  out.set("bucket", bucket.name).set("objects", std::move(objects)).set("prefixes", std::move(prefixes));
  if (page.has_more) out.set("next_cursor", make_cursor(call, page.next_after));
  if (moment) {
    ATOLL_ASSIGN(const std::uint64_t erased, view.erased(bucket.id));
    out.set("as_of", moment->words).set("erased", erased);
  }
  call.exchange().note_read(Action::list, call.vault_id(), bucket.name, query.prefix, 0);
  return ok(out);
}

// --- Read

Result<catalog::Listed> find_object(Call& call, vault::Vault& vault) {
  if (call.has("version") && call.has("as_of"))
    return fail(ErrorKind::usage, "http.bad_query", "`version` and `as_of` say two different things");
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto moment, moment_of(call));
  const bool is_now = !moment;
  vault::View view(*reader, std::move(moment));
  ATOLL_ASSIGN(const auto bucket, view.bucket(call.bucket()));
  if (call.has("version")) return vault::find_version(*reader, bucket, call.key(), call.text("version"));
  ATOLL_ASSIGN(auto found, view.current(bucket.id, call.key()));
  if (found) return std::move(*found);
  return fail(ErrorKind::not_found, "object.not_found",
              "there is no object " + call.bucket() + "/" + call.key() + (is_now ? "" : " at that time"));
}

// Of an archive; rights were asked for the archive.
Result<net::Response> read_member(Call& call, const catalog::VersionRow& version) {
  const std::string path = call.text("member");
  net::Response response;
  response.headers.set("Atoll-Version", version.version.text());
  response.headers.set("Cache-Control", "private, no-cache");
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  // The same version of the archive has the same member.
  const std::string tag = version.version.text() + "-" + to_hex(codec::blake3(as_bytes(path))).substr(0, 16);
  response.headers.set("ETag", "\"" + tag + "\"");
  const net::Representation state{true, net::EntityTag{tag}, {}};
  const auto outcome =
      net::evaluate_conditions(call.headers(), call.request().method, state, call.exchange().now().unix_us / 1'000'000);
  if (outcome == net::Outcome::precondition_failed) {
    return fail(ErrorKind::conflict, "http.precondition_failed", "the request wants this member at another state",
                "Ask for it again without the condition.");
  }
  if (outcome == net::Outcome::not_modified) {
    response.status = 304;
    return response;
  }
  ATOLL_ASSIGN(auto use, call.take_vault());
  ATOLL_ASSIGN(auto source,
               MemberSource::open(call.exchange().host.machine(), std::move(use), version, call.key(), path));
  const extract::MemberFacts& facts = source->facts();
  call.exchange().note_read(call.has("version") || call.has("as_of") ? Action::read_version : Action::read,
                            call.vault_id(), call.bucket(), call.key(), facts.size.value_or(0));
  response.headers.set("Content-Type", facts.media_type);
  if (facts.modified) response.headers.set("Atoll-Modified", format_rfc3339(*facts.modified));
  if (call.has("download")) {
    const std::string name = call.text("download");
    response.headers.set("Content-Disposition", attachment(name.empty() ? facts.name : name));
  }
  response.length = facts.size;
  response.body = std::move(source);
  return response;
}

Result<net::Response> read_object(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto found, find_object(call, *vault));
  const auto& version = found.version;
  const bool is_then = call.has("version") || call.has("as_of");
  // What is older than the current version may be out of reach for somebody who may read what is new.
  if (is_then) ATOLL_TRY(call.require(Action::read_version, call.bucket(), found));
  if (version.kind != catalog::EntryKind::file && version.kind != catalog::EntryKind::marker) {
    return fail(ErrorKind::conflict, "object.no_file",
                call.bucket() + "/" + call.key() + " is a " + std::string(word_of(version.kind)) + ", not a file");
  }
  if (call.has("member")) return read_member(call, version);
  net::Response response;
  set_facts(response.headers, version);
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("Cache-Control",
                       is_then && call.has("version") ? "private, max-age=31536000, immutable" : "private, no-cache");
  // Stored pages must not act in the name of whoever looks at them here.
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  if (call.has("download")) {
    const std::string name = call.text("download");
    response.headers.set("Content-Disposition",
                         attachment(name.empty() ? call.key().substr(call.key().rfind('/') + 1) : name));
  }
  const std::int64_t now_s = call.exchange().now().unix_us / 1'000'000;
  const std::string& method = call.request().method;
  const auto state = representation(version);
  const auto outcome = net::evaluate_conditions(call.headers(), method, state, now_s);
  if (outcome == net::Outcome::precondition_failed) return pass(check_conditions(call, &version).error());
  if (outcome == net::Outcome::not_modified) {
    response.status = 304;
    return response;
  }
  std::uint64_t offset = 0;
  std::uint64_t length = version.size;
  const auto range_field = call.headers().get("Range");
  if (range_field && net::range_applies(call.headers(), state, now_s)) {
    const auto wanted = net::parse_range(*range_field, version.size);
    if (wanted.kind == net::RangeRequest::Kind::unsatisfiable) {
      response = server::problem({ErrorKind::usage, "http.range_not_satisfiable",
                                  "the object has " + std::to_string(version.size) + " bytes", ""},
                                 call.exchange().request_id);
      response.headers.set("Content-Range", net::format_content_range_unsatisfied(version.size));
      return response;
    }
    // Several ranges are answered with everything, as HTTP leaves it to the server.
    if (wanted.kind == net::RangeRequest::Kind::ranges && wanted.ranges.size() == 1) {
      offset = wanted.ranges.front().first;
      length = wanted.ranges.front().length;
      response.status = 206;
      response.headers.set("Content-Range", net::format_content_range(wanted.ranges.front(), version.size));
    }
  }
  response.length = length;
  call.exchange().note_read(is_then ? Action::read_version : Action::read, call.vault_id(), call.bucket(), call.key(),
                            method == "HEAD" ? 0 : length);
  if (method == "HEAD" || length == 0) return response;
  ATOLL_ASSIGN(auto use, call.take_vault());
  response.body = std::make_unique<ContentSource>(std::move(use), version, offset, length);
  return response;
}

Result<net::Response> head_object(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto found, find_object(call, *vault));
  if (call.has("version") || call.has("as_of")) ATOLL_TRY(call.require(Action::read_version, call.bucket(), found));
  net::Response response;
  set_facts(response.headers, found.version);
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("Cache-Control", "private, no-cache");
  const auto outcome = net::evaluate_conditions(call.headers(), "HEAD", representation(found.version),
                                                call.exchange().now().unix_us / 1'000'000);
  if (outcome == net::Outcome::precondition_failed) return pass(check_conditions(call, &found.version).error());
  response.status = outcome == net::Outcome::not_modified ? 304 : 200;
  response.length = found.version.size;
  return response;
}

// --- Store

Result<net::Response> put_object(Call& call) {
  if (call.headers().has("Content-Encoding")) {
    return fail(ErrorKind::usage, "http.unsupported_media_type",
                "content is stored as it is: Content-Encoding is not taken");
  }
  PutOrder order;
  order.bucket = call.bucket();
  order.key = call.key();
  ATOLL_ASSIGN(order.facts, facts_of(call.headers(), call.exchange().now()));
  ATOLL_ASSIGN(order.sha256, sha256_of(call.headers()));
  order.length_hint = call.request().content_length.value_or(0);
  order.check = [&call](const catalog::VersionRow* there) { return check_conditions(call, there); };
  ATOLL_ASSIGN(const PutDone done,
               put_content(call, std::move(order), [&](ByteSpan out) { return call.request().body.read(out); }));
  Value out = object_json(call.bucket(), done.listed);
  out.set("new_bytes", done.new_bytes);
  auto response = done.existed ? ok(out) : created(out);
  response.headers.set("ETag", etag(done.listed.version.version));
  return response;
}

// --- Remove

Result<net::Response> remove_for_ever(Call& call, vault::Vault& vault) {
  vault::EraseRequest request;
  request.selection = {call.bucket(), call.key(), false};
  request.reason = call.text("reason");
  const std::string versions = call.text("versions", "all");
  if (versions == "old") {
    request.which = vault::EraseWhich::old;
  } else if (versions != "all") {
    request.which = vault::EraseWhich::one;
    const auto reader = vault.reader();
    ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(call.bucket()));
    ATOLL_ASSIGN(const auto found, vault::find_version(*reader, bucket, call.key(), versions));
    request.version = found.version.version;
  }
  if (call.flag("dry_run")) {
    ATOLL_ASSIGN(const auto count, vault::count_erasure(vault, request));
    return ok(Value::object()
                  .set("objects", count.objects)
                  .set("versions", count.versions)
                  .set("bytes", count.bytes)
                  .set("dry_run", true));
  }
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(call.bucket()));
  ATOLL_ASSIGN(const auto before, reader->current(bucket.id, call.key()));
  ATOLL_ASSIGN(const auto count, vault::erase(vault, request));
  ATOLL_ASSIGN(const auto after, reader->current(bucket.id, call.key()));
  if (before && !after) note_removed(call, bucket.name, before->version);
  return ok(Value::object().set("objects", count.objects).set("versions", count.versions).set("bytes", count.bytes));
}

Result<net::Response> delete_object(Call& call) {
  if (call.flag("forever")) {
    ATOLL_TRY(call.require(Action::erase, call.bucket(), call.key()));
    ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
    return remove_for_ever(call, *vault);
  }
  if (call.has("versions") || call.has("reason") || call.has("dry_run")) {
    return fail(ErrorKind::usage, "http.bad_query", "`versions`, `reason` and `dry_run` go with `forever`",
                "Without it the object is removed as it is now, and its versions stay.");
  }
  ATOLL_TRY(call.require_remove(call.bucket(), call.key(), false));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  std::optional<catalog::VersionRow> before;
  const auto look = [&](const catalog::VersionRow* there) -> Result<void> {
    ATOLL_TRY(check_conditions(call, there));
    if (there == nullptr) {
      return fail(ErrorKind::not_found, "object.not_found", "there is no object " + call.bucket() + "/" + call.key());
    }
    before = *there;
    return {};
  };
  const VersionId marker = platform::new_id<VersionId>(vault->machine());
  ATOLL_TRY(vault->commit(journal::CommandKind::remove_objects,
                          [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                            ATOLL_ASSIGN(const auto bucket, vault::bucket_state(context.state, call.bucket()));
                            ATOLL_TRY(vault::stage_removal_by_name(context, changes, bucket, call.key(), marker,
                                                                   vault->actor(), look));
                            return {};
                          }));
  if (before) note_removed(call, call.bucket(), *before);
  return no_content();
}

Parameter version_parameter() {
  return {"version", ParameterType::text, "An earlier version: its id, enough of its id, or its label."};
}

constexpr std::string_view kObjectPath = "/api/v1/buckets/{bucket}/objects/{key...}";

}  // namespace

std::vector<Operation> object_operations() {
  const std::vector<HeaderParameter> conditions = {
      {"If-Match", "Only if the object is at this ETag."},
      {"If-None-Match", "Only if it is not; * with PUT: only if it is not there."}};
  std::vector<HeaderParameter> store = conditions;
  const auto words = word_parameters();
  store.insert(store.end(), words.begin(), words.end());
  store.insert(store.end(),
               {{"Content-Type", "Kept, and given back."},
                {"Atoll-Modified", "The file's own time (RFC 3339)."},
                {"Repr-Digest", "sha-256=:…: (RFC 9530): content that differs is refused, and the digest kept."}});
  std::vector<HeaderParameter> read = conditions;
  read.push_back({"Range", "bytes=first-last, one range."});
  return {
      {.id = "object_list",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/objects",
       .tag = "objects",
       .words = "Names below a prefix, in the order of their bytes; folders apart.",
       .guards = {{Action::list, Place::prefix},
                  {Action::read_version, Place::prefix, "as_of"},
                  {Action::read_history, Place::prefix, "deleted"}},
       .query =
           {prefix_parameter(),
            {"delimiter", ParameterType::text, "What ends a folder's name.", {}, 0, UINT64_MAX, "/"},
            {"recursive", ParameterType::flag, "Everything below, without folders."},
            {"deleted", ParameterType::flag, "Removed objects too, as far as they are kept."},
            {"dates", ParameterType::flag,
             "With `date`, where the content was looked into: when a picture was taken, a mail sent, a text made."},
            as_of_parameter(),
            limit_parameter(),
            cursor_parameter()},
       .answers = {{200, "ObjectList", "A page."}},
       .handler = list_objects},
      {.id = "object_get",
       .method = "GET",
       .path = kObjectPath,
       .tag = "objects",
       .words = "The content of an object, or of a version of it.",
       .guards = {{Action::read, Place::object}, {Action::read_version, Place::inside, "version as_of"}},
       .query = {version_parameter(),
                 as_of_parameter(),
                 {"member", ParameterType::text,
                  "Of an archive, a mailbox or a mail: the content of what lies inside under this path (`b.pdf`, "
                  "`inner.zip!/x.txt`, `12.eml!/photo.jpg`), as `search` names it. Without ranges."},
                 {"download", ParameterType::text, "Have browsers save it, under this name; empty: under its own."}},
       .headers = read,
       .answers = {{200, kAnyBytes, "The content.", "application/octet-stream"},
                   {206, kAnyBytes, "The range.", "application/octet-stream"},
                   {304, "", "It is what If-None-Match names."}},
       .handler = read_object},
      {.id = "object_head",
       .method = "HEAD",
       .path = kObjectPath,
       .tag = "objects",
       .words = "What is known of an object, as header fields.",
       .guards = {{Action::read_metadata, Place::object}, {Action::read_version, Place::inside, "version as_of"}},
       .query = {version_parameter(), as_of_parameter()},
       .headers = conditions,
       .answers = {{200, "", "It is there."}, {304, "", "It is what If-None-Match names."}},
       .handler = head_object},
      {.id = "object_put",
       .method = "PUT",
       .path = kObjectPath,
       .tag = "objects",
       .words =
           "Stores the body under this key; what was there stays in the history, where the bucket keeps one.\nContent "
           "type, metadata and tags are those that are given, none of the version before. Answered when it is "
           "durable.",
       .guards = {{Action::write, Place::inside},
                  {Action::overwrite, Place::inside},
                  {Action::overwrite_for_good, Place::inside}},
       .headers = store,
       .body = kAnyBytes,
       .answers = {{201, "Object", "It is new."}, {200, "Object", "It was there; this is its state now."}},
       .handler = put_object},
      {.id = "object_delete",
       .method = "DELETE",
       .path = kObjectPath,
       .tag = "objects",
       .words = "Removes an object; its history stays.\nWith `forever` versions go for good, from every earlier moment "
                "too.",
       .guards = {{Action::remove, Place::inside},
                  {Action::remove_for_good, Place::inside},
                  {Action::erase, Place::inside, "forever"}},
       .query = {{"forever", ParameterType::flag, "For good."},
                 {"versions",
                  ParameterType::text,
                  "With forever: all, old (what is current stays), or a version's id.",
                  {},
                  0,
                  UINT64_MAX,
                  "all"},
                 {"reason", ParameterType::text, "With forever: why; kept with the record."},
                 dry_run_parameter()},
       .headers = conditions,
       .answers = {{204, "", "It was removed."}, {200, "ErasedCount", "With forever: what went, or would go."}},
       .handler = delete_object},
  };
}

std::vector<schema::Member> object_members() {
  using namespace schema;
  return {required("bucket", text("Its bucket.")),
          required("key", text("Its key.")),
          optional("key_b64", text("The key in base64, where it is no UTF-8.")),
          required("type", choice("What it is.", {"file", "directory", "symlink", "fifo", "socket", "char_device",
                                                  "block_device", "marker"})),
          required("size", number("In bytes, as a reader sees it.")),
          required("modified", time("The file's own time.")),
          required("stored", time("When this version began.")),
          required("version", text("The version's id.")),
          required("etag", text("For If-Match.")),
          required("lsn", number("Number of the change that made it.")),
          optional("content_type", text("As given.")),
          optional("date", time("When it was made or happened, as its content says; else as `modified`.")),
          optional("tags", map_of_texts("They change in place.")),
          optional("metadata", map_of_texts("It makes a version.")),
          optional("link_target", text("Of a symlink.")),
          optional("link_target_b64", text("Likewise in base64.")),
          optional("label", text("Name of the version.")),
          optional("deleted", time("When it was removed.")),
          optional("new_bytes", number("Of a put: bytes that were not stored before."))};
}

std::vector<NamedSchema> object_schemas() {
  using namespace schema;
  return {
      {"Object", object("An object at one version.", object_members())},
      {"Prefix", object("A folder.", {required("prefix", text("With the delimiter at its end.")),
                                      optional("prefix_b64", text("In base64, where it is no UTF-8."))})},
      {"ObjectList", object("A page of names.",
                            {required("bucket", text("The bucket.")), required("objects", list(reference("Object"))),
                             required("prefixes", list(reference("Prefix"))),
                             optional("next_cursor", text("There is more: give it back as `cursor`.")),
                             optional("as_of", text("The moment, in words.")),
                             optional("erased", number("Versions of that moment that were removed for good since."))})},
      {"ErasedCount", object("What went for good.",
                             {required("objects", number("Objects.")), required("versions", number("Versions.")),
                              required("bytes", number("Of their content; what others share stays stored.")),
                              optional("dry_run", flag("True: nothing was done."))})},
  };
}

}  // namespace atl::rest
