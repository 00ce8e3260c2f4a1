// The recovery kit, for somebody at a browser: made and handed out by one call, confirmed by another once it is saved.
// Always true: until it is confirmed an earlier kit keeps opening the vault, so that a kit that never arrived locks
// nobody out; the key travels over TLS or inside this machine only.
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "foundation/codec/secret.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Result<void> require_closed_way(const Call& call) {
  if (call.exchange().is_closed_way()) return {};
  return fail(ErrorKind::usage, "kit.open_way", "the kit is not sent over a connection that others can read",
              "Open the page with https, or run on the server's machine: atoll key kit --to DIR");
}

// Changes of a keyring are one at a time, and beside nothing else that changes keys.
Result<server::VaultUse> alone(Call& call) {
  ATOLL_TRY(call.vault());
  const std::string vault = call.vault_id().text();
  { ATOLL_ASSIGN(const auto own, call.take_vault()); }  // its own share would be waited for
  return call.exchange().host.use_alone(vault, call.exchange().caller());
}

Result<net::Response> make_kit(Call& call) {
  ATOLL_TRY(require_closed_way(call));
  ATOLL_ASSIGN(const auto use, alone(call));
  vault::Vault& vault = use.vault();
  if (vault.head().suite == codec::SealSuite::none)
    return fail(ErrorKind::conflict, "kit.not_needed", "this vault is not encrypted: nothing unlocks it");
  ATOLL_ASSIGN(auto kit, vault.keys().make_kit());
  call.exchange().note_read(Action::key_manage, use.id(), {}, {}, kit.file.size());
  const std::string base = "atoll-kit-" + vault.keys().vault_name();
  auto response = created(Value::object()
                              .set("page_name", base + ".txt")
                              .set("page_text", kit.page_text)
                              .set("file_name", base + ".kit")
                              .set("file_b64", to_base64(kit.file)));
  codec::wipe(kit.page_text);
  codec::wipe(kit.file);
  return response;
}

Result<net::Response> confirm_kit(Call& call) {
  ATOLL_ASSIGN(const auto use, alone(call));
  ATOLL_TRY(use.vault().keys().confirm_kit());
  return no_content();
}

}  // namespace

std::vector<Operation> kit_operations() {
  return {
      {.id = "kit_create",
       .method = "POST",
       .path = "/api/v1/kit",
       .tag = "vaults",
       .words =
           "Makes a recovery kit, which opens the vault by itself.\nOver TLS or from the server's own machine only. "
           "Save both forms, then confirm it; until then an earlier kit keeps opening the vault.",
       .guards = {{Action::key_manage, Place::vault}},
       .answers = {{201, "Kit", "Both forms of it; they are not kept."}},
       .handler = make_kit},
      {.id = "kit_confirm",
       .method = "PUT",
       .path = "/api/v1/kit",
       .tag = "vaults",
       .words = "Says that the kit that was made last is saved. Earlier kits open nothing any more.",
       .guards = {{Action::key_manage, Place::vault}},
       .answers = {{204, "", "It is the vault's kit."}},
       .handler = confirm_kit},
  };
}

std::vector<NamedSchema> kit_schemas() {
  using namespace schema;
  return {{"Kit", object("A recovery kit. Whoever holds either form can read everything.",
                         {required("page_name", text("A name for the page.")), required("page_text", text("To print.")),
                          required("file_name", text("A name for the file.")),
                          required("file_b64", text("The small file, in base64.", 16'777'216))})}};
}

}  // namespace atl::rest
