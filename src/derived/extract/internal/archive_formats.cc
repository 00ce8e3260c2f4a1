// Archives: what is in them, and what that is. And single files that are compressed.
#include <algorithm>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"
#include "foundation/archive/archive_reader.h"

namespace atl::extract {
namespace {

constexpr std::size_t kPieceBytes = 256U << 10U;
constexpr std::uint64_t kMemberBytesMax = 64U << 20U;  // larger members are listed and not read
// What a compression may make of a little: the ratio counts from here on.
constexpr std::uint64_t kRatioFloorBytes = 64U << 10U;

// Paths inside are names to be read, never to be written to: what leads out of the archive is left out of them.
std::string safe_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = path.find_first_of("/\\");
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    if (part.empty() || part == "." || part == "..") continue;
    if (!out.empty()) out.push_back('/');
    out += part;
  }
  return out;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

struct Bomb {
  std::uint64_t unpacked = 0;
  std::uint64_t most = 0;
};

// One member's content, while it is small enough to be worth it. None where it is not, or is damaged.
std::optional<Bytes> unpack(archive::Reader& reader, Job& job, Bomb& bomb, std::string& why_not) {
  // An archive that the wanted member lies in is worth more than one of many to look into.
  const std::uint64_t bytes_max = job.tools.wish == nullptr ? kMemberBytesMax : job.tools.limits.whole_bytes_max;
  Bytes content;
  Bytes piece(kPieceBytes);
  for (;;) {
    const auto got = reader.read(piece);
    if (!got) {
      why_not = "Its content is damaged: " + got.error().message + ".";
      return std::nullopt;
    }
    if (*got == 0) return content;
    bomb.unpacked += *got;
    if (bomb.unpacked > bomb.most || *got > job.out.budget().unpacked_bytes) {
      why_not = "It unfolds to more than is allowed and was not read to its end.";
      return std::nullopt;
    }
    job.out.budget().unpacked_bytes -= *got;
    if (content.size() + *got > bytes_max) {
      why_not = "It is too large to be read inside of an archive.";
      return std::nullopt;
    }
    content.insert(content.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

// Of a member that is too large to be looked into: what it is, and that it was not looked into.
Extraction seen_from_outside(archive::Reader& reader, std::string_view name) {
  Bytes head(kHeadBytes);
  std::size_t filled = 0;
  while (filled < head.size()) {
    const auto got = reader.read(ByteSpan(head).subspan(filled));
    if (!got || *got == 0) break;
    filled += *got;
  }
  head.resize(filled);
  const Format& format = recognise(head, name);
  Extraction seen;
  seen.format = format.id;
  seen.media_type = format.media_type;
  seen.trouble = "It is larger than 64 MB and was not looked into, because it lies in an archive.";
  return seen;
}

// The member that somebody wants, piece by piece, however large it is.
Result<void> hand_out(archive::Reader& reader, MemberWish& wish, Bomb& bomb) {
  Bytes piece(kPieceBytes);
  for (;;) {
    const auto got = reader.read(piece);
    if (!got) {
      return fail(ErrorKind::conflict, "member.unreadable", "the member's content is damaged: " + got.error().message,
                  "What came is not all of it.");
    }
    if (*got == 0) return {};
    bomb.unpacked += *got;
    if (bomb.unpacked > bomb.most) {
      return fail(ErrorKind::limit, "member.too_large", "the member unfolds to more than is allowed",
                  "Get the archive itself.");
    }
    ATOLL_TRY(wish.give(ByteView(piece).first(*got)));
  }
}

Result<void> hand_out(archive::Reader& reader, Job& job, const archive::Entry& entry, std::string_view path,
                      Bomb& bomb) {
  MemberWish& wish = *job.tools.wish;
  if (!entry.is_file) {
    wish.end(fail(ErrorKind::conflict, "member.not_a_file", "the member is a folder or a link, not a file"));
  } else if (entry.is_encrypted) {
    wish.end(fail(ErrorKind::conflict, "member.encrypted", "the member is encrypted inside of its archive",
                  "Get the archive itself."));
  } else {
    wish.begin(path, entry.is_size_known ? std::optional(entry.size) : std::nullopt, entry.modified);
    wish.end(hand_out(reader, wish, bomb));
  }
  return {};
}

Result<archive::Reader> open(Job& job, bool is_bare) {
  Input& input = job.input;
  return archive::Reader::open([&input](std::uint64_t offset, ByteSpan out) { return input.read(offset, out); },
                               input.size(), is_bare);
}

}  // namespace

void Job::understand_member(Member* member, Input& member_input, std::string_view member_name) {
  if (tools.wish != nullptr) {
    tools.wish->descend(member->path);
    has_descended = true;
  }
  if (depth + 1 > tools.limits.depth_max) {
    out.truncated();
    return;
  }
  // The pointer does not outlive the next member.
  const std::string path = member->path;
  const std::size_t index = static_cast<std::size_t>(member - out.extraction().members.data());
  Extraction inner = understand(member_input, member_name, tools, out.budget(), depth + 1);
  for (Member& below : inner.members) {
    below.path = path + "!/" + below.path;
    out.extraction().members.push_back(std::move(below));
  }
  inner.members.clear();
  if (inner.is_truncated) out.truncated();
  out.extraction().members[index].understood.push_back(std::move(inner));
}

Result<void> read_archive(Job& job) {
  ATOLL_ASSIGN(auto reader, open(job, false));
  Bomb bomb;
  bomb.most = std::max(job.input.size(), kRatioFloorBytes) * job.tools.limits.ratio_max;
  std::uint64_t count = 0;
  std::uint64_t total = 0;
  for (;;) {
    auto entry = reader.next();
    if (!entry) {
      job.out.number(field::kMemberCount, count);
      return pass(entry.error());
    }
    if (!*entry) break;
    ++count;
    std::string path = safe_path((*entry)->path);
    if (path.empty()) path = "(no name)";
    const auto match = job.match(path);
    if (match == MemberWish::Match::none) continue;
    if (match == MemberWish::Match::is_it) return hand_out(reader, job, **entry, path, bomb);
    Member* const member = job.out.member(path);
    if (member == nullptr) break;
    member->size = (*entry)->size;
    member->modified = (*entry)->modified;
    member->is_folder = (*entry)->is_folder;
    total += std::min<std::uint64_t>((*entry)->size, UINT64_MAX - total);
    if (!(*entry)->is_file) continue;
    if ((*entry)->is_encrypted) {
      job.out.trouble("What is in it is encrypted.");
      continue;
    }
    if (job.tools.wish == nullptr && (*entry)->is_size_known && (*entry)->size > kMemberBytesMax) {
      member->understood.push_back(seen_from_outside(reader, base_name(path)));
      continue;
    }
    std::string why_not;
    auto content = unpack(reader, job, bomb, why_not);
    if (!content) {
      job.out.trouble(why_not);
      if (bomb.unpacked > bomb.most || job.out.budget().unpacked_bytes < kPieceBytes) {
        job.out.truncated();
        break;
      }
      continue;
    }
    member->size = content->size();
    BytesInput input(std::move(*content));
    job.understand_member(member, input, base_name(path));
    if (job.is_over()) return {};
  }
  job.out.number(field::kMemberCount, count);
  job.out.number(field::kUnpackedSize, total);
  return {};
}

// gzip and its kind hold one file, which may be an archive.
Result<void> read_compressed(Job& job) {
  if (auto as_archive = open(job, false)) {
    auto first = as_archive->next();
    if (first && *first) return read_archive(job);
  }
  ATOLL_ASSIGN(auto reader, open(job, true));
  ATOLL_ASSIGN(const auto entry, reader.next());
  if (!entry) return fail(ErrorKind::damaged, "extract.malformed", "there is nothing in it");
  std::string name(job.name);
  if (const std::size_t dot = name.find_last_of('.'); dot != std::string::npos && dot > 0) name.erase(dot);
  if (name.empty()) name = "data";
  Bomb bomb;
  bomb.most = std::max(job.input.size(), kRatioFloorBytes) * job.tools.limits.ratio_max;
  const auto match = job.match(name);
  if (match == MemberWish::Match::none) return {};
  if (match == MemberWish::Match::is_it) return hand_out(reader, job, *entry, name, bomb);
  Member* const member = job.out.member(name);
  if (member == nullptr) return {};
  member->modified = entry->modified;
  std::string why_not;
  auto content = unpack(reader, job, bomb, why_not);
  if (!content) {
    job.out.truncated();
    job.out.trouble(why_not);
    return {};
  }
  member->size = content->size();
  job.out.number(field::kUnpackedSize, content->size());
  BytesInput input(std::move(*content));
  job.understand_member(member, input, name);
  return {};
}

}  // namespace atl::extract
