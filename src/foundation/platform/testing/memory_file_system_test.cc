#include "foundation/platform/testing/memory_file_system.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/file_system_contract.h"
namespace atl::platform {
namespace {

class MemoryUnderTest final : public FileSystemUnderTest {
 public:
  MemoryUnderTest() { static_cast<void>(files_.create_directory("/test").value()); }
  FileSystem& files() override { return files_; }
  std::string folder() override { return "/test"; }

 private:
  MemoryFileSystem files_;
};
const bool kRegistered = register_file_system_contract("Memory", [] { return std::make_unique<MemoryUnderTest>(); });

}  // namespace
}  // namespace atl::platform
