// What is said of versions that are stored already: labels given, moved and taken away; authors and origins added.
// Always true: a version's content, facts and metadata stay; every change is a command that puts the version's row
// whole and the entry of its name. Decided on the committing thread.
#pragma once

#include <string>

#include "vault/object/objects.h"

namespace atl::vault {

// The version that an address names: "key", "key@LABEL", "key@ID"; or `version` (id, its beginning, or label) where
// that is not empty. Of a removed object only a named version is found. Errors: `not_found`, `conflict`, `usage` where
// both name one.
[[nodiscard]] Result<Objects::Found> find_addressed(Vault& vault, const Address& address, const std::string& version);

struct Described {
  Lsn lsn;
  VersionId version;
  bool was_changed = false;
};
// `conflict` "label.taken" where another version of the object has it and `moves` is false; "label.has_one" where the
// version has another label and `moves` is false.
[[nodiscard]] Result<Described> set_label(Vault& vault, const Objects::Found& at, const std::string& label, bool moves);
// `not_found` where no version of the object has this label.
[[nodiscard]] Result<Described> remove_label(Vault& vault, const Address& address, const std::string& label);
// Adds sources; sets author, description and transformation where the version says nothing there yet. `conflict`
// "origin.differs" where it says something else and `replaces` is false; with it sources are replaced too.
[[nodiscard]] Result<Described> add_origin(Vault& vault, const Objects::Found& at, const Origin& origin, bool replaces);

}  // namespace atl::vault
