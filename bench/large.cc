// Does it stay flat? Fills a vault's names and its chunk index to the size a family server or a lab has, and times the
// same operations at every step. Names and chunk places are synthetic; everything else (journal, catalog, index,
// sealing) is what the program uses, with default settings.
//
//   bench_large FOLDER [objects=4000000] [chunks=60000000]
//
// Run it under a memory limit: systemd-run --scope -p MemoryMax=4G build/bench/bin/bench_large /var/tmp/large
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/codec/hash.h"
#include "foundation/platform/posix_machine.h"
#include "store/run/run_set.h"
#include "vault/home.h"
#include "vault/object/objects.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace): a program of one file

double now_s(const platform::Machine& machine) { return static_cast<double>(machine.clock.monotonic_ns()) * 1e-9; }

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

ChunkId chunk_of(std::uint64_t i) {
  ChunkId id;
  id.bytes = codec::blake3(ByteView(reinterpret_cast<const std::uint8_t*>(&i), sizeof i));  // NOLINT
  return id;
}

void fill_objects(const platform::Machine& machine, const std::string& folder, std::uint64_t objects) {
  auto home = take(vault::Home::create(machine, folder));
  vault::UnlockSecrets secrets;
  secrets.key_folder = folder + "-keys";
  const VaultId id = take(home->create_vault({}, secrets, std::nullopt));
  auto vault = take(home->open_vault(id, secrets, {}));
  const auto bucket = take(vault::Objects(*vault).ensure_bucket("large"));
  constexpr std::uint64_t kBatch = 2'500;
  const std::uint64_t step = std::max<std::uint64_t>(objects / 8, kBatch);
  std::printf(
      "| objects | put/s | get us | list page ms | find all s | find objects/s | peak MB "
      "|\n|---|---|---|---|---|---|---|\n");
  double step_started = now_s(machine);
  for (std::uint64_t at = 0; at < objects; at += kBatch) {
    check(vault
              ->commit(journal::CommandKind::put_objects,
                       [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                         for (std::uint64_t i = at; i < at + kBatch; ++i) {
                           vault::NewVersion fresh;
                           fresh.key = key_of(i);
                           fresh.version.size = 3'000'000 + i % 1000;
                           fresh.version.has_source = true;
                           fresh.version.inode = i;
                           fresh.version.modified = {1'600'000'000 + static_cast<std::int64_t>(i), 123'456'789};
                           fresh.version.changed = fresh.version.modified;
                           fresh.version.content.length = fresh.version.size;
                           fresh.version.content.cutter = 2;
                           for (std::uint64_t part = 0; part < 6; ++part)
                             fresh.version.content.parts.push_back(
                                 {chunk_of(i * 6 + part), part < 5 ? 500'000 : fresh.version.size - 2'500'000});
                           ATOLL_TRY(vault::stage_put(context, changes, bucket, fresh,
                                                      platform::new_id<VersionId>(vault->machine()), "bench", {}));
                         }
                         return {};
                       })
              .map([](Lsn) {}));
    if ((at + kBatch) % step >= kBatch && at + kBatch < objects) continue;
    const double put_s = now_s(machine) - step_started;
    const std::uint64_t count = at + kBatch;
    const auto reader = vault->reader();
    constexpr int kGets = 2000;
    double started = now_s(machine);
    for (int i = 0; i < kGets; ++i) {
      if (!take(reader->current(bucket.id, key_of(static_cast<std::uint64_t>(i) * 7'919 % count)))) std::abort();
    }
    const double get_us = (now_s(machine) - started) / kGets * 1e6;
    catalog::ListQuery query;
    query.bucket = bucket.id;
    query.prefix = "archive/";
    query.delimiter = "/";
    started = now_s(machine);
    (void)take(reader->list(query));
    const double list_ms = (now_s(machine) - started) * 1e3;
    started = now_s(machine);
    std::uint64_t seen = 0;
    check(reader->scan(bucket.id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      seen += listed.version.size > 3'000'500 ? 1 : 0;
      return true;
    }));
    const double find_s = now_s(machine) - started;
    std::printf("| %llu | %.0f | %.1f | %.2f | %.2f | %.0f | %.0f |\n", static_cast<unsigned long long>(count),
                static_cast<double>(step) / put_s, get_us, list_ms, find_s, static_cast<double>(count) / find_s,
                peak_mb());
    std::fflush(stdout);
    step_started = now_s(machine);
  }
  check(vault->close());
}

void fill_chunks(const platform::Machine& machine, const std::string& folder, std::uint64_t chunks) {
  codec::SecretKey key;
  machine.random.fill(key.fill());
  auto index = take(run::RunSet::open(machine, folder + "-index", key, platform::new_id<VaultId>(machine), {}, true));
  std::printf("\n| chunks | put/s | get hit us | get miss us | index MB | peak MB |\n|---|---|---|---|---|---|\n");
  const std::uint64_t step = std::max<std::uint64_t>(chunks / 8, 1);
  double step_started = now_s(machine);
  const Bytes place(28, 7);
  for (std::uint64_t i = 0; i < chunks; ++i) {
    check(index->put(chunk_of(i).view(), place));
    if (index->wants_flush()) {
      check(index->flush({}));
      while (take(index->maybe_merge())) {
      }
    }
    if ((i + 1) % step != 0) continue;
    const double put_s = now_s(machine) - step_started;
    constexpr int kGets = 20'000;
    double started = now_s(machine);
    for (int k = 0; k < kGets; ++k) {
      if (!take(index->get(chunk_of(static_cast<std::uint64_t>(k) * 104'729 % (i + 1)).view()))) std::abort();
    }
    const double hit_us = (now_s(machine) - started) / kGets * 1e6;
    started = now_s(machine);
    for (int k = 0; k < kGets; ++k) {
      if (take(index->get(chunk_of(UINT64_MAX - static_cast<std::uint64_t>(k)).view()))) std::abort();
    }
    const double miss_us = (now_s(machine) - started) / kGets * 1e6;
    std::printf("| %llu | %.0f | %.1f | %.1f | %.0f | %.0f |\n", static_cast<unsigned long long>(i + 1),
                static_cast<double>(step) / put_s, hit_us, miss_us,
                static_cast<double>(index->stats().file_bytes) / 1e6, peak_mb());
    std::fflush(stdout);
    step_started = now_s(machine);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_large FOLDER [objects] [chunks]\n");
    return 2;
  }
  platform::PosixMachine posix;
  const platform::Machine machine = posix.machine();
  fill_objects(machine, argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 4'000'000);
  fill_chunks(machine, argv[1], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 60'000'000);
  return 0;
}
