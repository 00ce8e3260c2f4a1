// MD5 in the terms of RFC 1321: a text is cut into blocks of 64 bytes, each of which changes the four words of the
// chain in 64 steps, in four rounds of their own function, order of words and rotations.
#include "foundation/codec/md5_many.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/codec/internal/md5_lanes.h"
#include "foundation/codec/internal/vector_blocks.h"

namespace atl::codec {
namespace internal {
namespace {

using Chain = std::array<std::uint32_t, 4>;

// floor(2^32 * |sin(step + 1)|), as the RFC has them.
constexpr std::array<std::uint32_t, 64> kSines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<unsigned, 4>, 4> kRotations{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

constexpr std::size_t word_of(std::size_t step) {
  switch (step / 16) {
    case 0: return step;
    case 1: return (5 * step + 1) % 16;
    case 2: return (3 * step + 5) % 16;
    default: return 7 * step % 16;
  }
}

// Not returned: a vector that is returned asks for instructions that not every caller has.
template <std::size_t kRound, class V>
ATOLL_INLINE void mix(V& out, const V& b, const V& c, const V& d) {
  if constexpr (kRound == 0) out = d ^ (b & (c ^ d));
  if constexpr (kRound == 1) out = c ^ (d & (b ^ c));
  if constexpr (kRound == 2) out = b ^ c ^ d;
  if constexpr (kRound == 3) out = c ^ (b | ~d);
}

// V is one word, or a vector of them. The roles of the four words go round.
template <std::size_t kStep, class V>
ATOLL_INLINE void step(V (&v)[4], const V (&m)[kBlockWords]) {
  constexpr std::size_t round = kStep / 16;
  constexpr unsigned by = kRotations[round][kStep % 4];
  V& a = v[(4 - kStep % 4) % 4];
  const V& b = v[(5 - kStep % 4) % 4];
  const V& c = v[(6 - kStep % 4) % 4];
  const V& d = v[(7 - kStep % 4) % 4];
  V mixed;
  mix<round>(mixed, b, c, d);
  const V sum = a + m[word_of(kStep)] + kSines[kStep] + mixed;
  a = b + ((sum << by) | (sum >> (32 - by)));
}

template <class V, std::size_t... kSteps>
ATOLL_INLINE void compress(V (&chain)[4], const V (&m)[kBlockWords], std::index_sequence<kSteps...> /*steps*/) {
  V v[4] = {chain[0], chain[1], chain[2], chain[3]};
  (step<kSteps>(v, m), ...);
  for (std::size_t i = 0; i < 4; ++i) chain[i] += v[i];
}

// Blocks of one text that follow one another.
struct Job {
  Chain* chain = nullptr;
  const std::uint8_t* bytes = nullptr;
  std::size_t blocks = 0;
};

void run_one(const Job& job) {
  std::uint32_t chain[4] = {(*job.chain)[0], (*job.chain)[1], (*job.chain)[2], (*job.chain)[3]};
  for (std::size_t number = 0; number < job.blocks; ++number) {
    std::uint32_t m[kBlockWords];
    for (std::size_t i = 0; i < kBlockWords; ++i)
      m[i] = load_le<std::uint32_t>(job.bytes + number * kBlockBytes + i * 4);
    compress(chain, m, std::make_index_sequence<64>());
  }
  std::copy_n(chain, 4, job.chain->begin());
}

#if ATOLL_HAS_LANES

// A lane whose text has ended takes the next one. Lanes without a text work on zeros, and nobody asks for the result.
template <std::size_t kLanes>
ATOLL_INLINE void run_lanes(std::span<const Job> jobs) {
  using V = typename Vector<kLanes>::Type;
  static constexpr std::array<std::uint8_t, kBlockBytes> zeros{};
  std::array<Job, kLanes> lanes{};
  std::array<const std::uint8_t*, kLanes> blocks{};
  std::array<std::array<std::uint32_t, kLanes>, 4> words{};
  std::size_t next = 0;
  for (;;) {
    std::size_t common = 0;  // blocks that all texts under way still have
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      Job& job = lanes[lane];
      if (job.blocks == 0) {
        if (job.chain != nullptr) {
          for (std::size_t i = 0; i < 4; ++i) (*job.chain)[i] = words[i][lane];
        }
        job = next < jobs.size() ? jobs[next++] : Job{};
        for (std::size_t i = 0; i < 4 && job.chain != nullptr; ++i) words[i][lane] = (*job.chain)[i];
      }
      if (job.blocks > 0) common = common == 0 ? job.blocks : std::min(common, job.blocks);
    }
    if (common == 0) return;
    V chain[4];
    for (std::size_t i = 0; i < 4; ++i) std::memcpy(&chain[i], words[i].data(), sizeof(V));
    for (std::size_t number = 0; number < common; ++number) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        blocks[lane] = lanes[lane].blocks > 0 ? lanes[lane].bytes + number * kBlockBytes : zeros.data();
      }
      V m[kBlockWords];
      load_blocks<kLanes>(blocks, m);
      compress(chain, m, std::make_index_sequence<64>());
    }
    for (std::size_t i = 0; i < 4; ++i) std::memcpy(words[i].data(), &chain[i], sizeof(V));
    for (Job& job : lanes) {
      if (job.blocks == 0) continue;
      job.bytes += common * kBlockBytes;
      job.blocks -= common;
    }
  }
}

[[gnu::target("avx512f,avx512vl,avx512bw,avx512dq"), gnu::noinline]] void run_sixteen(std::span<const Job> jobs) {
  run_lanes<16>(jobs);
}
[[gnu::target("avx2"), gnu::noinline]] void run_eight(std::span<const Job> jobs) { run_lanes<8>(jobs); }

#endif

void run_all([[maybe_unused]] Lanes lanes, std::span<const Job> jobs) {
#if ATOLL_HAS_LANES
  // Where fewer come together they are as fast one after the other (measured).
  constexpr std::size_t least_sixteen = 3;
  constexpr std::size_t least_eight = 4;
  if (jobs.size() >= least_sixteen && lanes == Lanes::sixteen) return run_sixteen(jobs);
  if (jobs.size() >= least_eight && lanes == Lanes::eight) return run_eight(jobs);
#endif
  for (const Job& job : jobs) run_one(job);
}

}  // namespace
}  // namespace internal

class Md5Feeder {
 public:
  static void feed(internal::Lanes lanes, std::span<const Md5Piece> pieces) {
    std::vector<internal::Job> jobs;
    jobs.reserve(pieces.size());
    // First what completes a block that an earlier piece began.
    std::vector<ByteView> left;
    left.reserve(pieces.size());
    for (const Md5Piece& piece : pieces) {
      Md5Stream& stream = *piece.stream;
      ByteView bytes = piece.bytes;
      const auto begun = static_cast<std::size_t>(stream.bytes_ % internal::kBlockBytes);
      stream.bytes_ += bytes.size();
      if (begun > 0) {
        const std::size_t count = std::min(internal::kBlockBytes - begun, bytes.size());
        std::ranges::copy(bytes.first(count), stream.rest_.begin() + static_cast<std::ptrdiff_t>(begun));
        bytes = bytes.subspan(count);
        if (begun + count == internal::kBlockBytes) jobs.push_back({&stream.chain_, stream.rest_.data(), 1});
      }
      left.push_back(bytes);
    }
    internal::run_all(lanes, jobs);
    jobs.clear();
    for (std::size_t at = 0; at < pieces.size(); ++at) {
      const std::size_t blocks = left[at].size() / internal::kBlockBytes;
      if (blocks > 0) jobs.push_back({&pieces[at].stream->chain_, left[at].data(), blocks});
    }
    // The longest first: so lanes end at about the same time.
    std::ranges::sort(jobs, [](const internal::Job& a, const internal::Job& b) { return a.blocks > b.blocks; });
    internal::run_all(lanes, jobs);
    for (std::size_t at = 0; at < pieces.size(); ++at) {
      const ByteView rest = left[at].last(left[at].size() % internal::kBlockBytes);
      // Where the piece only went on with a begun block, nothing is left, and what stands there stays.
      std::ranges::copy(rest, pieces[at].stream->rest_.begin());
    }
  }
};

void internal::md5_update_many(Lanes lanes, std::span<const Md5Piece> pieces) { Md5Feeder::feed(lanes, pieces); }

void md5_update_many(std::span<const Md5Piece> pieces) {
  static const internal::Lanes lanes = internal::has_lanes(internal::Lanes::sixteen) ? internal::Lanes::sixteen
                                       : internal::has_lanes(internal::Lanes::eight) ? internal::Lanes::eight
                                                                                     : internal::Lanes::one;
  Md5Feeder::feed(lanes, pieces);
}

std::array<std::uint8_t, 16> Md5Stream::finish() {
  const std::uint64_t bits = bytes_ * 8;
  std::array<std::uint8_t, 2 * internal::kBlockBytes> end{0x80};
  const auto begun = static_cast<std::size_t>(bytes_ % internal::kBlockBytes);
  const std::size_t padding = (begun < 56 ? 56 : 120) - begun;
  store_le(end.data() + padding, bits);
  const Md5Piece piece{this, ByteView(end).first(padding + 8)};
  Md5Feeder::feed(internal::Lanes::one, {&piece, 1});
  std::array<std::uint8_t, 16> digest{};
  for (std::size_t i = 0; i < chain_.size(); ++i) store_le(digest.data() + i * 4, chain_[i]);
  return digest;
}

}  // namespace atl::codec
