// Does it stay flat? Fills a vault to the size a family server or a lab has, 4 million objects of 15 chunks each, and
// times the same operations at an eighth, a quarter and a half of it and at the whole. Chunks are tiny, so that
// 60 million fit on a disk; each is stored, sealed, indexed and journaled as the program does it with default settings,
// and a part of what is there is read back.
//
//   bench_large FOLDER [objects=4000000] [chunks_of_each=15]
//
// Run it under a memory limit: systemd-run --scope -p MemoryMax=4G build/release/bin/bench_large /var/tmp/large
// (where there is no systemd: a cgroup of your own with memory.max).
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "foundation/codec/hash.h"
#include "foundation/platform/posix_machine.h"
#include "vault/home.h"
#include "vault/object/content.h"
#include "vault/object/objects.h"
#include "vault/verify.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace): a program of one file

double now_s(const platform::Machine& machine) { return static_cast<double>(machine.clock.monotonic_ns()) * 1e-9; }

// Of all threads: steady where other programs want the processor too.
double processor_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Seconds by the clock and of the processor since it was made.
class Stopwatch {
 public:
  explicit Stopwatch(const platform::Machine& machine) : machine_(&machine) { start(); }
  void start() {
    started_s_ = now_s(*machine_);
    processor_started_s_ = processor_s();
  }
  [[nodiscard]] double seconds() const { return now_s(*machine_) - started_s_; }
  [[nodiscard]] double processor_seconds() const { return processor_s() - processor_started_s_; }
  // "12.3 (45.6)": microseconds for each of `count`, and of the processor.
  [[nodiscard]] std::string each_us(double count) const {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f (%.1f)", seconds() / count * 1e6, processor_seconds() / count * 1e6);
    return text;
  }

 private:
  const platform::Machine* machine_;
  double started_s_ = 0, processor_started_s_ = 0;
};

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

[[noreturn]] void stop(const Error& error) {
  std::fprintf(stderr, "bench_large: %s\n", error.message.c_str());
  std::exit(1);
}
template <class T>
T take(Result<T> result) {
  if (!result) stop(result.error());
  return std::move(*result);
}
void check(const Result<void>& result) {
  if (!result) stop(result.error());
}

std::string key_of(std::uint64_t i) {
  char text[96];
  std::snprintf(text, sizeof text, "archive/%04llu/%03llu/photo-%08llu.jpg",
                static_cast<unsigned long long>(i / 100'000), static_cast<unsigned long long>(i / 500 % 200),
                static_cast<unsigned long long>(i));
  return text;
}

constexpr std::size_t kChunkBytes = 24;

// No two are the same, and nothing in them can be compressed.
codec::Digest chunk_content(std::uint64_t i) {
  return codec::blake3(ByteView(reinterpret_cast<const std::uint8_t*>(&i), sizeof i));  // NOLINT
}

catalog::ContentReference store_content(chunk::ChunkWriter& writer, const catalog::BucketRow& bucket,
                                        std::uint64_t object, std::uint64_t chunks_of_each) {
  catalog::ContentReference content;
  content.domain = bucket.domain;
  content.cutter = static_cast<std::uint8_t>(codec::CutterNumber::small);
  for (std::uint64_t part = 0; part < chunks_of_each; ++part) {
    const codec::Digest bytes = chunk_content(object * chunks_of_each + part);
    content.parts.push_back({take(writer.add(ByteView(bytes).first(kChunkBytes))).id, kChunkBytes});
    content.length += kChunkBytes;
  }
  return content;
}

std::string verify_us(const platform::Machine& machine, vault::Vault& vault, bool reads_data, double count) {
  vault::VerifyVaultOptions options;
  options.reads_data = reads_data;
  const Stopwatch watch(machine);
  if (!take(vault::verify_vault(vault, options)).is_clean()) {
    std::fprintf(stderr, "bench_large: verify found damage\n");
    std::exit(1);
  }
  return watch.each_us(count);
}

// Nothing of the folder stays in the machine's memory.
void drop_from_page_cache(const std::string& folder) {
  ::sync();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 || ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0) std::abort();
    ::close(file);
  }
}

void get(catalog::CatalogReader& reader, vault::Vault& vault, const catalog::BucketRow& bucket, std::uint64_t object,
         std::uint64_t chunks_of_each) {
  const auto listed = take(reader.current(bucket.id, key_of(object)));
  if (!listed) std::abort();
  std::uint64_t part = object * chunks_of_each;
  check(vault::read_content(vault.chunks(), listed->version.content, 0, listed->version.size,
                            [&](ByteView piece) -> Result<bool> {
                              if (!equal(piece, ByteView(chunk_content(part++)).first(kChunkBytes))) std::abort();
                              return true;
                            }));
}

// Random ones out of the whole store, none read before: each waits for a page of the catalog, a block of the index and
// its group. And twenty of them again and again, whose groups are kept opened whatever the size of the store. Any other
// mix of the two would tell more about caches than about growth.
std::pair<std::string, std::string> gets_us(const platform::Machine& machine, vault::Vault& vault,
                                            const std::string& folder, const catalog::BucketRow& bucket,
                                            std::uint64_t objects, std::uint64_t chunks_of_each) {
  const auto reader = vault.reader();
  constexpr std::uint64_t kFromDisk = 400;
  const auto object_of = [&](std::uint64_t i) { return (objects / kFromDisk * i + i * i % 89) % objects; };
  drop_from_page_cache(folder);
  Stopwatch watch(machine);
  for (std::uint64_t i = 0; i < kFromDisk; ++i)
    get(*reader, vault, bucket, object_of(i * 149 % kFromDisk), chunks_of_each);
  std::string from_disk = watch.each_us(kFromDisk);
  constexpr std::uint64_t kKept = 20;
  constexpr std::uint64_t kRounds = 500;
  for (std::uint64_t round = 0; round <= kRounds; ++round) {
    if (round == 1) watch.start();
    for (std::uint64_t i = 0; i < kFromDisk; i += kFromDisk / kKept)
      get(*reader, vault, bucket, object_of(i), chunks_of_each);
  }
  return {std::move(from_disk), watch.each_us(kKept * kRounds)};
}

void measure(const platform::Machine& machine, vault::Vault& vault, const std::string& folder,
             const catalog::BucketRow& bucket, std::uint64_t objects, std::uint64_t chunks_of_each,
             const std::string& put_us) {
  const auto [from_disk_us, kept_us] = gets_us(machine, vault, folder, bucket, objects, chunks_of_each);
  const auto reader = vault.reader();
  catalog::ListQuery query;
  query.bucket = bucket.id;
  query.after = key_of(objects / 2);
  query.limit = 1'000;
  (void)take(reader->list(query));
  constexpr double kLists = 20;
  Stopwatch watch(machine);
  for (int i = 0; i < kLists; ++i) (void)take(reader->list(query));
  const std::string list_us = watch.each_us(kLists);
  watch.start();
  std::uint64_t seen = 0;
  check(reader->scan(bucket.id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
    seen += listed.version.inode % 2;
    return true;
  }));
  const auto count = static_cast<double>(objects);
  const std::string find_us = watch.each_us(count);
  if (seen != objects / 2) std::abort();
  const double chunks = count * static_cast<double>(chunks_of_each);
  const std::string structure_us = verify_us(machine, vault, false, count);
  const std::string data_us = verify_us(machine, vault, true, chunks);
  std::printf("| %.2f | %.1f | %s | %s | %s | %s | %s | %s | %s | %.0f |\n", count / 1e6, chunks / 1e6, put_us.c_str(),
              from_disk_us.c_str(), kept_us.c_str(), list_us.c_str(), find_us.c_str(), structure_us.c_str(),
              data_us.c_str(), peak_mb());
  std::fflush(stdout);
}

void fill(const platform::Machine& machine, const std::string& folder, std::uint64_t objects,
          std::uint64_t chunks_of_each) {
  auto home = take(vault::Home::create(machine, folder));
  vault::UnlockSecrets secrets;
  secrets.key_folder = folder + "-keys";
  const VaultId id = take(home->create_vault({}, secrets, std::nullopt));
  auto vault = take(home->open_vault(id, secrets, {}));
  const auto bucket = take(vault::Objects(*vault).ensure_bucket("large"));
  const auto writer = vault->chunks().new_writer(bucket.domain, chunk::Temperature::warm);
  constexpr std::uint64_t kBatch = 2'500;
  objects = std::max(objects / (8 * kBatch), std::uint64_t{1}) * 8 * kBatch;
  std::uint64_t measured = 0;
  std::printf(
      "Microseconds for each, in brackets of the processor.\n\n"
      "| million objects | million chunks | put | get from disk | get from memory | page of 1,000 names | find, a name "
      "| verify, an object | verify --data, a chunk | peak MB |\n|---|---|---|---|---|---|---|---|---|---|\n");
  Stopwatch watch(machine);
  for (std::uint64_t at = 0; at < objects; at += kBatch) {
    std::vector<vault::NewVersion> fresh(kBatch);
    const auto use = vault->chunks().begin_use();
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      vault::NewVersion& one = fresh[i];
      one.key = key_of(at + i);
      one.version.content = store_content(*writer, bucket, at + i, chunks_of_each);
      one.version.size = one.version.content.length;
      one.version.has_source = true;
      one.version.inode = at + i;
      one.version.modified = {1'600'000'000 + static_cast<std::int64_t>(at + i), 123'456'789};
      one.version.changed = one.version.modified;
    }
    check(vault->sync_chunks());
    check(vault
              ->commit(journal::CommandKind::put_objects,
                       [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                         for (vault::NewVersion& one : fresh) {
                           ATOLL_TRY(vault::stage_put(context, changes, bucket, one,
                                                      platform::new_id<VersionId>(vault->machine()), "bench", {}));
                         }
                         return {};
                       })
              .map([](Lsn) {}));
    const std::uint64_t count = at + kBatch;
    // At an eighth, a quarter, a half and the whole: what grows with the logarithm grows by the same at each.
    if (count != objects / 8 && count != objects / 4 && count != objects / 2 && count != objects) continue;
    measure(machine, *vault, folder, bucket, count, chunks_of_each,
            watch.each_us(static_cast<double>(count - measured)));
    measured = count;
    watch.start();
  }
  check(vault->close());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_large FOLDER [objects] [chunks_of_each]\n");
    return 2;
  }
  platform::PosixMachine posix;
  const platform::Machine machine = posix.machine();
  fill(machine, argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 4'000'000,
       argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 15);
  return 0;
}
