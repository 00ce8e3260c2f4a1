// A catalog over files that somebody wrote into: an unsealed one, so that the fuzzer's changes get as far as SQLite.
// Opens, reads everything, or fails with an error.
#include <algorithm>

#include "catalog/internal/page_seal.h"
#include "catalog/testing/catalog_model.h"
#include "catalog/testing/test_catalog.h"

using namespace atl;           // NOLINT(google-build-using-namespace)
using namespace atl::catalog;  // NOLINT(google-build-using-namespace)

namespace {

CatalogIdentity identity() {
  CatalogIdentity identity;
  identity.suite = codec::SealSuite::none;
  return identity;
}

std::unique_ptr<platform::MemoryFileSystem> make_disk() {
  platform::TestMachine machine;
  ATOLL_INVARIANT(machine.files.create_directory("/vault"), "a folder");
  const auto catalog = identity().create(machine.machine(), "/vault", in_memory()).value();
  CommandMaker maker(1);
  for (std::uint64_t lsn = 1; lsn <= 12; ++lsn) {
    ATOLL_INVARIANT(catalog->begin_group() && catalog->apply({lsn}, {1}, maker.next()) && catalog->commit_group(),
                    "a group");
    if (lsn == 6) ATOLL_INVARIANT(catalog->checkpoint_wal(), "a checkpoint");
  }
  return machine.files.clone();
}

// Reseals page or frame `index` after a change, as an attacker without encryption may.
void overwrite(platform::MemoryFileSystem& disk, bool in_wal, std::uint16_t index, std::uint16_t at, ByteView bytes) {
  const std::string path = in_wal ? "/vault/catalog.sqlite-wal" : "/vault/catalog.sqlite";
  Bytes content = disk.content(path);
  const std::size_t begin = in_wal ? 32 : 4096;
  const std::size_t unit = in_wal ? 4120 : 4096;
  const std::size_t count = (content.size() - begin) / unit;
  const std::size_t from = begin + unit * (index % count);
  std::atomic<std::uint64_t> seals{0};
  platform::SeededRandom random(3);
  PageSeal seal(codec::SealSuite::none, codec::SecretKey(), identity().vault, random, seals);
  if (in_wal) {
    Frame frame{};
    Frame sealed{};
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(from), unit, frame.begin());
    ATOLL_INVARIANT(seal.open_frame(from, frame, sealed), "made above");
    std::swap(frame, sealed);
    const std::size_t to = at % (kFrameHeaderBytes + kUsedBytes);
    std::copy_n(bytes.begin(), std::min(bytes.size(), kFrameHeaderBytes + kUsedBytes - to),
                frame.begin() + static_cast<std::ptrdiff_t>(to));
    seal.seal_frame(from, frame, sealed);
    std::copy(sealed.begin(), sealed.end(), content.begin() + static_cast<std::ptrdiff_t>(from));
  } else {
    Page page{};
    Page sealed{};
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(from), unit, sealed.begin());
    const auto number = static_cast<std::uint32_t>(index % count + 1);
    ATOLL_INVARIANT(seal.open_page(number, sealed, page), "made above");
    const std::size_t to = at % kUsedBytes;
    std::copy_n(bytes.begin(), std::min(bytes.size(), kUsedBytes - to), page.begin() + static_cast<std::ptrdiff_t>(to));
    seal.seal_page(number, page, sealed);
    std::copy(sealed.begin(), sealed.end(), content.begin() + static_cast<std::ptrdiff_t>(from));
  }
  disk.set_content(path, content);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<platform::MemoryFileSystem> kDisk = make_disk();
  auto disk = kDisk->clone();
  // Changes: where (page or frame, offset), how long, bytes.
  for (std::size_t at = 0; at + 6 <= size;) {
    const std::size_t length = std::min<std::size_t>(data[at + 5] % 32, size - at - 6);
    overwrite(*disk, (data[at] & 1) != 0, load_le<std::uint16_t>(data + at + 1), load_le<std::uint16_t>(data + at + 3),
              ByteView(data + at + 6, length));
    at += 6 + length;
  }
  platform::TestMachine machine(std::move(disk));
  const auto opened = identity().open(machine.machine(), "/vault", in_memory());
  if (!opened) return 0;
  const auto reader = (*opened)->reader();
  ignore_error_on_purpose(all_rows(*reader));
  ignore_error_on_purpose(reader->totals());
  const auto buckets = reader->buckets();
  if (!buckets) return 0;
  for (const BucketRow& bucket : *buckets) {
    ignore_error_on_purpose(reader->scan(bucket.id, "", "", [](const Listed&) -> Result<bool> { return true; }));
  }
  return 0;
}
