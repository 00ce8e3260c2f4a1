// Reading a vault as it is now, or as it was at a moment: names, versions, listings.
//
//     entry ─► its object (the same for ever) ─► the version whose begin <= moment < end
//
// Always true:
//  - What is answered for a moment is exact as long as its versions are kept: for the time the bucket's policy keeps
//    every version. Of what a policy has thinned out since, the nearest older kept version is not put in its place:
//    the object is left out. Versions removed for good are counted, never passed over in silence.
//  - Tags change in place and have no history here: a version of then shows its tags of now.
//  - Buckets that were removed since are not seen; `rewind` knows them.
// Cost: where an object's newest version covers the moment, as a listing of now; else one more descent per object.
// Thread rules: as the CatalogReader below it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "vault/history/moment.h"

namespace atl::vault {

class View {
 public:
  View(catalog::CatalogReader& reader, std::optional<Moment> moment) : reader_(&reader), moment_(std::move(moment)) {}

  [[nodiscard]] const std::optional<Moment>& moment() const { return moment_; }
  [[nodiscard]] Result<std::vector<catalog::BucketRow>> buckets();
  [[nodiscard]] Result<catalog::BucketRow> bucket(const std::string& name);  // `not_found`
  // None where there was no such object; `conflict` ("object.erased") where its version of then was removed for good.
  [[nodiscard]] Result<std::optional<catalog::Listed>> current(const BucketId& bucket, std::string_view key);
  // The same pages as CatalogReader::list(); include_deleted counts for now only.
  [[nodiscard]] Result<catalog::ListPage> list(const catalog::ListQuery& query);
  [[nodiscard]] Result<void> scan(const BucketId& bucket, std::string_view prefix, std::string_view after,
                                  const std::function<Result<bool>(const catalog::Listed&)>& visit);
  // Versions of that moment in the bucket (all buckets where none) that were removed for good since.
  [[nodiscard]] Result<std::uint64_t> erased(const BucketId& bucket);

 private:
  // What `listed`, with its newest version, was at the moment.
  [[nodiscard]] Result<std::optional<catalog::Listed>> then(catalog::Listed listed);
  catalog::CatalogReader* reader_;
  std::optional<Moment> moment_;
};

// Versions of the entry's object, newest first: at most `limit`, which began before the change `before` (none: from the
// newest on). Cost: a row each, however many there are.
[[nodiscard]] Result<std::vector<catalog::VersionRow>> newest_versions(catalog::CatalogReader& reader,
                                                                       const catalog::EntryRow& entry,
                                                                       std::optional<Lsn> before, std::size_t limit);

// One version of the object that has this key now or had it: named by id (or enough of it to be one alone), or label.
// Errors: `not_found`; `conflict` where several fit.
[[nodiscard]] Result<catalog::Listed> find_version(catalog::CatalogReader& reader, const catalog::BucketRow& bucket,
                                                   std::string_view key, std::string_view version);

}  // namespace atl::vault
