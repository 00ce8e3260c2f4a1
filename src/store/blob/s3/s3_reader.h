// Reads pieces of objects, larger ones than are asked for where somebody reads front to back: a request takes its time
// however little it brings.
// Always true: what is answered came from the server since the key was last forgotten. At most kBlocksMax blocks of
// kBlockBytes are held.
// Thread rules: any thread; one that waits for the server holds up nobody.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "store/blob/s3/s3_client.h"

namespace atl::blob {

class S3Reader {
 public:
  static constexpr std::size_t kBlockBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kFirstBytes = 64 * 1024;  // of what is perhaps read in one place only
  static constexpr std::size_t kBlocksMax = 8;

  explicit S3Reader(std::shared_ptr<S3Client> client) : client_(std::move(client)) {}
  // As S3Client::get.
  [[nodiscard]] Result<std::optional<std::size_t>> get(const std::string& key, std::uint64_t offset, ByteSpan out);
  void forget(const std::string& key);

 private:
  struct Block {
    std::string key;
    std::uint64_t offset = 0;
    Bytes bytes;
    bool is_end = false;  // the object ends with it
  };
  // The bytes of a block that holds where `offset` is.
  [[nodiscard]] std::optional<std::size_t> get_from_block(const std::string& key, std::uint64_t offset, ByteSpan out);

  std::shared_ptr<S3Client> client_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0;              // guarded by mutex_
  std::list<std::shared_ptr<Block>> blocks_;  // guarded by mutex_; the one used last in front; at most one of a key
};

}  // namespace atl::blob
