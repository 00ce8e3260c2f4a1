// PDF through poppler: text by page, and what the document says about itself.
#include "derived/extract/internal/pdf_format.h"

#include <poppler/cpp/poppler-document.h>
#include <poppler/cpp/poppler-global.h>
#include <poppler/cpp/poppler-page.h>

#include <ctime>
#include <memory>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

constexpr int kPagesMax = 20'000;

// Its own conversion to UTF-8 opens tables of the C library, which a locked-in process cannot.
std::string utf8_of(const poppler::ustring& text) {
  std::string bytes;
  bytes.reserve(text.size() * 2);
  for (const auto unit : text) {
    bytes.push_back(static_cast<char>(unit & 0xFFU));
    bytes.push_back(static_cast<char>((unit >> 8U) & 0xFFU));
  }
  return from_utf16(as_bytes(bytes), false);
}

std::string time_of(std::time_t seconds) {
  const auto signed_seconds = static_cast<std::int64_t>(seconds);
  return signed_seconds <= 0 ? std::string() : format_rfc3339(FileTime{signed_seconds, 0});
}

}  // namespace

void prepare_pdf() {
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  // Builds poppler's own tables, some of which are files.
  constexpr std::string_view kEmpty =
      "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
      "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F "
      "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj 4 0 obj<</Length 26>>stream\n"
      "BT /F 9 Tf (a) Tj ET      \nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>";
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(kEmpty.data(), static_cast<int>(kEmpty.size())));
  if (!document) return;
  const std::unique_ptr<poppler::page> page(document->create_page(0));
  if (page) static_cast<void>(page->text());
}

Result<void> read_pdf(Job& job) {
  ATOLL_ASSIGN(Bytes bytes, job.input.whole(std::min<std::uint64_t>(job.tools.limits.whole_bytes_max, 1U << 30U)));
  const std::string_view raw = as_text(bytes);
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(raw.data(), static_cast<int>(raw.size())));
  if (!document) return fail(ErrorKind::damaged, "extract.malformed", "its structure is damaged");
  if (document->is_locked()) return fail(ErrorKind::failed, "extract.encrypted", "it is locked with a password");
  Findings& out = job.out;
  int major = 0;
  int minor = 0;
  document->get_pdf_version(&major, &minor);
  out.field(field::kVersion, std::to_string(major) + "." + std::to_string(minor));
  out.field(field::kTitle, utf8_of(document->info_key("Title")));
  out.field(field::kCreator, utf8_of(document->info_key("Author")));
  out.field(field::kSubject, utf8_of(document->info_key("Subject")));
  out.field(field::kKeywords, utf8_of(document->info_key("Keywords")));
  out.field(field::kGenerator, utf8_of(document->info_key("Creator")));
  out.field(field::kCreated, time_of(document->info_date_t("CreationDate")));
  out.field(field::kModified, time_of(document->info_date_t("ModDate")));
  for (const std::string& key : document->info_keys()) out.raw("Pdf." + key, utf8_of(document->info_key(key)));
  const int pages = document->pages();
  if (pages > 0) out.number(field::kPageCount, static_cast<std::uint64_t>(pages));
  for (int i = 0; i < pages; ++i) {
    if (i >= kPagesMax) {
      out.truncated();
      break;
    }
    const std::unique_ptr<poppler::page> page(document->create_page(i));
    if (!page) continue;
    const std::string text = utf8_of(page->text());
    if (!out.text({PlaceKind::page, static_cast<std::uint64_t>(i) + 1, ""}, text)) break;
  }
  job.whole = std::move(bytes);
  return {};
}

}  // namespace atl::extract
