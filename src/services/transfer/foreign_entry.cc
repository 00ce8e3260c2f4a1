#include "services/transfer/foreign_entry.h"

#include <array>

namespace atl::transfer {
namespace {

void put_text(ByteWriter& out, std::string_view text) {
  out.put(static_cast<std::uint32_t>(text.size()));
  out.put_bytes(as_bytes(text));
}

Result<std::string> get_text(ByteReader& in) {
  ATOLL_ASSIGN(const auto length, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const ByteView bytes, in.get_bytes(length));
  return to_string(bytes);
}

constexpr std::array<std::uint8_t, 32> kNoKey{};

}  // namespace

Bytes encode(const ForeignEntry& entry) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(static_cast<std::uint8_t>((entry.is_exact ? 1 : 0) | (entry.has_content ? 2 : 0) |
                                    (entry.is_named_by_content ? 4 : 0)));
  put_text(out, entry.path);
  put_text(out, entry.hard_link_to);
  put_text(out, entry.file);
  put_text(out, entry.parameter);
  out.put_bytes(catalog::encode(entry.version));
  return bytes;
}

Result<ForeignEntry> decode_entry(ByteView bytes) {
  ByteReader in(bytes, "an entry");
  ForeignEntry entry;
  ATOLL_ASSIGN(const auto flags, in.get<std::uint8_t>());
  entry.is_exact = (flags & 1U) != 0;
  entry.has_content = (flags & 2U) != 0;
  entry.is_named_by_content = (flags & 4U) != 0;
  ATOLL_ASSIGN(entry.path, get_text(in));
  ATOLL_ASSIGN(entry.hard_link_to, get_text(in));
  ATOLL_ASSIGN(entry.file, get_text(in));
  ATOLL_ASSIGN(entry.parameter, get_text(in));
  ATOLL_ASSIGN(const ByteView row, in.get_bytes(in.remaining()));
  ATOLL_ASSIGN(entry.version, catalog::decode_version(kNoKey, row));
  // The reader says what it found; ids, places of content and times of commit are not its to say.
  const catalog::VersionRow told = std::move(entry.version);
  catalog::VersionRow& version = entry.version;
  version = {};
  version.kind = told.kind;
  version.size = told.size;
  version.holes = told.holes;
  version.has_source = told.has_source;
  version.mode = told.mode & 07777U;
  version.uid = told.uid;
  version.gid = told.gid;
  version.modified = told.modified;
  version.device_number = told.device_number;
  version.link_target = told.link_target;
  version.link_group = told.link_group;
  version.attributes = told.attributes;
  version.metadata = told.metadata;
  version.tags = told.tags;
  version.content_type = told.content_type;
  version.checksums = told.checksums;
  version.etag = told.etag;
  version.label = told.label;
  version.author = told.author;
  version.description = told.description;
  version.sources = told.sources;
  version.transformation = told.transformation;
  if (version.size > kContentBytesMax || version.modified.nanoseconds > 999'999'999 ||
      (!version.link_group.empty() && version.link_group.size() != 16)) {
    return fail(ErrorKind::damaged, "import.bad_entry", "an entry has impossible numbers");
  }
  return entry;
}

Bytes encode_holes(const std::vector<catalog::Hole>& holes) {
  Bytes bytes;
  ByteWriter out(bytes);
  for (const auto& hole : holes) {
    out.put(hole.offset);
    out.put(hole.length);
  }
  return bytes;
}

Result<std::vector<catalog::Hole>> decode_holes(ByteView bytes) {
  std::vector<catalog::Hole> holes;
  ByteReader in(bytes, "holes");
  std::uint64_t end = 0;
  while (in.remaining() > 0) {
    ATOLL_ASSIGN(const auto offset, in.get<std::uint64_t>());
    ATOLL_ASSIGN(const auto length, in.get<std::uint64_t>());
    if (offset < end || length == 0 || length > kContentBytesMax || offset > kContentBytesMax ||
        holes.size() >= kHolesMax) {
      return fail(ErrorKind::damaged, "import.bad_holes", "its empty ranges overlap or are impossible");
    }
    end = offset + length;
    holes.push_back({offset, length});
  }
  return holes;
}

SafeKey safe_key(std::string_view path, bool is_folder, std::string_view prefix) {
  SafeKey safe;
  std::string below;
  bool has_dots = false;
  if (path.starts_with('/')) safe.was_changed = true;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part == ".") {
      has_dots = true;
    } else if (part == "..") {
      safe.was_changed = true;
    } else if (!part.empty()) {
      if (!below.empty()) below += '/';
      below += part;
    }
  }
  if (below.empty()) {
    // The source's own top folder.
    if (is_folder && has_dots && !safe.was_changed) safe.key = prefix.empty() ? "./" : std::string(prefix);
    return safe;
  }
  safe.key = std::string(prefix) + below + (is_folder ? "/" : "");
  return safe;
}

}  // namespace atl::transfer
