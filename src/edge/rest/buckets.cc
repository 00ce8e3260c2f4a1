// Buckets: list, make, look at, remove.
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "vault/keeping/policy.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Result<Value> bucket_json(vault::Vault& vault, const catalog::BucketRow& bucket) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
  Value out = Value::object();
  out.set("name", bucket.name).set("id", bucket.id.text()).set("created", format_rfc3339(bucket.created));
  out.set("objects", totals.objects()).set("bytes", totals.logical_bytes);
  out.set("keeps_history", bucket.keeps_history).set("has_own_keys", bucket.domain != kDefaultDomain);
  return out;
}

Result<net::Response> list_buckets(Call& call) {
  ATOLL_ASSIGN(auto filter, Filter::begin(call, Action::list_buckets));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const std::string after, position_of(call));
  const std::uint64_t limit = call.number("limit", kPageMax);
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto moment, moment_of(call));
  vault::View view(*reader, moment);
  ATOLL_ASSIGN(const auto buckets, view.buckets());
  Value list = Value::array();
  std::string last;
  Value out = Value::object();
  for (const auto& bucket : buckets) {
    if (!filter.sees(bucket.name) || bucket.name <= after) continue;
    if (list.as_array()->size() == limit) {
      out.set("next_cursor", make_cursor(call, last));
      break;
    }
    ATOLL_ASSIGN(auto one, bucket_json(*vault, bucket));
    list.push(std::move(one));
    last = bucket.name;
  }
  ATOLL_TRY(filter.end());
  return ok(out.set("buckets", std::move(list)));
}

Result<net::Response> show_bucket(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  ATOLL_ASSIGN(auto out, bucket_json(*vault, bucket));
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto policy, vault::policy_of(*reader, bucket));
  Value words = Value::array();
  for (const std::string& sentence : vault::words(policy)) words.push(sentence);
  return ok(out.set("policy", std::move(words)));
}

Result<net::Response> put_bucket(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  vault::Objects objects(*vault);
  const bool was_there = objects.bucket(call.bucket()).has_value();
  ATOLL_ASSIGN(const auto bucket, objects.ensure_bucket(call.bucket()));
  ATOLL_ASSIGN(auto out, bucket_json(*vault, bucket));
  return was_there ? ok(out) : created(out);
}

Result<net::Response> delete_bucket(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(vault::Objects(*vault).remove_bucket(call.bucket()));
  return no_content();
}

}  // namespace

std::vector<Operation> bucket_operations() {
  return {
      {.id = "bucket_list",
       .method = "GET",
       .path = "/api/v1/buckets",
       .tag = "buckets",
       .words = "The buckets that the caller may see.",
       .guards = {{Action::list_buckets, Place::inside}},
       .query = {limit_parameter(), cursor_parameter(), as_of_parameter()},
       .answers = {{200, "BucketList", "By name."}},
       .handler = list_buckets},
      {.id = "bucket_put",
       .method = "PUT",
       .path = "/api/v1/buckets/{bucket}",
       .tag = "buckets",
       .words =
           "Makes a bucket.\nNames have 3 to 63 of a-z 0-9 . - as S3 wants them. A bucket that is there stays as it "
           "is.",
       .guards = {{Action::create_bucket, Place::bucket}},
       .answers = {{201, "Bucket", "It was made."}, {200, "Bucket", "It was there."}},
       .handler = put_bucket},
      {.id = "bucket_show",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}",
       .tag = "buckets",
       .words = "One bucket: how much is in it, how long versions stay.",
       .guards = {{Action::list_buckets, Place::bucket}},
       .answers = {{200, "Bucket", "The bucket."}},
       .handler = show_bucket},
      {.id = "bucket_delete",
       .method = "DELETE",
       .path = "/api/v1/buckets/{bucket}",
       .tag = "buckets",
       .words = "Removes a bucket that holds nothing, not even history or a snapshot.",
       .guards = {{Action::delete_bucket, Place::bucket}},
       .answers = {{204, "", "It is gone."}},
       .handler = delete_bucket},
  };
}

std::vector<NamedSchema> bucket_schemas() {
  using namespace schema;
  return {
      {"Bucket",
       object("A bucket.",
              {required("name", text("Its name.")), required("id", text("Its id.")), required("created", time("When.")),
               required("objects", number("How many are there now.")),
               required("bytes", number("Of these, as readers see them.")),
               required("keeps_history", flag("False: what is overwritten or removed is not kept.")),
               required("has_own_keys", flag("True: its keys can be destroyed without those of other buckets.")),
               optional("policy", list(text(""), "How long versions stay, in sentences. Of one bucket only."))})},
      {"BucketList", object("Buckets.", {optional("next_cursor", text("There are more: give it back as `cursor`.")),
                                         required("buckets", list(reference("Bucket")))})},
  };
}

}  // namespace atl::rest
