#include "vault/object/content.h"

#include <algorithm>
#include <array>

namespace atl::vault {
namespace {

using catalog::ContentReference;

constexpr std::size_t kListHeaderBytes = 8;
constexpr std::size_t kListEntryBytes = 40;
constexpr std::uint32_t kListMagic = 0x314C5441;  // "ATL1"

Bytes encode_list(std::span<const ContentReference::Part> parts, std::uint32_t level) {
  Bytes bytes;
  bytes.reserve(kListHeaderBytes + parts.size() * kListEntryBytes);
  ByteWriter out(bytes);
  out.put<std::uint32_t>(kListMagic);
  out.put<std::uint32_t>(level);
  std::uint64_t end = 0;
  for (const auto& part : parts) {
    end += part.length;
    out.put_bytes(part.chunk.view());
    out.put<std::uint64_t>(end);
  }
  return bytes;
}

// `length` is what the entry above says the list covers: a list that tells otherwise is damaged.
Result<std::vector<ContentReference::Part>> decode_list(ByteView bytes, std::uint32_t level, std::uint64_t length) {
  const auto damaged = [] {
    return fail(ErrorKind::damaged, "content.list_damaged", "a list of chunks is not what was written");
  };
  if (bytes.size() < kListHeaderBytes + kListEntryBytes || (bytes.size() - kListHeaderBytes) % kListEntryBytes != 0 ||
      load_le<std::uint32_t>(bytes.data()) != kListMagic || load_le<std::uint32_t>(bytes.data() + 4) != level) {
    return damaged();
  }
  const std::size_t count = (bytes.size() - kListHeaderBytes) / kListEntryBytes;
  if (count > kListFanOut) return damaged();
  std::vector<ContentReference::Part> parts(count);
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* entry = bytes.data() + kListHeaderBytes + i * kListEntryBytes;
    std::copy_n(entry, 32, parts[i].chunk.bytes.begin());
    const auto end = load_le<std::uint64_t>(entry + 32);
    if (end <= begin) return damaged();
    parts[i].length = end - begin;
    begin = end;
  }
  if (begin != length) return damaged();
  return parts;
}

// Reads the part of [offset, offset + length) that lies in `parts`, whose content begins at 0.
class Walk {
 public:
  Walk(chunk::ChunkStore& chunks, DomainNumber domain, const HeldVisitor& visit)
      : chunks_(&chunks), domain_(domain), visit_(&visit) {}

  Result<bool> walk(std::span<const ContentReference::Part> parts, unsigned depth, std::uint64_t offset,
                    std::uint64_t length) {
    std::uint64_t begin = 0;
    for (const auto& part : parts) {
      const std::uint64_t end = begin + part.length;
      if (end > offset && begin < offset + length) {
        const std::uint64_t from = std::max(offset, begin) - begin;
        const std::uint64_t to = std::min(offset + length, end) - begin;
        ATOLL_ASSIGN(const bool go_on, depth == 0 ? data(part, from, to) : list(part, depth, from, to - from));
        if (!go_on) return false;
      }
      begin = end;
    }
    return true;
  }

 private:
  Result<bool> data(const ContentReference::Part& part, std::uint64_t from, std::uint64_t to) {
    ATOLL_ASSIGN(chunk::ChunkView there, chunks_->view(part.chunk, domain_, &last_));
    last_ = std::move(there);
    if (last_.bytes.size() != part.length) {
      return fail(ErrorKind::damaged, "content.chunk_length", "a chunk has another length than its object says");
    }
    return (*visit_)(last_.bytes.subspan(from, to - from), last_.held);
  }
  Result<bool> list(const ContentReference::Part& part, unsigned depth, std::uint64_t offset, std::uint64_t length) {
    ATOLL_ASSIGN(const chunk::ChunkView bytes, chunks_->view(part.chunk, domain_));
    ATOLL_ASSIGN(const auto parts, decode_list(bytes.bytes, depth, part.length));
    return walk(parts, depth - 1, offset, length);
  }

  chunk::ChunkStore* chunks_;
  DomainNumber domain_;
  const HeldVisitor* visit_;
  chunk::ChunkView last_;
};

Result<bool> visit_chunks(chunk::ChunkStore& chunks, DomainNumber domain, std::span<const ContentReference::Part> parts,
                          unsigned depth, const std::function<Result<bool>(const ChunkId&, bool)>& visit) {
  for (const auto& part : parts) {
    ATOLL_ASSIGN(const bool go_on, visit(part.chunk, depth > 0));
    if (!go_on) return false;
    if (depth == 0) continue;
    Buffer bytes;
    ATOLL_TRY(chunks.read(part.chunk, domain, bytes));
    ATOLL_ASSIGN(const auto below, decode_list(bytes.view(), depth, part.length));
    ATOLL_ASSIGN(const bool more, visit_chunks(chunks, domain, below, depth - 1, visit));
    if (!more) return false;
  }
  return true;
}

// Media, sealed archives and model weights: versions of them share whole files or nothing, and small chunks only cost.
constexpr std::array<std::string_view, 37> kLargePieceEndings = {
    ".mp4", ".mkv",  ".mov",  ".avi", ".webm", ".m4v", ".mpg", ".ts",  ".mp3",         ".flac", ".ogg", ".m4a", ".opus",
    ".jpg", ".jpeg", ".heic", ".png", ".cr2",  ".nef", ".arw", ".dng", ".zip",         ".7z",   ".rar", ".gz",  ".xz",
    ".zst", ".bz2",  ".tgz",  ".jar", ".gguf", ".bin", ".pt",  ".pth", ".safetensors", ".onnx", ".npz"};

bool has_large_piece_ending(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.size() - dot > 12) return false;
  std::string ending(name.substr(dot));
  std::ranges::transform(ending, ending.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::find(kLargePieceEndings, ending) != kLargePieceEndings.end();
}

bool has_at(ByteView bytes, std::size_t offset, std::string_view expected) {
  return bytes.size() >= offset + expected.size() &&
         std::ranges::equal(bytes.subspan(offset, expected.size()), as_bytes(expected));
}

// tar (POSIX and GNU), cpio, ar, and a zip whose first member is stored: their members lie in them as they are.
bool is_plain_archive(ByteView first) {
  if (has_at(first, 257, "ustar") || has_at(first, 0, "070701") || has_at(first, 0, "!<arch>\n")) return true;
  return has_at(first, 0, "PK\x03\x04") && has_at(first, 8, std::string_view("\0\0", 2));
}

// No control characters but those of text, in any encoding that keeps ASCII: mbox, SQL dumps, CSV, JSON, logs.
bool is_text(ByteView first) {
  return !first.empty() && std::ranges::all_of(first, [](std::uint8_t c) {
    return c >= 0x20 ? c != 0x7F : c == '\t' || c == '\n' || c == '\r' || c == '\f';
  });
}

}  // namespace

codec::CutterNumber choose_cutter(std::uint64_t expected_bytes, std::string_view name, ByteView first_bytes) {
  if (has_large_piece_ending(name)) return codec::CutterNumber::large;
  if (expected_bytes < kLargeCutterFromBytes) return codec::CutterNumber::small;
  if (expected_bytes > kSmallCutterUpToBytes) return codec::CutterNumber::large;
  return is_plain_archive(first_bytes) || is_text(first_bytes) ? codec::CutterNumber::small
                                                               : codec::CutterNumber::large;
}

bool wants_first_bytes(std::uint64_t expected_bytes, std::string_view name) {
  return expected_bytes >= kLargeCutterFromBytes && expected_bytes <= kSmallCutterUpToBytes &&
         !has_large_piece_ending(name);
}

ContentWriter::ContentWriter(chunk::ChunkWriter& chunks, DomainNumber domain, const codec::GearTable& gear)
    : chunks_(&chunks), domain_(domain), gear_(&gear) {}

void ContentWriter::begin(codec::CutterNumber cutter, std::optional<std::uint64_t> expected_bytes) {
  number_ = cutter;
  window_bytes_ = cutter == codec::CutterNumber::large ? 8 * 1024 * 1024 : 1024 * 1024;
  // One byte more than is expected, so that its end is seen where it is.
  const auto window =
      static_cast<std::size_t>(std::min<std::uint64_t>(expected_bytes.value_or(window_bytes_), window_bytes_ - 1) + 1);
  if (window_.capacity() < window) window_ = Buffer(window);
  window_.resize(std::min(window_.capacity(), window_bytes_));
  filled_ = 0;
  length_ = 0;
  new_bytes_ = 0;
  parts_.clear();
}

ByteSpan ContentWriter::space() { return window_.span().subspan(filled_); }

Result<void> ContentWriter::advance(std::size_t filled) {
  filled_ += filled;
  length_ += filled;
  if (filled_ < window_.size()) return {};
  if (window_.size() == window_bytes_) return cut(false);
  window_.resize(window_bytes_);  // more came than was expected
  return {};
}

Result<void> ContentWriter::append(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteSpan to = space();
    const std::size_t count = std::min(to.size(), bytes.size());
    std::copy_n(bytes.begin(), count, to.begin());
    ATOLL_TRY(advance(count));
    bytes = bytes.subspan(count);
  }
  return {};
}

Result<std::size_t> cut_window(ByteView window, const codec::Cutter& cutter, bool is_end,
                               const std::function<Result<bool>(ByteView chunk)>& visit) {
  std::size_t at = 0;
  while (at < window.size() && (is_end || window.size() - at >= cutter.limits().max_bytes)) {
    const ByteView rest = window.subspan(at);
    const std::size_t length = cutter.first_cut(rest, is_end);
    ATOLL_INVARIANT(length > 0 && length <= rest.size(), "a cutter goes forward within its window");
    ATOLL_ASSIGN(const bool goes_on, visit(rest.first(length)));
    at += length;
    if (!goes_on) break;
  }
  return at;
}

Result<void> ContentWriter::cut(bool is_end) {
  const codec::Cutter cutter(number_, *gear_);
  ATOLL_ASSIGN(const std::size_t at,
               cut_window(window_.view().first(filled_), cutter, is_end, [&](ByteView chunk) -> Result<bool> {
                 ATOLL_TRY(add(chunk));
                 return true;
               }));
  std::copy(window_.data() + at, window_.data() + filled_, window_.data());
  filled_ -= at;
  return {};
}

Result<void> ContentWriter::add(ByteView chunk) {
  ATOLL_ASSIGN(const chunk::AddedChunk added, chunks_->add(chunk));
  if (added.is_new) new_bytes_ += chunk.size();
  parts_.push_back({added.id, chunk.size()});
  return {};
}

namespace {

using Parts = std::vector<ContentReference::Part>;

// Lists of `depth` over what is given.
Result<Parts> listed(chunk::ChunkWriter& chunks, const Parts& parts, std::uint32_t depth) {
  Parts above;
  for (std::size_t at = 0; at < parts.size(); at += kListFanOut) {
    const auto below = std::span(parts).subspan(at, std::min(kListFanOut, parts.size() - at));
    std::uint64_t covered = 0;
    for (const auto& part : below) covered += part.length;
    ATOLL_ASSIGN(const chunk::AddedChunk added, chunks.add(encode_list(below, depth)));
    above.push_back({added.id, covered});
  }
  return above;
}

}  // namespace

Result<ContentReference> join_contents(chunk::ChunkWriter& chunks, std::span<const ContentReference> contents) {
  ContentReference joined;
  if (contents.empty()) return joined;
  joined.domain = contents.front().domain;
  joined.cutter = contents.front().cutter;
  for (const ContentReference& content : contents) {
    ATOLL_INVARIANT(content.domain == joined.domain, "contents of one domain are joined");
    joined.depth = std::max(joined.depth, content.depth);
    joined.length += content.length;
    joined.cutter = std::max(joined.cutter, content.cutter);
  }
  Parts all;
  for (const ContentReference& content : contents) {
    Parts parts = content.parts;
    for (std::uint32_t depth = content.depth; depth < joined.depth && !parts.empty(); ++depth) {
      ATOLL_ASSIGN(parts, listed(chunks, parts, depth + 1));
    }
    all.insert(all.end(), parts.begin(), parts.end());
  }
  while (all.size() > (joined.depth == 0 ? kPartsInReferenceMax : 1)) {
    ++joined.depth;
    ATOLL_ASSIGN(all, listed(chunks, all, joined.depth));
  }
  if (joined.depth > kContentDepthMax) {
    return fail(ErrorKind::limit, "content.too_many_parts", "that many pieces of that length cannot be put together");
  }
  joined.parts = std::move(all);
  return joined;
}

Result<ContentReference> ContentWriter::finish() {
  ContentReference content;
  content.domain = domain_;
  content.length = length_;
  if (length_ <= kWholeContentBytesMax) {
    content.cutter = static_cast<std::uint8_t>(codec::CutterNumber::whole);
    if (length_ > 0) ATOLL_TRY(add(window_.view().first(filled_)));
    filled_ = 0;
  } else {
    content.cutter = static_cast<std::uint8_t>(number_);
    ATOLL_TRY(cut(true));
  }
  while (parts_.size() > (content.depth == 0 ? kPartsInReferenceMax : 1)) {
    ++content.depth;
    ATOLL_ASSIGN(parts_, listed(*chunks_, parts_, content.depth));
  }
  content.parts = std::move(parts_);
  parts_.clear();
  return content;
}

Result<void> read_content(chunk::ChunkStore& chunks, const ContentReference& content, std::uint64_t offset,
                          std::uint64_t length, const std::function<Result<bool>(ByteView)>& visit) {
  return read_content_held(
      chunks, content, offset, length,
      [&visit](ByteView piece, const std::shared_ptr<const void>& /*held*/) -> Result<bool> { return visit(piece); });
}

Result<void> read_content_held(chunk::ChunkStore& chunks, const ContentReference& content, std::uint64_t offset,
                               std::uint64_t length, const HeldVisitor& visit) {
  if (offset >= content.length) return {};
  length = std::min(length, content.length - offset);
  if (content.depth > kContentDepthMax) {
    return fail(ErrorKind::damaged, "content.too_deep", "a content reference has too many levels");
  }
  Walk walk(chunks, content.domain, visit);
  ATOLL_TRY(walk.walk(content.parts, content.depth, offset, length));
  return {};
}

Result<void> for_each_chunk(chunk::ChunkStore& chunks, const ContentReference& content,
                            const std::function<Result<bool>(const ChunkId&, bool is_list)>& visit) {
  if (content.depth > kContentDepthMax) {
    return fail(ErrorKind::damaged, "content.too_deep", "a content reference has too many levels");
  }
  ATOLL_TRY(visit_chunks(chunks, content.domain, content.parts, content.depth, visit));
  return {};
}

Result<void> read_version(chunk::ChunkStore& chunks, const catalog::VersionRow& version, std::uint64_t offset,
                          std::uint64_t length, const std::function<Result<bool>(ByteView)>& visit) {
  if (offset >= version.size) return {};
  length = std::min(length, version.size - offset);
  if (version.holes.empty()) return read_content(chunks, version.content, offset, length, visit);
  // Between holes the content goes on where it stopped: `hidden` counts the hole bytes before the position.
  const Bytes zeros(64 * 1024);
  const std::uint64_t stop = offset + length;
  std::uint64_t at = offset;
  std::uint64_t hidden = 0;
  bool wanted = true;
  const auto forward = [&](ByteView piece) -> Result<bool> {
    ATOLL_ASSIGN(wanted, visit(piece));
    return wanted;
  };
  for (const catalog::Hole& hole : version.holes) {
    if (hole.offset + hole.length <= at) {
      hidden += hole.length;
      continue;
    }
    if (hole.offset >= stop) break;
    if (hole.offset > at) {
      ATOLL_TRY(read_content(chunks, version.content, at - hidden, hole.offset - at, forward));
      if (!wanted) return {};
      at = hole.offset;
    }
    const std::uint64_t hole_end = std::min(stop, hole.offset + hole.length);
    while (at < hole_end) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), hole_end - at));
      ATOLL_TRY(forward(ByteView(zeros).first(count)));
      if (!wanted) return {};
      at += count;
    }
    hidden += hole.length;
  }
  if (at < stop) ATOLL_TRY(read_content(chunks, version.content, at - hidden, stop - at, forward));
  return {};
}

}  // namespace atl::vault
