// The in-memory twin of the machine's files: crashes, faults, full disks and damage, all driven by seeds. Crash tests
// of every module above stand on it.
//
// Always true:
//  - It keeps the promises of FileSystem and not one more: a power cut may lose everything that was not synced, in any
//    order, in part, sector by sector; also names, each on its own.
//  - The same calls with the same seeds give the same bytes. (With several threads: as far as their order is the same.)
//  - The working directory is "/", there are no links, ".." is resolved in the text, and only "/" exists at first.
//
// The model. A file is what programs see now (volatile) and what the disk holds for certain (durable) plus the ordered
// list of writes and set_sizes since. sync() of the file empties that list; it does not make the file's name durable.
// A folder is the same with names: create, rename and remove are durable after sync_directory() of the folder they
// changed. A rename's old name goes only where its new name holds, so a rename alone never loses the file it moved.
//
// A crash test, the simple form (run the work once per point, stop there, look at what a reboot finds):
//
//   const auto total = [&] { TestMachine machine; work(machine); return machine.files.points(); }();
//   for (std::uint64_t point = 0; point < total; ++point) {
//     for (std::uint64_t seed = 0; seed < 8; ++seed) {
//       SCOPED_TRACE(...point, seed...);
//       TestMachine machine;
//       machine.files.stop_at(point, StopWhen::torn);
//       const auto acknowledged = work(machine);              // sees errors "test.stopped" from there on
//       TestMachine rebooted(machine.files.after_crash(seed, CrashPolicy::random));
//       expect_holds(rebooted, acknowledged);
//     }
//   }
//
// The fast form runs the work once: before_each_point() is called ahead of every point, and takes after_crash() there.
// A process that dies while the machine stays up (SIGKILL) is clone(): everything written is seen, locks are gone.
//
// Thread rules: any thread may call anything at any time; one mutex serialises it all. Cost: clone() and after_crash()
// are O(files and names + unsynced changes); content is shared, copied on write in blocks of 32 KiB, and zeros cost no
// memory however many are written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/platform/file_system.h"

namespace atl::platform {

enum class Operation : std::uint8_t {
  open,
  read,
  write,
  set_size,
  sync,
  size,
  create_directory,
  rename,
  remove_file,
  remove_directory,
  sync_directory,
  list,
  stat,
  space,
  lock,
};

enum class StopWhen : std::uint8_t {
  before,  // the operation does nothing
  after,   // it is done, but nobody hears of it
  torn     // a write: about half of its sectors are done; anything else: nothing is done
};

enum class CrashPolicy : std::uint8_t {
  keep_all,            // as if everything had just reached the disk
  drop_all,            // exactly what was synced
  random,              // each unsynced change kept, dropped or (writes) torn into 512-byte sectors
  random_with_garbage  // the same, and some sectors of unsynced writes hold neither old nor new bytes
};

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;
  MemoryFileSystem(MemoryFileSystem&&) = delete;
  MemoryFileSystem& operator=(MemoryFileSystem&&) = delete;
  ~MemoryFileSystem() override;

  // ---- the seam; errors have the ids and kinds of PosixFileSystem. Files and locks may outlive this object.
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<bool> create_directory(const std::string& path) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<bool> remove_file(const std::string& path) override;
  [[nodiscard]] Result<bool> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<std::optional<FileInfo>> stat(const std::string& path) override;
  [[nodiscard]] Result<SpaceInfo> space(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(const std::string& path, LockMode mode) override;

  // ---- points: every operation that changes what is on the disk or what is certain to be there, numbered from 0.
  // An operation that would change nothing (a folder that exists, removing what is missing, an empty write) or that is
  // refused for another reason is none. A sync always is one. Opening is one where it creates.
  [[nodiscard]] std::uint64_t points() const;  // passed so far
  // When point number `point` is reached the process "dies": it and every operation after it, reads too, fail with
  // kind io, id "test.stopped". A point already passed stops the next one.
  void stop_at(std::uint64_t point, StopWhen when);
  [[nodiscard]] bool stopped() const;
  // Called before each point with its number, with other threads held off: it may call clone(), after_crash(),
  // content() and so on, not the seam of this object. nullptr ends it.
  void before_each_point(std::function<void(std::uint64_t point)> hook);

  // ---- reboots
  // What a reboot finds: a new, clean file system without locks, faults and stop point, with points() 0 and the
  // same capacity. This one is unchanged, so one state can be crashed with many seeds.
  [[nodiscard]] std::unique_ptr<MemoryFileSystem> after_crash(std::uint64_t seed, CrashPolicy policy) const;
  // The same disk for another process, or for a second try: unsynced changes stay unsynced. No locks, faults, stop
  // point; points() is 0; same capacity and read-only state.
  [[nodiscard]] std::unique_ptr<MemoryFileSystem> clone() const;

  // ---- faults. Patterns: '*' matches any bytes ('/' too), '?' one byte. Paths are matched as "/a/b", however they
  // were given; those of an open file as when it was opened; a rename matches by either name.
  // After `skip` matching operations the next `count` fail with `error`. What failing leaves behind:
  //   write: about half of its sectors written;  sync: as Linux after a failed writeback, everything unsynced of that
  //   file looks written but may be lost in a crash and no later sync of it helps; the File is poisoned;
  //   everything else: nothing changed.
  void fail_next(Operation operation, std::string pattern, Error error, std::uint64_t count = 1,
                 std::uint64_t skip = 0);
  void fail_next(Operation operation, std::string pattern, ErrorKind kind = ErrorKind::io, std::uint64_t count = 1,
                 std::uint64_t skip = 0);
  // The next `count` matching reads return at most half of what was asked for, as if the file had been cut.
  void shorten_next_read(std::string pattern, std::uint64_t count = 1);
  // Matching syncs of files and folders answer "done" and do nothing, until clear_faults(): a lying disk, or a bug of
  // ours that a crash test has to notice.
  void leave_out_sync(std::string pattern);
  void leave_out_sync(std::function<bool(const std::string& path)> matches);
  void clear_faults();  // all of the above, not capacity, read-only or stop point
  // Growing beyond it fails with no_space, after writing what fits. A written 4 KiB page counts whole, a hole nothing,
  // a name its length + 64 bytes. Removing and overwriting always work.
  void set_capacity_bytes(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t used_bytes() const;
  void set_read_only(bool read_only);

  // ---- looking at and damaging the disk from outside: no points, no faults, works when stopped. What is damaged is so
  // for programs at once and after a crash. Paths must exist (an invariant stops the test otherwise).
  [[nodiscard]] bool exists(const std::string& path) const;
  [[nodiscard]] Bytes content(const std::string& path) const;
  void set_content(const std::string& path, ByteView bytes);  // makes the file and its folders; all durable
  void overwrite(const std::string& path, std::uint64_t offset, ByteView bytes);
  void flip_bits(const std::string& path, std::uint64_t offset, std::uint8_t mask = 0x01);  // one byte, xor mask
  void zero(const std::string& path, std::uint64_t offset, std::uint64_t length);           // within the size
  void cut(const std::string& path, std::uint64_t size);                                    // or grow
  void erase(const std::string& path);                                                      // a file's name
  // All files, sorted, as "/a/b".
  [[nodiscard]] std::vector<std::string> all_paths() const;
  [[nodiscard]] std::vector<std::string> all_paths(std::string_view pattern) const;
  // Writes and set_sizes of this file that are not durable yet.
  [[nodiscard]] std::size_t unsynced_changes(const std::string& path) const;

  // What modified_unix_us is taken from; without one (nullptr; so in every new object) a constant plus the number of
  // points. Called under the mutex: it must not call back.
  void set_time_source(std::function<std::int64_t()> now_unix_us);

  struct State;  // private to the .cc; shared with open files and locks

 private:
  explicit MemoryFileSystem(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// '*' any bytes, '?' one byte.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace atl::platform
