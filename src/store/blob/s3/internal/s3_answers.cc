#include "store/blob/s3/internal/s3_answers.h"

#include <charconv>

#include "foundation/xml/xml.h"

namespace atl::blob::s3 {
namespace {

constexpr std::size_t kWordBytesMax = 100;
constexpr std::size_t kMessageBytesMax = 300;

std::optional<xml::Element> read(std::string_view document) {
  auto read = xml::read(document, {.bytes_max = kAnswerBytesMax});
  if (!read) return std::nullopt;
  return std::move(*read);
}

}  // namespace

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string standard_as_none(std::string_view storage_class) {
  return storage_class == "STANDARD" ? std::string() : std::string(storage_class);
}

std::optional<AnsweredError> parse_error(std::string_view document) {
  if (document.empty()) return std::nullopt;
  const auto root = read(document);
  if (!root || root->name != "Error") return std::nullopt;
  return AnsweredError{std::string(root->text_of("Code").substr(0, kWordBytesMax)),
                       std::string(root->text_of("Message").substr(0, kMessageBytesMax)),
                       std::string(root->text_of("Region").substr(0, kWordBytesMax))};
}

std::optional<ObjectsPage> parse_objects_page(std::string_view document) {
  const auto root = read(document);
  if (!root || root->name != "ListBucketResult") return std::nullopt;
  ObjectsPage page;
  for (const xml::Element& child : root->children) {
    if (child.name == "CommonPrefixes") page.listing.folders.emplace_back(child.text_of("Prefix"));
    if (child.name != "Contents") continue;
    const auto size = number_of(child.text_of("Size"));
    if (!size) return std::nullopt;
    page.listing.objects.push_back(
        {std::string(child.text_of("Key")), *size, standard_as_none(child.text_of("StorageClass"))});
  }
  if (root->text_of("IsTruncated") != "true") return page;
  page.next = root->text_of("NextContinuationToken");
  if (page.next.empty()) return std::nullopt;
  return page;
}

std::optional<UploadsPage> parse_uploads_page(std::string_view document) {
  const auto root = read(document);
  if (!root || root->name != "ListMultipartUploadsResult") return std::nullopt;
  UploadsPage page;
  for (const xml::Element& child : root->children) {
    if (child.name != "Upload") continue;
    page.uploads.push_back({std::string(child.text_of("Key")), std::string(child.text_of("UploadId"))});
  }
  if (root->text_of("IsTruncated") != "true") return page;
  page.next_key = root->text_of("NextKeyMarker");
  page.next_id = root->text_of("NextUploadIdMarker");
  if (page.next_key.empty()) return std::nullopt;
  return page;
}

std::string text_of_answer(std::string_view document, std::string_view element) {
  const auto root = read(document);
  return root ? std::string(root->text_of(element)) : std::string();
}

}  // namespace atl::blob::s3
