// Is the question answered while somebody stores? Fills a vault with names, tags and metadata, of which some have text,
// lets the search follow, and asks mixed questions while more is put and followed. Names and texts are synthetic (words
// by Zipf's law); journal, catalog, word index and sealing are what the program uses, with default settings. Reading of
// files is left out: texts come from a reader of this program.
//
//   bench_search FOLDER [records=1000000] [texts=100000] [questions=2000]     prints a Markdown table
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "derived/search/search_index.h"
#include "foundation/codec/hash.h"
#include "foundation/platform/posix_machine.h"
#include "vault/home.h"
#include "vault/object/objects.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace): a program of one file

constexpr std::uint64_t kRowsPerCommand = 2'000;
constexpr std::uint64_t kVocabulary = 200'000;
constexpr std::uint64_t kWordsPerText = 300;

[[noreturn]] void stop(const Error& error) {
  std::fprintf(stderr, "bench_search: %s\n", error.message.c_str());
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

struct Numbers {
  std::uint64_t state;
  std::uint64_t next() {
    state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
};

// A word that can be spoken, the rarer the greater its number.
std::string word(std::uint64_t number) {
  static constexpr const char* kParts[] = {"ka", "lo", "mi", "ne", "ru", "sta", "ver", "to", "pi", "gan", "del", "os"};
  std::string out;
  for (number += 13; number > 0; number /= 12) out += kParts[number % 12];
  return out;
}
std::uint64_t zipf(Numbers& numbers) {
  return static_cast<std::uint64_t>(std::pow(static_cast<double>(kVocabulary), numbers.unit())) - 1;
}
std::string text_of(std::uint64_t record) {
  Numbers numbers{record};
  std::string text;
  for (std::uint64_t i = 0; i < kWordsPerText; ++i) text += word(zipf(numbers)) + (i % 12 == 11 ? ".\n" : " ");
  return text;
}

class Bench {
 public:
  Bench(const platform::Machine& machine, vault::Vault& vault, std::uint64_t records, std::uint64_t texts,
        std::uint64_t questions)
      : machine_(machine), vault_(vault), records_(records), texts_(texts), questions_(questions) {}

  void run() {
    std::printf("| step | | |\n|---|---|---|\n");
    bucket_ = take(vault::Objects(vault_).ensure_bucket("records"));
    double begun = now_s();
    put(0, records_ / 2);
    half_stored_ = machine_.clock.now();
    put(records_ / 2, records_);
    say("stored", records_, begun);
    const auto reader = [](std::span<const extract::Source> sources, const std::atomic<bool>*,
                           const extract::OnDone& done, const extract::OnFailed&) -> Result<void> {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        extract::Extraction out;
        out.format = "text";
        out.pieces.push_back({{}, text_of(std::strtoull(sources[i].name.c_str() + 7, nullptr, 10))});
        ATOLL_TRY(done(i, std::move(out)));
      }
      return {};
    };
    index_ = take(search::SearchIndex::open(vault_, reader, true));
    begun = now_s();
    search::CatchUpOptions names_only;
    names_only.contents_max = 0;
    (void)take(index_->catch_up(vault_, names_only));
    say("followed by names", records_, begun);
    while (take(index_->catch_up(vault_, {}))) {
    }
    say("followed, texts and all, and learned", records_, begun);
    begun = now_s();
    while (take(index_->merge())) {
    }
    say("merged", records_, begun);
    for (const auto like : {search::Likeness::exact, search::Likeness::text}) {
      begun = now_s();
      search::DuplicateQuestion question;
      question.like = like;
      const auto answer = take(index_->duplicates(vault_, question));
      std::printf("| duplicates of %s: %llu groups | %.1f s | peak memory %.0f MB |\n",
                  like == search::Likeness::exact ? "content" : "text",
                  static_cast<unsigned long long>(answer.group_count), now_s() - begun, peak_megabytes());
      std::fflush(stdout);
    }
    ask_all("alone");
    std::printf("| peak memory of asking | %.0f MB | |\n", peak_megabytes());
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
      for (std::uint64_t at = records_; !is_over; at += 100) {
        put(at, at + 100);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    std::thread follower([&] {
      while (!is_over) {
        (void)take(index_->catch_up(vault_, {}));
        (void)take(index_->merge());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    });
    ask_all("while 100 objects are put every 20 ms, and followed");
    is_over = true;
    writer.join();
    follower.join();
    std::printf("| peak memory of asking, storing and following | %.0f MB | |\n", peak_megabytes());
  }

 private:
  [[nodiscard]] double now_s() const { return static_cast<double>(machine_.clock.monotonic_ns()) * 1e-9; }
  void say(const char* what, std::uint64_t count, double begun) const {
    const double seconds = now_s() - begun;
    std::printf("| %s | %.1f s | %.0f/s, peak memory %.0f MB |\n", what, seconds, static_cast<double>(count) / seconds,
                peak_megabytes());
    std::fflush(stdout);
  }
  // Since it was asked last (Linux counts from the present on once it is told to).
  static double peak_megabytes() {
    std::ifstream status("/proc/self/status");
    double kilobytes = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) kilobytes = std::strtod(line.c_str() + 6, nullptr);
    }
    std::ofstream("/proc/self/clear_refs") << "5";
    return kilobytes / 1024;
  }

  static std::string key_of(std::uint64_t record) {
    char key[80];
    std::snprintf(key, sizeof key, "%s/%s/record-%09llu.txt", word(record % 97).c_str(), word(record % 1009).c_str(),
                  static_cast<unsigned long long>(record));
    return key;
  }

  // Records whose number divides by records/texts have a text.
  void put(std::uint64_t from, std::uint64_t to) {
    const std::uint64_t every = std::max<std::uint64_t>(records_ / std::max<std::uint64_t>(texts_, 1), 1);
    for (std::uint64_t at = from; at < to; at += kRowsPerCommand) {
      std::vector<vault::CommandBuilder> builders;
      builders.push_back([&, at](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        for (std::uint64_t i = at; i < std::min(at + kRowsPerCommand, to); ++i) {
          Numbers numbers{i * 7};
          vault::NewVersion fresh;
          fresh.key = key_of(i);
          fresh.version.modified = {1'400'000'000 + static_cast<std::int64_t>(i % 300'000'000), 0};
          fresh.version.tags["project"] = word(100 + i % 50);
          fresh.version.metadata["quality"] = std::to_string(static_cast<double>(i % 1000) / 1000);
          fresh.version.metadata["researcher"] = word(500 + zipf(numbers) % 200);
          if (i % every == 0) {
            fresh.version.size = 2000 + i % 1000;
            fresh.version.content.length = fresh.version.size;
            fresh.version.content.cutter = 1;
            ChunkId chunk;
            chunk.bytes = codec::blake3(as_bytes(std::to_string(i)));
            fresh.version.content.parts.push_back({chunk, fresh.version.size});
          }
          ATOLL_TRY(
              vault::stage_put(context, changes, bucket_, fresh, platform::new_id<VersionId>(machine_), "bench", {}));
        }
        return {};
      });
      for (auto& done : vault_.commit_group(journal::CommandKind::put_objects, std::move(builders), {}))
        (void)take(std::move(done));
    }
  }

  void ask_all(const char* when) {
    struct Kind {
      const char* name;
      std::function<search::Question(Numbers&)> make;
    };
    const std::vector<Kind> kinds = {
        {"one word",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(50 + zipf(numbers));
           return question;
         }},
        {"three words",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(20 + zipf(numbers)) + " " + word(20 + zipf(numbers)) + " " + word(20 + zipf(numbers));
           return question;
         }},
        {"two words, every one",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(20 + zipf(numbers) % 2000) + " " + word(20 + zipf(numbers) % 2000);
           question.match = text::Match::all;
           return question;
         }},
        {"words, kind and time",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(20 + zipf(numbers)) + " " + word(20 + zipf(numbers));
           question.types = {"text"};
           question.since = "2016";
           question.until = "2021";
           return question;
         }},
        {"words and a filter",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(20 + zipf(numbers)) + " " + word(20 + zipf(numbers));
           question.filter = "meta.quality>=0.9";
           return question;
         }},
        {"words and facets, of everything",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(300 + zipf(numbers));
           question.facets = {"type", "month"};
           return question;
         }},
        {"words and facets, by a door that looks at each (the best 5,000)",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(300 + zipf(numbers));
           question.facets = {"type", "year"};
           question.sees = [](const std::string&, const catalog::Listed&) { return true; };
           return question;
         }},
        {"words and facets, by whoever may see 40 of 97 folders",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(300 + zipf(numbers));
           question.facets = {"type", "year"};
           std::set<std::string> folders;
           for (std::uint64_t i = 0; i < 40; ++i) folders.insert(word(i) + "/");
           question.sees = [folders](const std::string&, const catalog::Listed& listed) {
             return folders.contains(listed.entry.key.substr(0, listed.entry.key.find('/') + 1));
           };
           question.places_seen = [folders](const std::string&) {
             search::PlacesSeen seen;
             seen.places.push_back({"", {search::Seen::no}});
             for (const std::string& folder : folders) seen.places.push_back({folder, {search::Seen::yes}});
             return std::optional(seen);
           };
           return question;
         }},
        {"words and facets, by whoever may see what is older than half of it",
         [this](Numbers& numbers) {
           search::Question question;
           question.words = word(300 + zipf(numbers));
           question.facets = {"type", "year"};
           question.sees = [this](const std::string&, const catalog::Listed& listed) {
             return listed.version.begin_time < half_stored_;
           };
           question.places_seen = [this](const std::string&) {
             search::PlacesSeen seen;
             seen.since_us.push_back(half_stored_.unix_us);
             seen.places.push_back({"", {search::Seen::yes, search::Seen::no}});
             return std::optional(seen);
           };
           return question;
         }},
        {"words and facets, where a pattern within names decides (the best 5,000)",
         [](Numbers& numbers) {
           search::Question question;
           question.words = word(300 + zipf(numbers));
           question.facets = {"type", "year"};
           question.sees = [](const std::string&, const catalog::Listed& listed) {
             return !listed.entry.key.ends_with("7.txt");
           };
           question.places_seen = [](const std::string&) {
             search::PlacesSeen seen;
             seen.places.push_back({"", {search::Seen::ask}});
             return std::optional(seen);
           };
           question.sees_key = [](const std::string&, const std::string& key, std::int64_t) {
             return !key.ends_with("7.txt");
           };
           return question;
         }},
        {"what is like a text",
         [this](Numbers& numbers) {
           search::Question question;
           const std::uint64_t every = std::max<std::uint64_t>(records_ / std::max<std::uint64_t>(texts_, 1), 1);
           question.like = search::ObjectName{"records", key_of(numbers.next() % (records_ / every) * every)};
           return question;
         }},
    };
    std::vector<double> all;
    for (const auto& kind : kinds) {
      Numbers numbers{99};
      std::vector<double> times;
      for (std::uint64_t i = 0; i < questions_ / kinds.size(); ++i) {
        const auto question = kind.make(numbers);
        const double begun = now_s();
        (void)take(index_->ask(vault_, question));
        times.push_back(now_s() - begun);
      }
      all.insert(all.end(), times.begin(), times.end());
      print(std::string(kind.name) + ", " + when, times);
    }
    print(std::string("all of them, ") + when, all);
  }

  static void print(const std::string& what, std::vector<double>& times) {
    std::ranges::sort(times);
    std::printf("| %s | median %.2f ms | p99 %.2f ms |\n", what.c_str(), times[times.size() / 2] * 1e3,
                times[times.size() * 99 / 100] * 1e3);
    std::fflush(stdout);
  }

  const platform::Machine& machine_;
  vault::Vault& vault_;
  std::uint64_t records_, texts_, questions_;
  catalog::BucketRow bucket_;
  Timestamp half_stored_;
  std::unique_ptr<search::SearchIndex> index_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, std::uint64_t otherwise) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  const std::uint64_t records = number(2, 1'000'000);
  const std::uint64_t texts = number(3, 100'000);
  const std::uint64_t questions = number(4, 2'000);
  if (argc < 2 || records == 0 || questions < 6) {
    std::fprintf(stderr, "usage: bench_search FOLDER [records] [texts] [questions, at least 6]\n");
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
  Bench(machine, *vault, records, texts, questions).run();
  check(vault->close());
  return 0;
}
