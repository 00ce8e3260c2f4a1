// Tags and metadata, and what is done to several objects at once: copy, move, remove.
#include <algorithm>

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/put_content.h"
#include "edge/rest/schema.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::uint64_t kKeysMax = 1000;  // of one request to remove

// {"a": "1", "b": null}: a is set, b goes (RFC 7396).
vault::Objects::Labels labels_from(const Value* merge) {
  vault::Objects::Labels out;
  if (merge == nullptr || merge->as_members() == nullptr) return out;
  for (const auto& [name, value] : *merge->as_members()) {
    if (value.is_null()) {
      out.remove.push_back(name);
    } else {
      out.set[name] = *value.as_text();
    }
  }
  return out;
}

Result<net::Response> patch_object(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  vault::Objects objects(*vault);
  const auto tags = labels_from(call.body().find("tags"));
  const auto metadata = labels_from(call.body().find("metadata"));
  ATOLL_ASSIGN(auto found, objects.find(call.bucket(), call.key()));
  for (const auto& [labels, map] :
       {std::pair{&tags, &found.version.tags}, std::pair{&metadata, &found.version.metadata}}) {
    for (const std::string& name : labels->remove) map->erase(name);
    for (const auto& [name, value] : labels->set) (*map)[name] = value;
  }
  ATOLL_TRY(check_words(found.version));
  ATOLL_TRY(objects.tag({call.bucket(), call.key(), false}, tags, metadata,
                        [&call](const catalog::VersionRow& there) { return check_conditions(call, &there); }));
  ATOLL_ASSIGN(auto now, objects.find(call.bucket(), call.key()));
  return ok(object_json(call.bucket(), {std::move(now.entry), std::move(now.version)}));
}

// --- Copy and move

struct Ends {
  vault::Selection from;
  std::string to_bucket, to_key;
};

Result<Ends> ends_of(const Value& body) {
  Ends out;
  const Value& from = *body.find("from");
  const Value& to = *body.find("to");
  ATOLL_ASSIGN(out.from.bucket, from.text_of("bucket"));
  ATOLL_ASSIGN(const std::string key, name_from(from, "key"));
  ATOLL_ASSIGN(const std::string prefix, name_from(from, "prefix"));
  if (!key.empty() && !prefix.empty())
    return fail(ErrorKind::usage, "copy.both", "\"from\" names an object by key, or several by prefix, not both");
  ATOLL_ASSIGN(out.to_bucket, to.text_of("bucket"));
  ATOLL_ASSIGN(out.to_key, name_from(to, "key"));
  out.from.is_recursive = key.empty();
  out.from.prefix = key.empty() ? prefix : key;
  if (!out.from.is_recursive && (out.to_key.empty() || out.to_key.ends_with('/')))
    out.to_key += key.substr(key.rfind('/') + 1);
  return out;
}

// Whether what is there may be replaced: where nothing was there when it was asked, what came meanwhile stays.
Result<bool> ask_copy(Call& call, const Ends& ends, bool is_move, bool replaces) {
  const bool is_many = ends.from.is_recursive;
  ATOLL_TRY(call.require(Action::read, ends.from.bucket, ends.from.prefix, is_many && !ends.from.prefix.empty()));
  if (!is_many) {
    ATOLL_ASSIGN(const VersionId there, call.require_write(ends.to_bucket, ends.to_key));
    replaces = replaces && !there.is_none();
  } else {
    ATOLL_TRY(call.require(Action::write, ends.to_bucket, ends.to_key, !ends.to_key.empty()));
  }
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  // A copy does not make buckets: that is another right.
  ATOLL_ASSIGN(const auto target, vault::bucket_state(*reader, ends.to_bucket));
  if (is_many && replaces)
    ATOLL_TRY(call.require(overwrite_action(target), ends.to_bucket, ends.to_key, !ends.to_key.empty()));
  if (is_move) ATOLL_TRY(call.require_remove(ends.from.bucket, ends.from.prefix, is_many && !ends.from.prefix.empty()));
  return replaces;
}

// Whose objects were replaced or moved is not known one by one: where quotas hang on it, it is counted anew.
void note_many(Call& call, vault::Vault& vault, const std::string& bucket, const vault::SelectionCount& count,
               int sign) {
  auto& access = call.exchange().host.access();
  if (!access.view()->rows().quotas.empty()) {
    ignore_error_on_purpose(access.usage().count(vault, true));
    return;
  }
  access.usage().note(call.vault_id(), bucket, vault.actor(),
                      {sign * static_cast<std::int64_t>(count.bytes), sign * static_cast<std::int64_t>(count.objects)});
}

Value count_json(const vault::SelectionCount& count, bool is_dry_run) {
  return Value::object().set("objects", count.objects).set("bytes", count.bytes).set("dry_run", is_dry_run);
}

Result<net::Response> copy_or_move(Call& call, bool is_move) {
  ATOLL_ASSIGN(const Ends ends, ends_of(call.body()));
  ATOLL_ASSIGN(const bool wants_replace, call.body().flag_of("replace"));
  ATOLL_ASSIGN(const bool is_dry_run, call.body().flag_of("dry_run"));
  ATOLL_ASSIGN(const bool replaces, ask_copy(call, ends, is_move, wants_replace));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  vault::Objects objects(*vault);
  ATOLL_ASSIGN(const auto planned, objects.count(ends.from));
  if (is_dry_run) return ok(count_json(planned, true));
  auto& access = call.exchange().host.access();
  if (!is_move || ends.from.bucket != ends.to_bucket)
    ATOLL_TRY(access.check_quota(call.who(), call.vault_id(), ends.to_bucket, planned.bytes, planned.objects));
  ATOLL_ASSIGN(const auto done, is_move ? objects.move(ends.from, ends.to_bucket, ends.to_key, replaces)
                                        : objects.copy(ends.from, ends.to_bucket, ends.to_key, replaces));
  note_many(call, *vault, ends.to_bucket, done, 1);
  if (is_move) note_many(call, *vault, ends.from.bucket, done, -1);
  return ok(count_json(done, false));
}

Result<net::Response> copy(Call& call) { return copy_or_move(call, false); }
Result<net::Response> move(Call& call) { return copy_or_move(call, true); }

// --- Remove several

Result<net::Response> remove_by_keys(Call& call, const std::vector<std::string>& keys, bool is_dry_run) {
  ATOLL_TRY(call.begin_filter());
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto bucket_state, vault::bucket_state(*reader, call.bucket()));
  const auto& bucket = bucket_state.bucket;
  const Action action = remove_action(bucket_state);
  std::vector<std::string> allowed;
  Value failed = Value::array();
  const auto fail_one = [&](const std::string& key, const Error& error) {
    Value one = Value::object();
    set_name(one, "key", key);
    failed.push(one.set("id", error.id).set("detail", error.message));
  };
  for (const std::string& key : keys) {
    if (call.may(action, bucket.name, key)) {
      allowed.push_back(key);
    } else if (const auto refused = call.require(action, bucket.name, key); !refused) {
      if (allowed.empty() && &key == &keys.back()) return pass(refused.error());  // nothing of it is allowed
      fail_one(key, refused.error());
    }
  }
  vault::SelectionCount done;
  std::vector<std::pair<std::string, std::uint64_t>> gone;  // actor, size
  const auto remove = [&](catalog::CatalogReader& state, const std::string& key,
                          const std::function<Result<void>()>& work) -> Result<void> {
    ATOLL_ASSIGN(const auto there, state.current(bucket.id, key));
    if (!there) {
      fail_one(key, {ErrorKind::not_found, "object.not_found", "there is no such object", ""});
      return {};
    }
    ++done.objects;
    done.bytes += there->version.size;
    gone.emplace_back(there->version.actor, there->version.size);
    return work();
  };
  if (is_dry_run) {
    for (const std::string& key : allowed) ATOLL_TRY(remove(*reader, key, []() -> Result<void> { return {}; }));
  } else if (!allowed.empty()) {
    ATOLL_TRY(vault->commit(journal::CommandKind::remove_objects,
                            [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                              ATOLL_ASSIGN(const auto now, vault::bucket_state(context.state, bucket.name));
                              for (const std::string& key : allowed) {
                                ATOLL_TRY(remove(context.state, key, [&]() -> Result<void> {
                                  const auto marker = platform::new_id<VersionId>(vault->machine());
                                  ATOLL_TRY(vault::stage_removal_by_name(context, changes, now, key, marker,
                                                                         vault->actor(), {}));
                                  return {};
                                }));
                              }
                              return {};
                            }));
    auto& usage = call.exchange().host.access().usage();
    for (const auto& [actor, size] : gone)
      usage.note(call.vault_id(), bucket.name, actor, {-static_cast<std::int64_t>(size), -1});
  }
  return ok(count_json(done, is_dry_run).set("failed", std::move(failed)));
}

Result<net::Response> remove_many(Call& call) {
  ATOLL_ASSIGN(const bool is_dry_run, call.body().flag_of("dry_run"));
  ATOLL_ASSIGN(std::vector<std::string> keys, call.body().list_of("keys"));
  ATOLL_ASSIGN(const auto encoded, call.body().list_of("keys_b64"));
  for (const std::string& text : encoded) {
    const auto bytes = from_base64(text);
    if (!bytes) return fail(ErrorKind::usage, "json.bad_base64", "\"keys_b64\" holds something that is no base64");
    keys.push_back(to_string(*bytes));
  }
  const bool has_prefix = call.body().find("prefix") != nullptr || call.body().find("prefix_b64") != nullptr;
  if (keys.empty() == !has_prefix)
    return fail(ErrorKind::usage, "remove.what", "the body names keys, or a prefix, and not both");
  if (keys.size() > kKeysMax) return fail(ErrorKind::limit, "remove.too_many", "one request removes at most 1000 keys");
  std::ranges::sort(keys);
  const auto twice = std::ranges::unique(keys);
  keys.erase(twice.begin(), twice.end());
  if (!keys.empty()) return remove_by_keys(call, keys, is_dry_run);
  ATOLL_ASSIGN(const std::string prefix, name_from(call.body(), "prefix"));
  ATOLL_TRY(call.require(Action::remove, call.bucket(), prefix, !prefix.empty()));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  vault::Objects objects(*vault);
  ATOLL_ASSIGN(const auto bucket, objects.bucket(call.bucket()));
  ATOLL_TRY(call.require_remove(bucket.name, prefix, !prefix.empty()));
  const vault::Selection selection{bucket.name, prefix, true};
  ATOLL_ASSIGN(const auto count, is_dry_run ? objects.count(selection) : objects.remove(selection));
  if (!is_dry_run) note_many(call, *vault, bucket.name, count, -1);
  return ok(count_json(count, is_dry_run).set("failed", Value::array()));
}

}  // namespace

std::vector<Operation> label_operations() {
  const std::vector<Guard> copy_guards = {{Action::read, Place::inside},
                                          {Action::write, Place::inside},
                                          {Action::overwrite, Place::inside},
                                          {Action::overwrite_for_good, Place::inside}};
  std::vector<Guard> move_guards = copy_guards;
  move_guards.push_back({Action::remove, Place::inside});
  move_guards.push_back({Action::remove_for_good, Place::inside});
  return {
      {.id = "object_patch",
       .method = "PATCH",
       .path = "/api/v1/buckets/{bucket}/objects/{key...}",
       .tag = "objects",
       .words =
           "Sets and removes tags and metadata, the others stay (RFC 7396).\nTags change in place; metadata makes a "
           "new version.",
       .guards = {{Action::tag, Place::object}},
       .headers = {{"If-Match", "Only if the object is at this ETag."}},
       .body = "ObjectPatch",
       .answers = {{200, "Object", "As it is now."}},
       .handler = patch_object},
      {.id = "object_copy",
       .method = "POST",
       .path = "/api/v1/copy",
       .tag = "objects",
       .words = "Copies an object, or everything below a prefix; content is shared, not stored again.",
       .guards = copy_guards,
       .body = "CopyRequest",
       .answers = {{200, "Count", "What was copied."}},
       .handler = copy},
      {.id = "object_move",
       .method = "POST",
       .path = "/api/v1/move",
       .tag = "objects",
       .words = "Moves or renames an object, or everything below a prefix.",
       .guards = move_guards,
       .body = "CopyRequest",
       .answers = {{200, "Count", "What was moved."}},
       .handler = move},
      {.id = "object_remove_many",
       .method = "POST",
       .path = "/api/v1/buckets/{bucket}/remove",
       .tag = "objects",
       .words = "Removes up to 1000 objects by their keys, or everything below a prefix; their history stays.",
       .guards = {{Action::remove, Place::inside}, {Action::remove_for_good, Place::inside}},
       .body = "RemoveRequest",
       .answers = {{200, "RemoveCount", "What was removed, and what was not."}},
       .handler = remove_many},
  };
}

std::vector<NamedSchema> label_schemas() {
  using namespace schema;
  const auto end = [](std::string_view words, bool takes_prefix) {
    std::vector<Member> members = {required("bucket", text("The bucket.")), optional("key", text("The key.")),
                                   optional("key_b64", text("The key in base64."))};
    if (takes_prefix) {
      members.push_back(optional("prefix", text("Everything below; empty: the whole bucket.")));
      members.push_back(optional("prefix_b64", text("Likewise in base64.")));
    }
    return object(words, members);
  };
  return {
      {"ObjectPatch",
       object("What to set, and with null what to remove.", {optional("tags", map_of_texts_or_null("Tags.")),
                                                             optional("metadata", map_of_texts_or_null("Metadata."))})},
      {"CopySource", end("An object, or several.", true)},
      {"CopyTarget", end("A key; of several objects what replaces their prefix.", false)},
      {"CopyRequest", object("From where to where.",
                             {required("from", reference("CopySource")), required("to", reference("CopyTarget")),
                              optional("replace", flag("True: over objects that are there.")),
                              optional("dry_run", flag("True: only count."))})},
      {"Count",
       object("How much.", {required("objects", number("Objects.")), required("bytes", number("As readers see them.")),
                            required("dry_run", flag("True: nothing was done."))})},
      {"RemoveRequest",
       object("Keys, or a prefix.",
              {optional("keys", list(text("A key."))), optional("keys_b64", list(text("A key in base64."))),
               optional("prefix", text("Everything that begins with it.")), optional("prefix_b64", text("In base64.")),
               optional("dry_run", flag("True: only count."))})},
      {"Failed",
       object("One that was not done.", {required("key", text("The key.")), optional("key_b64", text("In base64.")),
                                         required("id", text("The error's id.")), required("detail", text("Why."))})},
      {"RemoveCount",
       object("How much.",
              {required("objects", number("Objects.")), required("bytes", number("As readers see them.")),
               required("dry_run", flag("True: nothing was done.")), required("failed", list(reference("Failed")))})},
  };
}

}  // namespace atl::rest
