// Objects that are uploaded in parts (S3's multipart uploads).
//
// Always true:
//  - A part that was answered is durable and survives a restart; so does the upload, until it is completed or aborted.
//  - Completing puts the parts' content together without reading or writing it: only lists of chunks are written.
//  - A part that is replaced, or not named when the upload is completed, leaves content that gc frees.
//  - An upload is known by its id, its bucket and its key together: with another key it is not there.
// Thread rules: as Objects: a Vault handle each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/s3_rows.h"
#include "vault/object/versions.h"

namespace atl::vault {

inline constexpr std::uint32_t kUploadPartsMax = 10'000;

// How the sizes of parts are kept of the object that was made of them (catalog::VersionTermsRow::part_sizes).
// `damaged` where it cannot be.
[[nodiscard]] std::string write_part_sizes(std::span<const std::uint64_t> sizes);
[[nodiscard]] Result<std::vector<std::uint64_t>> read_part_sizes(std::string_view text);

struct NewUpload {
  std::string bucket;
  std::string key;
  catalog::VersionRow version;  // words, times and tags of what it becomes
  std::string checksum_algorithm;
  bool is_full_object_checksum = false;
  VersionTerms terms;
};

struct StoredPart {
  std::uint32_t number = 0;
  catalog::ContentReference content;
  std::uint64_t size = 0;
  std::string etag;
  std::vector<std::pair<std::string, std::string>> checksums;
};

class Uploads {
 public:
  explicit Uploads(Vault& vault) : vault_(&vault) {}

  [[nodiscard]] Result<UploadId> create(const NewUpload& fresh);
  // `not_found` "upload.not_found".
  [[nodiscard]] Result<catalog::UploadRow> find(const std::string& bucket, const std::string& key, const UploadId& id);
  // Content of store_content(), whose use is kept until this returns. Replaces a part of that number. Where `source` is
  // given the content is that version's, which must still be there.
  [[nodiscard]] Result<void> put_part(const catalog::UploadRow& upload, const StoredPart& part,
                                      const catalog::VersionRow* source = nullptr);
  // Numbers greater than `after`, at most `limit`, in their order.
  [[nodiscard]] Result<std::vector<catalog::UploadPartRow>> parts(const UploadId& id, std::uint32_t after,
                                                                  std::size_t limit);
  // By key, then by when they began.
  [[nodiscard]] Result<std::vector<catalog::UploadRow>> list(const std::string& bucket);
  [[nodiscard]] Result<void> abort(const catalog::UploadRow& upload);

  struct Completion {
    std::vector<catalog::UploadPartRow> parts;  // as parts() gave them, in the order in which they are put together
    std::string etag;
    std::map<std::string, std::string> checksums;
    Condition check;
  };
  struct Completed {
    VersionChange change;
    std::uint64_t size = 0;
    Lsn lsn;
  };
  // `conflict` "upload.changed" where a part was replaced meanwhile.
  [[nodiscard]] Result<Completed> complete(const catalog::UploadRow& upload, const Completion& completion);

 private:
  Vault* vault_;
};

}  // namespace atl::vault
