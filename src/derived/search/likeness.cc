#include "derived/search/likeness.h"

#include <algorithm>

#include "derived/search/kept_extractions.h"
#include "foundation/codec/fields.h"

namespace atl::search {
namespace {

// First byte of a key: what it is a key of.
constexpr std::uint8_t kOfContent = 'c';
constexpr std::uint8_t kOfObject = 'o';
constexpr std::uint8_t kOfPicture = 'p';
constexpr std::uint8_t kOfText = 't';
constexpr std::size_t kIdBytes = sizeof(ObjectId::bytes);

run::Options options_of(codec::SealSuite suite) {
  run::Options options;
  options.memtable_bytes_max = 8 * kMiB;
  options.filter_bytes_max = 4 * kMiB;  // lists are walked; only single objects are looked up
  options.suite = suite;
  return options;
}

Bytes object_key(const ObjectId& object, std::uint8_t of) {
  Bytes key{of};
  key.insert(key.end(), object.bytes.begin(), object.bytes.end());
  return key;
}

// A list's name, then whom it lists.
Bytes list_key(std::uint8_t of, ByteView name, const ObjectId& object) {
  Bytes key{of};
  key.insert(key.end(), name.begin(), name.end());
  key.insert(key.end(), object.bytes.begin(), object.bytes.end());
  return key;
}

std::vector<Bytes> list_keys(const ObjectId& object, const Signature& signature) {
  std::vector<Bytes> keys{list_key(kOfContent, signature.content, object)};
  if (!signature.text) return keys;
  const auto hashes = band_hashes(*signature.text);
  for (std::size_t band = 0; band < hashes.size(); ++band) {
    Bytes name{static_cast<std::uint8_t>(band)};
    ByteWriter(name).put(hashes[band]);
    keys.push_back(list_key(kOfText, name, object));
  }
  return keys;
}

Bytes encode(const Signature& signature) {
  Bytes out;
  codec::FieldWriter writer(out);
  writer.put_bytes(1, signature.content);
  if (signature.text) {
    Bytes minima;
    ByteWriter all(minima);
    for (const std::uint16_t least : *signature.text) all.put(least);
    writer.put_bytes(2, minima);
  }
  if (signature.picture) {
    Bytes picture;
    ByteWriter(picture).put(*signature.picture);
    writer.put_bytes(3, picture);
  }
  return out;
}

Result<Signature> decode(ByteView encoded) {
  Signature signature;
  codec::FieldReader reader(encoded, "signature of an object");
  while (reader.next()) {
    const ByteView value = reader.field() <= 3 ? reader.as_view() : ByteView{};
    if (reader.field() == 1 && value.size() == signature.content.size()) {
      std::ranges::copy(value, signature.content.begin());
    } else if (reader.field() == 2 && value.size() == sizeof(TextSketch)) {
      signature.text.emplace();
      for (std::size_t i = 0; i < kSketchMinima; ++i)
        (*signature.text)[i] = load_le<std::uint16_t>(value.data() + i * sizeof(std::uint16_t));
    } else if (reader.field() == 3 && value.size() == sizeof(std::uint64_t)) {
      signature.picture = load_le<std::uint64_t>(value.data());
    }
  }
  ATOLL_TRY(reader.status());
  return signature;
}

}  // namespace

ContentDigest content_digest(const catalog::VersionRow& version) {
  const codec::Digest whole = hash_of_content(version).digest();
  ContentDigest digest{};
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}

std::optional<Signature> signature_of(const catalog::VersionRow& version, const extract::Extraction* extraction) {
  if (version.kind != catalog::EntryKind::file || version.size == 0) return std::nullopt;
  Signature signature;
  signature.content = content_digest(version);
  if (extraction != nullptr) {
    std::vector<std::string_view> texts;
    for (const auto& piece : extraction->pieces) texts.emplace_back(piece.text);
    signature.text = sketch_of(texts);
  }
  return signature;
}

Result<std::unique_ptr<LikenessBook>> LikenessBook::open(const platform::Machine& machine, const std::string& folder,
                                                         const codec::SecretKey& key, const VaultId& vault,
                                                         codec::SealSuite suite, bool writable) {
  auto runs = run::RunSet::open(machine, folder, key, vault, options_of(suite), writable);
  if (!runs && writable && (runs.error().kind == ErrorKind::damaged || runs.error().kind == ErrorKind::unsupported)) {
    ATOLL_TRY(run::RunSet::remove_all(machine, folder));
    runs = run::RunSet::open(machine, folder, key, vault, options_of(suite), writable);
  }
  if (!runs) return pass(runs.error());
  return std::unique_ptr<LikenessBook>(new LikenessBook(std::move(*runs)));
}

Result<std::optional<Signature>> LikenessBook::find(const ObjectId& object) const {
  ATOLL_ASSIGN(const auto row, runs_->get(object_key(object, kOfObject)));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(auto signature, decode(*row));
  return signature;
}

Result<void> LikenessBook::put(const ObjectId& object, Signature signature) {
  ATOLL_ASSIGN(const auto before, find(object));
  if (before && before->content == signature.content && !signature.picture) signature.picture = before->picture;
  if (before == signature) return {};
  if (before) ATOLL_TRY(remove(object));
  for (const Bytes& key : list_keys(object, signature)) ATOLL_TRY(runs_->put(key, {}));
  if (signature.picture) {
    Bytes picture;
    ByteWriter(picture).put(*signature.picture);
    ATOLL_TRY(runs_->put(object_key(object, kOfPicture), picture));
  }
  return runs_->put(object_key(object, kOfObject), encode(signature));
}

Result<void> LikenessBook::remove(const ObjectId& object) {
  ATOLL_ASSIGN(const auto before, find(object));
  if (!before) return {};
  for (const Bytes& key : list_keys(object, *before)) ATOLL_TRY(runs_->remove(key));
  if (before->picture) ATOLL_TRY(runs_->remove(object_key(object, kOfPicture)));
  return runs_->remove(object_key(object, kOfObject));
}

Result<void> LikenessBook::set_picture(const ObjectId& object, std::uint64_t picture) {
  ATOLL_ASSIGN(auto signature, find(object));
  if (!signature) return {};
  signature->picture = picture;
  return put(object, *signature);
}

Result<void> LikenessBook::for_each_list(std::uint8_t of, std::size_t members_max, const VisitList& visit) const {
  Bytes name;
  std::vector<ObjectId> objects;
  bool is_cut = false;
  bool goes_on = true;
  const auto end_list = [&]() -> Result<bool> {
    if (objects.size() > 1) {
      ATOLL_ASSIGN(goes_on, visit(objects, is_cut));
    }
    objects.clear();
    is_cut = false;
    return goes_on;
  };
  ATOLL_TRY(runs_->for_each_from(Bytes{of}, [&](ByteView key, ByteView) -> Result<bool> {
    if (key.size() <= 1 + kIdBytes || key[0] != of) return false;
    const ByteView list = key.first(key.size() - kIdBytes);
    if (!equal(list, name)) {
      ATOLL_TRY(end_list());
      name = to_bytes(list);
    }
    is_cut = is_cut || objects.size() == members_max;
    if (objects.size() < members_max) {
      ATOLL_ASSIGN(const auto object, ObjectId::from_view(key.last(kIdBytes)));
      objects.push_back(object);
    }
    return goes_on;
  }));
  if (goes_on) ATOLL_TRY(end_list());
  return {};
}

Result<void> LikenessBook::for_each_same_content(std::size_t members_max, const VisitList& visit) const {
  return for_each_list(kOfContent, members_max, visit);
}

Result<void> LikenessBook::for_each_same_band(std::size_t members_max, const VisitList& visit) const {
  return for_each_list(kOfText, members_max, visit);
}

Result<void> LikenessBook::for_each_picture(
    const std::function<Result<bool>(const ObjectId& object, std::uint64_t picture)>& visit) const {
  return runs_->for_each_from(Bytes{kOfPicture}, [&](ByteView key, ByteView value) -> Result<bool> {
    if (key.size() != 1 + kIdBytes || key[0] != kOfPicture || value.size() != sizeof(std::uint64_t)) return false;
    ATOLL_ASSIGN(const auto object, ObjectId::from_view(key.subspan(1)));
    return visit(object, load_le<std::uint64_t>(value.data()));
  });
}

Result<void> LikenessBook::flush(const Position& position) { return runs_->flush(search::encode(position)); }

}  // namespace atl::search
