#include "services/transfer/takeout.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace atl::transfer {
namespace {

constexpr std::uint64_t kBytesMax = 256 * kMiB;
constexpr std::size_t kCutAt = 46;
constexpr std::string_view kSupplement = ".supplemental-metadata";

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}
std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// "IMG(2)" gives "IMG" and "(2)".
std::pair<std::string, std::string> without_number(const std::string& text) {
  if (!text.ends_with(')')) return {text, ""};
  const std::size_t open = text.rfind('(');
  if (open == std::string::npos || open == 0 || open + 2 >= text.size()) return {text, ""};
  const std::string digits = text.substr(open + 1, text.size() - open - 2);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return {text, ""};
  return {text.substr(0, open), text.substr(open)};
}

struct Name {
  std::string stem, ending, number;  // "IMG", ".jpg", "(2)"
};
Name taken_apart(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  Name parts;
  const std::string stem = dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
  if (stem.size() < name.size()) parts.ending = name.substr(dot);
  std::tie(parts.stem, parts.number) = without_number(stem);
  return parts;
}

bool is_album_file(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames = {"metadata",  "Metadaten", "métadonnées",
                                                             "metadatos", "metadati",  "metagegevens"};
  return std::ranges::find(kNames, name) != kNames.end();
}

constexpr std::array<std::string_view, 10> kEdited = {"-edited",  "-bearbeitet", "-modifié", "-editado", "-modificato",
                                                      "-bewerkt", "-edytowane",  "-editada", "-effects", "-EFFECTS"};
constexpr std::array<std::string_view, 8> kStills = {".HEIC", ".heic", ".JPG", ".jpg",
                                                     ".JPEG", ".jpeg", ".PNG", ".png"};

}  // namespace

Result<void> Sidecars::add(const std::string& path, ForeignEntry words) {
  std::string name = name_of(path);
  name.resize(name.size() - std::min<std::size_t>(name.size(), 5));  // ".json"
  bytes_ += path.size() + 400;
  for (const auto& [key, value] : words.version.metadata) bytes_ += key.size() + value.size() + 100;
  if (bytes_ > kBytesMax) {
    return fail(ErrorKind::limit, "import.too_many_sidecars",
                "there are more words about photos than can be held at once",
                "Import the parts of the Takeout one by one.");
  }
  Folder& folder = folders_[std::string(folder_of(path))];
  if (is_album_file(name) && !words.parameter.empty() && words.version.modified == FileTime{}) {
    folder.album = words.parameter;
    return {};
  }
  ++count_;
  folder.by_name[name] = {std::move(words), false};
  return {};
}

Sidecars::Sidecar* Sidecars::sidecar_of(Folder& folder, const std::string& name) {
  const auto exact = [&](const std::string& wanted) -> Sidecar* {
    const auto found = folder.by_name.find(wanted);
    return found == folder.by_name.end() ? nullptr : &found->second;
  };
  const Name parts = taken_apart(name);
  const std::string whole = parts.stem + parts.ending;
  for (const std::string& base : {whole, whole + std::string(kSupplement)})
    if (Sidecar* found = exact(base + parts.number)) return found;
  if (!parts.number.empty())
    if (Sidecar* found = exact(name)) return found;
  // Cut names: everything that is a beginning of the full name and either holds the file's name or was cut for length.
  const std::string full = whole + std::string(kSupplement);
  Sidecar* best = nullptr;
  std::size_t best_size = 0;
  const std::string first = whole.substr(0, std::min(whole.size(), kCutAt - 4));
  for (auto at = folder.by_name.lower_bound(first); at != folder.by_name.end() && at->first.starts_with(first); ++at) {
    const auto [base, number] = without_number(at->first);
    if (number != parts.number || !full.starts_with(base)) continue;
    const bool was_cut = base.size() + number.size() >= kCutAt - 1;
    if (base.size() <= whole.size() ? !was_cut : false) continue;
    if (base.size() > best_size) {
      best = &at->second;
      best_size = base.size();
    }
  }
  return best;
}

std::optional<ForeignEntry> Sidecars::find(const std::string& path) {
  const auto folder = folders_.find(std::string(folder_of(path)));
  if (folder == folders_.end()) return std::nullopt;
  const std::string name = name_of(path);
  Sidecar* found = sidecar_of(folder->second, name);
  const Name parts = taken_apart(name);
  if (found == nullptr) {
    for (const std::string_view edited : kEdited) {
      if (!parts.stem.ends_with(edited)) continue;
      found = sidecar_of(folder->second,
                         parts.stem.substr(0, parts.stem.size() - edited.size()) + parts.number + parts.ending);
      if (found != nullptr) break;
    }
  }
  if (found == nullptr) {
    std::string ending = parts.ending;
    std::ranges::transform(ending, ending.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (ending == ".mp4" || ending == ".mov" || ending == ".mp") {
      for (const std::string_view still : kStills) {
        found = sidecar_of(folder->second, parts.stem + parts.number + std::string(still));
        if (found != nullptr) break;
      }
    }
  }
  if (found == nullptr && folder->second.album.empty()) return std::nullopt;
  ForeignEntry words;
  if (found != nullptr) {
    found->is_used = true;
    words = found->words;
  }
  if (!folder->second.album.empty()) words.version.metadata["album"] = folder->second.album;
  return words;
}

std::uint64_t Sidecars::unused() const {
  std::uint64_t count = 0;
  for (const auto& [path, folder] : folders_)
    for (const auto& [name, sidecar] : folder.by_name) count += sidecar.is_used ? 0 : 1;
  return count;
}

void Sidecars::clear() {
  folders_.clear();
  bytes_ = 0;
  count_ = 0;
}

void apply_sidecar(const ForeignEntry& words, catalog::VersionRow& version) {
  for (const auto& [name, value] : words.version.metadata) version.metadata[name] = value;
  const FileTime taken = words.version.modified;
  if (taken != FileTime{} && (version.modified == FileTime{} || taken < version.modified)) version.modified = taken;
}

}  // namespace atl::transfer
