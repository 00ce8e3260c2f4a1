// Everything file_system.h promises, as tests: a new FileSystem is ready when this suite says so.
//
//   const bool kRegistered = register_file_system_contract("Memory", [] { return std::make_unique<MemoryUnderTest>();
//   });
//
// at namespace scope of a *_test.cc adds the tests "FileSystemContract_Memory.<case>". They live in a static library,
// which is why they are registered by a call and not by TEST_P, whose registration a linker may drop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "foundation/platform/file_system.h"

namespace atl::platform {

class FileSystemUnderTest {
 public:
  FileSystemUnderTest() = default;
  FileSystemUnderTest(const FileSystemUnderTest&) = delete;
  FileSystemUnderTest& operator=(const FileSystemUnderTest&) = delete;
  FileSystemUnderTest(FileSystemUnderTest&&) = delete;
  FileSystemUnderTest& operator=(FileSystemUnderTest&&) = delete;
  virtual ~FileSystemUnderTest() = default;  // cleans up
  virtual FileSystem& files() = 0;
  virtual std::string folder() = 0;  // an empty folder for one test
};

bool register_file_system_contract(const std::string& name,
                                   const std::function<std::unique_ptr<FileSystemUnderTest>()>& factory);

}  // namespace atl::platform
