#include "foundation/platform/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace atl::platform {
namespace {

// A manager of services that listens at a name of its own, which needs no file.
class Manager {
 public:
  Manager() : address_("@atoll-service-manager-test-" + std::to_string(::getpid())) {
    descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::memcpy(own.sun_path + 1, address_.data() + 1, address_.size() - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&own), length), 0);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  Manager(Manager&&) = delete;
  Manager& operator=(Manager&&) = delete;
  ~Manager() { ::close(descriptor_); }
  [[nodiscard]] const std::string& address() const { return address_; }
  // What came next; "" where nothing did.
  [[nodiscard]] std::string heard() const {
    std::array<char, 256> bytes{};
    const ssize_t count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
  }

 private:
  std::string address_;
  int descriptor_ = -1;
};

TEST(ServiceManager, HearsEachStateAsOneMessage) {
  const Manager manager;
  ASSERT_TRUE(tell_service_manager(manager.address(), "READY=1"));
  ASSERT_TRUE(tell_service_manager(manager.address(), "STOPPING=1"));
  EXPECT_EQ(manager.heard(), "READY=1");
  EXPECT_EQ(manager.heard(), "STOPPING=1");
  EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceManager, NobodyIsToldWhereNobodyAsked) { EXPECT_TRUE(tell_service_manager("", "READY=1")); }

TEST(ServiceManager, OneThatIsNotThereIsAnErrorThatNamesIt) {
  for (const std::string& address : {std::string("/nowhere/notify"), std::string("no-path"), std::string(200, '/')}) {
    const auto told = tell_service_manager(address, "READY=1");
    ASSERT_FALSE(told) << address;
    EXPECT_NE(told.error().message.find(address), std::string::npos);
  }
}

}  // namespace
}  // namespace atl::platform
