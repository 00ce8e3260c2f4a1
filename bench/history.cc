// Does looking back stay quick? Fills one object with very many versions, many objects with some, and a bucket with
// very many objects, and times log, reading as of random moments, listing as of them, and snapshots. Names and contents
// are synthetic; everything else (journal, catalog, sealing) is what the program uses, with default settings.
//
//   bench_history FOLDER [versions=1000000] [runs=5]        prints a Markdown table of medians
//
// FOLDER is made, and stays: `atoll --home FOLDER log one/object` goes on from there.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "foundation/codec/hash.h"
#include "foundation/platform/posix_machine.h"
#include "vault/history/past.h"
#include "vault/history/snapshots.h"
#include "vault/home.h"
#include "vault/object/objects.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace): a program of one file

constexpr std::uint64_t kRowsPerCommand = 2'000;
constexpr std::uint64_t kVersionsPerObject = 10;

[[noreturn]] void stop(const Error& error) {
  std::fprintf(stderr, "bench_history: %s\n", error.message.c_str());
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

std::string number(const char* form, std::uint64_t i) {
  char text[64];
  std::snprintf(text, sizeof text, form, static_cast<unsigned long long>(i));
  return text;
}

class Bench {
 public:
  Bench(const platform::Machine& machine, vault::Vault& vault, std::uint64_t versions, int runs)
      : machine_(machine), vault_(vault), versions_(versions), runs_(runs) {}

  void run() {
    std::printf("| step | median | |\n|---|---|---|\n");
    std::fflush(stdout);
    const auto one = take(vault::Objects(vault_).ensure_bucket("one"));
    const auto many = take(vault::Objects(vault_).ensure_bucket("many"));
    const auto large = take(vault::Objects(vault_).ensure_bucket("large"));
    const std::uint64_t objects = std::max<std::uint64_t>(versions_ / kVersionsPerObject, 1);
    const Lsn first_of_one = filled("one object, every version a command of its own row", one, versions_,
                                    [](std::uint64_t) { return std::string("object"); });
    const Lsn end_of_one = vault_.journal().last();
    const Lsn first_of_many = filled("many objects, " + std::to_string(kVersionsPerObject) + " versions each", many,
                                     versions_, [&](std::uint64_t i) { return number("folder/%07llu", i % objects); });
    const Lsn end_of_many = vault_.journal().last();
    filled("a large bucket, one version each", large, versions_,
           [](std::uint64_t i) { return number("album/%09llu", i); });

    const auto reader = vault_.reader();
    timed("log of the one object, all of it", 1, [&](std::uint64_t) {
      const auto entry = take(reader->entry(one.id, "object"));
      if (take(reader->versions_of(entry->object)).size() < versions_) std::abort();
    });
    timed("log of an object with " + std::to_string(kVersionsPerObject) + " versions", 200, [&](std::uint64_t i) {
      const auto entry = take(reader->entry(many.id, number("folder/%07llu", i * 7'919 % objects)));
      if (take(reader->versions_of(entry->object)).size() < kVersionsPerObject) std::abort();
    });
    timed("the one object as of a random moment", 3, [&](std::uint64_t i) {
      vault::View view(*reader, between(first_of_one, end_of_one, i));
      (void)take(view.current(one.id, "object"));
    });
    timed("an object of many as of a random moment", 200, [&](std::uint64_t i) {
      vault::View view(*reader, between(first_of_many, end_of_many, i));
      (void)take(view.current(many.id, number("folder/%07llu", i * 7'919 % objects)));
    });
    timed("a page of 1000 as of a random moment", 5, [&](std::uint64_t i) {
      vault::View view(*reader, between(first_of_many, end_of_many, i));
      catalog::ListQuery query;
      query.bucket = many.id;
      query.after = number("folder/%07llu", i * 104'729 % objects);
      query.limit = 1000;
      (void)take(view.list(query));
    });
    timed("all " + std::to_string(objects) + " objects as of a random moment", 1, [&](std::uint64_t i) {
      vault::View view(*reader, between(first_of_many, end_of_many, i + 3));
      check(view.scan(many.id, "", "", [](const catalog::Listed&) -> Result<bool> { return true; }));
    });
    int name = 0;
    timed("snapshot create, " + std::to_string(versions_) + " objects", 1, [&](std::uint64_t) {
      vault::NewSnapshot wanted;
      wanted.name = "frozen-" + std::to_string(name++);
      wanted.bucket = "large";
      if (take(vault::create_snapshot(vault_, wanted)).objects != versions_) std::abort();
    });
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("| peak memory | %.0f MB | |\n", static_cast<double>(usage.ru_maxrss) / 1024);
  }

 private:
  [[nodiscard]] double now_s() const { return static_cast<double>(machine_.clock.monotonic_ns()) * 1e-9; }

  [[nodiscard]] static vault::Moment between(Lsn first, Lsn last, std::uint64_t i) {
    vault::Moment moment;
    moment.lsn = {first.value + i * 2'654'435'761 % std::max<std::uint64_t>(last.value - first.value, 1)};
    moment.words = "change " + std::to_string(moment.lsn.value);
    return moment;
  }

  // The median over the runs of the time one call takes.
  void timed(const std::string& what, std::uint64_t calls, const std::function<void(std::uint64_t)>& call) const {
    std::vector<double> times;
    for (int run = 0; run < runs_; ++run) {
      const double started = now_s();
      for (std::uint64_t i = 0; i < calls; ++i) call(i + static_cast<std::uint64_t>(run) * calls);
      times.push_back((now_s() - started) / static_cast<double>(calls));
    }
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    std::printf("| %s | %.3f ms | %.3f to %.3f |\n", what.c_str(), median * 1e3, times.front() * 1e3,
                times.back() * 1e3);
    std::fflush(stdout);
  }

  // Versions of one object must not share a command with each other: each command ends what the one before began.
  Lsn filled(const std::string& what, const catalog::BucketRow& bucket, std::uint64_t count,
             const std::function<std::string(std::uint64_t)>& key) const {
    const Lsn first{vault_.journal().last().value + 1};
    const bool has_one_key = key(0) == key(1);
    const std::uint64_t step = has_one_key ? 1 : std::min(kRowsPerCommand, std::max<std::uint64_t>(count / 20, 1));
    const double started = now_s();
    std::vector<vault::CommandBuilder> builders;
    const auto hand_over = [&] {
      for (auto& done : vault_.commit_group(journal::CommandKind::put_objects, std::move(builders), {}))
        (void)take(std::move(done));
      builders.clear();
    };
    for (std::uint64_t at = 0; at < count; at += step) {
      builders.push_back([&, at](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        for (std::uint64_t i = at; i < std::min(at + step, count); ++i) {
          vault::NewVersion fresh;
          fresh.key = key(i);
          fresh.version.size = 3'000 + i % 1000;
          fresh.version.modified = {1'600'000'000 + static_cast<std::int64_t>(i), 123'456'789};
          fresh.version.content.length = fresh.version.size;
          fresh.version.content.cutter = 1;
          ChunkId chunk;
          chunk.bytes = codec::blake3(as_bytes(std::to_string(i)));
          fresh.version.content.parts.push_back({chunk, fresh.version.size});
          ATOLL_TRY(
              vault::stage_put(context, changes, bucket, fresh, platform::new_id<VersionId>(machine_), "bench", {}));
        }
        return {};
      });
      if (builders.size() == (has_one_key ? 256U : 1U)) hand_over();
    }
    if (!builders.empty()) hand_over();
    const double seconds = now_s() - started;
    std::printf("| filling: %s | %.1f s | %.0f versions/s |\n", what.c_str(), seconds,
                static_cast<double>(count) / seconds);
    std::fflush(stdout);
    return first;
  }

  const platform::Machine& machine_;
  vault::Vault& vault_;
  std::uint64_t versions_;
  int runs_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t versions = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const int runs = argc > 3 ? std::atoi(argv[3]) : 5;
  if (argc < 2 || versions < kVersionsPerObject || runs < 1) {
    std::fprintf(stderr, "usage: bench_history FOLDER [versions, at least 10] [runs]\n");
    return 2;
  }
  platform::PosixMachine posix;
  const platform::Machine machine = posix.machine();
  const std::string folder = argv[1];
  auto home = take(vault::Home::create(machine, folder));
  vault::UnlockSecrets secrets;
  secrets.key_folder = folder + "-keys";
  const VaultId id = take(home->create_vault({}, secrets, std::nullopt));
  auto vault = take(home->open_vault(id, secrets, {}));
  Bench(machine, *vault, versions, runs).run();
  check(vault->close());
  return 0;
}
