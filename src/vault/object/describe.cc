#include "vault/object/describe.h"

#include <algorithm>

#include "vault/history/past.h"

namespace atl::vault {
namespace {

using catalog::EntryRow;
using catalog::VersionRow;

// Entry and version as they stand before the command; both may have gone since they were looked at.
struct Rows {
  EntryRow entry;
  VersionRow version;
};

Result<Rows> rows_now(catalog::CatalogReader& state, const Objects::Found& at) {
  ATOLL_ASSIGN(auto entry, state.entry(at.bucket.id, at.entry.key));
  ATOLL_ASSIGN(auto version, state.version(at.version.object, at.version.version));
  if (!entry || !version || entry->object != at.version.object) {
    return fail(ErrorKind::conflict, "object.changed",
                at.bucket.name + "/" + at.entry.key + " or this version of it was removed for good meanwhile");
  }
  return Rows{std::move(*entry), std::move(*version)};
}

Result<Described> change_words(
    Vault& vault, const Objects::Found& at,
    const std::function<Result<void>(const CommitContext&, ChangeSet&, VersionRow&)>& change) {
  Described done;
  done.version = at.version.version;
  ATOLL_ASSIGN(done.lsn, vault.commit(
                             journal::CommandKind::describe_versions,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(const Rows rows, rows_now(context.state, at));
                               VersionRow fresh = rows.version;
                               ATOLL_TRY(change(context, changes, fresh));
                               if (has_same_words(fresh, rows.version)) return {};
                               done.was_changed = true;
                               changes.put(at.bucket.domain, rows.entry);
                               changes.put(at.bucket.domain, fresh);
                               return {};
                             },
                             platform::new_id<OperationId>(vault.machine())));
  return done;
}

}  // namespace

Result<Objects::Found> find_addressed(Vault& vault, const Address& address, const std::string& version) {
  Objects::Found found;
  ATOLL_ASSIGN(found.bucket, Objects(vault).bucket(address.bucket));
  const auto reader = vault.reader();
  KeyAndVersion named{address.key, version};
  if (version.empty()) {
    ATOLL_ASSIGN(named, split_version(*reader, found.bucket.id, address.key));
  }
  if (named.version.empty()) {
    ATOLL_ASSIGN(auto listed, reader->current(found.bucket.id, named.key));
    if (!listed) {
      return fail(ErrorKind::not_found, "object.not_found",
                  "there is no object " + found.bucket.name + "/" + address.key,
                  "`atoll ls " + found.bucket.name + "` lists what is there; `atoll log` what was.");
    }
    found.entry = std::move(listed->entry);
    found.version = std::move(listed->version);
    return found;
  }
  ATOLL_ASSIGN(auto listed, find_version(*reader, found.bucket, named.key, named.version));
  found.entry = std::move(listed.entry);
  found.version = std::move(listed.version);
  return found;
}

Result<Described> set_label(Vault& vault, const Objects::Found& at, const std::string& label, bool moves) {
  ATOLL_TRY(check_label(label));
  const std::string name = at.bucket.name + "/" + at.entry.key;
  return change_words(
      vault, at, [&](const CommitContext& context, ChangeSet& changes, VersionRow& version) -> Result<void> {
        if (version.label == label) return {};
        if (!version.label.empty() && !moves) {
          return fail(ErrorKind::conflict, "label.has_one",
                      "version " + version.version.text() + " of " + name + " has the label \"" + version.label + "\"",
                      "Add --move to replace it.");
        }
        const auto is_free = check_label_free(context.state, version.object, version.version, label, name);
        if (!is_free) {
          if (!moves || is_free.error().kind != ErrorKind::conflict) return pass(is_free.error());
          ATOLL_ASSIGN(const auto holder, context.state.labelled(version.object, label));
          ATOLL_INVARIANT(holder.has_value(), "somebody has it");
          ATOLL_ASSIGN(auto other, context.state.version(version.object, *holder));
          ATOLL_INVARIANT(other.has_value(), "what is indexed is there");
          other->label.clear();
          changes.put(at.bucket.domain, *other);
        }
        version.label = label;
        return {};
      });
}

Result<Described> remove_label(Vault& vault, const Address& address, const std::string& label) {
  Objects::Found at;
  ATOLL_ASSIGN(at.bucket, Objects(vault).bucket(address.bucket));
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto entry, reader->entry(at.bucket.id, address.key));
  const std::string name = address.bucket + "/" + address.key;
  if (!entry) {
    return fail(ErrorKind::not_found, "object.not_found", "there never was an object " + name,
                "`atoll ls " + address.bucket + "` lists what is there.");
  }
  ATOLL_ASSIGN(const auto holder, reader->labelled(entry->object, label));
  const auto none = [&] {
    return fail(ErrorKind::not_found, "label.not_found",
                "no version of " + name + " has the label \"" + label.substr(0, kLabelBytesMax) + "\"",
                "`atoll label list " + name + "` lists those there are.");
  };
  if (!holder) return none();
  at.entry = std::move(*entry);
  at.version.object = at.entry.object;
  at.version.version = *holder;
  return change_words(vault, at, [&](const CommitContext&, ChangeSet&, VersionRow& version) -> Result<void> {
    if (version.label != label) return none();
    version.label.clear();
    return {};
  });
}

Result<Described> add_origin(Vault& vault, const Objects::Found& at, const Origin& origin, bool replaces) {
  ATOLL_TRY(check_origin(origin));
  const std::string name = at.bucket.name + "/" + at.entry.key;
  return change_words(vault, at, [&](const CommitContext& context, ChangeSet&, VersionRow& version) -> Result<void> {
    ATOLL_ASSIGN(auto sources, resolve_sources(context.state, origin.sources));
    for (const auto& source : sources) {
      if (source.object != version.object || source.version != version.version || source.version.is_none()) continue;
      return fail(ErrorKind::usage, "source.itself", name + " cannot be a source of itself",
                  "Name another version of it: " + name + "@LABEL.");
    }
    if (!replaces) {
      const auto differs = [](const std::string& fresh, const std::string& old) {
        return !fresh.empty() && !old.empty() && fresh != old;
      };
      if (differs(origin.author, version.author) || differs(origin.description, version.description) ||
          differs(origin.transformation, version.transformation)) {
        return fail(ErrorKind::conflict, "origin.differs", name + " says something else there already",
                    "`atoll provenance show " + name + "` shows what; add --replace.");
      }
      auto all = version.sources;
      for (auto& source : sources)
        if (std::ranges::find(all, source) == all.end()) all.push_back(std::move(source));
      sources = std::move(all);
    }
    if (sources.size() > kSourcesMax)
      return fail(ErrorKind::limit, "source.too_many", "a version has at most 1,000 sources");
    describe(version, origin, sources);
    return {};
  });
}

}  // namespace atl::vault
