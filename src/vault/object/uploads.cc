#include "vault/object/uploads.h"

#include <algorithm>
#include <charconv>

#include "vault/tier/rules.h"

namespace atl::vault {
namespace {

using catalog::UploadPartRow;
using catalog::UploadRow;
using journal::TableNumber;

tl::unexpected<Error> no_such_upload() {
  return fail(ErrorKind::not_found, "upload.not_found",
              "there is no such upload: it was completed, aborted, or never begun");
}

Result<void> check_there(const CommitContext& context, const UploadRow& upload) {
  ATOLL_ASSIGN(const auto row, context.state.one<UploadRow>(catalog::key_of(upload)));
  if (!row) return no_such_upload();
  return {};
}

// Of a command that also makes the object; parts beyond that go in the next one.
constexpr std::size_t kPartRowsPerCommand = 9'000;

// Its row, and the rows of its parts. Parts that outlive it are nothing to anybody: gc passes them over.
Result<void> stage_end(const CommitContext& context, ChangeSet& changes, const UploadRow& upload) {
  ATOLL_TRY(context.state.for_each_row_under(TableNumber::upload_parts, upload.id.view(),
                                             [&](ByteView key, ByteView) -> Result<bool> {
                                               if (changes.count() >= kPartRowsPerCommand) return false;
                                               changes.remove(kDefaultDomain, TableNumber::upload_parts, to_bytes(key));
                                               return true;
                                             }));
  changes.remove(upload);
  return {};
}

Result<void> remove_rest(Vault& vault, const UploadRow& upload) {
  std::vector<Bytes> keys;
  ATOLL_TRY(vault.reader()->for_each_row_under(TableNumber::upload_parts, upload.id.view(),
                                               [&](ByteView key, ByteView) -> Result<bool> {
                                                 keys.push_back(to_bytes(key));
                                                 return keys.size() < kPartRowsPerCommand;
                                               }));
  if (keys.empty()) return {};
  ATOLL_TRY(vault.commit(journal::CommandKind::upload_change,
                         [&](const CommitContext& /*context*/, ChangeSet& changes) -> Result<void> {
                           for (const Bytes& key : keys) changes.remove(kDefaultDomain, TableNumber::upload_parts, key);
                           return {};
                         }));
  return {};
}

}  // namespace

std::string write_part_sizes(std::span<const std::uint64_t> sizes) {
  std::string out;
  for (std::size_t at = 0; at < sizes.size();) {
    std::size_t end = at + 1;
    while (end < sizes.size() && sizes[end] == sizes[at]) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(sizes[at]);
    if (end - at > 1) out += "x" + std::to_string(end - at);
    at = end;
  }
  return out;
}

Result<std::vector<std::uint64_t>> read_part_sizes(std::string_view text) {
  std::vector<std::uint64_t> sizes;
  const auto damaged = [] { return fail(ErrorKind::damaged, "terms.part_sizes", "the sizes of parts are damaged"); };
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view run = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    std::uint64_t size = 0;
    std::uint64_t count = 1;
    const char* const end = run.data() + run.size();
    auto read = std::from_chars(run.data(), end, size);
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == 'x') read = std::from_chars(read.ptr + 1, end, count);
    if (read.ec != std::errc() || read.ptr != end || count < 1 || count > kUploadPartsMax - sizes.size()) {
      return damaged();
    }
    sizes.insert(sizes.end(), static_cast<std::size_t>(count), size);
  }
  return sizes;
}

Result<UploadId> Uploads::create(const NewUpload& fresh) {
  ATOLL_TRY(check_key(fresh.key));
  UploadRow row;
  row.id = platform::new_id<UploadId>(vault_->machine());
  row.key = fresh.key;
  row.actor = vault_->actor();
  row.version = catalog::encode(fresh.version);
  row.checksum_algorithm = fresh.checksum_algorithm;
  row.is_full_object_checksum = fresh.is_full_object_checksum;
  row.lock = fresh.terms.mode;
  row.locked_until = fresh.terms.until;
  row.is_held = fresh.terms.is_held;
  row.access_list = fresh.terms.access_list;
  ATOLL_TRY(vault_->commit(journal::CommandKind::upload_change,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, fresh.bucket));
                             row.bucket = state.bucket.id;
                             row.created = context.commit_time;
                             changes.put(row);
                             return {};
                           }));
  return row.id;
}

Result<UploadRow> Uploads::find(const std::string& bucket, const std::string& key, const UploadId& id) {
  const auto reader = vault_->reader();
  UploadRow named;
  named.id = id;
  ATOLL_ASSIGN(auto row, reader->one<UploadRow>(catalog::key_of(named)));
  if (!row || row->key != key) return no_such_upload();
  ATOLL_ASSIGN(const auto its_bucket, reader->bucket(row->bucket));
  if (!its_bucket || its_bucket->name != bucket) return no_such_upload();
  return std::move(*row);
}

Result<void> Uploads::put_part(const UploadRow& upload, const StoredPart& part, const catalog::VersionRow* source) {
  if (part.number < 1 || part.number > kUploadPartsMax) {
    return fail(ErrorKind::usage, "upload.bad_part", "the number of a part must be from 1 to 10000");
  }
  UploadPartRow row;
  row.upload = upload.id;
  row.number = part.number;
  row.size = part.size;
  row.content = catalog::encode(part.content);
  row.etag = part.etag;
  row.checksums = part.checksums;
  ATOLL_TRY(vault_->commit_content([&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
    ATOLL_TRY(check_there(context, upload));
    if (source != nullptr) {
      ATOLL_ASSIGN(const auto version, context.state.version(source->object, source->version));
      if (!version) {
        return fail(ErrorKind::conflict, "object.changed", "what was to be copied was removed for good meanwhile");
      }
    }
    row.modified = context.commit_time;
    changes.put(row);
    return {};
  }));
  return {};
}

Result<std::vector<UploadPartRow>> Uploads::parts(const UploadId& id, std::uint32_t after, std::size_t limit) {
  std::vector<UploadPartRow> parts;
  if (limit == 0) return parts;
  ATOLL_TRY(vault_->reader()->for_each_row_under(TableNumber::upload_parts, id.view(),
                                                 [&](ByteView key, ByteView row) -> Result<bool> {
                                                   UploadPartRow part;
                                                   ATOLL_TRY(catalog::decode(key, row, part));
                                                   if (part.number > after) parts.push_back(std::move(part));
                                                   return parts.size() < limit;
                                                 }));
  return parts;
}

Result<std::vector<UploadRow>> Uploads::list(const std::string& bucket) {
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(const BucketState state, bucket_state(*reader, bucket));
  ATOLL_ASSIGN(auto rows, reader->all<UploadRow>());
  std::erase_if(rows, [&](const UploadRow& row) { return row.bucket != state.bucket.id; });
  std::ranges::sort(rows, [](const UploadRow& a, const UploadRow& b) {
    return std::tie(a.key, a.created, a.id) < std::tie(b.key, b.created, b.id);
  });
  return rows;
}

Result<void> Uploads::abort(const UploadRow& upload) {
  ATOLL_TRY(vault_->commit(journal::CommandKind::upload_change,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             ATOLL_TRY(check_there(context, upload));
                             return stage_end(context, changes, upload);
                           }));
  return remove_rest(*vault_, upload);
}

Result<Uploads::Completed> Uploads::complete(const UploadRow& upload, const Completion& completion) {
  ATOLL_ASSIGN(const auto bucket, vault_->reader()->bucket(upload.bucket));
  if (!bucket) return no_such_upload();
  std::vector<catalog::ContentReference> contents;
  std::uint64_t size = 0;
  for (const UploadPartRow& part : completion.parts) {
    ATOLL_ASSIGN(catalog::ContentReference content, catalog::decode_content(part.content));
    size += part.size;
    if (part.size > 0) contents.push_back(std::move(content));
  }
  NewVersion fresh;
  fresh.key = upload.key;
  ATOLL_ASSIGN(fresh.version, catalog::decode_version(Bytes(32), upload.version));
  fresh.version.size = size;
  fresh.version.etag = completion.etag;
  fresh.version.checksums = completion.checksums;
  const auto use = vault_->chunks().begin_use();
  const auto chunks = vault_->chunks().new_writer(bucket->domain, tier_of_class(fresh.version));
  ATOLL_ASSIGN(fresh.version.content, join_contents(*chunks, contents));
  fresh.version.content.domain = bucket->domain;
  Completed done;
  done.size = size;
  const VersionId id = platform::new_id<VersionId>(vault_->machine());
  VersionTerms terms;
  terms.mode = upload.lock;
  terms.until = upload.locked_until;
  terms.is_held = upload.is_held;
  terms.access_list = upload.access_list;
  std::vector<std::uint64_t> sizes;
  for (const UploadPartRow& part : completion.parts) sizes.push_back(part.size);
  terms.part_sizes = write_part_sizes(sizes);
  ATOLL_ASSIGN(done.lsn, vault_->commit_content([&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
    ATOLL_TRY(check_there(context, upload));
    for (const UploadPartRow& part : completion.parts) {
      ATOLL_ASSIGN(const auto now, context.state.one<UploadPartRow>(catalog::key_of(part)));
      if (!now || now->content != part.content) {
        return fail(ErrorKind::conflict, "upload.changed",
                    "part " + std::to_string(part.number) + " was uploaded anew meanwhile: complete it again");
      }
    }
    ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, bucket->name));
    ATOLL_ASSIGN(done.change,
                 stage_version(context, changes, state, fresh, id, vault_->actor(), terms, completion.check));
    return stage_end(context, changes, upload);
  }));
  ignore_error_on_purpose(remove_rest(*vault_, upload));  // the object is there
  return done;
}

}  // namespace atl::vault
