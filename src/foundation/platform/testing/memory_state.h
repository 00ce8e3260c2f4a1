// What MemoryFileSystem is made of; included by its own sources only. See memory_file_system.h for the model.
//
// Always true, for each file: content == durable with all of changes applied in order;
// for each folder: names == durable_names with all of name_changes applied in order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "foundation/platform/testing/memory_content.h"
#include "foundation/platform/testing/memory_file_system.h"

namespace atl::platform {

enum class Fate : std::uint8_t {
  open,       // the next sync makes it durable, a crash before it decides by lot
  abandoned,  // a sync failed over it: no sync helps any more, a crash decides by lot
  certain     // synced, but behind an abandoned change in the list, so it cannot be merged into `durable` yet
};

struct Change {
  enum class Kind : std::uint8_t { write, set_size };
  Kind kind = Kind::write;
  Fate fate = Fate::open;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;           // of a write; the new size of a set_size
  std::shared_ptr<const Bytes> data;  // none: `length` zeros
  void apply_to(Content& content) const;
};

struct Node;
using NodePointer = std::shared_ptr<Node>;
using Names = std::map<std::string, NodePointer>;

struct NameChange {
  enum class Kind : std::uint8_t { add, remove };
  std::uint64_t serial = 0;  // unique and rising over all folders
  Kind kind = Kind::add;
  Fate fate = Fate::open;
  std::string name;
  NodePointer node;
  // Serials of earlier changes, also in other folders, without which this one never becomes durable, so that a file
  // that nobody removed is never lost:
  //   the removal of a rename's old name needs the addition of the new one and the folders that lead there;
  //   an addition needs the renames that made its place free before, and of a folder its addition before that;
  //   the removal of a folder needs the renames that emptied it, and its addition.
  // A serial that is in no folder's list any more is durable.
  std::vector<std::uint64_t> needs;
  bool is_rename = false;
};

struct Node {
  std::uint64_t serial = 0;
  FileKind kind = FileKind::file;
  std::int64_t modified_unix_us = 0;
  // Of a file.
  Content content;
  Content durable;
  std::vector<Change> changes;
  std::uint64_t shared_locks = 0;
  bool exclusively_locked = false;
  // Of a folder.
  Names names;
  Names durable_names;
  std::vector<NameChange> name_changes;
  std::weak_ptr<Node> parent;
};

struct Fault {
  Operation operation = Operation::open;
  std::string pattern;
  Error error;
  std::uint64_t count = 0;
  std::uint64_t skip = 0;
};

struct MemoryFileSystem::State {
  static constexpr std::uint64_t kNameBytes = 64;
  static constexpr std::uint64_t kTotalBytes = std::uint64_t{1} << 40;  // what space() shows without a capacity
  static constexpr std::int64_t kStartUnixUs = 1'767'225'600'000'000;

  State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State();

  // Recursive, because the hook of before_each_point() is called under it and looks at this object.
  std::recursive_mutex mutex;  // guards all below
  NodePointer root;
  std::uint64_t next_serial = 1;
  std::uint64_t points = 0;
  std::optional<std::uint64_t> stop_point;
  StopWhen stop_when = StopWhen::before;
  bool is_stopped = false;
  std::function<void(std::uint64_t)> hook;
  std::vector<Fault> faults;
  std::vector<Fault> short_reads;
  std::vector<std::function<bool(const std::string&)>> left_out_syncs;
  std::optional<std::uint64_t> capacity_bytes;
  bool read_only = false;
  std::function<std::int64_t()> time_source;

  [[nodiscard]] NodePointer new_node(FileKind kind);
  [[nodiscard]] std::int64_t now_unix_us() const;
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] std::uint64_t free_bytes() const;
  [[nodiscard]] std::vector<NodePointer> all_nodes() const;  // also those that only a crash would bring back

  void create_name(const NodePointer& folder, const std::string& name, const NodePointer& node);
  void remove_name(const NodePointer& folder, const std::string& name);
  void rename(const NodePointer& from_folder, const std::string& from, const NodePointer& to_folder,
              const std::string& to);
  // Files that are durable under some name and seen by programs under some name: no crash may lose them.
  [[nodiscard]] std::unordered_set<const Node*> certain_files() const;
  static void sync_file(Node& file);
  void sync_names(Node& folder);

 private:
  NameChange& add_change(const NodePointer& folder, NameChange::Kind kind, const std::string& name,
                         const NodePointer& node);
  void make_certain(std::vector<std::uint64_t> serials);
};

[[nodiscard]] tl::unexpected<Error> stopped_error();

}  // namespace atl::platform
