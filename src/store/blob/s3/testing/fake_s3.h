// An S3 server in memory, for tests of what stands on one: a bucket "bucket" behind a real HTTP server.
//
// Always true:
//  - A request whose signature, or whose body's digest, does not hold is answered 403: what was sent is what was
//  signed.
//  - Listings come in short pages, so that whoever forgets the second one is found out.
// It can fail, lose answers, and keep content in a cold class until it was asked for.
// Thread rules: any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundation/net/http_server.h"
#include "store/blob/s3/s3_client.h"

namespace atl::blob::testing {

class FakeS3 {
 public:
  FakeS3();
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;
  FakeS3(FakeS3&&) = delete;
  FakeS3& operator=(FakeS3&&) = delete;
  ~FakeS3();

  // Below `prefix` of the bucket; waits between tries are none.
  [[nodiscard]] S3Place place(const std::string& prefix) const;
  [[nodiscard]] static net::AwsCredentials credentials();
  [[nodiscard]] std::unique_ptr<S3Client> client(const S3Place& place) const;
  [[nodiscard]] std::unique_ptr<S3Client> client(const std::string& prefix) const { return client(place(prefix)); }
  [[nodiscard]] static S3ClientOptions quick();

  struct Object {
    Bytes bytes;
    std::string storage_class;
    Thaw thaw = Thaw::not_needed;
  };
  enum class Fault : std::uint8_t {
    refuse,  // 503, and nothing done
    fail,    // 500, and nothing done
    lose     // done, and the answer breaks off
  };
  // The next `count` requests with that method and that in their target.
  void fail_next(unsigned count, Fault fault, std::string method = {}, std::string target_part = {});

  std::mutex mutex;
  std::map<std::string, Object> objects;                     // by whole key; guarded by mutex
  std::map<std::string, std::map<unsigned, Bytes>> uploads;  // by upload id; guarded by mutex
  bool freezes = true;                                       // else cold classes are names only
  bool knows_conditions = true;                              // else a put with one is answered 501, as Swift does
  [[nodiscard]] std::vector<std::string> keys();
  [[nodiscard]] std::uint64_t requests(const std::string& method);

 private:
  struct Parsed;
  struct Planned {
    unsigned count = 0;
    Fault fault = Fault::fail;
    std::string method, target_part;
  };
  [[nodiscard]] net::Response handle(net::Request& request);
  [[nodiscard]] net::Response answer(const Parsed& parsed);
  [[nodiscard]] net::Response get(const Parsed& parsed);
  [[nodiscard]] net::Response list(const Parsed& parsed);
  [[nodiscard]] net::Response put(const Parsed& parsed);
  [[nodiscard]] net::Response post(const Parsed& parsed);
  Planned planned_;                                    // guarded by mutex
  std::map<std::string, std::uint64_t> requests_;      // by method; guarded by mutex
  std::map<std::string, std::string> upload_keys_;     // guarded by mutex
  std::map<std::string, std::string> upload_classes_;  // guarded by mutex
  unsigned last_upload_ = 0;                           // guarded by mutex
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace atl::blob::testing
