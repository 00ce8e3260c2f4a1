// BLAKE3 in the terms of its paper (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3: one function, fast everywhere",
// 2020): an input is cut into chunks of 1 KiB, each chunk into blocks of 64 bytes that are compressed one after another
// into a chaining value; chaining values are joined two by two to the root. What can be done side by side is done side
// by side, lane by lane: chunks of all inputs, then all parents of one level.
#include "foundation/codec/hash_many.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "foundation/codec/internal/lanes.h"
#include "foundation/codec/internal/vector_blocks.h"

namespace atl::codec {
namespace internal {
namespace {

constexpr std::size_t kBlake3ChunkBytes = 1024;
// Longer inputs keep the library's lanes busy by themselves. Where each has the same speed was measured.
constexpr std::size_t short_input_bytes_max(Lanes lanes) {
  switch (lanes) {
    case Lanes::one: break;
    case Lanes::eight: return 16 * 1024;
    case Lanes::sixteen: return 32 * 1024;
  }
  return 0;
}

#if ATOLL_HAS_LANES

constexpr std::uint32_t kChunkStart = 1;
constexpr std::uint32_t kChunkEnd = 2;
constexpr std::uint32_t kParent = 4;
constexpr std::uint32_t kRoot = 8;
constexpr std::uint32_t kKeyedHash = 16;
constexpr std::size_t kWords = 8;  // of a chaining value, and of the key
constexpr std::size_t kRounds = 7;
constexpr std::array<std::uint32_t, 4> kInitial{0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A};

using Words = std::array<std::uint32_t, kWords>;

// Which word of the block each round takes where.
constexpr std::array<std::array<std::uint8_t, kBlockWords>, kRounds> make_schedule() {
  constexpr std::array<std::uint8_t, kBlockWords> permutation{2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  std::array<std::array<std::uint8_t, kBlockWords>, kRounds> schedule{};
  for (std::uint8_t i = 0; i < kBlockWords; ++i) schedule[0][i] = i;
  for (std::size_t round = 1; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kBlockWords; ++i) schedule[round][i] = schedule[round - 1][permutation[i]];
  }
  return schedule;
}
constexpr auto kSchedule = make_schedule();

// Blocks that follow one another: a chunk, or the one block of a parent.
struct Job {
  const std::uint8_t* bytes = nullptr;
  std::uint32_t length = 0;
  std::uint32_t blocks = 1;
  std::uint32_t counter = 0;  // of the chunk in its input
  std::uint32_t flags = 0;    // of every block
  std::uint32_t first = 0;    // of the first one, too
  std::uint32_t last = 0;     // and of the last one
  Words* out = nullptr;
};

// The functions below are compiled into each of the two that are made for a kind of processor, and nowhere else.
template <class V>
ATOLL_INLINE void mix(V& a, V& b, V& c, V& d, const V& x, const V& y) {
  a += b + x;
  d ^= a;
  d = (d >> 16) | (d << 16);
  c += d;
  b ^= c;
  b = (b >> 12) | (b << 20);
  a += b + y;
  d ^= a;
  d = (d >> 8) | (d << 24);
  c += d;
  b ^= c;
  b = (b >> 7) | (b << 25);
}

template <std::size_t kRound, class V>
ATOLL_INLINE void round(V (&v)[16], const V (&m)[kBlockWords]) {
  constexpr auto at = kSchedule[kRound];
  mix(v[0], v[4], v[8], v[12], m[at[0]], m[at[1]]);
  mix(v[1], v[5], v[9], v[13], m[at[2]], m[at[3]]);
  mix(v[2], v[6], v[10], v[14], m[at[4]], m[at[5]]);
  mix(v[3], v[7], v[11], v[15], m[at[6]], m[at[7]]);
  mix(v[0], v[5], v[10], v[15], m[at[8]], m[at[9]]);
  mix(v[1], v[6], v[11], v[12], m[at[10]], m[at[11]]);
  mix(v[2], v[7], v[8], v[13], m[at[12]], m[at[13]]);
  mix(v[3], v[4], v[9], v[14], m[at[14]], m[at[15]]);
}

// Up to kLanes jobs side by side; those that have fewer blocks than others wait for them.
template <std::size_t kLanes>
ATOLL_INLINE void run_side_by_side(const Words& key, std::span<const Job> jobs) {
  using V = typename Vector<kLanes>::Type;
  using Row = std::array<std::uint32_t, kLanes>;
  V chain[kWords];
  for (std::size_t i = 0; i < kWords; ++i) chain[i] = V{} + key[i];
  std::uint32_t blocks = 0;
  Row counters{};
  for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
    blocks = std::max(blocks, jobs[lane].blocks);
    counters[lane] = jobs[lane].counter;
  }
  V counter;
  std::memcpy(&counter, counters.data(), sizeof counter);
  alignas(64) std::array<std::array<std::uint8_t, kBlockBytes>, kLanes> padded{};
  for (std::uint32_t number = 0; number < blocks; ++number) {
    std::array<const std::uint8_t*, kLanes> block{};
    Row lengths{};
    Row flags{};
    Row taking_part{};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      block[lane] = padded[lane].data();
      if (lane >= jobs.size() || number >= jobs[lane].blocks) continue;
      const Job& job = jobs[lane];
      const std::uint32_t begin = number * kBlockBytes;
      const std::uint32_t length = std::min<std::uint32_t>(kBlockBytes, job.length - begin);
      if (length == kBlockBytes) {
        block[lane] = job.bytes + begin;
      } else if (length > 0) {
        std::memcpy(padded[lane].data(), job.bytes + begin, length);
      }
      lengths[lane] = length;
      flags[lane] = job.flags | (number == 0 ? job.first : 0) | (number + 1 == job.blocks ? job.last : 0);
      taking_part[lane] = ~std::uint32_t{0};
    }
    V m[kBlockWords];
    load_blocks<kLanes>(block, m);
    V v[16];
    for (std::size_t i = 0; i < kWords; ++i) v[i] = chain[i];
    for (std::size_t i = 0; i < kInitial.size(); ++i) v[kWords + i] = V{} + kInitial[i];
    v[12] = counter;
    v[13] = V{};
    std::memcpy(&v[14], lengths.data(), sizeof(V));
    std::memcpy(&v[15], flags.data(), sizeof(V));
    round<0>(v, m);
    round<1>(v, m);
    round<2>(v, m);
    round<3>(v, m);
    round<4>(v, m);
    round<5>(v, m);
    round<6>(v, m);
    V mask;
    std::memcpy(&mask, taking_part.data(), sizeof mask);
    for (std::size_t i = 0; i < kWords; ++i) chain[i] = ((v[i] ^ v[i + kWords]) & mask) | (chain[i] & ~mask);
  }
  for (std::size_t i = 0; i < kWords; ++i) {
    Row row;
    std::memcpy(row.data(), &chain[i], sizeof(V));
    for (std::size_t lane = 0; lane < jobs.size(); ++lane) (*jobs[lane].out)[i] = row[lane];
  }
}

template <std::size_t kLanes>
ATOLL_INLINE void run_all(const Words& key, std::span<const Job> jobs) {
  for (std::size_t at = 0; at < jobs.size(); at += kLanes) {
    run_side_by_side<kLanes>(key, jobs.subspan(at, std::min(kLanes, jobs.size() - at)));
  }
}
[[gnu::target("avx512f,avx512vl,avx512bw,avx512dq"), gnu::noinline]] void run_sixteen(const Words& key,
                                                                                      std::span<const Job> jobs) {
  run_all<16>(key, jobs);
}
[[gnu::target("avx2"), gnu::noinline]] void run_eight(const Words& key, std::span<const Job> jobs) {
  run_all<8>(key, jobs);
}

// The chaining values of one short input, in `values` from `begin` on.
struct Tree {
  std::size_t input = 0;
  std::size_t begin = 0;
  std::size_t count = 0;
};

class ShortInputs {
 public:
  ShortInputs(Lanes lanes, const Words& key)
      : key_(&key), bytes_max_(short_input_bytes_max(lanes)), run_(lanes == Lanes::sixteen ? run_sixteen : run_eight) {}

  void hash(std::span<const ByteView> inputs, std::span<Digest> digests) {
    std::size_t chunks = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::size_t length = inputs[i].size();
      if (length > bytes_max_) continue;
      const std::size_t count = std::max<std::size_t>(1, (length + kBlake3ChunkBytes - 1) / kBlake3ChunkBytes);
      trees_.push_back({i, chunks, count});
      chunks += count;
    }
    values_.resize(chunks);
    hash_chunks(inputs);
    while (join_pairs()) {
    }
    for (const Tree& tree : trees_) {
      std::memcpy(digests[tree.input].data(), values_[tree.begin].data(), sizeof(Words));
    }
  }

 private:
  // Whole chunks first, then what inputs end with, the longest first: so lanes end at about the same time.
  void hash_chunks(std::span<const ByteView> inputs) {
    std::vector<Job> ends;
    ends.reserve(trees_.size());
    for (const Tree& tree : trees_) {
      const ByteView input = inputs[tree.input];
      for (std::size_t i = 0; i < tree.count; ++i) {
        const std::size_t begin = i * kBlake3ChunkBytes;
        Job job;
        job.bytes = input.data() + begin;
        job.length = static_cast<std::uint32_t>(std::min(kBlake3ChunkBytes, input.size() - begin));
        job.blocks = std::max(1U, static_cast<std::uint32_t>((job.length + kBlockBytes - 1) / kBlockBytes));
        job.counter = static_cast<std::uint32_t>(i);
        job.flags = kKeyedHash;
        job.first = kChunkStart;
        job.last = kChunkEnd | (tree.count == 1 ? kRoot : 0);
        job.out = &values_[tree.begin + i];
        (i + 1 < tree.count ? jobs_ : ends).push_back(job);
      }
    }
    std::ranges::sort(ends, [](const Job& a, const Job& b) { return a.blocks > b.blocks; });
    jobs_.insert(jobs_.end(), ends.begin(), ends.end());
    run_(*key_, jobs_);
  }

  // One level of all trees; an odd one at the end goes up as it is. False where all are one root.
  bool join_pairs() {
    jobs_.clear();
    for (const Tree& tree : trees_) {
      for (std::size_t i = 0; i + 1 < tree.count; i += 2) {
        Job job;
        job.bytes = reinterpret_cast<const std::uint8_t*>(values_[tree.begin + i].data());  // NOLINT: two that adjoin
        job.length = kBlockBytes;
        job.flags = kKeyedHash | kParent | (tree.count == 2 ? kRoot : 0);
        job.out = &values_[tree.begin + i / 2];  // read before it is written: no pair behind it begins there
        jobs_.push_back(job);
      }
    }
    if (jobs_.empty()) return false;
    run_(*key_, jobs_);
    for (Tree& tree : trees_) {
      if (tree.count % 2 == 1) values_[tree.begin + tree.count / 2] = values_[tree.begin + tree.count - 1];
      tree.count = (tree.count + 1) / 2;
    }
    return true;
  }

  const Words* key_;
  std::size_t bytes_max_;
  void (*run_)(const Words& key, std::span<const Job> jobs);
  std::vector<Tree> trees_;
  std::vector<Words> values_;
  std::vector<Job> jobs_;
};

#endif

}  // namespace

bool has_lanes([[maybe_unused]] Lanes lanes) {
#if ATOLL_HAS_LANES
  switch (lanes) {
    case Lanes::one: return true;
    case Lanes::eight: return __builtin_cpu_supports("avx2") != 0;
    case Lanes::sixteen:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  }
#endif
  return lanes == Lanes::one;
}

void blake3_keyed_many([[maybe_unused]] Lanes lanes, const SecretKey& key, std::span<const ByteView> inputs,
                       std::span<Digest> digests) {
  ATOLL_INVARIANT(inputs.size() == digests.size(), "there is a place for each digest");
  bool takes_short = false;
#if ATOLL_HAS_LANES
  if (lanes != Lanes::one && inputs.size() > 1) {
    takes_short = true;
    Words words;
    std::memcpy(words.data(), key.view().data(), sizeof words);
    ShortInputs(lanes, words).hash(inputs, digests);
    wipe({reinterpret_cast<std::uint8_t*>(words.data()), sizeof words});  // NOLINT
  }
#endif
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!takes_short || inputs[i].size() > short_input_bytes_max(lanes)) digests[i] = blake3_keyed(key, inputs[i]);
  }
}

}  // namespace internal

void blake3_keyed_many(const SecretKey& key, std::span<const ByteView> inputs, std::span<Digest> digests) {
  static const internal::Lanes lanes = internal::has_lanes(internal::Lanes::sixteen) ? internal::Lanes::sixteen
                                       : internal::has_lanes(internal::Lanes::eight) ? internal::Lanes::eight
                                                                                     : internal::Lanes::one;
  internal::blake3_keyed_many(lanes, key, inputs, digests);
}

}  // namespace atl::codec
