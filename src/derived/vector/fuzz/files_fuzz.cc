// The reader of an index's files, behind the seals: the plaintext of real ones is changed and sealed again, as nobody
// without the key could. Nothing may crash, hang or take much memory; an error has a name.
#include <array>
#include <memory>

#include "derived/vector/internal/graph_file.h"
#include "derived/vector/internal/manifest.h"
#include "derived/vector/internal/stored.h"
#include "derived/vector/testing/test_vectors.h"

namespace {

using namespace atl;                    // NOLINT
using namespace atl::vector;            // NOLINT
using namespace atl::vector::internal;  // NOLINT
using atl::vector::testing::kFolder;

constexpr std::uint32_t kDimension = 8;

struct Sample {
  std::unique_ptr<platform::MemoryFileSystem> disk;
};

Sample make_sample() {
  platform::TestMachine machine;
  auto index = atl::vector::testing::open_index(machine, atl::vector::testing::test_config(kDimension)).value();
  platform::SeededRandom random(1);
  for (DocumentId id = 0; id < 300; ++id) {
    if (!index->put(id, atl::vector::testing::random_vector(random, kDimension))) __builtin_trap();
  }
  if (!index->build_all() || !index->remove(7) || !index->flush({})) __builtin_trap();
  index.reset();
  return {machine.files.clone()};
}

}  // namespace

// Four bytes each: which file, place in it (two), change.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Sample sample = make_sample();
  if (size < 4) return 0;
  platform::TestMachine machine(sample.disk->clone(), 1);
  const codec::SecretKey key = atl::vector::testing::test_key();
  const VaultId vault = atl::vector::testing::test_vault();
  const std::string folder = kFolder;
  const FileContext context{machine.files, folder, key, vault, codec::SealSuite::aes256gcm};
  const std::string manifest_path = platform::join(folder, "manifest");
  const Bytes stored = machine.files.content(manifest_path);
  Bytes manifest_plain = open_whole(context, FileKind::manifest, 0, stored).value();
  Manifest manifest = parse_manifest(manifest_plain).value();
  const auto change = [&](std::uint8_t file, Bytes& plain) {
    for (std::size_t i = 0; i + 4 <= size; i += 4) {
      if (data[i] % 4 == file) {
        const auto place =
            static_cast<std::size_t>(data[i + 1] << 8 | data[i + 2]) * 3;  // the graph's file is the longest
        plain[place % plain.size()] ^= data[i + 3];
      }
    }
  };
  const auto rewrite_blocks = [&](std::uint8_t which, FileKind kind, const FileInfo& info, std::size_t block_bytes) {
    const auto file = SealedFile::open(context, kind, info, block_bytes).value();
    Bytes plain;
    for (std::uint64_t block = 0; block < file->blocks(); ++block) {
      const Bytes part = file->read_block(block).value();
      plain.insert(plain.end(), part.begin(), part.end());
    }
    change(which, plain);
    auto writer = SealedWriter::create(context, kind, info.number, info.salt, block_bytes).value();
    if (!writer->append(plain) || !writer->finish()) __builtin_trap();
  };
  rewrite_blocks(0, FileKind::vectors, manifest.segments.at(0).file, vectors_block_bytes(kDimension));
  const Config config = atl::vector::testing::test_config(kDimension);
  rewrite_blocks(1, FileKind::graph, manifest.graph, chunk_bytes(make_shape(kDimension, config.links)));
  change(2, manifest_plain);
  machine.files.set_content(manifest_path, seal_whole(context, FileKind::manifest, 0, Salt{}, manifest_plain));

  auto index = atl::vector::testing::open_index(machine, atl::vector::testing::test_config(kDimension));
  if (!index) return 0;
  platform::SeededRandom random(2);
  for (const bool filtered : {false, true}) {
    const std::vector<float> question = atl::vector::testing::random_vector(random, kDimension);
    const std::array<DocumentId, 3> only{3, 7, 200};
    SearchRequest request;
    request.vector = question;
    if (filtered) request.only = only;
    ignore_error_on_purpose((*index)->search(request));
  }
  ignore_error_on_purpose((*index)->vectors_of(9));
  ignore_error_on_purpose((*index)->verify());
  ignore_error_on_purpose((*index)->remove(30));
  ignore_error_on_purpose((*index)->build_all());
  return 0;
}
