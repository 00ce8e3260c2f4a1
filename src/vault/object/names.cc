// Names of buckets and objects: what is allowed, and how they are written on a command line.
#include <algorithm>

#include "vault/object/objects.h"

namespace atl::vault {
namespace {

constexpr std::size_t kBucketNameMin = 3;
constexpr std::size_t kBucketNameMax = 63;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool looks_like_ipv4(std::string_view name) {
  return std::ranges::count(name, '.') == 3 &&
         std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<void> check_bucket_name(std::string_view name) {
  const auto refuse = [&](const std::string& why) -> Result<void> {
    return fail(ErrorKind::usage, "bucket.bad_name",
                "\"" + std::string(name.substr(0, 80)) + "\" cannot be a bucket's name: " + why,
                "Use 3 to 63 of a-z, 0-9, '.' and '-', for example \"" + bucket_name_for(name) + "\".");
  };
  if (name.size() < kBucketNameMin) return refuse("it has fewer than 3 characters");
  if (name.size() > kBucketNameMax) return refuse("it has more than 63 characters");
  for (const char c : name) {
    if (!is_letter_or_digit(c) && c != '.' && c != '-') return refuse("only a-z, 0-9, '.' and '-' are possible");
  }
  if (!is_letter_or_digit(name.front()) || !is_letter_or_digit(name.back()))
    return refuse("it begins or ends with '.' or '-'");
  if (name.find("..") != std::string_view::npos) return refuse("it holds \"..\"");
  if (looks_like_ipv4(name)) return refuse("it looks like an IP address");
  return {};
}

Result<void> check_key(std::string_view key) {
  if (key.empty()) {
    return fail(ErrorKind::usage, "key.empty", "an object needs a key", "Write it as BUCKET/key.");
  }
  if (key.size() > kKeyBytesMax) {
    return fail(ErrorKind::limit, "key.too_long",
                "a key has at most 16,384 bytes, this one " + std::to_string(key.size()) + ": " +
                    std::string(key.substr(0, 60)) + "…");
  }
  if (key.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::usage, "key.nul", "a key cannot hold a NUL byte");
  }
  return {};
}

std::string bucket_name_for(std::string_view folder_path) {
  while (folder_path.size() > 1 && folder_path.ends_with('/')) folder_path.remove_suffix(1);
  const std::size_t slash = folder_path.rfind('/');
  if (slash != std::string_view::npos) folder_path.remove_prefix(slash + 1);
  std::string name;
  for (char c : folder_path) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (!is_letter_or_digit(c) && c != '.') c = '-';
    const bool repeats = !name.empty() && (name.back() == '-' || name.back() == '.') && (c == '-' || c == '.');
    if (!repeats) name.push_back(c);
  }
  const auto trim = [&] {
    while (!name.empty() && !is_letter_or_digit(name.front())) name.erase(name.begin());
    while (!name.empty() && !is_letter_or_digit(name.back())) name.pop_back();
  };
  trim();
  if (name.size() > kBucketNameMax) name.resize(kBucketNameMax);
  trim();
  if (name.size() < kBucketNameMin) name += name.empty() ? "my-files" : "-files";
  if (looks_like_ipv4(name)) name = "files-" + name;
  return name;
}

Result<Address> parse_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  Address address;
  address.bucket = std::string(text.substr(0, slash));
  if (slash != std::string_view::npos) {
    address.has_slash = true;
    address.key = std::string(text.substr(slash + 1));
  }
  ATOLL_TRY(check_bucket_name(address.bucket));
  if (!address.key.empty()) ATOLL_TRY(check_key(address.key));
  return address;
}

}  // namespace atl::vault
