// Many files in one request: a tar archive that becomes objects below a prefix while it comes.
//
// Always true:
//  - An object is stored whole or not at all; what was stored stays, also where the archive or the line breaks off.
//  - No name leads out of the prefix. What cannot be stored is told by name with its reason; everything else is.
//  - Each object is asked for as if it were put alone: rights, the history its bucket keeps, quotas.
// Memory: one batch of rows (vault/folder/bulk_writer.h) and the reader's buffer, whatever the archive holds.
#include <algorithm>
#include <optional>

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/put_content.h"
#include "edge/rest/schema.h"
#include "foundation/codec/hash.h"
#include "foundation/tar/tar_reader.h"
#include "vault/folder/bulk_writer.h"

namespace atl::rest {
namespace {

using access::Action;
using catalog::EntryKind;
using json::Value;

constexpr std::size_t kFailuresTold = 1000;
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
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(state_, vault::bucket_state(*reader, call_->bucket()));
    ATOLL_ASSIGN(writer_, vault::BulkWriter::open(*vault_, state_.bucket));
    vault::Origin origin;
    origin.label = words_.label;
    origin.author = words_.author;
    origin.description = words_.description;
    writer_->set_origin(std::move(origin));
    writer_->set_rules(
        {[this](const std::string& key, const catalog::VersionRow* there) { return may_store(key, there); },
         [this](const vault::BulkWriter::Told& told) { done(told); }});
    tar::Reader tar([this](ByteSpan out) { return call_->request().body.read(out); });
    auto answer = read_all(tar);
    // What came whole before the end, good or bad, stays.
    ATOLL_TRY(writer_->flush());
    if (answer) return {};
    Error error = std::move(answer).error();
    if (error.id.starts_with("tar.") && stored_ + unchanged_ > 0)
      error.message += "; " + std::to_string(stored_ + unchanged_) + " objects that came before that are stored";
    return pass(std::move(error));
  }

  [[nodiscard]] Value report() const {
    Value failures = Value::array();
    for (const auto& [name, error] : failures_) {
      Value one = Value::object();
      set_name(one, "name", name);
      one.set("id", error.id).set("message", error.message);
      failures.push(std::move(one));
    }
    return Value::object()
        .set("bucket", state_.bucket.name)
        .set("stored", stored_)
        .set("unchanged", unchanged_)
        .set("bytes", writer_->counts().bytes)
        .set("new_bytes", writer_->counts().new_bytes)
        .set("failed", failed_)
        .set("failures", std::move(failures));
  }

 private:
  Result<void> read_all(tar::Reader& tar) {
    for (;;) {
      ATOLL_ASSIGN(auto entry, tar.next());
      if (!entry) return {};
      ATOLL_TRY(one(tar, std::move(*entry)));
    }
  }

  void refuse(const std::string& name, Error error) {
    ++failed_;
    if (failures_.size() < kFailuresTold) failures_.emplace_back(name, std::move(error));
  }
  void refuse(const std::string& name, std::string id, std::string message) {
    refuse(name, {ErrorKind::usage, std::move(id), std::move(message), "", 0});
  }

  Result<void> one(tar::Reader& tar, tar::Entry entry) {
    if (!entry.refusal.empty()) {
      refuse(entry.name, "unpack.not_taken", "it " + entry.refusal);
      return {};
    }
    const auto inside = path_inside(entry.name);
    if (!inside) {
      refuse(entry.name, "unpack.leads_out", "its name leads out of the folder");
      return {};
    }
    std::string key = prefix_ + *inside;
    if (inside->empty()) {
      // The archive's own top folder is that of the prefix.
      if (entry.kind != tar::Kind::folder) {
        refuse(entry.name, "unpack.not_taken", "it has no name");
        return {};
      }
      if (key.empty()) key = "./";
    } else if (entry.kind == tar::Kind::folder) {
      key += '/';
    }
    if (const auto good = vault::check_key(key); !good) {
      refuse(entry.name, good.error());
      return {};
    }
    auto version = facts_of(entry);
    if (!version) {
      refuse(entry.name, std::move(version).error());
      return {};
    }
    if (const auto room = check_quota(key, entry.size); !room) {
      // Of one that is full nothing more is read than has to be passed over.
      refuse(entry.name, room.error());
      return {};
    }
    if (entry.kind == tar::Kind::hard_link) return hard_link(key, entry);
    if (entry.kind != tar::Kind::file) return add(key, std::move(*version));
    ATOLL_TRY(content(tar, key, entry.size));
    version->size = entry.size;
    pending_bytes_ += entry.size;
    ++pending_objects_;
    return writer_->finish(key, std::move(*version));
  }

  Result<void> add(const std::string& key, catalog::VersionRow version) {
    ++pending_objects_;
    return writer_->add(key, std::move(version));
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
    writer_->begin(size, key, looked_at);
    ATOLL_TRY(writer_->append(first));
    for (;;) {
      ATOLL_ASSIGN(const ByteView piece, tar.content());
      if (piece.empty()) return {};
      ATOLL_TRY(writer_->append(piece));
    }
  }

  // Another name of a file that came before: the same version, with a mark that both share.
  Result<void> hard_link(const std::string& key, const tar::Entry& entry) {
    const auto target = path_inside(entry.link_target);
    const std::string target_key = prefix_ + target.value_or("");
    // It may have been there before this archive, as somebody else's.
    const bool may_read = target && call_->may(Action::read, state_.bucket.name, target_key);
    std::optional<catalog::VersionRow> known;
    if (may_read) {
      ATOLL_ASSIGN(known, writer_->find(target_key));
    }
    if (!known || known->kind != EntryKind::file) {
      refuse(entry.name, "unpack.no_link_target",
             "it is another name of " + entry.link_target + ", which is not there, or not yours to read");
      return {};
    }
    catalog::VersionRow version = std::move(*known);
    version.label.clear();
    if (version.link_group.empty()) {
      // The same for the same names, so that an archive that comes again is recognised.
      const codec::Digest digest =
          codec::blake3(as_bytes("atoll link group\n" + state_.bucket.name + "\n" + target_key));
      version.link_group.assign(digest.begin(), digest.begin() + 16);
      ATOLL_TRY(writer_->mark_linked(target_key, version.link_group));
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

  Result<void> check_quota(const std::string& key, std::uint64_t size) {
    auto& access = call_->exchange().host.access();
    const auto as_new = access.check_quota(call_->who(), call_->vault_id(), state_.bucket.name, pending_bytes_ + size,
                                           pending_objects_ + 1);
    if (as_new) return {};
    // An object that is replaced is none more.
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto there, reader->current(state_.bucket.id, key));
    if (!there) return as_new;
    return access.check_quota(call_->who(), call_->vault_id(), state_.bucket.name, pending_bytes_ + size,
                              pending_objects_);
  }

  Result<void> may_store(const std::string& key, const catalog::VersionRow* there) const {
    const Action action = there == nullptr ? Action::write : overwrite_action(state_);
    const auto age = there == nullptr ? std::nullopt : call_->age_seconds(*there);
    if (call_->may(action, state_.bucket.name, key, false, age)) return {};
    return fail(ErrorKind::denied, "access.denied",
                there == nullptr ? "you may not store it" : "you may not replace what is there");
  }

  void done(const vault::BulkWriter::Told& told) {
    // Everything that was begun is durable now, and counted below.
    pending_bytes_ = pending_objects_ = 0;
    if (told.refused) {
      refuse(told.key.substr(prefix_.size()), *told.refused);
    } else if (told.effect == vault::PutEffect::unchanged) {
      ++unchanged_;
    } else {
      ++stored_;
      note_stored(*call_, state_.bucket.name, told.size, told.before ? &*told.before : nullptr);
    }
  }

  Call* call_;
  vault::Vault* vault_;
  std::string prefix_;
  catalog::VersionRow words_;  // of all of it
  vault::BucketState state_;
  std::unique_ptr<vault::BulkWriter> writer_;
  std::uint64_t pending_bytes_ = 0;  // that quotas do not know of yet
  std::uint64_t pending_objects_ = 0;
  std::uint64_t stored_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t failed_ = 0;
  std::vector<std::pair<std::string, Error>> failures_;
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
                                       required("id", text("The error's id.")), required("message", text("Why."))})},
      {"Unpacked",
       object("What became of an archive.",
              {required("bucket", text("Its bucket.")), required("stored", number("Objects with new versions.")),
               required("unchanged", number("Objects that were like this.")),
               required("bytes", number("Of contents that came.")),
               required("new_bytes", number("Of these, bytes that were not stored before.")),
               required("failed", number("Entries that were not stored.")),
               required("failures", list(reference("UnpackFailure"), "The first thousand of them."))})},
  };
}

}  // namespace atl::rest
