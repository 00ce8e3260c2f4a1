#include "edge/rest/copy_places.h"

#include "store/blob/s3/s3_place.h"
#include "vault/copies.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

bool lies_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

Result<std::string> folder_in(const Call& call, std::string place) {
  const std::string& home = call.exchange().host.settings().home_folder;
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  if (!place.starts_with('/') || place.find('\0') != std::string::npos || place.find("/../") != std::string::npos ||
      place.ends_with("/..")) {
    return fail(ErrorKind::usage, "copy.bad_place",
                "\"place\" is a folder of the server's machine, written from its root, or s3://BUCKET/PREFIX");
  }
  if (!home.empty() && (lies_within(place, home) || lies_within(home, place))) {
    return fail(ErrorKind::usage, "copy.inside_home", "a copy inside the home, or around it, is lost with it",
                "Choose a folder on another disk.");
  }
  return place;
}

}  // namespace

Result<net::AwsCredentials> credentials_in(const Call& call) {
  if (!call.exchange().is_closed_way()) {
    return fail(ErrorKind::usage, "copy.open_way",
                "the key of a place is not taken over a connection that others can read",
                "Come by https, or run on the server's machine: atoll copy add s3://BUCKET/PREFIX");
  }
  net::AwsCredentials credentials;
  ATOLL_ASSIGN(credentials.access_key, call.body().text_of("access_key_id"));
  ATOLL_ASSIGN(credentials.secret, call.body().text_of("secret_access_key"));
  // As they stand in a file of one line each.
  const auto is_bad = [](const std::string& text) {
    return text.empty() || text.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string::npos;
  };
  if (is_bad(credentials.access_key) || is_bad(credentials.secret)) {
    return fail(ErrorKind::usage, "copy.key_missing", "a place in S3 needs a key",
                "Give access_key_id and secret_access_key, without blanks.");
  }
  return credentials;
}

Result<WantedCopy> wanted_copy(const Call& call) {
  WantedCopy wanted;
  ATOLL_ASSIGN(std::string place, call.body().text_of("place"));
  std::string named_after;
  if (blob::is_s3_place(place)) {
    if (call.exchange().host.settings().place_keys == nullptr)
      return fail(ErrorKind::unsupported, "copy.not_over_rest", "this server keeps no keys for places in S3");
    ATOLL_ASSIGN(const auto s3, blob::parse_s3_place(place));
    ATOLL_ASSIGN(wanted.credentials, credentials_in(call));
    wanted.price_per_gib_month = s3.price_per_gib_month;
    wanted.row.kind = std::string(vault::kCopyKindS3);
    wanted.row.place = blob::format(s3);
    named_after = s3.prefix.empty() ? s3.bucket : s3.prefix;
  } else {
    ATOLL_ASSIGN(wanted.row.place, folder_in(call, std::move(place)));
    wanted.row.kind = std::string(vault::kCopyKindFolder);
    named_after = wanted.row.place;
  }
  ATOLL_ASSIGN(wanted.row.name, call.body().text_of("name", vault::bucket_name_for(named_after)));
  ATOLL_TRY(vault::check_copy_name(wanted.row.name));
  ATOLL_ASSIGN(wanted.row.bytes_per_second_max, call.body().number_of("bytes_per_second_max"));
  return wanted;
}

backup::CopySurroundings copy_surroundings(const server::Host& host) {
  backup::CopySurroundings surroundings;
  surroundings.is_same_disk = [disks = host.settings().disks](const std::string& a, const std::string& b) {
    if (disks == nullptr) return false;
    const auto info_a = disks->info(a);
    const auto info_b = disks->info(b);
    return info_a && info_b && info_a->device == info_b->device;
  };
  if (const auto* const keys = host.settings().place_keys; keys != nullptr) {
    surroundings.credentials = [keys](const blob::S3Place& place) { return keys->find(blob::format(place)); };
  }
  return surroundings;
}

backup::CopyReach copy_reach(const server::Host& host, const platform::Machine& machine,
                             const std::atomic<bool>* stop) {
  return {.machine = machine, .credentials = copy_surroundings(host).credentials, .stop = stop};
}

backup::CopyReach copy_reach(const server::Host& host, const platform::Machine& machine,
                             const net::AwsCredentials& credentials) {
  auto reach = copy_reach(host, machine);
  reach.credentials = [credentials](const blob::S3Place&) -> Result<net::AwsCredentials> { return credentials; };
  return reach;
}

}  // namespace atl::rest
