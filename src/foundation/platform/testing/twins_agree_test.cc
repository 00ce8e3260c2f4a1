// Random calls on the real file system and on its twin: both must answer alike, error for error, and hold the same
// bytes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "foundation/platform/posix_file_system.h"
#include "foundation/platform/testing/memory_file_system.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

template <class T>
std::string told(const Result<T>& result) {
  if (!result) return std::string(name_of(result.error().kind)) + " " + result.error().id;
  if constexpr (std::is_void_v<T>) {
    return "done";
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(*result);
  } else {
    return "object";
  }
}

// One of the two, with the handles opened on it.
struct Side {
  FileSystem& files;
  std::string folder;
  std::map<int, std::unique_ptr<File>> open;
  std::map<int, std::unique_ptr<FileLock>> locks;

  std::string at(const std::string& path) const { return join(folder, path); }
};

// One random call; the same draws give the same call on each side.
std::string act(Side& side, SeededRandom& random) {
  const std::vector<std::string> paths{"a",   "b",     "d",     "d/a",  "d/b",    "d/e", "d/e/a", "f",
                                       "f/a", "d/e/b", "a/low", "no/a", "d/.//b", "e",   "\xff\n"};
  const auto path = [&] { return paths[random.below(paths.size())]; };
  const int handle = static_cast<int>(random.below(4));
  switch (random.below(15)) {
    case 0:
    case 1: {
      const auto mode = static_cast<OpenMode>(random.below(4));
      auto opened = side.files.open(side.at(path()), mode);
      const auto text = told(opened);
      if (opened) side.open[handle] = std::move(*opened);
      return "open " + text;
    }
    case 2: return "create_directory " + told(side.files.create_directory(side.at(path())));
    case 3: {
      const auto from = path();
      return "rename " + told(side.files.rename(side.at(from), side.at(path())));
    }
    case 4: return "remove_file " + told(side.files.remove_file(side.at(path())));
    case 5: return "remove_directory " + told(side.files.remove_directory(side.at(path())));
    case 6: return "sync_directory " + told(side.files.sync_directory(side.at(path())));
    case 7: {
      const auto listed = side.files.list(side.at(path()));
      std::string text = "list " + told(listed);
      if (listed) {
        for (const auto& entry : *listed) text += " " + entry.name + std::to_string(static_cast<int>(entry.kind));
      }
      return text;
    }
    case 8: {
      const auto info = side.files.stat(side.at(path()));
      if (!info) return "stat " + told(info);
      if (!*info) return "stat none";
      return "stat " + std::to_string(static_cast<int>((*info)->kind)) + " " + std::to_string((*info)->size);
    }
    case 9: {
      side.locks.erase(handle);
      const auto mode = random.one_in(2) ? LockMode::shared : LockMode::exclusive;
      auto locked = side.files.lock(side.at(path()), mode);
      const auto text = told(locked);
      if (locked) side.locks[handle] = std::move(*locked);
      return "lock " + text;
    }
    default: {
      const auto offset = random.below(100'000);
      const auto data = random.bytes(random.below(20'000));
      const auto what = random.below(5);
      const auto found = side.open.find(handle);
      if (found == side.open.end()) return "no handle";
      File& file = *found->second;
      if (what == 0) return "set_size " + told(file.set_size(offset));
      if (what == 1) return "size " + told(file.size());
      if (what == 2) return "sync " + told(file.sync());
      if (what == 3) return "write " + told(file.write_at(offset, data));
      Bytes out(data.size());
      const auto count = file.read_at(offset, out);
      return "read " + told(count) + " " + to_hex(ByteView(out).first(std::min<std::size_t>(out.size(), 64)));
    }
  }
}

void compare_folders(Side& one, Side& two, const std::string& path) {
  const auto left = one.files.list(one.at(path));
  const auto right = two.files.list(two.at(path));
  ASSERT_TRUE(left);
  ASSERT_TRUE(right);
  ASSERT_EQ(left->size(), right->size()) << path;
  for (std::size_t i = 0; i < left->size(); ++i) {
    ASSERT_EQ((*left)[i].name, (*right)[i].name);
    ASSERT_EQ((*left)[i].kind, (*right)[i].kind);
    const auto inner = join(path, (*left)[i].name);
    if ((*left)[i].kind == FileKind::directory) {
      compare_folders(one, two, inner);
    } else {
      ASSERT_EQ(read_whole(one.files, one.at(inner), 1 << 20).value(),
                read_whole(two.files, two.at(inner), 1 << 20).value())
          << inner;
    }
  }
}

TEST(TwinsAgreeTest, RandomCallsAreAnsweredAlike) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::string pattern = testing::TempDir() + "/atoll-twins-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    {
      PosixFileSystem real;
      MemoryFileSystem twin;
      ASSERT_TRUE(twin.create_directory("/t"));
      Side one{real, pattern, {}, {}};
      Side two{twin, "/t", {}, {}};
      SeededRandom choices(seed);
      for (int i = 0; i < 300; ++i) {
        const auto choice = choices.next();
        SeededRandom for_one(choice);
        SeededRandom for_two(choice);
        ASSERT_EQ(act(one, for_one), act(two, for_two)) << "call " << i;
      }
      compare_folders(one, two, "");
    }
    std::filesystem::remove_all(pattern);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace atl::platform
