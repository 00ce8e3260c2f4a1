#include "derived/extract/internal/package.h"

#include <algorithm>

#include "foundation/archive/archive_reader.h"

namespace atl::extract {
namespace {

constexpr std::size_t kPartBytesMax = 128U << 20U;
constexpr std::size_t kPartsBytesMax = 384U << 20U;
constexpr std::size_t kPartsMax = 20'000;
constexpr std::size_t kPieceBytes = 256U << 10U;

}  // namespace

Result<PackageParts> read_parts(Job& job, const std::function<bool(std::string_view name)>& is_wanted) {
  Input& input = job.input;
  ATOLL_ASSIGN(auto reader,
               archive::Reader::open([&input](std::uint64_t offset, ByteSpan out) { return input.read(offset, out); },
                                     input.size()));
  PackageParts parts;
  const std::uint64_t by_ratio = std::max<std::uint64_t>(job.input.size(), 64 * 1024) * job.tools.limits.ratio_max;
  std::uint64_t room = std::min<std::uint64_t>({kPartsBytesMax, by_ratio, job.out.budget().unpacked_bytes});
  Bytes piece(kPieceBytes);
  for (std::size_t count = 0; count < kPartsMax; ++count) {
    auto entry = reader.next();
    if (!entry) {
      // What was unpacked so far may be all that matters.
      if (parts.empty()) return pass(entry.error());
      job.out.trouble("It is damaged: " + entry.error().message + ".");
      break;
    }
    if (!*entry) break;
    if (!(*entry)->is_file || !is_wanted((*entry)->path)) continue;
    std::string text;
    for (;;) {
      const auto got = reader.read(piece);
      if (!got) {
        job.out.trouble("A part of it is damaged: " + got.error().message + ".");
        break;
      }
      if (*got == 0) break;
      if (*got > room || text.size() + *got > kPartBytesMax) {
        job.out.truncated();
        job.out.trouble("It unfolds to more than is allowed and was not read to its end.");
        return parts;
      }
      room -= *got;
      job.out.budget().unpacked_bytes -= *got;
      text.append(as_text(ByteView(piece).first(*got)));
    }
    parts.emplace((*entry)->path, std::move(text));
  }
  return parts;
}

std::uint64_t number_in(std::string_view part_name) {
  const std::size_t last = part_name.find_last_of("0123456789");
  if (last == std::string_view::npos) return 0;
  std::size_t first = last;
  while (first > 0 && part_name[first - 1] >= '0' && part_name[first - 1] <= '9') --first;
  std::uint64_t number = 0;
  for (const char c : part_name.substr(first, std::min<std::size_t>(last - first + 1, 9)))
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return number;
}

}  // namespace atl::extract
