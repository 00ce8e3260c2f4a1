// Many objects that one request puts into a bucket, each asked for as if it were put alone: rights, the history its
// bucket keeps, quotas.
//
// Always true: an object is stored whole or not at all. What cannot be stored is told by name with its reason;
// everything else is, and stays also where the request breaks off.
// Thread rules: one thread's, like the request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "edge/rest/call.h"
#include "edge/rest/groups.h"
#include "vault/folder/bulk_writer.h"

namespace atl::rest {

class BulkPut {
 public:
  // Into the path's {bucket}. `words`: label, author and description of all. Failures are told without `prefix`.
  [[nodiscard]] static Result<std::unique_ptr<BulkPut>> begin(Call& call, vault::Vault& vault,
                                                              const catalog::VersionRow& words, std::string prefix);
  BulkPut(const BulkPut&) = delete;
  BulkPut& operator=(const BulkPut&) = delete;
  BulkPut(BulkPut&&) = delete;
  BulkPut& operator=(BulkPut&&) = delete;
  ~BulkPut() = default;

  [[nodiscard]] const catalog::BucketRow& bucket() const { return state_.bucket; }
  [[nodiscard]] vault::BulkWriter& writer() { return *writer_; }
  // Is there room for an object of that size? Before its content is taken.
  [[nodiscard]] Result<void> check_quota(const std::string& key, std::uint64_t size) const;
  // The writer was given an object, with so much content.
  void note_pending(std::uint64_t bytes);
  void refuse(const std::string& name, Error error);
  void refuse(const std::string& name, std::string id, std::string message);
  [[nodiscard]] std::uint64_t kept() const { return stored_ + unchanged_; }
  [[nodiscard]] json::Value report() const;  // bulk_report_members()

 private:
  BulkPut(Call& call, vault::Vault& vault, std::string prefix)
      : call_(&call), vault_(&vault), prefix_(std::move(prefix)) {}
  [[nodiscard]] Result<void> may_store(const std::string& key, const catalog::VersionRow* there) const;
  void done(const vault::BulkWriter::Told& told);

  Call* call_;
  vault::Vault* vault_;
  std::string prefix_;
  vault::BucketState state_;
  std::unique_ptr<vault::BulkWriter> writer_;
  std::uint64_t pending_bytes_ = 0;  // that quotas do not know of yet
  std::uint64_t pending_objects_ = 0;
  std::uint64_t stored_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t failed_ = 0;
  std::vector<std::pair<std::string, Error>> failures_;
};

// Of the schemas of such reports.
[[nodiscard]] std::vector<schema::Member> bulk_report_members();

}  // namespace atl::rest
