// Snapshots: frozen, named states of a bucket or of what lies below a prefix.
#include "vault/history/snapshots.h"

#include <algorithm>
#include <array>

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Result<std::string> bucket_name(vault::Vault& vault, const BucketId& id) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto bucket, reader->bucket(id));
  return bucket ? bucket->name : std::string();
}

Value snapshot_json(const catalog::SnapshotRow& row, const std::string& bucket) {
  Value out = Value::object();
  out.set("name", row.name).set("bucket", bucket);
  set_name(out, "prefix", row.prefix);
  out.set("lsn", row.lsn.value).set("time", format_rfc3339(row.time)).set("created", format_rfc3339(row.created));
  out.set("actor", row.actor).set("objects", row.objects).set("bytes", row.bytes).set("is_held", row.is_held);
  if (!row.hold_reason.empty()) out.set("hold_reason", row.hold_reason);
  if (!row.description.empty()) out.set("description", row.description);
  return out;
}

struct Found {
  catalog::SnapshotRow row;
  std::string bucket;
};

// Whoever may not list what a snapshot is of does not learn that it is there.
Result<Found> find_visible(Call& call) {
  ATOLL_ASSIGN(auto filter, Filter::begin(call, Action::list));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto row = vault::find_snapshot(*vault, call.path("name"));
  if (!row && row.error().kind != ErrorKind::not_found) return pass(row.error());
  if (row) {
    ATOLL_ASSIGN(std::string bucket, bucket_name(*vault, row->bucket));
    if (filter.sees(bucket, row->prefix, !row->prefix.empty())) return Found{*row, std::move(bucket)};
  }
  ATOLL_TRY(filter.end());
  return fail(ErrorKind::not_found, "snapshot.not_found", "there is no snapshot \"" + call.path("name") + "\"");
}

Result<net::Response> list_snapshots(Call& call) {
  ATOLL_ASSIGN(auto filter, Filter::begin(call, Action::list));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const std::string after, position_of(call));
  const std::string bucket = call.text("bucket");
  const std::uint64_t limit = call.number("limit", kPageMax);
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto rows, reader->all<catalog::SnapshotRow>());
  Value list = Value::array();
  Value out = Value::object();
  std::string last;
  for (const auto& row : rows) {
    ATOLL_ASSIGN(const std::string name, bucket_name(*vault, row.bucket));
    if ((!bucket.empty() && name != bucket) || row.name <= after) continue;
    if (!filter.sees(name, row.prefix, !row.prefix.empty())) continue;
    if (list.as_array()->size() == limit) {
      out.set("next_cursor", make_cursor(call, last));
      break;
    }
    list.push(snapshot_json(row, name));
    last = row.name;
  }
  ATOLL_TRY(filter.end());
  return ok(out.set("snapshots", std::move(list)));
}

Result<net::Response> create_snapshot(Call& call) {
  const Value& body = call.body();
  vault::NewSnapshot wanted;
  ATOLL_ASSIGN(wanted.name, body.text_of("name"));
  ATOLL_ASSIGN(wanted.bucket, body.text_of("bucket"));
  ATOLL_ASSIGN(wanted.prefix, name_from(body, "prefix"));
  ATOLL_ASSIGN(wanted.description, body.text_of("description"));
  ATOLL_ASSIGN(wanted.is_held, body.flag_of("hold"));
  ATOLL_ASSIGN(wanted.hold_reason, body.text_of("hold_reason"));
  ATOLL_ASSIGN(const std::string as_of, body.text_of("as_of"));
  ATOLL_TRY(call.require(Action::snapshot, wanted.bucket, wanted.prefix, !wanted.prefix.empty()));
  if (wanted.is_held) ATOLL_TRY(call.require(Action::hold, wanted.bucket, wanted.prefix, !wanted.prefix.empty()));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  if (!as_of.empty()) {
    ATOLL_ASSIGN(wanted.as_of, vault::parse_moment(*vault, as_of));
  }
  ATOLL_ASSIGN(const auto made, vault::create_snapshot(*vault, wanted));
  return created(snapshot_json(made, wanted.bucket));
}

Result<net::Response> show_snapshot(Call& call) {
  ATOLL_ASSIGN(const Found found, find_visible(call));
  return ok(snapshot_json(found.row, found.bucket));
}

Result<net::Response> delete_snapshot(Call& call) {
  ATOLL_ASSIGN(const Found found, find_visible(call));
  ATOLL_TRY(call.require(Action::snapshot, found.bucket, found.row.prefix, !found.row.prefix.empty()));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(vault::delete_snapshot(*vault, found.row.name));
  return no_content();
}

Result<net::Response> prune_snapshots(Call& call) {
  const Value& body = call.body();
  vault::KeepSnapshots keep;
  using Count = std::pair<std::string_view, std::uint32_t vault::KeepSnapshots::*>;
  static constexpr std::array<Count, 6> counts = {{{"keep_last", &vault::KeepSnapshots::last},
                                                   {"keep_hourly", &vault::KeepSnapshots::hourly},
                                                   {"keep_daily", &vault::KeepSnapshots::daily},
                                                   {"keep_weekly", &vault::KeepSnapshots::weekly},
                                                   {"keep_monthly", &vault::KeepSnapshots::monthly},
                                                   {"keep_yearly", &vault::KeepSnapshots::yearly}}};
  for (const auto& [name, member] : counts) {
    ATOLL_ASSIGN(const std::uint64_t number, body.number_of(name));
    keep.*member = static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
  }
  ATOLL_ASSIGN(const std::string within, body.text_of("keep_within"));
  if (!within.empty()) {
    ATOLL_ASSIGN(const std::int64_t seconds, parse_duration_s(within));
    keep.within_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0));
  }
  if (!keep.keeps_something())
    return fail(ErrorKind::usage, "snapshot.keep_nothing", "the order does not say what to keep");
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  ATOLL_ASSIGN(auto rows, vault->reader()->all<catalog::SnapshotRow>());
  std::erase_if(rows, [&](const auto& row) { return row.bucket != bucket.id; });
  const std::size_t all = rows.size();
  const auto gone = vault::snapshots_to_prune(std::move(rows), keep);
  Value list = Value::array();
  for (const auto& row : gone) {
    list.push(snapshot_json(row, call.bucket()));
    if (!call.flag("dry_run")) ATOLL_TRY(vault::delete_snapshot(*vault, row.name));
  }
  return ok(Value::object().set("removed", std::move(list)).set("kept", std::uint64_t{all - gone.size()}));
}

Result<net::Response> set_held(Call& call, bool is_held, const std::string& reason) {
  ATOLL_ASSIGN(const Found found, find_visible(call));
  ATOLL_TRY(call.require(is_held ? Action::hold : Action::bypass_retention, found.bucket, found.row.prefix,
                         !found.row.prefix.empty()));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(vault::hold_snapshot(*vault, found.row.name, is_held, reason));
  ATOLL_ASSIGN(const auto row, vault::find_snapshot(*vault, found.row.name));
  return ok(snapshot_json(row, found.bucket));
}

Result<net::Response> hold_snapshot(Call& call) {
  ATOLL_ASSIGN(const std::string reason, call.body().text_of("reason"));
  return set_held(call, true, reason);
}
Result<net::Response> release_snapshot(Call& call) { return set_held(call, false, ""); }

}  // namespace

std::vector<Operation> snapshot_operations() {
  constexpr std::string_view kOne = "/api/v1/snapshots/{name}";
  constexpr std::string_view kHold = "/api/v1/snapshots/{name}/hold";
  return {
      {.id = "snapshot_list",
       .method = "GET",
       .path = "/api/v1/snapshots",
       .tag = "snapshots",
       .words = "Snapshots of what the caller may list.",
       .guards = {{Action::list, Place::inside}},
       .query = {{"bucket", ParameterType::text, "Only of this bucket."}, limit_parameter(), cursor_parameter()},
       .answers = {{200, "SnapshotList", "A page, by name."}},
       .handler = list_snapshots},
      {.id = "snapshot_create",
       .method = "POST",
       .path = "/api/v1/snapshots",
       .tag = "snapshots",
       .words = "Freezes a bucket, or what lies below a prefix, under a name.\nRead it with as_of=<name>.",
       .guards = {{Action::snapshot, Place::inside}, {Action::hold, Place::inside}},
       .body = "NewSnapshot",
       .answers = {{201, "Snapshot", "It was made."}},
       .handler = create_snapshot},
      {.id = "snapshot_show",
       .method = "GET",
       .path = kOne,
       .tag = "snapshots",
       .words = "One snapshot.",
       .guards = {{Action::list, Place::inside}},
       .answers = {{200, "Snapshot", "The snapshot."}},
       .handler = show_snapshot},
      {.id = "snapshot_delete",
       .method = "DELETE",
       .path = kOne,
       .tag = "snapshots",
       .words = "Removes the name; what it froze may go then.",
       .guards = {{Action::snapshot, Place::inside}},
       .answers = {{204, "", "It is gone."}},
       .handler = delete_snapshot},
      {.id = "snapshot_prune",
       .method = "POST",
       .path = "/api/v1/buckets/{bucket}/prune-snapshots",
       .tag = "snapshots",
       .words = "Removes the bucket's snapshots that no rule of the order keeps; never one that is held.",
       .guards = {{Action::snapshot, Place::bucket}},
       .query = {dry_run_parameter()},
       .body = "SnapshotPruning",
       .answers = {{200, "SnapshotsPruned", "What went, or would go."}},
       .handler = prune_snapshots},
      {.id = "snapshot_hold",
       .method = "PUT",
       .path = kHold,
       .tag = "snapshots",
       .words = "Nobody removes it until it is released.",
       .guards = {{Action::hold, Place::inside}},
       .body = "HoldRequest",
       .answers = {{200, "Snapshot", "As it is now."}},
       .handler = hold_snapshot},
      {.id = "snapshot_release",
       .method = "DELETE",
       .path = kHold,
       .tag = "snapshots",
       .words = "Ends a hold.",
       .guards = {{Action::bypass_retention, Place::inside}},
       .answers = {{200, "Snapshot", "As it is now."}},
       .handler = release_snapshot},
  };
}

std::vector<NamedSchema> snapshot_schemas() {
  using namespace schema;
  return {
      {"Snapshot",
       object("A frozen state.",
              {required("name", text("Its name.")), required("bucket", text("Of which bucket.")),
               required("prefix", text("Below which prefix; empty: all of it.")),
               optional("prefix_b64", text("In base64.")), required("lsn", number("The last change that counts.")),
               required("time", time("Of that state.")), required("created", time("When it was made.")),
               required("actor", text("By whom.")), required("objects", number("How many.")),
               required("bytes", number("As readers see them.")), required("is_held", flag("True: nobody removes it.")),
               optional("hold_reason", text("Why.")), optional("description", text("What it is for."))})},
      {"SnapshotList", object("A page of snapshots.", {required("snapshots", list(reference("Snapshot"))),
                                                       optional("next_cursor", text("There is more."))})},
      {"NewSnapshot",
       object("What to freeze.",
              {required("name", text("1 to 200 bytes without blanks and '/', beginning with no digit.", 200)),
               required("bucket", text("The bucket.")), optional("prefix", text("Only what begins with it.")),
               optional("prefix_b64", text("In base64.")), optional("description", text("What it is for.", 1000)),
               optional("hold", flag("True: removed by nobody until it is released.")),
               optional("hold_reason", text("Why.", 1000)), optional("as_of", text("As it was then."))})},
      {"SnapshotPruning",
       object("What to keep, with restic's meaning.",
              {optional("keep_last", number("The newest so many.")),
               optional("keep_hourly", number("The newest of each of the last so many hours.")),
               optional("keep_daily", number("… days.")), optional("keep_weekly", number("… weeks.")),
               optional("keep_monthly", number("… months.")), optional("keep_yearly", number("… years.")),
               optional("keep_within", text("All within this time before the newest: 30d.", 64))})},
      {"SnapshotsPruned", object("What went.", {required("removed", list(reference("Snapshot"))),
                                                required("kept", number("So many stay."))})},
      {"HoldRequest", object("Why.", {optional("reason", text("Kept with it.", 1000))})},
  };
}

}  // namespace atl::rest
