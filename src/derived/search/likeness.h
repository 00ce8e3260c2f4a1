// What is kept of each object so that others like it are found: its content's digest, its text's sketch, the hash of
// what it shows; and lists of who has the same of any.
//
// Always true:
//  - Derived: lost, it is made again from the catalog and what was understood before. Sealed like every index.
//  - An object stands in it once, with what its content is now; removed, it is gone from every list at once.
//  - After a crash it stands at the state of its last flush() or later, and following from there makes it right.
// Thread rules: reading from any thread, writing by one. Memory: as options_of() in likeness.cc bounds a RunSet's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "derived/extract/extraction.h"
#include "derived/search/minhash.h"
#include "derived/search/picture_hash.h"
#include "derived/search/position.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"
#include "store/run/run_set.h"

namespace atl::search {

// Of the bytes as a reader sees them, however they are called: the same where two contents have the same chunks and
// holes.
using ContentDigest = std::array<std::uint8_t, 16>;
[[nodiscard]] ContentDigest content_digest(const catalog::VersionRow& version);

struct Signature {
  ContentDigest content{};
  std::optional<TextSketch> text;
  std::optional<std::uint64_t> picture;
  friend bool operator==(const Signature&, const Signature&) = default;
};
// None of what has no content. `extraction` null: nothing is known of what it says yet.
[[nodiscard]] std::optional<Signature> signature_of(const catalog::VersionRow& version,
                                                    const extract::Extraction* extraction);

class LikenessBook {
 public:
  // Begins anew where what lies there cannot be used. Errors: `io`.
  [[nodiscard]] static Result<std::unique_ptr<LikenessBook>> open(const platform::Machine& machine,
                                                                  const std::string& folder,
                                                                  const codec::SecretKey& key, const VaultId& vault,
                                                                  codec::SealSuite suite, bool writable);

  [[nodiscard]] Result<std::optional<Signature>> find(const ObjectId& object) const;
  // What its picture shows is kept where the content is the same as before and `signature` does not say.
  [[nodiscard]] Result<void> put(const ObjectId& object, Signature signature);
  [[nodiscard]] Result<void> remove(const ObjectId& object);
  // What the picture in the object shows, known later than the rest. Nothing where the object is not there.
  [[nodiscard]] Result<void> set_picture(const ObjectId& object, std::uint64_t picture);

  // Objects that share something, list by list: the same content; the same hash of a band of their texts. Lists of one
  // are left out, of long ones the first `members_max` come.
  using VisitList = std::function<Result<bool>(const std::vector<ObjectId>& objects, bool is_cut)>;
  [[nodiscard]] Result<void> for_each_same_content(std::size_t members_max, const VisitList& visit) const;
  [[nodiscard]] Result<void> for_each_same_band(std::size_t members_max, const VisitList& visit) const;
  [[nodiscard]] Result<void> for_each_picture(
      const std::function<Result<bool>(const ObjectId& object, std::uint64_t picture)>& visit) const;

  [[nodiscard]] Result<void> flush(const Position& position);
  [[nodiscard]] std::optional<Position> position() const { return decode_position(runs_->state()); }
  [[nodiscard]] bool wants_flush() const { return runs_->wants_flush(); }
  [[nodiscard]] Result<bool> maybe_merge() { return runs_->maybe_merge(); }

 private:
  explicit LikenessBook(std::unique_ptr<run::RunSet> runs) : runs_(std::move(runs)) {}
  [[nodiscard]] Result<void> for_each_list(std::uint8_t of, std::size_t members_max, const VisitList& visit) const;
  std::unique_ptr<run::RunSet> runs_;
};

}  // namespace atl::search
