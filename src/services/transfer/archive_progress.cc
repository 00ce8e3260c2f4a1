#include "services/transfer/archive_progress.h"

#include "foundation/base/bytes.h"
#include "foundation/json/json.h"

namespace atl::transfer {
namespace {

constexpr std::uint64_t kVersion = 1;

struct NumberField {
  const char* name;
  std::uint64_t ArchiveProgress::*value;
};
constexpr NumberField kNumbers[] = {
    {"tar_bytes", &ArchiveProgress::tar_bytes}, {"manifest_bytes", &ArchiveProgress::manifest_bytes},
    {"files", &ArchiveProgress::files},         {"folders", &ArchiveProgress::folders},
    {"links", &ArchiveProgress::links},         {"specials", &ArchiveProgress::specials},
    {"bytes", &ArchiveProgress::bytes},         {"renamed", &ArchiveProgress::renamed},
};
struct TextField {
  const char* name;
  std::string ArchiveProgress::*value;
};
// Keys are bytes: in hexadecimal.
constexpr TextField kTexts[] = {
    {"vault", &ArchiveProgress::vault},       {"bucket", &ArchiveProgress::bucket},
    {"prefix_hex", &ArchiveProgress::prefix}, {"as_of", &ArchiveProgress::as_of},
    {"created", &ArchiveProgress::created},   {"last_key_hex", &ArchiveProgress::last_key},
};

}  // namespace

std::string write_progress(const ArchiveProgress& progress) {
  json::Value out = json::Value::object();
  out.set("format", "atoll-archive-progress").set("format_version", kVersion).set("lsn", progress.lsn.value);
  for (const TextField& field : kTexts) {
    const std::string& text = progress.*field.value;
    out.set(field.name, std::string_view(field.name).ends_with("_hex") ? to_hex(as_bytes(text)) : text);
  }
  for (const NumberField& field : kNumbers) out.set(field.name, progress.*field.value);
  return out.text() + "\n";
}

std::optional<ArchiveProgress> parse_progress(std::string_view text) {
  const auto parsed = json::Value::parse(text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const auto format = parsed->text_of("format");
  const auto version = parsed->number_of("format_version");
  const auto lsn = parsed->number_of("lsn");
  if (!format || *format != "atoll-archive-progress" || !version || *version != kVersion || !lsn) return std::nullopt;
  ArchiveProgress out;
  out.lsn = Lsn{*lsn};
  for (const TextField& field : kTexts) {
    const auto value = parsed->text_of(field.name);
    if (!value) return std::nullopt;
    out.*field.value = *value;
    if (!std::string_view(field.name).ends_with("_hex")) continue;
    const auto bytes = from_hex(*value);
    if (!bytes) return std::nullopt;
    out.*field.value = std::string(as_text(*bytes));
  }
  for (const NumberField& field : kNumbers) {
    const auto value = parsed->number_of(field.name);
    if (!value) return std::nullopt;
    out.*field.value = *value;
  }
  return out;
}

}  // namespace atl::transfer
