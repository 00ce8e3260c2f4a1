#include "edge/serve/no_machine.h"

namespace atl::serve {
namespace {

tl::unexpected<Error> refused(const std::string& path) {
  return fail(ErrorKind::denied, "command.path_of_server",
              "the path " + path + " would be one of the server's machine, which nobody may name from elsewhere",
              "Run this command on the server's machine.");
}

}  // namespace

Result<std::unique_ptr<platform::File>> NoFiles::open(const std::string& path, platform::OpenMode) {
  return refused(path);
}
Result<bool> NoFiles::create_directory(const std::string& path) { return refused(path); }
Result<void> NoFiles::rename(const std::string& from, const std::string&) { return refused(from); }
Result<bool> NoFiles::remove_file(const std::string& path) { return refused(path); }
Result<bool> NoFiles::remove_directory(const std::string& path) { return refused(path); }
Result<void> NoFiles::sync_directory(const std::string& path) { return refused(path); }
Result<std::vector<platform::DirectoryEntry>> NoFiles::list(const std::string& path) { return refused(path); }
Result<std::optional<platform::FileInfo>> NoFiles::stat(const std::string& path) { return refused(path); }
Result<platform::SpaceInfo> NoFiles::space(const std::string& path) { return refused(path); }
Result<std::unique_ptr<platform::FileLock>> NoFiles::lock(const std::string& path, platform::LockMode) {
  return refused(path);
}

Result<platform::NodeInfo> NoTree::info(const std::string& path) { return refused(path); }
Result<std::unique_ptr<platform::SourceDirectory>> NoTree::open_source(const std::string& path) {
  return refused(path);
}
Result<std::unique_ptr<platform::TargetDirectory>> NoTree::open_target(const std::string& path) {
  return refused(path);
}
Result<std::uint64_t> NoTree::available_bytes(const std::string& path) { return refused(path); }

Result<platform::ProgramResult> NoPrograms::run(const platform::ProgramCall& call) {
  return refused(call.words.empty() ? std::string("of a program") : call.words.front());
}

Result<std::unique_ptr<platform::FileWatcher>> NoWatchers::watch(const std::string& path,
                                                                 const std::function<bool(const std::string& below)>&) {
  return refused(path);
}
void NoWatchers::pause(std::int64_t) {}

}  // namespace atl::serve
