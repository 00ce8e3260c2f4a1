#include "derived/extract/internal/magic_table.h"

#include <magic.h>

namespace atl::extract {

struct MagicTable::State {
  struct Close {
    using pointer = magic_t;
    void operator()(magic_t table) const { ::magic_close(table); }
  };
  std::unique_ptr<magic_t, Close> table;
};

MagicTable::MagicTable() : state_(std::make_unique<State>()) {}
MagicTable::~MagicTable() = default;

void MagicTable::open() {
  // No looking into archives, no processes: bytes alone.
  state_->table.reset(
      ::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_ELF));
  if (state_->table && ::magic_load(state_->table.get(), nullptr) != 0) state_->table.reset();
}

std::string MagicTable::media_type_of(ByteView head) const {
  if (!state_->table) return {};
  const char* const answer = ::magic_buffer(state_->table.get(), head.data(), head.size());
  if (answer == nullptr) return {};
  const std::string media_type(answer);
  const bool is_plain = media_type.size() < 100 && media_type.find('/') != std::string::npos &&
                        media_type.find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.+-_") == std::string::npos;
  // Its tests for Targa pictures take nearly anything for one.
  return is_plain && media_type != "image/x-tga" && media_type != "application/octet-stream" ? media_type
                                                                                             : std::string();
}

}  // namespace atl::extract
