// One prefix of one bucket of an S3 server, request by request (Amazon S3 API Reference).
//
// Always true:
//  - Keys are given and answered without the place's prefix: nothing outside it is named, read or changed.
//  - Every request is signed with the digest of its body, so a body that was changed on its way is refused there.
//  - What failed for a while (no connection, a connection that broke, 429, 500, 502, 503, 504) is tried again, with
//    growing waits of random length; but a request that is not the same when sent twice only where it is known that the
//    server did not take it. Where that is not known the answer is "s3.unknown_state", and the caller looks.
//  - A server that never answered yet is given up early: an unreachable one must not hold up who only tried.
// Errors: `unreachable` "s3.server_error", "s3.no_bucket", "client.*"; `denied` "s3.denied", "s3.bad_key", "s3.clock";
// `usage` "s3.wrong_region"; `conflict` "s3.cold" (content that has to be asked for first), "s3.taken"; `no_space`
// "s3.full"; `unsupported` "s3.not_implemented"; `interrupted` "client.stopped"; `failed` "s3.refused",
// "s3.bad_answer". Thread rules: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/net/http_client.h"
#include "foundation/platform/machine.h"
#include "store/blob/s3/s3_place.h"

namespace atl::blob {

struct S3Object {
  std::string key;
  std::uint64_t size = 0;
  std::string storage_class;  // empty: the standard one
  friend bool operator==(const S3Object&, const S3Object&) = default;
};
struct S3Listing {
  std::vector<S3Object> objects;
  std::vector<std::string> folders;  // with their '/' at the end; only where a delimiter was asked for
};

// Of content in a cold class.
enum class Thaw : std::uint8_t {
  not_needed,  // read like any other
  frozen,
  under_way,  // was asked for, comes in hours
  thawed,     // for a while
};
struct S3Head {
  std::uint64_t size = 0;
  std::string storage_class;
  Thaw thaw = Thaw::not_needed;
};

struct S3ClientOptions {
  const std::atomic<bool>* stop = nullptr;
  unsigned tries_max = 6;
  unsigned first_tries_max = 2;  // as long as the server has not answered once
  std::uint32_t first_wait_ms = 200;
  std::uint32_t wait_ms_max = 10'000;
  std::uint32_t connect_timeout_ms = 5'000;
  std::uint32_t idle_timeout_s = 60;
};

class S3Client {
 public:
  [[nodiscard]] static Result<std::unique_ptr<S3Client>> open(const platform::Machine& machine, S3Place place,
                                                              net::AwsCredentials credentials, S3ClientOptions options);
  [[nodiscard]] const S3Place& place() const { return place_; }

  [[nodiscard]] Result<std::optional<S3Head>> head(const std::string& key);
  // Fills `out` from `offset`, less only where the object ends; none: no such object.
  [[nodiscard]] Result<std::optional<std::size_t>> get(const std::string& key, std::uint64_t offset, ByteSpan out);
  // Under a prefix, sorted by key. With `is_flat`, what lies behind a further '/' is named by its folder alone.
  [[nodiscard]] Result<S3Listing> list(const std::string& prefix, bool is_flat);
  [[nodiscard]] Result<void> put(const std::string& key, ByteView body, const std::string& storage_class = {});
  // `conflict` "s3.taken" where the key is there already. (A server that says that it knows no conditions is asked
  // before what is there; one that does not say so overwrites.)
  [[nodiscard]] Result<void> put_new(const std::string& key, ByteView body);
  // Within the server; at most 5 GiB.
  [[nodiscard]] Result<void> copy(const std::string& from, const std::string& to, const std::string& storage_class);
  // There or not.
  [[nodiscard]] Result<void> remove(const std::string& key);

  // An object in parts: each but the last at least kPartBytesMin long, numbered from 1.
  static constexpr std::uint64_t kPartBytesMin = 5ULL * 1024 * 1024;
  [[nodiscard]] Result<std::string> begin_upload(const std::string& key, const std::string& storage_class);
  [[nodiscard]] Result<std::string> put_part(const std::string& key, const std::string& upload, unsigned number,
                                             ByteView body);  // its tag
  [[nodiscard]] Result<std::string> copy_part(const std::string& key, const std::string& upload, unsigned number,
                                              const std::string& from);
  [[nodiscard]] Result<void> complete_upload(const std::string& key, const std::string& upload,
                                             const std::vector<std::string>& tags);
  [[nodiscard]] Result<void> abort_upload(const std::string& key, const std::string& upload);
  struct Upload {
    std::string key, id;
  };
  [[nodiscard]] Result<std::vector<Upload>> list_uploads();

  // Asks for cold content, to be readable for `days`. Asking again is fine.
  [[nodiscard]] Result<void> request_thaw(const std::string& key, unsigned days, const std::string& speed);

 private:
  S3Client(const platform::Machine& machine, S3Place place, net::AwsCredentials credentials, S3ClientOptions options,
           std::unique_ptr<net::HttpClient> http);
  enum class Repeats : std::uint8_t { no, yes };  // whether sent twice is the same as sent once
  struct Call {
    std::string what;  // for errors: "read packs/…"
    std::string method = "GET";
    std::string key = {};  // empty: the bucket itself
    std::vector<std::pair<std::string, std::string>> query = {};
    net::Headers headers = {};
    ByteView body = {};
    Repeats repeats = Repeats::yes;
    std::function<Result<void>(ByteView piece)> on_body = nullptr;
    std::function<void()> on_begin = nullptr;  // before each try
  };
  [[nodiscard]] Result<net::ClientResponse> send(const Call& call);
  [[nodiscard]] Result<net::ClientResponse> send_once(const Call& call);
  // Ends with an error where the answer is none of success.
  [[nodiscard]] Result<net::ClientResponse> send_well(const Call& call);
  [[nodiscard]] Error error_of(const Call& call, const net::ClientResponse& response) const;
  [[nodiscard]] Result<void> wait(unsigned tries, const net::ClientResponse* response);
  [[nodiscard]] std::string full_key(const std::string& key) const;
  [[nodiscard]] std::optional<std::string> own_key(std::string_view full) const;
  [[nodiscard]] std::string source_of(const std::string& key) const;

  platform::Machine machine_;
  S3Place place_;
  net::AwsCredentials credentials_;
  S3ClientOptions options_;
  std::unique_ptr<net::HttpClient> http_;
  std::atomic<bool> has_answered_ = false;
};

}  // namespace atl::blob
