// Listings: of objects, of their versions, of uploads.
#include <algorithm>

#include "edge/s3/internal/exchange.h"
#include "edge/s3/internal/object_headers.h"
#include "vault/object/uploads.h"

namespace atl::s3 {
namespace {

constexpr std::uint64_t kKeysMax = 1000;

struct Listing {
  std::string prefix;
  std::string delimiter;
  std::uint64_t limit = kKeysMax;
  bool is_encoded = false;  // encoding-type=url

  [[nodiscard]] std::string shown(std::string_view key) const {
    return is_encoded ? uri_encode(key, Slash::kept) : std::string(key);
  }
  // Keys that S3 cannot make and XML cannot hold are listed encoded only.
  [[nodiscard]] bool can_show(std::string_view key) const { return is_encoded || (key.size() <= 1024 && is_utf8(key)); }
};

Result<Listing> read_listing(const Exchange& exchange, std::string_view limit_name) {
  Listing listing;
  listing.prefix = exchange.parameter("prefix").value_or("");
  listing.delimiter = exchange.parameter("delimiter").value_or("");
  ATOLL_ASSIGN(const std::uint64_t limit, exchange.number(limit_name, kKeysMax, INT32_MAX));
  listing.limit = std::min(limit, kKeysMax);
  if (const auto encoding = exchange.parameter("encoding-type"); encoding && !encoding->empty()) {
    if (*encoding != "url") return fail(Code::InvalidArgument, "encoding-type must be url");
    listing.is_encoded = true;
  }
  return listing;
}

void write_listing(xml::Writer& writer, const Exchange& exchange, const Listing& listing, std::string_view limit_name) {
  writer.element("Name", exchange.bucket).element("Prefix", listing.shown(listing.prefix));
  if (!listing.delimiter.empty()) writer.element("Delimiter", listing.shown(listing.delimiter));
  writer.element(limit_name, std::to_string(listing.limit));
  if (listing.is_encoded) writer.element("EncodingType", "url");
}

// A token is opaque: the key that was listed last, in base64.
Result<std::string> read_token(std::string_view token) {
  const auto bytes = from_base64(token);
  if (!bytes || bytes->empty()) return fail(Code::InvalidArgument, "The continuation token is not one that was given");
  return to_string(*bytes);
}

void write_common_prefixes(xml::Writer& writer, const Listing& listing, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    writer.begin("CommonPrefixes").element("Prefix", listing.shown(prefix)).end();
  }
}

std::string owner_of(const std::string& actor) { return actor.empty() ? "owner" : actor; }

// False where below a common prefix lie only things that S3 does not show, such as an empty folder that `put` stored.
Result<bool> has_shown_below(catalog::CatalogReader& reader, const Listing& listing, const BucketId& bucket,
                             const std::string& prefix, bool with_deleted) {
  if (!listing.can_show(prefix)) return false;
  catalog::ListQuery query;
  query.bucket = bucket;
  query.prefix = prefix;
  query.include_deleted = with_deleted;
  query.limit = 2;  // mostly the folder's own entry, and one in it
  for (;;) {
    ATOLL_ASSIGN(const auto page, reader.list(query));
    if (std::ranges::any_of(page.items, [](const auto& item) { return is_shown(item.version.kind); })) return true;
    if (!page.has_more) return false;
    query.after = page.next_after;
    query.limit = kKeysMax;
  }
}

// Pages of the catalog until the page of S3 is full: kinds that S3 does not show are passed over.
Result<catalog::ListPage> gather(catalog::CatalogReader& reader, const Listing& listing, catalog::ListQuery query) {
  catalog::ListPage out;
  out.next_after = query.after;
  if (listing.limit == 0) return out;
  // Looking below each prefix costs as much as the list itself; where everything is shown there is no need.
  std::optional<bool> shows_all;
  for (;;) {
    query.limit = listing.limit - out.items.size() - out.common_prefixes.size();
    ATOLL_ASSIGN(auto page, reader.list(query));
    for (auto& item : page.items) {
      if (is_shown(item.version.kind) && listing.can_show(item.entry.key)) out.items.push_back(std::move(item));
    }
    if (!page.common_prefixes.empty() && !shows_all) {
      ATOLL_ASSIGN(const catalog::Totals totals, reader.totals(query.bucket));
      shows_all = totals.objects() == totals.of(catalog::EntryKind::file) + totals.of(catalog::EntryKind::marker);
    }
    for (auto& prefix : page.common_prefixes) {
      bool is_there = listing.can_show(prefix);
      if (is_there && !*shows_all) {
        ATOLL_ASSIGN(is_there, has_shown_below(reader, listing, query.bucket, prefix, false));
      }
      if (is_there) out.common_prefixes.push_back(std::move(prefix));
    }
    out.has_more = page.has_more;
    out.next_after = page.next_after;
    query.after = page.next_after;
    if (!page.has_more || out.items.size() + out.common_prefixes.size() >= listing.limit) return out;
  }
}

}  // namespace

Answer list_objects(Exchange& exchange) {
  const bool is_second = exchange.operation->operation == Operation::ListObjectsV2;
  if (is_second && exchange.parameter("list-type") != "2") return fail(Code::InvalidArgument, "list-type must be 2");
  ATOLL_ASSIGN(const Listing listing, read_listing(exchange, "max-keys"));
  ATOLL_TRY(exchange.require_prefix(access::Action::list, listing.prefix));
  const auto reader = exchange.vault->reader();
  ATOLL_ASSIGN(const vault::BucketState state, vault::bucket_state(*reader, exchange.bucket));
  catalog::ListQuery query;
  query.bucket = state.bucket.id;
  query.prefix = listing.prefix;
  query.delimiter = listing.delimiter;
  const std::string_view marker = exchange.parameter(is_second ? "start-after" : "marker").value_or("");
  query.after = marker;
  const std::string_view token = exchange.parameter("continuation-token").value_or("");
  if (is_second && !token.empty()) {
    ATOLL_ASSIGN(query.after, read_token(token));
  }
  ATOLL_ASSIGN(const catalog::ListPage page, gather(*reader, listing, query));
  const bool has_more = page.has_more && listing.limit > 0;

  xml::Writer writer;
  writer.begin("ListBucketResult", kNamespace);
  write_listing(writer, exchange, listing, "MaxKeys");
  writer.element("IsTruncated", has_more ? "true" : "false");
  const bool with_owner = !is_second || exchange.parameter("fetch-owner") == "true";
  if (is_second) {
    writer.element("KeyCount", std::to_string(page.items.size() + page.common_prefixes.size()));
    if (!marker.empty()) writer.element("StartAfter", listing.shown(marker));
    if (!token.empty()) writer.element("ContinuationToken", token);
    if (has_more) writer.element("NextContinuationToken", to_base64(as_bytes(page.next_after)));
  } else {
    writer.element("Marker", listing.shown(marker));
    if (has_more) writer.element("NextMarker", listing.shown(page.next_after));
  }
  for (const auto& item : page.items) {
    writer.begin("Contents").element("Key", listing.shown(item.entry.key));
    writer.element("LastModified", format_time(item.version.begin_time));
    writer.element("ETag", quoted(vault::etag_of(item.version)));
    writer.element("Size", std::to_string(item.version.size));
    writer.element("StorageClass", storage_class_of(item.version));
    if (with_owner) write_owner(writer, "Owner", owner_of(item.version.actor));
    writer.end();
  }
  write_common_prefixes(writer, listing, page.common_prefixes);
  writer.end();
  return xml_response(writer.finish());
}

Answer list_object_versions(Exchange& exchange) {
  ATOLL_ASSIGN(const Listing listing, read_listing(exchange, "max-keys"));
  ATOLL_TRY(exchange.require_prefix(access::Action::read_history, listing.prefix));
  const std::string key_marker(exchange.parameter("key-marker").value_or(""));
  const std::string version_marker(exchange.parameter("version-id-marker").value_or(""));
  const auto reader = exchange.vault->reader();
  ATOLL_ASSIGN(const vault::BucketState state, vault::bucket_state(*reader, exchange.bucket));

  struct Item {
    std::string key;
    vault::ObjectVersion version;
  };
  std::vector<Item> items;
  std::vector<std::string> prefixes;
  std::string next_key;
  std::string next_version;
  bool has_more = false;
  const auto is_full = [&] { return items.size() + prefixes.size() >= listing.limit; };

  // False: the page is full, and there is more.
  const auto add_versions = [&](const catalog::EntryRow& entry, std::string_view after) -> Result<bool> {
    if (!listing.can_show(entry.key) || (entry.is_deleted && !state.was_ever_versioned())) return true;
    ATOLL_ASSIGN(auto all, vault::object_versions(*reader, state, entry));
    auto from = all.begin();
    if (!after.empty()) {
      from = std::ranges::find_if(all, [&](const auto& one) { return version_text(one.id, one.has_id) == after; });
      if (from != all.end()) ++from;
    }
    for (; from != all.end(); ++from) {
      if (!from->is_marker && !is_shown(from->row.kind)) continue;
      // Where nothing is versioned, ended versions are no business of S3.
      if (!state.was_ever_versioned() && !from->is_latest) continue;
      if (is_full()) return false;
      next_key = entry.key;
      next_version = version_text(from->id, from->has_id);
      items.push_back({entry.key, std::move(*from)});
    }
    return true;
  };

  catalog::ListQuery query;
  query.bucket = state.bucket.id;
  query.prefix = listing.prefix;
  query.delimiter = listing.delimiter;
  query.after = key_marker;
  query.include_deleted = true;
  if (!key_marker.empty() && !version_marker.empty()) {
    ATOLL_ASSIGN(const auto entry, reader->entry(state.bucket.id, key_marker));
    if (entry) {
      ATOLL_ASSIGN(const bool goes_on, add_versions(*entry, version_marker));
      has_more = !goes_on;
    }
  }
  while (!has_more) {
    query.limit = kKeysMax;
    ATOLL_ASSIGN(auto page, reader->list(query));
    // Keys and common prefixes come in one order.
    auto prefix = page.common_prefixes.begin();
    for (auto item = page.items.begin();
         !has_more && (item != page.items.end() || prefix != page.common_prefixes.end());) {
      if (prefix != page.common_prefixes.end() && (item == page.items.end() || *prefix < item->entry.key)) {
        ATOLL_ASSIGN(const bool is_there,
                     has_shown_below(*reader, listing, state.bucket.id, *prefix, state.was_ever_versioned()));
        if (is_there) {
          if (is_full()) {
            has_more = true;
            break;
          }
          prefixes.push_back(*prefix);
          next_key = *prefix;
          next_version.clear();
        }
        ++prefix;
        continue;
      }
      ATOLL_ASSIGN(const bool goes_on, add_versions(item->entry, ""));
      has_more = !goes_on;
      ++item;
    }
    if (!page.has_more) break;
    query.after = page.next_after;
    if (is_full() && !has_more) has_more = true;
  }

  xml::Writer writer;
  writer.begin("ListVersionsResult", kNamespace);
  write_listing(writer, exchange, listing, "MaxKeys");
  writer.element("KeyMarker", listing.shown(key_marker)).element("VersionIdMarker", version_marker);
  writer.element("IsTruncated", has_more ? "true" : "false");
  if (has_more) {
    writer.element("NextKeyMarker", listing.shown(next_key));
    if (!next_version.empty()) writer.element("NextVersionIdMarker", next_version);
  }
  for (const Item& item : items) {
    writer.begin(item.version.is_marker ? "DeleteMarker" : "Version").element("Key", listing.shown(item.key));
    writer.element("VersionId", version_text(item.version.id, item.version.has_id));
    writer.element("IsLatest", item.version.is_latest ? "true" : "false");
    writer.element("LastModified", format_time(item.version.begin_time));
    if (!item.version.is_marker) {
      writer.element("ETag", quoted(vault::etag_of(item.version.row)));
      writer.element("Size", std::to_string(item.version.row.size));
      writer.element("StorageClass", storage_class_of(item.version.row));
    }
    write_owner(writer, "Owner", owner_of(item.version.row.actor));
    writer.end();
  }
  write_common_prefixes(writer, listing, prefixes);
  writer.end();
  return xml_response(writer.finish());
}

Answer list_uploads(Exchange& exchange) {
  ATOLL_ASSIGN(const Listing listing, read_listing(exchange, "max-uploads"));
  ATOLL_TRY(exchange.require_prefix(access::Action::list, listing.prefix));
  const std::string key_marker(exchange.parameter("key-marker").value_or(""));
  const std::string id_marker(exchange.parameter("upload-id-marker").value_or(""));
  ATOLL_ASSIGN(const auto uploads, vault::Uploads(*exchange.vault).list(exchange.bucket));
  std::vector<const catalog::UploadRow*> shown;
  std::vector<std::string> prefixes;
  bool has_more = false;
  bool is_behind_marker = id_marker.empty();
  std::string next_key;
  std::string next_id;
  for (const auto& upload : uploads) {
    if (!upload.key.starts_with(listing.prefix) || upload.key < key_marker) continue;
    if (upload.key == key_marker) {
      if (is_behind_marker && !id_marker.empty()) {
        // further uploads of the same key
      } else if (!id_marker.empty()) {
        is_behind_marker = to_base32(upload.id.view()) == id_marker;
        continue;
      } else {
        continue;
      }
    }
    std::string common;
    if (!listing.delimiter.empty()) {
      const std::size_t at = upload.key.find(listing.delimiter, listing.prefix.size());
      if (at != std::string::npos) common = upload.key.substr(0, at + listing.delimiter.size());
    }
    if (!common.empty() && ((!prefixes.empty() && prefixes.back() == common) || common <= key_marker)) continue;
    has_more = shown.size() + prefixes.size() >= listing.limit;
    if (has_more) break;
    next_key = common.empty() ? upload.key : common;
    next_id = common.empty() ? to_base32(upload.id.view()) : "";
    if (common.empty()) {
      shown.push_back(&upload);
    } else {
      prefixes.push_back(common);
    }
  }
  xml::Writer writer;
  writer.begin("ListMultipartUploadsResult", kNamespace).element("Bucket", exchange.bucket);
  writer.element("KeyMarker", listing.shown(key_marker)).element("UploadIdMarker", id_marker);
  if (has_more) writer.element("NextKeyMarker", listing.shown(next_key)).element("NextUploadIdMarker", next_id);
  writer.element("Prefix", listing.shown(listing.prefix));
  if (!listing.delimiter.empty()) writer.element("Delimiter", listing.shown(listing.delimiter));
  if (listing.is_encoded) writer.element("EncodingType", "url");
  writer.element("MaxUploads", std::to_string(listing.limit)).element("IsTruncated", has_more ? "true" : "false");
  for (const auto* upload : shown) {
    writer.begin("Upload").element("Key", listing.shown(upload->key));
    writer.element("UploadId", to_base32(upload->id.view()));
    write_owner(writer, "Initiator", owner_of(upload->actor));
    write_owner(writer, "Owner", owner_of(upload->actor));
    writer.element("StorageClass", "STANDARD").element("Initiated", format_time(upload->created)).end();
  }
  write_common_prefixes(writer, listing, prefixes);
  writer.end();
  return xml_response(writer.finish());
}

}  // namespace atl::s3
