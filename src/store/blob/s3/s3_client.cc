#include "store/blob/s3/s3_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "foundation/base/units.h"
#include "foundation/codec/hash.h"
#include "foundation/net/http_date.h"
#include "foundation/net/uri.h"
#include "foundation/xml/xml.h"
#include "store/blob/s3/internal/s3_answers.h"

namespace atl::blob {
namespace {

using net::ClientResponse;
using s3::number_of;
using s3::standard_as_none;

constexpr std::int64_t kSliceMs = 100;
constexpr std::size_t kRefusalBytesMax = 64 * 1024;
constexpr std::string_view kSpace = "http://s3.amazonaws.com/doc/2006-03-01/";

std::optional<s3::AnsweredError> error_in(const ClientResponse& response) {
  return s3::parse_error(as_text(response.body));
}

bool is_passing(unsigned status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}
// The server says that it did nothing.
bool is_not_taken(unsigned status) { return status == 429 || status == 503; }

tl::unexpected<Error> bad_answer(const std::string& what, const std::string& why) {
  return fail(ErrorKind::failed, "s3.bad_answer", "the S3 server's answer to \"" + what + "\" " + why,
              "Is this an S3 server, and nothing between that changes answers?");
}

net::Headers with_class(const std::string& storage_class) {
  net::Headers headers;
  if (!storage_class.empty()) headers.add("x-amz-storage-class", storage_class);
  return headers;
}

}  // namespace

S3Client::S3Client(const platform::Machine& machine, S3Place place, net::AwsCredentials credentials,
                   S3ClientOptions options, std::unique_ptr<net::HttpClient> http)
    : machine_(machine),
      place_(std::move(place)),
      credentials_(std::move(credentials)),
      options_(options),
      http_(std::move(http)) {}

Result<std::unique_ptr<S3Client>> S3Client::open(const platform::Machine& machine, S3Place place,
                                                 net::AwsCredentials credentials, S3ClientOptions options) {
  net::ClientOptions http_options;
  http_options.connect_timeout_ms = options.connect_timeout_ms;
  http_options.idle_timeout_s = options.idle_timeout_s;
  if (!place.fingerprint.empty()) {
    ATOLL_ASSIGN(const Bytes digest, from_hex(place.fingerprint));
    if (digest.size() != 32) return fail(ErrorKind::usage, "s3.bad_place", "a fingerprint is 64 hexadecimal digits");
    std::copy_n(digest.begin(), 32, http_options.pinned_certificate_sha256.emplace().begin());
  }
  ATOLL_ASSIGN(auto http, net::HttpClient::open(http_options));
  return std::unique_ptr<S3Client>(
      new S3Client(machine, std::move(place), std::move(credentials), options, std::move(http)));
}

std::string S3Client::full_key(const std::string& key) const {
  return place_.prefix.empty() ? key : place_.prefix + "/" + key;
}

std::optional<std::string> S3Client::own_key(std::string_view full) const {
  if (place_.prefix.empty()) return std::string(full);
  if (!full.starts_with(place_.prefix + "/")) return std::nullopt;
  return std::string(full.substr(place_.prefix.size() + 1));
}

std::string S3Client::source_of(const std::string& key) const {
  return net::encode_path("/" + place_.bucket + "/" + full_key(key));
}

Result<ClientResponse> S3Client::send_once(const Call& call) {
  net::AwsRequest request;
  request.method = call.method;
  request.query = call.query;
  request.headers = call.headers;
  request.body_sha256 = codec::sha256(call.body);
  std::string host = place_.endpoint.substr(place_.endpoint.find("//") + 2);
  const std::string scheme = place_.endpoint.substr(0, place_.endpoint.find("//") + 2);
  request.path = "/";
  if (place_.is_bucket_in_host) {
    host = place_.bucket + "." + host;
  } else {
    request.path += place_.bucket;
    if (!call.key.empty()) request.path += '/';
  }
  if (!call.key.empty()) request.path += full_key(call.key);
  request.headers.set("Host", host);

  net::ClientRequest sent;
  sent.method = call.method;
  sent.url = scheme + host + net::target_of(request);
  sent.headers = net::sign(request, credentials_, {place_.region, "s3"}, machine_.clock.now());
  if (call.method == "PUT" || call.method == "POST") sent.body = call.body;
  sent.body_bytes_max = s3::kAnswerBytesMax;
  sent.stop = options_.stop;
  ClientResponse head;
  Bytes refusal;
  if (call.on_body) {
    // Only a success's body is the caller's; of others it says what is wrong.
    sent.on_head = [&](const ClientResponse& response) -> Result<void> {
      head = response;
      return {};
    };
    sent.on_body = [&](ByteView piece) -> Result<void> {
      if (head.status >= 200 && head.status < 300) return call.on_body(piece);
      if (refusal.size() < kRefusalBytesMax) refusal.insert(refusal.end(), piece.begin(), piece.end());
      return {};
    };
  }
  ATOLL_ASSIGN(auto response, http_->send(sent));
  if (call.on_body) response.body = std::move(refusal);
  return response;
}

Result<void> S3Client::wait(unsigned tries, const ClientResponse* response) {
  std::uint64_t span_ms = options_.first_wait_ms;
  for (unsigned i = 1; i < tries && span_ms < options_.wait_ms_max; ++i) span_ms *= 2;
  span_ms = std::min<std::uint64_t>(span_ms, options_.wait_ms_max);
  // Somewhere in the span, so that many who failed together do not come back together.
  std::array<std::uint8_t, 8> random{};
  machine_.random.fill(random);
  std::uint64_t wait_ms = span_ms == 0 ? 0 : load_le<std::uint64_t>(random.data()) % (span_ms + 1);
  if (response != nullptr) {
    const auto asked = number_of(response->headers.get("Retry-After").value_or(""));
    if (asked) wait_ms = std::max(wait_ms, std::min<std::uint64_t>(*asked * 1000, options_.wait_ms_max));
  }
  std::mutex mutex;
  std::condition_variable never;
  for (auto left_ms = static_cast<std::int64_t>(wait_ms); left_ms > 0; left_ms -= kSliceMs) {
    if (options_.stop != nullptr && options_.stop->load()) break;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(std::min(left_ms, kSliceMs)), [] { return false; });
  }
  if (options_.stop == nullptr || !options_.stop->load()) return {};
  return fail(ErrorKind::interrupted, "client.stopped", place_.shown() + ": stopped");
}

Result<ClientResponse> S3Client::send(const Call& call) {
  for (unsigned tries = 1;; ++tries) {
    if (call.on_begin) call.on_begin();
    auto response = send_once(call);
    const bool is_last =
        tries >= (has_answered_.load() ? options_.tries_max : std::min(options_.tries_max, options_.first_tries_max));
    if (response) {
      has_answered_ = true;
      // An answer of 200 may have failed all the same: then its body says so.
      const auto failure = response->status == 200 && call.method != "GET" ? error_in(*response) : std::nullopt;
      const bool has_failed_inside = failure && failure->code == "InternalError";
      if (!is_passing(response->status) && !has_failed_inside) return response;
      if (call.repeats == Repeats::no && !is_not_taken(response->status)) {
        return fail(ErrorKind::unreachable, "s3.unknown_state",
                    place_.shown() + ": whether \"" + call.what + "\" was done is not known");
      }
      if (is_last) return response;
      ATOLL_TRY(wait(tries, &*response));
      continue;
    }
    const std::string& id = response.error().id;
    const bool was_never_sent = id == "client.unreachable";
    if (!was_never_sent && id != "client.broken_off" && id != "client.timed_out") return response;
    if (call.repeats == Repeats::no && !was_never_sent) {
      return fail(
          ErrorKind::unreachable, "s3.unknown_state",
          place_.shown() + ": whether \"" + call.what + "\" was done is not known: " + response.error().message);
    }
    if (is_last) return response;
    ATOLL_TRY(wait(tries, nullptr));
  }
}

Error S3Client::error_of(const Call& call, const ClientResponse& response) const {
  std::string code;
  std::string message;
  std::string region(response.headers.get("x-amz-bucket-region").value_or(""));
  if (const auto error = error_in(response)) {
    code = error->code;
    message = error->message;
    if (region.empty()) region = error->region;
  }
  const std::string said =
      code.empty() ? "status " + std::to_string(response.status) : code + (message.empty() ? "" : " (" + message + ")");
  const std::string where = place_.shown();
  const auto make = [](ErrorKind kind, std::string id, std::string text, std::string hint = {}) {
    return Error{kind, std::move(id), std::move(text), std::move(hint), 0};
  };
  if (code == "NoSuchBucket") {
    return make(ErrorKind::unreachable, "s3.no_bucket", where + ": there is no bucket \"" + place_.bucket + "\"",
                "Make it with the server's own tools, or correct its name and endpoint.");
  }
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired") {
    std::string difference;
    const std::int64_t now_s = machine_.clock.now().unix_us / 1'000'000;
    if (const auto date = net::parse_http_date(response.headers.get("Date").value_or(""), now_s)) {
      const std::int64_t seconds = now_s - *date;
      difference = " by " + format_duration(static_cast<double>(seconds < 0 ? -seconds : seconds));
    }
    return make(ErrorKind::denied, "s3.clock", where + ": this machine's clock and the server's differ" + difference,
                "Set the clock of this machine (or of the server) right.");
  }
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch" || code == "InvalidToken" ||
      code == "ExpiredToken") {
    return make(ErrorKind::denied, "s3.bad_key", where + ": the server does not know this key: " + said,
                "Give another with `atoll copy credentials`, --credentials-file, or in AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY.");
  }
  if (response.status == 301 || response.status == 307 || code == "AuthorizationHeaderMalformed" ||
      code == "PermanentRedirect") {
    return make(ErrorKind::usage, "s3.wrong_region",
                where + ": the bucket is not in region " + place_.region +
                    (region.empty() ? std::string() : " but in " + region) + ": " + said,
                region.empty() ? "Say where it is with --region and --endpoint." : "Say --region " + region + ".");
  }
  if (code == "InvalidObjectState") {
    return make(ErrorKind::conflict, "s3.cold",
                where + ": " + call.key + " lies in a cold class and is not readable yet",
                "Ask for it with `atoll copy thaw`.");
  }
  if (response.status == 412)
    return make(ErrorKind::conflict, "s3.taken", where + ": " + call.key + " is there already");
  if (response.status == 501)
    return make(ErrorKind::unsupported, "s3.not_implemented", where + ": the server cannot \"" + call.what + "\"");
  if (response.status == 507 || code == "QuotaExceeded" || code == "XMinioStorageFull")
    return make(ErrorKind::no_space, "s3.full", where + ": the server has no room left: " + said);
  if (response.status == 401 || response.status == 403) {
    return make(ErrorKind::denied, "s3.denied", where + ": the server denies \"" + call.what + "\": " + said,
                "The key needs to list, read, write and delete below this prefix.");
  }
  if (is_passing(response.status))
    return make(ErrorKind::unreachable, "s3.server_error", where + ": \"" + call.what + "\" failed: " + said);
  return make(ErrorKind::failed, "s3.refused", where + ": the server refused \"" + call.what + "\": " + said);
}

Result<ClientResponse> S3Client::send_well(const Call& call) {
  ATOLL_ASSIGN(auto response, send(call));
  const bool has_failed_inside = call.method != "GET" && error_in(response);
  if (response.status < 200 || response.status >= 300 || has_failed_inside) return pass(error_of(call, response));
  return response;
}

Result<std::optional<S3Head>> S3Client::head(const std::string& key) {
  const Call call{.what = "look at " + key, .method = "HEAD", .key = key};
  ATOLL_ASSIGN(const auto response, send(call));
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) return pass(error_of(call, response));
  const auto size = number_of(response.headers.get("Content-Length").value_or(""));
  if (!size) return bad_answer(call.what, "tells no size");
  S3Head head{*size, standard_as_none(response.headers.get("x-amz-storage-class").value_or("")), Thaw::not_needed};
  if (is_cold_class(head.storage_class)) {
    const auto restore = response.headers.get("x-amz-restore");
    head.thaw = !restore                                                         ? Thaw::frozen
                : restore->find("ongoing-request=\"true\"") != std::string::npos ? Thaw::under_way
                                                                                 : Thaw::thawed;
  }
  return head;
}

Result<std::optional<std::size_t>> S3Client::get(const std::string& key, std::uint64_t offset, ByteSpan out) {
  if (out.empty()) return 0U;
  constexpr std::uint64_t kOffsetMax = 1ULL << 60U;
  if (offset > kOffsetMax) return 0U;
  std::size_t count = 0;
  Call call{.what = "read " + key, .key = key};
  call.headers.add("Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + out.size() - 1));
  call.on_begin = [&] { count = 0; };
  call.on_body = [&](ByteView piece) -> Result<void> {
    if (piece.size() > out.size() - count) return bad_answer(call.what, "is longer than the range that was asked for");
    std::ranges::copy(piece, out.subspan(count).begin());
    count += piece.size();
    return {};
  };
  ATOLL_ASSIGN(const auto response, send(call));
  if (response.status == 206 || (response.status == 200 && offset == 0)) return count;
  if (response.status == 416) return 0U;  // behind its end
  const auto error = error_in(response);
  if (response.status == 404 && (!error || error->code != "NoSuchBucket")) return std::nullopt;
  if (response.status == 200) return bad_answer(call.what, "is the whole object in place of a range");
  return pass(error_of(call, response));
}

Result<S3Listing> S3Client::list(const std::string& prefix, bool is_flat) {
  S3Listing listing;
  std::string token;
  for (;;) {
    Call call{.what = "list " + (prefix.empty() ? std::string("the prefix") : prefix)};
    call.query = {{"list-type", "2"}, {"prefix", full_key(prefix)}};
    if (is_flat) call.query.emplace_back("delimiter", "/");
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    ATOLL_ASSIGN(const auto response, send_well(call));
    auto page = s3::parse_objects_page(as_text(response.body));
    if (!page || (!page->next.empty() && page->next == token)) return bad_answer(call.what, "is no whole listing");
    for (S3Object& object : page->listing.objects) {
      auto key = own_key(object.key);
      if (!key) continue;
      object.key = std::move(*key);
      listing.objects.push_back(std::move(object));
    }
    for (const std::string& folder : page->listing.folders) {
      if (auto key = own_key(folder)) listing.folders.push_back(std::move(*key));
    }
    if (page->next.empty()) break;
    token = std::move(page->next);
  }
  std::ranges::sort(listing.objects, {}, &S3Object::key);
  std::ranges::sort(listing.folders);
  return listing;
}

Result<void> S3Client::put(const std::string& key, ByteView body, const std::string& storage_class) {
  ATOLL_TRY(send_well(
      {.what = "write " + key, .method = "PUT", .key = key, .headers = with_class(storage_class), .body = body}));
  return {};
}

Result<void> S3Client::put_new(const std::string& key, ByteView body) {
  Call call{.what = "write " + key,
            .method = "PUT",
            .key = key,
            .headers = {{"If-None-Match", "*"}},
            .body = body,
            .repeats = Repeats::no};
  auto put = send_well(call);
  if (!put && put.error().id == "s3.not_implemented") {
    // Conditions of puts came late to S3: where the server has none it is asked before. Two who do so at the same
    // moment may both write.
    ATOLL_ASSIGN(const auto there, head(key));
    if (there) return fail(ErrorKind::conflict, "s3.taken", place_.shown() + ": " + key + " is there already");
    call.headers = {};
    put = send_well(call);
  }
  if (!put) return pass(put.error());
  return {};
}

Result<void> S3Client::copy(const std::string& from, const std::string& to, const std::string& storage_class) {
  net::Headers headers = with_class(storage_class);
  headers.add("x-amz-copy-source", source_of(from));
  ATOLL_TRY(send_well({.what = "copy to " + to, .method = "PUT", .key = to, .headers = std::move(headers)}));
  return {};
}

Result<void> S3Client::remove(const std::string& key) {
  const Call call{.what = "delete " + key, .method = "DELETE", .key = key};
  ATOLL_ASSIGN(const auto response, send(call));
  if ((response.status >= 200 && response.status < 300) || response.status == 404) return {};
  return pass(error_of(call, response));
}

Result<std::string> S3Client::begin_upload(const std::string& key, const std::string& storage_class) {
  const Call call{.what = "begin to write " + key,
                  .method = "POST",
                  .key = key,
                  .query = {{"uploads", ""}},
                  .headers = with_class(storage_class),
                  // One that was begun and is not known of is ended by whoever opens the place next.
                  .repeats = Repeats::yes};
  ATOLL_ASSIGN(const auto response, send_well(call));
  std::string id = s3::text_of_answer(as_text(response.body), "UploadId");
  if (id.empty()) return bad_answer(call.what, "names no upload");
  return id;
}

Result<std::string> S3Client::put_part(const std::string& key, const std::string& upload, unsigned number,
                                       ByteView body) {
  const Call call{.what = "write a part of " + key,
                  .method = "PUT",
                  .key = key,
                  .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
                  .body = body};
  ATOLL_ASSIGN(const auto response, send_well(call));
  std::string tag(response.headers.get("ETag").value_or(""));
  if (tag.empty()) return bad_answer(call.what, "has no ETag");
  return tag;
}

Result<std::string> S3Client::copy_part(const std::string& key, const std::string& upload, unsigned number,
                                        const std::string& from) {
  const Call call{.what = "copy a part of " + key,
                  .method = "PUT",
                  .key = key,
                  .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
                  .headers = {{"x-amz-copy-source", source_of(from)}}};
  ATOLL_ASSIGN(const auto response, send_well(call));
  std::string tag = s3::text_of_answer(as_text(response.body), "ETag");
  if (tag.empty()) return bad_answer(call.what, "has no ETag");
  return tag;
}

Result<void> S3Client::complete_upload(const std::string& key, const std::string& upload,
                                       const std::vector<std::string>& tags) {
  xml::Writer document;
  document.begin("CompleteMultipartUpload", kSpace);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    document.begin("Part").element("PartNumber", std::to_string(i + 1)).element("ETag", tags[i]).end();
  }
  const std::string body = document.end().finish();
  ATOLL_TRY(send_well({.what = "finish " + key,
                       .method = "POST",
                       .key = key,
                       .query = {{"uploadId", upload}},
                       .headers = {{"Content-Type", "application/xml"}},
                       .body = as_bytes(body),
                       .repeats = Repeats::no}));
  return {};
}

Result<void> S3Client::abort_upload(const std::string& key, const std::string& upload) {
  const Call call{.what = "give up a part of " + key, .method = "DELETE", .key = key, .query = {{"uploadId", upload}}};
  ATOLL_ASSIGN(const auto response, send(call));
  if ((response.status >= 200 && response.status < 300) || response.status == 404) return {};
  return pass(error_of(call, response));
}

Result<std::vector<S3Client::Upload>> S3Client::list_uploads() {
  std::vector<Upload> uploads;
  std::string key_marker;
  std::string id_marker;
  for (;;) {
    Call call{.what = "list uploads", .query = {{"uploads", ""}, {"prefix", full_key("")}}};
    if (!key_marker.empty()) call.query.emplace_back("key-marker", key_marker);
    if (!id_marker.empty()) call.query.emplace_back("upload-id-marker", id_marker);
    ATOLL_ASSIGN(const auto response, send_well(call));
    auto page = s3::parse_uploads_page(as_text(response.body));
    if (!page || (!page->next_key.empty() && page->next_key == key_marker && page->next_id == id_marker))
      return bad_answer(call.what, "is no whole listing");
    for (Upload& upload : page->uploads) {
      if (auto key = own_key(upload.key)) uploads.push_back({std::move(*key), std::move(upload.id)});
    }
    if (page->next_key.empty()) return uploads;
    key_marker = std::move(page->next_key);
    id_marker = std::move(page->next_id);
  }
}

Result<void> S3Client::request_thaw(const std::string& key, unsigned days, const std::string& speed) {
  xml::Writer document;
  document.begin("RestoreRequest", kSpace).element("Days", std::to_string(days));
  document.begin("GlacierJobParameters").element("Tier", speed).end();
  const std::string body = document.end().finish();
  const Call call{.what = "ask for " + key,
                  .method = "POST",
                  .key = key,
                  .query = {{"restore", ""}},
                  .headers = {{"Content-Type", "application/xml"}},
                  .body = as_bytes(body)};
  ATOLL_ASSIGN(const auto response, send(call));
  if (response.status >= 200 && response.status < 300) return {};
  const auto error = error_in(response);
  if (error && error->code == "RestoreAlreadyInProgress") return {};
  return pass(error_of(call, response));
}

}  // namespace atl::blob
