// A host tree over a real one in which chosen files misbehave: disks that fail, files that change, grow, shrink or
// vanish while they are read, targets that are full. Nothing of it is written into the real source.
//
// Always true: a path without a fault behaves as the wrapped tree does; each fault counts how often it struck, so that
// a test can tell "survived" from "never happened". Paths are relative to the folder that was opened ("a/b.txt"; the
// opened folder itself is ""). Thread rules: as HostTree; faults may be set from any thread. Handles must not outlive
// the wrapped tree.
#pragma once

#include <memory>
#include <string>

#include "foundation/platform/host_tree.h"

namespace atl::platform::testing {

enum class HostFault {
  // reading
  cannot_list,            // names() of a folder: EIO
  cannot_look,            // info(name): EIO
  cannot_open,            // open_file(), open_directory(): EACCES
  vanishes_before_open,   // listed and looked at, then gone: ENOENT
  becomes_a_fifo,         // listed as a file, no file when it is opened
  fails_while_read,       // read_at(): EIO
  fails_in_second_half,   // read_at() beyond half of the size: EIO
  grows_while_read,       // after the first read one byte 'g' longer each time it is looked at or read
  shrinks_while_read,     // after the first read half as long
  changes_while_read,     // after the first read every byte is another one, and the times have moved
  attributes_unreadable,  // attributes(): EIO
  cannot_remove,          // remove(): EACCES
  // writing
  cannot_create,           // EACCES
  no_space_while_written,  // write_at(): ENOSPC
  fails_while_written,     // write_at(): EIO
  fails_to_sync,           // sync(): EIO
};

class FaultyHostTree final : public HostTree {
 public:
  static constexpr unsigned kAlways = ~0U;

  explicit FaultyHostTree(HostTree& inner);
  ~FaultyHostTree() override;

  // Strikes the next `times` times (for what happens while reading: the next `times` openings), then never again.
  void set_fault(const std::string& path, HostFault fault, unsigned times = kAlways);
  void clear_faults();
  [[nodiscard]] unsigned strikes(const std::string& path) const;  // how often a fault of this path struck

  Result<NodeInfo> info(const std::string& path) override;
  Result<std::unique_ptr<SourceDirectory>> open_source(const std::string& path) override;
  Result<std::unique_ptr<TargetDirectory>> open_target(const std::string& path) override;
  Result<std::uint64_t> available_bytes(const std::string& path) override;

  class Faults;

 private:
  HostTree* inner_;
  std::shared_ptr<Faults> faults_;  // shared with the open handles
};

}  // namespace atl::platform::testing
