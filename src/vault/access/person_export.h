// All about one person as one JSON document, made piece by piece: the account and its rights, what the records of reads
// say of it, and of every vault what it stored and changed.
//
//     {"account": {…}, "groups": […], …, "audit": […],
//      "vaults": [{"vault": "main", "stored": […], "changes": […]}, …], "left_out": [{"vault": "…", "reason": "…"}]}
//
// Always true:
//  - What its programs and runs did is the account's (foundation/base/actor.h). Versions that ended, and those of
//  removed objects,
//    are told as long as they are kept; changes as far back as the journal goes.
//  - No secret is in it: passwords, tokens and keys are told by name and date.
//  - Names that are no UTF-8 stand there readable, and once more in base64 beside ("key_b64").
//  - Memory: a piece (about 64 KiB) and a batch of the audit. What is changed meanwhile is told as it was or as it is.
// Complexity: linear in the objects, versions and commands of the vaults, and in the records of the audit.
// Thread rules: one thread's at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/access_rows.h"
#include "catalog/catalog.h"
#include "vault/vault.h"

namespace atl::access {

class Access;
class AccessView;
class Audit;

struct NamedVault {
  std::string name;
  vault::Vault* vault = nullptr;  // borrowed
};
struct UnreadVault {
  std::string name;
  std::string reason;  // for people
};

class PersonExport {
 public:
  // All borrowed. Where no vault is given and none is left out, the document ends with the audit.
  PersonExport(const AccessView& view, const catalog::PrincipalRow& person, Audit& audit,
               std::vector<NamedVault> vaults, std::vector<UnreadVault> left_out);
  // The next piece of the document; "" at its end.
  [[nodiscard]] Result<std::string> next();

 private:
  enum class Part : std::uint8_t { account, audit, vault, stored, changes, end, nothing };
  [[nodiscard]] Result<void> add_audit(std::string& out);
  [[nodiscard]] Result<void> add_stored(std::string& out);
  [[nodiscard]] Result<void> add_versions(std::string& out);
  [[nodiscard]] Result<void> add_changes(std::string& out);
  [[nodiscard]] Result<void> begin_vault(std::string& out);
  void add_end(std::string& out);
  void add_item(std::string& out, std::string_view item, std::size_t depth);
  void close_list(std::string& out, std::size_t depth);

  std::string name_;
  std::string head_;
  Audit* audit_;
  std::vector<NamedVault> vaults_;
  std::vector<UnreadVault> left_out_;
  Part part_ = Part::account;
  bool is_first_ = true;     // of the list under way
  std::uint64_t batch_ = 0;  // the next one; 0: it was not asked yet where they begin
  std::size_t vault_at_ = 0;
  std::vector<catalog::BucketRow> buckets_;
  std::size_t bucket_at_ = 0;
  catalog::ListPage page_;
  std::size_t page_at_ = 0;
  bool has_page_ = false;
  VersionId version_;  // of the object under way, the last that was told
  Lsn change_;
  std::size_t looked_at_ = 0;  // of the piece under way
};

}  // namespace atl::access
