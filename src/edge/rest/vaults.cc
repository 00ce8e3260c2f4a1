// The vaults of a home, and how each is: the same facts and findings as `atoll stat --json`.
#include "vault/status.h"

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

// Whoever may see a bucket of it sees the vault.
Result<bool> sees_vault(Call& call, const VaultId& id) {
  access::Resource asked;
  asked.vault = id;
  if (call.exchange().may(Action::list_buckets, asked)) return true;
  ATOLL_ASSIGN(const auto use, call.exchange().host.use(id, call.exchange().caller()));
  const auto reader = use.vault().reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  for (const auto& bucket : buckets) {
    asked.bucket = bucket.name;
    if (call.exchange().may(Action::list_buckets, asked)) return true;
  }
  return false;
}

Result<net::Response> list_vaults(Call& call) {
  ATOLL_TRY(call.begin_filter(Call::Opens::nothing));
  Value list = Value::array();
  for (const auto& one : call.exchange().host.vaults()) {
    ATOLL_ASSIGN(const bool sees, sees_vault(call, one.id));
    if (sees) list.push(Value::object().set("id", one.id.text()).set("name", one.name));
  }
  if (list.as_array()->empty() && call.who().principal.is_none() && !call.who().is_local_owner)
    ATOLL_TRY(call.exchange().require(Action::list_buckets, {}));
  return ok(Value::object().set("vaults", std::move(list)));
}

Result<net::Response> show_vault(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto status, vault::vault_status(*vault));
  Value out = Value::object();
  out.set("id", status.id.text()).set("name", status.name);
  out.set("encryption", status.suite == codec::SealSuite::none ? "none" : "aes256gcm");
  out.set("files", status.files).set("folders", status.folders).set("others", status.others);
  out.set("logical_bytes", status.logical_bytes).set("unique_bytes", status.unique_bytes);
  out.set("pack_bytes", status.pack_bytes).set("journal_bytes", status.journal_bytes);
  out.set("derived_bytes", status.derived_bytes).set("available_bytes", status.available_bytes);
  out.set("last_lsn", status.last_lsn.value);
  const auto set_time = [&](std::string_view name, const std::optional<Timestamp>& time) {
    if (time && time->unix_us != 0) out.set(name, format_rfc3339(*time));
  };
  set_time("last_change", status.last_commit_time);
  set_time("last_data_verify", status.last_data_verify);
  set_time("last_structure_verify", status.last_structure_verify);
  out.set("last_verify_ok", status.last_verify_ok);
  set_time("last_gc", status.last_collect);
  if (status.last_collect) {
    out.set("gc_bytes_history", status.collect_history_bytes).set("gc_bytes_horizon", status.collect_horizon_bytes);
  }
  Value buckets = Value::array();
  for (const auto& bucket : status.buckets)
    buckets.push(Value::object().set("name", bucket.name).set("objects", bucket.objects).set("bytes", bucket.bytes));
  Value findings = Value::array();
  for (const auto& finding : status.findings) {
    findings.push(
        Value::object().set("id", finding.id).set("message", finding.message).set("command", finding.command));
  }
  return ok(out.set("buckets", std::move(buckets)).set("findings", std::move(findings)));
}

}  // namespace

std::vector<Operation> vault_operations() {
  return {
      {.id = "vault_list",
       .method = "GET",
       .path = "/api/v1/vaults",
       .tag = "vaults",
       .words = "The vaults that the caller may see something of.",
       .guards = {{Action::list_buckets, Place::inside}},
       .answers = {{200, "VaultList", "By name."}},
       .handler = list_vaults},
      {.id = "vault_show",
       .method = "GET",
       .path = "/api/v1/vaults/{vault}",
       .tag = "vaults",
       .words =
           "How a vault is: what it holds, what that takes, and what is not safe yet.\nThe same facts and findings "
           "as `atoll stat --json`.",
       .guards = {{Action::status, Place::vault}},
       .answers = {{200, "VaultStatus", "Facts and findings."}},
       .handler = show_vault},
  };
}

std::vector<NamedSchema> vault_schemas() {
  using namespace schema;
  return {
      {"Vault", object("A vault.", {required("id", text("Its id.")), required("name", text("Its name."))})},
      {"VaultList", object("Vaults.", {required("vaults", list(reference("Vault")))})},
      {"Finding", object("Something that is not safe yet.", {required("id", text("Stable: \"copy.one_only\".")),
                                                             required("message", text("One sentence.")),
                                                             required("command", text("What mends it, or empty."))})},
      {"BucketSize", object("A bucket and what is in it now.",
                            {required("name", text("Its name.")), required("objects", number("How many.")),
                             required("bytes", number("As readers see them."))})},
      {"VaultStatus",
       object("How a vault is.", {required("id", text("Its id.")),
                                  required("name", text("Its name.")),
                                  required("encryption", choice("How its files are sealed.", {"aes256gcm", "none"})),
                                  required("files", number("Of current objects.")),
                                  required("folders", number("Of current objects.")),
                                  required("others", number("Links and the like.")),
                                  required("logical_bytes", number("Of current objects, as readers see them.")),
                                  required("unique_bytes", number("Of distinct content, before compression.")),
                                  required("pack_bytes", number("Of content as stored.")),
                                  required("journal_bytes", number("Of the journal.")),
                                  required("derived_bytes", number("Of the catalog and indexes.")),
                                  required("available_bytes", number("Free on its disk.")),
                                  required("last_lsn", number("Number of the last change.")),
                                  optional("last_change", time("When that was.")),
                                  optional("last_data_verify", time("When every byte was last read.")),
                                  optional("last_structure_verify", time("When structure was last checked.")),
                                  required("last_verify_ok", flag("False: the last check found damage.")),
                                  optional("last_gc", time("When room was last given back.")),
                                  optional("gc_bytes_history", number("What then stayed for older versions only.")),
                                  optional("gc_bytes_horizon", number("What then stayed for earlier moments only.")),
                                  required("buckets", list(reference("BucketSize"))),
                                  required("findings", list(reference("Finding")))})},
  };
}

}  // namespace atl::rest
