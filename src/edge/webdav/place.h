// Which vault, bucket and key an address below /dav/ means, and the address of a place.
//
//     /dav/<bucket>/<key…>             in the default vault
//     /dav/@<vault>/<bucket>/<key…>    in another one; '@' begins no bucket's name, so addresses stay what they are
//     when
//                                      a home gets its second vault
//
// Always true: a place has no empty, "." or ".." piece, no NUL, and no '/' within a piece; "/dav/a//b" is "/dav/a/b".
// Whatever bytes a key consists of, href() of its place leads to it.
// Thread rules: values.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/error.h"

namespace atl::webdav {

struct Place {
  std::string vault;   // behind the '@'; empty: the default one
  std::string bucket;  // empty: the vault itself
  std::string key;     // without a slash at its end; empty: the bucket itself
  bool has_slash = false;

  [[nodiscard]] bool is_root() const { return bucket.empty(); }
  [[nodiscard]] bool is_bucket() const { return !bucket.empty() && key.empty(); }
  // What the keys of everything in this folder begin with: "" of a bucket, else "a/b/".
  [[nodiscard]] std::string member_prefix() const { return key.empty() ? std::string() : key + "/"; }
  // The key under which the folder itself is stored: "./" of a bucket (vault/folder/plan.cc), else "a/b/".
  [[nodiscard]] std::string folder_key() const { return key.empty() ? std::string("./") : key + "/"; }
  [[nodiscard]] Place parent() const;  // of the root: itself
  [[nodiscard]] std::string name() const;
  // The same place, whether written with a slash at its end or not.
  [[nodiscard]] bool is_same(const Place& other) const;
  // `other` lies in this place, or is it.
  [[nodiscard]] bool holds(const Place& other) const;
  friend bool operator==(const Place&, const Place&) = default;
};

// Of an encoded path that begins with "/dav"; `usage` "dav.bad_address".
[[nodiscard]] Result<Place> parse_place(std::string_view path);
// Encoded, beginning with "/dav"; a slash at its end where `is_folder`.
[[nodiscard]] std::string href(const Place& place, bool is_folder);

// What precedes "/dav" in addresses as clients see them: the path of a server's base URL, without a slash at its end.
[[nodiscard]] std::string base_path_of(std::string_view base_url);
// A URI of a Destination or If field: absolute, or a path. "https://host/base/dav/a/b" -> place. Hosts other than those
// of `authority` and `base_url` are refused: `usage` "dav.other_server".
[[nodiscard]] Result<Place> place_of_uri(std::string_view uri, std::string_view authority, std::string_view base_url);

}  // namespace atl::webdav
