// The system's table of file signatures (libmagic), for what our own does not know.
#pragma once

#include <memory>
#include <string>

#include "foundation/base/bytes.h"

namespace atl::extract {

class MagicTable {
 public:
  MagicTable();
  MagicTable(const MagicTable&) = delete;
  MagicTable& operator=(const MagicTable&) = delete;
  MagicTable(MagicTable&&) = delete;
  MagicTable& operator=(MagicTable&&) = delete;
  ~MagicTable();
  // Opens the system's file: before the process is locked in. Without it nothing is known.
  void open();
  // "image/x-pcx"; empty where it is not known either.
  [[nodiscard]] std::string media_type_of(ByteView head) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atl::extract
