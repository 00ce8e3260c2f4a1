#include "derived/extract/internal/compound_file.h"

#include <algorithm>

#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::uint32_t kLastSector = 0xFFFFFFFA;  // this and above are marks, not sectors
constexpr std::size_t kHeaderBytes = 512;
constexpr std::size_t kEntryBytes = 128;
constexpr std::size_t kEntriesMax = 100'000;

std::uint32_t u32(ByteView bytes, std::size_t at) {
  return at + 4 > bytes.size() ? 0xFFFFFFFFU : load_le<std::uint32_t>(bytes.data() + at);
}
std::uint16_t u16(ByteView bytes, std::size_t at) {
  return at + 2 > bytes.size() ? std::uint16_t{0} : load_le<std::uint16_t>(bytes.data() + at);
}

void append_numbers(std::vector<std::uint32_t>& out, ByteView sector) {
  for (std::size_t at = 0; at + 4 <= sector.size(); at += 4) out.push_back(u32(sector, at));
}

}  // namespace

ByteView CompoundFile::sector(std::uint32_t number) const {
  const std::uint64_t begin = (static_cast<std::uint64_t>(number) + 1) * sector_bytes_;
  if (number >= kLastSector || begin >= bytes_.size()) return {};
  const std::size_t count = std::min<std::size_t>(sector_bytes_, bytes_.size() - static_cast<std::size_t>(begin));
  return ByteView(bytes_).subspan(static_cast<std::size_t>(begin), count);
}

Bytes CompoundFile::chain(std::uint32_t first, std::uint64_t bytes_max) const {
  Bytes out;
  // No chain is longer than there are sectors: one that is turns in a circle.
  for (std::size_t steps = 0; steps <= next_.size() && out.size() < bytes_max; ++steps) {
    const ByteView piece = sector(first);
    if (piece.empty()) break;
    out.insert(out.end(), piece.begin(), piece.end());
    if (first >= next_.size()) break;
    first = next_[first];
  }
  if (out.size() > bytes_max) out.resize(static_cast<std::size_t>(bytes_max));
  return out;
}

Result<CompoundFile> CompoundFile::open(Bytes bytes) {
  CompoundFile file(std::move(bytes));
  const ByteView head = file.bytes_;
  const std::uint16_t shift = u16(head, 30);
  if (head.size() < kHeaderBytes || (shift != 9 && shift != 12) || u16(head, 32) != 6)
    return fail(ErrorKind::damaged, "extract.malformed", "its header is damaged");
  file.sector_bytes_ = std::size_t{1} << shift;
  // Where the tables of sectors lie: 109 in the header, more in a chain.
  std::vector<std::uint32_t> table_sectors;
  append_numbers(table_sectors, head.subspan(76, 109 * 4));
  const std::size_t sectors_max = head.size() / file.sector_bytes_ + 1;
  std::uint32_t more = u32(head, 68);
  for (std::size_t steps = 0; more < kLastSector && steps < sectors_max; ++steps) {
    const ByteView list = file.sector(more);
    if (list.size() < file.sector_bytes_) break;
    append_numbers(table_sectors, list.first(file.sector_bytes_ - 4));
    more = u32(list, file.sector_bytes_ - 4);
  }
  for (const std::uint32_t number : table_sectors) {
    if (file.next_.size() > sectors_max) break;
    append_numbers(file.next_, file.sector(number));
  }
  append_numbers(file.small_next_, file.chain(u32(head, 60), file.bytes_.size()));
  file.small_stream_bytes_ = u32(head, 56);
  file.read_directory(u32(head, 48));
  if (file.streams_.empty()) return fail(ErrorKind::damaged, "extract.malformed", "its directory is damaged");
  return file;
}

void CompoundFile::read_directory(std::uint32_t first_sector) {
  const Bytes directory = chain(first_sector, kEntriesMax * kEntryBytes);
  const std::size_t count = directory.size() / kEntryBytes;
  if (count == 0) return;
  const auto entry = [&](std::size_t i) { return ByteView(directory).subspan(i * kEntryBytes, kEntryBytes); };
  small_ = chain(u32(entry(0), 116), std::min<std::uint64_t>(u32(entry(0), 120), bytes_.size()));
  struct Step {
    std::uint32_t number;
    std::string parent;
  };
  std::vector<bool> was_seen(count, false);
  std::vector<Step> steps{{u32(entry(0), 76), ""}};
  while (!steps.empty()) {
    const Step step = std::move(steps.back());
    steps.pop_back();
    if (step.number >= count || was_seen[step.number]) continue;
    was_seen[step.number] = true;
    const ByteView one = entry(step.number);
    const std::size_t name_bytes = std::min<std::size_t>(u16(one, 64), 64);
    std::string path = step.parent + to_line(from_utf16(one.first(name_bytes < 2 ? 0 : name_bytes - 2), false));
    const std::uint8_t type = one[66];
    if (type == 2) {
      const std::uint64_t size = std::min<std::uint64_t>(u32(one, 120), bytes_.size());
      streams_.push_back({path, size, u32(one, 116)});
    } else if (type == 1 && path.size() < 1000) {
      steps.push_back({u32(one, 76), path + "/"});
    }
    steps.push_back({u32(one, 68), step.parent});
    steps.push_back({u32(one, 72), step.parent});
  }
}

const CompoundFile::Stream* CompoundFile::find(std::string_view path) const {
  const auto found = std::ranges::find(streams_, path, &Stream::path);
  return found == streams_.end() ? nullptr : &*found;
}

Bytes CompoundFile::read(std::string_view path) const {
  const Stream* const stream = find(path);
  if (stream == nullptr) return {};
  if (stream->size >= small_stream_bytes_) return chain(stream->first_sector, stream->size);
  Bytes out;
  std::uint32_t number = stream->first_sector;
  for (std::size_t steps = 0; steps <= small_next_.size() && out.size() < stream->size; ++steps) {
    const std::uint64_t begin = static_cast<std::uint64_t>(number) * small_sector_bytes_;
    if (number >= kLastSector || begin >= small_.size()) break;
    const std::size_t count = std::min(small_sector_bytes_, small_.size() - static_cast<std::size_t>(begin));
    const ByteView piece = ByteView(small_).subspan(static_cast<std::size_t>(begin), count);
    out.insert(out.end(), piece.begin(), piece.end());
    if (number >= small_next_.size()) break;
    number = small_next_[number];
  }
  if (out.size() > stream->size) out.resize(static_cast<std::size_t>(stream->size));
  return out;
}

}  // namespace atl::extract
