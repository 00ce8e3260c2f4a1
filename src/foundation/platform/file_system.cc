#include "foundation/platform/file_system.h"

#include <algorithm>

namespace atl::platform {
namespace {

std::string_view without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

Result<void> remove_folder(FileSystem& files, const std::string& path) {
  ATOLL_ASSIGN(const auto entries, files.list(path));
  for (const auto& entry : entries) {
    const std::string inner = join(path, entry.name);
    if (entry.kind == FileKind::directory) {
      ATOLL_TRY(remove_folder(files, inner));
    } else {
      ATOLL_TRY(files.remove_file(inner));
    }
  }
  ATOLL_TRY(files.remove_directory(path));
  return {};
}

Result<void> write_new(FileSystem& files, const std::string& path, ByteView content) {
  ATOLL_ASSIGN(const auto file, files.open(path, OpenMode::create_new));
  ATOLL_TRY(file->write_at(0, content));
  return file->sync();
}

}  // namespace

Result<void> read_exact(const File& file, std::uint64_t offset, ByteSpan out, std::string_view what) {
  ATOLL_ASSIGN(const auto got, file.read_at(offset, out));
  if (got == out.size()) return {};
  return fail(ErrorKind::damaged, "file.short",
              std::string(what) + " ends too early: " + std::to_string(out.size()) + " bytes were expected at offset " +
                  std::to_string(offset) + ", " + std::to_string(got) + " are there");
}

std::string join(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  std::string path(folder);
  if (path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string parent_of(std::string_view path) {
  path = without_trailing_slashes(path);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos || path == "/") return "";
  if (slash == 0) return "/";
  return std::string(without_trailing_slashes(path.substr(0, slash)));
}

Result<void> create_directories(FileSystem& files, const std::string& path) {
  std::vector<std::string> missing;  // deepest first
  for (std::string at(without_trailing_slashes(path)); !at.empty(); at = parent_of(at)) {
    ATOLL_ASSIGN(const auto info, files.stat(at));
    if (info) {
      if (info->kind == FileKind::directory) break;
      return fail(ErrorKind::conflict, "file.not_a_directory",
                  "cannot create the folder '" + path + "': '" + at + "' is there and is no folder");
    }
    missing.push_back(at);
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    ATOLL_TRY(files.create_directory(*at));
    // Also where another process was faster: its name has to be durable before we build on it.
    ATOLL_TRY(files.sync_directory(parent_of(*at)));
  }
  return {};
}

Result<Bytes> read_whole(FileSystem& files, const std::string& path, std::uint64_t size_max) {
  ATOLL_ASSIGN(const auto file, files.open(path, OpenMode::read));
  ATOLL_ASSIGN(const auto size, file->size());
  if (size > size_max) {
    return fail(ErrorKind::limit, "file.too_large",
                "'" + path + "' has " + std::to_string(size) + " bytes, more than the " + std::to_string(size_max) +
                    " that were expected at most");
  }
  Bytes content(static_cast<std::size_t>(size));
  ATOLL_ASSIGN(const auto got, file->read_at(0, content));
  content.resize(got);
  return content;
}

Result<void> replace_whole(FileSystem& files, const std::string& path, ByteView content) {
  const std::string beside = path + ".new";
  ATOLL_TRY(files.remove_file(beside));  // left by a crash
  if (auto written = write_new(files, beside, content); !written) {
    ignore_error_on_purpose(files.remove_file(beside));
    return written;
  }
  ATOLL_TRY(files.rename(beside, path));
  return files.sync_directory(parent_of(path));
}

Result<void> remove_tree(FileSystem& files, const std::string& path) {
  // First as a file: what stat() calls a folder may be a symbolic link to one, of which only the link may go.
  const auto removed = files.remove_file(path);
  if (removed) return {};
  if (removed.error().kind != ErrorKind::conflict) return pass(removed.error());
  return remove_folder(files, path);
}

}  // namespace atl::platform
