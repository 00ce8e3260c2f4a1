#include "foundation/platform/testing/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "foundation/platform/internal/file_error.h"
#include "foundation/platform/testing/memory_state.h"

namespace atl::platform {
namespace {

using State = MemoryFileSystem::State;
using StatePointer = std::shared_ptr<State>;

constexpr std::uint64_t kOffsetMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr std::uint64_t kSectorBytes = 512;

// A path taken apart; text is "/a/b", the form that patterns and errors see.
struct Path {
  std::vector<std::string> names;
  std::string text = "/";
};

Result<Path> parse_path(const std::string& given, std::string_view action) {
  if (given.find('\0') != std::string::npos) return file_name_has_nul();
  if (given.size() > 4095) return file_error(ENAMETOOLONG, action, given);
  Path path;
  for (std::size_t at = 0; at < given.size();) {
    const auto end = std::min(given.find('/', at), given.size());
    auto name = given.substr(at, end - at);
    at = end + 1;
    if (name.empty() || name == ".") continue;
    if (name.size() > 255) return file_error(ENAMETOOLONG, action, given);
    if (name != "..") {
      path.names.push_back(std::move(name));
    } else if (!path.names.empty()) {
      path.names.pop_back();
    }
  }
  if (path.names.empty()) return path;
  path.text.clear();
  for (const auto& name : path.names) path.text += '/' + name;
  return path;
}

// What a path leads to. error is an errno when a folder on the way is missing (ENOENT) or is no folder (ENOTDIR).
struct Found {
  NodePointer folder;  // that holds the last name; none for "/"
  NodePointer node;    // none where the last name is missing
  int os_error = 0;
};

Found find(const State& state, const Path& path) {
  Found found;
  found.node = state.root;
  for (std::size_t i = 0; i < path.names.size(); ++i) {
    if (!found.node) {
      found.os_error = ENOENT;
      return found;
    }
    if (found.node->kind != FileKind::directory) {
      found.node.reset();
      found.os_error = ENOTDIR;
      return found;
    }
    found.folder = found.node;
    const auto at = found.folder->names.find(path.names[i]);
    found.node = at == found.folder->names.end() ? nullptr : at->second;
  }
  return found;
}

NodePointer existing_file(const State& state, const std::string& given) {
  const auto path = parse_path(given, "look at");
  const auto node = path ? find(state, *path).node : nullptr;
  ATOLL_INVARIANT(node && node->kind == FileKind::file, "the test names a file that is not there: " + given);
  return node;
}

enum class Step : std::uint8_t { go, stop_before, stop_after, stop_torn };

Result<void> refuse_stopped(const State& state) {
  if (state.is_stopped) return stopped_error();
  return {};
}

Step begin_point(State& state) {
  if (state.hook) {
    const auto hook = state.hook;  // it may replace itself
    hook(state.points);
  }
  if (!state.stop_point || state.points < *state.stop_point) {
    ++state.points;
    return Step::go;
  }
  state.is_stopped = true;
  switch (state.stop_when) {
    case StopWhen::after: ++state.points; return Step::stop_after;
    case StopWhen::torn: return Step::stop_torn;
    case StopWhen::before: break;
  }
  return Step::stop_before;
}

// For operations that cannot be torn: do it or not, and answer or not.
template <class Value, class Do>
Result<Value> at_point(State& state, Value answer, Do act) {
  const Step step = begin_point(state);
  if (step == Step::go || step == Step::stop_after) act();
  if (step != Step::go) return stopped_error();
  return answer;
}
template <class Do>
Result<void> at_point(State& state, Do act) {
  const Step step = begin_point(state);
  if (step == Step::go || step == Step::stop_after) act();
  if (step != Step::go) return stopped_error();
  return {};
}

std::optional<Error> take_fault(std::vector<Fault>& faults, Operation operation, const std::string& path,
                                const std::string& other_path = {}) {
  for (auto& fault : faults) {
    if (fault.operation != operation || fault.count == 0) continue;
    if (!matches_pattern(path, fault.pattern) && (other_path.empty() || !matches_pattern(other_path, fault.pattern))) {
      continue;
    }
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.count;
    return fault.error;
  }
  return std::nullopt;
}

Result<void> refuse(State& state, Operation operation, const std::string& path, const std::string& other_path = {}) {
  ATOLL_TRY(refuse_stopped(state));
  if (auto error = take_fault(state.faults, operation, path, other_path)) return pass(std::move(*error));
  return {};
}

bool is_left_out(const State& state, const std::string& path) {
  return std::any_of(state.left_out_syncs.begin(), state.left_out_syncs.end(),
                     [&](const auto& matches) { return matches(path); });
}

Result<void> need_room_for_name(const State& state, const std::string& name, std::string_view action,
                                const std::string& path) {
  if (state.free_bytes() < name.size() + State::kNameBytes) return file_error(ENOSPC, action, path);
  return {};
}

// About half of a write: a whole number of sectors from its start, never all of it.
std::uint64_t half_of_write(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t middle = (offset + length / 2) / kSectorBytes * kSectorBytes;
  return middle > offset ? middle - offset : 0;
}

class MemoryFile final : public File {
 public:
  MemoryFile(StatePointer state, NodePointer node, std::string path, bool writable)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)), writable_(writable) {}

  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const override {
    const std::lock_guard guard(state_->mutex);
    ATOLL_TRY(refuse(*state_, Operation::read, path_));
    if (take_fault(state_->short_reads, Operation::read, path_)) out = out.first(out.size() / 2);
    return node_->content.read(offset, out);
  }

  Result<void> write_at(std::uint64_t offset, ByteView data) override {
    const std::lock_guard guard(state_->mutex);
    ATOLL_TRY(refuse_stopped(*state_));
    ATOLL_TRY(refuse_changes("write"));
    if (data.empty()) return {};
    if (offset > kOffsetMax || data.size() > kOffsetMax - offset) return file_error(EFBIG, "write", path_);
    const auto fault = take_fault(state_->faults, Operation::write, path_);
    const Step step = begin_point(*state_);
    if (step == Step::stop_before) return stopped_error();
    std::uint64_t done = data.size();
    if (fault || step == Step::stop_torn) done = half_of_write(offset, data.size());
    const auto fits = state_->capacity_bytes
                          ? node_->content.fitting(offset, done, state_->free_bytes() / Content::kPageBytes)
                          : done;
    write_part(offset, data.first(static_cast<std::size_t>(std::min(done, fits))));
    if (step != Step::go) return stopped_error();
    if (fault) return pass(*fault);
    if (fits < done) return file_error(ENOSPC, "write", path_);
    return {};
  }

  Result<void> sync() override {
    const std::lock_guard guard(state_->mutex);
    ATOLL_TRY(refuse_stopped(*state_));
    if (poisoned_) return file_poisoned(path_);
    auto fault = take_fault(state_->faults, Operation::sync, path_);
    if (!fault && state_->read_only && !node_->changes.empty()) fault = file_error(EROFS, "sync", path_).value();
    const Step step = begin_point(*state_);
    if (step == Step::stop_before || step == Step::stop_torn) return stopped_error();
    if (fault) {
      for (auto& change : node_->changes) {
        if (change.fate == Fate::open) change.fate = Fate::abandoned;
      }
      poisoned_ = true;
    } else if (!is_left_out(*state_, path_)) {
      State::sync_file(*node_);
    }
    if (step != Step::go) return stopped_error();
    if (fault) return pass(*fault);
    return {};
  }

  Result<std::uint64_t> size() const override {
    const std::lock_guard guard(state_->mutex);
    ATOLL_TRY(refuse(*state_, Operation::size, path_));
    return node_->content.size();
  }

  Result<void> set_size(std::uint64_t size) override {
    const std::lock_guard guard(state_->mutex);
    ATOLL_TRY(refuse_stopped(*state_));
    ATOLL_TRY(refuse_changes("set the size of"));
    if (size > kOffsetMax) return file_error(EFBIG, "set the size of", path_);
    ATOLL_TRY(refuse(*state_, Operation::set_size, path_));
    if (size == node_->content.size()) return {};
    return at_point(*state_, [&] {
      Change change;
      change.kind = Change::Kind::set_size;
      change.length = size;
      keep(std::move(change));
    });
  }

 private:
  Result<void> refuse_changes(std::string_view action) const {
    if (poisoned_) return file_poisoned(path_);
    if (!writable_) return file_error(EBADF, action, path_);
    if (state_->read_only) return file_error(EROFS, action, path_);
    return {};
  }

  void write_part(std::uint64_t offset, ByteView data) {
    if (data.empty()) return;
    Change change;
    change.offset = offset;
    change.length = data.size();
    if (!is_all_zero(data)) change.data = std::make_shared<const Bytes>(data.begin(), data.end());
    keep(std::move(change));
  }

  void keep(Change change) {
    change.apply_to(node_->content);
    node_->changes.push_back(std::move(change));
    node_->modified_unix_us = state_->now_unix_us();
  }

  StatePointer state_;
  NodePointer node_;
  std::string path_;
  bool writable_;
  bool poisoned_ = false;  // guarded by the state's mutex
};

class MemoryFileLock final : public FileLock {
 public:
  MemoryFileLock(StatePointer state, NodePointer node, LockMode mode)
      : state_(std::move(state)), node_(std::move(node)), mode_(mode) {}
  MemoryFileLock(const MemoryFileLock&) = delete;
  MemoryFileLock& operator=(const MemoryFileLock&) = delete;
  MemoryFileLock(MemoryFileLock&&) = delete;
  MemoryFileLock& operator=(MemoryFileLock&&) = delete;
  ~MemoryFileLock() override {
    const std::lock_guard guard(state_->mutex);
    if (mode_ == LockMode::exclusive) {
      node_->exclusively_locked = false;
    } else {
      --node_->shared_locks;
    }
  }

 private:
  StatePointer state_;
  NodePointer node_;
  LockMode mode_;
};

}  // namespace

// ---- the seam

MemoryFileSystem::MemoryFileSystem() : state_(std::make_shared<State>()) {}
MemoryFileSystem::MemoryFileSystem(std::shared_ptr<State> state) : state_(std::move(state)) {}
MemoryFileSystem::~MemoryFileSystem() = default;

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& given, OpenMode mode) {
  const std::lock_guard guard(state_->mutex);
  const std::string_view action = mode == OpenMode::create_new ? "create" : "open";
  ATOLL_ASSIGN(const auto path, parse_path(given, action));
  ATOLL_TRY(refuse(*state_, Operation::open, path.text));
  auto [folder, node, os_error] = find(*state_, path);
  if (os_error != 0) return file_error(os_error, action, path.text);
  const bool writable = mode != OpenMode::read;
  if (node && mode == OpenMode::create_new) return file_error(EEXIST, action, path.text);
  if (node && node->kind == FileKind::directory) return file_error(EISDIR, action, path.text);
  if (!node && mode != OpenMode::create_new && mode != OpenMode::create_or_open) {
    return file_error(ENOENT, action, path.text);
  }
  if (writable && state_->read_only) return file_error(EROFS, action, path.text);
  if (!node) {
    ATOLL_TRY(need_room_for_name(*state_, path.names.back(), action, path.text));
    node = state_->new_node(FileKind::file);
    ATOLL_TRY(at_point(*state_, [&, &in = folder, &made = node] { state_->create_name(in, path.names.back(), made); }));
  }
  return std::make_unique<MemoryFile>(state_, node, path.text, writable);
}

Result<bool> MemoryFileSystem::create_directory(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  const std::string_view action = "create the folder";
  ATOLL_ASSIGN(const auto path, parse_path(given, action));
  ATOLL_TRY(refuse(*state_, Operation::create_directory, path.text));
  const auto found = find(*state_, path);
  if (found.os_error != 0) return file_error(found.os_error, action, path.text);
  if (found.node && found.node->kind != FileKind::directory) return file_error(EEXIST, action, path.text);
  if (found.node) return false;
  if (state_->read_only) return file_error(EROFS, action, path.text);
  ATOLL_TRY(need_room_for_name(*state_, path.names.back(), action, path.text));
  const auto made = state_->new_node(FileKind::directory);
  return at_point(*state_, true, [&] { state_->create_name(found.folder, path.names.back(), made); });
}

Result<void> MemoryFileSystem::rename(const std::string& given_from, const std::string& given_to) {
  const std::lock_guard guard(state_->mutex);
  const std::string action = "rename '" + given_from + "' to";
  ATOLL_ASSIGN(const auto from_path, parse_path(given_from, action));
  ATOLL_ASSIGN(const auto to_path, parse_path(given_to, action));
  ATOLL_TRY(refuse(*state_, Operation::rename, from_path.text, to_path.text));
  const auto from = find(*state_, from_path);
  const auto to = find(*state_, to_path);
  if (from.os_error != 0) return file_error(from.os_error, action, to_path.text);
  if (to.os_error != 0) return file_error(to.os_error, action, to_path.text);
  if (!from.node) return file_error(ENOENT, action, to_path.text);
  if (!from.folder || !to.folder) return file_error(EBUSY, action, to_path.text);
  if (state_->read_only) return file_error(EROFS, action, to_path.text);
  if (from.node == to.node) return {};
  const bool is_folder = from.node->kind == FileKind::directory;
  if (from_path.text.starts_with(to_path.text + '/')) return file_error(ENOTEMPTY, action, to_path.text);
  if (is_folder && to_path.text.starts_with(from_path.text + '/')) return file_error(EINVAL, action, to_path.text);
  if (to.node) {
    if (!is_folder && to.node->kind == FileKind::directory) return file_error(EISDIR, action, to_path.text);
    if (is_folder && to.node->kind != FileKind::directory) return file_error(ENOTDIR, action, to_path.text);
    if (is_folder && !to.node->names.empty()) return file_error(ENOTEMPTY, action, to_path.text);
  }
  const std::string& name = to_path.names.back();
  if (!to.node && name.size() > from_path.names.back().size()) {
    const auto more = name.size() - from_path.names.back().size();
    if (state_->free_bytes() < more) return file_error(ENOSPC, action, to_path.text);
  }
  return at_point(*state_, [&] { state_->rename(from.folder, from_path.names.back(), to.folder, name); });
}

Result<bool> MemoryFileSystem::remove_file(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  ATOLL_ASSIGN(const auto path, parse_path(given, "remove"));
  ATOLL_TRY(refuse(*state_, Operation::remove_file, path.text));
  const auto found = find(*state_, path);
  if (!found.node) return false;
  if (found.node->kind == FileKind::directory) return file_error(EISDIR, "remove", path.text);
  if (state_->read_only) return file_error(EROFS, "remove", path.text);
  return at_point(*state_, true, [&] { state_->remove_name(found.folder, path.names.back()); });
}

Result<bool> MemoryFileSystem::remove_directory(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  const std::string_view action = "remove the folder";
  ATOLL_ASSIGN(const auto path, parse_path(given, action));
  ATOLL_TRY(refuse(*state_, Operation::remove_directory, path.text));
  const auto found = find(*state_, path);
  if (found.os_error == ENOTDIR) return file_error(ENOTDIR, action, path.text);
  if (!found.node) return false;
  if (found.node->kind != FileKind::directory) return file_error(ENOTDIR, action, path.text);
  if (!found.folder) return file_error(EBUSY, action, path.text);
  if (!found.node->names.empty()) return file_error(ENOTEMPTY, action, path.text);
  if (state_->read_only) return file_error(EROFS, action, path.text);
  return at_point(*state_, true, [&] { state_->remove_name(found.folder, path.names.back()); });
}

Result<void> MemoryFileSystem::sync_directory(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  const std::string_view action = "sync the folder";
  ATOLL_ASSIGN(const auto path, parse_path(given, action));
  ATOLL_TRY(refuse(*state_, Operation::sync_directory, path.text));
  const auto found = find(*state_, path);
  if (found.os_error != 0) return file_error(found.os_error, action, path.text);
  if (!found.node) return file_error(ENOENT, action, path.text);
  if (found.node->kind != FileKind::directory) return file_error(ENOTDIR, action, path.text);
  if (state_->read_only && !found.node->name_changes.empty()) return file_error(EROFS, action, path.text);
  const bool left_out = is_left_out(*state_, path.text);
  return at_point(*state_, [&] {
    if (!left_out) state_->sync_names(*found.node);
  });
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::list(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  ATOLL_ASSIGN(const auto path, parse_path(given, "list"));
  ATOLL_TRY(refuse(*state_, Operation::list, path.text));
  const auto found = find(*state_, path);
  if (found.os_error != 0) return file_error(found.os_error, "list", path.text);
  if (!found.node) return file_error(ENOENT, "list", path.text);
  if (found.node->kind != FileKind::directory) return file_error(ENOTDIR, "list", path.text);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : found.node->names) entries.push_back({name, node->kind});
  return entries;
}

Result<std::optional<FileInfo>> MemoryFileSystem::stat(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  ATOLL_ASSIGN(const auto path, parse_path(given, "look at"));
  ATOLL_TRY(refuse(*state_, Operation::stat, path.text));
  const auto node = find(*state_, path).node;
  if (!node) return std::optional<FileInfo>{};
  FileInfo info;
  info.kind = node->kind;
  info.size = node->content.size();
  info.allocated_bytes = node->content.allocated_bytes();
  info.modified_unix_us = node->modified_unix_us;
  return info;
}

Result<SpaceInfo> MemoryFileSystem::space(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  const std::string_view action = "read the free space of";
  ATOLL_ASSIGN(const auto path, parse_path(given, action));
  ATOLL_TRY(refuse(*state_, Operation::space, path.text));
  const auto found = find(*state_, path);
  if (found.os_error != 0) return file_error(found.os_error, action, path.text);
  if (!found.node) return file_error(ENOENT, action, path.text);
  const auto total = state_->capacity_bytes.value_or(State::kTotalBytes);
  const auto used = state_->used_bytes();
  return SpaceInfo{total, total > used ? total - used : 0};
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const std::string& given, LockMode mode) {
  const std::lock_guard guard(state_->mutex);
  ATOLL_ASSIGN(const auto path, parse_path(given, "lock"));
  ATOLL_TRY(refuse(*state_, Operation::lock, path.text));
  auto [folder, node, os_error] = find(*state_, path);
  if (os_error != 0) return file_error(os_error, "lock", path.text);
  if (node && node->kind == FileKind::directory) return file_error(EISDIR, "lock", path.text);
  // As the real one: a shared lock on a file that exists needs no right to write.
  if (state_->read_only && (!node || mode == LockMode::exclusive)) return file_error(EROFS, "lock", path.text);
  if (!node) {
    ATOLL_TRY(need_room_for_name(*state_, path.names.back(), "lock", path.text));
    node = state_->new_node(FileKind::file);
    ATOLL_TRY(at_point(*state_, [&, &in = folder, &made = node] { state_->create_name(in, path.names.back(), made); }));
  }
  if (node->exclusively_locked || (mode == LockMode::exclusive && node->shared_locks > 0)) {
    return file_locked(path.text);
  }
  if (mode == LockMode::exclusive) {
    node->exclusively_locked = true;
  } else {
    ++node->shared_locks;
  }
  return std::make_unique<MemoryFileLock>(state_, node, mode);
}

// ---- points and faults

std::uint64_t MemoryFileSystem::points() const {
  const std::lock_guard guard(state_->mutex);
  return state_->points;
}

void MemoryFileSystem::stop_at(std::uint64_t point, StopWhen when) {
  const std::lock_guard guard(state_->mutex);
  state_->stop_point = point;
  state_->stop_when = when;
}

bool MemoryFileSystem::stopped() const {
  const std::lock_guard guard(state_->mutex);
  return state_->is_stopped;
}

void MemoryFileSystem::before_each_point(std::function<void(std::uint64_t point)> hook) {
  const std::lock_guard guard(state_->mutex);
  state_->hook = std::move(hook);
}

void MemoryFileSystem::fail_next(Operation operation, std::string pattern, Error error, std::uint64_t count,
                                 std::uint64_t skip) {
  const std::lock_guard guard(state_->mutex);
  state_->faults.push_back({operation, std::move(pattern), std::move(error), count, skip});
}

void MemoryFileSystem::fail_next(Operation operation, std::string pattern, ErrorKind kind, std::uint64_t count,
                                 std::uint64_t skip) {
  Error error;
  switch (kind) {  // where the machine gives such an error itself, exactly that one
    case ErrorKind::io: error = file_error(EIO, "use", pattern).value(); break;
    case ErrorKind::no_space: error = file_error(ENOSPC, "use", pattern).value(); break;
    case ErrorKind::not_found: error = file_error(ENOENT, "use", pattern).value(); break;
    case ErrorKind::locked: error = file_locked(pattern).value(); break;
    default: error = fail(kind, "test.injected", "a fault of a test, for '" + pattern + "'").value(); break;
  }
  fail_next(operation, std::move(pattern), std::move(error), count, skip);
}

void MemoryFileSystem::shorten_next_read(std::string pattern, std::uint64_t count) {
  const std::lock_guard guard(state_->mutex);
  state_->short_reads.push_back({Operation::read, std::move(pattern), {}, count, 0});
}

void MemoryFileSystem::leave_out_sync(std::string pattern) {
  leave_out_sync([pattern = std::move(pattern)](const std::string& path) { return matches_pattern(path, pattern); });
}

void MemoryFileSystem::leave_out_sync(std::function<bool(const std::string& path)> matches) {
  const std::lock_guard guard(state_->mutex);
  state_->left_out_syncs.push_back(std::move(matches));
}

void MemoryFileSystem::clear_faults() {
  const std::lock_guard guard(state_->mutex);
  state_->faults.clear();
  state_->short_reads.clear();
  state_->left_out_syncs.clear();
}

void MemoryFileSystem::set_capacity_bytes(std::uint64_t bytes) {
  const std::lock_guard guard(state_->mutex);
  state_->capacity_bytes = bytes;
}

std::uint64_t MemoryFileSystem::used_bytes() const {
  const std::lock_guard guard(state_->mutex);
  return state_->used_bytes();
}

void MemoryFileSystem::set_read_only(bool read_only) {
  const std::lock_guard guard(state_->mutex);
  state_->read_only = read_only;
}

void MemoryFileSystem::set_time_source(std::function<std::int64_t()> now_unix_us) {
  const std::lock_guard guard(state_->mutex);
  state_->time_source = std::move(now_unix_us);
}

// ---- looking at the disk and damaging it

namespace {

void damage(Node& node, Change change) {
  change.apply_to(node.content);
  if (node.changes.empty()) {
    change.apply_to(node.durable);
    return;
  }
  change.fate = Fate::certain;
  node.changes.push_back(std::move(change));
}

}  // namespace

bool MemoryFileSystem::exists(const std::string& given) const {
  const std::lock_guard guard(state_->mutex);
  const auto path = parse_path(given, "look at");
  return path && find(*state_, *path).node;
}

Bytes MemoryFileSystem::content(const std::string& path) const {
  const std::lock_guard guard(state_->mutex);
  const auto node = existing_file(*state_, path);
  Bytes bytes(static_cast<std::size_t>(node->content.size()));
  static_cast<void>(node->content.read(0, bytes));
  return bytes;
}

void MemoryFileSystem::set_content(const std::string& given, ByteView bytes) {
  const std::lock_guard guard(state_->mutex);
  const auto path = parse_path(given, "set the content of");
  ATOLL_INVARIANT(path && !path->names.empty(), "the test names an impossible file: " + given);
  NodePointer at = state_->root;
  for (std::size_t i = 0; i < path->names.size(); ++i) {
    ATOLL_INVARIANT(at->kind == FileKind::directory, "the test puts a file into a file: " + given);
    const std::string& name = path->names[i];
    NodePointer& inner = at->names[name];
    if (!inner) {
      inner = state_->new_node(i + 1 < path->names.size() ? FileKind::directory : FileKind::file);
      inner->parent = at;
    }
    std::erase_if(at->name_changes, [&](const NameChange& change) { return change.name == name; });
    at->durable_names[name] = inner;
    at = inner;
  }
  ATOLL_INVARIANT(at->kind == FileKind::file, "the test gives a folder a content: " + given);
  at->content = Content{};
  at->content.write(0, bytes);
  at->durable = at->content;
  at->changes.clear();
  at->modified_unix_us = state_->now_unix_us();
}

void MemoryFileSystem::overwrite(const std::string& path, std::uint64_t offset, ByteView bytes) {
  const std::lock_guard guard(state_->mutex);
  Change change;
  change.offset = offset;
  change.length = bytes.size();
  change.data = std::make_shared<const Bytes>(bytes.begin(), bytes.end());
  damage(*existing_file(*state_, path), std::move(change));
}

void MemoryFileSystem::flip_bits(const std::string& path, std::uint64_t offset, std::uint8_t mask) {
  const std::lock_guard guard(state_->mutex);
  const auto node = existing_file(*state_, path);
  std::uint8_t byte = 0;
  ATOLL_INVARIANT(node->content.read(offset, {&byte, 1}) == 1, "the test flips bits past the end of " + path);
  byte ^= mask;
  overwrite(path, offset, {&byte, 1});
}

void MemoryFileSystem::zero(const std::string& path, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard guard(state_->mutex);
  const auto node = existing_file(*state_, path);
  if (offset >= node->content.size()) return;
  Change change;
  change.offset = offset;
  change.length = std::min(length, node->content.size() - offset);
  damage(*node, std::move(change));
}

void MemoryFileSystem::cut(const std::string& path, std::uint64_t size) {
  const std::lock_guard guard(state_->mutex);
  Change change;
  change.kind = Change::Kind::set_size;
  change.length = size;
  damage(*existing_file(*state_, path), std::move(change));
}

void MemoryFileSystem::erase(const std::string& given) {
  const std::lock_guard guard(state_->mutex);
  static_cast<void>(existing_file(*state_, given));
  const auto path = parse_path(given, "erase");
  const auto folder = find(*state_, *path).folder;
  const std::string& name = path->names.back();
  folder->names.erase(name);
  folder->durable_names.erase(name);
  std::erase_if(folder->name_changes, [&](const NameChange& change) { return change.name == name; });
}

std::vector<std::string> MemoryFileSystem::all_paths() const { return all_paths("*"); }

std::vector<std::string> MemoryFileSystem::all_paths(std::string_view pattern) const {
  const std::lock_guard guard(state_->mutex);
  std::vector<std::string> paths;
  const std::function<void(const Node&, const std::string&)> walk = [&](const Node& folder, const std::string& prefix) {
    for (const auto& [name, node] : folder.names) {
      const std::string path = prefix + '/' + name;
      if (node->kind == FileKind::directory) {
        walk(*node, path);
      } else if (matches_pattern(path, pattern)) {
        paths.push_back(path);
      }
    }
  };
  walk(*state_->root, "");
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::size_t MemoryFileSystem::unsynced_changes(const std::string& path) const {
  const std::lock_guard guard(state_->mutex);
  const auto node = existing_file(*state_, path);
  return static_cast<std::size_t>(std::count_if(node->changes.begin(), node->changes.end(),
                                                [](const Change& change) { return change.fate != Fate::certain; }));
}

bool matches_pattern(std::string_view text, std::string_view pattern) {
  // Greedy with one point to come back to: the last '*' seen.
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_at = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_at = at;
    } else if (in_pattern < pattern.size() && (pattern[in_pattern] == '?' || pattern[in_pattern] == text[at])) {
      ++in_pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == pattern.size();
}

}  // namespace atl::platform
