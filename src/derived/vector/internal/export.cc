#include "derived/vector/internal/export.h"

#include "derived/vector/internal/graph_file.h"
#include "derived/vector/internal/rewrite.h"
#include "foundation/json/json.h"

namespace atl::vector::internal {
namespace {

constexpr std::size_t kWriteBytes = 1024 * 1024;

// A new file beside the old one, which it replaces once it is whole.
class Replacement {
 public:
  static Result<Replacement> begin(platform::FileSystem& files, const std::string& folder, const std::string& name) {
    const std::string path = platform::join(folder, name);
    ATOLL_TRY(files.remove_file(path + ".new"));
    ATOLL_ASSIGN(auto file, files.open(path + ".new", platform::OpenMode::create_new));
    return Replacement(files, path, std::move(file));
  }
  Result<void> append(ByteView bytes) {
    buffered_.insert(buffered_.end(), bytes.begin(), bytes.end());
    return buffered_.size() < kWriteBytes ? Result<void>{} : write();
  }
  Result<void> append(std::string_view text) { return append(as_bytes(text)); }
  Result<void> finish() {
    ATOLL_TRY(write());
    ATOLL_TRY(file_->sync());
    ATOLL_TRY(files_->rename(path_ + ".new", path_));
    return files_->sync_directory(platform::parent_of(path_));
  }

 private:
  Replacement(platform::FileSystem& files, std::string path, std::unique_ptr<platform::File> file)
      : files_(&files), path_(std::move(path)), file_(std::move(file)) {}
  Result<void> write() {
    ATOLL_TRY(file_->write_at(written_, buffered_));
    written_ += buffered_.size();
    buffered_.clear();
    return {};
  }
  platform::FileSystem* files_;
  std::string path_;
  std::unique_ptr<platform::File> file_;
  Bytes buffered_;
  std::uint64_t written_ = 0;
};

// NumPy's own format, version 1.0 (numpy.lib.format): the header ends at a multiple of 64 bytes.
std::string npy_header(std::uint64_t rows, std::uint64_t columns) {
  std::string head = "{'descr': '<f2', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                     std::to_string(columns) + "), }";
  head.append(63 - (10 + head.size()) % 64, ' ');
  head.push_back('\n');
  std::string file("\x93NUMPY\x01\x00", 8);
  file.push_back(static_cast<char>(head.size() & 0xFF));
  file.push_back(static_cast<char>(head.size() >> 8));
  return file + head;
}

}  // namespace

Result<void> export_view(platform::FileSystem& files, const std::string& folder, const View& view, const Config& config,
                         std::uint32_t search_width) {
  ATOLL_TRY(platform::create_directories(files, folder));
  const std::uint32_t count = view.count();
  const std::uint32_t in_graph = std::min(view.core->graph_count.load(), count);

  ATOLL_ASSIGN(Replacement vectors, Replacement::begin(files, folder, "vectors.npy"));
  ATOLL_TRY(vectors.append(npy_header(count, config.dimension)));
  std::uint32_t written = 0;
  ATOLL_TRY(each_row(view, [&](Node, std::span<const std::uint16_t> halves) -> Result<void> {
    if (written++ >= count) return {};
    return vectors.append({reinterpret_cast<const std::uint8_t*>(halves.data()), halves.size_bytes()});  // NOLINT
  }));
  ATOLL_TRY(vectors.finish());

  ATOLL_ASSIGN(Replacement mapping, Replacement::begin(files, folder, "id_mapping.json"));
  for (Node node = 0; node < count; ++node) {
    json::Value entry;
    if (!view.nodes->is_removed(node)) {
      entry = json::Value::object();
      entry.set("document", view.nodes->document(node)).set("part", view.nodes->part(node));
    }
    ATOLL_TRY(mapping.append((node == 0 ? "[\n" : ",\n") + entry.text()));
  }
  ATOLL_TRY(mapping.append(count == 0 ? "[]\n" : "\n]\n"));
  ATOLL_TRY(mapping.finish());

  ATOLL_ASSIGN(Replacement graph, Replacement::begin(files, folder, "index.bin"));
  if (in_graph > 0) {
    ATOLL_TRY(encode_graph(*view.nodes, view.core->graph.entry(), in_graph,
                           [&](ByteView bytes) { return graph.append(bytes); }));
  }
  ATOLL_TRY(graph.finish());

  json::Value shape = json::Value::object();
  shape.set("embedder", config.embedder)
      .set("dimension", config.dimension)
      .set("metric", "cosine")
      .set("M", config.links)
      .set("ef_construction", config.construction)
      .set("ef_search", search_width)
      .set("vectors", count)
      .set("vectors_dtype", "float16")
      .set("graph_vectors", in_graph)
      .set("code_scale", static_cast<double>(view.core->scale));
  return platform::replace_whole(files, platform::join(folder, "config.json"), as_bytes(shape.text() + "\n"));
}

}  // namespace atl::vector::internal
