// How fast the chunk index is: puts with flushes and merges, random gets that hit and that miss, opening, memory.
//   bench_run_index [--entries 5000000] [--gets 200000] [--threads 1] [--folder /tmp/...]
// Keys are 32 pseudo-random bytes made from their number, values 28 bytes; nothing is kept in memory beside the index.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/units.h"
#include "foundation/platform/posix_machine.h"
#include "store/run/run_set.h"

namespace {

using atl::Bytes;
using atl::ByteView;

std::uint64_t mix(std::uint64_t x) {  // SplitMix64
  x += 0x9E37'79B9'7F4A'7C15;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
  return x ^ (x >> 31);
}

struct Key {
  std::array<std::uint8_t, 32> bytes{};
  explicit Key(std::uint64_t number) {
    for (std::uint64_t i = 0; i < 4; ++i) atl::store_le(bytes.data() + i * 8, mix(number * 4 + i));
  }
};

std::array<std::uint8_t, 28> value_of(std::uint64_t number) {
  std::array<std::uint8_t, 28> value{};
  atl::store_le(value.data(), number);
  return value;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * 4096 / 1048576;
}

class Stopwatch {
 public:
  explicit Stopwatch(atl::platform::Clock& clock) : clock_(&clock), start_(clock.monotonic_ns()) {}
  [[nodiscard]] double seconds() const { return static_cast<double>(clock_->monotonic_ns() - start_) / 1e9; }

 private:
  atl::platform::Clock* clock_;
  std::int64_t start_;
};

void report(const char* what, double count, double seconds) {
  // Processor time of all threads since the last report: what counts where the machine has other work too.
  static std::clock_t last = 0;
  const std::clock_t now = std::clock();
  const double busy = static_cast<double>(now - last) / CLOCKS_PER_SEC;
  last = now;
  std::printf("%-34s %12.0f /s   %8.3f us each   (processor %8.3f us)   RSS %7.1f MiB\n", what, count / seconds,
              seconds / count * 1e6, busy / count * 1e6, resident_mib());
  std::fflush(stdout);
}

template <class T>
T must(atl::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void measure_gets(const atl::platform::Machine& machine, const atl::run::RunSet& set, const char* what,
                  std::uint64_t count, std::uint64_t entries, bool hits, unsigned threads) {
  const Stopwatch watch(machine.clock);
  {
    std::vector<std::unique_ptr<atl::platform::Thread>> running;
    for (unsigned t = 0; t < threads; ++t) {
      running.push_back(machine.threads.start("gets", [&, t] {
        std::array<std::uint8_t, 28> out{};
        for (std::uint64_t i = 0; i < count; ++i) {
          const std::uint64_t number = mix(i * threads + t + 77) % entries + (hits ? 0 : entries * 4);
          const auto found = must(set.get_into(Key(number).bytes, out));
          if (found.has_value() != hits || (hits && atl::load_le<std::uint64_t>(out.data()) != number)) {
            std::fprintf(stderr, "wrong answer for entry %llu\n", static_cast<unsigned long long>(number));
            std::exit(1);
          }
        }
      }));
    }
  }
  report(what, static_cast<double>(count * threads), watch.seconds());
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t entries = 5'000'000;
  std::uint64_t count = 200'000;
  unsigned threads = 1;
  std::string folder = "/tmp/atoll_bench_run_index";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--entries") entries = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--gets") count = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--threads") threads = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    if (flag == "--folder") folder = argv[i + 1];
  }
  atl::platform::PosixMachine posix;
  const atl::platform::Machine machine = posix.machine();
  atl::codec::SecretKey key;
  machine.random.fill(key.fill());
  const auto vault = atl::platform::new_id<atl::VaultId>(machine);
  atl::run::Options options;
  must(atl::run::RunSet::remove_all(machine, folder));
  auto set = must(atl::run::RunSet::open(machine, folder, key, vault, options, true));

  std::printf("%llu entries of 60 bytes\n", static_cast<unsigned long long>(entries));
  {
    const Stopwatch watch(machine.clock);
    double slice_start = 0;
    for (std::uint64_t i = 0; i < entries; ++i) {
      must(set->put(Key(i).bytes, value_of(i)));
      if (i % 65'536 == 0) {
        while (must(set->maybe_merge())) {
        }
      }
      if ((i + 1) % (entries / 5) == 0) {
        report("  put, flush and merge, a fifth", static_cast<double>(entries / 5), watch.seconds() - slice_start);
        slice_start = watch.seconds();
      }
    }
    must(set->flush(atl::as_bytes("all")));
    std::printf("put, flush and merge, in all: %.1f s\n", watch.seconds());
  }
  const atl::run::Stats stats = set->stats();
  std::printf("runs %llu, files %s, filters %s, index %s\n", static_cast<unsigned long long>(stats.runs),
              atl::format_size(stats.file_bytes).c_str(), atl::format_size(stats.filter_bytes).c_str(),
              atl::format_size(stats.index_bytes).c_str());
  measure_gets(machine, *set, "get, hit", count, entries, true, threads);
  measure_gets(machine, *set, "get, miss", count, entries, false, threads);
  measure_gets(machine, *set, "get, hit, again", count, entries, true, threads);
  measure_gets(machine, *set, "get, miss, again", count, entries, false, threads);
  set.reset();
  {
    const Stopwatch watch(machine.clock);
    set = must(atl::run::RunSet::open(machine, folder, key, vault, options, true));
    report("open", 1, watch.seconds());
  }
  {
    const Stopwatch watch(machine.clock);
    must(set->merge_all());
    report("merge all", static_cast<double>(entries), watch.seconds());
  }
  measure_gets(machine, *set, "get, hit, one run", count, entries, true, threads);
  measure_gets(machine, *set, "get, miss, one run", count, entries, false, threads);
  set.reset();
  set = must(atl::run::RunSet::open(machine, folder, key, vault, options, true));
  {
    // A million puts into memory alone, and gets from there.
    atl::run::Options roomy = options;
    roomy.memtable_bytes_max = 512 * atl::kMiB;
    must(atl::run::RunSet::remove_all(machine, folder + ".memory"));
    auto memory = must(atl::run::RunSet::open(machine, folder + ".memory", key, vault, roomy, true));
    const std::uint64_t some = 1'000'000;
    const Stopwatch watch(machine.clock);
    for (std::uint64_t i = 0; i < some; ++i) must(memory->put(Key(i).bytes, value_of(i)));
    report("put, memory alone", static_cast<double>(some), watch.seconds());
    measure_gets(machine, *memory, "get, memory alone", some, some, true, 1);
    must(atl::run::RunSet::remove_all(machine, folder + ".memory"));
  }
  must(atl::run::RunSet::remove_all(machine, folder));
  return 0;
}
