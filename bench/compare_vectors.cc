// The vector index beside hnswlib and faiss: the same vectors, the same questions, in one process and one run, compared
// at equal recall.
//   bench_compare_vectors --folder FOLDER [--vectors 100000] [--dimension 384] [--text FILE] [--questions 1000]
//                         [--engines atoll,atoll-plain,hnswlib,faiss] [--threads 2] [--clusters 1000] [--write-data]
//                         [--cache-mb 64]
// Vectors are those that the built-in embedder makes of the lines of FILE, or a mixture of Gaussians, the same in every
// run. Shapes are the same for all: M 32, construction 200. Rates are of the wall clock: believe ratios of one run.
// "opened" is how long it takes from a file in the machine's cache to the first answer, the median of five.
// Atoll keeps as many full vectors opened as a vault does (--cache-mb 64); the others hold all of them.
// --write-data leaves rows.f32, questions.f32 and exact.u32 in FOLDER, for engines that are not linked here.
#include <faiss/IndexHNSW.h>
#include <faiss/index_io.h>
#include <hnswlib/hnswlib.h>
#include <malloc.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "derived/vector/learned_embedder.h"
#include "derived/vector/vector_index.h"
#include "foundation/platform/posix_machine.h"

namespace {

using namespace atl;  // NOLINT
constexpr std::size_t kNearest = 10;
using Ids = std::vector<std::uint64_t>;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
  std::exit(1);
}
void must(const Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
  std::exit(1);
}

// Without what is free and only held back for later: that is the allocator's, not an index's.
double resident_mb() {
  ::malloc_trim(0);
  std::ifstream in("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  in >> all >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

class Random {  // SplitMix64
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E37'79B9'7F4A'7C15;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
  }
  float normal() {
    float sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<float>(next() >> 40) / 16'777'216.0F - 0.5F;
    return sum;
  }

 private:
  std::uint64_t state_;
};

struct Data {
  std::size_t dimension = 0;
  std::vector<float> rows;  // of length 1
  std::vector<float> questions;
  [[nodiscard]] std::size_t count() const { return rows.size() / dimension; }
  [[nodiscard]] std::size_t asked() const { return questions.size() / dimension; }
  [[nodiscard]] const float* row(std::size_t i) const { return rows.data() + i * dimension; }
  [[nodiscard]] const float* question(std::size_t i) const { return questions.data() + i * dimension; }
};

void normalise(std::vector<float>& rows, std::size_t dimension) {
  for (std::size_t i = 0; i < rows.size(); i += dimension) {
    float square = 0;
    for (std::size_t k = 0; k < dimension; ++k) square += rows[i + k] * rows[i + k];
    for (std::size_t k = 0; k < dimension; ++k) rows[i + k] /= std::sqrt(square);
  }
}

Data make_mixture(std::size_t count, std::size_t dimension, std::size_t questions, std::size_t clusters) {
  Data data;
  data.dimension = dimension;
  Random random(1);
  std::vector<float> centres(clusters * dimension);
  for (float& number : centres) number = random.normal();
  const auto fill = [&](std::vector<float>& rows, std::size_t more) {
    for (std::size_t i = 0; i < more; ++i) {
      const float* centre = centres.data() + (random.next() % clusters) * dimension;
      for (std::size_t k = 0; k < dimension; ++k) rows.push_back(centre[k] + random.normal());
    }
    normalise(rows, dimension);
  };
  fill(data.rows, count);
  fill(data.questions, questions);
  return data;
}

Data read_text(const std::string& path, std::size_t count, std::size_t dimension, std::size_t questions) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; lines.size() < count + questions && std::getline(in, line);) {
    if (line.size() >= 40) lines.push_back(line);
  }
  vector::LearnedOptions options;
  options.dimension = static_cast<std::uint32_t>(dimension);
  options.texts_max = 10'000;
  vector::LearnedTrainer trainer(options);
  for (const std::string& line : lines) trainer.add(line);
  const auto embedder = must(trainer.finish());
  Data data;
  data.dimension = dimension;
  Random random(2);
  for (std::size_t i = lines.size(); i > 1; --i) std::swap(lines[i - 1], lines[random.next() % i]);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::array<std::string_view, 1> text{lines[i]};
    const auto row = must(embedder->embed(text, vector::TextRole::document));
    if (!vector::has_direction(row.row(0))) continue;
    auto& to = i < questions ? data.questions : data.rows;
    to.insert(to.end(), row.numbers.begin(), row.numbers.end());
  }
  return data;
}

std::vector<Ids> exact_answers(const Data& data, unsigned threads) {
  std::vector<Ids> answers(data.asked());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (std::size_t q = next++; q < data.asked(); q = next++) {
        std::vector<std::pair<float, std::uint64_t>> all;
        for (std::size_t i = 0; i < data.count(); ++i) {
          float sum = 0;
          for (std::size_t k = 0; k < data.dimension; ++k) sum += data.question(q)[k] * data.row(i)[k];
          all.emplace_back(-sum, i);
        }
        std::partial_sort(all.begin(), all.begin() + kNearest, all.end());
        for (std::size_t i = 0; i < kNearest; ++i) answers[q].push_back(all[i].second);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  return answers;
}

struct Engine {
  std::string name;
  std::function<void(const Data&, unsigned threads)> build;
  std::function<Ids(const float* question, std::size_t width)> search;
  std::function<void()> save;    // once, after build
  std::function<void()> reopen;  // from what was saved, in place of what is open
};

Engine atoll_engine(const std::string& name, const platform::Machine& machine, const std::string& folder,
                    codec::SealSuite suite, std::size_t cache_bytes) {
  auto index = std::make_shared<std::unique_ptr<vector::VectorIndex>>();
  auto dimension = std::make_shared<std::size_t>();
  Engine engine;
  engine.name = name;
  const auto open = [=] {
    vector::Config config;
    config.dimension = static_cast<std::uint32_t>(*dimension);
    vector::Options options;
    options.cache_bytes_max = cache_bytes;
    options.suite = suite;
    const codec::SecretKey key;
    index->reset();
    *index = must(vector::VectorIndex::open(machine, folder + "/" + name, key, VaultId{}, config, options, true));
  };
  engine.reopen = open;
  engine.save = [] {};
  engine.build = [=](const Data& data, unsigned threads) {
    *dimension = data.dimension;
    must(vector::VectorIndex::remove_all(machine, folder + "/" + name));
    open();
    for (std::size_t i = 0; i < data.count(); ++i) must((*index)->put(i, {data.row(i), data.dimension}));
    must((*index)->build_all(threads));
    must((*index)->flush({}));
  };
  engine.search = [=](const float* question, std::size_t width) {
    vector::SearchRequest request;
    request.vector = {question, *dimension};
    request.limit = kNearest;
    request.width = static_cast<std::uint32_t>(width);
    Ids ids;
    for (const auto& hit : must((*index)->search(request)).hits) ids.push_back(hit.document);
    return ids;
  };
  return engine;
}

Engine hnswlib_engine(const std::string& folder) {
  struct Index {
    std::unique_ptr<hnswlib::InnerProductSpace> space;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
  };
  auto index = std::make_shared<Index>();
  Engine engine;
  engine.name = "hnswlib";
  engine.build = [=](const Data& data, unsigned threads) {
    index->space = std::make_unique<hnswlib::InnerProductSpace>(data.dimension);
    index->graph =
        std::make_unique<hnswlib::HierarchicalNSW<float>>(index->space.get(), data.count(), std::size_t{32}, 200);
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (unsigned t = 0; t < threads; ++t) {
      workers.emplace_back([&] {
        for (std::size_t i = next++; i < data.count(); i = next++) index->graph->addPoint(data.row(i), i);
      });
    }
    for (auto& worker : workers) worker.join();
  };
  engine.search = [=](const float* question, std::size_t width) {
    index->graph->ef_ = width;
    auto found = index->graph->searchKnn(question, kNearest);
    Ids ids;
    for (; !found.empty(); found.pop()) ids.push_back(found.top().second);
    return ids;
  };
  engine.save = [=] { index->graph->saveIndex(folder + "/hnswlib"); };
  engine.reopen = [=] {
    index->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(index->space.get(), folder + "/hnswlib");
  };
  return engine;
}

Engine faiss_engine(const std::string& folder) {
  auto index = std::make_shared<std::unique_ptr<faiss::IndexHNSWFlat>>();
  Engine engine;
  engine.name = "faiss";
  engine.build = [=](const Data& data, unsigned threads) {
    omp_set_num_threads(static_cast<int>(threads));
    *index = std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(data.dimension), 32, faiss::METRIC_INNER_PRODUCT);
    (*index)->hnsw.efConstruction = 200;
    (*index)->add(static_cast<faiss::Index::idx_t>(data.count()), data.rows.data());
    omp_set_num_threads(1);
  };
  engine.search = [=](const float* question, std::size_t width) {
    (*index)->hnsw.efSearch = static_cast<int>(width);
    std::vector<float> distances(kNearest);
    std::vector<faiss::Index::idx_t> found(kNearest);
    (*index)->search(1, question, kNearest, distances.data(), found.data());
    return Ids(found.begin(), found.end());
  };
  engine.save = [=] { faiss::write_index(index->get(), (folder + "/faiss").c_str()); };
  engine.reopen = [=] {
    index->reset(dynamic_cast<faiss::IndexHNSWFlat*>(faiss::read_index((folder + "/faiss").c_str())));
  };
  return engine;
}

double rate(const Engine& engine, const Data& data, std::size_t width, unsigned threads) {
  std::atomic<std::size_t> next = 0;
  const double begin = now_s();
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      omp_set_num_threads(1);
      for (std::size_t q = next++; q < data.asked(); q = next++) engine.search(data.question(q), width);
    });
  }
  for (auto& worker : workers) worker.join();
  return static_cast<double>(data.asked()) / (now_s() - begin);
}

double recall(const Engine& engine, const Data& data, std::size_t width, const std::vector<Ids>& exact) {
  std::size_t found = 0;
  for (std::size_t q = 0; q < data.asked(); ++q) {
    const Ids ids = engine.search(data.question(q), width);
    for (const std::uint64_t id : exact[q]) found += std::ranges::find(ids, id) != ids.end() ? 1 : 0;
  }
  return static_cast<double>(found) / static_cast<double>(data.asked() * kNearest);
}

double open_ms(const Engine& engine, const Data& data) {
  engine.save();
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    const double begin = now_s();
    engine.reopen();
    engine.search(data.question(0), 64);
    times.push_back((now_s() - begin) * 1000);
  }
  std::ranges::sort(times);
  return times[2];
}

template <class T>
void write_numbers(const std::string& path, const std::vector<T>& numbers) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  std::string text;
  std::string engines = "atoll,hnswlib,faiss";
  std::size_t count = 100'000;
  std::size_t dimension = 384;
  std::size_t questions = 1000;
  std::size_t clusters = 1000;
  unsigned threads = 2;
  std::size_t cache_mb = 64;
  bool write_data = false;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--write-data") {
      write_data = true;
      --i;
      continue;
    }
    if (i + 1 == argc) break;
    const std::string value = argv[i + 1];
    if (name == "--folder") folder = value;
    if (name == "--text") text = value;
    if (name == "--engines") engines = value;
    if (name == "--vectors") count = std::stoul(value);
    if (name == "--dimension") dimension = std::stoul(value);
    if (name == "--questions") questions = std::stoul(value);
    if (name == "--clusters") clusters = std::stoul(value);
    if (name == "--cache-mb") cache_mb = std::stoul(value);
    if (name == "--threads") threads = static_cast<unsigned>(std::stoul(value));
  }
  if (folder.empty()) {
    std::fprintf(stderr, "bench_compare_vectors --folder FOLDER [options]\n");
    return 2;
  }
  const Data data =
      text.empty() ? make_mixture(count, dimension, questions, clusters) : read_text(text, count, dimension, questions);
  std::printf("%zu vectors of %zu dimensions, %zu questions, %s\n", data.count(), dimension, data.asked(),
              text.empty() ? "mixture" : text.c_str());
  const auto exact = exact_answers(data, threads);
  if (write_data) {
    write_numbers(folder + "/rows.f32", data.rows);
    write_numbers(folder + "/questions.f32", data.questions);
    std::vector<std::uint32_t> answers;
    for (const Ids& ids : exact) answers.insert(answers.end(), ids.begin(), ids.end());
    write_numbers(folder + "/exact.u32", answers);
  }
  platform::PosixMachine machine;
  for (const Engine& engine :
       {atoll_engine("atoll", machine.machine(), folder, codec::SealSuite::aes256gcm, cache_mb * kMiB),
        atoll_engine("atoll-plain", machine.machine(), folder, codec::SealSuite::none, cache_mb * kMiB),
        hnswlib_engine(folder), faiss_engine(folder)}) {
    if (("," + engines + ",").find("," + engine.name + ",") == std::string::npos) continue;
    const double before_mb = resident_mb();
    const double begin = now_s();
    engine.build(data, threads);
    std::printf("%-11s built in %.1f s on %u threads, %.0f MB\n", engine.name.c_str(), now_s() - begin, threads,
                resident_mb() - before_mb);
    std::printf("  opened in %.1f ms\n", open_ms(engine, data));
    double wanted = 0.97;
    for (const std::size_t width : {32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024}) {
      const double share = recall(engine, data, width, exact);
      if (share < wanted && width != 64) continue;
      std::printf("  width %4zu: recall@10 %.4f, %.0f/s on one thread, %.0f/s on %u\n", width, share,
                  rate(engine, data, width, 1), rate(engine, data, width, threads), threads);
      std::fflush(stdout);
      if (share >= 0.99) break;
      if (share >= wanted) wanted = 0.99;
    }
    std::printf("  memory with opened pages: %.0f MB\n", resident_mb() - before_mb);
  }
}
