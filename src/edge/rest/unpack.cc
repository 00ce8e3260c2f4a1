// Many files in one request: a tar archive that becomes objects below a prefix while it comes.
//
// Always true:
//  - What is true of every bulk put (bulk_put.h).
//  - No name leads out of the prefix.
// Memory: one batch of rows (vault/folder/bulk_writer.h) and the reader's buffer, whatever the archive holds.
#include <algorithm>
#include <optional>

#include "edge/rest/answers.h"
#include "edge/rest/bulk_put.h"
#include "edge/rest/groups.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/schema.h"
#include "foundation/codec/hash.h"
#include "foundation/tar/tar_reader.h"

namespace atl::rest {
namespace {

using access::Action;
using catalog::EntryKind;
using json::Value;

// Words about one entry, in extended headers of the archive.
constexpr std::string_view kMetadataRecord = "ATOLL.meta.";
constexpr std::string_view kTagRecord = "ATOLL.tag.";
constexpr std::string_view kTypeRecord = "ATOLL.type";

// What is left of a path without "." and what is empty between slashes; none where it leads elsewhere.
std::optional<std::string> path_inside(std::string_view name) {
  if (name.starts_with('/')) return std::nullopt;
  std::string path;
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(std::min(slash + 1, name.size()));
    if (part == "..") return std::nullopt;
    if (part.empty() || part == ".") continue;
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

class Unpacking {
 public:
  Unpacking(Call& call, vault::Vault& vault, std::string prefix, catalog::VersionRow words)
      : call_(&call), vault_(&vault), prefix_(std::move(prefix)), words_(std::move(words)) {
    if (!prefix_.empty() && !prefix_.ends_with('/')) prefix_ += '/';
  }

  Result<void> run() {
    ATOLL_ASSIGN(put_, BulkPut::begin(*call_, *vault_, words_, prefix_));
    tar::Reader tar([this](ByteSpan out) { return call_->request().body.read(out); });
    auto answer = read_all(tar);
    // What came whole before the end, good or bad, stays.
    ATOLL_TRY(put_->writer().flush());
    if (answer) return {};
    Error error = std::move(answer).error();
    if (error.id.starts_with("tar.") && put_->kept() > 0)
      error.message += "; " + std::to_string(put_->kept()) + " objects that came before that are stored";
    return pass(std::move(error));
  }

  [[nodiscard]] Value report() const { return put_->report(); }

 private:
  Result<void> read_all(tar::Reader& tar) {
    for (;;) {
      ATOLL_ASSIGN(auto entry, tar.next());
      if (!entry) return {};
      ATOLL_TRY(one(tar, std::move(*entry)));
    }
  }

  Result<void> one(tar::Reader& tar, tar::Entry entry) {
    if (!entry.refusal.empty()) {
      put_->refuse(entry.name, "unpack.not_taken", "it " + entry.refusal);
      return {};
    }
    const auto inside = path_inside(entry.name);
    if (!inside) {
      put_->refuse(entry.name, "unpack.leads_out", "its name leads out of the folder");
      return {};
    }
    std::string key = prefix_ + *inside;
    if (inside->empty()) {
      // The archive's own top folder is that of the prefix.
      if (entry.kind != tar::Kind::folder) {
        put_->refuse(entry.name, "unpack.not_taken", "it has no name");
        return {};
      }
      if (key.empty()) key = "./";
    } else if (entry.kind == tar::Kind::folder) {
      key += '/';
    }
    if (const auto good = vault::check_key(key); !good) {
      put_->refuse(entry.name, good.error());
      return {};
    }
    auto version = facts_of(entry);
    if (!version) {
      put_->refuse(entry.name, std::move(version).error());
      return {};
    }
    if (const auto room = put_->check_quota(key, entry.size); !room) {
      // Of one that is full nothing more is read than has to be passed over.
      put_->refuse(entry.name, room.error());
      return {};
    }
    if (entry.kind == tar::Kind::hard_link) return hard_link(key, entry);
    if (entry.kind != tar::Kind::file) return add(key, std::move(*version));
    ATOLL_TRY(content(tar, key, entry.size));
    version->size = entry.size;
    put_->note_pending(entry.size);
    return put_->writer().finish(key, std::move(*version));
  }

  Result<void> add(const std::string& key, catalog::VersionRow version) {
    put_->note_pending(0);
    return put_->writer().add(key, std::move(version));
  }

  // One content; its first bytes decide how it is cut where its name alone does not.
  Result<void> content(tar::Reader& tar, const std::string& key, std::uint64_t size) {
    Bytes first;
    if (vault::wants_first_bytes(size, key)) {
      while (first.size() < vault::kFirstBytesLookedAt) {
        ATOLL_ASSIGN(const ByteView piece, tar.content());
        if (piece.empty()) break;
        first.insert(first.end(), piece.begin(), piece.end());
      }
    }
    const ByteView looked_at = ByteView(first).first(std::min(first.size(), vault::kFirstBytesLookedAt));
    put_->writer().begin(size, key, looked_at);
    ATOLL_TRY(put_->writer().append(first));
    for (;;) {
      ATOLL_ASSIGN(const ByteView piece, tar.content());
      if (piece.empty()) return {};
      ATOLL_TRY(put_->writer().append(piece));
    }
  }

  // Another name of a file that came before: the same version, with a mark that both share.
  Result<void> hard_link(const std::string& key, const tar::Entry& entry) {
    const auto target = path_inside(entry.link_target);
    const std::string target_key = prefix_ + target.value_or("");
    // It may have been there before this archive, as somebody else's.
    const bool may_read = target && call_->may(Action::read, put_->bucket().name, target_key);
    std::optional<catalog::VersionRow> known;
    if (may_read) {
      ATOLL_ASSIGN(known, put_->writer().find(target_key));
    }
    if (!known || known->kind != EntryKind::file) {
      put_->refuse(entry.name, "unpack.no_link_target",
                   "it is another name of " + entry.link_target + ", which is not there, or not yours to read");
      return {};
    }
    catalog::VersionRow version = std::move(*known);
    version.label.clear();
    if (version.link_group.empty()) {
      // The same for the same names, so that an archive that comes again is recognised.
      const codec::Digest digest =
          codec::blake3(as_bytes("atoll link group\n" + put_->bucket().name + "\n" + target_key));
      version.link_group.assign(digest.begin(), digest.begin() + 16);
      ATOLL_TRY(put_->writer().mark_linked(target_key, version.link_group));
    }
    return add(key, std::move(version));
  }

  Result<catalog::VersionRow> facts_of(const tar::Entry& entry) const {
    catalog::VersionRow version;
    version.metadata = words_.metadata;
    version.tags = words_.tags;
    switch (entry.kind) {
      case tar::Kind::file:
      case tar::Kind::hard_link: version.kind = EntryKind::file; break;
      case tar::Kind::folder: version.kind = EntryKind::directory; break;
      case tar::Kind::symlink:
        version.kind = EntryKind::symlink;
        version.link_target = entry.link_target;
        version.size = entry.link_target.size();
        break;
    }
    // Folders and links carry no words of a request that is about files.
    if (version.kind != EntryKind::file) {
      version.metadata.clear();
      version.tags.clear();
    }
    version.has_source = true;
    version.mode = entry.mode;
    version.uid = entry.uid;
    version.gid = entry.gid;
    version.modified = entry.modified;
    version.attributes = entry.attributes;
    for (const auto& [name, value] : entry.records) {
      if (name == kTypeRecord) version.content_type = value;
      if (name.starts_with(kMetadataRecord)) version.metadata[name.substr(kMetadataRecord.size())] = value;
      if (name.starts_with(kTagRecord)) version.tags[name.substr(kTagRecord.size())] = value;
    }
    ATOLL_TRY(check_words(version));
    return version;
  }

  Call* call_;
  vault::Vault* vault_;
  std::string prefix_;
  catalog::VersionRow words_;  // of all of it
  std::unique_ptr<BulkPut> put_;
};

Result<net::Response> unpack(Call& call) {
  const std::string type(call.headers().get("Content-Type").value_or("application/x-tar"));
  if (type != "application/x-tar" && type != "application/octet-stream") {
    return fail(ErrorKind::usage, "http.unsupported_media_type", "many files come as Content-Type: application/x-tar",
                "Compressed archives are taken by `atoll import`.");
  }
  ATOLL_ASSIGN(auto words, facts_of(call.headers(), call.exchange().now()));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  Unpacking unpacking(call, *vault, call.text("prefix"), std::move(words));
  ATOLL_TRY(unpacking.run());
  return ok(unpacking.report());
}

}  // namespace

std::vector<Operation> unpack_operations() {
  std::vector<HeaderParameter> headers = word_parameters();
  headers.push_back({"Content-Type", "application/x-tar"});
  return {
      {.id = "bucket_unpack",
       .method = "POST",
       .path = "/api/v1/buckets/{bucket}/archive",
       .tag = "objects",
       .words =
           "Many files in one request: a tar becomes objects below a prefix.\nIt is stored while it comes, so it may "
           "be "
           "of any size; what was stored stays where it breaks off. Times, modes, owners, links and extended "
           "attributes "
           "are kept. An object that is as the archive has it stays as it is. What cannot be stored, and names that "
           "would lead out of the prefix, are in `failures`; everything else is stored. The words in header fields "
           "count "
           "for all files; one file's own are extended header records: ATOLL.meta.NAME, ATOLL.tag.NAME, ATOLL.type.",
       .guards = {{Action::write, Place::prefix}},
       .query = {prefix_parameter()},
       .headers = headers,
       .body = kAnyBytes,
       .answers = {{200, "Unpacked", "What became of it."}},
       .handler = unpack},
  };
}

std::vector<NamedSchema> unpack_schemas() {
  using namespace schema;
  return {
      {"UnpackFailure",
       object("What was not stored.", {required("name", text("As the archive has it.")),
                                       optional("name_b64", text("In base64, where it is no UTF-8.")),
                                       required("status", number("As a put of it alone would have been answered.")),
                                       required("id", text("The error's id.")), required("message", text("Why."))})},
      {"Unpacked", object("What became of an archive.", bulk_report_members())},
  };
}

}  // namespace atl::rest
