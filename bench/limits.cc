// What one core of this machine can do at best, and beside it what our stage over the same primitive does: the distance
// is the cost of our own code. Each line "library/..." calls the library alone, each line "ours/..." the module's door.
//   limits [--benchmark_filter=ours/seal] [ATOLL_LIMITS_FOLDER=/where/files/go]
#include <benchmark/benchmark.h>
#include <blake3.h>
#include <isa-l/crc.h>
#include <isa-l/erasure_code.h>
#include <lz4.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "foundation/base/units.h"
#include "foundation/codec/compress.h"
#include "foundation/codec/cut.h"
#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/parity.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/posix_file_system.h"

namespace {

using namespace atl;
using benchmark::State;

constexpr std::int64_t kKi = 1024;
constexpr std::int64_t kMi = 1024 * 1024;

std::uint64_t mix(std::uint64_t x) {  // SplitMix64
  x += 0x9E37'79B9'7F4A'7C15;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
  return x ^ (x >> 31);
}

Bytes random_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<std::uint8_t>(mix(at));
  return bytes;
}

// Words of a small vocabulary, frequent ones first: zstd 3 gives about 1 : 2.9 over 1 MiB, as for prose.
Bytes text_like(std::size_t size) {
  Bytes bytes;
  for (std::uint64_t i = 0; bytes.size() < size; ++i) {
    const std::uint64_t word = mix(i) % (1 + mix(i + 7) % 2000);
    for (std::uint64_t k = 0; k < 3 + mix(word) % 7; ++k) {
      bytes.push_back(static_cast<std::uint8_t>('a' + mix(word * 16 + k) % 26));
    }
    bytes.push_back(i % 11 == 0 ? '\n' : ' ');
  }
  bytes.resize(size);
  return bytes;
}

Bytes content(bool is_text, std::size_t size) { return is_text ? text_like(size) : random_bytes(size); }

std::size_t size_of(const State& state) { return static_cast<std::size_t>(state.range(0)); }
void count_bytes(State& state, std::size_t per_round) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(per_round));
}
void sizes(benchmark::internal::Benchmark* bench) { bench->Arg(4 * kKi)->Arg(16 * kKi)->Arg(64 * kKi)->Arg(kMi); }

void library_memcpy(State& state) {
  const Bytes from = random_bytes(size_of(state));
  Bytes to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  count_bytes(state, from.size());
}
BENCHMARK(library_memcpy)->Name("library/memcpy")->Arg(64 * kKi)->Arg(kMi)->Arg(256 * kMi);

void library_blake3(State& state) {
  const Bytes data = random_bytes(size_of(state));
  Bytes digest(32);
  for (auto _ : state) {
    blake3_hasher hasher;
    blake3_hasher_init_keyed(&hasher, data.data());
    blake3_hasher_update(&hasher, data.data(), data.size());
    blake3_hasher_finalize(&hasher, digest.data(), digest.size());
    benchmark::DoNotOptimize(digest.data());
  }
  count_bytes(state, data.size());
}
BENCHMARK(library_blake3)->Name("library/blake3_keyed")->Apply(sizes);
void ours_blake3(State& state) {
  const Bytes data = random_bytes(size_of(state));
  const codec::SecretKey key;
  for (auto _ : state) benchmark::DoNotOptimize(codec::blake3_keyed(key, data));
  count_bytes(state, data.size());
}
BENCHMARK(ours_blake3)->Name("ours/blake3_keyed")->Apply(sizes);

void ours_sha256(State& state) {
  const Bytes data = random_bytes(size_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(codec::sha256(data));
  count_bytes(state, data.size());
}
BENCHMARK(ours_sha256)->Name("ours/sha256")->Arg(64 * kKi);
void ours_md5(State& state) {
  const Bytes data = random_bytes(size_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(codec::md5(data));
  count_bytes(state, data.size());
}
BENCHMARK(ours_md5)->Name("ours/md5")->Arg(64 * kKi);

void library_crc32c(State& state) {
  Bytes data = random_bytes(size_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(crc32_iscsi(data.data(), static_cast<int>(data.size()), 0));
  count_bytes(state, data.size());
}
BENCHMARK(library_crc32c)->Name("library/crc32c")->Arg(64)->Arg(4 * kKi)->Arg(64 * kKi);
void ours_crc32c(State& state) {
  const Bytes data = random_bytes(size_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(codec::crc32c(data));
  count_bytes(state, data.size());
}
BENCHMARK(ours_crc32c)->Name("ours/crc32c")->Arg(64)->Arg(4 * kKi)->Arg(64 * kKi);

void library_gcm_seal(State& state) {
  const Bytes plain = random_bytes(size_of(state));
  Bytes out(plain.size() + 16);
  Bytes nonce(12);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, plain.data(), nullptr);
  for (auto _ : state) {
    ++nonce[0];
    int length = 0;
    EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data());
    EVP_EncryptUpdate(context, out.data(), &length, plain.data(), static_cast<int>(plain.size()));
    EVP_EncryptFinal_ex(context, out.data() + plain.size(), &length);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out.data() + plain.size());
  }
  EVP_CIPHER_CTX_free(context);
  count_bytes(state, plain.size());
}
BENCHMARK(library_gcm_seal)->Name("library/aes256gcm_seal")->Apply(sizes);
void ours_seal(State& state) {
  const Bytes plain = random_bytes(size_of(state));
  Bytes out(plain.size() + codec::kTagBytes);
  codec::Sealer sealer(codec::SealSuite::aes256gcm, codec::SecretKey());
  std::uint64_t counter = 0;
  for (auto _ : state) sealer.seal(codec::counter_nonce(++counter), {}, plain, out);
  count_bytes(state, plain.size());
}
BENCHMARK(ours_seal)->Name("ours/seal")->Apply(sizes);
void ours_open(State& state) {
  const Bytes plain = random_bytes(size_of(state));
  Bytes sealed(plain.size() + codec::kTagBytes);
  Bytes out(plain.size());
  codec::Sealer sealer(codec::SealSuite::aes256gcm, codec::SecretKey());
  sealer.seal(codec::counter_nonce(1), {}, plain, sealed);
  bool is_whole = true;
  for (auto _ : state) is_whole &= sealer.open(codec::counter_nonce(1), {}, sealed, out);
  if (!is_whole) state.SkipWithError("the seal did not open");
  count_bytes(state, plain.size());
}
BENCHMARK(ours_open)->Name("ours/open")->Apply(sizes);
void ours_clone(State& state) {
  const codec::Sealer sealer(codec::SealSuite::aes256gcm, codec::SecretKey());
  for (auto _ : state) benchmark::DoNotOptimize(sealer.clone());
}
BENCHMARK(ours_clone)->Name("ours/sealer_clone");

// Arguments: bytes, is text, codec (1 lz4, 2 zstd), level.
void compressions(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"", "text", "codec", "level"});
  for (const std::int64_t size : {64 * kKi, kMi}) {
    for (const std::int64_t is_text : {1, 0})
      bench->Args({size, is_text, 1, 0})->Args({size, is_text, 2, 1})->Args({size, is_text, 2, 3});
  }
}
void library_compress(State& state) {
  const Bytes raw = content(state.range(1) != 0, size_of(state));
  const int level = static_cast<int>(state.range(3));
  Bytes out(ZSTD_compressBound(raw.size()) + 65'536);
  ZSTD_CCtx* context = ZSTD_createCCtx();
  for (auto _ : state) {
    if (state.range(2) == 2) {
      benchmark::DoNotOptimize(ZSTD_compressCCtx(context, out.data(), out.size(), raw.data(), raw.size(), level));
    } else {
      benchmark::DoNotOptimize(LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                                                    reinterpret_cast<char*>(out.data()), static_cast<int>(raw.size()),
                                                    static_cast<int>(out.size())));
    }
  }
  ZSTD_freeCCtx(context);
  count_bytes(state, raw.size());
}
BENCHMARK(library_compress)->Name("library/compress")->Apply(compressions);
void ours_compress(State& state) {
  const Bytes raw = content(state.range(1) != 0, size_of(state));
  codec::Compressor compressor;
  Buffer out;
  for (auto _ : state) {
    benchmark::DoNotOptimize(compressor.compress(static_cast<codec::CompressionCodec>(state.range(2)),
                                                 static_cast<int>(state.range(3)), raw, out));
  }
  if (!out.empty()) state.counters["ratio"] = static_cast<double>(raw.size()) / static_cast<double>(out.size());
  count_bytes(state, raw.size());
}
BENCHMARK(ours_compress)->Name("ours/compress")->Apply(compressions);
void ours_decompress(State& state) {
  const auto number = static_cast<codec::CompressionCodec>(state.range(1));
  Bytes raw = text_like(size_of(state));
  codec::Compressor compressor;
  codec::Decompressor decompressor;
  Buffer packed;
  if (!compressor.compress(number, number == codec::CompressionCodec::zstd ? 3 : 0, raw, packed).value_or(false)) {
    state.SkipWithError("text did not compress");
  }
  for (auto _ : state) benchmark::DoNotOptimize(decompressor.decompress(number, packed.view(), raw));
  count_bytes(state, raw.size());
}
BENCHMARK(ours_decompress)
    ->Name("ours/decompress")
    ->ArgNames({"", "codec"})
    ->Args({64 * kKi, 1})
    ->Args({64 * kKi, 2})
    ->Args({kMi, 1})
    ->Args({kMi, 2});

void ours_cut(State& state) {
  const Bytes data = content(state.range(1) != 0, 64 * kMiB);
  const auto gear = codec::make_gear_table(codec::SecretKey());
  const codec::Cutter cutter(static_cast<codec::CutterNumber>(state.range(0)), gear);
  std::size_t chunks = 0;
  for (auto _ : state) {
    for (ByteView rest = data; !rest.empty(); ++chunks) rest = rest.subspan(cutter.first_cut(rest, true));
  }
  count_bytes(state, data.size());
  state.counters["mean_bytes"] =
      static_cast<double>(data.size()) * static_cast<double>(state.iterations()) / static_cast<double>(chunks);
}
BENCHMARK(ours_cut)
    ->Name("ours/cut")
    ->ArgNames({"cutter", "text"})
    ->Args({1, 0})
    ->Args({1, 1})
    ->Args({2, 0})
    ->Args({2, 1})
    ->Unit(benchmark::kMillisecond);

// Bytes of data per second over 64 KiB blocks; arguments: data blocks, parity blocks.
void library_parity(State& state) {
  const int k = static_cast<int>(state.range(0));
  const int m = static_cast<int>(state.range(1));
  std::vector<Bytes> blocks(static_cast<std::size_t>(k + m), random_bytes(64 * kKiB));
  Bytes matrix(static_cast<std::size_t>((k + m) * k));
  Bytes tables(static_cast<std::size_t>(32 * k * m));
  gf_gen_cauchy1_matrix(matrix.data(), k + m, k);
  ec_init_tables(k, m, matrix.data() + k * k, tables.data());
  std::vector<std::uint8_t*> pointers;
  for (Bytes& block : blocks) pointers.push_back(block.data());
  for (auto _ : state) {
    ec_encode_data(static_cast<int>(64 * kKiB), k, m, tables.data(), pointers.data(), pointers.data() + k);
    benchmark::ClobberMemory();
  }
  count_bytes(state, static_cast<std::size_t>(k) * 64 * kKiB);
}
BENCHMARK(library_parity)
    ->Name("library/parity")
    ->ArgNames({"data", "parity"})
    ->Args({32, 1})
    ->Args({32, 4})
    ->Args({6, 3});
void ours_parity(State& state) {
  const auto k = static_cast<unsigned>(state.range(0));
  const auto m = static_cast<unsigned>(state.range(1));
  std::vector<Bytes> blocks(k + m, random_bytes(64 * kKiB));
  const std::vector<ByteView> data(blocks.begin(), blocks.begin() + k);
  const std::vector<ByteSpan> parity(blocks.begin() + k, blocks.end());
  const codec::ReedSolomon code(k, m);
  for (auto _ : state) {
    code.encode(data, parity);
    benchmark::ClobberMemory();
  }
  count_bytes(state, static_cast<std::size_t>(k) * 64 * kKiB);
}
BENCHMARK(ours_parity)->Name("ours/parity")->ArgNames({"data", "parity"})->Args({32, 1})->Args({32, 4})->Args({6, 3});

void put_row(Bytes& out) {
  codec::FieldWriter writer(out);
  for (std::uint32_t field = 1; field <= 12; ++field) writer.put_unsigned(field, mix(field) >> (field * 4));
  for (std::uint32_t field = 13; field <= 16; ++field)
    writer.put_signed(field, -static_cast<std::int64_t>(field) * 1000);
  for (std::uint32_t field = 17; field <= 20; ++field) writer.put_text(field, "folder/some name.txt");
}
void ours_fields_write(State& state) {
  Bytes out;
  for (auto _ : state) {
    out.clear();
    put_row(out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ours_fields_write)->Name("ours/fields_write_row_of_20");
void ours_fields_read(State& state) {
  Bytes row;
  put_row(row);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    codec::FieldReader reader(row, "row");
    while (reader.next()) sum += reader.field() > 16 ? reader.as_view().size() : reader.as_unsigned();
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ours_fields_read)->Name("ours/fields_read_row_of_20");

// A file that goes away with the benchmark.
class ScratchFile {
 public:
  ScratchFile() {
    const char* folder = std::getenv("ATOLL_LIMITS_FOLDER");  // NOLINT(concurrency-mt-unsafe): one thread
    path_ = std::string(folder != nullptr ? folder : "/var/tmp") + "/atoll-limits.tmp";
    ignore_error_on_purpose(files_.remove_file(path_));
    if (auto file = files_.open(path_, platform::OpenMode::create_new)) file_ = std::move(*file);
  }
  ~ScratchFile() {
    file_.reset();
    ignore_error_on_purpose(files_.remove_file(path_));
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ScratchFile(ScratchFile&&) = delete;
  ScratchFile& operator=(ScratchFile&&) = delete;
  [[nodiscard]] platform::File* get() const { return file_.get(); }

 private:
  platform::PosixFileSystem files_;
  std::string path_;
  std::unique_ptr<platform::File> file_;
};

void ours_file_sync(State& state) {
  const ScratchFile file;
  const Bytes block = random_bytes(4 * kKiB);
  bool is_good = file.get() != nullptr && file.get()->write_at(0, random_bytes(4 * kMiB)) && file.get()->sync();
  std::uint64_t round = 0;
  for (auto _ : state) {
    is_good = is_good && file.get()->write_at(round++ % 1024 * block.size(), block) && file.get()->sync();
  }
  if (!is_good) state.SkipWithError("the file could not be written");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ours_file_sync)->Name("ours/file_overwrite_4k_and_sync")->UseRealTime()->Unit(benchmark::kMicrosecond);

void ours_file_write(State& state) {
  const Bytes block = random_bytes(kMiB);
  bool is_good = true;
  for (auto _ : state) {
    const ScratchFile file;
    is_good = is_good && file.get() != nullptr;
    for (std::uint64_t at = 0; is_good && at < 256; ++at) is_good = file.get()->write_at(at * kMiB, block).has_value();
    is_good = is_good && file.get()->sync();
  }
  if (!is_good) state.SkipWithError("the file could not be written");
  count_bytes(state, 256 * kMiB);
}
BENCHMARK(ours_file_write)
    ->Name("ours/file_write_256m_and_sync")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

void ours_file_read(State& state) {
  const ScratchFile file;
  Bytes block = random_bytes(kMiB);
  bool is_good = file.get() != nullptr;
  for (std::uint64_t at = 0; is_good && at < 64; ++at) is_good = file.get()->write_at(at * kMiB, block).has_value();
  for (auto _ : state) {
    for (std::uint64_t at = 0; is_good && at < 64; ++at)
      is_good = file.get()->read_at(at * kMiB, block).value_or(0) == kMiB;
  }
  if (!is_good) state.SkipWithError("the file could not be read");
  count_bytes(state, 64 * kMiB);
}
BENCHMARK(ours_file_read)->Name("ours/file_read_64m_cached")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
